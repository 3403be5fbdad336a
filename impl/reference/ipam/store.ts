/** The store that all allocators of a run share: records in order, and those of which it is not known yet. */
import type { Change } from '../../../models/ipam/vocabulary.ts'
import type { WriteId } from '../../../models/vocabulary.ts'

/** What one step of a leader did. */
export interface StoreRecord {
  readonly changes: readonly Change[]
  /** The address that was chosen last in the pool, if one was chosen. */
  readonly cursor: { readonly pool: string; readonly address: bigint } | null
}

export class Store {
  readonly records: StoreRecord[] = []
  protected readonly pending = new Map<WriteId, StoreRecord>()
  #lastWrite: WriteId = 0

  write(record: StoreRecord): WriteId {
    this.pending.set(++this.#lastWrite, record)
    return this.#lastWrite
  }

  /** These are in the store for good. */
  commit(writes: readonly WriteId[]): void {
    for (const id of writes) {
      const record = this.pending.get(id)
      if (record !== undefined) this.records.push(record)
      this.pending.delete(id)
    }
  }

  /** A new leader: these were in time, all others are lost. */
  settle(keep: readonly WriteId[]): void {
    this.commit(keep)
    this.pending.clear()
  }
}
