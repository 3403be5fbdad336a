/**
 * Model mutation of SWIM: each rule is made wrong in several ways, and found by the explorer, by a published value, or
 * because the reference, which is right, is blamed.
 */
import { describe, expect, test, vi } from 'vitest'
import { createReference } from '../../impl/reference/swim/session.ts'
import { exploreModel } from '../../models/explorer.ts'
import * as rules from '../../models/swim/rules.ts'
import { swimModel, type SwimBounds } from '../../models/swim/system.ts'
import { createSwimJudge } from '../../properties/swim/judge.ts'
import { runScenario } from '../../traces/run.ts'
import { allSwimPaths, runSwimPath } from '../../traces/run/swim/member-path.ts'
import { drawSwimSchedule } from '../../traces/schedule.ts'
import { findersOf, isExplained, listedOf, type Active } from './model-mutation/mutated-rules.ts'
import { swimFormulaMutations } from './model-mutation/swim-formulas.ts'
import { swimRecordMutations } from './model-mutation/swim.ts'
import { swimVectors } from './model-mutation/vectors.ts'

const active = vi.hoisted((): Active => ({}))
vi.mock('../../models/swim/rules.ts', async (original) => {
  const { switchable } = await import('./model-mutation/mutated-rules.ts')
  return switchable(await original<typeof rules>(), active)
})

/** The true rules, whatever stands in for them. */
const truth = await vi.importActual<typeof rules>('../../models/swim/rules.ts')

/** Small enough to be searched for each mutation. */
const bounds: SwimBounds = { members: 3, incarnations: 2, crashes: 0, leaves: 1, accusers: 1 }
const models = [() => swimModel(bounds)]

const reference = createReference()
const paths = allSwimPaths()
/** In these suspicions are confirmed, in small and in larger clusters, by news and by what is old. */
const schedules = [0, 3, 12].map((seed) => drawSwimSchedule(seed, reference.hello))

/** What is blamed on the reference on its way through the machine, or in a cluster. */
function blames(): string | null {
  for (const path of paths) {
    const judge = createSwimJudge(reference.hello.profiles, ['step'])
    const { violation, transitions } = runSwimPath(path, reference, judge)
    if (violation !== null) return violation.requirement
    const taken = [...transitions.values()].reduce((sum, each) => sum + each, 0)
    if (taken < path.steps.length) return 'the machine'
  }
  for (const schedule of schedules) {
    const { violation } = runScenario(schedule, reference, createSwimJudge(reference.hello.profiles))
    if (violation !== null) return violation.requirement
  }
  return null
}

describe('the rules as they are', () => {
  test('hold', () => {
    const { outcome, properties } = exploreModel(swimModel(bounds))
    expect(outcome).toBe('exhausted')
    for (const { kind, name, verdict } of properties)
      expect([name, verdict]).toEqual([name, kind === 'always' ? 'holds' : 'reached'])
  })
  test('blame nothing on the reference', () => {
    expect(blames()).toBeNull()
  })
})

const mutations = [...swimRecordMutations(truth), ...swimFormulaMutations(truth)]

test.each(mutations)('$rule $as', (mutation) => {
  expect(isExplained(mutation)).toBe(true)
  expect(findersOf(mutation, active, rules, models, blames, swimVectors)).toEqual(listedOf(mutation))
})

/** Of packed records, no guards. */
const arithmetic = ['record', 'statusOf', 'incarnationOf', 'isGone']

test('each rule is made wrong', () => {
  const functions = Object.entries(truth)
    .filter(([, value]) => typeof value === 'function')
    .map(([name]) => name)
  const made = new Set<string>(mutations.map(({ rule }) => rule))
  expect(functions.filter((name) => !made.has(name) && !arithmetic.includes(name))).toEqual([])
})
