/** Lines of the SWIM surface as schemas; the assertions at the end keep them equal to the vocabulary. */
import { z } from 'zod'
import type * as swim from '../../../models/swim/vocabulary.ts'
import { limits } from '../limits.ts'
import type { Hello, Start } from '../swim.ts'
import {
  helloOf,
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

const update = z.strictObject({
  status: z.enum(['alive', 'suspect', 'dead']),
  node: nodeId,
  incarnation: natural,
  from: nodeId,
  address: word,
  meta: value,
})
const gossip = z.array(update).max(limits.updates)

const memberRecord = z.strictObject({
  node: nodeId,
  status: z.enum(['alive', 'suspect', 'dead', 'left']),
  incarnation: natural,
  address: word,
  meta: value,
})
const memberRecords = z.array(memberRecord).max(limits.records)

const message = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('ping'), sequence: natural, target: nodeId, gossip }),
  z.strictObject({ kind: z.literal('indirect-ping'), sequence: natural, target: nodeId, nack: z.boolean(), gossip }),
  z.strictObject({ kind: z.enum(['ack', 'nack']), sequence: natural, gossip }),
  z.strictObject({ kind: z.literal('gossip'), gossip }),
  z.strictObject({ kind: z.enum(['push-pull', 'push-pull-reply']), join: z.boolean(), members: memberRecords }),
  z.strictObject({ kind: z.literal('stream-ping'), sequence: natural, target: nodeId }),
  z.strictObject({ kind: z.literal('stream-ack'), sequence: natural }),
])

const memberState = z.strictObject({ incarnation: natural, score: natural, leaving: z.boolean() })

const forgotten = z.strictObject({ node: nodeId, status: z.literal('forgotten') })
const recordChange = z.discriminatedUnion('status', [memberRecord, forgotten])

const outgoingMessage = z.strictObject({
  type: z.literal('message'),
  id: positive,
  from: nodeId,
  to: nodeId,
  view: message,
  stream: natural,
})

const output = z.discriminatedUnion('type', [
  outgoingMessage,
  z.strictObject({
    type: z.literal('event'),
    event: z.enum(['join', 'update', 'leave', 'conflict']),
    node: nodeId,
    meta: value,
  }),
  z.strictObject({ type: z.literal('result'), operation: natural, status, reason: word }),
])

const answer = z.strictObject({
  now: natural,
  wake: natural.nullable().default(null),
  outputs: z.array(output).max(limits.outputs).default([]),
  state: memberState.partial().nullable().default(null),
  members: z.array(recordChange).max(limits.records).nullable().default(null),
  received: message.optional(),
  error: stepError.optional(),
})

/** The answer to a start: whole state and whole table. */
const initialAnswer = z.strictObject({ ...answer.shape, state: memberState, members: memberRecords })

const inspection = z.strictObject({ state: memberState, members: memberRecords })

const operation = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('join'), to: nodeIds }),
  z.strictObject({ type: z.literal('leave') }),
  z.strictObject({ type: z.literal('update'), meta: value }),
])

const input = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('deliver'), ...instant, message: positive }),
  z.strictObject({ type: z.literal('advance'), ...instant, until: natural }),
  z.strictObject({ type: z.literal('operation'), ...instant, id: natural, operation }),
  z.strictObject({ type: z.literal('refuse'), ...instant, stream: positive }),
  z.strictObject({ type: z.literal('crash'), ...instant }),
  z.strictObject({ type: z.literal('restart'), ...instant }),
])

const options = z.strictObject({
  probeInterval: positive,
  probeTimeout: positive,
  indirectChecks: natural,
  suspicionMult: natural,
  suspicionMaxTimeoutMult: positive,
  awarenessMaxMultiplier: positive,
  retransmitMult: natural,
  gossipInterval: natural,
  gossipNodes: natural,
  gossipToTheDead: natural,
  pushPullInterval: natural,
  streamTimeout: positive,
  streamPing: z.boolean(),
})

const start = z.strictObject({ nodes: nodeIds.min(1), members: nodeIds, options, seed: z.int() })

const hello = helloOf('swim', ['join', 'leave', 'update'], {
  restart: z.boolean(),
  encode: z.boolean(),
  preset: z.boolean(),
})

/** Names of the parts in the JSON Schemas. */
export const definitions = z.registry<{ id: string }>()
const parts = {
  NodeId: nodeId,
  Update: update,
  MemberRecord: memberRecord,
  Message: message,
  MemberState: memberState,
  RecordChange: recordChange,
  OutgoingMessage: outgoingMessage,
  Output: output,
  Answer: answer,
  InitialAnswer: initialAnswer,
  Inspection: inspection,
  Operation: operation,
  Input: input,
  SwimOptions: options,
  Start: start,
  Hello: hello,
}
for (const [id, schema] of Object.entries(parts)) definitions.add(schema, { id })

/** Parts of the lines, for whoever checks them one by one. */
export const schemas = { answer, initialAnswer, inspection, hello, message, outgoingMessage, output, start, input }

same<Same<z.output<typeof answer>, swim.Answer>>()
same<Same<z.output<typeof output>, swim.Output>>()
same<Same<z.output<typeof outgoingMessage>, swim.OutgoingMessage>>()
same<Same<z.output<typeof message>, swim.Message>>()
same<Same<z.output<typeof inspection>, swim.Inspection>>()
same<Same<z.output<typeof operation>, swim.Operation>>()
same<Same<z.output<typeof start>, Start>>()
same<Same<z.output<typeof hello>, Hello>>()
same<Same<WithoutDelivery<z.output<typeof input>>, WithoutDelivery<swim.Input>>>()
