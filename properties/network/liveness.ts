/** What has to come about when faults have ended: what is wanted runs, all show it and reach it, and nothing else is left. */
import type { NetworkOptions } from '../../models/network/vocabulary.ts'
import type { Milliseconds } from '../../models/vocabulary.ts'
import { placeOf, type Cluster, type KnownTask, type Node } from './cluster.ts'
import { R } from './requirements.ts'

/**
 * How long it takes at most, after faults have ended: the bound of the network database, and time in which the leader
 * repeats itself and connections are tried. Milliseconds of harness time.
 */
export function settleBound(options: NetworkOptions, nodes: number): Milliseconds {
  const { bulkSyncInterval, pushPullInterval, controlInterval, connectTimeout, detection } = options
  return (
    (20 + 4 * nodes) * (bulkSyncInterval + pushPullInterval) + 20 * controlInterval + 8 * connectTimeout + detection
  )
}

/** What is not as it has to be in the end, and the requirement that says so. */
interface Lack {
  readonly requirement: number
  readonly text: string
}

const wanted = (cluster: Cluster): [string, KnownTask][] => [...cluster.tasks].filter(([, { going }]) => !going)

/** The first thing that is missing or too much, the cause before what follows from it; null for nothing. */
export function lackOf(cluster: Cluster): Lack | null {
  return (
    unanswered(cluster) ??
    notRunning(cluster) ??
    remaining(cluster) ??
    notShown(cluster) ??
    leaking(cluster) ??
    notReached(cluster)
  )
}

function unanswered(cluster: Cluster): Lack | null {
  if (!cluster.present().some(({ leading }) => leading)) return { requirement: R.answers, text: 'nobody leads' }
  for (const { id, asked } of cluster.present()) {
    const [waiting] = [...asked.values()].filter(({ connection }) => connection === null)
    if (waiting !== undefined)
      return { requirement: R.answers, text: `${id} has not answered ${waiting.operation.type}` }
  }
  return null
}

function notRunning(cluster: Cluster): Lack | null {
  for (const [task, { on }] of wanted(cluster)) {
    const node = cluster.node(on)
    if (node.gone || node.tasks.has(task)) continue
    return { requirement: R.tasksRun, text: `${task} does not run on ${on}` }
  }
  return null
}

/** What is run or shown of what is gone. */
function remaining(cluster: Cluster): Lack | null {
  const requirement = R.nothingRemains
  const stays = (task: string): boolean => cluster.tasks.get(task)?.going === false
  for (const node of cluster.present()) {
    for (const task of node.tasks.keys()) {
      if (!stays(task)) return { requirement, text: `${node.id} runs ${task}, which was to stop` }
    }
    for (const { network, task } of [...node.endpoints.values(), ...node.peers.values()]) {
      if (!stays(task)) return { requirement, text: `${node.id} shows ${network}/${task}, which is gone` }
    }
    for (const network of node.networks.keys()) {
      if (cluster.networks.get(network)?.going !== false) {
        return { requirement, text: `${node.id} takes part in ${network}, which is gone` }
      }
    }
  }
  return null
}

function notShown(cluster: Cluster): Lack | null {
  const requirement = R.viewsConverge
  for (const node of cluster.present()) {
    for (const [task, { network, on }] of wanted(cluster)) {
      if (!node.networks.has(network) || cluster.node(on).gone) continue
      const place = placeOf(network, task)
      const record = node.endpoints.get(place)
      if (record?.owner !== cluster.node(on).life)
        return { requirement, text: `${node.id} does not show ${network}/${task}` }
      if (node.peers.get(place)?.owner !== record.owner) {
        return { requirement, text: `${node.id} knows no way to ${network}/${task}` }
      }
    }
  }
  return null
}

function leaking(cluster: Cluster): Lack | null {
  for (const holding of cluster.holdings.values()) {
    const { kind, network, value, owner } = holding
    const isOfTask = kind === 'address' && !cluster.isOfNode(holding)
    const isOfService = kind === 'vip' || kind === 'port'
    const owners = isOfTask ? cluster.tasks : isOfService ? cluster.services : cluster.networks
    if (owners.get(cluster.isOfNode(holding) ? network : owner)?.going === false) continue
    return { requirement: R.nothingLeaks, text: `${kind} ${value} is held for ${owner}, which is gone` }
  }
  return null
}

/** What has to be reached from a node: services of its networks by name, and published ports. */
function ways(cluster: Cluster, node: Node): (readonly [number, string])[] {
  return [...cluster.services].flatMap(([service, { network, port, going }]) => {
    const runs = wanted(cluster).some(([, task]) => task.service === service && !cluster.node(task.on).gone)
    if (going || !runs) return []
    return [
      ...(node.networks.has(network) ? [[R.namesReachTasks, wayOf(node, network, service, 0)] as const] : []),
      ...(port === 0 ? [] : [[R.portsReachTasks, wayOf(node, '', '', port)] as const]),
    ]
  })
}

export const wayOf = (node: Node, network: string, service: string, port: number): string =>
  port === 0 ? `${node.id} to ${network}/${service}` : `${node.id} to port ${port}`

function notReached(cluster: Cluster): Lack | null {
  for (const node of cluster.present()) {
    for (const [requirement, way] of ways(cluster, node)) {
      if (cluster.ended.get(way) !== true) return { requirement, text: `no connection from ${way} succeeds` }
    }
  }
  return null
}

export function judgeSettled(cluster: Cluster): void {
  for (const rule of [
    R.tasksRun,
    R.nothingRemains,
    R.viewsConverge,
    R.nothingLeaks,
    R.namesReachTasks,
    R.portsReachTasks,
  ])
    cluster.tested[rule]!++
  const lack = lackOf(cluster)
  if (lack !== null) cluster.fail(lack.requirement, null, lack.text, 'what was asked for, within the bound')
}
