/** What a scenario may hold: defaults, bounds and a schema. Both of its forms, text and JSON, obey these. */
import type { SurfaceName, Surfaces } from './surface.ts'

export { leaderTarget } from './scenario/shared.ts'
export { completeDiscoveryScenario, discoveryScenarioSchema } from './scenario/discovery.ts'
export { balancingScenarioSchema, completeBalancingScenario } from './scenario/balancing.ts'
export { completeIpamScenario, defaultIpamDisk, defaultIpamOptions, ipamScenarioSchema } from './scenario/ipam.ts'
export { completeNetworkDbScenario, defaultNetworkDbOptions, networkDbScenarioSchema } from './scenario/networkdb.ts'
export {
  completeScenario,
  defaultOptions,
  messageKinds,
  nodesOf,
  scenarioSchema,
  type RaftStep,
} from './scenario/raft.ts'
export { completeSwimScenario, defaultSwimOptions, swimScenarioSchema } from './scenario/swim.ts'

/** A scenario of any surface. */
export type Scenario = Surfaces[SurfaceName]['scenario']
