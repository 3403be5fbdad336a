/** The reference as an implementation in this process: nodes under virtual time, and the store of the managers. */
import type { Answer, Input, Inspection, OutgoingMessage } from '../../../models/network/vocabulary.ts'
import type { Milliseconds, NodeId } from '../../../models/vocabulary.ts'
import type { Hello, Implementation, Session, Start } from '../../contract/network.ts'
import { NetworkDbNode } from '../networkdb/node.ts'
import { ManagerStore } from './catalogue.ts'
import type { NodeSetup, Parts } from './core.ts'
import { Manager, createBook } from './manager.ts'
import { NetworkNode } from './node.ts'

export interface ReferenceOptions extends Partial<Parts> {
  /** What each node runs; the reference's own if absent. */
  readonly Node?: new (setup: NodeSetup) => NetworkNode
  readonly name?: string
}

const hello: Hello = {
  protocol: 1,
  name: 'swarmcheck-reference',
  version: '0.1.0',
  language: 'TypeScript',
  surfaces: ['network'],
  profiles: ['network-stack', 'network-barrier'],
  operations: [
    'create-network',
    'remove-network',
    'create-service',
    'remove-service',
    'start-task',
    'stop-task',
    'connect',
    'connect-port',
  ],
  capabilities: { restart: true, encode: false },
  deterministic: true,
  assumptions: { fifo: false, noDuplicates: false, clockDrift: 0.5 },
}

/** The reference implementation of the layers together, or a variant of it. */
export const createReference = (options: ReferenceOptions = {}): Implementation => ({
  hello: { ...hello, name: options.name ?? hello.name },
  open: (start) => new ReferenceSession(start, options),
})

interface Seat {
  readonly address: NodeId
  lives: number
  /** Null while the node is down. */
  node: NetworkNode | null
}

const silent = (now: Milliseconds): Answer => ({ now, wake: null, outputs: [], state: null, changes: null })

class ReferenceSession implements Session {
  readonly initial: readonly Answer[]
  readonly #start: Start
  readonly #options: ReferenceOptions
  readonly #store = new ManagerStore()
  readonly #numbers = { message: 0 }
  readonly #seats: ReadonlyMap<NodeId, Seat>

  constructor(start: Start, options: ReferenceOptions) {
    this.#start = start
    this.#options = options
    this.#seats = new Map(start.nodes.map((address) => [address, { address, lives: 0, node: null }]))
    this.initial = [...this.#seats.values()].map((seat) => {
      const others = start.nodes.filter((other) => other !== seat.address)
      return this.#begin(seat, 0, others)
    })
  }

  step(input: Input): Answer {
    const seat = this.#seat(input.node)
    try {
      return this.#carryOut(seat, input)
    } catch (error) {
      seat.node = null
      const text = error instanceof Error ? error.message : String(error)
      return { ...silent(input.at), error: { kind: 'panic', text } }
    }
  }

  inspect(address: NodeId): Inspection {
    const { node } = this.#seat(address)
    if (node === null) throw new Error(`${address} is down`)
    return node.inspect()
  }

  encode(): OutgoingMessage {
    throw new Error('nodes are not played one by one')
  }

  close(): void {
    for (const seat of this.#seats.values()) seat.node = null
  }

  #seat(address: NodeId): Seat {
    const seat = this.#seats.get(address)
    if (seat === undefined) throw new Error(`${address} is no node of this run`)
    return seat
  }

  #carryOut(seat: Seat, input: Input): Answer {
    const { node } = seat
    if (input.type === 'restart') return this.#begin(seat, input.at, [])
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
      case 'lead':
        return node.lead(input.at, input.term)
      case 'depose':
        return node.depose(input.at)
      case 'crash':
        seat.node = null
        return silent(input.at)
    }
  }

  #begin(seat: Seat, now: Milliseconds, known: readonly NodeId[]): Answer {
    const { nodes, options, seed } = this.#start
    const { Node = NetworkNode, Database = NetworkDbNode } = this.#options
    const parts: Parts = {
      Database,
      Manager: this.#options.Manager ?? Manager,
      createBook: this.#options.createBook ?? createBook,
    }
    const life = ++seat.lives === 1 ? seat.address : `${seat.address}.${seat.lives}`
    const store = this.#store
    const numbers = this.#numbers
    seat.node = new Node({ life, address: seat.address, nodes, options, seed, now, known, numbers, store, parts })
    return seat.node.introduce()
  }
}
