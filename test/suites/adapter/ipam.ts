/** How an adapter of address management is checked. */
import type { Hello, IpamWords, Start } from '../../../impl/contract/ipam.ts'
import { openSession } from '../../../impl/contract/stdio.ts'
import type { IpamScenario, Operation, PoolRequest } from '../../../models/ipam/vocabulary.ts'
import type { Milliseconds, NodeId } from '../../../models/vocabulary.ts'
import { completeIpamScenario, defaultIpamOptions as options } from '../../../traces/scenario.ts'
import type { Plan } from './plan.ts'

type IpamStep = IpamScenario['steps'][number]

const nodes = ['n1']

/** More than one only for those who take turns in leading. */
const allNodes = ({ profiles }: Hello): NodeId[] => (profiles.includes('ipam-swarm') ? ['n1', 'n2', 'n3'] : nodes)

const run = (duration: Milliseconds): IpamStep => ({ step: 'run', duration })
const ask = (operation: Operation): IpamStep => ({ step: 'operation', node: 'leader', operation })
const pool = (name: string, parts: Partial<PoolRequest>): IpamStep =>
  ask({
    type: 'request-pool',
    pool: name,
    space: 'local',
    v6: false,
    subnet: '',
    range: '',
    gateway: '',
    auxiliary: [],
    ...parts,
  })
const address = (name: string, owner: string, parts: { readonly address?: string; readonly serial?: boolean } = {}) =>
  ask({ type: 'request-address', pool: name, owner, address: '', serial: false, ...parts })
const release = (name: string, owner: string): IpamStep =>
  ask({ type: 'release-address', pool: name, owner, address: '' })

/** Pools and addresses come and go. */
const some: readonly IpamStep[] = [
  pool('a', { gateway: 'auto' }),
  address('a', 'one'),
  address('a', 'two'),
  run(20),
  pool('b', { subnet: '192.0.2.0/24', range: '192.0.2.128/25', gateway: '192.0.2.1', auxiliary: ['192.0.2.2'] }),
  address('b', 'three', { address: '192.0.2.7' }),
  release('a', 'one'),
  run(20),
]

const calm = (seed: number): IpamScenario =>
  completeIpamScenario({ nodes, seed, steps: [...some, address('a', 'four'), run(20)] })

/** Everything that the hello claims, and the faults that it allows. */
function busy(hello: Hello): IpamScenario {
  return completeIpamScenario({
    nodes: allNodes(hello),
    seed: 3,
    disk: { delay: [2, 20] },
    steps: [
      ...some,
      // Nobody has what these ask for.
      pool('c', { subnet: '192.0.2.0/24' }),
      address('none', 'five'),
      address('a', 'six', { serial: true }),
      { step: 'crash', node: 'leader', keep: 'some', torn: false },
      run(1_000),
      ...allNodes(hello).map((node): IpamStep => ({ step: 'restart', node })),
      run(1_000),
      address('a', 'seven'),
      ask({ type: 'release-pool', pool: 'b' }),
      { step: 'isolate', node: 'leader' },
      run(1_000),
      { step: 'heal' },
      run(1_000),
      address('a', 'eight'),
      run(100),
    ],
  })
}

const startOf = (seed: number, names: readonly NodeId[]): Start => ({ nodes: names, options, seed })

export const ipamPlan: Plan<IpamWords> = {
  surface: 'ipam',
  nodes,
  longEnough: null,
  restarting: 'disk',
  views: [],
  canRestart: ({ capabilities }) => capabilities.disk,
  open: (connection, seed, all) =>
    openSession(connection, 'ipam', startOf(seed, all === undefined ? nodes : allNodes(all))),
  scenario: (hello, weather, seed) => (weather === 'busy' ? busy(hello) : calm(seed)),
  startMismatch(hello, initial) {
    for (const [index, node] of allNodes(hello).entries()) {
      const { state, changes } = initial[index]!
      if (state!.leading!) return `${node} leads from the start, and was not asked to`
      if ((changes ?? []).length > 0) return `${node} starts with a table`
    }
    return null
  },
  hasEffect: ({ outputs, state, changes }) =>
    outputs.length > 0 || Object.keys(state ?? {}).length > 0 || (changes ?? []).length > 0,
  // The contract itself folds the changes of tables, and compares.
  foldMismatch: () => null,
}
