/** Where the scenarios of a suite come from: kept ones, paths through the models, and random schedules. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type * as ipam from '../../impl/contract/ipam.ts'
import type * as networkdb from '../../impl/contract/networkdb.ts'
import type * as raft from '../../impl/contract/raft.ts'
import type * as swim from '../../impl/contract/swim.ts'
import { ipamPaths } from '../../models/ipam/paths.ts'
import type { RaftScenario } from '../../models/raft/vocabulary.ts'
import type { Scenario } from '../../traces/scenario.ts'
import {
  drawIpamSchedule,
  drawNetworkDbSchedule,
  drawSchedule,
  drawSwimSchedule,
  situationScenarios,
} from '../../traces/schedule.ts'
import type { AnyHello } from '../../traces/surface.ts'
import { scenarioOfIpamPath } from '../../traces/run/ipam/path.ts'
import { pathOptionsFor } from '../../traces/run/member-campaign.ts'
import { parseScenario } from '../../traces/text.ts'
import { packageRoot } from './package-files.ts'
import { surfaceOfHello } from './target.ts'

/** One piece of work of a suite. */
export type Case =
  | { readonly kind: 'scenario'; readonly name: string; readonly scenario: Scenario }
  /** All paths that cover the member model; one case, since each run learns from those before what to expect. */
  | { readonly kind: 'member paths'; readonly name: string; readonly preVote: boolean }
  | { readonly kind: 'swim paths'; readonly name: string }
  | { readonly kind: 'networkdb paths'; readonly name: string }

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

/** Paths through the member model, which drive one node and play its peers. */
function pathSource({ hello }: SourceOptions): CaseSource {
  const { encode } = hello.capabilities
  if (surfaceOfHello(hello) === 'ipam') {
    const paths = ipamPaths()
    return { count: paths.length, at: (number) => scenarioCase(scenarioOfIpamPath(paths[number]!)) }
  }
  if (surfaceOfHello(hello) === 'swim') {
    return { count: encode ? 1 : 0, at: () => ({ kind: 'swim paths', name: 'member paths' }) }
  }
  if (surfaceOfHello(hello) === 'networkdb') {
    return { count: encode ? 1 : 0, at: () => ({ kind: 'networkdb paths', name: 'member paths' }) }
  }
  const modes = encode ? pathOptionsFor(hello as raft.Hello).map(({ preVote }) => preVote) : []
  return {
    count: modes.length,
    at(number) {
      const preVote = modes[number]!
      return { kind: 'member paths', name: `member paths ${preVote ? 'with' : 'without'} pre-vote`, preVote }
    },
  }
}

/** Scenarios that people wrote, or that once showed a mistake: `traces/corpus/*.scenario`. */
function corpusSource({ hello }: SourceOptions): CaseSource {
  const scenarios = readCorpus().filter(
    (scenario) => scenario.surface === surfaceOfHello(hello) && fits(scenario, hello),
  )
  return { count: scenarios.length, at: (number) => scenarioCase(fitScenario(scenarios[number]!, hello)) }
}

/** Whether an implementation can be run in a scenario at all: several allocators need one that takes turns in leading. */
function fits({ surface, nodes }: Scenario, { profiles }: AnyHello): boolean {
  return surface !== 'ipam' || nodes.length === 1 || profiles.includes('ipam-swarm')
}

/** Rare situations that the system models lead to. */
function situationSource({ hello }: SourceOptions): CaseSource {
  if (surfaceOfHello(hello) !== 'raft') return { count: 0, at: noCase }
  const scenarios = situationScenarios((hello as raft.Hello).operations)
  return { count: scenarios.length, at: (number) => scenarioCase(fitScenario(scenarios[number]!(), hello)) }
}

function noCase(number: number): never {
  throw new RangeError(`there is no case ${number}`)
}

function scenarioCase(scenario: Scenario): Case {
  return { kind: 'scenario', name: scenario.name, scenario }
}

/** Seeds of schedules are consecutive, so that runs with other seeds share none. */
const schedulesPerSeed = 1_000_000

/** How schedules are drawn for an implementation of each surface. */
const drawers: Readonly<Record<Scenario['surface'], (hello: AnyHello) => (seed: number) => Scenario>> = {
  raft: (hello) => (seed) => drawSchedule(seed, hello as raft.Hello),
  swim: (hello) => (seed) => drawSwimSchedule(seed, hello as swim.Hello),
  networkdb: (hello) => (seed) => drawNetworkDbSchedule(seed, hello as networkdb.Hello),
  ipam: (hello) => (seed) => drawIpamSchedule(seed, hello as ipam.Hello),
}

function scheduleSource({ hello, seed, budget }: SourceOptions): CaseSource {
  const first = (seed - 1) * schedulesPerSeed + 1
  const draw = drawers[surfaceOfHello(hello)](hello)
  return { count: budget, at: (number) => scenarioCase(draw(first + number)) }
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
 * The scenario as far as it fits an implementation: options that it does not claim are off. What a scenario expects is
 * left out, since it may be one of several things that are allowed; requirements are judged all the same.
 */
export function fitScenario<S extends Scenario>(scenario: S, hello: AnyHello): S {
  const fitted = scenario.surface === 'raft' ? fitOptions(scenario, hello) : scenario
  return { ...fitted, steps: fitted.steps.filter(({ step }) => step !== 'expect') } as S
}

function fitOptions(scenario: RaftScenario, { profiles }: AnyHello): RaftScenario {
  const { options } = scenario
  return {
    ...scenario,
    options: {
      ...options,
      preVote: options.preVote && profiles.includes('raft-pre-vote'),
      checkQuorum: options.checkQuorum && profiles.includes('raft-check-quorum'),
    },
  }
}
