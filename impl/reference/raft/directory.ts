/** Small numbers for the names of nodes, so that what is kept of each member is an array, not a map. */
import type { NodeId } from '../../../models/vocabulary.ts'

export class Directory {
  readonly names: NodeId[] = []
  protected readonly numbers = new Map<NodeId, number>()

  constructor(names: readonly NodeId[]) {
    for (const name of names) this.numberOf(name)
  }

  /** The number of a name; a name that is new gets the next one. */
  numberOf(name: NodeId): number {
    const known = this.numbers.get(name)
    if (known !== undefined) return known
    const number = this.names.push(name) - 1
    this.numbers.set(name, number)
    return number
  }
}
