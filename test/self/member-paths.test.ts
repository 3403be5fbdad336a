/** The paths of the member model: what they cover, and that the reference passes all of them. */
import { describe, expect, test } from 'vitest'
import { createReference } from '../../impl/reference/raft/session.ts'
import { acceptingTransition, initialSnapshot, nextSnapshot, transitionNames } from '../../models/raft/member.ts'
import { edgeCover, memberGraph, memberPaths, memberPlans, stateKey } from '../../models/raft/paths.ts'
import { createRaftJudge } from '../../properties/raft/judge.ts'
import { MemberCampaign, pathOptionsFor } from '../../traces/run/raft/member-campaign.ts'
import { runMemberPath } from '../../traces/run/raft/member-path.ts'

const reference = createReference()

/** What the reference never does, since it decides otherwise where the protocol leaves it free. */
const declined = [
  'follower: election-timeout: asks for pre-votes and still names its leader',
  'follower: request-vote: refuses, it knows a leader',
  'follower: append-entries: passes over what begins below its commit index',
  'pre-candidate: election-timeout: asks for pre-votes and still names its leader',
  'pre-candidate: election-timeout: gives up',
  'pre-candidate: request-vote: grants, though it knows a leader',
  'pre-candidate: request-vote: refuses, it knows a leader',
  'pre-candidate: pre-vote-response: stands by an earlier refusal',
  'pre-candidate: pre-vote-response: campaigns by a grant of an earlier term',
  'pre-candidate: append-entries: passes over what begins below its commit index',
  'pre-candidate: timeout-now: ignores',
  'candidate: election-timeout: gives up',
  'candidate: request-vote-response: wins',
  'candidate: request-vote-response: stands by an earlier refusal',
  'candidate: pre-vote: does not grant, though it could',
  'leader: pre-vote: grants',
  'leader: propose: refuses',
]

describe('the plan', () => {
  test('covers every transition of the machine, and the machine accepts each step', () => {
    const paths = [false, true].flatMap((preVote) => memberPaths({ preVote }))
    const covered = new Set<string>()
    for (const { options, steps } of paths) {
      let snapshot = initialSnapshot(options)
      for (const { input, allowed, planned, transition } of steps) {
        const event = { ...input, outcome: allowed[planned]! }
        expect(acceptingTransition(snapshot, event)).toBe(transition)
        snapshot = nextSnapshot(snapshot, event)
        covered.add(transition)
      }
    }
    expect(transitionNames().filter((name) => !covered.has(name))).toEqual([])
    expect(memberPaths({ preVote: false }).map(({ name }) => name)).toEqual(
      paths.filter(({ options }) => !options.preVote).map(({ name }) => name),
    )
  })

  test('the graph is the machine', () => {
    const [plan] = memberPlans({ preVote: true })
    const graph = memberGraph(plan!)
    for (const path of edgeCover(graph).filter((_, number) => number % 100 === 0)) {
      let snapshot = initialSnapshot(plan!)
      for (const { input, allowed, planned, transition } of path.steps) {
        const event = { ...input, outcome: allowed[planned]! }
        expect(acceptingTransition(snapshot, event)).toBe(transition)
        const from = graph.nodes[graph.find(snapshot.value, snapshot.context)!]!
        snapshot = nextSnapshot(snapshot, event)
        const edge = from.edges.find(({ step }) => step.input === input && step.planned === planned)
        const to = graph.nodes[edge!.to]!
        expect(stateKey(to.role, to.context)).toBe(stateKey(snapshot.value, snapshot.context))
      }
    }
  })
})

describe('the reference', () => {
  test('passes every path', () => {
    const campaign = new MemberCampaign(pathOptionsFor(reference.hello))
    let paths = 0
    let inputs = 0
    for (let round = campaign.round(); round.length > 0; round = campaign.round()) {
      for (const path of round) {
        const judge = createRaftJudge(reference.hello.profiles, true, ['step', 'history'])
        const result = runMemberPath(path, reference, judge, { avoided: campaign.habits.avoided() })
        expect(result.violation, `${path.name}:\n${result.path.join('\n')}`).toBeNull()
        campaign.habits.note(result)
        paths++
        inputs += result.inputs
      }
    }
    const missing = [...campaign.coverage()].filter(([, count]) => count === 0).map(([name]) => name)
    console.log(`${paths} paths, ${inputs} inputs; ${missing.length} transitions not observed`)
    expect(missing).toEqual(declined)
  })
})
