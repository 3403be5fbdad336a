/** What a scenario of Serf may hold: defaults, bounds and a schema. */
import { z } from 'zod'
import { schemas } from '../../impl/contract/serf/schema.ts'
import type { MessageKind, ScenarioOperation, SerfOptions, SerfScenario } from '../../models/serf/vocabulary.ts'
import { serfExpectations } from '../expect/serf.ts'
import { defaultNetwork, network, node, nodesOfStep, problemsOf, scenarioLimits, stepSchema } from './shared.ts'

/** Those of Serf's in a local network. */
export const defaultSerfOptions: SerfOptions = {
  gossipInterval: 200,
  gossipNodes: 3,
  retransmitMult: 4,
  pushPullInterval: 30_000,
  streamTimeout: 10_000,
  reapInterval: 15_000,
  reconnectTimeout: 86_400_000,
  tombstoneTimeout: 86_400_000,
  recentIntentTimeout: 300_000,
  reconnectInterval: 30_000,
  broadcastTimeout: 5_000,
  leavePropagateDelay: 1_000,
  eventBuffer: 512,
  queryBuffer: 512,
  eventSizeLimit: 512,
  querySizeLimit: 1_024,
  queryTimeoutMult: 16,
  answerDelay: 1,
}

const kinds: Record<MessageKind, true> = {
  gossip: true,
  'push-pull': true,
  'push-pull-reply': true,
  response: true,
  relay: true,
}
export const serfMessageKinds = Object.keys(kinds) as [MessageKind, ...MessageKind[]]

const shape = z.strictObject({
  version: z.literal(1),
  surface: z.literal('serf'),
  name: z.string().max(scenarioLimits.name),
  seed: z.int().min(0),
  nodes: z.array(node).min(1).max(scenarioLimits.nodes),
  options: schemas.start.shape.options,
  network,
  steps: z.array(stepSchema(schemas.scenarioOperation, serfMessageKinds, serfExpectations)).max(scenarioLimits.steps),
})

/** A whole scenario: well-formed, within bounds, and speaking only of its own nodes. */
export const serfScenarioSchema = shape.superRefine((scenario, context) => {
  const known = new Set(scenario.nodes)
  const report = (message: string, path: (string | number)[]): void =>
    context.addIssue({ code: 'custom', message, path })
  if (known.size < scenario.nodes.length) report('a node is named twice', ['nodes'])
  for (const [problem, place] of problemsOf(scenario.steps, known, nodesOfOperation, serfExpectations)) {
    report(problem, place)
  }
})

function nodesOfOperation(operation: ScenarioOperation): readonly string[] {
  if ('peer' in operation) return [operation.peer]
  if (operation.type === 'force-leave') return [operation.member]
  return operation.type === 'query' ? operation.nodes : []
}

/** Every node that a step names. */
export function serfNodesOf(step: SerfScenario['steps'][number]): readonly string[] {
  return nodesOfStep(step, nodesOfOperation, serfExpectations)
}

/** A scenario whose missing parts are the defaults. */
export function completeSerfScenario(
  parts: Partial<Omit<SerfScenario, 'version' | 'surface'>> & Pick<SerfScenario, 'nodes'>,
): SerfScenario {
  return {
    version: 1,
    surface: 'serf',
    name: parts.name ?? '',
    seed: parts.seed ?? 1,
    nodes: parts.nodes,
    options: parts.options ?? defaultSerfOptions,
    network: parts.network ?? defaultNetwork,
    steps: parts.steps ?? [],
  }
}
