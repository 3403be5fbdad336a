/** What must happen once faults have ended: a leader, a commit, answers, and replicas that agree. */
import type { Operation, Result } from '../../models/raft/vocabulary.ts'
import type { Phase } from '../judge.ts'
import { configurationText } from './cluster.ts'
import type { Cluster } from './cluster.ts'
import type { Member } from './member.ts'
import { R } from './requirements.ts'

/** Progress since liveness was demanded. */
export class Liveness {
  phase: Phase = 'disturb'
  /** Probes under way in `settle`. */
  private readonly writes = new Set<number>()
  private readonly reads = new Set<number>()
  wrote = false
  askedToRead = false
  didRead = false

  enter(phase: Phase, _now: number): void {
    this.phase = phase
  }

  asked(id: number, operation: Operation): void {
    if (operation.type === 'propose') this.writes.add(id)
    if (operation.type === 'read') {
      this.reads.add(id)
      this.askedToRead = true
    }
  }

  answered(id: number, status: Result['status']): void {
    if (status !== 'ok') return
    if (this.writes.has(id)) this.wrote = true
    if (this.reads.has(id)) this.didRead = true
  }

  settled(cluster: Cluster): boolean {
    if (!this.wrote || (this.askedToRead && !this.didRead)) return false
    const leader = currentLeader(cluster)
    return (
      leader !== null && leader.outgoing === 0 && replicas(cluster, leader).every((each) => hasCaughtUp(each, leader))
    )
  }
}

/** The live leader of the greatest term, if every live voter of its configuration is in that term. */
function currentLeader(cluster: Cluster): Member | null {
  let leader: Member | null = null
  for (const member of cluster.members) {
    if (member.up && member.role === 'leader' && (leader === null || member.term > leader.term)) leader = member
  }
  return leader
}

function replicas(cluster: Cluster, leader: Member): Member[] {
  const set = leader.voters | leader.outgoing | leader.learners
  return cluster.members.filter((member) => member.up && (set >> member.number) & 1)
}

function hasCaughtUp(member: Member, leader: Member): boolean {
  return (
    member === leader ||
    (member.term === leader.term &&
      member.applied >= leader.commit &&
      member.commit === leader.commit &&
      leader.applied === leader.commit)
  )
}

/** Judges a run that reached `settle` and ended, either settled or at its bound. */
export function judgeLiveness(cluster: Cluster, liveness: Liveness): void {
  const { tested, claims } = cluster
  const leader = currentLeader(cluster)
  tested[R.electsLeader]!++
  if (leader === null) {
    cluster.fail(R.electsLeader, null, 'no member leads at the end of the settling time', 'a leader within the bound')
    return
  }
  tested[R.commitsAfterHeal]!++
  if (!liveness.wrote) {
    cluster.fail(
      R.commitsAfterHeal,
      leader,
      `no proposal was committed in the settling time; commit index ${leader.commit}, log ends at ${leader.log.lastIndex}`,
      'a committed proposal within the bound',
    )
    return
  }
  if (cluster.sawJoint) {
    tested[R.jointIsLeft]!++
    if (leader.outgoing !== 0) {
      cluster.fail(
        R.jointIsLeft,
        leader,
        `still in the joint configuration ${configurationText(leader.configuration)}`,
        'the joint configuration left within the bound',
      )
      return
    }
  }
  for (const member of replicas(cluster, leader)) {
    if (member === leader) continue
    const requirement = convergence(cluster, member, leader)
    tested[requirement]!++
    if (claims.profiles.has('raft-flow-control') && cluster.windowFilled) tested[R.windowReopens]!++
    if (hasCaughtUp(member, leader)) continue
    const silent = claims.profiles.has('raft-flow-control') && member.term === leader.term && !leader.appendedTo(member)
    cluster.fail(
      silent && requirement !== R.snapshotForCompacted ? R.windowReopens : requirement,
      member,
      `applied ${member.applied} of the ${leader.commit} entries that its leader ${leader.id} committed, in term ${member.term} of ${leader.term}`,
      'every live member as far as its leader within the bound',
    )
    return
  }
  if (!liveness.askedToRead) return
  tested[R.readCompletes]!++
  if (!liveness.didRead) {
    cluster.fail(R.readCompletes, leader, 'no read was answered in the settling time', 'an answer within the bound')
  }
}

/** Which requirement speaks of this member's catching up. */
function convergence(cluster: Cluster, member: Member, leader: Member): number {
  if ((leader.learners >> member.number) & 1) return R.learnersReceiveLog
  if (((cluster.firstVoters >> member.number) & 1) === 0) return R.newMemberCatchesUp
  if (member.restored || leader.log.base > member.log.lastIndex) return R.snapshotForCompacted
  return R.replicasConverge
}
