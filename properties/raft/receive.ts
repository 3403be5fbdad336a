/** Judges what a member does with a message that is delivered to it. */
import type { LogDelta, View } from '../../models/raft/vocabulary.ts'
import { conflicts, followerCommit, logUpToDate, mayGrantPreVote, mayGrantVote } from '../../models/raft/rules.ts'
import { configurationText, isEntry } from './cluster.ts'
import type { Cluster } from './cluster.ts'
import type { Member } from './member.ts'
import { R } from './requirements.ts'

/** How a delivered append relates to the receiver's log, found before the log changes. */
export interface AppendPlan {
  /** Of the receiver's term or a later one. */
  current: boolean
  /** The entry before the new ones is in the log. */
  consistent: boolean
  /** Last index that the log must have afterwards. */
  lastIndex: number
  /** First index at which the log has another entry, or 0. */
  conflict: number
}

const plan: AppendPlan = { current: false, consistent: false, lastIndex: 0, conflict: 0 }

/** Whether CheckQuorum lets (`may`) or makes (`must`) this member disregard a vote request. [Dissertation] §6.2, [ER] Step. */
export function disregards(cluster: Cluster, member: Member, transfer: boolean, now: number): 'must' | 'may' | 'no' {
  const { options } = cluster
  if (!options.checkQuorum || transfer || !cluster.claims.profiles.has('raft-check-quorum')) return 'no'
  if (member.roleBefore === 'leader') return 'must'
  // The leader that it heard may be of an earlier term; one that restarted may have heard a leader just before.
  const lastLeader = Math.max(member.heardLeader, member.restartedAt)
  if (member.leaderBefore === null) return now - lastLeader < options.electionTimeout ? 'may' : 'no'
  if (now - member.heardLeader < options.electionTimeout - options.heartbeatInterval) return 'must'
  // [ER] measures from the last vote too.
  const heard = now - Math.max(member.heardLeader, member.contact)
  return heard < options.electionTimeout + options.heartbeatInterval ? 'may' : 'no'
}

export function judgeVoteRequest(
  cluster: Cluster,
  member: Member,
  candidate: Member,
  view: View<'request-vote'>,
  now: number,
  disregard: 'must' | 'may' | 'no',
): void {
  const { tested } = cluster
  const target = Math.max(member.termBefore, view.term)
  const voteThen = target === member.termBefore ? member.voteBefore : null
  const votedFor = voteThen === null ? -1 : cluster.member(voteThen).number
  const upToDate = logUpToDate(view.lastTerm, view.lastIndex, member.lastTermBefore, member.lastIndexBefore)
  const granted = member.vote === candidate.id && member.term === view.term && voteThen !== candidate.id

  if (view.term > member.termBefore && disregard === 'must') {
    tested[R.disregardsVotesUnderLeader]!++
    if (member.term !== member.termBefore || member.vote !== member.voteBefore) {
      cluster.fail(
        R.disregardsVotesUnderLeader,
        member,
        `took up a vote request of ${candidate.id} for term ${view.term} ${now - member.contact} ms after it heard its leader`,
        `term ${member.termBefore} and vote ${member.voteBefore ?? 'for nobody'} unchanged`,
      )
    }
    return
  }
  if (target === view.term && !upToDate) tested[R.votesForUpToDateLog]!++
  if (target === view.term && votedFor !== -1 && votedFor !== candidate.number) tested[R.oneVotePerTerm]!++
  const may =
    mayGrantVote(view.term, target, votedFor, candidate.number, upToDate) &&
    !(member.roleBefore === 'leader' && view.term === member.termBefore)
  if (granted && member.roleBefore === 'leader' && view.term === member.termBefore) {
    cluster.fail(
      R.grantsOnlyWhenAsked,
      member,
      `voted for ${candidate.id} in term ${view.term}, which it leads itself`,
      'a refusal',
    )
  }
  if (granted && !upToDate) {
    cluster.fail(
      R.votesForUpToDateLog,
      member,
      `voted for ${candidate.id}, whose log ends at (index ${view.lastIndex}, term ${view.lastTerm}), with a log that ends at (index ${member.lastIndexBefore}, term ${member.lastTermBefore})`,
      'a refusal',
    )
  }
  if (granted) member.contact = now
  if (!may) return
  if (member.grantableTerm !== view.term) {
    member.grantableTerm = view.term
    member.grantable = 0
  }
  member.grantable |= 1 << candidate.number
  const known = ((member.votersBefore | member.outgoingBefore) >> candidate.number) & 1
  const voter = ((member.votersBefore | member.outgoingBefore) >> member.number) & 1
  const leaderKnown = view.term === member.termBefore && member.leaderBefore !== null
  if (known === 0 || voter === 0 || leaderKnown || disregard !== 'no') return
  tested[R.grantsVote]!++
  if (member.vote !== candidate.id || member.term !== view.term) {
    cluster.fail(
      R.grantsVote,
      member,
      `did not vote for ${candidate.id} in term ${view.term}, though it had no other vote and the candidate's log is up-to-date`,
      `vote ${candidate.id} in term ${view.term}`,
    )
  }
}

