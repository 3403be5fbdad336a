/** The leader's side of replication: what it sends to whom, and what it learns from the answers. */
import type { Entry, Message } from '../../../models/raft/vocabulary.ts'
import type { Milliseconds } from '../../../models/vocabulary.ts'
import { never } from './core.ts'
import { ElectionRules } from './elections.ts'
import { emptyEntry } from './entry.ts'
import { unknownTerm } from './log.ts'
import { Progress } from './progress.ts'

export type AppendRequest = Extract<Message, { kind: 'append-entries' }>
export type AppendResponse = Extract<Message, { kind: 'append-entries-response' }>
export type Heartbeat = Extract<Message, { kind: 'heartbeat' }>
export type HeartbeatResponse = Extract<Message, { kind: 'heartbeat-response' }>

export abstract class ReplicationRules extends ElectionRules {
  /** By member number; only of members. */
  protected progress: (Progress | undefined)[] = []
  /** By member number: up to where the member's durable log is known to match. */
  protected matched: number[] = []
  /** By member number: when the member was last heard. */
  protected heardFrom: Milliseconds[] = []
  protected heartbeatDeadline: Milliseconds = never
  protected quorumDeadline: Milliseconds = never
  /** Index of the entry that opened this leadership. */
  protected openingIndex = 0
  /** Requests of this step, so that members that need the same get the same. */
  protected lastAppend: AppendRequest | null = null
  protected lastHeartbeat: Heartbeat | null = null

  protected abstract sendSnapshot(peer: number, progress: Progress): void
  protected abstract advanceCommit(): void
  /** Number of the latest round of leadership confirmation, and a new one. */
  protected abstract nextRound(): number
  protected abstract roundConfirmed(peer: number, round: number): void
  protected abstract caughtUp(peer: number): void

  protected override begin(at: Milliseconds): void {
    super.begin(at)
    this.lastAppend = null
    this.lastHeartbeat = null
  }

  // Leadership

  protected override leadershipGained(): void {
    const next = this.log.lastIndex + 1
    this.progress = []
    this.matched = this.directory.names.map(() => 0)
    this.heardFrom = this.directory.names.map(() => -never)
    for (const peer of this.membership.members) this.progress[peer] = new Progress(next)
    this.matched[this.self] = this.ownMatch()
    this.heartbeatDeadline = this.now + this.options.heartbeatInterval
    this.quorumDeadline = this.options.checkQuorum ? this.now + this.options.electionTimeout : never
    this.openingIndex = next
    this.openTerm()
  }

  /** A leader opens its term with an entry of its own, since it may commit no earlier ones without. */
  protected openTerm(): void {
    this.appendOwn(emptyEntry(this.log.lastIndex + 1, this.term))
  }

  /** Appends an entry of the own term, and sends it to all. */
  protected appendOwn(entry: Entry): void {
    this.append(entry)
    this.sendToAll()
  }

  /** A leader counts itself only as far as its log is durable. */
  protected ownMatch(): number {
    return this.durableIndex
  }

  protected ownLogCompleted(): void {
    if (this.role !== 'leader') return
    this.matched[this.self] = this.ownMatch()
    this.advanceCommit()
  }

  /** Members that the configuration in effect brings get a progress, those that it takes away lose theirs. */
  protected trackMembers(): void {
    for (const peer of this.membership.members)
      if (this.progress[peer] === undefined) {
        this.progress[peer] = new Progress(this.log.lastIndex + 1)
        this.matched[peer] = peer === this.self ? this.ownMatch() : 0
      }
    for (let peer = 0; peer < this.progress.length; peer++)
      if (!this.membership.has(peer)) this.progress[peer] = undefined
  }

  // Sending

  protected sendToAll(): void {
    for (const peer of this.membership.members) if (peer !== this.self) this.sendTo(peer)
  }

  /** Sends what the flow control of this member allows now. */
  protected sendTo(peer: number): void {
    const progress = this.progress[peer]
    if (progress === undefined) return
    if (progress.mode === 'probe') this.sendProbe(peer, progress)
    else this.stream(peer, progress)
  }

  /** A probe waits for its answer before it sends again. */
  protected sendProbe(peer: number, progress: Progress): void {
    if (progress.paused) return
    progress.paused = true
    this.sendAppend(peer, progress)
  }

  protected stream(peer: number, progress: Progress): void {
    for (let sent = 0; sent < progress.next && this.mayStream(progress);) {
      sent = progress.next
      this.sendAppend(peer, progress)
    }
  }

  /** In replication, entries are sent before those sent earlier are answered, within a window of messages. */
  protected mayStream({ mode, next, inflight }: Progress): boolean {
    return mode === 'replicate' && next <= this.log.lastIndex && inflight.length < this.options.maxInflight
  }

  protected sendAppend(peer: number, progress: Progress): void {
    const previousIndex = progress.next - 1
    const previousTerm = this.termBefore(progress.next)
    if (previousTerm === unknownTerm) return this.sendSnapshot(peer, progress)
    const view = this.appendRequest(previousIndex, previousTerm)
    if (progress.inflight.length === 0) progress.waitingSince = this.now
    if (progress.mode === 'replicate') {
      progress.next += view.entries.length
      progress.inflight.push(progress.next - 1)
    }
    this.send(this.directory.names[peer]!, view)
  }

