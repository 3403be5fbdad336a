/** What a scenario of address management may hold: defaults, bounds and a schema. */
import { z } from 'zod'
import { schemas } from '../../impl/contract/ipam/schema.ts'
import type { IpamOptions, IpamScenario } from '../../models/ipam/vocabulary.ts'
import type { DiskProfile } from '../../models/vocabulary.ts'
import { allocatorExpectations } from '../expect/ipam.ts'
import {
  defaultNetwork,
  leaderTarget,
  network,
  node,
  nodesOfStep,
  problemsOf,
  range,
  scenarioLimits,
  stepSchema,
} from './shared.ts'

/** Those of Docker: local ones of a host, global ones of a swarm, and of IPv6 a block that a host might draw. */
export const defaultIpamOptions: IpamOptions = {
  defaults: [
    { space: 'local', block: '172.17.0.0/16', size: 16 },
    { space: 'local', block: '172.18.0.0/16', size: 16 },
    { space: 'local', block: '172.19.0.0/16', size: 16 },
    { space: 'local', block: '172.20.0.0/14', size: 16 },
    { space: 'local', block: '172.24.0.0/14', size: 16 },
    { space: 'local', block: '172.28.0.0/14', size: 16 },
    { space: 'local', block: '192.168.0.0/16', size: 20 },
    { space: 'local', block: 'fd5c:3a1e:77b2::/48', size: 64 },
    { space: 'global', block: '10.0.0.0/8', size: 24 },
  ],
  reserved: [],
}

export const defaultIpamDisk: DiskProfile = { delay: [0, 2] }

const shape = z.strictObject({
  version: z.literal(1),
  surface: z.literal('ipam'),
  name: z.string().max(scenarioLimits.name),
  seed: z.int().min(0),
  nodes: z.array(node).min(1).max(scenarioLimits.nodes),
  options: schemas.start.shape.options,
  network,
  disk: z.strictObject({ delay: range }),
  steps: z.array(stepSchema(schemas.operation, [], allocatorExpectations)).max(scenarioLimits.steps),
})

/** A whole scenario: well-formed, within bounds, and speaking only of its own nodes. */
export const ipamScenarioSchema = shape.superRefine((scenario, context) => {
  const known = new Set(scenario.nodes)
  const report = (message: string, path: (string | number)[]): void =>
    context.addIssue({ code: 'custom', message, path })
  if (known.size < scenario.nodes.length) report('a node is named twice', ['nodes'])
  const targets = new Set([...known, leaderTarget])
  for (const [problem, place] of problemsOf(scenario.steps, targets, noNodes, allocatorExpectations)) {
    report(problem, place)
  }
})

const noNodes = (): readonly string[] => []

/** Every node that a step names, `leader` included. */
export function ipamNodesOf(step: IpamScenario['steps'][number]): readonly string[] {
  return nodesOfStep(step, noNodes, allocatorExpectations)
}

/** A scenario whose missing parts are the defaults. */
export function completeIpamScenario(
  parts: Partial<Omit<IpamScenario, 'version' | 'surface' | 'network'>> & Pick<IpamScenario, 'nodes'>,
): IpamScenario {
  return {
    version: 1,
    surface: 'ipam',
    name: parts.name ?? '',
    seed: parts.seed ?? 1,
    nodes: parts.nodes,
    options: parts.options ?? defaultIpamOptions,
    network: defaultNetwork,
    disk: parts.disk ?? defaultIpamDisk,
    steps: parts.steps ?? [],
  }
}
