/** Parts of the lines that all surfaces have, as schemas. */
import { z } from 'zod'
import { limits } from './limits.ts'

/** A count, index, term, identifier or instant: an integer that a double holds exactly. */
export const natural = z.int().min(0)
export const positive = z.int().min(1)
export const word = z.string().max(limits.word)
export const text = z.string().max(limits.text)
export const value = z.string().max(limits.value)
export const nodeId = z
  .string()
  .max(limits.nodeId)
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/)
export const nodeIds = z.array(nodeId).max(limits.nodes)
export const ids = z.array(positive).max(limits.ids)

/** What every input has. */
export const instant = { node: nodeId, at: natural }

/** How an operation ended. */
export const status = z.enum(['ok', 'failed', 'unknown'])

/** What every answer may have. */
export const stepError = z.strictObject({ kind: z.enum(['unsupported', 'panic']), text })

export const helloOf = <
  Surface extends string,
  const Operations extends readonly string[],
  Capabilities extends z.core.$ZodShape,
>(
  surface: Surface,
  operations: Operations,
  capabilities: Capabilities,
) =>
  z.strictObject({
    protocol: z.literal(1),
    name: word.min(1),
    version: word,
    language: word,
    surfaces: z.array(z.literal(surface)).min(1).max(limits.claims),
    profiles: z.array(word).max(limits.claims),
    operations: z.array(z.enum(operations)).max(limits.claims),
    capabilities: z.strictObject(capabilities),
    deterministic: z.boolean(),
    assumptions: z.strictObject({
      fifo: z.boolean(),
      noDuplicates: z.boolean(),
      clockDrift: z.number().min(0).max(1),
    }),
  })

type Writable<T> = T extends object ? { -readonly [K in keyof T]: Writable<T[K]> } : T
/** Whether a schema and a type of the vocabulary are the same, but for `readonly`. */
export type Same<A, B> =
  (<T>() => T extends Writable<A> ? 1 : 2) extends <T>() => T extends Writable<B> ? 1 : 2 ? true : false
/** An error of compilation where they are not. */
export const same = <_Proof extends true>(): void => {}
/** An input as it travels names its message by id only. */
export type WithoutDelivery<T> = Exclude<T, { readonly type: 'deliver' }>
