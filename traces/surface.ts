/** The types of each surface under one name, so that what all surfaces share is written once. */
import type * as discovery from '../impl/contract/discovery.ts'
import type * as balancing from '../impl/contract/balancing.ts'
import type * as ipam from '../impl/contract/ipam.ts'
import type * as networkdb from '../impl/contract/networkdb.ts'
import type * as raft from '../impl/contract/raft.ts'
import type * as swim from '../impl/contract/swim.ts'
import type * as discoveryWords from '../models/discovery/vocabulary.ts'
import type * as balancingWords from '../models/balancing/vocabulary.ts'
import type * as ipamWords from '../models/ipam/vocabulary.ts'
import type * as networkdbWords from '../models/networkdb/vocabulary.ts'
import type * as raftWords from '../models/raft/vocabulary.ts'
import type * as swimWords from '../models/swim/vocabulary.ts'
import type { Milliseconds, NetworkProfile, NodeId, Step } from '../models/vocabulary.ts'
import type { Judge } from '../properties/judge.ts'

/** What every surface has of each. */
export interface Surface {
  readonly scenario: {
    readonly seed: number
    readonly nodes: readonly NodeId[]
    readonly network: NetworkProfile
    readonly steps: readonly Step<{ readonly type: string }>[]
  }
  readonly hello: {
    readonly operations: readonly string[]
    readonly assumptions: { readonly fifo: boolean; readonly noDuplicates: boolean; readonly clockDrift: number }
  }
  readonly start: { readonly nodes: readonly NodeId[] }
  readonly operation: { readonly type: string }
  readonly message: {
    readonly id: number
    readonly from: NodeId
    readonly to: NodeId
    readonly view: { readonly kind: string }
  }
  readonly input: { readonly type: string; readonly node: NodeId; readonly at: Milliseconds }
  readonly answer: {
    readonly now: Milliseconds
    readonly wake: Milliseconds | null
    readonly outputs: readonly { readonly type: string }[]
    readonly error?: { readonly kind: string; readonly text: string } | undefined
  }
  readonly inspection: object
}

export interface RaftSurface {
  readonly scenario: raftWords.RaftScenario
  readonly hello: raft.Hello
  readonly start: raft.Start
  readonly operation: raftWords.Operation
  readonly message: raftWords.OutgoingMessage
  readonly input: raftWords.Input
  readonly answer: raftWords.Answer
  readonly inspection: raftWords.Inspection
}

export interface SwimSurface {
  readonly scenario: swimWords.SwimScenario
  readonly hello: swim.Hello
  readonly start: swim.Start
  readonly operation: swimWords.Operation
  readonly message: swimWords.OutgoingMessage
  readonly input: swimWords.Input
  readonly answer: swimWords.Answer
  readonly inspection: swimWords.Inspection
}

export interface IpamSurface {
  readonly scenario: ipamWords.IpamScenario
  readonly hello: ipam.Hello
  readonly start: ipam.Start
  readonly operation: ipamWords.Operation
  readonly message: never
  readonly input: ipamWords.Input
  readonly answer: ipamWords.Answer
  readonly inspection: ipamWords.Inspection
}

export interface NetworkDbSurface {
  readonly scenario: networkdbWords.NetworkDbScenario
  readonly hello: networkdb.Hello
  readonly start: networkdb.Start
  readonly operation: networkdbWords.ScenarioOperation
  readonly message: networkdbWords.OutgoingMessage
  readonly input: networkdbWords.Input
  readonly answer: networkdbWords.Answer
  readonly inspection: networkdbWords.Inspection
}

export interface DiscoverySurface {
  readonly scenario: discoveryWords.DiscoveryScenario
  readonly hello: discovery.Hello
  readonly start: discovery.Start
  readonly operation: discoveryWords.ScenarioOperation
  readonly message: discoveryWords.OutgoingMessage
  readonly input: discoveryWords.Input
  readonly answer: discoveryWords.Answer
  readonly inspection: discoveryWords.Inspection
}

export interface BalancingSurface {
  readonly scenario: balancingWords.BalancingScenario
  readonly hello: balancing.Hello
  readonly start: balancing.Start
  readonly operation: balancingWords.Operation
  readonly message: balancingWords.OutgoingMessage
  readonly input: balancingWords.Input
  readonly answer: balancingWords.Answer
  readonly inspection: balancingWords.Inspection
}

/** The types of each surface by its name. */
export interface Surfaces {
  readonly raft: RaftSurface
  readonly swim: SwimSurface
  readonly networkdb: NetworkDbSurface
  readonly ipam: IpamSurface
  readonly discovery: DiscoverySurface
  readonly balancing: BalancingSurface
}

export type SurfaceName = keyof Surfaces

/** A scenario of the surface of that name, which it tells. */
export type ScenarioOf<Name extends SurfaceName> = Surfaces[Name]['scenario'] & { readonly surface: Name }

export type JudgeOf<S extends Surface> = Judge<S['start'], S['input'], S['answer'], S['inspection']>

/** What an implementation of any surface says of itself. */
export type AnyHello = Surfaces[SurfaceName]['hello']
