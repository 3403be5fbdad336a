/** Whole tables go to and fro on a stream: periodically, and to join a cluster. [ML] state.go pushPull, net.go */
import type { MemberRecord, OutgoingMessage, StreamId, Update } from '../../../models/swim/vocabulary.ts'
import type { Milliseconds, NodeId } from '../../../models/vocabulary.ts'
import { exchangeInterval } from './formulas.ts'
import type { View } from './helping.ts'
import { never } from './never.ts'
import { ProbeRules } from './probes.ts'

/** An operation that asks several nodes, one after the other. */
export interface Join {
  readonly operation: number
  /** Nodes that are not asked yet. */
  readonly left: NodeId[]
  answers: number
  timeouts: number
}

/** An exchange that waits for the other's table. */
export interface Exchange {
  readonly deadline: Milliseconds
  /** Null for a periodic one. */
  readonly join: Join | null
}

type TableView = View<'push-pull' | 'push-pull-reply'>
type Outcome = 'answered' | 'refused' | 'timeout'

export abstract class ExchangeRules extends ProbeRules {
  /** All last equally long, so that the oldest ends first. */
  protected readonly exchanges = new Map<StreamId, Exchange>()
  /** When the next periodic one begins; never while one is under way. */
  protected nextExchange: Milliseconds = this.firstExchange()

  protected firstExchange(): Milliseconds {
    const { pushPullInterval } = this.options
    return pushPullInterval === 0 ? never : this.exchangeAfterInterval() + this.chance.below(pushPullInterval, this.now)
  }

  protected exchangeAfterInterval(): Milliseconds {
    return this.now + exchangeInterval(this.options.pushPullInterval, this.table.size)
  }

  // Begun here

  protected exchangeDue(): void {
    const [partner] = this.table.pick(1, this.now, (entry) => entry !== this.own && entry.record.status === 'alive')
    if (partner === undefined) this.nextExchange = this.exchangeAfterInterval()
    else {
      this.nextExchange = never
      this.exchangeWith(partner.record.node, null)
    }
  }

  protected exchangeWith(node: NodeId, join: Join | null): void {
    const view = { kind: 'push-pull', join: join !== null, members: this.toldTable() } as const
    this.exchanges.set(this.open(node, view), { deadline: this.now + this.options.streamTimeout, join })
  }

  protected onTableReply({ stream }: OutgoingMessage, { members }: TableView): void {
    const exchange = this.exchanges.get(stream)
    if (exchange === undefined) return
    this.merge(members)
    this.exchangeEnded(stream, exchange, 'answered')
  }

  protected streamRefused(stream: StreamId): void {
    const exchange = this.exchanges.get(stream)
    if (exchange !== undefined) this.exchangeEnded(stream, exchange, 'refused')
  }

  protected exchangeDeadline(): Milliseconds {
    for (const { deadline } of this.exchanges.values()) return deadline
    return never
  }

  protected exchangesTimedOut(): void {
    for (const [stream, exchange] of this.exchanges) {
      if (exchange.deadline > this.now) return
      this.exchangeEnded(stream, exchange, 'timeout')
    }
  }

  protected exchangeEnded(stream: StreamId, { join }: Exchange, outcome: Outcome): void {
    this.exchanges.delete(stream)
    if (join === null) {
      this.nextExchange = this.exchangeAfterInterval()
      return
    }
    if (outcome === 'answered') join.answers++
    if (outcome === 'timeout') join.timeouts++
    this.joinNext(join)
  }

  /** The table that others are sent: all of it. */
  protected toldTable(): readonly MemberRecord[] {
    return this.table.records()
  }

  // Begun by others

  /** Who asked gets the table as it was before it was asked. */
  protected onTable({ from, stream }: OutgoingMessage, { join, members }: TableView): void {
    this.send(from, { kind: 'push-pull-reply', join, members: this.toldTable() }, stream)
    this.merge(members)
  }

  protected merge(members: readonly MemberRecord[]): void {
    for (const record of members) this.hearUpdate(this.updateOf(record))
  }

  /** Who is dead to another one is only suspected, so that it can refute it. */
  protected updateOf({ node, status, incarnation, address, meta }: MemberRecord): Update {
    switch (status) {
      case 'alive':
        return { status, node, incarnation, from: node, address, meta }
      case 'left':
        return { status: 'dead', node, incarnation, from: node, address: '', meta: '' }
      case 'suspect':
      case 'dead':
        return { status: 'suspect', node, incarnation, from: this.name, address: '', meta: '' }
    }
  }

  // Joining

  protected join(operation: number, to: readonly NodeId[]): void {
    if (this.leaving) return this.result(operation, 'failed', 'left')
    this.joinNext({ operation, left: [...to], answers: 0, timeouts: 0 })
  }

  protected joinNext(join: Join): void {
    const node = join.left.shift()
    if (node !== undefined) return this.exchangeWith(node, join)
    const { operation, answers, timeouts } = join
    if (answers > 0) this.result(operation, 'ok', '')
    // Whoever did not answer may have taken the table.
    else if (timeouts > 0) this.result(operation, 'unknown', 'timeout')
    else this.result(operation, 'failed', 'refused')
  }
}
