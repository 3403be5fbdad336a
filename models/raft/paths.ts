/**
 * Paths through the member machine: what to give to n1, and what may come of it, so that every transition is seen.
 *
 * The graph of states is made by @xstate/graph. XState's own transition takes about 40 µs, too long for graphs of a
 * hundred thousand edges, so the graph is made of the updates that the machine's actions call; a test holds both equal.
 */
import { getAdjacencyMap } from '@xstate/graph'
import type { EventObject, Snapshot } from 'xstate'
import type { Role } from './vocabulary.ts'
import { firstContext, outcomesOf } from './member.ts'
import { environmentAfter } from './member/environment.ts'
import { memberInputs } from './member/inputs.ts'
import type { MemberBounds } from './member/inputs.ts'
import { NOBODY, SELF, contextAfter, lastTerm } from './member/state.ts'
import type { MemberContext, MemberEvent, MemberInput, Outcome } from './member/state.ts'

export interface MemberPlan extends MemberBounds {
  readonly preVote: boolean
}

export interface MemberStep {
  readonly input: MemberInput
  /** All that may come of it, one usual outcome for each transition. */
  readonly allowed: readonly Outcome[]
  /** Which of these the path goes on from. */
  readonly planned: number
  readonly transition: string
}

export interface MemberPath {
  readonly surface: 'raft'
  readonly name: string
  readonly options: MemberPlan
  readonly steps: readonly MemberStep[]
}

/** A state of the graph. */
export interface MemberNode {
  readonly role: Role
  readonly context: MemberContext
  readonly edges: readonly MemberEdge[]
}

export interface MemberEdge {
  readonly from: number
  readonly to: number
  readonly step: MemberStep
}

export interface MemberGraph {
  readonly plan: MemberPlan
  readonly nodes: readonly MemberNode[]
  /** Number of the node with this state, or undefined where it lies outside the plan. */
  find(role: Role, context: MemberContext): number | undefined
}

/** What makes two states the same. */
export function stateKey(role: Role, context: MemberContext): string {
  const { term, vote, leader, commit, refusals, asked, verified, log, match, environment } = context
  const { leaders, elected, committed, campaigns } = environment
  const positions = [...elected, committed, ...campaigns].map((each) =>
    each === null ? '-' : `${each.index}.${each.term}`,
  )
  const own = [term, vote, leader, commit, refusals, Number(asked), verified]
  return [role, ...own, log.join(' '), match.join(' '), leaders.join(' '), positions.join(' ')].join('|')
}

interface GraphState {
  readonly role: Role
  readonly context: MemberContext
  /** What makes it the same as others. */
  readonly key: string
}

interface GraphEvent extends EventObject {
  readonly number: number
  readonly step: MemberStep
  readonly after: GraphState
}

function graphState(role: Role, context: MemberContext): GraphState {
  return { role, context, key: stateKey(role, context) }
}

/** Graphs that were made: they are the same each time, and cost seconds. */
const graphs = new Map<string, MemberGraph>()

/** Every state that n1 can reach within the plan, and every way in which an input may end there. */
export function memberGraph(plan: MemberPlan): MemberGraph {
  const { preVote, transfer, terms, entries, proposed } = plan
  const key = [preVote, transfer, terms, entries, proposed].join()
  const graph = graphs.get(key) ?? makeGraph(plan)
  graphs.set(key, graph)
  return graph
}

function makeGraph(plan: MemberPlan): MemberGraph {
  const initial = graphState('follower', firstContext(plan))
  // The library queues every edge: steps that lead nowhere else, more than half of them, are kept out of its way.
  const resting = new Map<string, MemberStep[]>()
  let events = 0
  const logic = {
    getInitialSnapshot: () => initial as GraphState & Snapshot<unknown>,
    getPersistedSnapshot: (state: GraphState & Snapshot<unknown>) => state,
    transition: (_: GraphState, { after }: GraphEvent) => after as GraphState & Snapshot<unknown>,
  }
  const adjacency = getAdjacencyMap(logic, {
    events: ({ role, context, key }) => {
      const moving: GraphEvent[] = []
      const staying: MemberStep[] = []
      for (const input of memberInputs(role, context, plan)) {
        for (const step of stepsOf(role, context, input)) {
          const event: MemberEvent = { ...input, outcome: step.allowed[step.planned]! }
          const next = contextAfter(role, context, event, environmentAfter(context, event))
          const after = graphState(event.outcome.role, next)
          if (after.key === key) staying.push(step)
          else moving.push({ type: input.type, number: events++, step, after })
        }
      }
      resting.set(key, staying)
      return moving
    },
    serializeState: ({ key }) => key,
    serializeEvent: ({ number }) => String(number),
  })
  return numbered(plan, Object.values(adjacency), resting)
}

