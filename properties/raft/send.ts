/**
 * Judges what a member says. Messages may leave later than the input that caused them (a disk was busy), so each is
 * judged by what its sender knew or was allowed when it was in that term, not by the input of its step.
 */
import type { Entry, Message, OutgoingMessage, View } from '../../models/raft/vocabulary.ts'
import { isQuorum } from '../../models/raft/rules.ts'
import { configurationText, isEntry } from './cluster.ts'
import type { Cluster } from './cluster.ts'
import type { Member } from './member.ts'
import { confirmedSince } from './receive.ts'
import { R } from './requirements.ts'
import { names, notePreCampaign } from './role.ts'

export function judgeMessage(cluster: Cluster, member: Member, message: OutgoingMessage, now: number): void {
  judgeContents(cluster, member, message, now)
  if (message.view.term !== member.term) judgeTermTold(cluster, member, message.view)
}

function judgeContents(cluster: Cluster, member: Member, message: OutgoingMessage, now: number): void {
  const { view } = message
  const to = cluster.member(message.to)
  switch (view.kind) {
    case 'append-entries':
      judgeAppendSent(cluster, member, to, view, now)
      return
    case 'append-entries-response':
      judgeAcknowledgement(cluster, member, to, view)
      judgeRoundAnswered(cluster, member, to, view)
      return
    case 'heartbeat-response':
      judgeRoundAnswered(cluster, member, to, view)
      return
    case 'install-snapshot-response':
      judgeAcknowledgement(cluster, member, to, view)
      return
    case 'heartbeat':
      judgeHeartbeatSent(cluster, member, to, view, now)
      return
    case 'install-snapshot':
      judgeSnapshotSent(cluster, member, to, view, now)
      return
    case 'request-vote':
      if (view.term === member.campaignTerm) member.asked |= 1 << to.number
      judgeVoteAsked(cluster, member, view)
      return
    case 'request-vote-response':
      if (view.granted) judgeVoteGranted(cluster, member, to, view)
      return
    case 'pre-vote':
      judgePreVoteAsked(cluster, member, view, now)
      return
    case 'pre-vote-response':
      if (view.granted) judgePreVoteGranted(cluster, member, to, view)
      return
    case 'timeout-now':
      judgeTimeoutNowSent(cluster, member, to, view, now)
      return
    case 'read-index-response':
      judgeReadIndexSent(cluster, member, view)
      return
    case 'read-index':
      if (!member.readsAsked.has(view.request)) member.readsAsked.set(view.request, cluster.step)
      return
    case 'member-removed':
    case 'propose':
      return
  }
}

/**
 * What a member tells of its term is its term. A pre-vote, and its grant, speak of a term that may never begin; [ER]
 * sends proposals and requests to read without a term.
 */
function judgeTermTold(cluster: Cluster, member: Member, view: Message): void {
  const { term } = view
  switch (view.kind) {
    case 'pre-vote':
      return
    case 'pre-vote-response':
      if (view.granted) return
      break
    case 'read-index':
    case 'propose':
      if (term < member.term) return
      break
    default:
  }
  if (term > member.term) {
    cluster.fail(
      R.termRisesByCause,
      member,
      `sent ${view.kind} of term ${term}, and is in term ${member.term}`,
      `at most term ${member.term}`,
    )
  } else if (term < member.oldestTerm) {
    cluster.fail(
      R.termNeverFalls,
      member,
      `sent ${view.kind} of term ${term}, and is in term ${member.term}`,
      `at least term ${member.oldestTerm}`,
    )
  }
}

/** Whether the sender led in the message's term; the term's only leader is the sender of all its appends. */
function judgeLeads(cluster: Cluster, member: Member, kind: string, term: number): void {
  cluster.tested[R.onlyLeaderAppends]!++
  // What it led before it crashed, it leads no more; nor what it lost, once nothing is held up by its disk.
  const leads = member.role === 'leader' || member.roleBefore === 'leader' || member.wasBusy
  if (cluster.leaders.get(term) !== member || member.ledTerm < term || !leads) {
    cluster.fail(
      R.onlyLeaderAppends,
      member,
      `sent ${kind} of term ${term}, which it does not lead (it is ${member.role} of term ${member.term})`,
      'nothing that only a leader sends',
    )
  }
}

