/** What makes a scenario of balancing simpler. */
import type { BalancingScenario, Operation } from '../../models/balancing/vocabulary.ts'
import { balancingNodesOf, defaultBalancingOptions } from '../scenario/balancing.ts'
import { type ShrinkRules, stepsWithout } from './rules.ts'

export const balancingRules: ShrinkRules<BalancingScenario> = {
  withoutNode(scenario, node) {
    if (scenario.nodes.length === 1) return null
    const nodes = scenario.nodes.filter((name) => name !== node)
    return { ...scenario, nodes, steps: stepsWithout(scenario.steps, node, balancingNodesOf) }
  },
  changes: [
    (best) => [{ ...best, options: defaultBalancingOptions }],
    ({ options, ...best }) => [{ ...best, options: { ...options, networks: defaultBalancingOptions.networks } }],
  ],
  simplerOperations: (operation) => simpler(operation as Operation),
}

/** Services with less: without a route, a port, a network. */
function simpler(operation: Operation): Operation[] {
  if (operation.type !== 'create-service' && operation.type !== 'update-service') return []
  const { networks, ports, routes } = operation
  const without = <Item>(items: readonly Item[]): Item[][] =>
    items.map((_, at) => items.filter((__, place) => place !== at))
  return [
    ...without(routes).map((fewer) => ({ ...operation, routes: fewer })),
    ...without(ports).map((fewer) => ({ ...operation, ports: fewer })),
    ...without(networks).map((fewer) => ({ ...operation, networks: fewer })),
  ]
}
