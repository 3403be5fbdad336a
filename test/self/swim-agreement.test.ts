/** Machine, judge and system model of SWIM agree on what is allowed to come of what is said, and what is not. */
import { expect, test, vi } from 'vitest'
import {
  acceptingTransition,
  initialSnapshot,
  outcomesOf,
  type Holding,
  type SwimOutcome,
  type SwimStart,
} from '../../models/swim/member.ts'
import type * as rules from '../../models/swim/rules.ts'
import { swimModel, type SwimAction } from '../../models/swim/system.ts'
import { drawFrom, pick, type Draw } from '../../traces/schedule/draw.ts'
import { judgesTold, type Told } from './agreement/swim-judged.ts'
import { Tally, triples, walk, firstSeed, type WalkedStep } from './agreement/tally.ts'
import { under, type Active } from './model-mutation/mutated-rules.ts'
import { swimRecordMutations } from './model-mutation/swim.ts'

const active = vi.hoisted((): Active => ({}))
vi.mock('../../models/swim/rules.ts', async (original) => {
  const { switchable } = await import('./model-mutation/mutated-rules.ts')
  return switchable(await original<typeof rules>(), active)
})
const truth = await vi.importActual<typeof rules>('../../models/swim/rules.ts')

const others: readonly Holding[] = ['unknown', 'alive', 'suspect', 'dead', 'left']
const isSame = (one: SwimOutcome, other: SwimOutcome): boolean =>
  one.holding === other.holding && one.incarnation === other.incarnation

/** The machine, by the rules of which it is made; that XState goes by them is tested below. */
const accepts = (start: SwimStart, told: Told, outcome: SwimOutcome): boolean =>
  outcomesOf(start, told).some((each) => isSame(each.outcome, outcome))

/** Incarnations near to one that is held, far beyond 32 bits at times. */
const near = (draw: Draw, incarnation: number): number => Math.max(0, incarnation + draw.integer(-2, 3))

function startFrom(draw: Draw): SwimStart {
  const holding = pick(draw, [...others, 'self', 'self-left'] as const)
  const incarnation = draw.chance(0.1) ? 2 ** 40 + draw.integer(0, 3) : draw.integer(0, 4)
  return { holding, incarnation: holding === 'unknown' ? 0 : incarnation }
}

function toldTo(draw: Draw, { incarnation: held }: SwimStart): Told {
  const incarnation = near(draw, held)
  const type = pick(draw, ['alive', 'suspect', 'dead'] as const)
  if (type === 'alive') return { type, incarnation, moved: draw.chance(0.25), news: draw.chance(0.3) }
  return type === 'suspect' ? { type, incarnation } : { type, incarnation, leaves: draw.chance(0.4) }
}

/** Another outcome than that one: of another's record any, of the member's own another incarnation. */
function anotherOutcome(draw: Draw, { holding }: SwimStart, usual: SwimOutcome): SwimOutcome {
  for (;;) {
    const outcome = {
      holding: holding.startsWith('self') || draw.chance(0.4) ? usual.holding : pick(draw, others),
      incarnation: draw.chance(0.4) ? usual.incarnation : near(draw, usual.incarnation),
    }
    const fits = outcome.holding === 'unknown' ? { ...outcome, incarnation: 0 } : outcome
    if (!isSame(fits, usual)) return fits
  }
}

/** Triples of any record; the machine goes by `wrong` rules, if any, and the judge by the true ones. */
function compareOnAny(most: number, wrong: object = {}): Tally {
  const tally = new Tally()
  for (let seed = firstSeed; tally.count < most; seed++) {
    const draw = drawFrom(seed)
    const start = startFrom(draw)
    const told = toldTo(draw, start)
    const usual = outcomesOf(start, told)[0]!.outcome
    for (const outcome of [usual, anotherOutcome(draw, start, usual)]) {
      const machine = under(active, wrong, () => accepts(start, told, outcome))
      tally.compare({ machine, judge: judgesTold(start, told, outcome) }, () =>
        JSON.stringify({ start, told, outcome }),
      )
    }
  }
  return tally
}

test('machine and judge, on any record', () => {
  compareOnAny(triples(600_000)).expectAgreement()
})

/** Without those of which the machine of a record knows nothing, and those that do no harm. */
const ofRecords = swimRecordMutations(truth).filter(({ rule, reason }) => rule !== 'confirms' && reason === undefined)

test.each(ofRecords)('a machine for which $rule $as disagrees with the judge', ({ wrong }) => {
  expect(compareOnAny(4_000, wrong).disagreements).toBeGreaterThan(0)
})

interface Seen {
  readonly up: boolean
  readonly records: readonly SwimStart[]
}

const model = swimModel({ members: 3, incarnations: 2, crashes: 1, leaves: 1, accusers: 3 })
const members = [0, 1, 2]

