/** What is tested, and how a scenario is run on it: the same for implementations in this process and out of it. */
import { AdapterError } from '../../impl/contract/adapter-error.ts'
import type * as discovery from '../../impl/contract/discovery.ts'
import type * as ipam from '../../impl/contract/ipam.ts'
import type { Implementation, RemoteImplementation } from '../../impl/contract/surface.ts'
import type { AdapterSurface, WordsOf } from '../../impl/contract/surfaces.ts'
import type { Layer } from '../../properties/catalogue.ts'
import type { Violation } from '../../properties/judge.ts'
import { runScenario, runScenarioRemote, type RunOptions, type RunResult } from '../../traces/run.ts'
import type { Scenario } from '../../traces/scenario.ts'
import type { AnyHello, JudgeOf, ScenarioOf, Surface, SurfaceName } from '../../traces/surface.ts'
import { surfaceOfHello } from '../../traces/surfaces.ts'
import type { AnyPath, PathOptions, SurfacePaths, Variant } from './surfaces/form.ts'
import { suiteOf } from './surfaces.ts'

/** An implementation of any surface, in this process. */
export type AnyImplementation = { [Name in SurfaceName]: Implementation<WordsOf[Name]> }[SurfaceName]

/** An implementation out of this process, of any surface that adapters can offer. */
type Remote = { [Name in AdapterSurface]: RemoteImplementation<WordsOf[Name]> }[AdapterSurface]

/** What is spoken to in a protocol of its own. */
type Service = ipam.RemoteImplementation | discovery.RemoteImplementation

/** The reference of a surface; of Raft, in one of its variants. */
export function referenceOf(surface: SurfaceName, variant: Variant = 'on-append'): AnyImplementation {
  return suiteOf<SurfaceName>(surface).createReference(variant) as AnyImplementation
}

/** What is tested. `start` is called again after an adapter has failed. */
export type Target =
  | { readonly kind: 'in-process'; readonly implementation: AnyImplementation }
  | {
      readonly kind: 'adapter'
      /** What it has to offer. Default: whatever it offers first. */
      readonly surface?: SurfaceName | undefined
      readonly start: () => Promise<Remote>
    }
  /** A plugin of Docker, which runs already, or a server of names, which is started. */
  | { readonly kind: 'plugin'; readonly connect: () => Promise<Service> }

/** Breaking `against` ends a run, even if it is only a SHOULD. */
interface Against {
  readonly against?: string
}

export interface JudgedRunOptions extends RunOptions, Against {}

export interface PathRunOptions extends PathOptions, Against {}

/** Runs scenarios on a target, each with a fresh judge. */
export interface Runner {
  readonly hello: AnyHello
  /** How many runs may usefully be under way at once. */
  readonly concurrency: number
  /** @throws AdapterError if the adapter fails; the next run starts a new one */
  run(scenario: Scenario, options?: JudgedRunOptions): Promise<RunResult<Surface>>
  /** Runs a path of the member machine against one node. @throws AdapterError also if it cannot `encode` */
  runPath(path: AnyPath, options: PathRunOptions): Promise<RunResult<Surface>>
  /** Ends what was started. Runs that are under way are rejected. */
  close(): Promise<void>
}

/** Runs that share one adapter: enough to hide the time that lines take between two processes. */
const interleaved = 8

/** A judge for what an implementation claims. Breaking `against` is a violation to it, whatever its level. */
export function judgeFor(hello: AnyHello, { against }: Against = {}, layers?: readonly Layer[]): JudgeOf<Surface> {
  const judge: JudgeOf<Surface> = suiteOf(surfaceOfHello(hello)).createJudge(hello, layers)
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

/** The scenario, if the implementation has its surface. @throws AdapterError */
function accepted(scenario: Scenario, hello: AnyHello): ScenarioOf<SurfaceName> {
  if (scenario.surface === surfaceOfHello(hello)) return scenario
  throw lacks(hello, scenario.surface)
}

/** How paths of a surface are run, if the implementation has it. @throws AdapterError */
function pathsOf({ surface }: AnyPath, hello: AnyHello): SurfacePaths<SurfaceName> {
  const { paths } = suiteOf<SurfaceName>(surface)
  if (paths !== undefined && surface === surfaceOfHello(hello)) return paths
  throw lacks(hello, surface)
}

function lacks({ name }: AnyHello, surface: SurfaceName): AdapterError {
  return new AdapterError('refused', `${name} has no surface ${surface}`)
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
  // Its surface is looked at before anything is asked of it.
  const any = implementation as Implementation<WordsOf[SurfaceName]>
  return {
    hello,
    concurrency: 1,
    run: async (scenario, options = {}) => {
      // Signals and the terminal are served between runs.
      await new Promise(setImmediate)
      return runJudged(scenario, implementation, undefined, options)
    },
    runPath: async (path, options) => {
      await new Promise(setImmediate)
      const paths = pathsOf(path, hello)
      return paths.run(path, any, judgeFor(hello, options, paths.layers), options)
    },
    close: async () => {},
  }
}

/** One run in this process, judged in these layers. Default all. @throws AdapterError if it has another surface */
export function runJudged(
  scenario: Scenario,
  implementation: AnyImplementation,
  layers: readonly Layer[] | undefined,
  options: JudgedRunOptions,
): RunResult<Surface> {
  const { hello } = implementation
  const any = implementation as Implementation<WordsOf[SurfaceName]>
  return runScenario(accepted(scenario, hello), any, judgeFor(hello, options, layers), options)
}

/** Runs on a service, one after the other: what one leaves behind would be in the way of the next. */
function pluginRunner(plugin: Service): Runner {
  const { hello } = plugin
  // Its surface is looked at before anything is asked of it.
  const any = plugin as RemoteImplementation<WordsOf[SurfaceName]>
  return {
    hello,
    concurrency: 1,
    run: async (scenario, options = {}) => {
      return runScenarioRemote(accepted(scenario, hello), any, judgeFor(hello, options), options)
    },
    runPath: ({ surface }) => Promise.reject(lacks(hello, surface)),
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

  run(scenario: Scenario, options: JudgedRunOptions = {}): Promise<RunResult<Surface>> {
    return this.#use(async (adapter): Promise<RunResult<Surface>> => {
      const judge = judgeFor(this.hello, options)
      return runScenarioRemote(accepted(scenario, this.hello), anyOf(adapter), judge, options)
    })
  }

  runPath(path: AnyPath, options: PathRunOptions): Promise<RunResult<Surface>> {
    return this.#use(async (adapter): Promise<RunResult<Surface>> => {
      const paths = pathsOf(path, this.hello)
      if (paths.runRemote === undefined) throw lacks(this.hello, path.surface)
      return paths.runRemote(path, anyOf(adapter), judgeFor(this.hello, options, paths.layers), options)
    })
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

/** Its surface is looked at before anything is asked of it. */
function anyOf(adapter: Remote): RemoteImplementation<WordsOf[SurfaceName]> {
  return adapter as RemoteImplementation<WordsOf[SurfaceName]>
}
