/** What the judge knows of the allocators of a run, and of the store that they share. */
import { blocksOf } from '../../models/ipam/rules.ts'
import type { Change, IpamOptions, Operation, Problem, Refusal, Space } from '../../models/ipam/vocabulary.ts'
import { parsePrefix, type Offset, type Prefix } from '../../models/ipam/addresses.ts'
import type { Milliseconds, NodeId, WriteId } from '../../models/vocabulary.ts'
import { Findings, type Claims } from '../findings.ts'
import { catalogue } from './requirements.ts'
import { Table, type Ground, type Holder } from './table.ts'

/** An operation that was decided, and what its answer may be. */
export interface Pending {
  readonly operation: number
  readonly asked: Operation
  readonly since: Milliseconds
  /** Whether it may be granted, and whether it may be refused. */
  granted: boolean
  refused: boolean
  /** What is broken by an answer that is not as it should be, and what should be. */
  why: number
  /** What is broken by a refusal of another class; -1 for the same. */
  classWhy: number
  allowed: string
  /** Where `allowed` is the address at an offset: these two say which. */
  ground: Ground | null
  expected: Offset
  reasons: readonly Refusal[]
  problems: readonly Problem[]
  /** What the answer must tell of the table; null where nothing was given. */
  subnet: string | null
  address: string | null
  /** Number of writes that must be in the store before it may be granted. */
  needs: number
  /** Who was given an address by it; of a pool, all of them. */
  holder: Holder | null
  holders: readonly Holder[]
}

export class Allocator {
  readonly id: NodeId
  up = true
  gone = false
  leading = false
  table = new Table()
  /** Local instant of the last step. */
  now: Milliseconds = 0
  readonly pending = new Map<number, Pending>()
  /** Writes of this term that it has made, and those that are in the store. */
  written = 0
  durable = 0
  /** Changes that no write carries yet. */
  unwritten: Effect[] = []

  constructor(id: NodeId) {
    this.id = id
  }

  /** It knows nothing any more. */
  forget(): void {
    this.leading = false
    this.table = new Table()
    this.pending.clear()
    this.written = this.durable = 0
    this.unwritten = []
  }
}

/** A change, and who is given an address by it. */
export interface Effect {
  readonly change: Change
  readonly holder: Holder
  /** Of an address: its offset; else -1. */
  readonly offset: Offset
  /** The offset that was chosen last in its subnet, when it was made; -1 for none. */
  chosen: Offset
}

/** What an answer should have been. */
export function allowedBy({ allowed, ground, expected }: Pending): string {
  return ground === null ? allowed : `the address ${ground.at(expected)}`
}

export class Group extends Findings {
  readonly options: IpamOptions
  readonly nodes = new Map<NodeId, Allocator>()
  /** What the store holds for good. */
  store = new Table()
  /** Writes that are not in the store, and may not get there. */
  readonly limbo = new Map<WriteId, readonly Effect[]>()
  /** Who holds what, as far as clients were told: by space. */
  readonly held: Readonly<Record<Space, Map<string, Holder>>> = { local: new Map(), global: new Map() }
  readonly reserved: readonly Prefix[]
  now: Milliseconds = 0
  /** Whether nodes can lose what they have not stored. */
  readonly hasDisk: boolean
  readonly #blocks = new Map<string, ReturnType<typeof blocksOf>>()

  constructor(options: IpamOptions, claims: Claims, nodes: readonly NodeId[], hasDisk: boolean) {
    super(catalogue, claims)
    this.options = options
    this.hasDisk = hasDisk
    this.reserved = options.reserved.flatMap((text) => parsePrefix(text) ?? [])
    for (const id of nodes) this.nodes.set(id, new Allocator(id))
  }

  node(id: NodeId): Allocator {
    const node = this.nodes.get(id)
    if (node === undefined) throw new RangeError(`no node is named ${id}`)
    return node
  }

  /** The blocks of default pools, worked out once. */
  blocks(space: Space, v6: boolean): ReturnType<typeof blocksOf> {
    const key = `${space} ${v6}`
    let blocks = this.#blocks.get(key)
    if (blocks === undefined) this.#blocks.set(key, (blocks = blocksOf(this.options.defaults, space, v6)))
    return blocks
  }
}

/** A holder in words, and since when. */
export function describeHolder({ owner, operation, node, now }: Holder): string {
  return `${owner} (operation ${operation} at ${node}, ${now} ms)`
}
