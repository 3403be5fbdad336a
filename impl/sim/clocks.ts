/** The local clock of each node: integer milliseconds, at a rate that may change, and that may be made to jump. */
export class Clocks {
  readonly #harness: Float64Array
  readonly #local: Float64Array
  readonly #rate: Float64Array

  constructor(nodes: number) {
    this.#harness = new Float64Array(nodes)
    this.#local = new Float64Array(nodes)
    this.#rate = new Float64Array(nodes).fill(1)
  }

  rate(node: number): number {
    return this.#rate[node]!
  }

  /** Local time of the node at harness time `now`, never less than the clock was last set to. */
  local(node: number, now: number): number {
    const elapsed = now - this.#harness[node]!
    const rate = this.#rate[node]!
    return this.#local[node]! + (rate === 1 ? elapsed : Math.floor(elapsed * rate))
  }

  /** First harness time at which the node's clock shows at least `local`. */
  harness(node: number, local: number): number {
    const ahead = local - this.#local[node]!
    const rate = this.#rate[node]!
    if (rate === 1) return this.#harness[node]! + ahead
    // Rounding of the division may be one off the floor in `local`, either way.
    let now = this.#harness[node]! + Math.ceil(ahead / rate) - 1
    while (this.local(node, now) < local) now++
    return now
  }

  /** From `now` on the clock runs at `rate`; what it shows does not change. */
  setRate(node: number, now: number, rate: number): void {
    this.jump(node, now, this.local(node, now))
    this.#rate[node] = rate
  }

  /** At `now` the clock shows `local`. */
  jump(node: number, now: number, local: number): void {
    this.#harness[node] = now
    this.#local[node] = local
  }
}