export function noteVoteResponse(
  cluster: Cluster,
  member: Member,
  from: Member,
  view: View<'request-vote-response'>,
): void {
  cluster.tested[R.leaderNeedsMajority]!++
  if (member.roleBefore !== 'candidate' || view.term !== member.termBefore) return
  if (view.granted) member.votes |= 1 << from.number
  else member.refusals |= 1 << from.number
}

export function judgePreVoteRequest(
  cluster: Cluster,
  member: Member,
  from: Member,
  view: View<'pre-vote'>,
  disregard: 'must' | 'may' | 'no',
): void {
  cluster.tested[R.preVoteChangesNothing]!++
  if (member.term !== member.termBefore || member.vote !== member.voteBefore) {
    cluster.fail(
      R.preVoteChangesNothing,
      member,
      `went from term ${member.termBefore}, vote ${member.voteBefore ?? 'nobody'}, to term ${member.term}, vote ${member.vote ?? 'nobody'}, on a pre-vote`,
      'term and vote unchanged',
    )
  }
  // [ER] Step looks at leases only where a request is of a later term.
  if (disregard === 'must' && view.term > member.termBefore) {
    member.disregarded |= 1 << from.number
    return
  }
  member.disregarded &= ~(1 << from.number)
  const upToDate = logUpToDate(view.lastTerm, view.lastIndex, member.lastTermBefore, member.lastIndexBefore)
  if (!upToDate) cluster.tested[R.preVoteForUpToDateLog]!++
  const couldVote =
    view.term === member.termBefore &&
    upToDate &&
    (member.voteBefore === from.id || (member.voteBefore === null && member.leaderBefore === null))
  if (!mayGrantPreVote(view.term, member.termBefore, upToDate) && !couldVote) {
    if (!member.wasBusy) member.preGrantable &= ~(1 << from.number)
    return
  }
  if (member.preGrantableTerm !== view.term) {
    member.preGrantableTerm = view.term
    member.preGrantable = 0
  }
  member.preGrantable |= 1 << from.number
}

export function notePreVoteResponse(member: Member, from: Member, view: View<'pre-vote-response'>): void {
  if (member.roleBefore !== 'pre-candidate') return
  if (view.granted) {
    // [ER] counts a grant that was given for its present term too: a pre-vote decides nothing that safety rests on.
    if (view.term >= member.termBefore) member.preVotes |= 1 << from.number
    if (view.term === member.termBefore + 1) member.preVotesOfRound |= 1 << from.number
  } else member.preVoteRefusals |= 1 << from.number
}

/** Notes that a message of the leader of its term reached a member. */
export function judgeLeaderMessage(
  cluster: Cluster,
  member: Member,
  from: Member,
  view: View<'append-entries' | 'heartbeat' | 'install-snapshot'>,
  now: number,
): void {
  const { term } = view
  if (!cluster.spokeAsLeader.has(term)) cluster.spokeAsLeader.set(term, from)
  if (view.kind !== 'install-snapshot' && view.round > 0) noteRoundHeard(member, term, view.round)
  if (term < member.termBefore) return
  cluster.tested[R.candidateFollowsLeader]!++
  if (term === member.term && (member.role === 'candidate' || member.role === 'pre-candidate')) {
    cluster.fail(
      R.candidateFollowsLeader,
      member,
      `stayed ${member.role} of term ${term} after a message of its leader ${from.id}`,
      'role follower',
    )
  }
  if (term === member.term && member.role === 'follower') {
    cluster.tested[R.followerKnowsLeader]!++
    if (member.leader !== from.id) {
      cluster.fail(
        R.followerKnowsLeader,
        member,
        `names ${member.leader ?? 'nobody'} leader after a message of ${from.id}, leader of term ${term}`,
        `leader ${from.id}`,
      )
    }
  }
  member.contact = member.disturbed = member.heardLeader = now
}

