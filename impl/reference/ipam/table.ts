/** The table of an allocator: its pools, the subnets that they lie in, and what is taken of each. */
import type { Change, Inspection, IpamOptions, PoolRecord, Space } from '../../../models/ipam/vocabulary.ts'
import { AddressSet } from './address-set.ts'
import { type Subnet, meets, readAddress, readSubnet, showAddress, showSubnet, subnetOf } from './addresses.ts'

/** A subnet that pools lie in. More than one share it if they have different ranges. */
export interface Ground {
  readonly subnet: Subnet
  readonly taken: AddressSet
  /** The address that was chosen last; null before the first. */
  cursor: bigint | null
  pools: number
}

export interface Pool {
  readonly name: string
  readonly space: Space
  readonly ground: Ground
  /** Where addresses are chosen: the range, or the whole subnet. */
  readonly range: Subnet
  readonly hasRange: boolean
  /** What was taken through this pool. */
  readonly own: AddressSet
}

interface Block {
  readonly block: Subnet
  readonly length: number
}

export class Table {
  readonly pools = new Map<string, Pool>()
  protected readonly options: IpamOptions
  /** By space: subnets in use, sorted by their first address. */
  protected readonly grounds: Readonly<Record<Space, Ground[]>> = { local: [], global: [] }

  constructor(options: IpamOptions) {
    this.options = options
  }

  // Pools

  groundOf(space: Space, subnet: Subnet): Ground | undefined {
    return this.grounds[space].find(
      ({ subnet: other }) =>
        other.width === subnet.width && other.first === subnet.first && other.length === subnet.length,
    )
  }

  /** Whether a subnet may not be granted, for what is there already. */
  isBlocked(space: Space, subnet: Subnet, range: Subnet | null): boolean {
    const same = this.groundOf(space, subnet)
    if (same !== undefined && range !== null) return this.hasRange(same, range) || this.meetsOthers(space, subnet, same)
    return this.meetsOthers(space, subnet, null)
  }

  protected hasRange(ground: Ground, range: Subnet): boolean {
    return [...this.pools.values()].some(
      (pool) => pool.ground === ground && pool.hasRange && showSubnet(pool.range) === showSubnet(range),
    )
  }

  protected meetsOthers(space: Space, subnet: Subnet, except: Ground | null): boolean {
    return this.grounds[space].some((ground) => ground !== except && meets(ground.subnet, subnet))
  }

  /** The lowest default subnet that is free; null for none. `length` is 0 for that of the blocks. */
  lowestDefault(space: Space, width: 32 | 128, length: number): Subnet | null {
    const inTheWay = this.inTheWay(space)
    for (const { block, length: size } of this.blocks(space, width, length)) {
      const found = this.lowestIn(block, size, inTheWay)
      if (found !== null) return found
    }
    return null
  }

  /** Whether there are default pools of this length at all. */
  hasDefaults(space: Space, width: 32 | 128, length: number): boolean {
    return this.blocks(space, width, length).length > 0
  }

  protected lowestIn(block: Subnet, length: number, inTheWay: readonly Subnet[]): Subnet | null {
    let candidate = subnetOf(block.width, block.first, length)
    for (const other of inTheWay) {
      if (candidate.last > block.last) return null
      if (!meets(other, candidate)) continue
      const size = candidate.last - candidate.first + 1n
      candidate = subnetOf(block.width, ((other.last + size) / size) * size, length)
    }
    return candidate.last > block.last ? null : candidate
  }

  protected blocks(space: Space, width: 32 | 128, length: number): Block[] {
    const blocks: Block[] = []
    const all = this.options.defaults
      .filter((each) => each.space === space)
      .map(({ block, size }) => ({ block: readSubnet(block)!.subnet, length: size }))
      .filter(({ block }) => block.width === width)
      .sort((one, other) => Number(one.block.first - other.block.first) || one.block.length - other.block.length)
    for (const { block, length: usual } of all) {
      if (blocks.some((earlier) => meets(earlier.block, block))) continue
      blocks.push({ block, length: length === 0 ? usual : length })
    }
    return blocks.filter(({ block, length: wanted }) => wanted >= block.length && wanted <= width)
  }

