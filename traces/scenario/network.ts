/** What a scenario of the layers together may hold: defaults, bounds and a schema. */
import { z } from 'zod'
import { schemas } from '../../impl/contract/network/schema.ts'
import type { MessageKind, NetworkOptions, NetworkScenario, Operation } from '../../models/network/vocabulary.ts'
import { networkExpectations } from '../expect/network.ts'
import { networkDbMessageKinds } from './networkdb.ts'
import {
  defaultNetwork,
  leaderTarget,
  network,
  node,
  nodesOfStep,
  problemsOf,
  scenarioLimits,
  stepSchema,
} from './shared.ts'

export const defaultNetworkOptions: NetworkOptions = {
  gossipInterval: 200,
  bulkSyncInterval: 30_000,
  pushPullInterval: 30_000,
  controlInterval: 1_000,
  connectTimeout: 1_000,
  detection: 2_000,
  firstVni: 4_096,
  lastVni: 16_777_215,
}

export const networkMessageKinds: readonly MessageKind[] = [
  ...networkDbMessageKinds,
  'ask',
  'assign',
  'status',
  'frame',
  'frame-reply',
]

const shape = z.strictObject({
  version: z.literal(1),
  surface: z.literal('network'),
  name: z.string().max(scenarioLimits.name),
  seed: z.int().min(0),
  nodes: z.array(node).min(1).max(scenarioLimits.nodes),
  options: schemas.start.shape.options,
  network,
  steps: z.array(stepSchema(schemas.operation, networkMessageKinds, networkExpectations)).max(scenarioLimits.steps),
})

/** A whole scenario: well-formed, within bounds, and speaking only of its own nodes. */
export const networkScenarioSchema = shape.superRefine((scenario, context) => {
  const known = new Set(scenario.nodes)
  const report = (message: string, path: (string | number)[]): void =>
    context.addIssue({ code: 'custom', message, path })
  if (known.size < scenario.nodes.length) report('a node is named twice', ['nodes'])
  if (scenario.options.firstVni > scenario.options.lastVni) report('there are no VNIs', ['options'])
  const targets = new Set([...known, leaderTarget])
  for (const [problem, place] of problemsOf(scenario.steps, targets, nodesOfOperation, networkExpectations)) {
    report(problem, place)
  }
})

function nodesOfOperation(operation: Operation): readonly string[] {
  return operation.type === 'start-task' ? [operation.on] : []
}

/** Every node that a step names, `leader` included. */
export function networkNodesOf(step: NetworkScenario['steps'][number]): readonly string[] {
  return nodesOfStep(step, nodesOfOperation, networkExpectations)
}

/** A scenario whose missing parts are the defaults. */
export function completeNetworkScenario(
  parts: Partial<Omit<NetworkScenario, 'version' | 'surface'>> & Pick<NetworkScenario, 'nodes'>,
): NetworkScenario {
  return {
    version: 1,
    surface: 'network',
    name: parts.name ?? '',
    seed: parts.seed ?? 1,
    nodes: parts.nodes,
    options: parts.options ?? defaultNetworkOptions,
    network: parts.network ?? defaultNetwork,
    steps: parts.steps ?? [],
  }
}
