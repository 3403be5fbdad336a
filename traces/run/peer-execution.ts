/** One scenario of a surface whose nodes are told from below who is there. */
import type { CrashKeep, NodeId } from '../../models/vocabulary.ts'
import type { Surface } from '../surface.ts'
import { increment } from './counts.ts'
import { Execution } from './execution.ts'
import type { PeerCluster } from './peer-cluster.ts'

/** A surface whose nodes can be crashed and told of others. */
interface PeerSurface extends Surface {
  readonly hello: Surface['hello'] & { readonly capabilities: { readonly restart: boolean } }
}

export abstract class PeerExecution<S extends PeerSurface, C extends PeerCluster<S>> extends Execution<S, C> {
  protected target(target: NodeId): number {
    return this.cluster.number(target)
  }

  /** From below, if it makes sense there: nobody is told twice, or of the presence of somebody who is not there. */
  protected *tellPeer(node: number, status: 'up' | 'down', peer: NodeId): Generator<void, void, void> {
    const { cluster } = this
    const subject = cluster.number(peer)
    const name = subject === node ? null : cluster.nameTold(node, subject, status)
    if (name === null || !cluster.isActive(node)) return increment(this.skipped, status)
    yield* this.catchUp(node)
    if (status === 'down') cluster.faults.count('membership')
    cluster.noteTold(node, subject, status === 'up' ? name : null)
    const told = { type: 'peer', node: cluster.nodes[node]!, at: cluster.local(node), name, address: peer, status }
    yield* this.ask(node, told)
  }

  /** Everybody is told who is there, and who is not. */
  protected *tellTruth(): Generator<void, void, void> {
    const { cluster } = this
    for (const node of cluster.nodes.keys()) {
      for (const [subject, peer] of cluster.nodes.entries()) {
        if (subject === node || !cluster.isActive(node)) continue
        const status = cluster.truth(node, subject)
        if (status !== null) yield* this.tellPeer(node, status, peer)
      }
    }
  }

  protected healed(): void {}

  protected progress(): number {
    return 0
  }

  protected *crash(node: number, _keep: CrashKeep): Generator<void, void, void> {
    const { cluster } = this
    if (!this.hello.capabilities.restart) return increment(this.outside, 'crash')
    if (!cluster.isUp(node)) return increment(this.skipped, 'crash')
    yield* this.catchUp(node)
    cluster.faults.count('crash')
    const crash: S['input'] = { type: 'crash', node: cluster.nodes[node]!, at: cluster.local(node) }
    yield* this.ask(node, crash)
  }

  // eslint-disable-next-line require-yield
  protected *timeout(): Generator<void, void, void> {
    increment(this.outside, 'timeout')
  }

  /** All that is seen of the nodes that are up. */
  protected *inspectAll(): Generator<void, ReadonlyMap<NodeId, S['inspection']>, void> {
    const { cluster } = this
    const seen = new Map<NodeId, S['inspection']>()
    for (const [number, node] of cluster.nodes.entries()) {
      if (cluster.isUp(number)) seen.set(node, yield* this.inspect(number))
    }
    return seen
  }
}
