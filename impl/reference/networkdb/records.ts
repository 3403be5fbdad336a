/** What a node remembers: of peers, attachments and entries, each with the time of what it was told last. */
import type { Name, Peer, Time } from '../../../models/networkdb/vocabulary.ts'
import type { Milliseconds, NodeId } from '../../../models/vocabulary.ts'

export interface PeerRecord {
  readonly name: Name
  readonly address: NodeId
  status: Peer['status']
  time: Time
}

export interface AttachmentRecord {
  time: Time
  leaving: boolean
  /** When it is forgotten, once it is left. */
  reapAt: Milliseconds
}

export interface OwnAttachment extends AttachmentRecord {
  /** The first synchronization with all others has ended. */
  synced: boolean
}

export interface EntryRecord {
  readonly owner: Name
  readonly time: Time
  readonly value: string
  readonly deleting: boolean
  /** When it is forgotten, if it is deleted or its owner failed. */
  reapAt: Milliseconds
}

/** The node's own work of joining a network. */
export interface PendingJoin {
  readonly operation: number
  readonly network: string
  readonly waitsFor: Set<Name>
  readonly deadline: Milliseconds
}

export const inOrder = <Item>(items: Iterable<Item>, keyOf: (item: Item) => string): Item[] =>
  [...items].sort((left, right) => (keyOf(left) < keyOf(right) ? -1 : 1))
