/**
 * The rules of Raft as small pure functions over numbers. The member machine, the judge and the system models all
 * call these and have no rule of their own, so that there is one truth. Sources are named by the keys of SPEC.md.
 */

/** Whether a log ending in (lastIndex, lastTerm) is at least as up-to-date as the voter's. [Paper] §5.4.1. */
export function logUpToDate(lastTerm: number, lastIndex: number, ownLastTerm: number, ownLastIndex: number): boolean {
  return lastTerm > ownLastTerm || (lastTerm === ownLastTerm && lastIndex >= ownLastIndex)
}

/**
 * Whether a member may grant its vote to a candidate. Members are numbered from 0; `votedFor` is -1 for none.
 * `votedFor` is the vote cast in `term`, the candidate's term: a vote of an older term does not count. [Paper] Figure 2, RequestVote.
 */
export function mayGrantVote(
  requestTerm: number,
  term: number,
  votedFor: number,
  candidate: number,
  upToDate: boolean,
): boolean {
  return requestTerm === term && (votedFor === -1 || votedFor === candidate) && upToDate
}

/** Whether a member may grant a pre-vote: it would vote for such a candidate in that term. [Dissertation] §9.6. */
export function mayGrantPreVote(requestTerm: number, term: number, upToDate: boolean): boolean {
  return requestTerm > term && upToDate
}

/** Smallest majority of `voters` members; of none, none are needed. [Paper] §5.2. */
export function majority(voters: number): number {
  return voters === 0 ? 0 : (voters >> 1) + 1
}

/** Number of members in a set held as bits. */
export function countBits(set: number): number {
  let rest = set - ((set >>> 1) & 0x55555555)
  rest = (rest & 0x33333333) + ((rest >>> 2) & 0x33333333)
  return (((rest + (rest >>> 4)) & 0x0f0f0f0f) * 0x01010101) >>> 24
}

/** Whether `set` holds a majority of the voters and, in a joint configuration, of the outgoing voters too. [Paper] §6. */
export function isQuorum(set: number, voters: number, outgoing: number): boolean {
  return (
    countBits(set & voters) >= majority(countBits(voters)) && countBits(set & outgoing) >= majority(countBits(outgoing))
  )
}

/** Whether a leader may commit up to an entry by counting `matching` members. [Paper] §5.4.2: only of its own term. */
export function leaderMayCommit(
  entryTerm: number,
  term: number,
  matching: number,
  voters: number,
  outgoing: number,
): boolean {
  return entryTerm === term && isQuorum(matching, voters, outgoing)
}

/** How far a follower may commit on an accepted append. [Paper] Figure 2, AppendEntries 5. */
export function followerCommit(commit: number, leaderCommit: number, lastNewIndex: number): number {
  return Math.max(commit, Math.min(leaderCommit, lastNewIndex))
}

/** Whether the follower's log holds what the leader says precedes the new entries. [Paper] Figure 2, AppendEntries 2. */
export function consistent(termAtPrevious: number, previousTerm: number): boolean {
  return termAtPrevious === previousTerm
}

/** Whether an entry in the log conflicts with a new one at the same index. [Paper] Figure 2, AppendEntries 3. */
export function conflicts(ownTerm: number, newTerm: number): boolean {
  return ownTerm !== newTerm
}

/** The term after a message was seen: terms only rise. [Paper] Figure 2, all servers. */
export function termAfter(term: number, messageTerm: number): number {
  return Math.max(term, messageTerm)
}

/** Whether a member that sees this message must leave candidacy or leadership. [Paper] Figure 2. */
export function mustFollow(term: number, messageTerm: number, isLeader: boolean, isFromLeader: boolean): boolean {
  return messageTerm > term || (messageTerm === term && isFromLeader && !isLeader)
}

/** Whether a configuration entry may be appended by a leader. [Ongaro2015]; [Dissertation] §4.1. */
export function mayChangeConfiguration(
  commit: number,
  lastConfigurationIndex: number,
  termAtCommit: number,
  term: number,
): boolean {
  return commit >= lastConfigurationIndex && termAtCommit === term
}

/** Whether a request is of the past: it is refused, and changes nothing. [Paper] Figure 2, AppendEntries 1. */
export function isStale(term: number, messageTerm: number): boolean {
  return messageTerm < term
}

/** Whether a vote or an acknowledgement counts: only for who still holds the office in the term that it answers. [Paper] §5.1. */
export function countsAnswer(term: number, answerTerm: number, holdsOffice: boolean): boolean {
  return holdsOffice && answerTerm === term
}

/** Up to where an accepted append shows a follower's log to match: what it holds beyond is not known to. [Paper] Figure 2. */
export function lastNewIndex(previousIndex: number, entries: number): number {
  return previousIndex + entries
}

/** What a leader knows to match after an acknowledgement: acknowledgements may overtake each other. [Paper] §5.3. */
export function matchAfter(match: number, acknowledged: number): number {
  return Math.max(match, acknowledged)
}

/** Whether a snapshot brings anything: what it covers is committed, so it must go beyond the commit index. [Paper] §7. */
export function bringsNews(commit: number, snapshotIndex: number): boolean {
  return snapshotIndex > commit
}

/** Whether the entries behind a snapshot stay: the log must hold the snapshot's last entry. [Paper] Figure 13, 6. */
export function retainsSuffix(termAtSnapshot: number, snapshotTerm: number): boolean {
  return termAtSnapshot === snapshotTerm
}

/** The term of a campaign. [Paper] §5.2; [Dissertation] §9.6: of a pre-vote too. */
export function nextTerm(term: number): number {
  return term + 1
}

/** Whether those who have not refused are a quorum still. [ER] tracker.go TallyVotes. */
export function canStillWin(refusals: number, voters: number, outgoing: number): boolean {
  return isQuorum(voters & ~refusals, voters, outgoing) && isQuorum(outgoing & ~refusals, 0, outgoing)
}

/** Whether a member may grant a pre-vote for its own term: it could still vote so in it. [ER] raft.go Step, MsgPreVote. */
export function couldStillVote(
  requestTerm: number,
  term: number,
  votedFor: number,
  candidate: number,
  knowsLeader: boolean,
  upToDate: boolean,
): boolean {
  return mayGrantVote(requestTerm, term, votedFor, candidate, upToDate) && (votedFor === candidate || !knowsLeader)
}

/** Whether a follower may do no more about an append than tell its commit index. [ER] raft.go handleAppendEntries. */
export function mayPassOver(previousIndex: number, commit: number): boolean {
  return previousIndex < commit
}

/** How far a follower may commit on a heartbeat, which tells nothing of the log. [ER] raft.go handleHeartbeat. */
export function heartbeatCommit(commit: number, leaderCommit: number, lastIndex: number): number {
  return Math.max(commit, Math.min(leaderCommit, lastIndex))
}
