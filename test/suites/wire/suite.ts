/** The wire suite: a member of SWIM as a process, among peers that the suite plays over real sockets. */
import { AdapterError } from '../../../impl/contract/adapter-error.ts'
import { type Profile as Timing, profiles as timings } from '../../../impl/real/swim/profiles.ts'
import type { KnownFailure, Outcome, Report } from '../../../traces/report.ts'
import { packageVersion } from '../package-files.ts'
import type { SuiteProgress } from '../suite.ts'
import { describeError } from '../runs.ts'
import { loadSpec, specVersion, type Requirement } from '../spec.ts'
import { always, type Check, checks as plainChecks, type Need } from './checks.ts'
import { alwaysSealed, encryptionChecks } from './encryption.ts'
import { gossip } from './requirements.ts'
import { BrokenOff, type Judgement, Scene } from './scene.ts'
import type { Secrecy } from './seal.ts'
import { Stalls } from './stalls.ts'
import type { Start } from './subject.ts'

export type { Timing }
export const timingNames = Object.keys(timings) as Timing[]

export interface WireOptions {
  /** How fast the member is, by the name of memberlist's own settings. Default local. */
  readonly timing?: Timing
  /** With what its gossip is encrypted, and its label; null for gossip in the clear, which is the default. */
  readonly secrecy?: Secrecy | null
  /** Whether its keys can be changed while it runs. Default: no. */
  readonly rotates?: boolean
  readonly profiles?: readonly string[] | undefined
  readonly requirements?: readonly string[] | undefined
  readonly known?: readonly KnownFailure[]
  readonly strict?: boolean
  /** The command of the process, for the report; null for the reference. */
  readonly command?: string | null
  /** Checks that run side by side. Default 4: they wait most of the time. */
  readonly jobs?: number | undefined
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: SuiteProgress) => void
}

const checks: readonly Check[] = [...encryptionChecks, ...plainChecks]

/** Requirements that the suite puts to the test. */
export const wireRequirements: ReadonlySet<string> = new Set([
  ...always,
  ...alwaysSealed,
  ...checks.flatMap((each) => each.requirements),
])

interface Result {
  readonly check: Check
  readonly judgements: readonly Judgement[]
  readonly errors: readonly string[]
  readonly notes: readonly string[]
}

/** Checks a member. What it does wrong is in the report. @throws AdapterError if none can be started at all */
export async function runWireSuite(start: Start, options: WireOptions = {}): Promise<Report> {
  const { timing = 'local', secrecy = null, jobs = 4, signal, onProgress } = options
  const selected = select(options)
  const slugs = new Set(selected.map(({ slug }) => slug))
  const labelled = secrecy === null || secrecy.label === '' ? [] : [gossip.labelFirst]
  const everywhere = [...always, ...(secrecy === null ? [] : alwaysSealed), ...labelled]
  const planned = checks.filter(
    (check) => lacks(check, options) === null && [...everywhere, ...check.requirements].some((slug) => slugs.has(slug)),
  )
  const stalls = new Stalls()
  const setup = { start, options: timings[timing], stalls, signal, secrecy }
  const results: Result[] = []
  let failures = 0
  try {
    // Where nothing can be started, there is nothing to report on.
    await (await Scene.start(setup)).close()
    const queue = [...planned]
    const lane = async (): Promise<void> => {
      for (let check = queue.shift(); check !== undefined && signal?.aborted !== true; check = queue.shift()) {
        const result = await carryOut(check, setup, slugs)
        results.push(result)
        if (result.judgements.some(({ verdict }) => verdict === 'fail')) failures++
        onProgress?.({ done: results.length, total: planned.length, label: check.name, failures })
      }
    }
    await Promise.all(Array.from({ length: jobs }, lane))
  } finally {
    stalls.close()
  }
  results.sort((left, right) => checks.indexOf(left.check) - checks.indexOf(right.check))
  return {
    format: 'swarmcheck-report',
    version: 1,
    swarmcheck: packageVersion,
    spec: specVersion,
    implementation: null,
    command: options.command ?? null,
    suite: 'wire',
    seed: 1,
    shard: null,
    strict: options.strict ?? false,
    runs: { scenarios: 0, steps: 0, deliveries: 0, simulated: 0 },
    outcomes: selected.map((requirement) => outcomeOf(requirement, results, options)),
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
    errors: results.flatMap(({ errors }) => errors),
    notes: results.flatMap(({ notes }) => notes),
    interrupted: signal?.aborted === true,
  }
}

function select({ profiles, requirements }: WireOptions): Requirement[] {
  return loadSpec().requirements.filter(
    ({ slug, profile }) =>
      wireRequirements.has(slug) &&
      (profiles === undefined || profiles.includes(profile)) &&
      (requirements === undefined || requirements.includes(slug)),
  )
}

const reasons: Readonly<Record<Need, string>> = {
  key: 'no key was given',
  label: 'no label was given',
  rotation: 'nothing was said about how keys are changed',
}

