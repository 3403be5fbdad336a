/**
 * Streams: one message in each direction. Whoever opens one sends its label first; then, either way, encryption,
 * compression and the message, each inside the one before. Only what is encrypted says how long it is, so that the rest
 * is read until it is whole. [ML] net.go readStream.
 */
import { decrypt, encryptedLength } from './encryption.ts'
import {
  labelBytes,
  labelHeader,
  unwrapCompressed,
  wrapCompressed,
  wrapEncrypted,
  type WireSettings,
} from './envelopes.ts'
import { TruncatedError, WireError } from './error.ts'
import { wireLimits } from './limits.ts'
import {
  encodeMessage,
  encodePushPull,
  encodeStreamUser,
  Fields,
  type NodeState,
  readAck,
  readNodeState,
  readPing,
  type StreamMessage,
  structureLimits,
  types,
} from './messages.ts'
import { type ReadLimits, type Value, ValueReader } from './msgpack.ts'

/** Who sends: the one who opened the stream, or the one who answers on it. */
export type Side = 'opener' | 'answerer'

/** A type, and a length of four bytes. */
const encryptedHeader = 5

/** All that one side sends. */
export const encodeStream = (message: StreamMessage, settings: WireSettings, side: Side): Buffer => {
  const plain = encodePlain(message)
  const bytes = settings.compress ? wrapCompressed(plain) : plain
  const header = side === 'opener' ? labelHeader(settings) : Buffer.alloc(0)
  if (settings.keys.length === 0) return Buffer.concat([header, bytes])
  const frame = Buffer.alloc(encryptedHeader)
  frame[0] = types.encrypted
  frame.writeUInt32BE(encryptedLength(settings.encryptionVersion, bytes.length), 1)
  const data = Buffer.concat([frame, labelBytes(settings)])
  return Buffer.concat([header, frame, wrapEncrypted(bytes, settings, data)])
}

const encodePlain = (message: StreamMessage): Buffer => {
  if (message.type === 'push-pull') return encodePushPull(message)
  return message.type === 'user' ? encodeStreamUser(message) : encodeMessage(message)
}

/** Says where it needs more bytes, counted from the beginning of the stream, and ends with the message. */
type Reading = Generator<number, StreamMessage, void>

/** Reads what one side sends. */
export class StreamReader {
  readonly #settings: WireSettings
  readonly #reading: Reading
  readonly #held = new Held()
  #needed: number
  #message: StreamMessage | null = null
  #error: WireError | null = null

  constructor(settings: WireSettings, side: Side) {
    this.#settings = settings
    this.#reading = this.#read(side)
    this.#needed = 1
  }

  /** All that has been taken. */
  get bytes(): Buffer {
    return this.#held.bytes
  }

