/** Where connections go, and what becomes of them. */
import { decide, isRefused, type Standing, type Way } from '../../models/balancing/mesh.ts'
import { ingressNetwork, isInTurn } from '../../models/balancing/rules.ts'
import type { Arrival, Message, Operation, OutgoingMessage, Pool, Result } from '../../models/balancing/vocabulary.ts'
import type { Cluster } from './cluster.ts'
import { type Chosen, listenerKey, memberKey, type Node, poolKey, type SeenConnection } from './node.ts'
import { R } from './requirements.ts'

type Request<Type extends Operation['type']> = Extract<Operation, { readonly type: Type }>

/** What a step shows of one request. */
export interface Shown {
  readonly messages: readonly OutgoingMessage[]
  readonly arrivals: readonly Arrival[]
  readonly results: readonly Result[]
}

/** Who was chosen for a new connection; null for nobody. */
export function chosenFor(node: Node, id: number, { messages, arrivals }: Shown): Chosen | null {
  for (const { to, view } of messages) {
    if (view.kind !== 'open' || view.connection !== id) continue
    return { task: view.task, node: to, source: view.source, scheme: view.scheme }
  }
  for (const { connection, task, source, scheme } of arrivals)
    if (connection === id) return { task, node: node.id, source, scheme }
  return null
}

export const resultOf = (id: number, { results }: Shown): Result | undefined =>
  results.find(({ operation }) => operation === id)

/** The best standing among members; of those that are no backends nothing is known. */
function standingOf(pool: Pool | undefined, isMeant: (node: string) => boolean): Standing {
  let standing: Standing = 'none'
  for (const { node, weight } of pool?.members ?? []) {
    if (!isMeant(node)) continue
    if (weight === 1) return 'active'
    standing = 'draining'
  }
  return standing
}

export function judgeConnect(cluster: Cluster, node: Node, id: number, asked: Request<'connect'>, shown: Shown): void {
  const { service, network, connection } = asked
  const known = cluster.servicesOf(node).get(service)
  const pool = node.pools.get(poolKey(service, network))
  const way = known?.mode === 'dnsrr' ? 'dnsrr' : 'vip'
  const chosen = chosenFor(node, id, shown)
  judgeChoice(cluster, node, id, way, pool, chosen, shown)
  noteOpened(cluster, node, id, connection, pool, chosen, 0, shown)
}

export function judgeDial(cluster: Cluster, node: Node, id: number, asked: Request<'dial'>, shown: Shown): void {
  const { protocol, port, connection, client } = asked
  const chosen = chosenFor(node, id, shown)
  const direct = node.taskOfPort(protocol, port)
  const listener = node.listeners.get(listenerKey({ protocol, port, mode: 'ingress' }))
  if (direct !== undefined && (listener === undefined || chosen?.task === direct))
    return judgeDirect(cluster, node, id, connection, direct, client, chosen, shown)
  if (listener === undefined) {
    const elsewhere = [...cluster.services.values()].some(({ ports }) =>
      ports.some((each) => each.mode === 'host' && each.protocol === protocol && each.published === port),
    )
    const rule = elsewhere ? R.hostPortWhereTaskRuns : R.closedPortRefuses
    cluster.tested[rule]!++
    if (chosen !== null || resultOf(id, shown)?.status !== 'failed')
      cluster.fail(rule, node, `takes a connection at ${protocol}/${port}`, 'that it is refused')
    return
  }
  const pool = node.pools.get(poolKey(listener.service, ingressNetwork))
  judgeChoice(cluster, node, id, 'ingress', pool, chosen, shown)
  if (chosen !== null) {
    cluster.tested[R.ingressHidesClient]!++
    if (chosen.source !== node.id)
      cluster.fail(R.ingressHidesClient, node, `shows ${chosen.source} to ${chosen.task}`, `its own address`)
  }
  noteOpened(cluster, node, id, connection, pool, chosen, 0, shown)
}

