/** What nodes say to each other: one connection to each other node, which is made anew when it breaks. Lines of JSON. */
import { connect, createServer, type Server, type Socket } from 'node:net'
import { z } from 'zod'
import { schemas } from '../../contract/balancing/schema.ts'
import type { Message } from '../../../models/balancing/vocabulary.ts'
import type { Address } from '../address.ts'
import { LineReader } from './lines.ts'

const line = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('message'), from: z.string(), view: schemas.message }),
  /** What follows is a client's, for a task that has this connection. */
  z.strictObject({ type: z.literal('stream'), from: z.string(), connection: z.int().min(1) }),
])

const retryAfter = 200

export interface LinkEvents {
  message(from: string, view: Message): void
  /** A client's bytes come on this socket; `rest` has arrived already. */
  stream(from: string, connection: number, socket: Socket, rest: Buffer): void
  /** Another node is there, or is lost from sight. */
  seen(node: string, up: boolean): void
}

export class Links {
  readonly #self: string
  readonly #peers: ReadonlyMap<string, Address>
  readonly #events: LinkEvents
  readonly #sockets = new Map<string, Socket>()
  readonly #taken = new Set<Socket>()
  readonly #timers = new Set<NodeJS.Timeout>()
  #server: Server | null = null
  #closed = false

  constructor(self: string, peers: ReadonlyMap<string, Address>, events: LinkEvents) {
    this.#self = self
    this.#peers = peers
    this.#events = events
  }

  async listen({ host, port }: Address): Promise<void> {
    const server = createServer((socket) => this.#accept(socket))
    this.#server = server
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(port, host, resolve)
    })
    for (const peer of this.#peers.keys()) if (peer !== this.#self) this.#dial(peer)
  }

  send(to: string, view: Message): void {
    this.#sockets.get(to)?.write(`${JSON.stringify({ type: 'message', from: this.#self, view })}\n`)
  }

  /** A connection of its own to another node, for the bytes of a client. */
  openStream(to: string, connection: number): Socket {
    const { host, port } = this.#peers.get(to)!
    const socket = connect(port, host)
    this.#keep(socket)
    socket.write(`${JSON.stringify({ type: 'stream', from: this.#self, connection })}\n`)
    return socket
  }

  close(): void {
    this.#closed = true
    this.#server?.close()
    for (const timer of this.#timers) clearTimeout(timer)
    for (const socket of [...this.#sockets.values(), ...this.#taken]) socket.destroy()
  }

  #keep(socket: Socket): void {
    this.#taken.add(socket)
    socket.setNoDelay(true)
    socket.on('error', () => socket.destroy())
    socket.on('close', () => this.#taken.delete(socket))
  }

  #dial(peer: string): void {
    const { host, port } = this.#peers.get(peer)!
    const socket = connect(port, host, () => {
      this.#sockets.set(peer, socket)
      this.#events.seen(peer, true)
    })
    this.#keep(socket)
    // A node that ends closes what it has taken.
    socket.resume()
    socket.on('end', () => socket.destroy())
    socket.on('close', () => {
      if (this.#sockets.get(peer) === socket) {
        this.#sockets.delete(peer)
        this.#events.seen(peer, false)
      }
      if (this.#closed) return
      const timer = setTimeout(() => {
        this.#timers.delete(timer)
        this.#dial(peer)
      }, retryAfter)
      this.#timers.add(timer)
    })
  }

  #accept(socket: Socket): void {
    this.#keep(socket)
    const reader = new LineReader()
    const take = (chunk: Buffer): void => {
      reader.push(chunk)
      for (let text = reader.next(); text !== null; text = reader.next()) {
        const read = line.safeParse(parsed(text))
        if (!read.success || !this.#peers.has(read.data.from)) return void socket.destroy()
        if (read.data.type === 'stream') {
          socket.off('data', take)
          return this.#events.stream(read.data.from, read.data.connection, socket, reader.rest())
        }
        this.#events.message(read.data.from, read.data.view)
      }
      if (reader.isTooLong) socket.destroy()
    }
    socket.on('data', take)
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
