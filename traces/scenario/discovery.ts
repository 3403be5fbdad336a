/** What a scenario of service discovery may hold: defaults, bounds and a schema. */
import { z } from 'zod'
import { schemas } from '../../impl/contract/discovery/schema.ts'
import type {
  DiscoveryOptions,
  DiscoveryScenario,
  MessageKind,
  ScenarioOperation,
  UpstreamConduct,
} from '../../models/discovery/vocabulary.ts'
import { discoveryExpectations } from '../expect/discovery.ts'
import { defaultNetwork, network, node, nodesOfStep, problemsOf, scenarioLimits, stepSchema } from './shared.ts'

/** Two overlays and the network of a host, and one resolver outside. */
export const defaultDiscoveryOptions: DiscoveryOptions = {
  networks: [
    { name: 'net1', kind: 'overlay', internal: false },
    { name: 'net2', kind: 'overlay', internal: false },
    { name: 'host1', kind: 'local', internal: false },
  ],
  upstreams: [{ address: '192.0.2.53', host: true }],
  ndots: false,
  gossipInterval: 200,
  syncInterval: 30_000,
}

export const conducts = [
  'answers',
  'nxdomain',
  'servfail',
  'refused',
  'silent',
] as const satisfies readonly UpstreamConduct[]

export const discoveryMessageKinds = ['gossip', 'sync'] as const satisfies readonly MessageKind[]

const shape = z.strictObject({
  version: z.literal(1),
  surface: z.literal('discovery'),
  name: z.string().max(scenarioLimits.name),
  seed: z.int().min(0),
  nodes: z.array(node).min(1).max(scenarioLimits.nodes),
  options: schemas.start.shape.options,
  conducts: z.array(z.enum(conducts)),
  network,
  steps: z
    .array(stepSchema(schemas.scenarioOperation, discoveryMessageKinds, discoveryExpectations))
    .max(scenarioLimits.steps),
})

/** A whole scenario: well-formed, within bounds, and speaking only of its own nodes. */
export const discoveryScenarioSchema = shape.superRefine((scenario, context) => {
  const known = new Set(scenario.nodes)
  const report = (message: string, path: (string | number)[]): void =>
    context.addIssue({ code: 'custom', message, path })
  if (known.size < scenario.nodes.length) report('a node is named twice', ['nodes'])
  const { networks, upstreams } = scenario.options
  if (new Set(networks.map(({ name }) => name)).size < networks.length) report('a network is named twice', ['options'])
  if (scenario.conducts.length !== upstreams.length) report('each resolver outside has a conduct', ['conducts'])
  for (const [problem, place] of problemsOf(scenario.steps, known, nodesOfOperation, discoveryExpectations)) {
    report(problem, place)
  }
})

function nodesOfOperation(operation: ScenarioOperation): readonly string[] {
  return 'peer' in operation ? [operation.peer] : []
}

/** Every node that a step names. */
export function discoveryNodesOf(step: DiscoveryScenario['steps'][number]): readonly string[] {
  return nodesOfStep(step, nodesOfOperation, discoveryExpectations)
}

/** A scenario whose missing parts are the defaults. */
export function completeDiscoveryScenario(
  parts: Partial<Omit<DiscoveryScenario, 'version' | 'surface'>> & Pick<DiscoveryScenario, 'nodes'>,
): DiscoveryScenario {
  const options = parts.options ?? defaultDiscoveryOptions
  return {
    version: 1,
    surface: 'discovery',
    name: parts.name ?? '',
    seed: parts.seed ?? 1,
    nodes: parts.nodes,
    options,
    conducts: parts.conducts ?? options.upstreams.map(() => 'answers'),
    network: parts.network ?? defaultNetwork,
    steps: parts.steps ?? [],
  }
}
