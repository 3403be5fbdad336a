/** What a mutant is: the reference with one rule replaced, and what the suite has to blame for it. */
import * as discoveryReference from '../../impl/reference/discovery/session.ts'
import * as balancingReference from '../../impl/reference/balancing/session.ts'
import * as ipamReference from '../../impl/reference/ipam/session.ts'
import * as networkDbReference from '../../impl/reference/networkdb/session.ts'
import { createReference, type ReferenceOptions } from '../../impl/reference/raft/session.ts'
import * as swimReference from '../../impl/reference/swim/session.ts'
import type { AnyImplementation } from '../suites/target.ts'

export interface Mutant {
  readonly name: string
  /** The requirement that the suite must blame, by its slug. */
  readonly breaks: string
  /** Requirements that may be blamed instead, each with the reason. */
  readonly also?: Readonly<Record<string, string>>
  /** What was replaced, in a sentence. */
  readonly rule: string
  /** Where it was seen: an issue of a real implementation, or folklore. */
  readonly seenIn: string
  create(): AnyImplementation
}

/** No one public bug, but a mistake that implementers make. */
export const folklore = 'folklore'

type Parts = Omit<Mutant, 'create'> & {
  readonly member?: ReferenceOptions['Member']
  readonly disk?: ReferenceOptions['Disk']
  readonly configuration?: ReferenceOptions['configuration']
  /** Profiles that the mutant does not claim, so that their rules do not give it away. */
  readonly unclaimed?: readonly string[]
}

/** The reference of Raft with another member or disk. */
export const mutant = ({ member, disk, configuration, unclaimed = [], ...told }: Parts): Mutant => ({
  ...told,
  create() {
    const { hello, open } = createReference({
      name: `mutant ${told.name}`,
      ...(member === undefined ? {} : { Member: member }),
      ...(disk === undefined ? {} : { Disk: disk }),
      ...(configuration === undefined ? {} : { configuration }),
    })
    return { hello: { ...hello, profiles: hello.profiles.filter((profile) => !unclaimed.includes(profile)) }, open }
  },
})

type SwimParts = Omit<Mutant, 'create'> & { readonly member: NonNullable<swimReference.ReferenceOptions['Member']> }

/** The reference of SWIM with another member. */
export const swimMutant = ({ member, ...told }: SwimParts): Mutant => ({
  ...told,
  create: () => swimReference.createReference({ name: `mutant ${told.name}`, Member: member }),
})

type IpamParts = Omit<Mutant, 'create'> & {
  readonly node?: ipamReference.ReferenceOptions['Node']
  readonly store?: ipamReference.ReferenceOptions['Store']
}

/** The reference of address management with another node or store. */
export const ipamMutant = ({ node, store, ...told }: IpamParts): Mutant => ({
  ...told,
  create: () =>
    ipamReference.createReference({
      name: `mutant ${told.name}`,
      ...(node === undefined ? {} : { Node: node }),
      ...(store === undefined ? {} : { Store: store }),
    }),
})

type NetworkDbParts = Omit<Mutant, 'create'> & Pick<networkDbReference.ReferenceOptions, 'Node' | 'nameOf'>

/** The reference of the network database with another node, or with nodes that call themselves otherwise. */
export const networkDbMutant = ({ Node, nameOf, ...told }: NetworkDbParts): Mutant => ({
  ...told,
  create: () =>
    networkDbReference.createReference({
      name: `mutant ${told.name}`,
      ...(Node === undefined ? {} : { Node }),
      ...(nameOf === undefined ? {} : { nameOf }),
    }),
})

type DiscoveryParts = Omit<Mutant, 'create'> & {
  readonly Node: NonNullable<discoveryReference.ReferenceOptions['Node']>
}

/** The reference of service discovery with another node. */
export const discoveryMutant = ({ Node, ...told }: DiscoveryParts): Mutant => ({
  ...told,
  create: () => discoveryReference.createReference({ name: `mutant ${told.name}`, Node }),
})

type BalancingParts = Omit<Mutant, 'create'> &
  Pick<balancingReference.ReferenceOptions, 'Node' | 'Allocator' | 'durable'>

/** The reference of balancing with another node or allocator, or with a table that its manager forgets. */
export const balancingMutant = ({ Node, Allocator, durable, ...told }: BalancingParts): Mutant => ({
  ...told,
  create: () =>
    balancingReference.createReference({
      name: `mutant ${told.name}`,
      ...(Node === undefined ? {} : { Node }),
      ...(Allocator === undefined ? {} : { Allocator }),
      ...(durable === undefined ? {} : { durable }),
    }),
})
