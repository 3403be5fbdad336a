/** Mutants of the store and of leadership: what is answered when, what the next leader knows, where choices go on. */
import type { Answer, Operation } from '../../../models/ipam/vocabulary.ts'
import type { Milliseconds, WriteId } from '../../../models/vocabulary.ts'
import type { Decision } from '../../../impl/reference/ipam/allocator.ts'
import { IpamNode } from '../../../impl/reference/ipam/node.ts'
import { Store, type StoreRecord } from '../../../impl/reference/ipam/store.ts'
import type { Pool } from '../../../impl/reference/ipam/table.ts'
import { folklore, ipamMutant, type Mutant } from '../mutant.ts'

export const leadership: readonly Mutant[] = [
  ipamMutant({
    name: 'answers-before-durable',
    breaks: 'ipam/durable-before-answer',
    rule: 'Operations are answered when they are decided.',
    seenIn: folklore,
    node: class extends IpamNode {
      protected override mustWait(): boolean {
        return false
      }
    },
  }),
  ipamMutant({
    name: 'answers-releases-at-once',
    breaks: 'ipam/durable-before-answer',
    rule: 'What changes nothing is answered at once, although it relies on what is not stored yet.',
    seenIn: folklore,
    node: class extends IpamNode {
      protected override mustWait(decision: Decision): boolean {
        return super.mustWait(decision) && this.changes.length > 0
      }
    },
  }),
  ipamMutant({
    name: 'forgets-on-failover',
    breaks: 'ipam/restores-table',
    rule: 'A new leader knows the pools, and not what was given from them.',
    seenIn: 'https://github.com/moby/moby/issues/33402',
    node: class extends IpamNode {
      protected override replay({ changes, cursor }: StoreRecord): void {
        super.replay({ changes: changes.filter(({ change }) => change.startsWith('pool')), cursor })
      }
    },
  }),
  ipamMutant({
    name: 'forgets-releases-on-failover',
    breaks: 'ipam/restores-table',
    rule: 'A new leader knows what was given, and not what was given back.',
    seenIn: folklore,
    node: class extends IpamNode {
      protected override replay({ changes, cursor }: StoreRecord): void {
        super.replay({ changes: changes.filter(({ change }) => change !== 'address-released'), cursor })
      }
    },
  }),
  ipamMutant({
    name: 'restores-lost-writes',
    breaks: 'ipam/restores-table',
    rule: 'A new leader takes over everything that any leader ever wrote, in time or not.',
    seenIn: folklore,
    store: class extends Store {
      override settle(): void {
        super.settle([...this.pending.keys()])
      }
    },
  }),
  ipamMutant({
    name: 'drops-writes-in-time',
    breaks: 'ipam/restores-table',
    rule: 'What was not acknowledged is lost, also where it was in time.',
    seenIn: folklore,
    store: class extends Store {
      override settle(_keep: readonly WriteId[]): void {
        super.settle([])
      }
    },
  }),
  ipamMutant({
    name: 'keeps-memory-when-elected',
    breaks: 'ipam/restores-table',
    rule: 'Who led before goes on from what it remembers, when it leads again.',
    seenIn: folklore,
    node: class extends IpamNode {
      protected override restore(records: readonly StoreRecord[]): void {
        if (this.table.pools.size === 0) super.restore(records)
      }
    },
  }),
  ipamMutant({
    name: 'reuses-at-once',
    breaks: 'ipam/serial-next',
    rule: 'A serial choice is the lowest free address, also if that was released a moment ago.',
    seenIn: 'https://github.com/containernetworking/cni/issues/194',
    node: class extends IpamNode {
      protected override choose(pool: Pool): bigint | null {
        return this.lowestFree(pool)
      }
    },
  }),
  ipamMutant({
    name: 'skips-one',
    breaks: 'ipam/serial-next',
    rule: 'A serial choice leaves out the address right behind the last.',
    seenIn: folklore,
    also: { 'ipam/exhausted-when-full': 'Where it is the only one, the pool is held for full.' },
    node: class extends IpamNode {
      protected override nextFree(pool: Pool): bigint | null {
        const { ground } = pool
        const { cursor } = ground
        if (cursor === null) return super.nextFree(pool)
        ground.cursor = cursor + 1n
        const found = super.nextFree(pool)
        ground.cursor = cursor
        return found
      }
    },
  }),
  ipamMutant({
    name: 'first-fit-does-not-count',
    breaks: 'ipam/serial-next',
    rule: 'A choice that is not serial does not move the place from which serial ones go on.',
    seenIn: folklore,
    node: class extends IpamNode {
      protected override anyAddress(pool: Pool, serial: boolean): Decision {
        const { cursor } = pool.ground
        const decision = super.anyAddress(pool, serial)
        if (!serial) pool.ground.cursor = cursor
        return decision
      }
    },
  }),
  ipamMutant({
    name: 'does-not-wrap',
    breaks: 'ipam/serial-wraps',
    rule: 'A serial choice that finds nothing behind the last is refused.',
    seenIn: folklore,
    node: class extends IpamNode {
      protected override wrap(pool: Pool): bigint | null {
        const { cursor } = pool.ground
        const isWithin = cursor !== null && cursor >= pool.range.first && cursor <= pool.range.last
        return isWithin ? null : super.wrap(pool)
      }
    },
  }),
  ipamMutant({
    name: 'requests-move-the-cursor',
    breaks: 'ipam/serial-ignores-requested',
    rule: 'A serial choice goes on behind the address that was given last, requested or chosen.',
    seenIn: folklore,
    node: class extends IpamNode {
      protected override give(pool: Pool, value: bigint): Decision {
        this.moveCursor(pool, value)
        return super.give(pool, value)
      }
    },
  }),
  ipamMutant({
    name: 'followers-allocate',
    breaks: 'ipam/only-leader-allocates',
    rule: 'An allocator answers whoever asks, leader or not.',
    seenIn: folklore,
    node: class extends IpamNode {
      override operate(at: Milliseconds, id: number, operation: Operation): Answer {
        this.begin()
        this.carryOut(id, operation)
        return this.answer(at)
      }
    },
  }),
  ipamMutant({
    name: 'followers-are-unavailable',
    breaks: 'ipam/only-leader-allocates',
    rule: 'Who does not lead tells that nothing is left.',
    seenIn: folklore,
    node: class extends IpamNode {
      override operate(at: Milliseconds, id: number, operation: Operation): Answer {
        if (this.leading) return super.operate(at, id, operation)
        this.begin()
        this.result(id, this.refuse('unavailable'))
        return this.answer(at)
      }
    },
  }),
  ipamMutant({
    name: 'leads-on-when-deposed',
    breaks: 'ipam/deposed-gives-up',
    rule: 'Who learns that another leads goes on.',
    seenIn: folklore,
    node: class extends IpamNode {
      override depose(at: Milliseconds): Answer {
        this.begin()
        return this.answer(at)
      }
    },
  }),
  ipamMutant({
    name: 'denies-when-deposed',
    breaks: 'ipam/deposed-gives-up',
    rule: 'Who learns that another leads tells that nothing came of what was under way.',
    seenIn: folklore,
    node: class extends IpamNode {
      protected override undecided(): Decision {
        return this.refuse('not-leading')
      }
    },
  }),
]
