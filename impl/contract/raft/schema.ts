/** Lines of the Raft surface as schemas; the assertions at the end keep them equal to the vocabulary. */
import { z } from 'zod'
import type * as raft from '../../../models/raft/vocabulary.ts'
import { limits } from '../limits.ts'
import type { Hello, Start } from '../raft.ts'
import {
  helloOf,
  ids,
  instant,
  natural,
  nodeId,
  nodeIds,
  positive,
  same,
  status,
  stepError,
  value,
  word,
  type Same,
  type WithoutDelivery,
} from '../schema-parts.ts'

const key = z.string().max(limits.key)

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
    status,
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
  error: stepError.optional(),
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

const hello = helloOf('raft', ['propose', 'read', 'transfer', 'change-membership', 'compact'], {
  disk: z.boolean(),
  encode: z.boolean(),
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

/** Parts of the lines, for whoever checks them one by one. */
export const schemas = { answer, initialAnswer, inspection, hello, message, outgoingMessage, output, start, input }

same<Same<z.output<typeof answer>, raft.Answer>>()
same<Same<z.output<typeof output>, raft.Output>>()
same<Same<z.output<typeof outgoingMessage>, raft.OutgoingMessage>>()
same<Same<z.output<typeof message>, raft.Message>>()
same<Same<z.output<typeof inspection>, raft.Inspection>>()
same<Same<z.output<typeof operation>, raft.Operation>>()
same<Same<z.output<typeof start>, Start>>()
same<Same<z.output<typeof hello>, Hello>>()
same<Same<WithoutDelivery<z.output<typeof input>>, WithoutDelivery<raft.Input>>>()
