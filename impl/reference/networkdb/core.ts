/** What a node is made of: its records and clocks, and the ways to change them that leave a trace. */
import type {
  Answer,
  Attachment,
  AttachmentChange,
  Entry,
  EntryChange,
  Inspection,
  Message,
  Name,
  NetworkDbOptions,
  NodeState,
  Output,
  Peer,
  Result,
  Time,
} from '../../../models/networkdb/vocabulary.ts'
import type { Milliseconds, NodeId } from '../../../models/vocabulary.ts'
import { Chance } from '../swim/chance.ts'
import { never } from '../swim/never.ts'
import { type AttachmentRecord, type EntryRecord, inOrder, type OwnAttachment, type PeerRecord } from './records.ts'

/** Counts what must be unique among all nodes that share it. */
export interface Numbers {
  message: number
}

/** What a node is started with. */
export interface NodeSetup {
  readonly name: Name
  readonly address: NodeId
  readonly options: NetworkDbOptions
  readonly seed: number
  readonly now: Milliseconds
  /** Others that it knows from the start. */
  readonly known: readonly NodeId[]
  readonly numbers: Numbers
}

export abstract class NodeCore {
  readonly name: Name
  protected readonly address: NodeId
  protected readonly options: NetworkDbOptions
  protected readonly chance: Chance
  protected readonly numbers: Numbers

  protected now: Milliseconds
  protected networkClock: Time = 0
  protected tableClock: Time = 0
  protected leaving = false

  protected readonly peers = new Map<Name, PeerRecord>()
  protected readonly own = new Map<string, OwnAttachment>()
  protected readonly others = new Map<Name, Map<string, AttachmentRecord>>()
  /** By network and key. */
  protected readonly entries = new Map<string, Map<string, EntryRecord>>()

  // Of the step that is being made.
  private outputs: Output[] = []
  private seen: NodeState
  private readonly changedPeers = new Set<Name>()
  private readonly changedAttachments = new Map<string, readonly [Name, string]>()
  private readonly changedEntries = new Map<string, readonly [string, string]>()

  constructor({ name, address, options, seed, now, known, numbers }: NodeSetup) {
    this.name = name
    this.address = address
    this.options = options
    this.now = now
    this.numbers = numbers
    this.chance = new Chance(seed, name, 0)
    for (const peer of known) this.peers.set(peer, { name: peer, address: peer, status: 'active', time: 0 })
    this.seen = this.observe()
  }

  /** When the next timer is due; `never` if none is running. */
  protected abstract nextDeadline(): Milliseconds

  // Observation

  protected observe(): NodeState {
    const { name, networkClock, tableClock, leaving } = this
    return { name, networkClock, tableClock, leaving }
  }

  inspect(): Inspection {
    return {
      state: this.observe(),
      peers: inOrder([...this.peers.values()].map(peerOf), ({ name }) => name),
      attachments: inOrder(this.allAttachments(), ({ name, network }) => `${name} ${network}`),
      entries: inOrder(this.allEntries(), ({ network, key }) => `${network} ${key}`),
    }
  }

  /** Everything: the answer to a start. */
  introduce(): Answer {
    return { now: this.now, wake: this.wake(), outputs: [], ...this.inspect() }
  }

  private allAttachments(): Attachment[] {
    const own = [...this.own].map(([network, record]) => attachmentOf(this.name, network, record))
    const others = [...this.others].flatMap(([name, networks]) =>
      [...networks].map(([network, record]) => attachmentOf(name, network, record)),
    )
    return [...own, ...others]
  }

  protected allEntries(): Entry[] {
    return [...this.entries].flatMap(([network, entries]) =>
      [...entries].map(([key, entry]) => this.entryOf(network, key, entry)),
    )
  }

  private entryOf(network: string, key: string, { owner, time, value, deleting }: EntryRecord): Entry {
    const status = deleting ? 'tombstone' : this.isFailed(owner) ? 'suspended' : 'live'
    return { network, key, owner, time, value, status }
  }

  // The frame of a step

  protected begin(at: Milliseconds): void {
    this.now = at
    this.outputs = []
    this.changedPeers.clear()
    this.changedAttachments.clear()
    this.changedEntries.clear()
  }

  protected finish(received?: Message): Answer {
    return {
      now: this.now,
      wake: this.wake(),
      outputs: this.outputs,
      state: this.stateChanges(),
      peers: orNull([...this.changedPeers].map((name) => peerOf(this.peers.get(name)!))),
      attachments: orNull(
        [...this.changedAttachments.values()].map(([name, network]) => this.seeAttachment(name, network)),
      ),
      entries: orNull([...this.changedEntries.values()].map(([network, key]) => this.seeEntry(network, key))),
      received,
      error: undefined,
    }
  }

