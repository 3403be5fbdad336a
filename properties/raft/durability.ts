/** Judges what must be on disk before it is said, and what a crash must leave behind. */
import type {
  Answer,
  Input,
  LogDelta,
  OutgoingMessage,
  Output,
  Position,
  WriteContents,
} from '../../models/raft/vocabulary.ts'
import { applyDelta, misplacedEntry } from './member.ts'
import type { Log, Member, PendingWrite } from './member.ts'
import type { Cluster } from './cluster.ts'
import { configurationText, describeRecord, isEntry } from './cluster.ts'
import { R } from './requirements.ts'

export function noteWrite(cluster: Cluster, member: Member, output: Extract<Output, { type: 'write' }>): void {
  if (member.busySince < 0) {
    member.busySince = cluster.step
    member.busyTerm = member.termBefore
  }
  member.writes.push({
    id: output.id,
    file: output.file,
    sync: output.sync,
    contents: output.contents,
    acknowledged: false,
  })
  if (cluster.claims.disk) judgeWritten(cluster, member, output.contents)
}

/** What a crash leaves behind is what was written: it must be what the member is, or was on its way there. */
function judgeWritten(cluster: Cluster, member: Member, { term, vote, commit, log }: WriteContents): void {
  const compact = log?.compact
  if (compact !== undefined && (compact.index > member.log.base || !agrees(member, compact))) {
    cluster.fail(
      R.compactsAppliedOnly,
      member,
      `discarded entries on its disk up to (index ${compact.index}, term ${compact.term}), and its log begins at (index ${member.log.base}, term ${member.log.baseTerm})`,
      'what its log discards too',
    )
  }
  if (term !== undefined) {
    if (term > member.term || term < member.writtenTerm) {
      cluster.fail(
        R.recoversTermAndVote,
        member,
        `wrote term ${term} after term ${member.writtenTerm}, and is in term ${member.term}`,
        `a term from ${member.writtenTerm} to ${member.term}`,
      )
    }
    member.writtenTerm = term
  }
  if (vote !== undefined && member.writtenTerm === member.term && vote !== member.vote) {
    const wasFree = member.term !== member.termBefore || member.voteBefore === null
    if (vote !== null || !wasFree) {
      cluster.fail(
        R.recoversTermAndVote,
        member,
        `wrote a vote for ${vote ?? 'nobody'} in term ${member.term}, and its vote is for ${member.vote ?? 'nobody'}`,
        `a vote for ${member.vote ?? 'nobody'}`,
      )
    }
  }
  const other = log?.append?.find((entry) => {
    const own = member.log.at(entry.index)
    return own !== null && own.term === entry.term && !isEntry(own, entry)
  })
  if (other !== undefined) {
    cluster.fail(
      R.recoversLog,
      member,
      `wrote entry ${other.index} of term ${other.term} as "${other.digest}", which is another in its log`,
      'the entries of its log',
    )
  }
  if (commit !== undefined && commit > member.commit) {
    cluster.fail(
      R.recoversCommit,
      member,
      `wrote commit index ${commit}, and its commit index is ${member.commit}`,
      `at most ${member.commit}`,
    )
  }
}

function harden(cluster: Cluster, member: Member, write: PendingWrite): void {
  const { term, vote, commit, log } = write.contents
  if (term !== undefined) member.durableTerm = term
  if (vote !== undefined) member.durableVote = vote
  if (commit !== undefined) member.durableCommit = commit
  if (log === undefined) return
  applyDelta(member.durableLog, log, (entry, previous) => cluster.record(entry, previous, member))
  judgeHardened(cluster, member, log)
}

/** Entries come to the disk at their indexes, and those of the log in memory as they are there. */
function judgeHardened(cluster: Cluster, member: Member, delta: LogDelta): void {
  const { log, durableLog } = member
  const wrong =
    misplacedEntry(durableLog, delta) ??
    delta.append?.find(({ index, term }) => log.at(index)?.term === term && durableLog.at(index) !== log.at(index))
  if (wrong === null || wrong === undefined) return
  cluster.fail(
    R.recoversLog,
    member,
    `its disk holds entry ${wrong.index} of term ${wrong.term} "${wrong.digest}" in a log of ${describeLog(durableLog)}, and its log in memory is another there`,
    'the entries of its log, without gaps',
  )
}

/** Writes were acknowledged: what is synced, and what stands before it in its file, is durable now. */
export function acknowledge(cluster: Cluster, member: Member, input: Extract<Input, { type: 'written' }>): void {
  for (const id of input.writes) {
    const write = member.writes.find((each) => each.id === id)
    if (write === undefined) continue
    write.acknowledged = true
    if (!write.sync) continue
    for (const each of member.writes) if (each.file === write.file && each.id <= id) harden(cluster, member, each)
    member.writes = member.writes.filter((each) => each.file !== write.file || each.id > id)
  }
  if (!member.writes.some((each) => !each.acknowledged)) member.busySince = -1
  if (member.held.length === 0) return
  const waiting = member.held
  member.held = []
  for (const message of waiting) {
    if (isWaiting(member, message)) member.held.push(message)
    else judgeDeparture(cluster, member, message)
  }
}

