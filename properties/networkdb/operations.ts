/** Judges what becomes of what was asked of a node. */
import * as rules from '../../models/networkdb/rules.ts'
import type { Answer, EntryChange, Input, Operation, Output } from '../../models/networkdb/vocabulary.ts'
import type { Cluster } from './cluster.ts'
import type { Expected } from './expected.ts'
import { attachmentKey, entryKey, type Asked as Pending, type Node, visibleValue } from './node.ts'
import { R } from './requirements.ts'

type Asked = Extract<Input, { readonly type: 'operation' }>
type Result = Extract<Output, { readonly type: 'result' }>

const resultOf = (id: number, { outputs }: Answer): Result | undefined =>
  outputs.find((output): output is Result => output.type === 'result' && output.operation === id)

/** What ought to become of the records; called before they are compared. */
export function expectOperation(
  cluster: Cluster,
  node: Node,
  { operation }: Asked,
  answer: Answer,
  expected: Expected,
): void {
  switch (operation.type) {
    case 'join-network':
      return expectJoin(cluster, node, operation.network, answer, expected)
    case 'leave-network':
      return expectLeave(cluster, node, operation.network, answer, expected)
    case 'create':
    case 'update':
    case 'delete':
      return expectWrite(cluster, node, operation, answer, expected)
    case 'get':
    case 'leave':
  }
}

function expectJoin(cluster: Cluster, node: Node, network: string, answer: Answer, expected: Expected): void {
  const { name } = node
  const before = expected.attachment(name, network)
  if (before?.status === 'joined') return expected.setAttachment(name, network, before, R.joinsNetworks)
  const time = ownAttachmentTime(cluster, node, network, answer)
  expected.setAttachment(name, network, { name, network, time, status: 'joined', dueAt: Infinity }, R.joinsNetworks)
}

function expectLeave(cluster: Cluster, node: Node, network: string, answer: Answer, expected: Expected): void {
  if (!node.isIn(network) && !leavesAgain(node, network, answer)) return
  const time = ownAttachmentTime(cluster, node, network, answer)
  expected.leaveNetwork(network, time, (key) => ownEntryTime(cluster, node, network, key, answer.entries))
}

/** A node that remembers that it has left may leave once more, at a newer time. */
function leavesAgain(node: Node, network: string, { attachments }: Answer): boolean {
  if (!hasLeft(node, network)) return false
  return attachments?.some((each) => each.name === node.name && each.network === network) === true
}

const hasLeft = (node: Node, network: string): boolean =>
  node.attachments.get(attachmentKey(node.name, network))?.status === 'left'

/** The time that the node chose for its attachment; it must be newer than all that it had seen. */
function ownAttachmentTime(cluster: Cluster, node: Node, network: string, { attachments }: Answer): number {
  const change = attachments?.find((each) => each.name === node.name && each.network === network)
  const time = change !== undefined && 'time' in change ? change.time : -1
  judgeOwnTime(cluster, node, time, node.networkClock)
  return time
}

function ownEntryTime(
  cluster: Cluster,
  node: Node,
  network: string,
  key: string,
  changes: readonly EntryChange[] | null,
): number {
  const change = changes?.find((each) => each.network === network && each.key === key)
  const time = change !== undefined && 'time' in change && change.owner === node.name ? change.time : -1
  judgeOwnTime(cluster, node, time, node.tableClock)
  return time
}

function judgeOwnTime(cluster: Cluster, node: Node, time: number, clock: number): void {
  if (time < 0) return
  cluster.tested[R.ownEventsAreNewer]!++
  if (time > clock) return
  cluster.fail(
    R.ownEventsAreNewer,
    node,
    `gives ${time} to news, with a clock that shows ${clock}`,
    `more than ${clock}`,
  )
}

function expectWrite(
  cluster: Cluster,
  node: Node,
  operation: Extract<Operation, { readonly type: rules.EntryOperation }>,
  answer: Answer,
  expected: Expected,
): void {
  const { type, network, key } = operation
  const before = expected.entry(network, key)
  if (!rules.isCarriedOut(before ?? rules.absent, type)) {
    const rule = type === 'create' ? R.createRefusesExisting : R.changeNeedsExisting
    return expected.setEntry(network, key, before, rule)
  }
  const time = ownEntryTime(cluster, node, network, key, answer.entries)
  const value = 'value' in operation ? operation.value : before!.value
  const status = type === 'delete' ? 'tombstone' : 'live'
  const dueAt = type === 'delete' ? node.now + cluster.options.reapInterval : Infinity
  expected.setEntry(network, key, { network, key, owner: node.name, time, value, status, dueAt }, R.storesOperations)
}

