/**
 * Every line of the adapter protocol as a schema: one envelope, and in it the words of the surface of the run.
 * The published JSON Schemas are generated from these.
 */
import { z } from 'zod'
import { limits } from './limits.ts'
import { ids, nodeId, positive, text } from './schema-parts.ts'

export { schemas } from './raft/schema.ts'

/** What every line has, and every line of a run. */
export const line = { seq: positive }
export const runLine = { seq: positive, run: positive }

/** What a surface says in its own words. */
interface Parts {
  readonly start: z.ZodType
  readonly input: z.ZodType
  readonly answer: z.ZodType
  readonly initialAnswer: z.ZodType
  readonly inspection: z.ZodType
}

/** And where its nodes send messages. */
interface MessageParts extends Parts {
  readonly message: z.ZodType
  readonly outgoingMessage: z.ZodType
}

const linesOfAll = <Surface extends string, P extends Parts>(surface: Surface, parts: P) => ({
  hello: z.strictObject({ ...line, type: z.literal('hello'), protocol: z.literal(1) }),
  start: z.strictObject({
    ...runLine,
    type: z.literal('start'),
    surface: z.literal(surface).optional(),
    start: parts.start as P['start'],
  }),
  steps: z.strictObject({
    ...runLine,
    type: z.literal('steps'),
    inputs: z.array(parts.input as P['input']).max(limits.inputs),
  }),
  inspect: z.strictObject({ ...runLine, type: z.literal('inspect'), node: nodeId }),
  end: z.strictObject({ ...runLine, type: z.literal('end') }),
  exit: z.strictObject({ ...line, type: z.literal('exit') }),
  replies: {
    start: z.strictObject({
      ...runLine,
      answers: z.array(parts.initialAnswer as P['initialAnswer']).max(limits.nodes),
    }),
    steps: z.strictObject({ ...runLine, answers: z.array(parts.answer as P['answer']).max(limits.inputs) }),
    inspect: z.strictObject({ ...runLine, inspection: parts.inspection as P['inspection'] }),
  },
})

/** What the suite sends, and what the adapter answers, in runs of a surface. */
export const linesOf = <Surface extends string, P extends MessageParts>(surface: Surface, parts: P) => {
  const { hello, start, steps, inspect, end, exit, replies } = linesOfAll(surface, parts)
  const encode = z.strictObject({
    ...runLine,
    type: z.literal('encode'),
    from: nodeId,
    to: nodeId,
    view: parts.message as P['message'],
  })
  const stepsAndForget = z.strictObject({ ...steps.shape, forget: ids.optional() })
  return {
    request: z.discriminatedUnion('type', [hello, start, stepsAndForget, inspect, encode, end, exit]),
    replies: {
      ...replies,
      encode: z.strictObject({ ...runLine, message: parts.outgoingMessage as P['outgoingMessage'] }),
    },
  }
}

/** The same where nodes send no messages: there is nothing to encode, and nothing to forget. */
export const linesWithoutMessages = <Surface extends string, P extends Parts>(surface: Surface, parts: P) => {
  const { hello, start, steps, inspect, end, exit, replies } = linesOfAll(surface, parts)
  return { request: z.discriminatedUnion('type', [hello, start, steps, inspect, end, exit]), replies }
}

/** Instead of any reply: the whole request is refused. `run` as in the request. */
export const refusalSchema = z.strictObject({
  seq: positive,
  run: positive.optional(),
  error: z.strictObject({ kind: z.enum(['unsupported', 'definite', 'indefinite']), text }),
})
