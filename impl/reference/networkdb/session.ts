/** The reference as an implementation in this process: nodes under virtual time. */
import type { Hello, Implementation, Session, Start } from '../../contract/networkdb.ts'
import type { Answer, Input, Inspection, Message, OutgoingMessage } from '../../../models/networkdb/vocabulary.ts'
import type { Milliseconds, NodeId } from '../../../models/vocabulary.ts'
import type { NodeSetup } from './core.ts'
import { NetworkDbNode } from './node.ts'

export interface ReferenceOptions {
  /** What each node runs; the reference's own if absent. */
  readonly Node?: new (setup: NodeSetup) => NetworkDbNode
  readonly name?: string
  /** What a node calls itself in its n-th life, from 1. */
  readonly nameOf?: (address: NodeId, life: number) => string
}

const hello: Hello = {
  protocol: 1,
  name: 'swarmcheck-reference',
  version: '0.1.0',
  language: 'TypeScript',
  surfaces: ['networkdb'],
  profiles: ['networkdb'],
  operations: ['join-network', 'leave-network', 'create', 'update', 'delete', 'get', 'leave'],
  capabilities: { restart: true, encode: true },
  deterministic: true,
  assumptions: { fifo: false, noDuplicates: false, clockDrift: 0.5 },
}

/** The reference implementation of the network database, or a variant of it with other nodes. */
export const createReference = (options: ReferenceOptions = {}): Implementation => ({
  hello: { ...hello, name: options.name ?? hello.name },
  open: (start) => new ReferenceSession(start, options),
})

interface Seat {
  readonly address: NodeId
  lives: number
  /** Null while the node is down. */
  node: NetworkDbNode | null
}

const silent = (now: Milliseconds): Answer => ({
  now,
  wake: null,
  outputs: [],
  state: null,
  peers: null,
  attachments: null,
  entries: null,
})

const lifeName = (address: NodeId, life: number): string => (life === 1 ? address : `${address}.${life}`)

class ReferenceSession implements Session {
  readonly initial: readonly Answer[]
  private readonly start: Start
  private readonly options: ReferenceOptions
  private readonly numbers = { message: 0 }
  private readonly seats: ReadonlyMap<NodeId, Seat>

  constructor(start: Start, options: ReferenceOptions) {
    this.start = start
    this.options = options
    this.seats = new Map(start.nodes.map((address) => [address, { address, lives: 0, node: null }]))
    this.initial = [...this.seats.values()].map((seat) =>
      this.begin(
        seat,
        0,
        start.nodes.filter((other) => other !== seat.address),
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

  inspect(address: NodeId): Inspection {
    const { node } = this.seat(address)
    if (node === null) throw new Error(`${address} is down`)
    return node.inspect()
  }

  encode(from: NodeId, to: NodeId, view: Message): OutgoingMessage {
    const reliable = view.kind !== 'gossip' && view.kind !== 'table-gossip'
    return { type: 'message', id: ++this.numbers.message, from, to, view, reliable }
  }

  close(): void {
    for (const seat of this.seats.values()) seat.node = null
  }

  private seat(address: NodeId): Seat {
    const seat = this.seats.get(address)
    if (seat === undefined) throw new Error(`${address} is no node of this run`)
    return seat
  }

  private carryOut(seat: Seat, input: Input): Answer {
    const { node } = seat
    if (input.type === 'restart') return this.begin(seat, input.at, [])
    if (node === null) return { ...silent(input.at), error: { kind: 'panic', text: `${seat.address} is down` } }
    switch (input.type) {
      case 'deliver':
        return node.receive(input.at, input.message)
      case 'advance':
        return node.advance(input.at, input.until)
      case 'operation':
        return node.operate(input.at, input.id, input.operation)
      case 'peer':
        return node.tellPeer(input.at, input.name, input.address, input.status)
      case 'crash':
        seat.node = null
        return silent(input.at)
    }
  }

  private begin(seat: Seat, now: Milliseconds, known: readonly NodeId[]): Answer {
    const { options, seed } = this.start
    const { address } = seat
    const { Node = NetworkDbNode, nameOf = lifeName } = this.options
    const name = nameOf(address, ++seat.lives)
    seat.node = new Node({ name, address, options, seed, now, known, numbers: this.numbers })
    return seat.node.introduce()
  }
}
