/** What the shrinker asks of a surface, and what the rules of all surfaces use. */
import type { NodeId, Step } from '../../models/vocabulary.ts'
import type { Scenario } from '../scenario.ts'

/** What one execution of a candidate showed. */
export interface Trial {
  /** Whether it failed in the same way as the scenario that is shrunk. */
  readonly fails: boolean
  /** Index of the step in which it failed; their number if at the very end. */
  readonly violationStep: number
  /** Faults of single messages that happened, as explicit steps. */
  readonly effective: readonly Step<unknown>[]
  /** By step: the node that the target `leader` meant; null elsewhere. */
  readonly targets: readonly (NodeId | null)[]
}

/** What a surface knows of simpler scenarios. */
export interface ShrinkRules<S extends Scenario> {
  /** The scenario as if the node had never been; null if nothing would be left. */
  withoutNode(scenario: S, node: NodeId): S | null
  /** Changes of a whole scenario, each the simplest first. */
  readonly changes: readonly ((best: S, trial: Trial) => S[])[]
  /** Simpler forms of an operation, the simplest first. */
  simplerOperations(operation: unknown): readonly unknown[]
}

/** Steps of a scenario come from scenarios of its surface. */
export function withSteps<S extends Scenario>(scenario: S, steps: readonly Step<unknown>[]): S {
  return { ...scenario, steps } as S
}

export function stepsOf(scenario: Scenario): readonly Step<unknown>[] {
  return scenario.steps
}

/** Steps as if the node had never been. */
export function stepsWithout<Operation>(
  steps: readonly Step<Operation>[],
  node: NodeId,
  nodesOf: (step: Step<Operation>) => readonly string[],
): Step<Operation>[] {
  return steps.flatMap((step): Step<Operation>[] => {
    if (step.step === 'partition') {
      const groups = step.groups
        .map((group) => group.filter((name) => name !== node))
        .filter((group) => group.length > 0)
      return groups.length === 0 ? [] : [{ ...step, groups }]
    }
    return nodesOf(step).includes(node) ? [] : [step]
  })
}
