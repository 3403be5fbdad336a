import { describe, expect, it } from 'vitest'
import { schemas } from '../../impl/contract/discovery/schema.ts'
import { createReference } from '../../impl/reference/discovery/session.ts'
import { faultKinds } from '../../impl/sim/faults.ts'
import { createDiscoveryJudge } from '../../properties/discovery/judge.ts'
import { readTrace, writeTrace } from '../../traces/format.ts'
import { rejudge } from '../../traces/rejudge.ts'
import { runScenario, type RunResult } from '../../traces/run.ts'
import { discoveryScenarioSchema } from '../../traces/scenario.ts'
import { drawDiscoverySchedule } from '../../traces/schedule.ts'
import { show } from '../../traces/show.ts'
import type { DiscoverySurface, JudgeOf } from '../../traces/surface.ts'
import { parseScenario, printScenario } from '../../traces/text.ts'

const reference = createReference()
const { hello } = reference
const createJudge = (): JudgeOf<DiscoverySurface> => createDiscoveryJudge(hello.profiles)
const run = (seed: number): RunResult<DiscoverySurface> =>
  runScenario(drawDiscoverySchedule(seed, hello), reference, createJudge())

/** What service discovery does not have: disks and elections. */
const ofOthers = ['lost-write', 'torn-write', 'timeout', 'leave']

describe('drawn schedules on the reference', () => {
  const results = Array.from({ length: 60 }, (_, seed) => run(seed))

  it('show no violation, and settle', () => {
    for (const [seed, { violation, settled }] of results.entries()) {
      expect({ seed, violation, settled }).toEqual({ seed, violation: null, settled: true })
    }
  })

  it('are as large as they should be: a minute, and faults of two kinds', () => {
    for (const { duration, faults } of results) {
      expect(duration).toBeGreaterThanOrEqual(60_000)
      expect(Object.keys(faults).length).toBeGreaterThanOrEqual(2)
    }
  })

  it('have every kind of fault that service discovery knows, with an effect', () => {
    const seen = new Set(results.flatMap(({ faults }) => Object.keys(faults)))
    expect(faultKinds.filter((kind) => !seen.has(kind) && !ofOthers.includes(kind))).toEqual([])
  })

  it('give the same bytes again', () => {
    for (const seed of [1, 2, 3]) expect(JSON.stringify(run(seed))).toBe(JSON.stringify(results[seed]))
  })

  it('say in text and in JSON what they say', () => {
    for (let seed = 0; seed < 40; seed++) {
      const scenario = drawDiscoverySchedule(seed, hello)
      expect(discoveryScenarioSchema.parse(scenario)).toEqual(scenario)
      expect(parseScenario(printScenario(scenario))).toEqual(scenario)
    }
  })

  it('make traces that are read, and judged the same again', () => {
    const { events } = results[1]!
    const meta = {
      format: 'swarmcheck-trace',
      version: 1,
      swarmcheck: '0',
      implementation: hello,
      seed: 1,
      requirement: null,
    } as const
    const text = writeTrace({ meta, scenario: drawDiscoverySchedule(1, hello), events, violation: null })
    const trace = readTrace(text)
    expect(writeTrace(trace)).toBe(text)
    expect(rejudge(trace, createJudge() as never)).toEqual({ violation: null, event: events.length - 1 })
    const violation = { requirement: 'discovery/survives', text: 'an example', allowed: 'nothing', node: 'n1' }
    expect(show({ trace, event: 20, violation })).toContain('asks')
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
  const text = (...steps: string[]): string => ['discovery scenario v1', 'nodes n1 n2', ...steps].join('\n')
  const violationOf = (...steps: string[]) => {
    const scenario = parseScenario(text(...steps))
    if (scenario.surface !== 'discovery') throw new Error('of another surface')
    return runScenario(scenario, reference, createJudge()).violation
  }
  const both = [
    'attach n1 box1 e1 net1 as one at 10.0.1.3',
    'attach n2 box2 e2 net1 as two at 10.0.1.4 service web vip 10.0.1.2',
    'run 5s',
  ]

  it('reaches what it expects', () => {
    expect(violationOf(...both, 'expect enabled n1 e2', 'query n1 box1 web A', 'drain n2 e2', 'run 5s')).toBeNull()
    expect(violationOf(...both, 'drain n2 e2', 'run 5s', 'expect disabled n1 e2')).toBeNull()
    expect(violationOf(...both, 'detach n2 e2', 'run 5s', 'expect unknown n1 e2', 'settle')).toBeNull()
  })

  it('says what it sees instead', () => {
    expect(violationOf(...both, 'expect unknown n1 e2')?.text).toBe('e2 is enabled at n1')
    expect(violationOf('crash n2', 'expect unknown n2 e2')?.text).toBe('n2 is down')
  })

  it('is refused with its place where it makes no sense', () => {
    expect(() => parseScenario(text('attach n1 box e1 net1 as one at 10.0.1.300'), 'f')).toThrow(
      'f:3:33: expected an address such as 10.0.1.2',
    )
    expect(() => parseScenario(text('query n1 box web B'), 'f')).toThrow("f:3:18: unknown type 'B'")
    expect(() => parseScenario(text('options sync 0ms'), 'f')).toThrow('f:3:14: it is at least 1 ms')
    expect(() => parseScenario(text('garbled n1 box xyz'), 'f')).toThrow('f:3:16: expected bytes in hexadecimal')
    expect(() => parseScenario(text('detach n1 "a b"'), 'f')).toThrow('f:3:11: expected an endpoint')
  })
})
