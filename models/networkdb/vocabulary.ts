/**
 * The words of the network database: what nodes tell each other of networks and their entries, what is seen of them,
 * what is asked of them. Who is a member is told from below, by a protocol such as SWIM.
 */
import type { Milliseconds, NetworkProfile, NodeId, Step } from '../vocabulary.ts'

/** What a node calls itself in one life; no two lives of any node share it. An address is the name of a node of the run. */
export type Name = string

/** Time of a Lamport clock. */
export type Time = number

/** What a node holds of another: it takes part, it was lost from sight, or it said that it goes. */
export interface Peer {
  readonly name: Name
  readonly address: NodeId
  readonly status: 'active' | 'failed' | 'left'
}

/** That a node takes part in a network, or has left it. */
export interface Attachment {
  readonly name: Name
  readonly network: string
  readonly time: Time
  readonly status: 'joined' | 'left'
}

/** An entry of a table. A key names the table and the entry in it: no rule treats tables differently. */
export interface Entry {
  readonly network: string
  readonly key: string
  /** Who wrote it last. */
  readonly owner: Name
  readonly time: Time
  readonly value: string
  /** Live; hidden, since its owner failed; or deleted, and remembered for a while. */
  readonly status: 'live' | 'suspended' | 'tombstone'
}

export interface NodeEvent {
  readonly type: 'node'
  readonly event: 'join' | 'leave'
  readonly name: Name
  readonly time: Time
}

export interface NetworkEvent {
  readonly type: 'network'
  readonly event: 'join' | 'leave'
  readonly name: Name
  readonly network: string
  readonly time: Time
}

export interface TableEvent {
  readonly type: 'table'
  readonly event: 'create' | 'update' | 'delete'
  readonly network: string
  readonly key: string
  readonly owner: Name
  readonly time: Time
  readonly value: string
  /** Of what is deleted or hidden: how long it is still to be remembered; 0 for as long as the receiver's settings say. */
  readonly residual: Milliseconds
}

export type ClusterEvent = NodeEvent | NetworkEvent

export type Message =
  /** To any member: news of nodes and of networks. */
  | { readonly kind: 'gossip'; readonly events: readonly ClusterEvent[] }
  /** To a member of the network: news of its entries. */
  | { readonly kind: 'table-gossip'; readonly network: string; readonly events: readonly TableEvent[] }
  /** All entries of some networks, and the attachments that go with them; and those that come back for it. */
  | {
      readonly kind: 'bulk-sync' | 'bulk-sync-reply'
      /** Who sends it. */
      readonly name: Name
      readonly time: Time
      readonly networks: readonly string[]
      readonly attachments: readonly NetworkEvent[]
      readonly entries: readonly TableEvent[]
    }
  /** All attachments that a node knows; and those that come back for it. */
  | {
      readonly kind: 'push-pull' | 'push-pull-reply'
      readonly name: Name
      readonly time: Time
      readonly attachments: readonly NetworkEvent[]
    }

export type MessageKind = Message['kind']

/** What is seen of a live node between two steps, besides its tables. */
export interface NodeState {
  readonly name: Name
  /** Lamport clock of node and network events, and that of table events. */
  readonly networkClock: Time
  readonly tableClock: Time
  /** It was asked to leave the cluster. */
  readonly leaving: boolean
}

/** A record that is new or changed, or that is held no more. */
export type AttachmentChange =
  Attachment | { readonly name: Name; readonly network: string; readonly status: 'forgotten' }
export type EntryChange = Entry | { readonly network: string; readonly key: string; readonly status: 'forgotten' }

/** What a client or operator asks of one node. */
export type Operation =
  | { readonly type: 'join-network' | 'leave-network'; readonly network: string }
  | { readonly type: 'create'; readonly network: string; readonly key: string; readonly value: string }
  | { readonly type: 'update'; readonly network: string; readonly key: string; readonly value: string }
  | { readonly type: 'delete'; readonly network: string; readonly key: string }
  | { readonly type: 'get'; readonly network: string; readonly key: string }
  /** Tell the others, and take no part in the cluster any more. */
  | { readonly type: 'leave' }

