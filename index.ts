/**
 * Swarmcheck as a library.
 *
 * ```ts
 * import { checkRaft, adapter, exitCode, renderReport } from 'swarmcheck'
 *
 * const { report } = await checkRaft(adapter('./my-adapter'), { budget: 500 })
 * console.log(renderReport(report, 'pretty'))
 * process.exitCode = exitCode(report)
 * ```
 */
import { splitCommand } from './impl/contract/command-line.ts'
import type { Implementation } from './impl/contract/raft.ts'
import { spawnAdapter, type SpawnOptions, type AdapterSurface } from './impl/contract/stdio.ts'
import { checkConformance, type SuiteOptions, type SuiteResult } from './test/suites/suite.ts'
import type { Target } from './test/suites/target.ts'

/** An implementation in this process, as a target of {@link checkRaft}. */
export function inProcess(implementation: Implementation): Target {
  return { kind: 'in-process', implementation }
}

/**
 * An adapter in a process of its own, as a target of {@link checkRaft} and its like. It is started when the check begins.
 *
 * @param command a command line, split at spaces as a shell would (quotes group) but without a shell, or its words
 * @throws Error if the command line is empty or has an unclosed quote
 */
export function adapter(command: string | readonly string[], options: SpawnOptions = {}): Target {
  const words = typeof command === 'string' ? splitCommand(command) : command
  return { kind: 'adapter', surface: options.surface, start: () => spawnAdapter(words, options) }
}

/** What checks implementations of a surface; from an adapter it demands that one. */
const checkerOf =
  (surface: AdapterSurface) =>
  (target: Target, options: SuiteOptions = {}): Promise<SuiteResult> =>
    checkConformance(target.kind === 'adapter' ? { ...target, surface } : target, options)

/**
 * Checks an implementation of Raft against every requirement of the profiles that it claims.
 * What it does wrong is in the report; nothing of it is thrown.
 *
 * @throws AdapterError if an adapter does not start, or offers no Raft
 */
export const checkRaft = checkerOf('raft')

/**
 * Checks an implementation of SWIM against every requirement of the profiles that it claims.
 *
 * @example await checkSwim({ kind: 'in-process', implementation: createSwimReference() }, { budget: 500 })
 * @throws AdapterError if an adapter does not start, or offers no SWIM
 */
export const checkSwim = checkerOf('swim')

/**
 * Checks an implementation of address management against every requirement of the profiles that it claims.
 *
 * @example await checkIpam(adapter('./my-allocator'), { budget: 500 })
 * @throws AdapterError if an adapter does not start, or offers no address management
 */
export const checkIpam = checkerOf('ipam')

export { createReference as createIpamReference } from './impl/reference/ipam/session.ts'
export type * as ipam from './impl/contract/ipam.ts'
export type * as ipamVocabulary from './models/ipam/vocabulary.ts'
export { createIpamJudge } from './properties/ipam/judge.ts'

/**
 * Checks an implementation of balancing in this process against every requirement of the profiles that it claims.
 *
 * @example await checkBalancing({ kind: 'in-process', implementation: createBalancingReference() }, { budget: 500 })
 */
export function checkBalancing(
  target: Extract<Target, { readonly kind: 'in-process' }>,
  options: SuiteOptions = {},
): Promise<SuiteResult> {
  return checkConformance(target, options)
}

export { createReference as createBalancingReference } from './impl/reference/balancing/session.ts'
export type * as balancing from './impl/contract/balancing.ts'
export type * as balancingVocabulary from './models/balancing/vocabulary.ts'
export { createBalancingJudge } from './properties/balancing/judge.ts'

/**
 * Checks an implementation of the network database against every requirement of the profile that it claims.
 *
 * @example await checkNetworkDb({ kind: 'in-process', implementation: createNetworkDbReference() }, { budget: 500 })
 * @throws AdapterError if an adapter does not start, or offers no network database
 */
export const checkNetworkDb = checkerOf('networkdb')

