/** One scenario of balancing run against one group of nodes. */
import type { Hello, Start } from '../../../impl/contract/balancing.ts'
import type { BalancingScenario, Input, Inspection, Operation, Pool } from '../../../models/balancing/vocabulary.ts'
import type { CrashKeep, NodeId } from '../../../models/vocabulary.ts'
import { settleBound } from '../../../properties/balancing/liveness.ts'
import { evaluateBalancing } from '../../expect/balancing.ts'
import { Recording } from '../../record.ts'
import type { BalancingSurface, JudgeOf } from '../../surface.ts'
import { increment } from '../counts.ts'
import { Execution, type Settling } from '../execution.ts'
import type { RunOptions } from '../result.ts'
import { BalancingCluster } from './cluster.ts'

/** How the nodes are started for a scenario. */
export function startOf({ nodes, options, seed }: BalancingScenario): Start {
  return { nodes, options, seed }
}

export class BalancingExecution extends Execution<BalancingSurface, BalancingCluster> {
  protected readonly settling: Settling

  constructor(scenario: BalancingScenario, hello: Hello, judge: JudgeOf<BalancingSurface>, options: RunOptions) {
    const recording = new Recording<BalancingSurface>(options.record ?? true)
    const cluster = new BalancingCluster(scenario, hello, recording, null)
    super({ scenario, hello, judge, cluster, recording, start: startOf(scenario), options })
    const { retryInterval, refreshInterval } = scenario.options
    this.settling = {
      delay: Math.max(1, retryInterval >> 2),
      grace: 5 * retryInterval,
      bound: settleBound(scenario.options),
      interval: refreshInterval,
      tick: Math.ceil(refreshInterval / 4),
    }
  }

  protected target(target: NodeId): number {
    return this.cluster.number(target)
  }

  /** A port that was left to the manager is known only now. */
  protected override resolve(operation: Operation): Operation | null {
    if (operation.type !== 'dial' || operation.port !== 0) return operation
    const { service, protocol, target } = operation
    const port = this.cluster.publishedPort(service, protocol, target)
    return port === 0 ? null : { ...operation, port }
  }

  protected operating(): void {}

  protected override *operate(node: number, operation: Operation): Generator<void, void, void> {
    if (operation.type === 'down' || operation.type === 'up') {
      const { cluster } = this
      if (operation.peer === cluster.nodes[node] || !cluster.isActive(node)) {
        return increment(this.skipped, operation.type)
      }
      const lost = cluster.outOfSight[node]!
      if (operation.type === 'down') {
        lost.add(operation.peer)
        cluster.faults.count('membership')
      } else lost.delete(operation.peer)
    }
    yield* super.operate(node, operation)
  }

  protected healed(): void {}

  protected comesBack(): boolean {
    return true
  }

  protected intervene(): { readonly node: number; readonly input: Input } | null {
    return null
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

  /** Everybody is told who is there, and connects to each service as often as it has tasks. */
  protected *probe(): Generator<void, void, void> {
    const { cluster } = this
    for (const node of cluster.nodes.keys()) {
      for (const peer of cluster.outOfSight[node]!) {
        if (cluster.isUp(cluster.number(peer))) yield* this.operate(node, { type: 'up', peer })
      }
      for (const pool of [...cluster.pools[node]!.values()]) yield* this.#connect(node, pool)
    }
  }

  *#connect(node: number, { service, network, members }: Pool): Generator<void, void, void> {
    const active = members.filter(({ weight }) => weight === 1).length
    const listeners = this.cluster.listeners[node]!
    // A task of the node may have the number for itself.
    const listener = [...listeners.values()].find(
      (each) =>
        each.service === service && each.mode === 'ingress' && !listeners.has(`${each.protocol} ${each.port} host`),
    )
    for (let each = 0; each < active; each++) {
      const connection = `probe${each}`
      if (network !== 'ingress') yield* this.operate(node, { type: 'connect', connection, service, network })
      else if (listener !== undefined) {
        const { protocol, port } = listener
        yield* this.operate(node, { type: 'dial', connection, protocol, port, service: '', target: 0, client: 'probe' })
      }
    }
  }

  protected *evaluate(name: string, words: readonly string[]): Generator<void, string | null, void> {
    const { cluster } = this
    const seen = new Map<NodeId, Inspection>()
    for (const [number, node] of cluster.nodes.entries()) {
      if (cluster.isUp(number)) seen.set(node, yield* this.inspect(number))
    }
    return evaluateBalancing(name, words, seen)
  }
}
