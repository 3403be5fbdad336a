/**
 * What every protocol's judge looks like to the run that feeds it. A judge sees exactly what a trace holds, so
 * judging a recorded trace again is judging it the first time.
 */
import type { NodeId } from '../models/vocabulary.ts'

/** A requirement that was seen broken. */
export interface Violation {
  /** Slug of SPEC.md. */
  readonly requirement: string
  /** What happened, with the values that show it. */
  readonly text: string
  /** What the model would have allowed instead. */
  readonly allowed: string
  readonly node: NodeId | null
}

/** Faults on; faults ended; liveness demanded. */
export type Phase = 'disturb' | 'heal' | 'settle'

/** The runner starts each run in `disturb`. Each method returns the first violation that its event shows, or null. */
export interface Judge<Start, Input, Answer, Inspection> {
  start(start: Start, initial: readonly Answer[]): Violation | null
  /** `now` is harness time; inputs carry local time. */
  step(input: Input, answer: Answer, now: number): Violation | null
  inspect(node: NodeId, inspection: Inspection): Violation | null
  phase(phase: Phase, now: number): Violation | null
  /** Whether the cluster, in `settle`, has shown all that liveness demands, so that the run may end early. */
  settled(): boolean
  /** Judges what only a finished run can show: histories, and liveness if `settle` was reached. */
  finish(now: number): Violation | null
  /** What a SHOULD advises against and was seen, the first of each requirement: it ends no run. */
  advice(): readonly Violation[]
  /** How often each requirement was put to the test so far, by slug; absent or 0 is inconclusive. */
  exercised(): ReadonlyMap<string, number>
  /** Member model transitions that were observed, by name. */
  transitions(): ReadonlyMap<string, number>
}
