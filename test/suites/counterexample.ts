/** From a run that broke a requirement to something that a person wants to read. */
import { AdapterError } from '../../impl/contract/adapter-error.ts'
import type { Violation } from '../../properties/judge.ts'
import type { Trace } from '../../traces/format.ts'
import { shownCounterexample, type ShownCounterexample } from '../../traces/report.ts'
import type { Scenario } from '../../traces/scenario.ts'
import { nondeterministic, shrinkAsync, trialOf, type Trial } from '../../traces/shrink.ts'
import { packageVersion } from './package-files.ts'
import { deathViolation } from './runs.ts'
import type { AnyPath } from './surfaces/form.ts'
import type { Finding } from './tally.ts'
import type { Runner } from './target.ts'

/** A finding made small, and recorded. */
export interface Counterexample {
  readonly requirement: string
  readonly violation: Violation
  /** Index of the event that shows it. */
  readonly event: number
  /** Scenario and events. An adapter that died leaves no events. */
  readonly trace: Trace
  /** Name of the run that found it. */
  readonly found: string
  /** How many runs the shrinker took, and whether nothing more can be taken away. */
  readonly shrunk: { readonly executions: number; readonly complete: boolean }
  /** How often it happened again. If it never did, the trace is the one in which it was found. */
  readonly reproduced: { readonly failures: number; readonly tries: number }
}

export interface ShrinkLimits {
  readonly executions: number
  readonly stop: () => boolean
}

/** Shrinks a finding and records the small run. */
export async function shrinkFinding(
  runner: Runner,
  finding: Finding,
  seed: number | null,
  limits: ShrinkLimits,
): Promise<Counterexample> {
  const {
    path,
    violation: { requirement },
  } = finding
  const { deterministic } = runner.hello
  // A member path is a handful of inputs to one node, and as short as the model makes it.
  const shrunk =
    path !== null
      ? { scenario: finding.scenario, reproduced: true, executions: 0, complete: true }
      : await shrinkAsync(finding.scenario, (candidate) => tryOut(runner, candidate, requirement), {
          ...limits,
          ...(deterministic ? {} : nondeterministic),
        })
  const { executions, complete, scenario } = shrunk
  const found = finding.scenario.name
  const counterexample = (seen: Seen, of: Scenario, failures: number, tries: number): Counterexample => ({
    requirement,
    violation: seen.violation,
    event: seen.violationEvent,
    trace: {
      meta: {
        format: 'swarmcheck-trace',
        version: 1,
        swarmcheck: packageVersion,
        implementation: runner.hello,
        seed,
        requirement,
      },
      scenario: of,
      events: seen.events,
      violation: seen.violation,
    },
    found,
    shrunk: { executions, complete: complete && failures > 0 },
    reproduced: { failures, tries },
  })
  const tries = deterministic ? 1 : nondeterministic.tries
  const again: Seen[] = []
  for (let attempt = 0; shrunk.reproduced && attempt < tries; attempt++) {
    const seen = await record(runner, scenario, path, requirement)
    if (seen !== null) again.push(seen)
  }
  const [first] = again
  return first === undefined
    ? counterexample(finding, finding.scenario, 0, tries)
    : counterexample(first, scenario, again.length, tries)
}

type Seen = Pick<Finding, 'violation' | 'events' | 'violationEvent'>

/** One execution for the shrinker. What an adapter does wrong otherwise is not what is looked for. */
async function tryOut(runner: Runner, scenario: Scenario, requirement: string): Promise<Trial> {
  try {
    return trialOf(await runner.run(scenario, { record: false, against: requirement }), requirement)
  } catch (error) {
    if (!(error instanceof AdapterError)) throw error
    const fails = error.died && deathViolation(error, scenario).requirement === requirement
    return { fails, violationStep: scenario.steps.length, effective: [], targets: [] }
  }
}

/** Runs it once more for its events; null if the requirement was not broken this time. */
async function record(
  runner: Runner,
  scenario: Scenario,
  path: AnyPath | null,
  requirement: string,
): Promise<Seen | null> {
  try {
    const { violation, events, violationEvent } = await (path === null
      ? runner.run(scenario, { against: requirement })
      : runner.runPath(path, { against: requirement }))
    return violation?.requirement === requirement ? { violation, events, violationEvent } : null
  } catch (error) {
    if (!(error instanceof AdapterError) || !error.died) throw error
    const violation = deathViolation(error, scenario)
    return violation.requirement === requirement ? { violation, events: [], violationEvent: -1 } : null
  }
}

/** The counterexample as a report holds it; `file` has its trace. */
export function shownOf(counterexample: Counterexample, file: string | null): ShownCounterexample {
  const { trace, violation, event, found, shrunk, reproduced } = counterexample
  return shownCounterexample({ trace, violation, event }, { found, shrunk, reproduced, trace: file })
}
