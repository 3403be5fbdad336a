/** What is tested, and how a scenario is run on it: the same for implementations in this process and out of it. */
import { AdapterError } from '../../impl/contract/adapter-error.ts'
import type * as ipam from '../../impl/contract/ipam.ts'
import type * as raft from '../../impl/contract/raft.ts'
import type * as swim from '../../impl/contract/swim.ts'
import type { Violation } from '../../properties/judge.ts'
import { createIpamJudge } from '../../properties/ipam/judge.ts'
import { createRaftJudge } from '../../properties/raft/judge.ts'
import { createSwimJudge } from '../../properties/swim/judge.ts'
import type { MemberPath } from '../../models/raft/paths.ts'
import type { SwimPath } from '../../models/swim/paths.ts'
import {
  runMemberPath,
  runMemberPathRemote,
  type MemberRunOptions,
  type MemberRunResult,
} from '../../traces/run/member-path.ts'
import {
  runIpamScenario,
  runIpamScenarioRemote,
  runScenario,
  runScenarioRemote,
  runSwimScenario,
  type RunOptions,
  type RunResult,
} from '../../traces/run.ts'
import type { Scenario } from '../../traces/scenario.ts'
import { runSwimPath } from '../../traces/run/swim/member-path.ts'
import type { AnyHello, JudgeOf, RaftSurface, Surface, SwimSurface } from '../../traces/surface.ts'

/** An implementation of any surface, in this process. */
export type AnyImplementation = raft.Implementation | swim.Implementation | ipam.Implementation

/** What is tested. `start` is called again after an adapter has failed. */
export type Target =
  | { readonly kind: 'in-process'; readonly implementation: AnyImplementation }
  | { readonly kind: 'adapter'; readonly start: () => Promise<raft.RemoteImplementation> }
  /** A plugin of Docker, which runs already. */
  | { readonly kind: 'plugin'; readonly connect: () => Promise<ipam.RemoteImplementation> }

export interface JudgedRunOptions extends RunOptions {
  /** A requirement that ends the run when it is broken, even if it is only a SHOULD. */
  readonly against?: string
}

export interface PathRunOptions extends MemberRunOptions {
  readonly against?: string
}

/** Runs scenarios on a target, each with a fresh judge. */
export interface Runner {
  readonly hello: AnyHello
  /** How many runs may usefully be under way at once. */
  readonly concurrency: number
  /** @throws AdapterError if the adapter fails; the next run starts a new one */
  run(scenario: Scenario, options?: JudgedRunOptions): Promise<RunResult<Surface>>
  /** Runs a path of the member model against one node. @throws AdapterError also if it cannot `encode` */
  runPath(path: MemberPath, options: PathRunOptions): Promise<MemberRunResult>
  /** Runs a path of the member machine of SWIM. @throws AdapterError if it has not that surface */
  runSwimPath(path: SwimPath, options: { readonly against?: string }): Promise<RunResult<SwimSurface>>
  /** Ends what was started. Runs that are under way are rejected. */
  close(): Promise<void>
}

/** Runs that share one adapter: enough to hide the time that lines take between two processes. */
const interleaved = 8

/** Whether an implementation is one of SWIM. */
export function isSwim(implementation: AnyImplementation): implementation is swim.Implementation {
  return surfaceOfHello(implementation.hello) === 'swim'
}

/** Whether an implementation is one of address management. */
export function isIpam(implementation: AnyImplementation): implementation is ipam.Implementation {
  return surfaceOfHello(implementation.hello) === 'ipam'
}

/** Whether an implementation is one of Raft. */
export function isRaft(implementation: AnyImplementation): implementation is raft.Implementation {
  return surfaceOfHello(implementation.hello) === 'raft'
}

const surfaces = ['swim', 'ipam'] as const

/** The surface that an implementation offers. */
export function surfaceOfHello({ surfaces: offered }: AnyHello): Scenario['surface'] {
  return surfaces.find((surface) => (offered as readonly string[]).includes(surface)) ?? 'raft'
}

/** A judge for what an implementation claims. Breaking `against` is a violation to it, whatever its level. */
export function judgeFor(hello: AnyHello, against?: string): JudgeOf<Surface> {
  switch (surfaceOfHello(hello)) {
    case 'raft':
      return raftJudgeFor(hello as raft.Hello, against)
    case 'swim':
      return judging<Surface>(createSwimJudge(hello.profiles), against)
    case 'ipam':
      return judging<Surface>(createIpamJudge(hello.profiles, (hello as ipam.Hello).capabilities.disk), against)
  }
}

