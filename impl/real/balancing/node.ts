/**
 * A node that balances real connections of TCP: the reference decides, sockets carry. Its ports listen on its own
 * address; a connection goes to a task of this node, or to the node of its task, which gives it to the task.
 */
import { connect, createServer, type Server, type Socket } from 'node:net'
import type {
  Answer,
  BalancingOptions,
  Listener,
  Message,
  Operation,
  Result,
} from '../../../models/balancing/vocabulary.ts'
import { Allocator } from '../../reference/balancing/allocator.ts'
import { listenerKey } from '../../reference/balancing/core.ts'
import { BalancingNode } from '../../reference/balancing/node.ts'
import type { Address } from '../address.ts'
import { monotonicNow } from '../clock.ts'
import { Links } from './links.ts'

export interface RealSetup {
  readonly id: string
  /** Of all nodes; the first one is the manager. Ports are published on the host of each. */
  readonly peers: ReadonlyMap<string, Address>
  readonly options: BalancingOptions
  /** Greater than in all lives before. */
  readonly life: number
  /** What decides; the reference's own if absent. */
  readonly Node?: typeof BalancingNode
}

/** A client that waits for its task. */
interface Client {
  readonly socket: Socket
  readonly port: number
  tries: number
}

/** What a client said at first is kept until its task is there, and nobody waits for more than so many. */
const mostTries = 8

export class RealBalancer {
  readonly #setup: RealSetup
  readonly #node: BalancingNode
  readonly #links: Links
  readonly #host: string
  /** By port: who listens there. */
  readonly #servers = new Map<string, Server>()
  /** By operation: the client that it is about, or whoever waits for its result. */
  readonly #clients = new Map<number, Client>()
  readonly #results = new Map<number, (result: Result) => void>()
  /** Addresses of tasks of this node; and sockets of tasks that have a connection, and wait for its bytes. */
  readonly #tasks = new Map<string, Address>()
  readonly #reached = new Map<number, Socket>()
  readonly #open = new Set<Socket>()
  #timer: NodeJS.Timeout | null = null
  #operations = 0
  #messages = 0
  #closed = false

