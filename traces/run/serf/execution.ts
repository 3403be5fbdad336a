/** One scenario of Serf run against one cluster. */
import type { Hello, Start } from '../../../impl/contract/serf.ts'
import type { Input, Inspection, ScenarioOperation, SerfScenario } from '../../../models/serf/vocabulary.ts'
import type { CrashKeep, NodeId } from '../../../models/vocabulary.ts'
import { settleBound } from '../../../properties/serf/liveness.ts'
import { evaluateSerf } from '../../expect/serf.ts'
import { Recording } from '../../record.ts'
import type { JudgeOf, SerfSurface } from '../../surface.ts'
import { increment } from '../counts.ts'
import { Execution, type Settling } from '../execution.ts'
import type { RunOptions } from '../result.ts'
import { SerfCluster } from './cluster.ts'

/** How a cluster is started for a scenario. */
export function startOf({ nodes, options, seed }: SerfScenario): Start {
  return { nodes, options, seed }
}

type FromBelow = Extract<ScenarioOperation, { readonly type: 'up' | 'down' | 'update' }>

export class SerfExecution extends Execution<SerfSurface, SerfCluster> {
  protected readonly settling: Settling

  constructor(scenario: SerfScenario, hello: Hello, judge: JudgeOf<SerfSurface>, options: RunOptions) {
    const recording = new Recording<SerfSurface>(options.record ?? true)
    const cluster = new SerfCluster(scenario, hello, recording)
    super({ scenario, hello, judge, cluster, recording, start: startOf(scenario), options })
    const { gossipInterval, pushPullInterval } = scenario.options
    this.settling = {
      delay: Math.max(1, gossipInterval >> 2),
      grace: 10 * gossipInterval,
      bound: settleBound(scenario.options, scenario.nodes.length),
      interval: pushPullInterval,
      tick: Math.ceil(pushPullInterval / 4),
    }
  }

  protected target(target: NodeId): number {
    return this.cluster.number(target)
  }

  protected operating(id: number, { type }: ScenarioOperation): void {
    if (type === 'leave') this.cluster.leaveOperations.add(id)
  }

  protected override *operate(node: number, operation: ScenarioOperation): Generator<void, void, void> {
    const { cluster } = this
    switch (operation.type) {
      case 'up':
      case 'down':
      case 'update':
        return yield* this.#tellPeer(node, operation)
      case 'join':
        // Nobody joins with himself.
        if (operation.peer === cluster.nodes[node]) return increment(this.skipped, 'operation')
        cluster.noteJoin(node)
        break
      case 'leave':
        // Who is leaving is not asked again: what it answers says nothing of when it is gone.
        if (cluster.isLeaving(node)) return increment(this.skipped, 'operation')
        if (cluster.isActive(node)) cluster.noteLeave(node)
        break
      default:
    }
    yield* super.operate(node, operation)
  }

  /** From below, if it makes sense there: nobody is told twice, or of the presence of somebody who is not there. */
  *#tellPeer(node: number, operation: FromBelow): Generator<void, void, void> {
    const { cluster } = this
    const { type: status, peer } = operation
    const subject = cluster.number(peer)
    const fits =
      status === 'up' ? cluster.isThere(subject) && !cluster.isTold(node, subject) : cluster.isTold(node, subject)
    if (subject === node || !fits || !cluster.isActive(node)) return increment(this.skipped, status)
    yield* this.catchUp(node)
    if (status === 'down') cluster.faults.count('membership')
    cluster.noteTold(node, subject, status, operation.type === 'update' ? operation.tags : '')
    const tags = status === 'down' ? '' : cluster.tagsOf(subject)
    yield* this.ask(node, {
      type: 'peer',
      node: cluster.nodes[node]!,
      at: cluster.local(node),
      name: peer,
      status,
      tags,
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

  /** Everybody is told who is there, and who is not; and who was started again joins. */
  protected *probe(): Generator<void, void, void> {
    const { cluster } = this
    for (const node of cluster.nodes.keys()) {
      for (const [subject, peer] of cluster.nodes.entries()) {
        if (subject === node || !cluster.isActive(node)) continue
        if (cluster.isThere(subject) === cluster.isTold(node, subject)) continue
        yield* this.operate(node, { type: cluster.isThere(subject) ? 'up' : 'down', peer })
      }
    }
    for (const node of cluster.takeAlone()) {
      const other = [...cluster.nodes.keys()].find((each) => each !== node && cluster.isThere(each))
      if (other === undefined || cluster.isLeaving(node)) continue
      yield* this.operate(node, { type: 'join', peer: cluster.nodes[other]!, ignoreOld: false })
    }
  }

  protected *evaluate(name: string, words: readonly string[]): Generator<void, string | null, void> {
    const { cluster } = this
    const seen = new Map<NodeId, Inspection>()
    for (const [number, node] of cluster.nodes.entries()) {
      if (cluster.isUp(number)) seen.set(node, yield* this.inspect(number))
    }
    return evaluateSerf(name, words, seen, cluster.told)
  }
}
