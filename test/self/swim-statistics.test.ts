/**
 * What SWIM promises of many rounds, measured on the reference: a rumour reaches everybody while it is still told, and
 * what a member sends does not grow with the number of members. [SWIM] §4.1 and §3.1; [ML] util.go retransmitLimit.
 */
import { describe, expect, test } from 'vitest'
import type { Implementation } from '../../impl/contract/swim.ts'
import { createReference } from '../../impl/reference/swim/session.ts'
import { retransmitLimit } from '../../models/swim/rules.ts'
import type { SwimScenario } from '../../models/swim/vocabulary.ts'
import type { Judge } from '../../properties/judge.ts'
import type { SwimTraceEvent } from '../../traces/event.ts'
import { runScenario } from '../../traces/run.ts'
import { completeSwimScenario, defaultSwimOptions } from '../../traces/scenario.ts'
import type { JudgeOf, SwimSurface } from '../../traces/surface.ts'
import { swimMutants } from '../mutants/swim.ts'

const { gossipInterval, probeInterval, retransmitMult } = defaultSwimOptions
const reference = createReference()

/** Only watches: what is measured here no single step can break. */
const watching: JudgeOf<SwimSurface> = {
  start: () => null,
  step: () => null,
  inspect: () => null,
  phase: () => null,
  settled: () => true,
  finish: () => null,
  advice: () => [],
  exercised: () => new Map(),
  transitions: () => new Map(),
} satisfies Judge<SwimSurface['start'], SwimSurface['input'], SwimSurface['answer'], SwimSurface['inspection']>

function calm(members: number, seed: number, loss: number, steps: SwimScenario['steps']): SwimScenario {
  const nodes = Array.from({ length: members }, (_, number) => `n${number + 1}`)
  const network = { delay: [1, 10], loss, duplicate: 0, reorder: 0 } as const
  return completeSwimScenario({ name: 'calm', seed, nodes, members: nodes, network, steps })
}

const eventsOf = (scenario: SwimScenario, implementation: Implementation): readonly SwimTraceEvent[] =>
  runScenario(scenario, implementation, watching, { record: true, maxSteps: 10_000_000 }).events

/** Gossip intervals from the step in which a member tells something new of itself until all hold it; Infinity if not all do. */
function roundsToReachAll(members: number, seed: number, loss: number, implementation = reference): number {
  const limit = 3 * retransmitLimit(retransmitMult, members) * gossipInterval
  const events = eventsOf(
    calm(members, seed, loss, [
      { step: 'run', duration: probeInterval },
      { step: 'operation', node: 'n1', operation: { type: 'update', meta: 'new' } },
      { step: 'run', duration: limit },
    ]),
    implementation,
  )
  const holders = new Set<string>()
  let begun = 0
  for (const event of events) {
    if (event.event !== 'step') continue
    const holds = event.answer.members?.some((change) => 'meta' in change && change.meta === 'new') ?? false
    if (!holds) continue
    if (holders.size === 0) begun = event.now
    holders.add(event.input.node)
    if (holders.size === members) return (event.now - begun) / gossipInterval
  }
  return Infinity
}

/** Datagrams that a member sends in a probe interval, on average, when nothing happens. */
function loadOf(members: number): number {
  const intervals = 10
  const events = eventsOf(calm(members, 1, 0, [{ step: 'run', duration: intervals * probeInterval }]), reference)
  let sent = 0
  for (const event of events)
    if (event.event === 'step')
      for (const output of event.answer.outputs) if (output.type === 'message' && output.stream === 0) sent++
  return sent / members / intervals
}

describe('a rumour', () => {
  // Of as many runs, a share of 1 % that fails gives more than three failures in less than one of 3,000 suites.
  test.each([
    { members: 8, runs: 60, loss: 0 },
    { members: 32, runs: 40, loss: 0 },
    { members: 32, runs: 40, loss: 0.05 },
    { members: 128, runs: 12, loss: 0.05 },
  ])('reaches $members members while it is told, with loss of $loss', ({ members, runs, loss }) => {
    const rounds = Array.from({ length: runs }, (_, seed) => roundsToReachAll(members, seed + 1, loss))
    const lifetime = retransmitLimit(retransmitMult, members)
    console.log(`${members} members, loss ${loss}: ${median(rounds).toFixed(1)} rounds of ${lifetime} in the median`)
    expect(rounds.filter((each) => each > lifetime).length).toBeLessThanOrEqual(3)
    expect(median(rounds)).toBeLessThan(lifetime)
  })

  test('takes longer by a constant when members are four times as many', () => {
    const [small, middle, large] = [8, 32, 128].map((members) =>
      median(Array.from({ length: 9 }, (_, seed) => roundsToReachAll(members, 100 + seed, 0))),
    ) as [number, number, number]
    expect(large - middle).toBeLessThan(middle)
    expect(middle - small).toBeLessThan(small + 2)
  })
})

test('a member that tells each rumour once is told apart, which no single step can do', () => {
  const mutant = swimMutants.find(({ name }) => name === 'retransmits-once')!.create() as Implementation
  const rounds = Array.from({ length: 12 }, (_, seed) => roundsToReachAll(128, seed + 1, 0.05, mutant))
  expect(rounds.filter((each) => each > retransmitLimit(retransmitMult, 128)).length).toBeGreaterThan(3)
})

test('what a member sends does not grow with the number of members', () => {
  const sizes = [4, 32, 256, 1000]
  const loads = sizes.map(loadOf)
  console.log(sizes.map((size, at) => `${size} members: ${loads[at]!.toFixed(2)} datagrams`).join(', '))
  // A ping of its own, and an ack for that of another.
  for (const load of loads) {
    expect(load).toBeGreaterThan(1.7)
    expect(load).toBeLessThan(2.1)
  }
})

function median(values: readonly number[]): number {
  return values.toSorted((left, right) => left - right)[values.length >> 1]!
}
