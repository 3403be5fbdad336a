/** The wire suite: a member of SWIM as a process, among peers that the suite plays over real sockets. */
import { AdapterError } from '../../../impl/contract/adapter-error.ts'
import { type Profile as Timing, profiles as timings } from '../../../impl/real/swim/profiles.ts'
import type { KnownFailure, Report } from '../../../traces/report.ts'
import type { SuiteProgress } from '../suite.ts'
import { describeError } from '../runs.ts'
import { outcomeOf, scriptedReport, selectRequirements } from '../scripted.ts'
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
  const selected = selectRequirements(wireRequirements, options)
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
  const findings = results.flatMap(({ check, judgements }) =>
    judgements.map((each) => ({ ...each, check: check.name })),
  )
  return scriptedReport({
    suite: 'wire',
    command: options.command ?? null,
    strict: options.strict ?? false,
    outcomes: selected.map((each) => outcomeOf(each, findings, options.known, lackingFor(each.slug, options))),
    errors: results.flatMap(({ errors }) => errors),
    notes: results.flatMap(({ notes }) => notes),
    interrupted: signal?.aborted === true,
  })
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
