/** Machine, judge and explorer agree on what is allowed and what is forbidden. */
import { describe, expect, test } from 'vitest'
import {
  acceptingTransition,
  initialSnapshot,
  memberMachine,
  nextSnapshot,
  outcomesOf,
} from '../../models/raft/member.ts'
import { memberInputs } from '../../models/raft/member/inputs.ts'
import { NOBODY } from '../../models/raft/member/state.ts'
import type { MemberEvent, Outcome, ReplyKind } from '../../models/raft/member/state.ts'
import { electionModel } from '../../models/raft/system/election.ts'
import { replicationModel } from '../../models/raft/system/replication.ts'
import type { Role } from '../../models/raft/vocabulary.ts'
import { drawFrom, pick } from '../../traces/schedule/draw.ts'
import type { Draw } from '../../traces/schedule/draw.ts'
import { electionMember, replicationMember, walkSystem } from './member-explored.ts'
import type { ExploredTriple } from './member-explored.ts'
import { endOf, firstOutcome, judgeSteps, stepsOf } from './member-steps.ts'
import type { JudgedStep } from './member-steps.ts'

/** Triples of state, input and outcome to try; SWARMCHECK_TRIPLES=1000000 for all that the design asks for. */
const TRIPLES = Number(process.env['SWARMCHECK_TRIPLES'] ?? 30_000)
const bounds = { terms: 4, entries: 3, proposed: 4, transfer: true }
const roles: readonly Role[] = ['follower', 'pre-candidate', 'candidate', 'leader']

function another<Item>(draw: Draw, items: readonly Item[], than: Item): Item {
  return pick(
    draw,
    items.filter((each) => each !== than),
  )
}

function repliesTo({ type }: MemberEvent): readonly ReplyKind[] {
  switch (type) {
    case 'request-vote':
    case 'pre-vote':
      return ['none', 'granted', 'refused']
    case 'append-entries':
      return ['none', 'success', 'failure']
    case 'heartbeat':
      return ['none', 'success']
    default:
      return ['none']
  }
}

/** The outcome with one field changed. With PreVote off nobody says that it is a pre-candidate. */
function perturb(draw: Draw, event: MemberEvent, preVote: boolean): Outcome {
  const { outcome } = event
  const { role, term, vote, leader, log, commit, reply, acknowledged } = outcome
  const members = [NOBODY, 0, 1, 2]
  switch (draw.integer(0, 7)) {
    case 0:
      return {
        ...outcome,
        role: another(draw, preVote ? roles : roles.filter((each) => each !== 'pre-candidate'), role),
      }
    case 1:
      return { ...outcome, term: term > 0 && draw.chance(0.5) ? term - 1 : term + 1 }
    case 2:
      return { ...outcome, vote: another(draw, members, vote) }
    case 3:
      return { ...outcome, leader: another(draw, members, leader) }
    case 4:
      if (log.length > 0 && draw.chance(0.5)) return { ...outcome, log: log.slice(0, -1) }
      if (log.length > 0 && draw.chance(0.3)) {
        return { ...outcome, log: [...log.slice(0, -1), another(draw, [1, 2, 3, 4], log[log.length - 1]!)] }
      }
      return { ...outcome, log: [...log, Math.max(1, draw.chance(0.7) ? term : term - 1)] }
    case 5:
      return { ...outcome, commit: commit > 0 && draw.chance(0.5) ? commit - 1 : commit + 1 }
    case 6: {
      const replies = repliesTo(event)
      if (replies.length === 1) return { ...outcome, vote: another(draw, members, vote) }
      const other = another(draw, replies, reply)
      return { ...outcome, reply: other, acknowledged: other === 'success' ? log.length : 0 }
    }
    default:
      if (reply !== 'success' || event.type === 'heartbeat')
        return { ...outcome, leader: another(draw, members, leader) }
      return { ...outcome, acknowledged: acknowledged > 0 && draw.chance(0.3) ? acknowledged - 1 : acknowledged + 1 }
  }
}

interface Tally {
  triples: number
  allowed: number
  forbidden: number
  readonly disagreements: Map<string, { count: number; readonly example: string }>
}

/** What is wrong, in words. */
function changed(usual: Outcome | null, outcome: Outcome): string {
  if (usual === null) return 'usual'
  const fields = Object.keys(usual) as (keyof Outcome)[]
  return fields
    .filter((field) => String(usual[field]) !== String(outcome[field]))
    .map((field) => `${field} ${String(usual[field])}→${String(outcome[field])}`)
    .join(' ')
}

