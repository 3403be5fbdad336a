/** What a run gives back. */
import type { FaultKind } from '../../impl/sim/faults.ts'
import type { Milliseconds, NodeId, Step } from '../../models/vocabulary.ts'
import type { Violation } from '../../properties/judge.ts'
import type { EventOf } from '../event.ts'
import type { RaftSurface, Surface } from '../surface.ts'

export interface RunOptions {
  /** Keep the events of the run; without it they are only counted. Default true. */
  readonly record?: boolean
  /** Compare `inspect` with the folded deltas about every so many steps; more rarely the longer the run. Default 500. */
  readonly inspectEvery?: number
  /** Inputs of one batch at most; 1 for one at a time. Default 64, of a run in this process 1. */
  readonly batch?: number
  /** Steps of a run at most: an implementation that goes beyond is refused as flooding. Default 5,000,000. */
  readonly maxSteps?: number
}

/** Counts by name; names without any are left out. */
export type Counts = Readonly<Record<string, number>>

export interface RunResult<S extends Surface = RaftSurface> {
  /** The first violation that the judge saw, which ended the run; or null. */
  readonly violation: Violation | null
  /** Index of the event that showed the violation; -1 for none. */
  readonly violationEvent: number
  /** Index in `scenario.steps` of the step in which it happened: their number if at the very end; -1 for none. */
  readonly violationStep: number
  /** What a SHOULD advises against and was seen, the first of each requirement. */
  readonly advice: readonly Violation[]
  /** The recorded events; empty if the run was not recorded. */
  readonly events: readonly EventOf<S>[]
  /** Number of events, recorded or not. */
  readonly eventCount: number
  /** Inputs that were answered. */
  readonly steps: number
  /** Messages that were delivered. */
  readonly deliveries: number
  /** Simulated time. */
  readonly duration: Milliseconds
  /** Faults that had an effect, by kind. */
  readonly faults: Readonly<Partial<Record<FaultKind, number>>>
  /** Steps that could not be carried out (no leader, node down), by the name of the step. */
  readonly skipped: Counts
  /** Steps that lie outside of the implementation's assumptions and claims, and so were left out, by name. */
  readonly outside: Counts
  /** Whether the judge had seen all that liveness demands within the bound, in every `settle`. */
  readonly settled: boolean
  /** By how much the greatest commit index rose after the last `settle` began; 0 where nothing is committed. */
  readonly committedAfterHeal: number
  /** How often each requirement was put to the test, by slug. */
  readonly exercised: ReadonlyMap<string, number>
  /** Member model transitions that were observed, by name. */
  readonly transitions: ReadonlyMap<string, number>
  /** By situation of a `reach` step, in its words: how often it was reached; 0 for never. */
  readonly situations: ReadonlyMap<string, number>
  readonly coverage: {
    /** Deliveries by kind of message. */
    readonly deliveries: Counts
    /** Operations that were asked, by type. */
    readonly operations: Counts
    /** Results of operations, by status. */
    readonly results: Counts
  }
  /** Random and explicit faults of single messages that happened, as explicit steps: they can replace the random ones. */
  readonly effective: readonly Step<S['operation']>[]
  /** For each step of the scenario with target `leader`: the node that it meant; null elsewhere and if there was none. */
  readonly targets: readonly (NodeId | null)[]
}
