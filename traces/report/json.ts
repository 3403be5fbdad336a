/** Reports as JSON: written with stable bytes, read with suspicion, merged from shards. */
import { match } from 'ts-pattern'
import { z } from 'zod'
import { firstIssue, helloSchema, parseLine } from '../format.ts'
import { InputError, suggestion } from '../input-error.ts'
import { tones, type Row } from '../show/story.ts'
import { reportVersion, verdicts, type Counts, type KnownFailure, type Outcome, type Report } from './verdict.ts'

/** Bounds of a report, whoever wrote it. */
const limits = { file: 67_108_864, word: 256, text: 1_048_576, list: 10_000, nodes: 100 } as const

const word = z.string().max(limits.word)
const text = z.string().max(limits.text)
const natural = z.int().min(0)
const counts = z
  .record(word, natural)
  .refine((record) => Object.keys(record).length <= limits.list, `more than ${limits.list} names`)

const knownFailure = z.strictObject({ requirement: word, reason: text.min(1), link: text })

const storyRow = z.discriminatedUnion('row', [
  z.strictObject({
    row: z.literal('message'),
    now: natural,
    from: word,
    to: word,
    text,
    sent: natural.nullable(),
    lost: word.nullable(),
  }),
  z.strictObject({ row: z.literal('note'), now: natural, node: word, text, tone: z.enum(tones) }),
  z.strictObject({ row: z.literal('fault'), now: natural, text }),
])

const story = z
  .strictObject({ nodes: z.array(word).max(limits.nodes), rows: z.array(storyRow).max(limits.list), omitted: natural })
  .refine(({ nodes, rows }) => rows.every((row) => nodesOf(row).every((node) => nodes.includes(node))), 'unknown node')

function nodesOf(row: Row): string[] {
  return match(row)
    .with({ row: 'message' }, ({ from, to }) => [from, to])
    .with({ row: 'note' }, ({ node }) => [node])
    .with({ row: 'fault' }, () => [])
    .exhaustive()
}

const outcome = z.strictObject({
  requirement: word,
  level: z.enum(['MUST', 'SHOULD', 'MAY']),
  profile: word,
  sentence: text,
  source: text,
  claimed: z.boolean(),
  verdict: z.enum(verdicts),
  exercised: natural,
  reason: text,
  replay: text,
  counterexample: z
    .strictObject({
      text,
      allowed: text,
      node: word.nullable(),
      scenario: z.string(),
      steps: natural,
      story,
      log: z.string(),
      states: z.string(),
      found: text,
      shrunk: z.strictObject({ executions: natural, complete: z.boolean() }),
      reproduced: z.strictObject({ failures: natural, tries: natural }),
      trace: text.nullable(),
    })
    .nullable(),
  known: knownFailure.nullable(),
})

const reportSchema = z.strictObject({
  format: z.literal('swarmcheck-report'),
  version: z.literal(reportVersion),
  swarmcheck: word,
  spec: natural,
  implementation: helloSchema.nullable(),
  command: text.nullable(),
  rerun: text.optional(),
  suite: word,
  seed: z.int(),
  shard: z.strictObject({ index: z.int().min(1), of: z.int().min(1) }).nullable(),
  strict: z.boolean(),
  runs: z.strictObject({ scenarios: natural, steps: natural, deliveries: natural, simulated: natural }),
  outcomes: z.array(outcome).max(limits.list),
  coverage: z.strictObject({
    transitions: counts,
    situations: counts,
    faults: counts,
    outside: counts,
    skipped: counts,
    deliveries: counts,
    operations: counts,
    results: counts,
    searches: z.array(z.strictObject({ name: word, states: natural, exhausted: z.boolean() })).max(limits.list),
  }),
  errors: z.array(text).max(limits.list),
  notes: z.array(text).max(limits.list),
  interrupted: z.boolean(),
})

/** The JSON Schema of a report. */
export function reportJsonSchema(): object {
  return z.toJSONSchema(reportSchema, { io: 'input' })
}

/** The report as JSON; equal reports give equal bytes. */
export function jsonReport(report: Report): string {
  const parsed = reportSchema.parse(report)
  const coverage = Object.fromEntries(
    Object.entries(parsed.coverage).map(([name, part]) => [name, Array.isArray(part) ? part : sortedCounts(part)]),
  )
  return `${JSON.stringify({ ...parsed, coverage }, null, 2)}\n`
}

function sortedCounts(record: Counts): Counts {
  return Object.fromEntries(
    Object.entries(record).sort(([left], [right]) => (left < right ? -1 : left > right ? 1 : 0)),
  )
}

/**
 * Reads a report in JSON.
 *
 * @throws InputError with what is wrong with it
 */
export function readReport(content: string, file = 'report'): Report {
  const fail = (message: string): never => {
    throw new InputError({ file, line: 0, column: 0 }, message)
  }
  if (content.length > limits.file) fail(`larger than ${limits.file} characters`)
  const value = parseLine(content, file, 0, true) as { format?: unknown; version?: unknown }
  if (value.format !== 'swarmcheck-report') fail('not a report: "format" should be "swarmcheck-report"')
  if (value.version !== reportVersion) fail(`unsupported version; this program reads ${reportVersion}`)
  const result = reportSchema.safeParse(value)
  return result.success ? result.data : fail(firstIssue(result.error))
}

/**
 * The report of a whole suite from the reports of its shards, in any order.
 *
 * @throws InputError if they do not belong together, or some are missing
 */
