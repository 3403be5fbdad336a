/**
 * Links to the other members: one connection a direction, dialled when there is something to say. Whoever dials greets
 * first, then sends messages; the other end answers each arrival with one byte, so that a dead link is noticed.
 * What cannot be sent soon is dropped: Raft repeats itself. There is no authentication: the network must be trusted.
 */
import { createConnection, createServer, type Server, type Socket } from 'node:net'
import { z } from 'zod'
import type { Milliseconds, NodeId } from '../../../models/vocabulary.ts'
import { type Address, parseAddress } from '../address.ts'
import { monotonicNow } from '../clock.ts'
import { encodeFrame, type Frame, FrameReader } from '../frames.ts'
import { type AddressBook, nodeName, placesSchema } from './address-book.ts'

const greetingKind = 0
const messageKind = 1

/** Longest bodies of frames, in bytes. */
const longestGreeting = 65_536
const longestMessage = 64 * 1024 * 1024
/** A link that has this many bytes to send drops what comes next. */
const longestQueue = 4 * 1024 * 1024
const mostConnections = 256
/** How long a stranger may take to greet, and a dialled node to pick up. */
const greetingTimeout: Milliseconds = 2_000
/** A link whose other end is silent for so long is dialled again. */
const silenceTimeout: Milliseconds = 3_000
const leastBackoff: Milliseconds = 20
const greatestBackoff: Milliseconds = 500

const greetingSchema = z.strictObject({
  protocol: z.literal(1),
  cluster: z.string(),
  from: nodeName,
  to: nodeName,
  places: placesSchema,
})

export interface LinksSetup {
  readonly cluster: string
  readonly node: NodeId
  readonly book: AddressBook
  /** Takes a message of a member that has greeted. Throws an Error where the bytes are none. */
  readonly receive: (from: NodeId, bytes: Buffer) => void
}

const acknowledgement = Buffer.from([0])

/** One way to another member. */
class Link {
  readonly #to: NodeId
  readonly #setup: LinksSetup
  #socket: Socket | null = null
  #failures = 0
  #retryAt: Milliseconds = 0
  /** Since when something was sent that the other end has not answered. */
  #silentSince: Milliseconds | null = null
  #corked = false

  constructor(to: NodeId, setup: LinksSetup) {
    this.#to = to
    this.#setup = setup
  }

  /** The other end has shown that it is there: dial at once when something is to be said. */
  encourage(): void {
    this.#failures = 0
    this.#retryAt = 0
  }

  /** Tells the other end who this is, and what addresses are known. */
  greet(): void {
    if (this.#socket === null) this.#dial()
    else this.#write(this.#greeting())
  }

  /** Sends a message, or drops it. */
  send(body: Uint8Array): void {
    if (body.length > longestMessage) return
    if (this.#isSilent()) this.#socket?.destroy()
    const socket = this.#socket ?? this.#dial()
    if (socket !== null && socket.writableLength <= longestQueue) this.#write(encodeFrame(messageKind, body))
  }

  close(): void {
    this.#retryAt = Number.MAX_SAFE_INTEGER
    this.#socket?.destroy()
  }

  #isSilent(): boolean {
    return this.#silentSince !== null && monotonicNow() - this.#silentSince > silenceTimeout
  }

  #greeting(): Buffer {
    const { cluster, node: from, book } = this.#setup
    const greeting = { protocol: 1, cluster, from, to: this.#to, places: book.contents() }
    return encodeFrame(greetingKind, Buffer.from(JSON.stringify(greeting)))
  }

  /** What is written in one turn of the event loop leaves together. */
  #write(bytes: Buffer): void {
    const socket = this.#socket!
    this.#silentSince ??= monotonicNow()
    if (!this.#corked) {
      this.#corked = true
      socket.cork()
      process.nextTick(() => {
        this.#corked = false
        socket.uncork()
      })
    }
    socket.write(bytes)
  }

