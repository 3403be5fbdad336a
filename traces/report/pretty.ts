/** The report for a person at a terminal, and the progress that is shown while it comes about. */
import pc from 'picocolors'
import { escapeControl, shorten } from '../input-error.ts'
import {
  byProfile,
  conclusion,
  exitCode,
  grouped,
  tally,
  unexpectedPasses,
  verdicts,
  type Counts,
  type Outcome,
  type Report,
  type Verdict,
} from './verdict.ts'

export interface PrettyOptions {
  /** Whether the text goes to a terminal that shows colours. Default false. */
  readonly colors?: boolean
  /** Columns that may be used. Default 120. */
  readonly width?: number
}

export const signs: Readonly<Record<Verdict, string>> = {
  pass: '✓',
  fail: '✗',
  inconclusive: '?',
  unsupported: '–',
  error: '!',
}

/** A verdict per requirement, coverage, every failure with the command that replays it, and a conclusion. */
export function prettyReport(report: Report, options: PrettyOptions = {}): string {
  const { colors: colored = false, width = 120 } = options
  const colors = pc.createColors(colored)
  const { implementation, runs } = report
  const line = escapeControl
  const paint = (verdict: Verdict, known: boolean): ((text: string) => string) => {
    if (known) return colors.yellow
    if (verdict === 'pass') return colors.green
    return verdict === 'unsupported' ? colors.dim : verdict === 'inconclusive' ? colors.yellow : colors.red
  }
  const lines: string[] = [
    colors.bold(
      line(
        [
          `Swarmcheck ${report.swarmcheck}`,
          implementation === null ? 'no implementation' : `${implementation.name} ${implementation.version}`,
          `suite ${report.suite}`,
          `seed ${report.seed}`,
          ...(report.shard === null ? [] : [`shard ${report.shard.index}/${report.shard.of}`]),
        ].join(' · '),
      ),
    ),
    colors.dim(
      `${grouped(runs.scenarios)} scenarios, ${grouped(runs.steps)} steps, ${grouped(runs.deliveries)} deliveries, ` +
        `${grouped(Math.round(runs.simulated / 1000))} simulated seconds`,
    ),
  ]
  const longest = Math.max(20, ...report.outcomes.map(({ requirement }) => requirement.length))
  for (const [profile, outcomes] of byProfile(report.outcomes)) {
    const claimed = outcomes.some((outcome) => outcome.claimed)
    lines.push('', `${colors.bold(line(profile))}${claimed ? '' : colors.dim('  not claimed')}`)
    for (const outcome of outcomes) {
      const known = outcome.known !== null
      const times = outcome.exercised > 0 ? `${grouped(outcome.exercised)}×` : ''
      const start = `  ${signs[outcome.verdict]} ${line(outcome.requirement).padEnd(longest)}  ${outcome.level.padEnd(6)}`
      const room = Math.max(20, width - start.length - 14)
      const remark = shorten(line(remarkOf(outcome)), room)
      lines.push(
        `${paint(outcome.verdict, known && outcome.verdict !== 'pass')(start)} ${colors.dim(times.padStart(11))}  ${remark}`.trimEnd(),
      )
    }
  }
  lines.push('', ...coverageLines(report, width).map((text) => line(text)))
  for (const outcome of report.outcomes) {
    if (outcome.verdict !== 'fail' || outcome.counterexample === null) continue
    const { counterexample } = outcome
    lines.push(
      '',
      colors.bold(colors.red(`✗ ${line(outcome.requirement)}`)),
      `  ${outcome.level}  ${line(outcome.sentence)}  ${colors.dim(`[${line(outcome.source)}]`)}`,
      `  ${line(counterexample.text)}`,
      ...(counterexample.allowed === '' ? [] : [`  allowed: ${line(counterexample.allowed)}`]),
      ...(outcome.known === null ? [] : [`  known: ${line(outcome.known.reason)} ${line(outcome.known.link)}`]),
      '',
      ...block(counterexample.lanes),
      '',
      ...block(counterexample.states),
      '',
      ...block(counterexample.scenario).map((text) => colors.dim(text)),
      ...reproduction(outcome).map((text) => line(text)),
    )
  }
  const passes = unexpectedPasses(report)
  if (passes.length > 0) {
    lines.push('', colors.yellow('Known failures that pass now:'))
    for (const { requirement, known } of passes)
      lines.push(`  ${line(requirement)}: ${line(known!.reason)} ${line(known!.link)}`)
  }
  if (report.notes.length > 0) lines.push('', ...report.notes.map((note) => `Note: ${line(note)}`))
  if (report.errors.length > 0) {
    lines.push('', colors.red('Errors:'), ...report.errors.flatMap((error) => block(error)))
  }
  const counts = tally(report.outcomes)
  const summary = verdicts.filter((verdict) => counts[verdict] > 0).map((verdict) => `${counts[verdict]} ${verdict}`)
  const code = exitCode(report)
  const final = code === 0 ? colors.green : code === 2 ? colors.yellow : colors.red
  lines.push('', `${summary.join(', ')}`, colors.bold(final(conclusion(report))), '')
  return lines.join('\n')
}

