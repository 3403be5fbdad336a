/** Judges what a node tells others: by gossip, by synchronization, by exchange of attachments. */
import { roundsAtMost } from '../../models/networkdb/rules.ts'
import type {
  Answer,
  ClusterEvent,
  Input,
  Message,
  NetworkEvent,
  OutgoingMessage,
  TableEvent,
} from '../../models/networkdb/vocabulary.ts'
import type { Cluster } from './cluster.ts'
import type { Heard } from './expected.ts'
import { attachmentKey, entryKey, type Node, type SeenAttachment, type SeenEntry } from './node.ts'
import { judgeMade } from './records.ts'
import { R } from './requirements.ts'

type Event = ClusterEvent | TableEvent

/** What identifies an event: there is one content to it. */
export function idOf(event: Event): string {
  if (event.type === 'node') return `p ${event.name} ${event.time} ${event.event}`
  if (event.type === 'network') return `n ${event.name} ${event.network} ${event.time} ${event.event}`
  const sign = event.event === 'delete' ? '-' : '+'
  return `t ${event.network} ${event.key} ${event.owner} ${event.time} ${sign}`
}

/** What an event is about. */
function slotOf(event: Event): string {
  if (event.type === 'node') return `p ${event.name}`
  return event.type === 'network' ? `n ${event.name} ${event.network}` : `t ${event.network} ${event.key}`
}

const networkOf = (event: Event): string | null => (event.type === 'table' ? event.network : null)

function mayTell(node: Node, id: string): void {
  node.heard.set(id, true)
  node.rounds.delete(id)
}

/** Something is news to the others: of the node itself, or taken from another. */
export function owe(node: Node, event: Event, requirement: number): void {
  const id = idOf(event)
  mayTell(node, id)
  node.owed.set(slotOf(event), { event: id, requirement, network: networkOf(event), since: node.now })
}

export function noteHeard(node: Node, heard: readonly Heard[]): void {
  for (const { event, tells, owes, taken } of heard) {
    const id = idOf(event)
    if (tells && owes) owe(node, event, R.passesOnNews)
    else if (tells) mayTell(node, id)
    else if (!node.heard.has(id)) node.heard.set(id, false)
    // A newer event takes the place of one that waits.
    if (taken && !(tells && owes)) node.owed.delete(slotOf(event))
  }
}

/** Whom there is to tell: of a network its members, else everybody. */
const audience = (node: Node, network: string | null): number =>
  (network === null ? node.activePeers() : node.peersOf(network)).length

/** What is owed for long, and could have been told all the time, ought to have been told. */
export function judgeOwed(cluster: Cluster, node: Node): void {
  for (const [slot, owed] of node.owed) {
    const { network, event, requirement, since } = owed
    if (network !== null && !node.isIn(network)) {
      node.owed.delete(slot)
      continue
    }
    if (audience(node, network) === 0) {
      // It may have been told to nobody in vain, and whoever comes then learns it by synchronization.
      node.owed.delete(slot)
      continue
    }
    if (node.now - since <= 3 * cluster.options.gossipInterval) continue
    cluster.fail(requirement, node, `has not told "${event}" for ${node.now - since} ms`, 'that somebody is told')
  }
}

export function noteAudience(node: Node): void {
  const note = (network: string, size: number): void => {
    node.greatest.set(network, Math.max(node.greatest.get(network) ?? 0, size))
  }
  note('', node.activePeers().length + 1)
  for (const network of node.networks()) note(network, node.peersOf(network).length + 1)
}

/** By network: who was told in this step. */
type Told = Map<string, Set<string>>

/** Records that a step touched, as they were before it. */
export interface Before {
  readonly entries: ReadonlyMap<string, SeenEntry | undefined>
  readonly attachments: ReadonlyMap<string, SeenAttachment | undefined>
}

export function recordsBefore(node: Node, { entries, attachments }: Answer): Before {
  const entryKeys = (entries ?? []).map(({ network, key }) => entryKey(network, key))
  const attachmentKeys = (attachments ?? []).map(({ name, network }) => attachmentKey(name, network))
  return {
    entries: new Map(entryKeys.map((key) => [key, node.entries.get(key)])),
    attachments: new Map(attachmentKeys.map((key) => [key, node.attachments.get(key)])),
  }
}

