import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readFileSync, readdirSync } from 'node:fs'
import { acceptAnswer } from '../../impl/contract/fast-answer.ts'
import { generateSchemas } from '../../impl/contract/generate-schemas.ts'
import { limits } from '../../impl/contract/limits.ts'
import { schemas } from '../../impl/contract/schema.ts'

/** Integers of which some lie just outside the bounds. */
const integer = fc.oneof(
  { weight: 20, arbitrary: fc.nat(5) },
  fc.constantFrom(-1, 0.5, 2 ** 53, 2 ** 53 - 1, null, '1'),
)
const boolean = fc.oneof({ weight: 30, arbitrary: fc.boolean() }, fc.constantFrom(0, null, 'true'))
const word = fc.oneof(
  { weight: 30, arbitrary: fc.constantFrom('', 'a', 'not-leader') },
  fc.constantFrom(null, 7, 'x'.repeat(limits.word), 'x'.repeat(limits.word + 1)),
)
const node = fc.oneof(
  { weight: 40, arbitrary: fc.constantFrom('n1', 'n2', 'N_3.x-y') },
  fc.constantFrom('', '-n', 'n 1', 'n1\n', 7, null, 'n'.repeat(limits.nodeId), 'n'.repeat(limits.nodeId + 1)),
)
const nodes = fc.oneof(
  { weight: 20, arbitrary: fc.array(node, { maxLength: 3 }) },
  fc.constantFrom(null, {}, Array<string>(limits.nodes + 1).fill('n1')),
)
const object = (
  fields: Record<string, fc.Arbitrary<unknown>>,
  optional: Record<string, fc.Arbitrary<unknown>> = {},
) => {
  const required = Object.keys(fields)
  return fc.record({ ...fields, ...optional }, { requiredKeys: required })
}
const configuration = object({ voters: nodes, outgoing: nodes, learners: nodes })
const entry = object(
  { index: integer, term: integer, kind: fc.constantFrom('empty', 'command', 'configuration'), digest: word },
  { configuration },
)
const entries = fc.array(entry, { maxLength: 3 })
const kind = (kinds: string[], fields: Record<string, fc.Arbitrary<unknown>>) =>
  object({ kind: fc.constantFrom(...kinds), term: integer, ...fields })
const message = fc.oneof(
  kind(['request-vote', 'pre-vote'], { lastIndex: integer, lastTerm: integer, transfer: boolean }),
  kind(['request-vote-response', 'pre-vote-response'], { granted: boolean }),
  kind(['append-entries'], { previousIndex: integer, previousTerm: integer, entries, commit: integer, round: integer }),
  kind(['append-entries-response'], { success: boolean, index: integer, hint: integer, round: integer }),
  kind(['heartbeat'], { commit: integer, round: integer }),
  kind(['heartbeat-response'], { round: integer }),
  kind(['install-snapshot'], { lastIndex: integer, lastTerm: integer, configuration, digest: word }),
  kind(['install-snapshot-response'], { success: boolean, index: integer }),
  kind(['timeout-now', 'member-removed', 'gossip'], {}),
  kind(['read-index'], { request: word }),
  kind(['read-index-response'], { request: word, index: integer }),
  kind(['propose'], { digests: fc.array(word, { maxLength: 3 }) }),
)
const position = { index: integer, term: integer }
const logDelta = object(
  {},
  { restore: object({ ...position, retain: boolean }), truncate: integer, append: entries, compact: object(position) },
)
const type = (name: string, fields: Record<string, fc.Arbitrary<unknown>>) =>
  object({ type: fc.constant(name), ...fields })
const output = fc.oneof(
  type('message', { id: integer, from: node, to: node, view: message, after: integer }),
  type('write', {
    id: integer,
    file: word,
    sync: boolean,
    contents: object({}, { term: integer, vote: node, commit: integer, log: logDelta }),
  }),
  type('apply', { ...position, digest: word }),
  type('restore', { ...position, digest: word }),
  type('result', {
    operation: integer,
    status: fc.constantFrom('ok', 'failed', 'unknown', 'perhaps'),
    value: fc.constantFrom(null, '', 'v', 1),
    reason: word,
  }),
  type('sing', {}),
)
const state = object(
  {},
  {
    role: fc.constantFrom('follower', 'pre-candidate', 'candidate', 'leader', 'king'),
    term: integer,
    vote: node,
    leader: node,
    commit: integer,
    applied: integer,
    configuration,
    ready: boolean,
  },
)
const answer = object(
  { now: integer },
  {
    wake: integer,
    outputs: fc.oneof({ weight: 20, arbitrary: fc.array(output, { maxLength: 3 }) }, fc.constant(null)),
    state: fc.oneof(state, fc.constant(null)),
    log: fc.oneof(logDelta, fc.constant(null)),
    received: message,
    error: object({ kind: fc.constantFrom('unsupported', 'panic', 'oops'), text: word }),
  },
)

/** Damages one place of a JSON value: removes a field, adds one, or replaces a value. */
const damage = (value: unknown, choices: readonly number[]): unknown => {
  const [choice = 0, ...rest] = choices
  if (typeof value !== 'object' || value === null) return [null, 'x', -1, {}, [], true, value][choice % 7]
  const copy: any = Array.isArray(value) ? [...value] : { ...value }
  const keys = Object.keys(copy)
  const key = keys[choice % Math.max(keys.length, 1)]
  if (rest.length === 0 || key === undefined) {
    if (choice % 3 === 0 && key !== undefined) delete copy[key]
    else if (choice % 3 === 1) copy.surprise = 1
    else return [null, 'x', [], {}][choice % 4]
    return copy
  }
  copy[key] = damage(copy[key], rest)
  return copy
}

const agree = (candidate: unknown): boolean => {
  // Only what JSON can carry reaches the check.
  const parsed: unknown = JSON.parse(JSON.stringify(candidate))
  const slow = schemas.answer.safeParse(parsed)
  const fast = acceptAnswer(parsed)
  expect(fast !== null, JSON.stringify(parsed)).toBe(slow.success)
  if (slow.success) expect(fast).toEqual(slow.data)
  return slow.success
}

test('the published JSON Schemas are those of the code', () => {
  const directory = new URL('../../impl/contract/schemas/', import.meta.url)
  const published = readdirSync(directory).map((name) => [name, readFileSync(new URL(name, directory), 'utf8')])
  expect(Object.fromEntries(published)).toEqual(generateSchemas())
})

describe('the fast check of answers', () => {
  test('agrees with the schema, and both are put to the test', () => {
    const seen = { accepted: 0, refused: 0 }
    fc.assert(
      fc.property(answer, fc.array(fc.nat(20), { maxLength: 5 }), (candidate, choices) => {
        seen[agree(candidate) ? 'accepted' : 'refused']++
        if (choices.length > 0) seen[agree(damage(candidate, choices)) ? 'accepted' : 'refused']++
      }),
      { numRuns: 4_000, seed: 7 },
    )
    expect(seen.accepted).toBeGreaterThan(500)
    expect(seen.refused).toBeGreaterThan(500)
  })

  test('refuses a key that would change the prototype', () => {
    agree(JSON.parse('{"now":1,"__proto__":{"wake":2}}'))
    expect(acceptAnswer(JSON.parse('{"now":1,"__proto__":{"wake":2}}'))).toBeNull()
  })
})
