/** What is tested, and how a scenario is run on it: the same for implementations in this process and out of it. */
import { AdapterError } from '../../impl/contract/adapter-error.ts'
import type * as ipam from '../../impl/contract/ipam.ts'
import type * as networkdb from '../../impl/contract/networkdb.ts'
import type * as raft from '../../impl/contract/raft.ts'
import type { SurfaceName } from '../../impl/contract/stdio.ts'
import type * as swim from '../../impl/contract/swim.ts'
import type { Violation } from '../../properties/judge.ts'
import { createIpamJudge } from '../../properties/ipam/judge.ts'
import { createNetworkDbJudge } from '../../properties/networkdb/judge.ts'
import { createRaftJudge } from '../../properties/raft/judge.ts'
import { createSwimJudge } from '../../properties/swim/judge.ts'
import type { NetworkDbPath } from '../../models/networkdb/paths.ts'
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
  runNetworkDbScenario,
  runIpamScenarioRemote,
  runScenario,
  runScenarioRemote,
  runSwimScenario,
  runSwimScenarioRemote,
  type RunOptions,
  type RunResult,
} from '../../traces/run.ts'
import type { Scenario } from '../../traces/scenario.ts'
import { runNetworkDbPath } from '../../traces/run/networkdb/member-path.ts'
import { runSwimPath, runSwimPathRemote } from '../../traces/run/swim/member-path.ts'
import type { AnyHello, JudgeOf, NetworkDbSurface, RaftSurface, Surface, SwimSurface } from '../../traces/surface.ts'

/** An implementation of any surface, in this process. */
export type AnyImplementation =
  raft.Implementation | swim.Implementation | networkdb.Implementation | ipam.Implementation

/** What is tested. `start` is called again after an adapter has failed. */
export type Target =
  | { readonly kind: 'in-process'; readonly implementation: AnyImplementation }
  | {
      readonly kind: 'adapter'
      /** What it has to offer. Default: whatever it offers first. */
      readonly surface?: SurfaceName | undefined
      readonly start: () => Promise<Remote>
    }
  /** A plugin of Docker, which runs already. */
  | { readonly kind: 'plugin'; readonly connect: () => Promise<ipam.RemoteImplementation> }

/** An implementation out of this process, of any surface that adapters can offer. */
type Remote = raft.RemoteImplementation | swim.RemoteImplementation

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
  /** Runs a path of the machine of an entry. @throws AdapterError if it has not that surface */
  runNetworkDbPath(path: NetworkDbPath, options: { readonly against?: string }): Promise<RunResult<NetworkDbSurface>>
  /** Ends what was started. Runs that are under way are rejected. */
  close(): Promise<void>
}

/** Runs that share one adapter: enough to hide the time that lines take between two processes. */
const interleaved = 8

/** Whether an implementation is one of SWIM. */
export function isSwim(implementation: AnyImplementation): implementation is swim.Implementation {
  return surfaceOfHello(implementation.hello) === 'swim'
}

function isRemoteSwim(implementation: Remote): implementation is swim.RemoteImplementation {
  return surfaceOfHello(implementation.hello) === 'swim'
}

/** Whether an implementation is one of address management. */
export function isIpam(implementation: AnyImplementation): implementation is ipam.Implementation {
  return surfaceOfHello(implementation.hello) === 'ipam'
}

/** Whether an implementation is one of the network database. */
export function isNetworkDb(implementation: AnyImplementation): implementation is networkdb.Implementation {
  return surfaceOfHello(implementation.hello) === 'networkdb'
}

/** Whether an implementation is one of Raft. */
export function isRaft(implementation: AnyImplementation): implementation is raft.Implementation {
  return surfaceOfHello(implementation.hello) === 'raft'
}

const surfaces = ['swim', 'networkdb', 'ipam'] as const

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
    case 'networkdb':
      return judging<Surface>(createNetworkDbJudge(hello.profiles), against)
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

/** The same for a run against one member of SWIM: the others are played. */
function judgeOfSwimPaths({ profiles }: AnyHello, against?: string): JudgeOf<SwimSurface> {
  return judging(createSwimJudge(profiles, ['step']), against)
}

