/** `swarmcheck run`: a suite on an implementation, or one scenario. */
import { availableParallelism } from 'node:os'
import {
  combineReports,
  createProgress,
  exitCode,
  readKnownFailures,
  renderReport,
  reportFiles,
  type KnownFailure,
  type Report,
  type Reporter,
} from '../../../traces/report.ts'
import { spawnAdapter } from '../../../impl/contract/stdio.ts'
import { runAdapterSuite } from '../adapter/report.ts'
import { defaultSeed, checkConformance, type SuiteProgress } from '../suite.ts'
import { hasWorkers, WorkerPool } from '../jobs.ts'
import { variants } from '../surfaces/form.ts'
import type { CaseKind } from '../scenarios.ts'
import { loadSpec } from '../spec.ts'
import { startProcess, startReference } from '../wire/subject.ts'
import { runWireSuite, type Timing } from '../wire/suite.ts'
import type { Counterexample } from '../counterexample.ts'
import { counterexampleFiles, filesOf, readInput, writeFiles } from './files.ts'
import {
  adapterOf,
  checkTested,
  keyCommandOf,
  processOf,
  quote,
  type SecrecyOptions,
  secrecyOf,
  type SuiteName,
  targetOf,
  type TargetOptions,
} from './options.ts'
import { exits, usesColors, UsageError, widthOf, type Terminal } from './terminal.ts'

export interface RunOptions extends TargetOptions, SecrecyOptions {
  /** If absent, what an adapter offers; Raft where none is named. */
  readonly suite?: SuiteName
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

/** Where results go unless `--out` says otherwise. */
export const defaultFolder = 'swarmcheck-out'

/** Runs a suite and reports on it. */
export async function runSuite(options: RunOptions, terminal: Terminal): Promise<number> {
  const { expect } = options
  const slugs = loadSpec().requirements.map(({ slug }) => slug)
  const known = expect === undefined ? [] : readKnownFailures(readInput(expect).toString('utf8'), expect, slugs)
  for (const [option, word] of Object.entries(wireOptions))
    if (options.suite !== 'wire' && options[option as keyof typeof wireOptions] !== undefined)
      throw new UsageError(`${word} is for --suite wire`)
  if (options.suite !== 'ipam' && options.plugin !== undefined) throw new UsageError('--plugin is for --suite ipam')
  const suite = options.suite ?? (await suiteFor(options))
  checkTested(suite, options)
  const check = suite === 'adapter' ? checkAdapter : suite === 'wire' ? checkWire : checkSurface
  return check({ ...options, suite }, known, terminal)
}

/** The suite of the surface that an adapter offers. @throws AdapterError if it does not start */
async function suiteFor(options: RunOptions): Promise<SuiteName> {
  if (options.adapter === undefined) return 'raft'
  const { words, start } = adapterOf(options.adapter, options)
  const adapter = await spawnAdapter(words, start)
  await adapter.close()
  return adapter.surface
}

type SuiteRun = RunOptions & { readonly suite: SuiteName }

/** A process that speaks memberlist's wire format, or the reference over sockets of its own. */
async function checkWire(options: SuiteRun, known: readonly KnownFailure[], terminal: Terminal): Promise<number> {
  const { process, adapter, timing = 'local', keyCommand } = options
  if (adapter !== undefined) throw new UsageError('--suite wire checks a process: name it with --process')
  if (process === undefined && keyCommand !== undefined)
    throw new UsageError('--key-command is for what --process starts; the reference needs none')
  const words = process === undefined ? null : processOf(process)
  const secrecy = secrecyOf(options, words)
  const keyWords = keyCommand === undefined ? null : keyCommandOf(keyCommand)
  const progress = createProgress(terminal.err)
  const start = words === null ? startReference(timing) : startProcess(words, keyWords)
  const report = await runWireSuite(start, {
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
  return writeReport({ ...report, rerun: rerunCommand(options) }, options, terminal)
}

async function checkAdapter(options: SuiteRun, known: readonly KnownFailure[], terminal: Terminal): Promise<number> {
  const { adapter, requirement: requirements } = options
  if (adapter === undefined) throw new UsageError('--suite adapter checks an adapter: name it with --adapter')
  const { words, start } = adapterOf(adapter, options)
  const progress = createProgress(terminal.err)
  const report = await runAdapterSuite(words, start, {
    ...options,
    ...(requirements === undefined ? {} : { requirements }),
    known,
    command: adapter,
    signal: terminal.signal,
    onProgress: ({ done, total, label, failures }) => progress.update(done, total, label, failures),
  }).finally(() => progress.clear())
  return writeReport({ ...report, rerun: rerunCommand(options) }, options, terminal)
}

/** The reference of Raft is checked in both variants, unless one is named: together they claim every profile. */
async function checkSurface(options: SuiteRun, known: readonly KnownFailure[], terminal: Terminal): Promise<number> {
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
    return writeReport({ ...combineReports(reports), rerun: rerunCommand(options) }, options, terminal)
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
    ...(suite === 'adapter' || suite === 'wire' ? [] : [`--seed ${seed}`]),
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
