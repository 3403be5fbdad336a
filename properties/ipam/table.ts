/** What a table holds, as the judge folds it from changes: of each node, and of the store. */
import {
  addressAt,
  INVALID,
  masked,
  offsetIn,
  offsetOf,
  parsePrefix,
  sizeOf,
  type Offset,
  type Prefix,
} from '../../models/ipam/addresses.ts'
import { isReserved, lowestFree } from '../../models/ipam/rules.ts'
import type { Change, Inspection, PoolRecord, Space } from '../../models/ipam/vocabulary.ts'
import type { Milliseconds, NodeId } from '../../models/vocabulary.ts'

/** Whoever was given an address, and when. */
export interface Holder {
  readonly owner: string
  readonly kind: 'endpoint' | 'gateway' | 'auxiliary'
  readonly operation: number
  readonly node: NodeId
  readonly now: Milliseconds
  readonly space: Space
  readonly address: string
  /** Its release was asked for: from then on another may have it. */
  released: boolean
}

/** A subnet that pools lie in. */
export class Ground {
  readonly space: Space
  readonly subnet: Prefix
  readonly base4: number
  readonly taken = new Map<Offset, Holder>()
  /** What was taken before, and is free. */
  readonly freed = new Set<Offset>()
  /** Everything below is taken, reserved ones included. */
  private lowest = 0
  private lastText = ''
  private lastOffset: Offset = INVALID
  /** The offset that was chosen last by the allocator, and that which was given last at all; -1 for none. */
  chosen: Offset = -1
  given: Offset = -1
  /** Nothing was chosen from it since its node began to lead. */
  fresh: boolean
  pools = 0
  /** The first pool of it. */
  owner: Pool | null = null

  constructor(space: Space, subnet: Prefix, fresh: boolean) {
    this.space = space
    this.subnet = subnet
    this.base4 = subnet.v6 ? 0 : Number(subnet.base)
    this.fresh = fresh
  }

  /** Where an address lies; the one that was asked for last is remembered, since a step speaks of it several times. */
  offset(address: string): Offset {
    if (address !== this.lastText) {
      this.lastOffset = offsetIn(this.subnet, this.base4, address)
      this.lastText = address
    }
    return this.lastOffset
  }

  at(offset: Offset): string {
    return addressAt(this.subnet, offset)
  }

  isReserved(offset: Offset): boolean {
    return isReserved(this.subnet.v6, this.subnet.bits, offset)
  }

  readonly isTaken = (offset: Offset): boolean => this.taken.has(offset) || this.isReserved(offset)

  take(offset: Offset, holder: Holder): void {
    this.taken.set(offset, holder)
    if (this.freed.size > 0) this.freed.delete(offset)
    this.given = offset
  }

  free(offset: Offset): void {
    this.taken.delete(offset)
    this.freed.add(offset)
    if (offset < this.lowest) this.lowest = Number(offset)
  }

  /** The least free offset in [from, to]; -1 for none. */
  lowestFree(from: Offset, to: Offset): Offset {
    while (this.isTaken(this.lowest)) this.lowest++
    return lowestFree(this.isTaken, from > this.lowest ? from : this.lowest, to)
  }
}

/** A pool, with the offsets between which the allocator chooses. */
export class Pool {
  readonly record: PoolRecord
  readonly ground: Ground
  readonly from: Offset
  readonly to: Offset
  /** What was taken through it: all that is taken of its subnet, for as long as no other pool shares that. */
  own: Map<Offset, Holder>

  constructor(record: PoolRecord, ground: Ground, isAlone: boolean) {
    this.record = record
    this.ground = ground
    this.own = isAlone ? ground.taken : new Map()
    const range = record.range === '' ? ground.subnet : masked(parsePrefix(record.range)!)
    const from = range.base - ground.subnet.base
    this.from = offsetOf(from)
    this.to = offsetOf(from + sizeOf(range) - 1n)
  }
}

type AddressChange = Extract<Change, { readonly address: string }>

/** What is wrong with a change: it speaks of what is not there, or not as it says. */
export class ImpossibleChange extends Error {}

export class Table {
  readonly pools = new Map<string, Pool>()
  /** By space: subnets in use, sorted by base. */
  readonly grounds: Readonly<Record<Space, Ground[]>> = { local: [], global: [] }
  private readonly fresh: boolean

  /** `fresh`: its node has just begun to lead, and may not know what was chosen last. */
  constructor(fresh = false) {
    this.fresh = fresh
  }

  groundOf(space: Space, { v6, base, bits }: Prefix): Ground | undefined {
    return this.grounds[space].find(({ subnet }) => subnet.base === base && subnet.bits === bits && subnet.v6 === v6)
  }

