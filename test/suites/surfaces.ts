/** The table of surfaces, as the suites know them. */
import type { SurfaceName } from '../../traces/surface.ts'
import type { SurfaceSuite } from './surfaces/form.ts'
import { discoverySuite } from './surfaces/discovery.ts'
import { balancingSuite } from './surfaces/balancing.ts'
import { ipamSuite } from './surfaces/ipam.ts'
import { networkDbSuite } from './surfaces/networkdb.ts'
import { raftSuite } from './surfaces/raft.ts'
import { swimSuite } from './surfaces/swim.ts'

const suites: { readonly [Name in SurfaceName]: SurfaceSuite<Name> } = {
  raft: raftSuite,
  swim: swimSuite,
  networkdb: networkDbSuite,
  ipam: ipamSuite,
  discovery: discoverySuite,
  balancing: balancingSuite,
}

/** The entry of a surface. Where its name is not known before, what it takes is of that surface all the same. */
export function suiteOf<Name extends SurfaceName>(name: Name): SurfaceSuite<Name> {
  return suites[name]
}
