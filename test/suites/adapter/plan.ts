/** What the check of an adapter needs of a surface: how a run of it looks, and what its words say. */
import type { Connection } from '../../../impl/contract/connection.ts'
import { openSession, type StdioSession, type AdapterSurface } from '../../../impl/contract/stdio.ts'
import type { Words } from '../../../impl/contract/surface.ts'
import type { WordsOf } from '../../../impl/contract/surfaces.ts'
import type { Milliseconds, NodeId } from '../../../models/vocabulary.ts'
import type { Judge } from '../../../properties/judge.ts'
import type { AnyTraceEvent } from '../../../traces/event.ts'

/** `calm`: without faults; `busy`: everything that the hello claims, and the faults that it allows. */
export type Weather = 'calm' | 'busy'

export interface RunSettings {
  readonly weather: Weather
  readonly seed: number
  readonly batch: number
}

export interface Plan<W extends Words = Words> {
  readonly surface: AdapterSurface
  /** Nodes that have something to do from the start. */
  readonly nodes: readonly NodeId[]
  /** By then whoever is advanced has done something. */
  readonly longEnough: Milliseconds
  /** How the contract says that nodes can crash and start again. */
  readonly restarting: string
  /** One view of each kind that a node which knows nothing yet could be sent by itself. */
  readonly views: readonly W['message'][]
  canRestart(hello: W['hello']): boolean
  /** Starts a run of `nodes`, or of every node that the hello leaves room for. */
  open(connection: Connection, seed: number, all?: W['hello']): Promise<StdioSession<W>>
  /** Runs a scenario without judging it, and gives its events. */
  run(connection: Connection, hello: W['hello'], settings: RunSettings): Promise<readonly AnyTraceEvent[]>
  /** What is wrong with the answer to the start of every node, or null. */
  startMismatch(hello: W['hello'], initial: readonly W['answer'][]): string | null
  hasEffect(answer: W['answer']): boolean
  /** Messages that the first node to be advanced sends, which may be delivered more than once. */
  speak(session: StdioSession<W>): Promise<readonly W['outgoing'][]>
  /** What is wrong with what the answers add up to, or null. */
  foldMismatch(events: readonly AnyTraceEvent[]): string | null
  /** What is wrong with what is left to chance in runs that `open` starts, or null. */
  chanceMismatch(open: (seed: number) => Promise<StdioSession<W>>, deterministic: boolean): Promise<string | null>
}

/** Judges nothing. */
export const unjudged: Judge<unknown, unknown, unknown, unknown> = {
  start: () => null,
  step: () => null,
  inspect: () => null,
  phase: () => null,
  settled: () => false,
  finish: () => null,
  advice: () => [],
  exercised: () => new Map(),
  transitions: () => new Map(),
}

/** An adapter that has said hello, as an implementation of its surface. */
export const onConnection = <Surface extends AdapterSurface>(
  connection: Connection,
  surface: Surface,
  hello: WordsOf[Surface]['hello'],
) => ({
  hello,
  open: (start: WordsOf[Surface]['start']) => openSession(connection, surface, start),
  close: async () => {},
})

/** One input in a request of its own. */
export async function stepOf<W extends Words>(session: StdioSession<W>, input: W['input']): Promise<W['answer']> {
  const [answer] = await session.steps([input])
  return answer!
}

/** Time for a node to do something, from its start on. */
export const advanceOf = (node: NodeId, until: Milliseconds, at: Milliseconds = 0) =>
  ({ type: 'advance', node, at, until }) as const
