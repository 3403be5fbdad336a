/** Suites that are scripts: checks that judge as they go, and the report on what they found. */
import { excerpt } from '../../impl/contract/adapter-error.ts'
import type { KnownFailure, Outcome, Report } from '../../traces/report.ts'
import { packageVersion } from './package-files.ts'
import { loadSpec, specVersion, type Requirement } from './spec.ts'

const longestReason = 200

/** What one look at one requirement found. */
export interface Finding {
  readonly requirement: string
  readonly verdict: 'pass' | 'fail' | 'inconclusive' | 'unsupported'
  /** The check that looked. */
  readonly check: string
  /** What was found; empty where it is as it should be. */
  readonly reason: string
}

/** What a script has found so far. */
export class Findings {
  readonly findings: Finding[] = []
  #check: string

  constructor(check = '') {
    this.#check = check
  }

  /** What follows is found by this check. */
  begin(check: string): void {
    this.#check = check
  }

  judge(requirement: string, holds: boolean, reason: string): void {
    this.#add(requirement, holds ? 'pass' : 'fail', holds ? '' : reason)
  }

  undecided(requirement: string, verdict: 'inconclusive' | 'unsupported', reason: string): void {
    this.#add(requirement, verdict, reason)
  }

  #add(requirement: string, verdict: Finding['verdict'], reason: string): void {
    this.findings.push({ requirement, verdict, check: this.#check, reason: excerpt(reason, longestReason) })
  }
}

export interface Selection {
  readonly profiles?: readonly string[] | undefined
  readonly requirements?: readonly string[] | undefined
}

/** Requirements of SPEC.md among these, as far as they were asked for. */
export const selectRequirements = (slugs: ReadonlySet<string>, { profiles, requirements }: Selection): Requirement[] =>
  loadSpec().requirements.filter(
    ({ slug, profile }) =>
      slugs.has(slug) &&
      (profiles === undefined || profiles.includes(profile)) &&
      (requirements === undefined || requirements.includes(slug)),
  )

const mostReasons = 3

/** What was found, each once. */
function reasonOf(found: readonly Finding[]): string {
  const all = [...new Set(found.flatMap(({ check, reason }) => (reason === '' ? [] : [`${check}: ${reason}`])))]
  const more = all.length - mostReasons
  return more > 0 ? `${all.slice(0, mostReasons).join('; ')}; and ${more} more` : all.join('; ')
}

/** The verdict on a requirement: the worst of what was found. `lack`: why nothing was looked at, where that is known. */
export function outcomeOf(
  { slug, level, profile, sentence, source }: Requirement,
  findings: readonly Finding[],
  known: readonly KnownFailure[] = [],
  lack: string | null = null,
): Outcome {
  const own = findings.filter(({ requirement }) => requirement === slug)
  const of = (verdict: Finding['verdict']): Finding[] => own.filter((each) => each.verdict === verdict)
  const worst = of('fail')[0] ?? of('pass')[0] ?? of('inconclusive')[0] ?? of('unsupported')[0]
  const verdict = worst?.verdict ?? (lack === null ? 'inconclusive' : 'unsupported')
  return {
    requirement: slug,
    level,
    profile,
    sentence,
    source,
    // What it does not offer is not demanded.
    claimed: verdict !== 'unsupported',
    verdict,
    exercised: of('fail').length + of('pass').length,
    reason: worst === undefined ? (lack ?? 'never put to the test') : reasonOf(of(worst.verdict)),
    replay: '',
    counterexample: null,
    known: known.find((failure) => failure.requirement === slug) ?? null,
  }
}

/** A report without schedules. */
export const scriptedReport = (
  told: Pick<Report, 'suite' | 'command' | 'strict' | 'outcomes' | 'errors' | 'notes' | 'interrupted'>,
): Report => ({
  format: 'swarmcheck-report',
  version: 1,
  swarmcheck: packageVersion,
  spec: specVersion,
  implementation: null,
  seed: 1,
  shard: null,
  runs: { scenarios: 0, steps: 0, deliveries: 0, simulated: 0 },
  coverage: {
    transitions: {},
    situations: {},
    faults: {},
    outside: {},
    skipped: {},
    deliveries: {},
    operations: {},
    results: {},
    searches: [],
  },
  ...told,
})
