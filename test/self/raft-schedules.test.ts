import { describe, expect, it } from 'vitest'
import { createReference } from '../../impl/reference/raft/session.ts'
import { faultKinds } from '../../impl/sim/faults.ts'
import { createRaftJudge } from '../../properties/raft/judge.ts'
import { type RunResult, runScenario, runScenarioRemote } from '../../traces/run.ts'
import type { JudgeOf, RaftSurface } from '../../traces/surface.ts'
import { drawSchedule } from '../../traces/schedule.ts'
import { asRemote } from './ping-pong.ts'

const reference = createReference()
const createJudge = (): JudgeOf<RaftSurface> =>
  createRaftJudge(reference.hello.profiles, reference.hello.capabilities.disk)
const run = (seed: number): RunResult => runScenario(drawSchedule(seed, reference.hello), reference, createJudge())

describe('drawn schedules on the reference', () => {
  const results = Array.from({ length: 60 }, (_, seed) => run(seed))

  it('show no violation, and settle', () => {
    for (const [seed, { violation, settled }] of results.entries()) {
      expect({ seed, violation, settled }).toEqual({ seed, violation: null, settled: true })
    }
  })

  it('are as large as they should be', () => {
    for (const { deliveries, faults, committedAfterHeal } of results) {
      expect(deliveries).toBeGreaterThanOrEqual(500)
      expect(Object.values(faults).reduce((sum, count) => sum + count, 0)).toBeGreaterThanOrEqual(3)
      expect(Object.keys(faults).length).toBeGreaterThanOrEqual(2)
      expect(committedAfterHeal).toBeGreaterThan(0)
    }
  })

  it('have every kind of fault that Raft knows, with an effect', () => {
    const seen = new Set(results.flatMap(({ faults }) => Object.keys(faults)))
    expect(faultKinds.filter((kind) => !seen.has(kind))).toEqual(['leave'])
  })

  it('give the same bytes again, also in batches', async () => {
    for (const seed of [1, 2, 3]) {
      const bytes = JSON.stringify(results[seed])
      expect(JSON.stringify(run(seed))).toBe(bytes)
      const scenario = drawSchedule(seed, reference.hello)
      expect(JSON.stringify(await runScenarioRemote(scenario, asRemote(reference), createJudge()))).toBe(bytes)
    }
  })

  it('give the same bytes with explicit faults for the random ones', () => {
    for (const seed of [1, 2, 3]) {
      const scenario = drawSchedule(seed, reference.hello)
      const { effective, events } = results[seed]!
      const network = { ...scenario.network, loss: 0, duplicate: 0, reorder: 0 }
      const others = scenario.steps.filter(({ step }) => step !== 'delay')
      const explicit = { ...scenario, network, steps: [...effective, ...others] }
      const again = runScenario(explicit, reference, createJudge())
      expect(again.violation).toBeNull()
      expect(JSON.stringify(again.events)).toBe(JSON.stringify(events))
    }
  })
})
