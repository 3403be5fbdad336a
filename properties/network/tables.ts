/** Judges what nodes run and show, and takes it over. */
import { after, broken, stageOf, transitionName, type EndpointInput } from '../../models/network/rules.ts'
import type { Change, EndpointRecord, PeerRecord } from '../../models/network/vocabulary.ts'
import { placeOf, textOf, type Cluster, type Node } from './cluster.ts'
import { R } from './requirements.ts'

/** Counts the transitions of the machine that were seen. */
export type Observed = Map<string, number>

/** Something happened to an endpoint in one of the layers. */
export function happens(cluster: Cluster, observed: Observed, task: string, input: EndpointInput): void {
  const before = cluster.layersOf(task)
  const next = after(before, input)
  cluster.lives.set(task, next)
  const name = transitionName(stageOf(before), input, stageOf(next))
  observed.set(name, (observed.get(name) ?? 0) + 1)
}

export function takeChange(cluster: Cluster, observed: Observed, node: Node, change: Change): void {
  switch (change.change) {
    case 'network':
      return judgeNetwork(cluster, node, change.network, change.vni)
    case 'network-left':
      node.networks.delete(change.network)
      return
    case 'task':
      return judgeTask(cluster, node, change)
    case 'task-stopped':
      node.tasks.delete(change.task)
      return
    case 'endpoint':
      return takeEndpoint(cluster, observed, node, change)
    case 'endpoint-gone':
      return dropEndpoint(cluster, observed, node, placeOf(change.network, change.task))
    case 'peer':
      return takePeer(cluster, node, change)
    case 'peer-gone':
      node.peers.delete(placeOf(change.network, change.task))
      return
    case 'held':
    case 'freed':
  }
}

function judgeNetwork(cluster: Cluster, node: Node, network: string, vni: number): void {
  cluster.tested[R.vniAsAllocated]!++
  const given = cluster.everGiven(network, 'vni').at(-1)
  if (given !== String(vni)) {
    cluster.fail(R.vniAsAllocated, node, `takes part in ${network} with VNI ${vni}`, `VNI ${given ?? 'none'}`)
  }
  node.networks.set(network, vni)
}

function judgeTask(
  cluster: Cluster,
  node: Node,
  { task, service, network, address }: Change & { change: 'task' },
): void {
  cluster.tested[R.runsWhatIsAllocated]!++
  const known = cluster.tasks.get(task)
  const given = cluster.everGiven(task, 'address').at(-1)
  const fits =
    known !== undefined &&
    known.on === node.id &&
    known.service === service &&
    known.network === network &&
    given === address
  if (!fits) {
    const allowed =
      known === undefined ? 'nothing' : `${task} of ${known.service} with ${given ?? 'nothing'} on ${known.on}`
    cluster.fail(R.runsWhatIsAllocated, node, `runs ${task} of ${service} with ${address}`, allowed)
  }
  const other = cluster.present().find((each) => each !== node && each.tasks.has(task))
  if (other !== undefined) cluster.fail(R.runsWhatIsAllocated, node, `runs ${task}, as ${other.id} does`, 'one of them')
  node.tasks.set(task, { task, service, network, address, since: cluster.now })
}

function takeEndpoint(cluster: Cluster, observed: Observed, node: Node, record: EndpointRecord): void {
  const place = placeOf(record.network, record.task)
  const known = node.endpoints.get(place)
  if (known === undefined) {
    const input = node.isOwn(record) ? 'publish' : 'show'
    const rule = broken(cluster.layersOf(record.task), input, cluster.barrier)
    if (rule === 'publishesAllocated') {
      cluster.fail(R.publishesWhatRuns, node, `tells of ${record.task}, for which nothing is held`, 'nothing')
    }
    happens(cluster, observed, record.task, input)
  }
  node.endpoints.set(place, record)
  judgeRecord(cluster, node, record)
  if (node.isOwn(record)) judgeOwnEndpoint(cluster, node, record)
}

