/** The models of SWIM: formulas, the machine, and its paths. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { acceptingTransition, initialSnapshot, nextSnapshot, outcomesOf } from '../../models/swim/member.ts'
import type { Holding, SwimEvent, SwimInput } from '../../models/swim/member.ts'
import { swimPaths, untaken } from '../../models/swim/paths.ts'
import * as rules from '../../models/swim/rules.ts'
import { answersAsPublished } from './model-mutation/mutated-rules.ts'
import { swimVectors } from './model-mutation/vectors.ts'

test.each(swimVectors)('%s of %j is %j, as published', (...vector) => {
  expect(answersAsPublished(rules, vector)).toBe(true)
})

const holdings: readonly Holding[] = ['unknown', 'alive', 'suspect', 'dead', 'left', 'self', 'self-left']
const incarnation = fc.integer({ min: 0, max: 4 })
const input: fc.Arbitrary<SwimInput> = fc.oneof(
  fc.record({ type: fc.constant('alive' as const), incarnation, moved: fc.boolean(), news: fc.boolean() }),
  fc.record({ type: fc.constant('suspect' as const), incarnation }),
  fc.record({ type: fc.constant('dead' as const), incarnation, leaves: fc.boolean() }),
)

/** What [ML] does to the record of another, written down once more as its source reads. */
function memberlist(holding: Holding, own: number, said: SwimInput): { holding: Holding; incarnation: number } {
  const stays = { holding, incarnation: own }
  const gone = holding === 'dead' || holding === 'left'
  if (said.type === 'leave') return stays
  if (said.type === 'alive') {
    if (holding === 'unknown')
      return said.incarnation === 0 ? { holding: 'dead', incarnation: 0 } : { ...said, holding: 'alive' }
    if (said.moved && holding !== 'left') return stays
    return said.moved || said.incarnation > own ? { holding: 'alive', incarnation: said.incarnation } : stays
  }
  if (holding === 'unknown' || gone || said.incarnation < own) return stays
  if (said.type === 'suspect')
    return holding === 'alive' ? { holding: 'suspect', incarnation: said.incarnation } : stays
  return { holding: said.leaves ? 'left' : 'dead', incarnation: said.incarnation }
}

describe('the machine', () => {
  test('accepts exactly what is written of records of others', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...holdings.filter((each) => !each.startsWith('self'))),
        incarnation,
        input,
        fc.constantFrom(...holdings),
        incarnation,
        (holding, own, said, afterwards, to) => {
          const expected = memberlist(holding, own, said)
          const event: SwimEvent = { ...said, outcome: { holding: afterwards, incarnation: to } }
          const accepts = acceptingTransition(initialSnapshot({ holding, incarnation: own }), event) !== null
          expect(accepts).toBe(afterwards === expected.holding && to === expected.incarnation)
        },
      ),
      { numRuns: 20_000 },
    )
  })

  test('lets nobody keep silent of what is said against itself', () => {
    const snapshot = initialSnapshot({ holding: 'self', incarnation: 2 })
    for (const type of ['suspect', 'dead'] as const) {
      const said = { type, incarnation: 2, leaves: false }
      expect(acceptingTransition(snapshot, { ...said, outcome: { holding: 'self', incarnation: 2 } })).toBeNull()
      expect(acceptingTransition(snapshot, { ...said, outcome: { holding: 'self', incarnation: 3 } })).not.toBeNull()
      expect(acceptingTransition(snapshot, { ...said, outcome: { holding: 'dead', incarnation: 2 } })).toBeNull()
    }
  })

  test('follows its paths, and the paths take every transition', () => {
    expect(untaken()).toEqual([])
    for (const { start, steps } of swimPaths()) {
      let snapshot = initialSnapshot(start)
      for (const { input: said, outcome, transition } of steps) {
        expect(acceptingTransition(snapshot, { ...said, outcome })).toBe(transition)
        snapshot = nextSnapshot(snapshot, { ...said, outcome })
        expect(snapshot.value).toBe(outcome.holding)
      }
    }
  })

  test('allows one thing at most to come of what is said', () => {
    fc.assert(
      fc.property(fc.constantFrom(...holdings), incarnation, input, (holding, own, said) => {
        expect(outcomesOf({ holding, incarnation: own }, said)).toHaveLength(1)
      }),
      { numRuns: 5_000 },
    )
  })
})
