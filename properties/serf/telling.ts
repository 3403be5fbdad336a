/** Judges what a node tells: which news, how often, and what it says of all that it knows. */
import * as rules from '../../models/serf/rules.ts'
import type { Broadcast, Input, OutgoingMessage, SerfOptions, Time } from '../../models/serf/vocabulary.ts'
import type { Cluster } from './cluster.ts'
import { eventKey, type Node, queryKey, type SeenMember } from './node.ts'
import { R } from './requirements.ts'

/** What a broadcast says, all of it. */
export function idOf(broadcast: Broadcast): string {
  switch (broadcast.type) {
    case 'join':
      return `join ${broadcast.name} @${broadcast.time}`
    case 'leave':
      return `leave ${broadcast.name} @${broadcast.time}${broadcast.prune ? ' prune' : ''}`
    case 'event':
      return `event ${eventKey(broadcast)}${broadcast.coalesce ? ' coalesce' : ''}`
    case 'query': {
      const { source, nodes, ack, relay, timeout, name, payload } = broadcast
      return `query ${queryKey(broadcast)} ${JSON.stringify([source, nodes, ack, relay, timeout, name, payload])}`
    }
  }
}

/** Something is to be told: of its own, or taken from another. */
export function owe(node: Node, broadcast: Broadcast, requirement: number): void {
  const id = idOf(broadcast)
  node.heard.set(id, true)
  node.rounds.delete(id)
  node.owed.set(id, { requirement, since: node.now })
}

export function noteHeard(node: Node, broadcast: Broadcast, taken: boolean): void {
  if (taken) return owe(node, broadcast, R.passesOnNews)
  const id = idOf(broadcast)
  if (!node.heard.has(id)) node.heard.set(id, false)
}

/** What is owed for long, and could have been told all the time, ought to have been told. */
export function judgeOwed(cluster: Cluster, node: Node): void {
  if (node.there.size === 0) {
    // It may have been told to nobody in vain, and whoever comes then learns it by synchronization.
    node.owed.clear()
    node.ownNews = node.ownNews.map((news) => ({ ...news, requirement: -1 }))
    return
  }
  const late = node.now - 3 * cluster.options.gossipInterval
  for (const [id, { requirement, since }] of node.owed) {
    if (since < late)
      cluster.fail(requirement, node, `has not told "${id}" for ${node.now - since} ms`, 'that somebody is told')
  }
  for (const { requirement, since, like } of node.ownNews) {
    if (requirement < 0 || since >= late) continue
    const text = `has not told ${JSON.stringify(like)} for ${node.now - since} ms`
    cluster.fail(requirement, node, text, 'that somebody is told')
  }
}

export function judgeMessages(
  cluster: Cluster,
  node: Node,
  before: Before,
  input: Input,
  messages: readonly OutgoingMessage[],
): void {
  const asked = input.type === 'deliver' ? input.message : null
  for (const message of messages) {
    const { view } = message
    if (view.kind === 'gossip') for (const broadcast of view.broadcasts) judgeTold(cluster, node, broadcast)
    else if ('left' in view) {
      judgeState(cluster, node, before, view)
      judgeWhom(cluster, node, before, input, message, view)
    }
  }
  if (asked?.view.kind !== 'push-pull') return
  cluster.tested[R.answersPushPull]!++
  const { join } = asked.view
  const answers = messages.filter(({ to, view }) => to === asked.from && view.kind === 'push-pull-reply')
  if (answers.length === 1 && 'join' in answers[0]!.view && answers[0]!.view.join === join) return
  cluster.fail(R.answersPushPull, node, `does not answer ${asked.from}`, 'all that it knows, once')
}

