/** Where the scenarios of a suite come from: kept ones, paths through the models, and random schedules. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Scenario } from '../../traces/scenario.ts'
import type { AnyHello, SurfaceName } from '../../traces/surface.ts'
import { surfaceOfHello } from '../../traces/surfaces.ts'
import { parseScenario } from '../../traces/text.ts'
import { packageRoot } from './package-files.ts'
import type { SurfaceSuite } from './surfaces/form.ts'
import { suiteOf } from './surfaces.ts'

/** One piece of work of a suite. */
export type Case =
  | { readonly kind: 'scenario'; readonly name: string; readonly scenario: Scenario }
  /** Paths of a kind that cover the member machine; one case, since runs learn from those before what to expect. */
  | { readonly kind: 'paths'; readonly name: string }

/** A numbered series of cases. Numbers are stable, so that shards and seeds mean the same everywhere. */
export interface CaseSource {
  readonly count: number
  /** The case of that number, from 0. */
  at(number: number): Case
}

export interface SourceOptions {
  readonly hello: AnyHello
  /** Decides which schedules are drawn. */
  readonly seed: number
  /** Number of random schedules. */
  readonly budget: number
  /** Only cases of these kinds. Default all. */
  readonly kinds?: readonly CaseKind[] | undefined
}

/** What runs, in this order. A new kind of case is one more line. */
const sources = {
  paths: pathSource,
  corpus: corpusSource,
  situations: situationSource,
  schedules: scheduleSource,
} satisfies Record<string, (options: SourceOptions) => CaseSource>

/** `paths` through the member model, the kept `corpus`, the models' rare `situations`, random `schedules`. */
export type CaseKind = keyof typeof sources
export const caseKinds = Object.keys(sources) as CaseKind[]

/** All cases of a suite, one source after the other. */
export function casesOf(options: SourceOptions): CaseSource {
  const { kinds = caseKinds } = options
  const all = caseKinds.filter((kind) => kinds.includes(kind)).map((kind) => sources[kind](options))
  return {
    count: all.reduce((sum, { count }) => sum + count, 0),
    at(number) {
      let rest = number
      for (const source of all) {
        if (rest < source.count) return source.at(rest)
        rest -= source.count
      }
      throw new RangeError(`there is no case ${number}`)
    },
  }
}

function suiteFor(hello: AnyHello): SurfaceSuite<SurfaceName> {
  return suiteOf<SurfaceName>(surfaceOfHello(hello))
}

/** Paths through the member machine: as scenarios, or driving one node and playing the others. */
function pathSource({ hello }: SourceOptions): CaseSource {
  const { pathScenarios, paths } = suiteFor(hello)
  if (pathScenarios !== undefined) return sourceOf(pathScenarios(hello).map(scenarioCase))
  return sourceOf((paths?.cases(hello) ?? []).map((name): Case => ({ kind: 'paths', name })))
}

function sourceOf(cases: readonly Case[]): CaseSource {
  return { count: cases.length, at: (number) => cases[number]! }
}

/** Scenarios that people wrote, or that once showed a mistake: `traces/corpus/*.scenario`. */
function corpusSource({ hello }: SourceOptions): CaseSource {
  const scenarios = readCorpus().filter(({ surface }) => surface === surfaceOfHello(hello))
  return sourceOf(scenarios.flatMap((scenario) => fitScenario(scenario, hello) ?? []).map(scenarioCase))
}

/** Rare situations that the system models lead to. */
function situationSource({ hello }: SourceOptions): CaseSource {
  const situations = suiteFor(hello).situations?.(hello) ?? []
  const fitted = (number: number): Scenario => {
    const scenario = situations[number]!()
    return fitScenario(scenario, hello) ?? scenario
  }
  return { count: situations.length, at: (number) => scenarioCase(fitted(number)) }
}

function scenarioCase(scenario: Scenario): Case {
  return { kind: 'scenario', name: scenario.name, scenario }
}

/** Seeds of schedules are consecutive, so that runs with other seeds share none. */
const schedulesPerSeed = 1_000_000

function scheduleSource({ hello, seed, budget }: SourceOptions): CaseSource {
  const first = (seed - 1) * schedulesPerSeed + 1
  const suite = suiteFor(hello)
  return { count: budget, at: (number) => scenarioCase(suite.draw(first + number, hello)) }
}

/** The largest seed of a suite: seeds of its schedules are safe integers. */
export const maximalSeed = Math.floor(Number.MAX_SAFE_INTEGER / schedulesPerSeed)

let corpus: readonly Scenario[] | undefined

/** The scenarios of the corpus by name of file. */
export function readCorpus(): readonly Scenario[] {
  if (corpus !== undefined) return corpus
  const folder = join(packageRoot, 'traces', 'corpus')
  const files = existsSync(folder) ? readdirSync(folder).filter((file) => file.endsWith('.scenario')) : []
  corpus = files.toSorted().map((file) => {
    const scenario = parseScenario(readFileSync(join(folder, file), 'utf8'), file)
    return { ...scenario, name: scenario.name === '' ? file.replace(/\.scenario$/, '') : scenario.name }
  })
  return corpus
}

/**
 * The scenario as far as it fits an implementation: options that it does not claim are off; null if it cannot be run at
 * all. What a scenario expects is left out, since it may be one of several things that are allowed; requirements are
 * judged all the same.
 */
export function fitScenario(scenario: Scenario, hello: AnyHello): Scenario | null {
  const { fit } = suiteFor(hello)
  const fitted = fit === undefined ? scenario : fit(scenario, hello)
  if (fitted === null) return null
  return { ...fitted, steps: fitted.steps.filter(({ step }) => step !== 'expect') } as Scenario
}
