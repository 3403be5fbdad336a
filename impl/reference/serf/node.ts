/**
 * A node of Serf, without any I/O: inputs go in, each with the local time, and an answer comes out. Its rules are
 * methods, one each, laid out in layers: gossip, members, events, queries, synchronization, operations.
 */
import type { Answer, Broadcast, Input, Operation, OutgoingMessage, Time } from '../../../models/serf/vocabulary.ts'
import type { Milliseconds } from '../../../models/vocabulary.ts'
import { OperationRules } from './operations.ts'

type PeerInput = Extract<Input, { readonly type: 'peer' }>

export class SerfNode extends OperationRules {
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

  /** The layer below tells of another. */
  tellPeer({ at, name, status, tags }: PeerInput): Answer {
    this.begin(at)
    if (status === 'up') this.onUp(name, tags)
    else if (status === 'down') this.onDown(name)
    else this.onUpdate(name, tags)
    return this.finish()
  }

  /** Where the layer below exchanges states: it has done so in order to join. */
  joined(at: Milliseconds): Answer {
    this.begin(at)
    this.announce()
    return this.finish()
  }

  /** The application answers a query. */
  respond(at: Milliseconds, time: Time, id: number, payload: string): Answer {
    this.begin(at)
    this.respondTo(time, id, payload)
    return this.finish()
  }

  // Messages

  protected handle(message: OutgoingMessage): void {
    const { view } = message
    switch (view.kind) {
      case 'gossip':
        for (const broadcast of view.broadcasts) this.hear(broadcast)
        return
      case 'push-pull':
      case 'push-pull-reply':
        return this.onPushPull(message, view)
      case 'response':
        return this.onResponse(view)
      case 'relay':
        return this.forward(view.to, view.response)
    }
  }

  protected hear(broadcast: Broadcast): void {
    if (this.isNews(broadcast)) this.passOn(broadcast)
  }

  private isNews(broadcast: Broadcast): boolean {
    switch (broadcast.type) {
      case 'join':
        return this.onJoinIntent(broadcast)
      case 'leave':
        return this.onLeaveIntent(broadcast)
      case 'event':
        return this.onEvent(broadcast, broadcast.coalesce)
      case 'query':
        return this.onQuery(broadcast)
    }
  }

  protected passOn(broadcast: Broadcast): void {
    this.queue(broadcast)
  }

  // Timers

  protected override nextDeadline(): Milliseconds {
    return Math.min(
      this.gossipDeadline(),
      this.pushPullTicks.at,
      this.joinDeadline(),
      this.leaveDeadline(),
      this.queryDeadline(),
      this.reapDeadline(),
      this.pruneDeadline(),
      this.reconnectDeadline(),
    )
  }

  protected timersDue(): void {
    const { now } = this
    if (this.pruneDeadline() <= now) this.pruneDue()
    if (this.reapDeadline() <= now) this.reap()
    if (this.queryDeadline() <= now) this.queriesEnd()
    if (this.joinDeadline() <= now) this.joinsTimeOut()
    if (this.leaveDeadline() <= now) this.leavesDue()
    if (this.gossipDeadline() <= now) this.gossipDue()
    if (this.pushPullTicks.at <= now) this.pushPullDue()
    if (this.reconnectDeadline() <= now) this.reconnectDue()
  }
}
