/** What a node knows of the members, itself among them, in the order in which it probes them. */
import type { MemberRecord } from '../../../models/swim/vocabulary.ts'
import type { Milliseconds, NodeId } from '../../../models/vocabulary.ts'
import type { Chance } from './chance.ts'
import type { Suspicion } from './suspicion.ts'

export interface Entry {
  record: MemberRecord
  /** When its status changed last. */
  changedAt: Milliseconds
  /** Set as long as it is a suspect. */
  suspicion: Suspicion | null
  /** Its record has changed in the step that is being made. */
  hasChanged: boolean
}

/** Whether a member failed or left. */
export const isGone = ({ record }: Entry): boolean => record.status === 'dead' || record.status === 'left'

const entryOf = (record: MemberRecord, changedAt: Milliseconds): Entry => ({
  record,
  changedAt,
  suspicion: null,
  hasChanged: false,
})

export class MemberTable {
  readonly own: Entry
  readonly #chance: Chance
  readonly #byName = new Map<NodeId, Entry>()
  #list: Entry[] = []

  /** A table of the node itself, and of those that it knows already. */
  constructor(own: MemberRecord, others: readonly MemberRecord[], chance: Chance, now: Milliseconds) {
    this.#chance = chance
    this.own = entryOf(own, now)
    this.#byName.set(own.node, this.own)
    this.#list.push(this.own)
    for (const record of others) {
      const entry = entryOf(record, now)
      this.#byName.set(record.node, entry)
      this.#list.push(entry)
    }
    this.#shuffle(now)
  }

  /** The estimate of the number of members: whoever is in the table, failed and left members too. */
  get size(): number {
    return this.#list.length
  }

  get(node: NodeId): Entry | undefined {
    return this.#byName.get(node)
  }

  at(index: number): Entry | undefined {
    return this.#list[index]
  }

  records(): MemberRecord[] {
    return this.#list.map(({ record }) => record)
  }

  /** Adds a member at a random place, so that on average it is found out soon if it fails. */
  add(record: MemberRecord, changedAt: Milliseconds, now: Milliseconds): Entry {
    const list = this.#list
    const entry = entryOf(record, changedAt)
    this.#byName.set(record.node, entry)
    const place = this.#chance.below(list.length, now)
    list.push(list[place]!)
    list[place] = entry
    return entry
  }

  /** Takes out whom `isForgotten` says, and puts the others in a new random order. Whoever was taken out is returned. */
  reset(isForgotten: (entry: Entry) => boolean, now: Milliseconds): readonly Entry[] {
    const forgotten = this.#list.filter(isForgotten)
    if (forgotten.length > 0) this.#list = this.#list.filter((entry) => !isForgotten(entry))
    for (const { record } of forgotten) this.#byName.delete(record.node)
    this.#shuffle(now)
    return forgotten
  }

  /** Up to `count` different random members that `accepts` takes. In big tables it may miss some where few fit. */
  pick(count: number, now: Milliseconds, accepts: (entry: Entry) => boolean): Entry[] {
    const list = this.#list
    const { length } = list
    const picked: Entry[] = []
    if (length < 3 * count) {
      const all = list.slice()
      for (let left = length; left > 0 && picked.length < count; left--) {
        const place = this.#chance.below(left, now)
        const entry = all[place]!
        all[place] = all[left - 1]!
        if (accepts(entry)) picked.push(entry)
      }
      return picked
    }
    for (let draw = 0; draw < 3 * length && picked.length < count; draw++) {
      const entry = list[this.#chance.below(length, now)]!
      if (accepts(entry) && !picked.includes(entry)) picked.push(entry)
    }
    return picked
  }

  /** Whether anybody else is alive or suspected. */
  hasCompany(): boolean {
    return this.#list.some((entry) => entry !== this.own && !isGone(entry))
  }

  #shuffle(now: Milliseconds): void {
    const list = this.#list
    for (let left = list.length; left > 1; left--) {
      const place = this.#chance.below(left, now)
      const entry = list[place]!
      list[place] = list[left - 1]!
      list[left - 1] = entry
    }
  }
}
