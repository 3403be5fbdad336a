/** What the judge knows of one node: what it was told and asked, and what it has shown. */
import type { Backend, Listener, Pool, PoolMember, Port, Scheme, Service } from '../../models/balancing/vocabulary.ts'
import type { TaskStatus } from '../../models/balancing/rules.ts'
import type { Milliseconds, NodeId } from '../../models/vocabulary.ts'

export interface SeenTask {
  readonly service: string
  readonly ports: readonly Port[]
  status: TaskStatus
}

/** What is held of another node. */
export interface Held {
  life: number
  version: number
  readonly services: Map<string, Service>
  readonly backends: Map<string, Backend>
}

/** New connections of a pool since who is active in it changed. */
export interface Turns {
  readonly active: number
  recent: string[]
  /** Who has become active again, and was not chosen since. */
  readonly again: Set<string>
}

export interface SeenConnection {
  readonly id: number
  /** Pool by its key; null straight to a task of the node. */
  readonly pool: string | null
  readonly task: string
  readonly node: NodeId
  readonly code: number
  established: boolean
}

/** A request that waits for another node. */
export interface SeenWaiting {
  readonly label: string
  readonly connection: SeenConnection
  readonly since: Milliseconds
}

/** What was said last of something, as text. */
interface Said {
  readonly version: number
  readonly content: string
}

export const poolKey = (service: string, network: string): string => `${service} ${network}`
export const listenerKey = ({ protocol, port, mode }: Pick<Listener, 'protocol' | 'port' | 'mode'>): string =>
  `${protocol} ${port} ${mode}`
export const memberKey = ({ task, node }: Pick<PoolMember, 'task' | 'node'>): string => `${task} ${node}`

export class Node {
  readonly id: NodeId
  readonly number: number
  readonly isManager: boolean
  up = true
  /** Panicked: nothing is expected of it any more. */
  gone = false
  life = 0
  now: Milliseconds = 0

  readonly held = new Map<NodeId, Held>()
  readonly lost = new Set<NodeId>()
  readonly tasks = new Map<string, SeenTask>()

  readonly pools = new Map<string, Pool>()
  readonly listeners = new Map<string, Listener>()
  readonly turns = new Map<string, Turns>()

  readonly connections = new Map<string, SeenConnection>()
  readonly waiting = new Map<number, SeenWaiting>()
  /** Connections that tasks of the node have. */
  readonly accepted = new Map<number, string>()
  readonly stuck = new Map<string, string>()

  readonly said = new Map<string, Said>()
  readonly saidAt = new Map<NodeId, Milliseconds>()

  constructor(id: NodeId, number: number) {
    this.id = id
    this.number = number
    this.isManager = number === 0
  }

  /** Forgets what does not survive a crash: everything. */
  forget(): void {
    for (const memory of [
      this.held,
      this.lost,
      this.tasks,
      this.pools,
      this.listeners,
      this.turns,
      this.connections,
      this.waiting,
      this.accepted,
      this.stuck,
      this.said,
      this.saidAt,
    ])
      memory.clear()
  }

  of(peer: NodeId): Held {
    let held = this.held.get(peer)
    if (held === undefined)
      this.held.set(peer, (held = { life: 0, version: 0, services: new Map(), backends: new Map() }))
    return held
  }

  taskOfPort(protocol: Port['protocol'], published: number): string | undefined {
    for (const [name, { ports }] of this.tasks)
      if (ports.some((port) => port.protocol === protocol && port.published === published)) return name
    return undefined
  }
}

/** Where a connection went, as far as one step shows it. */
export interface Chosen {
  readonly task: string
  readonly node: NodeId
  readonly source: string
  readonly scheme: Scheme
}
