/** What the events of a run show about the adapter that it went through. Each function returns what is wrong, or null. */
import { isDeepStrictEqual } from 'node:util'
import type { Entry, LogDelta, Position } from '../../models/raft/vocabulary.ts'
import type { NodeId } from '../../models/vocabulary.ts'
import type { TraceEvent } from '../../traces/event.ts'

type StepEvent = Extract<TraceEvent, { event: 'step' }>

export const stepsOf = (events: readonly TraceEvent[]): StepEvent[] => events.filter((event) => event.event === 'step')

/** As JSON carries it: without fields that are undefined. */
const plain = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T

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

/** Compares what receivers decoded with what senders showed; `shown` counts the deliveries where they did. */
export function receivedMismatch(events: readonly TraceEvent[]): { shown: number; mismatch: string | null } {
  let shown = 0
  for (const { input, answer } of stepsOf(events)) {
    if (input.type !== 'deliver' || answer.received === undefined) continue
    shown++
    if (isDeepStrictEqual(plain(answer.received), plain(input.message.view))) continue
    const mismatch = `${input.node} decoded message ${input.message.id} as ${cut(answer.received)}; it was sent as ${cut(input.message.view)}`
    return { shown, mismatch }
  }
  return { shown, mismatch: null }
}

/** Whether each operation ends at most once, at the node that was asked, and only after it was asked. */
export function resultMismatch(events: readonly TraceEvent[]): string | null {
  const asked = new Map<number, NodeId>()
  const ended = new Set<number>()
  for (const { input, answer } of stepsOf(events)) {
    if (input.type === 'operation') asked.set(input.id, input.node)
    for (const output of answer.outputs) {
      if (output.type !== 'result') continue
      const node = asked.get(output.operation)
      if (node === undefined) return `${input.node} ended operation ${output.operation}, which nobody asked for`
      if (node !== input.node) return `${input.node} ended operation ${output.operation}, which ${node} was asked for`
      if (ended.has(output.operation)) return `operation ${output.operation} ended twice`
      ended.add(output.operation)
    }
  }
  return null
}

/** The first step in which two runs of one scenario differ, where messages are named by the order of their sending. */
export function firstDifference(
  one: readonly TraceEvent[],
  other: readonly TraceEvent[],
  oneName: string,
  otherName: string,
): string | null {
  const [first, second] = [renumbered(one), renumbered(other)]
  const position = first.findIndex((step, index) => step !== second[index])
  if (position < 0 && first.length === second.length) return null
  const index = position < 0 ? first.length : position
  return `step ${index + 1} is ${cut(first[index])} ${oneName}, and ${cut(second[index])} ${otherName}`
}

function renumbered(events: readonly TraceEvent[]): string[] {
  const numbers = new Map<number, number>()
  const numberOf = (id: number): number => {
    if (!numbers.has(id)) numbers.set(id, numbers.size + 1)
    return numbers.get(id)!
  }
  return stepsOf(events).map(({ input, answer }) => {
    const told = input.type === 'deliver' ? { ...input, message: numberOf(input.message.id) } : input
    const outputs = answer.outputs.map((output) =>
      output.type === 'message' ? { ...output, id: numberOf(output.id) } : output,
    )
    return canonical({ input: told, answer: { ...answer, outputs } })
  })
}

/** JSON with sorted keys. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, field: unknown) =>
    typeof field === 'object' && field !== null && !Array.isArray(field)
      ? Object.fromEntries(Object.entries(field).sort(([a], [b]) => (a < b ? -1 : 1)))
      : field,
  )
}

function cut(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? 'missing')
  return text.length > 200 ? `${text.slice(0, 200)}…` : text
}
