/** Who must agree: majorities of each half of the configuration in effect. */
import { MemberCore } from './core.ts'

export abstract class QuorumRules extends MemberCore {
  /** How many of `count` voters are a majority. */
  protected majority(count: number): number {
    return (count >> 1) + 1
  }

  /** Whether the marked members are a quorum of the configuration in effect: of both halves, where it is joint. */
  protected isQuorum(marks: readonly (boolean | undefined)[]): boolean {
    const { voters, outgoing } = this.membership
    return this.isMajority(voters, marks) && (outgoing.length === 0 || this.isMajority(outgoing, marks))
  }

  protected isMajority(voters: readonly number[], marks: readonly (boolean | undefined)[]): boolean {
    let marked = 0
    for (const voter of voters) if (marks[voter] === true) marked++
    return marked >= this.majority(voters.length)
  }

  /** The greatest value that a quorum of the configuration in effect has reached. */
  protected reachedByQuorum(values: readonly number[]): number {
    const { voters, outgoing } = this.membership
    const reached = this.reachedByMajority(voters, values)
    return outgoing.length === 0 ? reached : Math.min(reached, this.reachedByMajority(outgoing, values))
  }

  protected reachedByMajority(voters: readonly number[], values: readonly number[]): number {
    const { length } = voters
    const majority = this.majority(length)
    let reached = 0
    for (let candidate = 0; candidate < length; candidate++) {
      const value = values[voters[candidate]!] ?? 0
      if (value <= reached) continue
      let count = 0
      for (let other = 0; other < length; other++) if ((values[voters[other]!] ?? 0) >= value) count++
      if (count >= majority) reached = value
    }
    return reached
  }
}
