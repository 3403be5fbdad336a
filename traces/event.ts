/** What a trace holds: the lines after its scenario. A judge that is fed these again must say the same again. */
import type { Answer, Input, Inspection } from '../models/raft/vocabulary.ts'
import type { Milliseconds, NodeId } from '../models/vocabulary.ts'
import type { Phase } from '../properties/judge.ts'
import type { Start } from '../impl/contract/raft.ts'

export type TraceEvent =
  | { readonly event: 'start'; readonly start: Start; readonly initial: readonly Answer[] }
  | { readonly event: 'step'; readonly now: Milliseconds; readonly input: Input; readonly answer: Answer }
  /** What the harness did that no node saw: a message lost, a link cut. For readers; judges ignore it. */
  | { readonly event: 'fault'; readonly now: Milliseconds; readonly fault: string; readonly text: string }
  | { readonly event: 'phase'; readonly now: Milliseconds; readonly phase: Phase }
  | { readonly event: 'inspect'; readonly now: Milliseconds; readonly node: NodeId; readonly inspection: Inspection }
  | { readonly event: 'finish'; readonly now: Milliseconds }
