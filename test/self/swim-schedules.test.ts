import { describe, expect, it } from 'vitest'
import { createReference } from '../../impl/reference/swim/session.ts'
import { faultKinds } from '../../impl/sim/faults.ts'
import { createSwimJudge } from '../../properties/swim/judge.ts'
import { type RunResult, type SwimJudge, runSwimScenario } from '../../traces/run.ts'
import { drawSwimSchedule } from '../../traces/schedule.ts'
import type { SwimSurface } from '../../traces/surface.ts'

const reference = createReference()
const createJudge = (): SwimJudge => createSwimJudge(reference.hello.profiles)
const run = (seed: number): RunResult<SwimSurface> =>
  runSwimScenario(drawSwimSchedule(seed, reference.hello), reference, createJudge())

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
      const again = runSwimScenario(explicit, reference, createJudge())
      expect(again.violation).toBeNull()
      expect(JSON.stringify(again.events)).toBe(JSON.stringify(events))
    }
  })

  it('reaches what it expects, and says what it sees instead', () => {
    const scenario = drawSwimSchedule(1, reference.hello)
    const expecting = (expectation: string, ...words: string[]) =>
      runSwimScenario(
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
