/** Mutants of snapshots and compaction. */
import type { Message } from '../../../models/raft/vocabulary.ts'
import type { NodeId } from '../../../models/vocabulary.ts'
import { Disk } from '../../../impl/reference/raft/disk.ts'
import type { JournalRecord, Saved } from '../../../impl/reference/raft/journal.ts'
import { RaftMember } from '../../../impl/reference/raft/member.ts'
import type { Progress } from '../../../impl/reference/raft/progress.ts'
import type { Snapshot } from '../../../impl/reference/raft/snapshot.ts'
import { folklore, mutant, type Mutant } from '../mutant.ts'

export const snapshots: readonly Mutant[] = [
  // Taking

  mutant({
    name: 'snapshot-of-whole-log',
    breaks: 'raft/snapshot-covers-committed',
    rule: 'A snapshot is taken when it is sent, and says that it covers the whole log, applied or not.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override sendSnapshot(peer: number, progress: Progress): void {
        const { lastIndex: index, lastTerm: term } = this.log
        this.snapshot = { ...this.takeSnapshot(), index, term }
        super.sendSnapshot(peer, progress)
      }
    },
  }),
  mutant({
    name: 'compacts-whole-log',
    breaks: 'raft/compacts-applied-only',
    rule: 'Compaction discards entries that are not applied.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override compactionIndex(keep: number): number {
        return Math.max(this.log.lastIndex - keep, this.log.baseIndex)
      }
    },
  }),
  mutant({
    name: 'compacts-one-too-many',
    breaks: 'raft/compacts-applied-only',
    rule: 'Compaction discards one entry more than its snapshot covers.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override compactionIndex(keep: number): number {
        return Math.min(super.compactionIndex(keep) + 1, this.log.lastIndex)
      }
    },
  }),

  // Sending

  mutant({
    name: 'snapshot-tells-present-term',
    breaks: 'raft/snapshot-tells-last-entry',
    rule: 'A snapshot message tells the present term as that of its last entry.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override sendCarrying(to: NodeId, view: Message, snapshot: Snapshot): void {
        super.sendCarrying(to, view.kind === 'install-snapshot' ? { ...view, lastTerm: view.term } : view, snapshot)
      }
    },
  }),
  mutant({
    name: 'snapshot-tells-present-configuration',
    breaks: 'raft/snapshot-tells-last-entry',
    rule: 'A snapshot holds the configuration in effect, not that of its last entry.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override takeSnapshot(): Snapshot {
        return { ...super.takeSnapshot(), configuration: this.membership.configuration }
      }
    },
  }),
  mutant({
    name: 'sends-no-snapshot-to-old-members',
    breaks: 'raft/snapshot-for-compacted',
    rule: 'A member that the configuration of the snapshot names is taken to have it, and is sent nothing.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override sendSnapshot(peer: number, progress: Progress): void {
        const { voters, learners } = this.snapshot!.configuration
        if (![...voters, ...learners].includes(this.directory.names[peer]!)) super.sendSnapshot(peer, progress)
      }
    },
  }),
  mutant({
    name: 'snapshot-is-sent-once',
    breaks: 'raft/window-reopens',
    also: { 'raft/snapshot-for-compacted': 'it may be the snapshot that got lost, and not its answer' },
    rule: 'A snapshot that is not answered is waited for for ever.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override isStalled(peer: number, progress: Progress): boolean {
        return progress.mode !== 'snapshot' && super.isStalled(peer, progress)
      }
    },
  }),

  // Installing

  mutant({
    name: 'installs-older-snapshot',
    breaks: 'raft/snapshot-older-ignored',
    rule: 'A snapshot is installed whatever is committed already.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override isObsolete(snapshot: Snapshot): boolean {
        if (super.isObsolete(snapshot)) this.restore(snapshot)
        return super.isObsolete(snapshot)
      }
    },
  }),
  mutant({
    name: 'snapshot-drops-suffix',
    breaks: 'raft/snapshot-keeps-matching-suffix',
    rule: 'A snapshot replaces the whole log, also where the log holds its last entry.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override holdsPosition(): boolean {
        return false
      }
    },
  }),
  mutant({
    name: 'snapshot-keeps-conflicting-suffix',
    breaks: 'raft/snapshot-keeps-matching-suffix',
    rule: 'Entries behind a snapshot are kept, though the log has another entry at its end.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override replaceLog(snapshot: Snapshot): void {
        const { index, term } = snapshot
        const kept = this.log.entries.filter((entry) => entry.index > index)
        super.replaceLog(snapshot)
        this.log.entries = kept
        this.persistLog().restore = { index, term, retain: true }
      }
    },
  }),
  mutant({
    name: 'restores-no-state',
    breaks: 'raft/snapshot-restores-state',
    rule: 'A restored snapshot replaces the log, and leaves the state machine as it was.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override restore(snapshot: Snapshot): void {
        const { store } = this
        super.restore(snapshot)
        this.store = store
      }
    },
  }),
  mutant({
    name: 'restores-into-old-state',
    breaks: 'raft/snapshot-restores-state',
    rule: 'A restored snapshot is merged into the state machine: first come, first kept.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override restore(snapshot: Snapshot): void {
        const mine = this.store.contents().pairs
        const pairs = new Map([...snapshot.store.pairs, ...mine])
        super.restore({ ...snapshot, store: { ...snapshot.store, pairs: [...pairs] } })
      }
    },
  }),
  mutant({
    name: 'restores-no-configuration',
    breaks: 'raft/snapshot-keeps-configuration',
    rule: 'A restored snapshot leaves the configuration in effect as it was.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override replaceLog(snapshot: Snapshot): void {
        const before = this.membership.configuration
        super.replaceLog({ ...snapshot, configuration: before })
      }
    },
  }),
  mutant({
    name: 'restores-half-a-joint-config',
    breaks: 'raft/snapshot-keeps-configuration',
    rule: 'A restart does not read the outgoing half of the configuration in its snapshot.',
    seenIn: 'etcd-io/etcd#11003',
    disk: class extends Disk {
      override restart(): Saved {
        const saved = super.restart()
        const { snapshot } = saved
        if (snapshot === null) return saved
        return { ...saved, snapshot: { ...snapshot, configuration: { ...snapshot.configuration, outgoing: [] } } }
      }
    },
  }),
  mutant({
    name: 'restores-no-learners',
    breaks: 'raft/snapshot-keeps-configuration',
    rule: 'A restart does not read the learners of the configuration in its snapshot.',
    seenIn: folklore,
    disk: class extends Disk {
      protected override recovered(records: readonly JournalRecord[]): Saved {
        const saved = super.recovered(records)
        const { snapshot } = saved
        if (snapshot === null) return saved
        return { ...saved, snapshot: { ...snapshot, configuration: { ...snapshot.configuration, learners: [] } } }
      }
    },
  }),
]
