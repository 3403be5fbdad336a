/** Judges who is pinged, when, and what is made of answers and silence. Instants are local. [SWIM] §3.1; [ML] state.go. */
import type { Message, OutgoingMessage, Output } from '../../models/swim/vocabulary.ts'
import { ALIVE, SUSPECT, incarnationOf, isGone, scoreAfter, statusOf } from '../../models/swim/rules.ts'
import type { Cluster } from './cluster.ts'
import type { Member, Probe, Relay } from './member.ts'
import { R } from './requirements.ts'
import { noteConfirmation } from './suspicions.ts'

type View<Kind extends Message['kind']> = Extract<Message, { readonly kind: Kind }>

/** Rounding of instants, and what happens at one instant in either order. */
const GRANULE = 1
/** Probes and relays that are remembered: late answers to older ones mean nothing. */
const MOST_REMEMBERED = 256
/** Members that draws may miss: each with a probability of 5 %, so more than these once in a hundred thousand probes. */
const MOST_OVERLOOKED = 4
/** More probes than periods at most: one that took long lets the next begin at once. */
const MOST_EXCESS = 2.5

const isPresent = (status: number): boolean => status === ALIVE || status === SUSPECT

/** What the input of a step asks for: noted before what was sent is judged, and checked after. */
export interface Owed {
  /** A ping, or request to ping, that has to be answered, or that must not be. */
  ping: OutgoingMessage | null
  request: OutgoingMessage | null
  streamPing: OutgoingMessage | null
  /** A request whose answer has come. */
  relay: Relay | null
  acknowledged: boolean
  relayed: boolean
  passedOn: boolean
  streamed: boolean
}

export const nothingOwed = (): Owed => ({
  ping: null,
  request: null,
  streamPing: null,
  relay: null,
  acknowledged: false,
  relayed: false,
  passedOn: false,
  streamed: false,
})

/** What a message that arrives asks for, and what it answers. */
export function noteArrival(cluster: Cluster, member: Member, message: OutgoingMessage): Owed {
  const owed = nothingOwed()
  const { view } = message
  switch (view.kind) {
    case 'ping':
      owed.ping = message
      break
    case 'indirect-ping':
      owed.request = message
      break
    case 'stream-ping':
      owed.streamPing = message
      break
    case 'ack':
      noteAck(cluster, member, view, owed)
      break
    case 'stream-ack': {
      const probe = member.probes.get(view.sequence)
      if (probe !== undefined && member.now <= probe.deadline) probe.answeredOnStream = true
      break
    }
    case 'nack': {
      const probe = member.probes.get(view.sequence)
      if (probe !== undefined && !probe.answered && member.now <= probe.deadline) probe.nacks++
      break
    }
    default:
  }
  return owed
}

function noteAck(cluster: Cluster, member: Member, { sequence }: View<'ack' | 'nack'>, owed: Owed): void {
  const probe = member.requests.get(sequence) ?? member.probes.get(sequence)
  if (probe !== undefined && member.now <= probe.deadline) probe.answered = true
  const relay = member.relays.get(sequence)
  if (relay === undefined || relay.answered || relay.ended) return
  if (member.now > relay.sentAt + cluster.options.probeTimeout) return
  relay.answered = true
  owed.relay = relay
}

/**
 * Judges one message that a member sent in a step with this input; `before` are the records that the step changed, as
 * they were when it began: timers of one instant run in any order.
 */
export function judgeProbing(
  cluster: Cluster,
  member: Member,
  message: OutgoingMessage,
  owed: Owed,
  before: ReadonlyMap<number, number>,
): void {
  const { view } = message
  switch (view.kind) {
    case 'ping':
      return judgePing(cluster, member, message, view, owed, before)
    case 'indirect-ping':
      return judgeRequest(cluster, member, message, view)
    case 'ack':
      return judgeAck(cluster, member, message, view, owed)
    case 'nack':
      return judgeNack(cluster, member, message, view)
    case 'stream-ping':
      return judgeStreamPing(cluster, member, message, view)
    case 'stream-ack':
      owed.streamed ||= answersOnStream(owed, message, view)
      return
    default:
  }
}

