/**
 * The words of address management: what clients ask of an allocator, what is seen of it, and of the store that it keeps
 * its table in. Subnets and ranges are in CIDR notation, addresses without a length; both as text, IPv4 or IPv6.
 */
import type { DiskProfile, Milliseconds, NetworkProfile, NodeId, Step, WriteId } from '../vocabulary.ts'

/** Networks of one node, and networks of a swarm: pools of one space do not overlap. */
export type Space = 'local' | 'global'

/** Default pools: a block that is cut into subnets of one length. */
export interface DefaultPools {
  readonly space: Space
  readonly block: string
  /** Length of the prefix of each subnet. */
  readonly size: number
}

export interface IpamOptions {
  readonly defaults: readonly DefaultPools[]
  /** Networks of the host (routes, resolvers), which default pools of the local space avoid. */
  readonly reserved: readonly string[]
}

export interface PoolRequest {
  readonly type: 'request-pool'
  /** The client's name for it, by which it is spoken of from then on. */
  readonly pool: string
  readonly space: Space
  /** Which family, where the allocator chooses the subnet. */
  readonly v6: boolean
  /** `''`: the allocator chooses; `0.0.0.0/26` or `::/72`: it chooses one of this length. */
  readonly subnet: string
  /** Part of the subnet from which addresses are chosen; `''` for all of it. */
  readonly range: string
  /** `''` for none; `auto`: the allocator chooses. */
  readonly gateway: string
  /** Addresses that are kept for others from the start. */
  readonly auxiliary: readonly string[]
}

export interface AddressRequest {
  readonly type: 'request-address'
  readonly pool: string
  /** Whom it is for: an endpoint. */
  readonly owner: string
  /** `''`: the allocator chooses. */
  readonly address: string
  /** Whether the choice goes on behind the last one, rather than from the beginning. */
  readonly serial: boolean
}

export interface AddressRelease {
  readonly type: 'release-address'
  readonly pool: string
  /** `''` in a scenario: the address that the owner was given. */
  readonly address: string
  readonly owner: string
}

export type Operation =
  PoolRequest | { readonly type: 'release-pool'; readonly pool: string } | AddressRequest | AddressRelease

export type OperationType = Operation['type']

/** Why an operation was refused, as the API of Docker classes errors; `not-leading`: by somebody who does not lead. */
export type Refusal = 'invalid-parameter' | 'forbidden' | 'unavailable' | 'not-found' | 'not-leading'

/** What is wrong with a request for a pool by itself. */
export type Problem =
  | 'subnet-invalid'
  | 'subnet-host-bits'
  | 'range-without-subnet'
  | 'range-invalid'
  | 'range-host-bits'
  | 'range-other-family'
  | 'range-outside-subnet'
  | 'range-larger-than-subnet'
  | 'gateway-invalid'
  | 'gateway-outside-subnet'
  | 'auxiliary-invalid'
  | 'auxiliary-outside-subnet'

/** How an operation ended. */
export interface Result {
  readonly operation: number
  /** `unknown`: it may or may not have happened. */
  readonly status: 'ok' | 'failed' | 'unknown'
  /** `''` unless it failed. */
  readonly reason: Refusal | ''
  readonly problems: readonly Problem[]
  /** Of a pool that was granted. */
  readonly subnet: string
  /** The address that was given, or the gateway of a pool; `''` for none. */
  readonly address: string
}

/** A pool of a table; `range` is `''` where it has none. */
export interface PoolRecord {
  readonly pool: string
  readonly space: Space
  readonly subnet: string
  readonly range: string
}

/** What became of a table, in order. Addresses of a pool that is released are free again without being named. */
export type Change =
  | ({ readonly change: 'pool' } & PoolRecord)
  | { readonly change: 'pool-released'; readonly pool: string }
  | { readonly change: 'address' | 'address-released'; readonly pool: string; readonly address: string }

/** What is seen of a live node between two steps, besides its table. */
export interface AllocatorState {
  /** It takes itself for the one that allocates. */
  readonly leading: boolean
}

/** An output of a step, in causal order. */
export type Output =
  /** A record for the store, which carries all changes of the step that no write before it carries. */
  { readonly type: 'write'; readonly id: WriteId } | ({ readonly type: 'result' } & Result)

/** One input to one node at one instant. */
export type Input =
  | { readonly type: 'advance'; readonly node: NodeId; readonly at: Milliseconds; readonly until: Milliseconds }
  | {
      readonly type: 'operation'
      readonly node: NodeId
      readonly at: Milliseconds
      readonly id: number
      readonly operation: Operation
    }
  /** Records that are in the store for good: they were written by this node, in this order. */
  | { readonly type: 'written'; readonly node: NodeId; readonly at: Milliseconds; readonly writes: readonly WriteId[] }
  /**
   * It allocates from now on, by what the store holds: all that was acknowledged, then those records of `keep`, in this
   * order, of those that were not. All others are lost, whoever wrote them.
   */
  | { readonly type: 'lead'; readonly node: NodeId; readonly at: Milliseconds; readonly keep: readonly WriteId[] }
  /** Another leads, and has done so for a while perhaps: the store takes nothing from this node any more. */
  | { readonly type: 'depose'; readonly node: NodeId; readonly at: Milliseconds }
  | { readonly type: 'crash'; readonly node: NodeId; readonly at: Milliseconds }
  /** Starts again with nothing in memory; it does not lead. */
  | { readonly type: 'restart'; readonly node: NodeId; readonly at: Milliseconds }

/** What one step did. */
export interface Answer {
  readonly now: Milliseconds
  readonly wake: Milliseconds | null
  readonly outputs: readonly Output[]
  /** Fields that changed; the whole state after start and restart. */
  readonly state: Partial<AllocatorState> | null
  /** What changed in the table; the whole table, as if it had been empty, after `lead`. It is empty after a restart. */
  readonly changes: readonly Change[] | null
  /** The implementation refused the input (`unsupported`), or panicked: the node is then down for good. */
  readonly error?: { readonly kind: 'unsupported' | 'panic'; readonly text: string } | undefined
}

/** Everything that is seen of a node at once. */
export interface Inspection {
  readonly state: AllocatorState
  /** Sorted by name. */
  readonly pools: readonly (PoolRecord & { readonly addresses: readonly string[] })[]
}

/** A starting configuration and a schedule of operations and faults. */
export interface IpamScenario {
  readonly version: 1
  readonly surface: 'ipam'
  readonly name: string
  readonly seed: number
  /** Nodes of which one allocates at a time; the first one first. */
  readonly nodes: readonly NodeId[]
  readonly options: IpamOptions
  /** Nothing travels on it: allocators meet in the store. */
  readonly network: NetworkProfile
  readonly disk: DiskProfile
  readonly steps: readonly Step<Operation>[]
}
