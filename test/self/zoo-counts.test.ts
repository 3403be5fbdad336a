/** Every MUST of each chapter has a mutant that breaks it; a few of them are hunted here, all by `npm run zoo`. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { balancingMutants } from '../mutants/balancing.ts'
import { ipamMutants } from '../mutants/ipam.ts'
import { networkDbMutants } from '../mutants/networkdb.ts'
import type { Mutant } from '../mutants/mutant.ts'
import { raftMutants } from '../mutants/raft.ts'
import { swimMutants } from '../mutants/swim.ts'
import { hunt } from '../mutants/zoo.ts'
import { packageRoot } from '../suites/package-files.ts'
import { loadSpec, surfaceOf } from '../suites/spec.ts'

describe.each([
  { surface: 'raft', mutants: raftMutants, least: 100 },
  { surface: 'swim', mutants: swimMutants, least: 64 },
  { surface: 'ipam', mutants: ipamMutants, least: 50 },
  { surface: 'networkdb', mutants: networkDbMutants, least: 60 },
  { surface: 'balancing', mutants: balancingMutants, least: 80 },
])('the mutants of $surface', ({ surface, mutants, least }) => {
  const chapter = loadSpec().requirements.filter(({ slug, until }) => surfaceOf(slug) === surface && until === null)
  const musts = chapter.filter(({ level }) => level === 'MUST').map(({ slug }) => slug)

  test('break every MUST of the chapter', () => {
    const broken = new Set(mutants.map(({ breaks }) => breaks))
    expect(musts.length).toBeGreaterThanOrEqual(least)
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

const mutantsOf: Readonly<Record<string, readonly Mutant[]>> = {
  raft: raftMutants,
  swim: swimMutants,
  networkdb: networkDbMutants,
  balancing: balancingMutants,
  ipam: ipamMutants,
}

describe('the public bugs in the appendix of SPEC.md', () => {
  const rows = [
    ...readFileSync(join(packageRoot, 'SPEC.md'), 'utf8').matchAll(
      /^\| ([a-z-]+) \| ((?:raft|swim|networkdb|ipam|balancing)\/[a-z-]+)/gm,
    ),
  ]

  test('are all there', () => {
    expect(rows.length).toBeGreaterThanOrEqual(58)
  })

  test.each(rows.map(([, name, slug]) => ({ name, slug })))('$name breaks $slug', ({ name, slug }) => {
    const mutants = mutantsOf[surfaceOf(slug!)]!
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
