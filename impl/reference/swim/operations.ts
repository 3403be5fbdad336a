/** Leaving, and telling others something new; both end when others were told. [ML] memberlist.go Leave, UpdateNode */
import type { Operation } from '../../../models/swim/vocabulary.ts'
import type { Milliseconds } from '../../../models/vocabulary.ts'
import { ExchangeRules } from './exchanges.ts'
import { never } from './never.ts'
import type { Broadcast } from './queue.ts'
import { encodeMeta } from './wire/text.ts'

/** How long an operation waits at most until others were told. [ML] leaves it to the caller. */
const longestWait: Milliseconds = 30_000

/** Bytes of what a member tells of itself. [ML] net.go MetaMaxSize */
const longestMeta = 512

export abstract class OperationRules extends ExchangeRules {
  /** Operations that wait until others were told, and how long; the oldest first. */
  protected readonly waiting = new Map<number, Milliseconds>()
  /** Operations whose updates were told in this step. */
  protected told: number[] = []
  /** Operations that wait for the leave to be told. */
  protected readonly leavers: number[] = []

  protected carryOut(id: number, operation: Operation): void {
    switch (operation.type) {
      case 'join':
        return this.join(id, operation.to)
      case 'leave':
        return this.leave(id)
      case 'update':
        return this.update(id, operation.meta)
    }
  }

  /** Goes on to probe and to answer afterwards, so that the news spreads; but nobody talks to it any more. */
  protected leave(id: number): void {
    if (this.leaving) {
      if (!this.leavers.some((each) => this.waiting.has(each))) return this.result(id, 'ok', '')
    } else {
      this.leaving = true
      const { node, incarnation } = this.own.record
      const update = { status: 'dead', node, incarnation, from: node, address: '', meta: '' } as const
      this.takeDeath(this.own, update, this.leavers)
    }
    this.leavers.push(id)
    this.awaitTold(id)
  }

  protected update(id: number, meta: string): void {
    if (this.leaving) return this.result(id, 'failed', 'left')
    if (encodeMeta(meta).length > longestMeta) return this.result(id, 'failed', 'meta-too-long')
    const before = this.own.record
    this.setRecord(this.own, 'alive', this.nextIncarnation(before.incarnation), before.address, meta)
    this.broadcast(this.name, this.ownUpdate(), [id])
    if (meta !== before.meta) this.tell('update', this.name, meta)
    this.awaitTold(id)
  }

  /** Where nobody is there to be told, nothing is waited for. */
  protected awaitTold(id: number): void {
    if (this.table.hasCompany()) this.waiting.set(id, this.now + longestWait)
    else this.result(id, 'ok', '')
  }

  /** Called while a message is made: results follow what they are about. */
  protected override broadcastFinished({ waiting }: Broadcast): void {
    for (const id of waiting) if (this.waiting.delete(id)) this.told.push(id)
  }

  protected answerTold(): void {
    if (this.told.length === 0) return
    for (const id of this.told) this.result(id, 'ok', '')
    this.told = []
  }

  protected waitDeadline(): Milliseconds {
    for (const deadline of this.waiting.values()) return deadline
    return never
  }

  protected waitsTimedOut(): void {
    for (const [id, deadline] of this.waiting) {
      if (deadline > this.now) return
      this.waiting.delete(id)
      this.result(id, 'unknown', 'timeout')
    }
  }
}
