/** Balancing, as the suites know it. */
import { createReference } from '../../../impl/reference/balancing/session.ts'
import { balancingPaths, transitionNames } from '../../../models/balancing/paths.ts'
import { createBalancingJudge } from '../../../properties/balancing/judge.ts'
import { catalogue } from '../../../properties/balancing/requirements.ts'
import { scenarioOfBalancingPath } from '../../../traces/run/balancing/path.ts'
import { drawBalancingSchedule } from '../../../traces/schedule.ts'
import type { SurfaceSuite } from './form.ts'

export const balancingSuite: SurfaceSuite<'balancing'> = {
  text: 'virtual addresses, the routing mesh and HTTP routing: the reference against every requirement of its profiles',
  base: 'vip',
  catalogue,
  transitionNames,
  createReference: () => createReference(),
  createJudge: ({ profiles }, layers) => createBalancingJudge(profiles, layers),
  draw: drawBalancingSchedule,
  pathScenarios: () => balancingPaths().map(scenarioOfBalancingPath),
}