/** Why a check cannot be carried out; null where it can. */
function lacks({ needs = [] }: Check, { secrecy = null, rotates = false }: WireOptions): string | null {
  const has: Readonly<Record<Need, boolean>> = {
    key: secrecy !== null,
    label: secrecy !== null && secrecy.label !== '',
    rotation: rotates,
  }
  const lacking = needs.find((need) => !has[need])
  return lacking === undefined ? null : reasons[lacking]
}

/** Why no check of a requirement can be carried out; null where one can. */
function lackingFor(slug: string, options: WireOptions): string | null {
  if (alwaysSealed.includes(slug)) return (options.secrecy ?? null) === null ? reasons.key : null
  const own = checks.filter(({ requirements }) => requirements.includes(slug)).map((check) => lacks(check, options))
  return always.includes(slug) || own.includes(null) ? null : (own[0] ?? null)
}

type Setup = Parameters<typeof Scene.start>[0]

const mostAttempts = 4

/**
 * Carries out a check; again, with another member, where something did not come about in time, or this machine was too
 * busy to tell. What was late counts if it is late twice.
 */
async function carryOut(check: Check, setup: Setup, selected: ReadonlySet<string>): Promise<Result> {
  const attempts: Result[] = []
  const lateIn = ({ judgements }: Result, requirement: string): boolean =>
    judgements.some((each) => each.late && each.verdict === 'fail' && each.requirement === requirement)
  const isTwice = (requirement: string): boolean => attempts.filter((each) => lateIn(each, requirement)).length > 1
  const isOpen = ({ late, verdict, requirement }: Judgement): boolean =>
    late && (verdict !== 'fail' || !isTwice(requirement))
  // What nobody asked for is worth another try only where it kept the rest from being judged.
  const isWorthIt = ({ judgements }: Result): boolean => {
    const isJudged = judgements.some(({ requirement }) => selected.has(requirement))
    return judgements.some((each) => isOpen(each) && (selected.has(each.requirement) || !isJudged))
  }
  do attempts.push(await attempt(check, setup))
  while (isWorthIt(attempts.at(-1)!) && attempts.length < mostAttempts && setup.signal?.aborted !== true)

  const all = attempts.flatMap(({ judgements }) => judgements)
  const isOnce = (each: Judgement): boolean => each.late && each.verdict === 'fail' && !isTwice(each.requirement)
  return {
    check,
    judgements: all.filter((each) => !isOnce(each)),
    errors: attempts.flatMap(({ errors }) => errors),
    notes: all
      .filter(isOnce)
      .map(({ requirement, reason }) => `${requirement}: ${reason}, in one of ${attempts.length} attempts`),
  }
}

async function attempt(check: Check, setup: Setup): Promise<Result> {
  let scene: Scene
  try {
    scene = await Scene.start(setup)
  } catch (error) {
    if (!(error instanceof AdapterError)) throw error
    const errors = setup.signal?.aborted === true ? [] : [`${check.name}: ${describeError(error)}`]
    return { check, judgements: [], errors, notes: [] }
  }
  const failures: string[] = []
  try {
    await check.run(scene)
  } catch (error) {
    if (error instanceof AdapterError) failures.push(`${check.name}: ${describeError(error)}`)
    else if (!(error instanceof BrokenOff)) throw error
  } finally {
    await scene.finish()
  }
  const unreadable = (check.echoes === true ? [] : scene.unreadable).map(
    (text) => `${check.name}: what it sends cannot be read: ${text}`,
  )
  return { check, judgements: scene.judgements, errors: [...failures, ...unreadable], notes: [] }
}

const mostReasons = 3

/** What was found, each once. */
function reasonOf(found: readonly { readonly check: string; readonly reason: string }[]): string {
  const all = [...new Set(found.flatMap(({ check, reason }) => (reason === '' ? [] : [`${check}: ${reason}`])))]
  const more = all.length - mostReasons
  return more > 0 ? `${all.slice(0, mostReasons).join('; ')}; and ${more} more` : all.join('; ')
}

function outcomeOf(requirement: Requirement, results: readonly Result[], options: WireOptions): Outcome {
  const { slug, level, profile, sentence, source } = requirement
  const own = results.flatMap(({ check, judgements }) =>
    judgements.filter((each) => each.requirement === slug).map((each) => ({ ...each, check: check.name })),
  )
  const of = (verdict: Judgement['verdict']) => own.filter((each) => each.verdict === verdict)
  const worst = of('fail')[0] ?? of('pass')[0] ?? of('inconclusive')[0] ?? of('unsupported')[0]
  const lacking = worst === undefined ? lackingFor(slug, options) : null
  const verdict = worst?.verdict ?? (lacking === null ? 'inconclusive' : 'unsupported')
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
    reason: worst === undefined ? (lacking ?? 'never put to the test') : reasonOf(of(worst.verdict)),
    replay: '',
    counterexample: null,
    known: options.known?.find((failure) => failure.requirement === slug) ?? null,
  }
}
