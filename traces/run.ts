/** Runs a scenario against an implementation, judged at each step and recorded. */
import { AdapterError } from '../impl/contract/adapter-error.ts'
import type * as ipam from '../impl/contract/ipam.ts'
import type * as networkdb from '../impl/contract/networkdb.ts'
import type * as raft from '../impl/contract/raft.ts'
import type * as swim from '../impl/contract/swim.ts'
import type { IpamScenario } from '../models/ipam/vocabulary.ts'
import type { NetworkDbScenario } from '../models/networkdb/vocabulary.ts'
import type { RaftScenario } from '../models/raft/vocabulary.ts'
import type { SwimScenario } from '../models/swim/vocabulary.ts'
import type { Execution } from './run/execution.ts'
import { IpamExecution, startOf as ipamStartOf } from './run/ipam/execution.ts'
import { NetworkDbExecution, startOf as networkDbStartOf } from './run/networkdb/execution.ts'
import { RaftExecution, startOf as raftStartOf } from './run/raft/execution.ts'
import type { IpamJudge, NetworkDbJudge, RaftJudge, RunOptions, RunResult, SwimJudge } from './run/result.ts'
import { SwimExecution, startOf as swimStartOf } from './run/swim/execution.ts'
import type { IpamSurface, NetworkDbSurface, RaftSurface, Surface, SwimSurface } from './surface.ts'

export { settleElectionTimeouts, startOf } from './run/raft/execution.ts'
export type { IpamJudge, NetworkDbJudge, RaftJudge, RunOptions, RunResult, SwimJudge } from './run/result.ts'

/**
 * Runs a scenario against an implementation in this process. An exception in a step counts as a panic of that node.
 * @throws AdapterError if an answer contradicts the contract
 */
export function runScenario(
  scenario: RaftScenario,
  implementation: raft.Implementation,
  judge: RaftJudge,
  options: RunOptions = {},
): RunResult {
  const execution = new RaftExecution(scenario, implementation.hello, judge, { batch: 1, ...options }, null)
  return drive<RaftSurface>(execution, implementation.open(raftStartOf(scenario)), { state: null, log: null })
}

/** The same on the surface of SWIM. */
export function runSwimScenario(
  scenario: SwimScenario,
  implementation: swim.Implementation,
  judge: SwimJudge,
  options: RunOptions = {},
): RunResult<SwimSurface> {
  const { hello } = implementation
  const execution = new SwimExecution(scenario, hello, judge, { batch: 1, ...options }, null)
  return drive<SwimSurface>(execution, implementation.open(swimStartOf(scenario, hello)), {
    state: null,
    members: null,
  })
}

/** The same on the surface of address management. */
export function runIpamScenario(
  scenario: IpamScenario,
  implementation: ipam.Implementation,
  judge: IpamJudge,
  options: RunOptions = {},
): RunResult<IpamSurface> {
  const execution = new IpamExecution(scenario, implementation.hello, judge, { batch: 1, ...options })
  return drive<IpamSurface>(execution, implementation.open(ipamStartOf(scenario)), { state: null, changes: null })
}

/** The same on the surface of the network database. */
export function runNetworkDbScenario(
  scenario: NetworkDbScenario,
  implementation: networkdb.Implementation,
  judge: NetworkDbJudge,
  options: RunOptions = {},
): RunResult<NetworkDbSurface> {
  const execution = new NetworkDbExecution(scenario, implementation.hello, judge, { batch: 1, ...options })
  return drive<NetworkDbSurface>(execution, implementation.open(networkDbStartOf(scenario)), {
    state: null,
    peers: null,
    attachments: null,
    entries: null,
  })
}

/**
 * Runs a scenario against an implementation out of this process. Several runs may share one implementation at a time.
 * @throws AdapterError if the adapter fails, or an answer contradicts the contract
 */
export async function runScenarioRemote(
  scenario: RaftScenario,
  implementation: raft.RemoteImplementation,
  judge: RaftJudge,
  options: RunOptions = {},
): Promise<RunResult> {
  const session = await implementation.open(raftStartOf(scenario))
  const forgotten: number[] = []
  const execution = new RaftExecution(scenario, implementation.hello, judge, options, forgotten)
  return driveRemote<RaftSurface>(execution, session, forgotten)
}

/** The same on the surface of SWIM. */
export async function runSwimScenarioRemote(
  scenario: SwimScenario,
  implementation: swim.RemoteImplementation,
  judge: SwimJudge,
  options: RunOptions = {},
): Promise<RunResult<SwimSurface>> {
  const { hello } = implementation
  const session = await implementation.open(swimStartOf(scenario, hello))
  const forgotten: number[] = []
  const execution = new SwimExecution(scenario, hello, judge, options, forgotten)
  return driveRemote<SwimSurface>(execution, session, forgotten)
}

/**
 * The same on the surface of address management, out of this process.
 * @throws AdapterError if the implementation fails, or an answer contradicts the contract
 */
export async function runIpamScenarioRemote(
  scenario: IpamScenario,
  implementation: ipam.RemoteImplementation,
  judge: IpamJudge,
  options: RunOptions = {},
): Promise<RunResult<IpamSurface>> {
  const session = await implementation.open(ipamStartOf(scenario))
  return driveRemote<IpamSurface>(new IpamExecution(scenario, implementation.hello, judge, options), session, [])
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
