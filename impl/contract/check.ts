/** What the contract demands of answers beyond their form. Costs what the answer holds, not what the run has seen. */
import type { Answer, Input, OutgoingMessage, Output } from '../../models/raft/vocabulary.ts'
import type { NodeId } from '../../models/vocabulary.ts'
import type { Start } from './raft.ts'

/** What an answer broke: of its outputs (identifiers, ends), of time, or of what a step must show. */
export interface Breach {
  readonly rule: 'outputs' | 'time' | 'shown'
  readonly text: string
}

/** Checks the answers of one session, in order; each returns what is wrong, or null. */
export interface ContractCheck {
  initial(node: NodeId, answer: Answer): Breach | null
  step(input: Input, answer: Answer): Breach | null
  /** Of a message that was made by `encode`. */
  encoded(message: OutgoingMessage): Breach | null
}

const outputs = (text: string): Breach => ({ rule: 'outputs', text })
const time = (text: string): Breach => ({ rule: 'time', text })
const shown = (text: string): Breach => ({ rule: 'shown', text })

export const createContractCheck = (start: Start): ContractCheck => {
  const nodes = new Set(start.nodes)
  const messages = new Set<number>()
  const lastWrites = new Map<NodeId, number>(start.nodes.map((node) => [node, 0]))

  const checkMessage = ({ id, from, to, after }: OutgoingMessage): Breach | null => {
    if (!nodes.has(to)) return outputs(`${from} sent message ${id} to ${to}, which is no node of the run`)
    if (messages.has(id)) return outputs(`message id ${id} was used before`)
    if (after > lastWrites.get(from)!)
      return outputs(`message ${id} waits for write ${after}, which ${from} has not made`)
    messages.add(id)
    return null
  }

  const checkOutput = (node: NodeId, output: Output): Breach | null => {
    if (output.type === 'message')
      return output.from === node
        ? checkMessage(output)
        : outputs(`${node} sent message ${output.id} as ${output.from}`)
    if (output.type === 'write') {
      if (output.id <= lastWrites.get(node)!)
        return outputs(`${node} used write id ${output.id} before, or out of order`)
      lastWrites.set(node, output.id)
    }
    return null
  }

  const checkAnswer = (node: NodeId, answer: Answer): Breach | null => {
    for (const output of answer.outputs) {
      const breach = checkOutput(node, output)
      if (breach !== null) return breach
    }
    return null
  }

  return {
    initial: checkAnswer,
    step(input, answer) {
      const { node, at } = input
      const last = input.type === 'advance' ? Math.max(at, input.until) : at
      if (answer.now < at || answer.now > last)
        return time(`${node} says that it is ${answer.now} in a step of ${at} to ${last}`)
      if (answer.wake !== null && answer.wake <= answer.now)
        return time(`${node} wants to be woken at ${answer.wake}, which is not after ${answer.now}`)
      if (answer.received !== undefined && input.type !== 'deliver') return shown(`${node} received without a delivery`)
      if (input.type === 'crash' && answer.outputs.length > 0) return shown(`${node} has outputs in a crash`)
      if (input.type === 'restart' && answer.error === undefined && !isWhole(answer))
        return shown(`${node} must answer a restart with its whole state, and its whole log as restore and append`)
      return checkAnswer(node, answer)
    },
    encoded: (message) =>
      nodes.has(message.from) ? checkMessage(message) : outputs(`made a message of ${message.from}, which is no node`),
  }
}

const stateFields = ['role', 'term', 'vote', 'leader', 'commit', 'applied', 'configuration', 'ready'] as const

const isWhole = ({ state, log }: Answer): boolean =>
  state !== null &&
  stateFields.every((field) => state[field] !== undefined) &&
  log !== null &&
  log.restore !== undefined &&
  log.append !== undefined
