/** Judging again what was recorded: a judge sees exactly what a trace holds, so it must say the same again. */
import type { Violation } from '../properties/judge.ts'
import type { AnyTraceEvent } from './event.ts'
import type { Trace } from './format.ts'
import type { JudgeOf, Surface } from './surface.ts'

export interface Rejudged {
  readonly violation: Violation | null
  /** Index of the event that showed it, or of the last event. */
  readonly event: number
}

/** Slug of what a script expected and did not find: the script's own, no requirement of SPEC.md. */
export const expectationSlug = 'scenario/expectation'

/**
 * Feeds the events to a fresh judge, up to the first violation. An expectation of the script that was not met is taken
 * from the trace: what a script expects is seen only when it runs.
 *
 * @throws Error that names the event, if the judge cannot take it: such a trace was not written by a run.
 */
export function rejudge(trace: Pick<Trace, 'events' | 'violation'>, judge: JudgeOf<Surface>): Rejudged {
  for (const [index, event] of trace.events.entries()) {
    const violation = guarded(index, () => judgeEvent(event, judge))
    if (violation !== null) return { violation, event: index }
  }
  const unmet = trace.violation?.requirement === expectationSlug ? trace.violation : null
  return { violation: unmet, event: trace.events.length - 1 }
}

function judgeEvent(event: AnyTraceEvent, judge: JudgeOf<Surface>): Violation | null {
  switch (event.event) {
    case 'start':
      return judge.start(event.start, event.initial)
    case 'step':
      return judge.step(event.input, event.answer, event.now)
    case 'inspect':
      return judge.inspect(event.node, event.inspection)
    case 'phase':
      return judge.phase(event.phase, event.now)
    case 'finish':
      return judge.finish(event.now)
    case 'fault':
      return null
  }
}

function guarded(index: number, judge: () => Violation | null): Violation | null {
  try {
    return judge()
  } catch (error) {
    throw new Error(`event ${index + 1} of the trace cannot be judged: ${(error as Error).message}`, { cause: error })
  }
}