function noteRound(cluster: Cluster, member: Member, term: number, round: number, now: number): void {
  if (round > 0 && term === member.term && member.role === 'leader' && !member.rounds.has(round)) {
    member.rounds.set(round, { step: cluster.step, at: now })
  }
}

function judgeAppendSent(
  cluster: Cluster,
  member: Member,
  to: Member,
  view: View<'append-entries'>,
  now: number,
): void {
  judgeLeads(cluster, member, 'append-entries', view.term)
  const { tested } = cluster
  const leads = member.role === 'leader' && member.term === view.term
  member.sent[to.number] = now
  member.appendedAt[to.number] = cluster.step
  noteRound(cluster, member, view.term, view.round, now)
  tested[R.appendTellsOwnLog]!++
  const { log } = member
  const { previousIndex, entries } = view
  const previous = leads ? log.termAt(previousIndex) : -1
  let wrong = previous !== -1 ? previous !== view.previousTerm : leads && previousIndex > log.lastIndex
  for (let position = 0; position < entries.length && !wrong; position++) {
    const entry = entries[position]!
    if (entry.index !== previousIndex + position + 1) wrong = true
    else if (leads && entry.index > log.base) {
      const own = log.at(entry.index)
      wrong = own === null || !isEntry(own, entry)
    } else wrong = !isKnown(cluster, entry)
  }
  if (wrong) {
    cluster.fail(
      R.appendTellsOwnLog,
      member,
      `sent ${to.id} ${entries.length} entries behind (index ${previousIndex}, term ${view.previousTerm}) that are not those of its log`,
      'contiguous entries of its log and the position before them',
    )
  }
  judgeCommitTold(cluster, member, view.term, view.commit, to)
  if (cluster.claims.profiles.has('raft-flow-control') && leads) judgeFlow(cluster, member, to, view)
}

function isKnown(cluster: Cluster, entry: Entry): boolean {
  for (let record = cluster.records[entry.index] ?? null; record !== null; record = record.next) {
    if (record.term === entry.term) return isEntry(record, entry)
  }
  return false
}

function judgeCommitTold(cluster: Cluster, member: Member, term: number, commit: number, to: Member): void {
  if (member.term !== term) return
  cluster.tested[R.appendTellsOwnCommit]!++
  if (commit > member.commit) {
    cluster.fail(
      R.appendTellsOwnCommit,
      member,
      `told ${to.id} commit index ${commit}, and its own is ${member.commit}`,
      `at most ${member.commit}`,
    )
  }
}

function judgeFlow(cluster: Cluster, member: Member, to: Member, view: View<'append-entries'>): void {
  const { tested, options } = cluster
  const { number } = to
  tested[R.entriesBounded]!++
  if (view.entries.length > options.maxEntries) {
    cluster.fail(
      R.entriesBounded,
      member,
      `sent ${to.id} ${view.entries.length} entries in one append`,
      `at most ${options.maxEntries}`,
    )
  }
  tested[R.nextAboveMatch]!++
  if (view.previousIndex < member.matchFloor[number]!) {
    cluster.fail(
      R.nextAboveMatch,
      member,
      `sent ${to.id} entries behind index ${view.previousIndex}, though it acknowledged ${member.match[number]!}`,
      `nothing before index ${member.match[number]! + 1}`,
    )
  }
  const last = view.previousIndex + view.entries.length
  if (view.entries.length === 0) return
  const window = member.inflight[number]!
  // Who sends again what it sent before has gone back: what it sent behind that is on its way no more.
  while (window.length > 0 && window[window.length - 1]! > view.previousIndex) window.pop()
  window.push(last)
  if (last > member.match[number]!) member.unacknowledged[number]!.push(last)
  tested[R.windowBoundsInflight]!++
  if (window.length >= options.maxInflight) cluster.windowFilled = true
  // One more may go out while the window opens.
  if (window.length > options.maxInflight + 1) {
    cluster.fail(
      R.windowBoundsInflight,
      member,
      `sent ${to.id} ${window.length} appends of entries, up to ${window.join(', ')}, that it has not acknowledged`,
      `at most ${options.maxInflight}`,
    )
  }
}

