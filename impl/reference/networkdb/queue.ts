/** News that is told on: each event in a bounded number of rounds, a newer one in the place of an older. */
interface Queued<Event> {
  readonly event: Event
  rounds: number
}

/** Events of one message at most. */
const mostEvents = 64

export class EventQueue<Event> {
  readonly #events = new Map<string, Queued<Event>>()

  get isEmpty(): boolean {
    return this.#events.size === 0
  }

  /** `slot`: what the event is about; an older event about the same is told no more. */
  add(slot: string, event: Event): void {
    this.#events.delete(slot)
    this.#events.set(slot, { event, rounds: 0 })
  }

  /** The events of a round, those that were told least first; `most` rounds are their last. */
  take(most: number): Event[] {
    const queued = [...this.#events].sort(([, left], [, right]) => left.rounds - right.rounds).slice(0, mostEvents)
    for (const [slot, each] of queued) if (++each.rounds >= most) this.#events.delete(slot)
    return queued.map(([, { event }]) => event)
  }

  clear(): void {
    this.#events.clear()
  }
}
