/** Lines of the network database as schemas; the assertions at the end keep them equal to the vocabulary. */
import { z } from 'zod'
import type * as networkdb from '../../../models/networkdb/vocabulary.ts'
import { limits } from '../limits.ts'
import type { Hello, Start } from '../networkdb.ts'
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

/** Names of lives and networks: texts put them side by side. */
const label = word.regex(/^[^\s/]+$/)

const peer = z.strictObject({ name: label, address: nodeId, status: z.enum(['active', 'failed', 'left']) })
const peers = z.array(peer).max(limits.records)

const attachment = z.strictObject({ name: label, network: label, time: natural, status: z.enum(['joined', 'left']) })
const attachments = z.array(attachment).max(limits.records)
const attachmentChange = z.discriminatedUnion('status', [
  attachment,
  z.strictObject({ name: label, network: label, status: z.literal('forgotten') }),
])

const entry = z.strictObject({
  network: label,
  key: word,
  owner: label,
  time: natural,
  value,
  status: z.enum(['live', 'suspended', 'tombstone']),
})
const entries = z.array(entry).max(limits.records)
const entryChange = z.discriminatedUnion('status', [
  entry,
  z.strictObject({ network: label, key: word, status: z.literal('forgotten') }),
])

const nodeEvent = z.strictObject({
  type: z.literal('node'),
  event: z.enum(['join', 'leave']),
  name: label,
  time: natural,
})
const networkEvent = z.strictObject({
  type: z.literal('network'),
  event: z.enum(['join', 'leave']),
  name: label,
  network: label,
  time: natural,
})
const networkEvents = z.array(networkEvent).max(limits.records)
const tableEvent = z.strictObject({
  type: z.literal('table'),
  event: z.enum(['create', 'update', 'delete']),
  network: label,
  key: word,
  owner: label,
  time: natural,
  value,
  residual: natural,
})
const tableEvents = z.array(tableEvent).max(limits.records)

const message = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('gossip'),
    events: z.array(z.discriminatedUnion('type', [nodeEvent, networkEvent])).max(limits.updates),
  }),
  z.strictObject({ kind: z.literal('table-gossip'), network: label, events: tableEvents }),
  z.strictObject({
    kind: z.enum(['bulk-sync', 'bulk-sync-reply']),
    name: label,
    time: natural,
    networks: z.array(label).max(limits.records),
    attachments: networkEvents,
    entries: tableEvents,
  }),
  z.strictObject({
    kind: z.enum(['push-pull', 'push-pull-reply']),
    name: label,
    time: natural,
    attachments: networkEvents,
  }),
])

const nodeState = z.strictObject({ name: label, networkClock: natural, tableClock: natural, leaving: z.boolean() })

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
    type: z.literal('event'),
    event: z.enum(['create', 'update', 'delete']),
    network: label,
    key: word,
    value,
    previous: value,
  }),
  z.strictObject({ type: z.literal('result'), operation: natural, status, reason: word, value }),
])

const answer = z.strictObject({
  now: natural,
  wake: natural.nullable().default(null),
  outputs: z.array(output).max(limits.outputs).default([]),
  state: nodeState.partial().nullable().default(null),
  peers: peers.nullable().default(null),
  attachments: z.array(attachmentChange).max(limits.records).nullable().default(null),
  entries: z.array(entryChange).max(limits.records).nullable().default(null),
  received: message.optional(),
  error: stepError.optional(),
})

/** The answer to a start shows everything. */
const initialAnswer = z.strictObject({ ...answer.shape, state: nodeState, peers, attachments, entries })

const inspection = z.strictObject({ state: nodeState, peers, attachments, entries })

const operation = z.discriminatedUnion('type', [
  z.strictObject({ type: z.enum(['join-network', 'leave-network']), network: label }),
  z.strictObject({ type: z.literal('create'), network: label, key: word, value }),
  z.strictObject({ type: z.literal('update'), network: label, key: word, value }),
  z.strictObject({ type: z.literal('delete'), network: label, key: word }),
  z.strictObject({ type: z.literal('get'), network: label, key: word }),
  z.strictObject({ type: z.literal('leave') }),
])

const scenarioOperation = z.discriminatedUnion('type', [
  ...operation.options,
  z.strictObject({ type: z.enum(['up', 'down']), peer: nodeId }),
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
  z.strictObject({ type: z.literal('crash'), ...instant }),
  z.strictObject({ type: z.literal('restart'), ...instant }),
])

const options = z.strictObject({
  gossipInterval: positive,
  gossipNodes: positive,
  retransmitMult: positive,
  bulkSyncInterval: positive,
  bulkSyncTimeout: positive,
  pushPullInterval: positive,
  reapInterval: positive,
  reapPeriod: positive,
})

const start = z.strictObject({ nodes: nodeIds.min(1), options, seed: z.int() })

const operations = ['join-network', 'leave-network', 'create', 'update', 'delete', 'get', 'leave'] as const
const hello = helloOf('networkdb', operations, { restart: z.boolean(), encode: z.boolean() })

/** Names of the parts in the JSON Schemas. */
export const definitions = z.registry<{ id: string }>()
const parts = {
  NodeId: nodeId,
  Peer: peer,
  Attachment: attachment,
  AttachmentChange: attachmentChange,
  Entry: entry,
  EntryChange: entryChange,
  NodeEvent: nodeEvent,
  NetworkEvent: networkEvent,
  TableEvent: tableEvent,
  Message: message,
  NodeState: nodeState,
  OutgoingMessage: outgoingMessage,
  Output: output,
  Answer: answer,
  InitialAnswer: initialAnswer,
  Inspection: inspection,
  Operation: operation,
  Input: input,
  NetworkDbOptions: options,
  Start: start,
  Hello: hello,
}
for (const [id, schema] of Object.entries(parts)) definitions.add(schema, { id })

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

same<Same<z.output<typeof answer>, networkdb.Answer>>()
same<Same<z.output<typeof output>, networkdb.Output>>()
same<Same<z.output<typeof message>, networkdb.Message>>()
same<Same<z.output<typeof inspection>, networkdb.Inspection>>()
same<Same<z.output<typeof scenarioOperation>, networkdb.ScenarioOperation>>()
same<Same<z.output<typeof start>, Start>>()
same<Same<z.output<typeof hello>, Hello>>()
same<Same<WithoutDelivery<z.output<typeof input>>, WithoutDelivery<networkdb.Input>>>()
