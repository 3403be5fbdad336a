/** The world around the nodes of a SWIM run: besides what every surface has, their streams, and who has left. */
import type { Parcel } from '../../../impl/sim/network.ts'
import type { Answer, Input, OutgoingMessage, StreamId } from '../../../models/swim/vocabulary.ts'
import type { Milliseconds, NodeId } from '../../../models/vocabulary.ts'
import type { SwimSurface } from '../../surface.ts'
import { Cluster } from '../cluster.ts'
import { increment } from '../counts.ts'

/** Which life of a node was meant: a stream does not outlive either end. */
interface Stream {
  readonly opener: number
  readonly openerLife: number
  /** Life of the other end; 0 until the stream has reached it. */
  otherLife: number
}

interface Refusal {
  readonly stream: StreamId
  readonly at: Milliseconds
}

/** How long it takes to hear that nobody listens. */
const refusalDelay = 1

export class SwimCluster extends Cluster<SwimSurface> {
  protected readonly dueAtOnce = false
  /** Requests to leave without a result so far. */
  readonly leaveOperations = new Set<number>()
  /** Nodes that have left, and are still up. */
  readonly #gone: number[] = []
  readonly #hasLeft = new Set<number>()
  /** By node: how often it was started. */
  readonly #lives: number[] = this.nodes.map(() => 1)
  readonly #streams = new Map<StreamId, Stream>()
  /** By node: streams of its own that were refused, which it has not heard of. */
  readonly #refusals: Refusal[][] = this.nodes.map(() => [])

  /** Whether the node has left, and was not started again since. */
  hasLeft(node: number): boolean {
    return this.#hasLeft.has(node)
  }

  /** A node that has left, and is to be shut down; -1 for none. */
  takeGone(): number {
    for (let node = this.#gone.shift(); node !== undefined; node = this.#gone.shift())
      if (this.isActive(node)) return node
    return -1
  }

  /** The names of all nodes that are up, and stay. */
  present(): NodeId[] {
    return this.nodes.filter((_, node) => this.isActive(node) && !this.#hasLeft.has(node))
  }

  protected due(node: number): Milliseconds {
    return this.#refusals[node]![0]?.at ?? Infinity
  }

  protected takeDue(node: number, at: Milliseconds): Input {
    const { stream } = this.#refusals[node]!.shift()!
    return { type: 'refuse', node: this.nodes[node]!, at, stream }
  }

  protected completed(): void {}

  protected stopped(node: number): void {
    this.#lives[node]!++
    this.#refusals[node] = []
  }

  protected override restarted(node: number): void {
    this.#hasLeft.delete(node)
  }

  protected override accepts(parcel: Parcel<OutgoingMessage>, now: Milliseconds): boolean {
    const { from, to, message } = parcel
    const isUp = this.isUp(to)
    if (message.stream === 0) return isUp
    const stream = this.#streams.get(message.stream)!
    const { opener, openerLife } = stream
    if (this.#lives[opener] !== openerLife) return false
    if (from === opener && isUp) stream.otherLife ||= this.#lives[to]!
    if (from === opener && this.#lives[to] !== stream.otherLife) {
      this.#refusals[opener]!.push({ stream: message.stream, at: now + refusalDelay })
      this.reschedule(opener)
      return false
    }
    return isUp
  }

  protected take(node: number, { outputs }: Answer): void {
    for (let index = 0; index < outputs.length; index++) {
      const output = outputs[index]!
      switch (output.type) {
        case 'message':
          this.#emit(node, output)
          break
        case 'result':
          increment(this.results, output.status)
          if (this.leaveOperations.delete(output.operation) && output.status === 'ok') {
            this.#hasLeft.add(node)
            this.#gone.push(node)
            this.faults.count('leave')
          }
          break
        case 'event':
          break
      }
    }
  }

  #emit(node: number, message: OutgoingMessage): void {
    const { stream } = message
    if (stream !== 0 && !this.#streams.has(stream)) {
      this.#streams.set(stream, { opener: node, openerLife: this.#lives[node]!, otherLife: 0 })
    }
    this.send(node, message, stream !== 0)
  }
}
