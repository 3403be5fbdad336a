/** What becomes of tasks, and of peers that are lost from sight, by what was asked. */
import { afterTaskInput, type TaskInput } from '../../models/balancing/rules.ts'
import type { Operation, Result } from '../../models/balancing/vocabulary.ts'
import type { NodeId } from '../../models/vocabulary.ts'
import type { Cluster } from './cluster.ts'
import type { Node } from './node.ts'
import { R } from './requirements.ts'
import type { Cause } from './views.ts'

type TaskAsked = Extract<Operation, { readonly task: string }>
type PeerAsked = Extract<Operation, { readonly peer: NodeId }>

export type Asked = TaskAsked | PeerAsked

export const isOfPeer = (asked: Asked): asked is PeerAsked => 'peer' in asked

const causes: Readonly<Record<Exclude<TaskInput, 'enable'>, number>> = {
  start: R.onlyHealthyIsBackend,
  disable: R.disableTakesWeight,
  stop: R.stopRemovesBackend,
}

/** Judges the result, and says of what the step may be the cause. */
export function judgeTaskOperation(cluster: Cluster, node: Node, asked: Asked, result: Result | undefined): Cause {
  if (isOfPeer(asked)) return seePeer(cluster, node, asked, result)
  const { task: name } = asked
  const task = node.tasks.get(name)
  const next = afterTaskInput(task?.status ?? 'absent', asked.type)
  const refusal = next === null ? R.tasksFollowOperations : refusalOf(cluster, node, asked)
  const rule = refusal ?? R.tasksFollowOperations
  cluster.tested[rule]!++
  const isGranted = result?.status === 'ok'
  if (result === undefined || isGranted !== (refusal === null)) {
    const answer = result === undefined ? 'not at all' : isGranted ? 'by ok' : `by ${result.reason}`
    const allowed = refusal === null ? 'that it is carried out' : 'a refusal'
    cluster.fail(rule, node, `answers ${asked.type} of ${name} ${answer}`, allowed)
  }
  if (!isGranted || next === null) return null
  return carryOut(cluster, node, asked, next)
}

function refusalOf(cluster: Cluster, node: Node, asked: TaskAsked): number | null {
  if (asked.type !== 'start') return null
  const service = cluster.servicesOf(node).get(asked.service)
  if (service === undefined) return R.vipBeforeTasks
  const isInUse = service.ports.some(
    ({ mode, protocol, published }) => mode === 'host' && node.taskOfPort(protocol, published) !== undefined,
  )
  return isInUse ? R.hostPortOneTask : null
}

function carryOut(
  cluster: Cluster,
  node: Node,
  asked: TaskAsked,
  next: NonNullable<ReturnType<typeof afterTaskInput>>,
): Cause {
  const { task: name } = asked
  if (asked.type === 'start') {
    const { service } = asked
    const ports =
      cluster
        .servicesOf(node)
        .get(service)
        ?.ports.filter(({ mode }) => mode === 'host') ?? []
    node.tasks.set(name, { service, ports, status: next })
    return causes.start
  }
  const task = node.tasks.get(name)!
  const was = task.status
  if (next === 'absent') {
    node.tasks.delete(name)
    for (const [connection, at] of node.accepted) if (at === name) node.accepted.delete(connection)
  } else task.status = next
  if (asked.type !== 'enable') return causes[asked.type]
  return was === 'draining' ? R.enabledAgain : R.enableAddsBackend
}

function seePeer(cluster: Cluster, node: Node, { type, peer }: PeerAsked, result: Result | undefined): Cause {
  const isKnown = peer !== node.id && cluster.nodes.some(({ id }) => id === peer)
  if (result === undefined || (result.status === 'ok') !== isKnown) {
    const text = `answers that ${peer} is ${type} by ${result?.status ?? 'nothing'}`
    cluster.fail(R.tasksFollowOperations, node, text, isKnown ? 'that it has heard' : 'a refusal')
  }
  if (!isKnown) return null
  if (type === 'down') node.lost.add(peer)
  else node.lost.delete(peer)
  return type === 'down' ? R.hidesLost : R.restoresReturned
}
