/**
 * MessagePack in memberlist's dialect: the format before 2013, in which texts and bytes are one type, `raw`, and neither
 * `str 8` nor `bin` is written. Structures are maps from field names to values. Reading takes the newer types too.
 */
import { TruncatedError, WireError } from './error.ts'

/** What can be written: texts and bytes both as raw, integers up to 2^53, floats not at all. */
export type Writable = null | boolean | number | string | Uint8Array | readonly Writable[] | WritableMap
export type WritableMap = ReadonlyMap<string, Writable>

/** What can be read: raw as bytes, and as keys in Latin-1, so that no two keys become one. */
export type Value = null | boolean | number | bigint | Uint8Array | readonly Value[] | ReadonlyMap<string, Value>

export interface ReadLimits {
  readonly bytes: number
  readonly values: number
  readonly depth: number
}

/** A structure with the fields in the order of their names, as memberlist writes them. */
export const structure = (fields: Readonly<Record<string, Writable>>): WritableMap =>
  new Map(Object.entries(fields).sort(([a], [b]) => (a < b ? -1 : 1)))

export const encodeValue = (value: Writable): Buffer => {
  const chunks: Uint8Array[] = []
  write(value, chunks)
  return Buffer.concat(chunks)
}

const write = (value: Writable, to: Uint8Array[]): void => {
  if (value === null) to.push(Buffer.of(0xc0))
  else if (typeof value === 'boolean') to.push(Buffer.of(value ? 0xc3 : 0xc2))
  else if (typeof value === 'number') to.push(integer(value))
  else if (typeof value === 'string') writeRaw(Buffer.from(value), to)
  else if (value instanceof Uint8Array) writeRaw(value, to)
  else if (isMap(value)) {
    to.push(header(value.size, 16, 0x80, 0xde))
    for (const [key, item] of value) {
      writeRaw(Buffer.from(key), to)
      write(item, to)
    }
  } else {
    to.push(header(value.length, 16, 0x90, 0xdc))
    for (const item of value) write(item, to)
  }
}

// Array.isArray does not narrow readonly arrays.
const isMap = (value: readonly Writable[] | WritableMap): value is WritableMap => value instanceof Map

const writeRaw = (bytes: Uint8Array, to: Uint8Array[]): void => {
  to.push(header(bytes.length, 32, 0xa0, 0xda), bytes)
}

/** Below `small` the size is in the first byte; else it follows in 2 or 4 bytes. */
const header = (size: number, small: number, first: number, wide: number): Buffer => {
  if (size < small) return Buffer.of(first | size)
  return size <= 0xffff ? number(wide, size, 2) : number(wide + 1, size, 4)
}

const integer = (value: number): Buffer => {
  if (!Number.isSafeInteger(value)) throw new WireError('field', `${value} is no integer that can be written`)
  if (value < 0) return negative(value)
  if (value < 0x80) return Buffer.of(value)
  if (value <= 0xff) return number(0xcc, value, 1)
  if (value <= 0xffff) return number(0xcd, value, 2)
  return value <= 0xffffffff ? number(0xce, value, 4) : number(0xcf, value, 8)
}

const negative = (value: number): Buffer => {
  if (value >= -0x20) return Buffer.of(value & 0xff)
  if (value >= -0x80) return number(0xd0, value & 0xff, 1)
  if (value >= -0x8000) return number(0xd1, value & 0xffff, 2)
  return value >= -0x80000000 ? number(0xd2, value >>> 0, 4) : number(0xd3, value, 8)
}

/** A type and a number of `width` bytes, big-endian. */
const number = (type: number, value: number, width: 1 | 2 | 4 | 8): Buffer => {
  const bytes = Buffer.alloc(1 + width)
  bytes[0] = type
  if (width === 8) bytes.writeBigInt64BE(BigInt(value), 1)
  else bytes.writeUIntBE(value, 1, width)
  return bytes
}

