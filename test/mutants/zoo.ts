/** Hunting a mutant: the suite's cases are run on it until one is violated, and that run is made small. */
import type { Violation } from '../../properties/judge.ts'
import type { RunResult } from '../../traces/run.ts'
import type { Scenario } from '../../traces/scenario.ts'
import { surfaceOfHello } from '../../traces/surfaces.ts'
import { shrinkFinding, type Counterexample } from '../suites/counterexample.ts'
import { defaultBudget, defaultSeed } from '../suites/suite.ts'
import { runAll } from '../suites/runs.ts'
import { casesOf, type Case } from '../suites/scenarios.ts'
import { loadSpec } from '../suites/spec.ts'
import type { Finding } from '../suites/tally.ts'
import { createRunner, runJudged, type Runner } from '../suites/target.ts'
import type { Mutant } from './mutant.ts'

/** What the judge looks at: single steps, all states together, what clients saw, what happens in the end. */
export const layers = ['step', 'state', 'history', 'liveness'] as const
export type Layer = (typeof layers)[number]

export interface Hunt {
  /** The first violation that the suite finds; null if it finds none. */
  readonly finding: Finding | null
  /** How many cases that took. */
  readonly cases: number
}

/** Steps of a run at most: a run of the reference has some ten thousand. */
const maxSteps = 300_000

/**
 * Runs what a default run of the suite has, up to the first violation. Scenarios come before paths through the model:
 * they can be made smaller.
 */
export async function hunt(mutant: Mutant, budget = defaultBudget): Promise<Hunt> {
  const runner = await createRunner({ kind: 'in-process', implementation: mutant.create() })
  const source = casesOf({ hello: runner.hello, seed: defaultSeed, budget })
  const all = Array.from({ length: source.count }, (_, number) => ({ number, work: source.at(number) }))
  const inOrder = [
    ...all.filter(({ work }) => work.kind === 'scenario'),
    ...all.filter(({ work }) => work.kind !== 'scenario'),
  ]
  for (const [index, { number, work }] of inOrder.entries()) {
    const finding =
      work.kind === 'scenario' ? await runOne(mutant, runner, number, work) : await walk(runner, number, work)
    if (finding !== null) return { finding, cases: index + 1 }
  }
  return { finding: null, cases: inOrder.length }
}

async function runOne(
  mutant: Mutant,
  runner: Runner,
  number: number,
  { scenario }: Extract<Case, { kind: 'scenario' }>,
): Promise<Finding | null> {
  const result = await runner.run(scenario, { maxSteps })
  const { events, violationEvent } = result
  const violation = brokenIn(result, mutant)
  return violation === null ? null : { number, scenario, violation, events, violationEvent, path: null }
}

/** What a run has broken; of advice, which ends no run, only that against which the mutant is made. */
function brokenIn(
  { violation, advice }: Pick<RunResult, 'violation' | 'advice'>,
  { breaks }: Mutant,
): Violation | null {
  return violation ?? advice.find(({ requirement }) => requirement === breaks) ?? null
}

const musts = new Set(
  loadSpec()
    .requirements.filter(({ level }) => level === 'MUST')
    .map(({ slug }) => slug),
)

async function walk(runner: Runner, number: number, work: Case): Promise<Finding | null> {
  const { findings } = await runAll(runner, { count: 1, at: () => work }, [0])
  const finding = [...findings.values()].find(({ violation }) => musts.has(violation.requirement))
  return finding === undefined ? null : { ...finding, number }
}

/** The finding made small. */
export async function shrink(mutant: Mutant, finding: Finding): Promise<Counterexample> {
  const runner = await createRunner({ kind: 'in-process', implementation: mutant.create() })
  return shrinkFinding(runner, finding, defaultSeed, { executions: 2000, stop: () => false })
}

/** The layers that, each alone, find something wrong in a run of this scenario. */
export function layersThatKill(mutant: Mutant, scenario: Scenario): Layer[] {
  return layers.filter((layer) => kills(mutant, scenario, layer))
}

function kills(mutant: Mutant, scenario: Scenario, layer: Layer): boolean {
  const implementation = mutant.create()
  if (scenario.surface !== surfaceOfHello(implementation.hello)) return false
  return brokenIn(runJudged(scenario, implementation, [layer], { record: false, maxSteps }), mutant) !== null
}