export function mergeReports(reports: readonly { readonly file: string; readonly report: Report }[]): Report {
  const fail = (file: string, message: string): never => {
    throw new InputError({ file, line: 0, column: 0 }, message)
  }
  const first = reports[0] ?? fail('merge', 'no reports')
  const shards = new Map<number, string>()
  const same = (report: Report): string =>
    JSON.stringify([
      report.swarmcheck,
      report.implementation,
      report.suite,
      report.seed,
      report.strict,
      report.shard?.of,
    ])
  for (const { file, report } of reports) {
    if (report.shard === null) return reports.length === 1 ? report : fail(file, 'not the report of a shard')
    if (same(report) !== same(first.report)) {
      fail(file, `of another run than ${first.file}: implementation, suite, seed, strictness or shards differ`)
    }
    const twin = shards.get(report.shard.index)
    if (twin !== undefined) fail(file, `the same shard as ${twin}`)
    shards.set(report.shard.index, file)
  }
  const of = first.report.shard!.of
  const missing = Array.from({ length: of }, (_, index) => index + 1).filter((index) => !shards.has(index))
  if (missing.length > 0) fail('merge', `shards ${missing.map((index) => `${index}/${of}`).join(', ')} are missing`)
  return sumReports(reports.map(({ report }) => report).sort((left, right) => left.shard!.index - right.shard!.index))
}

/**
 * One report of several variants of an implementation, under the name of the first: a requirement of any variant's
 * profile is one of the whole.
 */
export function combineReports(reports: readonly Report[]): Report {
  const first = reports[0]
  if (first === undefined) throw new RangeError('no reports')
  const profiles = [...new Set(reports.flatMap(({ implementation }) => implementation?.profiles ?? []))]
  const implementation = first.implementation === null ? null : { ...first.implementation, profiles }
  return { ...sumReports(reports), implementation, shard: first.shard }
}

function sumReports(ordered: readonly Report[]): Report {
  const outcomes = new Map<string, Outcome>()
  for (const outcome of ordered.flatMap((report) => report.outcomes)) {
    const other = outcomes.get(outcome.requirement)
    outcomes.set(outcome.requirement, other === undefined ? outcome : mergeOutcomes(other, outcome))
  }
  const sum = (pick: (report: Report) => number): number => ordered.reduce((total, report) => total + pick(report), 0)
  const sums = (pick: (report: Report) => Counts): Counts => sumCounts(ordered.map(pick))
  return {
    ...ordered[0]!,
    shard: null,
    runs: {
      scenarios: sum(({ runs }) => runs.scenarios),
      steps: sum(({ runs }) => runs.steps),
      deliveries: sum(({ runs }) => runs.deliveries),
      simulated: sum(({ runs }) => runs.simulated),
    },
    outcomes: [...outcomes.values()],
    coverage: {
      transitions: sums(({ coverage }) => coverage.transitions),
      situations: sums(({ coverage }) => coverage.situations),
      faults: sums(({ coverage }) => coverage.faults),
      outside: sums(({ coverage }) => coverage.outside),
      skipped: sums(({ coverage }) => coverage.skipped),
      deliveries: sums(({ coverage }) => coverage.deliveries),
      operations: sums(({ coverage }) => coverage.operations),
      results: sums(({ coverage }) => coverage.results),
      searches: ordered.flatMap(({ coverage }) => coverage.searches),
    },
    errors: ordered.flatMap(({ errors }) => errors),
    notes: [...new Set(ordered.flatMap(({ notes }) => notes))],
    interrupted: ordered.some(({ interrupted }) => interrupted),
  }
}

/** What one shard saw broken is broken; what one put to the test was put to the test. */
const weight = ['fail', 'error', 'pass', 'inconclusive', 'unsupported'] as const

function mergeOutcomes(left: Outcome, right: Outcome): Outcome {
  const decisive = weight.indexOf(right.verdict) < weight.indexOf(left.verdict) ? right : left
  return { ...decisive, exercised: left.exercised + right.exercised, known: left.known ?? right.known }
}

function sumCounts(records: readonly Counts[]): Counts {
  const sums = new Map<string, number>()
  for (const record of records) {
    for (const [name, count] of Object.entries(record)) sums.set(name, (sums.get(name) ?? 0) + count)
  }
  return Object.fromEntries(sums)
}

/**
 * Reads a file of known failures: a JSON list of `{requirement, reason, link}`.
 *
 * @param requirements all slugs there are; an unknown one is an error that names the nearest
 * @throws InputError with what is wrong with it
 */
export function readKnownFailures(content: string, file: string, requirements: Iterable<string>): KnownFailure[] {
  const fail = (message: string): never => {
    throw new InputError({ file, line: 0, column: 0 }, message)
  }
  if (content.length > limits.file) fail(`larger than ${limits.file} characters`)
  const value = parseLine(content.trimStart().startsWith('[') ? `{"known":${content}}` : content, file, 0, true)
  const result = z.strictObject({ known: z.array(knownFailure).max(limits.list) }).safeParse(value)
  if (!result.success)
    return fail(`a list of {"requirement", "reason", "link"} was expected; ${firstIssue(result.error)}`)
  const slugs = new Set(requirements)
  const seen = new Set<string>()
  for (const { requirement } of result.data.known) {
    if (!slugs.has(requirement)) fail(`unknown requirement '${requirement}'${suggestion(requirement, slugs)}`)
    if (seen.has(requirement)) fail(`'${requirement}' is named twice`)
    seen.add(requirement)
  }
  return result.data.known
}
