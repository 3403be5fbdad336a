/** What has to come about when faults have ended: each node holds of its networks what their owners show, and no more. */
import { leastVariance, mostDeviations } from '../../models/discovery/rules.ts'
import type { DiscoveryOptions } from '../../models/discovery/vocabulary.ts'
import type { Milliseconds } from '../../models/vocabulary.ts'
import type { Cluster } from './cluster.ts'
import type { Node } from './node.ts'
import { R } from './requirements.ts'

/** How long that takes at most, in milliseconds of harness time: each round of comparison meets one other node. */
export const settleBound = ({ syncInterval }: DiscoveryOptions, nodes: number): Milliseconds =>
  (20 + 4 * nodes) * 2 * syncInterval

interface Disagreement {
  readonly requirement: number
  readonly node: Node
  readonly text: string
}

/** What is not as it has to be in the end. */
export function disagreement({ nodes, kinds }: Cluster): Disagreement | null {
  const present = nodes.filter(({ up, gone }) => up && !gone)
  for (const node of present) {
    for (const [key, { record }] of node.view.held) {
      const owner = present.find(({ id }) => id === record.owner)
      const shown = owner?.view.held.get(key)?.record
      if (shown?.owner === record.owner && (!shown.disabled || record.disabled)) continue
      const why = shown === undefined ? 'has it no more' : 'has disabled it'
      const text = `${node.id} still holds ${record.endpoint} of ${record.owner}, which ${why}`
      return { requirement: R.withdrawalsArrive, node, text }
    }
  }
  for (const owner of present) {
    for (const [key, { record }] of owner.view.held) {
      if (record.owner !== owner.id || kinds.get(record.network) === 'local') continue
      for (const node of present) {
        if (node === owner || !node.isOn(record.network) || node.view.held.has(key)) continue
        const text = `${node.id} does not hold ${record.endpoint} of ${owner.id}`
        return { requirement: R.recordsArrive, node, text }
      }
    }
  }
  return null
}

export function judgeConvergence(cluster: Cluster): void {
  for (const rule of [R.recordsArrive, R.withdrawalsArrive]) cluster.tested[rule]!++
  const found = disagreement(cluster)
  if (found !== null) cluster.fail(found.requirement, found.node, found.text, 'what its owner shows, within the bound')
}

/** Whether one address comes first far more often, or more rarely, than the others. */
export function judgeOrder(cluster: Cluster): void {
  const { seen, expected, variance } = cluster.firsts
  if (variance < leastVariance) return
  cluster.tested[R.anyOrder]!++
  const deviations = Math.abs(seen - expected) / Math.sqrt(variance)
  if (deviations <= mostDeviations) return
  const text = `the least address came first ${seen} times, ${deviations.toFixed(1)} standard deviations off`
  cluster.fail(R.anyOrder, null, text, `about ${Math.round(expected)} times`)
}
