/**
 * LZW, with codes of 9 to 12 bits, the least significant bits first: 256 empties the table, 257 ends the text.
 * The table is emptied by the writer when it is full; the reader only stops to extend it.
 */
import { WireError } from './error.ts'

const clearCode = 256
const endCode = 257
const leastWidth = 9
const greatestWidth = 12
const greatestCode = 2 ** greatestWidth - 1

export const compress = (bytes: Uint8Array): Buffer => {
  const packed = new BitWriter()
  /** From a code and the byte that follows to the code for both. */
  let table = new Map<number, number>()
  let last = endCode
  let width = leastWidth
  packed.write(clearCode, width)
  let prefix = -1
  /** Gives the table its next code; where there is none left, begins another. */
  const advance = (key: number): void => {
    last++
    if (last === 1 << width) width++
    if (last < greatestCode) table.set(key, last)
    else {
      packed.write(clearCode, greatestWidth)
      table = new Map()
      last = endCode
      width = leastWidth
    }
  }
  for (const byte of bytes) {
    if (prefix === -1) {
      prefix = byte
      continue
    }
    const key = (prefix << 8) | byte
    const known = table.get(key)
    if (known === undefined) {
      packed.write(prefix, width)
      advance(key)
    }
    prefix = known ?? byte
  }
  if (prefix !== -1) {
    packed.write(prefix, width)
    advance(-1)
  }
  packed.write(endCode, width)
  return packed.end()
}

/** Throws a WireError, also where more than `most` bytes would come out. */
export const decompress = (bytes: Uint8Array, most: number): Buffer => {
  const packed = new BitReader(bytes)
  const out = new Output(most)
  /** By code: where in the output the text of the code begins, and its length. */
  const starts = new Int32Array(greatestCode + 1)
  const lengths = new Int32Array(greatestCode + 1)
  let last = endCode
  let width = leastWidth
  /** The text before: where it began, and its length, 0 for none. */
  let start = 0
  let length = 0
  for (;;) {
    const code = packed.read(width)
    if (code === endCode) return out.end()
    if (code === clearCode) {
      last = endCode
      width = leastWidth
      length = 0
      continue
    }
    // With the first code after a clear, and once the table is full, nothing is added.
    if (length > 0 && last < greatestCode) {
      last++
      starts[last] = start
      lengths[last] = length + 1
      if (last === (1 << width) - 1 && width < greatestWidth) width++
    }
    const begin = out.length
    if (code < clearCode) out.byte(code)
    else if (code <= last) out.repeat(starts[code]!, lengths[code]!)
    else throw new WireError('compression', `code ${code} before it can be known`)
    start = begin
    length = out.length - begin
  }
}

class BitWriter {
  readonly #bytes: number[] = []
  #bits = 0
  #count = 0

  write(code: number, width: number): void {
    this.#bits |= code << this.#count
    this.#count += width
    while (this.#count >= 8) this.#flush()
  }

  end(): Buffer {
    if (this.#count > 0) this.#flush()
    return Buffer.from(this.#bytes)
  }

  #flush(): void {
    this.#bytes.push(this.#bits & 0xff)
    this.#bits >>>= 8
    this.#count -= 8
  }
}

class BitReader {
  readonly #bytes: Uint8Array
  #at = 0
  #bits = 0
  #count = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  read(width: number): number {
    while (this.#count < width) {
      if (this.#at === this.#bytes.length) throw new WireError('compression', 'ends without an end code')
      this.#bits |= this.#bytes[this.#at++]! << this.#count
      this.#count += 8
    }
    const code = this.#bits & ((1 << width) - 1)
    this.#bits >>>= width
    this.#count -= width
    return code
  }
}

/** Bytes whose number is not known before. */
class Output {
  length = 0
  readonly #most: number
  #bytes: Buffer

  constructor(most: number) {
    this.#most = most
    this.#bytes = Buffer.alloc(Math.min(most, 1_024))
  }

  byte(value: number): void {
    this.#reserve(1)
    this.#bytes[this.length++] = value
  }

  /** Copies what is there already, byte after byte: the last may be one that is being written. */
  repeat(from: number, count: number): void {
    this.#reserve(count)
    for (let index = 0; index < count; index++) this.#bytes[this.length++] = this.#bytes[from + index]!
  }

  end(): Buffer {
    return this.#bytes.subarray(0, this.length)
  }

  #reserve(count: number): void {
    const needed = this.length + count
    if (needed > this.#most) throw new WireError('too-large', `unpacks to more than ${this.#most} bytes`)
    if (needed <= this.#bytes.length) return
    const larger = Buffer.alloc(Math.min(this.#most, Math.max(needed, 2 * this.#bytes.length)))
    this.#bytes.copy(larger, 0, 0, this.length)
    this.#bytes = larger
  }
}
