/** The Raft suite: which verdict what is seen leads to. */
import { describe, expect, test } from 'vitest'
import type { Hello, Implementation } from '../../impl/contract/raft.ts'
import { createReference } from '../../impl/reference/raft/session.ts'
import type { Answer, Input } from '../../models/raft/vocabulary.ts'
import { exitCode, type Report } from '../../traces/report.ts'
import { checkConformance, type SuiteOptions } from '../suites/suite.ts'
import { runAll } from '../suites/runs.ts'
import { casesOf, fitScenario, readCorpus } from '../suites/scenarios.ts'
import { addTally, createTally } from '../suites/tally.ts'
import { createRunner, type Target } from '../suites/target.ts'
import { asRemote, createPingPong } from './ping-pong.ts'

const reference = createReference()

/** The reference, but it says other things of itself, or answers otherwise; without `encode`, runs are short. */
function like(
  hello: Partial<Hello>,
  change: (answer: Answer, input: Input) => Answer = (answer) => answer,
): Implementation {
  const capabilities = { ...reference.hello.capabilities, encode: false }
  return {
    hello: { ...reference.hello, capabilities, ...hello },
    open(start) {
      const session = reference.open(start)
      return {
        initial: session.initial,
        step: (input) => change(session.step(input), input),
        inspect: (node) => session.inspect(node),
        encode: (from, to, view) => session.encode(from, to, view),
        close: () => session.close(),
      }
    },
  }
}

async function check(implementation: Implementation, options: SuiteOptions = {}): Promise<Report> {
  const { report } = await checkConformance(
    { kind: 'in-process', implementation },
    { budget: 2, executions: 50, ...options },
  )
  return report
}

const verdictsOf = (report: Report, profile: string): Set<string> =>
  new Set(report.outcomes.filter((outcome) => outcome.profile === profile).map(({ verdict }) => verdict))

describe('what is claimed', () => {
  test('a profile that is not claimed is unsupported, and decides nothing', async () => {
    const profiles = reference.hello.profiles.filter((profile) => profile !== 'raft-transfer')
    const report = await check(like({ profiles }))
    expect(verdictsOf(report, 'raft-transfer')).toEqual(new Set(['unsupported']))
    expect(report.outcomes.filter(({ profile }) => profile === 'raft-transfer').every(({ claimed }) => !claimed)).toBe(
      true,
    )
  })

  test('a profile that is claimed without what it takes is unsupported, and keeps the run from conforming', async () => {
    const operations = reference.hello.operations.filter((operation) => operation !== 'transfer')
    const report = await check(like({ operations }), { profiles: ['raft-transfer'] })
    const outcome = report.outcomes.find(({ requirement }) => requirement === 'raft/transfer-to-caught-up')
    expect(outcome).toMatchObject({
      verdict: 'unsupported',
      claimed: true,
      reason: 'does not offer operation transfer',
    })
    expect(exitCode(report)).toBe(2)
  })

  test.each([
    [['raft-core', 'raft-cor'], "claims profile 'raft-cor', which does not exist; did you mean 'raft-core'?"],
    [['raft-membership'], "claims no profile 'raft-core', the base of all others"],
    [
      ['raft-core', 'raft-config-on-append', 'raft-config-on-apply'],
      "claims 'raft-config-on-append' and 'raft-config-on-apply', which exclude each other",
    ],
  ])('claims %j: %s', async (profiles, error) => {
    const report = await check(like({ profiles, operations: ['propose'] }), { budget: 0 })
    expect(report.errors).toContain(error)
  })
})

