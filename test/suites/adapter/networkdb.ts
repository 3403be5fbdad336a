/** How an adapter of the network database is checked. */
import type { NetworkDbWords, Start } from '../../../impl/contract/networkdb.ts'
import { openSession, type StdioSession } from '../../../impl/contract/stdio.ts'
import type {
  Answer,
  Message,
  NetworkDbScenario,
  OutgoingMessage,
  ScenarioOperation,
} from '../../../models/networkdb/vocabulary.ts'
import type { Milliseconds, NodeId } from '../../../models/vocabulary.ts'
import { completeNetworkDbScenario, defaultNetworkDbOptions as options } from '../../../traces/scenario.ts'
import { advanceOf, stepOf, type Plan } from './plan.ts'

type NetworkDbStep = NetworkDbScenario['steps'][number]

const nodes = ['n1', 'n2', 'n3']

const run = (duration: Milliseconds): NetworkDbStep => ({ step: 'run', duration })
const ask = (node: NodeId, operation: ScenarioOperation): NetworkDbStep => ({ step: 'operation', node, operation })
const network = { delay: [5, 20], loss: 0, duplicate: 0, reorder: 0 } as const

/** All take part in one network, and one also in another. */
const joins: readonly NetworkDbStep[] = [
  ...nodes.map((node) => ask(node, { type: 'join-network', network: 'net1' })),
  ask('n2', { type: 'join-network', network: 'net2' }),
  run(2_000),
]

/** A few entries come and change, and all that recurs does so once. */
const calm = (seed: number): NetworkDbScenario =>
  completeNetworkDbScenario({
    nodes,
    seed,
    network,
    steps: [
      ...joins,
      ask('n1', { type: 'create', network: 'net1', key: 'a', value: '1' }),
      run(2_000),
      ask('n1', { type: 'update', network: 'net1', key: 'a', value: '2' }),
      run(2 * options.pushPullInterval),
    ],
  })

/** Everything that the hello claims, and the faults that it allows. */
function busy(): NetworkDbScenario {
  const disturbed = { delay: [1, 30], loss: 0.05, duplicate: 0.1, reorder: 0.1 } as const
  return completeNetworkDbScenario({
    nodes,
    seed: 3,
    network,
    steps: [
      ...joins,
      ask('n1', { type: 'create', network: 'net1', key: 'a', value: '1' }),
      ask('n2', { type: 'create', network: 'net1', key: 'b', value: '1' }),
      run(2_000),
      ask('n1', { type: 'update', network: 'net1', key: 'a', value: '2' }),
      ask('n3', { type: 'get', network: 'net1', key: 'b' }),
      ask('n2', { type: 'delete', network: 'net1', key: 'b' }),
      { step: 'network', network: disturbed },
      run(3_000),
      ask('n3', { type: 'create', network: 'net1', key: 'c', value: '1' }),
      run(1_000),
      { step: 'crash', node: 'n3', keep: 'none', torn: false },
      ask('n1', { type: 'down', peer: 'n3' }),
      ask('n2', { type: 'down', peer: 'n3' }),
      run(2_000),
      { step: 'restart', node: 'n3' },
      ...(['n1', 'n2'] as const).flatMap((node) => [
        ask(node, { type: 'up', peer: 'n3' }),
        ask('n3', { type: 'up', peer: node }),
      ]),
      ask('n3', { type: 'join-network', network: 'net1' }),
      run(2 * options.bulkSyncInterval),
      ask('n2', { type: 'leave-network', network: 'net2' }),
      run(2_000),
      ask('n2', { type: 'leave' }),
      run(4_000),
      { step: 'heal' },
      run(2_000),
    ],
  })
}

const startOf = (seed: number): Start => ({ nodes, options, seed })

const longEnough = 2 * options.pushPullInterval

const isMessage = (output: Answer['outputs'][number]): output is OutgoingMessage => output.type === 'message'

/** The datagrams by which a node tells first that it takes part in a network. */
async function firstNews(session: StdioSession<NetworkDbWords>): Promise<OutgoingMessage[]> {
  const operation = { type: 'join-network', network: 'net1' } as const
  let answer = await stepOf(session, { type: 'operation', node: 'n1', at: 0, id: 1, operation })
  for (;;) {
    const datagrams = answer.outputs.filter(isMessage).filter(({ reliable }) => !reliable)
    if (datagrams.length > 0 || answer.now >= longEnough) return datagrams
    answer = await stepOf(session, advanceOf('n1', longEnough, answer.now))
  }
}

const joined = { type: 'network', event: 'join', name: 'n2', network: 'net1', time: 1 } as const
const created = {
  type: 'table',
  event: 'create',
  network: 'net1',
  key: 'k',
  owner: 'n2',
  time: 1,
  value: 'v',
  residual: 0,
} as const
const sync = { name: 'n2', time: 2, networks: ['net1'], attachments: [joined], entries: [created] } as const
const views: readonly Message[] = [
  { kind: 'gossip', events: [joined, { type: 'node', event: 'join', name: 'n2', time: 2 }] },
  { kind: 'table-gossip', network: 'net1', events: [created] },
  { kind: 'bulk-sync', ...sync },
  { kind: 'bulk-sync-reply', ...sync },
  { kind: 'push-pull', name: 'n2', time: 2, attachments: [joined] },
  { kind: 'push-pull-reply', name: 'n2', time: 2, attachments: [joined] },
]

export const networkDbPlan: Plan<NetworkDbWords> = {
  surface: 'networkdb',
  nodes,
  longEnough,
  restarting: 'restart',
  views,
  canRestart: ({ capabilities }) => capabilities.restart,
  open: (connection, seed) => openSession(connection, 'networkdb', startOf(seed)),
  scenario: (_hello, weather, seed) => (weather === 'busy' ? busy() : calm(seed)),
  startMismatch(_hello, initial) {
    for (const [index, node] of nodes.entries()) {
      const others = nodes.filter((each) => each !== node)
      const { peers, attachments, entries } = initial[index]!
      const known = peers!.flatMap(({ address, status }) => (status === 'active' ? [address] : [])).toSorted()
      if (known.join() !== others.join())
        return `${node} starts with the peers [${known.join()}], not [${others.join()}]`
      if (attachments!.length + entries!.length > 0) return `${node} starts with attachments or entries`
    }
    return null
  },
  hasEffect: ({ outputs, state, peers, attachments, entries }) =>
    outputs.length > 0 ||
    Object.keys(state ?? {}).length > 0 ||
    [peers, attachments, entries].some((changes) => (changes ?? []).length > 0),
  speak: firstNews,
  // The contract itself folds the changes of tables, and compares.
  foldMismatch: () => null,
  async chanceMismatch(open, deterministic) {
    const drawn: string[] = []
    for (let seed = 1; seed <= 8; seed++) {
      const instants: Milliseconds[] = []
      const session = await open(seed)
      for (const node of nodes) instants.push((await stepOf(session, advanceOf(node, longEnough))).now)
      drawn.push(instants.join('/'))
    }
    return deterministic && new Set(drawn).size === 1 ? `nodes first act at ${drawn[0]} with each of eight seeds` : null
  },
}
