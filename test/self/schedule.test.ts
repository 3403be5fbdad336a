import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Hello } from '../../impl/contract/raft.ts'
import type { RaftScenario } from '../../models/raft/vocabulary.ts'
import { runScenario, runScenarioRemote } from '../../traces/run.ts'
import { drawSchedule, scheduleArbitrary } from '../../traces/schedule.ts'
import { scenarioSchema } from '../../traces/scenario.ts'
import { asRemote, createNullJudge, createPingPong, pingPongHello } from './ping-pong.ts'

const able: Hello = {
  ...pingPongHello,
  profiles: [
    'raft-core',
    'raft-persistence',
    'raft-pre-vote',
    'raft-check-quorum',
    'raft-transfer',
    'raft-membership',
    'raft-membership-joint',
    'raft-learners',
    'raft-snapshot',
    'raft-read-index',
    'raft-read-lease',
  ],
  operations: ['propose', 'read', 'transfer', 'change-membership', 'compact'],
}
const plain: Hello = {
  ...pingPongHello,
  operations: ['propose'],
  capabilities: { disk: false, encode: false },
  assumptions: { fifo: true, noDuplicates: true, clockDrift: 0 },
}
const schedules = (hello: Hello): RaftScenario[] => Array.from({ length: 500 }, (_, seed) => drawSchedule(seed, hello))
const namesOf = (scenarios: readonly RaftScenario[]): Set<string> =>
  new Set(
    scenarios.flatMap(({ steps }) =>
      steps.map((each) => (each.step === 'operation' ? each.operation.type : each.step)),
    ),
  )

describe('drawn schedules', () => {
  it('are valid scenarios, and the same for the same seed', () => {
    for (const hello of [able, plain]) {
      for (const scenario of schedules(hello)) expect(scenarioSchema.parse(scenario)).toEqual(scenario)
      expect(drawSchedule(7, hello)).toEqual(drawSchedule(7, hello))
      expect(drawSchedule(7, hello)).not.toEqual({ ...drawSchedule(8, hello), seed: 7, name: 'schedule 7' })
    }
  })

  it('use everything that an implementation can do', () => {
    const faults = 'timeout partition cut ring isolate heal hold release crash restart pause resume clock delay'
    const used = `run settle ${faults} propose read transfer change-membership compact`.split(' ')
    expect([...namesOf(schedules(able))].sort()).toEqual(used.sort())
  })

  it('use nothing else', () => {
    const scenarios = schedules(plain)
    expect([...namesOf(scenarios)].sort()).toEqual(
      [
        'run',
        'timeout',
        'partition',
        'cut',
        'ring',
        'isolate',
        'heal',
        'hold',
        'release',
        'pause',
        'resume',
        'settle',
        'propose',
      ].sort(),
    )
    for (const { network, options } of scenarios) {
      expect(network).toMatchObject({ duplicate: 0, reorder: 0 })
      expect(options).toMatchObject({ preVote: false, checkQuorum: false })
    }
  })

  it('have lease reads only where clocks are true and quorums are checked', () => {
    let leases = 0
    for (const { steps, options } of schedules(able)) {
      const reads = steps.some(
        (each) => each.step === 'operation' && each.operation.type === 'read' && each.operation.by === 'lease',
      )
      if (!reads) continue
      leases++
      expect(options.checkQuorum).toBe(true)
      expect(steps.some(({ step }) => step === 'clock' || step === 'timeout')).toBe(false)
    }
    expect(leases).toBeGreaterThan(20)
  })

  it('leave at least two of the first voters, and use every value once', () => {
    for (const { steps, configuration } of schedules(able)) {
      const operations = steps.flatMap((each) => (each.step === 'operation' ? [each.operation] : []))
      const removed = operations.flatMap((each) =>
        each.type === 'change-membership' ? each.changes.filter(({ type }) => type === 'remove') : [],
      )
      if (removed.length > 0) expect(configuration.voters.length - removed.length).toBeGreaterThanOrEqual(2)
      const values = operations.flatMap((each) =>
        each.type === 'propose' && each.command.type !== 'get' ? [each.command.value] : [],
      )
      expect(new Set(values).size).toBe(values.length)
    }
  })

  it('run', () => {
    for (const scenario of schedules(able).slice(0, 50)) {
      const result = runScenario(scenario, createPingPong(), createNullJudge(), { record: false })
      expect(result.violation).toBeNull()
      expect(Object.keys(result.faults).length).toBeGreaterThanOrEqual(2)
    }
  })

  it('run in batches as step by step', async () => {
    for (const scenario of schedules(able).slice(0, 8)) {
      const single = runScenario(scenario, createPingPong(), createNullJudge(), { inspectEvery: 50 })
      const remote = asRemote(createPingPong())
      const batched = await runScenarioRemote(scenario, remote, createNullJudge(), { inspectEvery: 50 })
      // Comparing texts takes a tenth of the time of comparing values.
      expect(JSON.stringify(batched)).toBe(JSON.stringify(single))
    }
  })

  it('come from fast-check too, and shrink there', () => {
    const valid = fc.check(
      fc.property(scheduleArbitrary(able), (scenario) => scenarioSchema.safeParse(scenario).success),
      { seed: 1, numRuns: 100 },
    )
    expect(valid.failed).toBe(false)
    const crashes = (scenario: RaftScenario): number => scenario.steps.filter(({ step }) => step === 'crash').length
    const found = fc.check(
      fc.property(scheduleArbitrary(able), (scenario) => crashes(scenario) < 2),
      { seed: 1, numRuns: 100 },
    )
    expect(found.failed).toBe(true)
    const [scenario] = found.counterexample!
    expect(crashes(scenario)).toBeGreaterThanOrEqual(2)
    expect(found.numShrinks).toBeGreaterThan(10)
  })
})
