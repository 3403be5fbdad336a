/** The surfaces that adapters can offer: their words, how their lines are read, and what their answers are checked for. */
import type { z } from 'zod'
import { RaftCheck } from './check/raft.ts'
import { SwimCheck } from './check/swim.ts'
import type { ContractCheck } from './check.ts'
import { acceptAnswers } from './fast-answer.ts'
import type { DiscoveryWords } from './discovery.ts'
import type { BalancingWords } from './balancing.ts'
import type { IpamWords } from './ipam.ts'
import type { NetworkDbWords } from './networkdb.ts'
import type { RaftWords } from './raft.ts'
import { lines } from './schema.ts'
import type { Words } from './surface.ts'
import type { SwimWords } from './swim.ts'

/** The words of each surface by its name. */
export interface WordsOf {
  readonly raft: RaftWords
  readonly swim: SwimWords
  readonly networkdb: NetworkDbWords
  readonly ipam: IpamWords
  readonly discovery: DiscoveryWords
  readonly balancing: BalancingWords
}

/** A surface that an adapter can offer. */
export type AdapterSurface = 'raft' | 'swim'

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
export type RunRequest<W extends Words> = { readonly seq: number; readonly run: number } & (
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

interface Dialect<W extends Words> {
  readonly request: Form<AnyRequest<W>>
  readonly replies: {
    readonly start: Form<{ readonly answers: readonly W['answer'][] }>
    readonly steps: Form<{ readonly answers: readonly W['answer'][] }>
    readonly inspect: Form<{ readonly inspection: W['inspection'] }>
    readonly encode: Form<{ readonly message: W['outgoing'] }>
  }
  /** The answers of a reply to `steps` whose form is right at first sight; null if the schema has to be asked. */
  readonly accept: (reply: Readonly<Record<string, unknown>>) => readonly W['answer'][] | null
  readonly createCheck: (start: W['start']) => ContractCheck<W>
}

export const dialects: { readonly [Surface in AdapterSurface]: Dialect<WordsOf[Surface]> } = {
  raft: { ...lines.raft, accept: acceptAnswers, createCheck: (start) => new RaftCheck(start) },
  swim: { ...lines.swim, accept: () => null, createCheck: (start) => new SwimCheck(start) },
}

export const adapterSurfaces = Object.keys(dialects) as readonly AdapterSurface[]
