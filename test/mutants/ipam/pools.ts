/** Mutants of pools: which subnet is chosen, what overlaps, what a release leaves. */
import type { PoolRequest, Space } from '../../../models/ipam/vocabulary.ts'
import type { Decision } from '../../../impl/reference/ipam/allocator.ts'
import { type Subnet, meets, showSubnet } from '../../../impl/reference/ipam/addresses.ts'
import { IpamNode } from '../../../impl/reference/ipam/node.ts'
import { type Ground, type Pool, Table } from '../../../impl/reference/ipam/table.ts'
import type { WriteId } from '../../../models/vocabulary.ts'
import { folklore, ipamMutant, type Mutant } from '../mutant.ts'

/** A node whose table is of another class. */
const withTable = (Other: typeof Table) =>
  class extends IpamNode {
    protected override createTable(): Table {
      return new Other(this.options)
    }
  }

export const pools: readonly Mutant[] = [
  ipamMutant({
    name: 'panics-on-unknown-pool',
    breaks: 'ipam/survives',
    rule: 'The release of a pool that is not there is a panic.',
    seenIn: folklore,
    node: class extends IpamNode {
      protected override releasePool(name: string): Decision {
        if (!this.table.pools.has(name)) throw new Error('nil pointer')
        return super.releasePool(name)
      }
    },
  }),
  ipamMutant({
    name: 'expires-addresses',
    breaks: 'ipam/changes-by-cause',
    rule: 'An address that was taken is free again after a while, as a lease would be.',
    seenIn: folklore,
    node: class extends IpamNode {
      protected override release(isDone: (write: WriteId) => boolean): void {
        super.release(isDone)
        const pool = [...this.table.pools.values()].find(({ own }) => own.values().length > 4)
        if (pool === undefined) return
        const { own, ground, name } = pool
        const [oldest] = own.values()
        const address = this.give(pool, oldest!).address
        this.changes = [{ change: 'address-released', pool: name, address }]
        ground.taken.delete(oldest!)
        own.delete(oldest!)
      }
    },
  }),
  ipamMutant({
    name: 'tells-asked-subnet',
    breaks: 'ipam/answers-tell-table',
    rule: 'The answer repeats the subnet of the request, also where the allocator has chosen it.',
    seenIn: folklore,
    node: class extends IpamNode {
      protected override requestPool(request: PoolRequest): Decision {
        const decision = super.requestPool(request)
        return decision.status === 'ok' ? { ...decision, subnet: request.subnet } : decision
      }
    },
  }),
  ipamMutant({
    name: 'answers-one-of-a-batch',
    breaks: 'ipam/answers',
    rule: 'Of several operations whose writes are stored together, the first alone is answered.',
    seenIn: folklore,
    node: class extends IpamNode {
      protected override release(isDone: (write: WriteId) => boolean): void {
        const first = this.waiting.find(({ after }) => isDone(after))
        this.waiting = this.waiting.filter((each) => each !== first)
        if (first !== undefined) this.result(first.operation, first.decision)
      }
    },
  }),
  ipamMutant({
    name: 'chooses-last-block-first',
    breaks: 'ipam/default-pool-lowest',
    rule: 'Blocks of default pools are looked through from the last.',
    seenIn: folklore,
    node: withTable(
      class extends Table {
        protected override blocks(space: Space, width: 32 | 128, length: number) {
          return super.blocks(space, width, length).toReversed()
        }
      },
    ),
  }),
  ipamMutant({
    name: 'forgets-length',
    breaks: 'ipam/default-pool-size',
    rule: 'The length that a subnet is to have makes no difference.',
    seenIn: folklore,
    also: {
      'ipam/default-pools-exhausted': 'Of a length that no block can be cut into, a subnet is given all the same.',
    },
    node: withTable(
      class extends Table {
        override lowestDefault(space: Space, width: 32 | 128): Subnet | null {
          return super.lowestDefault(space, width, 0)
        }
      },
    ),
  }),
  ipamMutant({
    name: 'looks-in-first-block-only',
    breaks: 'ipam/default-pools-exhausted',
    rule: 'Default pools are exhausted as soon as the first block is.',
    seenIn: folklore,
    node: withTable(
      class extends Table {
        protected override blocks(space: Space, width: 32 | 128, length: number) {
          return super.blocks(space, width, length).slice(0, 1)
        }
      },
    ),
  }),
  ipamMutant({
    name: 'exhausted-is-forbidden',
    breaks: 'ipam/default-pools-exhausted',
    rule: 'That no default pool is left is told as if the client might not have one.',
    seenIn: folklore,
    node: class extends IpamNode {
      protected override chooseSubnet(request: PoolRequest): Subnet | Decision {
        const subnet = super.chooseSubnet(request)
        return 'status' in subnet ? this.refuse('forbidden') : subnet
      }
    },
  }),
  ipamMutant({
    name: 'ignores-host-networks',
    breaks: 'ipam/avoids-reserved-networks',
    rule: 'Networks of the host are not avoided.',
    seenIn: folklore,
    also: { 'ipam/default-pools-exhausted': 'Where nothing else is left, a network of the host is given.' },
    node: withTable(
      class extends Table {
        protected override reservedNetworks(): Subnet[] {
          return []
        }
      },
    ),
  }),
  ipamMutant({
    name: 'forgets-range',
    breaks: 'ipam/subnet-as-asked',
    rule: 'A pool with a range is taken down without it.',
    seenIn: folklore,
    node: withTable(
      class extends Table {
        override addPool(name: string, space: Space, subnet: Subnet): Pool {
          return super.addPool(name, space, subnet, null)
        }
      },
    ),
  }),
  ipamMutant({
    name: 'refuses-neighbours',
    breaks: 'ipam/grants-free-subnet',
    rule: 'A subnet right behind another is held for overlapping it.',
    seenIn: folklore,
    also: { 'ipam/spaces-are-apart': 'The same, where the other space has the subnet.' },
    node: withTable(
      class extends Table {
        protected override meetsOthers(space: Space, subnet: Subnet, except: Ground | null): boolean {
          const touches = this.grounds[space].some(
            (ground) =>
              ground !== except &&
              ground.subnet.width === subnet.width &&
              (ground.subnet.last + 1n === subnet.first || subnet.last + 1n === ground.subnet.first),
          )
          return touches || super.meetsOthers(space, subnet, except)
        }
      },
    ),
  }),
  ipamMutant({
    name: 'overlapping-pools',
    breaks: 'ipam/refuses-overlap',
    rule: 'A subnet that is asked for with a range is not compared with others.',
    seenIn: 'https://github.com/moby/moby/issues/46756',
    node: withTable(
      class extends Table {
        override isBlocked(space: Space, subnet: Subnet, range: Subnet | null): boolean {
          if (range === null) return super.isBlocked(space, subnet, range)
          const same = this.groundOf(space, subnet)
          return same !== undefined && this.hasRange(same, range)
        }
      },
    ),
  }),
  ipamMutant({
    name: 'overlap-is-invalid',
    breaks: 'ipam/refuses-overlap',
    rule: 'An overlap is told as a mistake in the request.',
    seenIn: folklore,
    node: class extends IpamNode {
      protected override askedSubnet(request: PoolRequest, range: Subnet | null): Subnet | Decision {
        const subnet = super.askedSubnet(request, range)
        return 'status' in subnet ? this.refuse('invalid-parameter') : subnet
      }
    },
  }),
  ipamMutant({
    name: 'chooses-over-asked-subnets',
    breaks: 'ipam/pools-disjoint',
    rule: 'Default pools avoid other default pools, and not the subnets that clients named.',
    seenIn: folklore,
    also: { 'ipam/default-pools-exhausted': 'Where nothing is left, what overlaps is given.' },
    node: withTable(
      class extends Table {
        protected override inTheWay(space: Space): Subnet[] {
          const sizes = this.options.defaults.map(({ size }) => size)
          const reserved = this.reservedNetworks(space).map(showSubnet)
          return super
            .inTheWay(space)
            .filter((subnet) => sizes.includes(subnet.length) || reserved.includes(showSubnet(subnet)))
        }
      },
    ),
  }),
  ipamMutant({
    name: 'has-one-space',
    breaks: 'ipam/spaces-are-apart',
    rule: 'A subnet is refused if a pool of the other space overlaps it.',
    seenIn: folklore,
    node: withTable(
      class extends Table {
        override isBlocked(space: Space, subnet: Subnet, range: Subnet | null): boolean {
          const other = this.grounds[space === 'local' ? 'global' : 'local']
          return super.isBlocked(space, subnet, range) || other.some((ground) => meets(ground.subnet, subnet))
        }
      },
    ),
  }),
  ipamMutant({
    name: 'replaces-pool-of-that-name',
    breaks: 'ipam/repeated-request',
    rule: 'A request under a name that is in use replaces the pool.',
    seenIn: folklore,
    node: class extends IpamNode {
      protected override repeated(request: PoolRequest): Decision {
        this.releasePool(request.pool)
        return this.requestPool(request)
      }
    },
  }),
  ipamMutant({
    name: 'keeps-released-pool',
    breaks: 'ipam/release-pool-frees',
    rule: 'The release of a pool that has addresses is put off, and never made good.',
    seenIn: folklore,
    node: class extends IpamNode {
      protected override releasePool(name: string): Decision {
        const pool = this.table.pools.get(name)
        if (pool === undefined || pool.own.values().length === 0) return super.releasePool(name)
        return { status: 'ok', reason: '', problems: [], subnet: '', address: '' }
      }
    },
  }),
  ipamMutant({
    name: 'releases-any-pool',
    breaks: 'ipam/release-unknown-pool',
    rule: 'The release of a pool that is not there is granted.',
    seenIn: folklore,
    node: class extends IpamNode {
      protected override releasePool(name: string): Decision {
        if (this.table.pools.has(name)) return super.releasePool(name)
        return { status: 'ok', reason: '', problems: [], subnet: '', address: '' }
      }
    },
  }),
]
