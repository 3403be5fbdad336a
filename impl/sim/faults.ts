/** What may go wrong on purpose. Reports count only those that had an effect. */

export const faultKinds = [
  'loss',
  'duplicate',
  'reorder',
  'partition',
  'cut',
  'ring',
  'isolate',
  'hold',
  'crash',
  'lost-write',
  'torn-write',
  'pause',
  'clock',
  'timeout',
  'membership',
  'leave',
] as const

export type FaultKind = (typeof faultKinds)[number]

/** A fault that lasts, such as a partition: counted once, at its first effect. 0 stands for no fault. */
export type FaultId = number

/** Counts faults that had an effect. */
export class FaultLedger {
  readonly #kinds: FaultKind[] = ['loss']
  readonly #counted: boolean[] = [true]
  readonly #counts = new Map<FaultKind, number>()

  /** A lasting fault begins; it counts once it has had an effect. */
  begin(kind: FaultKind): FaultId {
    this.#counted.push(false)
    return this.#kinds.push(kind) - 1
  }

  kind(fault: FaultId): FaultKind {
    return this.#kinds[fault]!
  }

  /** The lasting fault had an effect. */
  effect(fault: FaultId): void {
    if (this.#counted[fault] === true) return
    this.#counted[fault] = true
    this.count(this.#kinds[fault]!)
  }

  /** A fault of one instant had an effect. */
  count(kind: FaultKind, times = 1): void {
    this.#counts.set(kind, (this.#counts.get(kind) ?? 0) + times)
  }

  /** Number of effective faults of each kind, kinds without any left out, in the order of `faultKinds`. */
  counts(): Partial<Record<FaultKind, number>> {
    const counts: Partial<Record<FaultKind, number>> = {}
    for (const kind of faultKinds) {
      const count = this.#counts.get(kind)
      if (count !== undefined) counts[kind] = count
    }
    return counts
  }
}
