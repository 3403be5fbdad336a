/** The real clock. */
import type { Milliseconds } from '../../models/vocabulary.ts'

/** Whole milliseconds since this process started; never goes back. */
export const monotonicNow = (): Milliseconds => Math.floor(performance.now())