const untouched: Before = { entries: new Map(), attachments: new Map() }

export function judgeMessages(
  cluster: Cluster,
  node: Node,
  input: Input,
  messages: readonly OutgoingMessage[],
  before: Before,
): void {
  const told: Told = new Map()
  const asked = input.type === 'deliver' ? input.message : null
  // What is due at one instant comes in any order: a message may tell of what was before the rest of it.
  const earlier = input.type === 'advance' ? before : untouched
  for (const message of messages) {
    const { view } = message
    switch (view.kind) {
      case 'gossip':
      case 'table-gossip':
        judgeGossip(cluster, node, message, view, told)
        break
      case 'bulk-sync':
      case 'bulk-sync-reply':
        judgeSync(cluster, node, message, view, asked, earlier)
        break
      case 'push-pull':
      case 'push-pull-reply':
        // Who answers may do so before it looks at what it was told.
        judgePushPull(cluster, node, message, view, asked, asked === null ? earlier : before)
    }
  }
  if (asked !== null) judgeAnswered(cluster, node, asked, messages)
}

type View<Kind extends Message['kind']> = Message & { readonly kind: Kind }

function judgeGossip(
  cluster: Cluster,
  node: Node,
  { to }: OutgoingMessage,
  view: View<'gossip' | 'table-gossip'>,
  told: Told,
): void {
  const network = view.kind === 'gossip' ? null : view.network
  if (network !== null) judgeListeners(cluster, node, network, to, told)
  for (const event of view.events) judgeTold(cluster, node, event, network)
}

/** Who is told of a network's entries; all else may go to anybody, with whatever the layer below sends. */
function judgeListeners(cluster: Cluster, node: Node, network: string, to: string, told: Told): void {
  const members = node.peersOf(network)
  cluster.tested[R.gossipsToMembers]!++
  if (!members.some(({ address }) => address === to)) {
    const text = `told ${to}, which is not in ${network}, as far as it knows, or not there`
    cluster.fail(R.gossipsToMembers, node, text, members.map(({ name }) => name).join(' '))
  }
  const listeners = told.get(network) ?? new Set()
  told.set(network, listeners.add(to))
  cluster.tested[R.gossipsToFew]!++
  const most = cluster.options.gossipNodes
  if (listeners.size <= most) return
  cluster.fail(R.gossipsToFew, node, `told ${listeners.size} others at once`, `at most ${most}`)
}

function judgeTold(cluster: Cluster, node: Node, event: Event, network: string | null): void {
  const id = idOf(event)
  const isOwnNode = event.type === 'node' && event.name === node.name && event.time <= node.networkClock
  if (isOwnNode && event.event === 'leave') node.hasToldLeave = true
  const isVain = isVainLeave(node, event)
  const heard = isOwnNode || isVain || node.heard.get(id)
  cluster.tested[R.tellsWhatItTook]!++
  if (heard === undefined) cluster.fail(R.tellsWhatItTook, node, `told "${id}"`, 'what it made, or was told')
  cluster.tested[R.passesOnOnlyNews]!++
  if (heard === false) cluster.fail(R.passesOnOnlyNews, node, `told "${id}" on`, 'what was news to it')
  judgeMadeBefore(cluster, node, event, isVain)
  const owed = node.owed.get(slotOf(event))
  if (owed?.event === id) {
    node.owed.delete(slotOf(event))
    cluster.tested[owed.requirement]!++
  }
  const rounds = node.rounds.get(id) ?? { count: 0, at: -1 }
  if (rounds.at !== node.now) rounds.count++
  rounds.at = node.now
  node.rounds.set(id, rounds)
  const most = roundsAtMost(cluster.options.retransmitMult, node.greatest.get(network ?? '') ?? 1)
  cluster.tested[R.tellsBoundedRounds]!++
  if (rounds.count > most) {
    cluster.fail(R.tellsBoundedRounds, node, `told "${id}" in ${rounds.count} rounds`, `at most ${most}`)
  }
}

