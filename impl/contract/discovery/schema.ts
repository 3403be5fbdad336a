/** Lines of service discovery as schemas; the assertions at the end keep them equal to the vocabulary. */
import { z } from 'zod'
import type * as discovery from '../../../models/discovery/vocabulary.ts'
import type { Hello, Start } from '../discovery.ts'
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

/** What stands in the text form as one word. */
const label = word.regex(/^[\w.:-]+$/)
const labels = z.array(label).max(limits.claims)
const octet = String.raw`(?:25[0-5]|2[0-4]\d|1?\d?\d)`
const address = word.regex(new RegExp(String.raw`^${octet}(?:\.${octet}){3}$`))
const address6 = word.regex(/^(?:[0-9a-f:]{2,39})?$/)
const domain = z.string().min(1).max(253)
const qtype = z.enum(['A', 'AAAA', 'PTR', 'MX', 'SRV', 'TXT'])

const service = z.strictObject({ name: label, aliases: labels, vip: z.union([address, z.literal('')]) }).nullable()

const endpointSetting = {
  endpoint: label,
  sandbox: label,
  network: label,
  name: label,
  aliases: labels,
  address,
  address6,
  service,
  checked: z.boolean(),
}

const record = z.strictObject({
  network: label,
  endpoint: label,
  owner: nodeId,
  name: label,
  aliases: labels,
  address,
  address6,
  service,
  disabled: z.boolean(),
})
const recordChange = z.discriminatedUnion('status', [
  z.strictObject({ ...record.shape, status: z.literal('held') }),
  z.strictObject({ status: z.literal('forgotten'), network: label, endpoint: label }),
])

const question = {
  name: domain,
  qtype,
  transport: z.enum(['udp', 'tcp']),
  size: z.int().min(0).max(65_535),
}
const bytes = z
  .string()
  .max(limits.value)
  .regex(/^(?:[0-9a-f]{2})*$/)

const operation = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('attach'), ...endpointSetting }),
  z.strictObject({ type: z.enum(['healthy', 'unhealthy', 'drain', 'detach']), endpoint: label }),
  z.strictObject({ type: z.literal('query'), sandbox: label, ...question }),
  z.strictObject({ type: z.literal('garbled'), sandbox: label, bytes }),
])

const scenarioOperation = z.discriminatedUnion('type', [
  ...operation.options,
  z.strictObject({ type: z.enum(['up', 'down']), peer: nodeId }),
  z.strictObject({ type: z.literal('replicas'), count: z.int().min(1).max(200), of: z.strictObject(endpointSetting) }),
  z.strictObject({ type: z.literal('queries'), sandbox: label, times: z.int().min(1).max(1_000), ...question }),
])

const answerRecord = z.strictObject({ name: value, type: word, ttl: natural, data: value })
const answerRecords = z.array(answerRecord).max(limits.records)

const reply = z.strictObject({
  name: value,
  qtype: word,
  rcode: natural,
  authoritative: z.boolean(),
  recursionAvailable: z.boolean(),
  truncated: z.boolean(),
  size: natural,
  answers: answerRecords,
})

const message = z.strictObject({ kind: z.enum(['gossip', 'sync']), body: z.string().max(limits.line) })

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
    type: z.literal('forward'),
    id: positive,
    operation: natural,
    server: word,
    name: value,
    qtype,
  }),
  z.strictObject({ type: z.literal('result'), operation: natural, status, reason: word, reply: reply.nullable() }),
])

const nodeState = z.strictObject({ life: label })

const answer = z.strictObject({
  now: natural,
  wake: natural.nullable().default(null),
  outputs: z.array(output).max(limits.outputs).default([]),
  state: nodeState.partial().nullable().default(null),
  records: z.array(recordChange).max(limits.records).nullable().default(null),
  received: message.optional(),
  error: stepError.optional(),
})

/** The answer to a start shows everything. */
const initialAnswer = z.strictObject({
  ...answer.shape,
  state: nodeState,
  records: z.array(recordChange).max(limits.records),
})

const inspection = z.strictObject({ state: nodeState, records: z.array(record).max(limits.records) })

const input = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('deliver'), ...instant, message: positive }),
  z.strictObject({ type: z.literal('advance'), ...instant, until: natural }),
  z.strictObject({ type: z.literal('operation'), ...instant, id: natural, operation }),
  z.strictObject({
    type: z.literal('upstream'),
    ...instant,
    forward: positive,
    reply: z.strictObject({ rcode: natural, answers: answerRecords }),
  }),
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

const network = z.strictObject({
  name: label,
  kind: z.enum(['overlay', 'ingress', 'local']),
  internal: z.boolean(),
})

const options = z.strictObject({
  networks: z.array(network).min(1).max(limits.claims),
  upstreams: z.array(z.strictObject({ address, host: z.boolean() })).max(limits.claims),
  ndots: z.boolean(),
  gossipInterval: positive,
  syncInterval: positive,
})

const start = z.strictObject({ nodes: nodeIds.min(1), options, seed: z.int() })

const operations = ['attach', 'healthy', 'unhealthy', 'drain', 'detach', 'query', 'garbled'] as const
const hello = helloOf('discovery', operations, { restart: z.boolean(), encode: z.boolean() })

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

same<Same<z.output<typeof answer>, discovery.Answer>>()
same<Same<z.output<typeof output>, discovery.Output>>()
same<Same<z.output<typeof message>, discovery.Message>>()
same<Same<z.output<typeof inspection>, discovery.Inspection>>()
same<Same<z.output<typeof scenarioOperation>, discovery.ScenarioOperation>>()
same<Same<z.output<typeof start>, Start>>()
same<Same<z.output<typeof hello>, Hello>>()
same<Same<WithoutDelivery<z.output<typeof input>>, WithoutDelivery<discovery.Input>>>()
