/** What a mutant is: the reference with one rule replaced, and what the suite has to blame for it. */
import type * as networkdb from '../../impl/contract/networkdb.ts'
import type * as raft from '../../impl/contract/raft.ts'
import type * as swim from '../../impl/contract/swim.ts'
import * as networkDbReference from '../../impl/reference/networkdb/session.ts'
import { createReference, type ReferenceOptions } from '../../impl/reference/raft/session.ts'
import * as swimReference from '../../impl/reference/swim/session.ts'

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
  create(): raft.Implementation | swim.Implementation | networkdb.Implementation
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
