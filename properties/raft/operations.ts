/** What clients ask of members, and whether the answers are true. */
import type { Answer, Input, MembershipChange, Operation, Result } from '../../models/raft/vocabulary.ts'
import { isQuorum } from '../../models/raft/rules.ts'
import { describeRecord } from './cluster.ts'
import type { Cluster } from './cluster.ts'
import type { EntryRecord, Member, PendingOperation } from './member.ts'
import { confirmedSince, confirmedWithin } from './receive.ts'
import { R } from './requirements.ts'
import { heardSince, names } from './role.ts'
import { judgeReadServed } from './send.ts'

type OperationInput = Extract<Input, { type: 'operation' }>

/** Notes an operation as it arrives, before anything comes of it. */
export function noteOperation(
  cluster: Cluster,
  member: Member,
  { operation, id }: OperationInput,
  local: number,
  settling: boolean,
): void {
  const pending: PendingOperation = {
    id,
    entry: null,
    operation,
    step: cluster.step,
    appliedThen: member.applied,
    commitThen: member.commit,
    leading: member.role === 'leader',
    term: member.term,
    leader: member.leader,
    settling,
    since: local,
    told: false,
  }
  member.pending.set(id, pending)
  if (operation.type === 'transfer' && member.role === 'leader' && operation.to !== member.id)
    noteTransfer(cluster, member, operation.to, local)
}

function noteTransfer(cluster: Cluster, member: Member, to: string, local: number): void {
  const number = cluster.byId.get(to)?.number
  if (number === undefined) return
  member.transferTargets |= 1 << number
  if ((((member.voters | member.outgoing) >> number) & 1) === 0) return
  // An implementation may refuse a second transfer, or let it take the place of the first.
  if (member.transferTo === null || local - member.transferSince > cluster.options.electionTimeout) {
    member.transferTo = to
    member.transferSince = local
  }
  member.transferAsked = local
}

/** The entry that a leader makes of a proposal or a change at once; others forward it, or wait. */
export function noteProposedEntry(member: Member, operation: number, answer: Answer): void {
  const pending = member.pending.get(operation)
  if (pending === undefined || member.role !== 'leader') return
  const kind = { propose: 'command', 'change-membership': 'configuration' }[pending.operation.type as string]
  const entry = answer.log?.append?.findLast((each) => each.kind === kind)
  if (entry !== undefined) pending.entry = member.log.at(entry.index)
}

/** Judges an operation by the whole step in which it was asked. */
export function judgeOperation(
  cluster: Cluster,
  member: Member,
  operation: Operation,
  answer: Answer,
  local: number,
): void {
  switch (operation.type) {
    case 'change-membership':
      judgeRemoval(cluster, member, operation.changes, answer, local)
      judgeChangeTaken(cluster, member, operation, answer, local)
      return
    case 'propose':
      judgeForwarding(cluster, member, answer)
      return
    case 'read':
      if (operation.by === 'lease') judgeLeaseUsed(cluster, member, answer, local)
      return
    default:
  }
}

/** Judges an answer to a client; returns what was answered, or null if that is not known. */
export function judgeResult(cluster: Cluster, member: Member, result: Result): PendingOperation | null {
  const pending = member.pending.get(result.operation)
  if (pending === undefined) return null
  member.pending.delete(result.operation)
  const { entry, operation } = pending
  if (result.status === 'failed' && entry !== null && member.log.at(entry.index) === entry) {
    cluster.fail(
      R.respondsAfterApplying,
      member,
      `answered failed to operation ${result.operation}, and its log holds ${describeRecord(entry)}, which it made of it`,
      'unknown, or ok once it is applied: the entry may still take effect',
    )
  }
  switch (operation.type) {
    case 'propose':
      if (result.status === 'ok') judgeProposalDone(cluster, member, pending)
      break
    case 'read':
      if (result.status === 'ok') judgeRead(cluster, member, operation.by, pending)
      else if (operation.by === 'lease' && !cluster.options.checkQuorum) cluster.tested[R.leaseNeedsCheckQuorum]!++
      break
    case 'transfer':
      judgeTransferTold(cluster, member, operation.to, pending, result.status)
      judgeSuccessTold(cluster, member, operation.to, pending, result.status)
      break
    case 'change-membership':
      if (result.status === 'ok' && entry !== null) judgeChangeDone(cluster, member, pending, entry)
      break
    default:
  }
  return pending
}

