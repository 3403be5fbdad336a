/**
 * `npm run mutate`: changes the reference in every small way that Stryker knows, one at a time, and counts how many of
 * the changes the suite finds. Survivors are explained in SURVIVORS.md.
 *
 * `-- --jobs N` processes at once; `--budget N` random schedules of each variant; `--file NAME` mutates one file only;
 * `--keep killed` and `--keep all` do not try again what became of the mutants of the last run, on lines that are the
 * same: to try a suite that has grown, and to go on after an interruption.
 */
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type Variant, variants } from '../../suites/surfaces/form.ts'
import { packageRoot } from '../../suites/package-files.ts'
import { type Instrumented, instrument, type Mutant } from './instrument.ts'
import { Lane, surveyOf } from './lane.ts'
import { explainedIn, line, type Outcome, placeOf, reportOn } from './report.ts'
import type { Exercised } from './suite.ts'
import type { Survey, Task } from './worker.ts'

const { values } = parseArgs({
  options: {
    jobs: { type: 'string', default: String(availableParallelism()) },
    budget: { type: 'string', default: '120' },
    file: { type: 'string', default: '' },
    keep: { type: 'string', default: 'none' },
  },
})
const results = 'swarmcheck-out'
mkdirSync(results, { recursive: true })
const target = mkdtempSync(join(tmpdir(), 'swarmcheck-mutants-'))
let interrupted = false
process.once('SIGINT', () => {
  interrupted = true
})
try {
  process.exitCode = await main(await instrument(target))
} finally {
  rmSync(target, { recursive: true, force: true })
}

async function main({ mutants, counting, plain }: Instrumented): Promise<number> {
  const started = performance.now()
  const elapsed = (): number => Math.round((performance.now() - started) / 1000)
  const budget = Number(values.budget)
  const survey = await surveyOf({ folder: counting, budget })
  console.log(`${mutants.length} mutants, ${survey.baselines.length} parts of the suite (${elapsed()} s to count)`)

  const chosen = mutants.filter(({ file }) => file.startsWith(values.file))
  const loaded = new Set(survey.loaded)
  const outcomes: Outcome[] = []
  const log = join(results, 'mutation.ndjson')
  const kept = outcomesBefore(log)
  writeFileSync(log, '')
  const note = (outcome: Outcome): void => {
    outcomes.push(outcome)
    appendFileSync(log, `${JSON.stringify(outcome)}\n`)
    if (outcomes.length % 50 !== 0) return
    const rate = outcomes.length / elapsed()
    const left = Math.round((chosen.length - outcomes.length) / rate)
    console.log(`${line('', outcomes)} (${elapsed()} s, ${rate.toFixed(1)} a second, ${left} s left)`)
  }

  const queue = [...chosen]
  const lane = async (): Promise<void> => {
    const shared = new Lane({ folder: plain, budget })
    for (let mutant = queue.shift(); mutant !== undefined && !interrupted; mutant = queue.shift()) {
      const before = kept.get(keyOf(mutant))
      if (before !== undefined) {
        note({ ...before, mutant })
        continue
      }
      const isLoaded = loaded.has(mutant.id)
      const task = taskOf(mutant.id, survey, isLoaded)
      if (task.trials.length === 0) {
        note({ mutant, fate: 'not reached', broken: '', by: '' })
        continue
      }
      const used = isLoaded ? new Lane({ folder: plain, budget, active: mutant.id }) : shared
      const { broken, by } = await used.attempt(task)
      if (used !== shared) used.end()
      if (!interrupted) note({ mutant, fate: broken === null ? 'survived' : 'killed', broken: broken ?? '', by })
    }
    shared.end()
  }
  await Promise.all(Array.from({ length: Number(values.jobs) }, lane))
  const { text, isEnough } = reportOn(outcomes, `${interrupted ? 'interrupted after ' : ''}${elapsed()} s`)
  writeFileSync(join(results, 'mutation.txt'), text)
  if (values.file === '' && !interrupted) for (const each of unexplained(outcomes)) console.log(each)
  console.log(`${text.slice(0, text.indexOf('\n\n'))}\nsurvivors: ${results}/mutation.txt; every outcome: ${log}`)
  if (interrupted) return 130
  return isEnough ? 0 : 1
}

/** Where SURVIVORS.md and the survivors differ: lines are held against each other, not single mutants. */
function unexplained(outcomes: readonly Outcome[]): string[] {
  const page = readFileSync(join(packageRoot, 'test', 'mutants', 'mutation', 'SURVIVORS.md'), 'utf8')
  const explained = explainedIn(page)
  const left = new Set(outcomes.filter(({ fate }) => fate !== 'killed').map(({ mutant }) => placeOf(mutant)))
  return [
    ...[...left].filter((place) => !explained.has(place)).map((place) => `survives without a reason: ${place}`),
    ...[...explained]
      .filter((place) => !left.has(place))
      .map((place) => `stands in SURVIVORS.md, and is found: ${place}`),
  ]
}

/** What is kept of the last run, by what makes a mutant the same. */
function outcomesBefore(log: string): Map<string, Outcome> {
  const lines = values.keep === 'none' || !existsSync(log) ? [] : readFileSync(log, 'utf8').split('\n').filter(Boolean)
  const outcomes = lines.map((each) => JSON.parse(each) as Outcome)
  const kept = outcomes.filter(({ fate }) => values.keep === 'all' || fate === 'killed')
  return new Map(kept.map((each) => [keyOf(each.mutant), each]))
}

function keyOf({ file, text, column, operator, original, replacement }: Mutant): string {
  return JSON.stringify([file, text, column, operator, original, replacement])
}

/** The parts of the suite that come past a mutant; all of them where it is decided when the code is loaded. */
function taskOf(mutant: string, { baselines }: Survey, isLoaded: boolean): Task {
  const isPast = baselines.map(({ hits }) => isLoaded || (hits[mutant] ?? 0) > 0)
  const besides = Object.fromEntries(variants.map((variant) => [variant, {}])) as Record<
    Variant,
    Record<string, number>
  >
  for (const [number, { variant, exercised }] of baselines.entries()) {
    if (!isPast[number]) add(besides[variant], exercised)
  }
  const trials = baselines.flatMap(({ hits, steps }, number) =>
    isPast[number] ? [{ number, hits: hits[mutant] ?? 0, steps }] : [],
  )
  return { mutant, trials, besides }
}

function add(sums: Record<string, number>, counts: Exercised): void {
  for (const [slug, count] of Object.entries(counts)) sums[slug] = (sums[slug] ?? 0) + count
}
