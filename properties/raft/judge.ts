/** The judge of Raft: one step at a time, in the order in which a reader would look for the cause. */
import type { Answer, Entry, Input, Inspection, LogDelta, MemberState, Message } from '../../models/raft/vocabulary.ts'
import { isQuorum, leaderMayCommit } from '../../models/raft/rules.ts'
import type { NodeId } from '../../models/vocabulary.ts'
import { allLayers } from '../catalogue.ts'
import type { Layer } from '../catalogue.ts'
import type { Judge, Phase, Violation } from '../judge.ts'
import { Cluster, configurationText, describeRecord } from './cluster.ts'
import type { RaftClaims } from './cluster.ts'
import { acknowledge, judgeCommittedDurable, judgeCrash, judgeRestart, noteDeparture, noteWrite } from './durability.ts'
import { History } from './history.ts'
import { judgeLiveness, Liveness } from './liveness.ts'
import { applyDelta, misplacedEntry } from './member.ts'
import type { EntryRecord, Member } from './member.ts'
import { judgeChangeAdded, judgeConfiguration, judgeFollowsLog, trackConfigurationIndex } from './membership.ts'
import type { ConfigurationCauses } from './membership.ts'
import { judgeOperation, judgeResult, noteOperation, noteProposedEntry, noteToldToStand } from './operations.ts'
import * as receive from './receive.ts'
import type { AppendPlan } from './receive.ts'
import { R } from './requirements.ts'
import {
  countsLearners,
  describeVoters,
  judgeRole,
  judgeSpread,
  judgeTerm,
  noteSilence,
  judgeVote,
  names,
} from './role.ts'
import { judgeMessage, judgeSentOn, judgeStateDigest } from './send.ts'

/** What the judge needs of a start; the contract's own type has more. */
export interface JudgedStart {
  readonly nodes: readonly NodeId[]
  readonly configuration: MemberState['configuration']
  readonly options: Cluster['options']
}

const ROLES = ['follower', 'pre-candidate', 'candidate', 'leader'] as const

class RaftJudge implements Judge<JudgedStart, Input, Answer, Inspection> {
  private readonly claims: RaftClaims
  private cluster!: Cluster
  private history = new History()
  private liveness = new Liveness()
  private readonly observed = new Map<string, Float64Array>()
  private readonly causes: ConfigurationCauses = {
    restored: false,
    truncated: false,
    appended: 0,
    applied: 0,
    appliedIndex: 0,
  }

  constructor(claims: RaftClaims) {
    this.claims = claims
  }

  start(start: JudgedStart, initial: readonly Answer[]): Violation | null {
    const cluster = new Cluster(start.options, this.claims, start.nodes)
    this.cluster = cluster
    cluster.firstVoters = cluster.bits(start.configuration.voters)
    cluster.settleConfiguration(cluster.member(start.nodes[0]!), 0, start.configuration)
    start.nodes.forEach((id, number) => {
      const member = cluster.member(id)
      const answer = initial[number]
      if (answer?.state) {
        member.observe(answer.state)
        if (answer.state.configuration !== undefined) cluster.configure(member, answer.state.configuration)
        member.applied = answer.state.applied ?? 0
        member.firstConfiguration = configurationText(member.configuration)
      }
      if (answer?.log) {
        const add = (entry: Entry, previous: number): EntryRecord => cluster.record(entry, previous, member)
        applyDelta(member.log, answer.log, add)
        applyDelta(member.durableLog, answer.log, add)
        trackConfigurationIndex(member, answer.log)
      }
      member.durableTerm = member.writtenTerm = member.term
      member.durableVote = member.vote
      member.durableCommit = member.commit
      cluster.commit(member, member.log.base, member.commit)
      if (member.log.base > cluster.committed) cluster.committed = member.log.base
    })
    return cluster.conclude()
  }

  step(input: Input, answer: Answer, now: number): Violation | null {
    const { cluster } = this
    cluster.now = now
    cluster.step++
    const member = cluster.member(input.node)
    cluster.tested[R.survives]!++
    if (answer.error !== undefined) {
      if (answer.error.kind === 'panic') {
        member.up = false
        member.gone = true
        cluster.fail(R.survives, member, `panicked: ${answer.error.text}`, 'an answer')
      }
      return cluster.conclude()
    }
    switch (input.type) {
      case 'crash':
        judgeCrash(cluster, member, input)
        break
      case 'restart':
        judgeRestart(cluster, member, answer)
        if (answer.log !== null) trackConfigurationIndex(member, answer.log)
        this.judgeReplay(member, answer)
        break
      default:
        this.live(member, input, answer, now)
    }
    this.count(member, input)
    return cluster.conclude()
  }