function isWaiting(member: Member, message: OutgoingMessage): boolean {
  return member.writes.some((write) => write.id === message.after && !write.acknowledged)
}

/** A message leaves at once, or when the write that it names is acknowledged. */
export function noteDeparture(cluster: Cluster, member: Member, message: OutgoingMessage): void {
  if (message.after !== 0 && isWaiting(member, message)) member.held.push(message)
  else judgeDeparture(cluster, member, message)
}

function judgeDeparture(cluster: Cluster, member: Member, message: OutgoingMessage): void {
  if (!cluster.claims.disk) return
  const { view } = message
  const { tested } = cluster
  if (view.kind === 'request-vote-response' && view.granted) {
    tested[R.voteDurableBeforeGrant]!++
    const durable =
      member.durableTerm > view.term || (member.durableTerm === view.term && member.durableVote === message.to)
    if (!durable) {
      cluster.fail(
        R.voteDurableBeforeGrant,
        member,
        `its vote for ${message.to} in term ${view.term} left while its disk held term ${member.durableTerm} and vote ${member.durableVote ?? 'nobody'}`,
        'a response only after term and vote are durable',
      )
    }
  }
  const acknowledges =
    (view.kind === 'append-entries-response' || view.kind === 'install-snapshot-response') &&
    view.success &&
    view.term === member.term
  // [ER] acknowledges a snapshot by an append response.
  if (acknowledges && member.snapshotTaken > 0 && view.index >= member.snapshotTaken) {
    tested[R.snapshotDurableBeforeAck]!++
    const durable = holds(member, member.snapshotTaken)
    if (!durable) {
      cluster.fail(
        R.snapshotDurableBeforeAck,
        member,
        `its acknowledgement of a snapshot up to index ${member.snapshotTaken} left while its disk held entries up to ${member.durableLog.lastIndex}`,
        'a response only after the snapshot is durable',
      )
    }
    member.snapshotTaken = 0
  }
  if (view.kind === 'append-entries-response' && acknowledges) {
    tested[R.entriesDurableBeforeAck]!++
    if (!holds(member, view.index) || (view.index > 0 && member.durableTerm < view.term)) {
      cluster.fail(
        R.entriesDurableBeforeAck,
        member,
        `its acknowledgement of index ${view.index} in term ${view.term} left while its disk held term ${member.durableTerm} and entries up to ${member.durableLog.lastIndex}`,
        'a response only after term and entries are durable',
      )
    }
  }
}

/** Whether the disk holds the log up to this index as memory does. */
function holds(member: Member, index: number): boolean {
  const { durableLog, log } = member
  if (index === durableLog.base) {
    const term = log.termAt(index)
    return term === -1 || term === durableLog.baseTerm
  }
  if (index < durableLog.base) return true
  if (index > durableLog.lastIndex) return false
  const inMemory = log.at(index)
  return inMemory === null || durableLog.at(index) === inMemory
}

/** Whether this member holds a committed entry on its disk. */
export function holdsDurably(member: Member, index: number, term: number): boolean {
  return index <= member.durableLog.base || member.durableLog.termAt(index) === term
}

export function judgeCrash(cluster: Cluster, member: Member, input: Extract<Input, { type: 'crash' }>): void {
  const kept = new Set(input.keep)
  for (const write of member.writes) if (kept.has(write.id)) harden(cluster, member, write)
  member.up = false
  member.forget()
}

