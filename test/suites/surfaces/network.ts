/** The layers together, as the suites know them. */
import { createReference } from '../../../impl/reference/network/session.ts'
import { endpointPaths, transitionNames } from '../../../models/network/paths.ts'
import { createNetworkJudge } from '../../../properties/network/judge.ts'
import { catalogue } from '../../../properties/network/requirements.ts'
import { scenarioOfEndpointPath } from '../../../traces/run/network/path.ts'
import { drawNetworkSchedule } from '../../../traces/schedule.ts'
import type { SurfaceSuite } from './form.ts'

export const networkSuite: SurfaceSuite<'network'> = {
  text: 'the layers together: the reference against every requirement of the profiles that it claims',
  base: 'network-stack',
  catalogue,
  transitionNames,
  createReference: () => createReference(),
  createJudge: ({ profiles }, layers) => createNetworkJudge(profiles, layers),
  draw: drawNetworkSchedule,
  pathScenarios: () => endpointPaths().map(scenarioOfEndpointPath),
}