function lacks({ name }: AnyHello, surface: Scenario['surface']): AdapterError {
  return new AdapterError('refused', `${name} has no surface ${surface}`)
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

/** @throws AdapterError if an adapter cannot be started, or does not offer the surface that it has to */
export async function createRunner(target: Target): Promise<Runner> {
  if (target.kind === 'in-process') return inProcessRunner(target.implementation)
  if (target.kind === 'plugin') return pluginRunner(await target.connect())
  const { surface } = target
  const runner = new AdapterRunner(target.start)
  const { hello } = await runner.start()
  const offered = surfaceOfHello(hello)
  if (surface === undefined || surface === offered) return runner
  await runner.close()
  throw new AdapterError('surface', `${hello.name} offers surface ${offered}, and was to be tested for ${surface}`)
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
      if (scenario.surface === 'networkdb' && isNetworkDb(implementation)) {
        return runNetworkDbScenario(scenario, implementation, judge, options)
      }
      if (scenario.surface === 'raft' && isRaft(implementation)) {
        return runScenario(scenario, implementation, judge, options)
      }
      throw lacks(hello, scenario.surface)
    },
    runPath: async (path, options) => {
      await new Promise(setImmediate)
      if (!isRaft(implementation)) throw lacks(hello, 'raft')
      return runMemberPath(path, implementation, judgeOfPaths(implementation.hello, options.against), options)
    },
    runSwimPath: async (path, { against }) => {
      await new Promise(setImmediate)
      if (!isSwim(implementation)) throw lacks(hello, 'swim')
      return runSwimPath(path, implementation, judgeOfSwimPaths(hello, against))
    },
    runNetworkDbPath: async (path, { against }) => {
      await new Promise(setImmediate)
      if (!isNetworkDb(implementation)) throw new AdapterError('refused', `${hello.name} has no surface networkdb`)
      return runNetworkDbPath(path, implementation, judging(createNetworkDbJudge(hello.profiles, ['step']), against))
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
    runNetworkDbPath: () => refuse('networkdb'),
    close: () => plugin.close(),
  }
}

class AdapterRunner implements Runner {
  readonly concurrency = interleaved
  readonly #start: () => Promise<Remote>
  #adapter: Promise<Remote> | null = null
  #hello: AnyHello | null = null
  #closed = false

  constructor(start: () => Promise<Remote>) {
    this.#start = start
  }

  get hello(): AnyHello {
    return this.#hello!
  }

  async start(): Promise<Remote> {
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

  run(scenario: Scenario, options?: JudgedRunOptions): Promise<RunResult<Surface>> {
    return this.#use(async (adapter): Promise<RunResult<Surface>> => {
      const judge = judgeFor(this.hello, options?.against)
      if (scenario.surface === 'swim' && isRemoteSwim(adapter))
        return runSwimScenarioRemote(scenario, adapter, judge, options)
      if (scenario.surface === 'raft' && !isRemoteSwim(adapter))
        return runScenarioRemote(scenario, adapter, judge, options)
      throw lacks(this.hello, scenario.surface)
    })
  }

  runPath(path: MemberPath, options: PathRunOptions): Promise<MemberRunResult> {
    return this.#use(async (adapter) => {
      if (isRemoteSwim(adapter)) throw lacks(adapter.hello, 'raft')
      return runMemberPathRemote(path, adapter, judgeOfPaths(adapter.hello, options.against), options)
    })
  }

  runSwimPath(path: SwimPath, { against }: { readonly against?: string }): Promise<RunResult<SwimSurface>> {
    return this.#use(async (adapter) => {
      if (!isRemoteSwim(adapter)) throw lacks(adapter.hello, 'swim')
      return runSwimPathRemote(path, adapter, judgeOfSwimPaths(adapter.hello, against))
    })
  }

  runNetworkDbPath(): Promise<never> {
    return Promise.reject(lacks(this.hello, 'networkdb'))
  }

  async #use<Result>(work: (adapter: Remote) => Promise<Result>): Promise<Result> {
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
  async #end(adapter: Remote): Promise<void> {
    if ((await this.#adapter?.catch(() => null)) === adapter) this.#adapter = null
    await adapter.close()
  }
}
