/** One scenario of address management run against one group of allocators. */
import type { Hello, Start } from '../../../impl/contract/ipam.ts'
import type { Input, Inspection, IpamScenario, Operation } from '../../../models/ipam/vocabulary.ts'
import type { CrashKeep, NodeId, Target } from '../../../models/vocabulary.ts'
import { settleBound } from '../../../properties/ipam/judge.ts'
import { evaluateAllocators } from '../../expect/ipam.ts'
import { Recording } from '../../record.ts'
import type { IpamSurface, JudgeOf } from '../../surface.ts'
import { increment } from '../counts.ts'
import { Execution, type Settling } from '../execution.ts'
import type { RunOptions } from '../result.ts'
import { IpamCluster } from './cluster.ts'

/** How allocators are started for a scenario. */
export function startOf({ nodes, options, seed }: IpamScenario): Start {
  return { nodes, options, seed }
}

export class IpamExecution extends Execution<IpamSurface, IpamCluster> {
  protected readonly settling: Settling = { delay: 1, grace: 400, bound: 2 * settleBound, interval: 500, tick: 50 }
  #probes = 0

  constructor(scenario: IpamScenario, hello: Hello, judge: JudgeOf<IpamSurface>, options: RunOptions) {
    const recording = new Recording<IpamSurface>(options.record ?? true)
    const cluster = new IpamCluster(scenario, hello, recording)
    super({ scenario, hello, judge, cluster, recording, start: startOf(scenario), options })
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

  /** Whom an address was given to may say so instead of naming it. */
  protected override resolve(operation: Operation): Operation | null {
    return operation.type === 'release-address' ? this.cluster.withAddress(operation) : operation
  }

  protected operating(id: number, operation: Operation): void {
    this.cluster.noteRequest(id, operation)
  }

  protected healed(): void {}

  protected comesBack(): boolean {
    return true
  }

  /** Who has been replaced learns of it as soon as it can. */
  protected intervene(): { readonly node: number; readonly input: Input } | null {
    const { cluster } = this
    const node = cluster.deposed()
    if (node < 0) return null
    return { node, input: { type: 'depose', node: cluster.nodes[node]!, at: cluster.local(node) } }
  }

  protected progress(): number {
    return 0
  }

  protected *crash(node: number, keep: CrashKeep): Generator<void, void, void> {
    const { cluster } = this
    if (!this.hello.capabilities.disk) return increment(this.outside, 'crash')
    if (node < 0 || !cluster.isUp(node)) return increment(this.skipped, 'crash')
    yield* this.catchUp(node)
    cluster.crashStore(node, keep)
    yield* this.ask(node, { type: 'crash', node: cluster.nodes[node]!, at: cluster.local(node) })
  }

  // eslint-disable-next-line require-yield
  protected *timeout(): Generator<void, void, void> {
    increment(this.outside, 'timeout')
  }

  /** A pool is asked for and given back: it shows that somebody leads, and that the store answers. */
  protected *probe(): Generator<void, void, void> {
    const leader = this.cluster.leader()
    if (leader < 0) return
    const pool = `probe-${++this.#probes}`
    const request = { pool, space: 'global', v6: false, subnet: '', range: '', gateway: '', auxiliary: [] } as const
    yield* this.operate(leader, { type: 'request-pool', ...request })
    yield* this.operate(leader, { type: 'release-pool', pool })
  }

  protected *evaluate(name: string, words: readonly string[]): Generator<void, string | null, void> {
    const { cluster } = this
    const seen = new Map<NodeId, Inspection>()
    for (const [number, node] of cluster.nodes.entries()) {
      if (cluster.isUp(number)) seen.set(node, yield* this.inspect(number))
    }
    return evaluateAllocators(name, words, seen)
  }
}