  /** Begins a connection; what is sent on it waits until it stands. Null where it is too early to try again. */
  #dial(): Socket | null {
    const place = this.#setup.book.find(this.#to)
    if (place === undefined || monotonicNow() < this.#retryAt) return null
    const address = parseAddress(place.peer)!
    const socket = createConnection({ ...address, noDelay: true })
    this.#socket = socket
    this.#silentSince = null
    const timer = setTimeout(() => socket.destroy(), greetingTimeout)
    socket.once('connect', () => {
      clearTimeout(timer)
      // A port that nobody listens on may be dialled from itself.
      if (socket.localPort === socket.remotePort && socket.localAddress === socket.remoteAddress) socket.destroy()
    })
    socket.on('data', () => {
      this.#failures = 0
      this.#silentSince = null
    })
    socket.on('error', () => {})
    socket.once('close', () => {
      clearTimeout(timer)
      if (this.#socket !== socket) return
      this.#socket = null
      const backoff = Math.min(leastBackoff * 2 ** this.#failures++, greatestBackoff)
      this.#retryAt = Math.max(this.#retryAt, monotonicNow() + backoff)
    })
    this.#write(this.#greeting())
    return socket
  }
}

export class Links {
  readonly #setup: LinksSetup
  readonly #links = new Map<NodeId, Link>()
  readonly #server: Server
  readonly #accepted = new Set<Socket>()
  /** The connection on which each member speaks. */
  readonly #speakers = new Map<NodeId, Socket>()

  constructor(setup: LinksSetup) {
    this.#setup = setup
    this.#server = createServer({ noDelay: true, keepAlive: true }, (socket) => this.#accept(socket))
    this.#server.maxConnections = mostConnections
  }

  /** Throws the error of the system where nobody can listen there. */
  listen(address: Address): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen({ ...address, exclusive: true }, () => {
        this.#server.removeListener('error', reject)
        this.#server.on('error', () => {})
        resolve()
      })
    })
  }

  send(to: NodeId, bytes: Uint8Array): void {
    this.#linkTo(to).send(bytes)
  }

  /** Greets all that are known: they learn that this node is there, and the addresses that it knows. */
  greetAll(): void {
    for (const name of this.#setup.book.names) if (name !== this.#setup.node) this.#linkTo(name).greet()
  }

  async close(): Promise<void> {
    for (const link of this.#links.values()) link.close()
    for (const socket of this.#accepted) socket.destroy()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #linkTo(name: NodeId): Link {
    let link = this.#links.get(name)
    if (link === undefined) this.#links.set(name, (link = new Link(name, this.#setup)))
    return link
  }

  #accept(socket: Socket): void {
    const reader = new FrameReader(longestGreeting)
    let from: NodeId | null = null
    this.#accepted.add(socket)
    const timer = setTimeout(() => socket.destroy(), greetingTimeout)
    socket.on('error', () => {})
    socket.once('close', () => {
      clearTimeout(timer)
      this.#accepted.delete(socket)
      if (from !== null && this.#speakers.get(from) === socket) this.#speakers.delete(from)
    })
    socket.on('data', (chunk) => {
      reader.push(chunk)
      try {
        for (let frame = reader.next(); frame !== null; frame = reader.next()) {
          if (from === null || frame.kind === greetingKind) {
            from = this.#greeted(socket, frame, from)
            clearTimeout(timer)
            reader.longest = longestMessage
          } else if (frame.kind === messageKind) this.#setup.receive(from, frame.body)
          else throw new Error(`a frame of kind ${frame.kind}`)
        }
      } catch {
        // Who does not keep the protocol is not talked to.
        return socket.destroy()
      }
      if (socket.writableLength > longestGreeting) socket.destroy()
      else if (from !== null) socket.write(acknowledgement)
    })
  }

  /** The name of who greets. Throws an Error where that is nobody of this cluster. */
  #greeted(socket: Socket, frame: Frame, before: NodeId | null): NodeId {
    const { cluster, node, book } = this.#setup
    if (frame.kind !== greetingKind) throw new Error('no greeting')
    const greeting = greetingSchema.parse(JSON.parse(frame.body.toString()))
    const { from, to, places } = greeting
    if (greeting.cluster !== cluster || to !== node || from === node) throw new Error('greeting meant for another')
    if ((before !== null && before !== from) || !book.hasRoomFor(from)) throw new Error('one member too many')
    const speaker = this.#speakers.get(from)
    if (speaker !== socket) speaker?.destroy()
    this.#speakers.set(from, socket)
    this.#linkTo(from).encourage()
    book.learn(from, places)
    return from
  }
}