  /**
   * Takes what has arrived. Gives the message as soon as it is whole, once; what follows it is ignored. Throws a
   * WireError where no message can come any more, and the same again from then on.
   */
  push(chunk: Uint8Array): StreamMessage | null {
    if (this.#error !== null) throw this.#error
    if (this.#message !== null) return null
    if (this.#held.length + chunk.length > wireLimits.unpackedStream) throw this.#fail('a stream without an end')
    this.#held.append(chunk)
    if (this.#held.length < this.#needed) return null
    try {
      const step = this.#reading.next()
      if (step.done === true) this.#message = step.value
      else this.#needed = step.value
    } catch (error) {
      if (error instanceof WireError) this.#error = error
      throw error
    }
    return this.#message
  }

  #fail(text: string): WireError {
    return (this.#error = new WireError('too-large', text))
  }

  *#read(side: Side): Reading {
    const label = labelBytes(this.#settings)
    const start = side === 'opener' ? yield* this.#label(labelHeader(this.#settings)) : 0
    yield* this.#until(start + 1)
    const isEncrypted = this.#held.bytes[start] === types.encrypted
    if (isEncrypted !== this.#settings.keys.length > 0)
      throw new WireError('encryption', isEncrypted ? 'encrypted, and no key is known' : 'not encrypted')
    if (!isEncrypted) return yield* this.#content(this.#held, start)
    const text = yield* this.#decrypted(start, label)
    return whole(this.#content(new Held(text), 0))
  }

  *#until(needed: number): Generator<number, void, void> {
    while (this.#held.length < needed) yield needed
  }

  *#label(expected: Buffer): Generator<number, number, void> {
    yield* this.#until(1)
    const isLabelled = this.#held.bytes[0] === types.label
    if (isLabelled !== expected.length > 0) throw new WireError('label', isLabelled ? 'another label' : 'no label')
    yield* this.#until(expected.length)
    if (!expected.equals(this.#held.bytes.subarray(0, expected.length))) throw new WireError('label', 'another label')
    return expected.length
  }

  *#decrypted(start: number, label: Buffer): Generator<number, Buffer, void> {
    const from = start + encryptedHeader
    yield* this.#until(from)
    const length = this.#held.bytes.readUInt32BE(start + 1)
    if (length > wireLimits.stream) throw new WireError('too-large', `a stream of ${length} bytes`)
    yield* this.#until(from + length)
    const header = this.#held.bytes.subarray(start, from)
    return decrypt(this.#held.bytes.subarray(from, from + length), this.#settings.keys, Buffer.concat([header, label]))
  }

  /** The message, and what compresses it, from there on. */
  *#content(held: Held, start: number): Reading {
    const reader = new Cursor(held, start)
    if ((yield* reader.type()) !== types.compressed) return yield* readMessage(new Cursor(held, start))
    const unpacked = unwrapCompressed(yield* reader.value(compressedLimits), wireLimits.unpackedStream)
    return whole(readMessage(new Cursor(new Held(unpacked), 0)))
  }
}

const compressedLimits: ReadLimits = { bytes: wireLimits.stream, values: 16, depth: 1 }

/** What is read of bytes that are all there. */
const whole = (reading: Reading): StreamMessage => {
  const step = reading.next()
  if (step.done !== true) throw new TruncatedError(step.value)
  return step.value
}

/** The bytes that have arrived, in one piece that grows by doubling. */
class Held {
  length: number
  #room: Buffer

  constructor(bytes: Buffer = Buffer.alloc(0)) {
    this.#room = bytes
    this.length = bytes.length
  }

  get bytes(): Buffer {
    return this.#room.subarray(0, this.length)
  }

  append(chunk: Uint8Array): void {
    const needed = this.length + chunk.length
    if (needed > this.#room.length) {
      const larger = Buffer.alloc(Math.max(needed, 2 * this.#room.length))
      this.#room.copy(larger, 0, 0, this.length)
      this.#room = larger
    }
    this.#room.set(chunk, this.length)
    this.length = needed
  }
}

/** Reads on where more bytes are needed. */
class Cursor {
  readonly #held: Held
  #position: number

  constructor(held: Held, position: number) {
    this.#held = held
    this.#position = position
  }

  *type(): Generator<number, number, void> {
    const [type] = yield* this.bytes(1)
    return type!
  }

  *bytes(count: number): Generator<number, Buffer, void> {
    const from = this.#position
    const to = from + count
    while (this.#held.length < to) yield to
    this.#position = to
    return this.#held.bytes.subarray(from, to)
  }

  *value(limits: ReadLimits): Generator<number, Value, void> {
    for (;;) {
      const reader = new ValueReader(this.#held.bytes, limits, this.#position)
      const found = attempt(reader)
      if (found.needed === null) {
        this.#position = reader.position
        return found.value
      }
      yield found.needed
    }
  }

  *fields(): Generator<number, Fields, void> {
    return new Fields(yield* this.value(structureLimits))
  }
}

const attempt = (reader: ValueReader): { needed: null; value: Value } | { needed: number } => {
  try {
    return { needed: null, value: reader.read() }
  } catch (error) {
    if (!(error instanceof TruncatedError)) throw error
    return { needed: error.needed }
  }
}

function* readMessage(cursor: Cursor): Reading {
  const type = yield* cursor.type()
  switch (type) {
    case types.ping:
      return readPing(yield* cursor.fields())
    case types.ack:
      return readAck(yield* cursor.fields())
    case types.error:
      return { type: 'error', text: (yield* cursor.fields()).text('Error') }
    case types.user: {
      const length = (yield* cursor.fields()).count('UserMsgLen', wireLimits.stream)
      return { type: 'user', bytes: yield* cursor.bytes(length) }
    }
    case types.pushPull:
      return yield* readPushPull(cursor)
    default:
      throw new WireError('type', `no message of a stream is of type ${type}`)
  }
}

function* readPushPull(cursor: Cursor): Reading {
  const header = yield* cursor.fields()
  const count = header.count('Nodes', wireLimits.members)
  const length = header.count('UserStateLen', wireLimits.stream)
  const members: NodeState[] = []
  while (members.length < count) members.push(readNodeState(yield* cursor.fields()))
  return { type: 'push-pull', join: header.boolean('Join'), members, user: yield* cursor.bytes(length) }
}
