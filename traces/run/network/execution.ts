/** One scenario of the layers together run against one cluster. */
import type { Hello, Start } from '../../../impl/contract/network.ts'
import type { Input, Inspection, NetworkScenario, Operation } from '../../../models/network/vocabulary.ts'
import type { CrashKeep, NodeId, Target } from '../../../models/vocabulary.ts'
import { settleBound } from '../../../properties/network/liveness.ts'
import { evaluateNetworks } from '../../expect/network.ts'
import { Recording } from '../../record.ts'
import type { JudgeOf, NetworkSurface } from '../../surface.ts'
import { increment } from '../counts.ts'
import { Execution, type Settling } from '../execution.ts'
import type { RunOptions } from '../result.ts'
import { NetworkCluster } from './cluster.ts'

/** How a cluster is started for a scenario. */
export function startOf({ nodes, options, seed }: NetworkScenario): Start {
  return { nodes, options, seed }
}

export class NetworkExecution extends Execution<NetworkSurface, NetworkCluster> {
  protected readonly settling: Settling

  constructor(scenario: NetworkScenario, hello: Hello, judge: JudgeOf<NetworkSurface>, options: RunOptions) {
    const recording = new Recording<NetworkSurface>(options.record ?? true)
    const cluster = new NetworkCluster(scenario, hello, recording)
    super({ scenario, hello, judge, cluster, recording, start: startOf(scenario), options })
    const { gossipInterval, controlInterval, connectTimeout } = scenario.options
    this.settling = {
      delay: Math.max(1, Math.min(gossipInterval, connectTimeout) >> 2),
      grace: 10 * gossipInterval,
      bound: settleBound(scenario.options, scenario.nodes.length),
      interval: Math.max(controlInterval, 2 * connectTimeout),
      tick: controlInterval,
    }
  }

  /** The node that is meant; -1 if it is the leader and there is none. */
  protected target(target: Target): number {
    const { cluster } = this
    if (target !== 'leader') return cluster.number(target)
    const leader = cluster.leader()
    if (leader >= 0) this.targets[this.stepIndex] = cluster.nodes[leader]!
    return leader
  }

  protected override *prepare(): Generator<void, void, void> {
    yield* this.ask(0, this.cluster.firstTerm())
  }

  /** Who is to learn that it leads no more learns it before it is asked for anything. */
  protected override *operate(node: number, operation: Operation): Generator<void, void, void> {
    if (this.cluster.deposed() >= 0) yield* this.run(0)
    yield* super.operate(node, operation)
  }

  protected operating(id: number, operation: Operation): void {
    this.cluster.noteOperation(id, operation)
  }

  protected healed(): void {}

  protected comesBack(): boolean {
    return true
  }

  /** Who leads no more learns of it, as soon as it has seen to the time that has passed for it. */
  protected intervene(): { readonly node: number; readonly input: Input } | null {
    const { cluster } = this
    const node = cluster.deposed()
    if (node < 0 || cluster.isOverdue(node)) return null
    return { node, input: { type: 'depose', node: cluster.nodes[node]!, at: cluster.local(node) } }
  }

  protected progress(): number {
    return 0
  }

  protected *crash(node: number, _keep: CrashKeep): Generator<void, void, void> {
    const { cluster } = this
    if (!this.hello.capabilities.restart) return increment(this.outside, 'crash')
    if (node < 0 || !cluster.isUp(node)) return increment(this.skipped, 'crash')
    yield* this.catchUp(node)
    cluster.faults.count('crash')
    yield* this.ask(node, { type: 'crash', node: cluster.nodes[node]!, at: cluster.local(node) })
  }

  // eslint-disable-next-line require-yield
  protected *timeout(): Generator<void, void, void> {
    increment(this.outside, 'timeout')
  }

  /** From every node every service is connected to, by name and by port. */
  protected *probe(): Generator<void, void, void> {
    const { cluster } = this
    for (const node of cluster.nodes.keys()) {
      for (const { service, network, port } of cluster.services.values()) {
        yield* this.operate(node, { type: 'connect', network, name: service })
        if (port !== 0) yield* this.operate(node, { type: 'connect-port', port })
      }
    }
  }

  protected *evaluate(name: string, words: readonly string[]): Generator<void, string | null, void> {
    const { cluster } = this
    const seen = new Map<NodeId, Inspection>()
    for (const [number, node] of cluster.nodes.entries()) {
      if (cluster.isUp(number)) seen.set(node, yield* this.inspect(number))
    }
    return evaluateNetworks(name, words, seen, cluster.connection)
  }
}
