/** SWIM, as the suites know it. */
import { createReference } from '../../../impl/reference/swim/session.ts'
import { transitionNames } from '../../../models/swim/member.ts'
import { createSwimJudge } from '../../../properties/swim/judge.ts'
import { catalogue } from '../../../properties/swim/requirements.ts'
import {
  allSwimPaths,
  runSwimPath,
  runSwimPathRemote,
  scenarioOfSwimPath,
} from '../../../traces/run/swim/member-path.ts'
import { drawSwimSchedule } from '../../../traces/schedule.ts'
import { onceThrough, type SurfaceSuite } from './form.ts'

export const swimSuite: SurfaceSuite<'swim'> = {
  text: 'SWIM: an implementation against every requirement of the profiles that it claims',
  base: 'swim-core',
  catalogue,
  transitionNames,
  createReference: () => createReference(),
  createJudge: ({ profiles }, layers) => createSwimJudge(profiles, layers),
  draw: drawSwimSchedule,
  paths: {
    cases: ({ capabilities }) => (capabilities.encode ? ['member paths'] : []),
    campaign: () => onceThrough(allSwimPaths()),
    scenarioOf: scenarioOfSwimPath,
    find: ({ name, steps }) => (steps.length > 0 ? null : (allSwimPaths().find((path) => path.name === name) ?? null)),
    layers: ['step'],
    run: runSwimPath,
    runRemote: runSwimPathRemote,
  },
}
