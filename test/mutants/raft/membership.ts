/** Mutants of changes of membership, of joint configurations and of when a configuration takes effect. */
import type { Configuration, Entry, MembershipChange } from '../../../models/raft/vocabulary.ts'
import { ApplyingMember } from '../../../impl/reference/raft/applying.ts'
import { Membership } from '../../../impl/reference/raft/configuration.ts'
import { RaftMember } from '../../../impl/reference/raft/member.ts'
import type { Progress } from '../../../impl/reference/raft/progress.ts'
import type { Heartbeat } from '../../../impl/reference/raft/replication.ts'
import type { NodeId } from '../../../models/vocabulary.ts'
import { folklore, mutant, type Mutant } from '../mutant.ts'

export const membership: readonly Mutant[] = [
  // Changing

  mutant({
    name: 'several-changes-at-once',
    breaks: 'raft/one-change-at-a-time',
    rule: 'A change is taken while the last one is not committed.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override isChangePending(): boolean {
        return this.membership.isJoint
      }
    },
  }),
  mutant({
    name: 'changes-without-joint',
    breaks: 'raft/changes-overlap',
    rule: 'Several voters come and go in one step, without a joint configuration.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override mustBeJoint(): boolean {
        return false
      }
    },
  }),
  mutant({
    name: 'single-change-before-own-commit',
    breaks: 'raft/change-after-own-term-commit',
    rule: 'A new leader changes the membership before an entry of its own term is committed.',
    seenIn: 'raft-dev mail of July 2015; rediscovered by a simulator',
    member: class extends RaftMember {
      protected override mayChangeInTerm(): boolean {
        return true
      }
    },
  }),
  mutant({
    name: 'removes-last-voter',
    breaks: 'raft/refuses-last-voter-removal',
    rule: 'The last voter can be removed.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override refusesChange(next: Configuration): string {
        const reason = super.refusesChange(next)
        return reason === 'no-voters' ? '' : reason
      }
    },
  }),
  mutant({
    name: 'premature-retirement',
    breaks: 'raft/removed-leader-stays-until-committed',
    rule: 'A leader steps down as soon as its removal is in its log.',
    seenIn: 'microsoft/CCF#5973',
    member: class extends RaftMember {
      protected override configurationChanged(): void {
        super.configurationChanged()
        if (this.role === 'leader' && !this.membership.hasElector(this.self)) this.becomeFollower(this.term, null)
      }
    },
  }),
  mutant({
    name: 'new-members-get-snapshots-only',
    breaks: 'raft/new-member-catches-up',
    rule: 'A voter that was added gets snapshots but no appends from the leader that added it.',
    seenIn: folklore,
    unclaimed: ['raft-flow-control'],
    member: class extends RaftMember {
      private added = new Set<number>()
      protected override trackMembers(): void {
        for (const peer of this.membership.members) if (this.progress[peer] === undefined) this.added.add(peer)
        super.trackMembers()
      }
      protected override sendAppend(peer: number, progress: Progress): void {
        const isAdded = this.added.has(peer) && this.membership.hasElector(peer)
        if (!isAdded || this.termBefore(progress.next) < 0 || this.matched[peer] === 0) super.sendAppend(peer, progress)
      }
    },
  }),

  // Who has which configuration

  mutant({
    name: 'followers-drop-learners',
    breaks: 'raft/configuration-agrees',
    rule: 'A follower does not take over the learners of a configuration that it applies.',
    seenIn: folklore,
    configuration: 'on-apply',

    member: class extends ApplyingMember {
      private readonly started = true
      protected override configurationApplied(configuration: Configuration): void {
        super.configurationApplied(configuration)
        if (this.role !== 'leader' && this.started)
          this.useConfiguration(new Membership({ ...configuration, learners: [] }, this.directory))
      }
    },
  }),
  mutant({
    name: 'keeps-truncated-configuration',
    breaks: 'raft/configuration-of-log',
    rule: 'A configuration stays in effect when its entry is truncated.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override fallBackConfiguration(): void {}
    },
  }),
  mutant({
    name: 'leader-adopts-when-committed',
    breaks: 'raft/configuration-of-log',
    rule: 'A leader uses a new configuration when it is committed, though it claims to do so when it is appended.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override adoptConfiguration(entry: Entry): void {
        if (this.role !== 'leader') super.adoptConfiguration(entry)
      }
      protected override configurationApplied(configuration: Configuration): void {
        super.configurationApplied(configuration)
        if (this.role === 'leader') this.useConfiguration(new Membership(configuration, this.directory))
      }
    },
  }),
  mutant({
    name: 'adopts-when-appended',
    breaks: 'raft/configuration-of-applied',
    rule: 'A configuration takes effect when appended, though it is claimed that it does so when applied.',
    seenIn: folklore,
    configuration: 'on-apply',
    member: RaftMember,
  }),
  mutant({
    name: 'campaigns-with-unapplied-change',
    breaks: 'raft/no-campaign-with-unapplied-change',
    rule: 'A follower applies when it hears a heartbeat, and campaigns with a committed change that is not applied.',
    seenIn: folklore,
    configuration: 'on-apply',
    member: class extends ApplyingMember {
      private mayApply = false
      protected override onHeartbeat(from: NodeId, heartbeat: Heartbeat): void {
        super.onHeartbeat(from, heartbeat)
        this.mayApply = true
      }
      protected override settle(): void {
        if (this.role === 'leader' || this.mayApply) super.settle()
        this.mayApply = false
      }
    },
  }),

  // Joint consensus

  mutant({
    name: 'joint-with-new-voters-twice',
    breaks: 'raft/joint-entered-properly',
    rule: 'The outgoing half of a joint configuration lacks the voters that are to go.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override proposeConfiguration(configuration: Configuration): void {
        const { outgoing, voters } = configuration
        super.proposeConfiguration({ ...configuration, outgoing: outgoing.length === 0 ? [] : voters })
      }
    },
  }),
  mutant({
    name: 'joint-left-backwards',
    breaks: 'raft/joint-left-properly',
    rule: 'A joint configuration is left for its outgoing half.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override proposeConfiguration(configuration: Configuration): void {
        const { isJoint, configuration: current } = this.membership
        super.proposeConfiguration(isJoint ? { ...configuration, voters: current.outgoing } : configuration)
      }
    },
  }),
  mutant({
    name: 'union-quorum',
    breaks: 'raft/joint-needs-both-majorities',
    rule: 'In a joint configuration a majority of all voters of both halves together is a quorum.',
    seenIn: 'microsoft/CCF#3948',
    member: class extends RaftMember {
      protected override isQuorum(marks: readonly (boolean | undefined)[]): boolean {
        return this.isMajority(this.membership.electors, marks)
      }
      protected override reachedByQuorum(values: readonly number[]): number {
        return this.reachedByMajority(this.membership.electors, values)
      }
    },
  }),
  mutant({
    name: 'incoming-half-decides',
    breaks: 'raft/joint-needs-both-majorities',
    rule: 'In a joint configuration the incoming half alone commits.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override reachedByQuorum(values: readonly number[]): number {
        if (values !== this.matched) return super.reachedByQuorum(values)
        return this.reachedByMajority(this.membership.voters, values)
      }
    },
  }),
  mutant({
    name: 'incoming-half-confirms',
    breaks: 'raft/joint-needs-both-majorities',
    rule: 'In a joint configuration the incoming half alone confirms who leads.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override confirmedRound(): number {
        return this.reachedByMajority(this.membership.voters, this.confirmed)
      }
    },
  }),
  mutant({
    name: 'outgoing-half-elects',
    breaks: 'raft/joint-needs-both-majorities',
    rule: 'In a joint configuration the outgoing half alone elects.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override isQuorum(marks: readonly (boolean | undefined)[]): boolean {
        const { voters, outgoing } = this.membership
        return this.isMajority(outgoing.length > 0 ? outgoing : voters, marks)
      }
    },
  }),
  mutant({
    name: 'joint-is-never-left',
    breaks: 'raft/joint-is-left',
    rule: 'Nobody leaves a joint configuration.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override mayLeaveJoint(): boolean {
        return false
      }
    },
  }),
  mutant({
    name: 'new-leader-stays-joint',
    breaks: 'raft/joint-is-left',
    rule: 'A joint configuration is left only by the leader that entered it.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override mayLeaveJoint(): boolean {
        return super.mayLeaveJoint() && this.changeUnderWay !== 0
      }
    },
  }),

  // Learners

  mutant({
    name: 'learners-campaign',
    breaks: 'raft/learners-do-not-campaign',
    rule: 'A learner stands for election.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override mayCampaign(): boolean {
        return this.membership.has(this.self) || super.mayCampaign()
      }
    },
  }),
  mutant({
    name: 'learners-acknowledge',
    breaks: 'raft/learners-do-not-count',
    rule: 'What a learner holds counts towards the majority of the voters.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override reachedByMajority(voters: readonly number[], values: readonly number[]): number {
        const { members, electors, isJoint } = this.membership
        if (isJoint || voters.length === 0 || members.length === electors.length)
          return super.reachedByMajority(voters, values)
        const held = members.map((peer) => values[peer] ?? 0).sort((left, right) => right - left)
        return held[this.majority(voters.length) - 1]!
      }
    },
  }),
  mutant({
    name: 'learners-get-snapshots-only',
    breaks: 'raft/learners-receive-log',
    rule: 'A learner gets snapshots but no entries.',
    seenIn: folklore,
    unclaimed: ['raft-flow-control'],
    member: class extends RaftMember {
      protected override sendAppend(peer: number, progress: Progress): void {
        const isLearner = !this.membership.hasElector(peer)
        if (!isLearner || this.termBefore(progress.next) < 0 || this.matched[peer] === 0)
          super.sendAppend(peer, progress)
      }
    },
  }),

  // Answers

  mutant({
    name: 'change-ok-when-appended',
    breaks: 'raft/change-told-truly',
    rule: 'A change is answered ok as soon as it is in the log of the leader.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override changeMembership(
        operation: number,
        changes: readonly MembershipChange[],
        joint: boolean,
      ): void {
        super.changeMembership(operation, changes, joint)
        const last = this.waiting.at(-1)
        if (last?.operation !== operation) return
        this.waiting.pop()
        this.result(operation, 'ok', null, '')
      }
    },
  }),
  mutant({
    name: 'change-ok-when-joint',
    breaks: 'raft/change-told-truly',
    rule: 'A change through a joint configuration is answered ok while that is in effect.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override answerApplied(operation: number, _entry: Entry, value: string | null): void {
        this.result(operation, 'ok', value, '')
      }
    },
  }),
  mutant({
    name: 'deposed-leader-forgets-change',
    breaks: 'raft/operations-end',
    rule: 'A leader that loses its role half way through a joint change does not tell who asked for it.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override answerLost(): void {
        this.changeUnderWay = 0
        super.answerLost()
      }
    },
  }),
  mutant({
    name: 'always-joint',
    breaks: 'raft/joint-when-needed',
    rule: 'Every change goes through a joint configuration.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override mustBeJoint(): boolean {
        return true
      }
    },
  }),
  mutant({
    name: 'refuses-to-shrink',
    breaks: 'raft/takes-changes',
    rule: 'A voter is removed only if more than a quorum of the others is in reach.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override keepsReachableQuorum(next: Configuration): boolean {
        if (!this.removesMembers(next)) return true
        const reachable = next.voters.filter((voter) => this.isReachable(this.directory.numberOf(voter))).length
        return reachable > this.majority(next.voters.length)
      }
    },
  }),
]
