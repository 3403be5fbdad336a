/** Every part of the surface of SWIM as a schema; the assertions at the end keep them equal to the vocabulary. */
import { z } from 'zod'
import type * as swim from '../../models/swim/vocabulary.ts'
import { limits } from './limits.ts'
import type { Hello, Start } from './swim.ts'

const natural = z.int().min(0)
const positive = z.int().min(1)
const word = z.string().max(limits.word)
const text = z.string().max(limits.text)
const meta = z.string().max(limits.value)
const nodeId = z
  .string()
  .max(limits.nodeId)
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/)
const nodeIds = z.array(nodeId).max(limits.nodes)

const record = z.strictObject({
  node: nodeId,
  status: z.enum(['alive', 'suspect', 'dead', 'left']),
  incarnation: natural,
  address: word,
  meta,
})
const records = z.array(record).max(limits.nodes)

const update = z.strictObject({
  status: z.enum(['alive', 'suspect', 'dead']),
  node: nodeId,
  incarnation: natural,
  from: nodeId,
  address: word,
  meta,
})
const gossip = z.array(update).max(limits.entries)

const message = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('ping'), sequence: natural, target: nodeId, gossip }),
  z.strictObject({
    kind: z.literal('indirect-ping'),
    sequence: natural,
    target: nodeId,
    nack: z.boolean(),
    gossip,
  }),
  z.strictObject({ kind: z.enum(['ack', 'nack']), sequence: natural, gossip }),
  z.strictObject({ kind: z.literal('gossip'), gossip }),
  z.strictObject({ kind: z.enum(['push-pull', 'push-pull-reply']), join: z.boolean(), members: records }),
  z.strictObject({ kind: z.literal('stream-ping'), sequence: natural, target: nodeId }),
  z.strictObject({ kind: z.literal('stream-ack'), sequence: natural }),
])

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
    meta,
  }),
  z.strictObject({
    type: z.literal('result'),
    operation: natural,
    status: z.enum(['ok', 'failed', 'unknown']),
    reason: word,
  }),
])

const memberState = z.strictObject({ incarnation: natural, score: natural, leaving: z.boolean() })

const change = z.union([record, z.strictObject({ node: nodeId, status: z.literal('forgotten') })])

const answer = z.strictObject({
  now: natural,
  wake: natural.nullable().default(null),
  outputs: z.array(output).max(limits.outputs).default([]),
  state: memberState.partial().nullable().default(null),
  members: z.array(change).max(limits.nodes).nullable().default(null),
  received: message.optional(),
  error: z.strictObject({ kind: z.enum(['unsupported', 'panic']), text }).optional(),
})

/** The answer to a start: whole state, and the whole table. */
const initialAnswer = z.strictObject({ ...answer.shape, state: memberState, members: records })

const inspection = z.strictObject({ state: memberState, members: records })

const operation = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('join'), to: nodeIds.min(1) }),
  z.strictObject({ type: z.literal('leave') }),
  z.strictObject({ type: z.literal('update'), meta }),
])

const instant = { node: nodeId, at: natural }
const otherInputs = [
  z.strictObject({ type: z.literal('advance'), ...instant, until: natural }),
  z.strictObject({ type: z.literal('operation'), ...instant, id: natural, operation }),
  z.strictObject({ type: z.literal('refuse'), ...instant, stream: positive }),
  z.strictObject({ type: z.literal('crash'), ...instant }),
  z.strictObject({ type: z.literal('restart'), ...instant }),
] as const

/** As a trace holds it: a delivery with its message. */
const input = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('deliver'), ...instant, message: outgoingMessage }),
  ...otherInputs,
])

const count = z.int().min(0).max(1_000_000)
const atLeastOne = z.int().min(1).max(1_000_000)
const period = z.int().min(1).max(86_400_000)
const options = z.strictObject({
  probeInterval: period,
  probeTimeout: period,
  indirectChecks: count,
  suspicionMult: atLeastOne,
  suspicionMaxTimeoutMult: atLeastOne,
  awarenessMaxMultiplier: atLeastOne,
  retransmitMult: atLeastOne,
  gossipInterval: period,
  gossipNodes: atLeastOne,
  gossipToTheDead: z.int().min(0).max(86_400_000),
  pushPullInterval: z.int().min(0).max(86_400_000),
  streamTimeout: period,
  streamPing: z.boolean(),
})

const start = z.strictObject({ nodes: nodeIds.min(1), members: nodeIds, options, seed: z.int() })

const hello = z.strictObject({
  protocol: z.literal(1),
  name: word.min(1),
  version: word,
  language: word,
  surfaces: z.array(z.literal('swim')).min(1).max(limits.claims),
  profiles: z.array(word).max(limits.claims),
  operations: z.array(z.enum(['join', 'leave', 'update'])).max(limits.claims),
  capabilities: z.strictObject({ restart: z.boolean(), encode: z.boolean(), preset: z.boolean() }),
  deterministic: z.boolean(),
  assumptions: z.strictObject({
    fifo: z.boolean(),
    noDuplicates: z.boolean(),
    clockDrift: z.number().min(0).max(1),
  }),
})

/** Parts of the lines, for whoever checks them one by one. */
export const swimSchemas = { answer, initialAnswer, inspection, hello, start, input, operation, options }

type Writable<T> = T extends object ? { -readonly [K in keyof T]: Writable<T[K]> } : T
type Same<A, B> = (<T>() => T extends Writable<A> ? 1 : 2) extends <T>() => T extends Writable<B> ? 1 : 2 ? true : false
const same = <_Proof extends true>(): void => {}

// A difference between a schema and the vocabulary is an error of compilation here.
same<Same<z.output<typeof answer>, swim.Answer>>()
same<Same<z.output<typeof inspection>, swim.Inspection>>()
same<Same<z.output<typeof operation>, swim.Operation>>()
same<Same<z.output<typeof input>, swim.Input>>()
same<Same<z.output<typeof start>, Start>>()
same<Same<z.output<typeof hello>, Hello>>()
