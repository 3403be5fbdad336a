/** What a message must be answered with, and what is still owed. */
import type { Answer, Message } from '../../models/raft/vocabulary.ts'
import type { NodeId } from '../../models/vocabulary.ts'
import { Cluster } from './cluster.ts'
import type { Member } from './member.ts'
import type { AppendPlan } from './receive.ts'
import { R } from './requirements.ts'
import { names } from './role.ts'

/** Whether a member was in a configuration that the receiver has applied, and is not in the newest of these. */
export function isRemoved(cluster: Cluster, member: Member, from: Member): boolean {
  const { configurations } = cluster
  let last = -1
  let wasIn = false
  for (let at = 0; at < configurations.length; at++) {
    if (configurations[at]!.index > member.applied) break
    last = at
    if ((configurations[at]!.members >> from.number) & 1) wasIn = true
  }
  return wasIn && last >= 0 && ((configurations[last]!.members >> from.number) & 1) === 0
}

/** What a message must be answered with, whatever else it does. */
export function judgeReply(
  cluster: Cluster,
  member: Member,
  from: Member,
  view: Message,
  answer: Answer,
  told: boolean,
): void {
  if (told && view.kind !== 'member-removed') {
    cluster.tested[R.removedMemberIsTold]!++
    if (!replies(answer, from).some((reply) => reply.kind === 'member-removed')) {
      cluster.fail(
        R.removedMemberIsTold,
        member,
        `did not tell ${from.id}, whose removal it has applied, on ${view.kind}`,
        'the answer member-removed',
      )
    }
    return
  }
  if ((view.kind !== 'append-entries' && view.kind !== 'heartbeat') || view.term >= member.termBefore) return
  cluster.tested[R.answersStaleLeader]!++
  if (!replies(answer, from).some((reply) => reply.term === member.term)) {
    cluster.advise(
      R.answersStaleLeader,
      member,
      `did not answer ${view.kind} of term ${view.term}, and is in term ${member.term}`,
      `an answer with term ${member.term}`,
    )
  }
}

/** A refusal is no answer to an append that the log matches, to a snapshot that was restored, or to who got the vote. */
export function judgeRefusal(
  cluster: Cluster,
  member: Member,
  from: Member,
  view: Message,
  planned: AppendPlan | null,
  answer: Answer,
): void {
  if (member.term !== view.term) return
  switch (view.kind) {
    case 'request-vote': {
      const cast = member.vote === from.id && (member.termBefore !== member.term || member.voteBefore === null)
      if (cast && replies(answer, from).some((reply) => reply.kind === 'request-vote-response' && !reply.granted))
        cluster.fail(R.grantsVote, member, `voted for ${from.id} in term ${view.term} and refused it`, 'a grant')
      return
    }
    case 'append-entries': {
      if (planned === null || !planned.consistent) return
      // Of an earlier append, if its answer had to wait for the disk.
      const isOfIt = (index: number): boolean => index === view.previousIndex || !member.wasBusy
      for (const output of answer.outputs) {
        if (output.type !== 'message' || output.view.kind !== 'append-entries-response' || output.view.success) continue
        if (output.to !== from.id || !isOfIt(output.view.index)) continue
        cluster.fail(
          R.answersRequests,
          member,
          `refused an append behind index ${view.previousIndex} of term ${view.previousTerm}, which its log holds`,
          'an answer of success',
        )
      }
      return
    }
    case 'install-snapshot': {
      if (answer.log?.restore === undefined) return
      if (replies(answer, from).some((reply) => reply.kind === 'install-snapshot-response' && !reply.success))
        cluster.fail(R.answersRequests, member, 'restored a snapshot and refused it', 'an answer of success')
      return
    }
    default:
  }
}

/** A request of the member's term is owed an answer, unless the member may disregard it. */
export function noteOwed(
  cluster: Cluster,
  member: Member,
  from: Member,
  view: Message,
  disregard: 'must' | 'may' | 'no',
): void {
  if (view.term !== member.term) return
  const bit = 1 << from.number
  switch (view.kind) {
    case 'append-entries':
      if (view.entries.length === 0) return
      member.owedAppends |= bit
      break
    case 'heartbeat':
      if ((member.owedAppends & bit) === 0) member.owedRound = 0
      member.owedRound = Math.max(member.owedRound, view.round)
      member.owedAppends |= bit
      break
    case 'install-snapshot':
      member.owedAppends |= bit
      break
    case 'request-vote':
      if (disregard !== 'no') return
      member.owedVotes |= bit
      break
    default:
      return
  }
  cluster.tested[R.answersRequests]!++
}

export function noteReply(cluster: Cluster, member: Member, view: Message, to: NodeId): void {
  if (view.term !== member.term) return
  const bit = 1 << cluster.member(to).number
  switch (view.kind) {
    case 'heartbeat-response':
      if (view.round >= member.owedRound) member.owedAppends &= ~bit
      return
    case 'append-entries-response':
    case 'install-snapshot-response':
      member.owedAppends &= ~bit
      return
    case 'request-vote-response':
      member.owedVotes &= ~bit
      return
    default:
  }
}

/** Who is told that it was removed stops for good. */
export function judgeTold(cluster: Cluster, member: Member, to: Member): void {
  if (!cluster.claims.profiles.has('raft-swarmkit') || isRemoved(cluster, member, to)) return
  cluster.fail(
    R.removedMemberIsTold,
    member,
    `told ${to.id} that it was removed, and has applied no removal of it`,
    'member-removed to members that were removed',
  )
}

/** Requests that no answer was given to, though no disk holds it up. */
export function judgeOwed(cluster: Cluster, member: Member): void {
  const { owedAppends, owedVotes } = member
  member.owedAppends = member.owedVotes = 0
  cluster.fail(
    R.answersRequests,
    member,
    owedAppends !== 0
      ? `did not answer an append, heartbeat or snapshot of ${names(cluster, owedAppends)} in its term`
      : `did not answer a vote request of ${names(cluster, owedVotes)} in its term`,
    'an answer to each request',
  )
}

export function replies(answer: Answer, to: Member): Message[] {
  return answer.outputs.flatMap((output) => (output.type === 'message' && output.to === to.id ? [output.view] : []))
}