/** Who is asked to leave a network in which it is not may say so all the same. */
function isVainLeave(node: Node, event: Event): boolean {
  if (event.type !== 'network' || event.event !== 'leave' || event.name !== node.name) return false
  return !node.isIn(event.network) && event.time <= node.networkClock
}

function judgeMadeBefore(cluster: Cluster, node: Node, event: Event, isOwn = false): void {
  if (event.type === 'node') return
  if (event.type === 'network') {
    const { name, network, time } = event
    judgeMade(cluster, node, isOwn, `n ${name} ${network} ${time}`, event.event === 'join' ? 'joined' : 'left')
    return
  }
  const { network, key, owner, time, value } = event
  const sign = event.event === 'delete' ? '-' : '+'
  judgeMade(cluster, node, false, `t ${network} ${key} ${owner} ${time}`, `${sign}${value}`)
}

function judgeSync(
  cluster: Cluster,
  node: Node,
  { to }: OutgoingMessage,
  view: View<'bulk-sync' | 'bulk-sync-reply'>,
  asked: OutgoingMessage | null,
  earlier: Before,
): void {
  cluster.tested[R.syncTellsAll]!++
  const held = [...node.entries].filter(([, { network }]) => view.networks.includes(network))
  const was = [...earlier.entries.values()].flatMap((entry) => (entry === undefined ? [] : [idOfEntry(entry)]))
  const told = new Set(view.entries.map(idOf))
  for (const event of view.entries) {
    judgeMadeBefore(cluster, node, event)
    judgeResidual(cluster, node, event)
  }
  const missing = held.find(([key, entry]) => !told.has(idOfEntry(entry)) && !earlier.entries.has(key))
  const known = new Set([...held.map(([, entry]) => idOfEntry(entry)), ...was])
  const surplus = [...told].find((id) => !known.has(id))
  if (missing !== undefined || surplus !== undefined) {
    const what = missing === undefined ? `, with "${surplus}"` : `, without "${idOfEntry(missing[1])}"`
    const text = `synchronizes ${view.networks.join(' ')} with ${to} by ${told.size} entries${what}`
    cluster.fail(R.syncTellsAll, node, text, `all ${held.length} that it holds`)
  }
  judgeAttachmentsTold(cluster, node, view.attachments, earlier)
  if (view.kind === 'bulk-sync') {
    for (const network of view.networks) {
      if (node.syncSince.has(network)) cluster.tested[R.syncsPeriodically]!++
      node.syncSince.set(network, node.now)
      for (const { joins, unsynced } of node.operations.values()) if (joins === network) unsynced.delete(to)
    }
  } else if (asked?.view.kind !== 'bulk-sync' || asked.from !== to) {
    cluster.fail(R.answersSync, node, `answers ${to}, which has not asked`, 'an answer to who asks')
  }
}

function idOfEntry({ network, key, owner, time, value, status }: SeenEntry): string {
  const event = status === 'tombstone' ? 'delete' : 'create'
  return idOf({ type: 'table', event, network, key, owner, time, value, residual: 0 })
}

/** How long a deletion is still to be remembered, give or take the turns in which old ones are looked for. */
function judgeResidual(cluster: Cluster, node: Node, { event, network, key, residual }: TableEvent): void {
  const held = node.entries.get(entryKey(network, key))
  if (event !== 'delete' || held?.status !== 'tombstone') return
  cluster.tested[R.tellsWhatIsLeft]!++
  const left = held.dueAt - node.now
  const slack = 2 * cluster.options.reapPeriod + 1_000
  if (residual > 0 && residual <= Math.max(0, left) + slack && residual >= left - slack) return
  const text = `says that the deletion of ${entryKey(network, key)} is to be remembered for ${residual} ms`
  cluster.fail(R.tellsWhatIsLeft, node, text, `${left} ms`)
}

function judgeAttachmentsTold(
  cluster: Cluster,
  node: Node,
  events: readonly NetworkEvent[],
  { attachments: earlier }: Before,
): void {
  for (const { name, network, time, event } of events) {
    const key = attachmentKey(name, network)
    cluster.tested[R.tellsWhatItTook]!++
    const status = event === 'join' ? 'joined' : 'left'
    if ([node.attachments.get(key), earlier.get(key)].some((held) => held?.time === time && held.status === status))
      continue
    cluster.fail(R.tellsWhatItTook, node, `tells of ${event} of ${name} in ${network} at ${time}`, 'what it holds')
  }
}

