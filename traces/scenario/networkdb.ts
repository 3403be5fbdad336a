/** What a scenario of the network database may hold: defaults, bounds and a schema. */
import { z } from 'zod'
import { schemas } from '../../impl/contract/networkdb/schema.ts'
import type {
  MessageKind,
  NetworkDbOptions,
  NetworkDbScenario,
  ScenarioOperation,
} from '../../models/networkdb/vocabulary.ts'
import { databaseExpectations } from '../expect/networkdb.ts'
import { defaultNetwork, network, node, nodesOfStep, problemsOf, scenarioLimits, stepSchema } from './shared.ts'

/** Those of Docker's. */
export const defaultNetworkDbOptions: NetworkDbOptions = {
  gossipInterval: 200,
  gossipNodes: 3,
  retransmitMult: 4,
  bulkSyncInterval: 30_000,
  bulkSyncTimeout: 30_000,
  pushPullInterval: 30_000,
  reapInterval: 1_800_000,
  reapPeriod: 5_000,
}

const kinds: Record<MessageKind, true> = {
  gossip: true,
  'table-gossip': true,
  'bulk-sync': true,
  'bulk-sync-reply': true,
  'push-pull': true,
  'push-pull-reply': true,
}
export const networkDbMessageKinds = Object.keys(kinds) as [MessageKind, ...MessageKind[]]

const shape = z.strictObject({
  version: z.literal(1),
  surface: z.literal('networkdb'),
  name: z.string().max(scenarioLimits.name),
  seed: z.int().min(0),
  nodes: z.array(node).min(1).max(scenarioLimits.nodes),
  options: schemas.start.shape.options,
  network,
  steps: z
    .array(stepSchema(schemas.scenarioOperation, networkDbMessageKinds, databaseExpectations))
    .max(scenarioLimits.steps),
})

/** A whole scenario: well-formed, within bounds, and speaking only of its own nodes. */
export const networkDbScenarioSchema = shape.superRefine((scenario, context) => {
  const known = new Set(scenario.nodes)
  const report = (message: string, path: (string | number)[]): void =>
    context.addIssue({ code: 'custom', message, path })
  if (known.size < scenario.nodes.length) report('a node is named twice', ['nodes'])
  for (const [problem, place] of problemsOf(scenario.steps, known, nodesOfOperation, databaseExpectations)) {
    report(problem, place)
  }
})

function nodesOfOperation(operation: ScenarioOperation): readonly string[] {
  return 'peer' in operation ? [operation.peer] : []
}

/** Every node that a step names. */
export function networkDbNodesOf(step: NetworkDbScenario['steps'][number]): readonly string[] {
  return nodesOfStep(step, nodesOfOperation, databaseExpectations)
}

/** A scenario whose missing parts are the defaults. */
export function completeNetworkDbScenario(
  parts: Partial<Omit<NetworkDbScenario, 'version' | 'surface'>> & Pick<NetworkDbScenario, 'nodes'>,
): NetworkDbScenario {
  return {
    version: 1,
    surface: 'networkdb',
    name: parts.name ?? '',
    seed: parts.seed ?? 1,
    nodes: parts.nodes,
    options: parts.options ?? defaultNetworkDbOptions,
    network: parts.network ?? defaultNetwork,
    steps: parts.steps ?? [],
  }
}
