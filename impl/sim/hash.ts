/**
 * Random decisions without a generator. Each decision is a hash of what it is about (seed, link, kind, n-th message,
 * purpose), so that taking one event out of a run leaves all other decisions as they were.
 */

/** Folds `value` into the hash `state`; all are 32-bit integers. Every bit of both reaches every bit of the result. */
export function mix(state: number, value: number): number {
  let hash = Math.imul(state ^ Math.imul(value, 0x9e3779b1), 0x85ebca6b)
  hash ^= hash >>> 15
  hash = Math.imul(hash, 0x2c1b3c6d)
  hash ^= hash >>> 12
  hash = Math.imul(hash, 0x297a2d39)
  return hash ^ (hash >>> 15)
}

/** Hash of a seed of up to 53 bits. */
export function hashSeed(seed: number): number {
  return mix(mix(0x5eed, seed | 0), Math.floor(seed / 0x100000000) | 0)
}

/** Folds a text into the hash `state`. */
export function mixText(state: number, text: string): number {
  let hash = mix(state, text.length)
  for (let index = 0; index < text.length; index++) hash = mix(hash, text.charCodeAt(index))
  return hash
}

/** Whether an event of this probability happens. */
export function chance(hash: number, probability: number): boolean {
  return probability > 0 && hash >>> 0 < probability * 0x100000000
}

/** An integer from `least` to `greatest`, both included. */
export function between(hash: number, least: number, greatest: number): number {
  return greatest <= least ? least : least + ((hash >>> 0) % (greatest - least + 1))
}
