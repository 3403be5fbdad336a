/** What the events of a run show about the adapter that it went through. Each function returns what is wrong, or null. */
import { isDeepStrictEqual } from 'node:util'
import type { Words } from '../../../impl/contract/surface.ts'
import type { NodeId } from '../../../models/vocabulary.ts'
import type { AnyTraceEvent } from '../../../traces/event.ts'

/** A step on any surface, as far as an adapter is judged by it. */
interface SeenStep {
  readonly input: Words['input'] & {
    readonly id?: number
    readonly operation?: { readonly type: string }
    readonly message?: { readonly id: number; readonly view: object }
  }
  readonly answer: {
    readonly outputs: readonly { readonly type: string; readonly id?: number; readonly operation?: number }[]
    readonly received?: object | undefined
    readonly error?: { readonly kind: string; readonly text: string } | undefined
  }
}

export const stepsOf = (events: readonly AnyTraceEvent[]): SeenStep[] =>
  events.flatMap((event) => (event.event === 'step' ? [event as SeenStep] : []))

/** As JSON carries it: without fields that are undefined. */
export const plain = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T

/** Compares what receivers decoded with what senders showed; `shown` counts the deliveries where they did. */
export function receivedMismatch(events: readonly AnyTraceEvent[]): { shown: number; mismatch: string | null } {
  let shown = 0
  for (const { input, answer } of stepsOf(events)) {
    if (input.message === undefined || answer.received === undefined) continue
    shown++
    if (isDeepStrictEqual(plain(answer.received), plain(input.message.view))) continue
    const mismatch = `${input.node} decoded message ${input.message.id} as ${cut(answer.received)}; it was sent as ${cut(input.message.view)}`
    return { shown, mismatch }
  }
  return { shown, mismatch: null }
}

/** Whether each operation ends at most once, at the node that was asked, and only after it was asked. */
export function resultMismatch(events: readonly AnyTraceEvent[]): string | null {
  const asked = new Map<number, NodeId>()
  const ended = new Set<number>()
  for (const { input, answer } of stepsOf(events)) {
    if (input.id !== undefined) asked.set(input.id, input.node)
    for (const output of answer.outputs) {
      if (output.type !== 'result' || output.operation === undefined) continue
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
  one: readonly AnyTraceEvent[],
  other: readonly AnyTraceEvent[],
  oneName: string,
  otherName: string,
): string | null {
  const [first, second] = [renumbered(one), renumbered(other)]
  const position = first.findIndex((step, index) => step !== second[index])
  if (position < 0 && first.length === second.length) return null
  const index = position < 0 ? first.length : position
  return `step ${index + 1} is ${cut(first[index])} ${oneName}, and ${cut(second[index])} ${otherName}`
}

function renumbered(events: readonly AnyTraceEvent[]): string[] {
  const numbers = new Map<number, number>()
  const numberOf = (id: number): number => {
    if (!numbers.has(id)) numbers.set(id, numbers.size + 1)
    return numbers.get(id)!
  }
  return stepsOf(events).map(({ input, answer }) => {
    const told = input.message === undefined ? input : { ...input, message: numberOf(input.message.id) }
    const outputs = answer.outputs.map((output) =>
      output.type === 'message' ? { ...output, id: numberOf(output.id!) } : output,
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

export function cut(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? 'missing')
  return text.length > 200 ? `${text.slice(0, 200)}…` : text
}
