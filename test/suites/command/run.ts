/** `swarmcheck run`: a suite on an implementation, or one scenario. */
import { availableParallelism } from 'node:os'
import {
  combineReports,
  createProgress,
  exitCode,
  readKnownFailures,
  renderReport,
  reportFiles,
  summaryOf,
  tallyOf,
  type KnownFailure,
  type Report,
  type Reporter,
  type SuiteSummary,
} from '../../../traces/report.ts'
import { AdapterError } from '../../../impl/contract/adapter-error.ts'
import { spawnAdapter } from '../../../impl/contract/stdio.ts'
import { runEngineSuite } from '../engine/suite.ts'
import { runPluginSuite } from '../plugin/suite.ts'
import { runAdapterSuite } from '../adapter/report.ts'
import { defaultSeed, checkConformance, type SuiteProgress } from '../suite.ts'
import { hasWorkers, WorkerPool } from '../jobs.ts'
import { variants } from '../surfaces/form.ts'
import type { CaseKind } from '../scenarios.ts'
import type { SurfaceName } from '../../../traces/surface.ts'
import { loadSpec } from '../spec.ts'
import { startProcess, startReference } from '../wire/subject.ts'
import { runWireSuite, type Timing } from '../wire/suite.ts'
import type { Counterexample } from '../counterexample.ts'
import { counterexampleFiles, filesOf, readInput, writeFiles } from './files.ts'
import {
  adapterOf,
  endpointOf,
  isSurface,
  checkTested,
  keyCommandOf,
  processOf,
  quote,
  type SecrecyOptions,
  secrecyOf,
  everySuite,
  type SuiteName,
  targetOf,
  type TargetOptions,
} from './options.ts'
import { exits, usesColors, UsageError, widthOf, type Terminal } from './terminal.ts'

export interface RunOptions extends Omit<TargetOptions, 'suite'>, SecrecyOptions {
  /** If absent, what an adapter offers; Raft where none is named. */
  readonly suite?: SuiteName | 'all'
  /** What the wire suite starts, instead of the reference. */
  readonly process?: string
  /** How fast that is. */
  readonly timing?: Timing
  readonly profile?: readonly string[]
  readonly requirement?: readonly string[]
  readonly cases?: readonly CaseKind[]
  readonly seed?: number
  readonly budget?: number
  readonly jobs?: number
  readonly shard?: { readonly index: number; readonly of: number }
  readonly strict?: boolean
  readonly expect?: string
  readonly reporter?: readonly Reporter[]
  readonly out?: string
}

/** Options of the wire suite alone, as they are said. */
const wireOptions = {
  process: '--process',
  timing: '--timing',
  key: '--key',
  label: '--label',
  keyCommand: '--key-command',
} as const

/** Options about cases that are drawn. */
const drawing = { seed: '--seed', budget: '--budget', cases: '--cases', shard: '--shard' } as const

/** Those of them that an engine has: the rest of its suite is the same each time. */
const ofEngine: readonly string[] = [drawing.seed, drawing.budget]

/** Where results go unless `--out` says otherwise. */
export const defaultFolder = 'swarmcheck-out'

/** Runs a suite and reports on it. */
export async function runSuite(options: RunOptions, terminal: Terminal): Promise<number> {
  const { expect } = options
  const slugs = loadSpec().requirements.map(({ slug }) => slug)
  const known = expect === undefined ? [] : readKnownFailures(readInput(expect).toString('utf8'), expect, slugs)
  if (options.suite === 'all') return runEverySuite(options, known, terminal)
  for (const [option, word] of Object.entries(wireOptions))
    if (options.suite !== 'wire' && options[option as keyof typeof wireOptions] !== undefined)
      throw new UsageError(`${word} is for --suite wire`)
  if (options.suite !== 'ipam' && options.suite !== 'plugin' && options.plugin !== undefined)
    throw new UsageError('--plugin is for --suite ipam and --suite plugin')
  const suite = options.suite ?? (await suiteFor(options))
  checkTested(suite, options)
  if (!isSurface(suite))
    for (const [option, word] of Object.entries(drawing))
      if (options[option as keyof typeof drawing] !== undefined && !(suite === 'engine' && ofEngine.includes(word)))
        throw new UsageError(
          `${word} is for suites that draw their cases; --suite ${suite} has the same ones each time`,
        )
  return writeReport(await reportOn({ ...options, suite }, known, terminal), options, terminal)
}

