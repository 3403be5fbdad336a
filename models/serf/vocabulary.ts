/**
 * The words of Serf: what nodes tell each other of who joins and leaves, of events and of queries, what is seen of them,
 * and what is asked of them. Who is there is told from below, by a protocol such as SWIM.
 */
import type { Milliseconds, NetworkProfile, NodeId, Step } from '../vocabulary.ts'

/** A node is called the same in all its lives, and is found at the address of that name. */
export type Name = NodeId

/** Time of a Lamport clock. */
export type Time = number

/** Here; about to leave, as somebody has said; gone after it was said; gone without a word. */
export type Status = 'alive' | 'leaving' | 'left' | 'failed'

/** What a node holds of another, or of itself. */
export interface Member {
  readonly name: Name
  readonly status: Status
  /** Of the last intent that counted. */
  readonly time: Time
  readonly tags: string
}

export type IntentKind = 'join' | 'leave'

/** What was said of somebody who is not known so far. */
export interface Intent {
  readonly name: Name
  readonly intent: IntentKind
  readonly time: Time
}

/** Something that happened, in a user's words. */
export interface UserEvent {
  readonly time: Time
  readonly name: string
  readonly payload: string
}

/** News that goes from node to node. */
export type Broadcast =
  | { readonly type: 'join'; readonly name: Name; readonly time: Time }
  /** `prune`: it is to be forgotten at once. */
  | { readonly type: 'leave'; readonly name: Name; readonly time: Time; readonly prune: boolean }
  /** `coalesce`: whoever hears of several of this name may be told of the last alone. */
  | (UserEvent & { readonly type: 'event'; readonly coalesce: boolean })
  | {
      readonly type: 'query'
      readonly time: Time
      /** With the time it tells queries apart. */
      readonly id: number
      /** Who asks. */
      readonly source: Name
      /** Who is asked; nobody named is everybody. */
      readonly nodes: readonly Name[]
      /** Whether it is to be acknowledged that the query has arrived. */
      readonly ack: boolean
      /** Through how many others each answer is sent once more. */
      readonly relay: number
      readonly timeout: Milliseconds
      readonly name: string
      readonly payload: string
    }

/** An answer to a query, or that the query has arrived. */
export interface Response {
  readonly time: Time
  readonly id: number
  readonly from: Name
  readonly ack: boolean
  readonly payload: string
}

/** The time of the last intent about a member. */
export interface StatusTime {
  readonly name: Name
  readonly time: Time
}

export type Message =
  | { readonly kind: 'gossip'; readonly broadcasts: readonly Broadcast[] }
  /** All that a node knows; and all that comes back for it. */
  | {
      readonly kind: 'push-pull' | 'push-pull-reply'
      /** It is asked for in order to join, or to find who was lost. */
      readonly join: boolean
      readonly memberTime: Time
      readonly eventTime: Time
      readonly queryTime: Time
      readonly members: readonly StatusTime[]
      /** Those of the members that have left. */
      readonly left: readonly Name[]
      readonly events: readonly UserEvent[]
    }
  | (Response & { readonly kind: 'response' })
  /** An answer that is to be passed on. */
  | { readonly kind: 'relay'; readonly to: Name; readonly response: Response }

export type MessageKind = Message['kind']

/** What is seen of a live node between two steps, besides its members. */
export interface NodeState {
  readonly name: Name
  /** Lamport clocks of intents, of events, and of queries. */
  readonly memberClock: Time
  readonly eventClock: Time
  readonly queryClock: Time
  /** Whether it is leaving, or has left, itself. */
  readonly phase: 'alive' | 'leaving' | 'left'
}

/** A record that is new or changed, or that is held no more. */
export type MemberChange = Member | { readonly name: Name; readonly status: 'forgotten' }
export type IntentChange = Intent | { readonly name: Name; readonly intent: 'forgotten' }

/** What a client or operator asks of one node. */
export type Operation =
  /** Exchange all with that one, and tell all others. `ignoreOld`: events of before are none of its business. */
  | { readonly type: 'join'; readonly peer: NodeId; readonly ignoreOld: boolean }
  /** Tell the others, and take no part any more. */
  | { readonly type: 'leave' }
  /** Say in the place of another that it leaves. */
  | { readonly type: 'force-leave'; readonly member: Name; readonly prune: boolean }
  | { readonly type: 'event'; readonly name: string; readonly payload: string; readonly coalesce: boolean }
  | {
      readonly type: 'query'
      readonly name: string
      readonly payload: string
      /** 0: as the settings say. */
      readonly timeout: Milliseconds
      readonly nodes: readonly Name[]
      readonly ack: boolean
      readonly relay: number
    }

