import { fileURLToPath } from 'node:url'
import { describe, expect, test, vi } from 'vitest'
import { checkAdapter } from '../suites/adapter/check.ts'
import { loadSpec, surfaceOf } from '../suites/spec.ts'

vi.setConfig({ testTimeout: 120_000 })

const script = fileURLToPath(new URL('hostile/adapter.mjs', import.meta.url))
const check = (mode: string, requirements?: readonly string[]) =>
  checkAdapter([process.execPath, script, mode], { grace: 1_000, ...(requirements && { requirements }) })
const swimScript = fileURLToPath(new URL('hostile/swim-adapter.mjs', import.meta.url))
const checkSwim = (mode: string, requirements?: readonly string[]) =>
  checkAdapter([process.execPath, swimScript, mode], { grace: 1_000, ...(requirements && { requirements }) })
/** By these checks a run of everything is looked at, whatever it is that breaks it off. */
const observing = ['adapter/keeps-form', 'adapter/claims-hold']
const chapter = loadSpec().requirements.filter(({ slug }) => surfaceOf(slug) === 'adapter')

test('every requirement of the chapter is checked, and an adapter that keeps the protocol passes all', async () => {
  const { hello, findings } = await check('honest')
  expect(hello?.name).toBe('hostile')
  expect(findings.map(({ requirement }) => requirement)).toEqual(chapter.map(({ slug }) => slug))
  expect(findings.filter(({ verdict }) => verdict !== 'pass')).toEqual([])
})

test('what is not claimed is unsupported, and no failure', async () => {
  const { findings } = await check('no-capabilities')
  const others = findings.filter(({ verdict }) => verdict !== 'pass')
  expect(others.map(({ requirement, verdict }) => [requirement, verdict])).toEqual([
    ['adapter/restarts', 'unsupported'],
    ['adapter/encodes', 'unsupported'],
  ])
})

test('what needs determinism is not held against an adapter that declares none', async () => {
  const { findings } = await check('undeclared-chance')
  const others = findings.filter(({ verdict }) => verdict !== 'pass')
  expect(others.map(({ requirement, verdict }) => [requirement, verdict])).toEqual([
    ['adapter/runs-independently', 'unsupported'],
    ['adapter/batches-as-single', 'unsupported'],
    ['adapter/repeats', 'unsupported'],
  ])
})

/** For each requirement, adapters that break it. */
const breakers: Record<string, string[]> = {
  'adapter/says-hello': ['crash-at-start', 'wrong-version', 'no-surface', 'talk-first'],
  'adapter/keeps-form': ['unknown-field', 'bad-type', 'invalid-json', 'giant-line'],
  'adapter/answers-once': ['wrong-seq', 'wrong-run', 'answer-twice'],
  'adapter/starts-every-node': ['starts-blank'],
  'adapter/identifies-outputs': ['reused-id', 'reused-write', 'stranger'],
  'adapter/keeps-time': ['wrong-time', 'past-wake'],
  'adapter/stops-at-first-effect': ['overshoots'],
  'adapter/wakes-in-time': ['wakes-late'],
  'adapter/deltas-fold': ['lying-delta'],
  'adapter/runs-independently': ['runs-mix'],
  'adapter/batches-as-single': ['batches-differ'],
  'adapter/repeats': ['chance'],
  'adapter/seed-decides': ['equal-timeouts', 'ignores-seed'],
  'adapter/delivers-again': ['once-only'],
  'adapter/forgets': ['dies-of-forgetting'],
  'adapter/received-as-sent': ['changed-view'],
  'adapter/claims-hold': ['false-capabilities'],
  'adapter/refuses-unknown': ['dies-of-unknown', 'refuses-wrongly'],
  'adapter/ends-results-once': ['answers-twice', 'answers-strangers'],
  'adapter/restarts': ['speaks-dying', 'restarts-in-part'],
  'adapter/encodes': ['encodes-another', 'false-capabilities'],
  'adapter/ends-runs': ['dies-of-ended-runs', 'answers-ended-runs'],
  'adapter/exits': ['deaf', 'outlives-input', 'exits-badly', 'leaves-in-silence'],
}

describe.concurrent('an adapter that breaks a requirement fails it', () => {
  const modes = [...new Set(Object.values(breakers).flat())]
  test.each(modes)('%s', async (mode) => {
    const broken = Object.keys(breakers).filter((requirement) => breakers[requirement]!.includes(mode))
    const { findings } = await check(mode, broken)
    for (const requirement of broken) {
      const finding = findings.find((each) => each.requirement === requirement)
      expect(finding).toMatchObject({ verdict: 'fail' })
      expect(finding!.reason).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/)
    }
  })
})

test('every requirement has an adapter that breaks it', () => {
  expect(chapter.filter(({ slug }) => (breakers[slug] ?? []).length === 0)).toEqual([])
})

describe('an adapter of SWIM', () => {
  test('that keeps the protocol passes all', async () => {
    const { hello, findings } = await checkSwim('honest')
    expect(hello?.surfaces).toEqual(['swim'])
    expect(findings.map(({ requirement }) => requirement)).toEqual(chapter.map(({ slug }) => slug))
    expect(findings.filter(({ verdict }) => verdict !== 'pass')).toEqual([])
  })

  test('is not blamed for what it does not claim', async () => {
    const { findings } = await checkSwim('no-capabilities')
    const others = findings.filter(({ verdict }) => verdict !== 'pass')
    expect(others.map(({ requirement, verdict }) => [requirement, verdict])).toEqual([
      ['adapter/restarts', 'unsupported'],
      ['adapter/encodes', 'unsupported'],
    ])
  })

  test.concurrent.each([
    ['unknown-surface', 'adapter/says-hello'],
    ['unknown-field', 'adapter/keeps-form'],
    ['raft-answers', 'adapter/keeps-form'],
    ['starts-blank', 'adapter/starts-every-node'],
    ['reused-id', 'adapter/identifies-outputs'],
    ['stranger', 'adapter/identifies-outputs'],
    ['unopened-stream', 'adapter/identifies-outputs'],
    ['foreign-stream', 'adapter/identifies-outputs'],
    ['wrong-time', 'adapter/keeps-time'],
    ['past-wake', 'adapter/keeps-time'],
    ['overshoots', 'adapter/stops-at-first-effect'],
    ['wakes-late', 'adapter/wakes-in-time'],
    ['lying-delta', 'adapter/deltas-fold'],
    ['forgets-strangers', 'adapter/deltas-fold'],
    ['runs-mix', 'adapter/runs-independently'],
    ['batches-differ', 'adapter/batches-as-single'],
    ['chance', 'adapter/repeats'],
    ['ignores-seed', 'adapter/seed-decides'],
    ['once-only', 'adapter/delivers-again'],
    ['changed-view', 'adapter/received-as-sent'],
    ['false-operations', 'adapter/claims-hold'],
    ['answers-twice', 'adapter/ends-results-once'],
    ['restarts-in-part', 'adapter/restarts'],
    ['encodes-another', 'adapter/encodes'],
  ])('that breaks a requirement fails it: %s', async (mode, requirement) => {
    const { findings } = await checkSwim(mode, [requirement, ...observing])
    expect(findings.find((each) => each.requirement === requirement)).toMatchObject({ verdict: 'fail' })
  })
})
