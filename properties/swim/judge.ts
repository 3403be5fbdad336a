/** The judge of SWIM: one step at a time, in the order in which a reader would look for the cause. */
import type {
  Answer,
  Input,
  Inspection,
  MemberRecord,
  OutgoingMessage,
  Output,
  SwimOptions,
} from '../../models/swim/vocabulary.ts'
import { ALIVE, LEFT, SUSPECT, UNKNOWN, statusOf } from '../../models/swim/rules.ts'
import type { NodeId } from '../../models/vocabulary.ts'
import type { Layer } from '../catalogue.ts'
import { allLayers } from '../catalogue.ts'
import type { Claims } from '../findings.ts'
import type { Judge, Phase, Violation } from '../judge.ts'
import { Cluster } from './cluster.ts'
import { judgeEvents } from './events.ts'
import { judgeExchange, judgeGossip, judgeTableAnswered } from './gossip.ts'
import { Liveness } from './liveness.ts'
import type { Member } from './member.ts'
import { judgeResult, noteOperation } from './operations.ts'
import * as probes from './probes.ts'
import { R } from './requirements.ts'
import { packed, saidIn, statusName } from './said.ts'
import type { Said } from './said.ts'
import { judgeOverdue } from './suspicions.ts'
import { judgeOwn, judgeTable, ownAfter } from './table.ts'

/** What the judge needs of a start; the contract's own type has more. */
export interface JudgedStart {
  readonly nodes: readonly NodeId[]
  readonly members: readonly NodeId[]
  readonly options: SwimOptions
}

const NOTHING_SAID: readonly Said[] = []

class SwimJudge implements Judge<JudgedStart, Input, Answer, Inspection> {
  readonly #claims: Claims
  #cluster!: Cluster
  readonly #liveness = new Liveness()
  readonly #observed = new Map<string, number>()

  constructor(claims: Claims) {
    this.#claims = claims
  }

  start({ nodes, options }: JudgedStart, initial: readonly Answer[]): Violation | null {
    const cluster = new Cluster(options, this.#claims, nodes)
    this.#cluster = cluster
    for (const [number, member] of cluster.members.entries()) {
      const answer = initial[number]
      if (answer !== undefined) this.#begin(member, answer)
    }
    return cluster.conclude()
  }

  step(input: Input, answer: Answer, now: number): Violation | null {
    const cluster = this.#cluster
    cluster.now = now
    cluster.steps++
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
        member.up = false
        member.forget()
        this.#liveness.isBack(member)
        this.#liveness.wentDown(cluster, member)
        break
      case 'restart':
        member.up = true
        this.#liveness.isBack(member)
        this.#begin(member, answer)
        break
      default:
        this.#live(member, input, answer)
    }
    return cluster.conclude()
  }

