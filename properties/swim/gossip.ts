/** Judges what is told on, to whom, and how often. Instants are local. [SWIM] §4.1; [ML] queue.go, state.go gossip. */
import type { MemberRecord, Message, OutgoingMessage, Output, Update } from '../../models/swim/vocabulary.ts'
import {
  ALIVE,
  DEAD,
  LEFT,
  SUSPECT,
  UNKNOWN,
  incarnationOf,
  retransmitLimit,
  statusOf,
} from '../../models/swim/rules.ts'
import type { Cluster, Shown } from './cluster.ts'
import type { Member } from './member.ts'
import { R } from './requirements.ts'
import { packed } from './said.ts'

/** More rounds of gossip than intervals at most: two may touch. */
const MOST_EXCESS = 2.5

/** Records and metas as they were when the step began, where it changed them. */
interface Before {
  readonly records: ReadonlyMap<number, number>
  readonly metas: ReadonlyMap<number, string | undefined>
}

/** Judges the updates that travel with a message. `before`: records as they were when the step began, where it changed them. */
export function judgeGossip(
  cluster: Cluster,
  member: Member,
  message: OutgoingMessage,
  before: ReadonlyMap<number, number>,
): void {
  const { view } = message
  if (!('gossip' in view)) return
  if (view.kind === 'gossip') judgeTarget(cluster, member, message)
  for (const update of view.gossip) {
    if (update.status === 'dead' && update.node === member.id) member.hasToldLeave = true
    judgeOwner(cluster, member, update.node, update.incarnation)
    judgeKnown(cluster, member, update, before)
    judgeUpdate(cluster, member, update)
    // Who is pinged under suspicion is told so each time.
    const tellsTheSuspect = view.kind === 'ping' && update.status === 'suspect' && update.node === view.target
    if (!tellsTheSuspect) judgeRepeated(cluster, member, update)
  }
}

function judgeTarget(cluster: Cluster, member: Member, { to }: OutgoingMessage): void {
  const { tested, options } = cluster
  const target = cluster.number(to)
  const status = member.status(target)
  tested[R.gossipsToMembers]!++
  const gone = member.now - (member.changedAt[target] ?? member.now)
  const late = status === DEAD && gone > options.gossipToTheDead
  if (target === member.number || status === UNKNOWN || status === LEFT || late) {
    cluster.fail(
      R.gossipsToMembers,
      member,
      `sent gossip to ${to}, which it holds for ${status === LEFT ? 'left' : late ? `dead for ${gone} ms` : 'no other member'}`,
      `gossip to members, and to the dead for ${options.gossipToTheDead} ms`,
    )
  }
  if (status === DEAD) tested[R.gossipsToTheDead]!++
  const passed = (member.now - member.gossipCountedAt) / options.gossipInterval
  member.gossipExcess = Math.max(0, member.gossipExcess - passed) + 1 / options.gossipNodes
  member.gossipCountedAt = member.now
  tested[R.gossipIsPaced]!++
  if (member.gossipExcess <= MOST_EXCESS) return
  cluster.fail(
    R.gossipIsPaced,
    member,
    `sent more gossip than ${options.gossipNodes} messages every ${options.gossipInterval} ms`,
    `that many`,
  )
}

/** Only a member itself makes its incarnation greater. [SWIM] §4.2. */
function judgeOwner(cluster: Cluster, member: Member, node: string, incarnation: number): void {
  const subject = cluster.number(node)
  cluster.tested[R.incarnationByOwner]!++
  const own = Math.max(cluster.ownIncarnation[subject] ?? 0, cluster.members[subject]?.incarnation ?? 0)
  if (incarnation <= own) return
  cluster.fail(
    R.incarnationByOwner,
    member,
    `spoke of incarnation ${incarnation} of ${node}, whose greatest was ${own}`,
    `at most ${own}`,
  )
}

/** What is told on of somebody is what that somebody has shown, or what somebody holds whom the update names. */
function judgeUpdate(cluster: Cluster, member: Member, update: Update): void {
  const { node, status, incarnation, from, address, meta } = update
  const subject = cluster.number(node)
  if (status === 'alive') {
    cluster.tested[R.tellsWhatWasShown]!++
    const shown = cluster.shown[subject]
    // Incarnation 0 is of nobody's own life: such an alive is a way to tell of the dead.
    if (incarnation === 0 || shown === undefined || hasShown(shown, update)) return
    cluster.fail(
      R.tellsWhatWasShown,
      member,
      `said alive ${incarnation} of ${node} with "${meta}" at ${address}, which ${node} has never shown`,
      'what the member has shown as its own',
    )
    return
  }
  cluster.tested[R.accusesByName]!++
  const accusers = cluster.accusers[subject]
  const isOwn = status === 'dead' && from === node
  if (accusers === undefined || isOwn || accusers.has(cluster.number(from))) return
  cluster.fail(
    R.accusesByName,
    member,
    `said that ${from} holds ${node} for ${status}, which ${from} has never done`,
    'the name of who holds it so',
  )
}

function hasShown(shown: readonly Shown[], { incarnation, address, meta }: Update): boolean {
  for (let at = shown.length - 1; at >= 0; at--) {
    const each = shown[at]!
    if (each.incarnation === incarnation && each.meta === meta && each.address === address) return true
  }
  return false
}

