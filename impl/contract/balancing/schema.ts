/** Lines of balancing as schemas; the assertions at the end keep them equal to the vocabulary. */
import { z } from 'zod'
import type * as balancing from '../../../models/balancing/vocabulary.ts'
import type { Hello, Start } from '../balancing.ts'
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
  word,
  type Same,
  type WithoutDelivery,
} from '../schema-parts.ts'

const label = word.regex(/^[^\s/]+$/)
const number = z.int().min(0).max(99_999)
const protocol = z.enum(['tcp', 'udp', 'sctp'])
const publishMode = z.enum(['ingress', 'host'])
const endpointMode = z.enum(['vip', 'dnsrr'])
const weight = z.literal([0, 1])
const scheme = z.enum(['', 'http', 'https'])

const port = z.strictObject({ protocol, target: number, published: number, mode: publishMode })
const ports = z.array(port).max(limits.claims)
const route = z.strictObject({
  kind: z.enum(['http', 'sni']),
  host: word,
  target: number,
  sticky: word,
  redirect: word,
})
const routes = z.array(route).max(limits.claims)
const spec = { service: label, mode: endpointMode, networks: z.array(label).max(limits.claims), ports, routes }

const service = z.strictObject({
  service: label,
  mode: endpointMode,
  attachments: z.array(z.strictObject({ network: label, vip: word })).max(limits.claims),
  ports,
  routes,
})
const backend = z.strictObject({ task: label, service: label, weight })
const told = <Content extends z.ZodType>(content: Content) =>
  z.array(z.strictObject({ name: label, version: positive, content: content.nullable() })).max(limits.records)

const message = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('update'),
    life: positive,
    since: natural,
    version: natural,
    services: told(service),
    backends: told(backend),
  }),
  z.strictObject({ kind: z.literal('ack'), life: positive, version: natural }),
  z.strictObject({ kind: z.literal('open'), connection: positive, task: label, source: word, scheme }),
  z.strictObject({ kind: z.literal('data'), connection: positive, task: label, request: positive }),
  z.strictObject({
    kind: z.literal('answer'),
    connection: positive,
    request: positive,
    status: z.enum(['ok', 'closed']),
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

const reason = z.enum([
  'invalid-argument',
  'already-exists',
  'not-found',
  'exhausted',
  'not-manager',
  'port-in-use',
  'refused',
  'no-route',
  'reset',
  'timeout',
  '',
])

const output = z.discriminatedUnion('type', [
  outgoingMessage,
  z.strictObject({ type: z.literal('arrival'), connection: positive, task: label, source: word, scheme }),
  z.strictObject({
    type: z.literal('result'),
    operation: natural,
    status,
    reason,
    task: word,
    node: word,
    code: z.int().min(0).max(999),
    location: word,
  }),
])

const state = z.strictObject({ life: positive, manager: z.boolean() })
const member = z.strictObject({ task: label, node: nodeId, weight })
const pool = z.strictObject({
  service: label,
  network: label,
  vip: word,
  members: z.array(member).max(limits.records),
})
const listener = z.strictObject({ protocol, port: number, mode: publishMode, service: label })
const serviceChanges = z.array(z.strictObject({ name: label, service: service.nullable() })).max(limits.records)
const listenerChanges = z.array(z.strictObject({ ...listener.shape, open: z.boolean() })).max(limits.records)

const answer = z.strictObject({
  now: natural,
  wake: natural.nullable().default(null),
  outputs: z.array(output).max(limits.outputs).default([]),
  state: state.partial().nullable().default(null),
  services: serviceChanges.nullable().default(null),
  pools: z.array(pool).max(limits.records).nullable().default(null),
  listeners: listenerChanges.nullable().default(null),
  received: message.optional(),
  error: stepError.optional(),
})

/** The answer to a start shows everything. */
const initialAnswer = z.strictObject({
  ...answer.shape,
  state,
  services: serviceChanges,
  pools: z.array(pool).max(limits.records),
  listeners: listenerChanges,
})

const inspection = z.strictObject({
  state,
  services: z.array(service).max(limits.records),
  pools: z.array(pool).max(limits.records),
  listeners: z.array(listener).max(limits.records),
})

const connection = label

const operation = z.discriminatedUnion('type', [
  z.strictObject({ type: z.enum(['create-service', 'update-service']), ...spec }),
  z.strictObject({ type: z.literal('remove-service'), service: label }),
  z.strictObject({ type: z.literal('start'), task: label, service: label }),
  z.strictObject({ type: z.enum(['enable', 'disable', 'stop']), task: label }),
  z.strictObject({ type: z.enum(['down', 'up']), peer: nodeId }),
  z.strictObject({ type: z.literal('connect'), connection, service: label, network: label }),
  z.strictObject({
    type: z.literal('dial'),
    connection,
    protocol,
    port: number,
    service: word,
    target: number,
    client: word,
  }),
  z.strictObject({
    type: z.literal('request'),
    connection,
    scheme: z.enum(['http', 'https']),
    host: word,
    cookie: word,
    client: word,
  }),
  z.strictObject({ type: z.literal('send'), connection }),
])

const input = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('deliver'), ...instant, message: positive }),
  z.strictObject({ type: z.literal('advance'), ...instant, until: natural }),
  z.strictObject({ type: z.literal('operation'), ...instant, id: natural, operation }),
  z.strictObject({ type: z.literal('crash'), ...instant }),
  z.strictObject({ type: z.literal('restart'), ...instant }),
])

const options = z.strictObject({
  networks: z
    .array(z.strictObject({ network: label, subnet: word.regex(/^\d{1,3}(\.\d{1,3}){3}\/(1[6-9]|2\d|30)$/) }))
    .max(limits.claims),
  retryInterval: positive,
  refreshInterval: positive,
  connectTimeout: positive,
})

const start = z.strictObject({ nodes: nodeIds.min(1), options, seed: z.int() })

const operations = [
  'create-service',
  'update-service',
  'remove-service',
  'start',
  'enable',
  'disable',
  'stop',
  'down',
  'up',
  'connect',
  'dial',
  'request',
  'send',
] as const
const hello = helloOf('balancing', operations, { restart: z.boolean(), encode: z.boolean() })

/** Parts of the lines, for whoever checks them one by one. */
export const schemas = {
  answer,
  initialAnswer,
  inspection,
  hello,
  message,
  outgoingMessage,
  output,
  operation,
  start,
  input,
}

same<Same<z.output<typeof answer>, balancing.Answer>>()
same<Same<z.output<typeof output>, balancing.Output>>()
same<Same<z.output<typeof message>, balancing.Message>>()
same<Same<z.output<typeof inspection>, balancing.Inspection>>()
same<Same<z.output<typeof operation>, balancing.Operation>>()
same<Same<z.output<typeof start>, Start>>()
same<Same<z.output<typeof hello>, Hello>>()
same<Same<WithoutDelivery<z.output<typeof input>>, WithoutDelivery<balancing.Input>>>()
