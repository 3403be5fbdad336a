/** What the contract demands of answers beyond their form. Costs what the answer holds, not what the run has seen. */
import type { Answer, Input, Output } from '../../models/raft/vocabulary.ts'
import type { NodeId } from '../../models/vocabulary.ts'
import type { Start } from './raft.ts'

/** Checks the answers of one session, in order; each returns what is wrong, or null. */
export interface ContractCheck {
  initial(node: NodeId, answer: Answer): string | null
  step(input: Input, answer: Answer): string | null
}

export const createContractCheck = (start: Start): ContractCheck => {
  const nodes = new Set(start.nodes)
  const messages = new Set<number>()
  const lastWrites = new Map<NodeId, number>(start.nodes.map((node) => [node, 0]))

  const checkOutput = (node: NodeId, output: Output): string | null => {
    if (output.type === 'message') {
      if (output.from !== node) return `${node} sent message ${output.id} as ${output.from}`
      if (!nodes.has(output.to)) return `${node} sent message ${output.id} to ${output.to}, which is no node of the run`
      if (messages.has(output.id)) return `message id ${output.id} was used before`
      if (output.after > lastWrites.get(node)!)
        return `message ${output.id} waits for write ${output.after}, which ${node} has not made`
      messages.add(output.id)
    } else if (output.type === 'write') {
      if (output.id <= lastWrites.get(node)!) return `${node} used write id ${output.id} before, or out of order`
      lastWrites.set(node, output.id)
    }
    return null
  }

  const checkOutputs = (node: NodeId, answer: Answer): string | null => {
    if (answer.wake !== null && answer.wake < answer.now)
      return `${node} wants to be woken at ${answer.wake}, before now (${answer.now})`
    for (const output of answer.outputs) {
      const problem = checkOutput(node, output)
      if (problem !== null) return problem
    }
    return null
  }

  return {
    initial: checkOutputs,
    step(input, answer) {
      const { node, at } = input
      const last = input.type === 'advance' ? Math.max(at, input.until) : at
      if (answer.now < at || answer.now > last)
        return `${node} says that it is ${answer.now} in a step of ${at} to ${last}`
      if (answer.received !== undefined && input.type !== 'deliver') return `${node} received without a delivery`
      if (input.type === 'crash' && answer.outputs.length > 0) return `${node} has outputs in a crash`
      if (input.type === 'restart' && answer.error === undefined && !isWhole(answer))
        return `${node} must answer a restart with its whole state, and its whole log as restore and append`
      return checkOutputs(node, answer)
    },
  }
}

const stateFields = ['role', 'term', 'vote', 'leader', 'commit', 'applied', 'configuration', 'ready'] as const

const isWhole = ({ state, log }: Answer): boolean =>
  state !== null &&
  stateFields.every((field) => state[field] !== undefined) &&
  log !== null &&
  log.restore !== undefined &&
  log.append !== undefined
