/** The judge of balancing: one step at a time, in the order in which a reader would look for the cause. */
import type {
  Answer,
  BalancingOptions,
  Input,
  Inspection,
  Operation,
  OutgoingMessage,
  Result,
} from '../../models/balancing/vocabulary.ts'
import { acceptingTransition, addressLife, taskLife, type Life } from '../../models/balancing/member.ts'
import type { NodeId } from '../../models/vocabulary.ts'
import { allLayers, type Layer } from '../catalogue.ts'
import type { Claims } from '../findings.ts'
import type { Judge, Phase, Violation } from '../judge.ts'
import { Cluster } from './cluster.ts'
import { judgeRequest } from './http.ts'
import { judgeConvergence, lack } from './liveness.ts'
import { listenerKey, type Node, poolKey } from './node.ts'
import { R } from './requirements.ts'
import { type Asked as DecisionAsked, judgeDecision, judgeSurvival, takeOver } from './table.ts'
import { type Asked as TaskAsked, isOfPeer, judgeTaskOperation } from './tasks.ts'
import { hear, judgeAcks, judgeSilence, judgeUpdates } from './telling.ts'
import {
  judgeAnswered,
  judgeConnect,
  judgeData,
  judgeOpened,
  judgeOverdue,
  judgeDial,
  judgeResults,
  judgeSend,
  type Shown,
} from './traffic.ts'
import { type Cause, judgeSetUp } from './views.ts'

/** What the judge needs of a start. */
interface JudgedStart {
  readonly nodes: readonly NodeId[]
  readonly options: BalancingOptions
}

type LiveInput = Exclude<Input, { readonly type: 'crash' | 'restart' }>

class BalancingJudge implements Judge<JudgedStart, Input, Answer, Inspection> {
  readonly #claims: Claims
  readonly #observed = new Map<string, number>()
  #cluster!: Cluster
  #phase: Phase = 'disturb'

  constructor(claims: Claims) {
    this.#claims = claims
  }

  start({ nodes, options }: JudgedStart, initial: readonly Answer[]): Violation | null {
    this.#cluster = new Cluster(options, this.#claims, nodes)
    for (const [number, answer] of initial.entries()) this.#introduce(this.#cluster.nodes[number]!, answer)
    return this.#cluster.conclude()
  }

  step(input: Input, answer: Answer, now: number): Violation | null {
    const cluster = this.#cluster
    cluster.now = now
    const node = cluster.node(input.node)
    if (input.type === 'crash') {
      node.up = false
      node.forget()
      return cluster.conclude()
    }
    cluster.tested[R.survives]!++
    if (answer.error !== undefined) {
      node.gone = answer.error.kind === 'panic'
      node.up = !node.gone
      if (node.gone) cluster.fail(R.survives, node, `panics: ${answer.error.text}`, 'that it goes on')
      return cluster.conclude()
    }
    if (input.type === 'restart') this.#introduce(node, answer)
    else this.#live(node, input, answer)
    return cluster.conclude()
  }

