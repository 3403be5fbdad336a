/** What the command has of the world around it; tests hand in their own. */
import type { ProgressStream } from '../../../traces/report.ts'

export interface Terminal {
  readonly out: ProgressStream
  readonly err: ProgressStream
  readonly env: Readonly<Record<string, string | undefined>>
  /** Aborted when the user interrupts. */
  readonly signal: AbortSignal
}

/** What was asked for cannot be done as it was asked: one clear line, exit 3. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** Whether text to this stream may be coloured. */
export function usesColors(stream: ProgressStream, env: Terminal['env']): boolean {
  if (env['NO_COLOR']) return false
  if (env['FORCE_COLOR']) return env['FORCE_COLOR'] !== '0'
  return stream.isTTY === true && env['TERM'] !== 'dumb'
}

export function widthOf(stream: ProgressStream): number {
  return Math.max(60, stream.columns ?? 120)
}

/** How the command ends. */
export const exits = { conformant: 0, notConformant: 1, inconclusive: 2, failed: 3, interrupted: 130 } as const