function reproduction({ counterexample, replay }: Outcome): string[] {
  if (counterexample === null) return []
  const { shrunk, reproduced, found } = counterexample
  const again = reproduced.tries > 1 ? `, fails in ${reproduced.failures} of ${reproduced.tries} tries` : ''
  return [
    '',
    `  found by ${found}, shrunk in ${grouped(shrunk.executions)} executions${shrunk.complete ? '' : ' (not to the end)'}${again}`,
    ...(replay === '' ? [] : [`  again: ${replay}`]),
  ]
}

/** Why an outcome is as it is, in a few words. */
export function remarkOf({ verdict, known, reason, counterexample, exercised }: Outcome): string {
  if (known !== null)
    return verdict === 'pass' ? `passes, but was known to fail: ${known.reason}` : `known: ${known.reason}`
  if (verdict === 'pass') return reason
  if (reason !== '') return reason
  if (counterexample !== null) return counterexample.text
  return verdict === 'inconclusive' && exercised === 0 ? 'never put to the test' : ''
}

/** What was covered, for a reader. */
export function coverageLines({ coverage, outcomes }: Report, width = 120): string[] {
  const names = Object.entries(coverage.transitions)
  const unseen = names.filter(([, count]) => count === 0).map(([name]) => name)
  const tested = outcomes.filter(({ exercised }) => exercised > 0).length
  const counts = (title: string, record: Counts): string[] => {
    const parts = Object.entries(record)
      .filter(([, count]) => count > 0)
      .map(([name, count]) => `${name} ${grouped(count)}`)
    return parts.length === 0 ? [] : wrap(`  ${title.padEnd(14)}`, parts, width)
  }
  return [
    'Coverage',
    `  ${'requirements'.padEnd(14)}${tested} of ${outcomes.length} put to the test`,
    ...(names.length === 0
      ? []
      : [`  ${'transitions'.padEnd(14)}${seenOf(names.length, unseen.length)} of the member model seen`]),
    ...(unseen.length === 0 ? [] : wrap(`  ${'not seen'.padEnd(14)}`, unseen, width)),
    ...counts('faults', coverage.faults),
    ...counts('left out', coverage.outside),
    ...counts('skipped', coverage.skipped),
    ...counts('deliveries', coverage.deliveries),
    ...counts('operations', coverage.operations),
    ...counts('results', coverage.results),
    ...coverage.searches.map(
      ({ name, states, exhausted }) =>
        `  ${'search'.padEnd(14)}${name}: ${exhausted ? 'exhausted' : 'bounded'} at ${grouped(states)} states`,
    ),
  ]
}

/** Where no unseen one is listed, nobody said how many there are. */
function seenOf(listed: number, unseen: number): string {
  return unseen === 0 ? grouped(listed) : `${grouped(listed - unseen)} of ${grouped(listed)}`
}

/** Parts joined by commas, in lines of at most `width` columns. */
function wrap(head: string, parts: readonly string[], width: number): string[] {
  const lines = [head]
  for (const [index, part] of parts.entries()) {
    const text = `${part}${index + 1 < parts.length ? ', ' : ''}`
    const last = lines.length - 1
    if (lines[last]!.length + text.trimEnd().length > width && lines[last]!.trim() !== '') {
      lines.push(' '.repeat(head.length) + text)
    } else lines[last] += text
  }
  return lines.map((text) => text.trimEnd())
}

function block(text: string): string[] {
  return text
    .trimEnd()
    .split('\n')
    .map((part) => `  ${escapeControl(part)}`.trimEnd())
}

/** Where progress is shown: standard error, as a rule. */
export interface ProgressStream {
  readonly isTTY?: boolean | undefined
  readonly columns?: number | undefined
  write(text: string): unknown
}

export interface Progress {
  /** Shows how far the work is: `done` of `total`, what it is at, and failures so far. */
  update(done: number, total: number, label: string, failures: number): void
  /** Removes the line, so that something else can be written. */
  clear(): void
}

/** One line that is drawn again and again on a terminal, and nothing at all in a pipe. */
export function createProgress(stream: ProgressStream): Progress {
  let shown = ''
  const draw = (text: string): void => {
    if (stream.isTTY !== true || text === shown) return
    stream.write(`\r\u001b[2K${text}`)
    shown = text
  }
  return {
    update(done, total, label, failures) {
      const part = total > 0 ? Math.min(1, done / total) : 0
      const filled = Math.round(part * 20)
      const bar = '█'.repeat(filled) + '░'.repeat(20 - filled)
      const failed = failures === 0 ? '' : `  ${failures} failed`
      const percent = String(Math.floor(part * 100)).padStart(3)
      draw(shorten(`${bar} ${percent} %${failed}  ${escapeControl(label)}`, Math.max(20, (stream.columns ?? 80) - 1)))
    },
    clear() {
      draw('')
    },
  }
}
