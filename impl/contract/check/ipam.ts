/**
 * What the contract demands of the answers of allocators: records of the store that they share are numbered, who is to
 * lead shows its whole table, and changes add up to it. Whether a change makes sense is for the judge to say.
 */
import type {
  AllocatorState,
  Answer,
  Change,
  Input,
  Inspection,
  Output,
  PoolRecord,
} from '../../../models/ipam/vocabulary.ts'
import type { NodeId, WriteId } from '../../../models/vocabulary.ts'
import { ContractCheck, outputs, shown, type Breach } from '../check.ts'
import type { IpamWords, Start } from '../ipam.ts'
import { StateFold, TableFold } from './fold.ts'

interface TakenAddress {
  readonly pool: string
  readonly address: string
}

/** What the answers of a node add up to. */
class Folded {
  readonly state = new StateFold<AllocatorState>(['leading'])
  readonly pools = new TableFold<PoolRecord>(({ pool }) => pool, ['space', 'subnet', 'range'])
  readonly addresses = new TableFold<TakenAddress>(addressKey, [])
  /** By pool: what was taken of it, which goes with it. */
  readonly #taken = new Map<string, Set<string>>()

  clear(): void {
    this.state.clear()
    this.clearTable()
  }

  clearTable(): void {
    this.pools.clear()
    this.addresses.clear()
    this.#taken.clear()
  }

  take(change: Change): void {
    switch (change.change) {
      case 'pool':
        this.pools.put(change)
        this.#taken.set(change.pool, new Set())
        return
      case 'pool-released':
        this.pools.remove(change.pool)
        for (const key of this.#taken.get(change.pool) ?? []) this.addresses.remove(key)
        this.#taken.delete(change.pool)
        return
      case 'address':
        if (this.pools.get(change.pool) === undefined) return
        this.addresses.put(change)
        this.#taken.get(change.pool)!.add(addressKey(change))
        return
      case 'address-released':
        this.addresses.remove(addressKey(change))
        this.#taken.get(change.pool)?.delete(addressKey(change))
    }
  }
}

function addressKey({ pool, address }: TakenAddress): string {
  return `${address} in ${pool}`
}

export class IpamCheck extends ContractCheck<IpamWords> {
  protected readonly whole = 'its whole state, and no table'
  readonly #folded: ReadonlyMap<NodeId, Folded>
  #lastWrite: WriteId = 0

  constructor(start: Start) {
    super(start)
    this.#folded = new Map(start.nodes.map((node) => [node, new Folded()]))
  }

  protected isWhole({ state, changes }: Answer): boolean {
    return state?.leading !== undefined && (changes ?? []).length === 0
  }

  protected override output(node: NodeId, output: Output): Breach | null {
    if (output.type !== 'write') return null
    if (output.id <= this.#lastWrite)
      return outputs(`${node} used write id ${output.id}, and write ids of this run are at ${this.#lastWrite} already`)
    this.#lastWrite = output.id
    return null
  }

  protected override shows(node: NodeId, answer: Answer, input: Input | null): Breach | null {
    const { state, changes, error } = answer
    if (error !== undefined) return null
    const folded = this.#folded.get(node)!
    if (input === null || input.type === 'crash' || input.type === 'restart') folded.clear()
    if (input?.type === 'lead') {
      if (changes === null) return shown(`${node} must answer lead with its whole table`)
      folded.clearTable()
    }
    folded.state.take(state)
    for (const change of changes ?? []) folded.take(change)
    return null
  }

  override inspected(node: NodeId, { state, pools }: Inspection): Breach | null {
    const folded = this.#folded.get(node)
    if (folded === undefined) return null
    const addresses = pools.flatMap(({ pool, addresses }) => addresses.map((address) => ({ pool, address })))
    return (
      folded.state.breach(node, state) ?? folded.pools.breach(node, pools) ?? folded.addresses.breach(node, addresses)
    )
  }
}
