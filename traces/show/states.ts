/** What each node looked like at an event: its state and log, folded from what its steps changed. */
import type { Entry, LogDelta, MemberState, Position } from '../../models/raft/vocabulary.ts'
import type { NodeId } from '../../models/vocabulary.ts'
import type { TraceEvent } from '../event.ts'

export interface NodeAt {
  readonly running: boolean
  readonly state: MemberState
  /** Position before the first entry. */
  readonly base: Position
  readonly entries: readonly Entry[]
}

/** Every node behind the event at `index`. */
export function statesAt(events: readonly TraceEvent[], index: number): ReadonlyMap<NodeId, NodeAt> {
  const nodes = new Map<NodeId, NodeAt>()
  for (const event of events.slice(0, index + 1)) {
    if (event.event === 'start') {
      for (const [position, node] of event.start.nodes.entries()) {
        const { state, log } = event.initial[position]!
        const blank = { running: true, state: state as MemberState, base: { index: 0, term: 0 }, entries: [] }
        nodes.set(node, { ...blank, ...foldLog(blank, log) })
      }
    } else if (event.event === 'step') {
      const { input, answer } = event
      const before = nodes.get(input.node)
      if (before === undefined) continue
      const down = input.type === 'crash' || answer.error?.kind === 'panic'
      const running = !down && (before.running || input.type === 'restart')
      nodes.set(input.node, { running, state: { ...before.state, ...answer.state }, ...foldLog(before, answer.log) })
    }
  }
  return nodes
}

function foldLog(
  { base, entries }: Pick<NodeAt, 'base' | 'entries'>,
  log: LogDelta | null,
): Pick<NodeAt, 'base' | 'entries'> {
  if (log === null) return { base, entries }
  const { restore, truncate, append, compact } = log
  let kept = entries
  let bottom = base
  if (restore !== undefined) {
    kept = restore.retain ? kept.filter((entry) => entry.index > restore.index) : []
    bottom = { index: restore.index, term: restore.term }
  }
  if (truncate !== undefined) kept = kept.filter((entry) => entry.index <= truncate)
  if (append !== undefined && append.length > 0) kept = [...kept, ...append]
  if (compact !== undefined) {
    kept = kept.filter((entry) => entry.index > compact.index)
    bottom = compact
  }
  return { base: bottom, entries: kept }
}
