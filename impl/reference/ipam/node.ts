/**
 * One allocator, without any I/O: inputs go in, an answer comes out. It decides at once, and answers when what it has
 * decided is in the store.
 */
import type {
  AllocatorState,
  Answer,
  Change,
  Inspection,
  IpamOptions,
  Operation,
  Output,
} from '../../../models/ipam/vocabulary.ts'
import type { Milliseconds, WriteId } from '../../../models/vocabulary.ts'
import { Allocator, type Decision } from './allocator.ts'
import type { Store } from './store.ts'

interface Waiting {
  readonly operation: number
  readonly decision: Decision
  /** The write that has to be in the store first. */
  readonly after: WriteId
}

const unknown: Decision = { status: 'unknown', reason: '', problems: [], subnet: '', address: '' }

export class IpamNode extends Allocator {
  protected readonly store: Store
  protected leading = false
  /** Answers that wait for the store, in order. */
  protected waiting: Waiting[] = []
  /** The last write of this life that is not in the store yet; 0 for none. */
  protected lastWrite: WriteId = 0
  protected outputs: Output[] = []

  constructor(options: IpamOptions, store: Store) {
    super(options)
    this.store = store
  }

  /** The whole state: the answer to a start. */
  introduce(now: Milliseconds): Answer {
    return { ...this.answer(now), state: { leading: this.leading } }
  }

  operate(at: Milliseconds, id: number, operation: Operation): Answer {
    this.begin()
    if (!this.leading) this.result(id, this.refuse('not-leading'))
    else this.carryOut(id, operation)
    return this.answer(at)
  }

  written(at: Milliseconds, writes: readonly WriteId[]): Answer {
    this.begin()
    this.store.commit(writes)
    if (writes.includes(this.lastWrite)) this.lastWrite = 0
    this.release((after) => writes.includes(after))
    return this.answer(at)
  }

  lead(at: Milliseconds): Answer {
    this.begin()
    this.restore(this.store.records)
    this.waiting = []
    this.lastWrite = 0
    return { ...this.answer(at), state: this.setLeading(true), changes: this.table.changes() }
  }

  depose(at: Milliseconds): Answer {
    this.begin()
    for (const { operation } of this.waiting.splice(0)) this.result(operation, this.undecided())
    return { ...this.answer(at), state: this.setLeading(false) }
  }

  inspect(): Inspection {
    return { state: { leading: this.leading }, pools: this.table.inspect() }
  }

  /** Nobody knows whether what was under way is in the store. */
  protected undecided(): Decision {
    return unknown
  }

  protected setLeading(leading: boolean): Partial<AllocatorState> | null {
    if (this.leading === leading) return null
    this.leading = leading
    return { leading }
  }

  protected carryOut(operation: number, asked: Operation): void {
    const decision = this.decide(asked)
    if (this.changes.length > 0) this.write()
    if (this.mustWait(decision)) this.waiting.push({ operation, decision, after: this.lastWrite })
    else this.result(operation, decision)
  }

  protected write(): void {
    this.lastWrite = this.store.write({ changes: this.changes, cursor: this.cursor })
    this.outputs.push({ type: 'write', id: this.lastWrite })
  }

  /** An answer relies on all that was decided before it. */
  protected mustWait(_decision: Decision): boolean {
    return this.lastWrite !== 0
  }

  /** Gives the answers that wait for no more. */
  protected release(isDone: (write: WriteId) => boolean): void {
    const still: Waiting[] = []
    for (const each of this.waiting) {
      if (isDone(each.after)) this.result(each.operation, each.decision)
      else still.push(each)
    }
    this.waiting = still
  }

  protected result(operation: number, decision: Decision): void {
    this.outputs.push({ type: 'result', operation, ...decision })
  }

  protected begin(): void {
    this.outputs = []
    this.changes = []
    this.cursor = null
  }

  protected answer(now: Milliseconds): Answer {
    const changes: readonly Change[] | null = this.changes.length === 0 ? null : this.changes
    return { now, wake: null, outputs: this.outputs, state: null, changes, error: undefined }
  }
}
