/**
 * The trace file: newline-delimited JSON. The first line says what it is, the second holds the scenario, then comes
 * a line an event, and a last line that counts them, so that a file that was cut off is noticed.
 * Its JSON Schema, `trace.schema.json`, is generated from the schemas below.
 */
import { z } from 'zod'
import { limits as contractLimits } from '../impl/contract/limits.ts'
import type { Violation } from '../properties/judge.ts'
import type { AnyTraceEvent } from './event.ts'
import { InputError, shorten } from './input-error.ts'
import type { Scenario } from './scenario.ts'
import { deliveryOf, sentBy } from './show/teller.ts'
import type { AnyHello } from './surface.ts'
import { surfaceNames, tracesOf } from './surfaces.ts'

export const traceVersion = 1

/** Bounds of a trace file, whoever wrote it. */
export const traceLimits = {
  /** Bytes of a file. */
  file: 268_435_456,
  /** Characters of a line. */
  line: contractLimits.line,
  /** Objects and arrays inside each other. */
  depth: 24,
  events: 5_000_000,
} as const

/** What a trace says of itself. */
export interface TraceMeta {
  readonly format: 'swarmcheck-trace'
  readonly version: typeof traceVersion
  /** Version of Swarmcheck that wrote it. */
  readonly swarmcheck: string
  /** Who was tested. */
  readonly implementation: AnyHello | null
  /** Seed of the run from which the scenario was drawn; the scenario has its own. */
  readonly seed: number | null
  /** Slug of the requirement that the trace violates, if it was kept for that. */
  readonly requirement: string | null
}

export interface Trace {
  readonly meta: TraceMeta
  readonly scenario: Scenario
  /** Of the scenario's surface. */
  readonly events: readonly AnyTraceEvent[]
  /** What the run itself found; judging the events again finds the same. */
  readonly violation: Violation | null
}

const word = z.string().max(contractLimits.word)
const table = surfaceNames.map((name) => ({ name, schemas: tracesOf(name).schemas }))

/** What an implementation of any surface says of itself. */
export const helloSchema = z.union(table.map(({ schemas }) => schemas.hello)) as z.ZodType<AnyHello>

const metaSchema = z.strictObject({
  format: z.literal('swarmcheck-trace'),
  version: z.literal(traceVersion),
  swarmcheck: word,
  implementation: helloSchema.nullable(),
  seed: z.int().nullable(),
  requirement: word.nullable(),
})

/** A line behind the scenario. That the schemas say the same is checked where they are defined. */
type Line = AnyTraceEvent | { readonly event: 'end'; readonly events: number; readonly violation: Violation | null }

/** Names of the parts in the published schema: Raft's are the oldest, and have no surface before them. */
const names = z.registry<{ id: string }>()
names.add(metaSchema, { id: 'trace' })
for (const { name, schemas } of table) {
  for (const [id, part] of Object.entries(schemas.parts))
    names.add(part, { id: name === 'raft' ? id : `${name}-${id}` })
}

/** The JSON Schema of a line of a trace file. */
export function traceJsonSchema(): object {
  return z.toJSONSchema(z.union([metaSchema, ...table.flatMap(({ schemas }) => [schemas.scenario, schemas.line])]), {
    io: 'input',
    metadata: names,
  })
}

let ranks: ReadonlyMap<string, number> | undefined

/** Every key of the format with its place: what a reader looks for comes first in every object. */
function rankOfKeys(): ReadonlyMap<string, number> {
  if (ranks === undefined) {
    const found = new Set(['event', 'now', 'input', 'type', 'kind', 'step', 'node', 'at', 'id', 'from', 'to', 'term'])
    const visit = (part: unknown): void => {
      if (typeof part !== 'object' || part === null) return
      for (const [key, value] of Object.entries(part)) {
        if (key === 'properties') for (const name of Object.keys(value as object)) found.add(name)
        visit(value)
      }
    }
    visit(traceJsonSchema())
    ranks = new Map([...found].map((key, rank) => [key, rank]))
  }
  return ranks
}

