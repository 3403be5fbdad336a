/** Judges terms, votes, roles and election timers: what any step may do to them. */
import type { Input, Message } from '../../models/raft/vocabulary.ts'
import { countBits, isQuorum, majority } from '../../models/raft/rules.ts'
import type { Cluster } from './cluster.ts'
import { describeRecord } from './cluster.ts'
import type { Member } from './member.ts'
import { R } from './requirements.ts'

/** Whether a message of a higher term makes its receiver adopt that term. */
export function bringsTerm(view: Message): boolean {
  switch (view.kind) {
    case 'pre-vote':
    case 'member-removed':
    case 'read-index':
    case 'read-index-response':
    case 'propose':
      return false
    case 'pre-vote-response':
      return !view.granted
    default:
      return true
  }
}

/** A pre-vote, and a granted one, speak of a term that may never begin. */
function mayBringTerm(view: Message): boolean {
  return view.kind !== 'pre-vote' && (view.kind !== 'pre-vote-response' || !view.granted)
}

/** The member's own bit where its vote counts: with a disk only when durable. */
function ownVote(cluster: Cluster, member: Member): number {
  if (!cluster.claims.disk) return 1 << member.number
  const durable =
    member.durableTerm > member.term || (member.durableTerm === member.term && member.durableVote === member.id)
  return durable ? 1 << member.number : 0
}

export function judgeTerm(cluster: Cluster, member: Member, input: Input, disregarded: boolean): void {
  const { term, termBefore } = member
  const tested = cluster.tested
  tested[R.termNeverFalls]!++
  if (term < termBefore) {
    cluster.fail(
      R.termNeverFalls,
      member,
      `term fell from ${termBefore} to ${term}`,
      `a term of at least ${termBefore}`,
    )
    return
  }
  const view = input.type === 'deliver' ? input.message.view : null
  const seen = view !== null && mayBringTerm(view) ? view.term : 0
  if (seen > termBefore) {
    const brings = bringsTerm(view!)
    if (brings) tested[R.adoptsHigherTerm]!++
    const known = ((member.votersBefore | member.outgoingBefore) >> cluster.member(senderOf(input)).number) & 1
    if (brings && term < seen && !disregarded && known === 1) {
      cluster.fail(
        R.adoptsHigherTerm,
        member,
        `saw term ${seen} in ${view!.kind} and stayed in term ${term}`,
        `term ${seen}, as follower`,
      )
    } else if (term === seen && member.role !== 'follower') {
      cluster.fail(
        R.adoptsHigherTerm,
        member,
        `adopted term ${seen} and is ${member.role}`,
        `role follower in term ${seen}`,
      )
    }
  }
  if (term === termBefore) return
  tested[R.termRisesByCause]!++
  if (term === seen) return
  const campaigned = member.role === 'candidate' || member.role === 'leader'
  if (!campaigned) {
    cluster.fail(
      member.role === 'pre-candidate' || view?.kind === 'pre-vote' ? R.preVoteChangesNothing : R.termRisesByCause,
      member,
      `term rose from ${termBefore} to ${term} with no message of that term and no campaign`,
      `term ${termBefore}`,
    )
    return
  }
  tested[R.campaignsByNextTerm]!++
  if (term !== Math.max(termBefore, seen) + 1) {
    cluster.fail(
      R.campaignsByNextTerm,
      member,
      `campaigned in term ${term} after term ${Math.max(termBefore, seen)}`,
      `term ${Math.max(termBefore, seen) + 1}`,
    )
  }
}

function senderOf(input: Input): string {
  return input.type === 'deliver' ? input.message.from : input.node
}

