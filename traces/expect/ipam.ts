/** What a scenario of address management may expect of the tables of its nodes. */
import type { Inspection } from '../../models/ipam/vocabulary.ts'
import type { NodeId } from '../../models/vocabulary.ts'
import type { Parameter } from '../expect.ts'

/** A word of a scenario, its parameters, and what it means. */
interface AllocatorExpectation {
  readonly parameters: readonly Parameter[]
  readonly meaning: string
}

export const allocatorExpectations: ReadonlyMap<string, AllocatorExpectation> = new Map([
  ['leads', { parameters: ['node'], meaning: 'the node takes itself for the one that allocates' }],
  ['pool', { parameters: ['node', 'key', 'value'], meaning: 'the pool has this subnet in the table of the node' }],
  ['no-pool', { parameters: ['node', 'key'], meaning: 'the table of the node has no such pool' }],
  ['taken', { parameters: ['node', 'key', 'value'], meaning: 'the address of the pool is taken' }],
  ['free', { parameters: ['node', 'key', 'value'], meaning: 'the address of the pool is not taken' }],
])

/** Null if it is so; else what is so instead. */
export function evaluateAllocators(
  name: string,
  [node = '', pool = '', value = '']: readonly string[],
  seen: ReadonlyMap<NodeId, Inspection>,
): string | null {
  const inspection = seen.get(node)
  if (inspection === undefined) return `${node} is down`
  if (name === 'leads') return inspection.state.leading ? null : `${node} does not lead`
  const found = inspection.pools.find((each) => each.pool === pool)
  if (name === 'no-pool') return found === undefined ? null : `${pool} is ${found.subnet}`
  if (found === undefined) return `there is no pool ${pool}`
  if (name === 'pool') return found.subnet === value ? null : `${pool} is ${found.subnet}`
  const isTaken = found.addresses.includes(value)
  return isTaken === (name === 'taken') ? null : `${value} of ${pool} is ${isTaken ? 'taken' : 'free'}`
}
