/** Recording a run: its events in memory, in order. A run that is not recorded only counts them. */
import type { EventOf } from './event.ts'
import type { RaftSurface, Surface } from './surface.ts'

export class Recording<S extends Surface = RaftSurface> {
  readonly events: EventOf<S>[] = []
  /** Whether events are kept. Asking first saves making an event that nobody keeps. */
  readonly keeps: boolean
  #count = 0

  constructor(keeps: boolean) {
    this.keeps = keeps
  }

  /** Number of events so far, kept or not: the index of the next one. */
  get count(): number {
    return this.#count
  }

  add(event: EventOf<S>): void {
    this.#count++
    this.events.push(event)
  }

  /** Counts an event that is not kept. */
  skip(): void {
    this.#count++
  }
}
