/** The network database, as the suites know it. */
import { createReference } from '../../../impl/reference/networkdb/session.ts'
import { networkDbPaths, transitionNames } from '../../../models/networkdb/paths.ts'
import { createNetworkDbJudge } from '../../../properties/networkdb/judge.ts'
import { catalogue } from '../../../properties/networkdb/requirements.ts'
import {
  runNetworkDbPath,
  runNetworkDbPathRemote,
  scenarioOfNetworkDbPath,
} from '../../../traces/run/networkdb/member-path.ts'
import { drawNetworkDbSchedule } from '../../../traces/schedule.ts'
import { onceThrough, type SurfaceSuite } from './form.ts'

export const networkDbSuite: SurfaceSuite<'networkdb'> = {
  text: 'the network database: an implementation against every requirement of the profile that it claims',
  base: 'networkdb',
  catalogue,
  transitionNames,
  createReference: () => createReference(),
  createJudge: ({ profiles }, layers) => createNetworkDbJudge(profiles, layers),
  draw: drawNetworkDbSchedule,
  paths: {
    cases: ({ capabilities }) => (capabilities.encode ? ['member paths'] : []),
    campaign: () => onceThrough(networkDbPaths()),
    scenarioOf: scenarioOfNetworkDbPath,
    find: ({ name, steps }) =>
      steps.length > 0 ? null : (networkDbPaths().find((path) => path.name === name) ?? null),
    layers: ['step'],
    run: runNetworkDbPath,
    runRemote: runNetworkDbPathRemote,
  },
}
