import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, test, vi } from 'vitest'
import type { AdapterSurface } from '../../impl/contract/stdio.ts'
import { buildCommand } from './built.ts'
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

/** Adapters of other surfaces: the reference, served, and between it and the suite somebody who breaks one rule. */
describe('an adapter of', () => {
  const proxy = fileURLToPath(new URL('hostile/proxy.mjs', import.meta.url))
  let built = ''
  beforeAll(() => {
    built = dirname(buildCommand())
  }, 120_000)
  const checkProxied = (surface: AdapterSurface, mode: string, requirements?: readonly string[]) =>
    checkAdapter([process.execPath, proxy, mode, built, surface], {
      grace: 1_000,
      ...(requirements && { requirements }),
    })

  /** Breaks of each requirement that any surface can break, beside those that only one can. */
  const breaks: Record<string, readonly string[]> = {
    'adapter/says-hello': ['unknown-surface'],
    'adapter/keeps-form': ['unknown-field'],
    'adapter/answers-once': ['wrong-seq'],
    'adapter/identifies-outputs': ['reused-id'],
    'adapter/keeps-time': ['wrong-time', 'past-wake'],
    'adapter/deltas-fold': ['lying-delta'],
    'adapter/runs-independently': ['runs-mix'],
    'adapter/batches-as-single': ['batches-differ'],
    'adapter/repeats': ['chance'],
    'adapter/claims-hold': ['false-operations'],
    'adapter/refuses-unknown': ['refuses-wrongly'],
    'adapter/ends-results-once': ['answers-twice', 'answers-strangers'],
    'adapter/restarts': ['restarts-in-part', 'speaks-dying'],
    'adapter/ends-runs': ['dies-of-ended-runs'],
    'adapter/exits': ['exits-badly'],
  }
  /** What is seen only by a run of everything. */
  const looking = (requirement: string): string[] =>
    ['identifies-outputs', 'keeps-time', 'deltas-fold', 'restarts'].includes(requirement.slice('adapter/'.length))
      ? ['adapter/keeps-form']
      : []
  const surfaces = {
    networkdb: {
      unsupported: [],
      breaks: {
        'adapter/starts-every-node': ['starts-blank'],
        'adapter/identifies-outputs': ['stranger', 'speaks-as-another', 'strange-peer'],
        'adapter/stops-at-first-effect': ['overshoots'],
        'adapter/wakes-in-time': ['wakes-late'],
        'adapter/deltas-fold': ['lying-state'],
        'adapter/seed-decides': ['ignores-seed'],
        'adapter/delivers-again': ['once-only'],
        'adapter/forgets': ['dies-of-forgetting'],
        'adapter/received-as-sent': ['changed-view'],
        'adapter/restarts': ['keeps-its-name', 'renames'],
        'adapter/encodes': ['encodes-another'],
      },
    },
    ipam: {
      unsupported: [
        'stops-at-first-effect',
        'seed-decides',
        'delivers-again',
        'forgets',
        'received-as-sent',
        'encodes',
      ],
      breaks: {
        'adapter/starts-every-node': ['starts-leading'],
        'adapter/wakes-in-time': ['stops-early'],
        'adapter/restarts': ['leads-in-part'],
      },
    },
  } as const satisfies Partial<Record<AdapterSurface, object>>

  describe.each(['networkdb', 'ipam'] as const)('%s', (surface) => {
    const { unsupported, breaks: own } = surfaces[surface]
    const cases = [breaks, own as typeof breaks].flatMap((table) =>
      Object.entries(table).flatMap(([requirement, modes]) => modes.map((mode) => [mode, requirement] as const)),
    )

    test('that keeps the protocol passes all that there is to check', async () => {
      const { hello, findings } = await checkProxied(surface, 'honest')
      expect(hello?.surfaces).toEqual([surface])
      const others = findings.filter(({ verdict }) => verdict !== 'pass')
      expect(others.map(({ requirement, verdict }) => [requirement, verdict])).toEqual(
        unsupported.map((name) => [`adapter/${name}`, 'unsupported']),
      )
    })

    test('has something that breaks each requirement that there is to check', () => {
      const broken = new Set(cases.map(([, requirement]) => requirement))
      const open = chapter.filter(({ slug }) => !unsupported.some((name) => `adapter/${name}` === slug))
      expect(open.filter(({ slug }) => !broken.has(slug))).toEqual([])
    })

    test.concurrent.each(cases)('that breaks a requirement fails it: %s', async (mode, requirement) => {
      const { findings } = await checkProxied(surface, mode, [requirement, ...looking(requirement)])
      expect(findings.find((each) => each.requirement === requirement)).toMatchObject({ verdict: 'fail' })
    })
  })
})
