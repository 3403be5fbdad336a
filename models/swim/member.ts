/**
 * What one member holds of another, or of itself, as a state machine that accepts: an event is an update together with
 * what became of the record, and what the protocol forbids has no enabled transition. The state is the status of the
 * record, and `self` for a member's record of itself.
 */
import { getInitialSnapshot, getNextSnapshot, setup } from 'xstate'
import type { SnapshotFrom } from 'xstate'
import {
  ALIVE,
  DEAD,
  LEFT,
  SUSPECT,
  UNKNOWN,
  afterAlive,
  afterDead,
  afterSuspect,
  incarnationOf,
  mustRefute,
  record,
  refutation,
  statusOf,
} from './rules.ts'

/** The status of another member's record; or a record of one's own, live or left. */
export type Holding = 'unknown' | 'alive' | 'suspect' | 'dead' | 'left' | 'self' | 'self-left'

/** What is said, or asked for. `leave` is asked of the member itself. */
export type SwimInput =
  | { readonly type: 'alive'; readonly incarnation: number; readonly moved: boolean; readonly news: boolean }
  | { readonly type: 'suspect'; readonly incarnation: number }
  | { readonly type: 'dead'; readonly incarnation: number; readonly leaves: boolean }
  | { readonly type: 'leave' }

export interface SwimOutcome {
  readonly holding: Holding
  readonly incarnation: number
}

export type SwimEvent = SwimInput & { readonly outcome: SwimOutcome }

export interface SwimContext {
  readonly incarnation: number
}

interface Rule {
  readonly name: string
  /** What becomes of the record, or null where the rule does not apply. */
  allows(incarnation: number, input: SwimInput): SwimOutcome | null
}

type InputType = SwimInput['type']

const numbers = { unknown: UNKNOWN, alive: ALIVE, suspect: SUSPECT, dead: DEAD, left: LEFT } as const
type Other = keyof typeof numbers
const names = Object.keys(numbers) as Other[]
const nameOf = (status: number): Other => names.find((name) => numbers[name] === status)!

/** What follows for another's record, by the shared rules. */
function followed(from: Other, incarnation: number, input: SwimInput): SwimOutcome | null {
  const known = record(numbers[from], incarnation)
  const next =
    input.type === 'alive'
      ? afterAlive(known, input.incarnation, input.moved)
      : input.type === 'suspect'
        ? afterSuspect(known, input.incarnation)
        : input.type === 'dead'
          ? afterDead(known, input.incarnation, input.leaves)
          : null
  return next === null ? null : { holding: nameOf(statusOf(next)), incarnation: incarnationOf(next) }
}

/** A rule holds for those inputs on which `applies` says so; what it allows is what the shared rules say. */
const told = (from: Other, name: string, applies: (own: number, input: SwimInput) => boolean): Rule => ({
  name,
  allows: (own, input) => (applies(own, input) ? followed(from, own, input) : null),
})

const isNewer = (own: number, input: SwimInput): boolean => input.type !== 'leave' && input.incarnation > own
const isCurrent = (own: number, input: SwimInput): boolean => input.type !== 'leave' && input.incarnation >= own
const moves = (input: SwimInput): boolean => input.type === 'alive' && input.moved
const leaves = (input: SwimInput): boolean => input.type === 'dead' && input.leaves

function rulesOfOther(from: Other): Readonly<Record<InputType, readonly Rule[]>> {
  const ignores = told(from, 'ignores', () => true)
  if (from === 'unknown') {
    return { alive: [told(from, 'meets it', () => true)], suspect: [ignores], dead: [ignores], leave: [] }
  }
  const gone = from === 'dead' || from === 'left'
  const alive = [
    from === 'left'
      ? told(from, 'takes it at another address', (_, input) => moves(input))
      : told(from, 'rejects another address', (_, input) => moves(input)),
    told(from, gone ? 'is back' : 'newer', (own, input) => !moves(input) && isNewer(own, input)),
    told(from, 'ignores what is not newer', (own, input) => !moves(input) && !isNewer(own, input)),
  ]
  if (gone) return { alive, suspect: [ignores], dead: [ignores], leave: [] }
  return {
    alive,
    suspect: [
      told(from, from === 'alive' ? 'suspects' : 'suspects already', isCurrent),
      told(from, 'ignores what is older', (own, input) => !isCurrent(own, input)),
    ],
    dead: [
      told(from, 'it left', (own, input) => isCurrent(own, input) && leaves(input)),
      told(from, 'it died', (own, input) => isCurrent(own, input) && !leaves(input)),
      told(from, 'ignores what is older', (own, input) => !isCurrent(own, input)),
    ],
    leave: [],
  }
}

const self = (incarnation: number): SwimOutcome => ({ holding: 'self', incarnation })
const stays = (name: string, applies: (own: number, input: SwimInput) => boolean): Rule => ({
  name,
  allows: (own, input) => (applies(own, input) ? self(own) : null),
})
const refutes: Rule = {
  name: 'refutes',
  allows: (own, input) =>
    input.type !== 'leave' && input.type !== 'alive' && mustRefute(own, input.incarnation)
      ? self(refutation(own, input.incarnation))
      : null,
}

