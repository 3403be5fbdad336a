/**
 * What a step ought to make of a node's records, computed event by event from what it held before, with the requirement
 * that decides each. What the step did make of them is compared with it.
 */
import * as rules from '../../models/networkdb/rules.ts'
import type {
  ClusterEvent,
  Name,
  NetworkDbOptions,
  NetworkEvent,
  NodeEvent,
  TableEvent,
  Time,
} from '../../models/networkdb/vocabulary.ts'
import type { NodeId } from '../../models/vocabulary.ts'
import { type Wanted, want } from '../wanted.ts'
import { attachmentKey, entryKey, type Node, type SeenAttachment, type SeenEntry, type SeenPeer } from './node.ts'
import { R } from './requirements.ts'

/** An event that was heard of, and whether it is to be told on. */
export interface Heard {
  readonly event: ClusterEvent | TableEvent
  readonly taken: boolean
  readonly tells: boolean
  /** It must be told on; what an exchange of attachments brought may be. */
  readonly owes: boolean
}

export class Expected {
  readonly peers = new Map<Name, Wanted<SeenPeer>>()
  readonly attachments = new Map<string, Wanted<SeenAttachment>>()
  readonly entries = new Map<string, Wanted<SeenEntry>>()
  readonly heard: Heard[] = []
  /** Greatest times that were seen. */
  networkTime: Time = -1
  tableTime: Time = -1
  /** The same with events about entries of its own, which the node need not look at. */
  tableTimeAtMost: Time = -1
  /** Requirements that were put to the test, once for each time. */
  readonly tested: number[] = []
  private readonly node: Node
  private readonly options: NetworkDbOptions

  constructor(node: Node, options: NetworkDbOptions) {
    this.node = node
    this.options = options
  }

  // As things are by now

  peer(name: Name): SeenPeer | null {
    const wanted = this.peers.get(name)
    return wanted === undefined ? (this.node.peers.get(name) ?? null) : wanted.record
  }

  attachment(name: Name, network: string): SeenAttachment | null {
    const key = attachmentKey(name, network)
    const wanted = this.attachments.get(key)
    return wanted === undefined ? (this.node.attachments.get(key) ?? null) : wanted.record
  }

  entry(network: string, key: string): SeenEntry | null {
    const wanted = this.entries.get(entryKey(network, key))
    return wanted === undefined ? (this.node.entries.get(entryKey(network, key)) ?? null) : wanted.record
  }

  private allEntries(): SeenEntry[] {
    const keys = new Set([...this.node.entries.keys(), ...this.entries.keys()])
    return [...keys].flatMap((key) => {
      const wanted = this.entries.get(key)
      const entry = wanted === undefined ? this.node.entries.get(key) : wanted.record
      return entry === null || entry === undefined ? [] : [entry]
    })
  }

  private isAttached(name: Name, network: string): boolean {
    return this.attachment(name, network)?.status === 'joined'
  }

  // Changes

  setPeer(record: SeenPeer, rule: number): void {
    want(this.peers, record.name, record, rule, record.time)
    this.tested.push(rule)
  }

  setAttachment(name: Name, network: string, record: SeenAttachment | null, rule: number, time: Time = -1): void {
    want(this.attachments, attachmentKey(name, network), record, rule, time)
    this.tested.push(rule)
  }

  setEntry(network: string, key: string, record: SeenEntry | null, rule: number, time: Time = -1): void {
    want(this.entries, entryKey(network, key), record, rule, time)
    this.tested.push(rule)
  }

  // What is told

  tellTable(event: TableEvent, bySync: boolean): void {
    const { network, key, owner, time, value, residual } = event
    this.seeTable(time, owner === this.node.name)
    const before = this.entry(network, key)
    const held: rules.Held = before ?? rules.absent
    const deletes = event.event === 'delete'
    const told = { time, deletes, owner: this.ownerState(owner, network) }
    const { rule, next, taken } = rules.afterTold(held, told, this.isAttached(this.node.name, network))
    if (!taken) this.setEntry(network, key, before, R[rule], time)
    else {
      const status = next.status as SeenEntry['status']
      const { reapInterval } = this.options
      const lasts = residual > 0 ? residual : reapInterval
      const dueAt = status === 'live' ? Infinity : this.node.now + lasts
      this.setEntry(network, key, { network, key, owner, time, value, status, dueAt }, R[rule], time)
    }
    const { reapInterval } = this.options
    const how = {
      synced: this.node.synced.has(network),
      bySync,
      residual: residual === 0 ? reapInterval : residual,
      reapInterval,
    }
    this.heard.push({ event, taken, tells: taken && rules.passesOn(held, told, how), owes: true })
  }

  /** A time of the table clock was seen. */
  seeTable(time: Time, isOwn = false): void {
    this.tableTimeAtMost = Math.max(this.tableTimeAtMost, time)
    if (!isOwn) this.tableTime = Math.max(this.tableTime, time)
  }

  private ownerState(owner: Name, network: string): rules.OwnerState {
    if (owner === this.node.name) return 'self'
    if (!this.isAttached(owner, network)) return 'detached'
    return this.peer(owner)?.status === 'failed' ? 'failed' : 'attached'
  }

