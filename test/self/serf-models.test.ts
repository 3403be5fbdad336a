/** The models of Serf: the machine of a member, its paths, and what the reference and the judge make of them. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createReference } from '../../impl/reference/serf/session.ts'
import {
  acceptingTransition,
  heldTime,
  initialSnapshot,
  inputsTo,
  nextSnapshot,
  outcomeOf,
  situationOf,
  timeOf,
  type SubjectInput,
  type SubjectOutcome,
  type SubjectStart,
} from '../../models/serf/member.ts'
import { serfPaths, transitionNames } from '../../models/serf/paths.ts'
import * as rules from '../../models/serf/rules.ts'
import { Cluster } from '../../properties/serf/cluster.ts'
import { Expected } from '../../properties/serf/expected.ts'
import { createSerfJudge } from '../../properties/serf/judge.ts'
import { judgeIntents, judgeMembers } from '../../properties/serf/records.ts'
import { runSerfPath } from '../../traces/run/serf/member-path.ts'
import { defaultSerfOptions } from '../../traces/scenario/serf.ts'
import { serfMutants } from '../mutants/serf.ts'

describe('formulas have the values of the implementation that they come from', () => {
  test.each([
    [5, 5, 6],
    [5, 4, 5],
    [5, 9, 10],
    [1, 0, 1],
  ])('a clock of %i that sees %i shows %i', (clock, seen, shown) => {
    expect(rules.witness(clock, seen)).toBe(shown)
  })

  test.each([
    [1, 3_200],
    [9, 3_200],
    [10, 6_400],
    [99, 6_400],
    [100, 9_600],
  ])('a query among %i nodes is open for %i ms', (there, timeout) => {
    expect(rules.defaultQueryTimeout(200, 16, there)).toBe(timeout)
  })

  test('what is older than the buffer is old, from when on the clock is beyond it', () => {
    expect(rules.isTooOld(0, 512, 512)).toBe(false)
    expect(rules.isTooOld(0, 513, 512)).toBe(true)
    expect(rules.isTooOld(1, 513, 512)).toBe(false)
  })

  test('who left comes first in a push/pull, at the time after the last', () => {
    const members = [
      { name: 'a', time: 3 },
      { name: 'b', time: 7 },
    ]
    expect(rules.intentsOf({ members, left: ['b', 'c'] })).toEqual([
      { name: 'b', intent: 'leave', time: 8, prune: false },
      { name: 'c', intent: 'leave', time: 1, prune: false },
      { name: 'a', intent: 'join', time: 3, prune: false },
    ])
  })
})

const statuses: readonly rules.MemberStatus[] = ['absent', 'alive', 'leaving', 'left', 'failed']
const situation: fc.Arbitrary<SubjectStart> = fc
  .record({
    status: fc.constantFrom(...statuses),
    time: fc.integer({ min: 0, max: 6 }),
    buffered: fc.constantFrom('none' as const, 'join' as const, 'leave' as const),
    bufferedTime: fc.integer({ min: 0, max: 6 }),
    pruning: fc.boolean(),
  })
  .map((at) => ({
    ...at,
    time: at.status === 'absent' ? 0 : at.time,
    bufferedTime: at.buffered === 'none' ? 0 : at.bufferedTime,
    pruning: at.pruning && at.status === 'leaving',
  }))

type ToldInput = Extract<SubjectInput, { readonly relation: string }>

/** What Serf does with an intent, written down once more as its source reads. */
function serf(at: SubjectStart, input: ToldInput): SubjectOutcome {
  const { status, time, buffered, bufferedTime } = at
  const leaves = input.type === 'told-leave' || input.type === 'told-prune' || input.type === 'told-left'
  const said = timeOf(heldTime(at), input.relation) + (input.type === 'told-left' ? 1 : 0)
  if (status === 'absent') {
    const isNew = buffered === 'none' || said > bufferedTime
    return { status, time: 0, buffered: isNew ? (leaves ? 'leave' : 'join') : buffered }
  }
  if (said <= time) return { status, time, buffered }
  if (!leaves) return { status: status === 'leaving' ? 'alive' : status, time: said, buffered }
  const prunes = input.type === 'told-prune'
  if (status === 'alive' || status === 'leaving') return { status: 'leaving', time: said, buffered }
  return prunes ? { status: 'absent', time: 0, buffered } : { status: 'left', time: said, buffered }
}

