/** How an adapter of Raft is checked. */
import { isDeepStrictEqual } from 'node:util'
import type { Hello, RaftWords, Start } from '../../../impl/contract/raft.ts'
import { openSession, type StdioSession } from '../../../impl/contract/stdio.ts'
import type { Answer, Message, RaftScenario } from '../../../models/raft/vocabulary.ts'
import type { Milliseconds, NodeId } from '../../../models/vocabulary.ts'
import type { TraceEvent } from '../../../traces/event.ts'
import { startOf } from '../../../traces/run.ts'
import { completeScenario, type RaftStep } from '../../../traces/scenario.ts'
import { foldMismatch } from './raft-fold.ts'
import { advanceOf, stepOf, type Plan } from './plan.ts'

type Session = StdioSession<RaftWords>

const nodes = ['n1', 'n2', 'n3']
const voting = { voters: nodes, outgoing: [], learners: [] }
const run = (duration: Milliseconds): RaftStep => ({ step: 'run', duration })
const put = (value: string): RaftStep => ({
  step: 'operation',
  node: 'leader',
  operation: { type: 'propose', command: { type: 'put', key: 'x', value } },
})

/** Elections and a few writes, without faults. */
const calm = (seed: number, parts: Partial<RaftScenario> = {}): RaftScenario =>
  completeScenario({
    nodes,
    seed,
    network: { delay: [5, 20], loss: 0, duplicate: 0, reorder: 0 },
    steps: [run(1_500), put('a'), run(100), put('b'), put('c'), run(400), { step: 'timeout', node: 'n2' }, run(500)],
    ...parts,
  })

/** Everything that the hello claims, and the faults that it allows. */
function busy({ operations, capabilities }: Hello): RaftScenario {
  const steps: RaftStep[] = [run(1_500)]
  const ask = (operation: Extract<RaftStep, { step: 'operation' }>['operation'], time = 300): void => {
    if (operations.includes(operation.type)) steps.push({ step: 'operation', node: 'leader', operation }, run(time))
  }
  ask({ type: 'propose', command: { type: 'put', key: 'x', value: 'a' } })
  ask({ type: 'propose', command: { type: 'compare-and-set', key: 'x', expect: 'a', value: 'b' } })
  ask({ type: 'propose', command: { type: 'get', key: 'x' } })
  ask({ type: 'read', key: 'x', by: 'read-index' })
  ask({ type: 'change-membership', changes: [{ type: 'add-learner', node: 'n4' }], joint: false }, 600)
  ask({ type: 'change-membership', changes: [{ type: 'add-voter', node: 'n4' }], joint: false }, 600)
  ask({ type: 'compact', keep: 1 })
  ask({ type: 'transfer', to: 'n2' }, 1_000)
  ask({ type: 'change-membership', changes: [{ type: 'remove', node: 'n4' }], joint: false }, 600)
  const network = { delay: [1, 30], loss: 0.05, duplicate: 0.1, reorder: 0.1 } as const
  steps.push({ step: 'network', network }, put('d'), run(500))
  if (capabilities.disk) {
    steps.push({ step: 'crash', node: 'leader', keep: 'some', torn: true }, run(800))
    for (const node of nodes) steps.push({ step: 'restart', node })
  }
  steps.push(put('e'), run(1_500), { step: 'heal' }, run(1_000))
  return completeScenario({ nodes: allNodes(operations), configuration: voting, seed: 3, steps })
}

/** Nodes outside the configuration are there only for those who can add them. */
const allNodes = (operations: Hello['operations']): NodeId[] =>
  operations.includes('change-membership') ? [...nodes, 'n4'] : nodes

const startOfNodes = (seed: number, names: readonly NodeId[] = nodes): Start =>
  startOf(completeScenario({ nodes: names, seed, configuration: voting }))

const { electionTimeout } = startOfNodes(1).options
/** By then whoever hears nothing has campaigned. */
const longEnough = 3 * electionTimeout

const hasEffect = ({ outputs, state, log }: Answer): boolean =>
  outputs.length > 0 || Object.keys(state ?? {}).length > 0 || Object.keys(log ?? {}).length > 0

/** Completes every write of an answer, and of the answers to that. */
async function completeWrites(session: Session, node: NodeId, answer: Answer): Promise<void> {
  const writes = answer.outputs.flatMap((output) => (output.type === 'write' ? [output.id] : []))
  if (writes.length === 0) return
  await completeWrites(session, node, await stepOf(session, { type: 'written', node, at: answer.now, writes }))
}

/** Advances a node from its start to the first instant at which something happens. */
const firstEffect = (session: Session, node: NodeId): Promise<Answer> => stepOf(session, advanceOf(node, longEnough))

/** The messages by which the first node to be advanced campaigns. */
async function campaign(session: Session) {
  let answer = await firstEffect(session, 'n1')
  for (;;) {
    await completeWrites(session, 'n1', answer)
    const messages = answer.outputs.filter((output) => output.type === 'message')
    if (messages.length > 0 || answer.now >= longEnough) return messages
    answer = await stepOf(session, advanceOf('n1', longEnough, answer.now))
  }
}

const views: readonly Message[] = [
  { kind: 'request-vote', term: 1, lastIndex: 0, lastTerm: 0, transfer: false },
  { kind: 'request-vote-response', term: 1, granted: false },
  { kind: 'append-entries', term: 1, previousIndex: 0, previousTerm: 0, entries: [], commit: 0, round: 0 },
  { kind: 'append-entries-response', term: 1, success: true, index: 0, hint: 0, round: 0 },
  { kind: 'heartbeat', term: 1, commit: 0, round: 0 },
  { kind: 'heartbeat-response', term: 1, round: 0 },
]

export const raftPlan: Plan<RaftWords> = {
  surface: 'raft',
  nodes,
  longEnough,
  restarting: 'disk',
  views,
  canRestart: ({ capabilities }) => capabilities.disk,
  open: (connection, seed, all) =>
    openSession(connection, 'raft', startOfNodes(seed, all === undefined ? nodes : allNodes(all.operations))),
  scenario: (hello, weather, seed) => (weather === 'busy' ? busy(hello) : calm(seed)),
  startMismatch({ operations }, initial) {
    for (const [index, node] of allNodes(operations).entries()) {
      const { voters } = initial[index]!.state!.configuration!
      const expected = nodes.includes(node) ? nodes : []
      if (!isDeepStrictEqual(voters, expected))
        return `${node} starts with voters [${voters.join()}], not [${expected.join()}]`
    }
    return null
  },
  hasEffect,
  speak: campaign,
  foldMismatch: (events) => foldMismatch(events as readonly TraceEvent[]),
  async chanceMismatch(open, deterministic) {
    const drawn: Milliseconds[][] = []
    for (let seed = 1; seed <= 5; seed++) {
      const session = await open(seed)
      const instants: Milliseconds[] = []
      for (const node of nodes) instants.push((await firstEffect(session, node)).now)
      drawn.push(instants)
    }
    const shown = drawn.map((instants) => instants.join('/')).join(', ')
    if (drawn.every((instants) => new Set(instants).size === 1)) return `all nodes act at the same instant: ${shown}`
    if (deterministic && new Set(drawn.map(String)).size === 1) return `five seeds give the same instants: ${shown}`
    return null
  },
}
