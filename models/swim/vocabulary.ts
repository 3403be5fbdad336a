/**
 * The words of SWIM: what members say to each other, what is seen of them, what is asked of them.
 * Views are decoded messages: implementations keep their own bytes, the suite judges these.
 */
import type { Milliseconds, NetworkProfile, NodeId, Step } from '../vocabulary.ts'

export type Status = 'alive' | 'suspect' | 'dead' | 'left'

/** What one member says of another, or of itself; carried by any message. */
export interface Update {
  readonly status: 'alive' | 'suspect' | 'dead'
  /** The member of which it is said. */
  readonly node: NodeId
  readonly incarnation: number
  /** Who suspects, or declares dead; who says `dead` of itself leaves. Of `alive`: the member itself. */
  readonly from: NodeId
  /** Of `alive`: where the member is reached, and what it tells of itself; else `''`. */
  readonly address: string
  readonly meta: string
}

/** What a member's table says of one member; its own record is there too. */
export interface MemberRecord {
  readonly node: NodeId
  readonly status: Status
  readonly incarnation: number
  readonly address: string
  readonly meta: string
}

/** Messages. `gossip` are the updates that travel with one, in the order in which they are to be handled, after it. */
export type Message =
  | {
      readonly kind: 'ping'
      readonly sequence: number
      /** The name that is to answer: whoever has another one keeps silent. */
      readonly target: NodeId
      readonly gossip: readonly Update[]
    }
  | {
      readonly kind: 'indirect-ping'
      readonly sequence: number
      readonly target: NodeId
      /** Whether the helper is to answer by a nack if it hears nothing in time. */
      readonly nack: boolean
      readonly gossip: readonly Update[]
    }
  | { readonly kind: 'ack' | 'nack'; readonly sequence: number; readonly gossip: readonly Update[] }
  | { readonly kind: 'gossip'; readonly gossip: readonly Update[] }
  /** On a stream: a whole table, and the table that comes back for it. */
  | {
      readonly kind: 'push-pull' | 'push-pull-reply'
      readonly join: boolean
      readonly members: readonly MemberRecord[]
    }
  /** On a stream: the same as ping and ack, where datagrams may be blocked. */
  | { readonly kind: 'stream-ping'; readonly sequence: number; readonly target: NodeId }
  | { readonly kind: 'stream-ack'; readonly sequence: number }

export type MessageKind = Message['kind']

/** What is seen of a live node between two steps, besides its table. */
export interface MemberState {
  /** Its own incarnation. */
  readonly incarnation: number
  /** How badly it judges its own health (Lifeguard), 0 is well; 0 where an implementation has no such notion. */
  readonly score: number
  /** It was asked to leave. */
  readonly leaving: boolean
}

/** A record that is new or changed; or a member that the table does not hold any more. */
export type RecordChange = MemberRecord | { readonly node: NodeId; readonly status: 'forgotten' }

/** What a client or operator asks of one node. */
export type Operation =
  /** Exchange tables with these nodes, one after the other; `ok` if one of them answered. */
  | { readonly type: 'join'; readonly to: readonly NodeId[] }
  /** Tell the others, and take no part any more. */
  | { readonly type: 'leave' }
  /** Tell the others something new of itself. */
  | { readonly type: 'update'; readonly meta: string }

export type OperationType = Operation['type']

/** How an operation ended. */
export interface Result {
  readonly operation: number
  readonly status: 'ok' | 'failed' | 'unknown'
  /** Why it did not succeed: a short kebab-case word such as `refused`, `timeout`, `not-alive`. */
  readonly reason: string
}

/** Settings of a cluster that the run chooses; the implementation obeys them. Durations in milliseconds. */
export interface SwimOptions {
  /** Length of a protocol period: one member is probed in each. */
  readonly probeInterval: Milliseconds
  /** How long an ack may take before others are asked to probe. */
  readonly probeTimeout: Milliseconds
  /** How many others are asked. */
  readonly indirectChecks: number
  /** Multiplies the logarithm of the number of members: the least duration of a suspicion, in probe intervals. */
  readonly suspicionMult: number
  /** Multiplies the least duration: the greatest. 1 where confirmations make no difference. */
  readonly suspicionMaxTimeoutMult: number
  /** The score stays below this, and a period lasts at most so many probe intervals; 1 where health makes no difference. */
  readonly awarenessMaxMultiplier: number
  /** Multiplies the logarithm of the number of members: how often an update is sent. */
  readonly retransmitMult: number
  /** Gossip that no probe carries: how often, and to how many. */
  readonly gossipInterval: Milliseconds
  readonly gossipNodes: number
  /** How long the dead are told what is said of them. */
  readonly gossipToTheDead: Milliseconds
  /** How often tables are exchanged with one other member, in small clusters; 0 for never. */
  readonly pushPullInterval: Milliseconds
  /** How long a stream may take to open, and each answer on it. */
  readonly streamTimeout: Milliseconds
  /** Whether a member that does not answer datagrams is probed by a stream too. */
  readonly streamPing: boolean
}

/** An output of a step, in causal order. */
export type Output =
  | OutgoingMessage
  /** What the application is told: members come, change what they tell of themselves, go; or two have one name. */
  | {
      readonly type: 'event'
      readonly event: 'join' | 'update' | 'leave' | 'conflict'
      readonly node: NodeId
      readonly meta: string
    }
  | ({ readonly type: 'result' } & Result)

/** Stream of a message, unique within a run; 0 for a datagram. */
export type StreamId = number

/**
 * A message that a node hands to the harness. A datagram may be lost, doubled, overtaken. The first message on a stream
 * opens it to the message's receiver, who may answer on it; messages of a stream arrive in order and once, or not at all.
 */
export interface OutgoingMessage {
  readonly type: 'message'
  readonly id: number
  readonly from: NodeId
  readonly to: NodeId
  readonly view: Message
  readonly stream: StreamId
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
  /** The node at the other end of a stream that this node opened is down, and the stream is refused. */
  | { readonly type: 'refuse'; readonly node: NodeId; readonly at: Milliseconds; readonly stream: StreamId }
  | { readonly type: 'crash'; readonly node: NodeId; readonly at: Milliseconds }
  /** Starts again, alone, under the same name and address, with nothing remembered. */
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
  /** What changed in the table; the whole table after start and restart. */
  readonly members: readonly RecordChange[] | null
  /** How the receiver decoded a delivered message, where it decodes; compared with the sender's view. */
  readonly received?: Message | undefined
  /** The implementation refused the input (`unsupported`), or panicked: the node is then down for good. */
  readonly error?: { readonly kind: 'unsupported' | 'panic'; readonly text: string } | undefined
}

/** Everything that is seen of a node at once. */
export interface Inspection {
  readonly state: MemberState
  /** Sorted by node. */
  readonly members: readonly MemberRecord[]
}

/** A starting configuration and a schedule of operations and faults. */
export interface SwimScenario {
  readonly version: 1
  readonly surface: 'swim'
  readonly name: string
  readonly seed: number
  readonly nodes: readonly NodeId[]
  /** Nodes that know each other from the start, alive with incarnation 1; each other node starts alone. */
  readonly members: readonly NodeId[]
  readonly options: SwimOptions
  readonly network: NetworkProfile
  readonly steps: readonly Step<Operation>[]
}
