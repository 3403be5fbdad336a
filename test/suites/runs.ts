/** Runs many scenarios on one target. What an adapter does wrong ends its own runs only. */
import { AdapterError } from '../../impl/contract/adapter-error.ts'
import type { AnyTraceEvent } from '../../traces/event.ts'
import type { RunResult } from '../../traces/run.ts'
import type { Scenario } from '../../traces/scenario.ts'
import type { Surface, SurfaceName } from '../../traces/surface.ts'
import { surfaceOfHello } from '../../traces/surfaces.ts'
import type { Case, CaseSource } from './scenarios.ts'
import type { AnyPath } from './surfaces/form.ts'
import { suiteOf } from './surfaces.ts'
import { addFinding, addRun, createTally, type Tally } from './tally.ts'
import type { Runner } from './target.ts'

export interface RunsOptions {
  /** Ends the work early; what was found so far is kept. */
  readonly signal?: AbortSignal | undefined
  /** Told after each run: how many are done, the name of the last, and how many broke a requirement. */
  readonly onRun?: ((done: number, label: string, failures: number) => void) | undefined
}

/** An adapter that fails this often is given up. */
const maximalErrors = 10

/** Every so many scenarios one is run twice, where the implementation says that this makes no difference. */
const repeatEvery = 50

/** Numbers of cases that are still to be run. */
export interface Queue {
  /** The next number; null if none is left. */
  take(): number | null
  readonly left: number
}

function queueOf(numbers: readonly number[]): Queue {
  let next = 0
  return {
    take: () => numbers[next++] ?? null,
    get left() {
      return Math.max(0, numbers.length - next)
    },
  }
}

/** Runs the cases of these numbers. Never throws for what the implementation does. */
export async function runAll(
  runner: Runner,
  source: CaseSource,
  cases: readonly number[] | Queue,
  options: RunsOptions = {},
): Promise<Tally> {
  const queue = 'take' in cases ? cases : queueOf(cases)
  const work = new Work(runner, source, queue, options)
  await work.run()
  return work.tally
}

interface Suspect {
  readonly number: number
  readonly work: Case
  readonly error: AdapterError
}

class Work {
  readonly tally = createTally()
  readonly #runner: Runner
  readonly #source: CaseSource
  readonly #queue: Queue
  readonly #options: RunsOptions
  /** Runs that were under way when the adapter failed: one of them may be the cause. */
  readonly #suspects: Suspect[] = []
  /** The member path that was tried last. */
  #path: AnyPath | null = null
  #done = 0
  #failures = 0
  #deaths = 0

  constructor(runner: Runner, source: CaseSource, queue: Queue, options: RunsOptions) {
    this.#runner = runner
    this.#source = source
    this.#queue = queue
    this.#options = options
  }

  async run(): Promise<void> {
    while (!this.#over) {
      await Promise.all(Array.from({ length: this.#runner.concurrency }, () => this.#lane()))
      await this.#clearSuspects()
    }
    const { left } = this.#queue
    if (this.#broken >= maximalErrors && left > 0 && !this.#aborted) {
      this.tally.errors.push(
        `given up after ${this.#broken} failures of the adapter, with ${left} cases still to be run`,
      )
    }
  }

  get #aborted(): boolean {
    return this.#options.signal?.aborted === true
  }

  /** How often the adapter failed or died. */
  get #broken(): number {
    return this.tally.errors.length + this.#deaths
  }

  get #over(): boolean {
    return this.#aborted || this.#broken >= maximalErrors || this.#queue.left === 0
  }

  /** Takes one scenario after the other, until an adapter fails: then everybody waits until it is known why. */
  async #lane(): Promise<void> {
    while (!this.#over && this.#suspects.length === 0) {
      const number = this.#queue.take()
      if (number === null) return
      const work = this.#source.at(number)
      try {
        await this.#carryOut(number, work)
      } catch (error) {
        if (!(error instanceof AdapterError)) throw error
        if (!this.#aborted) this.#suspects.push({ number, work, error })
      }
    }
  }

