/** What is told on: updates travel with messages that are sent anyway, and as gossip. [SWIM] §4.1; [ML] state.go gossip */
import type { Update } from '../../../models/swim/vocabulary.ts'
import type { Milliseconds, NodeId } from '../../../models/vocabulary.ts'
import { MemberCore } from './core.ts'
import { retransmitLimit } from './formulas.ts'
import { never } from './never.ts'
import { compoundHeader, compoundOverhead, type DatagramKind, datagramSize, sizeOfHead, sizeOfUpdate } from './sizes.ts'
import { type Entry } from './table.ts'
import { Ticker } from './ticker.ts'

export abstract class DisseminationRules extends MemberCore {
  protected readonly gossipTicks = this.startTicker(this.options.gossipInterval)

  protected startTicker(interval: Milliseconds): Ticker {
    return new Ticker(interval, this.now + 1 + this.chance.below(interval, this.now))
  }

  /** Queues an update under a name, whose older one it replaces; `waiting` are operations that end once it was told. */
  protected broadcast(name: string, update: Update, waiting?: readonly number[]): void {
    // While there was nothing to tell, ticks went by unnoticed.
    if (this.queue.isEmpty) this.gossipTicks.pass(this.now)
    this.queue.add(name, update, sizeOfUpdate(update), waiting)
  }

  /** The updates that travel with a message. */
  protected piggyback(kind: DatagramKind, target: NodeId = ''): readonly Update[] {
    return this.takeUpdates(datagramSize - compoundHeader - sizeOfHead(kind, this.name, target))
  }

  protected takeUpdates(space: number): readonly Update[] {
    return this.queue.take(space, compoundOverhead, this.mostTransmissions())
  }

  protected mostTransmissions(): number {
    return retransmitLimit(this.options.retransmitMult, this.table.size)
  }

  protected gossipDeadline(): Milliseconds {
    return this.queue.isEmpty ? never : this.gossipTicks.at
  }

  protected gossipDue(): void {
    this.gossipTicks.pass(this.now)
    for (const { record } of this.gossipTargets()) {
      const gossip = this.takeUpdates(datagramSize - compoundHeader)
      if (gossip.length === 0) return
      this.send(record.node, { kind: 'gossip', gossip })
    }
  }

  protected gossipTargets(): readonly Entry[] {
    return this.table.pick(this.options.gossipNodes, this.now, (entry) => this.isToldGossip(entry))
  }

  /** Members, and those that died not long ago: they may be alive, and refute it. */
  protected isToldGossip(entry: Entry): boolean {
    if (entry === this.own) return false
    const { status } = entry.record
    if (status === 'dead') return this.now - entry.changedAt <= this.options.gossipToTheDead
    return status !== 'left'
  }
}
