/** Paths through the three lives and through the decision of the mesh, as operations that bring them about. */
import { getAdjacencyMap } from '@xstate/graph'
import type { EventObject, Snapshot } from 'xstate'
import { acceptingTransition, addressLife, lives, portLife, taskLife, type Life } from './member.ts'
import { standings, ways, type Standing, type Way } from './mesh.ts'
import type { Operation, Port, ServiceSpec } from './vocabulary.ts'

/** An operation at the first or the second node. */
export interface PathStep {
  readonly node: 0 | 1
  readonly operation: Operation
}

export interface BalancingPath {
  readonly name: string
  readonly steps: readonly PathStep[]
}

interface State {
  readonly at: string
}

interface Edge extends EventObject {
  readonly to: string
}

/** The shortest way to each state of a life, as inputs. */
function waysTo(life: Life): Map<string, readonly string[]> {
  const logic = {
    getInitialSnapshot: () => ({ at: life.states[0]! }) as State & Snapshot<unknown>,
    getPersistedSnapshot: (state: State & Snapshot<unknown>) => state,
    transition: (_: State, { to }: Edge) => ({ at: to }) as State & Snapshot<unknown>,
  }
  const adjacency = getAdjacencyMap(logic, {
    events: ({ at }) => movesFrom(life, at),
    serializeState: ({ at }) => at,
    serializeEvent: ({ type }) => type,
  })
  const reachable = new Set(Object.values(adjacency).map(({ state }) => state.at))
  const found = new Map<string, readonly string[]>([[life.states[0]!, []]])
  for (const [at, way] of found) {
    for (const { type, to } of movesFrom(life, at))
      if (reachable.has(to) && !found.has(to)) found.set(to, [...way, type])
  }
  return found
}

const movesFrom = (life: Life, at: string): Edge[] =>
  life.inputs.flatMap((type): Edge[] => {
    const to = life.after(at, type)
    return to === null || to === at ? [] : [{ type, to }]
  })

/** Sequences of inputs that take every transition: to each state, all that is refused there, and one input on. */
export function inputPaths(life: Life): readonly (readonly string[])[] {
  return [...waysTo(life)].flatMap(([state, way]) => {
    const resting = life.inputs.filter((input) => (life.after(state, input) ?? state) === state)
    const moving = life.inputs.filter((input) => !resting.includes(input))
    return [[...way, ...resting, ...moving.slice(0, 1)], ...moving.slice(1).map((input) => [...way, input])]
  })
}

/** Names of all transitions of one service and one task; those of a number that two services share need both. */
export function transitionNames(): string[] {
  const names = [taskLife, addressLife].flatMap((life: Life) =>
    life.states.flatMap((state) =>
      life.inputs.map((type) => {
        const to = life.after(state, type)
        return acceptingTransition(life, state, { type, granted: to !== null, to: to ?? state })!
      }),
    ),
  )
  return [...new Set(names)].sort()
}

export const pathNetwork = 'net1'

const spec = (service: string, mode: ServiceSpec['mode'], networks: readonly string[], ports: readonly Port[]) => ({
  service,
  mode,
  networks,
  ports,
  routes: [],
})

const connects = (count: number): PathStep[] =>
  Array.from({ length: count }, (_, at) => ({
    node: (at % 2) as 0 | 1,
    operation: { type: 'connect', connection: `c${at}`, service: 'web', network: pathNetwork },
  }))

const taskSteps = (input: string): PathStep[] => {
  const operation = (
    input === 'start' ? { type: 'start', task: 't2', service: 'web' } : { type: input, task: 't2' }
  ) as Operation
  return [{ node: 1, operation }, ...connects(6), { node: 0, operation: { type: 'send', connection: 'c0' } }]
}

const addressSteps = (input: string): PathStep[] => {
  if (input === 'remove') return [{ node: 0, operation: { type: 'remove-service', service: 'web' } }, ...connects(2)]
  const [type, mode] = input.split(' ') as ['create' | 'update', ServiceSpec['mode']]
  const operation: Operation = { type: `${type}-service`, ...spec('web', mode, [pathNetwork], []) }
  return [{ node: 0, operation }, ...connects(2)]
}

