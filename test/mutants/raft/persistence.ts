/** Mutants of what survives a crash, and of what waits for the disk. */
import type { NodeId, WriteId } from '../../../models/vocabulary.ts'
import type { MemberSetup } from '../../../impl/reference/raft/core.ts'
import { Disk } from '../../../impl/reference/raft/disk.ts'
import { encodeRecord, type JournalRecord, type Saved } from '../../../impl/reference/raft/journal.ts'
import { RaftMember } from '../../../impl/reference/raft/member.ts'
import { folklore, mutant, type Mutant } from '../mutant.ts'

export const persistence: readonly Mutant[] = [
  // Before it is durable

  mutant({
    name: 'vote-not-persisted',
    breaks: 'raft/vote-durable-before-grant',
    rule: 'The vote is not written.',
    seenIn: 'xraft#44; liferaft',
    member: class extends RaftMember {
      protected override persistVote(): void {}
    },
  }),
  mutant({
    name: 'grants-before-durable',
    breaks: 'raft/vote-durable-before-grant',
    rule: 'A granted vote does not wait for the disk.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override afterState(): WriteId {
        return 0
      }
    },
  }),
  mutant({
    name: 'counts-own-vote-at-once',
    breaks: 'raft/own-vote-durable',
    rule: 'A candidate counts its own vote before it is durable.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override campaign(transfer: boolean): void {
        super.campaign(transfer)
        this.countVote(this.self, true)
      }
    },
  }),
  mutant({
    name: 'acknowledges-before-durable',
    breaks: 'raft/entries-durable-before-ack',
    rule: 'An acknowledgement of entries does not wait for the disk.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override answerAppend(to: NodeId, success: boolean, index: number, hint: number, round: number): void {
        const { term } = this
        this.send(to, { kind: 'append-entries-response', term, success, index, hint, round }, this.afterState())
      }
    },
  }),
  mutant({
    name: 'leader-counts-undurable',
    breaks: 'raft/leader-counts-durable',
    rule: 'A leader counts itself up to the end of its log, durable or not.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override advanceCommit(): void {
        this.matched[this.self] = this.log.lastIndex
        super.advanceCommit()
      }
    },
  }),
  mutant({
    name: 'snapshot-acknowledged-before-durable',
    breaks: 'raft/snapshot-durable-before-ack',
    rule: 'The answer to a snapshot does not wait for the disk.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override answerSnapshot(to: NodeId, index: number): void {
        this.send(to, { kind: 'install-snapshot-response', term: this.term, success: true, index }, this.afterState())
      }
    },
  }),

  // After a crash

  mutant({
    name: 'term-not-persisted',
    breaks: 'raft/recovers-term-and-vote',
    rule: 'The term does not get to the disk: after a restart it is that of the last entry.',
    seenIn: 'raft-java#57',
    disk: class extends Disk {
      protected override recovered(records: readonly JournalRecord[]): Saved {
        const saved = super.recovered(records)
        return { ...saved, term: saved.entries.at(-1)?.term ?? saved.base.term }
      }
    },
  }),
  mutant({
    name: 'vote-forgotten-at-restart',
    breaks: 'raft/recovers-term-and-vote',
    rule: 'A restart does not read the vote.',
    seenIn: folklore,
    disk: class extends Disk {
      protected override recovered(records: readonly JournalRecord[]): Saved {
        return { ...super.recovered(records), vote: null }
      }
    },
  }),
  mutant({
    name: 'loses-last-record',
    breaks: 'raft/recovers-log',
    rule: 'A restart does not read the last record of the journal.',
    seenIn: folklore,
    disk: class extends Disk {
      protected override recovered(records: readonly JournalRecord[]): Saved {
        const saved = super.recovered(records)
        return { ...saved, entries: saved.entries.slice(0, -1) }
      }
    },
  }),
  mutant({
    name: 'brings-back-lost-writes',
    breaks: 'raft/recovers-log',
    rule: 'Records behind one that was lost are read all the same.',
    seenIn: folklore,
    disk: class extends Disk {
      override crash(): void {
        this.bytes = Buffer.concat(this.records.map(encodeRecord))
      }
    },
  }),
  mutant({
    name: 'restarts-with-leader',
    breaks: 'raft/recovers-as-follower',
    rule: 'A restarted member takes the member that it voted for as leader.',
    seenIn: folklore,
    member: class extends RaftMember {
      constructor(setup: MemberSetup) {
        super(setup)
        if (setup.incarnation > 0 && this.vote !== this.name) this.leader = this.vote
        this.seen = this.observe()
      }
    },
  }),
  mutant({
    name: 'restarts-as-candidate',
    breaks: 'raft/recovers-as-follower',
    rule: 'A member that had voted for itself goes on as candidate after a restart.',
    seenIn: folklore,
    member: class extends RaftMember {
      constructor(setup: MemberSetup) {
        super(setup)
        if (setup.incarnation > 0 && this.vote === this.name) this.role = 'candidate'
        this.seen = this.observe()
      }
    },
  }),
  mutant({
    name: 'restarts-with-all-committed',
    breaks: 'raft/recovers-commit',
    rule: 'A restarted member takes its whole log for committed.',
    seenIn: folklore,
    member: class extends RaftMember {
      constructor(setup: MemberSetup) {
        super(setup)
        if (setup.incarnation > 0) this.commit = this.log.lastIndex
        this.seen = this.observe()
      }
    },
  }),
  mutant({
    name: 'restarts-with-nothing-committed',
    breaks: 'raft/recovers-commit',
    rule: 'A restarted member counts its commit index from zero, whatever its snapshot covers.',
    seenIn: folklore,
    member: class extends RaftMember {
      constructor(setup: MemberSetup) {
        super(setup)
        if (setup.incarnation > 0) this.commit = 0
        this.seen = this.observe()
      }
    },
  }),

  // Committed, and yet not durable

  mutant({
    name: 'snapshot-drops-acknowledged',
    breaks: 'raft/committed-survives',
    rule: 'A snapshot replaces the whole log, also entries behind it that were acknowledged; no snapshots are claimed.',
    seenIn: folklore,
    unclaimed: ['raft-snapshot'],
    member: class extends RaftMember {
      protected override holdsPosition(): boolean {
        return false
      }
    },
  }),
]
