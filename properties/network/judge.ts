/** The judge of the layers together: one step at a time, in the order in which a reader would look for the cause. */
import type {
  Answer,
  Change,
  Input,
  Inspection,
  NetworkOptions,
  Output,
  Result,
} from '../../models/network/vocabulary.ts'
import type { NodeId } from '../../models/vocabulary.ts'
import { allLayers, type Layer } from '../catalogue.ts'
import type { Claims } from '../findings.ts'
import type { Judge, Phase, Violation } from '../judge.ts'
import { judgeDecision, judgeHeld, judgeHolding, judgeRestored, noteDecision } from './allocations.ts'
import { Cluster, textOf, type Node } from './cluster.ts'
import { connectionOf, judgeConnection, judgeOverdue, judgeReplies } from './connections.ts'
import { judgeSettled, lackOf, wayOf } from './liveness.ts'
import { R } from './requirements.ts'
import { happens, judgeTables, loseTables, takeChange, type Observed } from './tables.ts'

/** What the judge needs of a start; the contract's own type has more. */
interface JudgedStart {
  readonly nodes: readonly NodeId[]
  readonly options: NetworkOptions
}

type LiveInput = Exclude<Input, { readonly type: 'crash' | 'restart' }>

const NO_CHANGES: readonly Change[] = []

