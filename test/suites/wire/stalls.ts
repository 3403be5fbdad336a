/** How long this process itself could not do anything: what it saw late may have happened in time. */
import type { Milliseconds } from '../../../models/vocabulary.ts'

const interval: Milliseconds = 10
/** Shorter ones are no stalls, but how timers are. */
const leastStall: Milliseconds = 5

export class Stalls {
  readonly #seen: { readonly from: Milliseconds; readonly to: Milliseconds }[] = []
  readonly #timer: NodeJS.Timeout
  #last = performance.now()

  constructor() {
    this.#timer = setInterval(() => this.#tick(), interval)
    this.#timer.unref()
  }

  /** The longest one since then. */
  since(instant: Milliseconds): Milliseconds {
    this.#tick()
    let longest = 0
    for (let index = this.#seen.length - 1; index >= 0 && this.#seen[index]!.to > instant; index--)
      longest = Math.max(longest, this.#seen[index]!.to - Math.max(instant, this.#seen[index]!.from))
    return longest
  }

  close(): void {
    clearInterval(this.#timer)
  }

  #tick(): void {
    const now = performance.now()
    if (now - this.#last > interval + leastStall) this.#seen.push({ from: this.#last + interval, to: now })
    this.#last = now
  }
}
