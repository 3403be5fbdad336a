/**
 * The words of service discovery: what is attached to networks, what nodes show of it, what is asked of the resolver in a
 * sandbox, and what it answers. How records travel between nodes is left to the implementation.
 */
import type { Milliseconds, NetworkProfile, NodeId, Step } from '../vocabulary.ts'

/** `overlay`: its records travel. `ingress`: it carries what is published, and has no names. `local`: of one node. */
export type NetworkKind = 'overlay' | 'ingress' | 'local'

/** A network that there is. */
export interface NetworkSetting {
  readonly name: string
  readonly kind: NetworkKind
  /** It has no way out. */
  readonly internal: boolean
}

/** A resolver outside. `host`: it is reached from the host, not from the sandbox. */
export interface Upstream {
  readonly address: string
  readonly host: boolean
}

/** What a resolver outside does with whatever it is asked. */
export type UpstreamConduct = 'answers' | 'nxdomain' | 'servfail' | 'refused' | 'silent'

/** Settings of a cluster that the run chooses; the implementation obeys them. */
export interface DiscoveryOptions {
  readonly networks: readonly NetworkSetting[]
  /** Resolvers outside, for every sandbox, in the order in which they are asked. */
  readonly upstreams: readonly Upstream[]
  /** The user has set `ndots` above 0. */
  readonly ndots: boolean
  /** News is told every so often, and all that two nodes hold is compared every so often. */
  readonly gossipInterval: Milliseconds
  readonly syncInterval: Milliseconds
}

/** The service of which an endpoint is a task. */
export interface ServiceSetting {
  readonly name: string
  readonly aliases: readonly string[]
  /** Its virtual address on the network of the endpoint; '' where its names mean its tasks. */
  readonly vip: string
}

/** What is attached to a network. */
export interface EndpointSetting {
  /** Its identity, never used again. */
  readonly endpoint: string
  readonly sandbox: string
  readonly network: string
  /** Of the container: its own name, which its address leads back to, and others. */
  readonly name: string
  readonly aliases: readonly string[]
  readonly address: string
  /** '' for none; only on a local network. */
  readonly address6: string
  /** Null for a container that belongs to no service. */
  readonly service: ServiceSetting | null
  /** It counts only when it was found healthy. */
  readonly checked: boolean
}

/** What a node holds of an endpoint, its own or another's. */
export interface EndpointRecord {
  readonly network: string
  readonly endpoint: string
  readonly owner: NodeId
  readonly name: string
  readonly aliases: readonly string[]
  readonly address: string
  readonly address6: string
  readonly service: ServiceSetting | null
  /** It is not to be named any more, and not gone yet. */
  readonly disabled: boolean
}

/** A record that is new or changed, or that is held no more. */
export type RecordChange =
  | (EndpointRecord & { readonly status: 'held' })
  | { readonly status: 'forgotten'; readonly network: string; readonly endpoint: string }

export type QueryType = 'A' | 'AAAA' | 'PTR' | 'MX' | 'SRV' | 'TXT'

/** What is asked: `size` is what EDNS says that a datagram may have; 0 without EDNS. */
export interface Question {
  readonly name: string
  readonly qtype: QueryType
  readonly transport: 'udp' | 'tcp'
  readonly size: number
}

/** What a client or operator asks of one node. */
export type Operation =
  | ({ readonly type: 'attach' } & EndpointSetting)
  | { readonly type: 'healthy' | 'unhealthy' | 'drain' | 'detach'; readonly endpoint: string }
  | ({ readonly type: 'query'; readonly sandbox: string } & Question)
  /** Bytes that are no query, in hexadecimal. */
  | { readonly type: 'garbled'; readonly sandbox: string; readonly bytes: string }

export type OperationType = Operation['type']
export type LifeOperation = 'healthy' | 'unhealthy' | 'drain' | 'detach'

/**
 * What a scenario may ask besides: what a node is told of another from below, several tasks of one service at once, and
 * one question several times.
 */
