/** Mutants of reads that do not go through the log. */
import type { Milliseconds } from '../../../models/vocabulary.ts'
import type { Message } from '../../../models/raft/vocabulary.ts'
import { never } from '../../../impl/reference/raft/core.ts'
import { RaftMember } from '../../../impl/reference/raft/member.ts'
import { folklore, mutant, type Mutant } from '../mutant.ts'

type ReadIndexResponse = Extract<Message, { readonly kind: 'read-index-response' }>

export const reads: readonly Mutant[] = [
  mutant({
    name: 'reads-without-quorum',
    breaks: 'raft/read-confirms-leadership',
    rule: 'A leader answers a read without asking whether it still leads.',
    seenIn: 'xraft-kv; robustness reports of etcd',
    member: class extends RaftMember {
      protected override isConfirmed({ round }: { readonly round: number }): boolean {
        return round > 0
      }
    },
  }),
  mutant({
    name: 'reads-by-earlier-round',
    breaks: 'raft/read-confirms-leadership',
    rule: 'A round that began before the read confirms it.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override isConfirmed(read: { readonly round: number }, round: number): boolean {
        return read.round > 0 && read.round <= round + 1
      }
    },
  }),
  mutant({
    name: 'reads-before-own-term-commit',
    breaks: 'raft/read-after-own-term-commit',
    rule: 'A new leader gives out its commit index before it has committed an entry of its own term.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override mayReadInTerm(): boolean {
        return true
      }
    },
  }),
  mutant({
    name: 'reads-before-applied',
    breaks: 'raft/read-waits-for-index',
    rule: 'A follower answers a read as soon as it knows the read index.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override mayAnswerRead(index: number): boolean {
        return index < never
      }
    },
  }),
  mutant({
    name: 'reads-by-answer-to-another',
    breaks: 'raft/read-confirms-leadership',
    rule: 'The read index that answers one read answers all that wait, those too that were asked for after it.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override onReadIndexResponse(response: ReadIndexResponse): void {
        for (const read of this.forwarded) super.onReadIndexResponse({ ...response, request: read.request })
      }
    },
  }),
  mutant({
    name: 'stale-read-index',
    breaks: 'raft/read-index-current',
    rule: 'The read index is that of the first entry of the term, not what is committed now.',
    seenIn: 'etcd-io/raft#397',
    member: class extends RaftMember {
      protected override readIndex(): number {
        return Math.min(this.openingIndex, this.commit)
      }
    },
  }),
  mutant({
    name: 'reads-never-end',
    breaks: 'raft/read-completes',
    rule: 'No round confirms a read.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override isConfirmed(): boolean {
        return false
      }
    },
  }),
  mutant({
    name: 'reads-of-new-leader-never-end',
    breaks: 'raft/read-completes',
    rule: 'Reads that come before the first commit of a term are forgotten.',
    seenIn: folklore,
    member: class extends RaftMember {
      private elections = 0
      protected override leadershipGained(): void {
        this.elections++
        super.leadershipGained()
      }
      protected override mayReadInTerm(): boolean {
        return this.elections < 2 && super.mayReadInTerm()
      }
    },
  }),
  mutant({
    name: 'lease-lasts-too-long',
    breaks: 'raft/lease-read-within-lease',
    rule: 'A lease lasts three election timeouts.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override leaseDuration(): Milliseconds {
        return 3 * this.options.electionTimeout
      }
    },
  }),
  mutant({
    name: 'lease-lasts-as-long-as-leadership',
    breaks: 'raft/lease-read-within-lease',
    rule: 'A leader that checks its quorum has a lease as long as it leads.',
    seenIn: 'etcd-io/raft, ReadOnlyLeaseBased',
    member: class extends RaftMember {
      protected override holdsLease(): boolean {
        return this.options.checkQuorum
      }
    },
  }),
  mutant({
    name: 'lease-outlives-transfer',
    breaks: 'raft/lease-read-within-lease',
    rule: 'A leader goes by its lease though the target of a transfer may be elected at any time.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override holdsLease(): boolean {
        return this.options.checkQuorum && this.now < this.leaseEnd
      }
    },
  }),
  mutant({
    name: 'leases-without-quorum-checks',
    breaks: 'raft/lease-needs-check-quorum',
    rule: 'Reads are served by lease though CheckQuorum is off.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override holdsLease(): boolean {
        return !this.leaseForfeited && this.now < this.leaseEnd
      }
      protected override read(operation: number, key: string, by: 'read-index' | 'lease'): void {
        if (this.role === 'leader') this.readAsLeader(operation, key, by === 'lease')
        else this.forwardRead(operation, key)
      }
    },
  }),
  mutant({
    name: 'lease-is-never-held',
    breaks: 'raft/lease-read-at-once',
    rule: 'Each lease read waits for a round of its own.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override holdsLease(): boolean {
        return false
      }
    },
  }),
  mutant({
    name: 'follower-ignores-read-index',
    breaks: 'raft/follower-read-completes',
    rule: 'A follower passes reads on and does nothing with the answer.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override onReadIndexResponse(): void {}
    },
  }),
  mutant({
    name: 'leader-ignores-forwarded-reads',
    breaks: 'raft/follower-read-completes',
    rule: 'A leader does not answer reads that its followers pass on.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override onReadIndex(): void {}
    },
  }),
  mutant({
    name: 'deposed-leader-forgets-reads',
    breaks: 'raft/operations-end',
    rule: 'A leader that loses its role does not tell those who wait for reads.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override failReads(): void {
        this.reads = []
      }
    },
  }),
]
