/** One SWIM scenario run against one cluster. */
import type { Hello, Start } from '../../../impl/contract/swim.ts'
import type { Input, MemberRecord, Operation, SwimScenario } from '../../../models/swim/vocabulary.ts'
import type { CrashKeep, NodeId } from '../../../models/vocabulary.ts'
import { settleBound } from '../../../properties/swim/liveness.ts'
import { evaluateTables } from '../../expect/swim.ts'
import { Recording } from '../../record.ts'
import type { JudgeOf, SwimSurface } from '../../surface.ts'
import { increment } from '../counts.ts'
import { Execution, type Settling } from '../execution.ts'
import type { RunOptions } from '../result.ts'
import { SwimCluster } from './cluster.ts'

/** Members that were apart may have given each other up for dead: they join again, so often. */
const rejoins = 3

/** How a cluster is started for a scenario. Nodes that cannot be given others to know are asked to join instead. */
export function startOf({ nodes, members, options, seed }: SwimScenario, { capabilities }: Hello): Start {
  return { nodes, members: capabilities.preset ? members : [], options, seed }
}

export class SwimExecution extends Execution<SwimSurface, SwimCluster> {
  protected readonly settling: Settling
  #rejoins = 0

  /** `forgotten` is given the messages that will not be delivered (again); whoever reads them empties it. */
  constructor(
    scenario: SwimScenario,
    hello: Hello,
    judge: JudgeOf<SwimSurface>,
    options: RunOptions,
    forgotten: number[] | null,
  ) {
    const recording = new Recording<SwimSurface>(options.record ?? true)
    const cluster = new SwimCluster(scenario, hello, recording, forgotten)
    super({ scenario, hello, judge, cluster, recording, start: startOf(scenario, hello), options })
    const { probeInterval, probeTimeout, gossipInterval } = scenario.options
    this.settling = {
      // A round trip ends well within the time that an ack may take.
      delay: Math.max(1, probeTimeout >> 2),
      grace: probeInterval,
      bound: settleBound(scenario.options, scenario.nodes.length),
      interval: 3 * probeInterval,
      tick: gossipInterval,
    }
  }

  protected target(target: NodeId): number {
    return this.cluster.number(target)
  }

  protected operating(id: number, { type }: Operation): void {
    if (type === 'leave') this.cluster.leaveOperations.add(id)
  }

  protected healed(): void {
    this.#rejoins = 0
  }

  protected comesBack(node: number): boolean {
    return !this.cluster.hasLeft(node)
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

  protected override *prepare(): Generator<void, void, void> {
    const { members } = this.scenario
    if (this.hello.capabilities.preset) return
    for (const node of members.slice(1)) {
      yield* this.operate(this.cluster.number(node), { type: 'join', to: [members[0]!] })
    }
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

  /** Who is there joins all others again. */
  protected *probe(): Generator<void, void, void> {
    if (this.#rejoins === rejoins) return
    this.#rejoins++
    const present = this.cluster.present()
    if (present.length < 2) return
    for (const node of present) {
      const to = present.filter((other) => other !== node)
      yield* this.operate(this.cluster.number(node), { type: 'join', to })
    }
  }

  protected *evaluate(name: string, words: readonly string[]): Generator<void, string | null, void> {
    const { cluster } = this
    const tables = new Map<NodeId, readonly MemberRecord[]>()
    for (const [number, node] of cluster.nodes.entries()) {
      if (cluster.isUp(number)) tables.set(node, (yield* this.inspect(number)).members)
    }
    return evaluateTables(name, words, tables)
  }
}
