/** Which transitions of the life of an address a run has taken: each operation is seen by addresses of several kinds. */
import { inputs, outcomesOf, type Holding, type IpamInput, type Kind } from '../../models/ipam/member.ts'
import { successor, type Offset } from '../../models/ipam/addresses.ts'
import type { AddressRelease, AddressRequest } from '../../models/ipam/vocabulary.ts'
import type { Ground, Table } from './table.ts'

const kinds: readonly Kind[] = ['reserved', 'lowest', 'high', 'alone']
const holdings: readonly Holding[] = ['absent', 'reserved', 'free', 'allocated', 'released']

const RESERVED = 0
const LOWEST = 1
const HIGH = 2
const ALONE = 3
const ABSENT = 0
const KEPT = 1
const FREE = 2
const ALLOCATED = 3
const RELEASED = 4

const inputNumbers = Object.fromEntries(inputs.map((input, number) => [input, number])) as Record<IpamInput, number>

const holdingOf = (ground: Ground, offset: Offset): number =>
  ground.isReserved(offset) ? KEPT : ground.taken.has(offset) ? ALLOCATED : ground.freed.has(offset) ? RELEASED : FREE

export class TransitionCounts {
  /** By kind, holding and input. */
  readonly #counts = new Float64Array(kinds.length * holdings.length * inputs.length)

  /** An operation on a whole pool, as its first addresses see it. */
  pool(table: Table, name: string, input: 'request-pool' | 'release-pool'): void {
    const pool = table.pools.get(name)
    if (pool === undefined) {
      this.#count(LOWEST, ABSENT, input)
      if (input === 'request-pool') this.#count(RESERVED, ABSENT, input)
      return
    }
    const { ground, from } = pool
    let offset = from
    for (let count = 0; count < 3 && offset <= pool.to; count++, offset = successor(offset)) {
      const holding = holdingOf(ground, offset)
      this.#count(holding === KEPT ? RESERVED : LOWEST, holding, input)
    }
  }

  /** An operation on one address; where the allocator chooses, those that it may have chosen from see it. */
  address(table: Table, asked: AddressRequest | AddressRelease): void {
    const input = asked.type === 'release-address' ? 'release' : asked.address === '' ? 'request-any' : 'request-this'
    const pool = table.pools.get(asked.pool)
    if (pool === undefined) return this.#count(LOWEST, ABSENT, input)
    const { ground, from, to } = pool
    if (input !== 'request-any') {
      const offset = ground.offset(asked.address)
      if (offset < 0) return
      const holding = holdingOf(ground, offset)
      this.#count(holding === KEPT ? RESERVED : LOWEST, holding, input)
      return
    }
    if (asked.type === 'request-address' && asked.serial) return
    const lowest = ground.lowestFree(from, to)
    if (lowest < 0) return this.#count(ALONE, ALLOCATED, input)
    this.#count(LOWEST, holdingOf(ground, lowest), input)
    if (lowest > from) {
      const first = holdingOf(ground, from)
      this.#count(first === KEPT ? RESERVED : LOWEST, first, input)
    }
    const behind = successor(lowest)
    if (lowest < to && !ground.isTaken(behind)) this.#count(HIGH, holdingOf(ground, behind), input)
  }

  /** By name of the transition; those that were never taken are left out. */
  counts(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>()
    this.#counts.forEach((count, place) => {
      if (count === 0) return
      const input = inputs[place % inputs.length]!
      const rest = Math.floor(place / inputs.length)
      const [outcome] = outcomesOf(kinds[Math.floor(rest / holdings.length)]!, holdings[rest % holdings.length]!, input)
      if (outcome !== undefined) counts.set(outcome.name, (counts.get(outcome.name) ?? 0) + count)
    })
    return counts
  }

  #count(kind: number, holding: number, input: IpamInput): void {
    this.#counts[(kind * holdings.length + holding) * inputs.length + inputNumbers[input]]!++
  }
}
