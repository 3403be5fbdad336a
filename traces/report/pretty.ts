/** The report for a person at a terminal, and the progress that is shown while it comes about. */
import pc from 'picocolors'
import { match, P } from 'ts-pattern'
import { escapeControl, shorten } from '../input-error.ts'
import { drawLanes, type Colors } from '../show/lanes.ts'
import { paragraph } from '../show/paragraph.ts'
import { legendOf } from '../show/story.ts'
import {
  byProfile,
  conclusion,
  counted,
  exitCode,
  grouped,
  isUnclaimed,
  newFailures,
  rerunOf,
  runsOf,
  tally,
  undecided,
  unexpectedPasses,
  verdicts,
  type Counts,
  type Outcome,
  type Report,
  type ShownCounterexample,
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
export function prettyReport(report: Report, { colors = false, width = 120 }: PrettyOptions = {}): string {
  const page: Page = { colors: pc.createColors(colors), width }
  return [
    ...headLines(report, page),
    ...profileLines(report, page),
    '',
    ...coverageLines(report, page),
    ...report.outcomes.flatMap((outcome) => failureLines(outcome, page)),
    ...closingLines(report, page),
    '',
  ].join('\n')
}

interface Page {
  readonly colors: Colors
  readonly width: number
}

function headLines(report: Report, { colors, width }: Page): string[] {
  const { implementation, command, suite, seed, shard } = report
  const title = [
    `Swarmcheck ${report.swarmcheck}`,
    implementation === null
      ? shorten(command ?? 'no implementation', 60)
      : `${implementation.name} ${implementation.version}`,
    `suite ${suite}`,
    `seed ${seed}`,
    ...(shard === null ? [] : [`shard ${shard.index}/${shard.of}`]),
  ]
  return [
    ...paragraph(escapeControl(title.join(' · ')), width).map(colors.bold),
    ...paragraph(runsOf(report).join(', '), width).map(colors.dim),
  ]
}

/** A line a requirement; a line a profile where it is not claimed. */
function profileLines({ outcomes }: Report, page: Page): string[] {
  const { colors } = page
  const profiles = [...byProfile(outcomes)]
  const longest = Math.max(20, ...outcomes.map(({ requirement }) => requirement.length))
  const claimed = profiles.filter(([, members]) => !isUnclaimed(members))
  const folded = profiles.filter(([, members]) => isUnclaimed(members))
  const name = Math.max(0, ...folded.map(([profile]) => profile.length))
  return [
    ...claimed.flatMap(([profile, members]) => [
      '',
      colors.bold(escapeControl(profile)),
      ...members.flatMap((outcome) => outcomeLines(outcome, longest, page)),
    ]),
    ...(folded.length === 0 ? [] : ['', `${colors.bold('Not claimed')}${colors.dim(', and so not judged')}`]),
    ...folded.map(([profile, members]) =>
      colors.dim(
        `  ${signs.unsupported} ${escapeControl(profile).padEnd(name)}  ${counted(members.length, 'requirement')}`,
      ),
    ),
  ]
}

/** The remark stands behind the rest, or below where there is no room. */
function outcomeLines(outcome: Outcome, longest: number, { colors, width }: Page): string[] {
  const { verdict, requirement, level, exercised, known } = outcome
  const paint = match({ verdict, known: known !== null })
    .with({ verdict: 'pass' }, () => colors.green)
    .with({ known: true }, { verdict: 'inconclusive' }, () => colors.yellow)
    .with({ verdict: P.union('fail', 'error') }, () => colors.red)
    .with({ verdict: 'unsupported' }, () => colors.dim)
    .exhaustive()
  const times = (exercised > 0 ? `${grouped(exercised)}×` : '').padStart(11)
  const start = `  ${signs[verdict]} ${escapeControl(requirement).padEnd(longest)}  ${level.padEnd(6)}`
  const remark = escapeControl(remarkOf(outcome))
  const line = `${paint(start)} ${colors.dim(times)}`
  const room = width - start.length - times.length - 3
  if (remark.length <= room) return [`${line}${remark === '' ? '' : `  ${remark}`}`.trimEnd()]
  return [line.trimEnd(), ...paragraph(shorten(remark, 2 * width), width, '      ')]
}

function failureLines(outcome: Outcome, { colors, width }: Page): string[] {
  const { requirement, level, sentence, source, counterexample, known } = outcome
  if (outcome.verdict !== 'fail' || counterexample === null) return []
  const { text, allowed, story, states, scenario } = counterexample
  const part = (head: string, words: string): string[] => {
    return paragraph(escapeControl(words), width, ' '.repeat(12), colors.bold(`  ${head.padEnd(10)}`))
  }
  return [
    '',
    `${colors.bold(colors.red(`${signs.fail} ${escapeControl(requirement)}`))}  ${level}`,
    ...paragraph(escapeControl(sentence), width, '  '),
    ...paragraph(escapeControl(source), width, '  ').map(colors.dim),
    '',
    ...part('happened', text),
    ...part('allowed', allowed),
    ...(known === null ? [] : part('known', `${known.reason} ${known.link}`)),
    '',
    ...drawLanes(story, width - 2, colors).map((line) => `  ${line}`),
    ...paragraph(legendOf(story), width, '  ').map(colors.dim),
    '',
    ...block(states),
    '',
    ...scenarioLines(scenario).map(colors.dim),
    '',
    ...paragraph(escapeControl(searchOf(counterexample)), width, '  '),
    ...(outcome.replay === '' ? [] : [`  ${colors.bold('again')}  ${escapeControl(outcome.replay)}`]),
  ]
}

/** Lines of a scenario that a reader of a terminal wants to scroll past. */
const longScenario = 40

/** A scenario that is too long is in the file beside its trace. */
function scenarioLines(scenario: string): string[] {
  const lines = block(scenario)
  if (lines.length <= longScenario) return lines
  const kept = longScenario - 10
  return [...lines.slice(0, kept), `  … and ${lines.length - kept} more lines`]
}

/** How a counterexample was found. */
export function searchOf({ found, shrunk, reproduced }: ShownCounterexample): string {
  const ends = shrunk.complete ? '' : ' (not to the end)'
  const again = reproduced.tries > 1 ? `, fails in ${reproduced.failures} of ${reproduced.tries} tries` : ''
  return `found by "${found}", shrunk in ${counted(shrunk.executions, 'execution')}${ends}${again}`
}

/** What a reader whose terminal has scrolled to the end must see. */
function closingLines(report: Report, { colors, width }: Page): string[] {
  const { notes, errors } = report
  const paragraphs = (texts: readonly string[]): string[] =>
    texts.flatMap((text) => paragraph(escapeControl(text), width, '  '))
  const passes = unexpectedPasses(report)
  const failures = newFailures(report)
  const open = undecided(report)
  const code = exitCode(report)
  const rerun = rerunOf(report)
  return [
    ...(notes.length === 0 ? [] : ['', colors.bold('Notes'), ...paragraphs(notes)]),
    ...(errors.length === 0 ? [] : ['', colors.red('Errors'), ...errors.flatMap(block)]),
    ...(passes.length === 0 ? [] : ['', colors.yellow('Known failures that pass now')]),
    ...paragraphs(passes.map(({ requirement, known }) => `${requirement}: ${known!.reason} ${known!.link}`)),
    ...(failures.length === 0 ? [] : ['', colors.red('Failures')]),
    ...paragraphs(failures.map(({ requirement }) => `${signs.fail} ${requirement}`)),
    ...(open.length === 0 ? [] : ['', colors.yellow('Without a verdict')]),
    ...paragraphs(open.map((outcome) => `${outcome.requirement}: ${remarkOf(outcome)}`)),
    '',
    ...paragraph(tallyOf(report).join(', '), width),
    colors.bold((code === 0 ? colors.green : code === 2 ? colors.yellow : colors.red)(conclusion(report))),
    ...(rerun === null ? [] : [colors.dim(`again: ${escapeControl(rerun)}`)]),
  ]
}

/** How many requirements have each verdict, and how many are not claimed. */
export function tallyOf({ outcomes }: Report): string[] {
  const unclaimed = outcomes.filter((outcome) => isUnclaimed([outcome])).length
  const counts = tally(outcomes.filter((outcome) => !isUnclaimed([outcome])))
  return [
    ...verdicts.filter((verdict) => counts[verdict] > 0).map((verdict) => `${counts[verdict]} ${verdict}`),
    ...(unclaimed === 0 ? [] : [`${unclaimed} not claimed`]),
  ]
}

/** What became of a suite among others. */
export interface SuiteSummary {
  readonly suite: string
  /** As `exitCode` has it. */
  readonly code: number
  readonly text: string
}

const endings = [
  ['✓', 'conformant'],
  ['✗', 'not conformant'],
  ['?', 'inconclusive'],
  ['!', 'failed'],
] as const

/** A line a suite, and a last one. */
export function summaryOf(summaries: readonly SuiteSummary[]): string[] {
  const width = Math.max(...summaries.map(({ suite }) => suite.length))
  const others = summaries.filter(({ code }) => code !== 0)
  return [
    'Suites',
    ...summaries.map(
      ({ suite, code, text }) => `  ${endings[code]![0]} ${suite.padEnd(width)}  ${escapeControl(text)}`,
    ),
    '',
    others.length === 0
      ? 'all conformant'
      : others.map(({ suite, code }) => `${suite}: ${endings[code]![1]}`).join('; '),
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

/** One line of what was covered. */
export interface CoveragePart {
  readonly title: string
  /** What its figures mean. */
  readonly meaning: string
  readonly parts: readonly string[]
}

/** What was covered, for a reader; what there is nothing to say of is left out. */
export function coverageParts({ coverage, outcomes }: Report): CoveragePart[] {
  const names = Object.entries(coverage.transitions)
  const unseen = names.filter(([, count]) => count === 0).map(([name]) => name)
  const situations = Object.entries(coverage.situations)
  const missed = situations.filter(([, count]) => count === 0).map(([name]) => name)
  const tested = outcomes.filter(({ exercised }) => exercised > 0).length
  // Where no unseen one is listed, nobody said how many there are.
  const seen = unseen.length === 0 ? names.length : `${names.length - unseen.length} of ${names.length}`
  const counts = (record: Counts): string[] =>
    Object.entries(record)
      .filter(([, count]) => count > 0)
      .map(([name, count]) => `${name} ${grouped(count)}`)
  const all: CoveragePart[] = [
    { title: 'requirements', meaning: 'put to the test', parts: [`${tested} of ${outcomes.length} put to the test`] },
    {
      title: 'transitions',
      meaning: 'steps that the member model knows',
      parts: names.length === 0 ? [] : [`${seen} of the member model seen`],
    },
    { title: 'not seen', meaning: 'transitions that no member made', parts: unseen },
    {
      title: 'situations',
      meaning: 'rare ones that the models lead to',
      parts: situations.length === 0 ? [] : [`${situations.length - missed.length} of ${situations.length} reached`],
    },
    { title: 'not reached', meaning: 'situations that no run came to', parts: missed },
    { title: 'faults', meaning: 'that had an effect', parts: counts(coverage.faults) },
    { title: 'left out', meaning: 'outside of what the implementation offers', parts: counts(coverage.outside) },
    { title: 'skipped', meaning: 'steps that could not be carried out', parts: counts(coverage.skipped) },
    { title: 'deliveries', meaning: 'by kind of message', parts: counts(coverage.deliveries) },
    { title: 'operations', meaning: 'that clients asked for', parts: counts(coverage.operations) },
    { title: 'results', meaning: 'that clients got', parts: counts(coverage.results) },
    {
      title: 'searches',
      meaning: 'of system models',
      parts: coverage.searches.map(
        ({ name, states, exhausted }) => `${name}: ${exhausted ? 'exhausted' : 'bounded'} at ${grouped(states)} states`,
      ),
    },
  ]
  return all.filter(({ parts }) => parts.length > 0)
}

/** Whether the parts are too much like sentences to stand behind each other, separated by commas. */
export function areSentences(parts: readonly string[]): boolean {
  return parts.some((part) => part.includes(', '))
}

function coverageLines(report: Report, { colors, width }: Page): string[] {
  const indent = ' '.repeat(16)
  return [
    colors.bold('Coverage'),
    ...coverageParts(report).flatMap(({ title, parts }) => {
      const head = `  ${title.padEnd(14)}`
      const words = parts.map(escapeControl)
      if (areSentences(parts)) return words.map((part, index) => `${index === 0 ? head : indent}${part}`)
      // A name stays on one line with its figure.
      const text = words.map((part) => part.replaceAll(' ', '\u00a0')).join(', ')
      return paragraph(text, width, indent, head).map((line) => line.replaceAll('\u00a0', ' '))
    }),
  ]
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
