/** Machine, judge and system model of address management agree on what is allowed to come of an operation, and what is not. */
import { expect, test, vi } from 'vitest'
import type * as rules from '../../models/ipam/rules.ts'
import { ipamModel } from '../../models/ipam/system.ts'
import { drawFrom, pick, pickWeighted, type Draw } from '../../traces/schedule/draw.ts'
import { JudgedPool, type Asked, type Seen } from './agreement/ipam-pool.ts'
import { Tally, triples, walk, firstSeed } from './agreement/tally.ts'
import { ipamMutations } from './model-mutation/ipam.ts'
import { under, type Active } from './model-mutation/mutated-rules.ts'

const active = vi.hoisted((): Active => ({}))
vi.mock('../../models/ipam/rules.ts', async (original) => {
  const { switchable } = await import('./model-mutation/mutated-rules.ts')
  return switchable(await original<typeof rules>(), active)
})
const truth = await vi.importActual<typeof rules>('../../models/ipam/rules.ts')

const subnets = ['10.9.0.0/29', '10.9.0.0/30', '10.9.0.0/31', '10.9.0.0/32', 'fd00:9::/126']

function askedOf(draw: Draw, pool: JudgedPool): Asked {
  const input = pickWeighted(draw, [
    [pool.isThere ? 1 : 12, 'request-pool'],
    [1, 'release-pool'],
    [8, 'request-any'],
    [6, 'request-this'],
    [6, 'release'],
  ] as const)
  const isNamed = input === 'request-this' || input === 'release'
  return { input, offset: isNamed ? draw.integer(0, pool.size - 1) : -1 }
}

/** Anything but that may be seen: granted or refused, another address told of, or another taken. */
function anotherSeen(draw: Draw, pool: JudgedPool, { input }: Asked, usual: Seen): Seen {
  if (input === 'request-pool' || input === 'release-pool' || !pool.isThere)
    return { ...usual, granted: !usual.granted }
  const any = (): number => draw.integer(0, pool.size - 1)
  if (input === 'release') {
    if (draw.chance(0.5)) return { ...usual, granted: false }
    return { ...usual, changed: usual.changed < 0 ? any() : -1 }
  }
  for (;;) {
    const given = any()
    const seen = pick<Seen>(draw, [
      { granted: false, told: -1, changed: -1 },
      { granted: true, told: given, changed: given },
      { granted: true, told: given, changed: usual.changed },
      { granted: true, told: usual.told, changed: -1 },
    ])
    const isSame = seen.granted === usual.granted && seen.told === usual.told && seen.changed === usual.changed
    if (!isSame) return seen
  }
}

/** That an address is freed which was free before is not seen by its machine. */
const isUnseen = (pool: JudgedPool, { input }: Asked, { changed }: Seen): boolean =>
  input === 'release' && changed >= 0 && pool.holds(changed) === 'released'

/** Walks of operations, which end with something forbidden. `wrong`: rules by which the judge goes. */
function compareOnPools(most: number, wrong: object = {}): Tally {
  const tally = new Tally()
  for (let seed = firstSeed; tally.count < most; seed++) {
    const draw = drawFrom(seed)
    const pool = new JudgedPool(pick(draw, subnets))
    for (let going = true; going;) {
      const asked = askedOf(draw, pool)
      const usual = pool.usual(asked)
      const isWrong = draw.chance(0.3)
      const seen = isWrong ? anotherSeen(draw, pool, asked, usual) : usual
      if (isUnseen(pool, asked, seen)) continue
      const what = JSON.stringify({ asked, seen, lowest: pool.lowest(), there: pool.isThere })
      const machine = pool.machineAccepts(asked, seen)
      const judge = under(active, wrong, () => pool.judgeAccepts(asked, seen))
      tally.compare({ machine, judge }, () => what)
      going = machine && judge && !isWrong
    }
  }
  return tally
}

test('machine and judge, on any pool', () => {
  compareOnPools(triples(700_000)).expectAgreement()
})

/** Those rules on which an address depends, once its pool is there; the judge passes over what is taken by itself. */
const ofAddresses = ipamMutations(truth).filter(
  ({ rule, as }) => rule === 'isReserved' || (rule === 'lowestFree' && as !== 'gives what is taken'),
)

test.each(ofAddresses)('a judge for which $rule $as disagrees with the machine', ({ wrong }) => {
  expect(compareOnPools(2_000, wrong).disagreements).toBeGreaterThan(0)
})

/** One allocator, and as many addresses as the subnet has that are not reserved. */
const model = ipamModel({ nodes: 1, clients: 3, addresses: 3, failovers: 0 })
const [subnet, first] = ['fd00:9::/126', 1] as const

/** What the allocator of the system model holds: the offsets of the addresses. */
const held = (state: Int32Array): readonly number[] => {
  const [, text = ''] = /; n1(?: leads)? ([^;]*);/.exec(model.describe(state, 0))!
  return text === '-' ? [] : text.split(' ').map((address) => Number(address) + first)
}

test('machine, judge and system model, on pools that it reaches', () => {
  const tally = new Tally()
  const most = triples(300_000)
  for (let seed = firstSeed; tally.count < most; seed++) {
    const draw = drawFrom(seed)
    const pool = new JudgedPool(subnet)
    pool.judgeAccepts({ input: 'request-pool', offset: -1 }, { granted: true, told: -1, changed: -1 })
    let going = true
    const compare = (asked: Asked, usual: Seen): void => {
      const isWrong = draw.chance(0.3)
      const seen = isWrong ? anotherSeen(draw, pool, asked, usual) : usual
      if (isUnseen(pool, asked, seen)) return
      const what = JSON.stringify({ asked, seen, lowest: pool.lowest() })
      const machine = pool.machineAccepts(asked, seen)
      const judge = pool.judgeAccepts(asked, seen)
      tally.compare({ system: !isWrong, machine, judge }, () => what)
      going = machine && judge && !isWrong
    }
    walk(model, draw, 20, ({ action, before, after }) => {
      const was = held(before)
      const is = held(after)
      // Where no address is left, nobody can be served.
      if (was.length === 3 && draw.chance(0.2))
        compare({ input: 'request-any', offset: -1 }, { granted: false, told: -1, changed: -1 })
      if (action.type === 'ask' && going) {
        const given = is.find((offset) => !was.includes(offset))!
        compare({ input: 'request-any', offset: -1 }, { granted: true, told: given, changed: given })
      }
      if (action.type === 'release' && going) {
        const offset = was.find((each) => !is.includes(each))!
        compare({ input: 'release', offset }, { granted: true, told: -1, changed: offset })
      }
      return going
    })
  }
  tally.expectAgreement()
})
