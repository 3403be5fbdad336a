/** Snapshots: taking them, discarding the log that they cover, sending and installing them. */
import type { Message } from '../../../models/raft/vocabulary.ts'
import type { NodeId } from '../../../models/vocabulary.ts'
import { KeyValueStore } from '../store/key-value.ts'
import { FollowerRules } from './following.ts'
import type { Progress } from './progress.ts'
import type { Snapshot } from './snapshot.ts'

export type SnapshotResponse = Extract<Message, { kind: 'install-snapshot-response' }>

export abstract class SnapshotRules extends FollowerRules {
  // Taking

  protected compact(operation: number, keep: number): void {
    if (this.applied === 0) return this.result(operation, 'failed', null, 'nothing-applied')
    const index = this.compactionIndex(keep)
    if (index > this.log.baseIndex || this.applied > this.snapshot!.index) this.compactLog(index, this.takeSnapshot())
    this.result(operation, 'ok', null, '')
  }

  /** Only what is applied is covered by a snapshot; `keep` entries stay for members that are a little behind. */
  protected compactionIndex(keep: number): number {
    return Math.max(this.applied - keep, this.log.baseIndex)
  }

  protected takeSnapshot(): Snapshot {
    const { names } = this.directory
    return {
      index: this.applied,
      term: this.log.termAt(this.applied),
      configuration: this.appliedMembership.configuration,
      store: this.store.contents(),
      removed: names.filter((_, number) => this.removed[number] === true),
    }
  }

  // Sending

  /** The member needs entries that were discarded. */
  protected override sendSnapshot(peer: number, progress: Progress): void {
    const snapshot = this.snapshot!
    progress.awaitSnapshot(this.now)
    this.sendCarrying(
      this.directory.names[peer]!,
      {
        kind: 'install-snapshot',
        term: this.term,
        lastIndex: snapshot.index,
        lastTerm: snapshot.term,
        configuration: snapshot.configuration,
        digest: snapshot.store.digest,
      },
      snapshot,
    )
  }

  protected onSnapshotResponse(peer: number, { success, index }: SnapshotResponse): void {
    const progress = this.progress[peer]
    if (this.role !== 'leader' || progress === undefined) return
    this.heardMember(peer, progress)
    if (success) this.acknowledged(peer, progress, index)
  }

  // Installing

  protected onSnapshot(from: NodeId, snapshot: Snapshot): void {
    if (this.role === 'leader') return
    this.hearLeader(from)
    if (this.isObsolete(snapshot)) return this.answerSnapshot(from, this.commit)
    if (this.holdsPosition(snapshot)) this.commitTo(snapshot.index)
    else this.restore(snapshot)
    this.answerSnapshot(from, snapshot.index)
  }

  /** A snapshot of what is committed here tells nothing new. */
  protected isObsolete({ index }: Snapshot): boolean {
    return index <= this.commit
  }

  /** A log that holds the snapshot's last entry holds all before it: it is kept, and commits up to there. */
  protected holdsPosition({ index, term }: Snapshot): boolean {
    return this.log.termAt(index) === term
  }

  /** Replaces log, configuration and state machine. */
  protected restore(snapshot: Snapshot): void {
    const { index, term } = snapshot
    this.replaceLog(snapshot)
    this.commit = this.applied = index
    this.store = new KeyValueStore(snapshot.store)
    this.removed = []
    for (const name of snapshot.removed) this.removed[this.directory.numberOf(name)] = true
    this.emit({ type: 'restore', index, term, digest: snapshot.store.digest })
  }

  protected answerSnapshot(to: NodeId, index: number): void {
    const { term } = this
    this.send(to, { kind: 'install-snapshot-response', term, success: true, index }, this.afterLog())
  }
}
