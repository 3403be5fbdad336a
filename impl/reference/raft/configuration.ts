/** Configurations: who are members, who votes, and how one configuration becomes the next. */
import type { Configuration, MembershipChange } from '../../../models/raft/vocabulary.ts'
import type { NodeId } from '../../../models/vocabulary.ts'
import type { Directory } from './directory.ts'

export const blankConfiguration: Configuration = { voters: [], outgoing: [], learners: [] }

/** A configuration by the numbers of its members. */
export class Membership {
  readonly configuration: Configuration
  readonly voters: readonly number[]
  readonly outgoing: readonly number[]
  /** Voters of both halves, each once. */
  readonly electors: readonly number[]
  /** Electors and learners, each once. */
  readonly members: readonly number[]

  constructor(configuration: Configuration, directory: Directory) {
    const numbers = (names: readonly NodeId[]): number[] => names.map((name) => directory.numberOf(name))
    this.configuration = configuration
    this.voters = numbers(configuration.voters)
    this.outgoing = numbers(configuration.outgoing)
    this.electors = [...new Set([...this.voters, ...this.outgoing])]
    this.members = [...new Set([...this.electors, ...numbers(configuration.learners)])]
  }

  get isJoint(): boolean {
    return this.outgoing.length > 0
  }

  hasElector(number: number): boolean {
    return this.electors.includes(number)
  }

  has(number: number): boolean {
    return this.members.includes(number)
  }
}

const sorted = (names: Iterable<NodeId>): NodeId[] => [...names].sort()

/** The configuration that `changes`, made one after the other, lead to. */
export const withChanges = (
  { voters, learners }: Configuration,
  changes: readonly MembershipChange[],
): Configuration => {
  const nextVoters = new Set(voters)
  const nextLearners = new Set(learners)
  for (const { type, node } of changes) {
    nextVoters.delete(node)
    nextLearners.delete(node)
    if (type === 'add-voter') nextVoters.add(node)
    if (type === 'add-learner') nextLearners.add(node)
  }
  return { voters: sorted(nextVoters), outgoing: [], learners: sorted(nextLearners) }
}

export const jointOf = (current: Configuration, next: Configuration): Configuration => ({
  voters: next.voters,
  outgoing: current.voters,
  learners: next.learners,
})

export const leavingOf = ({ voters, learners }: Configuration): Configuration => ({ voters, outgoing: [], learners })

export const sameMembers = (left: Configuration, right: Configuration): boolean =>
  left.voters.join() === right.voters.join() && left.learners.join() === right.learners.join()
