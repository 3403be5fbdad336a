/** What makes a scenario of Serf simpler. */
import type { SerfScenario } from '../../models/serf/vocabulary.ts'
import { defaultSerfOptions, serfNodesOf } from '../scenario/serf.ts'
import { type ShrinkRules, stepsWithout, withSteps } from './rules.ts'

type Step = SerfScenario['steps'][number]

export const serfRules: ShrinkRules<SerfScenario> = {
  withoutNode(scenario, node) {
    if (scenario.nodes.length === 1) return null
    const nodes = scenario.nodes.filter((name) => name !== node)
    return { ...scenario, nodes, steps: stepsWithout(scenario.steps, node, serfNodesOf) }
  },
  changes: [
    (best) => [{ ...best, options: defaultSerfOptions }],
    ...(Object.keys(defaultSerfOptions) as (keyof typeof defaultSerfOptions)[]).map(
      (name) =>
        ({ options, ...best }: SerfScenario): SerfScenario[] => [
          { ...best, options: { ...options, [name]: defaultSerfOptions[name] } },
        ],
    ),
    (best) => [withSteps(best, best.steps.map(plain))],
  ],
  simplerOperations: () => [],
}

/** Events and queries without what they need not have; names are numbered by their place: they need only differ. */
function plain(step: Step, index: number): Step {
  if (step.step !== 'operation') return step
  const { operation } = step
  if (operation.type === 'event') {
    return { ...step, operation: { ...operation, name: `e${index}`, payload: '', coalesce: false } }
  }
  if (operation.type !== 'query') return step
  return { ...step, operation: { ...operation, name: `q${index}`, payload: '', ack: false, relay: 0 } }
}
