/**
 * Every line of the adapter protocol as a schema. The published JSON Schemas are generated from these;
 * the assertions at the end keep them equal to the vocabulary.
 */
import { z } from 'zod'
import type * as raft from '../../models/raft/vocabulary.ts'
import type { Hello, Start } from './raft.ts'
import { limits } from './limits.ts'

/** A count, index, term, identifier or instant: an integer that a double holds exactly. */
const natural = z.int().min(0)
const positive = z.int().min(1)
const word = z.string().max(limits.word)
const text = z.string().max(limits.text)
const key = z.string().max(limits.key)
const value = z.string().max(limits.value)
const nodeId = z
  .string()
  .max(limits.nodeId)
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/)
const nodeIds = z.array(nodeId).max(limits.nodes)
const ids = z.array(positive).max(limits.ids)

const configuration = z.strictObject({ voters: nodeIds, outgoing: nodeIds, learners: nodeIds })

const entry = z.strictObject({
  index: positive,
  term: natural,
  kind: z.enum(['empty', 'command', 'configuration']),
  digest: word,
  configuration: configuration.optional(),
})
const entries = z.array(entry).max(limits.entries)

const position = z.strictObject({ index: natural, term: natural })

const message = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.enum(['request-vote', 'pre-vote']),
    term: natural,
    lastIndex: natural,
    lastTerm: natural,
    transfer: z.boolean(),
  }),
  z.strictObject({
    kind: z.enum(['request-vote-response', 'pre-vote-response']),
    term: natural,
    granted: z.boolean(),
  }),
  z.strictObject({
    kind: z.literal('append-entries'),
    term: natural,
    previousIndex: natural,
    previousTerm: natural,
    entries,
    commit: natural,
    round: natural,
  }),
  z.strictObject({
    kind: z.literal('append-entries-response'),
    term: natural,
    success: z.boolean(),
    index: natural,
    hint: natural,
    round: natural,
  }),
  z.strictObject({ kind: z.literal('heartbeat'), term: natural, commit: natural, round: natural }),
  z.strictObject({ kind: z.literal('heartbeat-response'), term: natural, round: natural }),
  z.strictObject({
    kind: z.literal('install-snapshot'),
    term: natural,
    lastIndex: natural,
    lastTerm: natural,
    configuration,
    digest: word,
  }),
  z.strictObject({
    kind: z.literal('install-snapshot-response'),
    term: natural,
    success: z.boolean(),
    index: natural,
  }),
  z.strictObject({ kind: z.literal('timeout-now'), term: natural }),
  z.strictObject({ kind: z.literal('read-index'), term: natural, request: word }),
  z.strictObject({ kind: z.literal('read-index-response'), term: natural, request: word, index: natural }),
  z.strictObject({
    kind: z.literal('propose'),
    term: natural,
    digests: z.array(word).max(limits.entries),
  }),
  z.strictObject({ kind: z.literal('member-removed'), term: natural }),
])

const memberState = z.strictObject({
  role: z.enum(['follower', 'pre-candidate', 'candidate', 'leader']),
  term: natural,
  vote: nodeId.nullable(),
  leader: nodeId.nullable(),
  commit: natural,
  applied: natural,
  configuration,
  ready: z.boolean(),
})

const restore = z.strictObject({ index: natural, term: natural, retain: z.boolean() })
const logDelta = z.strictObject({
  restore: restore.optional(),
  truncate: natural.optional(),
  append: entries.optional(),
  compact: position.optional(),
})

const writeContents = z.strictObject({
  term: natural.optional(),
  vote: nodeId.nullable().optional(),
  commit: natural.optional(),
  log: logDelta.optional(),
})

const outgoingMessage = z.strictObject({
  type: z.literal('message'),
  id: positive,
  from: nodeId,
  to: nodeId,
  view: message,
  after: natural,
})

const output = z.discriminatedUnion('type', [
  outgoingMessage,
  z.strictObject({
    type: z.literal('write'),
    id: positive,
    file: word,
    sync: z.boolean(),
    contents: writeContents,
  }),
  z.strictObject({ type: z.literal('apply'), index: positive, term: natural, digest: word }),
  z.strictObject({ type: z.literal('restore'), index: natural, term: natural, digest: word }),
  z.strictObject({
    type: z.literal('result'),
    operation: natural,
    status: z.enum(['ok', 'failed', 'unknown']),
    value: value.nullable(),
    reason: word,
  }),
])

const answer = z.strictObject({
  now: natural,
  wake: natural.nullable().default(null),
  outputs: z.array(output).max(limits.outputs).default([]),
  state: memberState.partial().nullable().default(null),
  log: logDelta.nullable().default(null),
  received: message.optional(),
  error: z.strictObject({ kind: z.enum(['unsupported', 'panic']), text }).optional(),
})

/** The answer to a start: whole state, and the whole log as `restore` and `append`. */
const initialAnswer = z.strictObject({
  ...answer.shape,
  state: memberState,
  log: z.strictObject({ ...logDelta.shape, restore, append: entries }),
})

const inspection = z.strictObject({
  state: memberState,
  base: position,
  entries,
  store: z.array(z.tuple([key, value])).max(limits.keys),
})

const command = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('put'), key, value }),
  z.strictObject({ type: z.literal('get'), key }),
  z.strictObject({ type: z.literal('compare-and-set'), key, expect: value.nullable(), value }),
])

