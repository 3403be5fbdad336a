/** The models of the network database: the machine of an entry, its paths, and what the reference and the judge make of them. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createReference } from '../../impl/reference/networkdb/session.ts'
import { timeOf } from '../../models/networkdb/acceptor.ts'
import { attachments } from '../../models/networkdb/attachment.ts'
import {
  entries,
  entryStart,
  inputsTo,
  type EntryInput,
  type EntryOutcome,
  type EntryStart,
} from '../../models/networkdb/member.ts'
import { networkDbPaths, transitionNames } from '../../models/networkdb/paths.ts'
import * as rules from '../../models/networkdb/rules.ts'
import { Cluster } from '../../properties/networkdb/cluster.ts'
import { Expected } from '../../properties/networkdb/expected.ts'
import { createNetworkDbJudge } from '../../properties/networkdb/judge.ts'
import { judgeEntries } from '../../properties/networkdb/records.ts'
import { defaultNetworkDbOptions } from '../../traces/scenario.ts'
import { runNetworkDbPath } from '../../traces/run/networkdb/member-path.ts'
import { networkDbMutants } from '../mutants/networkdb.ts'
import { answersAsPublished } from './model-mutation/mutated-rules.ts'
import { networkDbVectors } from './model-mutation/vectors.ts'

const { acceptingTransition, outcomeOf } = entries

test.each(networkDbVectors)('%s of %j is %j, as published', (...vector) => {
  expect(answersAsPublished(rules, vector)).toBe(true)
})

const statuses: readonly rules.EntryStatus[] = ['absent', 'live', 'suspended', 'tombstone']
const situation: fc.Arbitrary<EntryStart> = fc
  .record({
    status: fc.constantFrom(...statuses),
    time: fc.integer({ min: 3, max: 6 }),
    mine: fc.boolean(),
    attached: fc.boolean(),
    writer: fc.constantFrom('attached' as const, 'failed' as const, 'detached' as const),
  })
  .map((at) => (at.status === 'absent' ? { ...at, time: 0, mine: false } : at))

/** What networkdb does with a table event, written down once more as its source reads. */
function networkdb(at: EntryStart, input: Extract<EntryInput, { readonly relation: string }>): EntryOutcome {
  const { status, time, attached, writer } = at
  const stays = { status, time }
  if (input.type === 'told-own') return stays
  if (!attached || writer === 'detached') return stays
  const said = timeOf(time, input.relation)
  if (status !== 'absent' && time >= said) return stays
  return { status: input.deletes ? 'tombstone' : writer === 'failed' ? 'suspended' : 'live', time: said }
}

