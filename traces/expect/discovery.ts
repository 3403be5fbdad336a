/** What a scenario may expect of what nodes hold of endpoints. */
import type { Inspection } from '../../models/discovery/vocabulary.ts'
import type { NodeId } from '../../models/vocabulary.ts'
import type { Parameter } from '../expect.ts'

interface DiscoveryExpectation {
  readonly parameters: readonly Parameter[]
  readonly meaning: string
}

export const discoveryExpectations: ReadonlyMap<string, DiscoveryExpectation> = new Map([
  ['enabled', { parameters: ['node', 'key'], meaning: 'the node holds the endpoint, to be named' }],
  ['disabled', { parameters: ['node', 'key'], meaning: 'the node holds the endpoint, to be named no more' }],
  ['unknown', { parameters: ['node', 'key'], meaning: 'the node holds nothing of the endpoint' }],
] as const)

/** Null if it is so; else what is so instead. */
export function evaluateDiscovery(
  name: string,
  words: readonly string[],
  seen: ReadonlyMap<NodeId, Inspection>,
): string | null {
  const [node = '', endpoint = ''] = words
  const inspection = seen.get(node)
  if (inspection === undefined) return `${node} is down`
  const record = inspection.records.find((each) => each.endpoint === endpoint)
  const is = record === undefined ? 'unknown' : record.disabled ? 'disabled' : 'enabled'
  return is === name ? null : `${endpoint} is ${is} at ${node}`
}
