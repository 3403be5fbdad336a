/**
 * Sockets of a member: datagrams and streams on one port, in the wire format of memberlist. Each stream carries one
 * message, and perhaps one back. What cannot be sent is lost, and what cannot be read is reported and dropped.
 */
import { createSocket, type Socket as DatagramSocket } from 'node:dgram'
import { createConnection, createServer, isIPv6, type Server, type Socket } from 'node:net'
import type { Milliseconds } from '../../../models/vocabulary.ts'
import type { WireSettings } from '../../reference/swim/wire/envelopes.ts'
import { WireError } from '../../reference/swim/wire/error.ts'
import type { PacketMessage, StreamMessage } from '../../reference/swim/wire/messages.ts'
import { decodePacket, encodePackets } from '../../reference/swim/wire/packet.ts'
import { encodeStream, type Side, StreamReader } from '../../reference/swim/wire/stream.ts'
import { type Address, parseAddress, printAddress } from '../address.ts'

/** Bytes of a datagram, unless one message alone is longer; as memberlist has it. */
const longestDatagram = 1_400
const mostConnections = 128
/** So much may arrive between two turns of the event loop. */
const receiveBuffer = 4 * 1024 * 1024

export interface TransportSetup {
  readonly bind: Address
  readonly settings: WireSettings
  /** How long a stream may take to open, and each message on it. */
  readonly streamTimeout: Milliseconds
  /** Takes the messages of a datagram from that address. */
  readonly packet: (messages: readonly PacketMessage[], from: string) => void
  /** Takes the message of a stream that somebody opened; `answer` sends one back, at once or never. */
  readonly stream: (message: StreamMessage, from: string, answer: (message: StreamMessage) => void) => void
  /** Told what could not be read, and of whom. */
  readonly unreadable: (error: WireError, from: string) => void
  /** Sees what arrives as it is, before it is read or found unreadable: a datagram, or what one side of a stream said. */
  readonly seen?: (bytes: Uint8Array, how: 'datagram' | Side) => void
}

export class Transport {
  readonly #setup: TransportSetup
  readonly #datagrams: DatagramSocket
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  constructor(setup: TransportSetup) {
    this.#setup = setup
    this.#datagrams = createSocket({ type: isIPv6(setup.bind.host) ? 'udp6' : 'udp4', recvBufferSize: receiveBuffer })
    this.#datagrams.on('message', (bytes, { address: host, port }) =>
      this.#received(bytes, printAddress({ host, port })),
    )
    this.#server = createServer({ allowHalfOpen: true }, (socket) => this.#accepted(socket))
    this.#server.maxConnections = mostConnections
  }

  /** Gives the address; throws the error of the system where nobody can listen there. */
  async listen(): Promise<Address> {
    const { host } = this.#setup.bind
    await settled(this.#server, (done) => this.#server.listen({ ...this.#setup.bind, exclusive: true }, done))
    const { port } = this.#server.address() as { port: number }
    await settled(this.#datagrams, (done) => this.#datagrams.bind({ address: host, port, exclusive: true }, done))
    return { host, port }
  }

  /** Sends messages in as few datagrams as hold them. */
  send(to: string, messages: readonly PacketMessage[], checksum: boolean): void {
    if (messages.length === 0) return
    for (const packet of encodePackets(messages, this.#setup.settings, { checksum, most: longestDatagram }))
      this.sendBytes(to, packet)
  }

  /** Sends a datagram as it is. */
  sendBytes(to: string, bytes: Uint8Array): void {
    const address = parseAddress(to)
    // Lost, as any other may be: too long, or nobody there.
    if (address !== null) this.#datagrams.send(bytes, address.port, address.host, () => {})
  }

  /** Opens a stream with a message; `done` is called once, with the answer, or with null where none came. */
  open(to: string, message: StreamMessage, done: (answer: StreamMessage | null) => void): void {
    const address = parseAddress(to)
    if (address === null) return process.nextTick(done, null)
    const socket = this.#own(createConnection({ ...address, localAddress: this.#setup.bind.host }))
    let isDone = false
    const end = (answer: StreamMessage | null): void => {
      socket.destroy()
      if (isDone) return
      isDone = true
      done(answer)
    }
    socket.once('close', () => end(null))
    this.#read(socket, 'answerer', to, end)
    socket.write(encodeStream(message, this.#setup.settings, 'opener'))
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await Promise.all([closed(this.#server), closed(this.#datagrams)])
  }

  #received(bytes: Buffer, from: string): void {
    this.#setup.seen?.(bytes, 'datagram')
    const { messages, faults } = decodePacket(bytes, this.#setup.settings)
    for (const fault of faults) this.#setup.unreadable(fault, from)
    if (messages.length > 0) this.#setup.packet(messages, from)
  }

  #accepted(socket: Socket): void {
    this.#own(socket)
    const { remoteAddress: host = '', remotePort: port = 0 } = socket
    const from = printAddress({ host, port })
    this.#read(socket, 'opener', from, (message) => {
      this.#setup.stream(message, from, (answer) => {
        if (socket.writable) socket.write(encodeStream(answer, this.#setup.settings, 'answerer'))
      })
      socket.end()
    })
    // Who ends before it has said anything is not waited for.
    socket.once('end', () => socket.end())
  }

  /** Keeps track of a socket, and ends it where it takes too long. */
  #own(socket: Socket): Socket {
    const timer = setTimeout(() => socket.destroy(), 2 * this.#setup.streamTimeout)
    this.#sockets.add(socket)
    socket.on('error', () => {})
    socket.once('close', () => {
      clearTimeout(timer)
      this.#sockets.delete(socket)
    })
    return socket
  }

  #read(socket: Socket, side: Side, from: string, take: (message: StreamMessage) => void): void {
    const reader = new StreamReader(this.#setup.settings, side)
    socket.on('data', (chunk) => {
      let message: StreamMessage | null
      try {
        message = reader.push(chunk)
      } catch (error) {
        socket.destroy()
        this.#setup.seen?.(reader.bytes, side)
        if (!(error instanceof WireError)) throw error
        return this.#setup.unreadable(error, from)
      }
      if (message === null) return
      this.#setup.seen?.(reader.bytes, side)
      take(message)
    })
  }
}

interface Emitting {
  once(event: 'error', listener: (error: Error) => void): unknown
  removeListener(event: 'error', listener: (error: Error) => void): unknown
  on(event: 'error', listener: () => void): unknown
}

/** Waits for what `act` begins, or for the error that it ends with; later errors end nothing. */
const settled = (socket: Emitting, act: (done: () => void) => void): Promise<void> =>
  new Promise((resolve, reject) => {
    socket.once('error', reject)
    act(() => {
      socket.removeListener('error', reject)
      socket.on('error', () => {})
      resolve()
    })
  })

const closed = (socket: { close(done: () => void): unknown }): Promise<void> =>
  new Promise((resolve) => {
    try {
      socket.close(() => resolve())
    } catch {
      // It was never open.
      resolve()
    }
  })