  /** `owes`: whether it must be told on, where it is news. */
  tellNetwork(event: NetworkEvent, owes = true): void {
    const { name, network, time } = event
    this.networkTime = Math.max(this.networkTime, time)
    const before = this.attachment(name, network)
    const about = name === this.node.name ? 'self' : this.peer(name)?.status === 'active' ? 'active' : 'other'
    const held = before ?? { status: 'absent' as const, time: 0 }
    const leaves = event.event === 'leave'
    const { rule, next, taken } = rules.afterAttachmentTold(held, { time, leaves }, about)
    if (!taken) this.setAttachment(name, network, before, R[rule], time)
    else {
      const status = next.status as SeenAttachment['status']
      const dueAt = leaves ? this.node.now + this.attachmentLasts() : Infinity
      this.setAttachment(name, network, { name, network, time, status, dueAt }, R[rule], time)
      if (leaves) this.dropEntries(name, network, R.leavingDropsEntries)
    }
    this.heard.push({ event, taken, tells: taken, owes })
  }

  attachmentLasts(): number {
    return rules.attachmentReapInterval(this.options.reapInterval, this.options.reapPeriod)
  }

  tellNode(event: NodeEvent, owes = true): void {
    const { name, time } = event
    this.networkTime = Math.max(this.networkTime, time)
    const before = name === this.node.name ? null : this.peer(name)
    if (before === null) {
      this.heard.push({ event, taken: false, tells: false, owes })
      return
    }
    if (time <= before.time) {
      this.setPeer(before, R.ignoresOlderNodeEvents)
      this.heard.push({ event, taken: false, tells: false, owes })
      return
    }
    const leaves = event.event === 'leave' && before.status === 'active'
    this.setPeer({ ...before, time, status: leaves ? 'left' : before.status }, R.leaveIsNoFailure)
    if (leaves) this.goneForGood(name, R.goneDropEntries)
    this.heard.push({ event, taken: true, tells: leaves, owes })
  }

  // From below

  peerUp(name: Name, address: NodeId): void {
    const before = this.peer(name)
    if (before === null) {
      for (const other of this.node.peers.values()) {
        if (other.address !== address || other.status === 'left') continue
        this.setPeer({ ...other, status: 'left' }, R.replacesEarlierLife)
        this.goneForGood(other.name, R.goneDropEntries)
      }
      this.setPeer({ name, address, status: 'active', time: 0 }, R.followsMembership)
      return
    }
    this.setPeer({ ...before, status: 'active' }, R.followsMembership)
    if (before.status === 'failed') this.changeEntries(name, rules.afterOwnerReturns, R.restoresReturned)
  }

  peerDown(name: Name): void {
    const before = this.peer(name)
    if (before === null) return
    if (before.status !== 'active') return this.setPeer(before, R.leaveIsNoFailure)
    this.setPeer({ ...before, status: 'failed' }, R.followsMembership)
    this.changeEntries(name, rules.afterOwnerFails, R.hidesFailed)
  }

  private goneForGood(name: Name, rule: number): void {
    for (const { network } of this.node.attachments.values()) {
      if (this.attachment(name, network) !== null) this.setAttachment(name, network, null, R.goneLoseAttachments)
    }
    this.dropEntries(name, null, rule)
  }

  private dropEntries(owner: Name, from: string | null, rule: number): void {
    for (const { network, key, owner: own } of this.allEntries()) {
      if (own === owner && (from === null || network === from)) this.setEntry(network, key, null, rule)
    }
  }

  private changeEntries(owner: Name, change: (held: rules.Held) => rules.Held, rule: number): void {
    for (const entry of this.allEntries()) {
      if (entry.owner !== owner) continue
      const { status } = change(entry)
      if (status === entry.status || status === 'absent') continue
      const dueAt = status === 'live' ? Infinity : this.node.now + this.options.reapInterval
      this.setEntry(entry.network, entry.key, { ...entry, status, dueAt }, rule)
    }
  }

  // Operations of the node itself; times are those that it chose

  leaveNetwork(network: string, time: Time, timeOf: (key: string) => Time): void {
    const { name, now } = this.node
    const attachment = { name, network, time, status: 'left' as const, dueAt: now + this.attachmentLasts() }
    this.setAttachment(name, network, attachment, R.leavesNetworks)
    for (const entry of this.allEntries()) {
      if (entry.network !== network) continue
      const isOwn = entry.owner === name
      const next = rules.afterOwnLeave(entry, isOwn, timeOf(entry.key))
      const rule = isOwn ? R.ownLeaveBuries : R.ownLeaveForgets
      if (next.status === 'absent') this.setEntry(network, entry.key, null, rule)
      else if (next.status === entry.status && next.time === entry.time) this.setEntry(network, entry.key, entry, rule)
      else {
        const { status, time: at } = next
        const dueAt = now + this.options.reapInterval
        this.setEntry(network, entry.key, { ...entry, time: at, status, dueAt }, rule)
      }
    }
  }
}