/** One step for each of an input's outcomes. */
function stepsOf(role: Role, context: MemberContext, input: MemberInput): MemberStep[] {
  const outcomes = outcomesOf(role, context, input)
  const allowed = outcomes.map(({ outcome }) => outcome)
  return outcomes.map(({ name }, planned) => ({ input, allowed, planned, transition: name }))
}

interface Adjacent {
  readonly state: GraphState
  readonly transitions: Readonly<Record<string, { readonly event: GraphEvent }>>
}

/** Nodes are numbered in breadth-first order: the first is the initial state. */
function numbered(
  plan: MemberPlan,
  adjacent: readonly Adjacent[],
  resting: ReadonlyMap<string, readonly MemberStep[]>,
): MemberGraph {
  const numbers = new Map(adjacent.map(({ state: { key } }, number) => [key, number]))
  const nodes = adjacent.map(({ state: { role, context, key }, transitions }, from) => ({
    role,
    context,
    edges: [
      ...resting.get(key)!.map((step) => ({ from, to: from, step })),
      ...Object.values(transitions).map(({ event }) => ({ from, to: numbers.get(event.after.key)!, step: event.step })),
    ],
  }))
  return { plan, nodes, find: (role, context) => numbers.get(stateKey(role, context)) }
}

type Usable = (edge: MemberEdge) => boolean

/** For each node that can be reached, by its number, the edge by which it is reached first; null for the initial state. */
function firstEdges({ nodes }: MemberGraph, usable: Usable): Map<number, MemberEdge | null> {
  const first = new Map<number, MemberEdge | null>([[0, null]])
  for (const number of first.keys()) {
    for (const edge of nodes[number]!.edges) if (!first.has(edge.to) && usable(edge)) first.set(edge.to, edge)
  }
  return first
}

/** The way to a node by first edges. */
function wayTo(first: ReadonlyMap<number, MemberEdge | null>, node: number): MemberEdge[] {
  const edges: MemberEdge[] = []
  for (let edge = first.get(node); edge; edge = first.get(edge.from)) edges.unshift(edge)
  return edges
}

/** A shortest way over usable edges from a node to one that is wanted, which is its last; null if there is none. */
export function shortestWay({ nodes }: MemberGraph, from: number, wanted: Usable, usable: Usable): MemberEdge[] | null {
  const first = new Map<number, MemberEdge | null>([[from, null]])
  for (const number of first.keys()) {
    for (const edge of nodes[number]!.edges) {
      if (!usable(edge)) continue
      if (wanted(edge)) return [...wayTo(first, number), edge]
      if (!first.has(edge.to)) first.set(edge.to, edge)
    }
  }
  return null
}

/** What makes an edge worth taking: edges of one key are as good as each other. */
type KeyOf = (edge: MemberEdge, from: MemberNode) => string

const transitionOf: KeyOf = ({ step }) => step.transition

/** A transition and how its input stands to the state: before or behind the end of the log, committed or not, … */
const situationOf: KeyOf = ({ step: { input, transition } }, { context }) =>
  [transition, ...standing(input, context)].join()

function standing(input: MemberInput, context: MemberContext): readonly number[] {
  const { log, commit, vote, leader, refusals, match, term, environment } = context
  const length = log.length
  switch (input.type) {
    case 'request-vote':
    case 'pre-vote': {
      const ends = [Math.sign(input.lastTerm - lastTerm(log)), Math.sign(input.lastIndex - length)]
      return [...ends, Math.sign(input.term - term), Math.min(vote, 1), Number(leader !== NOBODY)]
    }
    case 'request-vote-response':
    case 'pre-vote-response':
      return [Number(input.granted), refusals, input.from, Math.min(length, 2), Math.sign(length - commit)]
    case 'append-entries': {
      const { previousIndex, entries } = input
      const last = previousIndex + entries.length
      const ends = [Math.sign(previousIndex - length), Math.sign(last - length), entries.length]
      return [...ends, Math.sign(input.commit - last), Math.sign(input.commit - commit), Math.sign(last - commit)]
    }
    case 'append-entries-response': {
      const { from, success, index } = input
      const ends = [Math.sign(index - length), Math.sign(index - commit), Math.sign(index - match[from]!)]
      return [Number(success), from, ...ends, Math.sign(index - match[3 - from]!), length]
    }
    case 'heartbeat':
      return [Math.sign(input.commit - length), Math.sign(input.commit - commit)]
    default:
      return [length, Math.min(commit, 1), Math.min(vote, 1), Number(environment.leaders.slice(0, term).includes(SELF))]
  }
}

/** A third term is for what does not happen in two: it matters to whoever is asked for a vote, else to transitions only. */
const situationOfVotes: KeyOf = (edge, from) =>
  edge.step.input.type === 'request-vote' ? situationOf(edge, from) : transitionOf(edge, from)