  /** A step of a member that is up. */
  private live(member: Member, input: Input, answer: Answer, now: number): void {
    const { cluster } = this
    const local = answer.now
    member.lastLocal = local
    member.begin()
    noteSilence(cluster, member, local)
    if (input.type === 'written') acknowledge(cluster, member, input)
    const from = input.type === 'deliver' ? cluster.member(input.message.from) : null
    const told = from !== null && cluster.claims.profiles.has('raft-swarmkit') && this.isRemoved(member, from)
    // Of what a removed member says nothing is processed where it is told so.
    const unheard = told && replies(answer, from).some((reply) => reply.kind === 'member-removed')
    const view = input.type === 'deliver' && !unheard ? input.message.view : null
    let disregard: 'must' | 'may' | 'no' = 'no'
    if (view !== null && (view.kind === 'request-vote' || view.kind === 'pre-vote')) {
      disregard = receive.disregards(cluster, member, view.transfer, local)
    }
    const planned = view?.kind === 'append-entries' ? receive.planAppend(member, view) : null
    const matched = view?.kind === 'install-snapshot' && member.log.termAt(view.lastIndex) === view.lastTerm
    if (from !== null && view !== null) this.noteResponses(member, from, view, local)
    if (input.type === 'operation') this.ask(member, input, local, now)

    const { state } = answer
    const configured = state?.configuration
    if (state !== null) {
      member.observe(state)
      if (configured !== undefined) {
        cluster.configure(member, configured)
        member.configuredAt = local
      }
    }
    if (member.commit < member.commitBefore) this.judgeFall(member)
    const stirred =
      member.role !== member.roleBefore ||
      member.term !== member.termBefore ||
      member.vote !== member.voteBefore ||
      member.leader !== member.leaderBefore
    // Who only forgets its leader goes on waiting.
    const forgets = member.leader === null && member.role === member.roleBefore && member.vote === member.voteBefore
    if (stirred && !(forgets && member.term === member.termBefore)) member.disturbed = local
    // Requests of an earlier term need no answer any more.
    if (member.term !== member.termBefore) member.owedAppends = member.owedVotes = 0

    judgeTerm(cluster, member, input, unheard || disregard !== 'no')
    if (from !== null && view !== null) this.judgeDelivered(member, from, view, local, disregard)
    if (stirred) judgeVote(cluster, member, input)
    const settledBefore = member.configurationIndex
    if (answer.log !== null) this.applyLog(member, input, answer.log)
    if (input.type === 'operation') noteProposedEntry(member, input.id, answer)
    if (from !== null && view !== null) this.judgeLogOutcome(member, from, view, planned, matched, answer.log)
    if (stirred || input.type !== 'operation') judgeRole(cluster, member, input, local)
    this.judgeAppended(member, answer, settledBefore)
    this.judgeCommit(member, input)
    if (from !== null && view !== null) this.noteOwed(member, from, view, disregard)
    this.judgeOutputs(member, answer, local)
    this.judgeShownApplied(member)
    if (configured !== undefined || this.causes.appended > 0 || this.causes.applied > 0 || this.causes.truncated) {
      judgeConfiguration(cluster, member, this.causes)
    }
    this.judgeTransfer(member, input, answer, local)
    if ((member.owedAppends | member.owedVotes) !== 0 && member.busySince < 0) this.judgeOwed(member)
    // What waited for the disk has left by now: later messages know all that was acknowledged.
    if (input.type === 'written' && member.busySince < 0) member.matchFloor.set(member.match)
    if (from !== null && input.type === 'deliver') this.judgeReply(member, from, input.message.view, answer, told)
    if (from !== null && view !== null) this.judgeRefusal(member, from, view, planned, answer)
    if (from !== null && view?.kind === 'append-entries-response') judgeSentOn(cluster, member, from, view)
    if (input.type === 'operation') judgeOperation(cluster, member, input.operation, answer, local)
    if (member.ready) this.judgeReady(member)
    this.forgetCauses()
  }