function answersOnStream(
  { streamPing }: Owed,
  { stream, to }: OutgoingMessage,
  { sequence }: View<'stream-ack'>,
): boolean {
  if (streamPing?.view.kind !== 'stream-ping') return false
  return streamPing.stream === stream && streamPing.from === to && streamPing.view.sequence === sequence
}

function judgePing(
  cluster: Cluster,
  member: Member,
  { to }: OutgoingMessage,
  view: View<'ping'>,
  owed: Owed,
  before: ReadonlyMap<number, number>,
): void {
  const { tested } = cluster
  const target = cluster.number(view.target)
  tested[R.sequencesDiffer]!++
  if (member.probes.has(view.sequence) || member.relays.has(view.sequence)) {
    cluster.fail(
      R.sequencesDiffer,
      member,
      `pinged ${view.target} by sequence number ${view.sequence}, which it used before`,
      'a number of its own for each ping',
    )
    return
  }
  const home = cluster.homes.get(member.addresses[target] ?? '')
  if (home !== undefined && cluster.number(to) !== home && before.get(target) === undefined) {
    cluster.fail(
      R.probesMembers,
      member,
      `sent ${to} a ping for ${view.target}, which it knows at ${member.addresses[target]!}`,
      `a ping to ${view.target}`,
    )
    return
  }
  const request = owed.request?.view
  if (request?.kind === 'indirect-ping' && request.target === view.target && !owed.relayed) {
    owed.relayed = true
    const requester = cluster.number(owed.request!.from)
    remember(member.relays, view.sequence, {
      requester,
      requested: request.sequence,
      target,
      sentAt: member.now,
      nack: request.nack,
      answered: false,
      ended: false,
    })
    return
  }
  judgeProbe(cluster, member, target, view, to, before)
}

function judgeProbe(
  cluster: Cluster,
  member: Member,
  target: number,
  view: View<'ping'>,
  to: string,
  before: ReadonlyMap<number, number>,
): void {
  const { tested, options } = cluster
  const status = member.status(target)
  const statusBefore = statusOf(before.get(target) ?? member.known(target))
  tested[R.probesMembers]!++
  if (target === member.number || !(isPresent(status) || isPresent(statusBefore)) || to !== view.target) {
    cluster.fail(
      R.probesMembers,
      member,
      `pinged ${view.target}${to === view.target ? '' : ` by a ping to ${to}`}, which it holds for ${target === member.number ? 'itself' : isGone(status) ? 'gone' : status === 0 ? 'unknown' : 'a member'}`,
      'pings to members that it holds for alive or suspects',
    )
    return
  }
  if (status === SUSPECT && statusBefore === SUSPECT && cluster.lifeguard) {
    tested[R.tellsTheSuspect]!++
    const tells = view.gossip.some(({ status: said, node }) => said === 'suspect' && node === view.target)
    if (!tells) {
      cluster.fail(
        R.tellsTheSuspect,
        member,
        `pinged ${view.target}, which it suspects, without telling it so`,
        `suspect ${view.target} in the same message`,
      )
    }
  }
  judgePace(cluster, member)
  judgeRound(cluster, member, target)
  // Whoever goes on to the next one has made up its mind about the last.
  if (member.probe !== null && member.now >= member.probe.deadline) judgeSilence(cluster, member, member.probe)
  const score = Math.max(member.score, member.scoreBefore)
  const probe: Probe = {
    target,
    sequence: view.sequence,
    sentAt: member.now,
    deadline: member.now + options.probeInterval * (score + 1),
    known: member.known(target),
    helpers: new Set(),
    tableSize: Math.max(member.size, member.sizeBefore),
    nacksWanted: 0,
    nacks: 0,
    answered: false,
    answeredOnStream: false,
    scored: false,
    failsAt: member.now + options.probeInterval * (member.score + 1),
    confirmed: false,
  }
  member.probe = probe
  remember(member.probes, view.sequence, probe)
}

function remember<Value>(map: Map<number, Value>, key: number, value: Value): void {
  map.set(key, value)
  if (map.size > MOST_REMEMBERED) map.delete(map.keys().next().value!)
}

