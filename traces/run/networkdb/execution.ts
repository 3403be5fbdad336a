/** One scenario of the network database run against one cluster. */
import type { Hello, Start } from '../../../impl/contract/networkdb.ts'
import type { Input, Inspection, NetworkDbScenario, ScenarioOperation } from '../../../models/networkdb/vocabulary.ts'
import type { CrashKeep, NodeId } from '../../../models/vocabulary.ts'
import { settleBound } from '../../../properties/networkdb/liveness.ts'
import { evaluateDatabase } from '../../expect/networkdb.ts'
import { Recording } from '../../record.ts'
import type { JudgeOf, NetworkDbSurface } from '../../surface.ts'
import { increment } from '../counts.ts'
import { Execution, type Settling } from '../execution.ts'
import type { RunOptions } from '../result.ts'
import { NetworkDbCluster } from './cluster.ts'

/** How a cluster is started for a scenario. */
export function startOf({ nodes, options, seed }: NetworkDbScenario): Start {
  return { nodes, options, seed }
}

export class NetworkDbExecution extends Execution<NetworkDbSurface, NetworkDbCluster> {
  protected readonly settling: Settling

  /** `forgotten` is given the messages that will not be delivered (again); whoever reads them empties it. */
  constructor(
    scenario: NetworkDbScenario,
    hello: Hello,
    judge: JudgeOf<NetworkDbSurface>,
    options: RunOptions,
    forgotten: number[] | null,
  ) {
    const recording = new Recording<NetworkDbSurface>(options.record ?? true)
    const cluster = new NetworkDbCluster(scenario, hello, recording, forgotten)
    super({ scenario, hello, judge, cluster, recording, start: startOf(scenario), options })
    const { gossipInterval, bulkSyncInterval, pushPullInterval } = scenario.options
    this.settling = {
      delay: Math.max(1, gossipInterval >> 2),
      grace: 10 * gossipInterval,
      bound: settleBound(scenario.options, scenario.nodes.length),
      interval: Math.max(bulkSyncInterval, pushPullInterval),
      tick: Math.ceil(Math.min(bulkSyncInterval, pushPullInterval) / 4),
    }
  }

  protected target(target: NodeId): number {
    return this.cluster.number(target)
  }

  protected operating(id: number, { type }: ScenarioOperation): void {
    if (type === 'leave') this.cluster.leaveOperations.add(id)
  }

  /** Entries are asked for only where the node takes part: what becomes of others, nobody says. */
  protected override *operate(node: number, operation: ScenarioOperation): Generator<void, void, void> {
    if (operation.type === 'up' || operation.type === 'down') return yield* this.#tellPeer(node, operation)
    if ('key' in operation && !this.cluster.isIn(node, operation.network)) return increment(this.skipped, 'operation')
    if (operation.type === 'leave' && this.cluster.isActive(node)) this.cluster.noteLeave(node)
    yield* super.operate(node, operation)
  }

  /** From below, if it makes sense there: nobody is told twice, or of the presence of somebody who is not there. */
  *#tellPeer(
    node: number,
    { type: status, peer }: Extract<ScenarioOperation, { readonly peer: NodeId }>,
  ): Generator<void, void, void> {
    const { cluster } = this
    const subject = cluster.number(peer)
    const name = subject === node ? null : cluster.nameTold(node, subject, status)
    if (name === null || !cluster.isActive(node)) return increment(this.skipped, status)
    yield* this.catchUp(node)
    if (status === 'down') cluster.faults.count('membership')
    cluster.noteTold(node, subject, status === 'up' ? name : null)
    yield* this.ask(node, {
      type: 'peer',
      node: cluster.nodes[node]!,
      at: cluster.local(node),
      name,
      address: peer,
      status,
    })
  }

  protected healed(): void {}

  protected comesBack(node: number): boolean {
    return !this.cluster.isLeaving(node)
  }

  /** Who has left is shut down. */
  protected intervene(): { readonly node: number; readonly input: Input } | null {
    const { cluster } = this
    const node = cluster.takeGone()
    if (node < 0) return null
    return { node, input: { type: 'crash', node: cluster.nodes[node]!, at: cluster.local(node) } }
  }

  protected progress(): number {
    return 0
  }

  protected *crash(node: number, _keep: CrashKeep): Generator<void, void, void> {
    const { cluster } = this
    if (!this.hello.capabilities.restart) return increment(this.outside, 'crash')
    if (!cluster.isUp(node)) return increment(this.skipped, 'crash')
    yield* this.catchUp(node)
    cluster.faults.count('crash')
    yield* this.ask(node, { type: 'crash', node: cluster.nodes[node]!, at: cluster.local(node) })
  }

  // eslint-disable-next-line require-yield
  protected *timeout(): Generator<void, void, void> {
    increment(this.outside, 'timeout')
  }

  /** Everybody is told who is there, and who is not. */
  protected *probe(): Generator<void, void, void> {
    const { cluster } = this
    for (const node of cluster.nodes.keys()) {
      for (const [subject, peer] of cluster.nodes.entries()) {
        if (subject === node || !cluster.isActive(node)) continue
        const type = cluster.truth(node, subject)
        if (type !== null) yield* this.operate(node, { type, peer })
      }
    }
  }

  protected *evaluate(name: string, words: readonly string[]): Generator<void, string | null, void> {
    const { cluster } = this
    const seen = new Map<NodeId, Inspection>()
    for (const [number, node] of cluster.nodes.entries()) {
      if (cluster.isUp(number)) seen.set(node, yield* this.inspect(number))
    }
    return evaluateDatabase(name, words, seen)
  }
}
