/** The judge of service discovery: one step at a time, in the order in which a reader would look for the cause. */
import { isToComplete, rcodes, resolve, upstreamsFor, type Resolution } from '../../models/discovery/rules.ts'
import type {
  Answer,
  DiscoveryOptions,
  EndpointRecord,
  Input,
  Inspection,
  Operation,
  Output,
  Question,
  Reply,
  Result,
} from '../../models/discovery/vocabulary.ts'
import type { NodeId } from '../../models/vocabulary.ts'
import { allLayers, type Layer } from '../catalogue.ts'
import type { Claims } from '../findings.ts'
import type { Judge, Phase, Violation } from '../judge.ts'
import { type Asking, ruleOfUnknown } from './blame.ts'
import { Cluster, saysSame } from './cluster.ts'
import { judgeForward, judgeUpstream, judgeWaits, outcomeFor } from './forwards.ts'
import { disagreement, judgeConvergence, judgeOrder } from './liveness.ts'
import type { Node } from './node.ts'
import { expectLife, judgeChanges, judgeLife, type ExpectedLife } from './records.ts'
import {
  judgeAddresses,
  judgeGarbled,
  judgeMail,
  judgeOther,
  judgePointer,
  noteUnknown,
  pointersFor,
} from './replies.ts'
import { R } from './requirements.ts'
import { recordKey } from './view.ts'

/** What the judge needs of a start; the contract's own type has more. */
interface JudgedStart {
  readonly nodes: readonly NodeId[]
  readonly options: DiscoveryOptions
}

type LiveInput = Exclude<Input, { readonly type: 'crash' | 'restart' }>
type Query = Extract<Operation, { readonly type: 'query' }>

/** What may come of a question. */
interface Plan {
  readonly asking: Asking
  readonly resolution: Resolution
  readonly pointers: readonly string[]
}

const nothing: Resolution = { choices: [], empty: false, unknown: true }