/** One member a period, in the long run. */
function judgePace(cluster: Cluster, member: Member): void {
  const passed = (member.now - member.probeCountedAt) / cluster.options.probeInterval
  member.probeExcess = Math.max(0, member.probeExcess - passed) + 1
  member.probeCountedAt = member.now
  cluster.tested[R.probesOncePerPeriod]!++
  if (member.probeExcess <= MOST_EXCESS) return
  cluster.fail(
    R.probesOncePerPeriod,
    member,
    `began ${member.probeExcess.toFixed(1)} probes more than periods went by`,
    'one probe a period',
  )
}

/** Every member once in each round: two rounds hold each at most two round lengths apart. */
function judgeRound(cluster: Cluster, member: Member, target: number): void {
  member.probeCount++
  member.probed[target] = member.probeCount
  // One other is looked at in each probe, so that nobody is passed over for good.
  const other = member.probeCount % Math.max(1, member.table.length)
  const status = member.status(other)
  if (other === member.number || (status !== ALIVE && status !== SUSPECT)) return
  cluster.tested[R.probesRoundRobin]!++
  const since = member.probeCount - (member.probed[other] ?? member.probeCount)
  const most = 2 * member.greatestSize + 2
  if (since <= most) return
  cluster.fail(
    R.probesRoundRobin,
    member,
    `made ${since} probes since it last probed ${cluster.name(other)}`,
    `at most ${most}: twice the number of members`,
  )
}

function judgeRequest(cluster: Cluster, member: Member, { to }: OutgoingMessage, view: View<'indirect-ping'>): void {
  const { tested, options } = cluster
  const { probe } = member
  const helper = cluster.number(to)
  tested[R.asksHelpers]!++
  if (
    probe === null ||
    cluster.name(probe.target) !== view.target ||
    (cluster.exact && probe.sequence !== view.sequence)
  ) {
    cluster.fail(
      R.asksHelpers,
      member,
      `asked ${to} to ping ${view.target} by number ${view.sequence}, which it has not pinged so itself`,
      'requests for the member that it probes',
    )
    return
  }
  if (probe.answered || member.now < probe.sentAt + options.probeTimeout - GRANULE) {
    cluster.fail(
      R.asksHelpers,
      member,
      `asked ${to} to ping ${view.target} ${member.now - probe.sentAt} ms after it had done so${probe.answered ? ', and was answered' : ''}`,
      `requests after ${options.probeTimeout} ms without an answer`,
    )
    return
  }
  tested[R.helpersAreOthers]!++
  const known = member.status(helper)
  if (
    helper === probe.target ||
    helper === member.number ||
    (cluster.exact ? known !== ALIVE : isGone(known)) ||
    probe.helpers.has(helper)
  ) {
    cluster.fail(
      R.helpersAreOthers,
      member,
      `asked ${to} to ping ${view.target}`,
      'requests to alive members, each once, other than the one probed',
    )
    return
  }
  probe.helpers.add(helper)
  probe.tableSize = Math.max(probe.tableSize, member.size, member.sizeBefore)
  if (view.sequence !== probe.sequence) remember(member.requests, view.sequence, probe)
  if (view.nack) probe.nacksWanted++
  tested[R.helpersAreBounded]!++
  if (probe.helpers.size > options.indirectChecks) {
    cluster.fail(
      R.helpersAreBounded,
      member,
      `asked ${probe.helpers.size} members to ping ${view.target}`,
      `at most ${options.indirectChecks}`,
    )
  }
  if (cluster.lifeguard) {
    tested[R.wantsNacks]!++
    if (!view.nack)
      cluster.fail(R.wantsNacks, member, `asked ${to} to ping ${view.target}, and wants no nack`, 'a wish for a nack')
  }
}

