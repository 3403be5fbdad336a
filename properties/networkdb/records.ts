/** Compares what a step made of a node's records with what it ought to make of them, and takes it over. */
import type { Attachment, AttachmentChange, Entry, EntryChange, Peer } from '../../models/networkdb/vocabulary.ts'
import type { Cluster } from './cluster.ts'
import { blame } from '../wanted.ts'
import type { Expected } from './expected.ts'
import { attachmentKey, entryKey, type Node, type SeenAttachment, type SeenEntry } from './node.ts'
import { R } from './requirements.ts'

/** How much earlier or later than said old records may be forgotten: looking for them takes turns. [ND] reapTableEntries */
const earlySlack = (period: number): number => 2 * period + 1_000
const lateSlack = (period: number): number => 2 * period

export function judgePeers(cluster: Cluster, node: Node, { peers }: Expected, changes: readonly Peer[] | null): void {
  const changed = new Map((changes ?? []).map((peer) => [peer.name, peer]))
  for (const name of new Set([...peers.keys(), ...changed.keys()])) {
    const wanted = peers.get(name)
    const before = node.peers.get(name)
    const seen = changed.get(name) ?? before
    const record = wanted === undefined ? before : wanted.record!
    if (seen?.status !== record?.status || (seen !== undefined && seen.address !== record?.address)) {
      const text = `holds ${name} for ${seen?.status ?? 'unknown'}`
      cluster.fail(wanted?.rule ?? R.changesByCause, node, text, record?.status ?? 'unknown')
    }
    if (seen !== undefined) node.peers.set(name, { ...seen, time: record?.time ?? 0 })
  }
}

export function judgeAttachments(
  cluster: Cluster,
  node: Node,
  { attachments }: Expected,
  changes: readonly AttachmentChange[] | null,
): void {
  const changed = new Map((changes ?? []).map((change) => [attachmentKey(change.name, change.network), change]))
  for (const key of new Set([...attachments.keys(), ...changed.keys()])) {
    const wanted = attachments.get(key)
    const before = node.attachments.get(key)
    const change = changed.get(key)
    const seen = change === undefined ? before : change.status === 'forgotten' ? undefined : change
    const record = wanted === undefined ? before : (wanted.record ?? undefined)
    if (wanted === undefined && seen === undefined && before?.status === 'left') {
      judgeForgotten(cluster, node, before.dueAt, R.remembersLeaving, `that ${before.name} left ${before.network}`)
      cluster.forgotten.add(key)
      node.attachments.delete(key)
      continue
    }
    if (seen?.status !== record?.status || seen?.time !== record?.time) {
      const [name, network] = key.split(' ')
      cluster.fail(
        blame(wanted, seen === before ? null : (seen?.time ?? null), R.changesByCause),
        node,
        `holds of ${name} in ${network}: ${describeAttachment(seen)}`,
        describeAttachment(record),
      )
    }
    if (seen === undefined) node.attachments.delete(key)
    else node.attachments.set(key, { ...seen, dueAt: dueOf(record, seen.status === 'joined') })
    if (seen !== undefined && seen !== before) noteAttachment(cluster, node, seen)
  }
}

/** Where nothing was said of how long it lasts, nothing is expected of when it ends. */
const dueOf = (record: { readonly dueAt: number } | undefined, lasts: boolean): number =>
  lasts ? Infinity : (record?.dueAt ?? Infinity)

function noteAttachment(cluster: Cluster, node: Node, { name, network, time, status }: Attachment): void {
  judgeMade(cluster, node, name === node.name, `n ${name} ${network} ${time}`, status)
}