/**
 * After an acknowledgement that tells of more, the window is open again. All appends behind it count as on their way,
 * those too that were lost, so that no implementation can have more.
 */
export function judgeSentOn(cluster: Cluster, member: Member, to: Member, view: View<'append-entries-response'>): void {
  if (!view.success || !cluster.claims.profiles.has('raft-flow-control')) return
  if (member.roleBefore !== 'leader' || member.role !== 'leader' || view.term !== member.term) return
  // [ER] gives its messages out together with its writes, one batch after the other.
  if (member.wasBusy || member.busySince >= 0) return
  const { number } = to
  const match = member.match[number]!
  const isMember = ((member.voters | member.outgoing | member.learners) >> number) & 1
  if (view.index !== match || match < member.log.base || match >= member.log.lastIndex || isMember === 0) return
  const window = member.unacknowledged[number]!
  if (window.length >= cluster.options.maxInflight) return
  cluster.tested[R.sendsOn]!++
  const sent = window.reduce((greatest, last) => Math.max(greatest, last), match)
  if (sent >= member.log.lastIndex) return
  cluster.advise(
    R.sendsOn,
    member,
    `sent ${to.id} nothing behind index ${sent} when it acknowledged ${match}, and its log ends at index ${member.log.lastIndex}`,
    'the next entries, since the window has room',
  )
}

function judgeHeartbeatSent(cluster: Cluster, member: Member, to: Member, view: View<'heartbeat'>, now: number): void {
  judgeLeads(cluster, member, 'heartbeat', view.term)
  member.sent[to.number] = now
  noteRound(cluster, member, view.term, view.round, now)
  judgeCommitTold(cluster, member, view.term, view.commit, to)
  if (member.role !== 'leader' || member.term !== view.term) return
  cluster.tested[R.heartbeatCommitMatched]!++
  if (view.commit > member.match[to.number]!) {
    cluster.fail(
      R.heartbeatCommitMatched,
      member,
      `told ${to.id} commit index ${view.commit} in a heartbeat, and ${to.id} acknowledged only ${member.match[to.number]!}`,
      `at most ${member.match[to.number]!}`,
    )
  }
}

function judgeSnapshotSent(
  cluster: Cluster,
  member: Member,
  to: Member,
  view: View<'install-snapshot'>,
  now: number,
): void {
  judgeLeads(cluster, member, 'install-snapshot', view.term)
  const { tested } = cluster
  member.sent[to.number] = now
  tested[R.snapshotCoversCommitted]!++
  if (view.lastIndex > member.applied) {
    cluster.fail(
      R.snapshotCoversCommitted,
      member,
      `sent a snapshot up to index ${view.lastIndex}, and has applied ${member.applied}`,
      `at most index ${member.applied}`,
    )
    return
  }
  tested[R.snapshotTellsLastEntry]!++
  const committed = cluster.committedRecords[view.lastIndex]
  const configuration = cluster.configurationAt(view.lastIndex)
  const term = committed?.term ?? member.log.termAt(view.lastIndex)
  const wrongTerm = term !== -1 && term !== view.lastTerm
  const wrongConfiguration = configuration !== null && configuration !== configurationText(view.configuration)
  if (wrongTerm || wrongConfiguration) {
    cluster.fail(
      R.snapshotTellsLastEntry,
      member,
      `sent a snapshot up to (index ${view.lastIndex}, term ${view.lastTerm}) with ${configurationText(view.configuration)}`,
      wrongTerm ? `term ${term}` : `${configuration}`,
    )
  }
  judgeStateDigest(cluster, member, view.lastIndex, view.digest, R.appliedAgree)
}