class DiscoveryJudge implements Judge<JudgedStart, Input, Answer, Inspection> {
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
    for (const node of cluster.nodes) this.#begin(node, initial[node.number]!)
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
    if (input.type === 'crash') node.up = false
    else if (input.type === 'restart') this.#begin(node, answer)
    else this.#live(node, input, answer)
    return cluster.conclude()
  }

  /** A life begins: the answer shows everything. */
  #begin(node: Node, answer: Answer): void {
    node.up = true
    node.forget()
    node.now = answer.now
    if (answer.state?.life !== undefined) node.life = answer.state.life
    const held = answer.records ?? []
    if (held.length === 0) return
    this.#cluster.fail(R.recordsByCause, node, `begins with ${held.length} records`, 'none')
  }

  /** A step of a node that is up. */
  #live(node: Node, input: LiveInput, answer: Answer): void {
    const cluster = this.#cluster
    node.now = answer.now
    const operation = input.type === 'operation' ? input.operation : null
    const life = operation !== null && 'endpoint' in operation ? expectLife(cluster, node, operation) : null
    if (answer.records !== null) judgeChanges(cluster, node, answer.records, input, life)
    else cluster.tested[R.recordsByCause]!++
    if (life !== null) judgeLife(cluster, node, life)
    this.#judgeAnswers(node, input, answer.outputs)
    if (input.type === 'operation') this.#judgeOperation(node, input.id, input.operation, life, answer.outputs)
    else if (input.type === 'upstream') judgeUpstream(cluster, node, input.forward, input.reply, answer.outputs)
    else if (input.type === 'advance') judgeWaits(cluster, node, answer.outputs)
    if (life?.type === 'detach') this.#dropWaiting(node)
  }

  /** An answer comes once, and to something that was asked. */
  #judgeAnswers(node: Node, input: LiveInput, outputs: readonly Output[]): void {
    const cluster = this.#cluster
    for (const output of outputs) {
      if (output.type === 'message') continue
      const { operation } = output
      const isAsked =
        (input.type === 'operation' && input.id === operation) ||
        (node.waiting.has(operation) && !node.answered.has(operation)) ||
        node.dropped.has(operation)
      if (output.type === 'forward') {
        if (!isAsked) cluster.fail(R.answersOnce, node, `asks ${output.server} for nobody`, 'a question that waits')
        continue
      }
      cluster.tested[R.answersOnce]!++
      if (!isAsked || node.answered.has(operation))
        cluster.fail(R.answersOnce, node, `answers operation ${operation} again`, 'one answer')
      node.answered.add(operation)
    }
  }

  #judgeOperation(
    node: Node,
    id: number,
    operation: Operation,
    life: ExpectedLife | null,
    outputs: readonly Output[],
  ): void {
    const cluster = this.#cluster
    const result = outputs.find(
      (output): output is Output & { type: 'result' } => output.type === 'result' && output.operation === id,
    )
    if (operation.type === 'query') return this.#judgeQuery(node, id, operation, result, outputs)
    if (result === undefined) {
      return cluster.fail(R.answersOnce, node, `does not answer ${operation.type}`, 'one answer')
    }
    if (operation.type === 'garbled') {
      if (this.#isOutcome(node, operation.type, result, this.#isThere(node, operation.sandbox) ? 'ok' : 'failed'))
        judgeGarbled(cluster, node, operation.bytes, result.reply)
      return
    }
    if (!this.#isOutcome(node, operation.type, result, life!.outcome.told)) return
    this.#observed.set(life!.transition, (this.#observed.get(life!.transition) ?? 0) + 1)
  }

  #isThere(node: Node, sandbox: string): boolean {
    return node.networksOf(sandbox).length > 0
  }

  #isOutcome(node: Node, type: string, { status }: Result, expected: 'ok' | 'failed'): boolean {
    this.#cluster.tested[R.tellsOutcome]!++
    if (status === expected) return true
    this.#cluster.fail(R.tellsOutcome, node, `says ${status} to ${type}`, expected)
    return false
  }

  // Questions

  #planFor(node: Node, sandbox: string, question: Question): Plan {
    const networks = node.networksOf(sandbox)
    const { name, qtype } = question
    const asking = { cluster: this.#cluster, node, networks, question }
    const { known } = node.view
    switch (qtype) {
      case 'A':
      case 'MX':
        return { asking, resolution: resolve(name, 4, networks, known), pointers: [] }
      case 'AAAA':
        return { asking, resolution: resolve(name, 6, networks, known), pointers: [] }
      case 'PTR': {
        const pointers = pointersFor(asking)
        return { asking, resolution: { ...nothing, unknown: pointers.length === 0 }, pointers }
      }
      default:
        return { asking, resolution: nothing, pointers: [] }
    }
  }

  #judgeQuery(
    node: Node,
    id: number,
    { sandbox, name, qtype, transport, size }: Query,
    result: Result | undefined,
    outputs: readonly Output[],
  ): void {
    const cluster = this.#cluster
    if (!this.#isThere(node, sandbox)) {
      if (result === undefined) return cluster.fail(R.answersOnce, node, 'does not answer a question', 'a refusal')
      this.#isOutcome(node, 'a question from no sandbox', result, 'failed')
      return
    }
    const question = { name, qtype, transport, size }
    const plan = this.#planFor(node, sandbox, question)
    const { forwards, reply } = outcomeFor(outputs, id)
    const { unknown } = plan.resolution
    if (forwards.length > 0 && reply !== undefined) {
      const rule = unknown ? R.answersOnce : R.knownStaysInside
      return cluster.fail(rule, node, `answers ${name}, and asks ${forwards[0]!.server}`, 'one of these')
    }
    if (forwards.length > 0) return this.#judgeForwarded(plan, id, sandbox, outputs)
    if (result === undefined) {
      return cluster.fail(R.answersOnce, node, `neither answers ${name} nor asks anybody`, 'one of these')
    }
    if (!this.#isOutcome(node, 'a question', result, 'ok')) return
    if (reply === null || reply === undefined) {
      return cluster.fail(R.answersOnce, node, `answers ${name} by nothing`, 'a reply')
    }
    this.#judgeReply(plan, reply)
  }

  #judgeForwarded({ asking, resolution }: Plan, id: number, sandbox: string, outputs: readonly Output[]): void {
    const { cluster, node, networks, question } = asking
    const { forwards } = outcomeFor(outputs, id)
    const { upstreams, ndots } = cluster.options
    const text = `asks ${forwards[0]!.server} for ${question.qtype} ${question.name}`
    if (resolution.unknown && question.qtype !== 'PTR') noteUnknown(asking)
    if (question.qtype === 'SRV' || question.qtype === 'TXT') cluster.tested[R.otherTypesForwarded]!++
    if (!resolution.unknown) {
      return cluster.fail(ruleOfUnknown(asking, R.knownStaysInside), node, text, 'an answer of its own')
    }
    if (isToComplete(question, ndots))
      return cluster.fail(R.singleLabelsStay, node, text, 'an answer without addresses')
    const isInside = networks.every(({ internal }) => internal)
    if (isInside) cluster.tested[R.internalStaysInside]!++
    const servers = upstreamsFor(upstreams, isInside)
    const waiting = { operation: id, sandbox, question, resolution, servers, asked: 0, forward: 0, sentAt: 0 }
    node.waiting.set(id, waiting)
    judgeForward(cluster, node, waiting, forwards)
  }

  #judgeReply({ asking, resolution, pointers }: Plan, reply: Reply): void {
    const { cluster, networks, question, node } = asking
    const { upstreams, ndots } = cluster.options
    const hasNoAnswers = reply.answers.length === 0
    if (resolution.unknown && hasNoAnswers && isToComplete(question, ndots) && reply.rcode === rcodes.ok) {
      cluster.tested[R.singleLabelsStay]!++
      return
    }
    const isInside = networks.every(({ internal }) => internal)
    const hasServers = upstreamsFor(upstreams, isInside).length > 0
    if (resolution.unknown && hasNoAnswers && !hasServers) {
      if (isInside) cluster.tested[R.internalStaysInside]!++
      cluster.tested[R.failureAtEnd]!++
      if (reply.rcode === rcodes.serverFailure) return
      if (resolution.choices.length === 0 && !resolution.empty && question.qtype !== 'MX') {
        return cluster.fail(R.failureAtEnd, node, `answers ${question.name} by code ${reply.rcode}`, 'a server failure')
      }
    }
    switch (question.qtype) {
      case 'A':
      case 'AAAA':
        return judgeAddresses(asking, resolution, reply)
      case 'MX':
        return judgeMail(asking, resolution.choices.length > 0 || resolution.empty, reply)
      case 'PTR':
        return judgePointer(asking, pointers, reply)
      default:
        return judgeOther(asking, reply)
    }
  }

  /** Nobody waits in a sandbox that is gone. */
  #dropWaiting(node: Node): void {
    for (const [id, { sandbox }] of node.waiting) {
      if (this.#isThere(node, sandbox)) continue
      node.waiting.delete(id)
      node.dropped.add(id)
    }
  }

  // The frame

  inspect(id: NodeId, { state, records }: Inspection): Violation | null {
    const node = this.#cluster.node(id)
    const { held } = node.view
    const isSame = (record: EndpointRecord): boolean => {
      const known = held.get(recordKey(record.network, record.endpoint))?.record
      return known !== undefined && known.disabled === record.disabled && saysSame(known, record)
    }
    const differs = state.life !== node.life || records.length !== held.size || !records.every(isSame)
    if (!differs) return this.#cluster.conclude()
    return {
      requirement: 'adapter/deltas-fold',
      node: id,
      text: `inspection shows ${records.length} records; its answers add up to something else`,
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
    const cluster = this.#cluster
    cluster.now = now
    if (this.#phase === 'settle') judgeConvergence(cluster)
    judgeOrder(cluster)
    return cluster.conclude()
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

/**
 * A judge of service discovery for one run.
 *
 * @param profiles profiles of SPEC.md that the implementation claims; rules of other profiles are not held against it
 * @param layers which layers judge; for tests of the judge itself
 */
export function createDiscoveryJudge(
  profiles: readonly string[],
  layers: readonly Layer[] = allLayers,
): Judge<JudgedStart, Input, Answer, Inspection> {
  return new DiscoveryJudge({ profiles: new Set(profiles), layers: new Set(layers) })
}
