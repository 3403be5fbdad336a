/** Every MUST of each chapter has a mutant that breaks it; a few of them are hunted here, all by `npm run zoo`. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { mutantsOf } from '../mutants/all.ts'
import { raftMutants } from '../mutants/raft.ts'
import { hunt } from '../mutants/zoo.ts'
import type { SurfaceName } from '../../traces/surface.ts'
import { surfaceNames } from '../../traces/surfaces.ts'
import { packageRoot } from '../suites/package-files.ts'
import { loadSpec, surfaceOf } from '../suites/spec.ts'

/** MUSTs of each chapter at least: none is lost unnoticed. */
const least: Readonly<Record<SurfaceName, number>> = {
  raft: 100,
  swim: 64,
  networkdb: 60,
  ipam: 50,
  discovery: 68,
  balancing: 80,
}

describe.each(surfaceNames)('the mutants of %s', (surface) => {
  const mutants = mutantsOf[surface]
  const chapter = loadSpec().requirements.filter(({ slug, until }) => surfaceOf(slug) === surface && until === null)
  const musts = chapter.filter(({ level }) => level === 'MUST').map(({ slug }) => slug)

  test('break every MUST of the chapter', () => {
    const broken = new Set(mutants.map(({ breaks }) => breaks))
    expect(musts.length).toBeGreaterThanOrEqual(least[surface])
    expect(musts.filter((slug) => !broken.has(slug))).toEqual([])
  })

  test('break and may be blamed on requirements that there are', () => {
    const slugs = chapter.map(({ slug }) => slug)
    const named = mutants.flatMap(({ breaks, also = {} }) => [breaks, ...Object.keys(also)])
    expect(named.filter((slug) => !slugs.includes(slug))).toEqual([])
  })

  test('have names of their own, and say what they replace', () => {
    const names = mutants.map(({ name }) => name)
    expect(new Set(names).size).toBe(names.length)
    for (const { name, rule, seenIn } of mutants) {
      expect(name).toMatch(/^[a-z]+(-[a-z]+)*$/)
      expect(rule).toMatch(/\.$/)
      expect(seenIn).not.toBe('')
    }
  })
})

describe('the public bugs in the appendix of SPEC.md', () => {
  const row = new RegExp(`^\\| ([a-z-]+) \\| ((?:${surfaceNames.join('|')})/[a-z-]+)`, 'gm')
  const rows = [...readFileSync(join(packageRoot, 'SPEC.md'), 'utf8').matchAll(row)]

  test('are all there', () => {
    expect(rows.length).toBeGreaterThanOrEqual(58)
  })

  test.each(rows.map(([, name, slug]) => ({ name, slug })))('$name breaks $slug', ({ name, slug }) => {
    const mutants = mutantsOf[surfaceOf(slug!) as SurfaceName]
    expect(mutants.find((mutant) => mutant.name === name)?.breaks).toBe(slug)
  })
})

const few = [
  'term-regresses',
  'votes-twice',
  'wins-with-half',
  'leads-without-quorum',
  'campaigns-without-pre-vote',
  're-terms-old-entries',
  'truncates-on-early-append',
  'commits-older-term',
  'state-machine-knows-its-node',
  'comparisons-always-succeed',
  'same-timeouts',
  'vote-not-persisted',
  'loses-last-record',
  'takes-proposals-while-transferring',
  'union-quorum',
  'snapshot-tells-present-term',
  'reads-without-quorum',
  'inflight-leak',
  'leader-loops-after-demotion',
]

test.each(few)('%s is killed, and blamed on what it breaks', async (name) => {
  const mutant = raftMutants.find((each) => each.name === name)
  expect(mutant, 'no such mutant').toBeDefined()
  const { finding } = await hunt(mutant!, 10)
  expect(finding?.violation.requirement, finding?.violation.text).toBe(mutant!.breaks)
})
