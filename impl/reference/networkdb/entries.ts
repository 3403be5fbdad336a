/** What becomes of entries when something is told of them, or of their owners. [ND] delegate.go, networkdb.go */
import type { Name, TableEvent } from '../../../models/networkdb/vocabulary.ts'
import type { Milliseconds } from '../../../models/vocabulary.ts'
import { never } from '../swim/never.ts'
import { GossipRules } from './gossip.ts'
import type { EntryRecord } from './records.ts'

export abstract class EntryRules extends GossipRules {
  /** `bySync`: it came with all other entries of the network. */
  protected onTableEvent(event: TableEvent, bySync: boolean): void {
    this.witnessTable(event.time)
    if (this.isOwnEntry(event)) return
    if (!this.takesIn(event.network)) return
    if (!this.takesFrom(event.owner, event.network)) return
    const known = this.find(event.network, event.key)
    if (known !== undefined && !this.isNewer(event, known)) return
    this.takeEntry(event, known)
    if (this.passesOn(event, known, bySync)) this.queueOther(event)
  }

  protected isOwnEntry({ owner }: TableEvent): boolean {
    return owner === this.name
  }

  protected takesIn(network: string): boolean {
    return this.isIn(network)
  }

  protected isIn(network: string): boolean {
    return this.own.get(network)?.leaving === false
  }

  protected takesFrom(owner: Name, network: string): boolean {
    return this.isAttached(owner, network)
  }

  protected isNewer(event: TableEvent, known: EntryRecord): boolean {
    return event.time > known.time
  }

  protected takeEntry(event: TableEvent, known: EntryRecord | undefined): void {
    const { network, key } = event
    const before = this.visible(known)
    const entry = this.entryFrom(event)
    if (entry === null) this.remove(network, key)
    else this.put(network, key, entry)
    this.watchTaken(network, key, before, entry === null ? null : this.visible(entry))
  }

  protected watchTaken(network: string, key: string, before: string | null, after: string | null): void {
    this.watch(network, key, before, after)
  }

  protected entryFrom({ event, owner, time, value, residual }: TableEvent): EntryRecord | null {
    const deleting = event === 'delete'
    return { owner, time, value, deleting, reapAt: this.reapTimeOf(owner, deleting, residual) }
  }

  private reapTimeOf(owner: Name, deleting: boolean, residual: Milliseconds): Milliseconds {
    if (deleting) return this.now + this.rememberFor(residual)
    return this.isFailed(owner) ? this.now + this.rememberFor(residual) : never
  }

  /** How long what is deleted or hidden is remembered: who does not know how long it was so far says 0. */
  protected rememberFor(residual: Milliseconds): Milliseconds {
    return residual === 0 ? this.options.reapInterval : residual
  }

  protected passesOn(event: TableEvent, known: EntryRecord | undefined, bySync: boolean): boolean {
    if (this.own.get(event.network)?.synced !== true) return false
    if (event.event !== 'delete' || known !== undefined) return true
    return this.passesOnUnknown(event, bySync)
  }

  /** The deletion of what was not known here is news only if others may not know of it either. */
  protected passesOnUnknown({ residual }: TableEvent, bySync: boolean): boolean {
    return bySync && this.rememberFor(residual) > this.options.reapInterval / 6
  }

  // Owners

  protected entriesOf(owner: Name): (readonly [string, string, EntryRecord])[] {
    return [...this.entries].flatMap(([network, entries]) =>
      [...entries].filter(([, entry]) => entry.owner === owner).map(([key, entry]) => [network, key, entry] as const),
    )
  }

  /** The owner has failed: its entries are hidden. Called when it counts as failed. */
  protected hideEntries(owner: Name): void {
    for (const [network, key, entry] of this.entriesOf(owner)) {
      if (entry.deleting) continue
      entry.reapAt = this.now + this.options.reapInterval
      this.noteEntry(network, key)
      this.watch(network, key, entry.value, null)
    }
  }

  /** The owner is back: what is still remembered is visible again. */
  protected showEntries(owner: Name): void {
    for (const [network, key, entry] of this.entriesOf(owner)) {
      if (entry.deleting) continue
      entry.reapAt = never
      this.noteEntry(network, key)
      this.watch(network, key, null, entry.value)
    }
  }

  /** The owner takes no part any more, in one network or in all: its entries are forgotten. */
  protected dropEntries(owner: Name, from: string | null): void {
    for (const [network, key, entry] of this.entriesOf(owner)) {
      if (from !== null && network !== from) continue
      this.remove(network, key)
      this.watch(network, key, this.visible(entry), null)
    }
  }

  /** This node leaves the network: its own entries are deleted, so that nobody brings them back; all others forgotten. */
  protected leaveEntries(network: string): void {
    for (const [key, entry] of [...(this.entries.get(network) ?? [])]) {
      const before = this.visible(entry)
      if (entry.owner !== this.name) this.remove(network, key)
      else if (!entry.deleting) this.bury(network, key, entry)
      this.watch(network, key, before, null)
    }
  }

  protected bury(network: string, key: string, { value }: EntryRecord): EntryRecord {
    const buried = {
      owner: this.name,
      time: this.tickTable(),
      value,
      deleting: true,
      reapAt: this.now + this.options.reapInterval,
    }
    this.put(network, key, buried)
    return buried
  }

  // Age

  protected reapEntries(): void {
    for (const [network, entries] of this.entries) {
      for (const [key, entry] of [...entries]) if (this.ageOf(entry) <= this.now) this.remove(network, key)
    }
  }

  protected nextEntryAge(): Milliseconds {
    let next = never
    for (const entries of this.entries.values()) {
      for (const entry of entries.values()) next = Math.min(next, this.ageOf(entry))
    }
    return next
  }

  /** When it is old enough to be forgotten. */
  protected ageOf({ reapAt }: EntryRecord): Milliseconds {
    return reapAt
  }
}
