/** Which of two things said of a member counts, and what a member says against what is said of it. [ML] state.go */
import type { Status, Update } from '../../../models/swim/vocabulary.ts'
import type { Milliseconds } from '../../../models/vocabulary.ts'
import { DisseminationRules } from './dissemination.ts'
import { confirmationsWanted, leastSuspicion, suspicionDuration } from './formulas.ts'
import { never } from './never.ts'
import { type Suspicion, SuspicionTimers } from './suspicion.ts'
import { type Entry, isGone } from './table.ts'

/** Nobody can say a greater one, in 32 bits; who is accused by it has no answer, but lives on. */
const greatestIncarnation = 0xffffffff

export abstract class RecordRules extends DisseminationRules {
  protected readonly suspicions = new SuspicionTimers()

  protected hear(updates: readonly Update[]): void {
    for (const update of updates) this.hearUpdate(update)
  }

  protected hearUpdate(update: Update): void {
    switch (update.status) {
      case 'alive':
        return this.onAlive(update)
      case 'suspect':
        return this.onSuspect(update)
      case 'dead':
        return this.onDead(update)
    }
  }

  // Alive

  protected onAlive(update: Update): void {
    // Whoever leaves does not come back by what others still say.
    if (update.node === this.name && this.leaving) return
    const entry = this.table.get(update.node)
    if (entry === undefined) return this.meet(update)
    const moves = update.address !== entry.record.address
    if (moves && !this.mayMove(entry)) return this.rejectConflict(update)
    if (entry === this.own) return this.onOwnAlive(update)
    if (moves || this.isNewer(update, entry)) this.takeAlive(entry, update)
  }

  /** Whether an `alive` is news of a member that is where it was. */
  protected isNewer({ incarnation }: Update, { record }: Entry): boolean {
    return incarnation > record.incarnation
  }

  /** Whether another one may take over the name at another address. */
  protected mayMove({ record }: Entry): boolean {
    return record.status === 'left'
  }

  protected rejectConflict({ node, meta }: Update): void {
    this.tell('conflict', node, meta)
  }

  /** A member that was not known is dead until something newer than incarnation 0 is said of it. */
  protected meet(update: Update): void {
    const { node, incarnation, address, meta } = update
    const isAlive = incarnation > 0
    const status: Status = isAlive ? 'alive' : 'dead'
    const entry = this.table.add(
      { node, status, incarnation, address, meta },
      // It has not died lately: nothing keeps it in the table.
      isAlive ? this.now : -never,
      this.now,
    )
    this.noteChange(entry)
    if (!isAlive) return
    this.broadcast(node, update)
    this.tell('join', node, meta)
  }

  protected takeAlive(entry: Entry, update: Update): void {
    const { node, incarnation, address, meta } = update
    const before = entry.record
    const wasGone = isGone(entry)
    entry.suspicion = null
    this.broadcast(node, update)
    this.setRecord(entry, 'alive', incarnation, address, meta)
    if (wasGone) this.tell('join', node, meta)
    else if (meta !== before.meta) this.tell('update', node, meta)
  }

  /** Somebody has this name, or had it in an earlier life; what it tells of itself now must win. */
  protected onOwnAlive({ incarnation, meta }: Update): void {
    const { record } = this.own
    if (incarnation < record.incarnation) return
    if (incarnation === record.incarnation && meta === record.meta) return
    this.refute(incarnation)
  }

  // Suspect

  /** Whether an accusation is of a life that is past. */
  protected isOlder({ incarnation }: Update, { record }: Entry): boolean {
    return incarnation < record.incarnation
  }

  protected onSuspect(update: Update): void {
    const entry = this.table.get(update.node)
    if (entry === undefined || this.isOlder(update, entry)) return
    if (entry.suspicion !== null) return this.confirm(entry.suspicion, update)
    if (entry.record.status !== 'alive') return
    if (entry === this.own) this.refute(update.incarnation)
    else this.suspect(entry, update)
  }

  protected suspect(entry: Entry, update: Update): void {
    const { address, meta } = entry.record
    this.broadcast(update.node, update)
    this.setRecord(entry, 'suspect', update.incarnation, address, meta)
    entry.suspicion = this.beginSuspicion(entry, update)
    this.suspicions.set(entry.suspicion)
  }

  protected beginSuspicion(subject: Entry, { from }: Update): Suspicion {
    const { suspicionMult, suspicionMaxTimeoutMult, probeInterval } = this.options
    const { size } = this.table
    const wanted = confirmationsWanted(suspicionMult, size)
    const least = leastSuspicion(suspicionMult, size, probeInterval)
    const greatest = suspicionMaxTimeoutMult * least
    return {
      subject,
      since: this.now,
      wanted,
      least,
      greatest,
      accusers: new Set([from]),
      confirmations: 0,
      deadline: this.now + suspicionDuration(0, wanted, least, greatest),
    }
  }

  /** Another accuser makes a suspicion shorter, and is told on. */
  protected confirm(suspicion: Suspicion, update: Update): void {
    if (!this.confirms(suspicion, update)) return
    suspicion.accusers.add(update.from)
    suspicion.confirmations++
    suspicion.deadline = this.confirmedDeadline(suspicion)
    this.suspicions.set(suspicion)
    this.broadcast(update.node, update)
  }

  protected confirms({ confirmations, wanted, accusers }: Suspicion, { from }: Update): boolean {
    return confirmations < wanted && !accusers.has(from)
  }

  protected confirmedDeadline({ since, confirmations, wanted, least, greatest }: Suspicion): Milliseconds {
    return Math.max(this.now, since + suspicionDuration(confirmations, wanted, least, greatest))
  }

  /** Nobody has refuted it in time. */
  protected suspicionTimedOut({ subject }: Suspicion): void {
    const { node, incarnation } = subject.record
    this.onDead({ status: 'dead', node, incarnation, from: this.name, address: '', meta: '' })
  }

  // Dead

  protected onDead(update: Update): void {
    const entry = this.table.get(update.node)
    if (entry === undefined || this.isOlder(update, entry) || isGone(entry)) return
    if (entry === this.own) this.refute(update.incarnation)
    else this.takeDeath(entry, update)
  }

  protected takeDeath(entry: Entry, update: Update, waiting?: readonly number[]): void {
    const { node, address, meta } = entry.record
    entry.suspicion = null
    this.broadcast(node, update, waiting)
    this.setRecord(entry, this.statusAfterDeath(update), update.incarnation, address, meta)
    this.tell('leave', node, meta)
  }

  /** Who says it of itself has left. */
  protected statusAfterDeath({ node, from }: Update): Status {
    return node === from ? 'left' : 'dead'
  }

  // Refutation

  /** Says that it is alive, with an incarnation that is greater than what it is accused with. */
  protected refute(accused: number): void {
    const { incarnation, address, meta } = this.own.record
    this.setRecord(this.own, 'alive', this.refutation(incarnation, accused), address, meta)
    this.changeScore(1)
    // Under its address, as [ML] has it: what was said of itself before under its name is told on too.
    this.broadcast(address, this.ownUpdate())
  }

  protected refutation(own: number, accused: number): number {
    return this.nextIncarnation(Math.max(own, accused))
  }

  protected nextIncarnation(incarnation: number): number {
    return Math.min(incarnation + 1, greatestIncarnation)
  }

  /** What a member says of itself as long as it has not left. */
  protected ownUpdate(): Update {
    const { node, incarnation, address, meta } = this.own.record
    return { status: 'alive', node, incarnation, from: node, address, meta }
  }
}
