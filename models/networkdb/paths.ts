/** Paths through the machine of an entry: the way to each situation, then all that leaves it as it is, and each step on. */
import { getAdjacencyMap } from '@xstate/graph'
import type { EventObject, Snapshot } from 'xstate'
import { entryStart, inputsTo, outcomeOf, type EntryInput, type EntryStart } from './member.ts'

export interface NetworkDbPath {
  readonly surface: 'networkdb'
  readonly name: string
  readonly steps: readonly EntryInput[]
}

interface Edge {
  readonly input: EntryInput
  readonly to: EntryStart
  readonly transition: string
}

interface GraphEvent extends EventObject {
  readonly edge: Edge
}

/** Times stand only for their order, so that a situation is the same whatever they are. */
const keyOf = ({ status, mine, attached, writer }: EntryStart): string =>
  [status, mine ? 'mine' : 'other', attached ? 'in' : 'out', writer].join(' ')

const edgesOf = (at: EntryStart): Edge[] =>
  inputsTo(at).map((input) => {
    const { next, name } = outcomeOf(at, input)!
    return { input, to: next, transition: name }
  })

/** All situations that can be reached, in breadth-first order. */
function situations(): EntryStart[] {
  const logic = {
    getInitialSnapshot: () => entryStart as EntryStart & Snapshot<unknown>,
    getPersistedSnapshot: (state: EntryStart & Snapshot<unknown>) => state,
    transition: (_: EntryStart, { edge }: GraphEvent) => edge.to as EntryStart & Snapshot<unknown>,
  }
  const adjacency = getAdjacencyMap(logic, {
    events: (state) => edgesOf(state).map((edge) => ({ type: edge.input.type, edge })),
    serializeState: keyOf,
    serializeEvent: ({ edge }) => JSON.stringify(edge.input),
  })
  return Object.values(adjacency).map(({ state }) => state)
}

/** The shortest way to each situation. */
function waysTo(all: readonly EntryStart[]): Map<string, readonly Edge[]> {
  const byKey = new Map(all.map((situation) => [keyOf(situation), situation]))
  const ways = new Map<string, readonly Edge[]>([[keyOf(entryStart), []]])
  for (const [key, way] of ways) {
    for (const edge of edgesOf(byKey.get(key)!)) if (!ways.has(keyOf(edge.to))) ways.set(keyOf(edge.to), [...way, edge])
  }
  return ways
}

/** All paths; none is the beginning of another. */
export function networkDbPaths(): NetworkDbPath[] {
  return pathsOfEdges().map((edges, number) => ({
    surface: 'networkdb',
    name: `member path ${number + 1}`,
    steps: edges.map(({ input }) => input),
  }))
}

function pathsOfEdges(): (readonly Edge[])[] {
  const all = situations()
  const ways = waysTo(all)
  const paths = all.flatMap((situation) => {
    const key = keyOf(situation)
    const way = ways.get(key)!
    const edges = edgesOf(situation)
    const resting = edges.filter(({ to }) => keyOf(to) === key)
    const moving = edges.filter(({ to }) => keyOf(to) !== key)
    const first = resting.length === 0 ? [] : [[...way, ...resting]]
    return [...first, ...moving.map((edge) => [...way, edge])]
  })
  const texts = paths.map((path) => path.map(({ input }) => JSON.stringify(input)).join())
  return paths.filter((_, at) => !texts.some((other, each) => each !== at && other.startsWith(`${texts[at]!},`)))
}

/** Names of all transitions that can be taken. */
export function transitionNames(): string[] {
  return [...new Set(pathsOfEdges().flatMap((edges) => edges.map(({ transition }) => transition)))].sort()
}
