/** What the contract demands of Raft's answers: writes are numbered, and messages wait for writes that were made. */
import type { Answer, OutgoingMessage, Output } from '../../../models/raft/vocabulary.ts'
import type { NodeId } from '../../../models/vocabulary.ts'
import { ContractCheck, outputs, type Breach } from '../check.ts'
import type { RaftWords, Start } from '../raft.ts'

const stateFields = ['role', 'term', 'vote', 'leader', 'commit', 'applied', 'configuration', 'ready'] as const

export class RaftCheck extends ContractCheck<RaftWords> {
  protected readonly whole = 'its whole state, and its whole log as restore and append'
  readonly #lastWrites: Map<NodeId, number>

  constructor(start: Start) {
    super(start)
    this.#lastWrites = new Map(start.nodes.map((node) => [node, 0]))
  }

  protected isWhole({ state, log }: Answer): boolean {
    return (
      state !== null &&
      stateFields.every((field) => state[field] !== undefined) &&
      log !== null &&
      log.restore !== undefined &&
      log.append !== undefined
    )
  }

  override encoded(message: OutgoingMessage): Breach | null {
    return super.encoded(message) ?? this.message(message)
  }

  protected override message({ id, from, after }: OutgoingMessage): Breach | null {
    return after > this.#lastWrites.get(from)!
      ? outputs(`message ${id} waits for write ${after}, which ${from} has not made`)
      : null
  }

  protected override output(node: NodeId, output: Output): Breach | null {
    if (output.type !== 'write') return null
    if (output.id <= this.#lastWrites.get(node)!)
      return outputs(`${node} used write id ${output.id} before, or out of order`)
    this.#lastWrites.set(node, output.id)
    return null
  }
}
