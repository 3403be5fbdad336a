/** Suspicions and their timers, which confirmations shorten. [Lifeguard] §IV.B; [ML] suspicion.go */
import type { Milliseconds, NodeId } from '../../../models/vocabulary.ts'
import { never } from './never.ts'
import type { Entry } from './table.ts'

export interface Suspicion {
  readonly subject: Entry
  readonly since: Milliseconds
  /** How many confirmations make it as short as it gets. */
  readonly wanted: number
  readonly least: number
  readonly greatest: number
  /** Who accused first, and who confirmed. */
  readonly accusers: Set<NodeId>
  confirmations: number
  deadline: Milliseconds
}

/** A suspicion may be there several times, with the deadlines that it had; only the present one counts. */
interface Slot {
  readonly deadline: Milliseconds
  readonly suspicion: Suspicion
}

const isStale = ({ deadline, suspicion }: Slot): boolean =>
  suspicion.subject.suspicion !== suspicion || suspicion.deadline !== deadline

/** A heap of suspicions by deadline. */
export class SuspicionTimers {
  readonly #heap: Slot[] = []

  /** Deadline of the suspicion that ends next. */
  get next(): Milliseconds {
    const heap = this.#heap
    while (heap.length > 0 && isStale(heap[0]!)) this.#pop()
    return heap.length > 0 ? heap[0]!.deadline : never
  }

  /** The suspicion that ends next; it must still be ended. */
  get first(): Suspicion | null {
    return this.next === never ? null : this.#heap[0]!.suspicion
  }

  /** Called when a suspicion begins, and whenever its deadline has changed. */
  set(suspicion: Suspicion): void {
    const heap = this.#heap
    const slot: Slot = { deadline: suspicion.deadline, suspicion }
    let hole = heap.length
    heap.push(slot)
    while (hole > 0) {
      const parent = (hole - 1) >> 1
      if (heap[parent]!.deadline <= slot.deadline) break
      heap[hole] = heap[parent]!
      hole = parent
    }
    heap[hole] = slot
  }

  #pop(): void {
    const heap = this.#heap
    const last = heap.pop()!
    const { length } = heap
    if (length === 0) return
    let hole = 0
    for (let child = 1; child < length; child = 2 * hole + 1) {
      if (child + 1 < length && heap[child + 1]!.deadline < heap[child]!.deadline) child++
      if (heap[child]!.deadline >= last.deadline) break
      heap[hole] = heap[child]!
      hole = child
    }
    heap[hole] = last
  }
}
