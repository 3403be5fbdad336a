/** What a member applies, and what it shows of that. */
import { Cluster, describeRecord } from './cluster.ts'
import type { Member } from './member.ts'
import type { ConfigurationCauses } from './membership.ts'
import { R } from './requirements.ts'

export function judgeShownApplied(cluster: Cluster, member: Member): void {
  if (member.shownApplied === member.applied) return
  cluster.fail(
    R.appliesInOrder,
    member,
    `shows applied index ${member.shownApplied}, and has applied up to index ${member.applied}`,
    `applied index ${member.applied}`,
  )
}

export function judgeApplied(
  cluster: Cluster,
  causes: ConfigurationCauses,
  member: Member,
  index: number,
  term: number,
  digest: string,
): void {
  cluster.tested[R.appliesInOrder]!++
  cluster.tested[R.appliesCommittedOnly]!++
  if (index !== member.applied + 1) {
    cluster.fail(
      R.appliesInOrder,
      member,
      `applied index ${index} after index ${member.applied}`,
      `index ${member.applied + 1}`,
    )
  }
  member.applied = index
  const record = cluster.committedRecords[index]
  if (index > member.commit) {
    cluster.fail(
      R.appliesCommittedOnly,
      member,
      `applied index ${index} with commit index ${member.commit}`,
      `at most index ${member.commit}`,
    )
  } else if (record !== undefined && (record.term !== term || record.digest !== digest)) {
    cluster.fail(
      R.appliesCommittedOnly,
      member,
      `applied "${digest}" of term ${term} at index ${index}, where ${describeRecord(record)} is committed`,
      describeRecord(record),
    )
  }
  if (record?.kind === 'configuration') {
    causes.applied++
    causes.appliedIndex = index
  }
  if (member.lostProposals) {
    cluster.fail(
      R.lostLeadershipFailsWaiting,
      member,
      `applied index ${index} after it lost leadership, with waiting proposals not answered`,
      'waiting proposals answered before anything is applied',
    )
  }
}
