/** Paths through the life of an address: operations in an order that takes every transition, for each kind of address. */
import { getAdjacencyMap } from '@xstate/graph'
import type { EventObject, Snapshot } from 'xstate'
import {
  inputs,
  outcomesOf,
  transitionNames,
  type Holding,
  type IpamInput,
  type IpamOutcome,
  type Kind,
} from './member.ts'
import type { Operation } from './vocabulary.ts'

export interface IpamPathStep {
  readonly input: IpamInput
  readonly outcome: IpamOutcome
  readonly transition: string
}

export interface IpamPath {
  readonly name: string
  readonly kind: Kind
  readonly steps: readonly IpamPathStep[]
}

interface Edge extends IpamPathStep {
  readonly to: Holding
}

interface GraphEvent extends EventObject {
  readonly edge: Edge
}

type GraphState = { readonly holding: Holding } & Snapshot<unknown>

const edgesOf = (kind: Kind, from: Holding): Edge[] =>
  inputs.flatMap((input) =>
    outcomesOf(kind, from, input).map(({ holding, told, name }) => ({
      input,
      outcome: { holding, told },
      transition: name,
      to: holding,
    })),
  )

/** All holdings of an address, in breadth-first order, each with the shortest way to it. */
function waysOf(kind: Kind): Map<Holding, readonly Edge[]> {
  const logic = {
    getInitialSnapshot: () => ({ holding: 'absent' }) as GraphState,
    getPersistedSnapshot: (state: GraphState) => state,
    transition: (_: GraphState, { edge }: GraphEvent) => ({ holding: edge.to }) as GraphState,
  }
  const adjacency = getAdjacencyMap(logic, {
    events: ({ holding }) => edgesOf(kind, holding).map((edge) => ({ type: edge.input, edge })),
    serializeState: ({ holding }) => holding,
    serializeEvent: ({ edge }) => `${edge.input} ${edge.transition}`,
  })
  const ways = new Map<Holding, readonly Edge[]>([['absent', []]])
  for (const [from, way] of ways) {
    if (!(from in adjacency)) continue
    for (const edge of edgesOf(kind, from)) if (!ways.has(edge.to)) ways.set(edge.to, [...way, edge])
  }
  return ways
}

export const kinds: readonly Kind[] = ['reserved', 'lowest', 'high', 'alone']

/** For each kind of address and each holding: the way there, all that leaves it as it is, and each step on from there. */
export function ipamPaths(): IpamPath[] {
  return kinds.flatMap((kind) =>
    [...waysOf(kind)].flatMap(([from, way]): IpamPath[] => {
      const edges = edgesOf(kind, from)
      const resting = edges.filter(({ to }) => to === from)
      const moving = edges.filter(({ to }) => to !== from)
      return [[...way, ...resting], ...moving.map((edge) => [...way, ...resting, edge])].map((steps, number) => ({
        name: `address path ${kind} ${from} ${number + 1}`,
        kind,
        steps: steps.map(({ input, outcome, transition }) => ({ input, outcome, transition })),
      }))
    }),
  )
}

/** Transitions that no path takes; empty, or the paths are not what they say. */
export function untaken(): string[] {
  const taken = new Set(ipamPaths().flatMap(({ steps }) => steps.map(({ transition }) => transition)))
  return transitionNames().filter((name) => !taken.has(name))
}

/** The subnet in which an address of each kind is looked at, and that address. */
export const places: Readonly<Record<Kind, { readonly subnet: string; readonly address: string }>> = {
  reserved: { subnet: '10.9.0.0/28', address: '10.9.0.15' },
  lowest: { subnet: '10.9.0.0/28', address: '10.9.0.1' },
  high: { subnet: '10.9.0.0/28', address: '10.9.0.12' },
  alone: { subnet: '10.9.0.0/32', address: '10.9.0.0' },
}

/** The operations of a path, in the words of the surface. */
export function operationsOf({ kind, steps }: IpamPath): Operation[] {
  const { subnet, address } = places[kind]
  const pool = 'net'
  return steps.map(({ input }, index): Operation => {
    const owner = `e${index + 1}`
    switch (input) {
      case 'request-pool':
        return { type: input, pool, space: 'local', v6: false, subnet, range: '', gateway: '', auxiliary: [] }
      case 'release-pool':
        return { type: input, pool }
      case 'request-any':
        return { type: 'request-address', pool, owner, address: '', serial: false }
      case 'request-this':
        return { type: 'request-address', pool, owner, address, serial: false }
      case 'release':
        return { type: 'release-address', pool, address, owner: '' }
    }
  })
}
