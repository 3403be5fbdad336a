/** Service discovery, as the suites know it. */
import { createReference } from '../../../impl/reference/discovery/session.ts'
import { transitionNames } from '../../../models/discovery/member.ts'
import { discoveryPaths } from '../../../models/discovery/paths.ts'
import { createDiscoveryJudge } from '../../../properties/discovery/judge.ts'
import { catalogue } from '../../../properties/discovery/requirements.ts'
import { scenarioOfDiscoveryPath } from '../../../traces/run/discovery/path.ts'
import { drawDiscoverySchedule } from '../../../traces/schedule.ts'
import type { SurfaceSuite } from './form.ts'

export const discoverySuite: SurfaceSuite<'discovery'> = {
  text: 'names: the reference against every requirement of the profiles that it claims',
  base: 'dns-core',
  catalogue,
  transitionNames,
  createReference: () => createReference(),
  createJudge: ({ profiles }, layers) => createDiscoveryJudge(profiles, layers),
  draw: drawDiscoverySchedule,
  pathScenarios: () => discoveryPaths().map(scenarioOfDiscoveryPath),
}
