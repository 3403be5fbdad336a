/** How an adapter of SWIM is checked. */
import type { Hello, Start, SwimWords } from '../../../impl/contract/swim.ts'
import { openSession, type StdioSession } from '../../../impl/contract/stdio.ts'
import type { Answer, Message, OutgoingMessage, SwimScenario } from '../../../models/swim/vocabulary.ts'
import type { Milliseconds, NodeId } from '../../../models/vocabulary.ts'
import { completeSwimScenario } from '../../../traces/scenario.ts'
import { advanceOf, stepOf, type Plan } from './plan.ts'

type Session = StdioSession<SwimWords>
type SwimStep = SwimScenario['steps'][number]

const nodes = ['n1', 'n2', 'n3']
/** One more, which nobody knows until it joins. */
const everyNode = [...nodes, 'n4']

const run = (duration: Milliseconds): SwimStep => ({ step: 'run', duration })
const ask = (node: NodeId, operation: Extract<SwimStep, { step: 'operation' }>['operation']): SwimStep => ({
  step: 'operation',
  node,
  operation,
})
const network = { delay: [5, 20], loss: 0, duplicate: 0, reorder: 0 } as const

/** A few periods, somebody who joins, and somebody who has news. */
const calm = (seed: number): SwimScenario =>
  completeSwimScenario({
    nodes: everyNode,
    members: nodes,
    seed,
    network,
    steps: [
      run(2_500),
      ask('n4', { type: 'join', to: ['n1'] }),
      run(2_500),
      ask('n2', { type: 'update', meta: 'm' }),
      run(3_000),
    ],
  })

/** Everything that the hello claims, and the faults that it allows. */
function busy({ capabilities }: Hello): SwimScenario {
  const disturbed = { delay: [1, 30], loss: 0.05, duplicate: 0.1, reorder: 0.1 } as const
  const crash: SwimStep[] = [
    { step: 'crash', node: 'n3', keep: 'none', torn: false },
    run(9_000),
    { step: 'restart', node: 'n3' },
    ask('n3', { type: 'join', to: ['n1', 'n2'] }),
  ]
  return completeSwimScenario({
    nodes: everyNode,
    members: nodes,
    seed: 3,
    network,
    steps: [
      run(1_500),
      ask('n4', { type: 'join', to: ['n1'] }),
      run(1_500),
      ask('n1', { type: 'update', meta: 'm' }),
      { step: 'network', network: disturbed },
      run(2_000),
      ...(capabilities.restart ? crash : []),
      run(2_000),
      ask('n2', { type: 'leave' }),
      run(4_000),
      { step: 'heal' },
      run(3_000),
    ],
  })
}

const startOfNodes = (seed: number, names: readonly NodeId[], { capabilities }: Pick<Hello, 'capabilities'>): Start => {
  const { options } = completeSwimScenario({ nodes: names })
  return { nodes: names, members: capabilities.preset ? nodes : [], options, seed }
}

const preset = { capabilities: { restart: false, encode: false, preset: true } }
const longEnough = 4 * startOfNodes(1, nodes, preset).options.probeInterval

const isMessage = (output: Answer['outputs'][number]): output is OutgoingMessage => output.type === 'message'

/** The datagrams by which a node probes first. */
async function firstProbe(session: Session, node: NodeId): Promise<OutgoingMessage[]> {
  let answer = await stepOf(session, advanceOf(node, longEnough))
  for (;;) {
    const datagrams = answer.outputs.filter(isMessage).filter(({ stream }) => stream === 0)
    if (datagrams.length > 0 || answer.now >= longEnough) return datagrams
    answer = await stepOf(session, advanceOf(node, longEnough, answer.now))
  }
}

const member = { node: 'n2', status: 'alive', incarnation: 1, address: '10.0.0.2:7946', meta: '' } as const
const gossip = [{ ...member, from: 'n2' }]
const views: readonly Message[] = [
  { kind: 'ping', sequence: 1, target: 'n1', gossip },
  { kind: 'indirect-ping', sequence: 1, target: 'n3', nack: false, gossip: [] },
  { kind: 'ack', sequence: 1, gossip: [] },
  { kind: 'nack', sequence: 1, gossip: [] },
  { kind: 'gossip', gossip },
  { kind: 'push-pull', join: true, members: [member] },
  { kind: 'stream-ping', sequence: 1, target: 'n1' },
]

export const swimPlan: Plan<SwimWords> = {
  surface: 'swim',
  nodes,
  longEnough,
  restarting: 'restart',
  views,
  canRestart: ({ capabilities }) => capabilities.restart,
  open: (connection, seed, all) =>
    openSession(connection, 'swim', startOfNodes(seed, all === undefined ? nodes : everyNode, all ?? preset)),
  scenario: (hello, weather, seed) => (weather === 'busy' ? busy(hello) : calm(seed)),
  startMismatch({ capabilities }, initial) {
    for (const [index, node] of everyNode.entries()) {
      const known = initial[index]!.members!.map((each) => each.node)
      const expected = capabilities.preset && nodes.includes(node) ? nodes : [node]
      if (known.toSorted().join() !== expected.join())
        return `${node} starts with [${known.join()}] in its table, not [${expected.join()}]`
    }
    return null
  },
  hasEffect: ({ outputs, state, members }) =>
    outputs.length > 0 || Object.keys(state ?? {}).length > 0 || (members ?? []).length > 0,
  speak: (session) => firstProbe(session, 'n1'),
  // The contract itself folds the changes of tables, and compares.
  foldMismatch: () => null,
  async chanceMismatch(open, deterministic) {
    const drawn: string[] = []
    for (let seed = 1; seed <= 8; seed++) {
      const session = await open(seed)
      const targets: NodeId[] = []
      for (const node of nodes) targets.push((await firstProbe(session, node))[0]?.to ?? 'nobody')
      drawn.push(targets.join('/'))
    }
    return deterministic && new Set(drawn).size === 1 ? `eight seeds give the same first probes: ${drawn[0]}` : null
  },
}