  /** A life begins. */
  #introduce(node: Node, answer: Answer): void {
    const cluster = this.#cluster
    const isBack = !node.up
    node.up = true
    node.forget()
    node.now = answer.now
    const { life = 0, manager = false } = answer.state ?? {}
    const { pools, listeners, services } = answer
    cluster.tested[R.startsClean]!++
    if (life <= node.life || manager !== node.isManager || (pools ?? []).length + (listeners ?? []).length > 0) {
      const text = `begins life ${life} with ${pools?.length ?? 0} pools and ${listeners?.length ?? 0} ports`
      cluster.fail(R.startsClean, node, text, `a life after ${node.life}, with nothing set up`)
    }
    node.life = life
    if (node.isManager && isBack) judgeSurvival(cluster, node, services ?? [])
    if (node.isManager && !isBack) takeOver(cluster, services ?? [])
    for (const { id } of cluster.nodes) if (id !== node.id) node.saidAt.set(id, node.now)
    const shown = shownBy(answer)
    judgeUpdates(cluster, node, shown.messages)
  }

  /** A step of a node that is up. */
  #live(node: Node, input: LiveInput, answer: Answer): void {
    const cluster = this.#cluster
    node.now = answer.now
    const shown = shownBy(answer)
    const cause = this.#cause(node, input, answer, shown)
    judgeSetUp(cluster, node, answer.pools, answer.listeners, cause)
    if (cluster.violation !== null) return
    const explained = this.#traffic(node, input, shown)
    judgeResults(cluster, node, explained, shown)
    this.#judgeArrivals(node, input, shown)
    judgeAcks(cluster, node, input, shown.messages)
    judgeUpdates(cluster, node, shown.messages)
    if (input.type !== 'advance') return
    judgeSilence(cluster, node)
    judgeOverdue(cluster, node)
  }

  /** What may have changed what is set up. */
  #cause(node: Node, input: LiveInput, { services }: Answer, shown: Shown): Cause {
    const cluster = this.#cluster
    if (input.type === 'operation') {
      const { id, operation } = input
      const result = shown.results.find((each) => each.operation === id)
      switch (operation.type) {
        case 'create-service':
        case 'update-service':
        case 'remove-service':
          this.#ofAddress(node, operation, result)
          judgeDecision(cluster, node, operation, result, services ?? [])
          return R.followsService
        case 'start':
        case 'enable':
        case 'disable':
        case 'stop':
        case 'down':
        case 'up':
          return this.#ofTask(node, operation, result)
        default:
      }
    }
    if (services !== null) cluster.fail(R.changesByCause, node, 'changes its table without being asked', 'no change')
    if (input.type !== 'deliver' || input.message.view.kind !== 'update') return null
    return hear(node, { ...input.message, view: input.message.view })
  }

  #ofAddress(node: Node, asked: DecisionAsked, result: Result | undefined): void {
    if (!node.isManager || result?.reason === 'invalid-argument' || result?.reason === 'exhausted') return
    const before = this.#cluster.services.get(asked.service)
    const [verb = ''] = asked.type.split('-')
    const state = before === undefined ? 'absent' : before.mode === 'vip' ? 'addressed' : 'plain'
    this.#note(addressLife, state, asked.type === 'remove-service' ? verb : `${verb} ${asked.mode}`, result)
  }

  #note(life: Life, state: string, type: string, result: Result | undefined): void {
    const granted = result?.status === 'ok'
    const to = granted ? (life.after(state, type) ?? state) : state
    const name = acceptingTransition(life, state, { type, granted, to })
    if (name !== null) this.#observed.set(name, (this.#observed.get(name) ?? 0) + 1)
  }

  #ofTask(node: Node, operation: TaskAsked, result: Result | undefined): Cause {
    if (!isOfPeer(operation)) {
      const status = node.tasks.get(operation.task)?.status ?? 'absent'
      this.#note(taskLife, status, operation.type, result)
    }
    return judgeTaskOperation(this.#cluster, node, operation, result)
  }

  /** Judges connections; the operation whose result is explained by the step, or null. */
  #traffic(node: Node, input: LiveInput, shown: Shown): number | null {
    const cluster = this.#cluster
    if (input.type === 'advance') return null
    if (input.type === 'operation') {
      this.#ask(node, input.id, input.operation, shown)
      return input.id
    }
    const { message } = input
    switch (message.view.kind) {
      case 'open':
        judgeOpened(cluster, node, message, shown)
        return null
      case 'data':
        judgeData(cluster, node, message, shown)
        return null
      case 'answer':
        judgeAnswered(cluster, node, message, shown)
        return message.view.request
      default:
        return null
    }
  }

  #ask(node: Node, id: number, operation: Operation, shown: Shown): void {
    const cluster = this.#cluster
    switch (operation.type) {
      case 'connect':
        judgeConnect(cluster, node, id, operation, shown)
        break
      case 'dial':
        judgeDial(cluster, node, id, operation, shown)
        break
      case 'request':
        judgeRequest(cluster, node, id, operation, shown)
        break
      case 'send':
        judgeSend(cluster, node, id, operation, shown)
        break
      default:
    }
  }

  /** Tasks are reached by what was asked, or delivered, in this step, and by nothing else. */
  #judgeArrivals(node: Node, input: LiveInput, { arrivals }: Shown): void {
    const cluster = this.#cluster
    const expected =
      input.type === 'operation'
        ? input.id
        : input.type === 'deliver' && 'connection' in input.message.view
          ? input.message.view.connection
          : 0
    for (const { connection, task } of arrivals) {
      if (!node.tasks.has(task))
        cluster.fail(R.onlyRunningAnswers, node, `has ${task} answer, which does not run`, 'nobody')
      if (connection !== expected)
        cluster.fail(R.onlyRunningAnswers, node, `gives ${task} connection ${connection}`, 'what was asked for')
      node.accepted.set(connection, task)
    }
  }

  inspect(id: NodeId, { state, services, pools, listeners }: Inspection): Violation | null {
    const cluster = this.#cluster
    const node = cluster.node(id)
    const differs =
      state.life !== node.life ||
      (node.isManager &&
        (services.length !== cluster.services.size ||
          services.some((each) => JSON.stringify(cluster.services.get(each.service)) !== JSON.stringify(each)))) ||
      pools.length !== node.pools.size ||
      pools.some(
        (pool) => JSON.stringify(node.pools.get(poolKey(pool.service, pool.network))) !== JSON.stringify(pool),
      ) ||
      listeners.length !== node.listeners.size ||
      listeners.some((each) => node.listeners.get(listenerKey(each))?.service !== each.service)
    if (!differs) return cluster.conclude()
    return {
      requirement: 'adapter/deltas-fold',
      node: id,
      text: `inspection shows ${pools.length} pools and ${listeners.length} ports; its answers add up to something else`,
      allowed: 'answers that add up to what inspection shows',
    }
  }

  phase(phase: Phase, now: number): Violation | null {
    const cluster = this.#cluster
    cluster.now = now
    this.#phase = phase
    cluster.settling = phase === 'settle'
    cluster.reached.clear()
    return cluster.conclude()
  }

  settled(): boolean {
    return this.#phase === 'settle' && lack(this.#cluster) === null
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

function shownBy({ outputs }: Answer): Shown {
  const messages: OutgoingMessage[] = []
  const arrivals: Shown['arrivals'][number][] = []
  const results: Shown['results'][number][] = []
  for (const output of outputs) {
    if (output.type === 'message') messages.push(output)
    else if (output.type === 'arrival') arrivals.push(output)
    else results.push(output)
  }
  return { messages, arrivals, results }
}

/**
 * A judge of balancing for one run.
 *
 * @param profiles profiles of SPEC.md that the implementation claims; rules of other profiles are not held against it
 * @param layers which layers judge; for runs against one node, and for tests of the judge itself
 */
export function createBalancingJudge(
  profiles: readonly string[],
  layers: readonly Layer[] = allLayers,
): Judge<JudgedStart, Input, Answer, Inspection> {
  return new BalancingJudge({ profiles: new Set(profiles), layers: new Set(layers) })
}
