/** What the judge knows of one node: what was observed, and what follows from it. */
import type { Attachment, Entry, Name, NodeState, Peer, Time } from '../../models/networkdb/vocabulary.ts'
import type { Milliseconds, NodeId } from '../../models/vocabulary.ts'

export interface SeenPeer extends Peer {
  /** Greatest time of a node event about it that counted. */
  readonly time: Time
}

export interface SeenAttachment extends Attachment {
  /** Local instant at which it is to be forgotten; Infinity while it is joined. */
  readonly dueAt: Milliseconds
}

export interface SeenEntry extends Entry {
  /** Local instant at which it is to be forgotten; Infinity while it is live. */
  readonly dueAt: Milliseconds
}

/** News that a node must tell, about something. */
export interface Owed {
  readonly event: string
  /** Requirement that is broken if it does not. */
  readonly requirement: number
  readonly network: string | null
  /** Local instant since which it could have told it. */
  since: Milliseconds
}

/** In how many rounds something was told, and when last. */
export interface Rounds {
  count: number
  at: Milliseconds
}

/** An operation that has no result so far. */
export interface Asked {
  readonly type: string
  readonly since: Milliseconds
  /** The network that it joins; '' for none. */
  readonly joins: string
  /** How many members that had then. */
  readonly members: number
  /** Of these: who was sent no bulk sync so far, by address; and who has sent none, by name. */
  readonly unsynced: Set<NodeId>
  readonly unanswered: Set<Name>
}

/** Key of an attachment, and of an entry. */
export const attachmentKey = (name: Name, network: string): string => `${name} ${network}`
export const entryKey = (network: string, key: string): string => `${network}/${key}`

export class Node {
  /** Address. */
  readonly id: NodeId
  readonly number: number
  up = true
  /** Panicked: nothing is expected of it any more. */
  gone = false
  /** Said that it has left. */
  left = false

  name: Name = ''
  networkClock: Time = 0
  tableClock: Time = 0
  leaving = false
  now: Milliseconds = 0

  readonly peers = new Map<Name, SeenPeer>()
  readonly attachments = new Map<string, SeenAttachment>()
  readonly entries = new Map<string, SeenEntry>()
  /** Networks of which the first synchronization has ended. */
  readonly synced = new Set<string>()
  /** What its watchers see, own operations included: values by entry. */
  readonly watched = new Map<string, string>()

  /** By event: whether it may be told; absent if it was never heard of. */
  readonly heard = new Map<string, boolean>()
  /** By what it is about. */
  readonly owed = new Map<string, Owed>()
  readonly rounds = new Map<string, Rounds>()
  /** By network: the greatest number of nodes in it so far; '' for the cluster. */
  readonly greatest = new Map<string, number>()
  /** By network: local instant since which it ought to have synchronized it. */
  readonly syncSince = new Map<string, Milliseconds>()
  readonly operations = new Map<number, Asked>()
  /** It has told somebody that it leaves. */
  hasToldLeave = false

  constructor(id: NodeId, number: number) {
    this.id = id
    this.number = number
  }

  observe(state: Partial<NodeState>): void {
    if (state.name !== undefined) this.name = state.name
    if (state.networkClock !== undefined) this.networkClock = state.networkClock
    if (state.tableClock !== undefined) this.tableClock = state.tableClock
    if (state.leaving !== undefined) this.leaving = state.leaving
  }

  /** Forgets what does not survive a crash: everything. */
  forget(): void {
    for (const memory of [
      this.peers,
      this.attachments,
      this.entries,
      this.synced,
      this.watched,
      this.heard,
      this.owed,
      this.rounds,
      this.greatest,
      this.syncSince,
      this.operations,
    ])
      memory.clear()
    this.networkClock = this.tableClock = 0
    this.leaving = this.left = this.hasToldLeave = false
  }

  isIn(network: string): boolean {
    return this.attachments.get(attachmentKey(this.name, network))?.status === 'joined'
  }

  isAttached(name: Name, network: string): boolean {
    return this.attachments.get(attachmentKey(name, network))?.status === 'joined'
  }

  isActive(name: Name): boolean {
    return this.peers.get(name)?.status === 'active'
  }

  activePeers(): SeenPeer[] {
    return [...this.peers.values()].filter(({ status }) => status === 'active')
  }

  /** Those with whom it shares the network, as far as it knows, and who are there. */
  peersOf(network: string): SeenPeer[] {
    return this.activePeers().filter(({ name }) => this.isAttached(name, network))
  }

  /** Names of the networks in which it is. */
  networks(): string[] {
    return [...this.attachments.values()]
      .filter(({ name, status }) => name === this.name && status === 'joined')
      .map(({ network }) => network)
  }
}

export const visibleValue = (entry: Pick<Entry, 'status' | 'value'> | null | undefined): string | null =>
  entry?.status === 'live' ? entry.value : null
