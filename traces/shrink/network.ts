/** What makes a scenario of the layers together simpler. */
import type { NetworkScenario, Operation } from '../../models/network/vocabulary.ts'
import { defaultNetworkOptions, networkNodesOf } from '../scenario/network.ts'
import { type ShrinkRules, stepsWithout, type Trial, withSteps } from './rules.ts'

export const networkRules: ShrinkRules<NetworkScenario> = {
  withoutNode(scenario, node) {
    if (scenario.nodes.length === 1) return null
    const nodes = scenario.nodes.filter((name) => name !== node)
    return { ...scenario, nodes, steps: stepsWithout(scenario.steps, node, networkNodesOf) }
  },
  changes: [
    (best) => [{ ...best, options: defaultNetworkOptions }],
    ...(Object.keys(defaultNetworkOptions) as (keyof typeof defaultNetworkOptions)[]).map(
      (name) =>
        ({ options, ...best }: NetworkScenario): NetworkScenario[] => [
          { ...best, options: { ...options, [name]: defaultNetworkOptions[name] } },
        ],
    ),
    (best, trial) => [withSteps(best, named(best, trial))],
  ],
  simplerOperations(operation) {
    const of = operation as Operation
    if (of.type === 'create-network' && of.subnet !== '') return [{ ...of, subnet: '' }]
    if (of.type === 'create-service' && of.port !== 0) return [{ ...of, port: 0 }]
    return []
  },
}

/** The steps with each `leader` named: who that is does not change when steps before are taken away. */
function named(best: NetworkScenario, { targets }: Trial): readonly NetworkScenario['steps'][number][] {
  return best.steps.map((step, index) =>
    'node' in step && step.node === 'leader' && targets[index] != null ? { ...step, node: targets[index] } : step,
  )
}
