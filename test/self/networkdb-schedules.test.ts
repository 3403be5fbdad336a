import { describe, expect, it } from 'vitest'
import { schemas } from '../../impl/contract/networkdb/schema.ts'
import { createReference } from '../../impl/reference/networkdb/session.ts'
import { faultKinds } from '../../impl/sim/faults.ts'
import { createNetworkDbJudge } from '../../properties/networkdb/judge.ts'
import { readTrace, writeTrace } from '../../traces/format.ts'
import { rejudge } from '../../traces/rejudge.ts'
import { type RunResult, runScenario } from '../../traces/run.ts'
import { networkDbScenarioSchema } from '../../traces/scenario.ts'
import { drawNetworkDbSchedule } from '../../traces/schedule.ts'
import type { JudgeOf, NetworkDbSurface } from '../../traces/surface.ts'
import { parseScenario, printScenario } from '../../traces/text.ts'

const reference = createReference()
const { hello } = reference
const createJudge = (): JudgeOf<NetworkDbSurface> => createNetworkDbJudge(hello.profiles)
const run = (seed: number): RunResult<NetworkDbSurface> =>
  runScenario(drawNetworkDbSchedule(seed, hello), reference, createJudge())

/** What the network database does not have: disks and elections. */
const ofOthers = ['lost-write', 'torn-write', 'timeout']

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

  it('have every kind of fault that the network database knows, with an effect', () => {
    const seen = new Set(results.flatMap(({ faults }) => Object.keys(faults)))
    expect(faultKinds.filter((kind) => !seen.has(kind) && !ofOthers.includes(kind))).toEqual([])
  })

  it('give the same bytes again', () => {
    for (const seed of [1, 2, 3]) expect(JSON.stringify(run(seed))).toBe(JSON.stringify(results[seed]))
  })

  it('give the same bytes with explicit faults for the random ones', () => {
    for (const seed of [1, 2, 3]) {
      const scenario = drawNetworkDbSchedule(seed, hello)
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
      const scenario = drawNetworkDbSchedule(seed, hello)
      expect(networkDbScenarioSchema.parse(scenario)).toEqual(scenario)
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
      scenario: drawNetworkDbSchedule(1, hello),
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
  const text = (...steps: string[]): string => ['networkdb scenario v1', 'nodes n1 n2 n3', ...steps].join('\n')
  const violationOf = (...steps: string[]) => {
    const scenario = parseScenario(text(...steps))
    if (scenario.surface !== 'networkdb') throw new Error('of another surface')
    return runScenario(scenario, reference, createJudge()).violation
  }
  const both = ['join-network n1 net1', 'join-network n2 net1', 'run 2s', 'create n1 net1/k=v', 'run 2s']

  it('reaches what it expects', () => {
    expect(violationOf(...both, 'expect entry n2 net1/k=v', 'expect agreed', 'expect in-network n1 net1')).toBeNull()
    expect(
      violationOf(...both, 'down n2 n1', 'expect hidden n2 net1/k', 'up n2 n1', 'expect entry n2 net1/k=v'),
    ).toBeNull()
    expect(violationOf(...both, 'delete n1 net1/k', 'run 2s', 'expect tombstone n2 net1/k')).toBeNull()
    expect(violationOf(...both, 'leave-network n1 net1', 'run 2s', 'expect no-entry n2 net1/k')).toBeNull()
  })

  it('says what it sees instead', () => {
    expect(violationOf(...both, 'expect entry n3 net1/k=v')?.text).toBe('n3 holds nothing of net1/k')
    expect(violationOf(...both, 'expect in-network n3 net1')?.text).toBe('n3 is not in net1')
    expect(violationOf('join-network n1 net1', 'crash n3', 'expect no-entry n3 net1/k')?.text).toBe('n3 is down')
  })

  it('is refused with its place where it makes no sense', () => {
    expect(() => parseScenario(text('create n1 k=v'), 'f')).toThrow('f:3:11: expected NETWORK/KEY')
    expect(() => parseScenario(text('options reap-period 0ms'), 'f')).toThrow('f:3:21: it is at least 1')
    expect(() => parseScenario(text('up n1 n9'), 'f')).toThrow("f:3:7: unknown node 'n9'")
  })
})
