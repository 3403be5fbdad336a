/** What the judge of the network database says of one triple: a node that holds this, hears that, and shows what came of it. */
import { createReference } from '../../../impl/reference/networkdb/session.ts'
import { timeOf } from '../../../models/networkdb/acceptor.ts'
import type { AttachmentInput, AttachmentOutcome, AttachmentSituation } from '../../../models/networkdb/attachment.ts'
import { entries, type EntryInput, type EntryOutcome, type EntryStart } from '../../../models/networkdb/member.ts'
import type { Answer, AttachmentChange, EntryChange, Operation } from '../../../models/networkdb/vocabulary.ts'
import { Cluster } from '../../../properties/networkdb/cluster.ts'
import { Expected } from '../../../properties/networkdb/expected.ts'
import { Node } from '../../../properties/networkdb/node.ts'
import { expectOperation } from '../../../properties/networkdb/operations.ts'
import { judgeAttachments, judgeEntries, judgeOverdue } from '../../../properties/networkdb/records.ts'
import { defaultNetworkDbOptions } from '../../../traces/scenario.ts'

const claims = { profiles: new Set(createReference().hello.profiles), layers: new Set(['step'] as const) }
const cluster = new Cluster(defaultNetworkDbOptions, claims, ['n1', 'n2'])
const network = 'net1'
const place = { network, key: 'k' }

/** When what is not to stay is due, and long after that. */
const due = 1e9
const late = 2e9

/** A node that knows the other, and of which nothing was found so far. */
function freshNode(now: number, other: 'active' | 'failed' | 'left'): Node {
  cluster.violation = null
  cluster.made.clear()
  cluster.writers.clear()
  cluster.forgotten.clear()
  const node = new Node('n1', 0)
  cluster.nodes[0] = node
  node.name = 'n1'
  node.now = now
  node.peers.set('n2', { name: 'n2', address: 'n2', status: other, time: 0 })
  return node
}

const answerWith = (changes: Partial<Answer>): Answer => ({
  now: 0,
  wake: null,
  outputs: [],
  state: null,
  peers: null,
  attachments: null,
  entries: null,
  ...changes,
})

const ask = (node: Node, operation: Operation, answer: Answer, expected: Expected): void =>
  expectOperation(cluster, node, { type: 'operation', node: 'n1', at: 0, id: 1, operation }, answer, expected)

export function judgesEntry(at: EntryStart, input: EntryInput, outcome: EntryOutcome): boolean {
  const node = freshNode(input.type === 'ages' ? late : 10, at.writer === 'failed' ? 'failed' : 'active')
  // Its own events are newer than all that it holds.
  node.tableClock = at.time
  const attach = (name: string) =>
    node.attachments.set(`${name} ${network}`, { name, network, time: 1, status: 'joined', dueAt: Infinity })
  if (at.attached) attach('n1')
  if (at.writer !== 'detached') attach('n2')
  if (at.status !== 'absent') {
    const dueAt = at.status === 'live' ? Infinity : due
    const owner = at.mine ? 'n1' : 'n2'
    node.entries.set(`${network}/k`, { ...place, owner, time: at.time, value: 'v', status: at.status, dueAt })
  }
  const changes = entryChanges(at, input, outcome)
  const expected = new Expected(node, defaultNetworkDbOptions)
  expectEntry(node, at, input, answerWith({ entries: changes }), expected)
  judgeEntries(cluster, node, expected, changes)
  if (input.type === 'ages') judgeOverdue(cluster, node)
  return cluster.conclude() === null
}

/** What the node shows of the entry. */
function entryChanges(at: EntryStart, input: EntryInput, { status, time }: EntryOutcome): readonly EntryChange[] {
  if (status === 'absent') return at.status === 'absent' ? [] : [{ ...place, status: 'forgotten' }]
  if (status === at.status && time === at.time) return []
  const owner = entries.outcomeOf(at, input)!.next.mine ? 'n1' : 'n2'
  return [{ ...place, owner, time, value: 'v', status }]
}

function expectEntry(node: Node, at: EntryStart, input: EntryInput, answer: Answer, expected: Expected): void {
  switch (input.type) {
    case 'told':
    case 'told-own': {
      const owner = input.type === 'told' ? 'n2' : 'n1'
      const event = input.deletes ? 'delete' : 'update'
      const time = timeOf(at.time, input.relation)
      return expected.tellTable({ type: 'table', event, ...place, owner, time, value: 'v', residual: 0 }, false)
    }
    case 'writer-fails':
      return expected.peerDown('n2')
    case 'writer-returns':
      return expected.peerUp('n2', 'n2')
    case 'writer-leaves':
    case 'writer-joins': {
      const event = input.type === 'writer-leaves' ? 'leave' : 'join'
      return expected.tellNetwork({ type: 'network', event, name: 'n2', network, time: 9 })
    }
    case 'join':
    case 'leave':
      return ask(node, { type: `${input.type}-network`, network }, answer, expected)
    case 'create':
    case 'update':
      return ask(node, { type: input.type, ...place, value: 'v' }, answer, expected)
    case 'delete':
      return ask(node, { type: 'delete', ...place }, answer, expected)
    case 'ages':
  }
}

export function judgesAttachment(at: AttachmentSituation, input: AttachmentInput, outcome: AttachmentOutcome): boolean {
  const { whose } = at
  const name = whose === 'own' ? 'n1' : 'n2'
  const node = freshNode(input.type === 'ages' ? late : 10, whose === 'own' ? 'active' : whose)
  node.networkClock = at.time
  if (at.status !== 'absent') {
    const dueAt = at.status === 'joined' ? Infinity : due
    node.attachments.set(`${name} ${network}`, { name, network, time: at.time, status: at.status, dueAt })
  }
  const changes = attachmentChanges(at, name, outcome)
  const expected = new Expected(node, defaultNetworkDbOptions)
  expectAttachment(node, at, input, name, answerWith({ attachments: changes }), expected)
  judgeAttachments(cluster, node, expected, changes)
  if (input.type === 'ages') judgeOverdue(cluster, node)
  return cluster.conclude() === null
}

function attachmentChanges(
  at: AttachmentSituation,
  name: string,
  { status, time }: AttachmentOutcome,
): readonly AttachmentChange[] {
  if (status === 'absent') return at.status === 'absent' ? [] : [{ name, network, status: 'forgotten' }]
  return status === at.status && time === at.time ? [] : [{ name, network, time, status }]
}

function expectAttachment(
  node: Node,
  at: AttachmentSituation,
  input: AttachmentInput,
  name: string,
  answer: Answer,
  expected: Expected,
): void {
  switch (input.type) {
    case 'told': {
      const event = input.leaves ? 'leave' : 'join'
      const time = timeOf(at.time, input.relation)
      return expected.tellNetwork({ type: 'network', event, name, network, time })
    }
    case 'join':
    case 'leave':
      return ask(node, { type: `${input.type}-network`, network }, answer, expected)
    case 'fails':
      return expected.peerDown('n2')
    case 'returns':
      return expected.peerUp('n2', 'n2')
    case 'goes':
      return expected.tellNode({ type: 'node', event: 'leave', name: 'n2', time: 1 })
    case 'is-replaced':
      return expected.peerUp('n2-2', 'n2')
    case 'ages':
  }
}
