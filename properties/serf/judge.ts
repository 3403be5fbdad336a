/** The judge of Serf: one step at a time, in the order in which a reader would look for the cause. */
import { intentsOf, witness } from '../../models/serf/rules.ts'
import type {
  Answer,
  Broadcast,
  Input,
  Inspection,
  Message,
  OutgoingMessage,
  Output,
  SerfOptions,
} from '../../models/serf/vocabulary.ts'
import type { NodeId } from '../../models/vocabulary.ts'
import { allLayers, type Layer } from '../catalogue.ts'
import type { Claims } from '../findings.ts'
import type { Judge, Phase, Violation } from '../judge.ts'
import { Cluster } from './cluster.ts'
import { Deliveries } from './deliveries.ts'
import { Expected } from './expected.ts'
import { disagreement, judgeConvergence } from './liveness.ts'
import type { Node } from './node.ts'
import {
  boundOwnNews,
  expectOperation,
  judgeOperationsOverdue,
  judgeOwnTime,
  judgeResult,
  noteAnnounced,
} from './operations.ts'
import { judgeIntents, judgeMembers, judgeNotices, judgeOverdue } from './records.ts'
import { R } from './requirements.ts'
import { judgeMessages, judgeOwed, judgeReconnects, lookBefore, noteHeard } from './telling.ts'

/** What the judge needs of a start; the contract's own type has more. */
interface JudgedStart {
  readonly nodes: readonly NodeId[]
  readonly options: SerfOptions
}

type LiveInput = Exclude<Input, { readonly type: 'crash' | 'restart' }>
type PushPull = Extract<Message, { readonly left: readonly string[] }>

class SerfJudge implements Judge<JudgedStart, Input, Answer, Inspection> {
  readonly #claims: Claims
  #cluster!: Cluster
  #phase: Phase = 'disturb'
  readonly #observed = new Map<string, number>()

  constructor(claims: Claims) {
    this.#claims = claims
  }

  start({ nodes, options }: JudgedStart, initial: readonly Answer[]): Violation | null {
    const cluster = new Cluster(options, this.#claims, nodes)
    this.#cluster = cluster
    for (const node of cluster.nodes) this.#begin(node, initial[node.number]!, nodes)
    return cluster.conclude()
  }

  step(input: Input, answer: Answer, now: number): Violation | null {
    const cluster = this.#cluster
    cluster.now = now
    const node = cluster.node(input.node)
    cluster.tested[R.survives]!++
    if (answer.error !== undefined) {
      if (answer.error.kind === 'panic') {
        node.up = false
        node.gone = true
        cluster.fail(R.survives, node, `panicked: ${answer.error.text}`, 'an answer')
      }
      return cluster.conclude()
    }
    switch (input.type) {
      case 'crash':
        node.up = false
        break
      case 'restart':
        node.up = true
        this.#begin(node, answer, [node.id])
        break
      default:
        this.#live(node, input, answer)
    }
    return cluster.conclude()
  }

  /** A life begins: the answer shows everything. */
  #begin(node: Node, answer: Answer, known: readonly NodeId[]): void {
    const cluster = this.#cluster
    node.forget()
    node.now = answer.now
    if (answer.state !== null) node.observe(answer.state)
    for (const change of answer.members ?? []) {
      if (change.status !== 'forgotten')
        node.members.set(change.name, { ...change, goneAt: Infinity, since: node.now, pruneBy: Infinity })
    }
    for (const name of known) if (name !== node.id) node.there.add(name)
    node.greatest = node.members.size
    cluster.tested[R.startsFresh]!++
    const { memberClock, eventClock, queryClock, phase } = node
    const isFresh =
      [memberClock, eventClock, queryClock].every((clock) => clock === 1) &&
      phase === 'alive' &&
      (answer.intents?.length ?? 0) === 0 &&
      node.members.size === known.length &&
      known.every((name) => node.members.get(name)?.status === 'alive' && node.members.get(name)?.time === 0)
    if (isFresh) return
    const text = `begins with clocks ${memberClock} ${eventClock} ${queryClock}, ${phase}, and ${node.members.size} members`
    cluster.fail(R.startsFresh, node, text, `clocks that show 1, and ${known.join(' ')} alive at time 0`)
  }

