/**
 * A member whose configuration takes effect when its entry is applied, as in etcd's Raft, not when it is appended. It
 * applies in the step that commits, so that it never campaigns with a committed change that it has not applied.
 */
import type { Configuration, Entry } from '../../../models/raft/vocabulary.ts'
import type { MemberSetup } from './core.ts'
import { RaftMember } from './member.ts'

export class ApplyingMember extends RaftMember {
  /** Applies again what was committed before a crash: an older configuration must not come back. */
  constructor(setup: MemberSetup) {
    super(setup)
    this.commit = Math.min(setup.saved.commit, this.log.lastIndex)
    while (this.applied < this.commit) this.applyEntry(this.log.at(++this.applied)!)
    this.contents = null
    this.outputs = null
    this.seen = this.observe()
  }

  /** What takes effect when applied must be known to be committed after a crash. */
  protected override applyEntry(entry: Entry): string | null {
    if (entry.kind === 'configuration') this.openWrite().commit = this.commit
    return super.applyEntry(entry)
  }

  /** Appended entries change nothing yet. */
  protected override takeConfiguration(_entry: Entry): void {}

  protected override adoptConfiguration(_entry: Entry): void {}

  protected override configurationApplied(configuration: Configuration): void {
    super.configurationApplied(configuration)
    this.configurations = [{ index: this.applied, membership: this.appliedMembership }]
    this.useConfiguration(this.appliedMembership)
  }

  /** At most one change is in the log and not applied; a new leader waits until it has applied what it found. */
  protected override isChangePending(): boolean {
    if (this.membership.isJoint) return true
    for (let index = this.log.lastIndex; index > this.applied; index--)
      if (this.log.at(index)!.kind === 'configuration') return true
    return false
  }

  /** The joint configuration is applied, and the entry that leaves it not yet in the log. */
  protected override mayLeaveJoint(): boolean {
    if (!super.mayLeaveJoint()) return false
    for (let index = this.log.lastIndex; index > this.applied; index--)
      if (this.log.at(index)!.kind === 'configuration') return false
    return true
  }
}
