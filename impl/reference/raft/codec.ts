/** Messages as bytes, for members that talk over real connections. */
import { z } from 'zod'
import type { Entry, OutgoingMessage } from '../../../models/raft/vocabulary.ts'
import { schemas } from '../../contract/schema.ts'
import { type PackedEntry, packEntry, unpackEntry } from './entry.ts'
import { carriedBy, carrying } from './snapshot.ts'

const names = z.array(z.string())
const configuration = z.strictObject({ voters: names, outgoing: names, learners: names })
const packedEntries = z.array(z.tuple([z.int(), z.int(), z.union([z.string(), configuration, z.null()])]))
const snapshotSchema = z.strictObject({
  index: z.int(),
  term: z.int(),
  configuration,
  store: z.strictObject({ pairs: z.array(z.tuple([z.string(), z.string()])), digest: z.string() }),
  removed: names,
})

/** Entries travel packed, and a snapshot beside the view. */
const wireSchema = z.strictObject({
  message: z.looseObject({}),
  entries: packedEntries.optional(),
  snapshot: snapshotSchema.optional(),
})

/** The bytes of a message, its snapshot included. */
export const encodeMessage = (message: OutgoingMessage): Uint8Array => {
  const { view } = message
  const snapshot = carriedBy(message) ?? undefined
  if (view.kind !== 'append-entries') return Buffer.from(JSON.stringify({ message, snapshot }))
  const bare: OutgoingMessage = { ...message, view: { ...view, entries: [] } }
  return Buffer.from(JSON.stringify({ message: bare, entries: view.entries.map(packEntry) }))
}

/** The message of these bytes. Throws an Error where they are not one. */
export const decodeMessage = (bytes: Uint8Array): OutgoingMessage => {
  const wire = wireSchema.parse(JSON.parse(Buffer.from(bytes).toString()))
  const message: OutgoingMessage = schemas.outgoingMessage.parse(wire.message)
  if (wire.snapshot !== undefined) return carrying(message, wire.snapshot)
  if (message.view.kind !== 'append-entries') return message
  const entries: Entry[] = (wire.entries ?? []).map((entry) => unpackEntry(entry as PackedEntry))
  return { ...message, view: { ...message.view, entries } }
}
