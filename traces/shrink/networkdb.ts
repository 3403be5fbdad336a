/** What makes a scenario of the network database simpler. */
import type { NetworkDbScenario } from '../../models/networkdb/vocabulary.ts'
import { defaultNetworkDbOptions, networkDbNodesOf } from '../scenario/networkdb.ts'
import { type ShrinkRules, stepsWithout, withSteps } from './rules.ts'

type Step = NetworkDbScenario['steps'][number]

export const networkDbRules: ShrinkRules<NetworkDbScenario> = {
  withoutNode(scenario, node) {
    if (scenario.nodes.length === 1) return null
    const nodes = scenario.nodes.filter((name) => name !== node)
    return { ...scenario, nodes, steps: stepsWithout(scenario.steps, node, networkDbNodesOf) }
  },
  changes: [
    (best) => [{ ...best, options: defaultNetworkDbOptions }],
    ...(Object.keys(defaultNetworkDbOptions) as (keyof typeof defaultNetworkDbOptions)[]).map(
      (name) =>
        ({ options, ...best }: NetworkDbScenario): NetworkDbScenario[] => [
          { ...best, options: { ...options, [name]: defaultNetworkDbOptions[name] } },
        ],
    ),
    (best) => [withSteps(best, best.steps.map(inOneNetwork))],
    (best) => [withSteps(best, best.steps.map(plain))],
  ],
  simplerOperations: () => [],
}

/** All networks are one. */
function inOneNetwork(step: Step): Step {
  if (step.step !== 'operation' || !('network' in step.operation)) return step
  return { ...step, operation: { ...step.operation, network: 'net1' } }
}

/** Values are numbered by their place: they need only differ. */
function plain(step: Step, index: number): Step {
  if (step.step !== 'operation' || !('value' in step.operation)) return step
  return { ...step, operation: { ...step.operation, value: `v${index}` } }
}