/** Judges the vote that a step left behind; that of a request delivered is judged by `receive.ts`. */
export function judgeVote(cluster: Cluster, member: Member, input: Input): void {
  const { term, vote, termBefore, voteBefore } = member
  if (term === termBefore && voteBefore !== null && vote !== voteBefore) {
    cluster.fail(
      R.oneVotePerTerm,
      member,
      `its vote of term ${term} went from ${voteBefore} to ${vote ?? 'nobody'}`,
      `${voteBefore}, until the term changes`,
    )
    return
  }
  const cast = vote !== null && (term !== termBefore || voteBefore === null)
  if (cast && vote !== member.id) {
    const asked =
      input.type === 'deliver' &&
      input.message.view.kind === 'request-vote' &&
      input.message.from === vote &&
      input.message.view.term === term
    cluster.tested[R.grantsOnlyWhenAsked]!++
    if (!asked) {
      cluster.fail(
        R.grantsOnlyWhenAsked,
        member,
        `voted for ${vote} in term ${term}, which had not asked`,
        'no vote in this step',
      )
    }
  } else if (cast && member.role !== 'candidate' && member.role !== 'leader') {
    cluster.fail(
      R.grantsOnlyWhenAsked,
      member,
      `as ${member.role} voted for itself in term ${term}, and does not campaign in it`,
      'no vote in this step',
    )
  }
  if (member.role === 'candidate') {
    cluster.tested[R.candidateVotesForItself]!++
    if (vote !== member.id) {
      cluster.fail(
        R.candidateVotesForItself,
        member,
        `is candidate of term ${term} with its vote for ${vote ?? 'nobody'}`,
        `a vote for ${member.id}`,
      )
    }
  }
}

/** Notes that a member which may not campaign was silent for as long as would make a voter campaign. */
export function noteSilence(cluster: Cluster, member: Member, now: number): void {
  const own = 1 << member.number
  if (((member.voters | member.outgoing) & own) !== 0 || now - member.disturbed <= cluster.options.electionTimeout)
    return
  cluster.tested[(member.learners & own) !== 0 ? R.learnersDoNotCampaign : R.onlyVotersCampaign]!++
}

/** Judges role changes. `now` is the member's local instant at the end of the step. */
export function judgeRole(cluster: Cluster, member: Member, input: Input, now: number): void {
  const { role, roleBefore, term, termBefore } = member
  const campaigned = term > termBefore && (role === 'candidate' || role === 'leader')
  const preCampaigned = role === 'pre-candidate' && roleBefore !== 'pre-candidate'

  if (roleBefore === 'leader' && (role !== 'leader' || term !== termBefore))
    judgeEndOfLeadership(cluster, member, input, now)
  if (campaigned || preCampaigned) judgeCampaign(cluster, member, input, now, campaigned)
  if (role === 'leader' && (roleBefore !== 'leader' || term !== termBefore)) judgeElection(cluster, member, now)
  if (role === 'candidate' && roleBefore !== 'candidate' && term === termBefore) {
    cluster.fail(
      R.campaignsByNextTerm,
      member,
      `became candidate of term ${term}, in which it was ${roleBefore}`,
      `candidate of term ${term + 1}`,
    )
  }
  if (role === 'candidate' || role === 'pre-candidate') judgeVictory(cluster, member, input)

  if (member.leader !== null && (member.leader !== member.leaderBefore || term !== termBefore)) {
    const leader = cluster.leaderOf(term)
    if (leader !== null && leader.id !== member.leader) {
      cluster.fail(
        R.followerKnowsLeader,
        member,
        `names ${member.leader} leader of term ${term}`,
        `${leader.id}, the leader of that term`,
      )
    } else if (member.namedTerm === term && member.named !== member.leader) {
      cluster.fail(
        R.followerKnowsLeader,
        member,
        `names ${member.leader} leader of term ${term} after ${member.named}`,
        `${member.named}, until the term changes`,
      )
    }
    member.namedTerm = term
    member.named = member.leader
  }
  if (input.type === 'advance') judgeTimers(cluster, member, now)
}