function noteRoundHeard(member: Member, term: number, round: number): void {
  if (term < member.heardRoundsTerm) return
  if (term > member.heardRoundsTerm) {
    member.heardRoundsTerm = term
    member.heardRounds.clear()
  }
  member.heardRounds.add(round)
}

/** [ER] tells the sender of an older term of this one by a response that names no index. */
function noteStale(member: Member): void {
  member.refusable.add(0)
}

/** Compares a delivered append with the receiver's log, which has not changed yet. The result is reused by the next call. */
export function planAppend(member: Member, view: View<'append-entries'>): AppendPlan {
  const { log } = member
  const lastNew = view.previousIndex + view.entries.length
  plan.current = view.term >= member.termBefore
  plan.conflict = 0
  plan.lastIndex = Math.max(log.lastIndex, lastNew)
  const termThere = log.termAt(view.previousIndex)
  // What lies below the base is committed, so it matches: [Paper] §7.
  plan.consistent = view.previousIndex < log.base || termThere === view.previousTerm
  if (!plan.current) noteStale(member)
  if (!plan.consistent || !plan.current) {
    member.refusable.add(view.previousIndex)
    return plan
  }
  for (const entry of view.entries) {
    if (entry.index <= log.base) continue
    const own = log.termAt(entry.index)
    if (own === -1) break
    if (conflicts(own, entry.term)) {
      plan.conflict = entry.index
      plan.lastIndex = lastNew
      break
    }
  }
  return plan
}

export function judgeAppend(
  cluster: Cluster,
  member: Member,
  from: Member,
  view: View<'append-entries'>,
  planned: AppendPlan,
  delta: LogDelta | null,
): void {
  const { tested } = cluster
  const changed =
    delta !== null && (delta.truncate !== undefined || delta.append !== undefined || delta.restore !== undefined)
  if (!planned.current || member.term > view.term) {
    member.staleSender = from.number
    tested[R.rejectsOlderLeader]!++
    if (changed || member.commit !== member.commitBefore) {
      cluster.fail(
        R.rejectsOlderLeader,
        member,
        `in term ${member.term} took ${changed ? 'entries' : 'a commit index'} from an append of term ${view.term}`,
        'log and commit index unchanged',
      )
    }
    return
  }
  if (!planned.consistent) {
    member.unmatchedSender = from.number
    tested[R.appendConsistencyCheck]!++
    if (changed || member.commit !== member.commitBefore) {
      cluster.fail(
        R.appendConsistencyCheck,
        member,
        `took ${changed ? 'entries' : `commit index ${member.commit}`} from an append behind (index ${view.previousIndex}, term ${view.previousTerm}), which its log does not hold`,
        'log and commit index unchanged',
      )
    }
    return
  }
  // [ER] handleAppendEntries answers with its commit index when the append starts below it.
  const mayIgnore = view.previousIndex < member.commitBefore && !changed
  if (!mayIgnore) judgeTaken(cluster, member, view, planned)
  const lastNew = view.previousIndex + view.entries.length
  if (member.verifiedTerm !== view.term) {
    member.verifiedTerm = view.term
    member.verified = 0
  }
  if (lastNew > member.verified) member.verified = lastNew

  const limit = followerCommit(member.commitBefore, view.commit, lastNew)
  tested[R.followerCommitBounded]!++
  if (member.commit > limit) {
    cluster.fail(
      R.followerCommitBounded,
      member,
      `commits up to ${member.commit} on an append that reaches ${lastNew} with leader's commit ${view.commit}`,
      `at most ${limit}`,
    )
  } else if (!mayIgnore) {
    tested[R.followerCommits]!++
    if (member.commit < limit) {
      cluster.fail(
        R.followerCommits,
        member,
        `commits up to ${member.commit} on an append that reaches ${lastNew} with leader's commit ${view.commit}`,
        `${limit}`,
      )
    }
  }
}