const operation = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('propose'), command }),
  z.strictObject({ type: z.literal('read'), key, by: z.enum(['read-index', 'lease']) }),
  z.strictObject({ type: z.literal('transfer'), to: nodeId }),
  z.strictObject({
    type: z.literal('change-membership'),
    changes: z
      .array(z.strictObject({ type: z.enum(['add-voter', 'add-learner', 'remove']), node: nodeId }))
      .max(limits.nodes),
    joint: z.boolean(),
  }),
  z.strictObject({ type: z.literal('compact'), keep: natural }),
])

const instant = { node: nodeId, at: natural }
const input = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('deliver'), ...instant, message: positive }),
  z.strictObject({ type: z.literal('advance'), ...instant, until: natural }),
  z.strictObject({ type: z.literal('operation'), ...instant, id: natural, operation }),
  z.strictObject({ type: z.literal('written'), ...instant, writes: ids }),
  z.strictObject({ type: z.literal('crash'), ...instant, keep: ids, torn: natural }),
  z.strictObject({ type: z.literal('restart'), ...instant }),
])

const options = z.strictObject({
  electionTimeout: positive,
  heartbeatInterval: positive,
  preVote: z.boolean(),
  checkQuorum: z.boolean(),
  maxEntries: positive,
  maxInflight: positive,
})

const start = z.strictObject({
  nodes: nodeIds.min(1),
  configuration,
  options,
  seed: z.int(),
})

const hello = z.strictObject({
  protocol: z.literal(1),
  name: word.min(1),
  version: word,
  language: word,
  surfaces: z.array(z.literal('raft')).min(1).max(limits.claims),
  profiles: z.array(word).max(limits.claims),
  operations: z.array(z.enum(['propose', 'read', 'transfer', 'change-membership', 'compact'])).max(limits.claims),
  capabilities: z.strictObject({ disk: z.boolean(), encode: z.boolean() }),
  deterministic: z.boolean(),
  assumptions: z.strictObject({
    fifo: z.boolean(),
    noDuplicates: z.boolean(),
    clockDrift: z.number().min(0).max(1),
  }),
})

/** Names of the parts in the JSON Schemas. */
export const definitions = z.registry<{ id: string }>()
const parts = {
  NodeId: nodeId,
  Configuration: configuration,
  Entry: entry,
  Position: position,
  Message: message,
  MemberState: memberState,
  LogDelta: logDelta,
  WriteContents: writeContents,
  OutgoingMessage: outgoingMessage,
  Output: output,
  Answer: answer,
  InitialAnswer: initialAnswer,
  Inspection: inspection,
  Command: command,
  Operation: operation,
  Input: input,
  RaftOptions: options,
  Start: start,
  Hello: hello,
}
for (const [id, schema] of Object.entries(parts)) definitions.add(schema, { id })

const line = { seq: positive }
const runLine = { seq: positive, run: positive }

/** What the suite sends. */
export const requestSchema = z.discriminatedUnion('type', [
  z.strictObject({ ...line, type: z.literal('hello'), protocol: z.literal(1) }),
  z.strictObject({ ...runLine, type: z.literal('start'), start }),
  z.strictObject({
    ...runLine,
    type: z.literal('steps'),
    inputs: z.array(input).max(limits.inputs),
    forget: ids.optional(),
  }),
  z.strictObject({ ...runLine, type: z.literal('inspect'), node: nodeId }),
  z.strictObject({ ...runLine, type: z.literal('encode'), from: nodeId, to: nodeId, view: message }),
  z.strictObject({ ...runLine, type: z.literal('end') }),
  z.strictObject({ ...line, type: z.literal('exit') }),
])

/** What the adapter answers, by the type of the request. */
export const replySchemas = {
  hello: z.strictObject({ ...line, hello }),
  start: z.strictObject({ ...runLine, answers: z.array(initialAnswer).max(limits.nodes) }),
  steps: z.strictObject({ ...runLine, answers: z.array(answer).max(limits.inputs) }),
  inspect: z.strictObject({ ...runLine, inspection }),
  encode: z.strictObject({ ...runLine, message: outgoingMessage }),
  end: z.strictObject(runLine),
  exit: z.strictObject(line),
}

/** Instead of any of these: the whole request is refused. `run` as in the request. */
export const refusalSchema = z.strictObject({
  seq: positive,
  run: positive.optional(),
  error: z.strictObject({ kind: z.enum(['unsupported', 'definite', 'indefinite']), text }),
})

/** Parts of the lines, for whoever checks them one by one. */
export const schemas = { answer, initialAnswer, inspection, hello, message, outgoingMessage, output, start, input }

export type Request = z.infer<typeof requestSchema>
export type RequestType = Request['type']
/** An input as it travels: a delivery names its message by id only. */
export type WireInput = z.infer<typeof input>

type Writable<T> = T extends object ? { -readonly [K in keyof T]: Writable<T[K]> } : T
type Same<A, B> = (<T>() => T extends Writable<A> ? 1 : 2) extends <T>() => T extends Writable<B> ? 1 : 2 ? true : false
const same = <_Proof extends true>(): void => {}

// A difference between a schema and the vocabulary is an error of compilation here.
same<Same<z.output<typeof answer>, raft.Answer>>()
same<Same<z.output<typeof output>, raft.Output>>()
same<Same<z.output<typeof outgoingMessage>, raft.OutgoingMessage>>()
same<Same<z.output<typeof message>, raft.Message>>()
same<Same<z.output<typeof inspection>, raft.Inspection>>()
same<Same<z.output<typeof operation>, raft.Operation>>()
same<Same<z.output<typeof start>, Start>>()
same<Same<z.output<typeof hello>, Hello>>()
type WithoutDelivery<T> = Exclude<T, { readonly type: 'deliver' }>
same<Same<WithoutDelivery<WireInput>, WithoutDelivery<raft.Input>>>()
