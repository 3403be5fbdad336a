/**
 * Paths through the machines of an entry and of an attachment: the way to each situation, then all that leaves it as it is,
 * and each step on.
 */
import { getAdjacencyMap } from '@xstate/graph'
import type { EventObject, Snapshot } from 'xstate'
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

/** What paths need of a machine. */
interface Walked<Situation extends object, Input> {
  readonly start: Situation
  /** Times stand only for their order, so that a situation is the same whatever they are. */
  readonly keyOf: (at: Situation) => string
  readonly inputsTo: (at: Situation) => readonly Input[]
  readonly outcomeOf: (at: Situation, input: Input) => { readonly name: string; readonly next: Situation } | null
}

interface Edge<Situation, Input> {
  readonly input: Input
  readonly to: Situation
  readonly transition: string
}

type EdgesOf<Situation, Input> = (at: Situation) => readonly Edge<Situation, Input>[]

/** All situations that can be reached, in breadth-first order. */
function situations<Situation extends object, Input>(
  { start, keyOf }: Walked<Situation, Input>,
  edgesOf: EdgesOf<Situation, Input>,
): Situation[] {
  interface GraphEvent extends EventObject {
    readonly edge: Edge<Situation, Input>
  }
  type GraphState = Situation & Snapshot<unknown>
  const logic = {
    getInitialSnapshot: () => start as GraphState,
    getPersistedSnapshot: (state: GraphState) => state,
    transition: (_: GraphState, { edge }: GraphEvent) => edge.to as GraphState,
  }
  const adjacency = getAdjacencyMap(logic, {
    events: (state) => edgesOf(state).map((edge) => ({ type: edge.transition, edge })),
    serializeState: keyOf,
    serializeEvent: ({ edge }) => JSON.stringify(edge.input),
  })
  return Object.values(adjacency).map(({ state }) => state)
}

function pathsThrough<Situation extends object, Input>(walked: Walked<Situation, Input>) {
  const { start, keyOf } = walked
  const edgesOf: EdgesOf<Situation, Input> = (at) =>
    walked.inputsTo(at).map((input) => {
      const { next, name } = walked.outcomeOf(at, input)!
      return { input, to: next, transition: name }
    })
  const all = situations(walked, edgesOf)
  const byKey = new Map(all.map((situation) => [keyOf(situation), situation]))
  /** The shortest way to each situation. */
  const ways = new Map<string, readonly Edge<Situation, Input>[]>([[keyOf(start), []]])
  for (const [key, way] of ways) {
    for (const edge of edgesOf(byKey.get(key)!)) if (!ways.has(keyOf(edge.to))) ways.set(keyOf(edge.to), [...way, edge])
  }
  const paths = all.flatMap((situation) => {
    const key = keyOf(situation)
    const way = ways.get(key)!
    const edges = edgesOf(situation)
    const resting = edges.filter(({ to }) => keyOf(to) === key)
    const moving = edges.filter(({ to }) => keyOf(to) !== key)
    const first = resting.length === 0 ? [] : [[...way, ...resting]]
    return [...first, ...moving.map((edge) => [...way, edge])]
  })
  // None is the beginning of another.
  const texts = paths.map((path) => path.map(({ input }) => JSON.stringify(input)).join())
  return paths.filter((_, at) => !texts.some((other, each) => each !== at && other.startsWith(`${texts[at]!},`)))
}

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
