/** Judges what becomes of what was asked of a node. */
import * as rules from '../../models/serf/rules.ts'
import type { Answer, Broadcast, Input, Notice, Operation, Output } from '../../models/serf/vocabulary.ts'
import type { Cluster } from './cluster.ts'
import type { Deliveries } from './deliveries.ts'
import type { Expected } from './expected.ts'
import type { Node } from './node.ts'
import { R } from './requirements.ts'
import { learnQuery, owe } from './telling.ts'

type Asked = Extract<Input, { readonly type: 'operation' }>
type Result = Extract<Output, { readonly type: 'result' }>
type Request<Type extends Operation['type']> = Extract<Operation, { readonly type: Type }>

/** Bytes by which an event, or a query, may be larger than what is in it. */
const eventOverhead = 64
const queryOverhead = 256

/** How much later than its time an operation may end. */
const slack = 1_000

/** What ought to become of the node; called before that is compared. */
export function expectOperation(
  cluster: Cluster,
  node: Node,
  { id, operation }: Asked,
  answer: Answer,
  expected: Expected,
  deliveries: Deliveries,
): void {
  const asked = {
    type: operation.type,
    since: node.now,
    peer: operation.type === 'join' ? operation.peer : '',
    ignoreOld: operation.type === 'join' && operation.ignoreOld,
    hasOthers: node.hasOthers(),
    timeout: operation.type === 'query' ? timeoutOf(cluster, node, operation) : 0,
    isDefault: operation.type === 'query' && operation.timeout === 0,
    wantsAcks: operation.type === 'query' && operation.ack,
    told: false,
  }
  node.operations.set(id, asked)
  switch (operation.type) {
    case 'join':
      return
    case 'leave':
      if (node.phase === 'alive') leave(node, id, answer, expected)
      return
    case 'force-leave':
      return forceLeave(cluster, node, id, operation, expected)
    case 'event':
      return sendEvent(cluster, node, operation, answer, deliveries)
    case 'query':
      return sendQuery(cluster, node, id, operation, answer, deliveries)
  }
}

function timeoutOf({ options }: Cluster, node: Node, { timeout }: Request<'query'>): number {
  const { gossipInterval, queryTimeoutMult } = options
  return timeout > 0 ? timeout : rules.defaultQueryTimeout(gossipInterval, queryTimeoutMult, node.there.size + 1)
}

function leave(node: Node, operation: number, answer: Answer, expected: Expected): void {
  node.phase = 'leaving'
  expected.sayLeave(node.id, false, node.memberClock)
  const like = { type: 'leave', name: node.id, prune: false } as const
  oweOwn(node, like, node.memberClock, operation, node.hasOthers() ? R.leaveIsTold : -1)
  // Where there is nobody to be told it is gone at once.
  const isGone = answer.members?.some(({ name, status }) => name === node.id && status === 'left') === true
  if (isGone && !node.hasOthers()) expected.down(node.id)
}

function forceLeave(
  cluster: Cluster,
  node: Node,
  operation: number,
  { member, prune }: Request<'force-leave'>,
  expected: Expected,
): void {
  if (prune) cluster.pruned.add(member)
  expected.sayLeave(member, prune, node.memberClock)
  const like = { type: 'leave', name: member, prune } as const
  oweOwn(node, like, node.memberClock, operation, node.hasOthers(member) ? R.tellsOwnNews : -1)
}

/** News of its own whose time is at least that of its clock before, and below that of its clock after the step. */
function oweOwn(node: Node, like: Partial<Broadcast>, least: number, operation: number, requirement: number): void {
  node.ownNews.push({ like, least, below: Infinity, operation, requirement, since: node.now })
}

/** What its clocks show after a step is above the times of all that it has just said itself. */
export function boundOwnNews(node: Node): void {
  node.ownNews = node.ownNews.map((news) => {
    if (news.below < Infinity) return news
    return { ...news, below: news.like.type === 'query' ? node.queryClock : node.memberClock }
  })
}

/** It says that it is there. */
export function noteAnnounced(node: Node, { announces, announcements }: Expected): void {
  const self = node.members.get(node.id)
  if (announces < 0 || self === undefined) return
  owe(node, { type: 'join', name: node.id, time: self.time }, announces)
  // Said more than once in a step, it has to tell but the last.
  for (let more = 1; more < announcements; more++) oweOwn(node, { type: 'join', name: node.id }, 0, 0, -1)
}

const sizeOf = ({ name, payload }: { readonly name: string; readonly payload: string }): number =>
  Buffer.byteLength(name) + Buffer.byteLength(payload)

/** Whether it is sent; the limit decides, but for what the form of a message adds. */
function isSent(
  cluster: Cluster,
  node: Node,
  rule: number,
  size: number,
  limit: number,
  overhead: number,
  refused: boolean,
): boolean {
  cluster.tested[rule]!++
  const text = `${refused ? 'refuses' : 'takes'} ${size} bytes`
  if (size > limit && !refused) cluster.fail(rule, node, text, `at most ${limit}`)
  if (size + overhead <= limit && refused) cluster.fail(rule, node, text, `up to ${limit}`)
  return !refused
}