/** Members that have applied the same index hold the same state, so snapshots of one index have one digest. */
export function judgeStateDigest(
  cluster: Cluster,
  member: Member,
  index: number,
  digest: string,
  requirement: number,
): void {
  const known = cluster.snapshots.get(index)
  cluster.tested[requirement]!++
  if (known === undefined) cluster.snapshots.set(index, digest)
  else if (known !== digest) {
    cluster.fail(
      requirement,
      member,
      `its state machine after index ${index} has digest "${digest}", elsewhere "${known}"`,
      `"${known}"`,
    )
  }
}

function judgeVoteAsked(cluster: Cluster, member: Member, view: View<'request-vote'>): void {
  const { tested } = cluster
  tested[R.voteRequestTellsOwnLog]!++
  // A request of an earlier campaign may leave late; only the latest is remembered.
  if (view.term < member.campaignTerm && member.wasBusy) return
  if (
    view.term !== member.campaignTerm ||
    view.lastIndex !== member.campaignIndex ||
    view.lastTerm !== member.campaignLogTerm
  ) {
    cluster.fail(
      R.voteRequestTellsOwnLog,
      member,
      `asked for votes of term ${view.term} with a log that ends at (index ${view.lastIndex}, term ${view.lastTerm})`,
      member.campaignTerm < 0
        ? 'no request: it does not campaign'
        : `term ${member.campaignTerm}, index ${member.campaignIndex}, term ${member.campaignLogTerm}`,
    )
  }
  judgeTransferClaimed(cluster, member, view)
}

/** With the claim, a request makes its receivers forget the lease of their leader: [Dissertation] §4.2.3. */
function judgeTransferClaimed(cluster: Cluster, member: Member, view: View<'request-vote' | 'pre-vote'>): void {
  if (!cluster.claims.profiles.has('raft-transfer')) return
  cluster.tested[R.transferFlagOnlyWhenAsked]!++
  if (view.transfer && member.transferTerm !== view.term) {
    cluster.fail(
      R.transferFlagOnlyWhenAsked,
      member,
      `claims a transfer in its ${view.kind} of term ${view.term} without timeout-now from a leader`,
      'a request without the claim',
    )
  }
}

function judgeVoteGranted(cluster: Cluster, member: Member, to: Member, view: View<'request-vote-response'>): void {
  cluster.tested[R.grantsOnlyWhenAsked]!++
  if (view.term === member.term && member.vote !== to.id) {
    cluster.fail(
      member.vote === null ? R.grantsOnlyWhenAsked : R.oneVotePerTerm,
      member,
      `granted ${to.id} its vote of term ${view.term}, which it gave to ${member.vote ?? 'nobody'}`,
      'a refusal',
    )
    return
  }
  if (view.term < member.grantableTerm) return
  if (view.term !== member.grantableTerm || ((member.grantable >> to.number) & 1) === 0) {
    cluster.fail(
      R.grantsOnlyWhenAsked,
      member,
      `granted ${to.id} a vote of term ${view.term} that it was not asked for or may not give`,
      'no such vote',
    )
  }
  // One answer to a request; those that were held up by the disk may come together.
  if (!member.wasBusy) member.grantable &= ~(1 << to.number)
}

function judgePreVoteAsked(cluster: Cluster, member: Member, view: View<'pre-vote'>, now: number): void {
  cluster.tested[R.preVoteRequestTellsOwnLog]!++
  if (member.role === 'pre-candidate') {
    if (member.disturbed !== now) member.preVotesOfRound = member.preVoteRefusals = 0
    notePreCampaign(member)
    member.disturbed = now
  } else if (view.term <= member.preCampaignTerm && member.wasBusy) return
  judgeTransferClaimed(cluster, member, view)
  if (
    view.term !== member.preCampaignTerm ||
    view.lastIndex !== member.preCampaignIndex ||
    view.lastTerm !== member.preCampaignLogTerm
  ) {
    cluster.fail(
      R.preVoteRequestTellsOwnLog,
      member,
      `asked for pre-votes of term ${view.term} with a log that ends at (index ${view.lastIndex}, term ${view.lastTerm})`,
      `term ${member.preCampaignTerm}, index ${member.preCampaignIndex}, term ${member.preCampaignLogTerm}`,
    )
  }
}

