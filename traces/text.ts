/**
 * The text form of a scenario: a line a step, for people to write, review and keep beside a bug report.
 *
 * ```
 * raft scenario v1
 * name a deposed leader comes back
 * nodes n1 n2 n3
 *
 * timeout n1            # n1 campaigns at once
 * run 100ms
 * partition n1 | n2 n3
 * propose n1 x=1
 * heal
 * expect one-leader
 * ```
 *
 * The first line says the surface: `raft scenario v1`, `swim scenario v1`, and so on.
 */
import type { RaftScenario } from '../models/raft/vocabulary.ts'
import { InputError, shorten } from './input-error.ts'
import type { Scenario } from './scenario.ts'
import { surfaceNames, tracesOf } from './surfaces.ts'
import type { SurfaceName } from './surface.ts'
import { Cursor, quote } from './text/cursor.ts'
import { printHeaders, ScenarioReader } from './text/form.ts'
import { printStepIn, stepUsagesIn } from './text/steps.ts'

/** The text form of a scenario, complete: it says the defaults too, so that it means the same in later versions. */
export function printScenario(scenario: Scenario): string {
  const { surface, name, steps } = scenario
  const { text } = tracesOf(surface)
  return [
    `${surface} scenario v1`,
    ...(name === '' ? [] : [`name ${printName(name)}`]),
    ...printHeaders(text, scenario),
    '',
    ...steps.map((step) => printStepIn(text.language, step)),
    '',
  ].join('\n')
}

function printName(name: string): string {
  return /^[\w.,:;()'-]+( [\w.,:;()'-]+)*$/.test(name) ? name : quote(name)
}

const mostText = 16_777_216

/**
 * Reads the text form. `file` is the name that errors give.
 *
 * @throws InputError with the line and column of the first thing that is wrong, and what is allowed there.
 */
export function parseScenario(text: string, file = 'scenario'): Scenario {
  if (text.length > mostText) throw new InputError({ file, line: 0, column: 0 }, `larger than ${mostText} characters`)
  const all = text.replace(/^\ufeff/, '').split(/\r?\n/)
  let reader: ScenarioReader<Scenario, unknown> | null = null
  for (const [index, line] of all.entries()) {
    if (reader !== null) reader.line(line, index + 1)
    else {
      const cursor = new Cursor(line, file, index + 1, [], false)
      if (!cursor.done()) reader = new ScenarioReader(file, tracesOf(readFirst(cursor)).text)
    }
  }
  if (reader === null) {
    throw new InputError(
      { file, line: all.length, column: 0 },
      "the file is empty; it should begin with 'raft scenario v1'",
    )
  }
  return reader.finish(all.length)
}

/** As `parseScenario`, of Raft only. @throws InputError also if it is one of another surface */
export function parseRaftScenario(text: string, file = 'scenario'): RaftScenario {
  const scenario = parseScenario(text, file)
  if (scenario.surface === 'raft') return scenario
  throw new InputError({ file, line: 1, column: 1 }, `a scenario of ${scenario.surface}; one of raft was expected here`)
}

/** The first line: which surface is spoken of. */
function readFirst(cursor: Cursor): SurfaceName {
  const column = cursor.column()
  const word = cursor.word("'raft scenario v1'")
  const form = cursor.done() ? '' : cursor.word("'raft scenario v1'")
  const version = cursor.done() ? '' : cursor.word("'raft scenario v1'")
  const surface = surfaceNames.find((each) => each === word)
  if (surface === undefined || form !== 'scenario') {
    const allowed = surfaceNames.map((each) => `'${each} scenario v1'`).join(' or ')
    throw cursor.error(`not a scenario: the first line should be ${allowed}`, column)
  }
  if (version !== 'v1') {
    throw cursor.error(`unsupported version '${shorten(version)}'; this program reads v1`, column)
  }
  cursor.end()
  return surface
}

/** How every step of a surface is written, for a usage page. */
export function stepUsages(surface: SurfaceName): string[] {
  return stepUsagesIn(tracesOf(surface).text.language)
}
