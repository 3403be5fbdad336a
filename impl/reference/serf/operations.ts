/** What clients and operators ask for. [Serf] serf.go Join, Leave, ForceLeave, UserEvent, Query */
import type { Broadcast, Operation } from '../../../models/serf/vocabulary.ts'
import type { Milliseconds } from '../../../models/vocabulary.ts'
import { never } from '../swim/never.ts'
import type { PendingLeave } from './records.ts'
import { SyncRules } from './syncing.ts'

type Request<Type extends Operation['type']> = Extract<Operation, { readonly type: Type }>
type Leaving = Extract<Broadcast, { readonly type: 'leave' }>

export abstract class OperationRules extends SyncRules {
  private pending: PendingLeave[] = []
  /** Others were told that it leaves; when it is gone, and the operation that wanted it so. */
  private goneAt: Milliseconds = never
  private leaveOperation = 0

  protected carryOut(id: number, operation: Operation): void {
    switch (operation.type) {
      case 'join':
        return this.join(id, operation)
      case 'leave':
        return this.leave(id)
      case 'force-leave':
        return this.forceLeave(id, operation)
      case 'event': {
        const { name, payload, coalesce } = operation
        const sent = this.sendEvent(name, payload, coalesce)
        return this.result(id, sent ? 'ok' : 'failed', sent ? '' : 'too-large')
      }
      case 'query':
        if (!this.sendQuery(id, operation)) this.result(id, 'failed', 'too-large')
    }
  }

  protected join(operation: number, { peer, ignoreOld }: Request<'join'>): void {
    if (this.phase !== 'alive') return this.result(operation, 'failed', 'leaving')
    this.joins.push({ operation, peer, ignoreOld, deadline: this.now + this.options.streamTimeout })
    this.pushPull(peer, 'push-pull', true)
  }

  // Leaving

  protected leave(operation: number): void {
    if (this.phase !== 'alive') {
      const isLeft = this.phase === 'left'
      return this.result(operation, isLeft ? 'ok' : 'failed', isLeft ? '' : 'leaving')
    }
    this.phase = 'leaving'
    this.tellLeave(operation, this.ownLeave(this.name, false), true)
  }

  protected forceLeave(operation: number, { member, prune }: Request<'force-leave'>): void {
    this.tellLeave(operation, this.ownLeave(member, prune), false)
  }

  /** An intent at a time that nobody has used. */
  protected ownLeave(name: string, prune: boolean): Leaving {
    return { type: 'leave', name, time: this.memberClock++, prune }
  }

  protected tellLeave(operation: number, broadcast: Leaving, isOwn: boolean): void {
    this.onLeaveIntent(broadcast)
    const leave = { operation, broadcast, isOwn, deadline: this.now + this.options.broadcastTimeout }
    if (!this.hasOthers()) return this.endLeave(leave, true)
    this.queue(broadcast)
    this.pending.push(leave)
  }

  protected hasOthers(): boolean {
    return [...this.members.values()].some(({ name, status }) => status === 'alive' && name !== this.name)
  }

  protected override told(broadcasts: readonly Broadcast[]): void {
    for (const leave of this.pending.filter(({ broadcast }) => broadcasts.includes(broadcast))) {
      this.endLeave(leave, true)
    }
  }

  /** Who leaves itself does so whether or not anybody was told. */
  private endLeave(leave: PendingLeave, wasTold: boolean): void {
    this.pending = this.pending.filter((each) => each !== leave)
    if (!leave.isOwn) {
      return this.result(leave.operation, wasTold ? 'ok' : 'failed', wasTold ? '' : 'told-nobody')
    }
    this.leaveOperation = leave.operation
    this.goneAt = this.now + this.options.leavePropagateDelay
    const self = this.members.get(this.name)
    if (self !== undefined && this.isThere(self)) this.goes(self)
  }

  protected leaveDeadline(): Milliseconds {
    return this.pending.reduce((least, { deadline }) => Math.min(least, deadline), this.goneAt)
  }

  protected leavesDue(): void {
    for (const leave of this.pending.filter(({ deadline }) => deadline <= this.now)) this.endLeave(leave, false)
    if (this.goneAt > this.now) return
    this.goneAt = never
    this.phase = 'left'
    this.result(this.leaveOperation, 'ok', '')
  }
}
