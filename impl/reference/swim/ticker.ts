/** What recurs at a fixed interval, from a random instant of the first one on. */
import type { Milliseconds } from '../../../models/vocabulary.ts'

export class Ticker {
  /** The next tick. */
  at: Milliseconds
  readonly #interval: Milliseconds

  constructor(interval: Milliseconds, first: Milliseconds) {
    this.#interval = interval
    this.at = first
  }

  /** On to the first tick after `now`; those before it are lost. */
  pass(now: Milliseconds): void {
    if (this.at <= now) this.at += (Math.floor((now - this.at) / this.#interval) + 1) * this.#interval
  }
}
