/** Events in order of time; those of one instant in the order in which they were pushed. */
export class EventHeap<Event> {
  // Parallel arrays: sifting moves numbers and one reference, and allocates nothing.
  readonly #times: number[] = []
  readonly #sequences: number[] = []
  readonly #events: Event[] = []
  #sequence = 0

  get size(): number {
    return this.#times.length
  }

  /** Time of the next event; Infinity if there is none. */
  get time(): number {
    return this.#times.length > 0 ? this.#times[0]! : Infinity
  }

  /** The next event, left where it is. */
  get first(): Event | undefined {
    return this.#events[0]
  }

  push(time: number, event: Event): void {
    const times = this.#times
    const sequences = this.#sequences
    const events = this.#events
    const sequence = this.#sequence++
    let hole = times.length
    times.push(time)
    sequences.push(sequence)
    events.push(event)
    while (hole > 0) {
      const parent = (hole - 1) >> 1
      const parentTime = times[parent]!
      // A new event is later than all others of its instant, so equal times never move it up.
      if (parentTime <= time) break
      times[hole] = parentTime
      sequences[hole] = sequences[parent]!
      events[hole] = events[parent]!
      hole = parent
    }
    times[hole] = time
    sequences[hole] = sequence
    events[hole] = event
  }

  pop(): Event | undefined {
    return this.#removeAt(0)
  }

  /** The earliest of the events that fit, left where it is. Costs as much as there are events. */
  earliest(fits: (event: Event) => boolean): Event | undefined {
    return this.#events[this.#earliest(fits)]
  }

  /** Takes the earliest occurrence of this event. Costs as much as there are events. */
  remove(event: Event): void {
    this.#removeAt(this.#earliest((each) => each === event))
  }

  #earliest(fits: (event: Event) => boolean): number {
    let earliest = -1
    for (let place = 0; place < this.size; place++) {
      if (!fits(this.#events[place]!)) continue
      if (earliest < 0 || this.#before(place, this.#times[earliest]!, this.#sequences[earliest]!)) earliest = place
    }
    return earliest
  }

  #removeAt(place: number): Event | undefined {
    const times = this.#times
    const sequences = this.#sequences
    const events = this.#events
    const removed = events[place]
    if (removed === undefined) return undefined
    const time = times.pop()!
    const sequence = sequences.pop()!
    const event = events.pop()!
    const size = times.length
    if (place === size) return removed
    let hole = place
    // The last event fills the hole; where that is not the top, it may belong above.
    while (hole > 0) {
      const parent = (hole - 1) >> 1
      if (this.#before(parent, time, sequence)) break
      times[hole] = times[parent]!
      sequences[hole] = sequences[parent]!
      events[hole] = events[parent]!
      hole = parent
    }
    for (;;) {
      let child = 2 * hole + 1
      if (child >= size) break
      const right = child + 1
      if (right < size && this.#before(right, times[child]!, sequences[child]!)) child = right
      if (!this.#before(child, time, sequence)) break
      times[hole] = times[child]!
      sequences[hole] = sequences[child]!
      events[hole] = events[child]!
      hole = child
    }
    times[hole] = time
    sequences[hole] = sequence
    events[hole] = event
    return removed
  }

  #before(index: number, time: number, sequence: number): boolean {
    const own = this.#times[index]!
    return own < time || (own === time && this.#sequences[index]! < sequence)
  }
}
