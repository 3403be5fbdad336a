/**
 * Paths through the member machine: inputs in an order that takes every transition, wherever its input stands otherwise
 * to the record. They are plans: `allowed` says what may come of each input, and the machine has the last word.
 */
import { getAdjacencyMap } from '@xstate/graph'
import type { EventObject, Snapshot } from 'xstate'
import { outcomesOf, transitionNames } from './member.ts'
import type { SwimInput, SwimOutcome, SwimStart } from './member.ts'

/** Greatest incarnation that inputs name. */
const INCARNATIONS = 3

/** Where paths begin: a member that is not known, one that is known for alive, and the member itself. */
export const starts: readonly SwimStart[] = [
  { holding: 'unknown', incarnation: 0 },
  { holding: 'alive', incarnation: 1 },
  { holding: 'self', incarnation: 1 },
]

export interface SwimPathStep {
  readonly input: SwimInput
  readonly outcome: SwimOutcome
  readonly transition: string
}

export interface SwimPath {
  readonly surface: 'swim'
  readonly name: string
  readonly start: SwimStart
  readonly steps: readonly SwimPathStep[]
}

interface Edge extends SwimPathStep {
  readonly to: string
}

interface Node {
  readonly key: string
  readonly at: SwimStart
  readonly edges: readonly Edge[]
}

const keyOf = ({ holding, incarnation }: SwimStart | SwimOutcome): string => `${holding} ${incarnation}`

/** Everything that may be said to who holds this. */
function inputsTo({ holding, incarnation }: SwimStart): SwimInput[] {
  const inputs: SwimInput[] = []
  const least = holding === 'unknown' ? 1 : 0
  for (let said = least; said <= INCARNATIONS; said++) {
    inputs.push({ type: 'alive', incarnation: said, moved: false, news: false })
    inputs.push({ type: 'suspect', incarnation: said })
    inputs.push({ type: 'dead', incarnation: said, leaves: false })
    // Nobody but the member itself says that it leaves.
    if (holding !== 'self' && holding !== 'self-left') inputs.push({ type: 'dead', incarnation: said, leaves: true })
    if (holding !== 'unknown') inputs.push({ type: 'alive', incarnation: said, moved: true, news: false })
    if (holding === 'self' && said === incarnation) {
      inputs.push({ type: 'alive', incarnation: said, moved: false, news: true })
    }
  }
  if (holding === 'self' || holding === 'self-left') inputs.push({ type: 'leave' })
  return inputs
}

function edgesOf(at: SwimStart): Edge[] {
  return inputsTo(at).flatMap((input) =>
    outcomesOf(at, input)
      // Refutations of refutations lead ever higher, and nowhere new.
      .filter(({ outcome }) => outcome.incarnation <= INCARNATIONS + 1)
      .map(({ name, outcome }) => ({ input, outcome, transition: name, to: keyOf(outcome) })),
  )
}

interface GraphEvent extends EventObject {
  readonly edge: Edge
}

/** All records that can be reached, in breadth-first order. */
function graphFrom(start: SwimStart): Node[] {
  const logic = {
    getInitialSnapshot: () => start as SwimStart & Snapshot<unknown>,
    getPersistedSnapshot: (state: SwimStart & Snapshot<unknown>) => state,
    transition: (_: SwimStart, { edge }: GraphEvent) => edge.outcome as SwimStart & Snapshot<unknown>,
  }
  const adjacency = getAdjacencyMap(logic, {
    events: (state) => edgesOf(state).map((edge) => ({ type: edge.input.type, edge })),
    serializeState: keyOf,
    serializeEvent: ({ edge }) => JSON.stringify(edge.input),
  })
  return Object.values(adjacency).map(({ state }) => ({ key: keyOf(state), at: state, edges: edgesOf(state) }))
}

/** The shortest way to each node. */
function waysTo(nodes: readonly Node[]): Map<string, readonly Edge[]> {
  const byKey = new Map(nodes.map((node) => [node.key, node]))
  const ways = new Map<string, readonly Edge[]>([[nodes[0]!.key, []]])
  for (const [key, way] of ways) {
    for (const edge of byKey.get(key)?.edges ?? []) if (!ways.has(edge.to)) ways.set(edge.to, [...way, edge])
  }
  return ways
}

/** From each start: the way to each record, then all that leaves it as it is; and each step on from there. */
export function swimPaths(): SwimPath[] {
  return starts.flatMap((start) => {
    const nodes = graphFrom(start)
    const ways = waysTo(nodes)
    const paths = nodes.flatMap(({ key, edges }) => {
      const way = ways.get(key)!
      const resting = edges.filter(({ to }) => to === key)
      const moving = edges.filter(({ to }) => to !== key)
      const first = resting.length === 0 ? [] : [[...way, ...resting]]
      return [...first, ...moving.map((edge) => [...way, edge])]
    })
    return withoutPrefixes(paths).map((steps, number) => ({
      surface: 'swim',
      name: `member path ${number + 1} (${start.holding})`,
      start,
      steps: steps.map(({ input, outcome, transition }) => ({ input, outcome, transition })),
    }))
  })
}

function withoutPrefixes(paths: readonly (readonly Edge[])[]): (readonly Edge[])[] {
  const texts = paths.map((path) => path.map(({ input }) => JSON.stringify(input)).join())
  return paths.filter((_, at) => !texts.some((other, each) => each !== at && other.startsWith(`${texts[at]!},`)))
}

/** Transitions that no path takes; empty, or the paths are not what they say. */
export function untaken(): string[] {
  const taken = new Set(swimPaths().flatMap(({ steps }) => steps.map(({ transition }) => transition)))
  return transitionNames().filter((name) => !taken.has(name))
}
