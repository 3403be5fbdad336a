/** The world around the nodes of a run of Serf: what they were told of each other, and what their applications do. */
import type { Hello } from '../../../impl/contract/serf.ts'
import type { Answer, Input, Notice, SerfScenario } from '../../../models/serf/vocabulary.ts'
import type { Milliseconds, NodeId } from '../../../models/vocabulary.ts'
import type { Told } from '../../expect/serf.ts'
import type { Recording } from '../../record.ts'
import type { SerfSurface } from '../../surface.ts'
import { Cluster } from '../cluster.ts'
import { increment } from '../counts.ts'

/** A query that an application is about to answer. */
interface Pending {
  readonly at: Milliseconds
  readonly query: Extract<Notice, { readonly type: 'query' }>
}

export class SerfCluster extends Cluster<SerfSurface> {
  protected readonly dueAtOnce = false
  /** Requests to leave without a result so far. */
  readonly leaveOperations = new Set<number>()
  /** Nodes that have left, and are still up. */
  readonly #gone: number[] = []
  readonly #leaving = new Set<number>()
  /** Nodes that were started again, and have not joined since. */
  readonly #alone = new Set<number>()
  /** By observer: the subjects of which it was told that they are there, at first all. */
  readonly #told: Set<number>[] = this.nodes.map(
    (_, node) => new Set([...this.nodes.keys()].filter((each) => each !== node)),
  )
  /** By node: its tags, as others were told last. */
  readonly #tags: string[] = this.nodes.map(() => '')
  readonly #answerDelay: Milliseconds
  readonly #pending: Pending[][] = this.nodes.map(() => [])
  readonly #events = new Map<NodeId, Set<string>>()
  readonly #answers = new Map<NodeId, number>()

  constructor(scenario: SerfScenario, hello: Hello, recording: Recording<SerfSurface>) {
    super(scenario, hello, recording, null)
    this.#answerDelay = scenario.options.answerDelay
  }

  /** What the applications were told. */
  get told(): Told {
    return { events: this.#events, answers: this.#answers }
  }

  /** Whether the node has left, or was asked to, and was not started again since. */
  isLeaving(node: number): boolean {
    return this.#leaving.has(node)
  }

  noteLeave(node: number): void {
    this.#leaving.add(node)
  }

  /** Nodes that were started again, and have not been asked to join since. */
  takeAlone(): number[] {
    const alone = [...this.#alone].filter((node) => this.isActive(node))
    for (const node of alone) this.#alone.delete(node)
    return alone
  }

  noteJoin(node: number): void {
    this.#alone.delete(node)
  }

  /** A node that has left, and is to be shut down; -1 for none. */
  takeGone(): number {
    for (let node = this.#gone.shift(); node !== undefined; node = this.#gone.shift())
      if (this.isActive(node)) return node
    return -1
  }

  tagsOf(node: number): string {
    return this.#tags[node]!
  }

  isTold(observer: number, subject: number): boolean {
    return this.#told[observer]!.has(subject)
  }

  isThere(subject: number): boolean {
    return this.isUp(subject) && !this.isLeaving(subject)
  }

  noteTold(observer: number, subject: number, status: 'up' | 'down' | 'update', tags: string): void {
    if (status === 'up') this.#told[observer]!.add(subject)
    else if (status === 'down') this.#told[observer]!.delete(subject)
    else this.#tags[subject] = tags
  }

  protected due(node: number): Milliseconds {
    return this.#pending[node]![0]?.at ?? Infinity
  }

  protected takeDue(node: number, at: Milliseconds): Input {
    const name = this.nodes[node]!
    const { time, id } = this.#pending[node]!.shift()!.query
    return { type: 'respond', node: name, at, time, id, payload: name }
  }

  protected completed(): void {}

  protected stopped(node: number): void {
    this.#told[node]!.clear()
    this.#pending[node] = []
  }

  protected override restarted(node: number): void {
    this.#leaving.delete(node)
    this.#alone.add(node)
  }

  protected take(node: number, { outputs }: Answer): void {
    for (const output of outputs) {
      switch (output.type) {
        case 'message':
          this.send(node, output, output.reliable)
          break
        case 'query':
          this.#willAnswer(node, output)
          break
        case 'event':
          this.#noteEvent(this.nodes[node]!, output.name)
          break
        case 'response':
          if (!output.ack) this.#answers.set(this.nodes[node]!, (this.#answers.get(this.nodes[node]!) ?? 0) + 1)
          break
        case 'result':
          increment(this.results, output.status)
          if (!this.leaveOperations.delete(output.operation)) break
          this.#gone.push(node)
          this.faults.count('leave')
          break
        case 'member':
      }
    }
  }

  /** Some applications answer twice, the second time in vain. */
  #willAnswer(node: number, query: Pending['query']): void {
    const at = this.now + this.#answerDelay
    this.#pending[node]!.push({ at, query })
    if (query.time % 4 === 3) this.#pending[node]!.push({ at, query })
  }

  #noteEvent(node: NodeId, name: string): void {
    const known = this.#events.get(node)
    if (known === undefined) this.#events.set(node, new Set([name]))
    else known.add(name)
  }
}