export type ScenarioOperation =
  | Operation
  | { readonly type: 'up' | 'down'; readonly peer: NodeId }
  | { readonly type: 'replicas'; readonly count: number; readonly of: EndpointSetting }
  | ({ readonly type: 'queries'; readonly sandbox: string; readonly times: number } & Question)

/** `data`: an address, a name, or text. */
export interface AnswerRecord {
  readonly name: string
  readonly type: string
  readonly ttl: number
  readonly data: string
}

/** What a resolver answers, in full. */
export interface Reply {
  /** The question that comes back with it. */
  readonly name: string
  readonly qtype: string
  readonly rcode: number
  readonly authoritative: boolean
  readonly recursionAvailable: boolean
  readonly truncated: boolean
  /** In octets. */
  readonly size: number
  readonly answers: readonly AnswerRecord[]
}

/** What a resolver outside answers. */
export interface UpstreamReply {
  readonly rcode: number
  readonly answers: readonly AnswerRecord[]
}

/** How an operation ended; of a question with the reply, null for none. */
export interface Result {
  readonly operation: number
  readonly status: 'ok' | 'failed' | 'unknown'
  readonly reason: string
  readonly reply: Reply | null
}

/** A question that is passed on; the answer to it comes as input, or never. */
export interface Forward {
  /** Unique in a run. */
  readonly id: number
  readonly operation: number
  readonly server: string
  readonly name: string
  readonly qtype: QueryType
}

/** What nodes tell each other: the bytes are the implementation's own. */
export interface Message {
  readonly kind: 'gossip' | 'sync'
  readonly body: string
}

export type MessageKind = Message['kind']

/** A message that a node hands to the harness. One that is not reliable may be lost, doubled, overtaken. */
export interface OutgoingMessage {
  readonly type: 'message'
  readonly id: number
  readonly from: NodeId
  readonly to: NodeId
  readonly view: Message
  readonly reliable: boolean
}

/** An output of a step, in causal order. */
export type Output = OutgoingMessage | ({ readonly type: 'forward' } & Forward) | ({ readonly type: 'result' } & Result)

/** What is seen of a live node between two steps, besides its records. */
export interface NodeState {
  /** What it calls itself in this life. */
  readonly life: string
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
  /** A resolver outside answers. */
  | {
      readonly type: 'upstream'
      readonly node: NodeId
      readonly at: Milliseconds
      readonly forward: number
      readonly reply: UpstreamReply
    }
  /** From below: a peer is there, or is there no more. */
  | {
      readonly type: 'peer'
      readonly node: NodeId
      readonly at: Milliseconds
      readonly name: string
      readonly address: NodeId
      readonly status: 'up' | 'down'
    }
  | { readonly type: 'crash'; readonly node: NodeId; readonly at: Milliseconds }
  /** Starts again under a new name, knowing nobody, with nothing attached. */
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
  readonly records: readonly RecordChange[] | null
  /** The receiver's own decoding of a delivered message, where it decodes. */
  readonly received?: Message | undefined
  /** The implementation refused the input (`unsupported`), or panicked: the node is then down for good. */
  readonly error?: { readonly kind: 'unsupported' | 'panic'; readonly text: string } | undefined
}

/** Everything that is seen of a node at once, records in the order of network and endpoint. */
export interface Inspection {
  readonly state: NodeState
  readonly records: readonly EndpointRecord[]
}

/** A starting configuration and a schedule of operations and faults. All nodes know each other from the start. */
export interface DiscoveryScenario {
  readonly version: 1
  readonly surface: 'discovery'
  readonly name: string
  readonly seed: number
  readonly nodes: readonly NodeId[]
  readonly options: DiscoveryOptions
  /** What each resolver outside does, in the order of `options.upstreams`. */
  readonly conducts: readonly UpstreamConduct[]
  readonly network: NetworkProfile
  readonly steps: readonly Step<ScenarioOperation>[]
}
