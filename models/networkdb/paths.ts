/** Paths through the machines of an entry and of an attachment. */
import { pathsThrough } from '../member-paths.ts'
import { attachmentInputs, attachments, attachmentStarts } from './attachment.ts'
import type { AttachmentInput, AttachmentSituation } from './attachment.ts'
import { entries, entryStart, inputsTo, type EntryInput, type EntryStart } from './member.ts'

interface Path {
  readonly surface: 'networkdb'
  readonly name: string
}

export interface EntryPath extends Path {
  readonly of: 'entry'
  readonly steps: readonly EntryInput[]
}

export interface AttachmentPath extends Path {
  readonly of: 'attachment'
  readonly start: AttachmentSituation
  readonly steps: readonly AttachmentInput[]
}

export type NetworkDbPath = EntryPath | AttachmentPath

const throughEntries = () =>
  pathsThrough<EntryStart, EntryInput>({
    start: entryStart,
    keyOf: ({ status, mine, attached, writer }) =>
      [status, mine ? 'mine' : 'other', attached ? 'in' : 'out', writer].join(' '),
    inputsTo,
    outcomeOf: entries.outcomeOf,
  })

const throughAttachments = (start: AttachmentSituation) =>
  pathsThrough<AttachmentSituation, AttachmentInput>({
    start,
    keyOf: ({ status, whose }) => `${status} ${whose}`,
    inputsTo: attachmentInputs,
    outcomeOf: attachments.outcomeOf,
  })

/** All paths; none is the beginning of another. */
export function networkDbPaths(): NetworkDbPath[] {
  const ofEntries = throughEntries().map((edges, number): EntryPath => ({
    surface: 'networkdb',
    name: `member path ${number + 1}`,
    of: 'entry',
    steps: edges.map(({ input }) => input),
  }))
  const ofAttachments = attachmentStarts
    .flatMap((start) => throughAttachments(start).map((edges) => ({ start, edges })))
    .map(({ start, edges }, number): AttachmentPath => ({
      surface: 'networkdb',
      name: `attachment path ${number + 1}`,
      of: 'attachment',
      start,
      steps: edges.map(({ input }) => input),
    }))
  return [...ofEntries, ...ofAttachments]
}

/** Names of all transitions that can be taken. */
export function transitionNames(): string[] {
  const edges = [...throughEntries(), ...attachmentStarts.flatMap(throughAttachments)].flat()
  return [...new Set(edges.map(({ transition }) => transition))].sort()
}