const isRefused = ({ outputs }: Answer): boolean =>
  outputs.some((output) => output.type === 'result' && output.status === 'failed')

function sendEvent(
  cluster: Cluster,
  node: Node,
  operation: Request<'event'>,
  answer: Answer,
  deliveries: Deliveries,
): void {
  const { name, payload, coalesce } = operation
  const limit = cluster.options.eventSizeLimit
  if (!isSent(cluster, node, R.eventSizeLimit, sizeOf(operation), limit, eventOverhead, isRefused(answer))) return
  const notice = answer.outputs.find(
    (output): output is Extract<Notice, { readonly type: 'event' }> =>
      output.type === 'event' && output.name === name && output.payload === payload,
  )
  const time = notice?.time ?? node.eventClock
  judgeOwnTime(cluster, node, time, node.eventClock, answer.state?.eventClock ?? node.eventClock)
  const event = { time, name, payload }
  deliveries.sendEvent(event, coalesce)
  owe(node, { type: 'event', ...event, coalesce }, R.tellsOwnNews)
}

/** The time of something of its own: nobody has used it, and nobody will. */
export function judgeOwnTime(cluster: Cluster, node: Node, time: number, before: number, after: number): void {
  cluster.tested[R.ownTimesAreNew]!++
  if (time >= before && time < after) return
  const text = `gives ${time} to something of its own, with a clock that shows ${before} before and ${after} after it`
  cluster.fail(R.ownTimesAreNew, node, text, `from ${before} on, and below what it shows then`)
}

function sendQuery(
  cluster: Cluster,
  node: Node,
  operation: number,
  query: Request<'query'>,
  answer: Answer,
  deliveries: Deliveries,
): void {
  const { name, payload, nodes, ack, relay } = query
  const limit = cluster.options.querySizeLimit
  const overhead = queryOverhead + nodes.reduce((sum, each) => sum + each.length + 2, 0)
  if (!isSent(cluster, node, R.querySizeLimit, sizeOf(query), limit, overhead, isRefused(answer))) return
  const like = { type: 'query', source: node.id, name, payload, nodes, ack, relay } as const
  oweOwn(node, like, node.queryClock, operation, R.tellsOwnNews)
  const notice = answer.outputs.find(
    (output): output is Extract<Notice, { readonly type: 'query' }> =>
      output.type === 'query' && output.source === node.id && output.name === name,
  )
  const isAsked = nodes.length === 0 || nodes.includes(node.id)
  if (notice === undefined) {
    const text = `does not ask its own application "${name}"`
    if (isAsked) cluster.fail(R.deliversQueries, node, text, 'that it is asked, as all others')
    return
  }
  if (!isAsked) {
    const text = `asks its own application "${name}"`
    return cluster.fail(R.asksThoseNamed, node, text, `that ${nodes.join(' ')} are asked`)
  }
  const { time, id } = notice
  judgeOwnTime(cluster, node, time, node.queryClock, answer.state?.queryClock ?? node.queryClock)
  learnQuery(cluster, node, { time, id }, operation)
  const { timeout } = node.operations.get(operation)!
  deliveries.ask({ ...like, time, id, timeout })
}

/** Results of operations. */
export function judgeResult(cluster: Cluster, node: Node, { operation, status, reason }: Result): void {
  const asked = node.operations.get(operation)
  if (asked === undefined) return
  node.operations.delete(operation)
  const took = node.now - asked.since
  if (asked.type === 'query' && status === 'ok') {
    for (const [key, query] of node.openQueries) if (query.operation === operation) node.openQueries.delete(key)
    cluster.tested[R.queryEnds]!++
    if (took < asked.timeout) {
      cluster.fail(R.queryEnds, node, `ends a query after ${took} ms`, `after ${asked.timeout} ms`)
    }
  }
  if (asked.type !== 'leave' || status !== 'ok' || reason !== '') return
  if (asked.told || !asked.hasOthers || took >= cluster.options.broadcastTimeout || node.phase === 'alive') return
  cluster.fail(R.leaveIsTold, node, 'says that it has left, and has told nobody', 'that it leaves, told to somebody')
}

/** Whatever was asked ends in its time. */
export function judgeOperationsOverdue(cluster: Cluster, node: Node): void {
  const { broadcastTimeout, leavePropagateDelay, streamTimeout } = cluster.options
  for (const { type, since, timeout } of node.operations.values()) {
    const most =
      type === 'query'
        ? timeout
        : type === 'join'
          ? streamTimeout
          : type === 'event'
            ? 0
            : broadcastTimeout + (type === 'leave' ? broadcastTimeout + leavePropagateDelay : 0)
    const rule = type === 'query' ? R.queryEnds : R.operationsEnd
    if (node.now - since <= most + slack) {
      cluster.tested[rule]!++
      continue
    }
    cluster.fail(rule, node, `has not ended ${type} for ${node.now - since} ms`, `an end within ${most} ms`)
  }
}