function judgeTaken(cluster: Cluster, member: Member, view: View<'append-entries'>, planned: AppendPlan): void {
  const { log } = member
  const { tested } = cluster
  tested[R.appendKeepsMatchingEntries]!++
  if (log.lastIndex < planned.lastIndex && planned.conflict === 0 && log.lastIndex < member.lastIndexBefore) {
    cluster.fail(
      R.appendKeepsMatchingEntries,
      member,
      `its log went from last index ${member.lastIndexBefore} to ${log.lastIndex} on an append that conflicts with nothing`,
      `last index ${planned.lastIndex}`,
    )
    return
  }
  tested[R.appendTakesEntries]!++
  let wrong = log.lastIndex === planned.lastIndex ? 0 : Math.min(log.lastIndex, planned.lastIndex) + 1
  for (const entry of view.entries) {
    if (entry.index <= log.base) continue
    const held = log.at(entry.index)
    if (held === null || held.index !== entry.index || !isEntry(held, entry)) {
      wrong = entry.index
      break
    }
  }
  if (wrong !== 0) {
    cluster.fail(
      R.appendTakesEntries,
      member,
      `after a consistent append of ${view.entries.length} entries behind index ${view.previousIndex} its log ends at (index ${log.lastIndex}, term ${log.lastTerm}); index ${wrong} is not as the leader has it`,
      `a log that ends at index ${planned.lastIndex}`,
    )
  }
}

export function judgeHeartbeat(cluster: Cluster, member: Member, view: View<'heartbeat'>): void {
  if (view.term < member.termBefore || member.term > view.term) {
    noteStale(member)
    cluster.tested[R.rejectsOlderLeader]!++
    if (member.commit !== member.commitBefore) {
      cluster.fail(
        R.rejectsOlderLeader,
        member,
        `in term ${member.term} took a commit index from a heartbeat of term ${view.term}`,
        'commit index unchanged',
      )
    }
    return
  }
  cluster.tested[R.followerCommitBounded]!++
  if (member.commit > Math.max(member.commitBefore, view.commit)) {
    cluster.fail(
      R.followerCommitBounded,
      member,
      `commits up to ${member.commit} on a heartbeat with commit ${view.commit}`,
      `at most ${Math.max(member.commitBefore, view.commit)}`,
    )
  }
}

/** `matched`: whether the log held the snapshot's last entry before the step. */
export function judgeSnapshot(
  cluster: Cluster,
  member: Member,
  view: View<'install-snapshot'>,
  matched: boolean,
  delta: LogDelta | null,
): void {
  const { tested } = cluster
  const { log } = member
  const changed =
    delta !== null && (delta.restore !== undefined || delta.truncate !== undefined || delta.append !== undefined)
  if (view.term < member.termBefore || member.term > view.term) {
    noteStale(member)
    tested[R.rejectsOlderLeader]!++
    if (changed || member.commit !== member.commitBefore) {
      cluster.fail(
        R.rejectsOlderLeader,
        member,
        `in term ${member.term} took a snapshot of term ${view.term}`,
        'log and commit index unchanged',
      )
    }
    return
  }
  if (member.verifiedTerm !== view.term) {
    member.verifiedTerm = view.term
    member.verified = 0
  }
  if (view.lastIndex <= member.commitBefore) {
    tested[R.snapshotOlderIgnored]!++
    member.verified = Math.max(member.verified, view.lastIndex)
    if (changed || member.commit !== member.commitBefore) {
      cluster.fail(
        R.snapshotOlderIgnored,
        member,
        `took a snapshot up to index ${view.lastIndex} though its commit index was ${member.commitBefore}`,
        'log and commit index unchanged',
      )
    }
    return
  }
  const restored = delta?.restore !== undefined
  if (matched) {
    tested[R.snapshotKeepsMatchingSuffix]!++
    member.verified = Math.max(member.verified, view.lastIndex)
    if (log.lastIndex !== member.lastIndexBefore) {
      cluster.fail(
        R.snapshotKeepsMatchingSuffix,
        member,
        `its log held the snapshot's last entry ${view.lastIndex} and went from last index ${member.lastIndexBefore} to ${log.lastIndex}`,
        `last index ${member.lastIndexBefore}: what stands behind the entry stays`,
      )
    }
    if (!restored) return
  } else if (!restored) {
    // [ER] restore ignores a snapshot whose configuration does not name the receiver.
    return
  } else {
    tested[R.snapshotKeepsMatchingSuffix]!++
    member.snapshotTaken = view.lastIndex
    member.verified = Math.max(member.verified, view.lastIndex)
    if (log.lastIndex !== view.lastIndex || log.lastTerm !== view.lastTerm) {
      cluster.fail(
        R.snapshotKeepsMatchingSuffix,
        member,
        `after a snapshot up to (index ${view.lastIndex}, term ${view.lastTerm}) its log ends at (index ${log.lastIndex}, term ${log.lastTerm})`,
        `a log that ends at index ${view.lastIndex}: what does not match is discarded`,
      )
    }
  }
  tested[R.snapshotKeepsConfiguration]!++
  const wanted = configurationText(view.configuration)
  const found = configurationText(member.configuration)
  if (found !== wanted && log.lastIndex === view.lastIndex) {
    cluster.fail(R.snapshotKeepsConfiguration, member, `restored a snapshot with ${wanted} and has ${found}`, wanted)
  }
}

