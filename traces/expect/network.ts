/** What a scenario of the layers together may expect of its nodes, and of the connection that ended last. */
import type { Change, Inspection, Result } from '../../models/network/vocabulary.ts'
import type { NodeId } from '../../models/vocabulary.ts'
import type { Parameter } from '../expect.ts'
import { splitKey } from './networkdb.ts'

/** A word of a scenario, its parameters, and what it means. */
interface NetworkExpectation {
  readonly parameters: readonly Parameter[]
  readonly meaning: string
}

export const networkExpectations: ReadonlyMap<string, NetworkExpectation> = new Map([
  ['leads', { parameters: ['node'], meaning: 'the node leads' }],
  ['runs', { parameters: ['node', 'key'], meaning: 'the task runs on the node' }],
  ['shows', { parameters: ['node', 'key'], meaning: 'the node shows the endpoint; a key is NETWORK/TASK' }],
  ['shows-not', { parameters: ['node', 'key'], meaning: 'the node shows no such endpoint' }],
  ['holds', { parameters: ['node', 'key', 'value'], meaning: 'the node, which leads, holds this for the owner' }],
  ['holds-nothing', { parameters: ['node', 'key'], meaning: 'the node, which leads, holds nothing for the owner' }],
  ['reached', { parameters: ['key'], meaning: 'the connection that ended last was answered by this task' }],
  ['failed', { parameters: ['key'], meaning: 'the connection that ended last failed for this reason' }],
] as const)

/** Null if it is so; else what is so instead. */
export function evaluateNetworks(
  name: string,
  words: readonly string[],
  seen: ReadonlyMap<NodeId, Inspection>,
  connection: Result | null,
): string | null {
  if (name === 'reached' || name === 'failed') return connectionIs(name, words[0] ?? '', connection)
  const [node = '', word = '', value = ''] = words
  const inspection = seen.get(node)
  if (inspection === undefined) return `${node} is down`
  if (name === 'leads') return inspection.state.leading ? null : `${node} does not lead`
  const { tables } = inspection
  if (name === 'runs') {
    return tables.some((each) => each.change === 'task' && each.task === word) ? null : `${node} does not run ${word}`
  }
  if (name === 'holds' || name === 'holds-nothing') return holds(tables, node, word, name === 'holds' ? value : null)
  const { network, key } = splitKey(word)
  const shown = tables.some((each) => each.change === 'endpoint' && each.network === network && each.task === key)
  return shown === (name === 'shows') ? null : `${node} shows ${shown ? word : `no ${word}`}`
}

function connectionIs(name: 'reached' | 'failed', word: string, connection: Result | null): string | null {
  if (connection === null) return 'no connection has ended'
  const { status, task, reason } = connection
  if (name === 'reached' ? status === 'ok' && task === word : reason === word) return null
  return `it ${status === 'ok' ? `was answered by ${task}` : `failed: ${reason}`}`
}

function holds(tables: readonly Change[], node: NodeId, owner: string, value: string | null): string | null {
  const held = tables.flatMap((each) => (each.change === 'held' && each.owner === owner ? [each.value] : []))
  const text = `${node} holds ${held.length === 0 ? 'nothing' : held.join(', ')} for ${owner}`
  return (value === null ? held.length === 0 : held.includes(value)) ? null : text
}
