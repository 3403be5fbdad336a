/** What a scenario of SWIM may hold: defaults, bounds and a schema. */
import { z } from 'zod'
import { schemas } from '../../impl/contract/swim/schema.ts'
import type { MessageKind, Operation, SwimOptions, SwimScenario } from '../../models/swim/vocabulary.ts'
import { tableExpectations } from '../expect/swim.ts'
import { defaultNetwork, network, node, nodesOfStep, problemsOf, scenarioLimits, stepSchema } from './shared.ts'

/** Those of memberlist for a local network. */
export const defaultSwimOptions: SwimOptions = {
  probeInterval: 1_000,
  probeTimeout: 500,
  indirectChecks: 3,
  suspicionMult: 4,
  suspicionMaxTimeoutMult: 6,
  awarenessMaxMultiplier: 8,
  retransmitMult: 4,
  gossipInterval: 200,
  gossipNodes: 3,
  gossipToTheDead: 30_000,
  pushPullInterval: 30_000,
  streamTimeout: 10_000,
  streamPing: true,
}

const kinds: Record<MessageKind, true> = {
  ping: true,
  'indirect-ping': true,
  ack: true,
  nack: true,
  gossip: true,
  'push-pull': true,
  'push-pull-reply': true,
  'stream-ping': true,
  'stream-ack': true,
}
export const swimMessageKinds = Object.keys(kinds) as [MessageKind, ...MessageKind[]]

const operation = schemas.input.options.flatMap(({ shape }) => ('operation' in shape ? [shape.operation] : []))[0]!

const shape = z.strictObject({
  version: z.literal(1),
  surface: z.literal('swim'),
  name: z.string().max(scenarioLimits.name),
  seed: z.int().min(0),
  nodes: z.array(node).min(1).max(scenarioLimits.nodes),
  members: z.array(node).max(scenarioLimits.nodes),
  options: schemas.start.shape.options,
  network,
  steps: z.array(stepSchema(operation, swimMessageKinds, tableExpectations)).max(scenarioLimits.steps),
})

/** A whole scenario: well-formed, within bounds, and speaking only of its own nodes. */
export const swimScenarioSchema = shape.superRefine((scenario, context) => {
  const known = new Set(scenario.nodes)
  const report = (message: string, path: (string | number)[]): void =>
    context.addIssue({ code: 'custom', message, path })
  if (known.size < scenario.nodes.length) report('a node is named twice', ['nodes'])
  for (const member of scenario.members) if (!known.has(member)) report(`unknown node ${member}`, ['members'])
  if (new Set(scenario.members).size < scenario.members.length) report('a node is named twice', ['members'])
  for (const [problem, place] of problemsOf(scenario.steps, known, nodesOfOperation, tableExpectations)) {
    report(problem, place)
  }
})

function nodesOfOperation(operation: Operation): readonly string[] {
  return operation.type === 'join' ? operation.to : []
}

/** Every node that a step names. */
export function swimNodesOf(step: SwimScenario['steps'][number]): readonly string[] {
  return nodesOfStep(step, nodesOfOperation, tableExpectations)
}

/** A scenario whose missing parts are the defaults; nobody knows anybody unless it says otherwise. */
export function completeSwimScenario(
  parts: Partial<Omit<SwimScenario, 'version' | 'surface'>> & Pick<SwimScenario, 'nodes'>,
): SwimScenario {
  return {
    version: 1,
    surface: 'swim',
    name: parts.name ?? '',
    seed: parts.seed ?? 1,
    nodes: parts.nodes,
    members: parts.members ?? [],
    options: parts.options ?? defaultSwimOptions,
    network: parts.network ?? defaultNetwork,
    steps: parts.steps ?? [],
  }
}
