/** The disk of one node in a simulated run: which records survive a crash, and what a restart reads. */
import type { WriteId } from '../../../models/vocabulary.ts'
import { condense, decodeRecords, encodeRecord, type JournalRecord, recover, type Saved } from './journal.ts'

export class Disk {
  protected records: JournalRecord[]
  protected durable: WriteId = 0
  /** What is in the file while the node is down. */
  protected bytes: Buffer = Buffer.alloc(0)
  /** Greatest identifier of a write so far. */
  lastWrite: WriteId = 0
  /** How often the node was started before. */
  starts = 0

  constructor(saved: Saved) {
    this.records = [condense(0, saved)]
  }

  write(record: JournalRecord): void {
    this.records.push(record)
    this.lastWrite = record.write
  }

  /** Writes up to this one are durable. If it brought a snapshot, the journal is rewritten without what came before. */
  acknowledge(write: WriteId): void {
    this.durable = Math.max(this.durable, write)
    const length = this.durableRecords()
    if (this.records[length - 1]!.snapshot === null || length === 1) return
    const saved = this.recovered(this.records.slice(0, length))
    this.records.splice(0, length, condense(this.records[length - 1]!.write, saved))
  }

  /** Leaves the durable records, those of `keep` that follow them without a gap, and the first half of `torn`. */
  crash(keep: readonly WriteId[], torn: WriteId): void {
    let length = this.durableRecords()
    while (length < this.records.length && keep.includes(this.records[length]!.write)) length++
    const parts = this.records.slice(0, length).map(encodeRecord)
    const next = this.records[length]
    if (next !== undefined && next.write === torn) {
      const whole = encodeRecord(next)
      parts.push(whole.subarray(0, whole.length >> 1))
    }
    this.bytes = Buffer.concat(parts)
  }

  /** Reads the file again. */
  restart(): Saved {
    this.starts++
    this.records = decodeRecords(this.bytes).records
    this.durable = this.records.at(-1)!.write
    return this.recovered(this.records)
  }

  protected recovered(records: readonly JournalRecord[]): Saved {
    return recover(records)
  }

  protected durableRecords(): number {
    let length = this.records.length
    while (length > 0 && this.records[length - 1]!.write > this.durable) length--
    return length
  }
}
