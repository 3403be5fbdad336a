/** What a scenario of Serf may expect of what its nodes hold of each other, and of what their applications were told. */
import type { Inspection } from '../../models/serf/vocabulary.ts'
import type { NodeId } from '../../models/vocabulary.ts'
import type { Parameter } from '../expect.ts'

/** A word of a scenario, its parameters, and what it means. */
interface SerfExpectation {
  readonly parameters: readonly Parameter[]
  readonly meaning: string
}

const statuses = ['alive', 'leaving', 'left', 'failed'] as const

export const serfExpectations: ReadonlyMap<string, SerfExpectation> = new Map<string, SerfExpectation>([
  ...statuses.map((status): [string, SerfExpectation] => [
    status,
    { parameters: ['node', 'node'], meaning: `the first node holds the second one for ${status}` },
  ]),
  ['unknown', { parameters: ['node', 'node'], meaning: 'the first node does not know the second one' }],
  ['heard', { parameters: ['node', 'key'], meaning: 'the application of the node was told of an event of this name' }],
  ['unheard', { parameters: ['node', 'key'], meaning: 'the application of the node was told of no such event' }],
  ['answers', { parameters: ['node', 'number'], meaning: 'so many have answered the queries of the node' }],
])

/** What the applications were told. */
export interface Told {
  /** Names of events, by node. */
  readonly events: ReadonlyMap<NodeId, ReadonlySet<string>>
  /** How many answers there were, by node. */
  readonly answers: ReadonlyMap<NodeId, number>
}

/** Null if it is so; else what is so instead. */
export function evaluateSerf(
  name: string,
  words: readonly string[],
  seen: ReadonlyMap<NodeId, Inspection>,
  told: Told,
): string | null {
  const [node = '', word = ''] = words
  if (name === 'heard' || name === 'unheard') {
    const heard = told.events.get(node)?.has(word) === true
    return heard === (name === 'heard') ? null : `${node} was ${heard ? '' : 'not '}told of ${word}`
  }
  if (name === 'answers') {
    const count = told.answers.get(node) ?? 0
    return count === Number(word) ? null : `${node} was given ${count} answers`
  }
  const inspection = seen.get(node)
  if (inspection === undefined) return `${node} is down`
  const status = inspection.members.find((member) => member.name === word)?.status ?? 'unknown'
  return status === name ? null : `${node} holds ${word} for ${status}`
}
