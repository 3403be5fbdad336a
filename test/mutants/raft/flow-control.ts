/** Mutants of flow control. */
import type { Entry } from '../../../models/raft/vocabulary.ts'
import { RaftMember } from '../../../impl/reference/raft/member.ts'
import type { Progress } from '../../../impl/reference/raft/progress.ts'
import { folklore, mutant, type Mutant } from '../mutant.ts'

export const flowControl: readonly Mutant[] = [
  mutant({
    name: 'no-window',
    breaks: 'raft/window-bounds-inflight',
    rule: 'A leader sends whatever it has, however much is on the way.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override mayStream({ mode, next }: Progress): boolean {
        return mode === 'replicate' && next <= this.log.lastIndex
      }
    },
  }),
  mutant({
    name: 'acknowledgement-frees-window',
    breaks: 'raft/window-bounds-inflight',
    rule: 'An acknowledgement frees the whole window, also for what was sent after what it acknowledges.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override freeWindow({ inflight }: Progress): void {
        inflight.length = 0
      }
    },
  }),
  mutant({
    name: 'entries-unbounded',
    breaks: 'raft/entries-bounded',
    rule: 'An append carries all entries from its first one on.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override entriesFrom(index: number): Entry[] {
        return this.log.from(index, this.log.lastIndex)
      }
    },
  }),
  mutant({
    name: 'inflight-leak',
    breaks: 'raft/window-reopens',
    rule: 'Each answer frees one place in the window: the place of a message that got lost stays taken.',
    seenIn: 'etcd-io/raft#54',
    member: class extends RaftMember {
      private taken: number[] = []
      protected override sendAppend(peer: number, progress: Progress): void {
        const taken = this.taken[peer] ?? 0
        if (taken >= this.options.maxInflight) return
        if (progress.next <= this.log.lastIndex) this.taken[peer] = taken + 1
        super.sendAppend(peer, progress)
      }
      protected override acknowledged(peer: number, progress: Progress, index: number): void {
        this.taken[peer] = Math.max((this.taken[peer] ?? 0) - 1, 0)
        super.acknowledged(peer, progress, index)
      }
    },
  }),
  mutant({
    name: 'probe-is-not-repeated',
    breaks: 'raft/window-reopens',
    rule: 'A probe that got lost is not repeated.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override isStalled(peer: number, progress: Progress): boolean {
        return progress.mode !== 'probe' && super.isStalled(peer, progress)
      }
    },
  }),
  mutant({
    name: 'waits-for-next-round',
    breaks: 'raft/sends-on',
    rule: 'An acknowledgement frees the window, and the next entries wait for the next proposal or heartbeat.',
    seenIn: folklore,
    member: class extends RaftMember {
      private acknowledging = false
      protected override acknowledged(peer: number, progress: Progress, index: number): void {
        this.acknowledging = true
        super.acknowledged(peer, progress, index)
        this.acknowledging = false
      }
      protected override sendTo(peer: number): void {
        if (!this.acknowledging) super.sendTo(peer)
      }
    },
  }),
]
