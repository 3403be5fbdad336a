/** What the check of an adapter needs of a surface: how a run of it looks, and what its words say. */
import type { Connection } from '../../../impl/contract/connection.ts'
import { openSession, type StdioSession, type AdapterSurface } from '../../../impl/contract/stdio.ts'
import type { RemoteImplementation, Words } from '../../../impl/contract/surface.ts'
import type { AdapterHello, WordsOf } from '../../../impl/contract/surfaces.ts'
import type { Milliseconds, NodeId } from '../../../models/vocabulary.ts'
import type { Judge } from '../../../properties/judge.ts'
import type { AnyTraceEvent } from '../../../traces/event.ts'
import { runScenarioRemote } from '../../../traces/run.ts'
import type { Scenario } from '../../../traces/scenario.ts'
import type { ScenarioOf } from '../../../traces/surface.ts'

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
  /** By then whoever is advanced has done something; null where nodes do nothing by themselves. */
  readonly longEnough: Milliseconds | null
  /** How the contract says that nodes can crash and start again. */
  readonly restarting: string
  /** One view of each kind that a node which knows nothing yet could be sent by itself. */
  readonly views: readonly W['message'][]
  canRestart(hello: W['hello']): boolean
  /** Starts a run of `nodes`, or of every node that the hello leaves room for. */
  open(connection: Connection, seed: number, all?: W['hello']): Promise<StdioSession<W>>
  scenario(hello: W['hello'], weather: Weather, seed: number): Scenario
  /** What is wrong with the answer to the start of every node, or null. */
  startMismatch(hello: W['hello'], initial: readonly W['answer'][]): string | null
  hasEffect(answer: W['answer']): boolean
  /** Messages that the first node to be advanced sends, which may be delivered more than once; if nodes send any. */
  speak?(session: StdioSession<W>): Promise<readonly W['outgoing'][]>
  /** What is wrong with what the answers add up to, or null. */
  foldMismatch(events: readonly AnyTraceEvent[]): string | null
  /** What is wrong with what is left to chance in runs that `open` starts, or null; if anything is left to chance. */
  chanceMismatch?(open: (seed: number) => Promise<StdioSession<W>>, deterministic: boolean): Promise<string | null>
}

/** Judges nothing. */
const unjudged: Judge<unknown, unknown, unknown, unknown> = {
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

/** Runs a scenario on an adapter that has said hello, without judging it, and gives its events. */
export async function observe(
  connection: Connection,
  surface: AdapterSurface,
  hello: AdapterHello,
  scenario: Scenario,
  batch: number,
): Promise<readonly AnyTraceEvent[]> {
  // The scenario, the hello and the session are of one surface, whichever it is.
  const implementation: RemoteImplementation<WordsOf[AdapterSurface]> = {
    hello,
    open: (start) => openSession(connection, surface, start),
    close: async () => {},
  }
  const ofSurface = scenario as ScenarioOf<AdapterSurface>
  return (await runScenarioRemote(ofSurface, implementation, unjudged, { batch, inspectEvery: 20 })).events
}

/** Gives the inputs of a run again, so many in each request, and gives the steps that come of it. */
export async function repeatInBatches(
  connection: Connection,
  surface: AdapterSurface,
  events: readonly AnyTraceEvent[],
  batch: number,
): Promise<readonly AnyTraceEvent[]> {
  const [first] = events
  if (first?.event !== 'start') return []
  const session: StdioSession<Words> = await openSession(connection, surface, first.start as Words['start'] as never)
  const steps = events.filter((event) => event.event === 'step')
  const again: AnyTraceEvent[] = []
  for (let place = 0; place < steps.length; place += batch) {
    const chunk = steps.slice(place, place + batch)
    const answers = await session.steps(chunk.map(({ input }) => input))
    chunk.forEach((step, index) => again.push({ ...step, answer: answers[index] } as AnyTraceEvent))
  }
  return again
}

/** One input in a request of its own. */
export async function stepOf<W extends Words>(session: StdioSession<W>, input: W['input']): Promise<W['answer']> {
  const [answer] = await session.steps([input])
  return answer!
}

/** Time for a node to do something, from its start on. */
export const advanceOf = (node: NodeId, until: Milliseconds, at: Milliseconds = 0) =>
  ({ type: 'advance', node, at, until }) as const
