/** Lines of Serf as schemas; the assertions at the end keep them equal to the vocabulary. */
import { z } from 'zod'
import type * as serf from '../../../models/serf/vocabulary.ts'
import { limits } from '../limits.ts'
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
import type { Hello, Start } from '../serf.ts'

const member = z.strictObject({
  name: nodeId,
  status: z.enum(['alive', 'leaving', 'left', 'failed']),
  time: natural,
  tags: value,
})
const members = z.array(member).max(limits.records)
const memberChange = z.discriminatedUnion('status', [
  member,
  z.strictObject({ name: nodeId, status: z.literal('forgotten') }),
])

const intent = z.strictObject({ name: nodeId, intent: z.enum(['join', 'leave']), time: natural })
const intents = z.array(intent).max(limits.records)
const intentChange = z.discriminatedUnion('intent', [
  intent,
  z.strictObject({ name: nodeId, intent: z.literal('forgotten') }),
])

const userEvent = { time: natural, name: word, payload: value }
const query = { time: natural, id: natural, source: nodeId, name: word, payload: value }
const response = { time: natural, id: natural, from: nodeId, ack: z.boolean(), payload: value }

const broadcast = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('join'), name: nodeId, time: natural }),
  z.strictObject({ type: z.literal('leave'), name: nodeId, time: natural, prune: z.boolean() }),
  z.strictObject({ type: z.literal('event'), ...userEvent, coalesce: z.boolean() }),
  z.strictObject({
    type: z.literal('query'),
    ...query,
    nodes: nodeIds,
    ack: z.boolean(),
    relay: natural,
    timeout: natural,
  }),
])

const message = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('gossip'), broadcasts: z.array(broadcast).max(limits.updates) }),
  z.strictObject({
    kind: z.enum(['push-pull', 'push-pull-reply']),
    join: z.boolean(),
    memberTime: natural,
    eventTime: natural,
    queryTime: natural,
    members: z.array(z.strictObject({ name: nodeId, time: natural })).max(limits.records),
    left: z.array(nodeId).max(limits.records),
    events: z.array(z.strictObject(userEvent)).max(limits.records),
  }),
  z.strictObject({ kind: z.literal('response'), ...response }),
  z.strictObject({ kind: z.literal('relay'), to: nodeId, response: z.strictObject(response) }),
])

const nodeState = z.strictObject({
  name: nodeId,
  memberClock: natural,
  eventClock: natural,
  queryClock: natural,
  phase: z.enum(['alive', 'leaving', 'left']),
})

const outgoingMessage = z.strictObject({
  type: z.literal('message'),
  id: positive,
  from: nodeId,
  to: nodeId,
  view: message,
  reliable: z.boolean(),
})

const output = z.discriminatedUnion('type', [
  outgoingMessage,
  z.strictObject({
    type: z.literal('member'),
    event: z.enum(['join', 'leave', 'failed', 'update', 'reap']),
    name: nodeId,
  }),
  z.strictObject({ type: z.literal('event'), ...userEvent, coalesce: z.boolean() }),
  z.strictObject({ type: z.literal('query'), ...query }),
  z.strictObject({ type: z.literal('response'), ...response }),
  z.strictObject({ type: z.literal('result'), operation: natural, status, reason: word }),
])

const answer = z.strictObject({
  now: natural,
  wake: natural.nullable().default(null),
  outputs: z.array(output).max(limits.outputs).default([]),
  state: nodeState.partial().nullable().default(null),
  members: z.array(memberChange).max(limits.records).nullable().default(null),
  intents: z.array(intentChange).max(limits.records).nullable().default(null),
  received: message.optional(),
  error: stepError.optional(),
})

/** The answer to a start shows everything. */
const initialAnswer = z.strictObject({ ...answer.shape, state: nodeState, members, intents })

const inspection = z.strictObject({ state: nodeState, members, intents })

const operation = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('join'), peer: nodeId, ignoreOld: z.boolean() }),
  z.strictObject({ type: z.literal('leave') }),
  z.strictObject({ type: z.literal('force-leave'), member: nodeId, prune: z.boolean() }),
  z.strictObject({ type: z.literal('event'), name: word, payload: value, coalesce: z.boolean() }),
  z.strictObject({
    type: z.literal('query'),
    name: word,
    payload: value,
    timeout: natural,
    nodes: nodeIds,
    ack: z.boolean(),
    relay: natural,
  }),
])

const scenarioOperation = z.discriminatedUnion('type', [
  ...operation.options,
  z.strictObject({ type: z.enum(['up', 'down']), peer: nodeId }),
  z.strictObject({ type: z.literal('update'), peer: nodeId, tags: value }),
])

const input = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('deliver'), ...instant, message: positive }),
  z.strictObject({ type: z.literal('advance'), ...instant, until: natural }),
  z.strictObject({ type: z.literal('operation'), ...instant, id: natural, operation }),
  z.strictObject({
    type: z.literal('peer'),
    ...instant,
    name: nodeId,
    status: z.enum(['up', 'down', 'update']),
    tags: value,
  }),
  z.strictObject({ type: z.literal('respond'), ...instant, time: natural, id: natural, payload: value }),
  z.strictObject({ type: z.literal('crash'), ...instant }),
  z.strictObject({ type: z.literal('restart'), ...instant }),
])

const options = z.strictObject({
  gossipInterval: positive,
  gossipNodes: positive,
  retransmitMult: positive,
  pushPullInterval: positive,
  streamTimeout: positive,
  reapInterval: positive,
  reconnectTimeout: positive,
  tombstoneTimeout: positive,
  recentIntentTimeout: positive,
  reconnectInterval: positive,
  broadcastTimeout: positive,
  leavePropagateDelay: positive,
  eventBuffer: positive,
  queryBuffer: positive,
  eventSizeLimit: positive,
  querySizeLimit: positive,
  queryTimeoutMult: positive,
  answerDelay: positive,
})

const start = z.strictObject({ nodes: nodeIds.min(1), options, seed: z.int() })

const operations = ['join', 'leave', 'force-leave', 'event', 'query'] as const
const hello = helloOf('serf', operations, { restart: z.boolean(), encode: z.boolean() })

/** Parts of the lines, for whoever checks them one by one. */
export const schemas = {
  answer,
  initialAnswer,
  inspection,
  hello,
  message,
  outgoingMessage,
  output,
  start,
  input,
  scenarioOperation,
}

same<Same<z.output<typeof answer>, serf.Answer>>()
same<Same<z.output<typeof output>, serf.Output>>()
same<Same<z.output<typeof message>, serf.Message>>()
same<Same<z.output<typeof inspection>, serf.Inspection>>()
same<Same<z.output<typeof scenarioOperation>, serf.ScenarioOperation>>()
same<Same<z.output<typeof start>, Start>>()
same<Same<z.output<typeof hello>, Hello>>()
same<Same<WithoutDelivery<z.output<typeof input>>, WithoutDelivery<serf.Input>>>()