function judgeAck(
  cluster: Cluster,
  member: Member,
  { to }: OutgoingMessage,
  view: View<'ack' | 'nack'>,
  owed: Owed,
): void {
  const { ping, relay } = owed
  cluster.tested[R.acksPingsOnly]!++
  if (ping !== null && ping.from === to && ping.view.kind === 'ping' && ping.view.sequence === view.sequence) {
    cluster.tested[R.ignoresForeignPings]!++
    if (ping.view.target !== member.id) {
      cluster.fail(
        R.ignoresForeignPings,
        member,
        `answered a ping for ${ping.view.target}`,
        'silence: the ping is for another name',
      )
    }
    owed.acknowledged = true
    return
  }
  if (relay !== null && cluster.name(relay.requester) === to && relay.requested === view.sequence) {
    owed.passedOn = true
    return
  }
  // An ack that comes at the last instant may be passed on or not.
  const late = [...member.relays.values()].some(
    (each) => each.answered && cluster.name(each.requester) === to && each.requested === view.sequence,
  )
  if (late) return
  cluster.fail(
    R.acksPingsOnly,
    member,
    `sent ${to} an ack of ${view.sequence}, which answers nothing that it was asked`,
    'acks of pings that arrived, and those that it passes on',
  )
}

function judgeNack(cluster: Cluster, member: Member, { to }: OutgoingMessage, view: View<'ack' | 'nack'>): void {
  cluster.tested[R.nacksSilenceOnly]!++
  const due = [...member.relays.values()].filter(
    (relay) =>
      !relay.ended &&
      cluster.name(relay.requester) === to &&
      relay.requested === view.sequence &&
      relay.nack &&
      member.now >= relay.sentAt + cluster.options.probeTimeout - GRANULE,
  )
  // A request that arrived twice is two: the nack is of the one that has no answer.
  const relay = due.find(({ answered }) => !answered) ?? due[0]
  if (relay !== undefined) {
    relay.ended = true
    cluster.tested[R.sendsNacks]!++
    return
  }
  cluster.fail(
    R.nacksSilenceOnly,
    member,
    `sent ${to} a nack of ${view.sequence}`,
    'nacks of requests that asked for one, when a ping was not answered in time',
  )
}

function judgeStreamPing(cluster: Cluster, member: Member, { to }: OutgoingMessage, view: View<'stream-ping'>): void {
  const { probe } = member
  cluster.tested[R.streamPingIsLast]!++
  const due = probe !== null && cluster.name(probe.target) === view.target && to === view.target && !probe.answered
  if (due && cluster.options.streamPing && member.now >= probe.sentAt + cluster.options.probeTimeout - GRANULE) return
  cluster.fail(
    R.streamPingIsLast,
    member,
    `pinged ${view.target} on a stream`,
    cluster.options.streamPing ? 'that, when its ping was not answered in time' : 'no pings on streams',
  )
}

/** What the input of the step asked for was done in it. */
export function judgeOwed(cluster: Cluster, member: Member, owed: Owed): void {
  const { tested } = cluster
  const { ping, request, relay, streamPing } = owed
  if (ping?.view.kind === 'ping' && ping.view.target === member.id) {
    tested[R.answersPings]!++
    if (!owed.acknowledged) {
      cluster.fail(R.answersPings, member, `did not answer ping ${ping.view.sequence} of ${ping.from}`, 'an ack')
    }
  } else if (ping !== null) tested[R.ignoresForeignPings]!++
  if (streamPing?.view.kind === 'stream-ping') {
    const own = streamPing.view.target === member.id
    tested[own ? R.answersPings : R.ignoresForeignPings]!++
    if (owed.streamed !== own) {
      cluster.fail(
        own ? R.answersPings : R.ignoresForeignPings,
        member,
        `${own ? 'did not answer' : 'answered'} ping ${streamPing.view.sequence} for ${streamPing.view.target} on a stream`,
        own ? 'an ack' : 'silence: the ping is for another name',
      )
    }
  }
  if (request?.view.kind === 'indirect-ping') {
    tested[R.pingsForOthers]!++
    if (!owed.relayed) {
      cluster.fail(
        R.pingsForOthers,
        member,
        `did not ping ${request.view.target}, as ${request.from} had asked it to`,
        'a ping at once',
      )
    }
  }
  if (relay !== null) {
    tested[R.passesOnAcks]!++
    if (!owed.passedOn && member.now < relay.sentAt + cluster.options.probeTimeout) {
      cluster.fail(
        R.passesOnAcks,
        member,
        `did not pass on to ${cluster.name(relay.requester)} that ${cluster.name(relay.target)} had answered`,
        `an ack of ${relay.requested}`,
      )
    }
  }
}