describe('the machine of an entry', () => {
  test('accepts exactly what is written of what is told', () => {
    const told = fc.record({
      type: fc.constantFrom('told' as const, 'told-own' as const),
      relation: fc.constantFrom('older' as const, 'equal' as const, 'newer' as const),
      deletes: fc.boolean(),
    })
    const time = fc.integer({ min: 0, max: 8 })
    fc.assert(
      fc.property(situation, told, fc.constantFrom(...statuses), time, (at, input, status, to) => {
        fc.pre(at.status !== 'absent' || input.relation === 'newer')
        const expected = networkdb(at, input)
        const accepts = acceptingTransition(at, { ...input, outcome: { status, time: to } }) !== null
        expect(accepts).toBe(status === expected.status && to === expected.time)
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

  test('takes of its own events any time above what was held, and none below', () => {
    const at: EntryStart = { ...entryStart, status: 'live', time: 4, attached: true }
    const event = (time: number) => ({ type: 'update' as const, outcome: { status: 'live' as const, time } })
    expect([3, 4, 5, 9].map((time) => acceptingTransition(at, event(time)) !== null)).toEqual([
      false,
      false,
      true,
      true,
    ])
  })

  /** Walks a path through an XState machine, and what it must refuse on the way. */
  function follow<Input extends object, Status extends string, Snapshot, Situation extends { readonly time: number }>(
    machine: {
      nextSnapshot(
        snapshot: Snapshot,
        event: Input & { readonly outcome: { readonly status: Status; readonly time: number } },
      ): Snapshot
      situationOf(snapshot: Snapshot): Situation
      outcomeOf(
        at: Situation,
        input: Input,
      ): {
        readonly name: string
        readonly outcome: { readonly status: Status; readonly time: number }
        readonly next: Situation
      } | null
    },
    all: readonly Status[],
    initial: Snapshot,
    steps: readonly Input[],
  ): string[] {
    let snapshot = initial
    return steps.map((input) => {
      const at = machine.situationOf(snapshot)
      const { name, outcome, next } = machine.outcomeOf(at, input)!
      const wrong = all.find((status) => status !== outcome.status)!
      const refused = machine.nextSnapshot(snapshot, { ...input, outcome: { ...outcome, status: wrong } })
      expect(machine.situationOf(refused)).toEqual(at)
      snapshot = machine.nextSnapshot(snapshot, { ...input, outcome })
      expect(machine.situationOf(snapshot)).toEqual(next)
      return name
    })
  }

  test('as an XState machine goes where its rules say, along every path', () => {
    const taken = networkDbPaths().flatMap((path) =>
      path.of === 'entry'
        ? follow(entries, statuses, entries.initialSnapshot(entryStart), path.steps)
        : follow(attachments, ['absent', 'joined', 'left'], attachments.initialSnapshot(path.start), path.steps),
    )
    expect([...new Set(taken)].sort()).toEqual(transitionNames())
  })
})

/** A judge's view of a node in a situation, and the verdict on an outcome of an input. */
function judges(at: EntryStart, input: EntryInput, outcome: EntryOutcome): boolean {
  const claims = { profiles: new Set(['networkdb']), layers: new Set(['step'] as const) }
  const cluster = new Cluster(defaultNetworkDbOptions, claims, ['n1', 'n2'])
  const node = cluster.node('n1')
  node.name = 'n1'
  node.now = 10
  const place = { network: 'net1', key: 'k' }
  const attach = (name: string) =>
    node.attachments.set(`${name} net1`, { name, network: 'net1', time: 1, status: 'joined', dueAt: Infinity })
  if (at.attached) attach('n1')
  if (at.writer !== 'detached') attach('n2')
  const status = at.writer === 'failed' ? 'failed' : 'active'
  node.peers.set('n2', { name: 'n2', address: 'n2', status, time: 0 })
  const owner = at.mine ? 'n1' : 'n2'
  if (at.status !== 'absent') {
    node.entries.set('net1/k', { ...place, owner, time: at.time, value: 'v', status: at.status, dueAt: 1e9 })
  }
  const expected = new Expected(node, defaultNetworkDbOptions)
  const event = { name: 'n2', network: 'net1', time: 9 }
  switch (input.type) {
    case 'told':
    case 'told-own': {
      const by = input.type === 'told' ? 'n2' : 'n1'
      const time = timeOf(at.time, input.relation)
      const said = { type: 'table', ...place, owner: by, time, value: 'v', residual: 0 } as const
      expected.tellTable({ ...said, event: input.deletes ? 'delete' : 'update' }, false)
      break
    }
    case 'writer-fails':
      expected.peerDown('n2')
      break
    case 'writer-returns':
      expected.peerUp('n2', 'n2')
      break
    case 'writer-leaves':
    case 'writer-joins':
      expected.tellNetwork({ type: 'network', event: input.type === 'writer-leaves' ? 'leave' : 'join', ...event })
      break
    case 'leave':
      expected.leaveNetwork('net1', 9, () => outcome.time)
      break
    default:
      throw new Error(`not of others: ${input.type}`)
  }
  const taken = outcomeOf(at, input)!.next.mine ? 'n1' : 'n2'
  const seen =
    outcome.status === 'absent'
      ? at.status === 'absent'
        ? []
        : [{ ...place, status: 'forgotten' as const }]
      : [{ ...place, owner: taken, time: outcome.time, value: 'v', status: outcome.status }]
  judgeEntries(cluster, node, expected, seen)
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
        const inputs = inputsTo(at).filter(
          ({ type }) => type.startsWith('told') || type.startsWith('writer') || type === 'leave',
        )
        const input = inputs[pick % inputs.length]!
        // Half of all outcomes are those that the machine wants.
        const wanted = outcomeOf(at, input)!.outcome
        const outcome = pick % 2 === 0 ? wanted : { status, time: status === 'absent' ? 0 : time }
        // Times of the node's own are judged by its clock, which has its own test.
        fc.pre(!(input.type === 'leave' && wanted.time > at.time && outcome.status === 'tombstone'))
        const accepts = acceptingTransition(at, { ...input, outcome }) !== null
        if (accepts) allowed++
        expect(judges(at, input, outcome)).toBe(accepts)
      }),
      { numRuns: 50_000 },
    )
    expect(allowed).toBeGreaterThan(20_000)
  })

  const reference = createReference()
  const judge = () => createNetworkDbJudge(reference.hello.profiles, ['step'])

  test('the reference takes every transition, and neither machine nor judge objects', () => {
    const taken = new Set<string>()
    for (const path of networkDbPaths()) {
      const { violation, transitions } = runNetworkDbPath(path, reference, judge())
      expect({ path: path.name, violation }).toEqual({ path: path.name, violation: null })
      const count = [...transitions.values()].reduce((sum, each) => sum + each, 0)
      expect({ path: path.name, count }).toEqual({ path: path.name, count: path.steps.length })
      for (const name of transitions.keys()) taken.add(name)
    }
    expect([...taken].sort()).toEqual(transitionNames())
  })

  /** Mutants that do another thing with an entry, or with an attachment, than the machines allow. */
  const ofRecords = [
    'takes-entries-anywhere',
    'takes-from-anybody',
    'takes-own-entries-back',
    'last-arrival-wins',
    'takes-from-first-owner-only',
    'deletes-without-tombstone',
    'drops-unknown-deletions',
    'deletes-entries-of-failed',
    'loses-entries-of-returned',
    'keeps-entries-of-leavers',
    'leaves-without-tombstones',
    'keeps-entries-of-others',
    'create-overwrites',
    'update-creates',
    'forgets-updates',
    'keeps-tombstones-for-ever',
    'never-takes-back',
    'takes-any-attachment',
    'believes-that-it-left',
    'keeps-unknown-leave',
    'attaches-strangers',
    'gone-stay-in-networks',
    'keeps-earlier-life',
    'left-becomes-failed',
    'failed-becomes-left',
    'joins-twice',
    'remembers-leaving-for-ever',
  ]

  test.each(ofRecords)('where a node %s, the machine refuses what the judge blames', (name) => {
    const mutant = networkDbMutants.find((each) => each.name === name)!
    const implementation = mutant.create() as ReturnType<typeof createReference>
    const all = networkDbPaths().map((path) => ({ path, result: runNetworkDbPath(path, implementation, judge()) }))
    const failed = all.filter(({ result }) => result.violation !== null)
    expect(failed.map(({ result }) => result.violation!.requirement)).toContain(mutant.breaks)
    // Without the judge the machine is stuck on the same paths.
    const lenient = () => createNetworkDbJudge([], ['step'])
    const stuck = failed.filter(({ path }) => {
      const { transitions } = runNetworkDbPath(path, implementation, lenient())
      return [...transitions.values()].reduce((sum, each) => sum + each, 0) < path.steps.length
    })
    expect(stuck.length).toBeGreaterThan(0)
  })
})