  constructor(setup: RealSetup) {
    const { id, peers, options, life, Node = BalancingNode } = setup
    this.#setup = setup
    this.#host = peers.get(id)!.host
    this.#node = new Node({
      id,
      nodes: [...peers.keys()],
      life,
      options,
      now: monotonicNow(),
      numbers: { message: 0 },
      allocator: new Allocator(options),
    })
    this.#links = new Links(id, peers, {
      message: (from, view) => void this.#hear(from, view),
      stream: (_, connection, socket, rest) => this.#takeStream(connection, socket, rest),
      seen: (peer, up) => this.#see(peer, up),
    })
  }

  async start(): Promise<void> {
    this.#take(this.#node.introduce())
    await this.#links.listen(this.#setup.peers.get(this.#setup.id)!)
  }

  close(): void {
    this.#closed = true
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#links.close()
    for (const server of this.#servers.values()) server.close()
    for (const socket of this.#open) socket.destroy()
  }

  inspect(): object {
    return this.#node.inspect()
  }

  /** What an operator asks. A task that starts has an address. */
  ask(operation: Operation, address?: Address): Promise<Result> {
    if (operation.type === 'start' && address !== undefined && !this.#tasks.has(operation.task))
      this.#tasks.set(operation.task, address)
    if (operation.type === 'stop') this.#tasks.delete(operation.task)
    return new Promise((resolve) => {
      const id = ++this.#operations
      this.#results.set(id, resolve)
      this.#take(this.#node.operate(monotonicNow(), id, operation))
    })
  }

  // What the reference decides

  #take({ outputs, listeners, wake }: Answer): void {
    for (const { open, ...listener } of listeners ?? []) {
      if (listener.protocol !== 'tcp') continue
      if (open) this.#listen(listener)
      else this.#unlisten(listener)
    }
    for (const output of outputs) {
      if (output.type === 'message') this.#links.send(output.to, output.view)
      else if (output.type === 'result') this.#conclude(output)
    }
    if (this.#timer !== null) clearTimeout(this.#timer)
    if (wake === null || this.#closed) return
    const delay = Math.max(1, wake - monotonicNow())
    this.#timer = setTimeout(() => {
      const now = monotonicNow()
      this.#take(this.#node.advance(Math.min(now, Math.max(wake, 0)), now))
    }, delay)
  }

  #see(peer: string, up: boolean): void {
    if (!this.#closed) void this.ask({ type: up ? 'up' : 'down', peer })
  }

  /** Before a task is said to be there, it is looked whether it is: one that refuses has ended. */
  async #hear(from: string, view: Message): Promise<void> {
    if (view.kind === 'open') {
      const isThere = await this.#reachTask(view.connection, view.task)
      if (!isThere && this.#tasks.has(view.task)) void this.ask({ type: 'stop', task: view.task })
    }
    if (this.#closed) return
    const message = { type: 'message', id: ++this.#messages, from, to: this.#setup.id, view, reliable: true } as const
    this.#take(this.#node.receive(monotonicNow(), message))
  }

  // Clients

  #listen(listener: Listener): void {
    const key = listenerKey(listener)
    if (this.#servers.has(key)) return
    const server = createServer({ pauseOnConnect: true }, (socket) => {
      this.#keep(socket)
      this.#dial({ socket, port: listener.port, tries: 0 })
    })
    // Two modes of one number are one port of this host.
    server.on('error', () => this.#servers.delete(key))
    server.listen(listener.port, this.#host)
    this.#servers.set(key, server)
  }

  #unlisten(listener: Listener): void {
    const key = listenerKey(listener)
    this.#servers.get(key)?.close()
    this.#servers.delete(key)
  }

  #keep(socket: Socket): void {
    this.#open.add(socket)
    socket.setNoDelay(true)
    socket.on('error', () => socket.destroy())
    socket.on('close', () => this.#open.delete(socket))
  }

  #dial(client: Client): void {
    const id = ++this.#operations
    client.tries++
    this.#clients.set(id, client)
    const { port, socket } = client
    const from = `${socket.remoteAddress ?? ''}:${socket.remotePort ?? 0}`
    this.#take(
      this.#node.operate(monotonicNow(), id, {
        type: 'dial',
        connection: `c${id}`,
        protocol: 'tcp',
        port,
        service: '',
        target: 0,
        client: from,
      }),
    )
  }

  #conclude(result: Result): void {
    const client = this.#clients.get(result.operation)
    this.#clients.delete(result.operation)
    if (client !== undefined) return void this.#connect(result, client)
    this.#results.get(result.operation)?.(result)
    this.#results.delete(result.operation)
  }

  /** Nothing of the client was read so far: who is refused by one task may be given to the next. */
  async #connect({ operation, status, task, node }: Result, client: Client): Promise<void> {
    const { socket } = client
    if (socket.destroyed) return
    if (status === 'ok' && node !== this.#setup.id) return splice(socket, this.#streamTo(node, operation))
    if (status === 'ok') {
      if (await this.#reachTask(operation, task)) return splice(socket, this.#reached.get(operation)!)
      if (this.#tasks.has(task)) await this.ask({ type: 'stop', task })
    }
    if (client.tries < mostTries && !this.#closed) this.#dial(client)
    else socket.resetAndDestroy()
  }

  #streamTo(node: string, connection: number): Socket {
    const stream = this.#links.openStream(node, connection)
    this.#keep(stream)
    return stream
  }

  // Tasks

  /** A connection to a task of this node, kept until the bytes of its client come; false if it is not there. */
  #reachTask(connection: number, task: string): Promise<boolean> {
    const address = this.#tasks.get(task)
    if (address === undefined) return Promise.resolve(false)
    return new Promise((resolve) => {
      const socket = connect(address.port, address.host, () => {
        this.#reached.set(connection, socket)
        socket.pause()
        resolve(true)
      })
      this.#keep(socket)
      socket.on('error', () => resolve(false))
      socket.on('close', () => this.#reached.delete(connection))
    })
  }

  #takeStream(connection: number, socket: Socket, rest: Buffer): void {
    this.#keep(socket)
    const task = this.#reached.get(connection)
    if (task === undefined) return void socket.destroy()
    if (rest.length > 0) task.write(rest)
    splice(socket, task)
  }
}

/** What comes on one goes out on the other, until one of them ends. */
function splice(one: Socket, other: Socket): void {
  one.pipe(other)
  other.pipe(one)
  one.on('close', () => other.destroy())
  other.on('close', () => one.destroy())
}
