/**
 * The disk of one node: which writes are in flight or could still be lost. Writes of one file are acknowledged and
 * become durable in order. An acknowledged synced write is durable, and so is all that was written to its file before.
 */
import type { CrashKeep, DiskProfile, Milliseconds, WriteId } from '../../models/vocabulary.ts'
import { between, mix, mixText } from './hash.ts'

interface PendingWrite {
  readonly id: WriteId
  readonly sync: boolean
  /** Harness time of the acknowledgement. */
  readonly due: Milliseconds
}

interface File {
  readonly name: string
  readonly hash: number
  /** Writes of rising identifiers: first durable ones, then those that are acknowledged all the same, then the others. */
  readonly writes: PendingWrite[]
  /** Place of the first write that is not durable. */
  durable: number
  /** Place of the first write that is not acknowledged. */
  acknowledged: number
  lastDue: Milliseconds
}

/** What a crash does to the writes that are not durable. */
export interface CrashOutcome {
  readonly keep: readonly WriteId[]
  /** The write of which a part reached the disk; 0 for none. */
  readonly torn: WriteId
  /** Number of writes that are lost, the torn one included. */
  readonly lost: number
}

export class Disk {
  readonly #hash: number
  readonly #files: File[] = []
  #crashes = 0
  /** Greatest identifier of a write so far. */
  lastWrite: WriteId = 0
  /** Harness time of the next acknowledgement; Infinity if none is due. */
  due: Milliseconds = Infinity

  /** `hash` is of the seed and the node. */
  constructor(hash: number) {
    this.#hash = hash
  }

  write(id: WriteId, name: string, sync: boolean, now: Milliseconds, profile: DiskProfile): void {
    const file = this.#file(name)
    const drawn = now + between(mix(file.hash, id), profile.delay[0], profile.delay[1])
    const due = Math.max(drawn, file.lastDue)
    file.lastDue = due
    file.writes.push({ id, sync, due })
    this.lastWrite = Math.max(this.lastWrite, id)
    if (due < this.due) this.due = due
  }

  isAcknowledged(id: WriteId): boolean {
    for (const { writes, acknowledged } of this.#files) {
      // Mostly the last one is asked for.
      for (let place = writes.length - 1; place >= acknowledged && writes[place]!.id >= id; place--) {
        if (writes[place]!.id === id) return false
      }
    }
    return true
  }

  /** Takes the writes that are acknowledged at `now`, in order within each file. */
  acknowledge(now: Milliseconds): WriteId[] {
    const taken: WriteId[] = []
    this.due = Infinity
    for (const file of this.#files) {
      const { writes } = file
      while (file.acknowledged < writes.length && writes[file.acknowledged]!.due <= now) {
        const { id, sync } = writes[file.acknowledged++]!
        taken.push(id)
        if (sync) file.durable = file.acknowledged
      }
      if (file.durable >= 256) {
        writes.splice(0, file.durable)
        file.acknowledged -= file.durable
        file.durable = 0
      }
      const next = writes[file.acknowledged]
      if (next !== undefined && next.due < this.due) this.due = next.due
    }
    return taken
  }

  /** Decides what a crash keeps: of each file a prefix, and perhaps a part of the write behind one of them. */
  crash(keep: CrashKeep, torn: boolean): CrashOutcome {
    const crash = mix(this.#hash, ++this.#crashes)
    const kept: WriteId[] = []
    const next: WriteId[] = []
    let lost = 0
    for (const file of this.#files) {
      const writes = file.writes.splice(file.durable)
      const length =
        keep === 'all' ? writes.length : keep === 'none' ? 0 : between(mix(crash, file.hash), 0, writes.length)
      for (let place = 0; place < length; place++) kept.push(writes[place]!.id)
      if (length < writes.length) next.push(writes[length]!.id)
      lost += writes.length - length
      file.acknowledged = file.durable
      file.lastDue = 0
    }
    this.due = Infinity
    const tornWrite = torn && next.length > 0 ? next[between(crash, 0, next.length - 1)]! : 0
    return { keep: kept, torn: tornWrite, lost }
  }

  #file(name: string): File {
    for (const file of this.#files) if (file.name === name) return file
    const file = { name, hash: mixText(this.#hash, name), writes: [], durable: 0, acknowledged: 0, lastDue: 0 }
    this.#files.push(file)
    return file
  }
}
