/** Choices of a generator: drawn from a seed, or by fast-check, by the same code. */
import { between, chance, hashSeed, mix } from '../../impl/sim/hash.ts'

export interface Draw {
  /** An integer from `least` to `greatest`, both included. */
  integer(least: number, greatest: number): number
  chance(probability: number): boolean
}

/** Choices that depend on the seed alone. */
export function drawFrom(seed: number): Draw {
  const hash = hashSeed(seed)
  let drawn = 0
  return {
    integer: (least, greatest) => between(mix(hash, ++drawn), least, greatest),
    chance: (probability) => chance(mix(hash, ++drawn), probability),
  }
}

/** One of several, each as likely as the others. */
export function pick<Item>(draw: Draw, items: readonly Item[]): Item {
  return items[draw.integer(0, items.length - 1)]!
}

/** One of several by weight; those of weight 0 never. At least one weight is above 0. */
export function pickWeighted<Item>(draw: Draw, items: readonly (readonly [number, Item])[]): Item {
  let rest = draw.integer(
    1,
    items.reduce((sum, [weight]) => sum + weight, 0),
  )
  for (const [weight, item] of items) {
    rest -= weight
    if (rest <= 0) return item
  }
  throw new RangeError('nothing to pick from')
}

/** Some of several, at least `least` and at most `greatest`, in a drawn order. */
export function pickSome<Item>(draw: Draw, items: readonly Item[], least: number, greatest: number): Item[] {
  const rest = [...items]
  const count = Math.min(rest.length, draw.integer(least, greatest))
  return Array.from({ length: count }, () => rest.splice(draw.integer(0, rest.length - 1), 1)[0]!)
}
