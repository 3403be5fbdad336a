/** The reference as an implementation in this process: allocators under virtual time, and their store. */
import type { Answer, Input, Inspection, IpamOptions } from '../../../models/ipam/vocabulary.ts'
import type { Milliseconds, NodeId } from '../../../models/vocabulary.ts'
import type { Hello, Implementation, Session, Start } from '../../contract/ipam.ts'
import { IpamNode } from './node.ts'
import { Store } from './store.ts'

type NodeClass = new (options: IpamOptions, store: Store) => IpamNode

export interface ReferenceOptions {
  /** What each node runs; the reference's own if absent. */
  readonly Node?: NodeClass
  readonly Store?: new () => Store
  readonly name?: string
}

const hello: Hello = {
  protocol: 1,
  name: 'swarmcheck-reference',
  version: '0.1.0',
  language: 'TypeScript',
  surfaces: ['ipam'],
  profiles: ['ipam-core', 'ipam-local', 'ipam-swarm'],
  operations: ['request-pool', 'release-pool', 'request-address', 'release-address'],
  capabilities: { disk: true, encode: false },
  deterministic: true,
  assumptions: { fifo: false, noDuplicates: false, clockDrift: 0.5 },
}

/** The reference implementation of address management, or a variant of it. */
export const createReference = (options: ReferenceOptions = {}): Implementation => ({
  hello: { ...hello, name: options.name ?? hello.name },
  open: (start) => new ReferenceSession(start, options.Node ?? IpamNode, new (options.Store ?? Store)()),
})

const silent = (now: Milliseconds): Answer => ({ now, wake: null, outputs: [], state: null, changes: null })

class ReferenceSession implements Session {
  readonly initial: readonly Answer[]
  readonly #start: Start
  readonly #Node: NodeClass
  readonly #store: Store
  /** Null while a node is down. */
  readonly #nodes = new Map<NodeId, IpamNode | null>()

  constructor(start: Start, Node: NodeClass, store: Store) {
    this.#start = start
    this.#Node = Node
    this.#store = store
    this.initial = start.nodes.map((name) => this.#begin(name, 0))
  }

  step(input: Input): Answer {
    try {
      return this.#carryOut(input)
    } catch (error) {
      this.#nodes.set(input.node, null)
      const text = error instanceof Error ? error.message : String(error)
      return { ...silent(input.at), error: { kind: 'panic', text } }
    }
  }

  inspect(name: NodeId): Inspection {
    const node = this.#nodes.get(name)
    if (node === undefined || node === null) throw new Error(`${name} is down`)
    return node.inspect()
  }

  encode(): never {
    throw new Error('allocators send no messages')
  }

  close(): void {
    this.#nodes.clear()
  }

  #begin(name: NodeId, now: Milliseconds): Answer {
    const node = new this.#Node(this.#start.options, this.#store)
    this.#nodes.set(name, node)
    return node.introduce(now)
  }

  #carryOut(input: Input): Answer {
    const { at } = input
    if (input.type === 'restart') return this.#begin(input.node, at)
    const node = this.#nodes.get(input.node)
    if (node === undefined || node === null) throw new Error(`${input.node} is down`)
    switch (input.type) {
      case 'advance':
        return silent(input.until)
      case 'operation':
        return node.operate(at, input.id, input.operation)
      case 'written':
        return node.written(at, input.writes)
      case 'lead':
        this.#store.settle(input.keep)
        return node.lead(at)
      case 'depose':
        return node.depose(at)
      case 'crash':
        this.#nodes.set(input.node, null)
        return silent(at)
    }
  }
}