  /** Term of the entry before `next`, or unknown if it was discarded. */
  protected termBefore(next: number): number {
    return this.log.termAt(next - 1)
  }

  protected appendRequest(previousIndex: number, previousTerm: number): AppendRequest {
    const last = this.lastAppend
    if (last !== null && last.previousIndex === previousIndex && last.commit === this.commit) return last
    const { term, commit } = this
    const entries = this.entriesFrom(previousIndex + 1)
    this.lastAppend = { kind: 'append-entries', term, previousIndex, previousTerm, entries, commit, round: 0 }
    return this.lastAppend
  }

  protected entriesFrom(index: number): Entry[] {
    return this.log.from(index, this.options.maxEntries)
  }

  // Answers

  protected heardMember(peer: number, progress: Progress): void {
    progress.active = true
    this.heardFrom[peer] = this.now
  }

  protected onAppendResponse(peer: number, response: AppendResponse): void {
    const progress = this.progress[peer]
    if (this.role !== 'leader' || progress === undefined) return
    this.heardMember(peer, progress)
    if (response.success) this.acknowledged(peer, progress, response.index)
    else this.refused(peer, progress, response)
  }

  /** The member's durable log matches up to `index`. */
  protected acknowledged(peer: number, progress: Progress, index: number): void {
    this.raiseMatch(peer, index)
    this.freeWindow(progress, index)
    progress.waitingSince = this.now
    const next = this.matched[peer]! + 1
    if (progress.mode === 'probe' || (progress.mode === 'snapshot' && next > this.log.baseIndex))
      progress.replicate(next)
    else progress.next = Math.max(progress.next, next)
    this.advanceCommit()
    this.sendTo(peer)
    this.caughtUp(peer)
  }

  /** Answers may overtake each other: what is known to match stays known. */
  protected raiseMatch(peer: number, index: number): void {
    if (index > this.matched[peer]!) this.matched[peer] = index
  }

  protected freeWindow({ inflight }: Progress, index: number): void {
    while (inflight.length > 0 && inflight[0]! <= index) inflight.shift()
  }

  /** The logs do not match at the previous index: goes back, not further than what is known to match. */
  protected refused(peer: number, progress: Progress, response: AppendResponse): void {
    if (this.isStaleRefusal(peer, progress, response)) return
    progress.probe(this.nextAfterRefusal(peer, response))
    this.sendTo(peer)
  }

  /** Refusals of a probe before this one, or while a snapshot is on its way, do not count. */
  protected isStaleRefusal(peer: number, progress: Progress, { index }: AppendResponse): boolean {
    if (progress.mode === 'snapshot') return true
    return progress.mode === 'probe' ? index !== progress.next - 1 : index <= this.matched[peer]!
  }

  protected nextAfterRefusal(peer: number, { index, hint }: AppendResponse): number {
    const next = hint === 0 ? index : Math.min(hint, index)
    return Math.max(next, this.matched[peer]! + 1)
  }

  // Heartbeats

  protected heartbeatDue(): void {
    this.heartbeatDeadline = this.now + this.options.heartbeatInterval
    this.sendHeartbeats()
  }

  /** Starts a round: tells all members who leads. */
  protected sendHeartbeats(): number {
    const round = this.nextRound()
    for (const peer of this.membership.members)
      if (peer !== this.self) this.send(this.directory.names[peer]!, this.heartbeat(this.commitToTell(peer), round))
    return round
  }

  protected heartbeat(commit: number, round: number): Heartbeat {
    const last = this.lastHeartbeat
    if (last !== null && last.commit === commit && last.round === round) return last
    this.lastHeartbeat = { kind: 'heartbeat', term: this.term, commit, round }
    return this.lastHeartbeat
  }

  /** A heartbeat says nothing of the log, so it must not tell of a commit beyond what is known to match. */
  protected commitToTell(peer: number): number {
    return Math.min(this.commit, this.matched[peer]!)
  }

  protected onHeartbeatResponse(peer: number, { round }: HeartbeatResponse): void {
    const progress = this.progress[peer]
    if (this.role !== 'leader' || progress === undefined) return
    this.heardMember(peer, progress)
    if (this.isStalled(peer, progress)) this.retry(peer, progress)
    this.roundConfirmed(peer, round)
  }

  /** The member lives, and has not answered for long what it was sent: that is lost. */
  protected isStalled(peer: number, progress: Progress): boolean {
    const waited = this.now - progress.waitingSince
    if (progress.mode === 'snapshot') return waited >= this.options.electionTimeout
    return this.matched[peer]! < this.log.lastIndex && waited >= 2 * this.options.heartbeatInterval
  }

  protected retry(peer: number, progress: Progress): void {
    progress.probe(progress.mode === 'probe' ? progress.next : this.matched[peer]! + 1)
    this.sendTo(peer)
  }

  // Quorum of a leader

  /** A leader that does not hear a quorum for an election timeout steps down. */
  protected quorumCheckDue(): void {
    this.quorumDeadline = this.now + this.options.electionTimeout
    if (!this.hearsQuorum()) return this.becomeFollower(this.term, null)
    for (const progress of this.progress) if (progress !== undefined) progress.active = false
  }

  protected hearsQuorum(): boolean {
    const heard: boolean[] = []
    for (const peer of this.membership.electors) heard[peer] = peer === this.self || this.progress[peer]!.active
    return this.isQuorum(heard)
  }
}
