/** What makes a Raft scenario simpler. */
import type { Configuration, Operation, RaftScenario } from '../../models/raft/vocabulary.ts'
import type { NodeId } from '../../models/vocabulary.ts'
import { defaultOptions, leaderTarget, nodesOf, type RaftStep } from '../scenario.ts'
import { type ShrinkRules, stepsWithout, withSteps } from './rules.ts'

export const raftRules: ShrinkRules<RaftScenario> = {
  withoutNode(scenario, node) {
    const without = (nodes: readonly NodeId[]): NodeId[] => nodes.filter((name) => name !== node)
    const { voters, outgoing, learners } = scenario.configuration
    const configuration: Configuration = {
      voters: without(voters),
      outgoing: without(outgoing),
      learners: without(learners),
    }
    if (configuration.voters.length === 0) return null
    const steps = stepsWithout(scenario.steps, node, nodesOf)
    return { ...scenario, nodes: without(scenario.nodes), configuration, steps }
  },
  changes: [
    (best, trial) => [
      withSteps(
        best,
        best.steps.map((step, index) => atNode(step, trial.targets[index] ?? null)),
      ),
    ],
    (best) => [{ ...best, disk: { delay: [0, 0] } }],
    (best) => [{ ...best, options: defaultOptions }],
    ({ options, ...best }) => [{ ...best, options: { ...options, preVote: false, checkQuorum: false } }],
    ({ options, ...best }) => [{ ...best, options: { ...options, preVote: false } }],
    ({ options, ...best }) => [{ ...best, options: { ...options, checkQuorum: false } }],
    ({ options, ...best }) => [{ ...best, options: { ...options, maxEntries: defaultOptions.maxEntries } }],
    ({ options, ...best }) => [{ ...best, options: { ...options, maxInflight: defaultOptions.maxInflight } }],
    (best) => [plainCommands(best, true), plainCommands(best, false)],
  ],
  simplerOperations(operation) {
    const of = operation as Operation
    if (of.type === 'compact' && of.keep > 0) return [{ ...of, keep: 0 }]
    if (of.type !== 'change-membership' || of.changes.length < 2) return []
    return of.changes.map((_, index) => ({ ...of, changes: of.changes.toSpliced(index, 1) }))
  },
}

/** The step with the node that its target `leader` meant. */
function atNode(step: RaftStep, node: NodeId | null): RaftStep {
  if (node === null || !('node' in step) || step.node !== leaderTarget) return step
  return { ...step, node }
}

/** Numbers the values of commands from 1, as they must stay unique; with `oneKey` all of them use one key. */
function plainCommands(scenario: RaftScenario, oneKey: boolean): RaftScenario {
  let last = 0
  const values = new Map<string, string>()
  const plain = (value: string): string => {
    if (!values.has(value)) values.set(value, String(++last))
    return values.get(value)!
  }
  const key = (name: string): string => (oneKey ? 'x' : name)
  const operationOf = (operation: Operation): Operation => {
    if (operation.type === 'read') return { ...operation, key: key(operation.key) }
    if (operation.type !== 'propose') return operation
    const { command } = operation
    if (command.type === 'get') return { type: 'propose', command: { ...command, key: key(command.key) } }
    if (command.type === 'put') {
      return { type: 'propose', command: { ...command, key: key(command.key), value: plain(command.value) } }
    }
    const expect = command.expect === null ? null : plain(command.expect)
    return { type: 'propose', command: { ...command, key: key(command.key), expect, value: plain(command.value) } }
  }
  // An expectation names keys and values too: such scenarios are a person's, and keep their words.
  if (scenario.steps.some((step) => step.step === 'expect')) return scenario
  return withSteps(
    scenario,
    scenario.steps.map((step) =>
      step.step === 'operation' ? { ...step, operation: operationOf(step.operation) } : step,
    ),
  )
}
