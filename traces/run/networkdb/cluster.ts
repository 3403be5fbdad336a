/** The world around the nodes of a run of the network database: what they call themselves, and what they were told of each other. */
import type { Answer, Input } from '../../../models/networkdb/vocabulary.ts'
import type { Milliseconds } from '../../../models/vocabulary.ts'
import type { NetworkDbSurface } from '../../surface.ts'
import { Cluster } from '../cluster.ts'
import { increment } from '../counts.ts'

export class NetworkDbCluster extends Cluster<NetworkDbSurface> {
  protected readonly dueAtOnce = false
  /** Requests to leave without a result so far. */
  readonly leaveOperations = new Set<number>()
  /** Nodes that have left, and are still up. */
  readonly #gone: number[] = []
  readonly #leaving = new Set<number>()
  /** By node: the name of its life; and the networks in which it is. */
  readonly #names: string[] = []
  /** The names by which all know each other at the start. */
  readonly #firstNames: string[] = []
  readonly #networks: Set<string>[] = this.nodes.map(() => new Set())
  /** By observer and subject: the name under which it was told that it is there; null once it was told that it is not. */
  readonly #told: (string | null)[][] = this.nodes.map(() => [])

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

  /** What the observer is told of the subject, if it is to know the truth; null if it knows it. */
  truth(observer: number, subject: number): 'up' | 'down' | null {
    const isThere = this.isUp(subject) && !this.isLeaving(subject)
    if (isThere) return this.nameTold(observer, subject, 'up') === null ? null : 'up'
    return this.nameTold(observer, subject, 'down') === null ? null : 'down'
  }

  /** The name that goes with what the observer is told; null if that makes no sense to it. */
  nameTold(observer: number, subject: number, status: 'up' | 'down'): string | null {
    const told = this.#told[observer]![subject]
    const held = told === undefined ? this.#firstNames[subject]! : told
    if (status === 'down') return held
    const name = this.#names[subject]!
    return this.isUp(subject) && !this.isLeaving(subject) && name !== held ? name : null
  }

  noteTold(observer: number, subject: number, name: string | null): void {
    this.#told[observer]![subject] = name
  }

  protected due(): Milliseconds {
    return Infinity
  }

  protected takeDue(): Input {
    throw new Error('nothing is ever due')
  }

  protected completed(): void {}

  protected stopped(node: number): void {
    this.#networks[node]!.clear()
    this.#told[node] = this.nodes.map(() => null)
  }

  protected override restarted(node: number): void {
    this.#leaving.delete(node)
  }

  protected take(node: number, { outputs, state, attachments }: Answer): void {
    if (state?.name !== undefined) {
      this.#names[node] = state.name
      this.#firstNames[node] ??= state.name
    }
    for (const { name, network, status } of attachments ?? []) {
      if (name !== this.#names[node]) continue
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
