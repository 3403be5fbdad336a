import { describe, expect, it } from 'vitest'
import { AdapterError } from '../../impl/contract/adapter-error.ts'
import type { Implementation } from '../../impl/contract/raft.ts'
import type { FaultKind } from '../../impl/sim/faults.ts'
import type { Answer, Input, RaftScenario } from '../../models/raft/vocabulary.ts'
import type { Violation } from '../../properties/judge.ts'
import { runScenario, runScenarioRemote, settleElectionTimeouts } from '../../traces/run.ts'
import type { RaftStep } from '../../traces/scenario.ts'
import { asRemote, createNullJudge, createPingPong, scenarioOf } from './ping-pong.ts'

const put = (value: string): RaftStep => ({
  step: 'operation',
  node: 'leader',
  operation: { type: 'propose', command: { type: 'put', key: 'x', value } },
})
const run = (duration: number): RaftStep => ({ step: 'run', duration })
const settle: RaftStep = { step: 'settle' }

/** Every kind of step, so that whatever depends on the order of events shows. */
const everything: readonly RaftStep[] = [
  run(1_000),
  put('a'),
  { step: 'network', network: { delay: [2, 9], loss: 0.05, duplicate: 0.1, reorder: 0.1 } },
  run(1_000),
  put('b'),
  { step: 'partition', groups: [['n1'], ['n2', 'n3']] },
  run(700),
  { step: 'timeout', node: 'n2' },
  { step: 'ring' },
  { step: 'cut', from: 'n1', to: 'n2' },
  run(300),
  { step: 'heal' },
  { step: 'hold', from: 'n1', to: 'n2' },
  { step: 'clock', node: 'n3', rate: 1.3 },
  run(500),
  { step: 'deliver', from: 'n1', to: 'n2', kind: 'heartbeat' },
  { step: 'release', from: 'n1', to: 'n2' },
  { step: 'pause', node: 'leader' },
  { step: 'crash', node: 'n3', keep: 'some', torn: true },
  run(800),
  put('c'),
  { step: 'restart', node: 'n3' },
  run(500),
  { step: 'isolate', node: 'leader' },
  run(500),
  settle,
]

const messageOf = (input: Input): string | null => (input.type === 'deliver' ? input.message.view.kind : null)

const large: Partial<RaftScenario> = { nodes: ['n1', 'n2', 'n3', 'n4', 'n5'] }