function judgeProposalDone(cluster: Cluster, member: Member, { id, entry, appliedThen }: PendingOperation): void {
  cluster.tested[R.respondsAfterApplying]!++
  if (member.applied <= appliedThen) {
    cluster.fail(
      R.respondsAfterApplying,
      member,
      `answered ok to operation ${id}, and has applied nothing since it was asked`,
      'an answer after the entry was applied',
    )
  } else if (entry !== null && member.applied < entry.index) {
    cluster.fail(
      R.respondsAfterApplying,
      member,
      `answered ok to operation ${id} with ${member.applied} applied, and made ${describeRecord(entry)} of it`,
      'an answer after the entry was applied',
    )
  }
}

// Transfers

/** Marks the transfers whose target is told to stand: they may take effect from now on. */
export function noteToldToStand(member: Member, to: Member): void {
  member.toldToStand = true
  for (const pending of member.pending.values())
    if (pending.operation.type === 'transfer' && pending.operation.to === to.id) pending.told = true
}

function judgeTransferTold(
  cluster: Cluster,
  member: Member,
  to: string,
  { term, told, leading }: PendingOperation,
  status: Result['status'],
): void {
  if (!leading || status === 'unknown' || !cluster.claims.profiles.has('raft-transfer')) return
  let won = false
  let lost = false
  for (const [led, leader] of cluster.leaders) {
    if (led <= term) continue
    if (leader.id === to) won = true
    else lost = true
  }
  cluster.tested[R.transferToldTruly]!++
  if (status === 'ok' && !won && to !== member.id) {
    cluster.fail(
      R.transferToldTruly,
      member,
      `answered ok to a transfer to ${to}, which has led no term after ${term}`,
      `ok once ${to} leads a later term`,
    )
  }
  if (status === 'failed' && told && !lost) {
    cluster.fail(
      R.transferToldTruly,
      member,
      `answered failed to a transfer to ${to}, which it told to campaign, and no other leads a term after ${term}`,
      'unknown: the target may lead, or may yet win',
    )
  }
}

/** Who knows that the target leads can tell so. */
function judgeSuccessTold(
  cluster: Cluster,
  member: Member,
  to: string,
  { term, leading }: PendingOperation,
  status: Result['status'],
): void {
  if (!leading || to === member.id || member.leader !== to || member.term <= term) return
  cluster.tested[R.transferSuccessTold]!++
  if (status === 'ok') return
  cluster.advise(
    R.transferSuccessTold,
    member,
    `answered ${status} to a transfer to ${to}, which it follows in term ${member.term}`,
    'ok',
  )
}

// Changes of membership

function judgeChangeDone(cluster: Cluster, member: Member, { id }: PendingOperation, entry: EntryRecord): void {
  cluster.tested[R.changeToldTruly]!++
  const joint = (entry.configuration?.outgoing.length ?? 0) > 0
  let done = member.commit >= entry.index
  if (done && joint) {
    done = false
    for (let index = entry.index + 1; index <= member.commit && !done; index++)
      done = cluster.committedRecords[index]?.kind === 'configuration'
  }
  if (done) return
  cluster.fail(
    R.changeToldTruly,
    member,
    `answered ok to operation ${id} with commit index ${member.commit}, and made ${describeRecord(entry)} of it`,
    joint ? 'ok once the joint configuration is left' : 'ok once the change is committed',
  )
}

