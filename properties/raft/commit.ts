/** What a member knows committed: of its own accord as leader, by the word of one else. */
import { isQuorum, leaderMayCommit } from '../../models/raft/rules.ts'
import type { Input } from '../../models/raft/vocabulary.ts'
import { Cluster } from './cluster.ts'
import { judgeCommittedDurable } from './durability.ts'
import type { Member } from './member.ts'
import { R } from './requirements.ts'
import { countsLearners, describeVoters, names } from './role.ts'

export function judgeFall(cluster: Cluster, member: Member): void {
  const { commit, commitBefore } = member
  cluster.fail(
    R.commitNeverFalls,
    member,
    `commit index fell from ${commitBefore} to ${commit}`,
    `at least ${commitBefore}`,
  )
}

export function judgeCommit(cluster: Cluster, member: Member, input: Input): void {
  const { commit, commitBefore, log } = member
  const { tested } = cluster
  if (commit > commitBefore) {
    tested[R.commitNeverFalls]!++
    tested[R.commitWithinLog]!++
    if (commit > log.lastIndex) {
      cluster.fail(
        R.commitWithinLog,
        member,
        `commit index ${commit} is beyond the last entry ${log.lastIndex}`,
        `at most ${log.lastIndex}`,
      )
    }
  }
  const led = (member.roleBefore === 'leader' || member.role === 'leader') && ledIn(cluster, member, member.term)
  if (led) judgeLeaderCommit(cluster, member)
  else if (commit > commitBefore && !fromLeader(input)) {
    cluster.fail(
      R.followerCommitBounded,
      member,
      `as ${member.role} moved its commit index from ${commitBefore} to ${commit} without a leader's word`,
      `${commitBefore}`,
    )
  }
  if (commit > commitBefore) {
    cluster.commit(member, commitBefore, commit)
    if (led) judgeCommittedDurable(cluster, member, commit)
  }
}

/** Whether an entry of a leader's term was committed before this step, or by a quorum of the configuration before it. */
export function hasCommittedInTerm(cluster: Cluster, member: Member): boolean {
  const opening = member.ledFrom + 1
  if (member.commitBefore >= opening) return true
  return (
    member.commit >= opening && isQuorum(holders(cluster, member, opening), member.votersBefore, member.outgoingBefore)
  )
}

function ledIn(cluster: Cluster, member: Member, term: number): boolean {
  return cluster.leaders.get(term) === member
}

function judgeLeaderCommit(cluster: Cluster, member: Member): void {
  const { tested, claims } = cluster
  const { commit, commitBefore, log, term } = member
  const own = 1 << member.number
  if (commit > commitBefore) {
    const entryTerm = log.termAt(commit)
    const matching = holders(cluster, member, commit)
    tested[R.commitsOwnTermOnly]!++
    tested[R.commitNeedsMajority]!++
    if (claims.disk) tested[R.leaderCountsDurable]!++
    if (member.outgoing !== 0) tested[R.jointNeedsBothMajorities]!++
    if (member.learners !== 0) tested[R.learnersDoNotCount]!++
    if (entryTerm !== -1 && entryTerm !== term) {
      cluster.fail(
        R.commitsOwnTermOnly,
        member,
        `as leader of term ${term} committed up to index ${commit}, an entry of term ${entryTerm}`,
        `an entry of term ${term}, or none`,
      )
    }
    const allowed =
      leaderMayCommit(term, term, matching, member.voters, member.outgoing) ||
      leaderMayCommit(term, term, matching, member.votersBefore, member.outgoingBefore)
    if (!allowed) {
      const requirement = cluster.quorumUnder(member, matching | own)
        ? R.leaderCountsDurable
        : countsLearners(member, matching | own)
          ? R.learnersDoNotCount
          : member.outgoing !== 0 || member.outgoingBefore !== 0
            ? R.jointNeedsBothMajorities
            : R.commitNeedsMajority
      cluster.fail(
        requirement,
        member,
        `committed index ${commit} in term ${term}, which only ${names(cluster, matching)} hold`,
        `acknowledgement by a majority of ${describeVoters(cluster, member)}`,
      )
    }
  }
  if (member.role !== 'leader' || member.voters === 0) return
  // Who claims no durability may wait for its disk all the same.
  if (!claims.disk && member.busySince >= 0) return
  // It must commit what a majority under both the configuration before and after this step acknowledged.
  let reachable = commit
  for (const other of cluster.members) {
    const index = other === member ? ownMatch(cluster, member) : member.match[other.number]!
    if (index <= reachable) continue
    const matching = holders(cluster, member, index)
    if (
      isQuorum(matching, member.voters, member.outgoing) &&
      isQuorum(matching, member.votersBefore, member.outgoingBefore)
    ) {
      reachable = index
    }
  }
  if (commit > commitBefore || reachable > commit) tested[R.commitsWhenMatched]!++
  if (reachable > commit && log.termAt(reachable) === term) {
    cluster.fail(
      R.commitsWhenMatched,
      member,
      `did not commit index ${reachable}, which ${names(cluster, holders(cluster, member, reachable))} acknowledged`,
      `commit index ${reachable}`,
    )
  }
}

/** Up to where a member holds its own log, where it matters on its disk. */
function ownMatch(cluster: Cluster, { log, durableLog }: Member): number {
  if (!cluster.claims.disk) return log.lastIndex
  let index = Math.min(durableLog.lastIndex, log.lastIndex)
  while (index > durableLog.base && index > log.base && durableLog.at(index) !== log.at(index)) index--
  return index
}

/** Members that hold the leader's log up to this index, as far as it was told. */
function holders(cluster: Cluster, member: Member, index: number): number {
  let set = ownMatch(cluster, member) >= index ? 1 << member.number : 0
  for (let number = 0; number < member.match.length; number++) if (member.match[number]! >= index) set |= 1 << number
  return set
}

function fromLeader(input: Input): boolean {
  if (input.type !== 'deliver') return false
  const { kind } = input.message.view
  return kind === 'append-entries' || kind === 'heartbeat' || kind === 'install-snapshot'
}