/** At the port of a host. */
function judgeDirect(
  cluster: Cluster,
  node: Node,
  id: number,
  label: string,
  task: string,
  client: string,
  chosen: Chosen | null,
  shown: Shown,
): void {
  cluster.tested[R.hostPortWhereTaskRuns]!++
  if (chosen === null || chosen.task !== task || chosen.node !== node.id) {
    const text = chosen === null ? 'takes no connection' : `passes it to ${chosen.task} at ${chosen.node}`
    return cluster.fail(R.hostPortWhereTaskRuns, node, text, `that ${task} has it`)
  }
  cluster.tested[R.hostKeepsClient]!++
  if (chosen.source !== client)
    cluster.fail(R.hostKeepsClient, node, `shows ${chosen.source} to ${task}`, `${client}, who it is`)
  noteOpened(cluster, node, id, label, undefined, chosen, 0, shown)
}

/** Whether the choice was open to the node, and in turn. */
function judgeChoice(
  cluster: Cluster,
  node: Node,
  id: number,
  way: Way,
  pool: Pool | undefined,
  chosen: Chosen | null,
  shown: Shown,
): void {
  const decision = decide({
    way,
    local: standingOf(pool, (at) => at === node.id),
    remote: standingOf(pool, (at) => at !== node.id),
    offered: pool !== undefined,
  })
  if (chosen === null) return judgeRefused(cluster, node, way, decision, resultOf(id, shown))
  const member = pool?.members.find(({ task, node: at }) => task === chosen.task && at === chosen.node)
  if (isRefused(decision)) {
    cluster.tested[R.refusesWithoutBackend]!++
    const rule = member === undefined ? R.refusesWithoutBackend : R.weightZeroGetsNone
    return cluster.fail(rule, node, `passes a new connection to ${chosen.task}`, 'that it is refused')
  }
  cluster.tested[R.staysWithinService]!++
  cluster.tested[R.triesBackends]!++
  if (member === undefined || pool === undefined)
    return cluster.fail(
      R.staysWithinService,
      node,
      `passes a connection to ${chosen.task} at ${chosen.node}`,
      'a backend of the service',
    )
  if (pool.members.some(({ weight }) => weight === 0)) cluster.tested[R.weightZeroGetsNone]!++
  if (member.weight === 0)
    return cluster.fail(R.weightZeroGetsNone, node, `passes a new connection to ${chosen.task}`, 'one with weight')
  if (way === 'ingress' && !decision.local) cluster.tested[R.meshReachesRemote]!++
  if (way !== 'dnsrr') judgeTurn(cluster, node, way, pool, memberKey(chosen))
}

function judgeRefused(
  cluster: Cluster,
  node: Node,
  way: Way,
  decision: ReturnType<typeof decide>,
  result: Result | undefined,
): void {
  if (isRefused(decision)) {
    cluster.tested[R.refusesWithoutBackend]!++
    if (result?.status !== 'failed')
      cluster.fail(R.refusesWithoutBackend, node, `answers by ${result?.status ?? 'nothing'}`, 'a refusal')
    return
  }
  const rule = way === 'ingress' && !decision.local ? R.meshReachesRemote : R.triesBackends
  cluster.tested[rule]!++
  cluster.fail(rule, node, `refuses a connection, by ${result?.reason ?? 'nothing'}`, 'that a backend gets it')
}

function judgeTurn(cluster: Cluster, node: Node, way: Way, pool: Pool, chosen: string): void {
  const turns = node.turns.get(poolKey(pool.service, pool.network))
  if (turns === undefined) return
  const { recent, active, again } = turns
  if (active > 1 && recent.length > 0) cluster.tested[R.rotatesExactly]!++
  if (!isInTurn(recent, active, chosen)) {
    const missed = pool.members.filter((member) => member.weight === 1 && !recent.includes(memberKey(member)))
    const isAgain = missed.some((member) => again.has(memberKey(member)))
    const isRemote = way === 'ingress' && missed.every((member) => member.node !== node.id)
    const rule = isRemote ? R.meshReachesRemote : isAgain ? R.enabledAgain : R.rotatesExactly
    const text = `chooses ${chosen} again, and ${missed.map(memberKey).join(', ')} had no turn`
    cluster.fail(rule, node, text, 'each once in a round')
  }
  again.delete(chosen)
  if (active <= 1) return
  recent.push(chosen)
  if (recent.length >= active) recent.shift()
}