describe('a run', () => {
  it('is the same to the byte for the same seed, and differs for another', () => {
    const bytes = (seed: number): string =>
      JSON.stringify(
        runScenario(scenarioOf(everything, { ...large, seed }), createPingPong(), createNullJudge()).events,
      )
    expect(bytes(1)).toBe(bytes(1))
    expect(bytes(1)).not.toBe(bytes(2))
  })

  it.each([
    [{ delay: [1, 3] as const }, 1],
    [{ delay: [0, 2] as const }, 2],
    [{ delay: [5, 20] as const }, 3],
  ])('gives the same trace in batches as step by step (disk %j)', async (disk, seed) => {
    const scenario = scenarioOf(everything, { ...large, disk, seed })
    const single = runScenario(scenario, createPingPong(), createNullJudge(), { inspectEvery: 37 })
    const sizes: number[] = []
    const remote = asRemote(createPingPong(), (size) => sizes.push(size))
    const batched = await runScenarioRemote(scenario, remote, createNullJudge(), { inspectEvery: 37 })
    expect(batched).toEqual(single)
    expect(Math.max(...sizes)).toBeGreaterThan(2)
  })

  it('batches stop at the first violation like single steps', async () => {
    const violation: Violation = { requirement: 'raft/x', text: 'x', allowed: 'y', node: null }
    const judge = () => {
      let steps = 0
      return createNullJudge({ step: () => (++steps === 500 ? violation : null) })
    }
    const scenario = scenarioOf(everything, large)
    const single = runScenario(scenario, createPingPong(), judge())
    const batched = await runScenarioRemote(scenario, asRemote(createPingPong()), judge())
    expect(single.violation).toBe(violation)
    expect(single.steps).toBe(500)
    expect(single.events[single.violationEvent]).toMatchObject({ event: 'step' })
    expect(single.violationEvent).toBe(single.events.length - 1)
    expect(batched).toEqual(single)
  })

  it('interleaves on one implementation', async () => {
    const scenarios = [1, 2, 3].map((seed) => scenarioOf(everything, { seed }))
    const remote = asRemote(createPingPong())
    const together = await Promise.all(scenarios.map((each) => runScenarioRemote(each, remote, createNullJudge())))
    for (const [index, scenario] of scenarios.entries()) {
      expect(together[index]).toEqual(runScenario(scenario, createPingPong(), createNullJudge()))
    }
  })

  it('counts the same whether or not it is recorded', () => {
    const scenario = scenarioOf(everything)
    const recorded = runScenario(scenario, createPingPong(), createNullJudge())
    const counted = runScenario(scenario, createPingPong(), createNullJudge(), { record: false })
    expect(recorded.events.length).toBe(recorded.eventCount)
    expect(counted).toEqual({ ...recorded, events: [] })
  })

  it('keeps the promises of the contract about time', () => {
    const last = new Map<string, number>()
    const wakes = new Map<string, number | null>()
    const check = (input: Input, answer: Answer): null => {
      expect(input.at).toBeGreaterThanOrEqual(last.get(input.node) ?? 0)
      const wake = wakes.get(input.node) ?? null
      if (wake !== null && input.type !== 'crash') expect(input.at).toBeLessThanOrEqual(wake)
      // Messages and operations come only after all timers of their instant.
      if (wake !== null && input.type !== 'advance' && input.type !== 'crash') expect(input.at).toBeLessThan(wake)
      last.set(input.node, answer.now)
      wakes.set(input.node, answer.wake)
      return null
    }
    for (let seed = 1; seed <= 5; seed++) {
      last.clear()
      wakes.clear()
      runScenario(scenarioOf(everything, { seed }), createPingPong(), createNullJudge({ step: check }))
    }
    expect.hasAssertions()
  })

  it('gives nodes that are down or paused no inputs', () => {
    const down = new Set<string>()
    const check = (input: Input): null => {
      if (input.type === 'restart') down.delete(input.node)
      expect(down.has(input.node)).toBe(false)
      if (input.type === 'crash') down.add(input.node)
      return null
    }
    const steps: RaftStep[] = [
      run(1_000),
      { step: 'crash', node: 'n2', keep: 'none', torn: false },
      { step: 'operation', node: 'n2', operation: { type: 'propose', command: { type: 'get', key: 'x' } } },
      { step: 'crash', node: 'n2', keep: 'none', torn: false },
      run(1_000),
      { step: 'restart', node: 'n2' },
      { step: 'restart', node: 'n2' },
      run(100),
    ]
    const result = runScenario(scenarioOf(steps), createPingPong(), createNullJudge({ step: check }))
    expect(result.skipped).toEqual({ operation: 1, crash: 1, restart: 1 })
    const paused = runScenario(
      scenarioOf([{ step: 'pause', node: 'n1' }, run(2_000)]),
      createPingPong(),
      createNullJudge(),
    )
    expect(paused.events.some((event) => event.event === 'step' && event.input.node === 'n1')).toBe(false)
  })

  it('jumps the clock of a node until it campaigns', () => {
    const steps: RaftStep[] = [{ step: 'timeout', node: 'n2' }]
    const { events, duration, faults } = runScenario(scenarioOf(steps), createPingPong(), createNullJudge())
    expect(duration).toBe(0)
    expect(faults).toEqual({ timeout: 1 })
    const last = events.findLast((event) => event.event === 'step')
    expect(last).toMatchObject({
      input: { type: 'advance', node: 'n2' },
      answer: { state: { role: 'candidate', term: 1 } },
    })
  })

  it('names the nodes that were meant by leader', () => {
    const result = runScenario(scenarioOf([put('a'), run(1_500), put('b')]), createPingPong(), createNullJudge())
    expect(result.targets[0]).toBeNull()
    expect(result.targets[2]).toMatch(/^n[123]$/)
    expect(result.skipped).toEqual({ operation: 1 })
  })

  it('delivers a message that waits when the scenario says so', () => {
    const link = { from: 'n1', to: 'n2' } as const
    const deliver: RaftStep = { step: 'deliver', ...link, kind: 'request-vote' }
    const crash: RaftStep = { step: 'crash', node: 'n2', keep: 'all', torn: false }
    const steps: RaftStep[] = [{ step: 'hold', ...link }, { step: 'timeout', node: 'n1' }, run(50), deliver]
    const delivered = (more: readonly RaftStep[]) => {
      const { events, skipped } = runScenario(scenarioOf([...steps, ...more]), createPingPong(), createNullJudge())
      const onLink = events.flatMap((event) =>
        event.event === 'step' && event.input.type === 'deliver' && event.input.node === 'n2' ? [event] : [],
      )
      return { at: onLink.map(({ now }) => now), kinds: onLink.map(({ input }) => messageOf(input)), skipped }
    }
    expect(delivered([])).toEqual({ at: [50], kinds: ['request-vote'], skipped: {} })
    expect(delivered([deliver])).toMatchObject({ at: [50], skipped: { deliver: 1 } })
    expect(delivered([crash, deliver])).toMatchObject({ at: [50], skipped: { deliver: 1 } })
  })

  it('counts situations that were reached, and does not mind those that were not', () => {
    const reach = (expect: string, ...words: string[]): RaftStep => ({ step: 'reach', expect, arguments: words })
    const steps = [reach('no-leader'), reach('leader', 'n1'), run(3_000), reach('one-leader'), reach('no-leader')]
    const { violation, situations } = runScenario(scenarioOf(steps), createPingPong(), createNullJudge())
    expect(violation).toBeNull()
    expect(Object.fromEntries(situations)).toEqual({ 'no-leader': 1, 'leader n1': 0, 'one-leader': 1 })
  })

  it('compares inspections now and then, and at the end', () => {
    const inspected: string[] = []
    const judge = createNullJudge({
      inspect: (node) => {
        inspected.push(node)
        return null
      },
    })
    runScenario(scenarioOf([run(3_000)]), createPingPong(), judge, { inspectEvery: 20 })
    expect(inspected.length).toBeGreaterThan(6)
    expect(inspected.slice(-3)).toEqual(['n1', 'n2', 'n3'])
  })
})

