/** The table of surfaces: a new one is a folder in each room, and a line here. */
import type { SurfaceName } from './surface.ts'
import type { SurfaceTraces } from './surfaces/form.ts'
import { discoveryTraces } from './surfaces/discovery.ts'
import { balancingTraces } from './surfaces/balancing.ts'
import { ipamTraces } from './surfaces/ipam.ts'
import { networkDbTraces } from './surfaces/networkdb.ts'
import { raftTraces } from './surfaces/raft.ts'
import { swimTraces } from './surfaces/swim.ts'

const surfaces: { readonly [Name in SurfaceName]: SurfaceTraces<Name> } = {
  raft: raftTraces,
  swim: swimTraces,
  networkdb: networkDbTraces,
  ipam: ipamTraces,
  discovery: discoveryTraces,
  balancing: balancingTraces,
}

export const surfaceNames = Object.keys(surfaces) as readonly SurfaceName[]

/** The entry of a surface. Where its name is not known before, what it takes is of that surface all the same. */
export function tracesOf<Name extends SurfaceName>(name: Name): SurfaceTraces<Name> {
  return surfaces[name]
}

/** The surface that an implementation offers: the one of which it says all else. */
export function surfaceOfHello({ surfaces: offered }: { readonly surfaces: readonly string[] }): SurfaceName {
  return surfaceNames.findLast((name) => offered.includes(name)) ?? 'raft'
}