  async #carryOut(number: number, work: Case): Promise<void> {
    if (work.kind === 'paths') return this.#walkPaths(number, work.name)
    const { scenario } = work
    const result = await this.#runner.run(scenario)
    if (this.#runner.hello.deterministic && number % repeatEvery === 0) {
      const again = await this.#runner.run(scenario)
      const event = firstDifference(result.events, again.events)
      if (event >= 0) {
        this.tally.errors.push(
          `declares itself deterministic, but ${scenario.name} ran another way the second time, from event ${event + 1} on`,
        )
      }
    }
    addRun(this.tally, number, scenario, result)
    this.#told(work.name, result)
  }

  /** Every path of the member model, in rounds: each knows better what the implementation does where it may choose. */
  async #walkPaths(number: number, name: string): Promise<void> {
    const { hello } = this.#runner
    const { campaign: campaignOf, scenarioOf } = suiteOf<SurfaceName>(surfaceOfHello(hello)).paths!
    const campaign = campaignOf(name, hello)
    const results: [AnyPath, RunResult<Surface>][] = []
    for (let round = 1, paths = campaign.round(); paths.length > 0; round++, paths = campaign.round()) {
      for (const planned of paths) {
        if (this.#aborted) break
        const path = round === 1 ? planned : { ...planned, name: `${planned.name}, round ${round}` }
        this.#path = path
        const result = await this.#runner.runPath(path, campaign.options())
        campaign.note(result)
        results.push([path, result])
        this.#options.onRun?.(this.#done, path.name, this.#failures)
      }
      if (this.#aborted) break
    }
    for (const [path, result] of results) addRun(this.tally, number, scenarioOf(path), result, path)
    const [, failed] = results.find(([, { violation }]) => violation !== null) ?? results.at(-1) ?? []
    if (failed !== undefined) this.#told(name, failed)
  }

  #told(name: string, { violation }: Pick<RunResult, 'violation'>): void {
    this.#done++
    if (violation !== null) this.#failures++
    this.#options.onRun?.(this.#done, name, this.#failures)
  }

  /** Runs each suspect again, alone: whoever fails again is the cause. */
  async #clearSuspects(): Promise<void> {
    const suspects = this.#suspects.splice(0)
    let found = false
    for (const { number, work } of suspects) {
      if (this.#aborted) return
      const again = await this.#alone(number, work)
      if (again === null) continue
      found = true
      if (again.refusal === 'unsupported') {
        this.tally.outside.set('refused scenario', (this.tally.outside.get('refused scenario') ?? 0) + 1)
      } else if (again.died && (await this.#alone(number, work))?.died === true) {
        this.#die(number, work, again)
      } else this.tally.errors.push(`${work.name}: ${describeError(again)}`)
    }
    if (found || suspects.length === 0) return
    const { error, work } = suspects.find((suspect) => suspect.error.kind !== 'closed') ?? suspects[0]!
    const where = suspects.length === 1 ? work.name : `one of ${suspects.length} runs at once`
    this.tally.errors.push(`${where}: ${describeError(error)}\nit did not happen again when each was run alone`)
  }

  /** What the adapter did wrong when it had nothing else to do, or null. */
  async #alone(number: number, work: Case): Promise<AdapterError | null> {
    try {
      await this.#carryOut(number, work)
      return null
    } catch (error) {
      if (error instanceof AdapterError) return error
      throw error
    }
  }

  /** A process that ends or hangs on a valid schedule, again and again, breaks a requirement of its own. */
  #die(number: number, work: Case, error: AdapterError): void {
    this.#deaths++
    const path = work.kind === 'scenario' ? null : this.#path
    const scenario = work.kind === 'scenario' ? work.scenario : scenarioOfPath(path!)
    const violation = deathViolation(error, scenario)
    this.tally.scenarios++
    addFinding(this.tally, { number, scenario, violation, events: [], violationEvent: -1, path }, 1)
    this.#told(work.name, { violation })
  }
}

function scenarioOfPath(path: AnyPath): Scenario {
  return suiteOf<SurfaceName>(path.surface).paths!.scenarioOf(path)
}

/** How the death of an adapter reads as a broken requirement. */
export function deathViolation(error: AdapterError, { surface }: Scenario) {
  const { slugs, numbers } = suiteOf<SurfaceName>(surface).catalogue
  return {
    requirement: slugs[numbers.survives]!,
    text: describeError(error),
    allowed: 'an answer',
    node: null,
  } as const
}

/** What an adapter did wrong, and its last words on lines of their own. */
export function describeError(error: AdapterError): string {
  const words = error.lastWords.trim()
  return words === '' ? error.message : `${error.message}\nits last words:\n${words}`
}

/** Index of the first event that differs; -1 if none does. */
function firstDifference(left: readonly AnyTraceEvent[], right: readonly AnyTraceEvent[]): number {
  const most = Math.max(left.length, right.length)
  for (let index = 0; index < most; index++) {
    if (JSON.stringify(left[index]) !== JSON.stringify(right[index])) return index
  }
  return -1
}
