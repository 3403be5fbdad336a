/** The outcome of a suite: a verdict a requirement, what was covered, and what the process should exit with. */
import type { AnyHello } from '../surface.ts'
import type { Story } from '../show/story.ts'

export type Level = 'MUST' | 'SHOULD' | 'MAY'

/**
 * `fail`: seen broken. `pass`: put to the test, never seen broken. `inconclusive`: never put to the test, or not long
 * enough. `unsupported`: the implementation does not offer what it takes. `error`: the adapter failed, not the protocol.
 */
export type Verdict = 'pass' | 'fail' | 'unsupported' | 'inconclusive' | 'error'

export const verdicts: readonly Verdict[] = ['fail', 'error', 'inconclusive', 'unsupported', 'pass']

/** A failure, shrunk and drawn, as text that is safe to print but not to put into markup. */
export interface ShownCounterexample {
  /** What happened. */
  readonly text: string
  /** What the model allowed instead. */
  readonly allowed: string
  readonly node: string | null
  /** The scenario in text form. */
  readonly scenario: string
  /** Number of its steps. */
  readonly steps: number
  /** What led to it, for diagrams. */
  readonly story: Story
  /** Events around the violation, an aligned line each. */
  readonly log: string
  /** What each node was like at the violation, a table. */
  readonly states: string
  /** Name of the run that found it. */
  readonly found: string
  /** How the scenario was shrunk: executions, and whether nothing more can be taken away. */
  readonly shrunk: { readonly executions: number; readonly complete: boolean }
  /** In how many tries out of how many it fails again. */
  readonly reproduced: { readonly failures: number; readonly tries: number }
  /** File that holds the trace, if one was written. */
  readonly trace: string | null
}

/** A failure that is known and accepted for now. */
export interface KnownFailure {
  readonly requirement: string
  readonly reason: string
  readonly link: string
}

/** The verdict on one requirement. */
export interface Outcome {
  readonly requirement: string
  readonly level: Level
  readonly profile: string
  readonly sentence: string
  readonly source: string
  /** Whether the implementation claims the profile. */
  readonly claimed: boolean
  readonly verdict: Verdict
  /** How often it was put to the test. */
  readonly exercised: number
  /** Why it is not `pass`, in a few words; empty where the verdict says it all. */
  readonly reason: string
  /** Command that shows it again; empty if there is none. */
  readonly replay: string
  readonly counterexample: ShownCounterexample | null
  /** Set where the file of expected failures names the requirement. */
  readonly known: KnownFailure | null
}

export type Counts = Readonly<Record<string, number>>

export interface Coverage {
  /** Member model transitions, by name: how often each was observed; 0 for those that were not. */
  readonly transitions: Counts
  /** Rare situations that scenarios lead to: how often each was reached; 0 for those that were not. */
  readonly situations: Counts
  /** Faults that had an effect, by kind. */
  readonly faults: Counts
  /** Faults and operations outside of what the implementation assumes or offers, which were left out. */
  readonly outside: Counts
  /** Steps that could not be carried out (no leader, node down), by name. */
  readonly skipped: Counts
  /** Deliveries, by kind of message. */
  readonly deliveries: Counts
  /** Operations that were asked, by type. */
  readonly operations: Counts
  /** Results of operations, by status. */
  readonly results: Counts
  /** Searches of models: how far each went. */
  readonly searches: readonly { readonly name: string; readonly states: number; readonly exhausted: boolean }[]
}

export const reportVersion = 1

export interface Report {
  readonly format: 'swarmcheck-report'
  readonly version: typeof reportVersion
  /** Version of Swarmcheck. */
  readonly swarmcheck: string
  /** Version of SPEC.md. */
  readonly spec: number
  readonly implementation: AnyHello | null
  /** Command of the adapter; null for an implementation in this process. */
  readonly command: string | null
  /** Command that makes this report again, without its shard; absent if no command made it. */
  readonly rerun?: string | undefined
  readonly suite: string
  readonly seed: number
  /** Which part of the suite this is: `index` of `of`, from 1; null for the whole. */
  readonly shard: { readonly index: number; readonly of: number } | null
  /** Whether SHOULD counts like MUST. */
  readonly strict: boolean
  readonly runs: {
    readonly scenarios: number
    readonly steps: number
    readonly deliveries: number
    /** Simulated milliseconds. */
    readonly simulated: number
  }
  readonly outcomes: readonly Outcome[]
  readonly coverage: Coverage
  /** Failures of the adapter or of its use, each with its last words. */
  readonly errors: readonly string[]
  /** What a reader should know of the run, in sentences. */
  readonly notes: readonly string[]
  /** Whether the run was interrupted before its end. */
  readonly interrupted: boolean
}

