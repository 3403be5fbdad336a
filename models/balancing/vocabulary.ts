/**
 * The words of balancing: what an operator asks of the manager, what becomes of tasks, what nodes tell each other of
 * both, how clients connect, and what is seen of all that. The first node of a run is the manager: it alone allocates.
 */
import type { Milliseconds, NetworkProfile, NodeId, Step } from '../vocabulary.ts'

export type Protocol = 'tcp' | 'udp' | 'sctp'

/** On every node, by the routing mesh; or on those nodes alone where a task runs. */
export type PublishMode = 'ingress' | 'host'

export interface Port {
  readonly protocol: Protocol
  /** The port of the task. */
  readonly target: number
  /** The port of the node; 0 where the manager chooses. */
  readonly published: number
  readonly mode: PublishMode
}

/** By which requests a service is reached through the HTTP mesh. */
export interface Route {
  /** By the Host header, or by the name that a client of TLS says first. */
  readonly kind: 'http' | 'sni'
  /** `''`: whatever no other route takes. */
  readonly host: string
  /** The port of the task; 0 if the service has only one. */
  readonly target: number
  /** Name of a cookie: requests with one value of it go to one task; `''` for none. */
  readonly sticky: string
  /** Where a client is sent instead; `''` for nowhere. */
  readonly redirect: string
}

/** By a virtual address, or by the addresses of its tasks. */
export type EndpointMode = 'vip' | 'dnsrr'

export interface ServiceSpec {
  readonly service: string
  readonly mode: EndpointMode
  readonly networks: readonly string[]
  readonly ports: readonly Port[]
  readonly routes: readonly Route[]
}

/** Name of the network on which the mesh carries connections; no service asks for it. */
export type IngressNetwork = 'ingress'

/** That a service is on a network: with its virtual address there, or `''`. */
export interface Attachment {
  readonly network: string
  readonly vip: string
}

/** A service as the manager has furnished it. */
export interface Service {
  readonly service: string
  readonly mode: EndpointMode
  readonly attachments: readonly Attachment[]
  /** With the numbers that were chosen. */
  readonly ports: readonly Port[]
  readonly routes: readonly Route[]
}

/** A task that was healthy at least once, as its node tells it. */
export interface Backend {
  readonly task: string
  readonly service: string
  /** 1, or 0 while it gets no new connections. */
  readonly weight: 0 | 1
}

/** Something that its owner tells: the newest that is to be said of it. Null: it is no more. */
export interface Told<Content> {
  readonly name: string
  readonly version: number
  readonly content: Content | null
}

/** What a node tells of what is its own. */
export interface Update {
  readonly kind: 'update'
  /** Which life of the node tells it, from 1. */
  readonly life: number
  /** All that is newer than `since` is in it, up to `version`. */
  readonly since: number
  readonly version: number
  /** The manager's alone. */
  readonly services: readonly Told<Service>[]
  readonly backends: readonly Told<Backend>[]
}

/** What the bytes of a connection are to the HTTP mesh; `''` where it has nothing to do with it. */
export type Scheme = '' | 'http' | 'https'

export type Message =
  | Update
  /** How much of what the other tells is held. */
  | { readonly kind: 'ack'; readonly life: number; readonly version: number }
  /** A new connection for a task, which ought to be there; `source` is the address that the task is to see. */
  | {
      readonly kind: 'open'
      readonly connection: number
      readonly task: string
      readonly source: string
      readonly scheme: Scheme
    }
  | { readonly kind: 'data'; readonly connection: number; readonly task: string; readonly request: number }
  /** Of `open` and of `data`: the task has it, or is not there. */
  | {
      readonly kind: 'answer'
      readonly connection: number
      readonly request: number
      readonly status: 'ok' | 'closed'
    }

export type MessageKind = Message['kind']

/** A task that gets connections for a service on a network. */
export interface PoolMember {
  readonly task: string
  readonly node: NodeId
  readonly weight: 0 | 1
}

/** What a node has set up for a service on a network: its balancer, or without an address the list of its tasks. */
export interface Pool {
  readonly service: string
  readonly network: string
  readonly vip: string
  readonly members: readonly PoolMember[]
}

/** A port of the node that takes connections. */
export interface Listener {
  readonly protocol: Protocol
  readonly port: number
  readonly mode: PublishMode
  readonly service: string
}

/** A pool that is new or changed, or that is no more: then without members. */
export type PoolChange = Pool
export type ListenerChange = Listener & { readonly open: boolean }
/** A service of the manager's table that is new or changed; null for one that is removed. */
export interface ServiceChange {
  readonly name: string
  readonly service: Service | null
}

/** What is seen of a live node between two steps, besides what it has set up. */
export interface NodeState {
  readonly life: number
  readonly manager: boolean
}

