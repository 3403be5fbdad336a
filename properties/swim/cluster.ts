/** What the judge knows of the cluster as a whole. */
import type { SwimOptions } from '../../models/swim/vocabulary.ts'
import type { Milliseconds, NodeId } from '../../models/vocabulary.ts'
import { Findings } from '../findings.ts'
import type { Claims } from '../findings.ts'
import { Member } from './member.ts'
import { catalogue } from './requirements.ts'

/** What a member told of itself. */
export interface Shown {
  readonly incarnation: number
  readonly address: string
  readonly meta: string
}

export class Cluster extends Findings {
  readonly options: SwimOptions
  readonly members: Member[] = []
  /** Whether what SPEC.md says of memberlist's rules and of Lifeguard's holds. */
  readonly exact: boolean
  readonly lifeguard: boolean
  /** Numbers of all names that were ever seen; those of the run's nodes come first. */
  readonly #numbers = new Map<NodeId, number>()
  readonly #names: NodeId[] = []
  /** By node: the greatest incarnation that it ever showed as its own, through all its lives. */
  readonly ownIncarnation: number[] = []
  /** By node: what it ever told of itself, the latest last. */
  readonly shown: Shown[][] = []
  /** By accused: who ever held it for suspect or gone, by number. */
  readonly accusers: Set<number>[] = []
  /** By address: who has it. */
  readonly homes = new Map<string, number>()
  /** By node: harness time since which it has been up, and not left; Infinity while it is not. */
  readonly upSince: Milliseconds[] = []
  now: Milliseconds = 0
  /** Steps so far. */
  steps = 0

  constructor(options: SwimOptions, claims: Claims, nodes: readonly NodeId[]) {
    super(catalogue, claims)
    this.options = options
    this.exact = claims.profiles.has('swim-memberlist')
    this.lifeguard = claims.profiles.has('swim-lifeguard')
    nodes.forEach((id) => {
      const number = this.number(id)
      this.members.push(new Member(id, number))
      this.ownIncarnation.push(0)
      this.shown.push([])
      this.accusers.push(new Set())
      this.upSince.push(0)
    })
  }

  /** Number of a name; a new one for one that was never seen. */
  number(id: NodeId): number {
    const known = this.#numbers.get(id)
    if (known !== undefined) return known
    const number = this.#names.length
    this.#numbers.set(id, number)
    this.#names.push(id)
    return number
  }

  name(number: number): NodeId {
    return this.#names[number]!
  }

  member(id: NodeId): Member {
    const member = this.members[this.#numbers.get(id) ?? -1]
    if (member === undefined) throw new RangeError(`no member is named ${id}`)
    return member
  }
}