const rulesOfSelf: Readonly<Record<InputType, readonly Rule[]>> = {
  alive: [
    stays('rejects another address', (_, input) => moves(input)),
    {
      name: 'corrects what is said of it',
      allows: (own, input) => {
        if (input.type !== 'alive' || input.moved || input.incarnation < own) return null
        return input.incarnation > own || input.news ? self(refutation(own, input.incarnation)) : null
      },
    },
    stays(
      'ignores what it knows',
      (own, input) =>
        input.type === 'alive' &&
        !input.moved &&
        (input.incarnation < own || (input.incarnation === own && !input.news)),
    ),
  ],
  suspect: [refutes, stays('ignores what is older', (own, input) => !isCurrent(own, input))],
  dead: [refutes, stays('ignores what is older', (own, input) => !isCurrent(own, input))],
  leave: [{ name: 'leaves', allows: (own) => ({ holding: 'self-left', incarnation: own }) }],
}

/** Whoever has left says nothing for itself any more. */
const silence: Rule = { name: 'stays gone', allows: (own) => ({ holding: 'self-left', incarnation: own }) }
const rulesOfLeft = { alive: [silence], suspect: [silence], dead: [silence], leave: [silence] }

const rules: { readonly [Each in Holding]: Readonly<Record<InputType, readonly Rule[]>> } = {
  unknown: rulesOfOther('unknown'),
  alive: rulesOfOther('alive'),
  suspect: rulesOfOther('suspect'),
  dead: rulesOfOther('dead'),
  left: rulesOfOther('left'),
  self: rulesOfSelf,
  'self-left': rulesOfLeft,
}

const inputTypes: readonly InputType[] = ['alive', 'suspect', 'dead', 'leave']
const holdings = Object.keys(rules) as Holding[]
const nameOfTransition = (from: Holding, type: InputType, rule: string): string => `${from}: ${type}: ${rule}`

export interface SwimStart {
  readonly holding: Holding
  readonly incarnation: number
}

const transition = setup({
  types: {
    context: {} as SwimContext,
    events: {} as SwimEvent,
    input: {} as SwimStart,
    meta: {} as { readonly name: string },
  },
})

/** One transition for each rule and each holding to which it may lead. */
function transitions(from: Holding, type: InputType) {
  return rules[from][type].flatMap((rule) =>
    holdings.map((target) => ({
      target: `#${target}` as const,
      guard: ({ context, event }: { context: SwimContext; event: SwimEvent }): boolean => {
        if (event.outcome.holding !== target) return false
        const allowed = rule.allows(context.incarnation, event)
        return allowed?.holding === target && allowed.incarnation === event.outcome.incarnation
      },
      actions: transition.assign(({ event }) => ({ incarnation: event.outcome.incarnation })),
      meta: { name: nameOfTransition(from, type, rule.name) },
    })),
  )
}

const state = (from: Holding) => ({
  id: from,
  on: {
    alive: transitions(from, 'alive'),
    suspect: transitions(from, 'suspect'),
    dead: transitions(from, 'dead'),
    leave: transitions(from, 'leave'),
  },
})

const start = (holding: Holding) => ({
  target: `#${holding}` as const,
  guard: ({ context }: { context: SwimContext & Partial<SwimStart> }): boolean => context.holding === holding,
})

export const memberMachine = transition.createMachine({
  id: 'member',
  initial: 'starting',
  context: ({ input }) => ({ ...input }),
  states: {
    starting: { always: holdings.map(start) },
    unknown: state('unknown'),
    alive: state('alive'),
    suspect: state('suspect'),
    dead: state('dead'),
    left: state('left'),
    self: state('self'),
    'self-left': state('self-left'),
  },
})

export type MemberSnapshot = SnapshotFrom<typeof memberMachine>

/** A record to begin with. */
export function initialSnapshot(from: SwimStart): MemberSnapshot {
  return getInitialSnapshot(memberMachine, from)
}

/** The record after an event; the same if no transition accepts it. */
export function nextSnapshot(snapshot: MemberSnapshot, event: SwimEvent): MemberSnapshot {
  return getNextSnapshot(memberMachine, snapshot, event)
}

export interface NamedOutcome {
  /** Name of the transition that accepts it. */
  readonly name: string
  readonly outcome: SwimOutcome
}

/** What may come of an input. */
export function outcomesOf({ holding, incarnation }: SwimStart, input: SwimInput): NamedOutcome[] {
  return rules[holding][input.type].flatMap((rule) => {
    const outcome = rule.allows(incarnation, input)
    return outcome === null ? [] : [{ name: nameOfTransition(holding, input.type, rule.name), outcome }]
  })
}

/** Names of all transitions, in a stable order. */
export function transitionNames(): string[] {
  return holdings.flatMap((from) =>
    inputTypes.flatMap((type) => rules[from][type].map((rule) => nameOfTransition(from, type, rule.name))),
  )
}

/** Name of the transition that accepts the event, or null where none does: the protocol forbids it. */
export function acceptingTransition(snapshot: MemberSnapshot, event: SwimEvent): string | null {
  const [first] = memberMachine.getTransitionData(snapshot, event)
  return first === undefined ? null : (first.meta as { readonly name: string }).name
}
