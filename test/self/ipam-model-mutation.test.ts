/**
 * Model mutation of address management: each rule is made wrong in several ways, and found by the explorer, by a published
 * value, or because the reference, which is right, is blamed.
 */
import { describe, expect, test, vi } from 'vitest'
import { createReference } from '../../impl/reference/ipam/session.ts'
import { exploreModel } from '../../models/explorer.ts'
import { ipamPaths } from '../../models/ipam/paths.ts'
import * as rules from '../../models/ipam/rules.ts'
import { ipamModel, ipamRules, type IpamRules } from '../../models/ipam/system.ts'
import { createIpamJudge } from '../../properties/ipam/judge.ts'
import { runScenario } from '../../traces/run.ts'
import { scenarioOfIpamPath } from '../../traces/run/ipam/path.ts'
import { drawIpamSchedule } from '../../traces/schedule.ts'
import { ipamMutations } from './model-mutation/ipam.ts'
import { findersOf, isExplained, listedOf, type Active } from './model-mutation/mutated-rules.ts'
import { ipamVectors } from './model-mutation/vectors.ts'

const active = vi.hoisted((): Active => ({}))
vi.mock('../../models/ipam/rules.ts', async (original) => {
  const { switchable } = await import('./model-mutation/mutated-rules.ts')
  return switchable(await original<typeof rules>(), active)
})

/** The true rules, whatever stands in for them. */
const truth = await vi.importActual<typeof rules>('../../models/ipam/rules.ts')

const bounds = { nodes: 2, clients: 3, addresses: 2, failovers: 3 }
const models = [() => ipamModel({ ...bounds, failovers: 1 })]

const reference = createReference()
const scenarios = [
  ...ipamPaths().map(scenarioOfIpamPath),
  ...Array.from({ length: 60 }, (_, seed) => drawIpamSchedule(seed, reference.hello)),
]

/** What is blamed on the reference. */
function blames(): string | null {
  try {
    for (const scenario of scenarios) {
      const { violation } = runScenario(scenario, reference, createIpamJudge(reference.hello.profiles))
      if (violation !== null) return violation.requirement
    }
  } catch (error) {
    // Who overlooks that a subnet is none cannot compute with it.
    if (error instanceof TypeError) return 'a judge that breaks'
    throw error
  }
  return null
}

describe('the rules as they are', () => {
  test('hold', () => {
    const { outcome, properties } = exploreModel(ipamModel(bounds))
    expect(outcome).toBe('exhausted')
    for (const { kind, name, verdict } of properties)
      expect([name, verdict]).toEqual([name, kind === 'always' ? 'holds' : 'reached'])
  })
  test('blame nothing on the reference', () => {
    expect(blames()).toBeNull()
  })
})

/** The rules of allocators that take turns in leading, of which only the system model knows. */
const ofSystem: readonly (readonly [string, Partial<IpamRules>, string])[] = [
  ['answers before the store has it', { mayAnswer: () => true }, 'what a client holds is stored'],
  ['the store takes what a deposed leader writes', { mayStore: () => true }, 'no address is given twice'],
  ['a new leader begins with nothing', { restored: () => 0 }, 'no address is given twice'],
  ['a new leader misses the first address', { restored: (stored) => stored & ~1 }, 'no address is given twice'],
  ['choices do not look at what is taken', { choose: () => 0 }, 'no address is given twice'],
  ['nobody decides', { mayDecide: () => false }, 'an address is held'],
  ['nobody is answered', { mayAnswer: () => false }, 'an address is held'],
]

test.each(ofSystem)('%s', (_name, wrong, property) => {
  const { properties } = exploreModel(ipamModel(bounds, { ...ipamRules, ...wrong }))
  const failed = properties.find(({ verdict }) => verdict === 'violated' || verdict === 'unreachable')
  expect(failed?.name).toBe(property)
})

const mutations = ipamMutations(truth)

test.each(mutations)('$rule $as', (mutation) => {
  expect(isExplained(mutation)).toBe(true)
  expect(findersOf(mutation, active, rules, models, blames, ipamVectors)).toEqual(listedOf(mutation))
})

test('each rule is made wrong', () => {
  const functions = Object.entries(truth)
    .filter(([, value]) => typeof value === 'function')
    .map(([name]) => name)
  const made = new Set<string>(mutations.map(({ rule }) => rule))
  expect(functions.filter((name) => !made.has(name))).toEqual([])
  const weakened = new Set(ofSystem.flatMap(([, wrong]) => Object.keys(wrong)))
  expect(Object.keys(ipamRules).filter((name) => !weakened.has(name))).toEqual([])
})
