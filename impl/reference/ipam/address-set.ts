/** A set of whole numbers as bitmaps, of which only those exist that have a member: a subnet of IPv6 costs what is used. */

const CHUNK_BITS = 12n
const CHUNK = 1 << 12
const MASK = BigInt(CHUNK - 1)

export class AddressSet {
  readonly #chunks = new Map<bigint, Uint32Array>()

  has(value: bigint): boolean {
    const chunk = this.#chunks.get(value >> CHUNK_BITS)
    const bit = Number(value & MASK)
    return chunk !== undefined && (chunk[bit >> 5]! & (1 << (bit & 31))) !== 0
  }

  add(value: bigint): void {
    const key = value >> CHUNK_BITS
    let chunk = this.#chunks.get(key)
    if (chunk === undefined) this.#chunks.set(key, (chunk = new Uint32Array(CHUNK >> 5)))
    const bit = Number(value & MASK)
    chunk[bit >> 5]! |= 1 << (bit & 31)
  }

  delete(value: bigint): void {
    const key = value >> CHUNK_BITS
    const chunk = this.#chunks.get(key)
    if (chunk === undefined) return
    const bit = Number(value & MASK)
    chunk[bit >> 5]! &= ~(1 << (bit & 31))
    if (chunk.every((word) => word === 0)) this.#chunks.delete(key)
  }

  /** The least that is missing in [from, to]; null for none. */
  firstMissing(from: bigint, to: bigint): bigint | null {
    let at = from
    while (at <= to) {
      const key = at >> CHUNK_BITS
      const chunk = this.#chunks.get(key)
      if (chunk === undefined) return at
      for (let bit = Number(at & MASK); bit < CHUNK; bit++) {
        if (chunk[bit >> 5] === 0xffffffff) {
          bit |= 31
          continue
        }
        if ((chunk[bit >> 5]! & (1 << (bit & 31))) !== 0) continue
        const found = (key << CHUNK_BITS) + BigInt(bit)
        return found <= to ? found : null
      }
      at = (key + 1n) << CHUNK_BITS
    }
    return null
  }

  /** All members in order. */
  values(): bigint[] {
    const keys = [...this.#chunks.keys()].sort((one, other) => (one < other ? -1 : 1))
    return keys.flatMap((key) => {
      const chunk = this.#chunks.get(key)!
      const found: bigint[] = []
      for (let bit = 0; bit < CHUNK; bit++) {
        if ((chunk[bit >> 5]! & (1 << (bit & 31))) !== 0) found.push((key << CHUNK_BITS) + BigInt(bit))
      }
      return found
    })
  }
}
