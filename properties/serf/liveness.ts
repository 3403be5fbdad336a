/** What has to come about when faults have ended: all hold the same of each other, and know the same events. */
import * as rules from '../../models/serf/rules.ts'
import type { SerfOptions } from '../../models/serf/vocabulary.ts'
import type { Milliseconds } from '../../models/vocabulary.ts'
import type { Cluster } from './cluster.ts'
import type { Node, SeenMember } from './node.ts'
import { R } from './requirements.ts'

/**
 * How long it takes at most, after faults have ended, until all agree: each exchanges all that it knows with some other
 * one in each interval, and there are many of these. Milliseconds of harness time.
 */
export function settleBound({ pushPullInterval }: SerfOptions, nodes: number): Milliseconds {
  return (40 + 8 * nodes) * pushPullInterval
}

/** What is not as it has to be in the end, and the requirement that says so. */
interface Disagreement {
  readonly requirement: number
  readonly text: string
}

export function disagreement(cluster: Cluster): Disagreement | null {
  const present = cluster.nodes.filter((node) => node.isPresent())
  for (const subject of cluster.nodes) {
    const text = present.includes(subject) ? hereAt(cluster, present, subject) : goneAt(cluster, present, subject)
    if (text !== null) return { requirement: R.membersAgree, text }
  }
  for (const node of present) {
    for (const other of present) {
      const text = node === other ? null : unheardAt(cluster, node, other)
      if (text !== null) return { requirement: R.eventsReachAll, text }
    }
  }
  return null
}

const describe = (member: SeenMember | undefined): string =>
  member === undefined ? 'nobody' : `${member.status} @${member.time}`

/** Who is there is alive to all, but to who has heard of a leave that nobody tells any more. */
function hereAt({ pruned }: Cluster, present: readonly Node[], subject: Node): string | null {
  if (pruned.has(subject.id)) return null
  const own = subject.members.get(subject.id)?.time ?? 0
  for (const node of present) {
    const member = node.members.get(subject.id)
    if (member?.status === 'alive' || (member?.status === 'leaving' && member.time >= own)) continue
    return `${node.id} holds ${subject.id} for ${describe(member)}, which is there`
  }
  return null
}

/** Who is not there has left to all who hold it, or has failed to all of them. */
function goneAt(_: Cluster, present: readonly Node[], { id }: Node): string | null {
  let first: Node | null = null
  for (const node of present) {
    const member = node.members.get(id)
    if (member === undefined) continue
    if (member.status === 'alive' || member.status === 'leaving') {
      return `${node.id} holds ${id} for ${describe(member)}, which is not there`
    }
    first ??= node
    const other = first.members.get(id)
    if (other?.status !== member.status) {
      return `${first.id} holds ${id} for ${describe(other)}, and ${node.id} for ${describe(member)}`
    }
  }
  return null
}

/** An event that one remembers, and the other has no reason not to know. */
function unheardAt({ options }: Cluster, node: Node, other: Node): string | null {
  const clock = Math.max(node.eventClock, other.eventClock)
  for (const [time, key] of node.events.all()) {
    if (time < other.eventMinTime || rules.isTooOld(time, clock, options.eventBuffer)) continue
    if (!other.events.has(time, key)) return `${other.id} has not heard of event ${key}, which ${node.id} remembers`
  }
  return null
}

export function judgeConvergence(cluster: Cluster): void {
  for (const rule of [R.membersAgree, R.eventsReachAll]) cluster.tested[rule]!++
  const found = disagreement(cluster)
  if (found !== null) cluster.fail(found.requirement, null, found.text, 'agreement within the bound')
}
