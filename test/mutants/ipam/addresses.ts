/** Mutants of addresses: what is given, what is kept, what is refused, what is released. */
import type { AddressRelease, AddressRequest, PoolRequest } from '../../../models/ipam/vocabulary.ts'
import { holds, readAddress, type Subnet } from '../../../impl/reference/ipam/addresses.ts'
import type { Decision } from '../../../impl/reference/ipam/allocator.ts'
import { IpamNode } from '../../../impl/reference/ipam/node.ts'
import { type Pool, Table } from '../../../impl/reference/ipam/table.ts'
import { folklore, ipamMutant, type Mutant } from '../mutant.ts'

const done: Decision = { status: 'ok', reason: '', problems: [], subnet: '', address: '' }

/** A node that holds other addresses for reserved. */
const withReserved = (reserved: (subnet: Subnet, usual: bigint[]) => bigint[]) =>
  class extends IpamNode {
    protected override createTable(): Table {
      return new (class extends Table {
        override reservedAddresses(subnet: Subnet): bigint[] {
          return reserved(subnet, super.reservedAddresses(subnet))
        }
      })(this.options)
    }
  }

export const addresses: readonly Mutant[] = [
  ipamMutant({
    name: 'gives-requested-twice',
    breaks: 'ipam/addresses-unique',
    rule: 'An address that a client names is given, also if an endpoint has it.',
    seenIn: folklore,
    node: class extends IpamNode {
      /** What endpoints were given. */
      readonly #given = new Set<string>()
      protected override requestAddress(request: AddressRequest): Decision {
        const decision = super.requestAddress(request)
        if (decision.status === 'ok') this.#given.add(`${request.pool} ${decision.address}`)
        if (decision.reason !== 'forbidden' || !this.#given.has(`${request.pool} ${request.address}`)) return decision
        return this.give(this.table.pools.get(request.pool)!, readAddress(request.address)!.value)
      }
    },
  }),
  ipamMutant({
    name: 'shares-subnets-by-name',
    breaks: 'ipam/addresses-unique',
    rule: 'Pools of one subnet do not look at what the others have given.',
    seenIn: folklore,
    also: {
      'ipam/gateway-kept': 'What is given twice may be a gateway.',
      'ipam/auxiliary-kept': 'What is given twice may be an auxiliary address.',
      'ipam/gateway-chosen': 'The gateway of the second pool is the address of the first one’s endpoint.',
    },
    node: class extends IpamNode {
      protected override lowestFree({ ground, own, range }: Pool): bigint | null {
        const reserved = this.table.reservedAddresses(ground.subnet)
        for (let address = range.first; address <= range.last; address++)
          if (!own.has(address) && !reserved.includes(address)) return address
        return null
      }
    },
  }),
  ipamMutant({
    name: 'runs-beyond-subnet',
    breaks: 'ipam/address-within-pool',
    rule: 'The search for a free address does not end where the subnet does.',
    seenIn: folklore,
    also: { 'ipam/address-within-range': 'The range ends before the subnet does.' },
    node: class extends IpamNode {
      protected override lowestFree({ ground, range }: Pool): bigint | null {
        return ground.taken.firstMissing(range.first, range.last + 1_000n)
      }
    },
  }),
  ipamMutant({
    name: 'ignores-range',
    breaks: 'ipam/address-within-range',
    rule: 'Addresses are chosen from the whole subnet.',
    seenIn: folklore,
    also: {
      'ipam/gateway-chosen': 'A gateway is chosen from the whole subnet too.',
      'ipam/exhausted-when-full': 'A range may be full when the subnet is not.',
    },
    node: class extends IpamNode {
      protected override lowestFree({ ground }: Pool): bigint | null {
        return ground.taken.firstMissing(ground.subnet.first, ground.subnet.last)
      }
    },
  }),
  ipamMutant({
    name: 'allocates-network',
    breaks: 'ipam/network-address-reserved',
    rule: 'The network address is an address like others.',
    seenIn: folklore,
    node: withReserved((subnet, usual) => (subnet.width === 32 ? usual.slice(1) : usual)),
  }),
  ipamMutant({
    name: 'allocates-broadcast',
    breaks: 'ipam/broadcast-reserved',
    rule: 'The broadcast address is an address like others.',
    seenIn: folklore,
    node: withReserved((subnet, usual) => (subnet.width === 32 ? usual.slice(0, 1) : usual)),
  }),
  ipamMutant({
    name: 'allocates-anycast',
    breaks: 'ipam/anycast-reserved',
    rule: 'The first address of a subnet of IPv6 is an address like others.',
    seenIn: folklore,
    node: withReserved((subnet, usual) => (subnet.width === 128 ? [] : usual)),
  }),
  ipamMutant({
    name: 'reserves-both-ends',
    breaks: 'ipam/point-to-point-whole',
    rule: 'First and last address are kept back in a /31 and a /32 too.',
    seenIn: folklore,
    also: { 'ipam/grants-free-subnet': 'A pool is refused whose gateway would be one of them.' },
    node: withReserved((subnet, usual) => (subnet.width === 32 ? [subnet.first, subnet.last] : usual)),
  }),
  ipamMutant({
    name: 'chooses-gateway-itself',
    breaks: 'ipam/gateway-as-asked',
    rule: 'The gateway that a client names is not looked at.',
    seenIn: folklore,
    node: class extends IpamNode {
      protected override furnish(pool: Pool, request: PoolRequest): Decision {
        const named = request.gateway !== '' && request.gateway !== 'auto'
        const gateway = readAddress(request.gateway)
        if (!named || gateway === null || this.isTaken(pool, gateway.value)) return super.furnish(pool, request)
        return super.furnish(pool, { ...request, gateway: 'auto' })
      }
    },
  }),
  ipamMutant({
    name: 'gateway-is-last',
    breaks: 'ipam/gateway-chosen',
    rule: 'A gateway that is left to the allocator is the highest address that is free.',
    seenIn: folklore,
    node: class extends IpamNode {
      protected override furnish(pool: Pool, request: PoolRequest): Decision {
        if (request.gateway !== 'auto') return super.furnish(pool, request)
        const { last, first, width } = pool.range
        let address = last
        while (address > first && this.isTaken(pool, address)) address--
        if (this.isTaken(pool, address) || width === 128) return super.furnish(pool, request)
        const { address: gateway } = this.give(pool, address)
        const rest = super.furnish(pool, { ...request, gateway: '' })
        return rest.status === 'ok' ? { ...rest, address: gateway } : rest
      }
    },
  }),
  ipamMutant({
    name: 'allocates-gateway',
    breaks: 'ipam/gateway-kept',
    rule: 'The gateway is told, and can be chosen for an endpoint.',
    seenIn: folklore,
    also: { 'ipam/auxiliary-kept': 'An auxiliary address may be the gateway.' },
    node: class extends IpamNode {
      protected override furnish(pool: Pool, request: PoolRequest): Decision {
        const decision = super.furnish(pool, request)
        if (decision.address !== '') pool.ground.taken.delete(readAddress(decision.address)!.value)
        return decision
      }
    },
  }),
  ipamMutant({
    name: 'allocates-auxiliary',
    breaks: 'ipam/auxiliary-kept',
    rule: 'Auxiliary addresses are taken down, and can be chosen for an endpoint.',
    seenIn: folklore,
    node: class extends IpamNode {
      protected override furnish(pool: Pool, request: PoolRequest): Decision {
        const decision = super.furnish(pool, request)
        if (decision.status === 'failed') return decision
        for (const address of request.auxiliary) pool.ground.taken.delete(readAddress(address)!.value)
        return decision
      }
    },
  }),
  ipamMutant({
    name: 'skips-auxiliary',
    breaks: 'ipam/auxiliary-kept',
    rule: 'Auxiliary addresses are not looked at.',
    seenIn: folklore,
    also: { 'ipam/refusal-changes-nothing': 'A pool is granted although its auxiliary address is taken.' },
    node: class extends IpamNode {
      protected override furnish(pool: Pool, request: PoolRequest): Decision {
        return super.furnish(pool, { ...request, auxiliary: [] })
      }
    },
  }),
  ipamMutant({
    name: 'gives-another-than-asked',
    breaks: 'ipam/address-as-asked',
    rule: 'A free address that a client names is taken for a wish, and the lowest is given.',
    seenIn: folklore,
    node: class extends IpamNode {
      protected override requestAddress(request: AddressRequest): Decision {
        const pool = this.table.pools.get(request.pool)
        const address = readAddress(request.address)
        if (pool === undefined || address === null || !this.isWithin(pool, address))
          return super.requestAddress(request)
        if (this.isTaken(pool, address.value)) return super.requestAddress(request)
        const lowest = this.lowestFree(pool)
        return super.requestAddress(lowest === null ? request : { ...request, address: '' })
      }
    },
  }),
  ipamMutant({
    name: 'keeps-clients-to-range',
    breaks: 'ipam/grants-free-address',
    rule: 'A client may not name an address outside of the range.',
    seenIn: folklore,
    node: class extends IpamNode {
      protected override requestAddress(request: AddressRequest): Decision {
        const pool = this.table.pools.get(request.pool)
        const address = readAddress(request.address)
        if (pool === undefined || address === null || holds(pool.range, address)) return super.requestAddress(request)
        const isUsual = pool.ground.subnet.length < 31 && this.isWithin(pool, address)
        if (!isUsual || this.isTaken(pool, address.value)) return super.requestAddress(request)
        return this.refuse('invalid-parameter')
      }
    },
  }),
  ipamMutant({
    name: 'used-is-unavailable',
    breaks: 'ipam/refuses-used-address',
    rule: 'An address that is taken is told to be one that does not exist.',
    seenIn: folklore,
    node: class extends IpamNode {
      protected override requestAddress(request: AddressRequest): Decision {
        const decision = super.requestAddress(request)
        return decision.reason === 'forbidden' ? this.refuse('unavailable') : decision
      }
    },
  }),
  ipamMutant({
    name: 'gives-another-for-outside',
    breaks: 'ipam/refuses-outside-address',
    rule: 'Whoever names an address outside of the subnet is given one inside.',
    seenIn: folklore,
    node: class extends IpamNode {
      protected override requestAddress(request: AddressRequest): Decision {
        const decision = super.requestAddress(request)
        return decision.reason === 'invalid-parameter' ? super.requestAddress({ ...request, address: '' }) : decision
      }
    },
  }),
  ipamMutant({
    name: 'releases-in-unknown-pools',
    breaks: 'ipam/unknown-pool',
    rule: 'The release of an address is granted whatever its pool.',
    seenIn: folklore,
    node: class extends IpamNode {
      protected override releaseAddress(release: AddressRelease): Decision {
        return this.table.pools.has(release.pool) ? super.releaseAddress(release) : done
      }
    },
  }),
  ipamMutant({
    name: 'chooses-behind-last-always',
    breaks: 'ipam/first-fit',
    rule: 'Every choice goes on behind the last.',
    seenIn: folklore,
    also: { 'ipam/gateway-chosen': 'So does that of a gateway.' },
    node: class extends IpamNode {
      protected override choose(pool: Pool): bigint | null {
        return this.nextFree(pool)
      }
    },
  }),
  ipamMutant({
    name: 'exhausted-too-early',
    breaks: 'ipam/exhausted-when-full',
    rule: 'The last address that could be had is never given.',
    seenIn: folklore,
    also: {
      'ipam/point-to-point-whole': 'The same in a /31 or a /32.',
      'ipam/grants-free-subnet': 'A gateway finds no address.',
      'ipam/spaces-are-apart': 'A gateway finds no address, in a subnet that the other space has too.',
      'ipam/default-pools-exhausted': 'A gateway finds no address.',
      'ipam/serial-wraps': 'A serial choice would have to wrap.',
    },
    node: class extends IpamNode {
      protected override lowestFree({ ground, range }: Pool): bigint | null {
        const found = ground.taken.firstMissing(range.first, range.last)
        return found === null || ground.taken.firstMissing(found + 1n, range.last) === null ? null : found
      }
    },
  }),
  ipamMutant({
    name: 'exhausted-is-not-found',
    breaks: 'ipam/exhausted-when-full',
    rule: 'That a pool is full is told as if there were none.',
    seenIn: folklore,
    also: {
      'ipam/refusal-changes-nothing': 'A gateway finds no address, and the request is refused as something else.',
    },
    node: class extends IpamNode {
      protected override exhausted(): Decision {
        return this.refuse('not-found')
      }
    },
  }),
  ipamMutant({
    name: 'never-frees',
    breaks: 'ipam/release-frees',
    rule: 'A release is granted, and nothing comes of it.',
    seenIn: folklore,
    node: class extends IpamNode {
      protected override releaseAddress(release: AddressRelease): Decision {
        const decision = this.table.pools.has(release.pool) ? null : super.releaseAddress(release)
        if (decision !== null) return decision
        const pool = this.table.pools.get(release.pool)!
        const address = readAddress(release.address)
        return address !== null && this.isWithin(pool, address) ? done : super.releaseAddress(release)
      }
    },
  }),
  ipamMutant({
    name: 'frees-neighbour',
    breaks: 'ipam/release-frees',
    rule: 'A release frees the address behind the one that it names.',
    seenIn: folklore,
    also: { 'ipam/changes-by-cause': 'The address behind was never taken.' },
    node: class extends IpamNode {
      protected override releaseAddress(release: AddressRelease): Decision {
        const decision = super.releaseAddress(release)
        const change = this.changes[0]
        const pool = this.table.pools.get(release.pool)
        if (change?.change !== 'address-released' || pool === undefined) return decision
        const value = readAddress(change.address)!.value
        this.table.take(pool, value)
        const { address } = this.give(pool, value + 1n)
        this.table.free(pool, value + 1n)
        this.changes = [{ ...change, address }]
        return decision
      }
    },
  }),
  ipamMutant({
    name: 'refuses-second-release',
    breaks: 'ipam/release-idempotent',
    rule: 'The release of an address that is free is refused.',
    seenIn: folklore,
    node: class extends IpamNode {
      protected override notHeld(): Decision {
        return this.refuse('not-found')
      }
    },
  }),
  ipamMutant({
    name: 'releases-outside',
    breaks: 'ipam/release-outside',
    rule: 'The release of an address outside of the subnet is granted.',
    seenIn: folklore,
    node: class extends IpamNode {
      protected override releaseAddress(release: AddressRelease): Decision {
        const decision = super.releaseAddress(release)
        return decision.reason === 'invalid-parameter' ? done : decision
      }
    },
  }),
]