  /** @throws ImpossibleChange */
  addPool(record: PoolRecord): Pool {
    const { pool: name, space, subnet: text, range } = record
    const subnet = parsePrefix(text)
    if (subnet === null) throw new ImpossibleChange(`pool ${name} has the subnet '${text}', which is none`)
    if (range !== '' && parsePrefix(range) === null) throw new ImpossibleChange(`pool ${name} has the range '${range}'`)
    if (this.pools.has(name)) throw new ImpossibleChange(`pool ${name} is there already`)
    let ground = this.groundOf(space, masked(subnet))
    if (ground === undefined) {
      ground = new Ground(space, masked(subnet), this.fresh)
      const grounds = this.grounds[space]
      let at = grounds.length
      while (at > 0 && grounds[at - 1]!.subnet.base > ground.subnet.base) at--
      grounds.splice(at, 0, ground)
    }
    const isAlone = ground.pools++ === 0
    if (!isAlone) this.split(ground)
    const pool = new Pool(record, ground, isAlone)
    this.pools.set(name, pool)
    ground.owner ??= pool
    return pool
  }

  /** A pool that was alone in its subnet keeps apart what is its own. */
  private split(ground: Ground): void {
    for (const pool of this.pools.values()) if (pool.own === ground.taken) pool.own = new Map(ground.taken)
  }

  removePool(pool: Pool): void {
    const { ground, own, record } = pool
    this.pools.delete(record.pool)
    if (--ground.pools === 0) {
      const grounds = this.grounds[record.space]
      grounds.splice(grounds.indexOf(ground), 1)
    } else for (const offset of own.keys()) ground.free(offset)
  }

  /** @throws ImpossibleChange */
  known(name: string): Pool {
    const pool = this.pools.get(name)
    if (pool === undefined) throw new ImpossibleChange(`a change speaks of pool ${name}, which is not there`)
    return pool
  }

  /** Makes a change that was judged, or is known to be right. @throws ImpossibleChange */
  apply(change: Change, holder: Holder): void {
    if (change.change === 'pool') {
      this.addPool(change)
      return
    }
    const pool = this.known(change.pool)
    if (change.change === 'pool-released') return this.removePool(pool)
    this.applyAddress(pool, change, pool.ground.offset(change.address), holder)
  }

  /** A change of an address whose offset is known. @throws ImpossibleChange */
  applyAddress(pool: Pool, change: AddressChange, offset: Offset, holder: Holder): void {
    if (offset < 0) throw new ImpossibleChange(`pool ${change.pool} has no address ${change.address}`)
    if (change.change === 'address') {
      pool.ground.take(offset, holder)
      if (pool.own !== pool.ground.taken) pool.own.set(offset, holder)
    } else {
      if (!pool.own.delete(offset)) throw new ImpossibleChange(`${change.address} of ${change.pool} was not taken`)
      pool.ground.free(offset)
    }
  }

  /** What differs from a table that was shown whole; null for nothing. */
  difference(shown: Inspection['pools']): string | null {
    const names = new Set(shown.map(({ pool }) => pool))
    for (const name of this.pools.keys()) if (!names.has(name)) return `lacks pool ${name}`
    for (const record of shown) {
      const { pool: name, subnet, addresses } = record
      const pool = this.pools.get(name)
      if (pool === undefined) return `has pool ${name}`
      if (!isSame(pool.record, record)) return `has pool ${name} as ${subnet}`
      if (addresses.length !== pool.own.size || addresses.some((text) => !pool.own.has(pool.ground.offset(text))))
        return `has ${addresses.length} addresses of ${name} taken, and other ones`
    }
    return null
  }

  /** What differs from another table; null for nothing. */
  differenceFrom(other: Table): string | null {
    for (const [name, pool] of other.pools) {
      const own = this.pools.get(name)
      if (own === undefined) return `lacks pool ${name}`
      if (!isSame(own.record, pool.record)) return `has pool ${name} as ${own.record.subnet}, ${own.record.space}`
      for (const [offset, { owner }] of pool.own)
        if (!own.own.has(offset)) return `lacks ${addressAt(pool.ground.subnet, offset)} of ${name}, held by ${owner}`
      for (const offset of own.own.keys())
        if (!pool.own.has(offset)) return `has ${addressAt(own.ground.subnet, offset)} of ${name} taken`
    }
    for (const name of this.pools.keys()) if (!other.pools.has(name)) return `has pool ${name}`
    return null
  }
}

function isSame(one: PoolRecord, other: PoolRecord): boolean {
  return one.space === other.space && one.subnet === other.subnet && one.range === other.range
}