async function reportOn(options: SuiteRun, known: readonly KnownFailure[], terminal: Terminal): Promise<Report> {
  const { suite } = options
  const check = isSurface(suite) ? checkSurface : checkers[suite]
  return { ...(await check(options, known, terminal)), rerun: rerunCommand(options) }
}

type Checker = (options: SuiteRun, known: readonly KnownFailure[], terminal: Terminal) => Promise<Report>

const checkers: Readonly<Record<Exclude<SuiteName, SurfaceName>, Checker>> = {
  adapter: checkAdapter,
  wire: checkWire,
  plugin: checkPlugins,
  engine: checkEngine,
}

/** What only one suite can make sense of. */
const forOneSuite = {
  ...wireOptions,
  adapter: '--adapter',
  plugin: '--plugin',
  reference: '--reference',
  profile: '--profile',
  requirement: '--requirement',
} as const

/** Of the reference in the wire suite; anybody may know it. */
const wellKnown: SecrecyOptions = { key: Buffer.from('swarmcheck-tests').toString('base64'), label: 'swarmcheck' }

/** Every suite on the reference of its surface, one after the other, and in the end what became of each. */
async function runEverySuite(options: RunOptions, known: readonly KnownFailure[], terminal: Terminal): Promise<number> {
  for (const [option, word] of Object.entries(forOneSuite))
    if (options[option as keyof typeof forOneSuite] !== undefined)
      throw new UsageError(`--suite all checks the references whole: ${word} needs the name of one suite`)
  const { reporter = [], out = defaultFolder } = options
  const others = reporter.filter((name) => name !== 'pretty')
  const results: SuiteSummary[] = []
  for (const suite of everySuite) {
    const own: SuiteRun = { ...options, ...(suite === 'wire' ? wellKnown : {}), suite }
    const outcome = await reportOn(own, known, terminal).catch((error: unknown) => {
      if (!(error instanceof AdapterError) || terminal.signal.aborted) throw error
      return error
    })
    if (outcome instanceof AdapterError) {
      results.push({ suite, code: exits.failed, text: outcome.message })
      continue
    }
    const folder = others.length > 0 || options.out !== undefined ? { out: `${out}/${suite}` } : {}
    const code = writeReport(outcome, { reporter: ['pretty', ...others], ...folder }, terminal)
    if (code === exits.interrupted) return code
    results.push({ suite, code, text: tallyOf(outcome).join(', ') })
    terminal.out.write('\n')
  }
  terminal.out.write(`${summaryOf(results).join('\n')}\n`)
  return exitOf(results.map(({ code }) => code))
}

/** What all come to: not conformant comes before failed, and that before inconclusive. */
function exitOf(codes: readonly number[]): number {
  return (
    [exits.notConformant, exits.failed, exits.inconclusive].find((code) => codes.includes(code)) ?? exits.conformant
  )
}

/** The suite of the surface that an adapter offers. @throws AdapterError if it does not start */
async function suiteFor(options: Omit<RunOptions, 'suite'>): Promise<SuiteName> {
  if (options.adapter === undefined) return 'raft'
  const { words, start } = adapterOf(options.adapter, options)
  const adapter = await spawnAdapter(words, start)
  await adapter.close()
  return adapter.surface
}

type SuiteRun = RunOptions & { readonly suite: SuiteName }

