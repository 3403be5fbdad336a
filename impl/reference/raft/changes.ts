/** Changes of membership: one at a time, each a single step or through a joint configuration. */
import type { Configuration, Entry, MembershipChange } from '../../../models/raft/vocabulary.ts'
import { CommitRules } from './committing.ts'
import { jointOf, leavingOf, sameMembers, withChanges } from './configuration.ts'
import { never } from './core.ts'
import { configurationEntry } from './entry.ts'

export abstract class MembershipRules extends CommitRules {
  /** The client whose change is half way: in a joint configuration that is committed, and must be left. */
  protected changeUnderWay = 0
  protected wasElector = this.mayCampaign()

  // Changing

  protected changeMembership(operation: number, changes: readonly MembershipChange[], joint: boolean): void {
    const next = withChanges(this.membership.configuration, changes)
    const reason = this.refusesChange(next)
    if (reason !== '') return this.result(operation, 'failed', null, reason)
    const configuration = this.mustBeJoint(next, joint) ? jointOf(this.membership.configuration, next) : next
    this.awaitEntry(operation, this.log.lastIndex + 1)
    this.proposeConfiguration(configuration)
  }

  /** Why this change may not be made now; empty if it may. */
  protected refusesChange(next: Configuration): string {
    const reason = this.refusesProposals()
    if (reason !== '') return reason
    if (!this.mayChangeInTerm()) return 'no-commit-in-term'
    if (this.isChangePending()) return 'change-in-progress'
    if (next.voters.length === 0) return 'no-voters'
    if (sameMembers(this.membership.configuration, next)) return 'no-change'
    return this.keepsReachableQuorum(next) ? '' : 'unreachable-quorum'
  }

  /** A leader must have committed an entry of its own term before it changes the membership. */
  protected mayChangeInTerm(): boolean {
    return this.hasCommittedInTerm()
  }

  /** One change at a time: the last is not committed, or its joint configuration not left. */
  protected isChangePending(): boolean {
    return this.configurationIndex() > this.commit || this.membership.isJoint
  }

  /** Two voters may not come or go in one step: the majorities would not overlap. */
  protected mustBeJoint(next: Configuration, joint: boolean): boolean {
    const { voters } = this.membership.configuration
    const gone = voters.filter((voter) => !next.voters.includes(voter)).length
    const come = next.voters.filter((voter) => !voters.includes(voter)).length
    return joint || gone + come > 1
  }

  /** A removal must not leave fewer voters in reach than a quorum of those that remain. */
  protected keepsReachableQuorum(next: Configuration): boolean {
    if (!this.removesMembers(next)) return true
    const reachable = next.voters.filter((voter) => this.isReachable(this.directory.numberOf(voter))).length
    return reachable >= this.majority(next.voters.length)
  }

  /** Whether a member, or its vote, goes away. */
  protected removesMembers({ voters, learners }: Configuration): boolean {
    const { configuration } = this.membership
    return (
      configuration.voters.some((voter) => !voters.includes(voter)) ||
      configuration.learners.some((learner) => !learners.includes(learner) && !voters.includes(learner))
    )
  }

  protected isReachable(peer: number): boolean {
    return peer === this.self || this.now - (this.heardFrom[peer] ?? -never) < this.options.electionTimeout
  }

  protected proposeConfiguration(configuration: Configuration): void {
    this.appendOwn(configurationEntry(this.log.lastIndex + 1, this.term, configuration))
  }

  // Leaving a joint configuration

  protected leaveJointIfDue(): void {
    if (!this.mayLeaveJoint()) return
    if (this.changeUnderWay !== 0) this.awaitEntry(this.changeUnderWay, this.log.lastIndex + 1)
    this.changeUnderWay = 0
    this.proposeConfiguration(leavingOf(this.membership.configuration))
  }

  /** A joint configuration is left by whoever leads once it is committed. */
  protected mayLeaveJoint(): boolean {
    return this.membership.isJoint && this.configurationIndex() <= this.commit && this.hasCommittedInTerm()
  }

  // Effects

  protected override configurationChanged(): void {
    if (this.mayCampaign() && !this.wasElector) this.resetElectionTimer()
    this.wasElector = this.mayCampaign()
    if (this.role === 'leader') this.membershipChanged()
  }

  /** A leader replicates to other members from now on, and another quorum may hold more than the last one did. */
  protected membershipChanged(): void {
    this.trackMembers()
    this.advanceCommit()
  }

  protected override configurationApplied(configuration: Configuration): void {
    const before = this.appliedMembership
    this.appliedMembership = this.membershipOf(configuration)
    for (const peer of before.members) this.removed[peer] = true
    for (const peer of this.appliedMembership.members) this.removed[peer] = false
  }

  protected override answerApplied(operation: number, entry: Entry, value: string | null): void {
    if (entry.configuration !== undefined && entry.configuration.outgoing.length > 0) this.changeUnderWay = operation
    else super.answerApplied(operation, entry, value)
  }

  protected override answerLost(): void {
    super.answerLost()
    if (this.changeUnderWay !== 0) this.result(this.changeUnderWay, 'unknown', null, 'lost-leadership')
    this.changeUnderWay = 0
  }

  protected stepDownIfRemoved(): void {
    if (this.mustStepDown()) this.becomeFollower(this.term, null)
  }

  /** A leader that is no voter any more leads until that is committed. */
  protected mustStepDown(): boolean {
    return !this.membership.hasElector(this.self) && this.configurationIndex() <= this.commit
  }
}
