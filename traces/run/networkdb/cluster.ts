/** The world around the nodes of a run of the network database: the networks in which they are, and who leaves. */
import type { Answer, Input } from '../../../models/networkdb/vocabulary.ts'
import type { Milliseconds } from '../../../models/vocabulary.ts'
import type { NetworkDbSurface } from '../../surface.ts'
import { increment } from '../counts.ts'
import { PeerCluster } from '../peer-cluster.ts'

export class NetworkDbCluster extends PeerCluster<NetworkDbSurface> {
  /** Requests to leave without a result so far. */
  readonly leaveOperations = new Set<number>()
  /** Nodes that have left, and are still up. */
  readonly #gone: number[] = []
  readonly #leaving = new Set<number>()
  /** By node: the networks in which it is. */
  readonly #networks: Set<string>[] = this.nodes.map(() => new Set())

  /** Whether the node has left, or was asked to, and was not started again since. */
  isLeaving(node: number): boolean {
    return this.#leaving.has(node)
  }

  noteLeave(node: number): void {
    this.#leaving.add(node)
  }

  isIn(node: number, network: string): boolean {
    return this.#networks[node]!.has(network)
  }

  /** A node that has left, and is to be shut down; -1 for none. */
  takeGone(): number {
    for (let node = this.#gone.shift(); node !== undefined; node = this.#gone.shift())
      if (this.isActive(node)) return node
    return -1
  }

  protected override takesPart(node: number): boolean {
    return super.takesPart(node) && !this.isLeaving(node)
  }

  protected due(): Milliseconds {
    return Infinity
  }

  protected takeDue(): Input {
    throw new Error('nothing is ever due')
  }

  protected completed(): void {}

  protected override stopped(node: number): void {
    super.stopped(node)
    this.#networks[node]!.clear()
  }

  protected override restarted(node: number): void {
    this.#leaving.delete(node)
  }

  protected take(node: number, { outputs, state, attachments }: Answer): void {
    if (state?.name !== undefined) this.noteName(node, state.name)
    for (const { name, network, status } of attachments ?? []) {
      if (name !== this.names[node]) continue
      if (status === 'joined') this.#networks[node]!.add(network)
      else this.#networks[node]!.delete(network)
    }
    for (const output of outputs) {
      if (output.type === 'message') this.send(node, output, output.reliable)
      if (output.type !== 'result') continue
      increment(this.results, output.status)
      if (!this.leaveOperations.delete(output.operation)) continue
      this.#gone.push(node)
      this.faults.count('leave')
    }
  }
}
