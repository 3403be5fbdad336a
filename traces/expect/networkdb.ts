/** What a scenario of the network database may expect of what its nodes hold. */
import type { Entry, Inspection } from '../../models/networkdb/vocabulary.ts'
import type { NodeId } from '../../models/vocabulary.ts'
import type { Parameter } from '../expect.ts'

/** A word of a scenario, its parameters, and what it means. */
interface DatabaseExpectation {
  readonly parameters: readonly Parameter[]
  readonly meaning: string
}

export const databaseExpectations: ReadonlyMap<string, DatabaseExpectation> = new Map([
  ['entry', { parameters: ['node', 'key', 'value'], meaning: 'the node shows this value; a key is NETWORK/KEY' }],
  ['no-entry', { parameters: ['node', 'key'], meaning: 'the node shows no such entry' }],
  ['tombstone', { parameters: ['node', 'key'], meaning: 'the node remembers that the entry was deleted' }],
  ['hidden', { parameters: ['node', 'key'], meaning: 'the node holds the entry hidden, since its owner failed' }],
  ['in-network', { parameters: ['node', 'key'], meaning: 'the node takes part in this network' }],
  ['agreed', { parameters: [], meaning: 'all nodes that take part in a network show the same entries of it' }],
] as const)

/** Network and key of `net/key`. */
export function splitKey(word: string): { readonly network: string; readonly key: string } {
  const slash = word.indexOf('/')
  return slash < 0 ? { network: word, key: '' } : { network: word.slice(0, slash), key: word.slice(slash + 1) }
}

/** Null if it is so; else what is so instead. */
export function evaluateDatabase(
  name: string,
  words: readonly string[],
  seen: ReadonlyMap<NodeId, Inspection>,
): string | null {
  if (name === 'agreed') return disagreement(seen)
  const [node = '', word = '', value = ''] = words
  const inspection = seen.get(node)
  if (inspection === undefined) return `${node} is down`
  if (name === 'in-network') return isIn(inspection, word) ? null : `${node} is not in ${word}`
  const { network, key } = splitKey(word)
  const entry = inspection.entries.find((each) => each.network === network && each.key === key)
  const text = `${node} holds ${entry === undefined ? 'nothing' : `${entry.status} "${entry.value}"`} of ${word}`
  const holds = {
    entry: entry?.status === 'live' && entry.value === value,
    'no-entry': entry?.status !== 'live',
    tombstone: entry?.status === 'tombstone',
    hidden: entry?.status === 'suspended',
  }[name]
  return holds === true ? null : text
}

const isIn = ({ state, attachments }: Inspection, of: string): boolean =>
  attachments.some(({ name, network, status }) => name === state.name && network === of && status === 'joined')

function disagreement(seen: ReadonlyMap<NodeId, Inspection>): string | null {
  const first = new Map<string, readonly [NodeId, string]>()
  for (const [node, inspection] of seen) {
    const networks = new Set(inspection.attachments.map(({ network }) => network))
    for (const network of networks) {
      if (!isIn(inspection, network)) continue
      const table = shownOf(inspection.entries, network)
      const other = first.get(network)
      if (other === undefined) first.set(network, [node, table])
      else if (other[1] !== table) return `${other[0]} and ${node} show different entries of ${network}`
    }
  }
  return null
}

const shownOf = (entries: readonly Entry[], of: string): string =>
  entries
    .filter(({ network, status }) => network === of && status === 'live')
    .map(({ key, value }) => `${key}=${value}`)
    .join(' ')