/** Keys in their order, by the keys as they came: objects have few shapes. */
const orders = new Map<string, readonly string[]>()

function orderOf(keys: readonly string[]): readonly string[] {
  const shape = keys.join('\n')
  let order = orders.get(shape)
  if (order === undefined) {
    const rank = rankOfKeys()
    order = keys.filter((key) => rank.has(key)).sort((left, right) => rank.get(left)! - rank.get(right)!)
    if (orders.size < 10_000) orders.set(shape, order)
  }
  return order
}

/** A copy whose keys are in the one order of the format, without keys that it does not know. */
function ordered(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(ordered)
  const record = value as Readonly<Record<string, unknown>>
  const copy: Record<string, unknown> = {}
  for (const key of orderOf(Object.keys(record))) copy[key] = ordered(record[key])
  return copy
}

/** The lines of a trace file, each with its line end. Equal traces give equal bytes. */
export function* traceLines(trace: Trace): Generator<string> {
  const line = (value: object): string => `${JSON.stringify(ordered(value))}\n`
  yield line(trace.meta)
  yield line({ scenario: trace.scenario })
  for (const event of trace.events) yield line(event)
  yield line({ event: 'end', events: trace.events.length, violation: trace.violation })
}

/** A whole trace file. */
export function writeTrace(trace: Trace): string {
  return [...traceLines(trace)].join('')
}

/** Whether a file begins as a trace does, rather than as the text form of a scenario. */
export function looksLikeTrace(text: string): boolean {
  return /^\s*\{/.test(text.slice(0, 64))
}

/**
 * Reads a trace file, trusting nothing in it.
 *
 * @throws InputError with the line of the first thing that is wrong, and where in that line.
 */
export function readTrace(input: string | Uint8Array, file = 'trace'): Trace {
  const fail = (line: number, message: string): never => {
    throw new InputError({ file, line, column: 0 }, message)
  }
  if (input.length > traceLimits.file) fail(0, `larger than ${traceLimits.file} bytes`)
  const content = typeof input === 'string' ? input : decode(input, file)
  if (content.trim() === '') fail(1, 'the file is empty')
  let number = 0
  let from = 0
  /** The next line as an object, or null behind the last. */
  const next = (): object | null => {
    if (from >= content.length) return null
    const end = content.indexOf('\n', from)
    const to = end < 0 ? content.length : end
    number++
    if (to - from > traceLimits.line) fail(number, `the line is longer than ${traceLimits.line} characters`)
    const line = content.slice(from, to)
    from = to + 1
    return parseLine(line, file, number, end < 0)
  }
  const meta = readMeta(next(), fail)
  const second = next() ?? fail(2, 'truncated: the scenario is missing')
  const surface = (second as { scenario?: { surface?: unknown } }).scenario?.surface
  const { schemas } = (table.find(({ name }) => name === surface) ?? table[0])!
  const { scenario } = check(schemas.scenario, second, (message) => fail(2, message)) as { scenario: Scenario }
  const nodes = new Set(scenario.nodes)
  const events: AnyTraceEvent[] = []
  let now = 0
  for (let value = next(); value !== null; value = next()) {
    const line = check(schemas.line, value, (message) => fail(number, message)) as Line
    if (line.event === 'end') {
      if (line.events !== events.length) fail(number, `${events.length} events, but the end counts ${line.events}`)
      if (next() !== null) fail(number, 'something follows the end')
      return { meta, scenario, events, violation: line.violation }
    }
    if ((line.event === 'start') !== (events.length === 0)) fail(number, "the first event, and no other, is 'start'")
    if (events.at(-1)?.event === 'finish') fail(number, "an event follows 'finish'")
    if (events.length === traceLimits.events) fail(number, `more than ${traceLimits.events} events`)
    if (line.event === 'start') {
      if (line.start.nodes.join() !== scenario.nodes.join()) fail(number, 'the nodes are not those of the scenario')
      if (line.initial.length !== nodes.size) fail(number, 'one initial answer a node was expected')
    } else {
      if (line.now < now) fail(number, `time goes back from ${now} to ${line.now}`)
      now = line.now
      const stranger = namesOf(line).find((name) => !nodes.has(name))
      if (stranger !== undefined) fail(number, `unknown node '${stranger}'`)
    }
    events.push(line)
  }
  return fail(number, 'truncated: the end is missing')
}

/** Nodes that an event speaks of as sender, receiver or place. */
function namesOf(line: Line): string[] {
  if (line.event === 'inspect') return [line.node]
  if (line.event !== 'step') return []
  const { input, answer } = line
  const names = [input.node]
  const delivery = deliveryOf(input)
  if (delivery !== null) names.push(delivery.from, delivery.to)
  for (const { from, to } of sentBy(answer)) names.push(from, to)
  return names
}

function decode(bytes: Uint8Array, file: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new InputError({ file, line: 1 + validLines(bytes), column: 0 }, 'the file is not text in UTF-8')
  }
}

