/**
 * The words of the layers together: networks, services and tasks that a leader allocates for, nodes that run tasks and
 * tell each other of them, and connections by name or port that are carried between them.
 */
import type { Message as DatabaseMessage, Name } from '../networkdb/vocabulary.ts'
import type { Milliseconds, NetworkProfile, NodeId, Step } from '../vocabulary.ts'

/** A service is reached by one virtual address, or by those of its tasks. */
export type Mode = 'vip' | 'dnsrr'

/** What the leader hands out: each kind is a space of its own, but that virtual addresses are addresses of a network. */
export type HoldingKind = 'subnet' | 'vni' | 'address' | 'vip' | 'port'

/** Something that is allocated. Of subnets and VNIs the owner is the network, of addresses the task, else the service. */
export interface Holding {
  readonly kind: HoldingKind
  /** `''` of a port: ports are those of the whole cluster. */
  readonly network: string
  readonly value: string
  readonly owner: string
}

/** What is told of a task to all who take part in its network. */
export interface EndpointRecord {
  readonly network: string
  readonly task: string
  /** The life of the node that tells it. */
  readonly owner: Name
  readonly service: string
  readonly address: string
  /** `''` where the service has none. */
  readonly vip: string
  /** The published port; 0 for none. */
  readonly port: number
}

/** Where frames for an address are to go. */
export interface PeerRecord {
  readonly network: string
  readonly task: string
  readonly owner: Name
  readonly address: string
  readonly node: NodeId
}

/** What a node is to run. */
export interface Assignment {
  readonly task: string
  readonly service: string
  readonly network: string
  readonly address: string
  readonly vip: string
  readonly port: number
}

export interface AssignedNetwork {
  readonly network: string
  readonly vni: number
}

/** Messages of the managers, the network database, and frames on an overlay. */
export type Message =
  | DatabaseMessage
  /** From who leads: how far are you? */
  | { readonly kind: 'ask'; readonly term: number }
  /** From who leads: all that the node is to run and to take part in, and the tasks that are gone for good. */
  | {
      readonly kind: 'assign'
      readonly term: number
      readonly version: number
      /** The life for which it is meant. */
      readonly life: Name
      readonly networks: readonly AssignedNetwork[]
      readonly tasks: readonly Assignment[]
      readonly retired: readonly string[]
    }
  /** Which assignment has been carried out. */
  | { readonly kind: 'status'; readonly life: Name; readonly term: number; readonly version: number }
  /** The first frame of a connection, on the overlay of a network. */
  | { readonly kind: 'frame'; readonly connection: number; readonly vni: number; readonly address: string }
  /** Its answer, by the task that has the address. */
  | { readonly kind: 'frame-reply'; readonly connection: number; readonly task: string }

export type MessageKind = Message['kind']

/** What is seen of a live node between two steps, besides its tables. */
export interface NodeState {
  readonly life: Name
  readonly leading: boolean
}

/** What became of the tables of a node. */
export type Change =
  /** Shown: names are resolved and connections balanced by it, and frames sent. */
  | ({ readonly change: 'endpoint' } & EndpointRecord)
  | { readonly change: 'endpoint-gone'; readonly network: string; readonly task: string }
  | ({ readonly change: 'peer' } & PeerRecord)
  | { readonly change: 'peer-gone'; readonly network: string; readonly task: string }
  /** The node takes part in a network, or not any more. */
  | ({ readonly change: 'network' } & AssignedNetwork)
  | { readonly change: 'network-left'; readonly network: string }
  /** A task runs on the node, or not any more. */
  | {
      readonly change: 'task'
      readonly task: string
      readonly service: string
      readonly network: string
      readonly address: string
    }
  | { readonly change: 'task-stopped'; readonly task: string }
  /** Of who leads. */
  | ({ readonly change: 'held' | 'freed' } & Holding)