export type OperationType = Operation['type']

/** What a scenario may ask: operations, and what a node is told of another from below. */
export type ScenarioOperation =
  | Operation
  | { readonly type: 'up' | 'down'; readonly peer: NodeId }
  | { readonly type: 'update'; readonly peer: NodeId; readonly tags: string }

/** How an operation ended. */
export interface Result {
  readonly operation: number
  readonly status: 'ok' | 'failed' | 'unknown'
  readonly reason: string
}

/** Settings of a cluster that the run chooses; the implementation obeys them. */
export interface SerfOptions {
  /** News is told every so often, to so many. */
  readonly gossipInterval: Milliseconds
  readonly gossipNodes: number
  /** Multiplies the logarithm of the number of members: in how many rounds something is told. */
  readonly retransmitMult: number
  readonly pushPullInterval: Milliseconds
  /** How long an answer to a push/pull may take. */
  readonly streamTimeout: Milliseconds
  /** How often it is looked for what is old: members that failed, members that left, and intents that nobody needed. */
  readonly reapInterval: Milliseconds
  readonly reconnectTimeout: Milliseconds
  readonly tombstoneTimeout: Milliseconds
  readonly recentIntentTimeout: Milliseconds
  /** How often somebody who failed is tried. */
  readonly reconnectInterval: Milliseconds
  /** How long who leaves waits until others were told, and then until they have told it on. */
  readonly broadcastTimeout: Milliseconds
  readonly leavePropagateDelay: Milliseconds
  /** How many times back events and queries are remembered. */
  readonly eventBuffer: number
  readonly queryBuffer: number
  /** Bytes at most. */
  readonly eventSizeLimit: number
  readonly querySizeLimit: number
  readonly queryTimeoutMult: number
  /** How long an application takes to answer a query; the run's own affair. */
  readonly answerDelay: Milliseconds
}

/** What an application is told. */
export type Notice =
  /** Of a member. */
  | {
      readonly type: 'member'
      readonly event: 'join' | 'leave' | 'failed' | 'update' | 'reap'
      readonly name: Name
    }
  | (UserEvent & { readonly type: 'event'; readonly coalesce: boolean })
  | {
      readonly type: 'query'
      readonly time: Time
      readonly id: number
      readonly source: Name
      readonly name: string
      readonly payload: string
    }
  /** To who asked. */
  | (Response & { readonly type: 'response' })

/** An output of a step, in causal order. */
export type Output = OutgoingMessage | Notice | ({ readonly type: 'result' } & Result)

/** A message that a node hands to the harness. One that is not reliable may be lost, doubled, overtaken. */
export interface OutgoingMessage {
  readonly type: 'message'
  readonly id: number
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
  /** From below: another is there, or there no more, or has other tags. */
  | {
      readonly type: 'peer'
      readonly node: NodeId
      readonly at: Milliseconds
      readonly name: Name
      readonly status: 'up' | 'down' | 'update'
      readonly tags: string
    }
  /** The application answers a query of which it was told. */
  | {
      readonly type: 'respond'
      readonly node: NodeId
      readonly at: Milliseconds
      readonly time: Time
      readonly id: number
      readonly payload: string
    }
  | { readonly type: 'crash'; readonly node: NodeId; readonly at: Milliseconds }
  /** Starts again under the same name, knowing nobody, with nothing remembered. */
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
  readonly members: readonly MemberChange[] | null
  readonly intents: readonly IntentChange[] | null
  /** How the receiver decoded a delivered message, where it decodes; compared with the sender's view. */
  readonly received?: Message | undefined
  /** The implementation refused the input (`unsupported`), or panicked: the node is then down for good. */
  readonly error?: { readonly kind: 'unsupported' | 'panic'; readonly text: string } | undefined
}

/** Everything that is seen of a node at once, each list in the order of its names. */
export interface Inspection {
  readonly state: NodeState
  readonly members: readonly Member[]
  readonly intents: readonly Intent[]
}

/** A starting configuration and a schedule of operations and faults. All nodes know each other from the start. */
export interface SerfScenario {
  readonly version: 1
  readonly surface: 'serf'
  readonly name: string
  readonly seed: number
  readonly nodes: readonly NodeId[]
  readonly options: SerfOptions
  readonly network: NetworkProfile
  readonly steps: readonly Step<ScenarioOperation>[]
}