function judgeCampaign(cluster: Cluster, member: Member, input: Input, now: number, campaigned: boolean): void {
  const { options, tested } = cluster
  const own = 1 << member.number
  const voters = member.votersBefore | member.outgoingBefore
  const alone = voters === own || (member.voters | member.outgoing) === own
  const view = input.type === 'deliver' ? input.message.view : null
  const asked = campaigned && view?.kind === 'timeout-now' && view.term >= member.termBefore
  const leaderLeft =
    member.leaderBefore !== null &&
    (((member.voters | member.outgoing) >> cluster.member(member.leaderBefore).number) & 1) === 0

  if (member.roleBefore === 'leader') {
    cluster.fail(R.leaderDoesNotCampaign, member, `went from leader to ${member.role}`, 'leader or follower')
  }
  const committed = cluster.votersAt(member.commitBefore)
  const mayStand = ((voters | member.voters | member.outgoing | committed) & own) !== 0
  const learner = (member.learners & own) !== 0 && ((member.outgoing | committed) & own) === 0
  if (learner) {
    cluster.fail(R.learnersDoNotCampaign, member, `campaigns in term ${member.term} as a learner`, 'role follower')
  } else if (!mayStand) {
    cluster.fail(R.onlyVotersCampaign, member, `campaigns, and is no voter of any configuration`, 'role follower')
  }
  if (cluster.claims.profiles.has('raft-config-on-apply')) {
    tested[R.noCampaignWithUnappliedChange]!++
    if (hasUnappliedChange(member)) {
      cluster.fail(
        R.noCampaignWithUnappliedChange,
        member,
        `campaigns with a committed configuration entry above its applied index ${member.appliedBefore}`,
        'role follower until it is applied',
      )
    }
  }

  const preVoted = campaigned && options.preVote && cluster.claims.profiles.has('raft-pre-vote') && !asked
  if (preVoted && !alone) {
    tested[R.preVotePrecedesCampaign]!++
    const granted = member.preVotes | own
    if (
      !isQuorum(granted, member.votersBefore, member.outgoingBefore) &&
      !isQuorum(granted, member.voters, member.outgoing)
    ) {
      cluster.fail(
        R.preVotePrecedesCampaign,
        member,
        `raised its term to ${member.term} with pre-votes of ${names(cluster, granted)} only`,
        'a campaign only after pre-votes of a majority',
      )
    }
  } else if (!asked && !alone && !leaderLeft && member.roleBefore !== 'pre-candidate') {
    tested[R.waitsBeforeCampaign]!++
    const waited = now - member.contact
    cluster.waits.push(waited)
    // Implementations that count ticks may be early by one of them.
    if (input.type !== 'advance' || waited < options.electionTimeout - options.heartbeatInterval) {
      cluster.fail(
        R.waitsBeforeCampaign,
        member,
        `campaigned ${waited} ms after it last heard from a leader, voted or campaigned`,
        `no campaign before ${options.electionTimeout} ms`,
      )
    }
  }

  member.contact = member.disturbed = now
  if (campaigned) {
    judgeAsked(cluster, member)
    member.asked = 0
    member.votes = 0
    member.refusals = 0
    // What was granted for this campaign does not serve the next.
    member.preVotes = member.preVotesOfRound = 0
    member.campaignTerm = member.term
    member.campaignIndex = member.lastIndexBefore
    member.campaignLogTerm = member.lastTermBefore
  } else {
    member.preVotes = member.preVotesOfRound = 0
    member.preVoteRefusals = 0
    notePreCampaign(member)
  }
}

/** A candidate that campaigns again ought to have asked every voter the last time. */
function judgeAsked(cluster: Cluster, member: Member): void {
  if (member.roleBefore !== 'candidate' || member.campaignTerm !== member.termBefore) return
  const unasked = (member.votersBefore | member.outgoingBefore) & ~member.asked & ~(1 << member.number)
  cluster.tested[R.voteRequestReachesVoters]!++
  if (unasked === 0 || member.busySince >= 0 || member.configuredAt >= member.contact) return
  cluster.advise(
    R.voteRequestReachesVoters,
    member,
    `campaigned in term ${member.campaignTerm} without asking ${names(cluster, unasked)}`,
    'a request to every other voter',
  )
}

/** Fewest campaigns of which the spread of waits says something. */
const ENOUGH_WAITS = 10

/** Timeouts that are all alike make votes split again and again: [Paper] §5.2. */
export function judgeSpread(cluster: Cluster): void {
  const { waits, options } = cluster
  if (waits.length < ENOUGH_WAITS) return
  cluster.tested[R.randomizedTimeouts]!++
  const spread = Math.max(...waits) - Math.min(...waits)
  if (spread < options.electionTimeout / 8) {
    cluster.advise(
      R.randomizedTimeouts,
      null,
      `${waits.length} campaigns began after waits that differ by ${spread} ms only`,
      `waits spread over [${options.electionTimeout}, ${2 * options.electionTimeout}) ms`,
    )
  }
}

/** Notes what a pre-vote request of this moment has to say. */
export function notePreCampaign(member: Member): void {
  member.preCampaignTerm = member.term + 1
  member.preCampaignIndex = member.log.lastIndex
  member.preCampaignLogTerm = member.log.lastTerm
}

export function hasUnappliedChange(member: Member): boolean {
  for (let index = member.appliedBefore + 1; index <= member.commitBefore; index++) {
    if (member.log.at(index)?.kind === 'configuration') return true
  }
  return false
}