  /** A step of a node that is up. */
  #live(node: Node, input: LiveInput, answer: Answer): void {
    const cluster = this.#cluster
    node.now = answer.now
    const messages = answer.outputs.filter(isMessage)
    const before = lookBefore(
      node,
      messages.some(({ view }) => 'left' in view || view.kind === 'relay'),
    )
    const expected = new Expected(node, cluster.options)
    const deliveries = new Deliveries(cluster, node)
    this.#expect(node, input, answer, expected, deliveries)
    const statuses = this.#statusesBefore(node, answer)
    judgeMembers(cluster, node, expected, answer.members)
    judgeIntents(cluster, node, expected, answer.intents)
    for (const rule of expected.tested) cluster.tested[rule]!++
    cluster.tested[R.changesByCause]!++
    const clock = node.memberClock
    if (answer.state !== null) node.observe(answer.state)
    this.#judgeClocks(node, input, answer, before.clocks, expected, deliveries)
    if (expected.announces >= 0) this.#judgeAnnounced(node, clock)
    noteAnnounced(node, expected)
    boundOwnNews(node)
    judgeNotices(
      cluster,
      node,
      expected,
      answer.outputs.filter((output) => output.type === 'member'),
    )
    deliveries.judgeEvents(answer.outputs.filter((output) => output.type === 'event'))
    deliveries.judgeQueries(answer.outputs.filter((output) => output.type === 'query'))
    deliveries.judgeResponses(answer.outputs.filter((output) => output.type === 'response'))
    judgeMessages(cluster, node, before, input, messages)
    deliveries.judgeAnswers(messages, before.members)
    for (const output of answer.outputs) if (output.type === 'result') judgeResult(cluster, node, output)
    judgeOwed(cluster, node)
    judgeReconnects(cluster, node)
    if (input.type === 'advance') {
      judgeOverdue(cluster, node)
      judgeOperationsOverdue(cluster, node)
    }
    this.#count(node, input, statuses)
  }

  #expect(node: Node, input: LiveInput, answer: Answer, expected: Expected, deliveries: Deliveries): void {
    const cluster = this.#cluster
    switch (input.type) {
      case 'deliver':
        return this.#expectMessage(node, input.message, answer, expected, deliveries)
      case 'peer':
        return expectPeer(node, input, expected)
      case 'operation':
        return expectOperation(cluster, node, input, answer, expected, deliveries)
      case 'respond':
        return deliveries.respond(input.time, input.id, input.payload)
      case 'advance':
    }
  }

  #expectMessage(
    node: Node,
    { from, view }: OutgoingMessage,
    answer: Answer,
    expected: Expected,
    deliveries: Deliveries,
  ): void {
    switch (view.kind) {
      case 'gossip':
        for (const broadcast of view.broadcasts) {
          noteHeard(node, broadcast, this.#hear(broadcast, expected, deliveries))
        }
        return
      case 'push-pull':
      case 'push-pull-reply':
        return this.#merge(node, from, view, answer, expected, deliveries)
      case 'response':
        return deliveries.tellResponse(view)
      case 'relay':
        return deliveries.forward(view.to, view.response)
    }
  }

  /** Returns whether it is news. */
  #hear(broadcast: Broadcast, expected: Expected, deliveries: Deliveries): boolean {
    switch (broadcast.type) {
      case 'join':
      case 'leave': {
        const { name, time, type } = broadcast
        return expected.tell({ name, time, intent: type, prune: type === 'leave' && broadcast.prune }, 'gossip')
      }
      case 'event':
        return deliveries.tellEvent(broadcast, broadcast.coalesce, false)
      case 'query':
        return deliveries.tellQuery(broadcast)
    }
  }

  #merge(node: Node, from: NodeId, view: PushPull, answer: Answer, expected: Expected, deliveries: Deliveries): void {
    expected.memberTime = Math.max(expected.memberTime, view.memberTime - 1)
    deliveries.seeClocks(view.eventTime, view.queryTime)
    for (const said of intentsOf(view)) {
      expected.tell(said, said.intent === 'leave' ? 'left' : 'there')
      const { name, time } = said
      const told: Broadcast =
        said.intent === 'leave' ? { type: 'leave', name, time, prune: false } : { type: 'join', name, time }
      noteHeard(node, told, false)
    }
    const join = this.#joinWith(node, from, view)
    if (join?.ignoreOld === true) node.eventMinTime = Math.max(node.eventMinTime, view.eventTime)
    for (const event of view.events) {
      deliveries.tellEvent(event, false, true)
      noteHeard(node, { type: 'event', ...event, coalesce: false }, false)
      noteHeard(node, { type: 'event', ...event, coalesce: true }, false)
    }
    if (join === null) return
    this.#cluster.tested[R.joinAnnounces]!++
    const isDone = answer.outputs.some((output) => output.type === 'result' && output.operation === join.operation)
    const least = Math.max(witness(node.memberClock, expected.memberTime), 0)
    if (isDone) expected.announce(R.joinAnnounces, least - 1)
    else this.#cluster.fail(R.joinAnnounces, node, `does not end joining ${from}`, 'that it has joined')
  }

  /** What it was asked: to join that one. */
  #joinWith(
    node: Node,
    from: NodeId,
    { kind, join }: PushPull,
  ): { readonly operation: number; readonly ignoreOld: boolean } | null {
    if (kind !== 'push-pull-reply' || !join) return null
    for (const [operation, { type, peer, ignoreOld }] of node.operations) {
      if (type === 'join' && peer === from) return { operation, ignoreOld }
    }
    return null
  }

  /** The time at which it says that it is there. */
  #judgeAnnounced(node: Node, before: number): void {
    const self = node.members.get(node.id)
    if (self !== undefined) judgeOwnTime(this.#cluster, node, self.time, Math.min(before, self.time), node.memberClock)
  }

  #judgeClocks(
    node: Node,
    input: LiveInput,
    answer: Answer,
    [member, event, query]: readonly [number, number, number],
    { memberTime, ownIntents }: Expected,
    { eventTime, queryTime }: Deliveries,
  ): void {
    const asked = input.type === 'operation' ? input.operation.type : ''
    this.#judgeClock(node, 'clock of intents', member, node.memberClock, memberTime, ownIntents)
    this.#judgeClock(node, 'clock of events', event, node.eventClock, eventTime, asked === 'event' ? 1 : 0)
    this.#judgeClock(node, 'clock of queries', query, node.queryClock, queryTime, asked === 'query' ? 1 : 0)
    if (asked !== 'leave' && asked !== 'force-leave') return
    // The time is that before it; what was seen of it is below what the clock shows now.
    for (const change of [...(answer.members ?? []), ...(answer.intents ?? [])]) {
      if ('time' in change) judgeOwnTime(this.#cluster, node, change.time, member, node.memberClock)
    }
  }

  #judgeClock(node: Node, what: string, before: number, after: number, seen: number, ticks: number): void {
    const cluster = this.#cluster
    cluster.tested[R.clocksNeverFall]!++
    if (after < before) cluster.fail(R.clocksNeverFall, node, `set its ${what} from ${before} to ${after}`, 'no less')
    const least = witness(before, seen)
    if (seen >= 0) cluster.tested[R.witnessesTimes]!++
    if (after < least) {
      cluster.fail(R.witnessesTimes, node, `saw ${seen}, and its ${what} shows ${after}`, `at least ${least}`)
    }
    cluster.tested[R.clocksByCause]!++
    if (after > least + ticks) {
      cluster.fail(R.clocksByCause, node, `set its ${what} from ${before} to ${after}`, `at most ${least + ticks}`)
    }
  }

  #statusesBefore(node: Node, { members }: Answer): Map<string, string> {
    return new Map((members ?? []).map(({ name }) => [name, node.members.get(name)?.status ?? 'absent']))
  }

  #count(node: Node, input: LiveInput, before: ReadonlyMap<string, string>): void {
    const cause =
      input.type === 'operation'
        ? input.operation.type
        : input.type === 'peer'
          ? `peer ${input.status}`
          : input.type === 'deliver'
            ? input.message.view.kind
            : 'time'
    for (const [key, was] of before) {
      const name = `${was} → ${node.members.get(key)?.status ?? 'absent'} on ${cause}`
      this.#observed.set(name, (this.#observed.get(name) ?? 0) + 1)
    }
  }

  inspect(id: NodeId, { state, members, intents }: Inspection): Violation | null {
    const node = this.#cluster.node(id)
    const differs =
      state.memberClock !== node.memberClock ||
      state.eventClock !== node.eventClock ||
      state.queryClock !== node.queryClock ||
      state.phase !== node.phase ||
      members.length !== node.members.size ||
      members.some(({ name, status, time, tags }) => {
        const held = node.members.get(name)
        return held?.status !== status || held.time !== time || held.tags !== tags
      }) ||
      intents.length !== node.intents.size ||
      intents.some(({ name, intent, time }) => {
        const held = node.intents.get(name)
        return held?.intent !== intent || held.time !== time
      })
    if (!differs) return this.#cluster.conclude()
    return {
      requirement: 'adapter/deltas-fold',
      node: id,
      text: `inspection shows ${members.length} members and ${intents.length} intents; its answers add up to something else`,
      allowed: 'answers that add up to what inspection shows',
    }
  }

  phase(phase: Phase, now: number): Violation | null {
    this.#cluster.now = now
    this.#phase = phase
    return this.#cluster.conclude()
  }

  settled(): boolean {
    return this.#phase === 'settle' && disagreement(this.#cluster) === null
  }

  finish(now: number): Violation | null {
    this.#cluster.now = now
    if (this.#phase === 'settle') judgeConvergence(this.#cluster)
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

function expectPeer(
  node: Node,
  { name, status, tags }: Extract<Input, { readonly type: 'peer' }>,
  expected: Expected,
): void {
  if (status === 'up') {
    node.there.add(name)
    return expected.up(name, tags)
  }
  if (status === 'update') return expected.update(name, tags)
  node.there.delete(name)
  expected.down(name)
}

const isMessage = (output: Output): output is OutgoingMessage => output.type === 'message'

/**
 * A judge of Serf for one run.
 *
 * @param profiles profiles of SPEC.md that the implementation claims; rules of other profiles are not held against it
 * @param layers which layers judge; for runs against one node, and for tests of the judge itself
 */
export function createSerfJudge(
  profiles: readonly string[],
  layers: readonly Layer[] = allLayers,
): Judge<JudgedStart, Input, Answer, Inspection> {
  return new SerfJudge({ profiles: new Set(profiles), layers: new Set(layers) })
}