  /** What default pools must not meet, sorted by first address. */
  protected inTheWay(space: Space): Subnet[] {
    const subnets = this.grounds[space].map(({ subnet }) => subnet)
    const reserved = this.reservedNetworks(space)
    if (reserved.length === 0) return subnets
    return [...subnets, ...reserved].sort((one, other) => (one.first < other.first ? -1 : 1))
  }

  protected reservedNetworks(space: Space): Subnet[] {
    return space === 'local' ? this.options.reserved.map((text) => readSubnet(text)!.subnet) : []
  }

  addPool(name: string, space: Space, subnet: Subnet, range: Subnet | null): Pool {
    let ground = this.groundOf(space, subnet)
    if (ground === undefined) {
      ground = { subnet, taken: new AddressSet(), cursor: null, pools: 0 }
      for (const address of this.reservedAddresses(subnet)) ground.taken.add(address)
      this.insert(this.grounds[space], ground)
    }
    ground.pools++
    const pool = { name, space, ground, range: range ?? subnet, hasRange: range !== null, own: new AddressSet() }
    this.pools.set(name, pool)
    return pool
  }

  protected insert(grounds: Ground[], ground: Ground): void {
    let at = grounds.length
    while (at > 0 && grounds[at - 1]!.subnet.first > ground.subnet.first) at--
    grounds.splice(at, 0, ground)
  }

  removePool(pool: Pool): void {
    this.pools.delete(pool.name)
    for (const address of pool.own.values()) pool.ground.taken.delete(address)
    if (--pool.ground.pools === 0) {
      const grounds = this.grounds[pool.space]
      grounds.splice(grounds.indexOf(pool.ground), 1)
    }
  }

  // Addresses

  /** What is never handed out: RFC 3021 and RFC 4291 say of which subnets. */
  reservedAddresses(subnet: Subnet): bigint[] {
    if (subnet.width === 128) return [subnet.first]
    return subnet.length >= 31 ? [] : [subnet.first, subnet.last]
  }

  take(pool: Pool, address: bigint): void {
    pool.ground.taken.add(address)
    pool.own.add(address)
  }

  free(pool: Pool, address: bigint): void {
    pool.ground.taken.delete(address)
    pool.own.delete(address)
  }

  // The whole

  /** Makes a change that was recorded. */
  apply(change: Change): void {
    if (change.change === 'pool') {
      const range = change.range === '' ? null : readSubnet(change.range)!.subnet
      this.addPool(change.pool, change.space, readSubnet(change.subnet)!.subnet, range)
      return
    }
    const pool = this.pools.get(change.pool)!
    if (change.change === 'pool-released') this.removePool(pool)
    else if (change.change === 'address') this.take(pool, readAddress(change.address)!.value)
    else this.free(pool, readAddress(change.address)!.value)
  }

  /** Pools by name, with what was taken through each. */
  inspect(): Inspection['pools'] {
    return [...this.pools.values()]
      .sort((one, other) => (one.name < other.name ? -1 : 1))
      .map((pool) => ({ ...recordOf(pool), addresses: addressesOf(pool) }))
  }

  /** The whole table as changes from nothing. */
  changes(): Change[] {
    return this.inspect().flatMap(({ addresses, ...record }): Change[] => [
      { change: 'pool', ...record },
      ...addresses.map((address): Change => ({ change: 'address', pool: record.pool, address })),
    ])
  }
}

export function recordOf({ name, space, ground, range, hasRange }: Pool): PoolRecord {
  return { pool: name, space, subnet: showSubnet(ground.subnet), range: hasRange ? showSubnet(range) : '' }
}

function addressesOf({ ground, own }: Pool): string[] {
  return own.values().map((value) => showAddress({ width: ground.subnet.width, value }))
}
