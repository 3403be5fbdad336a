/** Judging again what was recorded: a judge sees exactly what a trace holds, so it must say the same again. */
import type { Start } from '../impl/contract/raft.ts'
import type { Answer, Input, Inspection } from '../models/raft/vocabulary.ts'
import type { Judge, Violation } from '../properties/judge.ts'
import type { TraceEvent } from './event.ts'
import type { Trace } from './format.ts'

export type RaftJudge = Judge<Start, Input, Answer, Inspection>

export interface Rejudged {
  readonly violation: Violation | null
  /** Index of the event that showed it, or of the last event. */
  readonly event: number
}

/**
 * Feeds the events to a fresh judge, up to the first violation.
 *
 * @throws Error that names the event, if the judge cannot take it: such a trace was not written by a run.
 */
export function rejudge(trace: Pick<Trace, 'events'>, judge: RaftJudge): Rejudged {
  for (const [index, event] of trace.events.entries()) {
    const violation = guarded(index, () => judgeEvent(event, judge))
    if (violation !== null) return { violation, event: index }
  }
  return { violation: null, event: trace.events.length - 1 }
}

function judgeEvent(event: TraceEvent, judge: RaftJudge): Violation | null {
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