/** A leader that nothing holds back takes a change: it has committed in its term, and no other change is under way. */
function judgeChangeTaken(
  cluster: Cluster,
  member: Member,
  { changes, joint }: Extract<Operation, { type: 'change-membership' }>,
  answer: Answer,
  local: number,
): void {
  const { commitBefore } = member
  if (member.roleBefore !== 'leader' || changes.length !== 1 || joint || member.wasBusy) return
  if (commitBefore <= member.ledFrom || member.appliedBefore < commitBefore || member.outgoingBefore !== 0) return
  if (member.transferTo !== null || isTransferring(member)) return
  const appended = answer.log?.append?.some((entry) => entry.kind === 'configuration') ?? false
  if (member.configurationIndex > commitBefore && !appended) return
  const change = changes[0]!
  const number = cluster.byId.get(change.node)?.number
  if (number === undefined) return
  const own = 1 << number
  const isVoter = (member.votersBefore & own) !== 0
  const takes = change.type === 'add-voter' ? !isVoter : change.type === 'remove' && isVoter
  const remaining = change.type === 'remove' ? member.votersBefore & ~own : member.votersBefore
  const since = local - cluster.options.electionTimeout / 2
  // Whoever begins to lead has heard of nobody yet.
  const recent = member.ledSince < since ? heardSince(member, since) : 0
  if (!takes || remaining === 0 || (recent & remaining) !== remaining) return
  cluster.tested[R.takesChanges]!++
  if (appended) return judgeStep(cluster, member, answer)
  cluster.advise(
    R.takesChanges,
    member,
    `did not add an entry for ${change.type} ${change.node}, and nothing held it back`,
    'a configuration entry in its log',
  )
}

/** A change of one voter for which nobody asked for a joint configuration can do without. */
function judgeStep(cluster: Cluster, member: Member, answer: Answer): void {
  cluster.tested[R.jointWhenNeeded]!++
  const joint = answer.log?.append?.find(({ configuration }) => (configuration?.outgoing.length ?? 0) > 0)
  if (joint === undefined) return
  cluster.advise(
    R.jointWhenNeeded,
    member,
    `began a joint configuration at index ${joint.index} for a change of one voter`,
    'a change in one step',
  )
}

function isTransferring(member: Member): boolean {
  for (const { operation } of member.pending.values()) if (operation.type === 'transfer') return true
  return false
}

/** [SK] CanRemoveMember: those that can be reached must be a quorum of what remains. */
function judgeRemoval(
  cluster: Cluster,
  member: Member,
  changes: readonly MembershipChange[],
  answer: Answer,
  local: number,
): void {
  if (member.roleBefore === 'leader' && leavesNoVoter(member, changes)) cluster.tested[R.refusesLastVoterRemoval]!++
  if (!cluster.claims.profiles.has('raft-swarmkit') || member.roleBefore !== 'leader' || changes.length !== 1) return
  const change = changes[0]!
  const number = cluster.byId.get(change.node)?.number
  if (change.type !== 'remove' || number === undefined || ((member.votersBefore >> number) & 1) === 0) return
  const remaining = member.votersBefore & ~(1 << number)
  const reachable = heardSince(member, local - 2 * cluster.options.electionTimeout)
  cluster.tested[R.removalKeepsQuorum]!++
  if (isQuorum(reachable, remaining, 0)) return
  if (answer.log?.append?.some((entry) => entry.kind === 'configuration')) {
    cluster.fail(
      R.removalKeepsQuorum,
      member,
      `removes ${change.node} though of those that remain only ${names(cluster, reachable & remaining)} answered within two election timeouts`,
      'a refusal',
    )
  }
}

function leavesNoVoter(member: Member, changes: readonly MembershipChange[]): boolean {
  const voters = new Set(member.configurationBefore.voters)
  for (const { type, node } of changes) {
    if (type === 'add-voter') voters.add(node)
    else voters.delete(node)
  }
  return voters.size === 0
}

// Proposals

/** [SK] ProcessRaftMessage: only the leader proposes. */
function judgeForwarding(cluster: Cluster, member: Member, answer: Answer): void {
  if (!cluster.claims.profiles.has('raft-swarmkit') || member.role === 'leader') return
  cluster.tested[R.proposalsNotForwarded]!++
  const passed = answer.outputs.find((output) => output.type === 'message' && output.view.kind === 'propose')
  if (passed?.type !== 'message') return
  cluster.fail(
    R.proposalsNotForwarded,
    member,
    `as ${member.role} passed a proposal on to ${passed.to}`,
    'a refusal to the client',
  )
}