/** What was answered at once; called with the records as they were before. */
export function judgeAnswer(cluster: Cluster, node: Node, { id, operation }: Asked, answer: Answer): void {
  const result = resultOf(id, answer)
  const fails = (rule: number, refused: boolean): void => {
    cluster.tested[rule]!++
    if ((result?.status === 'failed') === refused) return
    const text = `answers ${operation.type} with ${result?.status ?? 'nothing'}`
    cluster.fail(rule, node, text, refused ? 'failed' : 'ok')
  }
  switch (operation.type) {
    case 'join-network':
      return fails(R.joinsNetworks, node.isIn(operation.network))
    case 'leave-network':
      if (hasLeft(node, operation.network)) return
      return fails(R.leavesNetworks, !node.isIn(operation.network))
    case 'create':
    case 'update':
    case 'delete': {
      const held = node.entries.get(entryKey(operation.network, operation.key)) ?? rules.absent
      if (rules.isCarriedOut(held, operation.type)) return fails(R.storesOperations, false)
      return fails(operation.type === 'create' ? R.createRefusesExisting : R.changeNeedsExisting, true)
    }
    case 'get':
      return judgeGet(cluster, node, operation, result)
    case 'leave':
  }
}

function judgeGet(
  cluster: Cluster,
  node: Node,
  { network, key }: { readonly network: string; readonly key: string },
  result: Result | undefined,
): void {
  cluster.tested[R.getTellsVisible]!++
  const visible = visibleValue(node.entries.get(entryKey(network, key)))
  const told = result?.status === 'ok' ? result.value : null
  if (told === visible) return
  const quoted = (value: string | null): string => (value === null ? 'that there is nothing' : `"${value}"`)
  cluster.fail(R.getTellsVisible, node, `answers ${quoted(told)} for ${entryKey(network, key)}`, quoted(visible))
}

/** Results of operations that took a while: joining, leaving. */
export function judgeResult(cluster: Cluster, node: Node, { operation, status }: Result): void {
  const asked = node.operations.get(operation)
  if (asked === undefined) return
  node.operations.delete(operation)
  if (status !== 'ok') return
  if (asked.type === 'join-network') judgeJoined(cluster, node, asked)
  if (asked.type !== 'leave') return
  node.left = true
  cluster.tested[R.leaveIsTold]!++
  if (node.hasToldLeave || node.activePeers().length === 0) return
  cluster.fail(R.leaveIsTold, node, 'says that it has left, and has told nobody', 'that it leaves, told to somebody')
}

/** Of those who were members when it was asked and still are, each was sent a bulk sync, and has answered or had the time. */
function judgeJoined(cluster: Cluster, node: Node, { joins, since, unsynced, unanswered }: Pending): void {
  node.synced.add(joins)
  for (const { name, address } of node.peersOf(joins)) {
    cluster.tested[R.syncsOnJoin]!++
    if (unsynced.has(address)) {
      const text = `says that it has joined ${joins}, without ${name}`
      cluster.fail(R.syncsOnJoin, node, text, `a bulk sync with ${name}`)
    }
    if (!unanswered.has(name) || node.now - since >= cluster.options.bulkSyncTimeout) continue
    const text = `says that it has joined ${joins} before ${name} has answered`
    cluster.fail(R.joinsNetworks, node, text, 'all answers, or the end of the time to wait')
  }
}

/** Results of joining and leaving come later. */
export function noteAsked(node: Node, { id, operation }: Asked): void {
  const joins = operation.type === 'join-network' ? operation.network : ''
  const members = joins === '' ? [] : node.peersOf(joins)
  node.operations.set(id, {
    type: operation.type,
    since: node.now,
    joins,
    members: members.length,
    unsynced: new Set(members.map(({ address }) => address)),
    unanswered: new Set(members.map(({ name }) => name)),
  })
}

/** Who was asked to join answers in time, which is that for each of the members, one after the other. */
export function judgeJoinsOverdue(cluster: Cluster, node: Node): void {
  for (const { joins, since, members } of node.operations.values()) {
    const most = cluster.options.bulkSyncTimeout * Math.max(1, members)
    if (joins === '' || node.now - since <= most) continue
    cluster.fail(R.joinsNetworks, node, `has not ended joining for ${node.now - since} ms`, `an end within ${most} ms`)
  }
}

export function noteLeftNetwork(node: Node, network: string): void {
  if (node.attachments.get(attachmentKey(node.name, network))?.status !== 'joined') node.synced.delete(network)
}
