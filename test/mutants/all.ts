/** All mutants of the reference, by the surface on which they are hunted. */
import type { SurfaceName } from '../../traces/surface.ts'
import { balancingMutants } from './balancing.ts'
import { discoveryMutants } from './discovery.ts'
import { ipamMutants } from './ipam.ts'
import type { Mutant } from './mutant.ts'
import { networkDbMutants } from './networkdb.ts'
import { raftMutants } from './raft.ts'
import { swimMutants } from './swim.ts'

export const mutantsOf: Readonly<Record<SurfaceName, readonly Mutant[]>> = {
  raft: raftMutants,
  swim: swimMutants,
  networkdb: networkDbMutants,
  ipam: ipamMutants,
  discovery: discoveryMutants,
  balancing: balancingMutants,
}
