/** Connections: whom a new one goes to, how it gets there, and what becomes of those that there are. */
import type { Listener, Message, Operation, Pool, PoolMember, Scheme } from '../../../models/balancing/vocabulary.ts'
import type { Milliseconds, NodeId } from '../../../models/vocabulary.ts'
import { never } from '../swim/never.ts'
import { ingressNetwork } from './allocator.ts'
import { listenerKey, poolKey } from './core.ts'
import { TaskRules } from './tasks.ts'

/** A connection of a client of this node. */
export interface Connection {
  /** The operation that began it. */
  readonly id: number
  /** Through which pool it went; null straight to a port of a task. */
  readonly pool: string | null
  readonly task: string
  readonly node: NodeId
  readonly code: number
  established: boolean
}

/** What waits for the task's node. */
interface Waiting {
  readonly label: string
  readonly connection: Connection
  readonly deadline: Milliseconds
}

type Request<Type extends Operation['type']> = Extract<Operation, { readonly type: Type }>

export abstract class TrafficRules extends TaskRules {
  /** Connections of clients, by the names that they give them. */
  protected readonly connections = new Map<string, Connection>()
  protected readonly waiting = new Map<number, Waiting>()
  /** Connections that tasks of this node have. */
  protected readonly accepted = new Map<number, string>()
  /** By pool: who was chosen last. */
  protected readonly last = new Map<string, string>()

  // Who is chosen

  /** The next of the pool in turn that takes new connections. */
  protected choose(turn: string, { members }: Pool): PoolMember | undefined {
    const active = members.filter((member) => this.isActive(member))
    const last = this.last.get(turn) ?? ''
    const next = active.find((member) => memberKey(member) > last) ?? active[0]
    if (next !== undefined) this.last.set(turn, memberKey(next))
    return next
  }

  protected isActive({ weight }: PoolMember): boolean {
    return weight === 1
  }

  /** Who answers to the name of a service that has no address. */
  protected resolve(pool: Pool): PoolMember | undefined {
    return this.choose(`name ${poolKey(pool.service, pool.network)}`, pool)
  }

  // What clients do

  protected connect(id: number, { connection, service, network }: Request<'connect'>): void {
    const pool = this.pools.get(poolKey(service, network))
    if (pool === undefined) return this.result(id, 'failed', { reason: 'no-route' })
    const member = pool.vip === '' ? this.resolve(pool) : this.choose(poolKey(service, network), pool)
    this.open(id, connection, pool, member, this.id, '')
  }

  protected dial(id: number, { connection, protocol, port, client }: Request<'dial'>): void {
    const direct = this.taskOfPort(protocol, port)
    if (direct !== undefined) return this.dialTask(id, connection, direct, client)
    const listener = this.listeners.get(listenerKey({ protocol, port, mode: 'ingress' }))
    if (listener === undefined) return this.result(id, 'failed', { reason: 'refused' })
    this.dialMesh(id, connection, listener, client)
  }

  protected dialTask(id: number, label: string, task: string, client: string): void {
    this.begun(label, { id, pool: null, task, node: this.id, code: 0, established: false }, client, '')
  }

  protected dialMesh(id: number, label: string, { service }: Listener, client: string): void {
    const pool = this.pools.get(poolKey(service, ingressNetwork))!
    const member = this.choose(poolKey(service, ingressNetwork), pool)
    this.open(id, label, pool, member, this.sourceOf(client), '')
  }

  /** The mesh speaks to tasks in the name of its node: answers have to come back through it. */
  protected sourceOf(_client: string): string {
    return this.id
  }

  protected open(
    id: number,
    label: string,
    { service, network }: Pool,
    member: PoolMember | undefined,
    source: string,
    scheme: Scheme,
    code = 0,
  ): void {
    if (member === undefined) return this.result(id, 'failed', { reason: 'refused' })
    const { task, node } = member
    this.begun(label, { id, pool: poolKey(service, network), task, node, code, established: false }, source, scheme)
  }

