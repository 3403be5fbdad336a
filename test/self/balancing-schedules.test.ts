import { describe, expect, it } from 'vitest'
import { schemas } from '../../impl/contract/balancing/schema.ts'
import { createReference } from '../../impl/reference/balancing/session.ts'
import { faultKinds } from '../../impl/sim/faults.ts'
import { createBalancingJudge } from '../../properties/balancing/judge.ts'
import { readTrace, writeTrace } from '../../traces/format.ts'
import { rejudge } from '../../traces/rejudge.ts'
import { type RunResult, runScenario } from '../../traces/run.ts'
import { balancingScenarioSchema } from '../../traces/scenario.ts'
import { drawBalancingSchedule } from '../../traces/schedule.ts'
import type { JudgeOf, BalancingSurface } from '../../traces/surface.ts'
import { parseScenario, printScenario } from '../../traces/text.ts'

const reference = createReference()
const { hello } = reference
const createJudge = (): JudgeOf<BalancingSurface> => createBalancingJudge(hello.profiles)
const run = (seed: number): RunResult<BalancingSurface> =>
  runScenario(drawBalancingSchedule(seed, hello), reference, createJudge())

/** What balancing does not have: disks, elections, and nodes that say that they go. */
const ofOthers = ['lost-write', 'torn-write', 'timeout', 'leave']

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

  it('have every kind of fault that balancing knows, with an effect', () => {
    const seen = new Set(results.flatMap(({ faults }) => Object.keys(faults)))
    expect(faultKinds.filter((kind) => !seen.has(kind) && !ofOthers.includes(kind))).toEqual([])
  })

  it('give the same bytes again', () => {
    for (const seed of [1, 2, 3]) expect(JSON.stringify(run(seed))).toBe(JSON.stringify(results[seed]))
  })

  it('give the same bytes with explicit faults for the random ones', () => {
    for (const seed of [1, 2, 3]) {
      const scenario = drawBalancingSchedule(seed, hello)
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
      const scenario = drawBalancingSchedule(seed, hello)
      expect(balancingScenarioSchema.parse(scenario)).toEqual(scenario)
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
      scenario: drawBalancingSchedule(1, hello),
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
  const text = (...steps: string[]): string => ['balancing scenario v1', 'nodes n1 n2 n3', ...steps].join('\n')
  const violationOf = (...steps: string[]) => {
    const scenario = parseScenario(text(...steps))
    if (scenario.surface !== 'balancing') throw new Error('of another surface')
    return runScenario(scenario, reference, createJudge()).violation
  }
  const web = [
    'create-service n1 web vip network net1 port tcp 80 8080 ingress',
    'run 100ms',
    'start n2 t web',
    'enable n2 t',
  ]

  it('reaches what it expects', () => {
    expect(violationOf(...web, 'run 100ms', 'expect active n1 web/net1=t', 'expect listening n3 8080')).toBeNull()
    expect(violationOf(...web, 'disable n2 t', 'run 100ms', 'expect draining n1 web/net1=t')).toBeNull()
    expect(
      violationOf(...web, 'stop n2 t', 'run 100ms', 'expect no-backend n1 web/net1=t', 'expect closed n1 8080'),
    ).toBeNull()
    expect(violationOf(...web, 'run 100ms', 'down n1 n2', 'expect no-backend n1 web/net1=t')).toBeNull()
  })

  it('says what it sees instead', () => {
    expect(violationOf(...web, 'expect draining n2 web/net1=t')?.text).toBe('t of web/net1 is active at n2')
    expect(violationOf('expect listening n2 8080')?.text).toBe('n2 does not listen at 8080')
    expect(violationOf('crash n3', 'expect closed n3 8080')?.text).toBe('n3 is down')
  })

  it('is refused with its place where it makes no sense', () => {
    expect(() => parseScenario(text('create-service n1 web vip port tcp 80 8080'), 'f')).toThrow('f:3:')
    expect(() => parseScenario(text('create-service n1 a/b vip'), 'f')).toThrow(
      'f:3:19: expected a service, without spaces',
    )
    expect(() => parseScenario(text('options retry 0ms'), 'f')).toThrow('f:3:15: it is at least 1')
    expect(() => parseScenario(text('options network net1 10.0.0.0/8'), 'f')).toThrow('f:3:22: expected a subnet')
    expect(() => parseScenario(text('up n1 n9'), 'f')).toThrow("f:3:7: unknown node 'n9'")
  })
})