describe('the machine of a member', () => {
  test('accepts exactly what is written of what is told', () => {
    const told = fc.record({
      type: fc.constantFrom(
        'told-join' as const,
        'told-leave' as const,
        'told-prune' as const,
        'told-there' as const,
        'told-left' as const,
      ),
      relation: fc.constantFrom('older' as const, 'equal' as const, 'newer' as const),
    })
    const buffered = fc.constantFrom('none' as const, 'join' as const, 'leave' as const)
    const time = fc.integer({ min: 0, max: 9 })
    fc.assert(
      fc.property(situation, told, fc.constantFrom(...statuses), time, buffered, (at, input, status, to, kept) => {
        fc.pre(outcomeOf(at, input) !== null)
        const expected = serf(at, input)
        const outcome = { status, time: to, buffered: kept }
        const mayForget = status !== 'absent' && kept === 'none'
        const fits = status === expected.status && to === expected.time && (kept === expected.buffered || mayForget)
        expect(acceptingTransition(at, { ...input, outcome }) !== null).toBe(fits)
      }),
      { numRuns: 20_000 },
    )
  })

  test('never lets a time fall, but where nothing is held any more', () => {
    fc.assert(
      fc.property(situation, (at) => {
        for (const input of inputsTo(at)) {
          const { outcome } = outcomeOf(at, input)!
          expect(outcome.status === 'absent' || outcome.time >= at.time).toBe(true)
        }
      }),
    )
  })

  test('as an XState machine goes where its rules say, along every path', () => {
    const taken = new Set<string>()
    for (const { steps } of serfPaths()) {
      let snapshot = initialSnapshot()
      for (const input of steps) {
        const at = situationOf(snapshot)
        const { name, outcome, next } = outcomeOf(at, input)!
        taken.add(name)
        const wrong = statuses.find((status) => status !== outcome.status)!
        const refused = nextSnapshot(snapshot, { ...input, outcome: { ...outcome, status: wrong } })
        expect(situationOf(refused)).toEqual(at)
        snapshot = nextSnapshot(snapshot, { ...input, outcome })
        expect(situationOf(snapshot)).toEqual(next)
      }
    }
    expect([...taken].sort()).toEqual(transitionNames())
  })
})

/** A judge's view of a node in a situation, and the verdict on an outcome of an input. */
function judges(at: SubjectStart, input: SubjectInput, outcome: SubjectOutcome): boolean {
  const claims = { profiles: new Set(['serf']), layers: new Set(['step'] as const) }
  const cluster = new Cluster(defaultSerfOptions, claims, ['n1', 'n2'])
  const node = cluster.node('n1')
  node.now = 10
  node.memberClock = 20
  const name = 'n2'
  const isGone = at.status === 'left' || at.status === 'failed'
  if (at.status !== 'absent') {
    const held = { name, status: at.status, time: at.time, tags: '' }
    const goneAt = isGone ? 5 : Infinity
    node.members.set(name, { ...held, goneAt, since: 5, pruneBy: at.pruning ? 1e9 : Infinity })
  }
  if (at.buffered !== 'none') node.intents.set(name, { name, intent: at.buffered, time: at.bufferedTime, since: 5 })
  const expected = new Expected(node, defaultSerfOptions)
  switch (input.type) {
    case 'told-join':
    case 'told-leave':
    case 'told-prune': {
      const intent = input.type === 'told-join' ? 'join' : 'leave'
      const time = timeOf(heldTime(at), input.relation)
      expected.tell({ name, intent, time, prune: input.type === 'told-prune' }, 'gossip')
      break
    }
    case 'told-there':
    case 'told-left': {
      const members = [{ name, time: timeOf(heldTime(at), input.relation) }]
      for (const said of rules.intentsOf({ members, left: input.type === 'told-left' ? [name] : [] })) {
        expected.tell(said, said.intent === 'leave' ? 'left' : 'there')
      }
      break
    }
    case 'up':
      expected.up(name, '')
      break
    case 'down':
      expected.down(name)
      break
    default:
      throw new Error(`not of others: ${input.type}`)
  }
  const before = { ...at }
  if (outcome.status !== before.status || outcome.time !== before.time || input.type === 'up') {
    const { status, time } = outcome
    const isChange = status !== 'absent' || before.status !== 'absent'
    const change = status === 'absent' ? { name, status: 'forgotten' as const } : { name, status, time, tags: '' }
    judgeMembers(cluster, node, expected, isChange ? [change] : null)
  } else judgeMembers(cluster, node, expected, null)
  const said = outcomeOf(at, input)!.next
  const change =
    outcome.buffered === 'none'
      ? { name, intent: 'forgotten' as const }
      : { name, intent: outcome.buffered, time: said.bufferedTime }
  const isSame = outcome.buffered === before.buffered && said.bufferedTime === before.bufferedTime
  judgeIntents(
    cluster,
    node,
    expected,
    isSame || (outcome.buffered === 'none' && before.buffered === 'none') ? null : [change],
  )
  return cluster.conclude() === null
}