function judgePreVoteGranted(cluster: Cluster, member: Member, to: Member, view: View<'pre-vote-response'>): void {
  cluster.tested[R.preVoteForUpToDateLog]!++
  if (view.term < member.preGrantableTerm && member.wasBusy) return
  if (view.term !== member.preGrantableTerm || ((member.preGrantable >> to.number) & 1) === 0) {
    cluster.fail(
      (member.disregarded >> to.number) & 1 ? R.disregardsVotesUnderLeader : R.preVoteForUpToDateLog,
      member,
      `granted ${to.id} a pre-vote of term ${view.term}, with its own term ${member.term} and a log that ends at (index ${member.log.lastIndex}, term ${member.log.lastTerm})`,
      'a refusal',
    )
  }
  if (!member.wasBusy) member.preGrantable &= ~(1 << to.number)
}

function judgeAcknowledgement(
  cluster: Cluster,
  member: Member,
  to: Member,
  view: View<'append-entries-response' | 'install-snapshot-response'>,
): void {
  const { tested } = cluster
  if (!view.success) {
    if (view.kind === 'append-entries-response') judgeRefused(cluster, member, to, view)
    return
  }
  if (to.number === member.staleSender && view.index > 0) {
    cluster.fail(
      R.rejectsOlderLeader,
      member,
      `acknowledged index ${view.index} to ${to.id} on a message of an older term`,
      'no acknowledgement',
    )
    return
  }
  if (to.number === member.unmatchedSender && !member.wasBusy) {
    cluster.fail(
      R.refusesWhatDoesNotMatch,
      member,
      `answered an append of ${to.id} whose previous entry it does not hold by success up to ${view.index}`,
      'a refusal',
    )
    return
  }
  if (view.term < member.verifiedTerm) return
  const verified = view.term === member.verifiedTerm ? member.verified : 0
  tested[R.acknowledgesWhatMatches]!++
  tested[R.refusesWhatDoesNotMatch]!++
  // [ER] tells an older leader of its term by a response that acknowledges nothing.
  if (view.index > 0 && cluster.leaderOf(view.term) !== to) {
    cluster.fail(
      R.acknowledgesWhatMatches,
      member,
      `acknowledged index ${view.index} in term ${view.term} to ${to.id}, which does not lead that term`,
      'answers to the leader of the term only',
    )
    return
  }
  if (view.index <= member.commit || view.index <= verified) return
  cluster.fail(
    verified === 0 ? R.refusesWhatDoesNotMatch : R.acknowledgesWhatMatches,
    member,
    `acknowledged index ${view.index} in term ${view.term}, and its log is known to match the leader's up to ${Math.max(verified, member.commit)}`,
    verified === 0 ? 'a refusal' : `at most ${Math.max(verified, member.commit)}`,
  )
}

function judgeRefused(cluster: Cluster, member: Member, to: Member, view: View<'append-entries-response'>): void {
  if (view.hint > 0) cluster.tested[R.hintsBacktracking]!++
  // An answer to the leader of an older term tells it of this one.
  if (cluster.leaderOf(view.term) !== to || member.refusable.has(view.index)) return
  cluster.fail(
    R.answersRequests,
    member,
    `refused an append of ${to.id} behind index ${view.index}, and was sent none that its log does not match`,
    'an answer of success',
  )
}