describe('effective faults', () => {
  const lossy = { delay: [1, 10] as const, loss: 0, duplicate: 0, reorder: 0 }
  const link = { from: 'n1', to: 'n2' }
  const cases: [FaultKind, RaftStep[]][] = [
    ['loss', [{ step: 'network', network: { ...lossy, loss: 0.3 } }, run(2_000)]],
    ['duplicate', [{ step: 'network', network: { ...lossy, duplicate: 0.3 } }, run(2_000)]],
    ['reorder', [{ step: 'network', network: { ...lossy, reorder: 0.3 } }, run(4_000)]],
    ['partition', [{ step: 'partition', groups: [['n1'], ['n2', 'n3']] }, run(2_000)]],
    ['cut', [{ step: 'cut', ...link }, run(2_000)]],
    ['isolate', [run(1_500), { step: 'isolate', node: 'leader' }, run(2_000)]],
    ['hold', [{ step: 'hold', ...link }, run(2_000)]],
    ['crash', [{ step: 'crash', node: 'n1', keep: 'all', torn: false }]],
    ['pause', [{ step: 'pause', node: 'n1' }, run(2_000), { step: 'resume', node: 'n1' }]],
    ['clock', [{ step: 'clock', node: 'n1', rate: 1.4 }, run(2_000)]],
  ]
  it.each(cases)('%s is counted', (kind, steps) => {
    const { faults } = runScenario(scenarioOf(steps), createPingPong(), createNullJudge())
    expect(faults[kind]).toBeGreaterThan(0)
    expect(Object.keys(faults)).toEqual([kind])
  })

  it('ring is counted where it cuts', () => {
    const steps: RaftStep[] = [{ step: 'ring' }, run(2_000)]
    expect(runScenario(scenarioOf(steps, large), createPingPong(), createNullJudge()).faults).toEqual({ ring: 1 })
    expect(runScenario(scenarioOf(steps), createPingPong(), createNullJudge()).faults).toEqual({})
  })

  it('lost and torn writes are counted', () => {
    const crash: RaftStep = { step: 'crash', node: 'leader', keep: 'none', torn: true }
    const scenario = scenarioOf([run(3_000), crash], { disk: { delay: [60, 60] } })
    const { faults, events } = runScenario(scenario, createPingPong(), createNullJudge())
    expect(faults).toMatchObject({ crash: 1, 'lost-write': 1, 'torn-write': 1 })
    const input = events.flatMap((event) =>
      event.event === 'step' && event.input.type === 'crash' ? [event.input] : [],
    )
    expect(input[0]).toMatchObject({ keep: [] })
    expect(input[0]!.torn).toBeGreaterThan(0)
  })

  it('membership changes are counted when they were carried out', () => {
    const operation = { type: 'change-membership', changes: [{ type: 'remove', node: 'n3' }], joint: false } as const
    const steps: RaftStep[] = [{ step: 'operation', node: 'n1', operation }]
    expect(runScenario(scenarioOf(steps), createPingPong(), createNullJudge()).faults).toEqual({ membership: 1 })
  })

  it('faults without effect are not counted', () => {
    const steps: RaftStep[] = [
      { step: 'partition', groups: [['n1', 'n2', 'n3']] },
      { step: 'hold', ...link },
      { step: 'release', ...link },
      { step: 'pause', node: 'n1' },
      { step: 'resume', node: 'n1' },
      { step: 'clock', node: 'n1', rate: 0.5 },
      { step: 'clock', node: 'n1', rate: 1 },
      { step: 'restart', node: 'n1' },
      { step: 'drop', ...link, kind: 'heartbeat', nth: 1_000 },
      run(1_000),
    ]
    expect(runScenario(scenarioOf(steps), createPingPong(), createNullJudge()).faults).toEqual({})
  })

  it('explicit faults replace the random ones that happened', () => {
    const network = { delay: [1, 10], loss: 0.1, duplicate: 0.1, reorder: 0.1 } as const
    const random = runScenario(scenarioOf([run(3_000)], { network }), createPingPong(), createNullJudge())
    expect(random.effective.length).toBeGreaterThan(20)
    const calm = { ...network, loss: 0, duplicate: 0, reorder: 0 }
    const explicit = runScenario(
      scenarioOf([...random.effective, run(3_000)], { network: calm }),
      createPingPong(),
      createNullJudge(),
    )
    expect(explicit.events).toEqual(random.events)
    expect(explicit.effective).toEqual(random.effective)
  })

  it('what the implementation does not stand is left out and said', () => {
    const steps: RaftStep[] = [
      { step: 'clock', node: 'n1', rate: 1.4 },
      { step: 'crash', node: 'n1', keep: 'all', torn: false },
      { step: 'duplicate', ...link, kind: 'heartbeat', nth: 1 },
      { step: 'operation', node: 'n1', operation: { type: 'compact', keep: 0 } },
      run(1_000),
    ]
    const implementation = createPingPong({
      capabilities: { disk: false, encode: false },
      assumptions: { fifo: true, noDuplicates: true, clockDrift: 0.1 },
    })
    const network = { delay: [1, 10], loss: 0, duplicate: 0.5, reorder: 0.5 } as const
    const result = runScenario(scenarioOf(steps, { network }), implementation, createNullJudge())
    expect(result.outside).toEqual({ reorder: 1, duplicate: 2, clock: 1, crash: 1, compact: 1 })
    expect(result.faults).toEqual({})
  })
})