  /** Whether a member was in a configuration that the receiver has applied, and is not in the newest of these. */
  private isRemoved(member: Member, from: Member): boolean {
    const { configurations } = this.cluster
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
  private judgeReply(member: Member, from: Member, view: Message, answer: Answer, told: boolean): void {
    const { cluster } = this
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
  private judgeRefusal(member: Member, from: Member, view: Message, planned: AppendPlan | null, answer: Answer): void {
    if (member.term !== view.term) return
    switch (view.kind) {
      case 'request-vote': {
        const cast = member.vote === from.id && (member.termBefore !== member.term || member.voteBefore === null)
        if (cast && replies(answer, from).some((reply) => reply.kind === 'request-vote-response' && !reply.granted))
          this.cluster.fail(R.grantsVote, member, `voted for ${from.id} in term ${view.term} and refused it`, 'a grant')
        return
      }
      case 'append-entries': {
        if (planned === null || !planned.consistent) return
        // Of an earlier append, if its answer had to wait for the disk.
        const isOfIt = (index: number): boolean => index === view.previousIndex || !member.wasBusy
        for (const output of answer.outputs) {
          if (output.type !== 'message' || output.view.kind !== 'append-entries-response' || output.view.success)
            continue
          if (output.to !== from.id || !isOfIt(output.view.index)) continue
          this.cluster.fail(
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
          this.cluster.fail(R.answersRequests, member, 'restored a snapshot and refused it', 'an answer of success')
        return
      }
      default:
    }
  }

  private noteResponses(member: Member, from: Member, view: Message, local: number): void {
    switch (view.kind) {
      case 'request-vote-response':
        receive.noteVoteResponse(this.cluster, member, from, view)
        return
      case 'pre-vote-response':
        receive.notePreVoteResponse(member, from, view)
        return
      case 'append-entries-response':
      case 'heartbeat-response':
      case 'install-snapshot-response':
        receive.noteAnswer(member, from, view, local)
        return
      case 'read-index':
        if (!member.readRequests.has(view.request)) {
          member.readRequests.set(view.request, { step: this.cluster.step, commit: member.commit })
        }
        return
      case 'read-index-response': {
        const asked = member.readsAsked.get(view.request)
        if (asked !== undefined) member.readAnswers.push({ asked, index: view.index })
        return
      }
      default:
    }
  }

  private ask(member: Member, input: Extract<Input, { type: 'operation' }>, local: number, now: number): void {
    const { history, liveness } = this
    history.invoke(input.id, input.operation, now)
    noteOperation(this.cluster, member, input, local, liveness.phase === 'settle')
    liveness.asked(input.id, input.operation, member)
  }

  private judgeDelivered(
    member: Member,
    from: Member,
    view: Message,
    local: number,
    disregard: 'must' | 'may' | 'no',
  ): void {
    const { cluster } = this
    switch (view.kind) {
      case 'request-vote':
        receive.judgeVoteRequest(cluster, member, from, view, local, disregard)
        return
      case 'pre-vote':
        receive.judgePreVoteRequest(cluster, member, from, view, disregard)
        return
      case 'append-entries':
      case 'heartbeat':
      case 'install-snapshot':
        receive.judgeLeaderMessage(cluster, member, from, view, local)
        return
      case 'timeout-now':
        receive.judgeTimeoutNow(cluster, member, view)
        return
      default:
    }
  }

  private applyLog(member: Member, input: Input, delta: LogDelta): void {
    const { cluster, causes } = this
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

  private judgeLogOutcome(
    member: Member,
    from: Member,
    view: Message,
    planned: AppendPlan | null,
    matched: boolean,
    delta: LogDelta | null,
  ): void {
    const { cluster } = this
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
  private judgeAppended(member: Member, answer: Answer, settledBefore: number): void {
    const append = answer.log?.append
    if (append === undefined || member.role !== 'leader') return
    const { cluster } = this
    if (
      member.roleBefore !== 'leader' &&
      append.some((entry) => entry.kind === 'empty' && entry.term === member.term)
    ) {
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
      if (record !== null) judgeChangeAdded(cluster, member, record, settled, applied, this.hasCommittedInTerm(member))
      settled = entry.index
    }
  }

  private judgeFall(member: Member): void {
    const { commit, commitBefore } = member
    this.cluster.fail(
      R.commitNeverFalls,
      member,
      `commit index fell from ${commitBefore} to ${commit}`,
      `at least ${commitBefore}`,
    )
  }

  private judgeCommit(member: Member, input: Input): void {
    const { cluster } = this
    const { commit, commitBefore, log } = member
    const { tested } = cluster
    if (commit > commitBefore) {
      tested[R.commitNeverFalls]!++
      tested[R.commitWithinLog]!++
      if (commit > log.lastIndex) {
        cluster.fail(
          R.commitWithinLog,
          member,
          `commit index ${commit} is beyond the last entry ${log.lastIndex}`,
          `at most ${log.lastIndex}`,
        )
      }
    }
    const led = (member.roleBefore === 'leader' || member.role === 'leader') && this.ledIn(member, member.term)
    if (led) this.judgeLeaderCommit(member)
    else if (commit > commitBefore && !fromLeader(input)) {
      cluster.fail(
        R.followerCommitBounded,
        member,
        `as ${member.role} moved its commit index from ${commitBefore} to ${commit} without a leader's word`,
        `${commitBefore}`,
      )
    }
    if (commit > commitBefore) {
      cluster.commit(member, commitBefore, commit)
      if (led) judgeCommittedDurable(cluster, member, commit)
    }
  }

  /** Whether an entry of a leader's term was committed before this step, or by a quorum of the configuration before it. */
  private hasCommittedInTerm(member: Member): boolean {
    const opening = member.ledFrom + 1
    if (member.commitBefore >= opening) return true
    return (
      member.commit >= opening && isQuorum(this.matching(member, opening), member.votersBefore, member.outgoingBefore)
    )
  }

  private ledIn(member: Member, term: number): boolean {
    return this.cluster.leaders.get(term) === member
  }

  private judgeLeaderCommit(member: Member): void {
    const { cluster } = this
    const { tested, claims } = cluster
    const { commit, commitBefore, log, term } = member
    const own = 1 << member.number
    if (commit > commitBefore) {
      const entryTerm = log.termAt(commit)
      const matching = this.matching(member, commit)
      tested[R.commitsOwnTermOnly]!++
      tested[R.commitNeedsMajority]!++
      if (claims.disk) tested[R.leaderCountsDurable]!++
      if (member.outgoing !== 0) tested[R.jointNeedsBothMajorities]!++
      if (member.learners !== 0) tested[R.learnersDoNotCount]!++
      if (entryTerm !== -1 && entryTerm !== term) {
        cluster.fail(
          R.commitsOwnTermOnly,
          member,
          `as leader of term ${term} committed up to index ${commit}, an entry of term ${entryTerm}`,
          `an entry of term ${term}, or none`,
        )
      }
      const allowed =
        leaderMayCommit(term, term, matching, member.voters, member.outgoing) ||
        leaderMayCommit(term, term, matching, member.votersBefore, member.outgoingBefore)
      if (!allowed) {
        const requirement = cluster.quorumUnder(member, matching | own)
          ? R.leaderCountsDurable
          : countsLearners(member, matching | own)
            ? R.learnersDoNotCount
            : member.outgoing !== 0 || member.outgoingBefore !== 0
              ? R.jointNeedsBothMajorities
              : R.commitNeedsMajority
        cluster.fail(
          requirement,
          member,
          `committed index ${commit} in term ${term}, which only ${names(cluster, matching)} hold`,
          `acknowledgement by a majority of ${describeVoters(cluster, member)}`,
        )
      }
    }
    if (member.role !== 'leader' || member.voters === 0) return
    // Who claims no durability may wait for its disk all the same.
    if (!claims.disk && member.busySince >= 0) return
    // It must commit what a majority under both the configuration before and after this step acknowledged.
    let reachable = commit
    for (const other of cluster.members) {
      const index = other === member ? this.ownMatch(member) : member.match[other.number]!
      if (index <= reachable) continue
      const matching = this.matching(member, index)
      if (
        isQuorum(matching, member.voters, member.outgoing) &&
        isQuorum(matching, member.votersBefore, member.outgoingBefore)
      ) {
        reachable = index
      }
    }
    if (commit > commitBefore || reachable > commit) tested[R.commitsWhenMatched]!++
    if (reachable > commit && log.termAt(reachable) === term) {
      cluster.fail(
        R.commitsWhenMatched,
        member,
        `did not commit index ${reachable}, which ${names(cluster, this.matching(member, reachable))} acknowledged`,
        `commit index ${reachable}`,
      )
    }
  }

  /** Up to where a member holds its own log, where it matters on its disk. */
  private ownMatch({ log, durableLog }: Member): number {
    if (!this.claims.disk) return log.lastIndex
    let index = Math.min(durableLog.lastIndex, log.lastIndex)
    while (index > durableLog.base && index > log.base && durableLog.at(index) !== log.at(index)) index--
    return index
  }

  /** Members that hold the leader's log up to this index, as far as it was told. */
  private matching(member: Member, index: number): number {
    let set = this.ownMatch(member) >= index ? 1 << member.number : 0
    for (let number = 0; number < member.match.length; number++) if (member.match[number]! >= index) set |= 1 << number
    return set
  }

  /**
   * After a restart the state machine is built again: from a snapshot, then from the log as far as it is committed;
   * or it is durable itself, and shows how far it is.
   */
  private judgeReplay(member: Member, answer: Answer): void {
    member.applied = member.log.base
    this.judgeOutputs(member, answer, answer.now)
    if (member.shownApplied > member.applied && member.shownApplied <= member.commit)
      member.applied = member.shownApplied
    this.judgeShownApplied(member)
    judgeFollowsLog(this.cluster, member)
    this.forgetCauses()
  }

  private judgeShownApplied(member: Member): void {
    if (member.shownApplied === member.applied) return
    this.cluster.fail(
      R.appliesInOrder,
      member,
      `shows applied index ${member.shownApplied}, and has applied up to index ${member.applied}`,
      `applied index ${member.applied}`,
    )
  }

  private forgetCauses(): void {
    this.causes.restored = this.causes.truncated = false
    this.causes.appended = this.causes.applied = 0
  }

  private judgeOutputs(member: Member, answer: Answer, local: number): void {
    const { cluster } = this
    for (const output of answer.outputs) {
      switch (output.type) {
        case 'message':
          if ((member.owedAppends | member.owedVotes) !== 0) this.noteReply(member, output.view, output.to)
          if (output.view.kind === 'member-removed') this.judgeTold(member, cluster.member(output.to))
          if (output.view.kind === 'timeout-now') noteToldToStand(member, cluster.member(output.to))
          judgeMessage(cluster, member, output, local)
          noteDeparture(cluster, member, output)
          break
        case 'write':
          noteWrite(cluster, member, output)
          break
        case 'apply':
          this.judgeApplied(member, output.index, output.term, output.digest)
          break
        case 'restore':
          if (member.log.termAt(output.index) !== output.term) {
            cluster.fail(
              R.appliesInOrder,
              member,
              `restored a snapshot up to (index ${output.index}, term ${output.term}), and its log begins at (index ${member.log.base}, term ${member.log.baseTerm})`,
              'a snapshot that its log goes on from',
            )
          }
          if (output.index > member.commit) {
            cluster.fail(
              R.appliesCommittedOnly,
              member,
              `restored a snapshot up to index ${output.index} with commit index ${member.commit}`,
              `commit index ${output.index}, since a snapshot holds what is committed`,
            )
          }
          cluster.tested[R.snapshotRestoresState]!++
          judgeStateDigest(cluster, member, output.index, output.digest, R.snapshotRestoresState)
          member.applied = output.index
          this.causes.restored = true
          member.restored = true
          member.restoredAt = output.index
          break
        case 'result':
          this.liveness.answered(cluster, member, judgeResult(cluster, member, output), output.status)
          this.history.answer(output, cluster.now)
          break
      }
    }
  }

  /** A request of the member's term is owed an answer, unless the member may disregard it. */
  private noteOwed(member: Member, from: Member, view: Message, disregard: 'must' | 'may' | 'no'): void {
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
    this.cluster.tested[R.answersRequests]!++
  }

  private noteReply(member: Member, view: Message, to: NodeId): void {
    if (view.term !== member.term) return
    const bit = 1 << this.cluster.member(to).number
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
  private judgeTold(member: Member, to: Member): void {
    if (!this.cluster.claims.profiles.has('raft-swarmkit') || this.isRemoved(member, to)) return
    this.cluster.fail(
      R.removedMemberIsTold,
      member,
      `told ${to.id} that it was removed, and has applied no removal of it`,
      'member-removed to members that were removed',
    )
  }

  /** Requests that no answer was given to, though no disk holds it up. */
  private judgeOwed(member: Member): void {
    const { cluster } = this
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

  private judgeApplied(member: Member, index: number, term: number, digest: string): void {
    const { cluster, causes } = this
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

  /** Waiting proposals of a leader that lost its role, transfers, and what they forbid. */
  private judgeTransfer(member: Member, input: Input, answer: Answer, local: number): void {
    const { cluster } = this
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

  private judgeReady(member: Member): void {
    const { cluster } = this
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

  inspect(node: NodeId, inspection: Inspection): Violation | null {
    const { cluster } = this
    const member = cluster.member(node)
    if (!member.up) return cluster.conclude()
    const { state, base, entries, store } = inspection
    const folded =
      state.role === member.role &&
      state.term === member.term &&
      state.vote === member.vote &&
      state.commit === member.commit &&
      base.index === member.log.base &&
      base.index + entries.length === member.log.lastIndex &&
      entries.every((entry) => {
        const record = member.log.at(entry.index)
        return record !== null && record.term === entry.term && record.digest === entry.digest
      })
    if (!folded) {
      return {
        requirement: 'adapter/deltas-fold-to-inspect',
        node,
        text: `inspection shows ${state.role} of term ${state.term}, commit ${state.commit}, log (${base.index}, ${base.index + entries.length}]; its answers add up to ${member.role} of term ${member.term}, commit ${member.commit}, log (${member.log.base}, ${member.log.lastIndex}]`,
        allowed: 'answers that add up to what inspection shows',
      }
    }
    const text = JSON.stringify(store)
    const known = cluster.stores.get(member.applied)
    cluster.tested[R.appliedAgree]!++
    const restored = member.restoredAt > member.inspectedAt
    if (known === undefined) cluster.stores.set(member.applied, text)
    if (known === undefined || known === text) member.inspectedAt = member.applied
    else {
      cluster.fail(
        restored ? R.snapshotRestoresState : R.appliedAgree,
        member,
        `after applying index ${member.applied} its store is ${text.slice(0, 200)}, elsewhere ${known.slice(0, 200)}`,
        'equal stores after equal entries',
      )
    }
    return cluster.conclude()
  }

  phase(phase: Phase, now: number): Violation | null {
    this.liveness.enter(phase, now)
    if (phase === 'settle') for (const member of this.cluster.members) member.appendedAt.fill(0)
    return this.cluster.conclude()
  }

  settled(): boolean {
    return this.liveness.settled(this.cluster)
  }

  finish(now: number): Violation | null {
    this.cluster.now = now
    this.history.judge(this.cluster)
    judgeSpread(this.cluster)
    if (this.liveness.phase === 'settle') judgeLiveness(this.cluster, this.liveness)
    return this.cluster.conclude()
  }

  advice(): readonly Violation[] {
    return this.cluster.advice()
  }

  exercised(): ReadonlyMap<string, number> {
    return this.cluster.exercised()
  }

  transitions(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>()
    for (const [cause, table] of this.observed) {
      table.forEach((count, at) => {
        if (count > 0) counts.set(`${ROLES[at >> 2]} → ${ROLES[at & 3]} on ${cause}`, count)
      })
    }
    return new Map([...counts].sort(([left], [right]) => (left < right ? -1 : 1)))
  }

  private count(member: Member, input: Input): void {
    const cause =
      input.type === 'deliver'
        ? input.message.view.kind
        : input.type === 'operation'
          ? input.operation.type
          : input.type
    let table = this.observed.get(cause)
    if (table === undefined) {
      table = new Float64Array(16)
      this.observed.set(cause, table)
    }
    table[ROLES.indexOf(member.roleBefore) * 4 + ROLES.indexOf(member.role)]!++
  }
}

function replies(answer: Answer, to: Member): Message[] {
  return answer.outputs.flatMap((output) => (output.type === 'message' && output.to === to.id ? [output.view] : []))
}

function fromLeader(input: Input): boolean {
  if (input.type !== 'deliver') return false
  const { kind } = input.message.view
  return kind === 'append-entries' || kind === 'heartbeat' || kind === 'install-snapshot'
}

/**
 * A judge of Raft for one run.
 *
 * @param profiles profiles of SPEC.md that the implementation claims; rules of other profiles are not held against it
 * @param disk whether the implementation reports its writes
 * @param layers which layers judge; for tests of the judge itself
 */
export function createRaftJudge(
  profiles: readonly string[],
  disk: boolean,
  layers: readonly Layer[] = allLayers,
): Judge<JudgedStart, Input, Answer, Inspection> {
  const claimed = new Set(profiles)
  return new RaftJudge({ profiles: claimed, disk: disk && claimed.has('raft-persistence'), layers: new Set(layers) })
}
