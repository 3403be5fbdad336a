/** The judge of Raft: one step at a time, in the order in which a reader would look for the cause. */
import type { Answer, Entry, Input, Inspection, MemberState, Message } from '../../models/raft/vocabulary.ts'
import type { NodeId } from '../../models/vocabulary.ts'
import { allLayers } from '../catalogue.ts'
import type { Layer } from '../catalogue.ts'
import type { Judge, Phase, Violation } from '../judge.ts'
import { judgeApplied, judgeShownApplied } from './apply.ts'
import { Cluster, configurationText } from './cluster.ts'
import type { RaftClaims } from './cluster.ts'
import { judgeCommit, judgeFall } from './commit.ts'
import { acknowledge, judgeCrash, judgeRestart, noteDeparture, noteWrite } from './durability.ts'
import { History } from './history.ts'
import { judgeReady, judgeTransfer } from './leadership.ts'
import { Liveness, judgeLiveness } from './liveness.ts'
import { applyLog, judgeAppended, judgeLogOutcome } from './log.ts'
import { applyDelta } from './member.ts'
import type { EntryRecord, Member } from './member.ts'
import { judgeConfiguration, judgeFollowsLog, trackConfigurationIndex } from './membership.ts'
import type { ConfigurationCauses } from './membership.ts'
import { judgeOperation, judgeResult, noteOperation, noteProposedEntry, noteToldToStand } from './operations.ts'
import * as receive from './receive.ts'
import { isRemoved, judgeOwed, judgeRefusal, judgeReply, judgeTold, noteOwed, noteReply, replies } from './replies.ts'
import { R } from './requirements.ts'
import { judgeRole, judgeSpread, judgeTerm, judgeVote, noteSilence } from './role.ts'
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
    const told = from !== null && cluster.claims.profiles.has('raft-swarmkit') && isRemoved(this.cluster, member, from)
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
    if (member.commit < member.commitBefore) judgeFall(this.cluster, member)
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
    if (answer.log !== null) applyLog(this.cluster, this.causes, member, input, answer.log)
    if (input.type === 'operation') noteProposedEntry(member, input.id, answer)
    if (from !== null && view !== null) judgeLogOutcome(this.cluster, member, from, view, planned, matched, answer.log)
    if (stirred || input.type !== 'operation') judgeRole(cluster, member, input, local)
    judgeAppended(this.cluster, member, answer, settledBefore)
    judgeCommit(this.cluster, member, input)
    if (from !== null && view !== null) noteOwed(this.cluster, member, from, view, disregard)
    this.judgeOutputs(member, answer, local)
    judgeShownApplied(this.cluster, member)
    if (configured !== undefined || this.causes.appended > 0 || this.causes.applied > 0 || this.causes.truncated) {
      judgeConfiguration(cluster, member, this.causes)
    }
    judgeTransfer(this.cluster, member, input, answer, local)
    if ((member.owedAppends | member.owedVotes) !== 0 && member.busySince < 0) judgeOwed(this.cluster, member)
    // What waited for the disk has left by now: later messages know all that was acknowledged.
    if (input.type === 'written' && member.busySince < 0) member.matchFloor.set(member.match)
    if (from !== null && input.type === 'deliver')
      judgeReply(this.cluster, member, from, input.message.view, answer, told)
    if (from !== null && view !== null) judgeRefusal(this.cluster, member, from, view, planned, answer)
    if (from !== null && view?.kind === 'append-entries-response') judgeSentOn(cluster, member, from, view)
    if (input.type === 'operation') judgeOperation(cluster, member, input.operation, answer, local)
    if (member.ready) judgeReady(this.cluster, member)
    this.forgetCauses()
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

  /**
   * After a restart the state machine is built again: from a snapshot, then from the log as far as it is committed;
   * or it is durable itself, and shows how far it is.
   */
  private judgeReplay(member: Member, answer: Answer): void {
    member.applied = member.log.base
    this.judgeOutputs(member, answer, answer.now)
    if (member.shownApplied > member.applied && member.shownApplied <= member.commit)
      member.applied = member.shownApplied
    judgeShownApplied(this.cluster, member)
    judgeFollowsLog(this.cluster, member)
    this.forgetCauses()
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
          if ((member.owedAppends | member.owedVotes) !== 0) noteReply(this.cluster, member, output.view, output.to)
          if (output.view.kind === 'member-removed') judgeTold(this.cluster, member, cluster.member(output.to))
          if (output.view.kind === 'timeout-now') noteToldToStand(member, cluster.member(output.to))
          judgeMessage(cluster, member, output, local)
          noteDeparture(cluster, member, output)
          break
        case 'write':
          noteWrite(cluster, member, output)
          break
        case 'apply':
          judgeApplied(this.cluster, this.causes, member, output.index, output.term, output.digest)
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
