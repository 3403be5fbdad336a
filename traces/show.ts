/** A counterexample, shown to a person: what was required, what happened instead, and how it came to that. */
import pc from 'picocolors'
import type { Violation } from '../properties/judge.ts'
import type { TraceEvent } from './event.ts'
import type { Trace } from './format.ts'
import { escapeControl, shorten } from './input-error.ts'
import { describeAnswer, describeConfiguration, describeEntries, describeInput } from './show/describe.ts'
import { drawLanes } from './show/lanes.ts'
import { drawMermaid } from './show/mermaid.ts'
import { statesAt } from './show/states.ts'
import { tellStory } from './show/story.ts'
import { printScenario } from './text.ts'

/** A requirement in words, from SPEC.md. */
export interface RequirementText {
  readonly level: string
  readonly sentence: string
  readonly source: string
}

export interface Counterexample {
  readonly trace: Trace
  /** What is wrong, and the index of the event that showed it. */
  readonly violation: Violation
  readonly event: number
  readonly requirement?: RequirementText | undefined
  /** Command that runs it again. */
  readonly replay?: string | undefined
}

export interface ShowOptions {
  /** Whether the text goes to a terminal that shows colours. Default false. */
  readonly colors?: boolean
  /** Columns that may be used. Default 120. */
  readonly width?: number
  /** Events of the log before the violation. Default 15. */
  readonly before?: number
  /** Events of the log behind the violation. Default 3. */
  readonly after?: number
}

/** The counterexample as text for a terminal or a file. */
export function show(counterexample: Counterexample, options: ShowOptions = {}): string {
  const { trace, violation, event, requirement, replay } = counterexample
  const { colors: colored = false, width = 120, before = 15, after = 3 } = options
  const colors = pc.createColors(colored)
  const heading = (text: string): string[] => ['', colors.bold(text)]
  const line = escapeControl
  const implementation = trace.meta.implementation
  const story = tellStory(trace.events, event, violation)
  return [
    colors.bold(colors.red(line(violation.requirement))),
    ...(requirement === undefined
      ? []
      : [`${line(requirement.level)}  ${line(requirement.sentence)}  ${colors.dim(`[${line(requirement.source)}]`)}`]),
    ...(implementation === null
      ? []
      : [colors.dim(line(`${implementation.name} ${implementation.version} (${implementation.language})`))]),
    ...heading('What happened'),
    `  ${colors.red('✗')} ${placeOf(trace.events[event])} ${line(violation.text)}`,
    ...(violation.allowed === '' ? [] : [`  ${colors.green('✓')} allowed: ${line(violation.allowed)}`]),
    ...heading('How it came to that'),
    ...drawLanes(story, colors, width),
    ...heading('Events around it  (log positions are index@term)'),
    ...logLines(trace.events, event, before, after).map((text) => (text.startsWith('✗') ? colors.red(text) : text)),
    ...heading('Last states'),
    ...stateTable(trace.events, event).map((text) => `  ${text}`),
    ...heading('The scenario'),
    ...printScenario(trace.scenario)
      .trimEnd()
      .split('\n')
      .map((text) => `  ${line(text)}`.trimEnd()),
    ...(replay === undefined ? [] : [...heading('Run it again'), `  ${line(replay)}`]),
    '',
  ].join('\n')
}

/** The counterexample's diagram in Mermaid's language. */
export function showMermaid({ trace, violation, event }: Counterexample): string {
  return drawMermaid(tellStory(trace.events, event, violation))
}

/** The diagram in characters, without colours. */
export function showLanes({ trace, violation, event }: Counterexample, width = 120): string {
  return drawLanes(tellStory(trace.events, event, violation), pc.createColors(false), width).join('\n')
}

/** The events around the violation, an aligned line each. */
export function showEvents({ trace, event }: Counterexample, before = 15, after = 3): string {
  return logLines(trace.events, event, before, after).join('\n')
}

/** What each node was like at the violation, as a table. */
export function showStates({ trace, event }: Counterexample): string {
  return stateTable(trace.events, event).join('\n')
}

/** All events of a trace, one aligned line each; the one at `violation`, if any, is marked. */
export function showLog(events: readonly TraceEvent[], violation = -1): string[] {
  return logLines(events, violation, events.length, events.length)
}

function placeOf(event: TraceEvent | undefined): string {
  if (event === undefined || event.event === 'start') return 'at the start:'
  if (event.event === 'step') return `at ${event.now} ms, ${event.input.node}:`
  return event.event === 'finish' ? 'at the end:' : `at ${event.now} ms:`
}

/** Columns: mark, time, node, what it was given, what it did. */
function logLines(events: readonly TraceEvent[], violation: number, before: number, after: number): string[] {
  const from = Math.max(0, violation - before)
  const shown = events.slice(from, Math.max(violation, 0) + after + 1)
  const cells = shown.map((event, position): string[] => [
    from + position === violation ? '✗' : ' ',
    event.event === 'start' ? '0' : String(event.now),
    ...eventCells(event),
  ])
  const widths = [1, 2, 3].map((column) => Math.max(0, ...cells.map((row) => Math.min(48, row[column]!.length))))
  const lines = cells.map(([mark, time, node, given, did]) =>
    `${mark} ${time!.padStart(widths[0]!)}  ${node!.padEnd(widths[1]!)}  ${given!.padEnd(widths[2]!)}  ${shorten(did!, 200)}`.trimEnd(),
  )
  return from === 0 ? lines : [`  … ${from} events before`, ...lines]
}

/** Node, what it was given, what it did. */
function eventCells(event: TraceEvent): [string, string, string] {
  switch (event.event) {
    case 'start':
      return ['', `start of ${event.start.nodes.join(' ')}`, '']
    case 'step':
      return [event.input.node, escapeControl(describeInput(event.input)), describeAnswer(event.answer).join('; ')]
    case 'fault':
      return ['', escapeControl(`~ ${event.fault} ${event.text}`), '']
    case 'phase':
      return ['', `— ${event.phase} —`, '']
    case 'inspect':
      return [event.node, 'inspected', '']
    case 'finish':
      return ['', 'the end', '']
  }
}

function stateTable(events: readonly TraceEvent[], index: number): string[] {
  const head = ['node', 'role', 'term', 'vote', 'leader', 'commit', 'applied', 'members', 'log']
  const rows = [...statesAt(events, index)].map(([node, { running, state, base, entries }]) => [
    node,
    running ? state.role : 'down',
    String(state.term),
    state.vote ?? '-',
    state.leader ?? '-',
    String(state.commit),
    String(state.applied),
    describeConfiguration(state.configuration),
    `${base.index > 0 ? `(${base.index}@${base.term}) ` : ''}${describeEntries(entries)}` || '-',
  ])
  const table = [head, ...rows].map((row) => row.map((cell) => shorten(escapeControl(cell), 48)))
  const widths = head.map((_, column) => Math.max(...table.map((row) => row[column]!.length)))
  return table.map((row) => `${row.map((cell, column) => cell.padEnd(widths[column]!)).join('  ')}`.trimEnd())
}