export function judgeTimeoutNow(cluster: Cluster, member: Member, view: View<'timeout-now'>): void {
  if (view.term !== member.termBefore) return
  member.transferTerm = member.termBefore + 1
  const voter = ((member.votersBefore >> member.number) & 1) === 1
  if (member.roleBefore !== 'follower' || !voter) return
  if (cluster.claims.profiles.has('raft-config-on-apply') && member.appliedBefore < member.commitBefore) return
  cluster.tested[R.transferTargetCampaigns]!++
  if (member.term !== member.termBefore + 1 || member.vote !== member.id) {
    cluster.fail(
      R.transferTargetCampaigns,
      member,
      `is ${member.role} of term ${member.term} after timeout-now in term ${member.termBefore}`,
      `candidate of term ${member.termBefore + 1}`,
    )
  }
}

/** Notes what a follower told its leader. Responses of other terms count for nothing. */
export function noteAnswer(
  member: Member,
  from: Member,
  view: View<'append-entries-response' | 'heartbeat-response' | 'install-snapshot-response'>,
  now: number,
): void {
  if (member.roleBefore !== 'leader' || view.term !== member.termBefore) return
  const number = from.number
  member.answered[number] = now
  freeWindow(member.inflight[number]!, view)
  if (view.kind !== 'heartbeat-response' && view.success && view.index > member.match[number]!) {
    member.match[number] = view.index
    member.unacknowledged[number] = member.unacknowledged[number]!.filter((last) => last > view.index)
    if (member.busySince < 0) member.matchFloor[number] = view.index
  }
  if (view.kind !== 'install-snapshot-response' && view.round > 0) {
    const sent = member.rounds.get(view.round)
    if (sent !== undefined && sent.step > member.confirmed[number]!) {
      member.confirmed[number] = sent.step
      member.confirmedAt[number] = sent.at
    }
  }
}

/** What an answer says of the appends that are on their way. [ER] lets a heartbeat's answer free one of a full window. */
function freeWindow(
  window: number[],
  view: View<'append-entries-response' | 'heartbeat-response' | 'install-snapshot-response'>,
): void {
  if (view.kind === 'heartbeat-response') window.shift()
  else if (view.success) while (window.length > 0 && window[0]! <= view.index) window.shift()
  else window.length = 0
}

/** Members, the leader included, that confirmed its leadership in a round sent at or after a step. */
export function confirmedSince(member: Member, step: number): number {
  let set = 1 << member.number
  for (let number = 0; number < member.confirmed.length; number++)
    if (member.confirmed[number]! >= step) set |= 1 << number
  return set
}

/** The same of rounds begun at or after a local instant. */
export function confirmedWithin(member: Member, instant: number): number {
  let set = 1 << member.number
  for (let number = 0; number < member.confirmedAt.length; number++)
    if (member.confirmedAt[number]! >= instant) set |= 1 << number
  return set
}
