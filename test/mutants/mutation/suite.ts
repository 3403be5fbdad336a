/** What mutants have to survive: the cases of the suite, on both variants of the reference, and what each is told by. */
import { AdapterError } from '../../../impl/contract/adapter-error.ts'
import { acceptAnswer } from '../../../impl/contract/fast-answer.ts'
import type { Hello, Implementation } from '../../../impl/contract/raft.ts'
import { schemas } from '../../../impl/contract/schema.ts'
import { createReference } from '../../../impl/reference/raft/session.ts'
import type { MemberPath } from '../../../models/raft/paths.ts'
import type { RaftScenario } from '../../../models/raft/vocabulary.ts'
import { createRaftJudge } from '../../../properties/raft/judge.ts'
import { binding } from '../../../traces/report.ts'
import { runMemberPath } from '../../../traces/run/raft/member-path.ts'
import { runScenario, type RunResult } from '../../../traces/run.ts'
import { variants, type Variant } from '../../suites/surfaces/form.ts'
import { raftSuite } from '../../suites/surfaces/raft.ts'
import { claimProblems, outcomesOf } from '../../suites/outcomes.ts'
import { type Case, type CaseKind, casesOf, readCorpus } from '../../suites/scenarios.ts'
import { loadSpec, surfaceOf } from '../../suites/spec.ts'
import { createTally } from '../../suites/tally.ts'

/** How often each requirement was put to the test, by slug. */
export type Exercised = Readonly<Record<string, number>>

export interface ExecutionResult {
  /** The requirement that was found broken, or what else gives the implementation away; null if nothing. */
  readonly broken: string | null
  readonly steps: number
  readonly exercised: Exercised
}

/** A part of the suite: one scenario, or some of the member paths. */
export interface Execution {
  readonly name: string
  readonly variant: Variant
  /** `steps` is how long a scenario may get. */
  run(implementation: Implementation, steps: number): ExecutionResult
}

/** Parts into which member paths are divided, so that a mutant is tried on those only that come past it. */
const parts = 24

/** The form of answers is checked of each so many-th schedule, and of all that is shorter: that takes its time. */
const checkEvery = 10

/**
 * All parts of the suite, scenarios first, since they are quick. The variant whose configurations take effect when they
 * are applied differs in little from the other: it has a third of the schedules, and no member paths, in which the
 * configuration never changes.
 */
export function executionsOf(budget: number): Execution[] {
  return variants.flatMap((variant) => {
    // What is asked of a mutant is what it would be asked if it claimed what the reference claims.
    const { hello } = createReference({ configuration: variant })
    const drawn = variant === 'on-append' ? budget : Math.ceil(budget / 3)
    const cases = (kind: CaseKind): Case[] => {
      const source = casesOf({ hello, seed: 1, budget: drawn, kinds: [kind] })
      return Array.from({ length: source.count }, (_, number) => source.at(number))
    }
    const written = [...cases('corpus'), ...cases('situations')].map((work) => execution(variant, work, true))
    const expecting =
      variant === 'on-append'
        ? readCorpus()
            .filter((scenario) => scenario.surface === 'raft')
            .map(expectingCase)
        : []
    const expected = expecting.map((work) => execution(variant, work, false))
    const schedules = cases('schedules').map((work, number) => execution(variant, work, number % checkEvery === 0))
    const paths = variant === 'on-append' ? cases('paths').map((work) => execution(variant, work, false)) : []
    return [...written, ...expected, ...schedules, ...paths].flat()
  })
}

/** A scenario of the corpus with what it expects, which the suite leaves out where others may do otherwise. */
function expectingCase(scenario: RaftScenario): Case {
  const name = `${scenario.name}, as expected`
  return { kind: 'scenario', name, scenario }
}