export function judgeRestart(cluster: Cluster, member: Member, answer: Answer): void {
  const { tested } = cluster
  member.up = true
  const commitKnown = member.commit
  member.log.restore(0, 0, false)
  member.applied = 0
  if (answer.state !== null) member.observe(answer.state)
  if (answer.state?.configuration !== undefined) cluster.configure(member, answer.state.configuration)
  if (answer.log !== null)
    applyDelta(member.log, answer.log, (entry, previous) => cluster.record(entry, previous, member))
  member.applied = answer.state?.applied ?? member.log.base
  member.contact = member.disturbed = member.configuredAt = member.restartedAt = answer.now
  if (member.commit > member.log.lastIndex) {
    cluster.fail(
      R.commitWithinLog,
      member,
      `restarted with commit index ${member.commit} and a log that ends at ${member.log.lastIndex}`,
      `at most ${member.log.lastIndex}`,
    )
  }
  cluster.commit(member, member.log.base, member.commit)
  judgeLeaderRestarted(cluster, member)
  judgeConfigurationRestarted(cluster, member)
  if (!cluster.claims.disk) {
    takeAsDurable(member)
    return
  }

  tested[R.recoversAsFollower]!++
  if (member.role !== 'follower' || member.leader !== null) {
    const leader = member.leader === null ? '' : ` with leader ${member.leader}`
    cluster.fail(R.recoversAsFollower, member, `restarted as ${member.role}${leader}`, 'role follower, no leader known')
  }
  if (member.ready) {
    cluster.fail(R.leaderWorkEndsWithLeadership, member, 'restarted announced as leader', 'not announced')
  }
  tested[R.recoversTermAndVote]!++
  if (member.term !== member.durableTerm || member.vote !== member.durableVote) {
    cluster.fail(
      R.recoversTermAndVote,
      member,
      `restarted in term ${member.term} with vote ${member.vote ?? 'nobody'}; its disk held term ${member.durableTerm} and vote ${member.durableVote ?? 'nobody'}`,
      `term ${member.durableTerm}, vote ${member.durableVote ?? 'nobody'}`,
    )
  }
  tested[R.recoversLog]!++
  const { log, durableLog } = member
  let wrong =
    log.lastIndex !== durableLog.lastIndex || log.base !== durableLog.base || log.baseTerm !== durableLog.baseTerm
  for (let index = Math.max(log.base, durableLog.base) + 1; index <= log.lastIndex && !wrong; index++) {
    wrong = log.at(index) !== durableLog.at(index)
  }
  if (wrong) {
    cluster.fail(
      R.recoversLog,
      member,
      `restarted with a log of ${describeLog(log)}; its disk held one of ${describeLog(durableLog)}`,
      'exactly what is durable',
    )
  }
  tested[R.recoversCommit]!++
  if (
    member.commit > Math.max(commitKnown, member.durableCommit) ||
    member.commit < Math.max(log.base, member.durableCommit) ||
    member.commit > log.lastIndex
  ) {
    cluster.fail(
      R.recoversCommit,
      member,
      `restarted with commit index ${member.commit}; it was ${commitKnown}, its disk held ${member.durableCommit}, and its log is (${log.base}, ${log.lastIndex}]`,
      `between ${Math.max(log.base, member.durableCommit)} and ${Math.min(commitKnown, log.lastIndex)}`,
    )
  }
}

function agrees({ log }: Member, { index, term }: Position): boolean {
  const own = log.termAt(index)
  return own === -1 || own === term
}

function describeLog({ base, baseTerm, lastIndex, lastTerm }: Log): string {
  return `(index ${base}, term ${baseTerm}) to (index ${lastIndex}, term ${lastTerm})`
}

/** One that restarts as leader leads its term as any other does. */
function judgeLeaderRestarted(cluster: Cluster, member: Member): void {
  if (member.role !== 'leader') return
  const other = cluster.leaders.get(member.term)
  cluster.tested[R.oneLeaderPerTerm]!++
  if (other !== undefined && other !== member) {
    cluster.fail(
      R.oneLeaderPerTerm,
      member,
      `${member.id} restarted as leader of term ${member.term}, which ${other.id} already leads`,
      'another role',
    )
    return
  }
  cluster.leaders.set(member.term, member)
  member.ledTerm = member.term
}

/** Where no entry of the log brings a configuration, that of the snapshot on disk is in effect. */
function judgeConfigurationRestarted(cluster: Cluster, member: Member): void {
  const { log } = member
  if (log.records.some(({ kind }) => kind === 'configuration')) return
  const known = cluster.configurationAt(log.base)
  if (known === null || log.base === 0) return
  cluster.tested[R.snapshotKeepsConfiguration]!++
  const found = configurationText(member.configuration)
  if (found !== known) {
    cluster.fail(
      R.snapshotKeepsConfiguration,
      member,
      `restarted from a snapshot with ${known} and has ${found}`,
      known,
    )
  }
}

/** Whoever claims no durability has on disk what it shows. */
function takeAsDurable(member: Member): void {
  member.durableTerm = member.term
  member.durableVote = member.vote
  member.durableCommit = member.commit
  member.durableLog.restore(member.log.base, member.log.baseTerm, false)
  member.durableLog.records = [...member.log.records]
}

/** [TLA] CommittedIsDurableInv: a newly committed entry is on the disks of a majority. */
export function judgeCommittedDurable(cluster: Cluster, leader: Member, index: number): void {
  if (!cluster.claims.disk) return
  const record = cluster.committedRecords[index]
  if (record === undefined) return
  let set = 0
  for (const member of cluster.members) if (holdsDurably(member, index, record.term)) set |= 1 << member.number
  cluster.tested[R.committedSurvives]!++
  if (!cluster.quorumUnder(leader, set)) {
    cluster.fail(
      R.committedSurvives,
      leader,
      `${describeRecord(record)} is committed and durable at fewer than a majority`,
      'an entry on the disks of a majority before it is committed',
    )
  }
}