class NetworkJudge implements Judge<JudgedStart, Input, Answer, Inspection> {
  readonly #claims: Claims
  #cluster!: Cluster
  #phase: Phase = 'disturb'
  readonly #observed: Observed = new Map()

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
      } else if (input.type === 'operation') node.asked.delete(input.id)
      return cluster.conclude()
    }
    switch (input.type) {
      case 'crash':
        node.up = false
        loseTables(cluster, this.#observed, node)
        node.forget()
        break
      case 'restart':
        node.up = true
        this.#begin(node, answer)
        break
      default:
        this.#live(node, input, answer)
    }
    return cluster.conclude()
  }

  /** A life begins: it knows nothing, and leads nobody. */
  #begin(node: Node, { now, state, changes }: Answer): void {
    const cluster = this.#cluster
    node.forget()
    node.now = now
    node.life = state?.life ?? ''
    cluster.tested[R.onlyLeaderAllocates]!++
    if (state?.leading === true) {
      cluster.fail(R.onlyLeaderAllocates, node, 'leads from the start', 'that it waits until it is to lead')
    }
    for (const change of changes ?? NO_CHANGES) takeChange(cluster, this.#observed, node, change)
    judgeTables(cluster, node, changes ?? NO_CHANGES)
  }

  /** A step of a node that is up. */
  #live(node: Node, input: LiveInput, answer: Answer): void {
    const cluster = this.#cluster
    node.now = answer.now
    const { outputs } = answer
    const changes = answer.changes ?? NO_CHANGES
    if (input.type === 'operation') {
      const { id, operation } = input
      const connection = connectionOf(cluster, node, operation)
      node.asked.set(id, { operation, since: answer.now, at: cluster.now, connection })
    }
    const results = outputs.filter(isResult)
    for (const { operation, status } of results) {
      const asked = node.asked.get(operation)
      if (asked?.connection === null && status === 'ok') noteDecision(cluster, asked)
    }
    if (input.type === 'lead') this.#lead(node, changes)
    this.#take(node, input, changes)
    this.#judgeLeading(node, input, answer)
    for (const result of results) this.#judgeResult(node, result)
    judgeReplies(cluster, node, input, outputs)
    judgeTables(cluster, node, changes)
    if (input.type === 'advance') judgeOverdue(cluster, node)
  }

  #take(node: Node, { type }: LiveInput, changes: readonly Change[]): void {
    for (const change of changes) {
      if (change.change !== 'held' && change.change !== 'freed') takeChange(this.#cluster, this.#observed, node, change)
      // What is held when it begins to lead is told as a whole, and then what it lets go of at once.
      else if (type !== 'lead' || change.change === 'freed') {
        judgeHolding(this.#cluster, node, change)
        if (change.kind === 'address' && !this.#cluster.isOfNode(change)) this.#noteLife(change)
      }
    }
  }

  #noteLife({ change, owner }: Change & { readonly change: 'held' | 'freed'; readonly owner: string }): void {
    happens(this.#cluster, this.#observed, owner, change === 'held' ? 'allocate' : 'release')
  }

  #lead(node: Node, changes: readonly Change[]): void {
    const cluster = this.#cluster
    judgeRestored(cluster, node, changes)
    node.leading = true
    cluster.holdings.clear()
    for (const each of changes) {
      if (each.change !== 'held') continue
      const { change: _, ...holding } = each
      judgeHeld(cluster, node, holding)
    }
  }

  #judgeLeading(node: Node, { type }: LiveInput, { state }: Answer): void {
    const cluster = this.#cluster
    if (type === 'depose') {
      node.leading = false
      for (const [id, { connection }] of node.asked) if (connection === null) node.asked.delete(id)
    }
    if (state?.leading === undefined || state.leading === node.leading) return
    const text = state.leading ? 'leads' : 'does not lead'
    cluster.fail(R.onlyLeaderAllocates, node, text, 'that it leads while it is told to')
  }

  #judgeResult(node: Node, result: Result): void {
    const cluster = this.#cluster
    const asked = node.asked.get(result.operation)
    if (asked === undefined) return
    node.asked.delete(result.operation)
    const { connection, operation } = asked
    if (connection === null) {
      this.#judgeWhoDecides(node, result, operation.type)
      return judgeDecision(cluster, node, asked, result)
    }
    judgeConnection(cluster, node, asked, result)
    cluster.replies.delete(result.operation)
    if (this.#phase !== 'settle') return
    const name = operation.type === 'connect' ? operation.name : ''
    const network = operation.type === 'connect' ? operation.network : ''
    cluster.ended.set(wayOf(node, network, name, connection.port), result.status === 'ok')
  }

  #judgeWhoDecides(node: Node, { status, reason }: Result, type: string): void {
    this.#cluster.tested[R.onlyLeaderAllocates]!++
    if ((reason === 'not-leading') === !node.leading) return
    const text = `answers ${type} with ${status} ${reason}, and ${node.leading ? 'leads' : 'does not lead'}`
    this.#cluster.fail(R.onlyLeaderAllocates, node, text, node.leading ? 'a decision' : 'that it does not lead')
  }

  inspect(id: NodeId, { state, tables }: Inspection): Violation | null {
    const node = this.#cluster.node(id)
    const shown = (texts: readonly string[]): string => texts.toSorted().join('\n')
    const seen = tables.filter(({ change }) => change !== 'held').map(textOfRow)
    const known = [
      ...[...node.networks].map(([network, vni]) => `${network} ${vni}`),
      ...[...node.tasks.values()].map(({ task, service, network, address }) =>
        [task, service, network, address].join(' '),
      ),
      ...[...node.endpoints.values(), ...node.peers.values()].map(textOf),
    ]
    if (shown(seen) === shown(known) && state.life === node.life && state.leading === node.leading) {
      return this.#cluster.conclude()
    }
    return {
      requirement: 'adapter/deltas-fold',
      node: id,
      text: `inspection shows ${seen.length} rows; its answers add up to ${known.length}, or to others`,
      allowed: 'answers that add up to what inspection shows',
    }
  }

  phase(phase: Phase, now: number): Violation | null {
    const cluster = this.#cluster
    cluster.now = now
    this.#phase = phase
    cluster.ended.clear()
    return cluster.conclude()
  }

  settled(): boolean {
    return this.#phase === 'settle' && lackOf(this.#cluster) === null
  }

  finish(now: number): Violation | null {
    this.#cluster.now = now
    if (this.#phase === 'settle') judgeSettled(this.#cluster)
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

const isResult = (output: Output): output is Output & { readonly type: 'result' } => output.type === 'result'

/** A row of a table as a text that is equal to that of what is known of it. */
function textOfRow(row: Change): string {
  switch (row.change) {
    case 'network':
      return `${row.network} ${row.vni}`
    case 'task':
      return [row.task, row.service, row.network, row.address].join(' ')
    case 'endpoint':
    case 'peer':
      return textOf(row)
    default:
      return row.change
  }
}

/**
 * A judge of the layers together for one run.
 *
 * @param profiles profiles of SPEC.md that the implementation claims; rules of other profiles are not held against it
 * @param layers which layers judge; for tests of the judge itself
 */
export function createNetworkJudge(
  profiles: readonly string[],
  layers: readonly Layer[] = allLayers,
): Judge<JudgedStart, Input, Answer, Inspection> {
  return new NetworkJudge({ profiles: new Set(profiles), layers: new Set(layers) })
}
