/** Mutants of leadership transfer. */
import { RaftMember } from '../../../impl/reference/raft/member.ts'
import type { NodeId } from '../../../models/vocabulary.ts'
import { never } from '../../../impl/reference/raft/core.ts'
import { folklore, mutant, type Mutant } from '../mutant.ts'

export const transfer: readonly Mutant[] = [
  mutant({
    name: 'transfers-to-anybody',
    breaks: 'raft/transfer-to-caught-up',
    rule: 'The target is told to stand before it has all entries.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override mayStandNow(): boolean {
        return true
      }
    },
  }),
  mutant({
    name: 'transfers-to-learner',
    breaks: 'raft/transfer-to-caught-up',
    rule: 'Leadership is handed to a member that has no vote.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override refusesTransfer(to: NodeId): string {
        const reason = super.refusesTransfer(to)
        return reason === 'not-voter' ? '' : reason
      }
    },
  }),
  mutant({
    name: 'removed-leader-names-successor',
    breaks: 'raft/transfer-when-asked',
    rule: 'A leader that steps down because it was removed tells a voter to stand, though nobody asked for that.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override stepDownIfRemoved(): void {
        const successor = this.membership.voters.find((peer) => peer !== this.self && this.mayStandNow(peer))
        if (this.mustStepDown() && successor !== undefined)
          this.send(this.directory.names[successor]!, { kind: 'timeout-now', term: this.term })
        super.stepDownIfRemoved()
      }
    },
  }),
  mutant({
    name: 'isolated-leader-names-successor',
    breaks: 'raft/transfer-when-asked',
    rule: 'A leader that lost its quorum tells a voter to stand, though nobody asked for that.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override quorumCheckDue(): void {
        const successor = this.membership.voters.find((peer) => peer !== this.self && this.mayStandNow(peer))
        if (!this.hearsQuorum() && successor !== undefined)
          this.send(this.directory.names[successor]!, { kind: 'timeout-now', term: this.term })
        super.quorumCheckDue()
      }
    },
  }),
  mutant({
    name: 'transfer-asks-for-pre-votes',
    breaks: 'raft/transfer-target-campaigns',
    rule: 'The target of a transfer asks for pre-votes first.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override onTimeoutNow(): void {
        if (this.role !== 'leader' && this.mayCampaign()) this.electionTimedOut()
      }
    },
  }),
  mutant({
    name: 'transfer-target-waits',
    breaks: 'raft/transfer-target-campaigns',
    rule: 'The target of a transfer does nothing while it hears its leader.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override onTimeoutNow(): void {
        if (!this.hearsLeader()) super.onTimeoutNow()
      }
    },
  }),
  mutant({
    name: 'takes-proposals-while-transferring',
    breaks: 'raft/transfer-refuses-proposals',
    rule: 'A leader adds proposals to its log while it hands over.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override refusesProposals(): string {
        return this.role === 'leader' ? '' : 'not-leader'
      }
    },
  }),
  mutant({
    name: 'transfer-never-ends',
    breaks: 'raft/transfer-ends',
    rule: 'A transfer that did not succeed is tried for ever.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override transferTimedOut(): void {
        this.transferDeadline = this.now + this.options.electionTimeout
      }
    },
  }),
  mutant({
    name: 'transfer-keeps-target',
    breaks: 'raft/transfer-ends',
    rule: 'A transfer that timed out is answered, and the leader goes on refusing proposals.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override endTransfer(status: 'ok' | 'failed' | 'unknown', reason: string): void {
        if (reason !== 'timed-out') return super.endTransfer(status, reason)
        this.result(this.transferOperation, status, null, reason)
        this.transferDeadline = never
        this.transferSent = true
      }
    },
  }),
  mutant({
    name: 'transfer-ok-when-told',
    breaks: 'raft/transfer-told-truly',
    rule: 'A transfer is answered ok as soon as its target was told to campaign.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override caughtUp(peer: number): void {
        super.caughtUp(peer)
        if (this.transferSent) this.endTransfer('ok', '')
      }
      protected override endTransfer(status: 'ok' | 'failed' | 'unknown', reason: string): void {
        super.endTransfer(status, reason)
        this.transferSent = false
      }
    },
  }),
  mutant({
    name: 'transfer-failed-when-late',
    breaks: 'raft/transfer-told-truly',
    rule: 'A transfer that timed out is answered failed, though its target was told to campaign.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override transferTimedOut(): void {
        this.endTransfer('failed', 'timed-out')
      }
    },
  }),
  mutant({
    name: 'transfer-ends-in-doubt',
    breaks: 'raft/transfer-success-told',
    rule: 'A transfer waits for its time, whoever leads by then.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override noticeLeader(): void {}
    },
  }),
  mutant({
    name: 'second-transfer-replaces-first',
    breaks: 'raft/operations-end',
    rule: 'A transfer takes the place of the one under way, whose client hears nothing any more.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override refusesTransfer(to: NodeId): string {
        const reason = super.refusesTransfer(to)
        return reason === 'transfer-in-progress' && to !== this.name && this.mayLead(to) ? '' : reason
      }
    },
  }),
  mutant({
    name: 'claims-transfer-always',
    breaks: 'raft/transfer-flag-only-when-asked',
    rule: 'Every campaign claims that it was asked for.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override campaign(): void {
        super.campaign(true)
      }
    },
  }),
]
