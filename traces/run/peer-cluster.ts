/** A world in which nodes are told from below who is there: which name each was told of the others, in which life. */
import type { Surface } from '../surface.ts'
import { Cluster } from './cluster.ts'

export abstract class PeerCluster<S extends Surface> extends Cluster<S> {
  protected readonly dueAtOnce = false
  /** By node: the name of its life. */
  protected readonly names: string[] = []
  /** The names by which all know each other at the start. */
  readonly #firstNames: string[] = []
  /** By observer and subject: the name under which it was told that it is there; null once it was told that it is not. */
  readonly #told: (string | null)[][] = this.nodes.map(() => [])

  /** Whether the node takes part, so that others may be told of it. */
  protected takesPart(node: number): boolean {
    return this.isUp(node)
  }

  /** What the observer is told of the subject, if it is to know the truth; null if it knows it. */
  truth(observer: number, subject: number): 'up' | 'down' | null {
    const status = this.takesPart(subject) ? 'up' : 'down'
    return this.nameTold(observer, subject, status) === null ? null : status
  }

  /** The name that goes with what the observer is told; null if that makes no sense to it. */
  nameTold(observer: number, subject: number, status: 'up' | 'down'): string | null {
    const told = this.#told[observer]![subject]
    const held = told === undefined ? this.#firstNames[subject]! : told
    if (status === 'down') return held
    const name = this.names[subject]!
    return this.takesPart(subject) && name !== held ? name : null
  }

  noteTold(observer: number, subject: number, name: string | null): void {
    this.#told[observer]![subject] = name
  }

  protected noteName(node: number, name: string): void {
    this.names[node] = name
    this.#firstNames[node] ??= name
  }

  protected stopped(node: number): void {
    this.#told[node] = this.nodes.map(() => null)
  }
}
