/** The judge of the network database: one step at a time, in the order in which a reader would look for the cause. */
import { witness } from '../../models/networkdb/rules.ts'
import type {
  Answer,
  Entry,
  Input,
  Inspection,
  NetworkDbOptions,
  OutgoingMessage,
  Output,
  WatchEvent,
} from '../../models/networkdb/vocabulary.ts'
import type { NodeId } from '../../models/vocabulary.ts'
import { allLayers, type Layer } from '../catalogue.ts'
import type { Claims } from '../findings.ts'
import type { Judge, Phase, Violation } from '../judge.ts'
import { Cluster } from './cluster.ts'
import { Expected } from './expected.ts'
import { disagreement, judgeConvergence } from './liveness.ts'
import { attachmentKey, entryKey, type Node } from './node.ts'
import {
  expectOperation,
  judgeAnswer,
  judgeJoinsOverdue,
  judgeResult,
  noteAsked,
  noteLeftNetwork,
} from './operations.ts'
import { judgeAttachments, judgeEntries, judgeOverdue, judgePeers } from './records.ts'
import { R } from './requirements.ts'
import {
  judgeMessages,
  judgeOwed,
  judgeSyncsPeriodically,
  noteAudience,
  noteHeard,
  noteOwn,
  recordsBefore,
  type Before,
} from './telling.ts'
import { judgeWatch, noteOwnWrite } from './watching.ts'

/** What the judge needs of a start; the contract's own type has more. */
interface JudgedStart {
  readonly nodes: readonly NodeId[]
  readonly options: NetworkDbOptions
}

type LiveInput = Exclude<Input, { readonly type: 'crash' | 'restart' }>

