/** What nodes tell each other of what is their own, and what they take of it. */
import { hears, isBackend, type Heard } from '../../models/balancing/rules.ts'
import type { Input, OutgoingMessage, Told, Update } from '../../models/balancing/vocabulary.ts'
import type { Cluster } from './cluster.ts'
import type { Held, Node } from './node.ts'
import { R } from './requirements.ts'
import type { Cause } from './views.ts'

const causeOf: Readonly<Record<Heard, Cause>> = {
  'older-life': R.ignoresOldRecords,
  'nothing-new': R.ignoresOldRecords,
  gap: R.ignoresOldRecords,
  'new-life': R.newLifeReplaces,
  news: R.takesNews,
}

/** Takes over what a node is told. */
export function hear(node: Node, { from, view }: OutgoingMessage & { readonly view: Update }): Cause {
  const held = node.of(from)
  const heard = hears(held, view)
  if (heard === 'new-life') {
    held.services.clear()
    held.backends.clear()
    held.life = view.life
    held.version = 0
  }
  if (heard === 'new-life' || heard === 'news') takeRecords(held, view)
  return causeOf[heard]
}

function takeRecords(held: Held, { services, backends, version }: Update): void {
  take(held.services, services, held.version)
  take(held.backends, backends, held.version)
  held.version = Math.max(held.version, version)
}

function take<Content>(records: Map<string, Content>, all: readonly Told<Content>[], version: number): void {
  for (const told of all) {
    if (told.version <= version) continue
    if (told.content === null) records.delete(told.name)
    else records.set(told.name, told.content)
  }
}

/** What is held of an update is acknowledged at once; of one of an earlier life nothing need be said. */
export function judgeAcks(cluster: Cluster, node: Node, input: Input, messages: readonly OutgoingMessage[]): void {
  const acks = messages.filter(({ view }) => view.kind === 'ack')
  const update = input.type === 'deliver' && input.message.view.kind === 'update' ? input.message : null
  const life = update === null ? 0 : (update.view as Update).life
  for (const { to, view } of acks) {
    if (view.kind !== 'ack') continue
    const held = node.of(to)
    const version = held.life === view.life ? held.version : 0
    cluster.tested[R.acknowledges]!++
    if (to === update?.from && view.version === version) continue
    const text = `acknowledges ${view.version} of life ${view.life} of ${to}`
    cluster.fail(R.acknowledges, node, text, `${version}, and only to who tells something`)
  }
  if (update === null || life < node.of(update.from).life) return
  if (!acks.some(({ to }) => to === update.from))
    cluster.fail(R.acknowledges, node, `says nothing to an update of ${update.from}`, 'how much of it it holds')
}

/** What is a node's own, by what it is, as text. */
function factsOf(cluster: Cluster, node: Node): Map<string, string> {
  const facts = new Map<string, string>()
  if (node.isManager)
    for (const [name, service] of cluster.services) facts.set(`service ${name}`, JSON.stringify(service))
  for (const [task, { service, status }] of node.tasks) {
    if (!isBackend(status)) continue
    facts.set(`backend ${task}`, JSON.stringify({ task, service, weight: status === 'active' ? 1 : 0 }))
  }
  return facts
}

const nothing = 'null'

/** Updates say what is so, and all that the other may not know. */
export function judgeUpdates(cluster: Cluster, node: Node, messages: readonly OutgoingMessage[]): void {
  let facts: Map<string, string> | null = null
  for (const { to, view } of messages) {
    if (view.kind !== 'update') continue
    facts ??= factsOf(cluster, node)
    node.saidAt.set(to, node.now)
    judgeUpdate(cluster, node, view, facts)
  }
}

function judgeUpdate(cluster: Cluster, node: Node, update: Update, facts: ReadonlyMap<string, string>): void {
  cluster.tested[R.updatesTellOwn]!++
  cluster.tested[R.updatesTellAll]!++
  if (update.life !== node.life)
    cluster.fail(R.updatesTellOwn, node, `speaks for life ${update.life}`, `${node.life}, which it is in`)
  const all: (readonly [string, Told<unknown>])[] = [
    ...update.services.map((told) => [`service ${told.name}`, told] as const),
    ...update.backends.map((told) => [`backend ${told.name}`, told] as const),
  ]
  for (const [name, { version, content }] of all) {
    const text = JSON.stringify(content)
    const isOwn = (facts.get(name) ?? nothing) === text
    if (!isOwn || version > update.version || version <= update.since)
      cluster.fail(R.updatesTellOwn, node, `tells ${name} ${text} @${version}`, facts.get(name) ?? 'that it is no more')
    node.said.set(name, { version, content: text })
  }
  const isKnown = (name: string, content: string): boolean => {
    const said = node.said.get(name)
    return said !== undefined && said.content === content && (said.version <= update.since || isIn(all, name))
  }
  for (const [name, content] of facts)
    if (!isKnown(name, content)) cluster.fail(R.updatesTellAll, node, `does not tell ${name}`, content)
  for (const [name, { content }] of node.said) {
    if (content !== nothing && !facts.has(name))
      cluster.fail(R.updatesTellAll, node, `does not tell that ${name} is no more`, 'that it does')
  }
}

const isIn = (all: readonly (readonly [string, unknown])[], name: string): boolean =>
  all.some(([each]) => each === name)

/** Everybody is told now and then how far it ought to be. */
export function judgeSilence(cluster: Cluster, node: Node): void {
  const { refreshInterval, retryInterval } = cluster.options
  const longest = 2 * (refreshInterval + retryInterval)
  for (const { id } of cluster.nodes) {
    if (id === node.id) continue
    cluster.tested[R.updatesPeriodically]!++
    const since = node.saidAt.get(id)
    if (since === undefined || node.now - since <= longest) continue
    const text = `has told ${id} nothing for ${node.now - since} ms`
    cluster.fail(R.updatesPeriodically, node, text, `an update each ${refreshInterval} ms`)
  }
}
