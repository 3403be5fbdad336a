/** What a leader does beside replicating: transfers, and that it is announced. */
import type { Answer, Input } from '../../models/raft/vocabulary.ts'
import { Cluster } from './cluster.ts'
import type { Member } from './member.ts'
import { R } from './requirements.ts'

/** Waiting proposals of a leader that lost its role, transfers, and what they forbid. */
export function judgeTransfer(cluster: Cluster, member: Member, input: Input, answer: Answer, local: number): void {
  const { options, claims, tested } = cluster
  if (member.roleBefore === 'leader' && member.role !== 'leader') {
    member.transferTo = null
    member.readAnswers.length = 0
    if (claims.profiles.has('raft-swarmkit')) {
      tested[R.lostLeadershipFailsWaiting]!++
      for (const pending of member.pending.values())
        if (pending.operation.type === 'propose' && pending.leading) member.lostProposals = true
      if (member.lostProposals) {
        cluster.fail(
          R.lostLeadershipFailsWaiting,
          member,
          'lost leadership and left waiting proposals unanswered',
          'each answered as unknown in the step that ends leadership',
        )
      }
    }
  }
  if (member.transferTo === null || input.type !== 'operation' || input.operation.type !== 'propose') return
  if (member.role !== 'leader' || !claims.profiles.has('raft-transfer')) return
  const took = answer.log?.append?.some((entry) => entry.kind === 'command') ?? false
  const since = local - member.transferSince
  const sinceAsked = local - member.transferAsked
  if (since < options.electionTimeout - options.heartbeatInterval) {
    tested[R.transferRefusesProposals]!++
    if (took) {
      cluster.fail(
        R.transferRefusesProposals,
        member,
        `took a proposal ${since} ms into a transfer to ${member.transferTo}`,
        'a refusal until the transfer ends',
      )
    }
  } else if (sinceAsked > options.electionTimeout + 2 * options.heartbeatInterval) {
    tested[R.transferEnds]!++
    if (!took) {
      cluster.fail(
        R.transferEnds,
        member,
        `refused a proposal ${sinceAsked} ms after a transfer to ${member.transferTo} began`,
        'proposals taken again after an election timeout',
      )
    }
    member.transferTo = null
  }
}

export function judgeReady(cluster: Cluster, member: Member): void {
  cluster.tested[R.readyWhenCaughtUp]!++
  cluster.tested[R.leaderWorkEndsWithLeadership]!++
  if (member.role !== 'leader') {
    cluster.fail(
      R.leaderWorkEndsWithLeadership,
      member,
      `is ${member.role} and still announced as leader`,
      'not announced',
    )
    return
  }
  if (member.applied < member.ledFrom) {
    cluster.fail(
      R.readyWhenCaughtUp,
      member,
      `is announced as leader with ${member.applied} applied of the ${member.ledFrom} entries it was elected with`,
      'announced once they are applied',
    )
  }
}
