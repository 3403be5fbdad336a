/** What has to come about when faults have ended: all members of a network hold its entries, and no others. */
import type { NetworkDbOptions } from '../../models/networkdb/vocabulary.ts'
import type { Milliseconds } from '../../models/vocabulary.ts'
import type { Cluster } from './cluster.ts'
import { attachmentKey, entryKey, type Node, type SeenEntry } from './node.ts'
import { R } from './requirements.ts'

/**
 * How long it takes at most, after faults have ended, until all members of a network agree: each is synchronized with
 * some other one in each interval, and there are many of these. Milliseconds of harness time.
 */
export function settleBound(options: NetworkDbOptions, nodes: number): Milliseconds {
  const { bulkSyncInterval, pushPullInterval } = options
  return (20 + 4 * nodes) * (bulkSyncInterval + pushPullInterval)
}

/** What is not as it has to be in the end, and the requirement that says so. */
interface Disagreement {
  readonly requirement: number
  readonly text: string
}

type Look = (cluster: Cluster, node: Node, network: string, members: readonly Node[]) => Disagreement | null

/** What is looked for, in the order in which one is the cause of the other. */
const looks: readonly Look[] = [attachmentsAt, shownAt, missingAt]

export function disagreement(cluster: Cluster): Disagreement | null {
  const present = cluster.nodes.filter(({ up, gone, left, leaving }) => up && !gone && !left && !leaving)
  for (const look of looks) {
    for (const node of present) {
      for (const network of node.networks()) {
        const members = present.filter((other) => other.isIn(network))
        const found = look(cluster, node, network, members)
        if (found !== null) return found
      }
    }
  }
  return null
}

function attachmentsAt(cluster: Cluster, node: Node, network: string, members: readonly Node[]): Disagreement | null {
  const requirement = R.attachmentsConverge
  const names = members.map(({ name }) => name)
  for (const { name } of members) {
    if (name === node.name) continue
    if (!node.isActive(name)) return { requirement, text: `${node.id} does not hold ${name} for active` }
    if (!node.isAttached(name, network))
      return { requirement, text: `${node.id} does not know that ${name} is in ${network}` }
  }
  for (const { name } of node.peersOf(network)) {
    if (names.includes(name) || cluster.forgotten.has(attachmentKey(name, network))) continue
    return { requirement, text: `${node.id} holds that ${name} is in ${network}, which it is not` }
  }
  return null
}

/** Whether no more can be said of an entry: several have written it, or somebody has forgotten that it was deleted. */
function isOpen(cluster: Cluster, { network, key, owner }: SeenEntry): boolean {
  return (
    (cluster.writers.get(entryKey(network, key))?.size ?? 0) > 1 ||
    cluster.forgotten.has(entryKey(network, key)) ||
    cluster.forgotten.has(attachmentKey(owner, network))
  )
}

/** What a member owns, and the node does not show. */
function missingAt(cluster: Cluster, node: Node, network: string, members: readonly Node[]): Disagreement | null {
  for (const member of members) {
    for (const [key, entry] of member.entries) {
      if (entry.network !== network || entry.owner !== member.name || entry.status !== 'live') continue
      if (isOpen(cluster, entry)) continue
      const held = node.entries.get(key)
      if (held?.status === 'live' && held.owner === entry.owner && held.time === entry.time) continue
      const text = `${node.id} holds ${held === undefined ? 'nothing' : `${held.status} ${held.time}`} of ${key}, which ${entry.owner} wrote at ${entry.time}`
      return { requirement: R.tablesConverge, text }
    }
  }
  return null
}

/** What the node shows, and its owner does not have. */
function shownAt(cluster: Cluster, node: Node, network: string, members: readonly Node[]): Disagreement | null {
  for (const [key, entry] of node.entries) {
    if (entry.network !== network || entry.status !== 'live' || isOpen(cluster, entry)) continue
    const owner = members.find(({ name }) => name === entry.owner)
    if (owner?.entries.get(key)?.status === 'live') continue
    const text = `${node.id} shows ${key} of ${entry.owner}, which ${owner === undefined ? 'is not there' : 'has it no more'}`
    return { requirement: R.deletionsHold, text }
  }
  return null
}

export function judgeConvergence(cluster: Cluster): void {
  for (const rule of [R.attachmentsConverge, R.tablesConverge, R.deletionsHold]) cluster.tested[rule]!++
  const found = disagreement(cluster)
  if (found !== null) cluster.fail(found.requirement, null, found.text, 'agreement within the bound')
}
