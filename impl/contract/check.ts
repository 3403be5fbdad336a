/** What the contract demands of answers beyond their form. Costs what the answer holds, not what the run has seen. */
import { isDeepStrictEqual } from 'node:util'
import type { NodeId } from '../../models/vocabulary.ts'
import { inBrief } from './check/fold.ts'
import type { Words } from './surface.ts'

/**
 * What an answer broke: of its outputs (identifiers, ends, streams), of time, of what a step must show, of what a
 * receiver must decode, or of what changes must add up to.
 */
export interface Breach {
  readonly rule: 'outputs' | 'time' | 'shown' | 'received' | 'folds'
  readonly text: string
}

export const outputs = (text: string): Breach => ({ rule: 'outputs', text })
export const shown = (text: string): Breach => ({ rule: 'shown', text })
const time = (text: string): Breach => ({ rule: 'time', text })

/** Where a receiver shows how it decoded a message, that is the view of its sender. */
export function received(
  node: NodeId,
  message: { readonly id: number; readonly view: object },
  answer: { readonly received?: object | undefined },
): Breach | null {
  if (answer.received === undefined || isDeepStrictEqual(answer.received, message.view)) return null
  return { rule: 'received', text: `${node} decoded message ${message.id} differently: ${inBrief(answer.received)}` }
}

/** Checks the answers of one session, in order; each method returns what is wrong, or null. */
export abstract class ContractCheck<W extends Words> {
  protected readonly nodes: ReadonlySet<NodeId>
  readonly #messages = new Set<number>()

  constructor({ nodes }: W['start']) {
    this.nodes = new Set(nodes)
  }

  // What a surface adds.

  /** Of what a restart must show, in words. */
  protected abstract readonly whole: string

  protected abstract isWhole(answer: W['answer']): boolean

  /** Of a message, besides its identifier and its ends. */
  protected message(_message: W['outgoing']): Breach | null {
    return null
  }

  /** Of any other output. */
  protected output(_node: NodeId, _output: W['answer']['outputs'][number]): Breach | null {
    return null
  }

  /** Of what an answer shows of its node, null for the answer to a start. */
  protected shows(_node: NodeId, _answer: W['answer'], _input: W['input'] | null): Breach | null {
    return null
  }

  /** Of a whole node. */
  inspected(_node: NodeId, _inspection: W['inspection']): Breach | null {
    return null
  }

  /** Of a message that was made by `encode`. */
  encoded(message: W['outgoing']): Breach | null {
    return this.nodes.has(message.from)
      ? this.#identify(message)
      : outputs(`made a message of ${message.from}, which is no node`)
  }

  // What all surfaces have.

  initial(node: NodeId, answer: W['answer']): Breach | null {
    return this.#outputs(node, answer) ?? this.shows(node, answer, null)
  }

  step(input: W['input'], answer: W['answer']): Breach | null {
    const { node, at } = input
    const last = input.type === 'advance' ? Math.max(at, (input as { readonly until?: number }).until ?? at) : at
    if (answer.now < at || answer.now > last)
      return time(`${node} says that it is ${answer.now} in a step of ${at} to ${last}`)
    if (answer.wake !== null && answer.wake <= answer.now)
      return time(`${node} wants to be woken at ${answer.wake}, which is not after ${answer.now}`)
    if (answer.received !== undefined && input.type !== 'deliver') return shown(`${node} received without a delivery`)
    if (input.type === 'crash' && answer.outputs.length > 0) return shown(`${node} has outputs in a crash`)
    if (input.type === 'restart' && answer.error === undefined && !this.isWhole(answer))
      return shown(`${node} must answer a restart with ${this.whole}`)
    return this.shows(node, answer, input) ?? this.#outputs(node, answer)
  }

  #outputs(node: NodeId, answer: W['answer']): Breach | null {
    for (const output of answer.outputs) {
      const breach = output.type === 'message' ? this.#sent(node, output as W['outgoing']) : this.output(node, output)
      if (breach !== null) return breach
    }
    return null
  }

  #sent(node: NodeId, message: W['outgoing']): Breach | null {
    return message.from === node
      ? (this.#identify(message) ?? this.message(message))
      : outputs(`${node} sent message ${message.id} as ${message.from}`)
  }

  #identify({ id, from, to }: W['outgoing']): Breach | null {
    if (!this.nodes.has(to)) return outputs(`${from} sent message ${id} to ${to}, which is no node of the run`)
    if (this.#messages.has(id)) return outputs(`message id ${id} was used before`)
    this.#messages.add(id)
    return null
  }
}