/** Short paths that together take each transition of the graph that is not in `seen`; see `cover`. */
export function transitionCover(
  graph: MemberGraph,
  seen: Set<string> = new Set(),
  avoided: ReadonlySet<string> = new Set(),
): MemberPath[] {
  return cover(graph, transitionOf, seen, avoided)
}

/**
 * Short paths that together take an edge of each key that is not yet in `seen`, to which these are added. They keep
 * away from the transitions in `avoided`, which an implementation does not take.
 */
function cover(graph: MemberGraph, keyOf: KeyOf, seen: Set<string>, avoided: ReadonlySet<string>): MemberPath[] {
  const { nodes } = graph
  const usable: Usable = ({ step }) => !avoided.has(step.transition)
  const first = firstEdges(graph, usable)
  const wanted = new Map<string, MemberEdge>()
  for (const number of first.keys()) {
    const node = nodes[number]!
    for (const edge of node.edges) {
      const key = keyOf(edge, node)
      if (!wanted.has(key) && !seen.has(key) && usable(edge)) wanted.set(key, edge)
    }
  }
  // The farthest first: on their way they take many of the others.
  const farthest = [...wanted].map(([key, edge]) => ({ key, walk: [...wayTo(first, edge.from), edge] }))
  farthest.sort((left, right) => right.walk.length - left.walk.length)
  const walks = farthest.flatMap(({ key, walk }) => {
    if (seen.has(key)) return []
    for (const edge of walk) seen.add(keyOf(edge, nodes[edge.from]!))
    return [walk]
  })
  return pathsOf(graph, walks)
}

/** Paths that together take each edge of the graph, in walks of at most about `length` steps. */
export function edgeCover(graph: MemberGraph, length = 60): MemberPath[] {
  const { nodes } = graph
  // Of each node, the edges not yet taken; what leads nowhere else first, since it can be taken in passing.
  const open = nodes.map(({ edges }) =>
    [...edges].sort((left, right) => Number(right.to === right.from) - Number(left.to === left.from)),
  )
  const first = firstEdges(graph, () => true)
  const walks: MemberEdge[][] = []
  const take = (edge: MemberEdge): void => {
    const rest = open[edge.from]!
    const place = rest.indexOf(edge)
    if (place >= 0) rest.splice(place, 1)
  }
  for (const [number, rest] of open.entries()) {
    while (rest.length > 0) {
      const walk = wayTo(first, number)
      let node = number
      while (open[node]!.length > 0 && walk.length < length) {
        const edge = open[node]!.shift()!
        walk.push(edge)
        node = edge.to
      }
      for (const edge of walk) take(edge)
      walks.push(walk)
    }
  }
  return pathsOf(graph, walks)
}

function pathsOf({ plan }: MemberGraph, walks: readonly (readonly MemberEdge[])[]): MemberPath[] {
  const kind = `${plan.preVote ? 'pre-vote' : 'no pre-vote'}, ${plan.terms} terms, ${plan.entries} entries`
  return walks.map((walk, number) => ({
    surface: 'raft',
    name: `member path ${number + 1} (${kind})`,
    options: plan,
    steps: walk.map(({ step }) => step),
  }))
}

export interface MemberPathOptions {
  readonly preVote: boolean
  /** Whether leaders hand over their office. Default true. */
  readonly transfer?: boolean | undefined
  /**
   * `transitions`: each transition is taken once; `situations`: each wherever its input stands otherwise to the state;
   * `edges`: each in every state and on every input. Default `situations`.
   */
  readonly cover?: 'transitions' | 'situations' | 'edges' | undefined
}

/** Graphs that together hold every transition: one with longer logs, one with more terms. */
export function memberPlans({ preVote, transfer = true }: MemberPathOptions): MemberPlan[] {
  return [
    { preVote, transfer, terms: 2, entries: 2, proposed: 3 },
    { preVote, transfer, terms: 3, entries: 1, proposed: 1 },
  ]
}

/** Paths that cover the member machine, the same each time. */
export function memberPaths({ cover: wanted = 'situations', ...options }: MemberPathOptions): MemberPath[] {
  const graphs = memberPlans(options).map((plan) => memberGraph(plan))
  if (wanted === 'edges') return graphs.flatMap((graph) => edgeCover(graph))
  const seen = new Set<string>()
  return graphs.flatMap((graph, number) => {
    const keyOf = wanted === 'transitions' ? transitionOf : number === 0 ? situationOf : situationOfVotes
    const paths = cover(graph, keyOf, seen, new Set())
    for (const { steps } of paths) for (const { transition } of steps) seen.add(transition)
    return paths
  })
}
