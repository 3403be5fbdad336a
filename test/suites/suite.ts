/** The suite of a surface: scenarios are run, judged and summed up; what fails is shrunk. */
import type { Counts, KnownFailure, Outcome, Report } from '../../traces/report.ts'
import type { SurfaceName } from '../../traces/surface.ts'
import { surfaceOfHello } from '../../traces/surfaces.ts'
import { onAbort } from './abort.ts'
import { shownOf, shrinkFinding, type Counterexample } from './counterexample.ts'
import { claimProblems, outcomesOf } from './outcomes.ts'
import type { Origin, WorkerPool } from './jobs.ts'
import { packageVersion } from './package-files.ts'
import { runAll } from './runs.ts'
import { casesOf, type CaseKind, type CaseSource } from './scenarios.ts'
import { loadSpec, specVersion, surfaceOf, type Requirement } from './spec.ts'
import { countsOf, type Tally } from './tally.ts'
import { suiteOf } from './surfaces.ts'
import { createRunner, type Runner, type Target } from './target.ts'

export interface SuiteOptions {
  /** Decides which random schedules are drawn. Default 1. */
  readonly seed?: number
  /** Number of random schedules. Default 200. */
  readonly budget?: number
  /** Run only cases of these kinds. Default all. */
  readonly cases?: readonly CaseKind[] | undefined
  /** Which part of the suite to run: `index` of `of`, from 1. Default all. */
  readonly shard?: { readonly index: number; readonly of: number } | null
  /** SHOULD counts like MUST. Default false. */
  readonly strict?: boolean
  /** Report only on requirements of these profiles. Default all. */
  readonly profiles?: readonly string[]
  /** Report only on these requirements. Default all. */
  readonly requirements?: readonly string[]
  /** Failures that are known and accepted for now. */
  readonly known?: readonly KnownFailure[]
  /** Executions that shrinking one failure may take. Default 2,000 in this process, 500 through an adapter. */
  readonly executions?: number
  /** Milliseconds that shrinking one failure of an adapter may take. Default 20,000. */
  readonly shrinkTime?: number
  /** Runs on several cores, where another thread can come by the same target. Default one. */
  readonly parallel?: { readonly workers: WorkerPool; readonly origin: Origin }
  /** Ends the suite early; the report then holds what was found so far. */
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: SuiteProgress) => void
  /** What becomes of the cases before they run, where not everything can be asked. Default: nothing. */
  readonly source?: (drawn: CaseSource) => CaseSource
  /** The adapter's command, for the report. Default null. */
  readonly command?: string | null
  /** Where a counterexample will be written, and the command that replays it; for the report only. */
  readonly place?: (counterexample: Counterexample) => { readonly trace: string; readonly replay: string }
}

export interface SuiteProgress {
  readonly done: number
  readonly total: number
  readonly label: string
  /** Runs that broke a requirement. */
  readonly failures: number
}

export interface SuiteResult {
  readonly report: Report
  readonly counterexamples: readonly Counterexample[]
}

export const defaultSeed = 1
export const defaultBudget = 200

/**
 * Checks an implementation against every requirement of the profiles that it claims.
 *
 * @throws AdapterError if an adapter does not start; what it does wrong later is in the report
 */
export async function checkConformance(target: Target, options: SuiteOptions = {}): Promise<SuiteResult> {
  const runner = await createRunner(target)
  const forget = onAbort(options.signal, () => void runner.close())
  try {
    return await runOn(runner, target, options)
  } finally {
    forget()
    await runner.close()
  }
}

