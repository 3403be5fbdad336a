/** What it takes to speak of a surface over lines: how they are read, and what answers are checked for. */
import type { z } from 'zod'
import type { ContractCheck } from './check.ts'
import type { Words } from './surface.ts'

/** A schema, as far as reading needs it. */
export interface Form<Line> {
  safeParse(
    line: unknown,
  ): { readonly success: true; readonly data: Line } | { readonly success: false; readonly error: z.ZodError }
}

/** An input as it travels: a delivery names its message by id. */
export type WireInput<W extends Words> =
  | Exclude<W['input'], { readonly type: 'deliver' }>
  | { readonly type: 'deliver'; readonly node: string; readonly at: number; readonly message: number }

/** What the suite asks in a run. */
type RunRequest<W extends Words> = { readonly seq: number; readonly run: number } & (
  | { readonly type: 'start'; readonly start: W['start'] }
  | {
      readonly type: 'steps'
      readonly inputs: readonly WireInput<W>[]
      readonly forget?: readonly number[] | undefined
    }
  | { readonly type: 'inspect'; readonly node: string }
  | { readonly type: 'encode'; readonly from: string; readonly to: string; readonly view: W['message'] }
  | { readonly type: 'end' }
)

export type AnyRequest<W extends Words> =
  RunRequest<W> | { readonly seq: number; readonly type: 'hello' } | { readonly seq: number; readonly type: 'exit' }

/** A line that can be read, and published as a JSON Schema. */
type Line<Content> = Form<Content> & z.ZodType

export interface Dialect<W extends Words> {
  readonly request: Line<AnyRequest<W>>
  readonly replies: {
    readonly start: Line<{ readonly answers: readonly W['answer'][] }>
    readonly steps: Line<{ readonly answers: readonly W['answer'][] }>
    readonly inspect: Line<{ readonly inspection: W['inspection'] }>
    /** Only where nodes send messages. */
    readonly encode?: Line<{ readonly message: W['outgoing'] }>
  }
  readonly hello: z.ZodType<W['hello']>
  /** Names of the parts in the JSON Schemas. */
  readonly definitions: z.core.$ZodRegistry<{ id: string }>
  /** The answers of a reply to `steps` whose form is right at first sight; null if the schema has to be asked. */
  readonly accept?: (reply: Readonly<Record<string, unknown>>) => readonly W['answer'][] | null
  readonly createCheck: (start: W['start']) => ContractCheck<W>
}