/** Whoever probes a suspect in vain confirms the suspicion by that. [ML] state.go probeNode, suspectNode. */
export function noteSilence(cluster: Cluster, member: Member, probe: Probe): void {
  if (probe.confirmed || probe.answered || probe.answeredOnStream || member.now < probe.failsAt) return
  probe.confirmed = true
  const { target: subject, known } = probe
  noteConfirmation(cluster, member, { subject, incarnation: incarnationOf(known), from: member.id })
}

/** Counts the helpers that are asked in a step, before it is judged what became of the probe. */
export function noteAsked(cluster: Cluster, member: Member, outputs: readonly Output[]): void {
  const { probe } = member
  member.asked = 0
  if (probe === null) return
  for (const output of outputs) {
    if (output.type !== 'message' || output.view.kind !== 'indirect-ping') continue
    if (output.view.target === cluster.name(probe.target)) member.asked++
  }
}

/** Whether a failed probe explains a suspicion; says what is wrong with it. */
export function failedProbe(cluster: Cluster, member: Member, subject: number): boolean {
  const { probe } = member
  if (probe === null || probe.target !== subject) return false
  const { tested } = cluster
  const name = cluster.name(subject)
  tested[R.suspectsTheSilent]!++
  tested[R.waitsForAnswers]!++
  if (probe.answered || probe.answeredOnStream) {
    cluster.fail(
      R.waitsForAnswers,
      member,
      `suspects ${name}, which answered its ping ${probe.sequence}`,
      'no suspicion',
    )
    return true
  }
  const earliest = cluster.exact ? probe.failsAt : Math.min(probe.sentAt + cluster.options.probeTimeout, probe.failsAt)
  if (member.now < earliest - GRANULE) {
    cluster.fail(
      R.waitsForAnswers,
      member,
      `suspects ${name} ${member.now - probe.sentAt} ms after it pinged it`,
      `suspicion after ${earliest - probe.sentAt} ms without an answer`,
    )
    return true
  }
  tested[R.asksHelpersFirst]!++
  const { indirectChecks } = cluster.options
  // [ML] util.go kRandomNodes looks at every member of small tables, and draws in greater ones.
  const overlooked = Math.max(probe.tableSize, member.sizeBefore) < 3 * indirectChecks ? 0 : MOST_OVERLOOKED
  const wanted = Math.min(indirectChecks, others(member, subject) - overlooked)
  // Where the period is no longer than the probe timeout, they are asked in the very step.
  if (probe.helpers.size + member.asked < wanted) {
    cluster.fail(
      R.asksHelpersFirst,
      member,
      `suspects ${name}, and asked ${probe.helpers.size} others to ping it`,
      `requests to ${wanted} before`,
    )
  }
  return true
}

/** Members that could help to probe one, as long as it lasted. */
function others(member: Member, subject: number): number {
  const since = member.probe!.sentAt
  let count = 0
  for (let number = 0; number < member.table.length; number++) {
    if (number === member.number || number === subject) continue
    if (statusOf(member.table[number] ?? 0) === ALIVE && (member.changedAt[number] ?? 0) < since) count++
  }
  return count
}

/** A probe that got no answer ends in a suspicion. */
function judgeSilence(cluster: Cluster, member: Member, probe: Probe): void {
  if (probe.answered || probe.answeredOnStream) return
  if (member.known(probe.target) !== probe.known || statusOf(probe.known) !== ALIVE) return
  // It may be what it was once more: suspected, dead, forgotten, and met again.
  if ((member.changedAt[probe.target] ?? 0) > probe.sentAt) return
  cluster.tested[R.suspectsTheSilent]!++
  cluster.fail(
    R.suspectsTheSilent,
    member,
    `does not suspect ${cluster.name(probe.target)}, which did not answer ping ${probe.sequence} within ${probe.deadline - probe.sentAt} ms`,
    'a suspicion',
  )
}

/** Whether a member has nobody to probe, or need not: it is alone, or leaving. */
export function isIdle(member: Member): boolean {
  return member.leaving || member.present <= 1
}

