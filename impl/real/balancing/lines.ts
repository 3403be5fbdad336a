/** Cuts what arrives into lines. */

const longest = 1 << 20

export class LineReader {
  #held: Buffer = Buffer.alloc(0)

  /** More has arrived than any line may have. */
  get isTooLong(): boolean {
    return this.#held.length > longest
  }

  push(chunk: Buffer): void {
    this.#held = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk])
  }

  /** The next line that has arrived as a whole, without its end; null for none. */
  next(): string | null {
    const end = this.#held.indexOf(10)
    if (end < 0) return null
    const line = this.#held.subarray(0, end).toString()
    this.#held = this.#held.subarray(end + 1)
    return line
  }

  /** What has arrived behind the last line. */
  rest(): Buffer {
    const rest = this.#held
    this.#held = Buffer.alloc(0)
    return rest
  }
}