const portSteps = (input: string): PathStep[] => {
  const [who, use] = input.split(' ') as [string, Port['mode'] | 'none']
  const ports: Port[] = use === 'none' ? [] : [{ protocol: 'tcp', target: 80, published: 8080, mode: use }]
  return [
    { node: 0, operation: { type: 'update-service', ...spec(who, 'vip', [], ports) } },
    { node: 0, operation: dialOf('a') },
    { node: 1, operation: dialOf('b') },
  ]
}

const dialOf = (connection: string, port = 8080): Operation => ({
  type: 'dial',
  connection,
  protocol: 'tcp',
  port,
  service: '',
  target: 0,
  client: 'client1',
})

const task = (node: 0 | 1, name: string, service: string): PathStep[] => [
  { node, operation: { type: 'start', task: name, service } },
  { node, operation: { type: 'enable', task: name } },
]

const beginnings: Readonly<Record<string, readonly PathStep[]>> = {
  [taskLife.name]: [
    { node: 0, operation: { type: 'create-service', ...spec('web', 'vip', [pathNetwork], []) } },
    ...task(0, 't1', 'web'),
  ],
  [addressLife.name]: [],
  [portLife.name]: ['first', 'second'].flatMap((service, node): PathStep[] => [
    { node: 0, operation: { type: 'create-service', ...spec(service, 'vip', [], []) } },
    ...task(node as 0 | 1, `${service}-task`, service),
  ]),
}

const stepsOf: Readonly<Record<string, (input: string) => PathStep[]>> = {
  [taskLife.name]: taskSteps,
  [addressLife.name]: addressSteps,
  [portLife.name]: portSteps,
}

/** What brings a task to where it stands. */
const standingSteps = (node: 0 | 1, name: string, standing: Standing): PathStep[] => {
  const all = [...task(node, name, 'web'), { node, operation: { type: 'disable', task: name } } as PathStep]
  return all.slice(0, { none: 0, starting: 1, active: 2, draining: 3 }[standing])
}

const decisionSteps = (way: Way, local: Standing, remote: Standing): PathStep[] => {
  const port: Port = { protocol: 'tcp', target: 80, published: 8080, mode: way === 'host' ? 'host' : 'ingress' }
  const isPort = way === 'host' || way === 'ingress'
  const asked = isPort
    ? dialOf('c', 8080)
    : ({ type: 'connect', connection: 'c', service: 'web', network: pathNetwork } as const)
  const other = isPort
    ? dialOf('d', 9090)
    : ({ type: 'connect', connection: 'd', service: 'web', network: 'net2' } as const)
  const created = spec('web', way === 'dnsrr' ? 'dnsrr' : 'vip', isPort ? [] : [pathNetwork], isPort ? [port] : [])
  return [
    { node: 0, operation: { type: 'create-service', ...created } },
    ...standingSteps(0, 'local', local),
    ...standingSteps(1, 'remote', remote),
    ...[asked, other, asked, asked].map((operation): PathStep => ({ node: 0, operation })),
  ]
}

/** All paths: of the lives, then of every situation of the mesh. */
export function balancingPaths(): BalancingPath[] {
  const ofLives = lives.flatMap((life) =>
    inputPaths(life).map((inputs, number) => ({
      name: `${life.name} path ${number + 1}`,
      steps: [...beginnings[life.name]!, ...inputs.flatMap(stepsOf[life.name]!)],
    })),
  )
  const ofMesh = ways.flatMap((way) =>
    standings.flatMap((local) =>
      standings.map((remote) => ({
        name: `mesh path ${way}, ${local} here, ${remote} elsewhere`,
        steps: decisionSteps(way, local, remote),
      })),
    ),
  )
  return [...ofLives, ...ofMesh]
}
