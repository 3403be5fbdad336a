/** The reference as an implementation in this process: nodes under virtual time. */
import type { Hello, Implementation, Session, Start } from '../../contract/balancing.ts'
import type {
  Answer,
  BalancingOptions,
  Input,
  Inspection,
  Message,
  OutgoingMessage,
} from '../../../models/balancing/vocabulary.ts'
import type { Milliseconds, NodeId } from '../../../models/vocabulary.ts'
import { Allocator } from './allocator.ts'
import type { NodeSetup } from './core.ts'
import { BalancingNode } from './node.ts'

export interface ReferenceOptions {
  /** What each node runs; the reference's own if absent. */
  readonly Node?: new (setup: NodeSetup) => BalancingNode
  readonly Allocator?: new (options: BalancingOptions) => Allocator
  readonly name?: string
  /** Whether the manager's table outlives its node. Default true. */
  readonly durable?: boolean
}

const hello: Hello = {
  protocol: 1,
  name: 'swarmcheck-reference',
  version: '0.1.0',
  language: 'TypeScript',
  surfaces: ['balancing'],
  profiles: ['vip', 'mesh', 'http-mesh'],
  operations: [
    'create-service',
    'update-service',
    'remove-service',
    'start',
    'enable',
    'disable',
    'stop',
    'down',
    'up',
    'connect',
    'dial',
    'request',
    'send',
  ],
  capabilities: { restart: true, encode: true },
  deterministic: true,
  assumptions: { fifo: false, noDuplicates: false, clockDrift: 0.5 },
}

/** The reference implementation of balancing, or a variant of it with other nodes. */
export const createReference = (options: ReferenceOptions = {}): Implementation => ({
  hello: { ...hello, name: options.name ?? hello.name },
  open: (start) => new ReferenceSession(start, options),
})

interface Seat {
  readonly id: NodeId
  lives: number
  /** Null while the node is down. */
  node: BalancingNode | null
}

const silent = (now: Milliseconds): Answer => ({
  now,
  wake: null,
  outputs: [],
  state: null,
  services: null,
  pools: null,
  listeners: null,
})

class ReferenceSession implements Session {
  readonly initial: readonly Answer[]
  private readonly start: Start
  private readonly options: ReferenceOptions
  private readonly numbers = { message: 0 }
  private readonly seats: ReadonlyMap<NodeId, Seat>
  private allocator: Allocator

  constructor(start: Start, options: ReferenceOptions) {
    this.start = start
    this.options = options
    this.allocator = this.createAllocator()
    this.seats = new Map(start.nodes.map((id) => [id, { id, lives: 0, node: null }]))
    this.initial = [...this.seats.values()].map((seat) => this.begin(seat, 0))
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

  inspect(id: NodeId): Inspection {
    const { node } = this.seat(id)
    if (node === null) throw new Error(`${id} is down`)
    return node.inspect()
  }

  encode(from: NodeId, to: NodeId, view: Message): OutgoingMessage {
    const reliable = view.kind !== 'update' && view.kind !== 'ack'
    return { type: 'message', id: ++this.numbers.message, from, to, view, reliable }
  }

  close(): void {
    for (const seat of this.seats.values()) seat.node = null
  }

  private createAllocator(): Allocator {
    const { Allocator: Chosen = Allocator } = this.options
    return new Chosen(this.start.options)
  }

  private seat(id: NodeId): Seat {
    const seat = this.seats.get(id)
    if (seat === undefined) throw new Error(`${id} is no node of this run`)
    return seat
  }

  private carryOut(seat: Seat, input: Input): Answer {
    const { node } = seat
    if (input.type === 'restart') return this.begin(seat, input.at)
    if (node === null) return { ...silent(input.at), error: { kind: 'panic', text: `${seat.id} is down` } }
    switch (input.type) {
      case 'deliver':
        return node.receive(input.at, input.message)
      case 'advance':
        return node.advance(input.at, input.until)
      case 'operation':
        return node.operate(input.at, input.id, input.operation)
      case 'crash':
        seat.node = null
        return silent(input.at)
    }
  }

  private begin(seat: Seat, now: Milliseconds): Answer {
    const { nodes, options } = this.start
    const { Node = BalancingNode, durable = true } = this.options
    const { id } = seat
    if (!durable && id === nodes[0] && seat.lives > 0) this.allocator = this.createAllocator()
    const life = ++seat.lives
    seat.node = new Node({ id, nodes, life, options, now, numbers: this.numbers, allocator: this.allocator })
    return seat.node.introduce()
  }
}