/** One random walk: at each state an allowed outcome, and some that may not be. */
function walk(seed: number, tally: Tally): void {
  const draw = drawFrom(seed)
  const preVote = draw.chance(0.5)
  let snapshot = initialSnapshot({ preVote, terms: bounds.terms })
  let steps: JudgedStep[] = []
  let before = firstOutcome
  let now = 1
  const compare = (event: MemberEvent, usual: Outcome | null): boolean => {
    const accepted = acceptingTransition(snapshot, event)
    const violation = judgeSteps(preVote, [...steps, ...stepsOf(event, before, now)])
    tally.triples++
    if (violation === null) tally.allowed++
    else tally.forbidden++
    if ((accepted === null) === (violation !== null)) return true
    const what = `${changed(usual, event.outcome)}, ${before.role}: ${event.type}: ${accepted === null ? 'machine rejects, judge accepts' : `machine accepts (${accepted}), judge says ${violation!.requirement}`}`
    const known = tally.disagreements.get(what)
    if (known !== undefined) known.count++
    else {
      const example = JSON.stringify({
        before,
        event,
        verified: snapshot.context.verified,
        environment: snapshot.context.environment,
        violation,
      })
      tally.disagreements.set(what, { count: 1, example })
    }
    return false
  }
  for (let length = draw.integer(1, 14); length > 0; length--) {
    const role = snapshot.value as Role
    const inputs = memberInputs(role, snapshot.context, bounds)
    const types = [...new Set(inputs.map(({ type }) => type))].filter((type) => type !== 'restart' || draw.chance(0.3))
    const type = pick(draw, types)
    const input = pick(
      draw,
      inputs.filter((each) => each.type === type),
    )
    const outcomes = outcomesOf(role, snapshot.context, input)
    const event: MemberEvent = { ...input, outcome: pick(draw, outcomes).outcome }
    for (let wrong = draw.integer(1, 4); wrong > 0; wrong--)
      compare({ ...event, outcome: perturb(draw, event, preVote) }, event.outcome)
    if (!compare(event, null)) return
    steps = [...steps, ...stepsOf(event, before, now)]
    snapshot = nextSnapshot(snapshot, event)
    before = event.outcome
    now = endOf(event, now)
  }
}

/** What the machine leaves free, and the system models, which need only one way of several, do not. */
function isFree({ role }: ExploredTriple, usual: Outcome, { type, outcome }: MemberEvent): boolean {
  const { commit, log } = outcome
  const givesUp =
    role === 'candidate' && usual.role === 'candidate' && outcome.role === 'follower' && type !== 'election-timeout'
  const grows =
    usual.role === 'leader' &&
    log.length > usual.log.length &&
    log.every((term, at) => term === (usual.log[at] ?? usual.term))
  const refusesProposal = type === 'propose' && log.length === usual.log.length - 1
  const recovers = type === 'restart' && commit > usual.commit
  const names = outcome.leader !== usual.leader && (usual.leader === NOBODY || outcome.leader === NOBODY)
  const mustName = type === 'restart' || (type === 'append-entries' && usual.role === 'follower')
  const restates = usual.reply === 'success' && outcome.reply === 'success' && outcome.acknowledged < usual.acknowledged
  const answers =
    outcome.reply !== usual.reply && (outcome.reply === 'none' || usual.reply === 'none' || outcome.reply === 'refused')
  return givesUp || grows || refusesProposal || recovers || (names && !mustName) || restates || answers
}

describe('agreement', () => {
  const systems = [
    { name: 'elections', model: electionModel({ terms: 3, crash: true }) },
    { name: 'replication', model: replicationModel({ terms: 3, entries: 3, crashes: 3 }) },
  ]
  test.each(systems)('machine and explorer: $name', { timeout: 3_600_000 }, ({ name, model }) => {
    const memberOf = name === 'elections' ? electionMember(model) : replicationMember
    let allowed = 0
    let forbidden = 0
    let free = 0
    for (let seed = 1; allowed + forbidden < TRIPLES / 2; seed++) {
      const draw = drawFrom(seed)
      walkSystem(model, memberOf, draw, 60, (triple) => {
        const snapshot = memberMachine.resolveState({ value: triple.role, context: triple.context })
        const { event } = triple
        expect(acceptingTransition(snapshot, event), JSON.stringify(triple)).not.toBeNull()
        allowed++
        const wrong: MemberEvent = { ...event, outcome: perturb(draw, event, false) }
        if (isFree(triple, event.outcome, wrong)) {
          free++
          return
        }
        expect(
          acceptingTransition(snapshot, wrong),
          `${JSON.stringify(triple)}\n${JSON.stringify(wrong.outcome)}`,
        ).toBeNull()
        forbidden++
      })
    }
    console.log(`${name}: ${allowed} allowed, ${forbidden} forbidden, ${free} that the machine leaves free`)
  })

  test('machine and judge', { timeout: 3_600_000 }, () => {
    const tally: Tally = { triples: 0, allowed: 0, forbidden: 0, disagreements: new Map() }
    for (let seed = 1; tally.triples < TRIPLES; seed++) walk(seed, tally)
    console.log(`${tally.triples} triples: ${tally.allowed} allowed, ${tally.forbidden} forbidden`)
    const found = [...tally.disagreements].sort(([, left], [, right]) => right.count - left.count)
    for (const [what, { count, example }] of found) console.log(`${count} × ${what}\n  ${example}`)
    expect(found.map(([what]) => what)).toEqual([])
  })
})