/** What a client or operator asks of one node. Names of tasks are used once. */
export type Operation =
  /** `subnet`: `''` for one of the leader's choice. */
  | { readonly type: 'create-network'; readonly network: string; readonly subnet: string }
  | { readonly type: 'remove-network'; readonly network: string }
  /** `port`: 0 for none. */
  | {
      readonly type: 'create-service'
      readonly service: string
      readonly network: string
      readonly mode: Mode
      readonly port: number
    }
  /** Its tasks are stopped first. */
  | { readonly type: 'remove-service'; readonly service: string }
  | { readonly type: 'start-task'; readonly task: string; readonly service: string; readonly on: NodeId }
  | { readonly type: 'stop-task'; readonly task: string }
  /** From a container of the node. */
  | { readonly type: 'connect'; readonly network: string; readonly name: string }
  /** From outside, to a port of the node. */
  | { readonly type: 'connect-port'; readonly port: number }

export type OperationType = Operation['type']

/** Why an operation was refused, or a connection was not made. */
export type Reason =
  | 'not-leading'
  | 'exists'
  | 'not-found'
  | 'in-use'
  | 'unavailable'
  | 'invalid'
  /** The node is not in the network. */
  | 'not-attached'
  | 'no-such-name'
  | 'no-such-port'
  /** No peer has the address. */
  | 'unreachable'
  | 'timeout'

/** How an operation ended. Of a connection, as far as it came: what the name gave, which address was chosen, and so on. */
export interface Result {
  readonly operation: number
  readonly status: 'ok' | 'failed'
  /** `''` unless it failed. */
  readonly reason: Reason | ''
  readonly resolved: readonly string[]
  readonly chosen: string
  /** 0 for none. */
  readonly vni: number
  /** The node to which the frame went. */
  readonly peer: string
  /** Who answered. */
  readonly task: string
}

/** Settings of a cluster that the run chooses; the implementation obeys them. */
export interface NetworkOptions {
  readonly gossipInterval: Milliseconds
  readonly bulkSyncInterval: Milliseconds
  readonly pushPullInterval: Milliseconds
  /** How often the leader repeats what was not confirmed. */
  readonly controlInterval: Milliseconds
  /** How long a connection waits for an answer. */
  readonly connectTimeout: Milliseconds
  /** How long it takes until a node is told that another is gone, or back. */
  readonly detection: Milliseconds
  /** Network identifiers of overlays. */
  readonly firstVni: number
  readonly lastVni: number
}

/** An output of a step, in causal order. */
export type Output = OutgoingMessage | ({ readonly type: 'result' } & Result)

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
  /** From below: a peer is there, or is there no more. */
  | {
      readonly type: 'peer'
      readonly node: NodeId
      readonly at: Milliseconds
      readonly name: Name
      readonly address: NodeId
      readonly status: 'up' | 'down'
    }
  /** It leads from now on, by what the store of the managers holds: all that was answered. Nobody else leads any more. */
  | { readonly type: 'lead'; readonly node: NodeId; readonly at: Milliseconds; readonly term: number }
  | { readonly type: 'depose'; readonly node: NodeId; readonly at: Milliseconds }
  | { readonly type: 'crash'; readonly node: NodeId; readonly at: Milliseconds }
  /** Starts again under a new name, knowing nobody, with nothing in memory. */
  | { readonly type: 'restart'; readonly node: NodeId; readonly at: Milliseconds }

/** What one step did. */
export interface Answer {
  readonly now: Milliseconds
  readonly wake: Milliseconds | null
  readonly outputs: readonly Output[]
  /** Fields that changed; the whole state after start and restart. */
  readonly state: Partial<NodeState> | null
  /**
   * What changed, in order; after `lead` first all that is held, as if nothing had been, then what is let go of at once.
   * All is gone after a restart.
   */
  readonly changes: readonly Change[] | null
  /** How the receiver decoded a delivered message, where it decodes; compared with the sender's view. */
  readonly received?: Message | undefined
  /** The implementation refused the input (`unsupported`), or panicked: the node is then down for good. */
  readonly error?: { readonly kind: 'unsupported' | 'panic'; readonly text: string } | undefined
}

/** Everything that is seen of a node at once: its tables as changes from nothing, in any order. */
export interface Inspection {
  readonly state: NodeState
  readonly tables: readonly Change[]
}

/** A starting configuration and a schedule of operations and faults. All nodes know each other; the first leads first. */
export interface NetworkScenario {
  readonly version: 1
  readonly surface: 'network'
  readonly name: string
  readonly seed: number
  readonly nodes: readonly NodeId[]
  readonly options: NetworkOptions
  readonly network: NetworkProfile
  readonly steps: readonly Step<Operation>[]
}
