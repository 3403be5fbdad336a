/** What a scenario of balancing may hold: defaults, bounds and a schema. */
import { z } from 'zod'
import { schemas } from '../../impl/contract/balancing/schema.ts'
import type { BalancingOptions, BalancingScenario, MessageKind, Operation } from '../../models/balancing/vocabulary.ts'
import { balancingExpectations } from '../expect/balancing.ts'
import { defaultNetwork, network, node, nodesOfStep, problemsOf, scenarioLimits, stepSchema } from './shared.ts'

/** The ingress network is that of Docker's default. */
export const defaultBalancingOptions: BalancingOptions = {
  networks: [
    { network: 'ingress', subnet: '10.0.0.0/24' },
    { network: 'net1', subnet: '10.0.1.0/24' },
    { network: 'net2', subnet: '10.0.2.0/24' },
  ],
  retryInterval: 200,
  refreshInterval: 5_000,
  connectTimeout: 3_000,
}

const kinds: Record<MessageKind, true> = { update: true, ack: true, open: true, data: true, answer: true }
export const balancingMessageKinds = Object.keys(kinds) as [MessageKind, ...MessageKind[]]

const shape = z.strictObject({
  version: z.literal(1),
  surface: z.literal('balancing'),
  name: z.string().max(scenarioLimits.name),
  seed: z.int().min(0),
  nodes: z.array(node).min(1).max(scenarioLimits.nodes),
  options: schemas.start.shape.options,
  network,
  steps: z.array(stepSchema(schemas.operation, balancingMessageKinds, balancingExpectations)).max(scenarioLimits.steps),
})

/** A whole scenario: well-formed, within bounds, and speaking only of its own nodes. */
export const balancingScenarioSchema = shape.superRefine((scenario, context) => {
  const known = new Set(scenario.nodes)
  const report = (message: string, path: (string | number)[]): void =>
    context.addIssue({ code: 'custom', message, path })
  if (known.size < scenario.nodes.length) report('a node is named twice', ['nodes'])
  for (const [problem, place] of problemsOf(scenario.steps, known, nodesOfOperation, balancingExpectations)) {
    report(problem, place)
  }
})

function nodesOfOperation(operation: Operation): readonly string[] {
  return 'peer' in operation ? [operation.peer] : []
}

/** Every node that a step names. */
export function balancingNodesOf(step: BalancingScenario['steps'][number]): readonly string[] {
  return nodesOfStep(step, nodesOfOperation, balancingExpectations)
}

/** A scenario whose missing parts are the defaults. */
export function completeBalancingScenario(
  parts: Partial<Omit<BalancingScenario, 'version' | 'surface'>> & Pick<BalancingScenario, 'nodes'>,
): BalancingScenario {
  return {
    version: 1,
    surface: 'balancing',
    name: parts.name ?? '',
    seed: parts.seed ?? 1,
    nodes: parts.nodes,
    options: parts.options ?? defaultBalancingOptions,
    network: parts.network ?? defaultNetwork,
    steps: parts.steps ?? [],
  }
}