/** A process that speaks memberlist's wire format, or the reference over sockets of its own. */
async function checkWire(options: SuiteRun, known: readonly KnownFailure[], terminal: Terminal): Promise<Report> {
  const { process, adapter, timing = 'local', keyCommand } = options
  if (adapter !== undefined) throw new UsageError('--suite wire checks a process: name it with --process')
  if (process === undefined && keyCommand !== undefined)
    throw new UsageError('--key-command is for what --process starts; the reference needs none')
  const words = process === undefined ? null : processOf(process)
  const secrecy = secrecyOf(options, words)
  const keyWords = keyCommand === undefined ? null : keyCommandOf(keyCommand)
  const progress = createProgress(terminal.err)
  const start = words === null ? startReference(timing) : startProcess(words, keyWords)
  return runWireSuite(start, {
    ...options,
    timing,
    secrecy,
    rotates: words === null || keyWords !== null,
    profiles: options.profile,
    requirements: options.requirement,
    known,
    command: process ?? null,
    signal: terminal.signal,
    onProgress: ({ done, total, label, failures }) => progress.update(done, total, label, failures),
  }).finally(() => progress.clear())
}

async function checkAdapter(options: SuiteRun, known: readonly KnownFailure[], terminal: Terminal): Promise<Report> {
  const { adapter, requirement: requirements } = options
  if (adapter === undefined) throw new UsageError('--suite adapter checks an adapter: name it with --adapter')
  const { words, start } = adapterOf(adapter, options)
  const progress = createProgress(terminal.err)
  return runAdapterSuite(words, start, {
    ...options,
    ...(requirements === undefined ? {} : { requirements }),
    known,
    command: adapter,
    signal: terminal.signal,
    onProgress: ({ done, total, label, failures }) => progress.update(done, total, label, failures),
  }).finally(() => progress.clear())
}

/** A plugin for addresses from outside; without one, the reference as such and as a caller. */
async function checkPlugins(options: SuiteRun, known: readonly KnownFailure[], terminal: Terminal): Promise<Report> {
  const { adapter, plugin } = options
  if (adapter !== undefined) throw new UsageError('--suite plugin checks a plugin: name it with --plugin')
  const progress = createProgress(terminal.err)
  return runPluginSuite({
    ...options,
    endpoint: plugin === undefined ? null : endpointOf(plugin),
    profiles: options.profile,
    requirements: options.requirement,
    known,
    signal: terminal.signal,
    onProgress: ({ done, total, label, failures }) => progress.update(done, total, label, failures),
  }).finally(() => progress.clear())
}

async function checkEngine(options: SuiteRun, known: readonly KnownFailure[], terminal: Terminal): Promise<Report> {
  if (options.adapter !== undefined) throw new UsageError('--suite engine starts the engine of this machine by itself')
  const progress = createProgress(terminal.err)
  return runEngineSuite({
    ...options,
    profiles: options.profile,
    requirements: options.requirement,
    known,
    signal: terminal.signal,
    onProgress: ({ done, total, label, failures }) => progress.update(done, total, label, failures),
  }).finally(() => progress.clear())
}

/** The reference of Raft is checked in both variants, unless one is named: together they claim every profile. */
async function checkSurface(options: SuiteRun, known: readonly KnownFailure[], terminal: Terminal): Promise<Report> {
  const { adapter, reference, suite, plugin } = options
  const hasVariants = suite === undefined || suite === 'raft'
  if (!hasVariants && reference !== undefined) {
    throw new UsageError(`--reference names a variant of Raft; the reference of ${suite} has none`)
  }
  const named = adapter !== undefined || reference !== undefined || !hasVariants
  const each = named ? [options] : variants.map((variant) => ({ ...options, reference: variant }))
  const isOwn = (adapter ?? plugin) === undefined
  const { jobs = isOwn ? Math.min(availableParallelism(), 4) : 1 } = options
  const workers = jobs > 1 && hasWorkers ? new WorkerPool(jobs) : null
  try {
    const reports: Report[] = []
    for (const one of each) reports.push(await checkTarget(one, known, workers, terminal))
    return combineReports(reports)
  } finally {
    await workers?.close()
  }
}