function dropEndpoint(cluster: Cluster, observed: Observed, node: Node, place: string): void {
  const known = node.endpoints.get(place)
  if (known === undefined) return
  node.endpoints.delete(place)
  happens(cluster, observed, known.task, node.isOwn(known) ? 'withdraw' : 'hide')
}

function takePeer(cluster: Cluster, node: Node, record: PeerRecord): void {
  node.peers.set(placeOf(record.network, record.task), record)
  judgeRecord(cluster, node, record)
  if (!node.isOwn(record)) return
  cluster.tested[R.publishesWhatRuns]!++
  const running = node.tasks.get(record.task)
  if (running?.address === record.address && running.network === record.network && record.node === node.id) return
  const text = `tells that ${record.task} has ${record.address} at ${record.node}`
  cluster.fail(R.publishesWhatRuns, node, text, running === undefined ? 'nothing' : `${running.address} at ${node.id}`)
}

/** Others' records are as their owners told them. */
function judgeRecord(cluster: Cluster, node: Node, record: EndpointRecord | PeerRecord): void {
  const text = textOf(record)
  if (node.isOwn(record)) {
    cluster.published.add(text)
    return
  }
  cluster.tested[R.viewsByOwner]!++
  if (cluster.published.has(text)) return
  cluster.fail(R.viewsByOwner, node, `shows "${text}"`, `what ${record.owner} has told`)
}

function judgeOwnEndpoint(cluster: Cluster, node: Node, record: EndpointRecord): void {
  cluster.tested[R.publishesWhatRuns]!++
  const { task, service, network, address, vip, port } = record
  const running = node.tasks.get(task)
  const known = cluster.services.get(service)
  const vips = known?.mode === 'vip' ? cluster.everGiven(service, 'vip').slice(-1) : ['']
  const fits =
    running?.service === service &&
    running.network === network &&
    running.address === address &&
    vips.includes(vip) &&
    port === known?.port
  if (fits) return
  const text = `tells of ${task}: ${service} at ${address}, vip ${vip || 'none'}, port ${port}`
  const allowed =
    running === undefined
      ? 'nothing: it does not run there'
      : `${running.service} at ${running.address}, vip ${vips[0] || 'none'}, port ${known?.port ?? 0}`
  cluster.fail(R.publishesWhatRuns, node, text, allowed)
}

/** At the end of a step: whose records are told runs here, and what is shown is of networks in which the node is. */
export function judgeTables(cluster: Cluster, node: Node, changes: readonly Change[]): void {
  for (const change of changes) {
    if (change.change === 'task-stopped') judgeStopped(cluster, node, change.task)
    if (change.change !== 'network-left' && change.change !== 'endpoint' && change.change !== 'peer') continue
    cluster.tested[R.viewsNeedNetwork]!++
    if (node.networks.has(change.network)) continue
    const shown = [...node.endpoints.values(), ...node.peers.values()].find((each) => each.network === change.network)
    if (shown === undefined) continue
    const text = `shows ${shown.task} of ${change.network}, and does not take part in it`
    cluster.fail(R.viewsNeedNetwork, node, text, 'records of its own networks')
  }
}

function judgeStopped(cluster: Cluster, node: Node, task: string): void {
  cluster.tested[R.withdrawsWithTask]!++
  if (node.tasks.has(task)) return
  const left = [...node.endpoints.values(), ...node.peers.values()].find(
    (record) => record.task === task && node.isOwn(record),
  )
  if (left === undefined) return
  const what = 'node' in left ? 'the way to it' : 'its names'
  cluster.fail(R.withdrawsWithTask, node, `stops ${task}, and still tells ${what}`, 'that its records go first')
}

/** A node is down: what it told and showed went with it. */
export function loseTables(cluster: Cluster, observed: Observed, node: Node): void {
  for (const place of [...node.endpoints.keys()]) dropEndpoint(cluster, observed, node, place)
}
