/** Judges what watchers are told: with the node's own operations it must fold to the visible table. */
import type { EntryChange, Operation, WatchEvent } from '../../models/networkdb/vocabulary.ts'
import type { Cluster } from './cluster.ts'
import { entryKey, type Node, visibleValue } from './node.ts'
import { R } from './requirements.ts'

/** What the node itself writes is no news to it. */
export function noteOwnWrite(node: Node, operation: Operation | null): void {
  if (operation === null || !('key' in operation) || operation.type === 'get') return
  const key = entryKey(operation.network, operation.key)
  const value = visibleValue(node.entries.get(key))
  if (value === null) node.watched.delete(key)
  else node.watched.set(key, value)
}

export function judgeWatch(
  cluster: Cluster,
  node: Node,
  events: readonly WatchEvent[],
  changes: readonly EntryChange[] | null,
): void {
  const touched = new Set((changes ?? []).map(({ network, key }) => entryKey(network, key)))
  for (const { event, network, key, value, previous } of events) {
    const name = entryKey(network, key)
    touched.add(name)
    cluster.tested[R.watchFollowsTable]!++
    const before = node.watched.get(name)
    const fits = event === 'create' ? before === undefined : before === previous
    if (!fits) {
      const seen = before === undefined ? 'nothing' : `"${before}"`
      cluster.fail(R.watchFollowsTable, node, `tells of ${event} ${name}, before it "${previous}"`, `${seen} before it`)
    }
    if (event === 'delete') node.watched.delete(name)
    else node.watched.set(name, value)
  }
  for (const name of touched) {
    const visible = visibleValue(node.entries.get(name))
    const watched = node.watched.get(name) ?? null
    if (visible === watched) continue
    cluster.fail(
      R.watchFollowsTable,
      node,
      `lets its watchers see ${watched === null ? 'nothing' : `"${watched}"`} of ${name}`,
      visible === null ? 'nothing' : `"${visible}"`,
    )
  }
}