/** Whether the requirement decides about conformance: every MUST, with `strict` every SHOULD, of what is claimed. */
export function binding({ level, claimed }: Pick<Outcome, 'level' | 'claimed'>, strict: boolean): boolean {
  return claimed && (level === 'MUST' || (strict && level === 'SHOULD'))
}

/** Failures of binding requirements that are not known. */
export function newFailures({ outcomes, strict }: Report): Outcome[] {
  return outcomes.filter((outcome) => outcome.verdict === 'fail' && outcome.known === null && binding(outcome, strict))
}

/** Known failures that pass now. */
export function unexpectedPasses({ outcomes }: Report): Outcome[] {
  return outcomes.filter((outcome) => outcome.verdict === 'pass' && outcome.known !== null)
}

/** 1 not conformant; else 3 the adapter failed, or the run was interrupted; else 2 inconclusive; else 0. */
export function exitCode(report: Report): 0 | 1 | 2 | 3 {
  if (newFailures(report).length > 0) return 1
  const bound = report.outcomes.filter((outcome) => binding(outcome, report.strict))
  const failed = bound.some(({ verdict }) => verdict === 'error')
  if (failed || report.errors.length > 0 || report.interrupted) return 3
  return bound.some(({ verdict }) => verdict === 'inconclusive' || verdict === 'unsupported') ? 2 : 0
}

/** Binding requirements that came to no verdict. */
export function undecided({ outcomes, strict }: Report): Outcome[] {
  const decided: readonly Verdict[] = ['pass', 'fail']
  return outcomes.filter((outcome) => binding(outcome, strict) && !decided.includes(outcome.verdict))
}

/** The result in one sentence. */
export function conclusion(report: Report): string {
  const { outcomes, strict } = report
  const failed = outcomes.filter(({ verdict, known }) => verdict === 'fail' && known === null)
  const others = failed.filter((outcome) => !binding(outcome, strict)).length
  const aside =
    others === 0 ? '' : `; ${counted(others, 'optional requirement fails', 'optional requirements fail')}, too`
  const code = exitCode(report)
  if (code === 1)
    return `not conformant: ${counted(failed.length - others, 'requirement fails', 'requirements fail')}${aside}`
  if (report.interrupted) return 'interrupted: the results so far are not all'
  if (code === 3) return 'the adapter failed: its verdicts are not all'
  if (code === 2)
    return `inconclusive: ${counted(undecided(report).length, 'requirement has', 'requirements have')} no verdict${aside}`
  const known = outcomes.some(({ verdict, known }) => verdict === 'fail' && known !== null)
  return `conformant${known ? ' but for known failures' : ''}${aside}`
}

/** How many outcomes have each verdict. */
export function tally(outcomes: readonly Outcome[]): Record<Verdict, number> {
  const counts: Record<Verdict, number> = { fail: 0, error: 0, inconclusive: 0, unsupported: 0, pass: 0 }
  for (const { verdict } of outcomes) counts[verdict]++
  return counts
}

/** Outcomes by profile, both in the order in which they came. */
export function byProfile(outcomes: readonly Outcome[]): ReadonlyMap<string, readonly Outcome[]> {
  const profiles = new Map<string, Outcome[]>()
  for (const outcome of outcomes) {
    const profile = profiles.get(outcome.profile)
    if (profile === undefined) profiles.set(outcome.profile, [outcome])
    else profile.push(outcome)
  }
  return profiles
}

/** Whether nothing of a profile is claimed, nor was anything of it judged nevertheless. */
export function isUnclaimed(outcomes: readonly Outcome[]): boolean {
  return outcomes.every(({ claimed, verdict }) => !claimed && verdict === 'unsupported')
}

/** A count and what is counted. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${grouped(count)} ${count === 1 ? one : many}`
}

/** What was run, in parts. */
export function runsOf({ runs }: Report): string[] {
  const seconds = Math.round(runs.simulated / 1000)
  if (runs.scenarios === 0) return []
  return [
    counted(runs.scenarios, 'scenario'),
    counted(runs.steps, 'step'),
    counted(runs.deliveries, 'delivery', 'deliveries'),
    counted(seconds, 'simulated second'),
  ]
}

/** The command that makes the report again; null if no command made it. */
export function rerunOf({ rerun, shard }: Report): string | null {
  if (rerun === undefined) return null
  return shard === null ? rerun : `${rerun} --shard ${shard.index}/${shard.of}`
}

/** A count with thousands apart: `12,345`. */
export function grouped(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ',')
}
