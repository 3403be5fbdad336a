/** What is tested, and how a scenario is run on it: the same for implementations in this process and out of it. */
import { AdapterError } from '../../impl/contract/adapter-error.ts'
import type { Hello, Implementation, RemoteImplementation } from '../../impl/contract/raft.ts'
import type { RaftScenario } from '../../models/raft/vocabulary.ts'
import type { Violation } from '../../properties/judge.ts'
import { createRaftJudge } from '../../properties/raft/judge.ts'
import type { MemberPath } from '../../models/raft/paths.ts'
import {
  runMemberPath,
  runMemberPathRemote,
  type MemberRunOptions,
  type MemberRunResult,
} from '../../traces/run/member-path.ts'
import { runScenario, runScenarioRemote, type RaftJudge, type RunOptions, type RunResult } from '../../traces/run.ts'

/** What is tested. `start` is called again after an adapter has failed. */
export type Target =
  | { readonly kind: 'in-process'; readonly implementation: Implementation }
  | { readonly kind: 'adapter'; readonly start: () => Promise<RemoteImplementation> }

export interface JudgedRunOptions extends RunOptions {
  /** A requirement that ends the run when it is broken, even if it is only a SHOULD. */
  readonly against?: string
}

export interface PathRunOptions extends MemberRunOptions {
  readonly against?: string
}

/** Runs scenarios on a target, each with a fresh judge. */
export interface Runner {
  readonly hello: Hello
  /** How many runs may usefully be under way at once. */
  readonly concurrency: number
  /** @throws AdapterError if the adapter fails; the next run starts a new one */
  run(scenario: RaftScenario, options?: JudgedRunOptions): Promise<RunResult>
  /** Runs a path of the member model against one node. @throws AdapterError also if it cannot `encode` */
  runPath(path: MemberPath, options: PathRunOptions): Promise<MemberRunResult>
  /** Ends what was started. Runs that are under way are rejected. */
  close(): Promise<void>
}

/** Runs that share one adapter: enough to hide the time that lines take between two processes. */
const interleaved = 8

/** A judge for what an implementation claims. Breaking `against` is a violation to it, whatever its level. */
export function judgeFor(hello: Hello, against?: string): RaftJudge {
  return judging(createRaftJudge(hello.profiles, hello.capabilities.disk), against)
}

/** The same for a run against one node: nothing is known of the disks of peers that are played. */
function judgeOfPaths(hello: Hello, against?: string): RaftJudge {
  return judging(createRaftJudge(hello.profiles, hello.capabilities.disk, ['step', 'history']), against)
}

function judging(judge: RaftJudge, against: string | undefined): RaftJudge {
  if (against === undefined) return judge
  const broken = (): Violation | null => judge.advice().find(({ requirement }) => requirement === against) ?? null
  return {
    start: (start, initial) => judge.start(start, initial) ?? broken(),
    step: (input, answer, now) => judge.step(input, answer, now) ?? broken(),
    inspect: (node, inspection) => judge.inspect(node, inspection) ?? broken(),
    phase: (phase, now) => judge.phase(phase, now) ?? broken(),
    settled: () => judge.settled(),
    finish: (now) => judge.finish(now) ?? broken(),
    advice: () => judge.advice(),
    exercised: () => judge.exercised(),
    transitions: () => judge.transitions(),
  }
}

/** @throws AdapterError if an adapter cannot be started */
export async function createRunner(target: Target): Promise<Runner> {
  if (target.kind === 'in-process') {
    const { implementation } = target
    const { hello } = implementation
    return {
      hello,
      concurrency: 1,
      run: async (scenario, options) => {
        // Signals and the terminal are served between runs.
        await new Promise(setImmediate)
        return runScenario(scenario, implementation, judgeFor(hello, options?.against), options)
      },
      runPath: async (path, options) => {
        await new Promise(setImmediate)
        return runMemberPath(path, implementation, judgeOfPaths(hello, options.against), options)
      },
      close: async () => {},
    }
  }
  const runner = new AdapterRunner(target.start)
  await runner.start()
  return runner
}

class AdapterRunner implements Runner {
  readonly concurrency = interleaved
  readonly #start: () => Promise<RemoteImplementation>
  #adapter: Promise<RemoteImplementation> | null = null
  #hello: Hello | null = null
  #closed = false

  constructor(start: () => Promise<RemoteImplementation>) {
    this.#start = start
  }

  get hello(): Hello {
    return this.#hello!
  }

  async start(): Promise<RemoteImplementation> {
    if (this.#closed) throw new AdapterError('closed', 'the run was ended')
    this.#adapter ??= this.#start()
    const adapter = this.#adapter
    try {
      const implementation = await adapter
      this.#hello ??= implementation.hello
      return implementation
    } catch (error) {
      if (this.#adapter === adapter) this.#adapter = null
      throw error
    }
  }

  run(scenario: RaftScenario, options?: JudgedRunOptions): Promise<RunResult> {
    return this.#use((adapter) => runScenarioRemote(scenario, adapter, judgeFor(this.hello, options?.against), options))
  }

  runPath(path: MemberPath, options: PathRunOptions): Promise<MemberRunResult> {
    return this.#use((adapter) =>
      runMemberPathRemote(path, adapter, judgeOfPaths(this.hello, options.against), options),
    )
  }

  async #use<Result>(work: (adapter: RemoteImplementation) => Promise<Result>): Promise<Result> {
    const adapter = await this.start()
    try {
      return await work(adapter)
    } catch (error) {
      if (!(error instanceof AdapterError) || error.kind !== 'refused') await this.#end(adapter)
      throw error
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    const adapter = await this.#adapter?.catch(() => null)
    if (adapter) await this.#end(adapter)
  }

  /** What this adapter says cannot be trusted any more. */
  async #end(adapter: RemoteImplementation): Promise<void> {
    if ((await this.#adapter?.catch(() => null)) === adapter) this.#adapter = null
    await adapter.close()
  }
}