/** Remembers a connection that has begun; one to a task of the node itself is answered at once. */
export function noteOpened(
  cluster: Cluster,
  node: Node,
  id: number,
  label: string,
  pool: Pool | undefined,
  chosen: Chosen | null,
  code: number,
  shown: Shown,
): void {
  if (chosen === null) return
  const key = pool === undefined ? null : poolKey(pool.service, pool.network)
  const connection: SeenConnection = { id, pool: key, task: chosen.task, node: chosen.node, code, established: false }
  node.connections.set(label, connection)
  if (chosen.node !== node.id) return awaitAnswer(cluster, node, id, label, connection, shown)
  judgeOutcome(cluster, node, id, label, connection, true, resultOf(id, shown))
}

/** A request that another node has to answer first. */
function awaitAnswer(
  cluster: Cluster,
  node: Node,
  id: number,
  label: string,
  connection: SeenConnection,
  shown: Shown,
): void {
  node.waiting.set(id, { label, connection, since: node.now })
  if (resultOf(id, shown) === undefined) return
  cluster.fail(
    R.resultTellsTask,
    node,
    `answers for ${connection.task}, which was only asked`,
    'the answer of the task',
  )
}

/** The result of a request whose end is known. */
function judgeOutcome(
  cluster: Cluster,
  node: Node,
  request: number,
  label: string,
  connection: SeenConnection,
  isThere: boolean,
  result: Result | undefined,
): void {
  cluster.tested[R.resultTellsTask]!++
  const { task, node: at, code } = connection
  if (isThere) {
    connection.established = true
    const fits = result?.status === 'ok' && result.task === task && result.node === at && result.code === code
    if (!fits) {
      const text = `reports ${result === undefined ? 'nothing' : `${result.status} ${result.task} ${result.node} ${result.code}`}`
      return cluster.fail(R.resultTellsTask, node, text, `ok, ${task} at ${at}`)
    }
    const pool = connection.pool === null ? undefined : node.pools.get(connection.pool)
    if (pool !== undefined) cluster.noteReached(node, pool, memberKey(connection))
    return
  }
  if (node.connections.get(label) === connection) node.connections.delete(label)
  if (result?.status !== 'failed')
    cluster.fail(R.resultTellsTask, node, `reports request ${request} as ${result?.status ?? 'nothing'}`, 'a failure')
}

export function judgeSend(
  cluster: Cluster,
  node: Node,
  id: number,
  { connection: label }: Request<'send'>,
  shown: Shown,
): void {
  const connection = node.connections.get(label)
  const result = resultOf(id, shown)
  const data = shown.messages.find(({ view }) => view.kind === 'data')
  if (connection?.established !== true) {
    if (result?.status !== 'failed' || data !== undefined)
      cluster.fail(R.removedResets, node, `goes on with ${label}`, 'a reset: there is no such connection')
    node.connections.delete(label)
    return
  }
  const { task, node: at } = connection
  const member = memberOf(node, connection)
  if (member === null) {
    cluster.tested[R.removedResets]!++
    if (result?.status !== 'failed' || data !== undefined)
      cluster.fail(R.removedResets, node, `goes on with ${label}, whose ${task} is gone`, 'a reset')
    node.connections.delete(label)
    return
  }
  const rule = member === 0 ? R.drainingKeepsEstablished : R.establishedStays
  cluster.tested[rule]!++
  if (at !== node.id) {
    if (data?.to !== at || data.view.kind !== 'data' || data.view.task !== task) {
      const text = data === undefined ? `ends ${label} to ${task}` : `moves ${label} from ${task} to ${data.to}`
      return cluster.fail(rule, node, text, `that it stays with ${task} at ${at}`)
    }
    return awaitAnswer(cluster, node, id, label, connection, shown)
  }
  const isThere = node.accepted.get(connection.id) === task && node.tasks.has(task)
  if (isThere && (result?.status !== 'ok' || result.task !== task))
    return cluster.fail(rule, node, `ends ${label} to ${task}`, `that it stays with ${task}`)
  judgeOutcome(cluster, node, id, label, connection, isThere, result)
}

/** The weight of the backend that has a connection; null if there is none any more. */
function memberOf(node: Node, { pool: key, task, node: at }: SeenConnection): number | null {
  if (key === null) return 1
  const pool = node.pools.get(key)
  return pool?.members.find((member) => member.task === task && member.node === at)?.weight ?? null
}

// At the task's node

