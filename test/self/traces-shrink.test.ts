import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { RaftScenario } from '../../models/raft/vocabulary.ts'
import { completeScenario, scenarioSchema, type RaftStep } from '../../traces/scenario.ts'
import { nondeterministic, shrink, shrinkAsync, type Trial } from '../../traces/shrink.ts'
import { scenarios } from './traces-arbitraries.ts'

const nothing: Omit<Trial, 'fails'> = { violationStep: -1, effective: [], targets: [] }

/** A bug that shows when these things happen in this order, whatever happens between them. */
const recipe: readonly ((step: RaftStep) => boolean)[] = [
  (step) => step.step === 'partition',
  (step) => step.step === 'operation' && step.operation.type === 'propose',
  (step) => step.step === 'crash' && step.torn,
  (step) => step.step === 'run' && step.duration >= 130,
  (step) => step.step === 'restart',
]

function cook({ steps }: RaftScenario): Trial {
  let done = 0
  for (const [index, step] of steps.entries()) {
    if (recipe[done]!(step)) done++
    if (done === recipe.length) return { ...nothing, fails: true, violationStep: index }
  }
  return { ...nothing, fails: false }
}

const put = (value: number): RaftStep => ({
  step: 'operation',
  node: 'leader',
  operation: { type: 'propose', command: { type: 'put', key: 'k', value: `v${value}` } },
})

/** 200 steps of which five matter. */
const long = completeScenario({
  nodes: ['n1', 'n2', 'n3', 'n4', 'n5'],
  seed: 4711,
  network: { delay: [1, 20], loss: 0.02, duplicate: 0.01, reorder: 0 },
  options: {
    electionTimeout: 300,
    heartbeatInterval: 50,
    preVote: true,
    checkQuorum: true,
    maxEntries: 3,
    maxInflight: 1,
  },
  steps: Array.from({ length: 200 }, (_, index): RaftStep => {
    if (index === 60) return { step: 'partition', groups: [['n1'], ['n2', 'n3'], ['n4', 'n5']] }
    if (index === 120) return { step: 'crash', node: 'n1', keep: 'some', torn: true }
    if (index === 160) return { step: 'restart', node: 'n1' }
    return index % 3 === 0 ? { step: 'run', duration: 137 + index } : index % 3 === 1 ? put(index) : { step: 'heal' }
  }),
})

describe('the shrinker', () => {
  test('keeps what matters, in its simplest form', () => {
    const { scenario, executions, reproduced, complete } = shrink(long, cook)
    expect({ reproduced, complete }).toEqual({ reproduced: true, complete: true })
    expect(scenario).toEqual(
      completeScenario({
        nodes: ['n1'],
        seed: 0,
        network: { delay: [1, 1], loss: 0, duplicate: 0, reorder: 0 },
        disk: { delay: [0, 0] },
        options: { ...long.options, preVote: false, checkQuorum: false, maxEntries: 16, maxInflight: 8 },
        steps: [
          { step: 'partition', groups: [['n1']] },
          { ...put(0), operation: { type: 'propose', command: { type: 'put', key: 'x', value: '1' } } } as RaftStep,
          { step: 'crash', node: 'n1', keep: 'none', torn: true },
          { step: 'run', duration: 150 },
          { step: 'restart', node: 'n1' },
        ],
      }),
    )
    expect(executions).toBeLessThan(150)
  })

  test('makes random faults explicit, and keeps only those that matter', () => {
    const faults: RaftStep[] = [1, 2, 3, 4].map((nth) => ({
      step: 'drop',
      from: 'n1',
      to: 'n2',
      kind: 'append-entries',
      nth,
    }))
    const { scenario } = shrink(long, (candidate) => {
      const random = candidate.network.loss > 0
      const explicit = candidate.steps.some((step) => step.step === 'drop' && step.nth === 3)
      return { ...nothing, fails: random || explicit, violationStep: 50, effective: random ? faults : [] }
    })
    expect(scenario.network.loss).toBe(0)
    expect(scenario.steps).toEqual([faults[2]])
  })

  test('names the node that was leader', () => {
    const { scenario } = shrink(completeScenario({ nodes: ['n1', 'n2'], steps: [put(1)] }), ({ steps }) => ({
      ...nothing,
      fails: steps.some((step) => step.step === 'operation'),
      violationStep: 0,
      targets: ['n2'],
    }))
    expect(scenario.steps).toMatchObject([{ node: 'n2' }])
  })

  test('always ends with a valid scenario that fails', () => {
    fc.assert(
      fc.property(scenarios, fc.nat(), (scenario, salt) => {
        const fails = (candidate: RaftScenario): boolean =>
          candidate.steps.filter(({ step }) => (step.length + salt) % 3 === 0).length * 2 >=
          scenario.steps.filter(({ step }) => (step.length + salt) % 3 === 0).length
        const shrunk = shrink(scenario, (candidate) => {
          expect(scenarioSchema.safeParse(candidate).error).toBeUndefined()
          return { ...nothing, fails: fails(candidate), violationStep: candidate.steps.length }
        })
        expect(shrunk.reproduced).toBe(true)
        expect(fails(shrunk.scenario)).toBe(true)
      }),
      { numRuns: 50 },
    )
  })

  test('gives the scenario back if it does not fail', () => {
    const shrunk = shrink(long, () => ({ ...nothing, fails: false }))
    expect(shrunk).toEqual({ scenario: long, reproduced: false, executions: 1, complete: false })
  })

  test('stops when told to, or when executions are used up, with the best so far', async () => {
    const few = shrink(long, cook, { executions: 10 })
    expect(few).toMatchObject({ executions: 10, complete: false, reproduced: true })
    expect(few.scenario.steps.length).toBeLessThan(200)
    let asked = 0
    const stopped = await shrinkAsync(long, (candidate) => Promise.resolve(cook(candidate)), {
      stop: () => ++asked > 5,
    })
    expect(stopped).toMatchObject({ executions: 5, complete: false })
  })

  test('accepts what fails in 2 of 5 tries where runs differ', () => {
    let runs = 0
    const shrunk = shrink(
      long,
      (candidate) => ({ ...cook(candidate), fails: cook(candidate).fails && ++runs % 2 === 0 }),
      {
        ...nondeterministic,
      },
    )
    expect(shrunk.reproduced).toBe(true)
    expect(shrunk.scenario.steps.length).toBe(recipe.length)
    let tries = 0
    shrink(long, () => ({ ...nothing, fails: ++tries === 1 }), { ...nondeterministic })
    expect(tries).toBe(5)
  })
})
