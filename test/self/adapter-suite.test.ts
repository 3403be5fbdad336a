import { fileURLToPath } from 'node:url'
import { describe, expect, test, vi } from 'vitest'
import { checkAdapter } from '../suites/adapter.ts'
import { loadSpec, surfaceOf } from '../suites/spec.ts'

vi.setConfig({ testTimeout: 120_000 })

const script = fileURLToPath(new URL('hostile/adapter.mjs', import.meta.url))
const check = (mode: string, requirements?: readonly string[]) =>
  checkAdapter([process.execPath, script, mode], { grace: 1_000, ...(requirements && { requirements }) })
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
