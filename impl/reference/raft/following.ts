/** The follower's side of replication: which entries it takes, which it drops, and what it answers. */
import type { Entry } from '../../../models/raft/vocabulary.ts'
import type { NodeId } from '../../../models/vocabulary.ts'
import { type AppendRequest, type Heartbeat, ReplicationRules } from './replication.ts'

export abstract class FollowerRules extends ReplicationRules {
  protected abstract commitTo(index: number): void

  protected onAppend(from: NodeId, request: AppendRequest): void {
    if (this.role === 'leader') return
    this.hearLeader(from)
    if (this.matchesPrevious(request)) this.acceptAppend(from, request)
    else this.refuseAppend(from, request)
  }

  /** Whether this log holds the entry that the sender's entries follow. What was discarded was committed. */
  protected matchesPrevious({ previousIndex, previousTerm }: AppendRequest): boolean {
    return previousIndex < this.log.baseIndex || this.log.termAt(previousIndex) === previousTerm
  }

  protected acceptAppend(from: NodeId, request: AppendRequest): void {
    this.acceptEntries(request.entries)
    this.commitTo(this.commitAfterAppend(request.commit, this.lastOf(request)))
    this.answerAppend(from, true, this.indexToAcknowledge(request), 0, request.round)
  }

  /** The last index up to which the logs are known to match after the request: there may be more behind it. */
  protected lastOf({ previousIndex, entries }: AppendRequest): number {
    return previousIndex + entries.length
  }

  protected indexToAcknowledge(request: AppendRequest): number {
    return this.lastOf(request)
  }

  protected commitAfterAppend(leaderCommit: number, last: number): number {
    return Math.min(leaderCommit, last)
  }

  /** Keeps the entries that match, removes those that conflict, and appends those that are new. */
  protected acceptEntries(entries: readonly Entry[]): void {
    const { log } = this
    let fresh = 0
    while (fresh < entries.length && this.isPresent(entries[fresh]!)) fresh++
    if (fresh === entries.length) return
    const { index } = entries[fresh]!
    if (index <= log.lastIndex) this.removeConflicting(index - 1)
    for (let next = fresh; next < entries.length; next++) this.append(entries[next]!)
  }

  /** Whether the log holds this entry, or has discarded it. */
  protected isPresent({ index, term }: Entry): boolean {
    return index <= this.log.baseIndex || this.log.termAt(index) === term
  }

  /** Committed entries never conflict: a leader that says so shows that something was broken before. */
  protected removeConflicting(index: number): void {
    if (index < this.commit) throw new Error(`committed entry ${index + 1} conflicts with the leader's`)
    this.truncate(index)
  }

  protected refuseAppend(from: NodeId, request: AppendRequest): void {
    this.answerAppend(from, false, request.previousIndex, this.hintFor(request), request.round)
  }

  /** The next index to try: behind the last entry that may match, which is of no later term than the previous one. */
  protected hintFor({ previousIndex, previousTerm }: AppendRequest): number {
    let index = Math.min(previousIndex - 1, this.log.lastIndex)
    while (index > this.commit && this.log.termAt(index) > previousTerm) index--
    return index + 1
  }

  /** An acknowledgement waits until what it acknowledges is durable. */
  protected answerAppend(to: NodeId, success: boolean, index: number, hint: number, round: number): void {
    const { term } = this
    this.send(
      to,
      { kind: 'append-entries-response', term, success, index, hint, round },
      success ? this.afterLog() : this.afterState(),
    )
  }

  protected onHeartbeat(from: NodeId, { commit, round }: Heartbeat): void {
    if (this.role === 'leader') return
    this.hearLeader(from)
    this.commitTo(this.commitAfterHeartbeat(commit))
    this.send(from, { kind: 'heartbeat-response', term: this.term, round }, this.afterState())
  }

  protected commitAfterHeartbeat(leaderCommit: number): number {
    return Math.min(leaderCommit, this.log.lastIndex)
  }
}
