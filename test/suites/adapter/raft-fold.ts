/** What the answers of Raft nodes add up to. */
import { isDeepStrictEqual } from 'node:util'
import type { Entry, LogDelta, Position } from '../../../models/raft/vocabulary.ts'
import type { NodeId } from '../../../models/vocabulary.ts'
import type { TraceEvent } from '../../../traces/event.ts'
import { cut, plain } from './observations.ts'

interface Folded {
  state: Record<string, unknown>
  base: Position
  entries: readonly Entry[]
}

function fold(folded: Folded, log: LogDelta | null): void {
  const { restore, truncate, append, compact } = log ?? {}
  if (restore !== undefined) {
    const { index, term, retain } = restore
    folded.base = { index, term }
    folded.entries = retain ? folded.entries.filter((entry) => entry.index > index) : []
  }
  if (truncate !== undefined) folded.entries = folded.entries.filter(({ index }) => index <= truncate)
  if (append !== undefined) folded.entries = [...folded.entries, ...append]
  if (compact !== undefined) {
    folded.base = compact
    folded.entries = folded.entries.filter(({ index }) => index > compact.index)
  }
}

const withoutConfiguration = ({ index, term, kind, digest }: Entry): object => ({ index, term, kind, digest })

/** Compares what the answers add up to with every inspection. */
export function foldMismatch(events: readonly TraceEvent[]): string | null {
  const folded = new Map<NodeId, Folded>()
  for (const event of events) {
    if (event.event === 'start') {
      for (const [index, node] of event.start.nodes.entries()) {
        const { state, log } = event.initial[index]!
        const own: Folded = { state: { ...state }, base: { index: 0, term: 0 }, entries: [] }
        fold(own, log)
        folded.set(node, own)
      }
    } else if (event.event === 'step') {
      const own = folded.get(event.input.node)!
      Object.assign(own.state, event.answer.state)
      fold(own, event.answer.log)
    } else if (event.event === 'inspect') {
      const { state, base, entries } = event.inspection
      const own = folded.get(event.node)!
      for (const [field, value] of Object.entries(state)) {
        if (isDeepStrictEqual(own.state[field], value)) continue
        const [told, shown] = [JSON.stringify(own.state[field]), JSON.stringify(value)]
        return `${event.node} shows ${field} ${shown}; its answers add up to ${told}`
      }
      const told = plain({ base: own.base, entries: own.entries.map(withoutConfiguration) })
      const shown = plain({ base, entries: entries.map(withoutConfiguration) })
      if (!isDeepStrictEqual(told, shown))
        return `${event.node} shows the log ${cut(shown)}; its answers add up to ${cut(told)}`
    }
  }
  return null
}