/** Time has passed at a member: what it should have done by now was done. */
export function judgeProbesOverdue(cluster: Cluster, member: Member): void {
  const { probe } = member
  const { probeInterval, probeTimeout } = cluster.options
  if (probe !== null && member.now > probe.deadline + GRANULE) judgeSilence(cluster, member, probe)
  for (const relay of member.relays.values()) {
    if (!relay.nack || relay.answered || relay.ended || member.now <= relay.sentAt + probeTimeout + GRANULE) continue
    relay.ended = true
    if (!cluster.lifeguard) continue
    cluster.tested[R.sendsNacks]!++
    cluster.fail(
      R.sendsNacks,
      member,
      `did not tell ${cluster.name(relay.requester)} that ${cluster.name(relay.target)} has not answered for ${probeTimeout} ms`,
      `a nack of ${relay.requested}`,
    )
  }
  if (isIdle(member)) {
    member.idleSince = member.now
    return
  }
  cluster.tested[R.probesEveryPeriod]!++
  const since = member.now - Math.max(member.idleSince, probe?.sentAt ?? 0)
  // The last period was as long as the score of its beginning made it; and one may pass while a round of all begins.
  const lasted = Math.max((member.score + 1) * probeInterval, probe === null ? 0 : probe.deadline - probe.sentAt)
  const most = lasted + 2 * probeInterval
  if (since > most) {
    cluster.fail(R.probesEveryPeriod, member, `has probed nobody for ${since} ms`, `a probe within ${most} ms`)
  }
}

/** How a probe ended in a step, as far as its end can be told. */
export type ProbeEnd = 'ended' | 'may have ended' | 'goes on'

/** `before` is the probe that was under way when the step began; `hadAnswer`: whether it was answered then. */
export function probeEnd(member: Member, before: Probe | null, hadAnswer: boolean, suspected: boolean): ProbeEnd {
  if (before === null || before.scored) return 'goes on'
  if (before.answered && !hadAnswer && member.now < before.failsAt) return 'ended'
  if (suspected) return 'ended'
  return member.now >= before.failsAt - GRANULE ? 'may have ended' : 'goes on'
}

/** [ML] awareness.go; [Lifeguard] §IV.A: each answer makes it better, each refutation and each failed probe worse. */
export function judgeScore(
  cluster: Cluster,
  member: Member,
  refuted: number,
  before: Probe | null,
  end: ProbeEnd,
): void {
  const { score, scoreBefore } = member
  const most = cluster.options.awarenessMaxMultiplier - 1
  const { tested } = cluster
  tested[R.scoreIsBounded]!++
  if (score < 0 || score > most) {
    cluster.fail(R.scoreIsBounded, member, `its health score is ${score}`, `0 to ${most}`)
    return
  }
  const causes: number[] = Array.from({ length: refuted }, () => 1)
  const reached = new Set<number>()
  const reach = (all: readonly number[]): void => {
    for (const order of [all, all.toReversed()]) {
      reached.add(order.reduce((from, each) => scoreAfter(from, each, most + 1), scoreBefore))
    }
  }
  const change = before === null ? 0 : probeChange(before)
  if (end !== 'ended') reach(causes)
  // What refutations explain alone tells nothing of a probe that may go on.
  const isScored = !reached.has(score)
  if (end !== 'goes on') reach([...causes, change])
  if (before !== null && end !== 'goes on' && isScored) before.scored = true
  if (refuted > 0) tested[R.refutingCosts]!++
  if (end === 'ended') tested[change < 0 ? R.answersHeal : R.silenceCosts]!++
  if (reached.has(score)) return
  const requirement = refuted > 0 ? R.refutingCosts : change < 0 && end === 'ended' ? R.answersHeal : R.silenceCosts
  cluster.fail(requirement, member, `its health score went from ${scoreBefore} to ${score}`, [...reached].join(' or '))
}

function probeChange(probe: Probe): number {
  if (probe.answered || probe.answeredOnStream) return -1
  return probe.nacksWanted > 0 ? Math.max(0, probe.nacksWanted - probe.nacks) : 1
}
