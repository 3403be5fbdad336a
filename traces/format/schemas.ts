/** The schemas of a surface's lines in a trace file, from those of its contract. */
import { z } from 'zod'
import { limits } from '../../impl/contract/limits.ts'
import { schemas } from '../../impl/contract/schema.ts'

const natural = z.int().min(0)
const word = z.string().max(limits.word)
const text = z.string().max(limits.text)
const node = schemas.inspection.shape.state.shape.vote.unwrap()

export const violationSchema = z.strictObject({ requirement: word, text, allowed: text, node: node.nullable() })

export interface TraceSchemas {
  /** The second line. */
  readonly scenario: z.ZodType
  /** Those behind it. */
  readonly line: z.ZodType
  readonly hello: z.ZodType
  /** Parts that the published schema names. */
  readonly parts: Readonly<Record<string, z.ZodType>>
}

/** The schemas of a contract, of which a surface without messages has some less. */
interface ContractSchemas {
  readonly hello: z.ZodType
  readonly start: z.ZodType
  readonly input: z.ZodDiscriminatedUnion
  readonly answer: z.ZodType
  readonly initialAnswer: z.ZodType
  readonly inspection: z.ZodType
  readonly outgoingMessage?: z.ZodType
}

export function traceSchemasOf(contract: ContractSchemas, scenario: z.ZodType): TraceSchemas {
  const input = inputOf(contract)
  return {
    scenario: z.strictObject({ scenario }),
    line: lineSchemaOf({ ...contract, input }),
    hello: contract.hello,
    parts: { ...contract, scenario, input },
  }
}

/** Inputs as on the wire, but a delivery holds its message: a trace stands alone. */
function inputOf({ input, outgoingMessage }: ContractSchemas): z.ZodType {
  if (outgoingMessage === undefined) return input
  const [, ...others] = input.options
  return z.discriminatedUnion('type', [
    z.strictObject({ type: z.literal('deliver'), node, at: natural, message: outgoingMessage }),
    ...(others as z.ZodObject[]),
  ])
}

/** The lines of a surface's events. */
const lineSchemaOf = (
  parts: Pick<ContractSchemas, 'start' | 'answer' | 'initialAnswer' | 'inspection'> & { input: z.ZodType },
) =>
  z.discriminatedUnion('event', [
    z.strictObject({
      event: z.literal('start'),
      start: parts.start,
      initial: z.array(parts.initialAnswer).max(limits.nodes),
    }),
    z.strictObject({ event: z.literal('step'), now: natural, input: parts.input, answer: parts.answer }),
    z.strictObject({ event: z.literal('fault'), now: natural, fault: word, text }),
    z.strictObject({ event: z.literal('phase'), now: natural, phase: z.enum(['disturb', 'heal', 'settle']) }),
    z.strictObject({ event: z.literal('inspect'), now: natural, node, inspection: parts.inspection }),
    z.strictObject({ event: z.literal('finish'), now: natural }),
    z.strictObject({ event: z.literal('end'), events: natural, violation: violationSchema.nullable() }),
  ])