/**
 * Checks an implementation of service discovery in this process against every requirement of the profiles that it claims.
 *
 * @example await checkDiscovery({ kind: 'in-process', implementation: createDiscoveryReference() }, { budget: 500 })
 */
export function checkDiscovery(
  target: Extract<Target, { readonly kind: 'in-process' }>,
  options: SuiteOptions = {},
): Promise<SuiteResult> {
  return checkConformance(target, options)
}

export { createReference as createDiscoveryReference } from './impl/reference/discovery/session.ts'
export type * as discovery from './impl/contract/discovery.ts'
export type * as discoveryVocabulary from './models/discovery/vocabulary.ts'
export { createDiscoveryJudge } from './properties/discovery/judge.ts'

export { createReference as createNetworkDbReference } from './impl/reference/networkdb/session.ts'
export type * as networkdb from './impl/contract/networkdb.ts'
export type * as networkDbVocabulary from './models/networkdb/vocabulary.ts'
export { createNetworkDbJudge } from './properties/networkdb/judge.ts'

export { createReference as createSwimReference } from './impl/reference/swim/session.ts'
export type * as swim from './impl/contract/swim.ts'
export type * as swimVocabulary from './models/swim/vocabulary.ts'
export { createSwimJudge } from './properties/swim/judge.ts'

export { createReference } from './impl/reference/raft/session.ts'
export {
  AdapterError,
  splitCommand,
  spawnAdapter,
  type AdapterErrorKind,
  type AdapterOptions,
  type SpawnOptions,
  type StdioImplementation,
  type AdapterSurface,
} from './impl/contract/stdio.ts'
export { serveStdio } from './impl/contract/serve-stdio.ts'
export type {
  Hello,
  Implementation,
  RemoteImplementation,
  RemoteSession,
  Session,
  Start,
} from './impl/contract/raft.ts'
export type * from './models/vocabulary.ts'
export type * from './models/raft/vocabulary.ts'
export type { Judge, Phase, Violation } from './properties/judge.ts'
export { createRaftJudge } from './properties/raft/judge.ts'
export { loadSpec, type Profile, type Requirement, type Spec } from './test/suites/spec.ts'
export type { SuiteOptions, SuiteProgress, SuiteResult } from './test/suites/suite.ts'
export type { Counterexample } from './test/suites/counterexample.ts'
export type { Target } from './test/suites/target.ts'
export {
  drawDiscoverySchedule,
  drawBalancingSchedule,
  drawIpamSchedule,
  drawNetworkDbSchedule,
  drawSchedule,
  drawSwimSchedule,
  type DiscoveryScheduleSize,
  type BalancingScheduleSize,
  type NetworkDbScheduleSize,
  type ScheduleSize,
  type SwimScheduleSize,
} from './traces/schedule.ts'
export { runScenario, runScenarioRemote, type RunOptions, type RunResult } from './traces/run.ts'
export type { JudgeOf, Surfaces } from './traces/surface.ts'
export { rejudge, type Rejudged } from './traces/rejudge.ts'
export { readTrace, writeTrace, type Trace, type TraceMeta } from './traces/format.ts'
export type { TraceEvent } from './traces/event.ts'
export {
  completeDiscoveryScenario,
  completeBalancingScenario,
  completeIpamScenario,
  completeNetworkDbScenario,
  completeScenario,
  completeSwimScenario,
  type Scenario,
} from './traces/scenario.ts'
export { parseScenario, printScenario } from './traces/text.ts'
export { InputError } from './traces/input-error.ts'
export { shrink, shrinkAsync, type Shrunk, type ShrinkOptions, type Trial } from './traces/shrink.ts'
export { show, showMermaid, type ShowOptions } from './traces/show.ts'
export {
  conclusion,
  exitCode,
  mergeReports,
  readReport,
  renderReport,
  type Outcome,
  type Report,
  type Reporter,
  type Verdict,
} from './traces/report.ts'