export function judgeEntries(
  cluster: Cluster,
  node: Node,
  { entries }: Expected,
  changes: readonly EntryChange[] | null,
): void {
  const changed = new Map((changes ?? []).map((change) => [entryKey(change.network, change.key), change]))
  for (const key of new Set([...entries.keys(), ...changed.keys()])) {
    const wanted = entries.get(key)
    const before = node.entries.get(key)
    const change = changed.get(key)
    const seen = change === undefined ? before : change.status === 'forgotten' ? undefined : change
    const record = wanted === undefined ? before : (wanted.record ?? undefined)
    if (wanted === undefined && seen === undefined && before !== undefined && before.status !== 'live') {
      const [rule, what] =
        before.status === 'tombstone' ? [R.tombstonesLast, 'deletion'] : [R.hiddenEnd, 'hidden entry']
      judgeForgotten(cluster, node, before.dueAt, rule, `the ${what} ${key}`)
      if (before.status === 'tombstone') cluster.forgotten.add(key)
      node.entries.delete(key)
      continue
    }
    if (!isSame(seen, record)) {
      cluster.fail(
        blame(wanted, seen === before ? null : (seen?.time ?? null), R.changesByCause),
        node,
        `holds of ${key}: ${describeEntry(seen)}`,
        describeEntry(record),
      )
    }
    if (seen === undefined) node.entries.delete(key)
    else node.entries.set(key, { ...seen, dueAt: dueOf(record, seen.status === 'live') })
    if (seen !== undefined && seen !== before) noteEntry(cluster, node, seen)
  }
}

function noteEntry(cluster: Cluster, node: Node, { network, key, owner, time, value, status }: Entry): void {
  const isOwn = owner === node.name
  if (isOwn) {
    const writers = cluster.writers.get(entryKey(network, key))
    if (writers === undefined) cluster.writers.set(entryKey(network, key), new Set([node.id]))
    else writers.add(node.id)
  }
  judgeMade(
    cluster,
    node,
    isOwn,
    `t ${network} ${key} ${owner} ${time}`,
    `${status === 'tombstone' ? '-' : '+'}${value}`,
  )
}

/** What is held under somebody's name was made by him, once and with this content. */
export function judgeMade(cluster: Cluster, node: Node, isOwn: boolean, id: string, content: string): void {
  const made = cluster.made.get(id)
  if (isOwn && made === undefined) cluster.made.set(id, content)
  cluster.tested[R.eventsByOwner]!++
  if ((isOwn && made === undefined) || made === content) return
  const text = `holds or tells "${id}" as "${content}"`
  cluster.fail(R.eventsByOwner, node, text, made === undefined ? 'what its owner has made' : `"${made}"`)
}

function judgeForgotten(cluster: Cluster, node: Node, dueAt: number, rule: number, what: string): void {
  cluster.tested[rule]!++
  if (node.now >= dueAt - earlySlack(cluster.options.reapPeriod)) return
  cluster.fail(rule, node, `forgot ${what} ${dueAt - node.now} ms too early`, 'that it is remembered until its time')
}

/** What is old enough is forgotten. */
export function judgeOverdue(cluster: Cluster, node: Node): void {
  const late = node.now - lateSlack(cluster.options.reapPeriod)
  for (const { network, key, status, dueAt } of node.entries.values()) {
    if (status === 'live') continue
    const rule = status === 'tombstone' ? R.tombstonesEnd : R.hiddenEnd
    if (dueAt <= late) {
      cluster.fail(rule, node, `still holds ${entryKey(network, key)} as ${status}`, `nothing, since ${dueAt} ms`)
    } else if (dueAt <= node.now) cluster.tested[rule]!++
  }
  for (const { name, network, status, dueAt } of node.attachments.values()) {
    if (status === 'joined' || dueAt > late) continue
    cluster.fail(R.remembersLeaving, node, `still holds that ${name} left ${network}`, `nothing, since ${dueAt} ms`)
  }
}

const isSame = (left: Entry | undefined, right: Entry | undefined): boolean =>
  left?.owner === right?.owner &&
  left?.time === right?.time &&
  left?.status === right?.status &&
  left?.value === right?.value

const describeAttachment = (record: Pick<SeenAttachment, 'status' | 'time'> | undefined): string =>
  record === undefined ? 'nothing' : `${record.status} at ${record.time < 0 ? 'a time of its own' : record.time}`

const describeEntry = (entry: Pick<SeenEntry, 'status' | 'value' | 'owner' | 'time'> | undefined): string =>
  entry === undefined
    ? 'nothing'
    : `${entry.status} "${entry.value}" of ${entry.owner} at ${entry.time < 0 ? 'a time of its own' : entry.time}`
