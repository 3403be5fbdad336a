/** Mutants of how a log gets from a leader to its followers. */
import type { Command, Entry, Message, Operation } from '../../../models/raft/vocabulary.ts'
import type { NodeId } from '../../../models/vocabulary.ts'
import type { Saved, JournalRecord } from '../../../impl/reference/raft/journal.ts'
import { Disk } from '../../../impl/reference/raft/disk.ts'
import { RaftMember } from '../../../impl/reference/raft/member.ts'
import type { Progress } from '../../../impl/reference/raft/progress.ts'
import type { AppendRequest, AppendResponse } from '../../../impl/reference/raft/replication.ts'
import { printCommand } from '../../../impl/reference/store/command.ts'
import { folklore, mutant, type Mutant } from '../mutant.ts'

export const replication: readonly Mutant[] = [
  // Who leads

  mutant({
    name: 'candidate-sends-heartbeats',
    breaks: 'raft/only-leader-appends',
    rule: 'A candidate tells all voters that it leads before it has won.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override campaign(transfer: boolean): void {
        super.campaign(transfer)
        const view = { kind: 'heartbeat', term: this.term, commit: 0, round: 0 } as const
        for (const peer of this.membership.electors)
          if (peer !== this.self) this.send(this.directory.names[peer]!, view, this.afterState())
      }
    },
  }),
  mutant({
    name: 'heartbeats-after-stepping-down',
    breaks: 'raft/only-leader-appends',
    rule: 'A leader that sees a higher term sends a last round of heartbeats, in that term.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override becomeFollower(term: number, leader: NodeId | null): void {
        const { role } = this
        super.becomeFollower(term, leader)
        if (role === 'leader') this.sendHeartbeats()
      }
    },
  }),
  mutant({
    name: 'follows-older-leader',
    breaks: 'raft/rejects-older-leader',
    rule: 'An append of an older term is taken like one of the present term.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override isStale(view: Message): boolean {
        return super.isStale(view) && view.kind !== 'append-entries'
      }
    },
  }),
  mutant({
    name: 'acknowledges-older-leader',
    breaks: 'raft/rejects-older-leader',
    rule: 'An append of an older term is answered by success, though its entries are not taken.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override answerStale(from: NodeId, message: Message): void {
        if (message.kind !== 'append-entries') return super.answerStale(from, message)
        this.answerAppend(from, true, message.previousIndex, 0, message.round)
      }
    },
  }),
  mutant({
    name: 'no-heartbeats-while-appending',
    breaks: 'raft/heartbeats',
    rule: 'A heartbeat is left out as long as the member has not answered the last append.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override sendHeartbeats(): number {
        const round = this.nextRound()
        for (const peer of this.membership.members)
          if (peer !== this.self && this.progress[peer]!.inflight.length === 0)
            this.send(this.directory.names[peer]!, this.heartbeat(this.commitToTell(peer), round))
        return round
      }
    },
  }),
  mutant({
    name: 'slow-heartbeats',
    breaks: 'raft/heartbeats',
    rule: 'Heartbeats are sent every two election timeouts.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override heartbeatDue(): void {
        super.heartbeatDue()
        this.heartbeatDeadline = this.now + 2 * this.options.electionTimeout
      }
    },
  }),

  // What a leader sends

  mutant({
    name: 'tells-own-term-before-entries',
    breaks: 'raft/append-tells-own-log',
    rule: 'An append tells the present term as that of the entry before it.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override termBefore(next: number): number {
        return super.termBefore(next) < 0 ? super.termBefore(next) : this.term
      }
    },
  }),
  mutant({
    name: 're-terms-old-entries',
    breaks: 'raft/append-tells-own-log',
    rule: 'Entries of older terms are sent as entries of the present term.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override entriesFrom(index: number): Entry[] {
        return super.entriesFrom(index).map((entry) => ({ ...entry, term: this.term }))
      }
    },
  }),
  mutant({
    name: 'skips-an-entry',
    breaks: 'raft/append-tells-own-log',
    rule: 'Of three or more entries in one append the second is left out.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override entriesFrom(index: number): Entry[] {
        const entries = super.entriesFrom(index)
        return entries.length < 3 ? entries : entries.toSpliced(1, 1)
      }
    },
  }),
  mutant({
    name: 'tells-term-zero-of-discarded',
    breaks: 'raft/append-tells-own-log',
    rule: 'A leader that has discarded the entry before an append tells its term as 0, and sends no snapshot.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override termBefore(next: number): number {
        return Math.max(super.termBefore(next), 0)
      }
    },
  }),
  mutant({
    name: 'announces-uncommitted',
    breaks: 'raft/append-tells-own-commit',
    rule: 'An append announces the last entry of the log as committed.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override appendRequest(previousIndex: number, previousTerm: number): AppendRequest {
        return { ...super.appendRequest(previousIndex, previousTerm), commit: this.log.lastIndex }
      }
    },
  }),
  mutant({
    name: 'heartbeat-tells-own-commit',
    breaks: 'raft/heartbeat-commit-matched',
    rule: 'A heartbeat announces the commit index to a member whose log is not known to match so far.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override commitToTell(): number {
        return this.commit
      }
    },
  }),
  mutant({
    name: 'replaces-uncommitted-entry',
    breaks: 'raft/leader-append-only',
    rule: 'A leader that is asked for another entry while the last is not committed replaces the last one.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override propose(operation: number, command: Command): void {
        if (this.role === 'leader' && this.log.lastIndex > Math.max(this.commit, this.openingIndex))
          this.truncate(this.log.lastIndex - 1)
        super.propose(operation, command)
      }
    },
  }),
  mutant({
    name: 'appends-in-term-of-last-entry',
    breaks: 'raft/leader-appends-own-term',
    rule: 'A leader gives a new entry the term of the entry before it.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override appendOwn(entry: Entry): void {
        super.appendOwn({ ...entry, term: this.log.lastTerm })
      }
    },
  }),
  mutant({
    name: 'takes-proposals-as-follower',
    breaks: 'raft/only-leader-takes-proposals',
    rule: 'A follower appends what a client proposes to its own log.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override refusesProposals(): string {
        return this.transferTarget === null ? '' : 'transfer-in-progress'
      }
    },
  }),

  // What a follower takes

  mutant({
    name: 'checks-index-only',
    breaks: 'raft/append-consistency-check',
    rule: 'A follower asks whether it has an entry at the previous index, not of which term that is.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override matchesPrevious({ previousIndex }: AppendRequest): boolean {
        return previousIndex <= this.log.lastIndex
      }
    },
  }),
  mutant({
    name: 'compacted-term-matches',
    breaks: 'raft/append-consistency-check',
    also: { 'raft/append-takes-entries': 'entries behind an unknown one leave a gap in the log' },
    rule: 'An entry that a follower has discarded, or never had, has term 0, and term 0 compares as equal.',
    seenIn: 'etcd-io/raft#31',
    member: class extends RaftMember {
      protected override matchesPrevious({ previousIndex, previousTerm }: AppendRequest): boolean {
        const term = Math.max(this.log.termAt(previousIndex), 0)
        return term === 0 || term === previousTerm
      }
    },
  }),
  mutant({
    name: 'commits-by-refused-append',
    breaks: 'raft/append-consistency-check',
    rule: 'A follower takes over the commit index of an append that it refuses.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override refuseAppend(from: NodeId, request: AppendRequest): void {
        this.commitTo(Math.min(request.commit, this.log.lastIndex))
        super.refuseAppend(from, request)
      }
    },
  }),
  mutant({
    name: 'appends-wrong-entries',
    breaks: 'raft/append-takes-entries',
    rule: 'After a conflict the entries of the append are added one index too late: the conflicting one stays.',
    seenIn: 'willemt/raft#118',
    member: class extends RaftMember {
      protected override acceptEntries(entries: readonly Entry[]): void {
        const conflict = entries.findIndex((entry) => !this.isPresent(entry))
        const index = entries[conflict]?.index ?? Infinity
        if (index > this.log.lastIndex) return super.acceptEntries(entries)
        if (index < this.log.lastIndex) this.removeConflicting(index)
        for (const entry of entries.slice(conflict)) this.append({ ...entry, index: this.log.lastIndex + 1 })
      }
    },
  }),
  mutant({
    name: 'takes-first-entry-only',
    breaks: 'raft/append-takes-entries',
    rule: 'Of an append with several entries the first one is taken, and acknowledged.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override acceptAppend(from: NodeId, request: AppendRequest): void {
        super.acceptAppend(from, { ...request, entries: request.entries.slice(0, 1) })
      }
    },
  }),
  mutant({
    name: 'keeps-conflicting-entries',
    breaks: 'raft/append-takes-entries',
    rule: 'An entry that is present is not compared: only entries behind the log are taken.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override isPresent({ index }: Entry): boolean {
        return index <= this.log.lastIndex
      }
    },
  }),
  mutant({
    name: 'truncates-on-early-append',
    breaks: 'raft/append-keeps-matching-entries',
    rule: 'Everything behind the previous entry of an append is removed before its entries are added.',
    seenIn: 'microsoft/CCF#5991; raftos#26',
    member: class extends RaftMember {
      protected override acceptEntries(entries: readonly Entry[]): void {
        const fresh = entries.filter(({ index }) => index > this.log.baseIndex)
        const [first] = fresh
        if (first === undefined) return
        if (first.index <= this.log.lastIndex) this.truncate(first.index - 1)
        for (const entry of fresh) this.append(entry)
      }
    },
  }),
  mutant({
    name: 'truncates-behind-append',
    breaks: 'raft/append-keeps-matching-entries',
    rule: 'Entries behind the last one of an append are removed, though nothing conflicts.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override acceptEntries(entries: readonly Entry[]): void {
        super.acceptEntries(entries)
        const last = entries.at(-1)
        if (last !== undefined && last.index < this.log.lastIndex && last.index >= this.commit)
          this.truncate(last.index)
      }
    },
  }),
  mutant({
    name: 'steps-down-and-forgets',
    breaks: 'raft/never-removes-committed',
    rule: 'A leader that steps down removes the last entry that it committed, and what follows.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override leadershipLost(): void {
        super.leadershipLost()
        if (this.commit > this.log.baseIndex) this.truncate(this.commit - 1)
      }
    },
  }),

  // What a follower answers

  mutant({
    name: 'acks-beyond-append',
    breaks: 'raft/acknowledges-what-matches',
    rule: 'A follower acknowledges its whole log, not what the append showed to match.',
    seenIn: 'microsoft/CCF#6001',
    member: class extends RaftMember {
      protected override indexToAcknowledge(): number {
        return this.log.lastIndex
      }
    },
  }),
  mutant({
    name: 'acknowledges-instead-of-refusing',
    breaks: 'raft/refuses-what-does-not-match',
    rule: 'An append that does not fit is answered by success up to the commit index.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override refuseAppend(from: NodeId, request: AppendRequest): void {
        this.answerAppend(from, true, this.commit, 0, request.round)
      }
    },
  }),
  mutant({
    name: 'refuses-in-silence',
    breaks: 'raft/answers-requests',
    rule: 'An append that does not fit is not answered.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override refuseAppend(): void {}
    },
  }),
  mutant({
    name: 'answers-granted-votes-only',
    breaks: 'raft/answers-requests',
    rule: 'A vote request that is refused is not answered.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override answerVote(
        to: NodeId,
        kind: 'request-vote-response' | 'pre-vote-response',
        term: number,
        granted: boolean,
      ): void {
        if (granted || kind === 'pre-vote-response') super.answerVote(to, kind, term, granted)
      }
    },
  }),
  mutant({
    name: 'does-not-answer-old-entries',
    breaks: 'raft/answers-requests',
    rule: 'An append that brings nothing new is not answered, as its answer went out before.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override acceptAppend(from: NodeId, request: AppendRequest): void {
        const isOld = request.entries.length > 0 && request.entries.every((entry) => this.isPresent(entry))
        if (isOld) this.commitTo(this.commitAfterAppend(request.commit, this.lastOf(request)))
        else super.acceptAppend(from, request)
      }
    },
  }),

  // Logs that differ

  mutant({
    name: 'disk-alters-entries',
    breaks: 'raft/log-matching',
    rule: 'A restart reads the first entry of the journal with other contents; no persistence is claimed.',
    seenIn: folklore,
    unclaimed: ['raft-persistence'],
    disk: class extends Disk {
      protected override recovered(records: readonly JournalRecord[]): Saved {
        const saved = super.recovered(records)
        const entries = saved.entries.map((entry) =>
          entry.kind === 'command' && entry === saved.entries.find(({ kind }) => kind === 'command')
            ? { ...entry, digest: `${entry.digest}?` }
            : entry,
        )
        return { ...saved, entries }
      }
    },
  }),

  // Survival

  mutant({
    name: 'panics-on-early-append',
    breaks: 'raft/survives',
    rule: 'An append behind the end of the log panics.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override matchesPrevious(request: AppendRequest): boolean {
        if (request.previousIndex > this.log.lastIndex) throw new RangeError('append behind the end of the log')
        return super.matchesPrevious(request)
      }
    },
  }),
  mutant({
    name: 'panics-on-late-acknowledgement',
    breaks: 'raft/survives',
    rule: 'A leader asserts that acknowledgements come in order.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override raiseMatch(peer: number, index: number): void {
        if (index < this.matched[peer]!) throw new Error('acknowledged less than before')
        super.raiseMatch(peer, index)
      }
    },
  }),
  mutant({
    name: 'panics-when-not-leader',
    breaks: 'raft/survives',
    rule: 'A member that does not lead panics when it is asked for a change of membership.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override carryOut(id: number, operation: Operation): void {
        if (operation.type === 'change-membership' && this.role !== 'leader') throw new Error('not leader')
        super.carryOut(id, operation)
      }
    },
  }),

  // Forwarding

  mutant({
    name: 'forwards-proposals',
    breaks: 'raft/proposals-not-forwarded',
    rule: 'A follower passes what a client proposes on to its leader, beside refusing it.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override propose(operation: number, command: Command): void {
        const view = { kind: 'propose', term: this.term, digests: [printCommand(command, operation)] } as const
        if (this.role === 'follower' && this.leader !== null) this.send(this.leader, view, this.afterState())
        super.propose(operation, command)
      }
    },
  }),

  // The leader's book-keeping

  mutant({
    name: 'match-regresses',
    breaks: 'raft/next-above-match',
    rule: 'Match and next index follow the last acknowledgement, also where that is an older one.',
    seenIn: 'PySyncObj#167; raftos#25',
    member: class extends RaftMember {
      protected override raiseMatch(peer: number, index: number): void {
        if (index < this.matched[peer]!) this.progress[peer]!.next = index + 1
        this.matched[peer] = index
      }
    },
  }),
  mutant({
    name: 'next-not-above-match',
    breaks: 'raft/next-above-match',
    rule: 'A refusal sets the next index back as it says, also below what is known to match.',
    seenIn: 'PySyncObj#167; etcd-io/raft#149',
    member: class extends RaftMember {
      protected override refused(peer: number, progress: Progress, { index, hint }: AppendResponse): void {
        progress.probe(hint > 0 && hint < index ? hint : Math.max(index, 1))
        this.sendTo(peer)
      }
    },
  }),
  mutant({
    name: 'retries-from-match',
    breaks: 'raft/next-above-match',
    rule: 'A retry begins with the last entry that was acknowledged.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override retry(peer: number, progress: Progress): void {
        progress.probe(progress.mode === 'probe' ? progress.next : Math.max(this.matched[peer]!, 1))
        this.sendTo(peer)
      }
    },
  }),
]
