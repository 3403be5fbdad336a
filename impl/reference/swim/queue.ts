/**
 * Updates that are to be told on, each a limited number of times: what was sent least first, of those the largest that
 * fits, of those the newest. [ML] queue.go
 */
import type { Update } from '../../../models/swim/vocabulary.ts'

export interface Broadcast {
  /** What it is about: a newer one of that name replaces it. */
  readonly name: string
  readonly update: Update
  /** Bytes. */
  readonly size: number
  /** Order of arrival. */
  readonly number: number
  transmissions: number
  /** Operations that end when it is not sent any more. */
  readonly waiting: readonly number[]
}

const nothing: readonly Update[] = Object.freeze([])
const nobody: readonly number[] = Object.freeze([])

export class BroadcastQueue {
  /** By number of transmissions: broadcasts by falling size, those of one size newest first. */
  readonly #tiers: Broadcast[][] = []
  readonly #byName = new Map<string, Broadcast>()
  readonly #finished: (broadcast: Broadcast) => void
  #last = 0

  /** `finished` is told of each broadcast that is not sent any more. */
  constructor(finished: (broadcast: Broadcast) => void) {
    this.#finished = finished
  }

  get isEmpty(): boolean {
    return this.#byName.size === 0
  }

  /** Queues an update; whatever is queued under that name is replaced. */
  add(name: string, update: Update, size: number, waiting: readonly number[] = nobody): void {
    const old = this.#byName.get(name)
    if (old !== undefined) {
      this.#remove(old)
      this.#finished(old)
    }
    this.#insert({ name, update, size, number: ++this.#last, transmissions: 0, waiting })
  }

  /** Updates for one message, whose sizes with `overhead` for each stay within `space`. */
  take(space: number, overhead: number, limit: number): readonly Update[] {
    if (this.isEmpty) return nothing
    const taken: Broadcast[] = []
    let free = space - overhead
    for (const tier of this.#tiers) {
      let index = 0
      while (free > 0 && (index = firstFitting(tier, free, index)) < tier.length) {
        const [broadcast] = tier.splice(index, 1)
        taken.push(broadcast!)
        free -= overhead + broadcast!.size
      }
    }
    for (const broadcast of taken) this.#sent(broadcast, limit)
    return taken.length === 0 ? nothing : taken.map(({ update }) => update)
  }

  #sent(broadcast: Broadcast, limit: number): void {
    broadcast.transmissions++
    this.#byName.delete(broadcast.name)
    if (broadcast.transmissions < limit) this.#insert(broadcast)
    else this.#finished(broadcast)
  }

  #insert(broadcast: Broadcast): void {
    const { name, transmissions } = broadcast
    while (this.#tiers.length <= transmissions) this.#tiers.push([])
    const tier = this.#tiers[transmissions]!
    tier.splice(placeOf(tier, broadcast), 0, broadcast)
    this.#byName.set(name, broadcast)
  }

  #remove(broadcast: Broadcast): void {
    const tier = this.#tiers[broadcast.transmissions]!
    tier.splice(placeOf(tier, broadcast), 1)
    this.#byName.delete(broadcast.name)
  }
}

/** Index of the first of a tier, from `start` on, that takes no more than `free` bytes. */
function firstFitting(tier: readonly Broadcast[], free: number, start: number): number {
  let low = start
  let high = tier.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (tier[middle]!.size > free) low = middle + 1
    else high = middle
  }
  return low
}

/** Index at which a broadcast is in its tier, or belongs. */
function placeOf(tier: readonly Broadcast[], { size, number }: Broadcast): number {
  let low = 0
  let high = tier.length
  while (low < high) {
    const middle = (low + high) >> 1
    const other = tier[middle]!
    if (other.size > size || (other.size === size && other.number > number)) low = middle + 1
    else high = middle
  }
  return low
}