function judgeElection(cluster: Cluster, member: Member, now: number): void {
  const { tested } = cluster
  const own = 1 << member.number
  const granted = member.votes
  const durable = granted | ownVote(cluster, member)
  tested[R.leaderNeedsMajority]!++
  if (member.outgoingBefore !== 0) tested[R.jointNeedsBothMajorities]!++
  if (member.learners !== 0) tested[R.learnersDoNotCount]!++
  if (cluster.claims.disk) tested[R.ownVoteDurable]!++
  const wins = (set: number): boolean =>
    isQuorum(set, member.votersBefore, member.outgoingBefore) || isQuorum(set, member.voters, member.outgoing)
  if (!wins(durable)) {
    const requirement = wins(granted | own)
      ? R.ownVoteDurable
      : countsLearners(member, granted | own)
        ? R.learnersDoNotCount
        : member.outgoingBefore !== 0
          ? R.jointNeedsBothMajorities
          : R.leaderNeedsMajority
    cluster.fail(
      requirement,
      member,
      `became leader of term ${member.term} with votes of ${names(cluster, granted)} and its own`,
      `durable votes of a majority of ${describeVoters(cluster, member)}`,
    )
  }
  const other = cluster.leaders.get(member.term)
  tested[R.oneLeaderPerTerm]!++
  if (other !== undefined && other !== member) {
    cluster.fail(
      R.oneLeaderPerTerm,
      member,
      `${member.id} became leader of term ${member.term}, which ${other.id} already leads`,
      'another term, or no leadership',
    )
  }
  cluster.leaders.set(member.term, member)
  judgeCompleteness(cluster, member)
  member.startLeading(now)
  member.ledFrom = member.lastIndexBefore
}

/** Whether a set is large enough only because learners are in it. */
export function countsLearners(member: Member, set: number): boolean {
  return (
    (set & member.learners) !== 0 &&
    countBits(set & (member.voters | member.learners)) >= majority(countBits(member.voters))
  )
}

/** [Paper] §5.4: the entry that was committed last in an earlier term stands for all before it, by log matching. */
function judgeCompleteness(cluster: Cluster, member: Member): void {
  let index = cluster.committed
  while (index > 0 && (cluster.committedRecords[index]?.term ?? 0) >= member.term) index--
  const record = cluster.committedRecords[index]
  if (record === undefined) return
  cluster.tested[R.leaderCompleteness]!++
  if (index <= member.log.base) return
  if (member.log.at(index) !== record) {
    cluster.fail(
      R.leaderCompleteness,
      member,
      `became leader of term ${member.term} without ${describeRecord(record)}, which is committed`,
      'a leader whose log holds every committed entry',
    )
  }
}

/** A candidate that has what it needs must go on: [Paper] Figure 2, Candidates. */
function judgeVictory(cluster: Cluster, member: Member, input: Input): void {
  if (member.term !== member.termBefore || member.writes.length > 0) return
  const view = input.type === 'deliver' ? input.message.view : null
  const own = 1 << member.number
  if (member.role === 'candidate' && (input.type === 'written' || view?.kind === 'request-vote-response')) {
    const granted = (member.votes & ~member.refusals) | ownVote(cluster, member)
    if (granted === own && view !== null) return
    cluster.tested[R.leadsWhenElected]!++
    if (isQuorum(granted, member.voters, member.outgoing)) {
      cluster.fail(
        R.leadsWhenElected,
        member,
        `has votes of ${names(cluster, granted)} for term ${member.term} and is still candidate`,
        'role leader',
      )
    }
  }
  if (member.role === 'pre-candidate' && view?.kind === 'pre-vote-response') {
    cluster.tested[R.preVoteLeadsToCampaign]!++
    if (isQuorum((member.preVotesOfRound & ~member.preVoteRefusals) | own, member.voters, member.outgoing)) {
      cluster.fail(
        R.preVoteLeadsToCampaign,
        member,
        `has pre-votes of ${names(cluster, member.preVotesOfRound | own)} for term ${member.term + 1} and does not campaign`,
        `candidate of term ${member.term + 1}`,
      )
    }
  }
}

