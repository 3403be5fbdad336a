/** A path through the life of an endpoint as a scenario: one node, and every kind of question after each step. */
import { operationsOf, pathNetworks, type DiscoveryPath } from '../../../models/discovery/paths.ts'
import type { DiscoveryScenario } from '../../../models/discovery/vocabulary.ts'
import { completeDiscoveryScenario, defaultDiscoveryOptions } from '../../scenario/discovery.ts'

const node = 'n1'

export function scenarioOfDiscoveryPath(path: DiscoveryPath): DiscoveryScenario {
  const steps = operationsOf(path).map((operation): DiscoveryScenario['steps'][number] => ({
    step: 'operation',
    node,
    operation,
  }))
  return completeDiscoveryScenario({
    name: path.name,
    nodes: [node],
    options: { ...defaultDiscoveryOptions, networks: pathNetworks },
    steps: [...steps, { step: 'run', duration: 1_000 }],
  })
}
