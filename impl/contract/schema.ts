/**
 * Every line of the adapter protocol as a schema: one envelope, and in it the words of the surface of the run.
 * The published JSON Schemas are generated from these.
 */
import { z } from 'zod'
import { limits } from './limits.ts'
import * as raft from './raft/schema.ts'
import { ids, nodeId, positive, text } from './schema-parts.ts'
import * as swim from './swim/schema.ts'

export { schemas } from './raft/schema.ts'

const line = { seq: positive }
const runLine = { seq: positive, run: positive }

/** What a surface says in its own words. */
interface Parts {
  readonly start: z.ZodType
  readonly input: z.ZodType
  readonly message: z.ZodType
  readonly answer: z.ZodType
  readonly initialAnswer: z.ZodType
  readonly inspection: z.ZodType
  readonly outgoingMessage: z.ZodType
}

/** What the suite sends, and what the adapter answers, in runs of a surface. */
const linesOf = <Surface extends string, P extends Parts>(surface: Surface, parts: P) => ({
  request: z.discriminatedUnion('type', [
    z.strictObject({ ...line, type: z.literal('hello'), protocol: z.literal(1) }),
    z.strictObject({
      ...runLine,
      type: z.literal('start'),
      surface: z.literal(surface).optional(),
      start: parts.start as P['start'],
    }),
    z.strictObject({
      ...runLine,
      type: z.literal('steps'),
      inputs: z.array(parts.input as P['input']).max(limits.inputs),
      forget: ids.optional(),
    }),
    z.strictObject({ ...runLine, type: z.literal('inspect'), node: nodeId }),
    z.strictObject({
      ...runLine,
      type: z.literal('encode'),
      from: nodeId,
      to: nodeId,
      view: parts.message as P['message'],
    }),
    z.strictObject({ ...runLine, type: z.literal('end') }),
    z.strictObject({ ...line, type: z.literal('exit') }),
  ]),
  replies: {
    start: z.strictObject({
      ...runLine,
      answers: z.array(parts.initialAnswer as P['initialAnswer']).max(limits.nodes),
    }),
    steps: z.strictObject({ ...runLine, answers: z.array(parts.answer as P['answer']).max(limits.inputs) }),
    inspect: z.strictObject({ ...runLine, inspection: parts.inspection as P['inspection'] }),
    encode: z.strictObject({ ...runLine, message: parts.outgoingMessage as P['outgoingMessage'] }),
  },
})

/** Requests, and replies by the type of the request, of each surface. */
export const lines = { raft: linesOf('raft', raft.schemas), swim: linesOf('swim', swim.schemas) }

/** Names of the parts in the JSON Schemas of each surface. */
export const definitions = { raft: raft.definitions, swim: swim.definitions }

const hello = z.union([raft.schemas.hello, swim.schemas.hello])

/** Replies that are the same on all surfaces. */
export const commonReplies = {
  hello: z.strictObject({ ...line, hello: z.union([hello, z.array(hello).min(1).max(limits.claims)]) }),
  end: z.strictObject(runLine),
  exit: z.strictObject(line),
}

/** Instead of any of these: the whole request is refused. `run` as in the request. */
export const refusalSchema = z.strictObject({
  seq: positive,
  run: positive.optional(),
  error: z.strictObject({ kind: z.enum(['unsupported', 'definite', 'indefinite']), text }),
})

export type Request = z.infer<(typeof lines)['raft']['request']> | z.infer<(typeof lines)['swim']['request']>
export type RequestType = Request['type']
