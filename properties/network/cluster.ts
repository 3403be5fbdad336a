/** What the judge knows of the cluster as a whole: what was asked for, what is allocated, what each node shows. */
import { unknown, type Layers } from '../../models/network/rules.ts'
import type {
  EndpointRecord,
  Holding,
  HoldingKind,
  Mode,
  NetworkOptions,
  Operation,
  PeerRecord,
} from '../../models/network/vocabulary.ts'
import type { Milliseconds, NodeId } from '../../models/vocabulary.ts'
import { Findings, type Claims } from '../findings.ts'
import { catalogue } from './requirements.ts'

/** A task that runs on a node. */
export interface Running {
  readonly task: string
  readonly service: string
  readonly network: string
  readonly address: string
  /** Harness time at which it began. */
  readonly since: Milliseconds
}

/** A connection that was asked for, and how the node saw the world then. */
export interface Connection {
  readonly network: string
  readonly service: string
  /** Addresses that the name gave, as the node showed it. */
  readonly resolved: readonly string[]
  /** Whether they include a virtual one. */
  readonly hasVip: boolean
  /** Of a port: the services that publish it, as the node showed it. */
  readonly publishers: ReadonlySet<string>
  readonly vni: number
  /** By address: nodes that it showed as peers for it. */
  readonly peers: ReadonlyMap<string, ReadonlySet<NodeId>>
  /** Addresses of which it showed what its owner tells no more. */
  readonly stale: ReadonlySet<string>
  /** It showed the virtual address for another service, too. */
  readonly isShared: boolean
  /** Virtual addresses that were held for the service. */
  readonly vips: ReadonlySet<string>
  readonly port: number
}

export interface Asked {
  readonly operation: Operation
  /** Local instant, and harness time. */
  readonly since: Milliseconds
  readonly at: Milliseconds
  readonly connection: Connection | null
}

export class Node {
  readonly id: NodeId
  readonly number: number
  up = true
  /** Panicked: nothing is expected of it any more. */
  gone = false
  leading = false
  life = ''
  now: Milliseconds = 0
  readonly networks = new Map<string, number>()
  readonly tasks = new Map<string, Running>()
  readonly endpoints = new Map<string, EndpointRecord>()
  readonly peers = new Map<string, PeerRecord>()
  readonly asked = new Map<number, Asked>()

  constructor(id: NodeId, number: number) {
    this.id = id
    this.number = number
  }

  /** Forgets what does not survive a crash: everything. */
  forget(): void {
    this.leading = false
    for (const memory of [this.networks, this.tasks, this.endpoints, this.peers, this.asked]) memory.clear()
  }

  isOwn({ owner }: { readonly owner: string }): boolean {
    return owner === this.life
  }
}

export interface KnownService {
  readonly network: string
  readonly mode: Mode
  readonly port: number
  going: boolean
}

export interface KnownTask {
  readonly service: string
  readonly network: string
  readonly on: NodeId
  going: boolean
}

export const placeOf = (network: string, task: string): string => `${network} ${task}`
const holdingKey = ({ kind, network, value, owner }: Holding): string => `${kind} ${network} ${value} ${owner}`

export class Cluster extends Findings {
  readonly options: NetworkOptions
  readonly nodes: Node[]
  readonly barrier: boolean
  now: Milliseconds = 0
  /** What was asked for and granted, as far as is known. */
  readonly networks = new Map<string, { readonly subnet: string; going: boolean }>()
  readonly services = new Map<string, KnownService>()
  readonly tasks = new Map<string, KnownTask>()
  /** What is allocated. */
  readonly holdings = new Map<string, Holding>()
  /** By kind and owner: all values that it was ever given, the last one last. */
  readonly given = new Map<string, string[]>()
  /** By task: its life over the layers. */
  readonly lives = new Map<string, Layers>()
  /** Texts of all records that their owners have ever shown. */
  readonly published = new Set<string>()
  /** By connection: who has answered it, and where. */
  readonly replies = new Map<number, { readonly task: string; readonly node: NodeId; readonly running: Running }[]>()
  /** By what was connected to from where: how that ended last, since faults have ended. */
  readonly ended = new Map<string, boolean>()

  constructor(options: NetworkOptions, claims: Claims, nodes: readonly NodeId[]) {
    super(catalogue, claims)
    this.options = options
    this.nodes = nodes.map((id, number) => new Node(id, number))
    this.barrier = claims.profiles.has('network-barrier')
  }

  node(id: NodeId): Node {
    const node = this.nodes.find((each) => each.id === id)
    if (node === undefined) throw new RangeError(`no node is named ${id}`)
    return node
  }

  /** Nodes that are up, a paused one among them. */
  present(): Node[] {
    return this.nodes.filter(({ up, gone }) => up && !gone)
  }

  layersOf(task: string): Layers {
    return this.lives.get(task) ?? unknown
  }

  hold(holding: Holding): void {
    this.holdings.set(holdingKey(holding), holding)
    const key = `${holding.kind} ${holding.owner}`
    this.given.set(key, [...(this.given.get(key) ?? []), holding.value])
  }

  free(holding: Holding): boolean {
    return this.holdings.delete(holdingKey(holding))
  }

  /** Whether an address is a node's own on a network: from there it balances, if it needs one. [SKA] allocateNode */
  isOfNode({ kind, owner }: Holding): boolean {
    return kind === 'address' && this.nodes.some(({ id }) => id === owner)
  }

  heldFor(owner: string, kind: HoldingKind): Holding[] {
    return [...this.holdings.values()].filter((each) => each.owner === owner && each.kind === kind)
  }

  everGiven(owner: string, kind: HoldingKind): readonly string[] {
    return this.given.get(`${kind} ${owner}`) ?? []
  }
}

/** A record as a text that is equal to that of an equal record. */
export const textOf = (record: EndpointRecord | PeerRecord): string => {
  const { network, task, owner, address } = record
  const rest = 'node' in record ? ['peer', record.node] : ['endpoint', record.service, record.vip, String(record.port)]
  return [network, task, owner, address, ...rest].join(' ')
}
