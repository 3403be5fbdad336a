/** Runs a scenario against an implementation, judged at each step and recorded. */
import { AdapterError } from '../impl/contract/adapter-error.ts'
import type { Implementation, RemoteImplementation, Session } from '../impl/contract/raft.ts'
import type { Answer, Input, RaftScenario } from '../models/raft/vocabulary.ts'
import { Execution, startOf } from './run/execution.ts'
import type { RaftJudge, RunOptions, RunResult } from './run/result.ts'

export { settleElectionTimeouts, startOf } from './run/execution.ts'
export type { RaftJudge, RunOptions, RunResult } from './run/result.ts'

/**
 * Runs a scenario against an implementation in this process. An exception in a step counts as a panic of that node.
 * @throws AdapterError if an answer contradicts the contract
 */
export function runScenario(
  scenario: RaftScenario,
  implementation: Implementation,
  judge: RaftJudge,
  options: RunOptions = {},
): RunResult {
  const session = implementation.open(startOf(scenario))
  try {
    const execution = new Execution(scenario, implementation.hello, judge, session.initial, { batch: 1, ...options })
    const answers: Answer[] = []
    for (;;) {
      const demand = execution.proceed()
      if (demand === 'done') return execution.result()
      if (demand === 'inspect') {
        execution.acceptInspection(session.inspect(execution.inspectedNode))
        continue
      }
      const { inputs } = execution
      for (let index = 0; index < inputs.length; index++) answers[index] = stepOrPanic(session, inputs[index]!)
      execution.accept(answers)
    }
  } finally {
    session.close()
  }
}

/**
 * Runs a scenario against an implementation out of this process. Several runs may share one implementation at a time.
 * @throws AdapterError if the adapter fails, or an answer contradicts the contract
 */
export async function runScenarioRemote(
  scenario: RaftScenario,
  implementation: RemoteImplementation,
  judge: RaftJudge,
  options: RunOptions = {},
): Promise<RunResult> {
  const session = await implementation.open(startOf(scenario))
  try {
    const forgotten: number[] = []
    const execution = new Execution(scenario, implementation.hello, judge, session.initial, options, forgotten)
    for (;;) {
      const demand = execution.proceed()
      if (demand === 'done') return execution.result()
      if (demand === 'inspect') {
        execution.acceptInspection(await session.inspect(execution.inspectedNode))
        continue
      }
      execution.accept(await session.steps(execution.inputs))
      if (forgotten.length > 0) session.forget?.(forgotten.splice(0))
    }
  } finally {
    await session.close()
  }
}

function stepOrPanic(session: Session, input: Input): Answer {
  try {
    return session.step(input)
  } catch (error) {
    if (error instanceof AdapterError) throw error
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
    return { now: input.at, wake: null, outputs: [], state: null, log: null, error: { kind: 'panic', text } }
  }
}
