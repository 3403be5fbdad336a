/**
 * A member that is played: it listens as a member does and answers as one that is well, unless it is told to be mute;
 * beyond that it says only what it is told to, and it keeps what it hears, with the instant.
 */
import { createConnection } from 'node:net'
import { randomBytes } from 'node:crypto'
import type { Milliseconds } from '../../../models/vocabulary.ts'
import type { EncryptionVersion, Key } from '../../reference/swim/wire/encryption.ts'
import type { WireSettings } from '../../reference/swim/wire/envelopes.ts'
import type { NodeState, PacketMessage, StreamMessage, Versions } from '../../reference/swim/wire/messages.ts'
import { type Address, parseAddress, printAddress } from '../address.ts'
import { Transport, type TransportSetup } from './transport.ts'

/** A message that a peer was sent. */
export interface Heard {
  /** When it was read, in milliseconds of `performance.now()`: it was sent before. */
  readonly at: Milliseconds
  readonly from: string
  readonly message: PacketMessage | StreamMessage
  /** What came in the same datagram, the message itself included; the message alone on a stream. */
  readonly together: readonly (PacketMessage | StreamMessage)[]
  readonly onStream: boolean
}

/** The answer to a message on a stream, and between which instants it came about. */
export interface Exchanged {
  readonly asked: Milliseconds
  readonly answered: Milliseconds
  /** Null where none came. */
  readonly answer: StreamMessage | null
}

/** What a peer was sent, as it came: encrypted where it was. */
export interface Raw {
  /** When it was read. */
  readonly at: Milliseconds
  readonly bytes: Uint8Array
  readonly how: Parameters<NonNullable<TransportSetup['seen']>>[1]
}

/** So much is kept of who floods a peer. */
const mostHeard = 50_000
const mostUnreadable = 20

const nothing = new Uint8Array(0)

export class Peer {
  readonly name: string
  /** Neither acknowledges nor answers on streams, as one that has crashed; it still hears. */
  mute = false
  /** What its table holds, beside itself. */
  others: readonly NodeState[] = []
  incarnation = 1
  meta: Uint8Array = nothing
  /** What it says it speaks: those of whom it talks to, once they are known. */
  versions: Versions = { protocol: [1, 5, 2], delegate: [0, 0, 0] }
  /** The first encrypts what it says, all decrypt what it hears; none for no encryption. */
  keys: readonly Key[] = []
  encryptionVersion: EncryptionVersion = 1
  compress = false
  readonly heard: Heard[] = []
  readonly raw: Raw[] = []
  /** What it was sent and could not read, in words. */
  readonly unreadable = new Set<string>()
  readonly #transport: Transport
  readonly #host: string
  #address: Address | null = null
  #closed = false

  /** @param host an address of this machine */
  constructor(name: string, host: string, streamTimeout: Milliseconds, label = '') {
    this.name = name
    const keysOf = (): readonly Key[] => this.keys
    const versionOf = (): EncryptionVersion => this.encryptionVersion
    const isCompressing = (): boolean => this.compress
    const settings: WireSettings = {
      label,
      get keys() {
        return keysOf()
      },
      get encryptionVersion() {
        return versionOf()
      },
      get compress() {
        return isCompressing()
      },
      nonce: () => randomBytes(12),
    }
    this.#host = host
    this.#transport = new Transport({
      bind: { host, port: 0 },
      settings,
      streamTimeout,
      packet: (messages, from) => this.#packet(messages, from),
      stream: (message, from, answer) => this.#stream(message, from, answer),
      seen: (bytes, how) => {
        if (this.keys.length > 0 && this.raw.length < mostHeard) this.raw.push({ at: performance.now(), bytes, how })
      },
      unreadable: ({ message }, from) => {
        if (this.unreadable.size < mostUnreadable) this.unreadable.add(`${message}, from ${from}`)
      },
    })
  }

  async listen(): Promise<void> {
    this.#address = await this.#transport.listen()
  }

  get address(): string {
    return printAddress(this.#address!)
  }

  /** Its own record. */
  get record(): NodeState {
    const { name: node, incarnation, address, meta, versions } = this
    return { node, status: 'alive', incarnation, address, meta, versions }
  }

  /** Its own record, as it is told. */
  get alive(): PacketMessage {
    const { status: type, ...said } = this.record
    return { ...said, type: type as 'alive' }
  }

  /** Sends messages in one datagram, as long as it holds them. */
  send(to: string, ...messages: readonly PacketMessage[]): void {
    this.#transport.send(to, messages, false)
  }

  sendBytes(to: string, bytes: Uint8Array): void {
    this.#transport.sendBytes(to, bytes)
  }

  /** Opens a stream with a message, and waits for the answer. */
  ask(to: string, message: StreamMessage): Promise<Exchanged> {
    const asked = performance.now()
    return new Promise((resolve) => {
      this.#transport.open(to, message, (answer) => resolve({ asked, answered: performance.now(), answer }))
    })
  }

  /** Exchanges tables with a member: tells it of these records. */
  exchange(to: string, members: readonly NodeState[], join = false): Promise<Exchanged> {
    return this.ask(to, { type: 'push-pull', join, members, user: nothing })
  }

  /** Opens a stream, writes bytes as they are, and lets it be ended by the other side, or ends it in that time. */
  pour(to: string, bytes: Uint8Array, within: Milliseconds): Promise<void> {
    return new Promise((resolve) => {
      const socket = createConnection({ ...parseAddress(to)!, localAddress: this.#host, allowHalfOpen: true })
      const timer = setTimeout(() => socket.destroy(), within)
      socket.on('error', () => {})
      socket.once('close', () => {
        clearTimeout(timer)
        resolve()
      })
      socket.resume()
      socket.end(bytes)
    })
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await this.#transport.close()
  }

  #packet(messages: readonly PacketMessage[], from: string): void {
    const at = performance.now()
    for (const message of messages) {
      this.#keep({ at, from, message, together: messages, onStream: false })
      if (message.type !== 'ping' || message.node !== this.name || this.mute) continue
      this.send(message.source?.address ?? from, { type: 'ack', sequence: message.sequence, payload: nothing })
    }
  }

  #stream(message: StreamMessage, from: string, answer: (message: StreamMessage) => void): void {
    this.#keep({ at: performance.now(), from, message, together: [message], onStream: true })
    if (this.mute) return
    if (message.type === 'push-pull')
      answer({ type: 'push-pull', join: false, members: [this.record, ...this.others], user: nothing })
    if (message.type === 'ping' && message.node === this.name)
      answer({ type: 'ack', sequence: message.sequence, payload: nothing })
  }

  #keep(heard: Heard): void {
    if (this.heard.length < mostHeard) this.heard.push(heard)
  }
}
