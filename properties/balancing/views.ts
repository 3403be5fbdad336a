/** What a node has set up, against what it was told and what its own tasks are. */
import { ingressNetwork, isBackend } from '../../models/balancing/rules.ts'
import type { Listener, ListenerChange, Pool, PoolChange, PoolMember, Port } from '../../models/balancing/vocabulary.ts'
import type { Cluster } from './cluster.ts'
import { listenerKey, memberKey, type Node, poolKey } from './node.ts'
import { R } from './requirements.ts'

/** Why what is set up may have changed in a step: the requirement that speaks of it. */
export type Cause = number | null

/** All backends as the node knows them, by service. */
function membersOf(node: Node): Map<string, PoolMember[]> {
  const byService = new Map<string, PoolMember[]>()
  const add = (service: string, member: PoolMember): void => {
    const members = byService.get(service)
    if (members === undefined) byService.set(service, [member])
    else members.push(member)
  }
  for (const [task, { service, status }] of node.tasks)
    if (isBackend(status)) add(service, { task, node: node.id, weight: status === 'active' ? 1 : 0 })
  for (const [peer, { backends }] of node.held) {
    if (node.lost.has(peer)) continue
    for (const { task, service, weight } of backends.values()) add(service, { task, node: peer, weight })
  }
  return byService
}

/** The pools that a node ought to have. */
export function expectedPools(cluster: Cluster, node: Node): Map<string, Pool> {
  const members = membersOf(node)
  const pools = new Map<string, Pool>()
  for (const { service, attachments } of cluster.servicesOf(node).values()) {
    const own = members.get(service)
    if (own === undefined) continue
    for (const { network, vip } of attachments)
      pools.set(poolKey(service, network), { service, network, vip, members: own })
  }
  return pools
}

function expectedListeners(cluster: Cluster, node: Node, pools: ReadonlyMap<string, Pool>): Map<string, Listener> {
  const listeners = new Map<string, Listener>()
  const listen = ({ protocol, published: port, mode }: Port, service: string): void => {
    const listener = { protocol, port, mode, service }
    listeners.set(listenerKey(listener), listener)
  }
  for (const { service, ports } of cluster.servicesOf(node).values()) {
    if (!pools.has(poolKey(service, ingressNetwork))) continue
    for (const port of ports) if (port.mode === 'ingress') listen(port, service)
  }
  for (const { service, ports } of node.tasks.values()) for (const port of ports) listen(port, service)
  return listeners
}

/** Takes over what a node shows, and holds it against what it ought to have set up. */
export function judgeSetUp(
  cluster: Cluster,
  node: Node,
  pools: readonly PoolChange[] | null,
  listeners: readonly ListenerChange[] | null,
  cause: Cause,
): void {
  if (cause === null) {
    cluster.tested[R.changesByCause]!++
    const [change] = [...(pools ?? []), ...(listeners ?? [])]
    if (change === undefined) return
    return cluster.fail(R.changesByCause, node, `sets up ${change.service} otherwise, without a cause`, 'no change')
  }
  const weights = weightsOf(node)
  for (const pool of pools ?? []) takePool(node, pool)
  for (const { open, ...listener } of listeners ?? []) {
    if (open) node.listeners.set(listenerKey(listener), listener)
    else node.listeners.delete(listenerKey(listener))
  }
  cluster.tested[cause]!++
  const expected = expectedPools(cluster, node)
  judgePools(cluster, node, expected, cause, weights)
  judgeListeners(cluster, node, expectedListeners(cluster, node, expected))
}

/** What each backend had before the step. */
function weightsOf(node: Node): Map<string, number> {
  const weights = new Map<string, number>()
  for (const [key, { members }] of node.pools)
    for (const member of members) weights.set(`${key} ${memberKey(member)}`, member.weight)
  return weights
}

/** A pool as it is shown from now on: who is active in it begins a new round if that has changed. */
function takePool(node: Node, pool: PoolChange): void {
  const key = poolKey(pool.service, pool.network)
  const before = activeIn(node.pools.get(key))
  if (pool.members.length === 0) node.pools.delete(key)
  else node.pools.set(key, pool)
  const after = activeIn(pool)
  const turns = node.turns.get(key)
  if (after.length === before.length && after.every((member) => before.includes(member)) && turns !== undefined) return
  const known = new Set([...(turns?.again ?? []), ...after.filter((member) => !before.includes(member))])
  const again = new Set(after.filter((member) => known.has(member)))
  node.turns.set(key, { active: after.length, recent: [], again })
}

const activeIn = (pool: Pool | undefined): string[] =>
  (pool?.members ?? []).filter(({ weight }) => weight === 1).map(memberKey)

function judgePools(
  cluster: Cluster,
  node: Node,
  expected: ReadonlyMap<string, Pool>,
  cause: number,
  weights: ReadonlyMap<string, number>,
): void {
  for (const [key, { service, network, vip, members }] of expected) {
    const shown = node.pools.get(key)
    if (shown !== undefined && shown.vip !== vip) {
      const rule = vip === '' ? R.dnsrrHasNoVip : R.followsService
      cluster.fail(rule, node, `balances ${service} at '${shown.vip}' on ${network}`, `'${vip}'`)
    }
    for (const member of members) {
      const held = shown?.members.find((each) => each.task === member.task && each.node === member.node)
      if (held?.weight === member.weight) continue
      const before = weights.get(`${key} ${memberKey(member)}`)
      const isAgain = member.weight === 1 && before === 0
      const rule = isAgain ? R.enabledAgain : cause
      const text = `has ${member.task} of ${service} ${held === undefined ? 'not at all' : `with weight ${held.weight}`} on ${network}`
      cluster.fail(rule, node, text, `weight ${member.weight}`)
    }
    for (const { task, node: at } of shown?.members ?? []) {
      if (members.some((each) => each.task === task && each.node === at)) continue
      cluster.fail(ruleOfExtra(node, task, at, cause), node, `has ${task} at ${at} for ${service}`, 'no such backend')
    }
  }
  for (const [key, { service, network, members }] of node.pools) {
    if (expected.has(key)) continue
    const [first] = members
    const rule =
      first === undefined || !cluster.servicesOf(node).has(service) || cause === R.followsService
        ? cause
        : ruleOfExtra(node, first.task, first.node, cause)
    cluster.fail(rule, node, `balances ${service} on ${network}`, 'nobody there to balance over')
  }
}

function ruleOfExtra(node: Node, task: string, at: string, cause: number): number {
  return at === node.id && node.tasks.get(task)?.status === 'starting' ? R.onlyHealthyIsBackend : cause
}

function judgeListeners(cluster: Cluster, node: Node, expected: ReadonlyMap<string, Listener>): void {
  for (const [key, { mode, service }] of expected) {
    const rule = mode === 'host' ? R.hostPortWhereTaskRuns : R.listensEverywhere
    cluster.tested[rule]!++
    const shown = node.listeners.get(key)
    if (shown?.service === service || (shown !== undefined && mode === 'host')) continue
    cluster.fail(rule, node, `does not listen at ${key} for ${service}`, 'that it does')
  }
  for (const [key, { mode, service }] of node.listeners) {
    const rule = mode === 'host' ? R.hostPortWhereTaskRuns : R.closesWithoutBackend
    if (!expected.has(key)) cluster.fail(rule, node, `listens at ${key} for ${service}`, 'that it does not')
    else cluster.tested[rule]!++
  }
  if (expected.size === 0) cluster.tested[R.closesWithoutBackend]!++
}
