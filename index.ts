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
import { spawnAdapter, type SpawnOptions } from './impl/contract/stdio.ts'
import { checkConformance, type SuiteOptions, type SuiteResult } from './test/suites/suite.ts'
import type { Target } from './test/suites/target.ts'
import type { SurfaceName } from './traces/surface.ts'

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

/** What checks implementations of a surface; an adapter has to offer it. */
const checkerOf =
  (surface: SurfaceName) =>
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
 */
export const checkSwim = checkerOf('swim')

export { createReference as createSwimReference } from './impl/reference/swim/session.ts'
export type * as swim from './impl/contract/swim.ts'
export type * as swimVocabulary from './models/swim/vocabulary.ts'
export { createSwimJudge } from './properties/swim/judge.ts'

/**
 * Checks an implementation of the network database against every requirement of the profiles that it claims.
 *
 * @example await checkNetworkDb({ kind: 'in-process', implementation: createNetworkDbReference() }, { budget: 500 })
 */
export const checkNetworkDb = checkerOf('networkdb')

export { createReference as createNetworkDbReference } from './impl/reference/networkdb/session.ts'
export type * as networkdb from './impl/contract/networkdb.ts'
export type * as networkDbVocabulary from './models/networkdb/vocabulary.ts'
export { createNetworkDbJudge } from './properties/networkdb/judge.ts'

/**
 * Checks an implementation of Serf against every requirement of the profiles that it claims.
 *
 * @example await checkSerf({ kind: 'in-process', implementation: createSerfReference() }, { budget: 500 })
 */
export const checkSerf = checkerOf('serf')

export { createReference as createSerfReference } from './impl/reference/serf/session.ts'
export type * as serf from './impl/contract/serf.ts'
export type * as serfVocabulary from './models/serf/vocabulary.ts'
export { createSerfJudge } from './properties/serf/judge.ts'

/**
 * Checks an implementation of address management against every requirement of the profiles that it claims.
 *
 * @example await checkIpam({ kind: 'in-process', implementation: createIpamReference() }, { budget: 500 })
 */
export const checkIpam = checkerOf('ipam')

export { createReference as createIpamReference } from './impl/reference/ipam/session.ts'
export type * as ipam from './impl/contract/ipam.ts'
export type * as ipamVocabulary from './models/ipam/vocabulary.ts'
export { createIpamJudge } from './properties/ipam/judge.ts'

/**
 * Checks an implementation of service discovery against every requirement of the profiles that it claims.
 *
 * @example await checkDiscovery({ kind: 'in-process', implementation: createDiscoveryReference() }, { budget: 500 })
 */
export const checkDiscovery = checkerOf('discovery')

export { createReference as createDiscoveryReference } from './impl/reference/discovery/session.ts'
export type * as discovery from './impl/contract/discovery.ts'
export type * as discoveryVocabulary from './models/discovery/vocabulary.ts'
export { createDiscoveryJudge } from './properties/discovery/judge.ts'

/**
 * Checks an implementation of balancing against every requirement of the profiles that it claims.
 *
 * @example await checkBalancing({ kind: 'in-process', implementation: createBalancingReference() }, { budget: 500 })
 */
export const checkBalancing = checkerOf('balancing')

export { createReference as createBalancingReference } from './impl/reference/balancing/session.ts'
export type * as balancing from './impl/contract/balancing.ts'
export type * as balancingVocabulary from './models/balancing/vocabulary.ts'
export { createBalancingJudge } from './properties/balancing/judge.ts'

/**
 * Checks an implementation of the layers together against every requirement of the profiles that it claims.
 *
 * @example await checkNetwork({ kind: 'in-process', implementation: createNetworkReference() }, { budget: 500 })
 */
export const checkNetwork = checkerOf('network')

export { createReference as createNetworkReference } from './impl/reference/network/session.ts'
export type * as network from './impl/contract/network.ts'
export type * as networkVocabulary from './models/network/vocabulary.ts'
export { createNetworkJudge } from './properties/network/judge.ts'

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
  drawSerfSchedule,
  drawNetworkSchedule,
  drawSchedule,
  drawSwimSchedule,
  type DiscoveryScheduleSize,
  type BalancingScheduleSize,
  type NetworkDbScheduleSize,
  type SerfScheduleSize,
  type NetworkScheduleSize,
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
  completeSerfScenario,
  completeNetworkScenario,
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
