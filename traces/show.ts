/** A counterexample, shown to a person: what was required, what happened instead, and how it came to that. */
import pc from 'picocolors'
import { match, P } from 'ts-pattern'
import type { Violation } from '../properties/judge.ts'
import type { AnyTraceEvent } from './event.ts'
import type { Trace } from './format.ts'
import { escapeControl, shorten } from './input-error.ts'
import { drawLanes } from './show/lanes.ts'
import { drawMermaid } from './show/mermaid.ts'
import { paragraph } from './show/paragraph.ts'
import { legendOf, tellStory, type Story } from './show/story.ts'
import type { Teller } from './show/teller.ts'
import { tracesOf } from './surfaces.ts'
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
  const { implementation } = trace.meta
  const story = storyOf(counterexample)
  const level = requirement === undefined ? '' : `  ${requirement.level}`
  return [
    `${colors.bold(colors.red(line(violation.requirement)))}${line(level)}`,
    ...(requirement === undefined
      ? []
      : [
          ...paragraph(line(requirement.sentence), width, '  '),
          ...paragraph(line(requirement.source), width, '  ').map(colors.dim),
        ]),
    ...(implementation === null
      ? []
      : [colors.dim(line(`  ${implementation.name} ${implementation.version} (${implementation.language})`))]),
    ...heading('What happened'),
    ...paragraph(`${placeOf(trace.events[event])} ${line(violation.text)}`, width, '    ', `  ${colors.red('✗')} `),
    ...(violation.allowed === ''
      ? []
      : paragraph(`allowed: ${line(violation.allowed)}`, width, '    ', `  ${colors.green('✓')} `)),
    ...(trace.events.length === 0
      ? []
      : [
          ...heading('How it came to that'),
          ...drawLanes(story, width, colors),
          ...paragraph(legendOf(story), width, '  ').map(colors.dim),
          ...heading('Events around it'),
          ...logLines(tellerOf(trace), trace.events, event, before, after, width).map((text) =>
            text.startsWith('✗') ? colors.red(text) : text,
          ),
          ...heading('Last states'),
          ...stateTable(trace, event).map((text) => `  ${text}`),
        ]),
    ...heading('The scenario'),
    ...printScenario(trace.scenario)
      .trimEnd()
      .split('\n')
      .map((text) => `  ${line(text)}`.trimEnd()),
    ...(replay === undefined ? [] : [...heading('Run it again'), `  ${line(replay)}`]),
    '',
  ].join('\n')
}

function tellerOf({ scenario }: Trace): Teller {
  return tracesOf(scenario.surface).teller
}

/** The story of the counterexample, which diagrams are drawn from. */
export function storyOf({ trace, violation, event }: Counterexample): Story {
  return tellStory(trace.events, event, violation, 40, tellerOf(trace))
}

/** The counterexample's diagram in Mermaid's language. */
export function showMermaid(counterexample: Counterexample): string {
  return drawMermaid(storyOf(counterexample))
}

/** The events around the violation, an aligned line each. */
export function showEvents({ trace, event }: Counterexample, before = 15, after = 3): string {
  return logLines(tellerOf(trace), trace.events, event, before, after).join('\n')
}

/** What each node was like at the violation, as a table. */
export function showStates({ trace, event }: Counterexample): string {
  return stateTable(trace, event).join('\n')
}

/** All events of a trace, one aligned line each; the one at `violation`, if any, is marked. */
export function showLog(trace: Trace, violation = -1): string[] {
  const { events } = trace
  return logLines(tellerOf(trace), events, violation, events.length, events.length)
}

function placeOf(event: AnyTraceEvent | undefined): string {
  return match(event)
    .with(undefined, () => 'before it could tell:')
    .with({ event: 'start' }, () => 'at the start:')
    .with({ event: 'step' }, ({ now, input }) => `at ${now} ms, ${input.node}:`)
    .with({ event: 'finish' }, () => 'at the end:')
    .with({ event: P.union('fault', 'phase', 'inspect') }, ({ now }) => `at ${now} ms:`)
    .exhaustive()
}

/** Columns: mark, time, node, what it was given, what it did; the last goes on below where `width` ends. */
function logLines(
  teller: Teller,
  events: readonly AnyTraceEvent[],
  violation: number,
  before: number,
  after: number,
  width = Infinity,
): string[] {
  const from = Math.max(0, violation - before)
  const shown = events.slice(from, Math.max(violation, 0) + after + 1)
  const cells = shown.map((event, position): string[] => [
    from + position === violation ? '✗' : ' ',
    event.event === 'start' ? '0' : String(event.now),
    ...eventCells(teller, event),
  ])
  const widths = [1, 2, 3].map((column) => Math.max(0, ...cells.map((row) => Math.min(48, row[column]!.length))))
  const lines = cells.flatMap(([mark, time, node, given, did]) => {
    const start = `${mark} ${time!.padStart(widths[0]!)}  ${node!.padEnd(widths[1]!)}  ${given!.padEnd(widths[2]!)}`
    if (did === '') return [start.trimEnd()]
    return paragraph(shorten(did!, 200), width, ' '.repeat(start.length + 2), `${start}  `)
  })
  return from === 0 ? lines : [`  … ${from} events before`, ...lines]
}

/** Node, what it was given, what it did. */
function eventCells(teller: Teller, event: AnyTraceEvent): [string, string, string] {
  return match<AnyTraceEvent, [string, string, string]>(event)
    .with({ event: 'start' }, ({ start }) => ['', `start of ${start.nodes.join(' ')}`, ''])
    .with({ event: 'step' }, ({ input, answer }) => [
      input.node,
      escapeControl(teller.describeInput(input)),
      teller.describeAnswer(answer).join('; '),
    ])
    .with({ event: 'fault' }, ({ fault, text }) => ['', escapeControl(`~ ${fault} ${text}`), ''])
    .with({ event: 'phase' }, ({ phase }) => ['', `— ${phase} —`, ''])
    .with({ event: 'inspect' }, ({ node }) => [node, 'inspected', ''])
    .with({ event: 'finish' }, () => ['', 'the end', ''])
    .exhaustive()
}

function stateTable(trace: Trace, index: number): string[] {
  const rows = tellerOf(trace).statesAt(trace.events, index)
  if (rows.length === 0) return []
  const table = rows.map((row) => row.map((cell) => shorten(escapeControl(cell), 48)))
  const widths = table[0]!.map((_, column) => Math.max(...table.map((row) => row[column]!.length)))
  return table.map((row) => `${row.map((cell, column) => cell.padEnd(widths[column]!)).join('  ')}`.trimEnd())
}