function judgeTold(cluster: Cluster, node: Node, broadcast: Broadcast): void {
  const id = idOf(broadcast)
  takeOwn(cluster, node, broadcast, id)
  const heard = node.heard.get(id)
  cluster.tested[R.tellsWhatItTook]!++
  if (heard === undefined) cluster.fail(R.tellsWhatItTook, node, `tells "${id}"`, 'what it made, or was told')
  cluster.tested[R.passesOnOnlyNews]!++
  if (heard === false) cluster.fail(R.passesOnOnlyNews, node, `tells "${id}" on`, 'what was news to it')
  const owed = node.owed.get(id)
  if (owed !== undefined) cluster.tested[owed.requirement]!++
  node.owed.delete(id)
  const rounds = node.rounds.get(id) ?? { count: 0, at: -1 }
  if (rounds.at !== node.now) rounds.count++
  rounds.at = node.now
  node.rounds.set(id, rounds)
  const most = rules.roundsAtMost(cluster.options.retransmitMult, node.greatest)
  cluster.tested[R.tellsBoundedRounds]!++
  if (rounds.count <= most) return
  cluster.fail(R.tellsBoundedRounds, node, `tells "${id}" in ${rounds.count} rounds`, `at most ${most}`)
}

/** News of its own, of which not all was seen so far. */
function takeOwn(cluster: Cluster, node: Node, broadcast: Broadcast, id: string): void {
  // What it may say, and need not, is not used up by what it has to say anyway.
  const isHeard = node.heard.has(id)
  const at = node.ownNews.findIndex(
    ({ like, least, below, requirement }) =>
      (requirement >= 0 || !isHeard) && broadcast.time >= least && broadcast.time < below && isLike(broadcast, like),
  )
  if (at < 0) return
  const [news] = node.ownNews.splice(at, 1)
  node.heard.set(id, true)
  if (news!.requirement >= 0) cluster.tested[news!.requirement]!++
  if (broadcast.type === 'query') node.queries.add(broadcast.time, queryKey(broadcast))
  const asked = node.operations.get(news!.operation)
  if (asked === undefined) return
  asked.told = true
  if (broadcast.type === 'query') learnQuery(cluster, node, broadcast, news!.operation)
}

const isLike = (broadcast: Broadcast, like: object): boolean =>
  Object.entries(like).every(
    ([field, value]) =>
      JSON.stringify((broadcast as unknown as Record<string, unknown>)[field]) === JSON.stringify(value),
  )

/** The time and the identifier of its own query are seen. */
export function learnQuery(
  cluster: Cluster,
  node: Node,
  query: Pick<Extract<Broadcast, { readonly type: 'query' }>, 'time' | 'id'> & {
    readonly timeout?: number
    readonly ack?: boolean
  },
  operation: number,
): void {
  const asked = node.operations.get(operation)
  if (asked === undefined) return
  const key = queryKey(query)
  if (query.timeout !== undefined) {
    const rule = asked.isDefault ? R.defaultQueryTimeout : R.tellsOwnNews
    cluster.tested[rule]!++
    if (query.timeout !== asked.timeout) {
      cluster.fail(rule, node, `asks with a timeout of ${query.timeout} ms`, `${asked.timeout} ms`)
    }
  }
  if (node.openQueries.has(key)) return
  const whose = `${node.id} ${operation}`
  const other = cluster.asked.get(key)
  cluster.tested[R.queriesDiffer]!++
  if (other !== undefined && other !== whose) {
    cluster.fail(R.queriesDiffer, node, `asks a query ${key}, as another was called before`, 'a new identifier')
  }
  cluster.asked.set(key, whose)
  node.queries.add(query.time, key)
  const deadline = asked.since + asked.timeout
  node.openQueries.set(key, { operation, deadline, wantsAcks: asked.wantsAcks, heard: new Set() })
}

type PushPull = rules.State

/** A node as it was before a step. */
export interface Before {
  readonly members: ReadonlyMap<string, SeenMember>
  readonly clocks: readonly [Time, Time, Time]
  readonly events: readonly (readonly [Time, string])[]
}

const nothing = { members: new Map<string, SeenMember>(), events: [] }

/** `sends`: whether the step says anything of all that the node knows. */
export function lookBefore(node: Node, sends: boolean): Before {
  const clocks = [node.memberClock, node.eventClock, node.queryClock] as const
  if (!sends) return { ...nothing, clocks }
  return { members: new Map(node.members), clocks, events: [...node.events.all()] }
}

