import { describe, expect, it } from 'vitest'
import type { Implementation } from '../../impl/contract/swim.ts'
import { createReference } from '../../impl/reference/swim/session.ts'
import { faultKinds } from '../../impl/sim/faults.ts'
import type { Answer } from '../../models/swim/vocabulary.ts'
import { createSwimJudge } from '../../properties/swim/judge.ts'
import { type RunResult, runScenario } from '../../traces/run.ts'
import { completeSwimScenario } from '../../traces/scenario.ts'
import { drawSwimSchedule } from '../../traces/schedule.ts'
import type { JudgeOf, SwimSurface } from '../../traces/surface.ts'

const reference = createReference()
const createJudge = (): JudgeOf<SwimSurface> => createSwimJudge(reference.hello.profiles)
const run = (seed: number): RunResult<SwimSurface> =>
  runScenario(drawSwimSchedule(seed, reference.hello), reference, createJudge())

/** What only Raft has: disks, elections, membership that is agreed upon. */
const ofRaft = ['lost-write', 'torn-write', 'timeout', 'membership']

describe('drawn schedules on the reference', () => {
  const results = Array.from({ length: 120 }, (_, seed) => run(seed))

  it('show no violation, and settle', () => {
    for (const [seed, { violation, settled }] of results.entries()) {
      expect({ seed, violation, settled }).toEqual({ seed, violation: null, settled: true })
    }
  })

  it('are as large as they should be: a minute, and three faults of two kinds', () => {
    for (const { duration, faults } of results) {
      expect(duration).toBeGreaterThanOrEqual(60_000)
      expect(Object.values(faults).reduce((sum, count) => sum + count, 0)).toBeGreaterThanOrEqual(3)
      expect(Object.keys(faults).length).toBeGreaterThanOrEqual(2)
    }
  })

  it('have every kind of fault that SWIM knows, with an effect', () => {
    const seen = new Set(results.flatMap(({ faults }) => Object.keys(faults)))
    expect(faultKinds.filter((kind) => !seen.has(kind) && !ofRaft.includes(kind))).toEqual([])
  })

  it('give the same bytes again', () => {
    for (const seed of [1, 2, 3]) expect(JSON.stringify(run(seed))).toBe(JSON.stringify(results[seed]))
  })

  it('give the same bytes with explicit faults for the random ones', () => {
    for (const seed of [1, 2, 3]) {
      const scenario = drawSwimSchedule(seed, reference.hello)
      const { effective, events } = results[seed]!
      const network = { ...scenario.network, loss: 0, duplicate: 0, reorder: 0 }
      const explicit = { ...scenario, network, steps: [...effective, ...scenario.steps] }
      const again = runScenario(explicit, reference, createJudge())
      expect(again.violation).toBeNull()
      expect(JSON.stringify(again.events)).toBe(JSON.stringify(events))
    }
  })

  it('reaches what it expects, and says what it sees instead', () => {
    const scenario = drawSwimSchedule(1, reference.hello)
    const expecting = (expectation: string, ...words: string[]) =>
      runScenario(
        { ...scenario, steps: [...scenario.steps, { step: 'expect', expect: expectation, arguments: words }] },
        reference,
        createJudge(),
      ).violation
    expect(expecting('agreed')).toBeNull()
    expect(expecting('alive', 'n1', 'n2')).toBeNull()
    expect(expecting('dead', 'n1', 'n2')).toMatchObject({
      requirement: 'scenario/expectation',
      text: 'n1 holds n2 for alive',
    })
  })
})

it('who is alone may sleep until somebody comes, and has three periods from then on to probe', () => {
  const sleeper: Implementation = {
    ...reference,
    open: (start) => {
      const session = reference.open(start)
      const alone = new Set(start.nodes)
      const asleep = (node: string, answer: Answer): Answer => {
        if (answer.members?.some((each) => each.node !== node) === true) alone.delete(node)
        return alone.has(node) ? { ...answer, wake: null } : answer
      }
      return {
        initial: session.initial.map((answer, number) => asleep(start.nodes[number]!, answer)),
        step: (input) => asleep(input.node, session.step(input)),
        inspect: (node) => session.inspect(node),
        encode: (from, to, view) => session.encode(from, to, view),
        close: () => session.close(),
      }
    },
  }
  const scenario = completeSwimScenario({
    nodes: ['n1', 'n2'],
    members: [],
    steps: [
      { step: 'run', duration: 7_500 },
      { step: 'operation', node: 'n2', operation: { type: 'join', to: ['n1'] } },
      { step: 'run', duration: 10_000 },
    ],
  })
  expect(runScenario(scenario, sleeper, createJudge()).violation).toBeNull()
})