/** [Dissertation] §6.4: a leader takes the answer to its round for proof that it led when the round began. */
function judgeRoundAnswered(
  cluster: Cluster,
  member: Member,
  to: Member,
  { kind, term, round }: View<'append-entries-response' | 'heartbeat-response'>,
): void {
  if (round === 0 || term < member.heardRoundsTerm || !cluster.claims.profiles.has('raft-read-index')) return
  cluster.tested[R.readConfirmsLeadership]!++
  const heard = term === member.heardRoundsTerm && member.heardRounds.has(round) && cluster.leaderOf(term) === to
  if (heard) return
  cluster.fail(
    R.readConfirmsLeadership,
    member,
    `confirmed round ${round} of term ${term} to ${to.id} in ${kind}, and has not heard of that round from it`,
    'confirmation of rounds that it heard of',
  )
}

function judgeTimeoutNowSent(
  cluster: Cluster,
  member: Member,
  to: Member,
  view: View<'timeout-now'>,
  now: number,
): void {
  judgeLeads(cluster, member, 'timeout-now', view.term)
  const { tested } = cluster
  tested[R.transferWhenAsked]!++
  if (((member.transferTargets >> to.number) & 1) === 0) {
    cluster.fail(
      R.transferWhenAsked,
      member,
      `told ${to.id} to campaign, and was asked to transfer to ${names(cluster, member.transferTargets)}`,
      'timeout-now to the member named in a transfer only',
    )
    return
  }
  if (member.role !== 'leader' || member.term !== view.term) return
  tested[R.transferToCaughtUp]!++
  const voter = (((member.voters | member.outgoing) >> to.number) & 1) === 1
  if (!voter || member.match[to.number]! < member.lastIndexBefore) {
    cluster.fail(
      R.transferToCaughtUp,
      member,
      voter
        ? `told ${to.id} to campaign, which acknowledged ${member.match[to.number]!} of ${member.log.lastIndex} entries`
        : `told ${to.id} to campaign, which is no voter`,
      'timeout-now to a voter that acknowledged the whole log',
    )
  }
  const since = now - member.transferAsked
  if (since > cluster.options.electionTimeout + 2 * cluster.options.heartbeatInterval && !member.wasBusy) {
    cluster.fail(
      R.transferWhenAsked,
      member,
      `told ${to.id} to campaign ${since} ms after it was last asked to transfer`,
      `timeout-now within ${cluster.options.electionTimeout} ms`,
    )
  }
}

function judgeReadIndexSent(cluster: Cluster, member: Member, view: View<'read-index-response'>): void {
  const request = member.readRequests.get(view.request)
  if (request === undefined || member.role !== 'leader') return
  judgeReadServed(cluster, member, request.step)
  cluster.tested[R.readIndexCurrent]!++
  if (view.index < request.commit) {
    cluster.fail(
      R.readIndexCurrent,
      member,
      `gave read index ${view.index}, and its commit index was ${request.commit} when the request arrived`,
      `at least ${request.commit}`,
    )
  }
}

/** Judges that a leader may serve a read that arrived in a step. [Dissertation] §6.4. */
export function judgeReadServed(cluster: Cluster, member: Member, arrived: number): void {
  const { tested } = cluster
  // [ER] answers at once as the sole voter: its own commit index is all that there is.
  if (isQuorum(1 << member.number, member.voters, member.outgoing)) return
  tested[R.readAfterOwnTermCommit]!++
  const committedTerm = member.log.termAt(member.commit)
  if (committedTerm !== -1 && committedTerm !== member.term) {
    cluster.fail(
      R.readAfterOwnTermCommit,
      member,
      `served a read in term ${member.term} with an entry of term ${committedTerm} as its last committed`,
      'no read before an entry of its own term is committed',
    )
  }
  tested[R.readConfirmsLeadership]!++
  if (!cluster.quorumUnder(member, confirmedSince(member, arrived))) {
    cluster.fail(
      member.outgoing !== 0 ? R.jointNeedsBothMajorities : R.readConfirmsLeadership,
      member,
      `served a read though since its arrival only ${names(cluster, confirmedSince(member, arrived))} confirmed its leadership`,
      'confirmation by a quorum in a round sent after the read arrived',
    )
  }
}
