/** What the suites need to know of a surface: one entry of the table of surfaces. */
import type { Implementation, RemoteImplementation } from '../../../impl/contract/surface.ts'
import type { WordsOf } from '../../../impl/contract/surfaces.ts'
import type { NetworkDbPath } from '../../../models/networkdb/paths.ts'
import type { MemberPath } from '../../../models/raft/paths.ts'
import type { SwimPath } from '../../../models/swim/paths.ts'
import type { Catalogue, Layer } from '../../../properties/catalogue.ts'
import type { RunResult } from '../../../traces/run.ts'
import type { Scenario } from '../../../traces/scenario.ts'
import type { JudgeOf, Surface, SurfaceName, Surfaces } from '../../../traces/surface.ts'

/** Paths of a member machine whose steps are played against one node; where they are scenarios, there are none. */
export interface PathOf {
  readonly raft: MemberPath
  readonly swim: SwimPath
  readonly networkdb: NetworkDbPath
  readonly ipam: never
  readonly discovery: never
  readonly balancing: never
}

/** A path through the member machine of any surface. */
export type AnyPath = PathOf[SurfaceName]

/** When the reference's configurations of Raft take effect. */
export const variants = ['on-append', 'on-apply'] as const
export type Variant = (typeof variants)[number]

export interface SurfaceSuite<Name extends SurfaceName> {
  /** What its suite checks, for a list. */
  readonly text: string
  /** The profile that all others build on. */
  readonly base: string
  /** The requirements that its judge decides; `survives` is broken by an implementation that dies. */
  readonly catalogue: Catalogue<'survives'>
  /** Of the member machine. */
  transitionNames(): readonly string[]
  createReference(variant: Variant): Implementation<WordsOf[Name]>
  /** A judge of what an implementation claims, which looks at these layers only. Default all. */
  createJudge(hello: Surfaces[Name]['hello'], layers?: readonly Layer[]): JudgeOf<Surfaces[Name]>
  /** Draws a random schedule for an implementation. */
  draw(seed: number, hello: Surfaces[Name]['hello']): Scenario
  /** Paths through the member machine that are scenarios like others. */
  pathScenarios?(): readonly Scenario[]
  /** Paths through the member machine in which the others are played. */
  readonly paths?: SurfacePaths<Name>
  /** Rare situations that the system models lead to. */
  situations?(hello: Surfaces[Name]['hello']): readonly (() => Scenario)[]
  /** The scenario as far as an implementation claims what it needs; null if it cannot be run at all. */
  fit?(scenario: Surfaces[Name]['scenario'], hello: Surfaces[Name]['hello']): Scenario | null
}

export interface PathOptions {
  /** Transitions that an implementation is known not to take where it has a choice. */
  readonly avoided?: ReadonlySet<string>
}

export interface SurfacePaths<Name extends SurfaceName> {
  /** Names of the cases that they make, each all paths of a kind; none if an implementation cannot be driven so. */
  cases(hello: Surfaces[Name]['hello']): readonly string[]
  campaign(name: string, hello: Surfaces[Name]['hello']): Campaign<Name>
  /** A path as a scenario: its cluster, and no steps, since the others are played. */
  scenarioOf(path: PathOf[Name]): Scenario
  /** The path that a scenario stands for; null if it stands for none, or for one that only a run could plan. */
  find(scenario: Surfaces[Name]['scenario'], hello: Surfaces[Name]['hello']): PathOf[Name] | 'unplanned' | null
  /** The layers of the judge that can tell where all but one are played. */
  readonly layers: readonly Layer[]
  /** @throws AdapterError if an implementation cannot `encode`, or answers what contradicts the contract */
  run(
    path: PathOf[Name],
    implementation: Implementation<WordsOf[Name]>,
    judge: JudgeOf<Surfaces[Name]>,
    options: PathOptions,
  ): RunResult<Surfaces[Name]>
  /** The same out of this process, where adapters can offer the surface. */
  runRemote?(
    path: PathOf[Name],
    implementation: RemoteImplementation<WordsOf[Name]>,
    judge: JudgeOf<Surfaces[Name]>,
    options: PathOptions,
  ): Promise<RunResult<Surfaces[Name]>>
}

/** All paths of a kind against one implementation, in rounds: what earlier ones showed may change what comes. */
export interface Campaign<Name extends SurfaceName> {
  /** Paths to run next; none when nothing is left to try. */
  round(): readonly PathOf[Name][]
  options(): PathOptions
  note(result: RunResult<Surface>): void
}

/** Every path once. */
export function onceThrough<Name extends SurfaceName>(paths: readonly PathOf[Name][]): Campaign<Name> {
  const left = [paths]
  return {
    round: () => left.pop() ?? [],
    options: () => ({}),
    note: () => {},
  }
}
