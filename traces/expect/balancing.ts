/** What a scenario of balancing may expect of what its nodes have set up. */
import type { Inspection, PoolMember } from '../../models/balancing/vocabulary.ts'
import type { NodeId } from '../../models/vocabulary.ts'
import type { Parameter } from '../expect.ts'

/** A word of a scenario, its parameters, and what it means. */
interface BalancingExpectation {
  readonly parameters: readonly Parameter[]
  readonly meaning: string
}

export const balancingExpectations: ReadonlyMap<string, BalancingExpectation> = new Map([
  ['active', { parameters: ['node', 'key', 'value'], meaning: 'the node gives SERVICE/NETWORK=TASK new connections' }],
  ['draining', { parameters: ['node', 'key', 'value'], meaning: 'the node has the task with weight 0' }],
  ['no-backend', { parameters: ['node', 'key', 'value'], meaning: 'the node has no such backend' }],
  ['listening', { parameters: ['node', 'number'], meaning: 'the node takes connections at this port' }],
  ['closed', { parameters: ['node', 'number'], meaning: 'the node takes none at this port' }],
] as const)

/** Null if it is so; else what is so instead. */
export function evaluateBalancing(
  name: string,
  [node = '', word = '', task = '']: readonly string[],
  seen: ReadonlyMap<NodeId, Inspection>,
): string | null {
  const inspection = seen.get(node)
  if (inspection === undefined) return `${node} is down`
  if (name === 'listening' || name === 'closed') {
    const isOpen = inspection.listeners.some(({ port }) => port === Number(word))
    return isOpen === (name === 'listening') ? null : `${node} ${isOpen ? 'listens' : 'does not listen'} at ${word}`
  }
  const member = memberOf(inspection, word, task)
  const is = member === undefined ? 'no-backend' : member.weight === 1 ? 'active' : 'draining'
  return is === name ? null : `${task} of ${word} is ${is} at ${node}`
}

function memberOf({ pools }: Inspection, word: string, task: string): PoolMember | undefined {
  const pool = pools.find(({ service, network }) => `${service}/${network}` === word)
  return pool?.members.find((member) => member.task === task)
}