async function checkTarget(
  options: SuiteRun,
  known: readonly KnownFailure[],
  workers: WorkerPool | null,
  terminal: Terminal,
): Promise<Report> {
  const { target, origin, command, flags } = targetOf(options)
  const { out = defaultFolder } = options
  const progress = createProgress(terminal.err)
  const { report, counterexamples } = await checkConformance(target, {
    ...options,
    ...(workers === null ? {} : { parallel: { workers, origin } }),
    profiles: options.profile,
    requirements: options.requirement,
    known,
    command,
    signal: terminal.signal,
    onProgress: ({ done, total, label, failures }: SuiteProgress) => progress.update(done, total, label, failures),
    place: (counterexample) => placeOf(counterexample, out, flags),
  }).finally(() => progress.clear())
  for (const counterexample of counterexamples) writeFiles(out, filesOf(counterexample))
  return report
}

/** Where a counterexample is kept, and the command that runs it again. */
function placeOf({ requirement, trace }: Counterexample, folder: string, flags: string) {
  const names = counterexampleFiles(requirement)
  const file = `${folder}/${trace.events.length > 0 ? names.trace : names.scenario}`
  return { trace: file, replay: replayCommand(file, flags) }
}

/** The command that runs a file again. */
export function replayCommand(file: string, flags: string): string {
  return `npx swarmcheck replay ${quote(file)}${flags}`
}

/** The command that makes a report again; its shard is in the report. */
function rerunCommand(options: SuiteRun): string {
  const {
    adapter,
    reference,
    plugin,
    suite,
    process,
    timing,
    key,
    label,
    keyCommand,
    profile = [],
    requirement = [],
    cases = [],
    seed = defaultSeed,
    budget,
    strict,
    expect,
  } = options
  return [
    'npx swarmcheck run',
    ...(adapter === undefined ? [] : ['--adapter', quote(adapter)]),
    ...(reference === undefined ? [] : [`--reference ${reference}`]),
    ...(plugin === undefined ? [] : ['--plugin', quote(plugin)]),
    ...(suite === 'raft' ? [] : [`--suite ${suite}`]),
    ...(suite === 'adapter' || suite === 'wire' || suite === 'plugin' ? [] : [`--seed ${seed}`]),
    ...(process === undefined ? [] : ['--process', quote(process)]),
    ...(timing === undefined ? [] : [`--timing ${timing}`]),
    ...(key === undefined ? [] : ['--key', quote(key)]),
    ...(label === undefined ? [] : ['--label', quote(label)]),
    ...(keyCommand === undefined ? [] : ['--key-command', quote(keyCommand)]),
    ...(budget === undefined ? [] : [`--budget ${budget}`]),
    ...profile.map((name) => `--profile ${name}`),
    ...requirement.map((slug) => `--requirement ${slug}`),
    ...cases.map((kind) => `--cases ${kind}`),
    ...(strict === true ? ['--strict'] : []),
    ...(expect === undefined ? [] : ['--expect', quote(expect)]),
  ].join(' ')
}

/**
 * Prints the report as the first reporter has it; writes all of them where a folder or several were asked for.
 * A page is not for the eyes of somebody at a terminal: it is written, and the report printed.
 */
export function writeReport(
  report: Report,
  { reporter = ['pretty'], out }: Pick<RunOptions, 'reporter' | 'out'>,
  { out: stream, err, env }: Terminal,
): number {
  const page = stream.isTTY === true && reporter[0] === 'html'
  stream.write(
    renderReport(report, page ? 'pretty' : reporter[0]!, {
      colors: usesColors(stream, env),
      width: widthOf(stream),
    }),
  )
  if (out !== undefined || reporter.length > 1 || page) {
    const folder = out ?? defaultFolder
    const files = reporter.map((name) => [reportFiles[name], renderReport(report, name)])
    writeFiles(folder, Object.fromEntries(files) as Record<string, string>)
    if (err.isTTY === true) err.write(`written: ${files.map(([file]) => `${folder}/${file}`).join(', ')}\n`)
  }
  return report.interrupted ? exits.interrupted : exitCode(report)
}
