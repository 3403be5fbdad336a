/** A path through a life, or a situation of the mesh, as a scenario: what was asked is known everywhere before the next. */
import type { BalancingPath } from '../../../models/balancing/paths.ts'
import type { BalancingScenario } from '../../../models/balancing/vocabulary.ts'
import { completeBalancingScenario } from '../../scenario/balancing.ts'

const nodes = ['n1', 'n2'] as const

export function scenarioOfBalancingPath({ name, steps }: BalancingPath): BalancingScenario {
  return completeBalancingScenario({
    name,
    nodes,
    network: { delay: [1, 1], loss: 0, duplicate: 0, reorder: 0 },
    steps: steps.flatMap(({ node, operation }): BalancingScenario['steps'] => [
      { step: 'operation', node: nodes[node], operation },
      { step: 'run', duration: 5 },
    ]),
  })
}
