/**
 * A member of a SWIM cluster, without any I/O: inputs go in, each with the local time, and an answer comes out.
 * Its rules are methods, one each, laid out in layers: dissemination, records, helping, probes, exchanges, operations.
 */
import type { Answer, Operation, OutgoingMessage, StreamId } from '../../../models/swim/vocabulary.ts'
import type { Milliseconds } from '../../../models/vocabulary.ts'
import { OperationRules } from './operations.ts'

export class SwimMember extends OperationRules {
  // Inputs

  receive(at: Milliseconds, message: OutgoingMessage): Answer {
    this.begin(at)
    this.handle(message)
    this.settle()
    return this.finish(message.view)
  }

  /** Lets time pass up to `until`, or to the first timer that shows something. */
  advance(at: Milliseconds, until: Milliseconds): Answer {
    this.begin(at)
    for (let due = this.nextDeadline(); due <= until; due = this.nextDeadline()) {
      if (due > this.now) this.now = due
      this.settle()
      if (this.hasShown()) return this.finish()
    }
    if (until > this.now) this.now = until
    return this.finish()
  }

  operate(at: Milliseconds, id: number, operation: Operation): Answer {
    this.begin(at)
    this.carryOut(id, operation)
    this.settle()
    return this.finish()
  }

  /** Nobody answers on a stream that this member has opened. */
  refuse(at: Milliseconds, stream: StreamId): Answer {
    this.begin(at)
    this.streamRefused(stream)
    this.settle()
    return this.finish()
  }

  // Messages

  protected handle(message: OutgoingMessage): void {
    this.dispatch(message)
    if ('gossip' in message.view) this.hear(message.view.gossip)
  }

  protected dispatch(message: OutgoingMessage): void {
    const { from, view, stream } = message
    switch (view.kind) {
      case 'ping':
        return this.onPing(from, view)
      case 'indirect-ping':
        return this.onIndirectPing(from, view)
      case 'ack':
        return this.onAck(view)
      case 'nack':
        return this.onNack(view)
      case 'gossip':
        return
      case 'push-pull':
        return this.onTable(message, view)
      case 'push-pull-reply':
        return this.onTableReply(message, view)
      case 'stream-ping':
        return this.onStreamPing(message, view)
      case 'stream-ack':
        return this.onStreamAck(stream, view)
    }
  }

  // Timers

  protected override nextDeadline(): Milliseconds {
    return Math.min(
      this.probeDeadline(),
      this.suspicions.next,
      this.relayDeadline(),
      this.gossipDeadline(),
      this.exchangeDeadline(),
      this.nextExchange,
      this.waitDeadline(),
    )
  }

  /** Runs the timers that are due: what an input has made due, too. */
  protected settle(): void {
    while (this.nextDeadline() <= this.now) this.timersDue()
    this.answerTold()
  }

  protected timersDue(): void {
    const { now } = this
    // Whoever is declared dead is not probed any more.
    if (this.suspicions.next <= now) this.suspicionTimedOut(this.suspicions.first!)
    if (this.probeDeadline() <= now) this.probeDue()
    if (this.relayDeadline() <= now) this.relaysDue()
    if (this.exchangeDeadline() <= now) this.exchangesTimedOut()
    if (this.waitDeadline() <= now) this.waitsTimedOut()
    if (this.gossipDeadline() <= now) this.gossipDue()
    if (this.nextExchange <= now) this.exchangeDue()
  }
}
