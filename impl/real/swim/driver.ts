/** Runs one member: gives it the time, what arrives and what its user wants, and carries out what it answers. */
import type {
  Answer,
  MemberRecord,
  MemberState,
  Message,
  Operation,
  Output,
  OutgoingMessage,
  Result,
  StreamId,
} from '../../../models/swim/vocabulary.ts'
import type { Milliseconds, NodeId } from '../../../models/vocabulary.ts'
import { WireError } from '../../reference/swim/wire/error.ts'
import type { PacketMessage, StreamMessage, Versions } from '../../reference/swim/wire/messages.ts'
import {
  type Aside,
  type Directory,
  packetMessages,
  streamMessage,
  viewOfStream,
  viewsOfPacket,
} from '../../reference/swim/wire/views.ts'
import { parseAddress } from '../address.ts'
import { monotonicNow } from '../clock.ts'
import type { Application } from './application.ts'
import type { Transport } from './transport.ts'

/** A member without any I/O; where it is not known by a name, who it talks to is named by an address. */
export interface Member {
  /** What is seen of it when it starts. */
  introduce(): Answer
  receive(at: Milliseconds, message: OutgoingMessage): Answer
  /** Lets time pass up to `until`, or to the first instant that shows something. */
  advance(at: Milliseconds, until: Milliseconds): Answer
  operate(at: Milliseconds, id: number, operation: Operation): Answer
  /** Nobody answers on a stream that it opened. */
  refuse(at: Milliseconds, stream: StreamId): Answer
}

export type Event = Extract<Output, { readonly type: 'event' }>

export interface DriverSetup {
  readonly member: Member
  readonly node: NodeId
  /** Where the node is reached. */
  readonly address: string
  readonly transport: Transport
  readonly application: Application
  readonly event: (event: Event, record: MemberRecord | undefined) => void
  readonly unreadable: (error: WireError, from: string) => void
  /** Called once, with what makes it impossible to go on. */
  readonly failed: (error: Error) => void
}

/** What others opened is numbered from here on, what the member opens below. */
const firstAccepted: StreamId = 2 ** 40

/** From this version on checksums are understood. */
const checksumVersion = 5

/** The longest that a timer of Node.js takes. */
const longestTimer: Milliseconds = 2 ** 31 - 1

/** Addresses and versions of so many that the table does not hold are remembered. */
const mostStrangers = 1_024

export class Driver {
  readonly #setup: DriverSetup
  readonly #table = new Map<NodeId, MemberRecord>()
  readonly #versions = new Map<NodeId, Versions>()
  /** Where those are reached that are spoken of, but not in the table. */
  readonly #strangers = new Map<NodeId, string>()
  readonly #waiting = new Map<number, (result: Result) => void>()
  /** How to answer on streams that others opened. */
  readonly #answers = new Map<StreamId, (message: StreamMessage) => void>()
  /** Streams that the member has opened. */
  readonly #opened = new Set<StreamId>()
  readonly #directory: Directory
  #state: MemberState = { incarnation: 0, score: 0, leaving: false }
  #lastOperation = 0
  #lastReceived = 0
  #lastAccepted = firstAccepted
  #timer: NodeJS.Timeout | undefined
  #stopped = false

