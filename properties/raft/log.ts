/** What becomes of a log in a step. */
import type { Answer, Input, LogDelta, Message } from '../../models/raft/vocabulary.ts'
import { Cluster, describeRecord } from './cluster.ts'
import { hasCommittedInTerm } from './commit.ts'
import { applyDelta, misplacedEntry } from './member.ts'
import type { Member } from './member.ts'
import { judgeChangeAdded, trackConfigurationIndex } from './membership.ts'
import type { ConfigurationCauses } from './membership.ts'
import * as receive from './receive.ts'
import type { AppendPlan } from './receive.ts'
import { R } from './requirements.ts'

export function applyLog(
  cluster: Cluster,
  causes: ConfigurationCauses,
  member: Member,
  input: Input,
  delta: LogDelta,
): void {
  const { truncate, append, restore, compact } = delta
  const { log } = member
  const removesFrom = truncate ?? (restore !== undefined && !restore.retain ? restore.index : log.lastIndex)
  if (removesFrom < log.lastIndex) {
    cluster.tested[R.neverRemovesCommitted]!++
    cluster.tested[R.leaderAppendOnly]!++
    if (member.role === 'leader' && member.roleBefore === 'leader' && member.term === member.termBefore) {
      cluster.fail(
        R.leaderAppendOnly,
        member,
        `as leader removed entries behind index ${removesFrom} of its own log`,
        'a log that only grows',
      )
    }
  }
  const lastIndexThen = log.lastIndex
  const lastCommitted = Math.min(member.commitBefore, lastIndexThen)
  const committedRecord = lastCommitted > log.base ? log.at(lastCommitted) : null
  if (compact !== undefined) {
    cluster.tested[R.compactsAppliedOnly]!++
    const applied = Math.max(member.applied, restore?.index ?? 0)
    if (compact.index > applied) {
      cluster.fail(
        R.compactsAppliedOnly,
        member,
        `discarded entries up to ${compact.index}, and has applied ${applied}`,
        `at most index ${applied}`,
      )
    }
  }
  const discarded = compact === undefined || restore !== undefined ? -1 : log.termAt(compact.index)
  if (compact !== undefined && discarded !== -1 && discarded !== compact.term) {
    cluster.fail(
      R.compactsAppliedOnly,
      member,
      `discarded entries up to index ${compact.index} of term ${compact.term}, where its log has term ${discarded}`,
      `term ${discarded}`,
    )
  }
  applyDelta(log, delta, (entry, previous) => cluster.record(entry, previous, member))
  trackConfigurationIndex(member, delta)
  const misplaced = misplacedEntry(log, delta)
  if (misplaced !== null) {
    cluster.fail(
      input.type === 'deliver' && member.role !== 'leader' ? R.appendTakesEntries : R.leaderAppendsOwnTerm,
      member,
      `added entry ${misplaced.index} to a log that then ends at index ${log.lastIndex}`,
      'each entry at the index after the one before it',
    )
  }
  causes.restored = restore !== undefined
  causes.truncated = truncate !== undefined || restore !== undefined
  if (append !== undefined) for (const entry of append) if (entry.kind === 'configuration') causes.appended++
  if (
    committedRecord !== null &&
    lastCommitted > log.base &&
    log.at(lastCommitted) !== committedRecord &&
    !(restore !== undefined && restore.index >= lastCommitted)
  ) {
    cluster.fail(
      R.neverRemovesCommitted,
      member,
      `lost ${describeRecord(committedRecord)}, which it knew committed`,
      'committed entries stay',
    )
  }
  if (input.type === 'deliver') return
  if (truncate !== undefined && removesFrom < lastIndexThen) {
    cluster.fail(
      R.appendKeepsMatchingEntries,
      member,
      `removed entries behind index ${removesFrom} of its own accord`,
      'a log that only an append of the leader shortens',
    )
  }
  if (append === undefined) return
  cluster.tested[R.onlyLeaderTakesProposals]!++
  if (member.role !== 'leader' && member.roleBefore !== 'leader') {
    cluster.fail(
      R.onlyLeaderTakesProposals,
      member,
      `as ${member.role} added ${append.length} entries of its own accord`,
      'a log that only a leader extends',
    )
  }
}

export function judgeLogOutcome(
  cluster: Cluster,
  member: Member,
  from: Member,
  view: Message,
  planned: AppendPlan | null,
  matched: boolean,
  delta: LogDelta | null,
): void {
  switch (view.kind) {
    case 'append-entries':
      if (planned !== null) receive.judgeAppend(cluster, member, from, view, planned, delta)
      return
    case 'heartbeat':
      receive.judgeHeartbeat(cluster, member, view)
      break
    case 'install-snapshot':
      receive.judgeSnapshot(cluster, member, view, matched, delta)
      return
    case 'propose':
      cluster.tested[R.proposalsNotForwarded]!++
      if (cluster.claims.profiles.has('raft-swarmkit') && delta?.append !== undefined) {
        cluster.fail(
          R.proposalsNotForwarded,
          member,
          `added ${delta.append.length} entries proposed by another member`,
          'log unchanged',
        )
      }
      break
    default:
  }
  if (delta === null || (delta.append === undefined && delta.truncate === undefined)) return
  if (member.role === 'leader' || (member.roleBefore === 'leader' && member.term === member.termBefore)) return
  cluster.fail(
    R.onlyLeaderTakesProposals,
    member,
    `as ${member.role} changed its log on ${view.kind}`,
    'a follower changes its log on appends and snapshots only',
  )
}

/** Entries that a leader added in this step. */
export function judgeAppended(cluster: Cluster, member: Member, answer: Answer, settledBefore: number): void {
  const append = answer.log?.append
  if (append === undefined || member.role !== 'leader') return
  if (member.roleBefore !== 'leader' && append.some((entry) => entry.kind === 'empty' && entry.term === member.term)) {
    cluster.tested[R.appendsEmptyEntry]!++
  }
  let settled = settledBefore
  for (const entry of append) {
    cluster.tested[R.leaderAppendsOwnTerm]!++
    if (entry.term !== member.term) {
      cluster.fail(
        R.leaderAppendsOwnTerm,
        member,
        `as leader of term ${member.term} added an entry of term ${entry.term} at index ${entry.index}`,
        `an entry of term ${member.term}`,
      )
    }
    if (entry.kind !== 'configuration') continue
    const record = member.log.at(entry.index)
    const applied = Math.max(member.applied, answer.state?.applied ?? 0)
    if (record !== null)
      judgeChangeAdded(cluster, member, record, settled, applied, hasCommittedInTerm(cluster, member))
    settled = entry.index
  }
}
