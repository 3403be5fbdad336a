/** What an allocator decides: each operation is a method, and each rule within it another. */
import type {
  AddressRelease,
  AddressRequest,
  Change,
  IpamOptions,
  Operation,
  PoolRequest,
  Problem,
  Refusal,
  Result,
} from '../../../models/ipam/vocabulary.ts'
import { type Address, type Subnet, holds, readAddress, readSubnet, showAddress, showSubnet } from './addresses.ts'
import type { StoreRecord } from './store.ts'
import { type Pool, Table, recordOf } from './table.ts'
import { Validation } from './validation.ts'

export type Decision = Omit<Result, 'operation'>

const granted: Decision = { status: 'ok', reason: '', problems: [], subnet: '', address: '' }

export class Allocator {
  protected readonly options: IpamOptions
  protected readonly validation = this.createValidation()
  protected table: Table
  /** What the step that is being made has changed so far. */
  protected changes: Change[] = []
  protected cursor: StoreRecord['cursor'] = null

  constructor(options: IpamOptions) {
    this.options = options
    this.table = this.createTable()
  }

  protected createTable(): Table {
    return new Table(this.options)
  }

  protected createValidation(): Validation {
    return new Validation()
  }

  protected refuse(reason: Refusal, problems: readonly Problem[] = []): Decision {
    return { status: 'failed', reason, problems, subnet: '', address: '' }
  }

  protected decide(operation: Operation): Decision {
    switch (operation.type) {
      case 'request-pool':
        return this.requestPool(operation)
      case 'release-pool':
        return this.releasePool(operation.pool)
      case 'request-address':
        return this.requestAddress(operation)
      case 'release-address':
        return this.releaseAddress(operation)
    }
  }

  // Pools

  protected requestPool(request: PoolRequest): Decision {
    const problems = this.validation.problems(request)
    if (problems.length > 0) return this.refuse('invalid-parameter', problems)
    if (this.table.pools.has(request.pool)) return this.repeated(request)
    const range = request.range === '' ? null : readSubnet(request.range)!.subnet
    const subnet = this.validation.isChosen(request) ? this.chooseSubnet(request) : this.askedSubnet(request, range)
    if ('status' in subnet) return subnet
    const pool = this.table.addPool(request.pool, request.space, subnet, range)
    this.changes.push({ change: 'pool', ...recordOf(pool) })
    const { cursor } = pool.ground
    const furnished = this.furnish(pool, request)
    if (furnished.status === 'failed') this.rollBack(pool, cursor)
    return furnished
  }

  /** A pool of that name is there already. */
  protected repeated(_request: PoolRequest): Decision {
    return this.refuse('forbidden')
  }

  protected askedSubnet({ subnet: text, space }: PoolRequest, range: Subnet | null): Subnet | Decision {
    const { subnet } = readSubnet(text)!
    return this.table.isBlocked(space, subnet, range) ? this.refuse('forbidden') : subnet
  }

  protected chooseSubnet({ space, v6, subnet }: PoolRequest): Subnet | Decision {
    const like = subnet === '' ? null : readSubnet(subnet)!.subnet
    const width = like?.width ?? (v6 ? 128 : 32)
    const length = like?.length ?? 0
    return this.table.lowestDefault(space, width, length) ?? this.refuse('invalid-parameter')
  }

  /** Takes the gateway and the auxiliary addresses of a new pool. */
  protected furnish(pool: Pool, { gateway, auxiliary }: PoolRequest): Decision {
    let address = ''
    if (gateway !== '') {
      const decision = gateway === 'auto' ? this.anyAddress(pool, false) : this.thisAddress(pool, gateway)
      if (decision.status === 'failed') return decision
      address = decision.address
    }
    for (const each of auxiliary) {
      const decision = this.thisAddress(pool, each)
      if (decision.status === 'failed') return decision
    }
    return { ...granted, subnet: showSubnet(pool.ground.subnet), address }
  }

