/**
 * Model mutation of the network database: each rule is made wrong in several ways, and found by the explorer, by a published
 * value, or because the reference, which is right, is blamed.
 */
import { describe, expect, test, vi } from 'vitest'
import { createReference } from '../../impl/reference/networkdb/session.ts'
import { exploreModel } from '../../models/explorer.ts'
import { networkDbPaths } from '../../models/networkdb/paths.ts'
import * as rules from '../../models/networkdb/rules.ts'
import { networkDbModel, type NetworkDbBounds } from '../../models/networkdb/system.ts'
import { createNetworkDbJudge } from '../../properties/networkdb/judge.ts'
import { runScenario } from '../../traces/run.ts'
import { runNetworkDbPath } from '../../traces/run/networkdb/member-path.ts'
import { drawNetworkDbSchedule } from '../../traces/schedule.ts'
import { findersOf, isExplained, listedOf, type Active } from './model-mutation/mutated-rules.ts'
import { networkDbMutations } from './model-mutation/networkdb.ts'
import { networkDbVectors } from './model-mutation/vectors.ts'

const active = vi.hoisted((): Active => ({}))
vi.mock('../../models/networkdb/rules.ts', async (original) => {
  const { switchable } = await import('./model-mutation/mutated-rules.ts')
  return switchable(await original<typeof rules>(), active)
})

/** The true rules, whatever stands in for them. */
const truth = await vi.importActual<typeof rules>('../../models/networkdb/rules.ts')

const some: NetworkDbBounds = {
  nodes: 2,
  keys: 1,
  times: 3,
  writers: 1,
  attachments: 3,
  failures: true,
  reaps: true,
}
/** Small enough to be searched for each mutation: two nodes with all that can happen, and three, and several writers. */
const models = [
  some,
  { ...some, nodes: 3, times: 2, attachments: 1, reaps: false },
  { ...some, writers: 2, attachments: 1, failures: false, reaps: false },
].map((bounds) => () => networkDbModel(bounds))

const reference = createReference()
const paths = networkDbPaths()
/** In the second deletions are heard of that were not known. */
const schedules = [0, 9].map((seed) => drawNetworkDbSchedule(seed, reference.hello))

/** What is blamed on the reference on its way through the machine, or in a cluster. */
function blames(): string | null {
  for (const path of paths) {
    const { violation, transitions } = runNetworkDbPath(
      path,
      reference,
      createNetworkDbJudge(reference.hello.profiles, ['step']),
    )
    if (violation !== null) return violation.requirement
    const taken = [...transitions.values()].reduce((sum, each) => sum + each, 0)
    if (taken < path.steps.length) return 'the machine'
  }
  for (const schedule of schedules) {
    const { violation } = runScenario(schedule, reference, createNetworkDbJudge(reference.hello.profiles))
    if (violation !== null) return violation.requirement
  }
  return null
}

describe('the rules as they are', () => {
  test.each(models.map((model) => [model().name, model] as const))('hold in %s', (_name, model) => {
    const { outcome, properties } = exploreModel(model())
    expect(outcome).toBe('exhausted')
    for (const { kind, name, verdict } of properties)
      expect([name, verdict]).toEqual([name, kind === 'always' ? 'holds' : 'reached'])
  })
  test('blame nothing on the reference', () => {
    expect(blames()).toBeNull()
  })
})

const mutations = networkDbMutations(truth)

test.each(mutations)('$rule $as', (mutation) => {
  expect(isExplained(mutation)).toBe(true)
  expect(findersOf(mutation, active, rules, models, blames, networkDbVectors)).toEqual(listedOf(mutation))
})

test('each rule is made wrong', () => {
  const functions = Object.entries(truth)
    .filter(([, value]) => typeof value === 'function')
    .map(([name]) => name)
  const made = new Set<string>(mutations.map(({ rule }) => rule))
  expect(functions.filter((name) => !made.has(name))).toEqual([])
})
