/**
 * What Serf, an application above memberlist, says there: tags as meta, its clock and what it knows of joins and leaves
 * as user state, and user messages. [SERF] messages.go, delegate.go, serf.go encodeTags. Its members take any meta and
 * no user state at all, but only who speaks a version of its delegate protocol; and who leaves must tell Serf too, or
 * is taken for failed.
 */
import { WireError } from './error.ts'
import { wireLimits } from './limits.ts'
import { Fields, type Versions } from './messages.ts'
import { encodeValue, structure, type Value, ValueReader, type Writable } from './msgpack.ts'
import { decodeMeta, decodeText, encodeMeta } from './text.ts'

/** Versions of Serf's own protocol that are understood, and the one that is spoken. */
export const serfVersions: Versions['delegate'] = [2, 5, 5]

const greatestTime = 2 ** 52

const tagsMark = 0xff
const types = { leave: 0, join: 1, pushPull: 2 } as const

/** Somebody joined or left, at an instant of Serf's Lamport clock. */
export interface Intent {
  readonly type: 'join' | 'leave'
  readonly time: number
  readonly node: string
  /** Of a leave: it is to be forgotten at once. */
  readonly prune: boolean
}

/** The user state that goes with a table. */
export interface SerfState {
  readonly time: number
  /** By name: the time of the last intent. */
  readonly statusTimes: ReadonlyMap<string, number>
  readonly left: readonly string[]
  readonly eventTime: number
  readonly queryTime: number
  readonly events: readonly SerfEvent[]
}

/** An event of a user, as a state tells it. */
export interface SerfEvent {
  readonly time: number
  readonly name: string
  readonly payload: string
}

export const limits = { bytes: wireLimits.stream, values: 262_144, depth: 16 }

/** The value of a message, behind its type. */
export const decode = (bytes: Uint8Array): Value => new ValueReader(bytes, limits).read()

/** A message: its type, and a value. */
export const typed = (type: number, value: Writable): Buffer => Buffer.concat([Buffer.of(type), encodeValue(value)])

export const encodeTags = (tags: ReadonlyMap<string, string>): Buffer => typed(tagsMark, tags)

/** Meta that does not begin with the mark is the tag `role`. */
export const decodeTags = (meta: Uint8Array): ReadonlyMap<string, string> => {
  if (meta[0] !== tagsMark) return new Map([['role', decodeText(meta)]])
  const tags = decode(meta.subarray(1))
  if (!(tags instanceof Map)) throw new WireError('field', 'tags that are no map')
  return new Map([...keyed(tags)].map(([name, value]) => [name, textOf(value)]))
}

/** Keys as the texts they are. */
const keyed = (map: ReadonlyMap<string, Value>): Map<string, Value> =>
  new Map([...map].map(([key, value]) => [decodeText(Buffer.from(key, 'latin1')), value]))

const textOf = (value: Value): string => {
  if (!(value instanceof Uint8Array)) throw new WireError('field', 'no text')
  return decodeText(value)
}

export const timeOf = (value: Value): number => {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0) throw new WireError('field', 'no time')
  // Somewhat less than what can be counted, so that a clock goes on.
  if (value > greatestTime) throw new WireError('field', 'a clock beyond all bounds')
  return value
}

export const encodeIntent = ({ type, time, node, prune }: Intent): Buffer =>
  typed(
    types[type],
    structure(type === 'leave' ? { LTime: time, Node: node, Prune: prune } : { LTime: time, Node: node }),
  )

/** The intent of a user message; null for Serf's other messages. */
export const decodeIntent = (bytes: Uint8Array): Intent | null => {
  const type = bytes[0]
  if (type !== types.join && type !== types.leave) return null
  const fields = new Fields(decode(bytes.subarray(1)))
  return {
    type: type === types.join ? 'join' : 'leave',
    time: timeOf(fields.integer('LTime', Number.MAX_SAFE_INTEGER)),
    node: fields.text('Node'),
    prune: fields.boolean('Prune'),
  }
}

export const encodeSerfState = ({ time, statusTimes, left, eventTime, queryTime, events }: SerfState): Buffer =>
  typed(
    types.pushPull,
    structure({
      LTime: time,
      StatusLTimes: statusTimes,
      LeftMembers: left,
      EventLTime: eventTime,
      Events: encodeEvents(events),
      QueryLTime: queryTime,
    }),
  )

/** Throws a WireError where it is none. */
export const decodeSerfState = (bytes: Uint8Array): SerfState => {
  if (bytes[0] !== types.pushPull) throw new WireError('type', 'no user state of Serf')
  const fields = new Fields(decode(bytes.subarray(1)))
  const time = (name: string): number => timeOf(fields.integer(name, Number.MAX_SAFE_INTEGER))
  return {
    time: time('LTime'),
    statusTimes: new Map([...keyed(fields.map('StatusLTimes'))].map(([node, value]) => [node, timeOf(value)])),
    left: fields.list('LeftMembers').map(textOf),
    eventTime: time('EventLTime'),
    queryTime: time('QueryLTime'),
    events: fields.list('Events').flatMap(decodeEvents),
  }
}

/** Those of one time go together. */
const encodeEvents = (events: readonly SerfEvent[]): Writable[] =>
  [...new Set(events.map(({ time }) => time))].map((time) =>
    structure({
      LTime: time,
      Events: events
        .filter((event) => event.time === time)
        .map(({ name, payload }) => structure({ Name: name, Payload: encodeMeta(payload) })),
    }),
  )

/** Places of the buffer that are empty are told as nothing. */
const decodeEvents = (value: Value): SerfEvent[] => {
  if (value === null) return []
  const fields = new Fields(value)
  const time = timeOf(fields.integer('LTime', Number.MAX_SAFE_INTEGER))
  return fields.list('Events').map((event) => {
    const said = new Fields(event)
    return { time, name: said.text('Name'), payload: decodeMeta(said.bytes('Payload')) }
  })
}