/** What a case comes to. `isChecked`: answers must have the form that an adapter's must have. */
function execution(variant: Variant, work: Case, isChecked: boolean): Execution[] {
  if (work.kind === 'paths') {
    const { hello } = createReference({ configuration: variant })
    return Array.from({ length: parts }, (_, part) => ({
      name: `${work.name}, part ${part + 1} of ${parts}`,
      variant,
      run: (implementation) => judged(implementation, () => runPaths(implementation, partOf(hello, work.name, part))),
    }))
  }
  const { name, scenario } = work
  if (scenario.surface !== 'raft') throw new TypeError(`${name} is no scenario of raft`)
  return [
    {
      name,
      variant,
      run: (implementation, maxSteps) =>
        judged(implementation, () => {
          const { profiles, capabilities } = implementation.hello
          const judge = createRaftJudge(profiles, capabilities.disk)
          const subject = isChecked ? inForm(implementation) : implementation
          return [runScenario(scenario, subject, judge, { record: false, maxSteps })]
        }),
    },
  ]
}

/** The implementation, its answers held to the form that they would have on the wire. */
function inForm(implementation: Implementation): Implementation {
  const { hello } = implementation
  const onWire = (value: unknown): unknown => JSON.parse(JSON.stringify(value))
  const check = (isGood: boolean): void => {
    if (!isGood) throw new AdapterError('contract', 'adapter/keeps-form')
  }
  return {
    hello,
    open(start) {
      check(schemas.hello.safeParse(onWire(hello)).success)
      const session = implementation.open(start)
      check(session.initial.every((answer) => schemas.initialAnswer.safeParse(onWire(answer)).success))
      return {
        initial: session.initial,
        step(input) {
          const answer = session.step(input)
          check(acceptAnswer(onWire(answer)) !== null)
          return answer
        },
        inspect(node) {
          const inspection = session.inspect(node)
          check(schemas.inspection.safeParse(onWire(inspection)).success)
          return inspection
        },
        encode: (from, to, view) => session.encode(from, to, view),
        close: () => session.close(),
      }
    },
  }
}

function* runPaths(implementation: Implementation, paths: readonly MemberPath[]): Generator<RunResult> {
  const { profiles, capabilities } = implementation.hello
  if (!capabilities.encode) return
  for (const path of paths) {
    const judge = createRaftJudge(profiles, capabilities.disk, ['step', 'history'])
    yield runMemberPath(path, implementation, judge, { record: false })
  }
}

/** Member paths that were made, without and with pre-vote: they are the same each time. */
const made = new Map<string, readonly MemberPath[]>()

function partOf(hello: Hello, name: string, part: number): readonly MemberPath[] {
  const paths = made.get(name) ?? raftSuite.paths!.campaign(name, hello).round()
  made.set(name, paths)
  const size = Math.ceil(paths.length / parts)
  return paths.slice(part * size, (part + 1) * size)
}

/**
 * Sums up runs, up to the first that breaks something. An implementation that breaks the contract, floods or never
 * comes to rest is found out too; so is one whose answers are no answers, which nobody checks in this process.
 */
function judged({ hello }: Implementation, run: () => Iterable<RunResult>): ExecutionResult {
  const exercised: Record<string, number> = {}
  let steps = 0
  const told = (broken: string | null): ExecutionResult => ({ broken, steps, exercised })
  const [problem] = claimProblems(hello, loadSpec().profiles)
  if (problem !== undefined) return told(problem)
  try {
    for (const result of run()) {
      steps += result.steps
      const broken = result.violation ?? result.advice[0]
      if (broken !== undefined) return told(broken.requirement)
      for (const [slug, count] of result.exercised) exercised[slug] = (exercised[slug] ?? 0) + count
    }
    return told(null)
  } catch (error) {
    return told(error instanceof AdapterError ? `contract: ${error.message}` : 'no answer')
  }
}

/**
 * A requirement that the implementation claims and should keep, and that all runs together never put to the test: the
 * suite is not satisfied then, where it is strict. Null if there is none.
 */
export function untested({ hello }: Implementation, exercised: ReadonlyMap<string, number>): string | null {
  const requirements = loadSpec().requirements.filter(({ slug, until }) => surfaceOf(slug) === 'raft' && until === null)
  const tally = { ...createTally(), exercised: new Map(exercised) }
  const left = outcomesOf(requirements, hello, tally, []).find(
    (outcome) => binding(outcome, true) && outcome.verdict !== 'pass',
  )
  return left === undefined ? null : `${left.requirement} (${left.verdict})`
}
