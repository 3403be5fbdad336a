/** What has to come about when faults have ended: all know all, and every task is reached from everywhere. */
import { ingressNetwork, isBackend } from '../../models/balancing/rules.ts'
import type { BalancingOptions, Port } from '../../models/balancing/vocabulary.ts'
import type { Milliseconds } from '../../models/vocabulary.ts'
import type { Cluster } from './cluster.ts'
import { memberKey, type Node, poolKey } from './node.ts'
import { R } from './requirements.ts'

/** How long it takes at most, after faults have ended, until all nodes know all and have reached all. */
export const settleBound = ({ refreshInterval, retryInterval, connectTimeout }: BalancingOptions): Milliseconds =>
  10 * (refreshInterval + retryInterval) + 2 * connectTimeout

interface Lack {
  readonly requirement: number
  readonly node: Node
  readonly text: string
}

/** What is not yet as it has to be in the end; null for nothing. */
export function lack(cluster: Cluster): Lack | null {
  const present = cluster.nodes.filter(({ up, gone }) => up && !gone)
  for (const node of present) {
    const found = ignorance(cluster, node, present) ?? unreached(cluster, node, present)
    if (found !== null) return found
  }
  return null
}

function ignorance(cluster: Cluster, node: Node, present: readonly Node[]): Lack | null {
  const requirement = R.backendsConverge
  if (!cluster.nodes[0]!.gone) {
    const known = cluster.servicesOf(node)
    for (const [name, service] of cluster.services) {
      if (JSON.stringify(known.get(name)) !== JSON.stringify(service))
        return { requirement, node, text: `does not know service ${name} as it is` }
    }
    if (known.size > cluster.services.size) return { requirement, node, text: 'knows services that are no more' }
  }
  for (const other of present) {
    if (other === node) continue
    if (node.lost.has(other.id)) return { requirement, node, text: `does not see ${other.id}` }
    const { backends } = node.of(other.id)
    for (const [task, { status }] of other.tasks) {
      const held = backends.get(task)
      if (isBackend(status) ? held?.weight !== (status === 'active' ? 1 : 0) : held !== undefined)
        return { requirement, node, text: `does not know ${task} of ${other.id} as it is` }
    }
    for (const task of backends.keys())
      if (!other.tasks.has(task)) return { requirement, node, text: `knows ${task} of ${other.id}, which is gone` }
  }
  return null
}

function unreached(cluster: Cluster, node: Node, present: readonly Node[]): Lack | null {
  for (const { service, mode, attachments, ports } of cluster.services.values()) {
    if (mode === 'dnsrr') continue
    for (const { network } of attachments) {
      if (network === ingressNetwork && !ports.some((port) => isOpenMesh(node, port))) continue
      for (const other of present) {
        for (const [task, { service: of, status }] of other.tasks) {
          if (of !== service || status !== 'active') continue
          const key = `${node.id} ${poolKey(service, network)} ${memberKey({ task, node: other.id })}`
          if (cluster.reached.has(key)) continue
          const way = network === ingressNetwork ? 'the mesh' : network
          return { requirement: R.reachesEveryTask, node, text: `has not reached ${task} of ${service} through ${way}` }
        }
      }
    }
  }
  return null
}

/** Whether a port of the mesh is not also one of a task of this node, which then has the connections. */
const isOpenMesh = (node: Node, { protocol, published, mode }: Port): boolean =>
  mode === 'ingress' && node.taskOfPort(protocol, published) === undefined

export function judgeConvergence(cluster: Cluster): void {
  cluster.tested[R.backendsConverge]!++
  cluster.tested[R.reachesEveryTask]!++
  const found = lack(cluster)
  if (found !== null) cluster.fail(found.requirement, found.node, found.text, 'that it has, within the bound')
}
