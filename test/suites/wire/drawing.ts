/** Bytes that were right before they were broken, drawn by a generator of its own: the same seed breaks the same. */

export interface Drawing {
  /** Changes, cuts, doubles, fills or stretches bytes, from that position on and now and then before it. */
  broken(right: Uint8Array, from: number): Buffer
}

export function drawing(seed: number): Drawing {
  let state = seed >>> 0
  /** A whole number below that. [mulberry32] */
  const below = (bound: number): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) % bound
  }
  const changes: readonly ((bytes: Buffer, from: number) => Buffer)[] = [
    (bytes, from) => {
      const at = from + below(bytes.length - from)
      bytes[at]! ^= 1 << below(8)
      return bytes
    },
    (bytes, from) => {
      bytes[from + below(bytes.length - from)] = below(256)
      return bytes
    },
    (bytes) => bytes.subarray(0, below(bytes.length + 1)),
    (bytes, from) => Buffer.concat([bytes, bytes.subarray(from + below(bytes.length - from))]),
    (bytes, from) => bytes.fill(below(256), from + below(bytes.length - from)),
    (bytes) => Buffer.concat([bytes, Buffer.alloc(below(600), below(256))]),
    (bytes, from) => Buffer.concat([bytes.subarray(0, from), bytes.subarray(from + below(bytes.length - from))]),
  ]
  return {
    broken(right, from) {
      let bytes = Buffer.from(right)
      for (let left = 1 + below(4); left > 0; left--) {
        const start = below(8) === 0 ? 0 : Math.min(from, Math.max(bytes.length - 1, 0))
        if (bytes.length > start) bytes = Buffer.from(changes[below(changes.length)]!(bytes, start))
      }
      return bytes
    },
  }
}
