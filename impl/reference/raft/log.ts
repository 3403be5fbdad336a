/** A log: entries behind a base, which stands for all that was discarded before it. */
import type { Entry, Position } from '../../../models/raft/vocabulary.ts'

/** The term of an index that the log does not know. */
export const unknownTerm = -1

export class RaftLog {
  baseIndex: number
  baseTerm: number
  entries: Entry[]

  constructor(base: Position, entries: readonly Entry[]) {
    this.baseIndex = base.index
    this.baseTerm = base.term
    this.entries = entries.slice()
  }

  get lastIndex(): number {
    return this.baseIndex + this.entries.length
  }

  get lastTerm(): number {
    const { length } = this.entries
    return length === 0 ? this.baseTerm : this.entries[length - 1]!.term
  }

  /** Term of the entry at `index`, or `unknownTerm` if it was discarded or never written. */
  termAt(index: number): number {
    if (index === this.baseIndex) return this.baseTerm
    const entry = this.entries[index - this.baseIndex - 1]
    return entry === undefined ? unknownTerm : entry.term
  }

  at(index: number): Entry | undefined {
    return this.entries[index - this.baseIndex - 1]
  }

  /** At most `count` entries from `index` on. */
  from(index: number, count: number): Entry[] {
    const start = index - this.baseIndex - 1
    return this.entries.slice(start, start + count)
  }

  append(entry: Entry): void {
    this.entries.push(entry)
  }

  /** Removes the entries above `index`. */
  truncate(index: number): void {
    this.entries.length = index - this.baseIndex
  }

  /** Discards the entries up to `index`. */
  compact(index: number): void {
    this.baseTerm = this.termAt(index)
    this.entries = this.entries.slice(index - this.baseIndex)
    this.baseIndex = index
  }

  /** Discards everything: a snapshot stands for all up to `base`. */
  restore(base: Position): void {
    this.baseIndex = base.index
    this.baseTerm = base.term
    this.entries = []
  }
}