async function runOn(runner: Runner, target: Target, options: SuiteOptions): Promise<SuiteResult> {
  const { seed = defaultSeed, budget = defaultBudget, shard = null, signal, onProgress } = options
  const { hello } = runner
  const { profiles } = loadSpec()
  const drawn = casesOf({ hello, seed, budget, kinds: options.cases })
  const source = options.source?.(drawn) ?? drawn
  const numbers = Array.from({ length: source.count }, (_, number) => number).filter(
    (number) => shard === null || number % shard.of === shard.index - 1,
  )
  const runs = {
    signal,
    onRun: (done: number, label: string, failures: number) =>
      onProgress?.({ done, total: numbers.length, label, failures }),
  }
  const { parallel } = options
  const tally =
    parallel === undefined
      ? await runAll(runner, source, numbers, runs)
      : await parallel.workers.run({ origin: parallel.origin, seed, budget, kinds: options.cases, numbers }, runs)
  const surface = surfaceOfHello(hello)
  const selected = selectRequirements(surface, options)
  const notes = noteStrangers(surface, tally, selected, hello.profiles)
  const outcomes = outcomesOf(selected, hello, tally, options.known ?? [])
  const failing = outcomes.filter(({ verdict }) => verdict === 'fail')
  const counterexamples: Counterexample[] = []
  for (const [index, { requirement }] of failing.entries()) {
    onProgress?.({
      done: index,
      total: failing.length,
      label: `shrinking a failure of ${requirement}`,
      failures: failing.length,
    })
    const finding = tally.findings.get(requirement)!
    counterexamples.push(await shrinkFinding(runner, finding, seed, shrinkLimits(target, options)))
  }
  return {
    counterexamples,
    report: {
      format: 'swarmcheck-report',
      version: 1,
      swarmcheck: packageVersion,
      spec: specVersion,
      implementation: hello,
      command: options.command ?? null,
      suite: surface,
      seed,
      shard,
      strict: options.strict ?? false,
      runs: {
        scenarios: tally.scenarios,
        steps: tally.steps,
        deliveries: tally.deliveries,
        simulated: tally.simulated,
      },
      outcomes: outcomes.map((outcome) => withCounterexample(outcome, counterexamples, options.place)),
      coverage: {
        transitions: transitionsOf(surface, tally),
        situations: countsOf(tally.situations),
        faults: countsOf(tally.faults),
        outside: countsOf(tally.outside),
        skipped: countsOf(tally.skipped),
        deliveries: countsOf(tally.messages),
        operations: countsOf(tally.operations),
        results: countsOf(tally.results),
        searches: [],
      },
      errors: [...claimProblems(hello, profiles), ...tally.errors],
      notes,
      interrupted: signal?.aborted === true,
    },
  }
}

/** The requirements that a run reports on. */
function selectRequirements(surface: string, { profiles, requirements }: SuiteOptions): Requirement[] {
  return loadSpec().requirements.filter(
    ({ slug, profile, until }) =>
      surfaceOf(slug) === surface &&
      until === null &&
      (profiles === undefined || profiles.includes(profile)) &&
      (requirements === undefined || requirements.includes(slug)),
  )
}

/** A run ends at its first violation. Those that no outcome tells of are told otherwise, so that nothing is hidden. */
function noteStrangers(
  surface: string,
  tally: Tally,
  selected: readonly Requirement[],
  claimed: readonly string[],
): string[] {
  const all = loadSpec().requirements
  return [...tally.findings].flatMap(([requirement, { scenario, violation }]) => {
    const entry = all.find(({ slug }) => slug === requirement)
    const runs = `${tally.failures.get(requirement)} of ${tally.scenarios} runs`
    if (entry === undefined || surfaceOf(requirement) !== surface) {
      tally.errors.push(`${scenario.name}: ${requirement}: ${violation.text} (${runs})`)
      return []
    }
    if (claimed.includes(entry.profile) && selected.includes(entry)) return []
    const why = claimed.includes(entry.profile) ? 'not asked for' : `of profile ${entry.profile}, which is not claimed`
    return [`${runs} broke ${requirement}, ${why}, in ${scenario.name}: ${violation.text}`]
  })
}

/** Transitions of the member model, also those that were not seen; without member paths, changes of role. */
function transitionsOf(surface: SurfaceName, { transitions, roles }: Tally): Counts {
  const { pathScenarios, transitionNames } = suiteOf<SurfaceName>(surface)
  // Paths that are scenarios like others: every run takes transitions.
  const taken = pathScenarios === undefined ? transitions : roles
  if (taken.size === 0) return countsOf(roles)
  return Object.fromEntries(transitionNames().map((name) => [name, taken.get(name) ?? 0]))
}

/** In this process only executions are counted, so that equal seeds give equal bytes on every machine. */
function shrinkLimits(target: Target, { executions, shrinkTime = 20_000, signal }: SuiteOptions) {
  const aborted = (): boolean => signal?.aborted === true
  if (target.kind === 'in-process') return { executions: executions ?? 2000, stop: aborted }
  const end = performance.now() + shrinkTime
  return { executions: executions ?? 500, stop: () => aborted() || performance.now() > end }
}

function withCounterexample(
  outcome: Outcome,
  counterexamples: readonly Counterexample[],
  place: SuiteOptions['place'],
): Outcome {
  const counterexample = counterexamples.find(({ requirement }) => requirement === outcome.requirement)
  if (counterexample === undefined) return outcome
  const { trace = null, replay = '' } = place?.(counterexample) ?? {}
  return { ...outcome, replay, counterexample: shownOf(counterexample, trace) }
}
