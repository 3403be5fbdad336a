import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readFileSync, readdirSync } from 'node:fs'
import { acceptAnswer } from '../../impl/contract/fast-answer.ts'
import { generateSchemas } from '../../impl/contract/generate-schemas.ts'
import { limits } from '../../impl/contract/limits.ts'
import { schemas } from '../../impl/contract/schema.ts'
import type { Implementation } from '../../impl/contract/swim.ts'
import { schemas as swimSchemas } from '../../impl/contract/swim/schema.ts'
import { createReference } from '../../impl/reference/swim/session.ts'
import type { Answer } from '../../models/swim/vocabulary.ts'
import { SwimCluster } from './swim-cluster.ts'

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

/** Every value that differs from a JSON value in one place: a field removed, added or replaced. */
function* damaged(value: unknown): Generator<unknown> {
  yield* [null, true, -1, 0, 0.5, 1, 2 ** 53, '', 'x', '-', 'x'.repeat(70), 'x'.repeat(20_000), {}, []]
  if (typeof value !== 'object' || value === null) return
  if (Array.isArray(value)) {
    yield [...value, null]
    for (const [index, item] of value.entries()) for (const other of damaged(item)) yield value.with(index, other)
    return
  }
  yield { ...value, surprise: 1 }
  for (const [key, field] of Object.entries(value)) {
    const { [key]: _, ...rest } = value as Record<string, unknown>
    yield rest
    for (const other of damaged(field)) yield { ...value, [key]: other }
  }
}

const members = { voters: ['n1'], outgoing: ['n2'], learners: ['n3'] }
const command = { index: 1, term: 1, kind: 'command', digest: 'd' }
const change = { index: 1, term: 1, kind: 'configuration', digest: 'd', configuration: members }
const views = [
  { kind: 'request-vote', term: 1, lastIndex: 1, lastTerm: 1, transfer: false },
  { kind: 'pre-vote-response', term: 1, granted: true },
  { kind: 'append-entries', term: 1, previousIndex: 0, previousTerm: 0, entries: [command], commit: 0, round: 0 },
  { kind: 'append-entries-response', term: 1, success: true, index: 1, hint: 0, round: 0 },
  { kind: 'heartbeat', term: 1, commit: 1, round: 1 },
  { kind: 'heartbeat-response', term: 1, round: 1 },
  { kind: 'install-snapshot', term: 1, lastIndex: 1, lastTerm: 1, configuration: members, digest: 'd' },
  { kind: 'install-snapshot-response', term: 1, success: true, index: 1 },
  { kind: 'timeout-now', term: 1 },
  { kind: 'read-index', term: 1, request: 'r' },
  { kind: 'read-index-response', term: 1, request: 'r', index: 1 },
  { kind: 'propose', term: 1, digests: ['d'] },
  { kind: 'member-removed', term: 1 },
]
const outputs = [
  { type: 'message', id: 1, from: 'n1', to: 'n2', view: views[8], after: 0 },
  {
    type: 'write',
    id: 1,
    file: 'log',
    sync: true,
    contents: { term: 1, vote: 'n1', commit: 1, log: { append: [command] } },
  },
  { type: 'apply', index: 1, term: 1, digest: 'd' },
  { type: 'restore', index: 1, term: 1, digest: 'd' },
  { type: 'result', operation: 1, status: 'ok', value: 'v', reason: '' },
]
const samples = [
  ...views.map((received) => ({ now: 1, received })),
  ...outputs.map((sample) => ({ now: 1, outputs: [sample] })),
  {
    now: 1,
    wake: 2,
    state: {
      role: 'leader',
      term: 1,
      vote: 'n1',
      leader: 'n1',
      commit: 1,
      applied: 1,
      configuration: members,
      ready: true,
    },
    log: {
      restore: { index: 1, term: 1, retain: true },
      truncate: 1,
      append: [change],
      compact: { index: 1, term: 1 },
    },
  },
  { now: 1, error: { kind: 'panic', text: 'x' } },
]

const agree = (candidate: unknown): boolean => {
  // Only what JSON can carry reaches the check.
  const parsed: unknown = JSON.parse(JSON.stringify(candidate))
  const slow = schemas.answer.safeParse(parsed)
  const fast = acceptAnswer(parsed)
  if ((fast !== null) !== slow.success) expect.unreachable(`only one accepts ${JSON.stringify(parsed)}`)
  if (slow.success) expect(fast).toEqual(slow.data)
  return slow.success
}

