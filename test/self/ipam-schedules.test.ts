import { describe, expect, it } from 'vitest'
import { createReference } from '../../impl/reference/ipam/session.ts'
import { faultKinds } from '../../impl/sim/faults.ts'
import { createIpamJudge } from '../../properties/ipam/judge.ts'
import { type RunResult, runScenario } from '../../traces/run.ts'
import { completeIpamScenario, ipamScenarioSchema } from '../../traces/scenario.ts'
import { drawIpamSchedule } from '../../traces/schedule.ts'
import type { IpamSurface, JudgeOf } from '../../traces/surface.ts'
import { parseScenario, printScenario } from '../../traces/text.ts'

const reference = createReference()
const createJudge = (): JudgeOf<IpamSurface> => createIpamJudge(reference.hello.profiles)
const run = (seed: number): RunResult<IpamSurface> =>
  runScenario(drawIpamSchedule(seed, reference.hello), reference, createJudge())

describe('drawn schedules on the reference', () => {
  const results = Array.from({ length: 200 }, (_, seed) => run(seed))

  it('show no violation, and settle', () => {
    for (const [seed, { violation, settled }] of results.entries()) {
      expect({ seed, violation, settled }).toEqual({ seed, violation: null, settled: true })
    }
  })

  it('have every fault that allocators know, with an effect', () => {
    const seen = new Set(results.flatMap(({ faults }) => Object.keys(faults)))
    const known = ['crash', 'lost-write', 'isolate', 'partition', 'pause']
    expect(known.filter((kind) => !seen.has(kind))).toEqual([])
    expect([...seen].filter((kind) => !(faultKinds as readonly string[]).includes(kind))).toEqual([])
  })

  it('are answered in every way', () => {
    const seen = new Set(results.flatMap(({ coverage }) => Object.keys(coverage.results)))
    expect([...seen].toSorted()).toEqual(['failed', 'ok', 'unknown'])
  })

  it('give the same bytes again', () => {
    for (const seed of [1, 2, 3]) expect(JSON.stringify(run(seed))).toBe(JSON.stringify(results[seed]))
  })

  it('are well-formed, and survive their text form', () => {
    for (let seed = 0; seed < 100; seed++) {
      const scenario = drawIpamSchedule(seed, reference.hello)
      expect(ipamScenarioSchema.parse(scenario)).toEqual(scenario)
      expect(parseScenario(printScenario(scenario))).toEqual(scenario)
    }
  })
})

describe('a scenario', () => {
  const text = [
    'ipam scenario v1',
    'nodes n1 n2',
    '',
    'request-pool leader web local',
    'request-pool leader db local subnet 10.1.0.0/29 gateway auto auxiliary 10.1.0.2',
    'run 10ms',
    'request-address leader db for a',
    'run 10ms',
    'expect pool n1 web=172.17.0.0/16',
    'expect taken n1 db=10.1.0.1',
    'expect taken n1 db=10.1.0.3',
    'crash n1 keep none',
    'run 500ms',
    'expect leads n2',
    'expect taken n2 db=10.1.0.3',
    'release-address n2 db of a',
    'run 10ms',
    'expect free n2 db=10.1.0.3',
    'release-pool n2 web',
    'expect no-pool n2 web',
  ].join('\n')

  it('reaches what it expects', () => {
    const scenario = parseScenario(text)
    if (scenario.surface !== 'ipam') throw new Error('another surface')
    const { violation, skipped } = runScenario(scenario, reference, createJudge())
    expect({ violation, skipped }).toEqual({ violation: null, skipped: {} })
  })

  it('says what it sees instead', () => {
    const expecting = (expectation: string, ...words: string[]) =>
      runScenario(
        completeIpamScenario({ nodes: ['n1'], steps: [{ step: 'expect', expect: expectation, arguments: words }] }),
        reference,
        createJudge(),
      ).violation
    expect(expecting('leads', 'n1')).toBeNull()
    expect(expecting('pool', 'n1', 'web', '10.0.0.0/24')).toMatchObject({
      requirement: 'scenario/expectation',
      text: 'there is no pool web',
    })
  })
})