  constructor(setup: DriverSetup) {
    this.#setup = setup
    const { node, address, application } = setup
    this.#versions.set(node, { protocol: [1, 5, 2], delegate: application.versions })
    this.#directory = {
      self: { node, address },
      addressOf: (name) => this.#addressOf(name),
      versionsOf: (name) => this.#versions.get(name) ?? null,
    }
  }

  /** Sorted by name. */
  get members(): MemberRecord[] {
    return [...this.#table.values()].sort((a, b) => (a.node < b.node ? -1 : 1))
  }

  get state(): MemberState {
    return this.#state
  }

  start(): void {
    const { application, transport } = this.#setup
    application.attach({
      addressOf: (name) => this.#addressOf(name),
      send: (name, bytes) => transport.send(this.#addressOf(name), [{ type: 'user', bytes }], false),
      exchange: (name) => void this.operate({ type: 'join', to: [this.#addressOf(name)] }),
    })
    this.#step(() => this.#setup.member.introduce())
  }

  /** The messages of a datagram. */
  packet(messages: readonly PacketMessage[], from: string): void {
    const { views, sender, ...aside } = this.#read(from, () => viewsOfPacket(messages)) ?? { views: [], sender: null }
    if (sender !== null) this.#remember(sender.node, sender.address)
    this.#learn(aside, from)
    const name = sender?.node ?? this.#nameOf(from)
    for (const view of views) this.#receive(name, view, 0)
  }

  /** The message of a stream that another one opened. */
  stream(message: StreamMessage, from: string, answer: (message: StreamMessage) => void): void {
    const seen = this.#read(from, () => viewOfStream(message, 'opener'))
    if (seen === null) return
    this.#learn(seen, from, message.type === 'push-pull')
    if (seen.view === null) return
    const stream = ++this.#lastAccepted
    this.#answers.set(stream, answer)
    this.#receive(this.#nameOf(from), seen.view, stream)
    // Whoever answers does so at once.
    this.#answers.delete(stream)
  }

  operate(operation: Operation): Promise<Result> {
    const id = ++this.#lastOperation
    if (this.#stopped) return Promise.resolve({ operation: id, status: 'failed', reason: 'stopping' })
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve)
      if (operation.type === 'leave') this.#announceLeave()
      this.#step((now) => this.#setup.member.operate(now, id, operation))
    })
  }

  /** From now on nothing is done; who still waits does not learn how it ended. */
  stop(): void {
    this.#stopped = true
    this.#setup.application.stop()
    clearTimeout(this.#timer)
    for (const [operation, end] of this.#waiting) end({ operation, status: 'unknown', reason: 'stopping' })
    this.#waiting.clear()
  }

  #step(act: (now: Milliseconds) => Answer): void {
    if (this.#stopped) return
    try {
      this.#carryOut(act(monotonicNow()))
    } catch (error) {
      this.stop()
      this.#setup.failed(error as Error)
    }
  }

  #carryOut({ outputs, state, members, wake }: Answer): void {
    if (state !== null) this.#state = { ...this.#state, ...state }
    for (const change of members ?? [])
      if (change.status === 'forgotten') this.#table.delete(change.node)
      else this.#table.set(change.node, change)
    for (const output of outputs)
      if (output.type === 'message') this.#send(output)
      else if (output.type === 'event') this.#event(output)
      else this.#ended(output)
    this.#wakeAt(wake)
  }

  #event(event: Event): void {
    const record = this.#table.get(event.node)
    const status = { join: 'up', leave: 'down', update: 'update', conflict: null } as const
    const told = status[event.event]
    if (told !== null) this.#setup.application.peer(event.node, told, event.meta)
    this.#setup.event(event, record)
  }

  #ended(result: Result): void {
    this.#waiting.get(result.operation)?.(result)
    this.#waiting.delete(result.operation)
  }

  #wakeAt(wake: Milliseconds | null): void {
    clearTimeout(this.#timer)
    if (wake === null || this.#stopped) return
    const delay = Math.min(Math.max(wake - performance.now(), 0), longestTimer)
    this.#timer = setTimeout(() => this.#step((now) => this.#setup.member.advance(now, now)), Math.ceil(delay))
  }

  // What is sent

  #send({ to, view, stream }: OutgoingMessage): void {
    const { transport } = this.#setup
    if (stream === 0) {
      const checksum = (this.#versions.get(to)?.protocol[1] ?? 0) >= checksumVersion
      transport.send(this.#addressOf(to), packetMessages(view, this.#directory), checksum)
    } else if (stream >= firstAccepted) this.#answers.get(stream)?.(this.#onStream(view))
    else if (!this.#opened.has(stream)) this.#open(to, view, stream)
  }

  #onStream(view: Message): StreamMessage {
    return streamMessage(view, this.#directory, this.#setup.application.state())
  }

  #open(to: NodeId, view: Message, stream: StreamId): void {
    this.#opened.add(stream)
    const address = this.#addressOf(to)
    this.#setup.transport.open(address, this.#onStream(view), (answer) => {
      this.#opened.delete(stream)
      const seen = answer === null ? null : this.#read(address, () => viewOfStream(answer, 'answerer'))
      if (seen !== null) this.#learn(seen, address, answer?.type === 'push-pull')
      if (seen === null || seen.view === null) this.#step((now) => this.#setup.member.refuse(now, stream))
      else this.#receive(to, seen.view, stream)
    })
  }

  /** Serf would have it told on; here each member that is alive is told directly. */
  #announceLeave(): void {
    const bytes = this.#setup.application.leave()
    if (bytes === null) return
    for (const { node, status, address } of this.#table.values())
      if (status === 'alive' && node !== this.#setup.node)
        this.#setup.transport.send(address, [{ type: 'user', bytes }], false)
  }

  // What arrives

  #receive(from: NodeId, view: Message, stream: StreamId): void {
    const message = { type: 'message', id: ++this.#lastReceived, from, to: this.#setup.node, view, stream } as const
    this.#step((now) => this.#setup.member.receive(now, message))
  }

  /** Null where it cannot be read. */
  #read<Read>(from: string, read: () => Read): Read | null {
    try {
      return read()
    } catch (error) {
      if (!(error instanceof WireError)) throw error
      this.#setup.unreadable(error, from)
      return null
    }
  }

  #learn({ addresses, versions, user }: Partial<Aside>, from: string, isState = false): void {
    for (const [node, address] of addresses ?? []) this.#remember(node, address)
    for (const [node, spoken] of versions ?? [])
      if (node !== this.#setup.node && (this.#table.has(node) || this.#versions.size < mostStrangers))
        this.#versions.set(node, spoken)
    const { application } = this.#setup
    for (const bytes of user ?? [])
      this.#read(from, () => (isState ? application.merge(bytes) : application.receive(bytes)))
  }

  // Names and addresses

  #remember(node: NodeId, address: string): void {
    if (this.#table.has(node)) return
    this.#strangers.delete(node)
    this.#strangers.set(node, address)
    const [oldest] = this.#strangers.keys()
    if (this.#strangers.size > mostStrangers && oldest !== undefined) this.#strangers.delete(oldest)
  }

  /** '' where it is not known. */
  #addressOf(name: NodeId): string {
    const known = this.#table.get(name)?.address ?? this.#strangers.get(name)
    return known ?? (parseAddress(name) === null ? '' : name)
  }

  /** Who is not in the table is called by the address itself. */
  #nameOf(address: string): NodeId {
    for (const record of this.#table.values()) if (record.address === address) return record.node
    return address
  }
}
