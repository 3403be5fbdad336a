/** The table of surfaces that adapters can offer: a new one is a file in `dialect/`, and a line here. */
import { z } from 'zod'
import type { Dialect } from './dialect.ts'
import { ipamDialect } from './dialect/ipam.ts'
import { networkDbDialect } from './dialect/networkdb.ts'
import { raftDialect } from './dialect/raft.ts'
import { swimDialect } from './dialect/swim.ts'
import type { BalancingWords } from './balancing.ts'
import type { DiscoveryWords } from './discovery.ts'
import type { IpamWords } from './ipam.ts'
import { limits } from './limits.ts'
import type { NetworkDbWords } from './networkdb.ts'
import type { RaftWords } from './raft.ts'
import { line, runLine } from './schema.ts'
import type { Implementation } from './surface.ts'
import type { SwimWords } from './swim.ts'

/** The words of each surface by its name. */
export interface WordsOf {
  readonly raft: RaftWords
  readonly swim: SwimWords
  readonly networkdb: NetworkDbWords
  readonly ipam: IpamWords
  readonly discovery: DiscoveryWords
  readonly balancing: BalancingWords
}

const table = {
  raft: raftDialect,
  swim: swimDialect,
  networkdb: networkDbDialect,
  ipam: ipamDialect,
} satisfies { readonly [Name in keyof WordsOf]?: Dialect<WordsOf[Name]> }

/** A surface that an adapter can offer. */
export type AdapterSurface = keyof typeof table

export const dialects: { readonly [Surface in AdapterSurface]: Dialect<WordsOf[Surface]> } = table

export const adapterSurfaces = Object.keys(dialects) as readonly AdapterSurface[]

/** An implementation in this process that can be served as an adapter. */
export type AdapterImplementation = {
  [Surface in AdapterSurface]: Implementation<WordsOf[Surface]>
}[AdapterSurface]

/** What an adapter says of a surface that it offers. */
export type AdapterHello = WordsOf[AdapterSurface]['hello']

const hello = z.union(Object.values(dialects).map((dialect): z.ZodType<AdapterHello> => dialect.hello))

/** Replies that are the same on all surfaces. */
export const commonReplies = {
  hello: z.strictObject({ ...line, hello: z.union([hello, z.array(hello).min(1).max(limits.claims)]) }),
  end: z.strictObject(runLine),
  exit: z.strictObject(line),
}
