/** What a trace holds: the lines after its scenario. A judge that is fed these again must say the same again. */
import type { Milliseconds, NodeId } from '../models/vocabulary.ts'
import type { Phase } from '../properties/judge.ts'
import type { BalancingSurface, IpamSurface, NetworkDbSurface, RaftSurface, Surface, SwimSurface } from './surface.ts'

export type EventOf<S extends Surface> =
  | { readonly event: 'start'; readonly start: S['start']; readonly initial: readonly S['answer'][] }
  | { readonly event: 'step'; readonly now: Milliseconds; readonly input: S['input']; readonly answer: S['answer'] }
  /** What the harness did that no node saw: a message lost, a link cut. For readers; judges ignore it. */
  | { readonly event: 'fault'; readonly now: Milliseconds; readonly fault: string; readonly text: string }
  | { readonly event: 'phase'; readonly now: Milliseconds; readonly phase: Phase }
  | {
      readonly event: 'inspect'
      readonly now: Milliseconds
      readonly node: NodeId
      readonly inspection: S['inspection']
    }
  | { readonly event: 'finish'; readonly now: Milliseconds }

export type TraceEvent = EventOf<RaftSurface>
export type SwimTraceEvent = EventOf<SwimSurface>
export type IpamTraceEvent = EventOf<IpamSurface>
export type NetworkDbTraceEvent = EventOf<NetworkDbSurface>
export type BalancingTraceEvent = EventOf<BalancingSurface>

/** An event of whatever surface, as far as all have it in common. */
export type AnyTraceEvent = EventOf<Surface>