describe('machine, judge and reference agree', () => {
  test('on what is allowed to come of any input in any situation, and what is not', () => {
    const choice = fc.record({
      at: situation,
      pick: fc.nat(),
      status: fc.constantFrom(...statuses),
      time: fc.integer({ min: 0, max: 9 }),
    })
    let allowed = 0
    fc.assert(
      fc.property(choice, ({ at, pick, status, time }) => {
        const inputs = inputsTo(at).filter(({ type }) => type.startsWith('told') || type === 'up' || type === 'down')
        const input = inputs[pick % inputs.length]!
        // Half of all outcomes are those that the machine wants.
        const wanted = outcomeOf(at, input)!.outcome
        const outcome = pick % 2 === 0 ? wanted : { ...wanted, status, time: status === 'absent' ? 0 : time }
        // Who is to be forgotten may be so at any time.
        fc.pre(!(at.pruning && outcome.status === 'absent'))
        const accepts = acceptingTransition(at, { ...input, outcome }) !== null
        if (accepts) allowed++
        expect(judges(at, input, outcome)).toBe(accepts)
      }),
      { numRuns: 50_000 },
    )
    expect(allowed).toBeGreaterThan(20_000)
  })

  const reference = createReference()
  const judge = () => createSerfJudge(reference.hello.profiles, ['step'])

  test('the reference takes every transition, and neither machine nor judge objects', () => {
    const taken = new Set<string>()
    for (const path of serfPaths()) {
      const { violation, transitions } = runSerfPath(path, reference, judge())
      expect({ path: path.name, violation }).toEqual({ path: path.name, violation: null })
      const count = [...transitions.values()].reduce((sum, each) => sum + each, 0)
      expect({ path: path.name, count }).toEqual({ path: path.name, count: path.steps.length })
      for (const name of transitions.keys()) taken.add(name)
    }
    expect([...taken].sort()).toEqual(transitionNames())
  })

  /** Mutants that do another thing with a member than the machine allows. */
  const ofMembers = [
    'failed-stay-failed',
    'forgets-what-was-said',
    'left-becomes-failed',
    'failed-becomes-left',
    'takes-older-times',
    'deaf-to-leaves',
    'failed-cannot-leave',
    'leaving-for-good',
    'left-without-time',
    'never-prunes',
    'prunes-no-left',
    'remembers-the-first',
    'intents-never-end',
    'failed-for-ever',
    'left-without-more',
    'merges-left-only',
  ]

  test.each(ofMembers)('where a node %s, the machine refuses what the judge blames', (name) => {
    const mutant = serfMutants.find((each) => each.name === name)!
    const implementation = mutant.create() as ReturnType<typeof createReference>
    const all = serfPaths().map((path) => ({ path, result: runSerfPath(path, implementation, judge()) }))
    const failed = all.filter(({ result }) => result.violation !== null)
    expect(failed.map(({ result }) => result.violation!.requirement)).toContain(mutant.breaks)
    // Without the judge the machine is stuck on the same paths.
    const lenient = () => createSerfJudge([], ['step'])
    const stuck = failed.filter(({ path }) => {
      const { transitions } = runSerfPath(path, implementation, lenient())
      return [...transitions.values()].reduce((sum, each) => sum + each, 0) < path.steps.length
    })
    expect(stuck.length).toBeGreaterThan(0)
  })
})
