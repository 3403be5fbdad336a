/** Whole numbers of a range of which each is taken once; the choice goes on behind the last one. */
export class NumberSpace {
  readonly #first: number
  readonly #last: number
  readonly #taken = new Set<number>()
  #chosen: number

  constructor(first: number, last: number) {
    this.#first = first
    this.#last = last
    this.#chosen = last
  }

  has(number: number): boolean {
    return this.#taken.has(number)
  }

  /** A number that somebody has asked for; it need not be of the range. */
  take(number: number): void {
    this.#taken.add(number)
  }

  free(number: number): void {
    this.#taken.delete(number)
  }

  /** The next that is free behind the last one that was chosen; null for none. */
  choose(): number | null {
    const count = this.#last - this.#first + 1
    for (let step = 1; step <= count; step++) {
      const number = this.#first + ((this.#chosen - this.#first + step) % count)
      if (this.#taken.has(number)) continue
      this.#chosen = number
      this.#taken.add(number)
      return number
    }
    return null
  }
}
