/** Judges changes of the configuration in effect, and the entries that bring them. */
import type { LogDelta } from '../../models/raft/vocabulary.ts'
import { countBits, mayChangeConfiguration } from '../../models/raft/rules.ts'
import { configurationText } from './cluster.ts'
import type { Cluster } from './cluster.ts'
import type { EntryRecord, Member } from './member.ts'
import { R } from './requirements.ts'

/** Finds the newest configuration entry again after the log changed at or below it. */
export function trackConfigurationIndex(member: Member, delta: LogDelta): void {
  const lost =
    delta.restore !== undefined || (delta.truncate !== undefined && delta.truncate < member.configurationIndex)
  const gained = delta.append?.some((entry) => entry.kind === 'configuration') ?? false
  if (!lost && !gained) return
  const { records } = member.log
  for (let position = records.length - 1; position >= 0; position--) {
    if (records[position]!.kind === 'configuration') {
      member.configurationIndex = records[position]!.index
      return
    }
  }
  member.configurationIndex = member.log.base
}

/** Judges a configuration entry that a leader adds; the log holds it already. */
export function judgeChangeAdded(
  cluster: Cluster,
  member: Member,
  entry: EntryRecord,
  settledBefore: number,
  applied: number,
  committedInTerm: boolean,
): void {
  const { tested, claims } = cluster
  const onApply = claims.profiles.has('raft-config-on-apply')
  tested[R.oneChangeAtATime]!++
  const settled = onApply ? applied : member.commit
  if (settledBefore > settled) {
    cluster.fail(
      R.oneChangeAtATime,
      member,
      `added configuration entry ${entry.index} while entry ${settledBefore} is not ${onApply ? 'applied' : 'committed'}`,
      'one change at a time',
    )
  }
  if (!claims.profiles.has('raft-config-on-append')) return
  tested[R.changeAfterOwnTermCommit]!++
  const committedTerm = committedInTerm ? member.term : member.log.termAt(member.commitBefore)
  if (!mayChangeConfiguration(member.commit, 0, committedTerm, member.term)) {
    cluster.fail(
      R.changeAfterOwnTermCommit,
      member,
      `added configuration entry ${entry.index} in term ${member.term}, in which nothing is committed yet`,
      'a change only after an entry of its own term is committed',
    )
  }
}

/** What a step did that may change a configuration. */
export interface ConfigurationCauses {
  restored: boolean
  truncated: boolean
  /** Configuration entries appended and applied, and the index of the last one applied. */
  appended: number
  applied: number
  appliedIndex: number
}

export function judgeConfiguration(cluster: Cluster, member: Member, causes: ConfigurationCauses): void {
  const { tested, claims } = cluster
  const changed = configurationText(member.configuration) !== configurationText(member.configurationBefore)
  judgeFollowsLog(cluster, member)
  if (claims.profiles.has('raft-config-on-apply')) {
    if (causes.applied > 0) {
      tested[R.configurationOfApplied]!++
      if (!causes.restored) cluster.settleConfiguration(member, causes.appliedIndex, member.configuration)
    }
    if (changed && causes.applied === 0 && !causes.restored) {
      cluster.fail(
        R.configurationOfApplied,
        member,
        `went from ${configurationText(member.configurationBefore)} to ${configurationText(member.configuration)} without applying a configuration entry`,
        configurationText(member.configurationBefore),
      )
    }
  }
  if (!changed || causes.restored || causes.truncated || causes.appended > 1 || causes.applied > 1) return
  if (member.votersBefore === 0) return
  judgeSuccession(cluster, member)
}

/** [Dissertation] §4.1: a server uses the newest configuration in its log, whether committed or not. */
export function judgeFollowsLog(cluster: Cluster, member: Member): void {
  if (!cluster.claims.profiles.has('raft-config-on-append')) return
  const newest = newestConfiguration(cluster, member)
  if (newest === null) return
  cluster.tested[R.configurationOfLog]!++
  if (newest !== configurationText(member.configuration)) {
    cluster.fail(
      R.configurationOfLog,
      member,
      `uses ${configurationText(member.configuration)}, and the newest configuration in its log (entry ${member.configurationIndex}) is ${newest}`,
      newest,
    )
  }
}

/** Of the newest configuration entry in a log; else of the snapshot that its base stands for, which is committed. */
function newestConfiguration(cluster: Cluster, { log, configurationIndex, firstConfiguration }: Member): string | null {
  const record = log.at(configurationIndex)
  if (record !== null) return record.configuration === null ? null : configurationText(record.configuration)
  return log.base === 0 ? firstConfiguration : cluster.configurationAt(log.base)
}

function judgeSuccession(cluster: Cluster, member: Member): void {
  const { tested } = cluster
  const before = configurationText(member.configurationBefore)
  const after = configurationText(member.configuration)
  tested[R.refusesLastVoterRemoval]!++
  if (member.voters === 0) {
    cluster.fail(R.refusesLastVoterRemoval, member, `its configuration has no voter any more`, before)
  }
  if (member.outgoingBefore === 0 && member.outgoing === 0) {
    tested[R.changesOverlap]!++
    if (countBits(member.votersBefore ^ member.voters) > 1) {
      cluster.fail(
        R.changesOverlap,
        member,
        `went from ${before} to ${after} without a joint configuration`,
        'voters that differ by at most one',
      )
    }
  } else if (member.outgoingBefore === 0) {
    tested[R.jointEnteredProperly]!++
    if (member.outgoing !== member.votersBefore) {
      cluster.fail(R.jointEnteredProperly, member, `went from ${before} to ${after}`, `outgoing ${before}`)
    }
  } else if (member.outgoing === 0) {
    tested[R.jointLeftProperly]!++
    if (member.voters !== member.votersBefore) {
      cluster.fail(R.jointLeftProperly, member, `went from ${before} to ${after}`, 'the incoming voters alone')
    }
  } else {
    tested[R.jointEnteredProperly]!++
    cluster.fail(
      R.jointEnteredProperly,
      member,
      `went from ${before} to ${after}`,
      'the joint configuration to be left first',
    )
  }
}
