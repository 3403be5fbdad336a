/** The suite of a Docker Engine: one is started, in a network of its own, and checked for addresses, names and plugins. */
import { AdapterError } from '../../../impl/contract/adapter-error.ts'
import { engineAddresses } from '../../../impl/third-party/docker-engine/addresses.ts'
import { lackOfLab, Lab } from '../../../impl/third-party/docker-engine/lab.ts'
import { slugs } from '../../../properties/ipam/requirements.ts'
import { caller } from '../../../properties/plugin/requirements.ts'
import { combineReports, type KnownFailure, type Outcome, type Report } from '../../../traces/report.ts'
import { onAbort } from '../abort.ts'
import { checkCaller } from '../plugin/caller.ts'
import { describeError } from '../runs.ts'
import type { CaseKind } from '../scenarios.ts'
import { type Finding, outcomeOf, scriptedReport, type Selection, selectRequirements } from '../scripted.ts'
import { loadSpec, surfaceOf } from '../spec.ts'
import { checkConformance, type SuiteProgress, type SuiteOptions } from '../suite.ts'
import { engineHost } from './caller.ts'
import { checkLeftovers } from './leftovers.ts'
import { checkNames, nameRequirements } from './names.ts'
import { everything, wellKnown } from './scenarios.ts'

export interface EngineSuiteOptions extends Selection {
  readonly seed?: number
  /** Random schedules of addresses, of each of two kinds. Default 8: a schedule takes some seconds. */
  readonly budget?: number
  readonly known?: readonly KnownFailure[]
  readonly strict?: boolean
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: SuiteProgress) => void
}

const defaultBudget = 8
/** Milliseconds for making one failure small: a run of an engine takes some seconds. Of what is known, none are worth it. */
const shrinkTimes = { unknown: 4_000, known: 300 } as const

const addressProfiles = ['ipam-core', 'ipam-local']

/** Of addresses, what an engine may be asked for. */
const addressRequirements: ReadonlySet<string> = new Set(
  loadSpec()
    .requirements.filter(({ slug, profile }) => surfaceOf(slug) === 'ipam' && addressProfiles.includes(profile))
    .map(({ slug }) => slug),
)

const callerRequirements: ReadonlySet<string> = new Set(Object.values(caller))

/** Requirements that the suite puts to the test. */
export const engineRequirements: ReadonlySet<string> = new Set([
  ...addressRequirements,
  ...nameRequirements,
  ...callerRequirements,
])

/** Begins the note of a run that could not be. */
export const noEngine = 'no engine can be started here'

/** Starts an engine for each part, and checks it. What this machine lacks is in the report. */
export async function runEngineSuite(options: EngineSuiteOptions): Promise<Report> {
  const lack = await lackOfLab()
  if (lack !== null) return withoutEngine(lack, options)
  const parts = [addresses, leftovers, names, plugins]
  const reports: Report[] = []
  for (const part of parts) if (options.signal?.aborted !== true) reports.push(...(await part(options)))
  const [first] = reports
  if (first === undefined) return told({ outcomes: [], errors: [], notes: [] }, options)
  return { ...combineReports(reports), suite: 'engine', implementation: first.implementation }
}

interface Told {
  readonly outcomes: readonly Outcome[]
  readonly errors: readonly string[]
  readonly notes: readonly string[]
}

const told = (found: Told, { strict, signal }: EngineSuiteOptions): Report =>
  scriptedReport({
    ...found,
    suite: 'engine',
    command: null,
    strict: strict ?? false,
    interrupted: signal?.aborted === true,
  })

/** What cannot be tested here is demanded all the same: nobody is to take silence for conformance. */
function withoutEngine(lack: string, options: EngineSuiteOptions): Report {
  const reason = `${noEngine}: ${lack}`
  const outcomes = selectRequirements(engineRequirements, options).map((each) => ({
    ...outcomeOf(each, [], options.known, reason),
    claimed: true,
  }))
  return told({ outcomes, errors: [], notes: [reason] }, options)
}

/** What the API of an engine has no words for, or what cannot be seen through it. */
const unasked: ReadonlySet<string> = new Set([
  slugs.spacesAreApart,
  slugs.releaseIdempotent,
  slugs.releaseOutside,
  slugs.durableBeforeAnswer,
  slugs.restoresTable,
])