/** What is said of all that a node knows is so before the step, or after it. */
function judgeState(cluster: Cluster, node: Node, before: Before, view: PushPull): void {
  cluster.tested[R.tellsState]!++
  const problem =
    clockProblem(node, before, view) ??
    memberProblem(node, before, view) ??
    eventProblem(node, before, view, cluster.options)
  if (problem !== null) cluster.fail(R.tellsState, node, `tells ${problem[0]}`, problem[1])
}

type Problem = readonly [string, string] | null

function clockProblem(node: Node, { clocks }: Before, view: PushPull): Problem {
  const told = [view.memberTime, view.eventTime, view.queryTime]
  const now = [node.memberClock, node.eventClock, node.queryClock]
  const wrong = told.findIndex((time, place) => time < clocks[place]! || time > now[place]!)
  return wrong < 0 ? null : [`that a clock shows ${told[wrong]}`, `${now[wrong]}`]
}

function memberProblem(node: Node, { members }: Before, view: PushPull): Problem {
  const told = new Map(view.members.map(({ name, time }) => [name, time]))
  for (const name of new Set([...members.keys(), ...node.members.keys(), ...told.keys()])) {
    const time = told.get(name)
    const left = view.left.includes(name)
    const fits = (held: SeenMember | undefined): boolean => held?.time === time && (held?.status === 'left') === left
    if (fits(members.get(name)) || fits(node.members.get(name))) continue
    const held = node.members.get(name)
    const text = `of ${name} ${time === undefined ? 'nothing' : `time ${time}`}${left ? ', and that it has left' : ''}`
    return [text, held === undefined ? 'nothing' : `${held.status} @${held.time}`]
  }
  return null
}

function eventProblem(node: Node, { events }: Before, view: PushPull, { eventBuffer }: SerfOptions): Problem {
  const told = new Set(view.events.map(eventKey))
  const missing = events.find(([time, key]) => !told.has(key) && !rules.isTooOld(time, node.eventClock, eventBuffer))
  if (missing !== undefined) return [`nothing of event ${missing[1]}`, 'all events that it remembers']
  const known = new Set(events.map(([, key]) => key))
  const extra = [...told].find((key) => !known.has(key) && !node.delivered.has(key))
  return extra === undefined ? null : [`of event ${extra}`, 'events of which it was told']
}

/** With whom all is exchanged in order to join: with whom it was asked to, and with those who failed. */
function judgeWhom(
  cluster: Cluster,
  node: Node,
  before: Before,
  input: Input,
  { to, view: { kind } }: OutgoingMessage,
  { join }: PushPull,
): void {
  if (kind === 'push-pull-reply') {
    if (input.type === 'deliver' && input.message.from === to && input.message.view.kind === 'push-pull') return
    return cluster.fail(R.answersPushPull, node, `answers ${to}, which has not asked`, 'an answer to who asks')
  }
  if (!join) return
  if (input.type === 'operation' && input.operation.type === 'join' && input.operation.peer === to) return
  cluster.tested[R.reconnectsToFailed]!++
  node.reconnectSince = Infinity
  if (before.members.get(to)?.status === 'failed' || node.members.get(to)?.status === 'failed') return
  cluster.fail(R.reconnectsToFailed, node, `tries ${to}`, 'somebody who has failed')
}

/** While as many have failed as are there, chance leaves no choice. */
export function judgeReconnects(cluster: Cluster, node: Node): void {
  const failed = node.count('failed')
  const others = node.members.size - failed - node.count('left')
  if (!rules.mustReconnect(failed, others)) {
    node.reconnectSince = Infinity
    return
  }
  if (node.reconnectSince === Infinity) {
    node.reconnectSince = node.now
    return
  }
  const { reconnectInterval } = cluster.options
  if (node.now - node.reconnectSince <= reconnectInterval + 1_000) {
    cluster.tested[R.reconnects]!++
    return
  }
  const text = `has tried none of ${failed} who failed for ${node.now - node.reconnectSince} ms`
  cluster.fail(R.reconnects, node, text, `an attempt every ${reconnectInterval} ms`)
}
