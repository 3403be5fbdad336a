/** A member's journal in a real file: records are appended, made durable together, and rewritten when the log is compacted. */
import { type FileHandle, open } from 'node:fs/promises'
import type { WriteId } from '../../../models/vocabulary.ts'
import {
  condense,
  decodeRecords,
  encodeRecord,
  type JournalRecord,
  recover,
  type Saved,
} from '../../reference/raft/journal.ts'
import { readIfThere, replaceFile } from '../files.ts'

/** The journal does not hold what it must. */
export class JournalError extends Error {
  override readonly name = 'JournalError'
}

/** How a file's contents are made durable. */
export type Sync = (handle: FileHandle) => Promise<void>

const synchronizeData: Sync = (handle) => handle.datasync()

/** What a journal tells whoever writes to it. */
export interface JournalListener {
  /** This write, and those before it, are durable. */
  durable(write: WriteId): void
  /** Nothing can be relied on any more: after a failed sync, nobody knows what the file holds. */
  failed(error: Error): void
}

const createJournal = (file: string, initial: Saved): Promise<void> =>
  replaceFile(file, encodeRecord(condense(0, initial)))

/** Whether a whole record follows somewhere behind a broken one: that is damage, not a write that a crash cut short. */
const holdsRecord = (bytes: Buffer): boolean => {
  for (let offset = 1; offset < bytes.length; offset++)
    if (decodeRecords(bytes.subarray(offset)).length > 0) return true
  return false
}

export class JournalFile {
  readonly saved: Saved
  /** Greatest identifier of a write that was found. */
  readonly lastWrite: WriteId
  /** Bytes of a torn write that were cut off. */
  readonly cut: number
  readonly #file: string
  readonly #sync: Sync
  #handle: FileHandle
  #size: number
  #listener: JournalListener = { durable: () => {}, failed: () => {} }
  /** What the file holds, or will. */
  #records: JournalRecord[]
  /** Not yet written. */
  #pending: Buffer[] = []
  /** The journal is to be rewritten instead of appended to. */
  #rewrite = false
  #lastWrite: WriteId
  /** The write that is under way, and those that follow it at once. */
  #writing: Promise<void> | null = null
  #syncs = 0

  protected constructor(
    file: string,
    sync: Sync,
    handle: FileHandle,
    records: JournalRecord[],
    length: number,
    cut: number,
  ) {
    this.#file = file
    this.#sync = sync
    this.#handle = handle
    this.#records = records
    this.#size = length
    this.cut = cut
    this.saved = recover(records)
    this.lastWrite = this.#lastWrite = records.at(-1)!.write
  }

  /**
   * Opens the journal; where there is none, it begins with `initial`. A torn tail is cut off. Throws a JournalError where
   * the file is damaged otherwise.
   */
  static async open(file: string, initial: Saved, sync: Sync = synchronizeData): Promise<JournalFile> {
    if ((await readIfThere(file)) === null) await createJournal(file, initial)
    const handle = await open(file, 'r+')
    try {
      const bytes = await handle.readFile()
      const { records, length } = decodeRecords(bytes)
      if (length === 0) throw new JournalError(`${file} is no journal, or its beginning is damaged`)
      if (holdsRecord(bytes.subarray(length)))
        throw new JournalError(`${file} is damaged at byte ${length}: whole records follow a broken one`)
      if (length < bytes.length) await handle.truncate(length)
      // What was found may not be durable yet: the process that wrote it was killed before it could see to that.
      await sync(handle)
      return new JournalFile(file, sync, handle, records, length, bytes.length - length)
    } catch (error) {
      await handle.close()
      throw error
    }
  }

  /** Bytes in the file, once all is written. */
  get size(): number {
    return this.#size
  }

  /** How often the file was made durable. */
  get syncs(): number {
    return this.#syncs
  }

  listen(listener: JournalListener): void {
    this.#listener = listener
  }

  /** Takes a record; the listener is told when it is durable. Records that come while others are written share a sync. */
  append(record: JournalRecord): void {
    this.#lastWrite = record.write
    this.#records.push(record)
    if (record.snapshot !== null) {
      this.#records = [condense(record.write, recover(this.#records))]
      this.#rewrite = true
    }
    // What a rewritten journal will hold anyway is not appended to the old one.
    if (this.#rewrite) this.#pending = []
    else this.#pending.push(encodeRecord(record))
    this.#writing ??= this.#write()
  }

  /** Waits for what is under way, and closes the file. */
  async close(): Promise<void> {
    await this.#writing
    await this.#handle.close()
  }

  async #write(): Promise<void> {
    try {
      // The records of one turn of the event loop go together.
      await new Promise<void>((resolve) => setImmediate(resolve))
      while (this.#rewrite || this.#pending.length > 0) {
        const write = this.#lastWrite
        if (this.#rewrite) await this.#rewriteFile()
        else await this.#appendPending()
        this.#syncs++
        this.#listener.durable(write)
      }
      this.#writing = null
    } catch (error) {
      // The write stays under way for ever: nothing that comes later may be called durable.
      this.#listener.failed(error as Error)
    }
  }

  async #appendPending(): Promise<void> {
    const bytes = Buffer.concat(this.#pending)
    this.#pending = []
    for (let written = 0; written < bytes.length;)
      written += (await this.#handle.write(bytes, written, bytes.length - written, this.#size + written)).bytesWritten
    await this.#sync(this.#handle)
    this.#size += bytes.length
  }

  async #rewriteFile(): Promise<void> {
    const bytes = Buffer.concat(this.#records.map(encodeRecord))
    this.#rewrite = false
    await replaceFile(this.#file, bytes)
    await this.#handle.close()
    this.#handle = await open(this.#file, 'r+')
    this.#size = bytes.length
  }
}
