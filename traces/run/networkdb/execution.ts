/** One scenario of the network database run against one cluster. */
import type { Hello, Start } from '../../../impl/contract/networkdb.ts'
import type { Input, NetworkDbScenario, ScenarioOperation } from '../../../models/networkdb/vocabulary.ts'
import { settleBound } from '../../../properties/networkdb/liveness.ts'
import { evaluateDatabase } from '../../expect/networkdb.ts'
import { Recording } from '../../record.ts'
import type { JudgeOf, NetworkDbSurface } from '../../surface.ts'
import { increment } from '../counts.ts'
import type { Settling } from '../execution.ts'
import { PeerExecution } from '../peer-execution.ts'
import type { RunOptions } from '../result.ts'
import { NetworkDbCluster } from './cluster.ts'

/** How a cluster is started for a scenario. */
export function startOf({ nodes, options, seed }: NetworkDbScenario): Start {
  return { nodes, options, seed }
}

export class NetworkDbExecution extends PeerExecution<NetworkDbSurface, NetworkDbCluster> {
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

  protected operating(id: number, { type }: ScenarioOperation): void {
    if (type === 'leave') this.cluster.leaveOperations.add(id)
  }

  /** Entries are asked for only where the node takes part: what becomes of others, nobody says. */
  protected override *operate(node: number, operation: ScenarioOperation): Generator<void, void, void> {
    if (operation.type === 'up' || operation.type === 'down')
      return yield* this.tellPeer(node, operation.type, operation.peer)
    if ('key' in operation && !this.cluster.isIn(node, operation.network)) return increment(this.skipped, 'operation')
    if (operation.type === 'leave' && this.cluster.isActive(node)) this.cluster.noteLeave(node)
    yield* super.operate(node, operation)
  }

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

  protected probe(): Generator<void, void, void> {
    return this.tellTruth()
  }

  protected *evaluate(name: string, words: readonly string[]): Generator<void, string | null, void> {
    return evaluateDatabase(name, words, yield* this.inspectAll())
  }
}
