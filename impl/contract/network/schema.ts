/** Lines of the layers together as schemas; the assertions at the end keep them equal to the vocabulary. */
import { z } from 'zod'
import type * as network from '../../../models/network/vocabulary.ts'
import { limits } from '../limits.ts'
import type { Hello, Start } from '../network.ts'
import { schemas as database } from '../networkdb/schema.ts'
import {
  helloOf,
  instant,
  natural,
  nodeId,
  nodeIds,
  positive,
  same,
  stepError,
  word,
  type Same,
  type WithoutDelivery,
} from '../schema-parts.ts'

/** Names of lives, networks, services and tasks: texts put them side by side. */
const label = word.regex(/^[^\s/]+$/)
const port = z.int().min(0).max(65_535)

const endpoint = { network: label, task: label, owner: label, service: label, address: word, vip: word, port }
const peer = { network: label, task: label, owner: label, address: word, node: nodeId }
const assignedNetwork = { network: label, vni: natural }

const message = z.discriminatedUnion('kind', [
  ...database.message.options,
  z.strictObject({ kind: z.literal('ask'), term: natural }),
  z.strictObject({
    kind: z.literal('assign'),
    term: natural,
    version: natural,
    life: label,
    networks: z.array(z.strictObject(assignedNetwork)).max(limits.records),
    tasks: z
      .array(z.strictObject({ task: label, service: label, network: label, address: word, vip: word, port }))
      .max(limits.records),
    retired: z.array(label).max(limits.records),
  }),
  z.strictObject({ kind: z.literal('status'), life: label, term: natural, version: natural }),
  z.strictObject({ kind: z.literal('frame'), connection: natural, vni: natural, address: word }),
  z.strictObject({ kind: z.literal('frame-reply'), connection: natural, task: word }),
])

const change = z.discriminatedUnion('change', [
  z.strictObject({ change: z.literal('endpoint'), ...endpoint }),
  z.strictObject({ change: z.enum(['endpoint-gone']), network: label, task: label }),
  z.strictObject({ change: z.literal('peer'), ...peer }),
  z.strictObject({ change: z.literal('peer-gone'), network: label, task: label }),
  z.strictObject({ change: z.literal('network'), ...assignedNetwork }),
  z.strictObject({ change: z.literal('network-left'), network: label }),
  z.strictObject({ change: z.literal('task'), task: label, service: label, network: label, address: word }),
  z.strictObject({ change: z.literal('task-stopped'), task: label }),
  z.strictObject({
    change: z.enum(['held', 'freed']),
    kind: z.enum(['subnet', 'vni', 'address', 'vip', 'port']),
    network: word,
    value: word,
    owner: label,
  }),
])

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
    type: z.literal('result'),
    operation: natural,
    status: z.enum(['ok', 'failed']),
    reason: z.enum([
      'not-leading',
      'exists',
      'not-found',
      'in-use',
      'unavailable',
      'invalid',
      'not-attached',
      'no-such-name',
      'no-such-port',
      'unreachable',
      'timeout',
      '',
    ]),
    resolved: z.array(word).max(limits.records),
    chosen: word,
    vni: natural,
    peer: word,
    task: word,
  }),
])

const state = z.strictObject({ life: label, leading: z.boolean() })

const answer = z.strictObject({
  now: natural,
  wake: natural.nullable().default(null),
  outputs: z.array(output).max(limits.outputs).default([]),
  state: state.partial().nullable().default(null),
  changes: z.array(change).max(limits.records).nullable().default(null),
  received: message.optional(),
  error: stepError.optional(),
})

/** The answer to a start: the whole state. */
const initialAnswer = z.strictObject({ ...answer.shape, state })

const inspection = z.strictObject({ state, tables: z.array(change).max(limits.records) })

const operation = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('create-network'), network: label, subnet: word }),
  z.strictObject({ type: z.literal('remove-network'), network: label }),
  z.strictObject({
    type: z.literal('create-service'),
    service: label,
    network: label,
    mode: z.enum(['vip', 'dnsrr']),
    port,
  }),
  z.strictObject({ type: z.literal('remove-service'), service: label }),
  z.strictObject({ type: z.literal('start-task'), task: label, service: label, on: nodeId }),
  z.strictObject({ type: z.literal('stop-task'), task: label }),
  z.strictObject({ type: z.literal('connect'), network: label, name: label }),
  z.strictObject({ type: z.literal('connect-port'), port }),
])

const input = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('deliver'), ...instant, message: positive }),
  z.strictObject({ type: z.literal('advance'), ...instant, until: natural }),
  z.strictObject({ type: z.literal('operation'), ...instant, id: natural, operation }),
  z.strictObject({
    type: z.literal('peer'),
    ...instant,
    name: label,
    address: nodeId,
    status: z.enum(['up', 'down']),
  }),
  z.strictObject({ type: z.literal('lead'), ...instant, term: natural }),
  z.strictObject({ type: z.literal('depose'), ...instant }),
  z.strictObject({ type: z.literal('crash'), ...instant }),
  z.strictObject({ type: z.literal('restart'), ...instant }),
])

const options = z.strictObject({
  gossipInterval: positive,
  bulkSyncInterval: positive,
  pushPullInterval: positive,
  controlInterval: positive,
  connectTimeout: positive,
  detection: positive,
  firstVni: positive,
  lastVni: positive,
})

const start = z.strictObject({ nodes: nodeIds.min(1), options, seed: z.int() })

const operations = [
  'create-network',
  'remove-network',
  'create-service',
  'remove-service',
  'start-task',
  'stop-task',
  'connect',
  'connect-port',
] as const
const hello = helloOf('network', operations, { restart: z.boolean(), encode: z.boolean() })

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
  operation,
}

same<Same<z.output<typeof answer>, network.Answer>>()
same<Same<z.output<typeof output>, network.Output>>()
same<Same<z.output<typeof message>, network.Message>>()
same<Same<z.output<typeof inspection>, network.Inspection>>()
same<Same<z.output<typeof operation>, network.Operation>>()
same<Same<z.output<typeof start>, Start>>()
same<Same<z.output<typeof hello>, Hello>>()
same<Same<WithoutDelivery<z.output<typeof input>>, WithoutDelivery<network.Input>>>()