  /** A life begins: the answer shows everything. */
  #begin(member: Member, answer: Answer): void {
    const cluster = this.#cluster
    member.forget()
    member.now = member.startedAt = member.probeCountedAt = member.gossipCountedAt = member.idleSince = answer.now
    if (answer.state !== null) member.observe(answer.state)
    for (const change of answer.members ?? []) {
      if (change.status === 'forgotten') continue
      this.#enter(member, change)
    }
    member.home = member.addresses[member.number] ?? ''
    member.toldMeta = member.metas[member.number] ?? ''
    this.#show(member)
    for (const output of answer.outputs) {
      if (output.type !== 'message') continue
      probes.judgeProbing(cluster, member, output, probes.nothingOwed(), new Map())
      this.#judgeSent(member, output, null)
    }
    cluster.tested[R.startsAlive]!++
    const own = member.known(member.number)
    if (statusOf(own) !== ALIVE || member.incarnation < 1) {
      cluster.fail(
        R.startsAlive,
        member,
        `starts with itself ${statusName(statusOf(own))}, incarnation ${member.incarnation}`,
        'itself alive, with an incarnation of at least 1',
      )
    }
  }

  #enter(member: Member, change: MemberRecord): void {
    const subject = this.#cluster.number(change.node)
    member.table[subject] = packed(change)
    member.addresses[subject] = change.address
    member.metas[subject] = change.meta
    member.changedAt[subject] = member.now
    member.size++
    member.greatestSize = Math.max(member.greatestSize, member.size)
    if (change.status === 'alive' || change.status === 'suspect') {
      member.present++
      member.announced.add(subject)
    }
  }

  /** What a member shows of itself is what others may know of it. */
  #show(member: Member): void {
    const { number, incarnation } = member
    const { ownIncarnation, shown, homes } = this.#cluster
    ownIncarnation[number] = Math.max(ownIncarnation[number]!, incarnation)
    const address = member.addresses[number]
    const meta = member.metas[number] ?? ''
    const last = shown[number]!.at(-1)
    if (address === undefined) return
    if (last?.incarnation === incarnation && last.meta === meta && last.address === address) return
    shown[number]!.push({ incarnation, address, meta })
    homes.set(address, number)
  }

  /** A step of a member that is up. */
  #live(member: Member, input: Exclude<Input, { readonly type: 'crash' | 'restart' }>, answer: Answer): void {
    const cluster = this.#cluster
    member.now = answer.now
    member.begin()
    const wasLeaving = member.leaving
    const wasIdle = probes.isIdle(member)
    const message = input.type === 'deliver' ? input.message : null
    const said =
      message === null || this.#isGivenUp(member, message, answer)
        ? NOTHING_SAID
        : saidIn(cluster, message.view, member)
    const probe = member.probe
    const hadAnswer = probe?.answered ?? false
    const owed = message === null ? probes.nothingOwed() : probes.noteArrival(cluster, member, message)
    if (probe !== null) probes.noteSilence(cluster, member, probe)
    if (answer.state !== null) member.observe(answer.state)

    const before = new Map<number, number>()
    const metasBefore = new Map<number, string | undefined>()
    for (const { node } of answer.members ?? []) {
      const subject = cluster.number(node)
      before.set(subject, member.known(subject))
      metasBefore.set(subject, member.metas[subject])
    }
    probes.noteAsked(cluster, member, answer.outputs)
    judgeOwn(cluster, member, input, said)
    judgeTable(cluster, member, input, answer.members, said)
    this.#show(member)
    this.#judgeOwnRecord(member, input)
    // Who has nobody to probe may sleep until somebody comes.
    if (wasIdle) member.idleSince = member.now
    const suspected = probe !== null && this.#hasSuspected(member, probe.target, before, said)
    if (cluster.lifeguard) {
      const refuted = wasLeaving ? 0 : refutations(member, said)
      probes.judgeScore(cluster, member, refuted, probe, probes.probeEnd(member, probe, hadAnswer, suspected))
    }

    if (message?.view.kind === 'push-pull-reply') member.answeredBy.set(message.from, cluster.steps)
    if (input.type === 'operation') {
      const { operation } = input
      member.operations.set(input.id, { operation, since: member.now, asked: cluster.steps })
    }
    for (const output of answer.outputs) {
      if (output.type === 'message') {
        probes.judgeProbing(cluster, member, output, owed, before)
        this.#judgeSent(member, output, input, before, metasBefore)
      } else if (output.type === 'result') judgeResult(cluster, member, output)
    }
    probes.judgeOwed(cluster, member, owed)
    if (message?.view.kind === 'push-pull') judgeTableAnswered(cluster, member, message, answer.outputs)
    if (input.type === 'operation') noteOperation(cluster, member, input, answer.outputs)
    judgeEvents(cluster, member, answer.outputs.filter(isEvent), metasBefore, said)
    this.#judgeConflicts(member, said, answer.outputs)
    if (input.type === 'advance') {
      judgeOverdue(cluster, member)
      probes.judgeProbesOverdue(cluster, member)
      this.#liveness.judgeCompleteness(cluster, member)
    }
    this.#count(member, input, before)
  }

  #judgeSent(
    member: Member,
    message: Extract<Output, { readonly type: 'message' }>,
    input: Input | null,
    before: ReadonlyMap<number, number> = new Map(),
    metasBefore: ReadonlyMap<number, string | undefined> = new Map(),
  ): void {
    judgeGossip(this.#cluster, member, message, before)
    const delivered = input?.type === 'deliver' ? input.message.view : null
    judgeExchange(this.#cluster, member, message, { records: before, metas: metasBefore }, delivered)
  }

  /**
   * Whether the message answers a request whose time has passed, and was not taken: who has given up waiting does not
   * listen any more.
   */
  #isGivenUp(member: Member, { view, stream }: OutgoingMessage, { members, state }: Answer): boolean {
    if (view.kind !== 'push-pull-reply' || members !== null || state !== null) return false
    const since = member.opened.get(stream)
    return since === undefined || member.now - since >= this.#cluster.options.streamTimeout
  }

  /** Whether its own probe, and nothing that was said, made a member a suspect in this step. */
  #hasSuspected(member: Member, target: number, before: ReadonlyMap<number, number>, said: readonly Said[]): boolean {
    const was = before.get(target)
    if (was === undefined || statusOf(was) !== ALIVE || member.status(target) !== SUSPECT) return false
    return !said.some(({ subject }) => subject === target)
  }

  #judgeOwnRecord(member: Member, input: Input): void {
    const cluster = this.#cluster
    this.#judgeOwnContents(member, input)
    const own = member.known(member.number)
    const status = statusOf(own)
    cluster.tested[R.ownRecord]!++
    const fits = member.leaving ? status === LEFT || status === ALIVE || status === UNKNOWN : status === ALIVE
    if (fits) return
    cluster.fail(
      R.ownRecord,
      member,
      `holds itself for ${statusName(status)}`,
      'itself alive, until it is asked to leave',
    )
  }

  /** What the record says besides: what the member shows as its incarnation, where it began, what it was asked to tell. */
  #judgeOwnContents(member: Member, input: Input): void {
    const { number } = member
    if (
      input.type === 'operation' &&
      input.operation.type === 'update' &&
      member.metas[number] === input.operation.meta
    )
      member.toldMeta = input.operation.meta
    if (member.status(number) !== ALIVE) return
    const meta = member.metas[number]
    const address = member.addresses[number]
    const incarnation = member.incarnationKnown(number)
    if (incarnation === member.incarnation && meta === member.toldMeta && address === member.home) return
    this.#cluster.fail(
      R.ownRecord,
      member,
      `holds itself for alive ${incarnation} with "${meta ?? ''}" at ${address ?? 'no address'}`,
      `alive ${member.incarnation} with "${member.toldMeta}" at ${member.home}`,
    )
  }

  /** [ML] state.go aliveNode: who hears of two members of one name tells its application. */
  #judgeConflicts(member: Member, said: readonly Said[], outputs: readonly Output[]): void {
    const cluster = this.#cluster
    for (const output of outputs) {
      if (output.type !== 'event' || output.event !== 'conflict') continue
      const subject = cluster.number(output.node)
      if (said.some((each) => each.subject === subject && each.status === ALIVE)) continue
      cluster.fail(R.rejectsConflict, member, `told its application of a conflict about ${output.node}`, 'no event')
    }
  }

  #count(member: Member, input: Input, before: ReadonlyMap<number, number>): void {
    const cause = input.type === 'deliver' ? 'hearing' : input.type
    for (const [subject, was] of before) {
      const now = member.status(subject)
      const name = `${statusName(statusOf(was))} → ${statusName(now)} on ${cause}`
      this.#observed.set(name, (this.#observed.get(name) ?? 0) + 1)
    }
  }

  inspect(node: NodeId, { state, members }: Inspection): Violation | null {
    const cluster = this.#cluster
    const member = cluster.member(node)
    const differs = members.find((each) => {
      const subject = cluster.number(each.node)
      return member.known(subject) !== packed(each) || member.metas[subject] !== each.meta
    })
    const same =
      differs === undefined &&
      members.length === member.size &&
      state.incarnation === member.incarnation &&
      state.score === member.score &&
      state.leaving === member.leaving
    if (same) return cluster.conclude()
    return {
      requirement: 'adapter/deltas-fold',
      node,
      text:
        differs === undefined
          ? `inspection shows ${members.length} members, incarnation ${state.incarnation}, score ${state.score}; its answers add up to ${member.size}, ${member.incarnation}, ${member.score}`
          : `inspection shows ${differs.node} ${differs.status} ${differs.incarnation}; its answers add up to ${statusName(member.status(cluster.number(differs.node)))} ${member.incarnationKnown(cluster.number(differs.node))}`,
      allowed: 'answers that add up to what inspection shows',
    }
  }

  phase(phase: Phase, now: number): Violation | null {
    this.#cluster.now = now
    this.#liveness.enter(phase)
    return this.#cluster.conclude()
  }

  settled(): boolean {
    return this.#liveness.settled(this.#cluster)
  }

  finish(now: number): Violation | null {
    this.#cluster.now = now
    this.#liveness.finish(this.#cluster)
    return this.#cluster.conclude()
  }

  advice(): readonly Violation[] {
    return this.#cluster.advice()
  }

  exercised(): ReadonlyMap<string, number> {
    return this.#cluster.exercised()
  }

  transitions(): ReadonlyMap<string, number> {
    return new Map([...this.#observed].sort(([left], [right]) => (left < right ? -1 : 1)))
  }
}

const isEvent = (output: Output): output is Extract<Output, { readonly type: 'event' }> => output.type === 'event'

/** How often what was said of a member made it take another incarnation; 0 if it did not. */
function refutations(member: Member, said: readonly Said[]): number {
  if (member.incarnation === member.incarnationBefore) return 0
  const own = said.filter(({ subject }) => subject === member.number)
  let incarnation = member.incarnationBefore
  let count = 0
  for (const each of own) {
    const next = ownAfter(member, incarnation, each)
    if (next !== incarnation) count++
    incarnation = next
  }
  return count
}

/**
 * A judge of SWIM for one run.
 *
 * @param profiles profiles of SPEC.md that the implementation claims; rules of other profiles are not held against it
 * @param layers which layers judge; for runs against one node, and for tests of the judge itself
 */
export function createSwimJudge(
  profiles: readonly string[],
  layers: readonly Layer[] = allLayers,
): Judge<JudgedStart, Input, Answer, Inspection> {
  return new SwimJudge({ profiles: new Set(profiles), layers: new Set(layers) })
}