describe('what is seen', () => {
  test('a step that throws breaks survives, and is shrunk', async () => {
    const fragile = like({}, (answer, input) => {
      if (input.type === 'operation' && input.operation.type === 'compact') throw new Error('no room')
      return answer
    })
    const { report, counterexamples } = await checkConformance(
      { kind: 'in-process', implementation: fragile },
      { budget: 4, executions: 300, requirements: ['raft/survives'] },
    )
    expect(report.outcomes).toMatchObject([{ requirement: 'raft/survives', verdict: 'fail' }])
    expect(exitCode(report)).toBe(1)
    const [{ trace, violation, shrunk }] = counterexamples as [(typeof counterexamples)[number]]
    expect(violation.text).toContain('no room')
    expect(trace.scenario.steps.map(({ step }) => step)).toEqual(['operation'])
    expect(shrunk.complete).toBe(true)
  })

  test('a known failure is no new one', async () => {
    const fragile = like({}, (answer, input) => {
      if (input.type === 'operation' && input.operation.type === 'compact') throw new Error('no room')
      return answer
    })
    const known = [{ requirement: 'raft/survives', reason: 'no room yet', link: 'issue 7' }]
    const report = await check(fragile, { known, requirements: ['raft/survives'] })
    expect(report.outcomes).toMatchObject([{ verdict: 'fail', known: { reason: 'no room yet' } }])
    expect(exitCode(report)).toBe(0)
  })

  test('a failure that was not asked for is told in a note', async () => {
    const report = await check(createPingPong(), { requirements: ['raft/term-never-falls'] })
    expect(report.notes.join('\n')).toMatch(/broke raft\/\S+, not asked for/)
  })

  test('a false claim to be deterministic is an error', async () => {
    let results = 0
    const moody = like({}, (answer) => ({
      ...answer,
      outputs: answer.outputs.map((output) =>
        output.type === 'result' ? { ...output, reason: `mood-${++results}` } : output,
      ),
    }))
    const report = await check(moody, { budget: 1 })
    expect(report.errors.join('\n')).toMatch(/declares itself deterministic, but .* ran another way the second time/)
    expect(exitCode(report)).toBe(3)
  })

  test('without runs nothing is passed', async () => {
    const { report } = await checkConformance(
      { kind: 'in-process', implementation: like({}) },
      { budget: 0, shard: { index: 1000, of: 1000 } },
    )
    expect(report.outcomes.filter(({ verdict }) => verdict === 'pass')).toEqual([])
    expect(exitCode(report)).toBe(2)
  })

  test('an interrupted suite keeps what it has', async () => {
    const interrupt = new AbortController()
    const report = await check(like({}), {
      budget: 1000,
      signal: interrupt.signal,
      onProgress: ({ done }) => {
        if (done === 3) interrupt.abort()
      },
    })
    expect(report.interrupted).toBe(true)
    expect(report.runs.scenarios).toBe(3)
  })

  test('through an adapter it is the same as in this process', async () => {
    const target: Target = { kind: 'adapter', start: async () => asRemote(like({})) }
    const { report } = await checkConformance(target, { budget: 2 })
    const direct = await check(like({}))
    expect(report.outcomes).toEqual(direct.outcomes)
    expect(report.coverage).toEqual(direct.coverage)
  })
})

describe('sums', () => {
  test('parts add up to the whole, in any order', async () => {
    const runner = await createRunner({ kind: 'in-process', implementation: createPingPong() })
    const source = casesOf({ hello: runner.hello, seed: 1, budget: 6 })
    const numbers = Array.from({ length: source.count }, (_, number) => number)
    const whole = await runAll(runner, source, numbers)
    const parts = [
      await runAll(runner, source, numbers.filter((number) => number % 2 === 1).toReversed()),
      await runAll(
        runner,
        source,
        numbers.filter((number) => number % 2 === 0),
      ),
    ]
    const sum = createTally()
    for (const part of parts) addTally(sum, part)
    expect(sum).toEqual(whole)
    expect(whole.findings.size).toBeGreaterThan(0)
  })

  test('seeds share no schedules', () => {
    const { hello } = reference
    const names = [1, 2].map((seed) => {
      const source = casesOf({ hello, seed, budget: 50 })
      return Array.from({ length: 50 }, (_, index) => source.at(source.count - 1 - index).name)
    })
    expect(new Set(names.flat()).size).toBe(100)
  })
})

test('kept scenarios fit whoever claims less', () => {
  const hello = { ...reference.hello, profiles: ['raft-core'] }
  for (const scenario of readCorpus().filter(({ surface }) => surface === 'raft')) {
    const fitted = fitScenario(scenario, hello)!
    expect(fitted).toMatchObject({ options: { preVote: false, checkQuorum: false } })
    expect(fitted.steps.some(({ step }) => step === 'expect')).toBe(false)
  }
})