describe('settle', () => {
  it('ends all faults, restarts what is down, and proposes until the judge is content', () => {
    const phases: string[] = []
    let results = 0
    const judge = createNullJudge({
      phase: (phase, now) => {
        phases.push(`${phase} ${now}`)
        return null
      },
      step: (_, { outputs }) => {
        if (outputs.some(({ type }) => type === 'result')) results++
        return null
      },
      settled: () => results >= 3,
    })
    const steps: RaftStep[] = [
      run(1_000),
      { step: 'ring' },
      { step: 'isolate', node: 'n1' },
      { step: 'crash', node: 'n2', keep: 'none', torn: false },
      { step: 'pause', node: 'n3' },
      run(1_000),
      settle,
    ]
    const result = runScenario(scenarioOf(steps), createPingPong(), judge)
    expect(phases).toEqual(['heal 2000', 'settle 2300'])
    expect(result.settled).toBe(true)
    expect(result.committedAfterHeal).toBeGreaterThan(0)
    expect(result.events.filter(({ event }) => event === 'inspect').length).toBe(3)
    expect(result.events.at(-1)).toMatchObject({ event: 'finish' })
  })

  it('gives up at the stated bound', () => {
    const judge = createNullJudge({ settled: () => false })
    const { duration, settled } = runScenario(scenarioOf([settle]), createPingPong(), judge)
    expect(settled).toBe(false)
    expect(duration).toBe(300 + settleElectionTimeouts * 300)
  })

  it('may be followed by more', () => {
    const phases: string[] = []
    const judge = createNullJudge({
      phase: (phase) => {
        phases.push(phase)
        return null
      },
    })
    runScenario(
      scenarioOf([settle, run(10), settle, { step: 'expect', expect: 'running', arguments: ['n1'] }]),
      createPingPong(),
      judge,
    )
    expect(phases).toEqual(['heal', 'settle', 'disturb', 'heal', 'settle'])
  })
})

