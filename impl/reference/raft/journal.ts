/**
 * A member's journal: what it has written, one record a write, and how records are kept in a file. A record is framed by
 * its length and checksum, so that a torn one is told from a whole one; what follows a torn record is not read.
 */
import { crc32 } from 'node:zlib'
import type { Configuration, Entry, LogDelta, Position, WriteContents } from '../../../models/raft/vocabulary.ts'
import type { NodeId, WriteId } from '../../../models/vocabulary.ts'
import { emptyStore } from '../store/key-value.ts'
import { type PackedEntry, packEntry, unpackEntry } from './entry.ts'
import type { Snapshot } from './snapshot.ts'

/** What one write makes durable. */
export interface JournalRecord {
  readonly write: WriteId
  readonly contents: WriteContents
  /** Of a write that restores or compacts the log. */
  readonly snapshot: Snapshot | null
}

/** What a member finds when it starts. */
export interface Saved {
  readonly term: number
  readonly vote: NodeId | null
  /** Up to where the log was known to be committed when that was last written: at least the snapshot's index. */
  readonly commit: number
  readonly snapshot: Snapshot | null
  /** Position before the first entry. */
  readonly base: Position
  readonly entries: readonly Entry[]
}

/** What a node that is no member yet starts with. */
export const blank: Saved = { term: 0, vote: null, commit: 0, snapshot: null, base: { index: 0, term: 0 }, entries: [] }

/** What a member of the first configuration starts with: a snapshot that holds nothing but that configuration. */
export const founded = (configuration: Configuration): Saved => ({
  term: 1,
  vote: null,
  commit: 1,
  snapshot: { index: 1, term: 1, configuration, store: emptyStore, removed: [] },
  base: { index: 1, term: 1 },
  entries: [],
})

// What records lead to

/** What these records, oldest first, have saved. */
export const recover = (records: readonly JournalRecord[]): Saved => {
  let { term, vote, commit, snapshot, base } = blank
  const entries: Entry[] = []
  for (const { contents, snapshot: written } of records) {
    if (contents.term !== undefined) term = contents.term
    if (contents.vote !== undefined) vote = contents.vote
    if (contents.commit !== undefined) commit = contents.commit
    if (contents.log !== undefined) base = applyDelta(base, entries, contents.log)
    if (written !== null) snapshot = written
  }
  return { term, vote, commit: Math.max(commit, snapshot?.index ?? 0), snapshot, base, entries }
}

/** Changes `entries`, and gives their new base. */
const applyDelta = (base: Position, entries: Entry[], { restore, truncate, append, compact }: LogDelta): Position => {
  let { index, term } = base
  if (restore !== undefined) {
    entries.length = 0
    ;({ index, term } = restore)
  }
  if (truncate !== undefined) entries.length = truncate - index
  if (append !== undefined) for (const entry of append) entries.push(entry)
  if (compact !== undefined) {
    entries.splice(0, compact.index - index)
    ;({ index, term } = compact)
  }
  return { index, term }
}

/** The one record that stands for all that is saved, so that a journal can be rewritten when the log was compacted. */
export const condense = (write: WriteId, { term, vote, commit, snapshot, base, entries }: Saved): JournalRecord => ({
  write,
  contents: { term, vote, commit, log: { restore: { ...base, retain: false }, append: entries } },
  snapshot,
})

// Bytes

const headerLength = 8

interface PackedRecord {
  readonly write: WriteId
  readonly contents: Omit<WriteContents, 'log'>
  readonly log: (Omit<LogDelta, 'append'> & { readonly append?: readonly PackedEntry[] | undefined }) | undefined
  readonly snapshot: Snapshot | null
}

/** A record as bytes: length and CRC-32 of the body, big-endian, then the body. */
export const encodeRecord = ({ write, contents, snapshot }: JournalRecord): Buffer => {
  const { term, vote, commit, log } = contents
  const packed: PackedRecord = {
    write,
    contents: { term, vote, commit },
    log: log === undefined ? undefined : { ...log, append: log.append?.map(packEntry) },
    snapshot,
  }
  const body = Buffer.from(JSON.stringify(packed))
  const header = Buffer.alloc(headerLength)
  header.writeUInt32BE(body.length, 0)
  header.writeUInt32BE(crc32(body), 4)
  return Buffer.concat([header, body])
}

const decodeBody = (body: Buffer): JournalRecord => {
  const { write, contents, log, snapshot } = JSON.parse(body.toString()) as PackedRecord
  if (log === undefined) return { write, contents, snapshot }
  return { write, contents: { ...contents, log: { ...log, append: log.append?.map(unpackEntry) } }, snapshot }
}

/** The whole records that `bytes` begin with, and how many bytes they take: behind those, a file is to be cut off. */
export const decodeRecords = (bytes: Buffer): { readonly records: JournalRecord[]; readonly length: number } => {
  const records: JournalRecord[] = []
  let offset = 0
  while (offset + headerLength <= bytes.length) {
    const end = offset + headerLength + bytes.readUInt32BE(offset)
    if (end > bytes.length) break
    const body = bytes.subarray(offset + headerLength, end)
    if (body.length === 0 || crc32(body) !== bytes.readUInt32BE(offset + 4)) break
    records.push(decodeBody(body))
    offset = end
  }
  return { records, length: offset }
}
