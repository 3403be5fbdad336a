/**
 * Paths through the life of an endpoint, for each way in which it can be named: after each step every kind of question is
 * asked, from a sandbox on its network and from one that is not. So each mode meets each stage, scope, type and name.
 */
import { getAdjacencyMap } from '@xstate/graph'
import type { EventObject, Snapshot } from 'xstate'
import { endpointInputs, outcomeOf, type EndpointInput, type EndpointKind, type Stage } from './member.ts'
import type { EndpointSetting, Operation, Question } from './vocabulary.ts'

/** How the names of an endpoint lead to it. */
export type Mode = 'container' | 'vip' | 'dnsrr'

export interface DiscoveryPath {
  readonly name: string
  readonly mode: Mode
  readonly kind: EndpointKind
  readonly inputs: readonly EndpointInput[]
}

interface Edge {
  readonly input: EndpointInput
  readonly to: Stage
}

interface GraphEvent extends EventObject {
  readonly edge: Edge
}

type GraphState = { readonly stage: Stage } & Snapshot<unknown>

const edgesOf = (kind: EndpointKind, from: Stage): Edge[] =>
  endpointInputs.map((input) => ({ input, to: outcomeOf(kind, from, input).to }))

/** All stages of an endpoint, each with the shortest way to it. */
function waysOf(kind: EndpointKind): Map<Stage, readonly Edge[]> {
  const logic = {
    getInitialSnapshot: () => ({ stage: 'absent' }) as GraphState,
    getPersistedSnapshot: (state: GraphState) => state,
    transition: (_: GraphState, { edge }: GraphEvent) => ({ stage: edge.to }) as GraphState,
  }
  const adjacency = getAdjacencyMap(logic, {
    events: ({ stage }) => edgesOf(kind, stage).map((edge) => ({ type: edge.input, edge })),
    serializeState: ({ stage }) => stage,
    serializeEvent: ({ edge }) => edge.input,
  })
  const ways = new Map<Stage, readonly Edge[]>([['absent', []]])
  for (const [from, way] of ways) {
    if (!(from in adjacency)) continue
    for (const edge of edgesOf(kind, from)) if (!ways.has(edge.to)) ways.set(edge.to, [...way, edge])
  }
  return ways
}

const kindsOf: readonly (readonly [Mode, EndpointKind])[] = [
  ['container', 'container'],
  ['vip', 'checked'],
  ['vip', 'unchecked'],
  ['dnsrr', 'checked'],
  ['dnsrr', 'unchecked'],
]

/** For each way of naming and each stage: the way there, all that leaves it as it is, and each step on from there. */
export function discoveryPaths(): DiscoveryPath[] {
  return kindsOf.flatMap(([mode, kind]) =>
    [...waysOf(kind)].flatMap(([from, way]): DiscoveryPath[] => {
      const edges = edgesOf(kind, from)
      const resting = edges.filter(({ to }) => to === from)
      const moving = edges.filter(({ to }) => to !== from)
      return [[...way, ...resting], ...moving.map((edge) => [...way, ...resting, edge])]
        .filter((steps) => steps.length > 0)
        .map((steps, number) => ({
          name: `endpoint path ${mode} ${kind} ${from} ${number + 1}`,
          mode,
          kind,
          inputs: steps.map(({ input }) => input),
        }))
    }),
  )
}

/** Names of the transitions that the paths take. */
export function takenTransitions(): Set<string> {
  const taken = new Set<string>()
  for (const { kind, inputs } of discoveryPaths()) {
    let stage: Stage = 'absent'
    for (const input of inputs) {
      const { to, name } = outcomeOf(kind, stage, input)
      taken.add(name)
      stage = to
    }
  }
  return taken
}

/** The networks of a path: the one of the endpoint, and another. */
export const pathNetworks = [
  { name: 'near', kind: 'overlay', internal: false },
  { name: 'far', kind: 'overlay', internal: true },
] as const

const vip = '10.0.1.2'
const address = '10.0.1.9'

const container = { aliases: [], address6: '', service: null, checked: false } as const

/** Who asks: one on the network of the endpoint, and one that is not. */
const witnesses: readonly EndpointSetting[] = [
  { ...container, endpoint: 'w1', sandbox: 'inside', network: 'near', name: 'inside', address: '10.0.1.3' },
  { ...container, endpoint: 'w2', sandbox: 'outside', network: 'far', name: 'outside', address: '10.0.2.3' },
]

const subjectOf = ({ mode, kind }: DiscoveryPath): EndpointSetting => ({
  endpoint: 'e1',
  sandbox: 'box',
  network: 'near',
  name: 'web.1',
  aliases: ['4f1c2b7d9a03'],
  address,
  address6: '',
  service: mode === 'container' ? null : { name: 'web', aliases: ['www'], vip: mode === 'vip' ? vip : '' },
  checked: kind === 'checked',
})

const ask = (name: string, qtype: Question['qtype']): Question => ({ name, qtype, transport: 'udp', size: 0 })

const pointer = (to: string): string => `${to.split('.').reverse().join('.')}.in-addr.arpa`

const questions: readonly Question[] = [
  ...[
    'web',
    'www',
    'WEB',
    'tasks.web',
    'tasks.www',
    'web.1',
    '4f1c2b7d9a03',
    'web.near',
    'web.1.near',
    'nobody',
    'no.body',
  ].map((name) => ask(name, 'A')),
  ...(['AAAA', 'MX', 'TXT', 'SRV'] as const).flatMap((qtype) => [ask('web', qtype), ask('web.1', qtype)]),
  ask(pointer(address), 'PTR'),
  ask(pointer(vip), 'PTR'),
]

/** The operations of a path, in the words of the surface. */
export function operationsOf(path: DiscoveryPath): Operation[] {
  const asked = witnesses.flatMap(({ sandbox }) =>
    questions.map((question): Operation => ({ type: 'query', sandbox, ...question })),
  )
  return [
    ...witnesses.map((witness): Operation => ({ type: 'attach', ...witness })),
    ...path.inputs.flatMap((type): Operation[] => [
      type === 'attach' ? { type, ...subjectOf(path) } : { type, endpoint: 'e1' },
      ...asked,
    ]),
  ]
}
