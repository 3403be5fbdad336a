/** What a node remembers: of members, of events and queries, and of what it was asked and has not ended. */
import type { Broadcast, IntentKind, Name, Status, Time, UserEvent } from '../../../models/serf/vocabulary.ts'
import type { Milliseconds, NodeId } from '../../../models/vocabulary.ts'

export interface MemberRecord {
  readonly name: Name
  status: Status
  time: Time
  tags: string
  /** When it was lost; `never` while it is there. */
  goneAt: Milliseconds
  /** When it is to be forgotten, because somebody said so. */
  pruneAt: Milliseconds
}

export interface IntentRecord {
  readonly intent: IntentKind
  readonly time: Time
  /** When it was heard. */
  readonly since: Milliseconds
}

/** Events of one time. */
export interface EventSlot {
  readonly time: Time
  readonly events: UserEvent[]
}

/** Queries of one time, by their identifiers. */
export interface QuerySlot {
  readonly time: Time
  readonly ids: Set<number>
}

/** A query that the application may still answer. */
export interface Unanswered {
  readonly source: Name
  readonly relay: number
  readonly deadline: Milliseconds
}

/** A query of the node's own. */
export interface OpenQuery {
  readonly operation: number
  readonly id: number
  readonly deadline: Milliseconds
  readonly wantsAcks: boolean
  readonly acks: Set<Name>
  readonly responses: Set<Name>
}

export interface PendingJoin {
  readonly operation: number
  readonly peer: NodeId
  readonly ignoreOld: boolean
  readonly deadline: Milliseconds
}

/** A leave of its own, or in the place of another, that waits until somebody was told. */
export interface PendingLeave {
  readonly operation: number
  readonly broadcast: Broadcast
  readonly isOwn: boolean
  readonly deadline: Milliseconds
}
