/** What many runs add up to. Adding is independent of the order, so that jobs and shards change nothing. */
import type { Violation } from '../../properties/judge.ts'
import type { AnyTraceEvent } from '../../traces/event.ts'
import type { Counts } from '../../traces/report.ts'
import type { RunResult } from '../../traces/run.ts'
import type { Scenario } from '../../traces/scenario.ts'
import type { Surface } from '../../traces/surface.ts'
import type { AnyPath } from './surfaces/form.ts'

/** A run that broke a requirement. */
export interface Finding {
  /** Number of the case in its suite. */
  readonly number: number
  /** What ran; of a member path, all but its steps. */
  readonly scenario: Scenario
  readonly violation: Violation
  /** What was recorded up to the violation; empty if the adapter died of it. */
  readonly events: readonly AnyTraceEvent[]
  readonly violationEvent: number
  /** The member path that ran, if it was one: its scenario then has only its name and its options. */
  readonly path: AnyPath | null
}

/** Sums over runs. Plain data: it passes between threads. */
export interface Tally {
  scenarios: number
  steps: number
  deliveries: number
  simulated: number
  /** By requirement: how often it was put to the test. */
  readonly exercised: Map<string, number>
  /** By requirement: in how many runs it was broken first. */
  readonly failures: Map<string, number>
  /** By requirement: the run that showed it with the fewest events. */
  readonly findings: Map<string, Finding>
  /** Transitions of the member model that member paths took. */
  readonly transitions: Map<string, number>
  /** Changes of role by their cause, in all other runs. */
  readonly roles: Map<string, number>
  /** By rare situation: how often it was reached. */
  readonly situations: Map<string, number>
  readonly faults: Map<string, number>
  readonly outside: Map<string, number>
  readonly skipped: Map<string, number>
  readonly messages: Map<string, number>
  readonly operations: Map<string, number>
  readonly results: Map<string, number>
  readonly errors: string[]
}

export function createTally(): Tally {
  return {
    scenarios: 0,
    steps: 0,
    deliveries: 0,
    simulated: 0,
    exercised: new Map(),
    failures: new Map(),
    findings: new Map(),
    transitions: new Map(),
    roles: new Map(),
    situations: new Map(),
    faults: new Map(),
    outside: new Map(),
    skipped: new Map(),
    messages: new Map(),
    operations: new Map(),
    results: new Map(),
    errors: [],
  }
}

/** Adds a run. */
export function addRun(
  tally: Tally,
  number: number,
  scenario: Scenario,
  result: RunResult<Surface>,
  path: AnyPath | null = null,
): void {
  tally.scenarios++
  tally.steps += result.steps
  tally.deliveries += result.deliveries
  tally.simulated += result.duration
  addCounts(tally.exercised, result.exercised)
  addCounts(path === null ? tally.roles : tally.transitions, result.transitions)
  addCounts(tally.situations, result.situations)
  addCounts(tally.faults, Object.entries(result.faults))
  addCounts(tally.outside, Object.entries(result.outside))
  addCounts(tally.skipped, Object.entries(result.skipped))
  addCounts(tally.messages, Object.entries(result.coverage.deliveries))
  addCounts(tally.operations, Object.entries(result.coverage.operations))
  addCounts(tally.results, Object.entries(result.coverage.results))
  const { violation, events, violationEvent } = result
  if (violation !== null) addFinding(tally, { number, scenario, violation, events, violationEvent, path }, 1)
  for (const advice of result.advice) {
    // Its place is found when it is shrunk; until then the whole run shows it.
    if (advice.requirement === violation?.requirement) continue
    addFinding(tally, { number, scenario, violation: advice, events, violationEvent: events.length - 1, path }, 1)
  }
}

/** Adds a finding that was made in so many runs. */
export function addFinding(tally: Tally, finding: Finding, runs: number): void {
  const { requirement } = finding.violation
  tally.failures.set(requirement, (tally.failures.get(requirement) ?? 0) + runs)
  const best = tally.findings.get(requirement)
  if (best === undefined || isSimpler(finding, best)) tally.findings.set(requirement, finding)
}

const summed = [
  'exercised',
  'transitions',
  'roles',
  'situations',
  'faults',
  'outside',
  'skipped',
  'messages',
  'operations',
  'results',
] as const

/** Adds what another tally has. */
export function addTally(tally: Tally, other: Tally): void {
  tally.scenarios += other.scenarios
  tally.steps += other.steps
  tally.deliveries += other.deliveries
  tally.simulated += other.simulated
  for (const part of summed) addCounts(tally[part], other[part])
  for (const [requirement, finding] of other.findings) addFinding(tally, finding, other.failures.get(requirement) ?? 1)
  tally.errors.push(...other.errors)
}

export function countsOf(counts: ReadonlyMap<string, number>): Counts {
  return Object.fromEntries([...counts].sort(([left], [right]) => (left < right ? -1 : 1)))
}

function addCounts(sums: Map<string, number>, counts: Iterable<readonly [string, number]>): void {
  for (const [name, count] of counts) sums.set(name, (sums.get(name) ?? 0) + count)
}

/** Scenarios can be replayed by anybody; fewer events are easier to shrink; of two with as many, the first counts. */
function isSimpler(left: Finding, right: Finding): boolean {
  if ((left.path === null) !== (right.path === null)) return left.path === null
  const leftEvents = left.events.length || Infinity
  const rightEvents = right.events.length || Infinity
  return leftEvents === rightEvents ? left.number < right.number : leftEvents < rightEvents
}