// Reads

function judgeRead(cluster: Cluster, member: Member, by: 'read-index' | 'lease', pending: PendingOperation): void {
  const isLeased = by === 'lease' && member.role === 'leader' && readAnswers(member, pending.step).length === 0
  if (isLeased) judgeLeaseRead(cluster, member, pending.step)
  else judgeReadResult(cluster, member, pending.step, pending.commitThen)
}

function judgeReadResult(cluster: Cluster, member: Member, arrived: number, commitThen: number): void {
  let index = commitThen
  const answers = readAnswers(member, arrived)
  // Who leads now may have asked another leader before.
  if (member.role === 'leader' && answers.length === 0) judgeReadServed(cluster, member, arrived)
  else {
    cluster.tested[R.readConfirmsLeadership]!++
    if (answers.length === 0) {
      cluster.fail(
        R.readConfirmsLeadership,
        member,
        `as ${member.role} served a read without a read index from a leader`,
        'a read only with a read index given after it arrived',
      )
      return
    }
    index = Math.min(...answers.map((each) => each.index))
  }
  cluster.tested[R.readWaitsForIndex]!++
  if (member.applied < index) {
    cluster.fail(
      R.readWaitsForIndex,
      member,
      `answered a read with read index ${index}, and has applied ${member.applied}`,
      `an answer once index ${index} is applied`,
    )
  }
}

/** Read indexes that a leader gave a member which had asked for them since a step. */
function readAnswers({ readAnswers: all }: Member, since: number): Member['readAnswers'] {
  return all.filter(({ asked }) => asked >= since)
}

function judgeLeaseRead(cluster: Cluster, member: Member, arrived: number): void {
  const { options } = cluster
  cluster.tested[R.leaseNeedsCheckQuorum]!++
  cluster.tested[R.leaseReadWithinLease]!++
  if (!options.checkQuorum) {
    cluster.fail(R.leaseNeedsCheckQuorum, member, 'served a lease read with CheckQuorum off', 'a refusal')
    return
  }
  // A round of its own makes up for the lease.
  if (member.toldToStand && !cluster.quorumUnder(member, confirmedSince(member, arrived))) {
    cluster.fail(
      R.leaseReadWithinLease,
      member,
      'served a lease read after it told a member to campaign, for whom its voters forget the lease',
      'a lease read only by a leader that told nobody to campaign in its term',
    )
    return
  }
  const answered = cluster.members.filter(
    (other) => other !== member && member.lastLocal - member.answered[other.number]! <= options.electionTimeout,
  )
  let set = 1 << member.number
  for (const other of answered) set |= 1 << other.number
  if (!isQuorum(set, member.voters, member.outgoing)) {
    cluster.fail(
      R.leaseReadWithinLease,
      member,
      `served a lease read, and within an election timeout only ${names(cluster, set & ~(1 << member.number))} answered it`,
      'a lease read only by a leader that a quorum answered within an election timeout',
    )
  }
}

/** What a lease is for: while a quorum answered just now, no round of messages is needed. */
function judgeLeaseUsed(cluster: Cluster, member: Member, answer: Answer, local: number): void {
  const { electionTimeout, checkQuorum } = cluster.options
  if (!checkQuorum || member.roleBefore !== 'leader' || member.wasBusy || member.transferTargets !== 0) return
  if (member.commitBefore <= member.ledFrom || member.applied < member.commitBefore) return
  const since = local - electionTimeout / 2
  if (member.configuredAt > since || !cluster.quorumUnder(member, confirmedWithin(member, since))) return
  cluster.tested[R.leaseReadAtOnce]!++
  if (answer.outputs.some((output) => output.type === 'result' && output.status === 'ok')) return
  cluster.advise(
    R.leaseReadAtOnce,
    member,
    'did not answer a lease read at once, though a quorum confirmed a round of the last half election timeout',
    'an answer in the same step',
  )
}