  private wake(): Milliseconds | null {
    const deadline = this.nextDeadline()
    return deadline === never ? null : deadline
  }

  private stateChanges(): Partial<NodeState> | null {
    const before = this.seen
    const after = this.observe()
    this.seen = after
    const changes: { -readonly [Field in keyof NodeState]?: NodeState[Field] } = {}
    if (after.networkClock !== before.networkClock) changes.networkClock = after.networkClock
    if (after.tableClock !== before.tableClock) changes.tableClock = after.tableClock
    if (after.leaving !== before.leaving) changes.leaving = after.leaving
    return Object.keys(changes).length === 0 ? null : changes
  }

  private seeAttachment(name: Name, network: string): AttachmentChange {
    const record = name === this.name ? this.own.get(network) : this.others.get(name)?.get(network)
    return record === undefined ? { name, network, status: 'forgotten' } : attachmentOf(name, network, record)
  }

  private seeEntry(network: string, key: string): EntryChange {
    const entry = this.find(network, key)
    return entry === undefined ? { network, key, status: 'forgotten' } : this.entryOf(network, key, entry)
  }

  /** Whether the step so far has shown anything. */
  protected hasShown(): boolean {
    return (
      this.outputs.length > 0 ||
      this.changedPeers.size > 0 ||
      this.changedAttachments.size > 0 ||
      this.changedEntries.size > 0
    )
  }

  protected send(to: NodeId, view: Message): void {
    const reliable = view.kind !== 'gossip' && view.kind !== 'table-gossip'
    this.outputs.push({ type: 'message', id: ++this.numbers.message, from: this.address, to, view, reliable })
  }

  protected result(operation: number, status: Result['status'], reason: string, value = ''): void {
    this.outputs.push({ type: 'result', operation, status, reason, value })
  }

  /** What is visible of an entry has changed; null is nothing. */
  protected watch(network: string, key: string, before: string | null, after: string | null): void {
    if (before === null && after === null) return
    const event = before === null ? 'create' : after === null ? 'delete' : 'update'
    this.outputs.push({ type: 'event', event, network, key, value: after ?? '', previous: before ?? '' })
  }

  // Clocks. [Serf] lamport.go

  protected tickNetwork(): Time {
    return ++this.networkClock
  }

  protected tickTable(): Time {
    return ++this.tableClock
  }

  protected witnessNetwork(time: Time): void {
    if (time >= this.networkClock) this.networkClock = time + 1
  }

  protected witnessTable(time: Time): void {
    if (time >= this.tableClock) this.tableClock = time + 1
  }

  // Records

  protected find(network: string, key: string): EntryRecord | undefined {
    return this.entries.get(network)?.get(key)
  }

  protected put(network: string, key: string, entry: EntryRecord): void {
    let entries = this.entries.get(network)
    if (entries === undefined) this.entries.set(network, (entries = new Map()))
    entries.set(key, entry)
    this.noteEntry(network, key)
  }

  protected remove(network: string, key: string): void {
    if (this.entries.get(network)?.delete(key) === true) this.noteEntry(network, key)
  }

  protected noteEntry(network: string, key: string): void {
    this.changedEntries.set(`${network} ${key}`, [network, key])
  }

  protected noteAttachment(name: Name, network: string): void {
    this.changedAttachments.set(`${name} ${network}`, [name, network])
  }

  protected setStatus(peer: PeerRecord, status: Peer['status']): void {
    peer.status = status
    this.changedPeers.add(peer.name)
  }

  protected addPeer(name: Name, address: NodeId): void {
    this.peers.set(name, { name, address, status: 'active', time: 0 })
    this.changedPeers.add(name)
  }

  protected isActive(name: Name): boolean {
    return this.peers.get(name)?.status === 'active'
  }

  protected isFailed(name: Name): boolean {
    return this.peers.get(name)?.status === 'failed'
  }

  /** Its value, if it is neither deleted nor hidden; else null. */
  protected visible(entry: EntryRecord | undefined): string | null {
    return entry === undefined || entry.deleting || this.isFailed(entry.owner) ? null : entry.value
  }
}

const peerOf = ({ name, address, status }: PeerRecord): Peer => ({ name, address, status })

const attachmentOf = (name: Name, network: string, { time, leaving }: AttachmentRecord): Attachment => ({
  name,
  network,
  time,
  status: leaving ? 'left' : 'joined',
})

const orNull = <Item>(items: readonly Item[]): readonly Item[] | null => (items.length === 0 ? null : items)
