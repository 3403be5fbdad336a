/** The models of SWIM: formulas, the machine, its paths, and what the explorer sees when a rule is weakened. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { exploreModel } from '../../models/explorer.ts'
import { acceptingTransition, initialSnapshot, nextSnapshot, outcomesOf } from '../../models/swim/member.ts'
import type { Holding, SwimEvent, SwimInput } from '../../models/swim/member.ts'
import { swimPaths, untaken } from '../../models/swim/paths.ts'
import * as rules from '../../models/swim/rules.ts'
import { swimModel, type SwimRules } from '../../models/swim/system.ts'

describe('formulas have the values that the implementation they come from is tested for', () => {
  test.each([
    [5, 1000],
    [10, 1000],
    [50, 1698],
    [100, 2000],
    [500, 2698],
    [1000, 3000],
  ])('suspicion among %i members', (members, milliseconds) => {
    expect(rules.suspicionTimeout(3, members, 1000) / 3).toBe(milliseconds)
  })

  test.each([
    [3, 0, 0],
    [3, 1, 3],
    [3, 99, 6],
    [4, 9, 4],
    [4, 10, 8],
    [4, 99, 8],
    [4, 100, 12],
  ])('retransmissions, multiplier %i, %i members', (multiplier, members, limit) => {
    expect(rules.retransmitLimit(multiplier, members)).toBe(limit)
  })

  test.each([
    [0, 1],
    [32, 1],
    [33, 2],
    [64, 2],
    [65, 3],
    [128, 3],
  ])('exchanges of tables among %i members', (members, scale) => {
    expect(rules.pushPullScale(1000, members)).toBe(1000 * scale)
  })

  test.each([
    [0, 30_000],
    [1, 16_000],
    [2, 7_810],
    [3, 2_000],
    [4, 2_000],
    [5, 2_000],
  ])('a suspicion of 2 to 30 seconds after %i of 3 confirmations', (confirmations, milliseconds) => {
    expect(rules.suspicionDuration(confirmations, 3, 2_000, 30_000)).toBe(milliseconds)
  })

  test('health stays within its bounds', () => {
    expect([rules.scoreAfter(0, -1, 8), rules.scoreAfter(7, 1, 8), rules.scoreAfter(3, 2, 8)]).toEqual([0, 7, 5])
  })
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

describe('the explorer sees each rule weakened', () => {
  const bounds = { members: 3, incarnations: 2, crashes: 0, leaves: 1, accusers: 1 }
  const explore = (weakened: Partial<SwimRules>) => exploreModel(swimModel(bounds, { ...rules, ...weakened }))
  const verdict = (weakened: Partial<SwimRules>): string[] =>
    explore(weakened).properties.flatMap(({ name, verdict: each }) =>
      each === 'holds' || each === 'reached' ? [] : [name],
    )
  const { ALIVE, DEAD, LEFT, SUSPECT, record, statusOf, incarnationOf } = rules

  test('as it is, all holds', () => {
    expect(verdict({})).toEqual([])
  })

  const weakenings: readonly (readonly [string, Partial<SwimRules>, string])[] = [
    [
      'alive of the same incarnation revives',
      { afterAlive: (known, said) => (said >= incarnationOf(known) ? record(ALIVE, said) : known) },
      'records never go back',
    ],
    [
      'alive never revives the dead',
      {
        afterAlive: (known, said, moved) => (statusOf(known) === DEAD ? known : rules.afterAlive(known, said, moved)),
      },
      'the dead are alive again',
    ],
    [
      'alive is not believed of suspects',
      {
        afterAlive: (known, said, moved) =>
          statusOf(known) === SUSPECT || statusOf(known) === DEAD ? known : rules.afterAlive(known, said, moved),
      },
      'a refutation is believed',
    ],
    ['suspicions are not shared', { afterSuspect: (known) => known }, 'a suspicion is shared'],
    [
      'old suspicions count',
      { afterSuspect: (known, said) => (statusOf(known) === ALIVE ? record(SUSPECT, said) : known) },
      'records never go back',
    ],
    [
      'suspicions revive the dead',
      {
        afterSuspect: (known, said) =>
          statusOf(known) === DEAD ? record(SUSPECT, said) : rules.afterSuspect(known, said),
      },
      'records never go back',
    ],
    [
      'deaths are not shared',
      { afterDead: (known, _said, leaves) => (leaves ? rules.afterDead(known, _said, leaves) : known) },
      'a death is shared',
    ],
    [
      'old deaths count',
      { afterDead: (known, said, leaves) => (statusOf(known) === ALIVE ? record(leaves ? LEFT : DEAD, said) : known) },
      'records never go back',
    ],
    [
      'the dead are held for left',
      { afterDead: (known, said) => rules.afterDead(known, said, true) },
      'only who leaves is said to have left',
    ],
    [
      'who left is held for dead',
      { afterDead: (known, said) => rules.afterDead(known, said, false) },
      'a member that left is known to have',
    ],
    ['only what is newer is refuted', { mustRefute: (own, accused) => accused > own }, 'a refutation is believed'],
    [
      'refutes with the same incarnation',
      { refutation: (own, accused) => Math.max(own, accused) },
      'a refutation is believed',
    ],
  ]

  test.each(weakenings)('%s', (_name, weakened, property) => {
    expect(verdict(weakened)).toContain(property)
  })
})
