/**
 * Model mutation of Serf: each rule is made wrong in several ways, and found by a published value, or because the reference,
 * which is right, is blamed.
 */
import { describe, expect, test, vi } from 'vitest'
import { createReference } from '../../impl/reference/serf/session.ts'
import { serfPaths } from '../../models/serf/paths.ts'
import * as rules from '../../models/serf/rules.ts'
import { createSerfJudge } from '../../properties/serf/judge.ts'
import { runScenario } from '../../traces/run.ts'
import { runSerfPath } from '../../traces/run/serf/member-path.ts'
import { drawSerfSchedule } from '../../traces/schedule.ts'
import { answersAsPublished, findersOf, isExplained, listedOf, type Active } from './model-mutation/mutated-rules.ts'
import { serfMutations, serfVectors } from './model-mutation/serf.ts'

const active = vi.hoisted((): Active => ({}))
vi.mock('../../models/serf/rules.ts', async (original) => {
  const { switchable } = await import('./model-mutation/mutated-rules.ts')
  return switchable(await original<typeof rules>(), active)
})

/** The true rules, whatever stands in for them. */
const truth = await vi.importActual<typeof rules>('../../models/serf/rules.ts')

const reference = createReference()
const paths = serfPaths()
const schedules = [0, 1, 2, 3, 4, 5].map((seed) => drawSerfSchedule(seed, reference.hello))

/** What is blamed on the reference on its way through the machine, or in a cluster. */
function blames(): string | null {
  for (const path of paths) {
    const { violation, transitions } = runSerfPath(path, reference, createSerfJudge(reference.hello.profiles, ['step']))
    if (violation !== null) return violation.requirement
    const taken = [...transitions.values()].reduce((sum, each) => sum + each, 0)
    if (taken < path.steps.length) return 'the machine'
  }
  for (const schedule of schedules) {
    const { violation } = runScenario(schedule, reference, createSerfJudge(reference.hello.profiles))
    if (violation !== null) return violation.requirement
  }
  return null
}

describe('the rules as they are', () => {
  test('blame nothing on the reference', () => {
    expect(blames()).toBeNull()
  })
  test.each(serfVectors)('%s of %j is %j', (...vector) => {
    expect(answersAsPublished(truth, vector)).toBe(true)
  })
})

const mutations = serfMutations(truth)

test.each(mutations)('$rule $as', (mutation) => {
  expect(isExplained(mutation)).toBe(true)
  expect(findersOf(mutation, active, rules, [], blames, serfVectors)).toEqual(listedOf(mutation))
})

test('each rule is made wrong', () => {
  const functions = Object.entries(truth)
    .filter(([, value]) => typeof value === 'function')
    .map(([name]) => name)
  const made = new Set<string>(mutations.map(({ rule }) => rule))
  expect(functions.filter((name) => !made.has(name))).toEqual([])
})