export function judgeOpened(cluster: Cluster, node: Node, { from, view }: OutgoingMessage, shown: Shown): void {
  if (view.kind !== 'open') return
  const { connection, task, source, scheme } = view
  cluster.tested[R.oneForward]!++
  const forwarded = shown.messages.find((message) => message.view.kind === 'open')
  if (forwarded !== undefined)
    return cluster.fail(
      R.oneForward,
      node,
      `passes a connection from ${from} on to ${forwarded.to}`,
      'an answer of its own',
    )
  const isThere = node.tasks.has(task)
  const isAnswered = shown.arrivals.length > 0 || shown.messages.some((message) => message.view.kind === 'answer')
  // Who says nothing may be slow: whether a task is reached at all shows in the end.
  if (!isAnswered) return
  cluster.tested[R.onlyRunningAnswers]!++
  const arrival = shown.arrivals.find((each) => each.connection === connection)
  if ((arrival !== undefined) !== isThere || (arrival !== undefined && arrival.task !== task)) {
    const text =
      arrival === undefined ? `has nobody for ${task}, which runs` : `gives ${arrival.task} what is for ${task}`
    return cluster.fail(R.onlyRunningAnswers, node, text, isThere ? `that ${task} has it` : 'nobody')
  }
  if (arrival !== undefined && arrival.scheme !== scheme)
    cluster.fail(
      R.sniPassesThrough,
      node,
      `changes what is ${scheme} to ${arrival.scheme}`,
      'that it is passed through',
    )
  if (arrival !== undefined && arrival.source !== source)
    cluster.fail(R.onlyRunningAnswers, node, `shows ${arrival.source} to ${task}`, source)
  if (isThere) node.accepted.set(connection, task)
  judgeAnswer(cluster, node, from, view, connection, isThere, shown)
}

export function judgeData(cluster: Cluster, node: Node, { from, view }: OutgoingMessage, shown: Shown): void {
  if (view.kind !== 'data') return
  const isThere = node.accepted.get(view.connection) === view.task && node.tasks.has(view.task)
  judgeAnswer(cluster, node, from, view, view.request, isThere, shown)
}

function judgeAnswer(
  cluster: Cluster,
  node: Node,
  to: string,
  { connection }: Extract<Message, { readonly kind: 'open' | 'data' }>,
  request: number,
  isThere: boolean,
  { messages }: Shown,
): void {
  cluster.tested[R.onlyRunningAnswers]!++
  const answer = messages.find(({ view }) => view.kind === 'answer')
  const status = isThere ? 'ok' : 'closed'
  const view = answer?.view
  if (view?.kind === 'answer' && answer!.to === to && view.status === status && view.request === request) return
  const said = view?.kind === 'answer' ? view.status : 'nothing'
  cluster.fail(R.onlyRunningAnswers, node, `answers ${said} to ${to} of connection ${connection}`, status)
}

// What comes back

export function judgeAnswered(cluster: Cluster, node: Node, { view }: OutgoingMessage, shown: Shown): void {
  if (view.kind !== 'answer') return
  const waiting = node.waiting.get(view.request)
  if (waiting === undefined) return
  node.waiting.delete(view.request)
  const { label, connection } = waiting
  judgeOutcome(cluster, node, view.request, label, connection, view.status === 'ok', resultOf(view.request, shown))
}

/** Results that nobody has asked for in this step: only of what has waited for too long. */
export function judgeResults(cluster: Cluster, node: Node, explained: number | null, { results }: Shown): void {
  for (const { operation, status, reason } of results) {
    if (operation === explained) continue
    const waiting = node.waiting.get(operation)
    if (waiting !== undefined && status === 'unknown' && reason === 'timeout') {
      cluster.tested[R.connectionsEnd]!++
      node.waiting.delete(operation)
      if (node.now - waiting.since >= cluster.options.connectTimeout) continue
      cluster.fail(R.connectionsEnd, node, `gives up after ${node.now - waiting.since} ms`, 'the time to wait')
      continue
    }
    cluster.fail(R.resultTellsTask, node, `reports request ${operation} as ${status}`, 'what has come back of it')
  }
}

const slack = 1_000

/** The one that has waited longest comes first. */
export function judgeOverdue(cluster: Cluster, node: Node): void {
  const [first] = node.waiting
  if (first === undefined) return
  const [request, { since }] = first
  const longest = cluster.options.connectTimeout + slack
  if (node.now - since > longest)
    cluster.fail(R.connectionsEnd, node, `leaves request ${request} open`, `an end within ${longest} ms`)
}