function judgeEndOfLeadership(cluster: Cluster, member: Member, input: Input, now: number): void {
  const { tested, options } = cluster
  const own = 1 << member.number
  if (member.term > member.termBefore) return
  const lost =
    options.checkQuorum &&
    input.type === 'advance' &&
    !isQuorum(
      heardSince(member, now - options.electionTimeout + options.heartbeatInterval),
      member.voters,
      member.outgoing,
    )
  if (lost) {
    tested[R.leaderStepsDownWithoutQuorum]!++
    return
  }
  const stillVoter = ((member.voters | member.outgoing) & own) !== 0
  if (!stillVoter) {
    tested[R.removedLeaderStaysUntilCommitted]!++
    tested[R.removedLeaderStepsDown]!++
    if (member.configurationIndex > member.commit) {
      cluster.fail(
        R.removedLeaderStaysUntilCommitted,
        member,
        `stopped leading at commit index ${member.commit}, before entry ${member.configurationIndex} that removes it was committed`,
        'leader until its removal is committed',
      )
    }
    return
  }
  tested[R.leaderStaysWithQuorum]!++
  cluster.fail(
    R.leaderStaysWithQuorum,
    member,
    `stopped leading term ${member.term} though a quorum answered it and no higher term was seen`,
    'role leader',
  )
}

/** Members, itself included, that answered a leader at or after this local instant. */
export function heardSince(member: Member, instant: number): number {
  let set = 1 << member.number
  for (let number = 0; number < member.answered.length; number++)
    if (member.answered[number]! >= instant) set |= 1 << number
  return set
}

function judgeTimers(cluster: Cluster, member: Member, now: number): void {
  const { options, tested } = cluster
  const slack = 2 * options.heartbeatInterval
  const own = 1 << member.number
  if (member.roleBefore === 'leader') tested[R.leaderDoesNotCampaign]!++
  if (member.role === 'leader') {
    tested[R.leaderStaysWithQuorum]!++
    if (((member.voters | member.outgoing) & own) === 0 && member.configurationIndex <= member.commit) {
      tested[R.removedLeaderStepsDown]!++
      if (now - member.configuredAt > 2 * options.electionTimeout) {
        cluster.advise(
          R.removedLeaderStepsDown,
          member,
          `still leads ${now - member.configuredAt} ms after the configuration without it took effect`,
          'role follower once its removal is committed',
        )
      }
    }
    if (options.checkQuorum && cluster.claims.profiles.has('raft-check-quorum')) {
      const since = now - 2 * options.electionTimeout - slack
      const heard = heardSince(member, since)
      tested[R.leaderStepsDownWithoutQuorum]!++
      // A change of voters starts the wait anew, and in [ER] a request to transfer.
      const restarted = Math.max(member.configuredAt, member.transferTargets === 0 ? 0 : member.transferAsked)
      if (restarted < since && !isQuorum(heard, member.voters, member.outgoing)) {
        cluster.fail(
          R.leaderStepsDownWithoutQuorum,
          member,
          `still leads term ${member.term}, and within two election timeouts only ${names(cluster, heard & ~own)} answered`,
          'role follower',
        )
      }
    }
    judgeHeartbeats(cluster, member, now)
    return
  }
  if ((member.voters & own) === 0 || member.applied < member.commit || member.writes.length > 0) return
  tested[R.campaignsAfterTimeout]!++
  if (now - member.disturbed > 2 * options.electionTimeout + slack) {
    cluster.fail(
      R.campaignsAfterTimeout,
      member,
      `heard nothing for ${now - member.disturbed} ms and did not campaign`,
      `a campaign within ${2 * options.electionTimeout} ms`,
    )
  }
}

function judgeHeartbeats(cluster: Cluster, member: Member, now: number): void {
  if (member.busySince >= 0) return
  const limit = Math.max(cluster.options.electionTimeout, 3 * cluster.options.heartbeatInterval)
  cluster.tested[R.heartbeats]!++
  for (const other of cluster.members) {
    if (other === member || (((member.voters & member.votersBefore) >> other.number) & 1) === 0) continue
    const silent = now - Math.max(member.sent[other.number]!, member.ledSince, member.configuredAt)
    if (silent > limit) {
      cluster.fail(
        R.heartbeats,
        member,
        `sent nothing to ${other.id} for ${silent} ms`,
        `a message every ${cluster.options.heartbeatInterval} ms`,
      )
    }
  }
}

export function names(cluster: Cluster, set: number): string {
  const list = cluster.members.filter((member) => (set >> member.number) & 1).map((member) => member.id)
  return list.length === 0 ? 'nobody' : list.join(', ')
}

export function describeVoters(cluster: Cluster, member: Member): string {
  const incoming = names(cluster, member.voters)
  return member.outgoing === 0 ? incoming : `${incoming}, and of ${names(cluster, member.outgoing)}`
}
