/** Serf, as the suites know it. */
import { createReference } from '../../../impl/reference/serf/session.ts'
import { serfPaths, transitionNames } from '../../../models/serf/paths.ts'
import { createSerfJudge } from '../../../properties/serf/judge.ts'
import { catalogue } from '../../../properties/serf/requirements.ts'
import { runSerfPath, scenarioOfSerfPath } from '../../../traces/run/serf/member-path.ts'
import { drawSerfSchedule } from '../../../traces/schedule.ts'
import { onceThrough, type SurfaceSuite } from './form.ts'

export const serfSuite: SurfaceSuite<'serf'> = {
  text: 'Serf: the reference against every requirement of the profile that it claims',
  base: 'serf',
  catalogue,
  transitionNames,
  createReference: () => createReference(),
  createJudge: ({ profiles }, layers) => createSerfJudge(profiles, layers),
  draw: drawSerfSchedule,
  paths: {
    cases: ({ capabilities }) => (capabilities.encode ? ['member paths'] : []),
    campaign: () => onceThrough(serfPaths()),
    scenarioOf: scenarioOfSerfPath,
    find: ({ name, steps }) => (steps.length > 0 ? null : (serfPaths().find((path) => path.name === name) ?? null)),
    layers: ['step'],
    run: runSerfPath,
  },
}