/** What each member of the system model holds of each. */
function seen(state: Int32Array): readonly Seen[] {
  return model
    .describe(state, 0)
    .split('; ')
    .map((text, self) => {
      const [own = '', table = ''] = text.split(':')
      const [, status, incarnation] = own.split(' ')
      const words = table.trim().split(' ')
      const recordOf = (other: number): SwimStart => {
        const at = words.indexOf(`n${other + 1}`)
        return { holding: words[at + 1] as Holding, incarnation: Number(words[at + 2]) }
      }
      const itself: SwimStart = { holding: status === 'left' ? 'self-left' : 'self', incarnation: Number(incarnation) }
      return { up: status !== 'down', records: members.map((other) => (other === self ? itself : recordOf(other))) }
    })
}

type Hear = Extract<SwimAction, { readonly type: 'hear' }>

const toldBy = ({ said, incarnation }: Pick<Hear, 'said' | 'incarnation'>): Told =>
  said === 'alive'
    ? { type: said, incarnation, moved: false, news: false }
    : said === 'suspect'
      ? { type: said, incarnation }
      : { type: 'dead', incarnation, leaves: said === 'left' }

const numberOf = (node: string): number => Number(node.slice(1)) - 1

/** What was said by a step: the next is free to hear it. */
function saidBy({ action, before, after }: WalkedStep<SwimAction>): Omit<Hear, 'type' | 'node'>[] {
  const node = numberOf(action.node)
  if (action.type === 'suspect' || action.type === 'expire') {
    const { incarnation } = seen(before)[node]!.records[numberOf(action.member)]!
    return [{ said: action.type === 'suspect' ? 'suspect' : 'dead', member: action.member, incarnation }]
  }
  const own = seen(after)[node]!.records[node]!.incarnation
  if (action.type === 'leave') return [{ said: 'left', member: action.node, incarnation: own }]
  if (action.type === 'hear' && action.member === action.node)
    return [{ said: 'alive', member: action.node, incarnation: own }]
  return []
}

test('machine, judge and system model, on records that it reaches', () => {
  const tally = new Tally()
  const most = triples(400_000)
  for (let seed = firstSeed; tally.count < most; seed++) {
    const draw = drawFrom(seed)
    const heard = members.map((each) => ({ said: 'alive' as Hear['said'], member: `n${each + 1}`, incarnation: 1 }))
    walk(model, draw, 24, (step) => {
      const before = seen(step.before)
      for (let tries = 0; tries < 3; tries++) {
        const event = pick(draw, heard)
        const node = draw.integer(0, 2)
        const subject = numberOf(event.member)
        if (!before[node]!.up) continue
        const hears = (action: SwimAction): boolean =>
          action.type === 'hear' &&
          action.node === `n${node + 1}` &&
          action.member === event.member &&
          action.said === event.said &&
          action.incarnation === event.incarnation
        const after = step.other(hears)
        const start = before[node]!.records[subject]!
        const told = toldBy(event)
        // What it would have to refute by an incarnation beyond the bounds says nothing.
        if (node === subject && told.type !== 'alive' && start.incarnation === 2) continue
        const usual = after === null ? start : seen(after)[node]!.records[subject]!
        for (const outcome of [usual, anotherOutcome(draw, start, usual)]) {
          const verdicts = {
            system: outcome === usual,
            machine: accepts(start, told, outcome),
            judge: judgesTold(start, told, outcome),
          }
          tally.compare(verdicts, () => JSON.stringify({ start, told, outcome }))
        }
      }
      heard.push(...saidBy(step))
      return true
    })
  }
  tally.expectAgreement()
})

test('the machine as XState runs it accepts what its rules accept, up to three incarnations', () => {
  const incarnations = [0, 1, 2, 3]
  const flags = [false, true]
  const inputs: Told[] = incarnations.flatMap((incarnation): Told[] => [
    { type: 'suspect', incarnation },
    ...flags.map((leaves): Told => ({ type: 'dead', incarnation, leaves })),
    ...flags.flatMap((moved) => flags.map((news): Told => ({ type: 'alive', incarnation, moved, news }))),
  ])
  const holdings: readonly Holding[] = [...others, 'self', 'self-left']
  for (const holding of holdings) {
    for (const incarnation of incarnations) {
      const start = { holding, incarnation }
      const snapshot = initialSnapshot(start)
      for (const told of inputs) {
        for (const to of holdings) {
          for (const reached of [...incarnations, 4]) {
            const outcome = { holding: to, incarnation: reached }
            const accepted = acceptingTransition(snapshot, { ...told, outcome }) !== null
            expect(accepted).toBe(accepts(start, told, outcome))
          }
        }
      }
    }
  }
})
