/** Compares what a step made of a node's members and intents with what it ought to make of them, and takes it over. */
import type { Intent, IntentChange, Member, MemberChange, Name, Notice } from '../../models/serf/vocabulary.ts'
import { blame } from '../wanted.ts'
import type { Cluster } from './cluster.ts'
import { own, type Expected } from './expected.ts'
import type { Node, SeenIntent, SeenMember } from './node.ts'
import { R } from './requirements.ts'

/** How long after it is due something old may still be held: it is looked for in turns. */
const slack = 1_000

type Notices = readonly Extract<Notice, { readonly type: 'member' }>[]

export function judgeMembers(
  cluster: Cluster,
  node: Node,
  expected: Expected,
  changes: readonly MemberChange[] | null,
): void {
  const changed = new Map((changes ?? []).map((change) => [change.name, change]))
  for (const name of new Set([...expected.members.keys(), ...changed.keys()])) {
    const wanted = expected.members.get(name)
    const before = node.members.get(name)
    const change = changed.get(name)
    const seen = change === undefined ? before : change.status === 'forgotten' ? undefined : change
    const record = wanted === undefined ? before : (wanted.record ?? undefined)
    if (wanted === undefined && before !== undefined && judgeTimed(cluster, node, expected, before, seen)) continue
    if (!isSame(seen, record, expected)) {
      const decides = blame(wanted, seen === before ? null : (seen?.time ?? null), R.changesByCause)
      const isSaid = seen?.time !== before?.time && saysSo(decides)
      const rule = isSaid && isOld(seen, record) ? R.ownTimesAreNew : decides
      cluster.fail(rule, node, `holds ${name} for ${describe(seen)}`, describe(record))
    }
    take(node, name, seen, record)
  }
}

function take(node: Node, name: Name, seen: Member | undefined, record: SeenMember | undefined): void {
  if (seen === undefined) node.members.delete(name)
  else {
    const before = node.members.get(name)
    const since = before?.status === seen.status ? before.since : node.now
    const { goneAt = Infinity, pruneBy = Infinity } = record ?? {}
    node.members.set(name, { ...seen, goneAt, pruneBy, since })
  }
  node.greatest = Math.max(node.greatest, node.members.size)
}

/** Changes that time brings: the old are forgotten, and who leaves has left. Returns whether it is one. */
function judgeTimed(
  cluster: Cluster,
  node: Node,
  expected: Expected,
  before: SeenMember,
  seen: Member | undefined,
): boolean {
  const { name, status, goneAt } = before
  if (seen === undefined) {
    if (before.pruneBy < Infinity) {
      // It may be forgotten at once, too.
    } else if (status === 'failed' || status === 'left') {
      const [rule, timeout] = reaping(cluster, before)
      cluster.tested[rule]!++
      if (node.now < goneAt + timeout) {
        const text = `forgets ${name}, which has ${status}, after ${node.now - goneAt} ms`
        cluster.fail(rule, node, text, `that it is remembered for ${timeout} ms`)
      }
    } else return false
    expected.notices.set(name, ['reap'])
    node.members.delete(name)
    return true
  }
  if (name === node.id && node.phase !== 'alive' && status === 'leaving' && seen.status === 'failed') {
    cluster.fail(R.leaveIsNoFailure, node, 'leaves, and holds itself for failed', 'left')
    return true
  }
  const leaves = name === node.id && node.phase !== 'alive' && status === 'leaving' && seen.status === 'left'
  if (!leaves || seen.time !== before.time) return false
  expected.notices.set(name, ['leave'])
  node.members.set(name, { ...seen, goneAt: node.now, since: node.now, pruneBy: before.pruneBy })
  return true
}

const reaping = ({ options }: Cluster, { status }: SeenMember): readonly [number, number] =>
  status === 'left' ? [R.reapsLeft, options.tombstoneTimeout] : [R.reapsFailed, options.reconnectTimeout]

export function judgeIntents(
  cluster: Cluster,
  node: Node,
  expected: Expected,
  changes: readonly IntentChange[] | null,
): void {
  const changed = new Map((changes ?? []).map((change) => [change.name, change]))
  for (const name of new Set([...expected.intents.keys(), ...changed.keys()])) {
    const wanted = expected.intents.get(name)
    const before = node.intents.get(name)
    const change = changed.get(name)
    const seen = change === undefined ? before : change.intent === 'forgotten' ? undefined : change
    const record = wanted === undefined ? before : (wanted.record ?? undefined)
    if (wanted === undefined && seen === undefined && before !== undefined) {
      judgeForgotten(cluster, node, before)
      node.intents.delete(name)
      continue
    }
    if (!isSameIntent(seen, record, expected)) {
      const rule = blame(wanted, seen === before ? null : (seen?.time ?? null), R.changesByCause)
      cluster.fail(rule, node, `remembers of ${name} ${describeIntent(seen)}`, describeIntent(record))
    }
    if (seen === undefined) node.intents.delete(name)
    else node.intents.set(name, { ...seen, since: record?.since ?? node.now })
  }
}

