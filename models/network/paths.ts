/** Paths through the life of an endpoint: each takes one transition at its end, and all together take every one. */
import { getAdjacencyMap } from '@xstate/graph'
import type { EventObject, Snapshot } from 'xstate'
import { inputs, isPossible } from './member.ts'
import { after, stageOf, transitionName, unknown, type EndpointInput, type Layers } from './rules.ts'

export interface EndpointPath {
  readonly name: string
  readonly steps: readonly EndpointInput[]
  /** Names of the transitions, one a step. */
  readonly transitions: readonly string[]
}

/** Two others that may show it, and an address that rests until neither does. */
const around = { viewers: 2, barrier: true } as const

interface GraphEvent extends EventObject {
  readonly input: EndpointInput
}

type GraphState = Layers & Snapshot<unknown>

const keyOf = ({ held, wasHeld, told, wasTold, shown }: Layers): string =>
  [held, wasHeld, told, wasTold, shown].map(Number).join('')

const possible = (layers: Layers): EndpointInput[] => inputs.filter((input) => isPossible({ ...around, layers }, input))

/** All situations, in breadth-first order, each with the shortest way there. */
function ways(): Map<string, { readonly layers: Layers; readonly way: readonly EndpointInput[] }> {
  const logic = {
    getInitialSnapshot: () => unknown as GraphState,
    getPersistedSnapshot: (state: GraphState) => state,
    transition: (state: GraphState, { input }: GraphEvent) => after(state, input) as GraphState,
  }
  const adjacency = getAdjacencyMap(logic, {
    events: (state) => possible(state).map((input) => ({ type: input, input })),
    serializeState: keyOf,
    serializeEvent: ({ input }) => input,
  })
  const found = new Map([[keyOf(unknown), { layers: unknown, way: [] as readonly EndpointInput[] }]])
  for (const { layers, way } of found.values()) {
    if (!(keyOf(layers) in adjacency)) continue
    for (const input of possible(layers)) {
      const next = after(layers, input)
      if (!found.has(keyOf(next))) found.set(keyOf(next), { layers: next, way: [...way, input] })
    }
  }
  return found
}

const nameAt = (layers: Layers, input: EndpointInput): string =>
  transitionName(stageOf(layers), input, stageOf(after(layers, input)))

function pathOf(steps: readonly EndpointInput[]): Omit<EndpointPath, 'name'> {
  let layers = unknown
  const transitions = steps.map((input) => {
    const name = nameAt(layers, input)
    layers = after(layers, input)
    return name
  })
  return { steps, transitions }
}

/** One path to each transition, none of them the beginning of another. */
export function endpointPaths(): EndpointPath[] {
  const seen = new Set<string>()
  const steps = [...ways().values()].flatMap(({ layers, way }) =>
    possible(layers).flatMap((input) => {
      const name = nameAt(layers, input)
      if (seen.has(name)) return []
      seen.add(name)
      return [[...way, input]]
    }),
  )
  const texts = steps.map((each) => each.join(' '))
  return steps
    .filter((_, at) => !texts.some((other, each) => each !== at && other.startsWith(`${texts[at]!} `)))
    .map((each, number) => ({ name: `endpoint path ${number + 1}`, ...pathOf(each) }))
}

/** Names of all transitions that can be taken. */
export function transitionNames(): string[] {
  return [...new Set(endpointPaths().flatMap(({ transitions }) => transitions))].sort()
}
