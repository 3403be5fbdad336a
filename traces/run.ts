/** Runs a scenario against an implementation, judged at each step and recorded. */
import { AdapterError } from '../impl/contract/adapter-error.ts'
import type { Implementation, RemoteImplementation } from '../impl/contract/surface.ts'
import type { WordsOf } from '../impl/contract/surfaces.ts'
import type { Execution } from './run/execution.ts'
import type { RunOptions, RunResult } from './run/result.ts'
import type { JudgeOf, ScenarioOf, Surface, SurfaceName, Surfaces } from './surface.ts'
import { tracesOf } from './surfaces.ts'

export { settleElectionTimeouts, startOf } from './run/raft/execution.ts'
export type { RunOptions, RunResult } from './run/result.ts'

/**
 * Runs a scenario against an implementation of its surface in this process. An exception in a step counts as a panic of
 * that node.
 * @throws AdapterError if an answer contradicts the contract
 */
export function runScenario<Name extends SurfaceName>(
  scenario: ScenarioOf<Name>,
  implementation: Implementation<WordsOf[Name]>,
  judge: JudgeOf<Surfaces[Name]>,
  options: RunOptions = {},
): RunResult<Surfaces[Name]> {
  const { hello } = implementation
  const traces = tracesOf<Name>(scenario.surface)
  const execution = traces.createExecution(scenario, hello, judge, { batch: 1, ...options }, null)
  const session = implementation.open(traces.startOf(scenario, hello))
  return drive<Surfaces[Name]>(execution, session, traces.nothing)
}

/**
 * Runs a scenario against an implementation out of this process. Several runs may share one implementation at a time.
 * @throws AdapterError if the adapter fails, or an answer contradicts the contract
 */
export async function runScenarioRemote<Name extends SurfaceName>(
  scenario: ScenarioOf<Name>,
  implementation: RemoteImplementation<WordsOf[Name]>,
  judge: JudgeOf<Surfaces[Name]>,
  options: RunOptions = {},
): Promise<RunResult<Surfaces[Name]>> {
  const { hello } = implementation
  const traces = tracesOf<Name>(scenario.surface)
  const session = await implementation.open(traces.startOf(scenario, hello))
  const forgotten: number[] = []
  const execution = traces.createExecution(scenario, hello, judge, options, forgotten)
  return driveRemote<Surfaces[Name]>(execution, session, forgotten)
}

/** A cluster in this process, as far as a run needs it. */
interface LocalSession<S extends Surface> {
  readonly initial: readonly S['answer'][]
  step(input: S['input']): S['answer']
  inspect(node: string): S['inspection']
  close(): void
}

/** A cluster out of this process, as far as a run needs it. */
interface DistantSession<S extends Surface> {
  readonly initial: readonly S['answer'][]
  steps(inputs: readonly S['input'][]): Promise<readonly S['answer'][]>
  inspect(node: string): Promise<S['inspection']>
  forget?(messages: readonly number[]): void
  close(): Promise<void>
}

/** `nothing`: what an answer says in which nothing is seen. */
function drive<S extends Surface>(execution: Execution<S>, session: LocalSession<S>, nothing: object): RunResult<S> {
  const stepOrPanic = (input: S['input']): S['answer'] => {
    try {
      return session.step(input)
    } catch (error) {
      if (error instanceof AdapterError) throw error
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
      return { now: input.at, wake: null, outputs: [], ...nothing, error: { kind: 'panic', text } }
    }
  }
  try {
    execution.begin(session.initial)
    const answers: S['answer'][] = []
    for (;;) {
      const demand = execution.proceed()
      if (demand === 'done') return execution.result()
      if (demand === 'inspect') {
        execution.acceptInspection(session.inspect(execution.inspectedNode))
        continue
      }
      const { inputs } = execution
      for (let index = 0; index < inputs.length; index++) answers[index] = stepOrPanic(inputs[index]!)
      execution.accept(answers)
    }
  } finally {
    session.close()
  }
}

async function driveRemote<S extends Surface>(
  execution: Execution<S>,
  session: DistantSession<S>,
  forgotten: number[],
): Promise<RunResult<S>> {
  try {
    execution.begin(session.initial)
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
