/** What must happen once faults have ended: a leader, a commit, answers, and replicas that agree. */
import type { Operation, Result } from '../../models/raft/vocabulary.ts'
import type { Phase } from '../judge.ts'
import { configurationText } from './cluster.ts'
import type { Cluster } from './cluster.ts'
import type { Member, PendingOperation } from './member.ts'
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
  /** Reads asked of members that do not lead: taken, refused at once, answered; and one that failed without a cause. */
  tookRead = false
  refusedRead = false
  didFollowerRead = false
  failedRead: Member | null = null
  /** Of these, reads that were asked when a write was done: their leader can answer. */
  private readonly steady = new Set<number>()

  enter(phase: Phase, _now: number): void {
    this.phase = phase
  }

  asked(id: number, operation: Operation, member: Member): void {
    if (this.phase !== 'settle') return
    if (operation.type === 'propose') this.writes.add(id)
    if (operation.type !== 'read') return
    if (member.role === 'leader') {
      this.reads.add(id)
      this.askedToRead = true
    } else {
      this.tookRead = true
      if (this.wrote) this.steady.add(id)
    }
  }

  answered(cluster: Cluster, member: Member, pending: PendingOperation | null, status: Result['status']): void {
    if (pending === null || !pending.settling) return
    const { id, operation, leading } = pending
    if (operation.type === 'read' && !leading) {
      if (status === 'ok') this.didFollowerRead = true
      else if (pending.step === cluster.step) this.refusedRead = true
      else if (this.steady.has(id) && isSteady(member, pending)) this.failedRead = member
    }
    if (status !== 'ok') return
    if (this.writes.has(id)) this.wrote = true
    if (this.reads.has(id)) this.didRead = true
  }

  /** Whether reads that a member takes without leading still have to show that they are answered. */
  get lacksFollowerRead(): boolean {
    return this.tookRead && !this.refusedRead && !this.didFollowerRead
  }

  /** A member that was asked to read in calm, and did not: nothing but the member, or its leader, can be the cause. */
  silentReader(cluster: Cluster, leader: Member): Member | null {
    if (this.failedRead !== null) return this.failedRead
    const isLate = (member: Member, pending: PendingOperation): boolean =>
      this.steady.has(pending.id) &&
      isSteady(member, pending) &&
      pending.leader === leader.id &&
      member.lastLocal - pending.since >= 3 * cluster.options.electionTimeout
    return (
      replicas(cluster, leader).find((member) => [...member.pending.values()].some((each) => isLate(member, each))) ??
      null
    )
  }

  settled(cluster: Cluster): boolean {
    if (!this.wrote || (this.askedToRead && !this.didRead) || this.lacksFollowerRead) return false
    const leader = currentLeader(cluster)
    return (
      leader !== null &&
      leader.outgoing === 0 &&
      replicas(cluster, leader).every((each) => hasCaughtUp(each, leader) && unanswered(each) === null)
    )
  }
}

/** Whether the member still follows whom it followed when it was asked. */
function isSteady(member: Member, { term, leader }: PendingOperation): boolean {
  return member.term === term && member.leader === leader
}

/** An operation that a leader took before faults ended, and that has not ended itself. */
function unanswered(member: Member): PendingOperation | null {
  for (const pending of member.pending.values())
    if (!pending.settling && pending.leading && pending.operation.type !== 'propose') return pending
  return null
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
  if (liveness.askedToRead) {
    tested[R.readCompletes]!++
    if (!liveness.didRead)
      cluster.fail(R.readCompletes, leader, 'no read was answered in the settling time', 'an answer within the bound')
  }
  if (liveness.tookRead && !liveness.refusedRead) {
    tested[R.followerReadCompletes]!++
    const silent = liveness.lacksFollowerRead ? liveness.silentReader(cluster, leader) : null
    if (silent !== null)
      cluster.fail(
        R.followerReadCompletes,
        silent,
        'no read at a member that does not lead was answered ok in the settling time',
        'the value, once the leader has confirmed the read',
      )
  }
  for (const member of replicas(cluster, leader)) {
    tested[R.operationsEnd]!++
    const pending = unanswered(member)
    if (pending === null) continue
    cluster.advise(
      R.operationsEnd,
      member,
      `never answered operation ${pending.id}, a ${pending.operation.type} that it took as leader of term ${pending.term}`,
      'a result within the bound',
    )
  }
}

/** Which requirement speaks of this member's catching up. */
function convergence(cluster: Cluster, member: Member, leader: Member): number {
  if ((leader.learners >> member.number) & 1) return R.learnersReceiveLog
  if (((cluster.firstVoters >> member.number) & 1) === 0) return R.newMemberCatchesUp
  if (member.restored || leader.log.base > member.log.lastIndex) return R.snapshotForCompacted
  return R.replicasConverge
}
