/** What a leader keeps of each member's flow control. How far a member's log is known to match is kept beside it. */
import type { Milliseconds } from '../../../models/vocabulary.ts'

/** Probe: one message, then wait. Replicate: a window of messages. Snapshot: wait until it is installed. */
export type Mode = 'probe' | 'replicate' | 'snapshot'

export class Progress {
  mode: Mode = 'probe'
  /** Index of the next entry to send. */
  next: number
  /** Probe: a message is on its way, send no other. */
  paused = false
  /** Replicate: the last index of each message on its way, oldest first. */
  inflight: number[] = []
  /** When the oldest unanswered append, or the snapshot, was sent, or the last one was answered. */
  waitingSince: Milliseconds = 0
  /** Heard from since the leader last checked its quorum. */
  active = false

  constructor(next: number) {
    this.next = next
  }

  /** Finds out where the logs meet, from `next` on. */
  probe(next: number): void {
    this.mode = 'probe'
    this.next = next
    this.paused = false
    this.inflight.length = 0
  }

  /** The logs match up to before `next`. */
  replicate(next: number): void {
    this.mode = 'replicate'
    this.next = next
    this.inflight.length = 0
  }

  awaitSnapshot(now: Milliseconds): void {
    this.mode = 'snapshot'
    this.waitingSince = now
    this.inflight.length = 0
  }
}