  /** As if nothing had been chosen. */
  protected rollBack(pool: Pool, cursor: bigint | null): void {
    this.table.removePool(pool)
    pool.ground.cursor = cursor
    this.changes = []
    this.cursor = null
  }

  protected releasePool(name: string): Decision {
    const pool = this.table.pools.get(name)
    if (pool === undefined) return this.refuse('invalid-parameter')
    this.table.removePool(pool)
    this.changes.push({ change: 'pool-released', pool: name })
    return granted
  }

  // Addresses

  protected requestAddress({ pool: name, address, serial }: AddressRequest): Decision {
    const pool = this.table.pools.get(name)
    if (pool === undefined) return this.refuse('not-found')
    return address === '' ? this.anyAddress(pool, serial) : this.thisAddress(pool, address)
  }

  protected thisAddress(pool: Pool, text: string): Decision {
    const address = readAddress(text)
    if (address === null || !this.isWithin(pool, address)) return this.refuse('invalid-parameter')
    if (this.isTaken(pool, address.value)) return this.refuse('forbidden')
    return this.give(pool, address.value)
  }

  protected isWithin({ ground }: Pool, address: Address): boolean {
    return holds(ground.subnet, address)
  }

  protected isTaken({ ground }: Pool, address: bigint): boolean {
    return ground.taken.has(address)
  }

  protected anyAddress(pool: Pool, serial: boolean): Decision {
    const address = this.choose(pool, serial)
    if (address === null) return this.exhausted()
    this.moveCursor(pool, address)
    return this.give(pool, address)
  }

  protected exhausted(): Decision {
    return this.refuse('unavailable')
  }

  protected choose(pool: Pool, serial: boolean): bigint | null {
    return serial ? this.nextFree(pool) : this.lowestFree(pool)
  }

  protected lowestFree({ ground, range }: Pool): bigint | null {
    return ground.taken.firstMissing(range.first, range.last)
  }

  protected nextFree(pool: Pool): bigint | null {
    const { ground, range } = pool
    const { cursor } = ground
    const isBehind = cursor !== null && cursor >= range.first && cursor < range.last
    return (isBehind ? ground.taken.firstMissing(cursor + 1n, range.last) : null) ?? this.wrap(pool)
  }

  /** Nothing is free behind the last choice. */
  protected wrap(pool: Pool): bigint | null {
    return this.lowestFree(pool)
  }

  /** An address was chosen. */
  protected moveCursor({ name, ground }: Pool, address: bigint): void {
    ground.cursor = address
    this.cursor = { pool: name, address }
  }

  protected give(pool: Pool, value: bigint): Decision {
    const address = showAddress({ width: pool.ground.subnet.width, value })
    this.table.take(pool, value)
    this.changes.push({ change: 'address', pool: pool.name, address })
    return { ...granted, address }
  }

  protected releaseAddress({ pool: name, address: text }: AddressRelease): Decision {
    const pool = this.table.pools.get(name)
    if (pool === undefined) return this.refuse('not-found')
    const address = readAddress(text)
    if (address === null || !this.isWithin(pool, address)) return this.refuse('invalid-parameter')
    if (!pool.own.has(address.value)) return this.notHeld()
    this.table.free(pool, address.value)
    this.changes.push({ change: 'address-released', pool: name, address: text })
    return granted
  }

  /** What is free already, or never was to be had, is as its client wants it. */
  protected notHeld(): Decision {
    return granted
  }

  // What was recorded

  protected restore(records: readonly StoreRecord[]): void {
    this.table = this.createTable()
    for (const record of records) this.replay(record)
  }

  protected replay({ changes, cursor }: StoreRecord): void {
    for (const change of changes) this.table.apply(change)
    const pool = cursor === null ? undefined : this.table.pools.get(cursor.pool)
    if (pool !== undefined && cursor !== null) pool.ground.cursor = cursor.address
  }
}
