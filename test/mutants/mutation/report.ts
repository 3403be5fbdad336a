/** What became of the mutants. */
import type { Mutant } from './instrument.ts'

/** The share of mutants that the suite has to find. */
const goal = 0.8

export interface Outcome {
  readonly mutant: Mutant
  readonly fate: 'killed' | 'survived' | 'not reached'
  /** The requirement that was found broken, or what else gave the mutant away. */
  readonly broken: string
  /** The run that showed it. */
  readonly by: string
}

/** A line for each file, then a line for each mutant that was not killed. */
export function reportOn(
  outcomes: readonly Outcome[],
  duration: string,
): { readonly text: string; readonly isEnough: boolean } {
  const sorted = outcomes.toSorted(
    ({ mutant: left }, { mutant: right }) =>
      (left.file === right.file ? 0 : left.file < right.file ? -1 : 1) || Number(left.id) - Number(right.id),
  )
  const files = [...new Set(sorted.map(({ mutant }) => mutant.file))]
  const lines = files.map((file) =>
    line(
      file,
      sorted.filter(({ mutant }) => mutant.file === file),
    ),
  )
  lines.push(
    line('all', sorted),
    line(
      'without texts',
      sorted.filter(({ mutant }) => !isText(mutant)),
    ),
    duration,
  )
  const survivors = sorted.filter(({ fate }) => fate !== 'killed').map(describe)
  return { text: `${[...lines, '', ...survivors].join('\n')}\n`, isEnough: score(sorted) >= goal }
}

/** Words of the reference's own choice, by which it tells clients why. */
const reasons = new Set(
  [
    'already-leader change-in-progress lost-leadership no-change no-commit-in-term no-leader no-lease no-voters',
    'not-leader not-voter nothing-applied other-leader target-removed timed-out transfer-in-progress',
    'unreachable-quorum',
  ].flatMap((line) => line.split(' ').map((word) => `'${word}'`)),
)

/** A text that nothing depends on: a reason, or an error's, which has a space in it, as no word of the contract has. */
function isText({ operator, original }: Mutant): boolean {
  return operator === 'StringLiteral' && (original.includes(' ') || reasons.has(original))
}

const score = (outcomes: readonly Outcome[]): number =>
  outcomes.filter(({ fate }) => fate === 'killed').length / outcomes.length

/** How many of these were killed. */
export function line(name: string, outcomes: readonly Outcome[]): string {
  const count = (fate: Outcome['fate']): string => String(outcomes.filter((each) => each.fate === fate).length)
  const rate = (100 * score(outcomes)).toFixed(1)
  return [
    name.padEnd(18),
    `${String(outcomes.length).padStart(5)} mutants ${rate.padStart(6)} % killed:`,
    `${count('killed').padStart(5)} killed, ${count('survived')} survived, ${count('not reached')} not reached`,
  ].join(' ')
}

function describe({ mutant: { file, line, text, operator, original, replacement }, fate }: Outcome): string {
  const oneLine = (code: string): string => code.replaceAll(/\s+/g, ' ').slice(0, 100)
  const not = fate === 'not reached' ? ' (not reached)' : ''
  return `${file}:${line} ${oneLine(text)}\n  ${operator}${not}: ${oneLine(original)} => ${oneLine(replacement)}`
}

/** The line on which a mutant is, as SURVIVORS.md names it. */
export const placeOf = ({ file, text }: Pick<Mutant, 'file' | 'text'>): string => `${file}: ${text}`

/** The lines that SURVIVORS.md explains: a paragraph with the file, then a list of its lines. */
export function explainedIn(page: string): Set<string> {
  const places = new Set<string>()
  let file = ''
  for (const each of page.split('\n')) {
    file = /^`([a-z-]+\.ts)`$/.exec(each)?.[1] ?? file
    const text = /^- (`+) ?(.*?) ?\1$/.exec(each)?.[2]
    if (text !== undefined) places.add(placeOf({ file, text }))
  }
  return places
}
