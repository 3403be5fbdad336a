/** Judges connections: what a name gave, what was chosen of it, where the frame went, and who answered. */
import type { Input, Operation, Output, Result } from '../../models/network/vocabulary.ts'
import type { NodeId } from '../../models/vocabulary.ts'
import type { Asked, Cluster, Connection, Node, Running } from './cluster.ts'
import { R } from './requirements.ts'

/** The world as the node shows it when it is asked to connect; null where that is not asked. */
export function connectionOf(cluster: Cluster, node: Node, operation: Operation): Connection | null {
  if (operation.type !== 'connect' && operation.type !== 'connect-port') return null
  const all = [...node.endpoints.values()]
  const records =
    operation.type === 'connect'
      ? all.filter(({ network, service }) => network === operation.network && isSameName(service, operation.name))
      : all.filter(({ port }) => port === operation.port && port !== 0)
  const network = operation.type === 'connect' ? operation.network : (records[0]?.network ?? '')
  const service = records[0]?.service ?? (operation.type === 'connect' ? operation.name : '')
  const resolved = [...new Set(records.map(({ vip, address }) => (vip === '' ? address : vip)))].sort()
  const behind = all.filter(
    (record) => record.network === network && record.vip !== '' && resolved.includes(record.vip),
  )
  const backends = [...records.filter(({ vip }) => vip === ''), ...behind]
  const ways = [...node.peers.values()].filter((record) => record.network === network)
  const peers = new Map<string, Set<NodeId>>()
  for (const { address, node: at } of ways) peers.set(address, (peers.get(address) ?? new Set()).add(at))
  // Two services with one virtual address cannot be told apart by it.
  const shared = behind.filter((record) => !isSameName(record.service, service)).map(({ vip }) => vip)
  const stale = [...backends, ...ways].filter((record) => !isTold(cluster, record)).map(({ address }) => address)
  return {
    network,
    service,
    resolved,
    hasVip: records.some(({ vip }) => vip !== ''),
    publishers: new Set(records.map((record) => record.service)),
    vni: node.networks.get(network) ?? 0,
    peers,
    stale: new Set(stale),
    isShared: shared.length > 0,
    vips: new Set(cluster.heldFor(service, 'vip').map(({ value }) => value)),
    port: operation.type === 'connect-port' ? operation.port : 0,
  }
}

/** Case means nothing in names. [RFC] 1035 */
const isSameName = (one: string, other: string): boolean => one.toLowerCase() === other.toLowerCase()

/** Whether the owner of a record still tells it. */
function isTold(
  cluster: Cluster,
  { network, task, owner }: { readonly network: string; readonly task: string; readonly owner: string },
): boolean {
  const teller = cluster.present().find(({ life }) => life === owner)
  return teller !== undefined && teller.tasks.get(task)?.network === network
}

/** Who answers a frame has the address, in the network of that VNI. */
export function judgeReplies(cluster: Cluster, node: Node, input: Input, outputs: readonly Output[]): void {
  for (const output of outputs) {
    if (output.type !== 'message' || output.view.kind !== 'frame-reply') continue
    const { connection, task } = output.view
    const frame = input.type === 'deliver' && input.message.view.kind === 'frame' ? input.message.view : null
    const running = node.tasks.get(task)
    cluster.tested[R.answersOnlyOwn]!++
    const fits =
      frame?.connection === connection &&
      running?.address === frame.address &&
      node.networks.get(running.network) === frame.vni
    if (!fits) {
      const asked = frame === null ? 'nothing' : `a frame to ${frame.address}, VNI ${frame.vni}`
      cluster.fail(R.answersOnlyOwn, node, `answers as ${task} to ${asked}`, 'the task that has the address there')
    }
    if (running === undefined) continue
    const replies = cluster.replies.get(connection) ?? []
    cluster.replies.set(connection, [...replies, { task, node: node.id, running }])
  }
}