/** Of who is known now it may be forgotten at once. */
function judgeForgotten(cluster: Cluster, node: Node, { name, since }: SeenIntent): void {
  cluster.tested[R.intentsEnd]!++
  if (node.members.has(name)) return
  const { recentIntentTimeout } = cluster.options
  if (node.now >= since + recentIntentTimeout) return
  const text = `forgets what was said of ${name} after ${node.now - since} ms`
  cluster.fail(R.intentsEnd, node, text, `that it is remembered for ${recentIntentTimeout} ms`)
}

/** What is old enough is forgotten. */
export function judgeOverdue(cluster: Cluster, node: Node): void {
  const { reapInterval, recentIntentTimeout } = cluster.options
  const late = node.now - reapInterval - slack
  for (const member of node.members.values()) {
    const { name, status, goneAt, pruneBy, since } = member
    if (status === 'failed' || status === 'left') {
      const [rule, timeout] = reaping(cluster, member)
      // Who is said to have left may be old enough for that at once, and waits for the next turn.
      if (Math.max(goneAt + timeout, since) <= late) {
        const text = `still holds ${name}, which has ${status} ${node.now - goneAt} ms ago`
        cluster.fail(rule, node, text, `that it is forgotten after ${timeout} ms`)
      }
    }
    if (status === 'alive' || pruneBy > node.now - slack) continue
    cluster.fail(R.prunes, node, `still holds ${name} for ${status}`, `nothing, since ${pruneBy} ms`)
  }
  for (const { name, since } of node.intents.values()) {
    if (since + recentIntentTimeout > late) continue
    const text = `still remembers what was said of ${name} ${node.now - since} ms ago`
    cluster.fail(R.intentsEnd, node, text, `nothing after ${recentIntentTimeout} ms`)
  }
}

/** What the application is told of members must be what became of them. */
export function judgeNotices(cluster: Cluster, node: Node, { notices, members }: Expected, told: Notices): void {
  const seen = new Map<Name, string[]>()
  for (const { name, event } of told) {
    const events = seen.get(name)
    if (events === undefined) seen.set(name, [event])
    else events.push(event)
  }
  for (const name of new Set([...notices.keys(), ...seen.keys()])) {
    cluster.tested[R.noticesFollowMembers]!++
    const wanted = (notices.get(name) ?? []).join(' ')
    const happened = (seen.get(name) ?? []).join(' ')
    if (wanted === happened) continue
    const text = `tells its application of ${name}: ${happened === '' ? 'nothing' : happened}`
    const isGone = members.get(name)?.rule === R.goesOnce
    cluster.fail(isGone ? R.goesOnce : R.noticesFollowMembers, node, text, wanted === '' ? 'nothing' : wanted)
  }
}

/** All is as it ought to be, but for the time that it has chosen. */
const isOld = (left: Member | undefined, right: SeenMember | undefined): boolean =>
  right?.time === own && left !== undefined && left.status === right.status && left.tags === right.tags

/** Whether it is something that it was asked to say of another: what it says of itself has rules of its own. */
const saysSo = (rule: number): boolean => rule !== R.refutesLeave && rule !== R.joinAnnounces

function isSame(left: Member | undefined, right: SeenMember | undefined, { ownLeast }: Expected): boolean {
  if (left === undefined || right === undefined) return left === right
  if (left.status !== right.status || left.tags !== right.tags) return false
  return right.time === own ? left.time > ownLeast : left.time === right.time
}

function isSameIntent(left: Intent | undefined, right: SeenIntent | undefined, { ownLeast }: Expected): boolean {
  if (left === undefined || right === undefined) return left === right
  return left.intent === right.intent && (right.time === own ? left.time > ownLeast : left.time === right.time)
}

const describeTime = (time: number): string => (time === own ? 'a time of its own' : String(time))

const describe = (member: Member | undefined): string =>
  member === undefined
    ? 'nobody'
    : `${member.status} @${describeTime(member.time)}${member.tags === '' ? '' : `, with tags "${member.tags}"`}`

const describeIntent = (intent: Intent | undefined): string =>
  intent === undefined ? 'nothing' : `that it ${intent.intent}s @${describeTime(intent.time)}`
