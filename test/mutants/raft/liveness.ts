/** Mutants that do nothing wrong in any one step, and yet never get there. */
import type { Entry } from '../../../models/raft/vocabulary.ts'
import type { Milliseconds } from '../../../models/vocabulary.ts'
import { RaftMember } from '../../../impl/reference/raft/member.ts'
import type { Progress } from '../../../impl/reference/raft/progress.ts'
import { folklore, mutant, type Mutant } from '../mutant.ts'

export const liveness: readonly Mutant[] = [
  mutant({
    name: 'grants-no-pre-vote',
    breaks: 'raft/elects-leader',
    rule: 'No pre-vote is ever granted.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override mayGrantPreVote(): boolean {
        return false
      }
    },
  }),
  mutant({
    name: 'same-timeouts',
    breaks: 'raft/elects-leader',
    rule: 'All members have the same election timeout, always.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override drawElectionTimeout(): Milliseconds {
        return Math.floor(1.5 * this.options.electionTimeout)
      }
    },
  }),
  mutant({
    name: 'refuses-after-lost-leadership',
    breaks: 'raft/commits-after-heal',
    rule: 'A leader that lost leadership once refuses all proposals when it leads again.',
    seenIn: folklore,
    member: class extends RaftMember {
      private terms = 0
      protected override leadershipGained(): void {
        this.terms++
        super.leadershipGained()
      }
      protected override refusesProposals(): string {
        return this.terms > 1 ? 'busy' : super.refusesProposals()
      }
    },
  }),
  mutant({
    name: 'forgets-who-waits',
    breaks: 'raft/commits-after-heal',
    rule: 'A leader that was deposed once does not answer writes when it leads again.',
    seenIn: folklore,
    member: class extends RaftMember {
      private deposed = false
      protected override leadershipLost(): void {
        super.leadershipLost()
        this.deposed = true
      }
      protected override answerApplied(operation: number, entry: Entry, value: string | null): void {
        if (!this.deposed) super.answerApplied(operation, entry, value)
      }
    },
  }),
  mutant({
    name: 'empty-retries',
    breaks: 'raft/replicas-converge',
    rule: 'What was sent once to a member is not sent again: retries carry no entries.',
    seenIn: 'willemt/raft#118',
    unclaimed: ['raft-flow-control'],
    member: class extends RaftMember {
      private sentTo: number[] = []
      private isRetry = false
      protected override sendAppend(peer: number, progress: Progress): void {
        this.isRetry = progress.next <= (this.sentTo[peer] ?? 0)
        this.lastAppend = null
        const last = Math.min(progress.next - 1 + this.options.maxEntries, this.log.lastIndex)
        super.sendAppend(peer, progress)
        this.sentTo[peer] = Math.max(this.sentTo[peer] ?? 0, last)
        this.lastAppend = null
      }
      protected override entriesFrom(index: number): Entry[] {
        return this.isRetry ? [] : super.entriesFrom(index)
      }
    },
  }),
]
