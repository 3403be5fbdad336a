/** Where the scenarios of a suite come from: kept ones, paths through the models, and random schedules. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Hello } from '../../impl/contract/raft.ts'
import type { RaftScenario } from '../../models/raft/vocabulary.ts'
import { drawSchedule } from '../../traces/schedule.ts'
import { parseScenario } from '../../traces/text.ts'
import { packageRoot } from './package-files.ts'

/** A numbered series of scenarios. Numbers are stable, so that shards and seeds mean the same everywhere. */
export interface ScenarioSource {
  /** Short, for names and counts: `corpus`. */
  readonly name: string
  readonly count: number
  /** The scenario of that number, from 0. */
  scenario(number: number): RaftScenario
}

export interface SourceOptions {
  readonly hello: Hello
  /** Decides which schedules are drawn. */
  readonly seed: number
  /** Number of random schedules. */
  readonly budget: number
}

/** What runs, in this order. A new kind of scenario is one more line. */
const sources: readonly ((options: SourceOptions) => ScenarioSource)[] = [corpusSource, scheduleSource]

/** All scenarios of a suite, one source after the other. */
export function scenariosOf(options: SourceOptions): ScenarioSource {
  const all = sources.map((source) => source(options))
  return {
    name: all.map(({ name }) => name).join(', '),
    count: all.reduce((sum, { count }) => sum + count, 0),
    scenario(number) {
      let rest = number
      for (const source of all) {
        if (rest < source.count) return fitScenario(source.scenario(rest), options.hello)
        rest -= source.count
      }
      throw new RangeError(`there is no scenario ${number}`)
    },
  }
}

/** Scenarios that people wrote, or that once showed a mistake: `traces/corpus/*.scenario`. */
function corpusSource(): ScenarioSource {
  const scenarios = readCorpus()
  return { name: 'corpus', count: scenarios.length, scenario: (number) => scenarios[number]! }
}

/** Seeds of schedules are consecutive, so that runs with other seeds share none. */
const schedulesPerSeed = 1_000_000

function scheduleSource({ hello, seed, budget }: SourceOptions): ScenarioSource {
  const first = (seed - 1) * schedulesPerSeed + 1
  return { name: 'schedules', count: budget, scenario: (number) => drawSchedule(first + number, hello) }
}

/** The largest seed of a suite: seeds of its schedules are safe integers. */
export const maximalSeed = Math.floor(Number.MAX_SAFE_INTEGER / schedulesPerSeed)

let corpus: readonly RaftScenario[] | undefined

/** The scenarios of the corpus by name of file. */
export function readCorpus(): readonly RaftScenario[] {
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
 * The scenario as far as it fits an implementation: options that it does not claim are off. What a scenario expects is
 * left out, since it may be one of several things that are allowed; requirements are judged all the same.
 */
export function fitScenario(scenario: RaftScenario, { profiles }: Hello): RaftScenario {
  const { options } = scenario
  return {
    ...scenario,
    options: {
      ...options,
      preVote: options.preVote && profiles.includes('raft-pre-vote'),
      checkQuorum: options.checkQuorum && profiles.includes('raft-check-quorum'),
    },
    steps: scenario.steps.filter(({ step }) => step !== 'expect'),
  }
}
