/**
 * A node of the network database, without any I/O: inputs go in, each with the local time, and an answer comes out.
 * Its rules are methods, one each, laid out in layers: gossip, entries, attachments, synchronization, operations.
 */
import type { Answer, Name, Operation, OutgoingMessage } from '../../../models/networkdb/vocabulary.ts'
import type { Milliseconds, NodeId } from '../../../models/vocabulary.ts'
import { never } from '../swim/never.ts'
import { OperationRules } from './operations.ts'

export class NetworkDbNode extends OperationRules {
  /** One of the instants at which old records are looked for; the others follow and precede it periodically. */
  private readonly reapPhase = this.startTicker(this.options.reapPeriod).at

  // Inputs

  receive(at: Milliseconds, message: OutgoingMessage): Answer {
    this.begin(at)
    this.handle(message)
    return this.finish(message.view)
  }

  /** Lets time pass up to `until`, or to the first timer that shows something. */
  advance(at: Milliseconds, until: Milliseconds): Answer {
    this.begin(at)
    for (let due = this.nextDeadline(); due <= until; due = this.nextDeadline()) {
      if (due > this.now) this.now = due
      this.timersDue()
      if (this.hasShown()) return this.finish()
    }
    if (until > this.now) this.now = until
    return this.finish()
  }

  operate(at: Milliseconds, id: number, operation: Operation): Answer {
    this.begin(at)
    this.carryOut(id, operation)
    return this.finish()
  }

  /** The layer below tells of a peer. */
  tellPeer(at: Milliseconds, name: Name, address: NodeId, status: 'up' | 'down'): Answer {
    this.begin(at)
    this.onPeer(name, address, status)
    return this.finish()
  }

  // Messages

  protected handle(message: OutgoingMessage): void {
    const { view } = message
    switch (view.kind) {
      case 'gossip':
        for (const event of view.events) {
          if (event.type === 'node') this.onNodeEvent(event)
          else this.onNetworkEvent(event)
        }
        return
      case 'table-gossip':
        for (const event of view.events) this.onTableEvent(event, false)
        return
      case 'bulk-sync':
      case 'bulk-sync-reply':
        return this.onSync(message, view)
      case 'push-pull':
      case 'push-pull-reply':
        return this.onPushPull(message, view)
    }
  }

  // Timers

  protected override nextDeadline(): Milliseconds {
    return Math.min(
      this.gossipDeadline(),
      this.syncTicks.at,
      this.pushPullTicks.at,
      this.joinDeadline(),
      this.leaveDeadline(),
      this.reapDeadline(),
    )
  }

  protected timersDue(): void {
    const { now } = this
    if (this.reapDeadline() <= now) this.reap()
    if (this.joinDeadline() <= now) this.endJoins()
    if (this.leaveDeadline() <= now) this.leavesTimedOut()
    if (this.gossipDeadline() <= now) this.gossipDue()
    if (this.syncTicks.at <= now) this.syncDue()
    if (this.pushPullTicks.at <= now) this.pushPullDue()
  }

  /** The first tick at which something has been remembered for long enough. */
  protected reapDeadline(): Milliseconds {
    const next = Math.min(this.nextEntryAge(), this.nextAttachmentAge())
    if (next === never) return never
    const { reapPeriod } = this.options
    return this.reapPhase + Math.ceil(Math.max(0, next - this.reapPhase) / reapPeriod) * reapPeriod
  }

  protected reap(): void {
    this.reapEntries()
    this.reapAttachments()
  }
}
