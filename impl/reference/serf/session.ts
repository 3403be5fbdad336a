/** The reference as an implementation in this process: nodes under virtual time. */
import type { Hello, Implementation, Session, Start } from '../../contract/serf.ts'
import type { Answer, Input, Inspection, Message, OutgoingMessage } from '../../../models/serf/vocabulary.ts'
import type { Milliseconds, NodeId } from '../../../models/vocabulary.ts'
import { isReliable, type NodeSetup } from './core.ts'
import { SerfNode } from './node.ts'

export interface ReferenceOptions {
  /** What each node runs; the reference's own if absent. */
  readonly Node?: new (setup: NodeSetup) => SerfNode
  readonly name?: string
}

const hello: Hello = {
  protocol: 1,
  name: 'swarmcheck-reference',
  version: '0.1.0',
  language: 'TypeScript',
  surfaces: ['serf'],
  profiles: ['serf'],
  operations: ['join', 'leave', 'force-leave', 'event', 'query'],
  capabilities: { restart: true, encode: true },
  deterministic: true,
  assumptions: { fifo: false, noDuplicates: false, clockDrift: 0.5 },
}

/** The reference implementation of Serf, or a variant of it with other nodes. */
export const createReference = (options: ReferenceOptions = {}): Implementation => ({
  hello: { ...hello, name: options.name ?? hello.name },
  open: (start) => new ReferenceSession(start, options),
})

interface Seat {
  readonly name: NodeId
  lives: number
  /** Null while the node is down. */
  node: SerfNode | null
}

const silent = (now: Milliseconds): Answer => ({
  now,
  wake: null,
  outputs: [],
  state: null,
  members: null,
  intents: null,
})

class ReferenceSession implements Session {
  readonly initial: readonly Answer[]
  private readonly start: Start
  private readonly options: ReferenceOptions
  private readonly numbers = { message: 0 }
  private readonly seats: ReadonlyMap<NodeId, Seat>

  constructor(start: Start, options: ReferenceOptions) {
    this.start = start
    this.options = options
    this.seats = new Map(start.nodes.map((name) => [name, { name, lives: 0, node: null }]))
    this.initial = [...this.seats.values()].map((seat) =>
      this.begin(
        seat,
        0,
        start.nodes.filter((other) => other !== seat.name),
      ),
    )
  }

  step(input: Input): Answer {
    const seat = this.seat(input.node)
    try {
      return this.carryOut(seat, input)
    } catch (error) {
      seat.node = null
      const text = error instanceof Error ? error.message : String(error)
      return { ...silent(input.at), error: { kind: 'panic', text } }
    }
  }

  inspect(name: NodeId): Inspection {
    const { node } = this.seat(name)
    if (node === null) throw new Error(`${name} is down`)
    return node.inspect()
  }

  encode(from: NodeId, to: NodeId, view: Message): OutgoingMessage {
    return { type: 'message', id: ++this.numbers.message, from, to, view, reliable: isReliable(view) }
  }

  close(): void {
    for (const seat of this.seats.values()) seat.node = null
  }

  private seat(name: NodeId): Seat {
    const seat = this.seats.get(name)
    if (seat === undefined) throw new Error(`${name} is no node of this run`)
    return seat
  }

  private carryOut(seat: Seat, input: Input): Answer {
    const { node } = seat
    if (input.type === 'restart') return this.begin(seat, input.at, [])
    if (node === null) return { ...silent(input.at), error: { kind: 'panic', text: `${seat.name} is down` } }
    switch (input.type) {
      case 'deliver':
        return node.receive(input.at, input.message)
      case 'advance':
        return node.advance(input.at, input.until)
      case 'operation':
        return node.operate(input.at, input.id, input.operation)
      case 'peer':
        return node.tellPeer(input)
      case 'respond':
        return node.respond(input.at, input.time, input.id, input.payload)
      case 'crash':
        seat.node = null
        return silent(input.at)
    }
  }

  private begin(seat: Seat, now: Milliseconds, known: readonly NodeId[]): Answer {
    const { options, seed } = this.start
    const { Node = SerfNode } = this.options
    const life = ++seat.lives
    seat.node = new Node({ name: seat.name, options, seed, life, now, known, numbers: this.numbers })
    return seat.node.introduce()
  }
}