describe('failures', () => {
  const withAnswer = (change: (answer: Answer, input: Input) => Answer): Implementation => {
    const { hello, open } = createPingPong()
    return {
      hello,
      open: (start) => {
        const session = open(start)
        return { ...session, step: (input) => change(session.step(input), input) }
      },
    }
  }

  it('an exception in a step is a panic of the node', () => {
    const errors: unknown[] = []
    const judge = createNullJudge({
      step: (_, { error }) => {
        if (error !== undefined) errors.push(error)
        return null
      },
    })
    const broken = withAnswer((answer, { type }) => {
      if (type === 'written') throw new Error('the disk is on fire')
      return answer
    })
    const result = runScenario(scenarioOf([run(3_000), settle]), broken, judge)
    expect(errors[0]).toMatchObject({ kind: 'panic', text: expect.stringContaining('the disk is on fire') as string })
    expect(errors.length).toBeLessThanOrEqual(3)
    expect(result.violation).toBeNull()
  })

  it.each([
    ['ends a step of', (answer: Answer) => ({ ...answer, now: answer.now + 1 })],
    ['wants to wake up', (answer: Answer) => ({ ...answer, wake: answer.now })],
    [
      'unknown node',
      (answer: Answer, { node }: Input): Answer => {
        const view = { kind: 'timeout-now', term: 1 } as const
        return { ...answer, outputs: [{ type: 'message', id: 1, from: node, to: 'n9', view, after: 0 }] }
      },
    ],
    [
      'waits for write',
      (answer: Answer, { node }: Input): Answer => {
        const view = { kind: 'timeout-now', term: 1 } as const
        return { ...answer, outputs: [{ type: 'message', id: 1, from: node, to: 'n2', view, after: 99 }] }
      },
    ],
  ])('an answer against the contract is an error of the adapter: it %s', (text, change) => {
    const attempt = () => runScenario(scenarioOf([run(3_000)]), withAnswer(change), createNullJudge())
    expect(attempt).toThrow(AdapterError)
    expect(attempt).toThrow(text)
  })

  it('a flood of messages is an error of the adapter', () => {
    let id = 1_000_000
    const flooding = withAnswer((answer, { node }) => ({
      ...answer,
      outputs: ['n1', 'n2', 'n3'].flatMap((to) =>
        Array.from({ length: 3 }, () => ({
          type: 'message' as const,
          id: id++,
          from: node,
          to,
          view: { kind: 'timeout-now', term: 1 } as const,
          after: 0,
        })),
      ),
    }))
    expect(() => runScenario(scenarioOf([run(3_000)]), flooding, createNullJudge())).toThrow('are under way')
    expect(() => runScenario(scenarioOf([run(3_000)]), createPingPong(), createNullJudge(), { maxSteps: 10 })).toThrow(
      '10 steps',
    )
  })

  it('an expectation that does not hold is a violation', () => {
    const steps: RaftStep[] = [run(10), { step: 'expect', expect: 'one-leader', arguments: [] }, run(10)]
    const result = runScenario(scenarioOf(steps), createPingPong(), createNullJudge())
    expect(result.violation).toMatchObject({ requirement: 'scenario/expectation' })
    expect(result.violationStep).toBe(1)
    expect(result.duration).toBe(10)
  })

  it.each(['start', 'phase', 'inspect', 'finish'] as const)('a violation shown by %s ends the run', (method) => {
    const violation: Violation = { requirement: 'raft/x', text: 'x', allowed: 'y', node: null }
    const judge = createNullJudge({ [method]: () => violation })
    const result = runScenario(scenarioOf([run(10), settle]), createPingPong(), judge)
    expect(result.violation).toBe(violation)
    expect(result.events[result.violationEvent]).toMatchObject({ event: method })
    expect(result.violationEvent).toBe(result.events.length - 1)
  })
})