/** [ML] net.go handleConn: a table that arrives is answered by the own one. */
export function judgeTableAnswered(
  cluster: Cluster,
  member: Member,
  { from, stream }: OutgoingMessage,
  outputs: readonly Output[],
): void {
  cluster.tested[R.answersTables]!++
  const isAnswer = (output: Output): boolean =>
    output.type === 'message' &&
    output.view.kind === 'push-pull-reply' &&
    output.stream === stream &&
    output.to === from
  if (outputs.some(isAnswer)) return
  cluster.fail(
    R.answersTables,
    member,
    `did not answer the table that ${from} sent`,
    'its own table, on the same stream',
  )
}

/** What is told on is what the teller holds true, or held when the step began, or what it has been told and is past. */
function judgeKnown(cluster: Cluster, member: Member, update: Update, before: ReadonlyMap<number, number>): void {
  const { node, status, incarnation } = update
  const subject = cluster.number(node)
  cluster.tested[R.tellsWhatItKnows]!++
  const known = subject === member.number ? ownRecord(member) : member.known(subject)
  const was = before.get(subject)
  if (fitsRecord(member, known, subject, update) || (was !== undefined && fitsRecord(member, was, subject, update)))
    return
  const rank = statusOf(known)
  cluster.fail(
    R.tellsWhatItKnows,
    member,
    `said ${status} ${incarnation} of ${node}, which it holds for ${rank === ALIVE ? 'alive' : rank === SUSPECT ? 'suspect' : 'gone'} ${incarnationOf(known)}`,
    'what it holds true, or what is past',
  )
}

function fitsRecord(
  member: Member,
  known: number,
  subject: number,
  { node, status, incarnation, from }: Update,
): boolean {
  const held = incarnationOf(known)
  const rank = statusOf(known)
  if (rank === UNKNOWN) return true
  const accused = member.accusations.get(subject) ?? 0
  const said = status === 'alive' ? ALIVE : status === 'suspect' ? SUSPECT : DEAD
  const fits =
    incarnation < held ||
    (incarnation === held && (said <= rank || (rank === LEFT && said === DEAD))) ||
    (said === SUSPECT && incarnation <= accused && rank >= SUSPECT)
  const leaves = status === 'dead' && from === node && incarnation === held && rank !== LEFT && rank !== DEAD
  return fits && !leaves
}

/** What a member may say of itself: alive, or whatever was said of earlier lives of it. */
function ownRecord(member: Member): number {
  return member.known(member.number)
}

/** [ML] util.go retransmitLimit; [SWIM] §4.1. */
function judgeRepeated(cluster: Cluster, member: Member, { node, status, incarnation, from, meta }: Update): void {
  const key = `${node} ${status} ${incarnation} ${from} ${meta}`
  const times = (member.sent.get(key) ?? 0) + 1
  member.sent.set(key, times)
  cluster.tested[R.tellsBoundedTimes]!++
  const most = retransmitLimit(cluster.options.retransmitMult, Math.max(member.greatestSize, 1))
  if (times <= most) return
  cluster.fail(
    R.tellsBoundedTimes,
    member,
    `said ${status} ${incarnation} of ${node} ${times} times`,
    `at most ${most} times among ${member.greatestSize} members`,
  )
}

/** A table that is exchanged is the table. The record of a step: as it was when the step began, or as it is now. */
export function judgeExchange(
  cluster: Cluster,
  member: Member,
  { view, to, stream }: OutgoingMessage,
  before: Before,
  delivered: Message | null,
): void {
  if (view.kind !== 'push-pull' && view.kind !== 'push-pull-reply') return
  const { tested } = cluster
  tested[R.exchangesWholeTable]!++
  const wrong = view.members.find((each) => !isOwn(cluster, member, each, before))
  const missing = missingFrom(cluster, member, view.members, before.records)
  if (wrong !== undefined || missing !== null) {
    cluster.fail(
      R.exchangesWholeTable,
      member,
      wrong === undefined
        ? `sent ${to} a table without ${missing!}`
        : `sent ${to} a table in which ${wrong.node} is ${wrong.status} ${wrong.incarnation}`,
      'its own table, whole',
    )
    return
  }
  for (const { node, incarnation } of view.members) judgeOwner(cluster, member, node, incarnation)
  if (view.kind === 'push-pull') {
    member.opened.set(stream, member.now)
  } else if (delivered?.kind !== 'push-pull') {
    cluster.fail(R.exchangesWholeTable, member, `sent ${to} a table that it had not asked for`, 'a reply to a table')
  }
}

function isOwn(cluster: Cluster, member: Member, each: MemberRecord, before: Before): boolean {
  const subject = cluster.number(each.node)
  const told = packed(each)
  const { address, meta } = each
  if (member.known(subject) !== told && before.records.get(subject) !== told) return false
  if (meta !== member.metas[subject] && meta !== before.metas.get(subject)) return false
  return address === member.addresses[subject] || before.records.has(subject)
}

function missingFrom(
  cluster: Cluster,
  member: Member,
  told: readonly MemberRecord[],
  before: ReadonlyMap<number, number>,
): string | null {
  if (told.length >= member.size) return null
  const names = new Set(told.map(({ node }) => cluster.number(node)))
  for (let subject = 0; subject < member.table.length; subject++) {
    if (member.status(subject) === UNKNOWN || names.has(subject)) continue
    if (statusOf(before.get(subject) ?? ALIVE) === UNKNOWN) continue
    return cluster.name(subject)
  }
  return null
}
