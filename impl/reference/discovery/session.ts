/** The reference as an implementation in this process: nodes under virtual time. */
import type { Answer, Input, Inspection, OutgoingMessage } from '../../../models/discovery/vocabulary.ts'
import type { Milliseconds, NodeId } from '../../../models/vocabulary.ts'
import type { Hello, Implementation, Session, Start } from '../../contract/discovery.ts'
import type { NodeSetup } from './core.ts'
import { DiscoveryNode } from './node.ts'

export interface ReferenceOptions {
  /** What each node runs; the reference's own if absent. */
  readonly Node?: new (setup: NodeSetup) => DiscoveryNode
  readonly name?: string
}

const hello: Hello = {
  protocol: 1,
  name: 'swarmcheck-reference',
  version: '0.1.0',
  language: 'TypeScript',
  surfaces: ['discovery'],
  profiles: ['dns-core', 'dns-docker', 'dns-vip', 'dns-dnsrr', 'dns-swarm'],
  operations: ['attach', 'healthy', 'unhealthy', 'drain', 'detach', 'query', 'garbled'],
  capabilities: { restart: true, encode: false },
  deterministic: true,
  assumptions: { fifo: false, noDuplicates: false, clockDrift: 0.5 },
}

/** The reference implementation of service discovery, or a variant of it with other nodes. */
export const createReference = (options: ReferenceOptions = {}): Implementation => ({
  hello: { ...hello, name: options.name ?? hello.name },
  open: (start) => new ReferenceSession(start, options.Node ?? DiscoveryNode),
})

interface Seat {
  readonly address: NodeId
  lives: number
  /** Null while the node is down. */
  node: DiscoveryNode | null
}

const silent = (now: Milliseconds): Answer => ({ now, wake: null, outputs: [], state: null, records: null })

class ReferenceSession implements Session {
  readonly initial: readonly Answer[]
  private readonly start: Start
  private readonly Node: new (setup: NodeSetup) => DiscoveryNode
  private readonly numbers = { message: 0, forward: 0 }
  private readonly seats: ReadonlyMap<NodeId, Seat>

  constructor(start: Start, Node: new (setup: NodeSetup) => DiscoveryNode) {
    this.start = start
    this.Node = Node
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

  encode(): OutgoingMessage {
    throw new Error('messages are not made from views')
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
      case 'upstream':
        return node.hear(input.at, input.forward, input.reply)
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
    const lives = ++seat.lives
    const life = lives === 1 ? address : `${address}.${lives}`
    seat.node = new this.Node({ life, address, options, seed, now, known, numbers: this.numbers })
    return seat.node.introduce()
  }
}