class NetworkDbJudge implements Judge<JudgedStart, Input, Answer, Inspection> {
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
    for (const node of cluster.nodes) this.#begin(node, initial[node.number]!, nodes.length - 1)
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
        this.#begin(node, answer, 0)
        break
      default:
        this.#live(node, input, answer)
    }
    return cluster.conclude()
  }

  /** A life begins: the answer shows everything. */
  #begin(node: Node, answer: Answer, peers: number): void {
    const cluster = this.#cluster
    node.forget()
    node.now = answer.now
    if (answer.state !== null) node.observe(answer.state)
    for (const peer of answer.peers ?? []) node.peers.set(peer.name, { ...peer, time: 0 })
    cluster.tested[R.startsEmpty]!++
    const held = (answer.attachments?.length ?? 0) + (answer.entries?.length ?? 0)
    if (held > 0 || node.leaving || node.peers.size !== peers) {
      const text = `begins with ${node.peers.size} peers, ${held} attachments and entries`
      cluster.fail(R.startsEmpty, node, text, `${peers} peers and nothing else`)
    }
    cluster.tested[R.namesDiffer]!++
    const other = cluster.names.get(node.name)
    if (other !== undefined)
      cluster.fail(R.namesDiffer, node, `calls itself ${node.name}, as ${other} did`, 'a new name')
    cluster.names.set(node.name, node.id)
    noteAudience(node)
  }

  /** A step of a node that is up. */
  #live(node: Node, input: LiveInput, answer: Answer): void {
    const cluster = this.#cluster
    node.now = answer.now
    const expected = new Expected(node, cluster.options)
    this.#expect(node, input, answer, expected)
    const before = this.#statusesBefore(node, answer)
    const records = recordsBefore(node, answer)
    judgePeers(cluster, node, expected, answer.peers)
    judgeAttachments(cluster, node, expected, answer.attachments)
    judgeEntries(cluster, node, expected, answer.entries)
    for (const rule of expected.tested) cluster.tested[rule]!++
    cluster.tested[R.changesByCause]!++
    const operation = input.type === 'operation' ? input.operation : null
    noteOwnWrite(node, operation)
    // Whoever has left the cluster tells its watchers what it likes.
    if (!endsLeaving(node, input, answer)) judgeWatch(cluster, node, answer.outputs.filter(isWatch), answer.entries)
    this.#judgeClocks(node, input, answer, expected)
    noteAudience(node)
    noteHeard(node, expected.heard)
    noteOwn(node, input, answer)
    this.#judgeOutputs(node, input, answer, records)
    if (operation !== null && 'network' in operation) noteLeftNetwork(node, operation.network)
    judgeOwed(cluster, node)
    judgeSyncsPeriodically(cluster, node)
    if (input.type === 'advance') {
      judgeOverdue(cluster, node)
      judgeJoinsOverdue(cluster, node)
    }
    this.#count(node, input, before)
  }

  #expect(node: Node, input: LiveInput, answer: Answer, expected: Expected): void {
    switch (input.type) {
      case 'deliver':
        return this.#expectMessage(node, input.message, expected)
      case 'peer':
        return input.status === 'up' ? expected.peerUp(input.name, input.address) : expected.peerDown(input.name)
      case 'operation':
        judgeAnswer(this.#cluster, node, input, answer)
        return expectOperation(this.#cluster, node, input, answer, expected)
      case 'advance':
    }
  }

  #expectMessage(node: Node, { view }: OutgoingMessage, expected: Expected): void {
    switch (view.kind) {
      case 'gossip':
        for (const event of view.events) {
          if (event.type === 'node') expected.tellNode(event)
          else expected.tellNetwork(event)
        }
        return
      case 'table-gossip':
        for (const event of view.events) expected.tellTable(event, false)
        return
      case 'bulk-sync':
      case 'bulk-sync-reply':
        expected.seeTable(view.time)
        for (const { unanswered } of node.operations.values()) unanswered.delete(view.name)
        for (const event of view.attachments) expected.tellNetwork(event)
        for (const event of view.entries) expected.tellTable(event, true)
        return
      case 'push-pull':
      case 'push-pull-reply':
        expected.tellNode({ type: 'node', event: 'join', name: view.name, time: view.time }, false)
        for (const event of view.attachments) expected.tellNetwork(event, false)
    }
  }

  #judgeClocks(node: Node, input: LiveInput, answer: Answer, expected: Expected): void {
    const { state, outputs } = answer
    const before = { network: node.networkClock, table: node.tableClock }
    const entriesChanged = [...expected.entries.values()].filter(({ rule }) => rule === R.ownLeaveBuries).length
    if (state !== null) node.observe(state)
    const syncs = outputs.filter(
      (output) => output.type === 'message' && output.view.kind.startsWith('bulk-sync'),
    ).length
    const isAsked = input.type === 'operation'
    this.#judgeOwnTimes(node, answer, isAsked)
    const networkTicks = isAsked || input.type === 'peer' ? 1 : 0
    const { networkTime, tableTime, tableTimeAtMost } = expected
    this.#judgeClock(node, 'network clock', before.network, node.networkClock, [networkTime, networkTime], networkTicks)
    const tableTicks = syncs + (isAsked ? Math.max(1, entriesChanged) : 0)
    this.#judgeClock(node, 'table clock', before.table, node.tableClock, [tableTime, tableTimeAtMost], tableTicks)
  }

  /** The clocks show at least the times that the node has just given to something of its own. */
  #judgeOwnTimes(node: Node, { attachments, entries, outputs }: Answer, isAsked: boolean): void {
    const judge = (time: number, clock: number): void => {
      this.#cluster.tested[R.ownEventsAreNewer]!++
      if (time <= clock) return
      const text = `gives ${time} to something of its own, and its clock shows ${clock} then`
      this.#cluster.fail(R.ownEventsAreNewer, node, text, `at least ${time}`)
    }
    for (const output of outputs) {
      if (output.type === 'message' && 'entries' in output.view) judge(output.view.time, node.tableClock)
    }
    if (!isAsked) return
    for (const change of attachments ?? []) {
      if (change.name === node.name && change.status !== 'forgotten') judge(change.time, node.networkClock)
    }
    for (const change of entries ?? []) {
      if (change.status !== 'forgotten' && change.owner === node.name) judge(change.time, node.tableClock)
    }
  }

  /** `seen`: the greatest time that must have been seen, and the greatest that may have been. */
  #judgeClock(
    node: Node,
    what: string,
    before: number,
    after: number,
    [seen, seenAtMost]: readonly [number, number],
    ticks: number,
  ): void {
    const cluster = this.#cluster
    cluster.tested[R.clocksNeverFall]!++
    if (after < before) cluster.fail(R.clocksNeverFall, node, `set its ${what} from ${before} to ${after}`, 'no less')
    const least = witness(before, seen)
    if (seen >= 0) cluster.tested[R.witnessesTimes]!++
    if (after < least) {
      cluster.fail(R.witnessesTimes, node, `saw ${seen}, and its ${what} shows ${after}`, `at least ${least}`)
    }
    cluster.tested[R.clocksByCause]!++
    const most = witness(before, seenAtMost) + ticks
    if (after > most) {
      cluster.fail(R.clocksByCause, node, `set its ${what} from ${before} to ${after}`, `at most ${most}`)
    }
  }

  #judgeOutputs(node: Node, input: LiveInput, { outputs }: Answer, before: Before): void {
    const cluster = this.#cluster
    const messages = outputs.filter(isMessage)
    if (input.type === 'operation') noteAsked(node, input)
    judgeMessages(cluster, node, input, messages, before)
    for (const output of outputs) if (output.type === 'result') judgeResult(cluster, node, output)
  }

  #statusesBefore(node: Node, { entries }: Answer): Map<string, string> {
    return new Map(
      (entries ?? []).map(({ network, key }) => {
        const name = entryKey(network, key)
        return [name, node.entries.get(name)?.status ?? 'absent']
      }),
    )
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
      const name = `${was} → ${node.entries.get(key)?.status ?? 'absent'} on ${cause}`
      this.#observed.set(name, (this.#observed.get(name) ?? 0) + 1)
    }
  }

  inspect(id: NodeId, { state, peers, attachments, entries }: Inspection): Violation | null {
    const node = this.#cluster.node(id)
    const differs =
      state.name !== node.name ||
      state.networkClock !== node.networkClock ||
      state.tableClock !== node.tableClock ||
      state.leaving !== node.leaving ||
      peers.length !== node.peers.size ||
      peers.some(({ name, status }) => node.peers.get(name)?.status !== status) ||
      attachments.length !== node.attachments.size ||
      attachments.some(({ name, network, time, status }) => {
        const held = node.attachments.get(attachmentKey(name, network))
        return held?.time !== time || held.status !== status
      }) ||
      entries.length !== node.entries.size ||
      entries.some((entry) => !isSame(entry, node.entries.get(entryKey(entry.network, entry.key))))
    if (!differs) return this.#cluster.conclude()
    return {
      requirement: 'adapter/deltas-fold',
      node: id,
      text: `inspection shows ${peers.length} peers, ${attachments.length} attachments and ${entries.length} entries; its answers add up to something else`,
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

/** Whether a node is done with leaving the cluster, by this step at the latest. */
function endsLeaving(node: Node, input: LiveInput, { outputs }: Answer): boolean {
  if (node.left) return true
  const asked = input.type === 'operation' && input.operation.type === 'leave' ? input.id : -1
  return outputs.some(
    (output) =>
      output.type === 'result' &&
      (output.operation === asked || node.operations.get(output.operation)?.type === 'leave'),
  )
}

const isMessage = (output: Output): output is OutgoingMessage => output.type === 'message'
const isWatch = (output: Output): output is WatchEvent => output.type === 'event'

const isSame = (left: Entry, right: Entry | undefined): boolean =>
  left.owner === right?.owner && left.time === right.time && left.status === right.status && left.value === right.value

/**
 * A judge of the network database for one run.
 *
 * @param profiles profiles of SPEC.md that the implementation claims; rules of other profiles are not held against it
 * @param layers which layers judge; for runs against one node, and for tests of the judge itself
 */
export function createNetworkDbJudge(
  profiles: readonly string[],
  layers: readonly Layer[] = allLayers,
): Judge<JudgedStart, Input, Answer, Inspection> {
  return new NetworkDbJudge({ profiles: new Set(profiles), layers: new Set(layers) })
}