  private begun(label: string, connection: Connection, source: string, scheme: Scheme): void {
    const { id, task, node } = connection
    this.connections.set(label, connection)
    if (node !== this.id) {
      this.wait(id, label, connection)
      return this.send(node, { kind: 'open', connection: id, task, source, scheme })
    }
    const isThere = this.arrive(id, task, source, scheme)
    this.answered(id, label, connection, isThere)
  }

  protected wait(request: number, label: string, connection: Connection): void {
    this.waiting.set(request, { label, connection, deadline: this.now + this.options.connectTimeout })
  }

  /** More on a connection: it stays with its task, and ends with it. */
  protected proceed(id: number, { connection: label }: Request<'send'>): void {
    const connection = this.connections.get(label)
    if (connection?.established !== true || !this.isStillThere(connection)) {
      this.connections.delete(label)
      return this.result(id, 'failed', { reason: 'reset' })
    }
    const { task, node } = connection
    if (node !== this.id) {
      this.wait(id, label, connection)
      return this.send(node, { kind: 'data', connection: connection.id, task, request: id })
    }
    this.answered(id, label, connection, this.continue(connection.id, task))
  }

  protected isStillThere({ pool, task, node }: Connection): boolean {
    if (pool === null) return true
    return this.pools.get(pool)?.members.some((member) => member.task === task && member.node === node) === true
  }

  // At the task

  /** A new connection for a task of this node; false if it is not there. */
  protected arrive(connection: number, task: string, source: string, scheme: Scheme): boolean {
    if (!this.tasks.has(task)) return false
    this.accepted.set(connection, task)
    this.show({ type: 'arrival', connection, task, source, scheme })
    return true
  }

  protected continue(connection: number, task: string): boolean {
    return this.accepted.get(connection) === task && this.tasks.has(task)
  }

  protected override stopTask(name: string): ReturnType<TaskRules['stopTask']> {
    for (const [connection, task] of this.accepted) if (task === name) this.accepted.delete(connection)
    return super.stopTask(name)
  }

  protected onOpen(from: NodeId, view: Extract<Message, { readonly kind: 'open' }>): void {
    const { connection, task, source, scheme } = view
    const isThere = this.arrive(connection, task, source, scheme)
    this.reply(from, connection, connection, isThere)
  }

  protected onData(from: NodeId, view: Extract<Message, { readonly kind: 'data' }>): void {
    const { connection, task, request } = view
    this.reply(from, connection, request, this.continue(connection, task))
  }

  protected reply(to: NodeId, connection: number, request: number, isThere: boolean): void {
    this.send(to, { kind: 'answer', connection, request, status: isThere ? 'ok' : 'closed' })
  }

  // What comes back

  protected onAnswer({ request, status }: Extract<Message, { readonly kind: 'answer' }>): void {
    const waiting = this.waiting.get(request)
    if (waiting === undefined) return
    this.waiting.delete(request)
    this.answered(request, waiting.label, waiting.connection, status === 'ok')
  }

  protected answered(request: number, label: string, connection: Connection, isThere: boolean): void {
    const { id, task, node, code } = connection
    if (isThere) {
      connection.established = true
      return this.result(request, 'ok', { task, node, code })
    }
    if (this.connections.get(label) === connection) this.connections.delete(label)
    this.result(request, 'failed', { reason: request === id ? 'refused' : 'reset' })
  }

  protected waitDeadline(): Milliseconds {
    for (const { deadline } of this.waiting.values()) return deadline
    return never
  }

  protected waitedTooLong(): void {
    for (const [request, { deadline }] of this.waiting) {
      if (deadline > this.now) return
      this.waiting.delete(request)
      this.result(request, 'unknown', { reason: 'timeout' })
    }
  }
}

export const memberKey = ({ task, node }: Pick<PoolMember, 'task' | 'node'>): string => `${task} ${node}`
