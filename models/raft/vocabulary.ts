/**
 * The words of Raft: what members say to each other, what is seen of them, what clients ask.
 * Views are decoded messages: implementations keep their own bytes, the suite judges these.
 */
import type { DiskProfile, Milliseconds, NetworkProfile, NodeId, Step, WriteId } from '../vocabulary.ts'

export type Role = 'follower' | 'pre-candidate' | 'candidate' | 'leader'

/** A cluster's members. `outgoing` is the old half of a joint configuration, empty otherwise. Lists are sorted. */
export interface Configuration {
  readonly voters: readonly NodeId[]
  readonly outgoing: readonly NodeId[]
  readonly learners: readonly NodeId[]
}

export type EntryKind = 'empty' | 'command' | 'configuration'

/** One log entry. Equal digests mean equal contents; the digest of an `empty` entry is `''`. */
export interface Entry {
  readonly index: number
  readonly term: number
  readonly kind: EntryKind
  readonly digest: string
  /** The configuration that this entry brings, where the implementation knows it before the entry is applied. */
  readonly configuration?: Configuration | undefined
}

/** Last index and its term, of a log prefix or a snapshot. */
export interface Position {
  readonly index: number
  readonly term: number
}

export type Message =
  | {
      readonly kind: 'request-vote' | 'pre-vote'
      /** Of a pre-vote: the term that the sender would campaign in. */
      readonly term: number
      readonly lastIndex: number
      readonly lastTerm: number
      /** Sent because the leader asked for it (timeout-now): leases are to be ignored. */
      readonly transfer: boolean
    }
  | {
      readonly kind: 'request-vote-response' | 'pre-vote-response'
      readonly term: number
      readonly granted: boolean
    }
  | {
      readonly kind: 'append-entries'
      readonly term: number
      readonly previousIndex: number
      readonly previousTerm: number
      readonly entries: readonly Entry[]
      readonly commit: number
      /** Number of the round of leadership confirmation (reads), 0 where the implementation uses heartbeats. */
      readonly round: number
    }
  | {
      readonly kind: 'append-entries-response'
      readonly term: number
      readonly success: boolean
      /** On success: the index up to which the receiver's log is known to match. On refusal: the refused previousIndex. */
      readonly index: number
      /** On refusal: where the leader may try next (0 where there is no hint). */
      readonly hint: number
      readonly round: number
    }
  | { readonly kind: 'heartbeat'; readonly term: number; readonly commit: number; readonly round: number }
  | { readonly kind: 'heartbeat-response'; readonly term: number; readonly round: number }
  | {
      readonly kind: 'install-snapshot'
      readonly term: number
      readonly lastIndex: number
      readonly lastTerm: number
      readonly configuration: Configuration
      /** Digest of the state machine in the snapshot. */
      readonly digest: string
    }
  | {
      readonly kind: 'install-snapshot-response'
      readonly term: number
      readonly success: boolean
      readonly index: number
    }
  | { readonly kind: 'timeout-now'; readonly term: number }
  | { readonly kind: 'read-index'; readonly term: number; readonly request: string }
  | { readonly kind: 'read-index-response'; readonly term: number; readonly request: string; readonly index: number }
  | { readonly kind: 'propose'; readonly term: number; readonly digests: readonly string[] }
  | { readonly kind: 'member-removed'; readonly term: number }

export type MessageKind = Message['kind']

/** The message of one kind. */
export type View<Kind extends MessageKind> = Kind extends MessageKind
  ? Message extends infer Each
    ? Each extends { readonly kind: infer Kinds }
      ? Kind extends Kinds
        ? Each
        : never
      : never
    : never
  : never

/** What is seen of a live node between two steps. */
export interface MemberState {
  readonly role: Role
  readonly term: number
  readonly vote: NodeId | null
  readonly leader: NodeId | null
  readonly commit: number
  readonly applied: number
  /** The configuration in effect at this node. */
  readonly configuration: Configuration
  /** Leader, and announced to its control plane (SwarmKit); false where the implementation has no such notion. */
  readonly ready: boolean
}

/** What happened to a log in one step, in this order: restore, truncate, append, compact. */
export interface LogDelta {
  /** A snapshot replaced the log up to this position; entries behind it stay only if `retain`. */
  readonly restore?: (Position & { readonly retain: boolean }) | undefined
  /** Entries above this index were removed. */
  readonly truncate?: number | undefined
  readonly append?: readonly Entry[] | undefined
  /** Entries up to this position were discarded, covered by a snapshot. */
  readonly compact?: Position | undefined
}

/** What one disk write makes durable. Absent fields are unchanged by it. */
export interface WriteContents {
  readonly term?: number | undefined
  readonly vote?: NodeId | null | undefined
  readonly commit?: number | undefined
  readonly log?: LogDelta | undefined
}

/** A command of the replicated key-value store. Values are unique within a run, so reads identify writes. */
export type Command =
  | { readonly type: 'put'; readonly key: string; readonly value: string }
  | { readonly type: 'get'; readonly key: string }
  | { readonly type: 'compare-and-set'; readonly key: string; readonly expect: string | null; readonly value: string }

export interface MembershipChange {
  readonly type: 'add-voter' | 'add-learner' | 'remove'
  readonly node: NodeId
}