/** How many lines at the beginning are UTF-8. */
function validLines(bytes: Uint8Array): number {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let lines = 0
  for (let from = 0; ; lines++) {
    const end = bytes.indexOf(10, from)
    try {
      decoder.decode(bytes.subarray(from, end < 0 ? bytes.length : end))
    } catch {
      return lines
    }
    if (end < 0) return lines
    from = end + 1
  }
}

function readMeta(value: object | null, fail: (line: number, message: string) => never): TraceMeta {
  const meta = (value ?? {}) as Partial<TraceMeta>
  if (meta.format !== 'swarmcheck-trace') fail(1, 'not a trace: the first line should say "format":"swarmcheck-trace"')
  if (meta.version !== traceVersion) {
    fail(
      1,
      `unsupported version ${shorten(JSON.stringify(meta.version) ?? 'none')}; this program reads ${traceVersion}`,
    )
  }
  return check(metaSchema, value, (message) => fail(1, message))
}

function check<Value>(schema: z.ZodType<Value>, value: unknown, fail: (message: string) => never): Value {
  const result = schema.safeParse(value)
  return result.success ? result.data : fail(firstIssue(result.error))
}

/** The first complaint of a schema, in one line with its place. */
export function firstIssue(error: z.ZodError): string {
  const issue = error.issues[0]
  if (issue === undefined) return 'not as the schema demands'
  const place = issue.path.map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`)).join('')
  return shorten(`${place === '' ? '' : `${place.replace(/^\./, '')}: `}${issue.message}`, 400)
}

/**
 * Parses one line of untrusted JSON: an object, not nested too deeply, without `__proto__`.
 *
 * @throws InputError with the line, and the column where the parser gives one.
 */
export function parseLine(line: string, file: string, number: number, last: boolean): object {
  const fail = (message: string, column = 0): never => {
    throw new InputError({ file, line: number, column }, message)
  }
  const deep = tooDeep(line)
  if (deep > 0) fail(`nested more than ${traceLimits.depth} deep`, deep)
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch (error) {
    const message = (error as Error).message
    const column = Number(/position (\d+)/.exec(message)?.[1] ?? -1) + 1
    const cut = last && (/end of JSON|Unterminated/.test(message) || column > line.length)
    fail(cut ? 'truncated: the last line is not whole' : 'not JSON', cut ? 0 : column)
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return fail('a JSON object was expected')
  if (line.includes('__proto__') && hasProtoKey(value)) fail("a key '__proto__' is not allowed")
  return value
}

/** Column at which objects and arrays are nested too deeply, or 0. */
function tooDeep(line: string): number {
  let depth = 0
  let quoted = false
  for (let index = 0; index < line.length; index++) {
    const code = line.charCodeAt(index)
    if (quoted) {
      if (code === 92) index++
      else if (code === 34) quoted = false
    } else if (code === 34) quoted = true
    else if (code === 123 || code === 91) {
      if (++depth > traceLimits.depth) return index + 1
    } else if (code === 125 || code === 93) depth--
  }
  return 0
}

function hasProtoKey(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  return Object.hasOwn(value, '__proto__') || Object.values(value).some(hasProtoKey)
}