export type OperationType = Operation['type']

/** What a scenario may ask: operations, and what a node is told of another from below. */
export type ScenarioOperation = Operation | { readonly type: 'up' | 'down'; readonly peer: NodeId }

/** How an operation ended; of `get` with the value. */
export interface Result {
  readonly operation: number
  readonly status: 'ok' | 'failed' | 'unknown'
  readonly reason: string
  readonly value: string
}

/** Settings of a cluster that the run chooses; the implementation obeys them. */
export interface NetworkDbOptions {
  /** News is told every so often, to so many. */
  readonly gossipInterval: Milliseconds
  readonly gossipNodes: number
  /** Multiplies the logarithm of the number of nodes: in how many rounds an event is told. */
  readonly retransmitMult: number
  /** How often each network is synchronized with one other member of it, and how long an answer may take. */
  readonly bulkSyncInterval: Milliseconds
  readonly bulkSyncTimeout: Milliseconds
  /** How often attachments are exchanged with one other node. */
  readonly pushPullInterval: Milliseconds
  /** How long deletions and hidden entries are remembered, and how often it is looked which have been long enough. */
  readonly reapInterval: Milliseconds
  readonly reapPeriod: Milliseconds
}

/** A visible change of a table that its node did not make itself. */
export interface WatchEvent {
  readonly type: 'event'
  readonly event: 'create' | 'update' | 'delete'
  readonly network: string
  readonly key: string
  /** What is there now, and what was there before; '' for nothing. */
  readonly value: string
  readonly previous: string
}

/** An output of a step, in causal order. */
export type Output = OutgoingMessage | WatchEvent | ({ readonly type: 'result' } & Result)

/** A message that a node hands to the harness. One that is not reliable may be lost, doubled, overtaken. */
export interface OutgoingMessage {
  readonly type: 'message'
  readonly id: number
  /** Addresses. */
  readonly from: NodeId
  readonly to: NodeId
  readonly view: Message
  readonly reliable: boolean
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
  /** From below: a peer is there, or is there no more. */
  | {
      readonly type: 'peer'
      readonly node: NodeId
      readonly at: Milliseconds
      readonly name: Name
      readonly address: NodeId
      readonly status: 'up' | 'down'
    }
  | { readonly type: 'crash'; readonly node: NodeId; readonly at: Milliseconds }
  /** Starts again under a new name, knowing nobody, with nothing remembered. */
  | { readonly type: 'restart'; readonly node: NodeId; readonly at: Milliseconds }

/** What one step did. */
export interface Answer {
  /** Local instant at which the step ended: `at`, or for an advance the first instant with output, at most `until`. */
  readonly now: Milliseconds
  /** Local instant of the next wake-up, or null for none. */
  readonly wake: Milliseconds | null
  readonly outputs: readonly Output[]
  /** Fields that changed; the whole state after start and restart. */
  readonly state: Partial<NodeState> | null
  /** What changed; everything after start and restart. */
  readonly peers: readonly Peer[] | null
  readonly attachments: readonly AttachmentChange[] | null
  readonly entries: readonly EntryChange[] | null
  /** How the receiver decoded a delivered message, where it decodes; compared with the sender's view. */
  readonly received?: Message | undefined
  /** The implementation refused the input (`unsupported`), or panicked: the node is then down for good. */
  readonly error?: { readonly kind: 'unsupported' | 'panic'; readonly text: string } | undefined
}

/** Everything that is seen of a node at once, each list in the order of its names. */
export interface Inspection {
  readonly state: NodeState
  readonly peers: readonly Peer[]
  readonly attachments: readonly Attachment[]
  readonly entries: readonly Entry[]
}

/** A starting configuration and a schedule of operations and faults. All nodes know each other from the start. */
export interface NetworkDbScenario {
  readonly version: 1
  readonly surface: 'networkdb'
  readonly name: string
  readonly seed: number
  readonly nodes: readonly NodeId[]
  readonly options: NetworkDbOptions
  readonly network: NetworkProfile
  readonly steps: readonly Step<ScenarioOperation>[]
}