/** What a client or operator asks of one node. */
export type Operation =
  | { readonly type: 'propose'; readonly command: Command }
  /** A linearizable read without a log entry: leadership confirmed by a round, or by the lease. */
  | { readonly type: 'read'; readonly key: string; readonly by: 'read-index' | 'lease' }
  | { readonly type: 'transfer'; readonly to: NodeId }
  /** Several changes, or `joint`, go through a joint configuration; one change may be made at once. */
  | { readonly type: 'change-membership'; readonly changes: readonly MembershipChange[]; readonly joint: boolean }
  /** Take a snapshot at the applied index and discard the log up to `keep` entries before it. */
  | { readonly type: 'compact'; readonly keep: number }

export type OperationType = Operation['type']

/** How an operation ended: `failed` never takes effect; `unknown` may have, or may yet. */
export interface Result {
  readonly operation: number
  readonly status: 'ok' | 'failed' | 'unknown'
  /** Of a get, read, or compare-and-set (`'true'`, `'false'`); null where the key is absent. */
  readonly value: string | null
  /** Why it did not succeed: a short kebab-case word such as `not-leader`, `lost-leadership`, `no-quorum`. */
  readonly reason: string
}

/** Settings of a cluster that the run chooses; the implementation obeys them. */
export interface RaftOptions {
  /** Least election timeout T; each is drawn from [T, 2T). */
  readonly electionTimeout: Milliseconds
  readonly heartbeatInterval: Milliseconds
  readonly preVote: boolean
  readonly checkQuorum: boolean
  /** Most entries in one append-entries message. */
  readonly maxEntries: number
  /** Most append-entries messages in flight to one member. */
  readonly maxInflight: number
}

/** An output of a step, in causal order. */
export type Output =
  | OutgoingMessage
  | {
      readonly type: 'write'
      readonly id: WriteId
      /** Writes of one file become durable in order. */
      readonly file: string
      /** Whether an acknowledged write is durable (fsync), or may still be lost in a crash. */
      readonly sync: boolean
      readonly contents: WriteContents
    }
  | { readonly type: 'apply'; readonly index: number; readonly term: number; readonly digest: string }
  /** The state machine was replaced by a snapshot. */
  | { readonly type: 'restore'; readonly index: number; readonly term: number; readonly digest: string }
  | ({ readonly type: 'result' } & Result)

/** A message that a node hands to the harness, which delivers, duplicates or drops it by id. */
export interface OutgoingMessage {
  readonly type: 'message'
  readonly id: number
  readonly from: NodeId
  readonly to: NodeId
  readonly view: Message
  /** The message may leave only when this write, and those before it in its file, are acknowledged; 0 for at once. */
  readonly after: WriteId
}

/** One input to one node at one instant. `at` and `until` are on the node's local clock. */
export type Input =
  | { readonly type: 'deliver'; readonly node: NodeId; readonly at: Milliseconds; readonly message: OutgoingMessage }
  | { readonly type: 'advance'; readonly node: NodeId; readonly at: Milliseconds; readonly until: Milliseconds }
  | {
      readonly type: 'operation'
      readonly node: NodeId
      readonly at: Milliseconds
      readonly id: number
      readonly operation: Operation
    }
  | { readonly type: 'written'; readonly node: NodeId; readonly at: Milliseconds; readonly writes: readonly WriteId[] }
  | {
      readonly type: 'crash'
      readonly node: NodeId
      readonly at: Milliseconds
      /** Unacknowledged or unsynced writes that survive; all others that are not durable are lost. */
      readonly keep: readonly WriteId[]
      /** A write of which only a part reached the disk: recovery must treat it as lost; 0 for none. */
      readonly torn: WriteId
    }
  | { readonly type: 'restart'; readonly node: NodeId; readonly at: Milliseconds }

/** What one step did. */
export interface Answer {
  /** Local instant at which the step ended: `at`, or for an advance the first instant with output, at most `until`. */
  readonly now: Milliseconds
  /** Local instant of the next wake-up, or null for none. */
  readonly wake: Milliseconds | null
  readonly outputs: readonly Output[]
  /** Fields that changed; the whole state after start and restart. */
  readonly state: Partial<MemberState> | null
  /** What happened to the log; after start and restart, restore (the base) and append (all entries). */
  readonly log: LogDelta | null
  /** How the receiver decoded a delivered message, where it decodes; compared with the sender's view. */
  readonly received?: Message | undefined
  /** The implementation refused the input (`unsupported`), or panicked: the node is then down for good. */
  readonly error?: { readonly kind: 'unsupported' | 'panic'; readonly text: string } | undefined
}

/** Everything that is seen of a node at once. */
export interface Inspection {
  readonly state: MemberState
  /** Position before the first entry. */
  readonly base: Position
  readonly entries: readonly Entry[]
  /** The key-value store, sorted by key. */
  readonly store: readonly (readonly [string, string])[]
}

/** A starting configuration and a schedule of client operations and faults. */
export interface RaftScenario {
  readonly version: 1
  readonly surface: 'raft'
  readonly name: string
  readonly seed: number
  /** All nodes that take part; those outside `configuration` start blank and may be added. */
  readonly nodes: readonly NodeId[]
  readonly configuration: Configuration
  readonly options: RaftOptions
  readonly network: NetworkProfile
  readonly disk: DiskProfile
  readonly steps: readonly Step<Operation>[]
}