function judgePushPull(
  cluster: Cluster,
  node: Node,
  { to }: OutgoingMessage,
  view: View<'push-pull' | 'push-pull-reply'>,
  asked: OutgoingMessage | null,
  earlier: Before,
): void {
  cluster.tested[R.pushPullTellsAll]!++
  judgeAttachmentsTold(cluster, node, view.attachments, earlier)
  const told = new Set(view.attachments.map(({ name, network }) => attachmentKey(name, network)))
  const isNew = (key: string): boolean => earlier.attachments.has(key) && earlier.attachments.get(key) === undefined
  const missing = [...node.attachments.keys()].find((key) => !told.has(key) && !isNew(key))
  if (missing !== undefined) {
    cluster.fail(R.pushPullTellsAll, node, `tells ${to} nothing of ${missing}`, 'all attachments that it holds')
  }
  if (view.kind === 'push-pull-reply' && (asked?.view.kind !== 'push-pull' || asked.from !== to)) {
    cluster.fail(R.answersPushPull, node, `answers ${to}, which has not asked`, 'an answer to who asks')
  }
}

function judgeAnswered(
  cluster: Cluster,
  node: Node,
  { from, view }: OutgoingMessage,
  messages: readonly OutgoingMessage[],
): void {
  const answers = (kind: Message['kind']): OutgoingMessage[] =>
    messages.filter((message) => message.to === from && message.view.kind === kind)
  if (view.kind === 'push-pull') {
    cluster.tested[R.answersPushPull]!++
    if (answers('push-pull-reply').length === 0)
      cluster.fail(R.answersPushPull, node, `does not answer ${from}`, 'all attachments that it holds')
  }
  if (view.kind !== 'bulk-sync' || !node.isActive(view.name)) return
  cluster.tested[R.answersSync]!++
  const fits = answers('bulk-sync-reply').some(
    ({ view: reply }) => 'networks' in reply && reply.networks.join(' ') === view.networks.join(' '),
  )
  if (!fits) cluster.fail(R.answersSync, node, `does not answer ${from}`, `its entries of ${view.networks.join(' ')}`)
}

/** Each network is synchronized again and again, as long as there is anybody to do it with. */
export function judgeSyncsPeriodically(cluster: Cluster, node: Node): void {
  const { bulkSyncInterval, bulkSyncTimeout } = cluster.options
  const networks = node.networks()
  // Each network may be waited for before the next has its turn.
  const most = 2 * bulkSyncInterval + networks.length * bulkSyncTimeout
  for (const network of node.syncSince.keys()) if (!networks.includes(network)) node.syncSince.delete(network)
  for (const network of networks) {
    const since = node.syncSince.get(network)
    if (since === undefined || node.peersOf(network).length === 0) {
      node.syncSince.set(network, node.now)
      continue
    }
    if (node.now - since <= most) continue
    cluster.fail(
      R.syncsPeriodically,
      node,
      `has not synchronized ${network} for ${node.now - since} ms`,
      `a bulk sync every ${bulkSyncInterval} ms`,
    )
  }
}

/** What the node itself made in a step. */
export function noteOwn(node: Node, input: Input, { attachments, entries }: Answer): void {
  if (input.type !== 'operation') return
  const { operation } = input
  for (const change of attachments ?? []) {
    if (change.name !== node.name || change.status === 'forgotten') continue
    const { name, network, time } = change
    const event = change.status === 'joined' ? 'join' : 'leave'
    owe(node, { type: 'network', event, name, network, time }, R.tellsOwnNews)
  }
  for (const change of entries ?? []) {
    if (change.status === 'forgotten' || change.owner !== node.name) continue
    const { network, key, owner, time, value } = change
    const event = change.status === 'tombstone' ? 'delete' : 'create'
    const made = { type: 'table', event, network, key, owner, time, value, residual: 0 } as const
    // The deletions that come with leaving a network are for those who meet it there again.
    if (operation.type === 'leave-network') node.heard.set(idOf(made), true)
    else owe(node, made, R.tellsOwnNews)
  }
}
