/** Lines of the surface of address management as schemas; the assertions at the end keep them equal to the vocabulary. */
import { z } from 'zod'
import type * as ipam from '../../../models/ipam/vocabulary.ts'
import type { Hello, Start } from '../ipam.ts'
import { limits } from '../limits.ts'
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
  word,
  type Same,
} from '../schema-parts.ts'

const space = z.enum(['local', 'global'])
const name = word.min(1)
const text = word

/** A subnet of default pools must be one: nothing can be chosen from it otherwise. */
const subnet = word.regex(/^[0-9a-fA-F.:]+\/\d{1,3}$/)

const options = z.strictObject({
  defaults: z.array(z.strictObject({ space, block: subnet, size: z.int().min(0).max(128) })).max(limits.claims),
  reserved: z.array(subnet).max(limits.records),
})

const operation = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('request-pool'),
    pool: name,
    space,
    v6: z.boolean(),
    subnet: text,
    range: text,
    gateway: text,
    auxiliary: z.array(word).max(limits.records),
  }),
  z.strictObject({ type: z.literal('release-pool'), pool: name }),
  z.strictObject({
    type: z.literal('request-address'),
    pool: name,
    owner: word,
    address: text,
    serial: z.boolean(),
  }),
  z.strictObject({ type: z.literal('release-address'), pool: name, address: text, owner: word }),
])

const problem = z.enum([
  'subnet-invalid',
  'subnet-host-bits',
  'range-without-subnet',
  'range-invalid',
  'range-host-bits',
  'range-other-family',
  'range-outside-subnet',
  'range-larger-than-subnet',
  'gateway-invalid',
  'gateway-outside-subnet',
  'auxiliary-invalid',
  'auxiliary-outside-subnet',
])

const output = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('write'), id: positive }),
  z.strictObject({
    type: z.literal('result'),
    operation: natural,
    status,
    reason: z.enum(['invalid-parameter', 'forbidden', 'unavailable', 'not-found', 'not-leading', '']),
    problems: z.array(problem).max(limits.claims),
    subnet: text,
    address: text,
  }),
])

const poolRecord = { pool: name, space, subnet: word, range: text }

const change = z.discriminatedUnion('change', [
  z.strictObject({ change: z.literal('pool'), ...poolRecord }),
  z.strictObject({ change: z.literal('pool-released'), pool: name }),
  z.strictObject({ change: z.enum(['address', 'address-released']), pool: name, address: word }),
])

const state = z.strictObject({ leading: z.boolean() })

const answer = z.strictObject({
  now: natural,
  wake: natural.nullable().default(null),
  outputs: z.array(output).max(limits.outputs).default([]),
  state: state.partial().nullable().default(null),
  changes: z.array(change).max(limits.ids).nullable().default(null),
  error: stepError.optional(),
})

/** The answer to a start: the whole state. */
const initialAnswer = z.strictObject({ ...answer.shape, state })

const inspection = z.strictObject({
  state,
  pools: z.array(z.strictObject({ ...poolRecord, addresses: z.array(word).max(limits.ids) })).max(limits.entries),
})

const input = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('advance'), ...instant, until: natural }),
  z.strictObject({ type: z.literal('operation'), ...instant, id: natural, operation }),
  z.strictObject({ type: z.literal('written'), ...instant, writes: ids }),
  z.strictObject({ type: z.literal('lead'), ...instant, keep: ids }),
  z.strictObject({ type: z.literal('depose'), ...instant }),
  z.strictObject({ type: z.literal('crash'), ...instant }),
  z.strictObject({ type: z.literal('restart'), ...instant }),
])

const start = z.strictObject({ nodes: nodeIds.min(1), options, seed: z.int() })

const hello = helloOf('ipam', ['request-pool', 'release-pool', 'request-address', 'release-address'], {
  disk: z.boolean(),
  encode: z.boolean(),
})

/** Names of the parts in the JSON Schemas. */
export const definitions = z.registry<{ id: string }>()
const parts = {
  NodeId: nodeId,
  IpamOptions: options,
  Operation: operation,
  Problem: problem,
  Output: output,
  Change: change,
  Answer: answer,
  InitialAnswer: initialAnswer,
  Inspection: inspection,
  Input: input,
  Start: start,
  Hello: hello,
}
for (const [id, schema] of Object.entries(parts)) definitions.add(schema, { id })

/** Parts of the lines, for whoever checks them one by one. */
export const schemas = { answer, initialAnswer, inspection, hello, operation, start, input }

same<Same<z.output<typeof answer>, ipam.Answer>>()
same<Same<z.output<typeof output>, ipam.Output>>()
same<Same<z.output<typeof inspection>, ipam.Inspection>>()
same<Same<z.output<typeof operation>, ipam.Operation>>()
same<Same<z.output<typeof start>, Start>>()
same<Same<z.output<typeof hello>, Hello>>()
same<Same<z.output<typeof input>, ipam.Input>>()
