/** Mutants of what counts as committed, what is applied, and what clients are told. */
import type { Entry, Inspection } from '../../../models/raft/vocabulary.ts'
import type { MemberSetup } from '../../../impl/reference/raft/core.ts'
import { RaftMember } from '../../../impl/reference/raft/member.ts'
import type { Progress } from '../../../impl/reference/raft/progress.ts'
import type { AppendResponse } from '../../../impl/reference/raft/replication.ts'
import { folklore, mutant, type Mutant } from '../mutant.ts'

export const commitment: readonly Mutant[] = [
  // The leader's commit index

  mutant({
    name: 'commits-older-term',
    breaks: 'raft/commits-own-term-only',
    rule: 'A leader commits an entry of an older term by counting who holds it.',
    seenIn: 'microsoft/CCF#3971; PySyncObj#169; canonical/raft#220',
    member: class extends RaftMember {
      protected override mayCommit(): boolean {
        return true
      }
    },
  }),
  mutant({
    name: 'commits-on-nack',
    breaks: 'raft/commit-needs-majority',
    rule: 'A refused append counts as an acknowledgement of the refused index.',
    seenIn: 'microsoft/CCF#5325',
    member: class extends RaftMember {
      protected override refused(peer: number, progress: Progress, response: AppendResponse): void {
        const matched = this.matched[peer]!
        this.raiseMatch(peer, Math.min(response.index, this.log.lastIndex))
        this.advanceCommit()
        this.matched[peer] = matched
        super.refused(peer, progress, response)
      }
    },
  }),
  mutant({
    name: 'keeps-match-of-older-term',
    breaks: 'raft/heartbeat-commit-matched',
    rule: 'A leader that is elected again starts from what was acknowledged to it in its last term.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override leadershipGained(): void {
        const { matched } = this
        super.leadershipGained()
        for (const peer of this.membership.members) this.raiseMatch(peer, matched[peer] ?? 0)
        this.matched[this.self] = this.ownMatch()
      }
    },
  }),
  mutant({
    name: 'commits-with-half',
    breaks: 'raft/commit-needs-majority',
    rule: 'An entry is committed when half of the voters hold it.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override advanceCommit(): void {
        super.advanceCommit()
        const { electors } = this.membership
        const held = electors.filter((peer) => (this.matched[peer] ?? 0) > this.commit).length
        if (2 * held >= electors.length && this.mayCommit(this.commit + 1)) this.commitTo(this.commit + 1)
      }
    },
  }),
  mutant({
    name: 'commits-what-it-sent',
    breaks: 'raft/commit-needs-majority',
    rule: 'An entry counts as held by a member as soon as it was sent to it.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override sendAppend(peer: number, progress: Progress): void {
        super.sendAppend(peer, progress)
        if (progress.mode === 'replicate') this.raiseMatch(peer, progress.next - 1)
      }
    },
  }),
  mutant({
    name: 'commit-stalls',
    breaks: 'raft/commits-when-matched',
    rule: 'After its fifth commit in a term a leader does not look again what is held by a quorum.',
    seenIn: 'raftos#30',
    member: class extends RaftMember {
      private raised = 0
      protected override mayCommit(index: number): boolean {
        return super.mayCommit(index) && ++this.raised <= 5
      }
    },
  }),
  mutant({
    name: 'commits-by-everybody',
    breaks: 'raft/commits-when-matched',
    rule: 'An entry is committed when all voters hold it.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override reachedByQuorum(values: readonly number[]): number {
        const reached = super.reachedByQuorum(values)
        return values === this.matched
          ? Math.min(reached, ...this.membership.electors.map((peer) => values[peer] ?? 0))
          : reached
      }
    },
  }),
  mutant({
    name: 'commit-regresses',
    breaks: 'raft/commit-never-falls',
    rule: 'The commit index follows what was heard last, also where that is less than before.',
    seenIn: 'PySyncObj#166; etcd-io/etcd#10063',
    member: class extends RaftMember {
      protected override commitTo(index: number): void {
        this.commit = index
      }
    },
  }),

  // The follower's

  mutant({
    name: 'commits-beyond-append',
    breaks: 'raft/follower-commit-bounded',
    rule: "A follower bounds the announced commit index by the end of its log, not by the append's last entry.",
    seenIn: folklore,
    member: class extends RaftMember {
      protected override commitAfterAppend(leaderCommit: number): number {
        return Math.min(leaderCommit, this.log.lastIndex)
      }
    },
  }),
  mutant({
    name: 'commits-with-heartbeats-only',
    breaks: 'raft/follower-commits',
    rule: 'A follower does not look at the commit index of an append.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override commitAfterAppend(): number {
        return 0
      }
    },
  }),
  mutant({
    name: 'commits-before-append',
    breaks: 'raft/follower-commits',
    rule: 'A follower commits what the append announces only as far as its log went before the append.',
    seenIn: folklore,
    member: class extends RaftMember {
      private lastBefore = 0
      protected override acceptEntries(entries: readonly Entry[]): void {
        this.lastBefore = this.log.lastIndex
        super.acceptEntries(entries)
      }
      protected override commitAfterAppend(leaderCommit: number, last: number): number {
        return Math.min(super.commitAfterAppend(leaderCommit, last), this.lastBefore)
      }
    },
  }),
  mutant({
    name: 'commits-one-too-many-after-restart',
    breaks: 'raft/commit-within-log',
    rule: 'A restarted member takes the index after its log for its commit index; no persistence is claimed.',
    seenIn: folklore,
    unclaimed: ['raft-persistence'],
    member: class extends RaftMember {
      constructor(setup: MemberSetup) {
        super(setup)
        if (setup.incarnation > 0) this.commit = this.log.lastIndex + 1
        this.seen = this.observe()
      }
    },
  }),

  // What all agree on

  mutant({
    name: 'commits-whole-log-after-restart',
    breaks: 'raft/committed-agree',
    rule: 'A restarted member takes its whole log for committed; no persistence is claimed.',
    seenIn: folklore,
    unclaimed: ['raft-persistence'],
    member: class extends RaftMember {
      constructor(setup: MemberSetup) {
        super(setup)
        if (setup.incarnation > 0) this.commit = this.log.lastIndex
        this.seen = this.observe()
      }
    },
  }),
  mutant({
    name: 'single-change-unclaimed',
    breaks: 'raft/leader-completeness',
    rule: 'The membership changes before an entry of the own term is committed; no time of effect is claimed.',
    seenIn: 'raft-dev mail of July 2015',
    unclaimed: ['raft-config-on-append'],
    member: class extends RaftMember {
      protected override mayChangeInTerm(): boolean {
        return true
      }
    },
  }),

  // Applying

  mutant({
    name: 'skips-an-application',
    breaks: 'raft/applies-in-order',
    rule: 'Of several entries that become committed at once the last is applied.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override settle(): void {
        if (this.applied < this.commit) this.applied = this.commit - 1
        super.settle()
      }
    },
  }),
  mutant({
    name: 'applies-again-as-leader',
    breaks: 'raft/applies-in-order',
    rule: 'A new leader applies the last entry again.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override leadershipGained(): void {
        super.leadershipGained()
        if (this.applied > this.log.baseIndex) this.applied--
      }
    },
  }),
  mutant({
    name: 'applies-when-appended',
    breaks: 'raft/applies-committed-only',
    rule: 'Entries are applied as soon as they are in the log.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override settle(): void {
        while (this.applied < this.log.lastIndex) this.applyNext()
        super.settle()
      }
    },
  }),
  mutant({
    name: 'applies-one-ahead',
    breaks: 'raft/applies-committed-only',
    rule: 'A leader applies an entry that it added while everything before it is committed.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override settle(): void {
        super.settle()
        if (this.role === 'leader' && this.log.at(this.applied + 1)?.term === this.term) this.applyNext()
      }
    },
  }),
  mutant({
    name: 'state-machine-knows-its-node',
    breaks: 'raft/applied-agree',
    rule: 'The state machine of each node holds something that depends on the node.',
    seenIn: folklore,
    member: class extends RaftMember {
      override inspect(): Inspection {
        const inspection = super.inspect()
        return { ...inspection, store: [['applied-by', this.name], ...inspection.store] }
      }
    },
  }),
  mutant({
    name: 'followers-skip-comparisons',
    breaks: 'raft/applied-agree',
    rule: 'A follower carries out a compare-and-set without comparing.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override applyEntry(entry: Entry): string | null {
        const parts = entry.digest.split(' ')
        if (this.role === 'leader' || parts[0] !== 'cas') return super.applyEntry(entry)
        return this.store.apply(`put ${parts[1]} ${parts[3]} ${parts[4]}`)
      }
    },
  }),

  // Clients

  mutant({
    name: 'answers-when-appended',
    breaks: 'raft/responds-after-applying',
    rule: 'A write is answered ok as soon as it is in the log of the leader.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override awaitEntry(operation: number, index: number): void {
        if (index > this.openingIndex) this.result(operation, 'ok', null, '')
      }
    },
  }),
  mutant({
    name: 'answers-lost-writes-ok',
    breaks: 'raft/responds-after-applying',
    rule: 'Writes that wait when leadership is lost are answered ok.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override answerLost(): void {
        for (const { operation } of this.waiting) this.result(operation, 'ok', null, '')
        this.waiting = []
      }
    },
  }),
  mutant({
    name: 'caches-gets',
    breaks: 'raft/linearizable',
    rule: 'A get that goes through the log is answered with what the last get of its leader found.',
    seenIn: folklore,
    member: class extends RaftMember {
      private readonly found = new Map<string, string | null>()
      protected override answerApplied(operation: number, entry: Entry, value: string | null): void {
        const [type, key] = entry.digest.split(' ')
        if (type !== 'get') return super.answerApplied(operation, entry, value)
        super.answerApplied(operation, entry, this.found.has(key!) ? this.found.get(key!)! : value)
        this.found.set(key!, value)
      }
    },
  }),
  mutant({
    name: 'comparisons-always-succeed',
    breaks: 'raft/linearizable',
    rule: 'A compare-and-set is answered with success, whatever came of it.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override answerApplied(operation: number, entry: Entry, value: string | null): void {
        super.answerApplied(operation, entry, value === 'false' ? 'true' : value)
      }
    },
  }),
  mutant({
    name: 'lost-writes-fail',
    breaks: 'raft/responds-after-applying',
    rule: 'A write that waits when leadership is lost is answered failed, though it may yet be committed.',
    seenIn: folklore,
    unclaimed: ['raft-swarmkit'],
    member: class extends RaftMember {
      protected override answerLost(): void {
        for (const { operation } of this.waiting) this.result(operation, 'failed', null, 'lost-leadership')
        this.waiting = []
      }
    },
  }),
  mutant({
    name: 'state-machine-forgets',
    breaks: 'raft/linearizable',
    rule: 'Every member applies every tenth command as a read, so that all agree and clients are told nothing of it.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override applyEntry(entry: Entry): string | null {
        const [type, key, ...rest] = entry.digest.split(' ')
        if (type !== 'put' || entry.index % 10 !== 0) return super.applyEntry(entry)
        this.store.apply(`get ${key} ${rest.at(-1)}`)
        return null
      }
    },
  }),
]
