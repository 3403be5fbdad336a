/** A node's random choices: hashes of who it is, when it chooses, and what it has chosen at that instant before. */
import type { Milliseconds, NodeId } from '../../../models/vocabulary.ts'
import { mix, mixText } from '../store/hash.ts'

export class Chance {
  readonly #seed: number
  #now: Milliseconds = -1
  #drawn = 0

  constructor(seed: number, name: NodeId, lives: number) {
    this.#seed = mix(mixText(seed, name), lives)
  }

  /** An integer from 0 up to `bound`, which is left out; 0 if there is no other. */
  below(bound: number, now: Milliseconds): number {
    if (now !== this.#now) {
      this.#now = now
      this.#drawn = 0
    }
    const draw = mix(mix(this.#seed, now), ++this.#drawn) >>> 0
    return bound > 1 ? draw % bound : 0
  }
}
