import { describe, expect, it } from 'vitest'
import { schemas } from '../../impl/contract/serf/schema.ts'
import { createReference } from '../../impl/reference/serf/session.ts'
import { faultKinds } from '../../impl/sim/faults.ts'
import { createSerfJudge } from '../../properties/serf/judge.ts'
import { readTrace, writeTrace } from '../../traces/format.ts'
import { rejudge } from '../../traces/rejudge.ts'
import { type RunResult, runScenario } from '../../traces/run.ts'
import { serfScenarioSchema } from '../../traces/scenario.ts'
import { drawSerfSchedule } from '../../traces/schedule.ts'
import type { JudgeOf, SerfSurface } from '../../traces/surface.ts'
import { parseScenario, printScenario } from '../../traces/text.ts'

const reference = createReference()
const { hello } = reference
const createJudge = (): JudgeOf<SerfSurface> => createSerfJudge(hello.profiles)
const run = (seed: number): RunResult<SerfSurface> =>
  runScenario(drawSerfSchedule(seed, hello), reference, createJudge())

/** What Serf does not have: disks and elections. */
const ofOthers = ['lost-write', 'torn-write', 'timeout']

describe('drawn schedules on the reference', () => {
  const results = Array.from({ length: 120 }, (_, seed) => run(seed))

  it('show no violation, and settle', () => {
    for (const [seed, { violation, settled }] of results.entries()) {
      expect({ seed, violation, settled }).toEqual({ seed, violation: null, settled: true })
    }
  })

  it('are as large as they should be: 40 seconds, and three faults of two kinds', () => {
    for (const { duration, faults } of results) {
      expect(duration).toBeGreaterThanOrEqual(40_000)
      expect(Object.values(faults).reduce((sum, count) => sum + count, 0)).toBeGreaterThanOrEqual(3)
      expect(Object.keys(faults).length).toBeGreaterThanOrEqual(2)
    }
  })

  it('have every kind of fault that Serf knows, with an effect', () => {
    const seen = new Set(results.flatMap(({ faults }) => Object.keys(faults)))
    expect(faultKinds.filter((kind) => !seen.has(kind) && !ofOthers.includes(kind))).toEqual([])
  })

  it('give the same bytes again', () => {
    for (const seed of [1, 2, 3]) expect(JSON.stringify(run(seed))).toBe(JSON.stringify(results[seed]))
  })

  it('give the same bytes with explicit faults for the random ones', () => {
    for (const seed of [1, 2, 3]) {
      const scenario = drawSerfSchedule(seed, hello)
      const { effective, events } = results[seed]!
      const network = { ...scenario.network, loss: 0, duplicate: 0, reorder: 0 }
      const explicit = { ...scenario, network, steps: [...effective, ...scenario.steps] }
      const again = runScenario(explicit, reference, createJudge())
      expect(again.violation).toBeNull()
      expect(JSON.stringify(again.events)).toBe(JSON.stringify(events))
    }
  })

  it('say in text and in JSON what they say', () => {
    for (let seed = 0; seed < 40; seed++) {
      const scenario = drawSerfSchedule(seed, hello)
      expect(serfScenarioSchema.parse(scenario)).toEqual(scenario)
      expect(parseScenario(printScenario(scenario))).toEqual(scenario)
    }
  })

  it('make traces that are read, and judged the same again', () => {
    const { events } = results[1]!
    const text = writeTrace({
      meta: {
        format: 'swarmcheck-trace',
        version: 1,
        swarmcheck: '0',
        implementation: hello,
        seed: 1,
        requirement: null,
      },
      scenario: drawSerfSchedule(1, hello),
      events,
      violation: null,
    })
    const trace = readTrace(text)
    expect(writeTrace(trace)).toBe(text)
    expect(rejudge(trace, createJudge() as never)).toEqual({ violation: null, event: events.length - 1 })
  })

  it('have answers that the schemas of the surface take as they are', () => {
    for (const event of results[2]!.events) {
      if (event.event === 'step') expect(schemas.answer.parse(event.answer)).toEqual(event.answer)
      if (event.event === 'start') expect(schemas.initialAnswer.array().parse(event.initial)).toEqual(event.initial)
      if (event.event === 'inspect') expect(schemas.inspection.parse(event.inspection)).toEqual(event.inspection)
    }
  })
})

describe('a scenario that somebody writes', () => {
  const text = (...steps: string[]): string => ['serf scenario v1', 'nodes n1 n2 n3', ...steps].join('\n')
  const violationOf = (...steps: string[]) => {
    const scenario = parseScenario(text(...steps))
    if (scenario.surface !== 'serf') throw new Error('of another surface')
    return runScenario(scenario, reference, createJudge()).violation
  }

  it('reaches what it expects', () => {
    expect(violationOf('event n1 deploy=v2 coalesce', 'run 2s', 'expect heard n3 deploy')).toBeNull()
    expect(violationOf('query n1 load="" ack relay 1 to n2 to n3', 'run 2s', 'expect answers n1 2')).toBeNull()
    expect(violationOf('leave n2', 'run 2s', 'down n1 n2', 'expect left n1 n2')).toBeNull()
    const crash = ['crash n2', 'down n1 n2', 'expect failed n1 n2']
    expect(violationOf(...crash, 'force-leave n1 n2 prune', 'expect unknown n1 n2')).toBeNull()
  })

  it('says what it sees instead', () => {
    expect(violationOf('expect left n1 n2')?.text).toBe('n1 holds n2 for alive')
    expect(violationOf('expect heard n1 deploy')?.text).toBe('n1 was not told of deploy')
    expect(violationOf('expect answers n1 1')?.text).toBe('n1 was given 0 answers')
    expect(violationOf('crash n3', 'expect alive n3 n1')?.text).toBe('n3 is down')
  })

  it('is refused with its place where it makes no sense', () => {
    expect(() => parseScenario(text('options event-buffer 0'), 'f')).toThrow('f:3')
    expect(() => parseScenario(text('query n1 load="" late'), 'f')).toThrow("f:3:18: unknown word 'late'")
    expect(() => parseScenario(text('join n1 n9'), 'f')).toThrow("f:3:9: unknown node 'n9'")
  })
})
