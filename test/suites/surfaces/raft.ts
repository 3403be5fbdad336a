/** Raft, as the suites know it. */
import type { Hello } from '../../../impl/contract/raft.ts'
import { createReference } from '../../../impl/reference/raft/session.ts'
import { transitionNames } from '../../../models/raft/member.ts'
import { memberPaths, type MemberPathOptions } from '../../../models/raft/paths.ts'
import type { RaftScenario } from '../../../models/raft/vocabulary.ts'
import { createRaftJudge } from '../../../properties/raft/judge.ts'
import { catalogue } from '../../../properties/raft/requirements.ts'
import { MemberCampaign, pathOptionsFor } from '../../../traces/run/raft/member-campaign.ts'
import {
  runMemberPath,
  runMemberPathRemote,
  startOfPath,
  type MemberRunResult,
} from '../../../traces/run/raft/member-path.ts'
import { completeScenario } from '../../../traces/scenario.ts'
import { drawSchedule, situationScenarios } from '../../../traces/schedule.ts'
import type { SurfacePaths, SurfaceSuite } from './form.ts'

const caseName = (preVote: boolean): string => `member paths ${preVote ? 'with' : 'without'} pre-vote`

function pathOptions(hello: Hello, preVote: boolean): MemberPathOptions[] {
  return pathOptionsFor(hello).filter((options) => options.preVote === preVote)
}

const paths: SurfacePaths<'raft'> = {
  cases: (hello) => (hello.capabilities.encode ? pathOptionsFor(hello).map(({ preVote }) => caseName(preVote)) : []),
  campaign(name, hello) {
    const campaign = new MemberCampaign(pathOptions(hello, name === caseName(true)))
    return {
      round: () => campaign.round(),
      options: () => ({ avoided: campaign.habits.avoided() }),
      note: (result) => campaign.habits.note(result as MemberRunResult),
    }
  },
  scenarioOf(path) {
    const { nodes, configuration, options, seed } = startOfPath(path)
    return completeScenario({ name: path.name, nodes, configuration, options, seed, steps: [] })
  },
  find({ name, steps, options: { preVote } }, hello) {
    if (steps.length > 0 || !name.startsWith('member path ')) return null
    const all = pathOptions(hello, preVote).flatMap((options) => memberPaths(options))
    return all.find((path) => path.name === name) ?? 'unplanned'
  },
  // Nothing is known of the disks of peers that are played.
  layers: ['step', 'history'],
  run: runMemberPath,
  runRemote: runMemberPathRemote,
}

export const raftSuite: SurfaceSuite<'raft'> = {
  text: 'Raft: an implementation against every requirement of the profiles that it claims',
  base: 'raft-core',
  catalogue,
  transitionNames,
  createReference: (configuration) => createReference({ configuration }),
  createJudge: ({ profiles, capabilities }, layers) => createRaftJudge(profiles, capabilities.disk, layers),
  draw: drawSchedule,
  paths,
  situations: ({ operations }) => situationScenarios(operations),
  fit: fitOptions,
}

/** Options that an implementation does not claim are off. */
function fitOptions(scenario: RaftScenario, { profiles }: Hello): RaftScenario {
  const { options } = scenario
  return {
    ...scenario,
    options: {
      ...options,
      preVote: options.preVote && profiles.includes('raft-pre-vote'),
      checkQuorum: options.checkQuorum && profiles.includes('raft-check-quorum'),
    },
  }
}
