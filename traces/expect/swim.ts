/** What a scenario of SWIM may expect of the tables of its nodes. */
import type { MemberRecord } from '../../models/swim/vocabulary.ts'
import type { NodeId } from '../../models/vocabulary.ts'
import type { Parameter } from '../expect.ts'

/** A word of a scenario, its parameters, and what it means. */
interface TableExpectation {
  readonly parameters: readonly Parameter[]
  readonly meaning: string
}

const statuses = ['alive', 'suspect', 'dead', 'left', 'unknown'] as const

export const tableExpectations: ReadonlyMap<string, TableExpectation> = new Map([
  ...statuses.map((status): [string, TableExpectation] => [
    status,
    {
      parameters: ['node', 'nodes'],
      meaning:
        status === 'unknown'
          ? 'the table of the first node does not hold the others'
          : `the table of the first node says that the others are ${status}`,
    },
  ]),
  ['agreed', { parameters: [], meaning: 'the tables of all nodes that are up hold each other for alive' }],
])

/** Null if it is so; else what is so instead. */
export function evaluateTables(
  name: string,
  words: readonly string[],
  tables: ReadonlyMap<NodeId, readonly MemberRecord[]>,
): string | null {
  const statusOf = (observer: NodeId, subject: NodeId): string =>
    tables.get(observer)?.find(({ node }) => node === subject)?.status ?? 'unknown'
  if (name === 'agreed') {
    for (const observer of tables.keys()) {
      for (const subject of tables.keys()) {
        const status = statusOf(observer, subject)
        if (status !== 'alive') return `${observer} holds ${subject} for ${status}`
      }
    }
    return null
  }
  const [observer = '', ...subjects] = words
  if (!tables.has(observer)) return `${observer} is down`
  for (const subject of subjects) {
    const status = statusOf(observer, subject)
    if (status !== name) return `${observer} holds ${subject} for ${status}`
  }
  return null
}
