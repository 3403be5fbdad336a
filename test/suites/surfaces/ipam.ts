/** Address management, as the suites know it. */
import { createReference } from '../../../impl/reference/ipam/session.ts'
import { transitionNames } from '../../../models/ipam/member.ts'
import { ipamPaths } from '../../../models/ipam/paths.ts'
import { createIpamJudge } from '../../../properties/ipam/judge.ts'
import { catalogue } from '../../../properties/ipam/requirements.ts'
import { scenarioOfIpamPath } from '../../../traces/run/ipam/path.ts'
import { drawIpamSchedule } from '../../../traces/schedule.ts'
import type { SurfaceSuite } from './form.ts'

export const ipamSuite: SurfaceSuite<'ipam'> = {
  text: 'Addresses: an implementation against every requirement of the profiles that it claims',
  base: 'ipam-core',
  catalogue,
  transitionNames,
  createReference: () => createReference(),
  createJudge: ({ profiles, capabilities }, layers) => createIpamJudge(profiles, capabilities.disk, layers),
  draw: drawIpamSchedule,
  pathScenarios: () => ipamPaths().map(scenarioOfIpamPath),
  // Several allocators need an implementation that takes turns in leading.
  fit: (scenario, { profiles }) => (scenario.nodes.length === 1 || profiles.includes('ipam-swarm') ? scenario : null),
}