const unsupported = (outcome: Outcome, reason: string): Outcome => ({
  ...outcome,
  claimed: false,
  verdict: 'unsupported',
  exercised: 0,
  reason,
})

/** What was not put to the test because it could not be asked. */
function withoutUnasked(outcomes: readonly Outcome[]): Outcome[] {
  const grantsAll = outcomes.find(({ requirement }) => requirement === slugs.grantsFreeSubnet)?.verdict !== 'fail'
  return outcomes.map((outcome) => {
    const { requirement, verdict } = outcome
    if (unasked.has(requirement)) return unsupported(outcome, 'the API of an engine has no words for it')
    if (requirement === slugs.pointToPoint && verdict === 'inconclusive' && !grantsAll)
      return unsupported(outcome, 'it grants no subnet without a network address')
    return outcome
  })
}
/** An engine for one part; what ends it is an error of the report. */
async function withLab<Result>(
  { signal }: EngineSuiteOptions,
  errors: string[],
  work: (lab: Lab) => Promise<Result>,
): Promise<Result | null> {
  let lab: Lab | null = null
  let forget = (): void => {}
  try {
    const started = await Lab.start()
    lab = started
    forget = onAbort(signal, () => void started.close())
    return await work(started)
  } catch (error) {
    if (signal?.aborted === true) return null
    if (!(error instanceof AdapterError)) throw error
    errors.push(describeError(error))
    return null
  } finally {
    forget()
    await lab?.close()
  }
}

async function addresses(options: EngineSuiteOptions): Promise<Report[]> {
  if (selectRequirements(addressRequirements, options).length === 0) return []
  const { budget = defaultBudget, seed = 1 } = options
  const errors: string[] = []
  const reports = await withLab(options, errors, async (lab) => {
    const engine = await engineAddresses(lab)
    const shrinkTime = (options.known ?? []).length > 0 ? shrinkTimes.known : shrinkTimes.unknown
    const target = { kind: 'plugin', connect: async () => engine } as const
    const check = async (source: SuiteOptions['source'], cases: readonly CaseKind[] | undefined, from: number) => {
      const { profiles, requirements } = options
      const own = { ...options, ...(profiles && { profiles }), ...(requirements && { requirements }) }
      const { report } = await checkConformance(target, {
        ...own,
        budget,
        seed: from,
        cases,
        source: source!,
        shrinkTime,
      })
      return { ...report, outcomes: withoutUnasked(report.outcomes) }
    }
    return [await check(everything, undefined, seed), await check(wellKnown, ['schedules'], seed + 1)]
  })
  return [...(reports ?? []), ...(errors.length === 0 ? [] : [told({ outcomes: [], errors, notes: [] }, options)])]
}

type Look = (lab: Lab) => Promise<{ readonly findings: readonly Finding[]; readonly notes: readonly string[] }>

async function scripted(slugs: ReadonlySet<string>, look: Look, options: EngineSuiteOptions): Promise<Report[]> {
  const selected = selectRequirements(slugs, options)
  if (selected.length === 0) return []
  const errors: string[] = []
  const { findings, notes } = (await withLab(options, errors, look)) ?? { findings: [], notes: [] }
  return [told({ outcomes: selected.map((each) => outcomeOf(each, findings, options.known)), errors, notes }, options)]
}

/** What is left of a refused network by an engine, which the schedules would end too early to see. */
const leftovers = (options: EngineSuiteOptions): Promise<Report[]> =>
  scripted(
    new Set([slugs.refusalChangesNothing]),
    async (lab) => ({ findings: await checkLeftovers(lab), notes: [] }),
    options,
  )

/** Progress of a script, whose checks are not counted before. */
const progressOf = ({ onProgress }: EngineSuiteOptions) => {
  let done = 0
  return (label: string): void => onProgress?.({ done: ++done, total: done + 1, label, failures: 0 })
}

const names = (options: EngineSuiteOptions): Promise<Report[]> =>
  scripted(
    nameRequirements,
    (lab) => checkNames(lab, { signal: options.signal, onCheck: progressOf(options) }),
    options,
  )

const plugins = (options: EngineSuiteOptions): Promise<Report[]> =>
  scripted(
    callerRequirements,
    async (lab) => ({
      findings: await checkCaller(engineHost(lab), { signal: options.signal, onCheck: progressOf(options) }),
      notes: [],
    }),
    options,
  )