test('the published JSON Schemas are those of the code', () => {
  const directory = new URL('../../impl/contract/schemas/', import.meta.url)
  const published = readdirSync(directory, { encoding: 'utf8', recursive: true })
    .filter((name) => name.endsWith('.json'))
    .map((name) => [name, readFileSync(new URL(name, directory), 'utf8')])
  expect(Object.fromEntries(published)).toEqual(generateSchemas())
})

describe('the fast check of answers', () => {
  test('agrees with the schema, and both are put to the test', () => {
    const seen = { accepted: 0, refused: 0 }
    fc.assert(
      fc.property(answer, (candidate) => {
        seen[agree(candidate) ? 'accepted' : 'refused']++
      }),
      { numRuns: 2_000, seed: 7 },
    )
    expect(seen.accepted).toBeGreaterThan(200)
    expect(seen.refused).toBeGreaterThan(200)
  })

  test('agrees with the schema on every answer that differs in one place from a good one', () => {
    const seen = { accepted: 0, refused: 0 }
    for (const sample of samples) {
      expect(agree(sample)).toBe(true)
      for (const candidate of damaged(sample)) seen[agree(candidate) ? 'accepted' : 'refused']++
    }
    expect(seen.accepted).toBeGreaterThan(100)
    expect(seen.refused).toBeGreaterThan(1_000)
  })

  test('refuses a key that would change the prototype', () => {
    agree(JSON.parse('{"now":1,"__proto__":{"wake":2}}'))
    expect(acceptAnswer(JSON.parse('{"now":1,"__proto__":{"wake":2}}'))).toBeNull()
  })
})

describe('the schemas of SWIM', () => {
  const reference = createReference()
  const initial: Answer[] = []
  const answers: Answer[] = []
  const recording: Implementation = {
    hello: reference.hello,
    open: (start) => {
      swimSchemas.start.parse(start)
      const session = reference.open(start)
      initial.push(...session.initial)
      const step: typeof session.step = (input) => {
        const answer = session.step(input)
        answers.push(answer)
        return answer
      }
      return {
        initial: session.initial,
        step,
        inspect: (node) => session.inspect(node),
        encode: (from, to, view) => session.encode(from, to, view),
        close: () => session.close(),
      }
    },
  }
  const cluster = new SwimCluster(recording, { nodes: ['n1', 'n2', 'n3', 'n4'], members: ['n1', 'n2', 'n3'], seed: 3 })
  cluster.operate('n4', { type: 'join', to: ['n1'] })
  cluster.operate('n2', { type: 'update', meta: 'm' })
  cluster.run(3_000)
  cluster.crash('n3')
  cluster.run(40_000)
  cluster.restart('n3')
  cluster.operate('n3', { type: 'join', to: ['n1'] })
  cluster.run(10_000)
  const kinds = new Set(
    answers.flatMap(({ outputs }) => outputs.flatMap((output) => (output.type === 'message' ? output.view.kind : []))),
  )

  test('take what the reference answers', () => {
    swimSchemas.hello.parse(reference.hello)
    expect(answers.length).toBeGreaterThan(300)
    expect([...kinds]).toEqual(expect.arrayContaining(['ping', 'ack', 'gossip', 'push-pull', 'push-pull-reply']))
    for (const answer of initial) expect(swimSchemas.initialAnswer.parse(answer)).toEqual(answer)
    for (const answer of answers) expect(swimSchemas.answer.parse(answer)).toEqual(answer)
    for (const node of cluster.nodes) swimSchemas.inspection.parse(cluster.session.inspect(node))
  })

  test.each([
    ['an unknown kind', { kind: 'song', gossip: [] }],
    ['an unknown field', { kind: 'ack', sequence: 1, gossip: [], surprise: 1 }],
    [
      'a status that updates do not have',
      {
        kind: 'gossip',
        gossip: [{ status: 'left', node: 'n1', incarnation: 1, from: 'n1', address: '', meta: '' }],
      },
    ],
    [
      'a negative incarnation',
      {
        kind: 'gossip',
        gossip: [{ status: 'dead', node: 'n1', incarnation: -1, from: 'n1', address: '', meta: '' }],
      },
    ],
    [
      'more updates than the bounds allow',
      {
        kind: 'gossip',
        gossip: Array(limits.updates + 1).fill({
          status: 'dead',
          node: 'n1',
          incarnation: 1,
          from: 'n2',
          address: '',
          meta: '',
        }),
      },
    ],
    ['the name of no node', { kind: 'stream-ping', sequence: 1, target: '../x' }],
  ])('refuse %s', (_, received) => {
    expect(swimSchemas.answer.safeParse({ now: 1, received }).success).toBe(false)
  })
})
