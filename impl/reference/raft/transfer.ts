/** Leadership transfer: the leader brings its successor up to date, then tells it to stand at once. */
import type { Milliseconds, NodeId } from '../../../models/vocabulary.ts'
import { never } from './core.ts'
import { ReadRules } from './reads.ts'

export abstract class TransferRules extends ReadRules {
  /** Who is to lead; null while no transfer is under way. */
  protected transferTarget: NodeId | null = null
  protected transferOperation = 0
  protected transferDeadline: Milliseconds = never
  /** The target was told to stand. */
  protected transferSent = false

  protected transfer(operation: number, to: NodeId): void {
    const reason = this.refusesTransfer(to)
    if (reason !== '') return this.result(operation, 'failed', null, reason)
    this.transferTarget = to
    this.transferOperation = operation
    this.transferSent = false
    this.transferDeadline = this.now + this.options.electionTimeout
    const peer = this.directory.numberOf(to)
    this.sendTo(peer)
    this.caughtUp(peer)
  }

  protected refusesTransfer(to: NodeId): string {
    if (this.role !== 'leader') return 'not-leader'
    if (this.transferTarget !== null) return 'transfer-in-progress'
    if (to === this.name) return 'already-leader'
    return this.mayLead(to) ? '' : 'not-voter'
  }

  /** Called when a member has acknowledged more: a target that has everything is told to stand. */
  protected override caughtUp(peer: number): void {
    if (this.transferTarget === null || this.transferSent) return
    if (peer !== this.directory.numberOf(this.transferTarget) || !this.mayStandNow(peer)) return
    this.transferSent = true
    this.leaseForfeited = true
    this.send(this.transferTarget, { kind: 'timeout-now', term: this.term })
  }

  /** A target that lacks entries could not be elected. */
  protected mayStandNow(peer: number): boolean {
    return this.matched[peer]! >= this.log.lastIndex
  }

  protected onTimeoutNow(): void {
    if (this.role !== 'leader' && this.mayCampaign()) this.campaign(true)
  }

  /** After an election timeout the leader goes on leading, unless the target has won by then. */
  protected transferTimedOut(): void {
    this.endTransfer(this.transferSent || this.role !== 'leader' ? 'unknown' : 'failed', 'timed-out')
  }

  protected endTransfer(status: 'ok' | 'failed' | 'unknown', reason: string): void {
    this.result(this.transferOperation, status, null, reason)
    this.transferTarget = null
    this.transferDeadline = never
    if (this.role === 'leader') this.leaveJointIfDue()
  }

  /** A transfer has ended once it is known who leads. */
  protected noticeLeader(): void {
    if (this.transferTarget === null || this.role === 'leader' || this.leader === null) return
    if (this.leader === this.transferTarget) this.endTransfer('ok', '')
    else this.endTransfer('failed', 'other-leader')
  }

  /** No entry is added behind what the target has: proposals are refused while a transfer is under way. */
  protected override refusesProposals(): string {
    if (this.role !== 'leader') return 'not-leader'
    return this.transferTarget === null ? '' : 'transfer-in-progress'
  }

  /** Nor may the configuration change behind what the target has. */
  protected override mayLeaveJoint(): boolean {
    return this.transferTarget === null && super.mayLeaveJoint()
  }

  /** A transfer ends where its target is a voter no more. */
  protected override membershipChanged(): void {
    super.membershipChanged()
    if (this.transferTarget === null || this.mayLead(this.transferTarget)) return
    this.endTransfer(this.transferSent ? 'unknown' : 'failed', 'target-removed')
  }

  protected mayLead(node: NodeId): boolean {
    return this.membership.hasElector(this.directory.numberOf(node))
  }
}
