/** Frames of a byte stream: a length of four bytes, big-endian, a byte that says of what kind the body is, the body. */

export interface Frame {
  readonly kind: number
  readonly body: Buffer
}

const lengthBytes = 4

export const encodeFrame = (kind: number, body: Uint8Array): Buffer => {
  const frame = Buffer.allocUnsafe(lengthBytes + 1 + body.length)
  frame.writeUInt32BE(body.length + 1, 0)
  frame[lengthBytes] = kind
  frame.set(body, lengthBytes + 1)
  return frame
}

/** Cuts what arrives into frames. */
export class FrameReader {
  /** Longest body that is taken, in bytes. */
  longest: number
  readonly #chunks: Buffer[] = []
  #held = 0

  constructor(longest: number) {
    this.longest = longest
  }

  /** Takes what has arrived, without looking at it. */
  push(chunk: Buffer): void {
    this.#chunks.push(chunk)
    this.#held += chunk.length
  }

  /** The next frame that has arrived as a whole, or null. Throws an Error where none can follow. */
  next(): Frame | null {
    if (this.#held < lengthBytes) return null
    const length = this.#peek(lengthBytes).readUInt32BE(0)
    if (length === 0 || length - 1 > this.longest) throw new Error(`a frame of ${length} bytes`)
    if (this.#held < lengthBytes + length) return null
    const whole = this.#take(lengthBytes + length)
    return { kind: whole[lengthBytes]!, body: whole.subarray(lengthBytes + 1) }
  }

  /** The first `count` bytes, in one piece. */
  #peek(count: number): Buffer {
    if (this.#chunks[0]!.length < count) this.#chunks.splice(0, this.#chunks.length, Buffer.concat(this.#chunks))
    return this.#chunks[0]!
  }

  #take(count: number): Buffer {
    const first = this.#peek(count)
    this.#held -= count
    if (first.length === count) this.#chunks.shift()
    else this.#chunks[0] = first.subarray(count)
    return first.subarray(0, count)
  }
}