export function judgeConnection(cluster: Cluster, node: Node, asked: Asked, result: Result): void {
  const connection = asked.connection!
  if (connection.port === 0) {
    judgeResolved(cluster, node, connection, result)
    if (result.resolved.length > 0) judgeWay(cluster, node, connection, result)
  }
  if (result.status === 'ok') judgeAnswered(cluster, node, asked, connection, result)
}

/** What a name gave: the virtual address that is held for the service, or the addresses of all tasks that are shown. */
function judgeResolved(cluster: Cluster, node: Node, connection: Connection, { resolved, reason }: Result): void {
  const { network, service, vips } = connection
  if (reason === 'not-attached') return
  cluster.tested[R.resolvesView]!++
  const fits = connection.hasVip ? resolved.length > 0 : resolved.toSorted().join(' ') === connection.resolved.join(' ')
  if (!fits) {
    const text = `finds ${resolved.join(' ') || 'nothing'} for ${network}/${service}`
    cluster.fail(R.resolvesView, node, text, connection.resolved.join(' ') || 'nothing')
  }
  if (!connection.hasVip) return
  for (const address of resolved) {
    cluster.tested[R.nameGivesHeldVip]!++
    if (vips.has(address) || connection.resolved.includes(address)) continue
    const text = `says that ${network}/${service} is ${address}`
    cluster.fail(R.nameGivesHeldVip, node, text, [...vips].join(' ') || 'no virtual address')
  }
}

/** The frame goes to a node that has told that the address is there, with the VNI of the network. */
function judgeWay(cluster: Cluster, node: Node, { vni, peers }: Connection, result: Result): void {
  cluster.tested[R.carriesOnOverlay]!++
  const ways = peers.get(result.chosen) ?? new Set<NodeId>()
  const isRight = result.peer === '' ? result.reason === 'unreachable' && ways.size === 0 : ways.has(result.peer)
  if (isRight && result.vni === vni) return
  const text = `sends for ${result.chosen} to ${result.peer || 'nobody'} with VNI ${result.vni}`
  cluster.fail(R.carriesOnOverlay, node, text, `${[...ways].join(' or ') || 'nobody'} with VNI ${vni}`)
}

function judgeAnswered(cluster: Cluster, node: Node, asked: Asked, connection: Connection, result: Result): void {
  const running = answererOf(cluster, node, result)
  cluster.tested[R.resultAsAnswered]!++
  if (running === null) {
    cluster.fail(R.resultAsAnswered, node, `says that ${result.task} at ${result.peer} has answered`, 'who did')
    return
  }
  // A frame may be under way for so long that another has the address by then; and who shows what is gone may be misled.
  const isMisled = !cluster.barrier && (connection.stale.has(result.chosen) || connection.isShared)
  if (running.since > asked.at || isMisled) return
  const { network, service, port, publishers } = connection
  const rule = port === 0 ? R.reachesOwnService : R.portReachesPublisher
  cluster.tested[rule]!++
  const isOwn = port === 0 ? isSameName(running.service, service) : publishers.has(running.service)
  if (isOwn && (port !== 0 || running.network === network)) return
  const what = port === 0 ? `${network}/${service}` : `port ${port}`
  const text = `a connection to ${what} ends at ${running.task} of ${running.service} on ${running.network}`
  cluster.fail(rule, node, text, `a task of ${[...publishers].join(' or ') || service}, or a failure`)
}

/** Who has answered, as it was then; null if nobody did as the result says. */
function answererOf(cluster: Cluster, node: Node, { operation, task, peer }: Result): Running | null {
  if (peer === node.id) return node.tasks.get(task) ?? null
  const reply = cluster.replies.get(operation)?.find((each) => each.task === task && each.node === peer)
  return reply?.running ?? null
}

/** Who was asked to connect has an answer, or gives up, in time. */
export function judgeOverdue(cluster: Cluster, node: Node): void {
  const most = cluster.options.connectTimeout + 1
  for (const [id, { connection, since }] of node.asked) {
    if (connection === null) continue
    cluster.tested[R.answers]!++
    if (node.now - since <= most) continue
    cluster.fail(
      R.answers,
      node,
      `has not ended connection ${id} for ${node.now - since} ms`,
      `an end within ${most} ms`,
    )
  }
}
