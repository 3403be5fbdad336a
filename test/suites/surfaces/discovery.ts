/** Service discovery, as the suites know it. */
import { createReference } from '../../../impl/reference/discovery/session.ts'
import { transitionNames } from '../../../models/discovery/member.ts'
import { discoveryPaths } from '../../../models/discovery/paths.ts'
import { createDiscoveryJudge } from '../../../properties/discovery/judge.ts'
import { catalogue } from '../../../properties/discovery/requirements.ts'
import { scenarioOfDiscoveryPath } from '../../../traces/run/discovery/path.ts'
import { drawDiscoverySchedule, drawHostsSchedule } from '../../../traces/schedule.ts'
import type { AnyHello } from '../../../traces/surface.ts'
import type { SurfaceSuite } from './form.ts'

/** Others answer for hosts alone. */
const knowsTasks = ({ profiles }: AnyHello): boolean => profiles.includes('dns-swarm')

export const discoverySuite: SurfaceSuite<'discovery'> = {
  text: 'names: the reference against every requirement of the profiles that it claims',
  base: 'dns-core',
  catalogue,
  transitionNames,
  createReference: () => createReference(),
  createJudge: ({ profiles }, layers) => createDiscoveryJudge(profiles, layers),
  draw: (seed, hello) => (knowsTasks(hello) ? drawDiscoverySchedule(seed, hello) : drawHostsSchedule(seed, hello)),
  pathScenarios: (hello) => (knowsTasks(hello) ? discoveryPaths().map(scenarioOfDiscoveryPath) : []),
  fit: (scenario, hello) => (knowsTasks(hello) ? scenario : null),
}