function raftJudgeFor(hello: raft.Hello, against?: string): JudgeOf<RaftSurface> {
  return judging(createRaftJudge(hello.profiles, hello.capabilities.disk), against)
}

/** The same for a run against one node: nothing is known of the disks of peers that are played. */
function judgeOfPaths(hello: raft.Hello, against?: string): JudgeOf<RaftSurface> {
  return judging(createRaftJudge(hello.profiles, hello.capabilities.disk, ['step', 'history']), against)
}

function judging<S extends Surface>(judge: JudgeOf<S>, against: string | undefined): JudgeOf<S> {
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
  if (target.kind === 'in-process') return inProcessRunner(target.implementation)
  if (target.kind === 'plugin') return pluginRunner(await target.connect())
  const runner = new AdapterRunner(target.start)
  await runner.start()
  return runner
}

function inProcessRunner(implementation: AnyImplementation): Runner {
  const { hello } = implementation
  return {
    hello,
    concurrency: 1,
    run: async (scenario, options) => {
      // Signals and the terminal are served between runs.
      await new Promise(setImmediate)
      const judge = judgeFor(hello, options?.against)
      if (scenario.surface === 'swim' && isSwim(implementation)) {
        return runSwimScenario(scenario, implementation, judge, options)
      }
      if (scenario.surface === 'ipam' && isIpam(implementation)) {
        return runIpamScenario(scenario, implementation, judge, options)
      }
      if (scenario.surface === 'raft' && isRaft(implementation)) {
        return runScenario(scenario, implementation, judge, options)
      }
      throw new AdapterError('refused', `${hello.name} has no surface ${scenario.surface}`)
    },
    runPath: async (path, options) => {
      await new Promise(setImmediate)
      if (!isRaft(implementation)) throw new AdapterError('refused', `${hello.name} has no surface raft`)
      return runMemberPath(path, implementation, judgeOfPaths(implementation.hello, options.against), options)
    },
    runSwimPath: async (path, { against }) => {
      await new Promise(setImmediate)
      if (!isSwim(implementation)) throw new AdapterError('refused', `${hello.name} has no surface swim`)
      return runSwimPath(path, implementation, judging(createSwimJudge(hello.profiles, ['step']), against))
    },
    close: async () => {},
  }
}

/** Runs on a plugin, one after the other: what one leaves behind would be in the way of the next. */
function pluginRunner(plugin: ipam.RemoteImplementation): Runner {
  const { hello } = plugin
  const refuse = (surface: string): Promise<never> =>
    Promise.reject(new AdapterError('refused', `${hello.name} has no surface ${surface}`))
  return {
    hello,
    concurrency: 1,
    run: (scenario, options) => {
      if (scenario.surface !== 'ipam') return refuse(scenario.surface)
      return runIpamScenarioRemote(scenario, plugin, judgeFor(hello, options?.against), options)
    },
    runPath: () => refuse('raft'),
    runSwimPath: () => refuse('swim'),
    close: () => plugin.close(),
  }
}

class AdapterRunner implements Runner {
  readonly concurrency = interleaved
  readonly #start: () => Promise<raft.RemoteImplementation>
  #adapter: Promise<raft.RemoteImplementation> | null = null
  #hello: raft.Hello | null = null
  #closed = false

  constructor(start: () => Promise<raft.RemoteImplementation>) {
    this.#start = start
  }

  get hello(): raft.Hello {
    return this.#hello!
  }

  async start(): Promise<raft.RemoteImplementation> {
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

  run(scenario: Scenario, options?: JudgedRunOptions): Promise<RunResult> {
    if (scenario.surface !== 'raft') {
      return Promise.reject(new AdapterError('refused', `adapters have no surface ${scenario.surface} yet`))
    }
    return this.#use((adapter) =>
      runScenarioRemote(scenario, adapter, raftJudgeFor(this.hello, options?.against), options),
    )
  }

  runPath(path: MemberPath, options: PathRunOptions): Promise<MemberRunResult> {
    return this.#use((adapter) =>
      runMemberPathRemote(path, adapter, judgeOfPaths(this.hello, options.against), options),
    )
  }

  runSwimPath(): Promise<never> {
    return Promise.reject(new AdapterError('refused', 'adapters have no surface swim yet'))
  }

  async #use<Result>(work: (adapter: raft.RemoteImplementation) => Promise<Result>): Promise<Result> {
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
  async #end(adapter: raft.RemoteImplementation): Promise<void> {
    if ((await this.#adapter?.catch(() => null)) === adapter) this.#adapter = null
    await adapter.close()
  }
}