/** Reads values one after the other. Throws a WireError, a TruncatedError where the bytes end within a value. */
export class ValueReader {
  /** Where the next value begins. */
  position: number
  readonly #bytes: Buffer
  readonly #limits: ReadLimits
  #at = 0
  #left = 0

  constructor(bytes: Uint8Array, limits: ReadLimits, position = 0) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#limits = limits
    this.position = position
  }

  /** The next value; where none can be read the position stays. What is read shares memory with the bytes. */
  read(): Value {
    this.#at = this.position
    this.#left = this.#limits.values
    const value = this.#value(this.#limits.depth)
    this.position = this.#at
    return value
  }

  #value(depth: number): Value {
    if (--this.#left < 0) throw new WireError('too-large', `more than ${this.#limits.values} values`)
    const type = this.#bytes[this.#take(1)]!
    if (type < 0x80) return type
    if (type >= 0xe0) return type - 0x100
    if (type < 0x90) return this.#map(type & 0x0f, depth)
    if (type < 0xa0) return this.#array(type & 0x0f, depth)
    if (type < 0xc0) return this.#raw(type & 0x1f)
    if (type >= 0xca && type <= 0xcb) return this.#float(type === 0xca ? 4 : 8)
    if (type >= 0xcc && type <= 0xd3) return this.#integer(type)
    switch (type) {
      case 0xc0:
        return null
      case 0xc2:
      case 0xc3:
        return type === 0xc3
      case 0xc4:
      case 0xd9:
        return this.#raw(this.#size(1))
      case 0xc5:
      case 0xda:
        return this.#raw(this.#size(2))
      case 0xc6:
      case 0xdb:
        return this.#raw(this.#size(4))
      case 0xdc:
        return this.#array(this.#size(2), depth)
      case 0xdd:
        return this.#array(this.#size(4), depth)
      case 0xde:
        return this.#map(this.#size(2), depth)
      case 0xdf:
        return this.#map(this.#size(4), depth)
      default:
        // Extensions, and the type that is reserved.
        throw new WireError('msgpack', `a value of type 0x${type.toString(16)}`)
    }
  }

  /** Where the next `count` bytes begin. */
  #take(count: number): number {
    const from = this.#at
    const to = from + count
    if (to - this.position > this.#limits.bytes) throw new WireError('too-large', 'a value of too many bytes')
    if (to > this.#bytes.length) throw new TruncatedError(to)
    this.#at = to
    return from
  }

  #size(width: 1 | 2 | 4): number {
    return this.#bytes.readUIntBE(this.#take(width), width)
  }

  #raw(size: number): Uint8Array {
    const from = this.#take(size)
    return this.#bytes.subarray(from, from + size)
  }

  #float(width: 4 | 8): number {
    const from = this.#take(width)
    return width === 4 ? this.#bytes.readFloatBE(from) : this.#bytes.readDoubleBE(from)
  }

  #integer(type: number): number | bigint {
    const isSigned = type >= 0xd0
    const width = 1 << (type & 3)
    const from = this.#take(width)
    if (width < 8) return isSigned ? this.#bytes.readIntBE(from, width) : this.#bytes.readUIntBE(from, width)
    const wide = isSigned ? this.#bytes.readBigInt64BE(from) : this.#bytes.readBigUInt64BE(from)
    const narrow = Number(wide)
    return Number.isSafeInteger(narrow) ? narrow : wide
  }

  #array(size: number, depth: number): Value[] {
    const items: Value[] = []
    for (let index = 0; index < size; index++) items.push(this.#value(this.#deeper(depth)))
    return items
  }

  #map(size: number, depth: number): Map<string, Value> {
    const entries = new Map<string, Value>()
    for (let index = 0; index < size; index++) {
      const key = this.#value(this.#deeper(depth))
      if (!(key instanceof Uint8Array)) throw new WireError('msgpack', 'a key that is no text')
      entries.set(Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString('latin1'), this.#value(depth - 1))
    }
    return entries
  }

  #deeper(depth: number): number {
    if (depth === 0) throw new WireError('too-deep', `values within values more than ${this.#limits.depth} deep`)
    return depth - 1
  }
}
