/** Scenarios drawn at random over everything that their schema allows, for tests of what reads and writes them. */
import fc from 'fast-check'
import type { Command, MembershipChange, Operation, RaftScenario } from '../../models/raft/vocabulary.ts'
import type { NetworkProfile } from '../../models/vocabulary.ts'
import { expectations, roles } from '../../traces/expect.ts'
import { messageKinds, type RaftStep } from '../../traces/scenario.ts'

const nodeId = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,6}$/).filter((name) => name !== 'leader')
const word = fc.oneof(fc.constantFrom('x', 'y', 'get', 'cas', 'absent', 'to', ''), fc.string({ unit: 'binary' }))
const duration = fc.integer({ min: 0, max: 100_000 })
const count = fc.integer({ min: 1, max: 1_000_000 })
const probability = fc.double({ min: 0, max: 1, noNaN: true }).map((value) => value + 0)
const range = (least: number): fc.Arbitrary<readonly [number, number]> =>
  fc.tuple(fc.integer({ min: least, max: 1000 }), fc.nat(1000)).map(([from, more]) => [from, from + more] as const)

const network: fc.Arbitrary<NetworkProfile> = fc.record({
  delay: range(1),
  loss: probability,
  duplicate: probability,
  reorder: probability,
})

const command: fc.Arbitrary<Command> = fc.oneof(
  fc.record({ type: fc.constant('put' as const), key: word, value: word }),
  fc.record({ type: fc.constant('get' as const), key: word }),
  fc.record({
    type: fc.constant('compare-and-set' as const),
    key: word,
    expect: fc.option(word, { nil: null }),
    value: word,
  }),
)

function operation(node: fc.Arbitrary<string>): fc.Arbitrary<Operation> {
  const change: fc.Arbitrary<MembershipChange> = fc.record({
    type: fc.constantFrom('add-voter', 'add-learner', 'remove'),
    node,
  })
  return fc.oneof(
    fc.record({ type: fc.constant('propose' as const), command }),
    fc.record({
      type: fc.constant('read' as const),
      key: word,
      by: fc.constantFrom('read-index' as const, 'lease' as const),
    }),
    fc.record({ type: fc.constant('transfer' as const), to: node }),
    fc.record({
      type: fc.constant('change-membership' as const),
      changes: fc.array(change, { minLength: 1, maxLength: 3 }),
      joint: fc.boolean(),
    }),
    fc.record({ type: fc.constant('compact' as const), keep: fc.nat() }),
  )
}

function expectStep(node: fc.Arbitrary<string>, target: fc.Arbitrary<string>): fc.Arbitrary<RaftStep> {
  return fc.constantFrom(...expectations).chain(([name, { parameters }]) => {
    const words = parameters.map((parameter) => {
      if (parameter === 'node') return target.map((name) => [name])
      if (parameter === 'nodes') return fc.uniqueArray(node, { minLength: 1 })
      if (parameter === 'number') return fc.nat().map((number) => [String(number)])
      if (parameter === 'role') return fc.constantFrom(...roles).map((role) => [role])
      return word.map((text) => [text])
    })
    return fc.record({
      step: fc.constantFrom('expect' as const, 'reach' as const),
      expect: fc.constant(name),
      arguments: fc.tuple(...words).map((parts) => parts.flat()),
    })
  })
}

function step(nodes: readonly string[]): fc.Arbitrary<RaftStep> {
  const node = fc.constantFrom(...nodes)
  const target = fc.constantFrom(...nodes, 'leader')
  const link = { from: node, to: node }
  const message = { ...link, kind: fc.constantFrom(...messageKinds), nth: count }
  return fc.oneof(
    fc.record({ step: fc.constant('run' as const), duration }),
    fc.record({ step: fc.constant('operation' as const), node: target, operation: operation(node) }),
    fc.record({ step: fc.constantFrom('timeout' as const, 'isolate' as const, 'pause' as const), node: target }),
    fc.record({
      step: fc.constant('partition' as const),
      groups: fc.array(fc.uniqueArray(node, { minLength: 1 }), { minLength: 1, maxLength: 4 }),
    }),
    fc.record({ step: fc.constantFrom('cut' as const, 'hold' as const, 'release' as const), ...link }),
    fc.record({ step: fc.constant('deliver' as const), ...link, kind: message.kind }),
    fc.record({ step: fc.constantFrom('ring' as const, 'heal' as const, 'settle' as const) }),
    fc.record({
      step: fc.constant('crash' as const),
      node: target,
      keep: fc.constantFrom('all' as const, 'none' as const, 'some' as const),
      torn: fc.boolean(),
    }),
    fc.record({ step: fc.constantFrom('restart' as const, 'resume' as const), node }),
    fc.record({ step: fc.constant('clock' as const), node, rate: fc.double({ min: 0.01, max: 100, noNaN: true }) }),
    fc.record({ step: fc.constant('network' as const), network }),
    fc.record({ step: fc.constantFrom('drop' as const, 'duplicate' as const), ...message }),
    fc.record({ step: fc.constant('delay' as const), ...message, by: duration }),
    expectStep(node, target),
  )
}

export const scenarios: fc.Arbitrary<RaftScenario> = fc
  .uniqueArray(nodeId, { minLength: 1, maxLength: 7 })
  .chain((nodes) => {
    const members = fc.uniqueArray(fc.constantFrom(...nodes)).map((names) => names.sort())
    return fc.record({
      version: fc.constant(1 as const),
      surface: fc.constant('raft' as const),
      name: fc.oneof(fc.string({ unit: 'binary' }), fc.string(), fc.constantFrom('split vote, twice', ' # ', 'a  b')),
      seed: fc.maxSafeNat(),
      nodes: fc.constant(nodes),
      configuration: fc.record({
        voters: fc.uniqueArray(fc.constantFrom(...nodes), { minLength: 1 }).map((names) => names.sort()),
        outgoing: members,
        learners: members,
      }),
      options: fc.record({
        electionTimeout: count,
        heartbeatInterval: count,
        preVote: fc.boolean(),
        checkQuorum: fc.boolean(),
        maxEntries: count,
        maxInflight: count,
      }),
      network,
      disk: fc.record({ delay: range(0) }),
      steps: fc.array(step(nodes), { maxLength: 40, size: 'max' }),
    })
  })