export type Operation =
  | ({ readonly type: 'create-service' | 'update-service' } & ServiceSpec)
  | { readonly type: 'remove-service'; readonly service: string }
  /** A task of the node: it starts, becomes healthy (again), is to get nothing new, has ended. */
  | { readonly type: 'start'; readonly task: string; readonly service: string }
  | { readonly type: 'enable' | 'disable' | 'stop'; readonly task: string }
  /** From below: another node is lost from sight, or there again. */
  | { readonly type: 'down' | 'up'; readonly peer: NodeId }
  /** From a container on a network of the node, by the name of a service. */
  | { readonly type: 'connect'; readonly connection: string; readonly service: string; readonly network: string }
  /** From outside to a published port. In a scenario the port may be 0: then the one published for that target. */
  | {
      readonly type: 'dial'
      readonly connection: string
      readonly protocol: Protocol
      readonly port: number
      readonly service: string
      readonly target: number
      readonly client: string
    }
  /** From outside to the HTTP mesh. */
  | {
      readonly type: 'request'
      readonly connection: string
      readonly scheme: 'http' | 'https'
      readonly host: string
      /** Value of the cookie that the route asks for. */
      readonly cookie: string
      readonly client: string
    }
  /** Something more on a connection. */
  | { readonly type: 'send'; readonly connection: string }

export type OperationType = Operation['type']

/** Why something failed. The first four are an operator's; `refused` and `no-route` say that nobody is there. */
export type Reason =
  | 'invalid-argument'
  | 'already-exists'
  | 'not-found'
  | 'exhausted'
  | 'not-manager'
  | 'port-in-use'
  | 'refused'
  | 'no-route'
  | 'reset'
  | 'timeout'

/** How an operation ended. */
export interface Result {
  readonly operation: number
  readonly status: 'ok' | 'failed' | 'unknown'
  readonly reason: Reason | ''
  /** Of a connection: the task that has it, and its node. */
  readonly task: string
  readonly node: string
  /** Of a request: the status of HTTP, where the mesh speaks it, and where it sends the client. */
  readonly code: number
  readonly location: string
}

/** Something reached a task of the node. */
export interface Arrival {
  readonly type: 'arrival'
  readonly connection: number
  readonly task: string
  /** Where it comes from, as the task sees it: the client, or a node by its name. */
  readonly source: string
  readonly scheme: Scheme
}

export interface OutgoingMessage {
  readonly type: 'message'
  readonly id: number
  readonly from: NodeId
  readonly to: NodeId
  readonly view: Message
  readonly reliable: boolean
}

/** An output of a step, in causal order. */
export type Output = OutgoingMessage | Arrival | ({ readonly type: 'result' } & Result)

/** One input to one node at one instant. */
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
  | { readonly type: 'crash'; readonly node: NodeId; readonly at: Milliseconds }
  /** Starts again: without tasks and connections; the manager with its table. */
  | { readonly type: 'restart'; readonly node: NodeId; readonly at: Milliseconds }

/** What one step did. */
export interface Answer {
  readonly now: Milliseconds
  readonly wake: Milliseconds | null
  readonly outputs: readonly Output[]
  /** Fields that changed; the whole state after start and restart. */
  readonly state: Partial<NodeState> | null
  /** What changed; everything after start and restart. */
  readonly services: readonly ServiceChange[] | null
  readonly pools: readonly PoolChange[] | null
  readonly listeners: readonly ListenerChange[] | null
  readonly received?: Message | undefined
  readonly error?: { readonly kind: 'unsupported' | 'panic'; readonly text: string } | undefined
}

/** Everything that is seen of a node at once, each list sorted by its names. */
export interface Inspection {
  readonly state: NodeState
  readonly services: readonly Service[]
  readonly pools: readonly Pool[]
  readonly listeners: readonly Listener[]
}

export interface NamedNetwork {
  readonly network: string
  /** In CIDR notation, IPv4. */
  readonly subnet: string
}

export interface BalancingOptions {
  /** Networks that services may ask for, and `ingress`. */
  readonly networks: readonly NamedNetwork[]
  /** How soon what was not acknowledged is told again, and how often a node is told how far it ought to be. */
  readonly retryInterval: Milliseconds
  readonly refreshInterval: Milliseconds
  /** How long a connection waits for its task. */
  readonly connectTimeout: Milliseconds
}

/** A starting configuration and a schedule of operations and faults. */
export interface BalancingScenario {
  readonly version: 1
  readonly surface: 'balancing'
  readonly name: string
  readonly seed: number
  /** The first one is the manager. */
  readonly nodes: readonly NodeId[]
  readonly options: BalancingOptions
  readonly network: NetworkProfile
  readonly steps: readonly Step<Operation>[]
}
