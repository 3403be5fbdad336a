/** What makes a SWIM scenario simpler. */
import type { Operation, SwimOptions, SwimScenario } from '../../models/swim/vocabulary.ts'
import { defaultSwimOptions } from '../scenario.ts'
import { swimNodesOf } from '../scenario/swim.ts'
import { type ShrinkRules, stepsWithout, withSteps } from './rules.ts'

export const swimRules: ShrinkRules<SwimScenario> = {
  withoutNode(scenario, node) {
    if (scenario.nodes.length === 1) return null
    const nodes = scenario.nodes.filter((name) => name !== node)
    const members = scenario.members.filter((name) => name !== node)
    // Who joins several nodes joins the others still.
    const steps = scenario.steps.map((step) =>
      step.step === 'operation' && step.operation.type === 'join' && step.operation.to.length > 1
        ? { ...step, operation: { ...step.operation, to: step.operation.to.filter((name) => name !== node) } }
        : step,
    )
    return { ...scenario, nodes, members, steps: stepsWithout(steps, node, swimNodesOf) }
  },
  changes: [
    (best) => [{ ...best, options: defaultSwimOptions }],
    ...(Object.keys(defaultSwimOptions) as (keyof typeof defaultSwimOptions)[]).map(
      (name) =>
        ({ options, ...best }: SwimScenario): SwimScenario[] => {
          const simpler = { ...options, [name]: defaultSwimOptions[name] }
          return hasTimeLeft(options) && !hasTimeLeft(simpler) ? [] : [{ ...best, options: simpler }]
        },
    ),
    (best) => (best.members.length === best.nodes.length ? [] : [{ ...best, members: best.nodes }]),
    (best) => [withSteps(best, best.steps.map(plain))],
  ],
  simplerOperations(operation) {
    const of = operation as Operation
    if (of.type !== 'join' || of.to.length < 2) return []
    return of.to.map((node) => ({ ...of, to: [node] }))
  },
}

/** Whether a probe leaves helpers as much time as it takes itself: no implementation is made for less. */
function hasTimeLeft({ probeInterval, probeTimeout }: SwimOptions): boolean {
  return 2 * probeTimeout <= probeInterval + 1
}

/** Texts are numbered by their place: they need only differ. */
function plain(step: SwimScenario['steps'][number], index: number): SwimScenario['steps'][number] {
  if (step.step !== 'operation' || step.operation.type !== 'update') return step
  return { ...step, operation: { type: 'update', meta: `m${index}` } }
}
