/**
 * The life of one address as a state machine that accepts: an event is an operation together with what became of it, and
 * what the rules forbid has no enabled transition. The state is what the allocator holds of the address.
 */
import { getInitialSnapshot, getNextSnapshot, setup } from 'xstate'
import type { SnapshotFrom } from 'xstate'

/** `absent`: there is no pool that it belongs to. `released`: it is free, and was somebody's before. */
export type Holding = 'absent' | 'reserved' | 'free' | 'allocated' | 'released'

/**
 * Which address it is: network address, broadcast or anycast; the lowest that can be had; one with others below it, of
 * which some are free; or the only one of its pool.
 */
export type Kind = 'reserved' | 'lowest' | 'high' | 'alone'

/** `request-any`: the allocator chooses, the lowest that is free. `request-this`, `release`: of this address. */
export type IpamInput = 'request-pool' | 'release-pool' | 'request-any' | 'request-this' | 'release'

/** What became of it: this address was given, or another; or it was done, or refused. */
export type Told = 'this' | 'other' | 'ok' | 'refused'

export interface IpamOutcome {
  readonly holding: Holding
  readonly told: Told
}

export interface IpamEvent {
  readonly type: IpamInput
  readonly outcome: IpamOutcome
}

export interface IpamContext {
  readonly kind: Kind
}

interface Rule {
  readonly name: string
  readonly outcome: IpamOutcome
  readonly applies: (kind: Kind) => boolean
  /** What may be told instead. */
  readonly also: readonly Told[]
}

const rule = (name: string, holding: Holding, told: Told, applies: Rule['applies'] = () => true): Rule => ({
  name,
  outcome: { holding, told },
  applies,
  also: [],
})

/** A rule that leaves open what is told. */
const either = (name: string, holding: Holding, usual: Told, other: Told): Rule => ({
  ...rule(name, holding, usual),
  also: [other],
})

const isSaidBy = ({ outcome, applies, also }: Rule, kind: Kind, { holding, told }: IpamOutcome): boolean =>
  applies(kind) && holding === outcome.holding && (told === outcome.told || also.includes(told))

const isReservedKind = (kind: Kind): boolean => kind === 'reserved'
const isOrdinary = (kind: Kind): boolean => kind !== 'reserved'
const comesFirst = (kind: Kind): boolean => kind === 'lowest' || kind === 'alone'

const present = {
  'release-pool': [rule('the pool goes', 'absent', 'ok')],
} as const

const rules: { readonly [Each in Holding]: Readonly<Record<IpamInput, readonly Rule[]>> } = {
  absent: {
    'request-pool': [
      rule('is there', 'free', 'ok', isOrdinary),
      rule('is kept from the start', 'reserved', 'ok', isReservedKind),
    ],
    'release-pool': [rule('no such pool', 'absent', 'refused')],
    'request-any': [rule('no such pool', 'absent', 'refused')],
    'request-this': [rule('no such pool', 'absent', 'refused')],
    release: [rule('no such pool', 'absent', 'refused')],
  },
  reserved: {
    ...present,
    'request-pool': [either('the pool is there', 'reserved', 'refused', 'ok')],
    'request-any': [rule('another is given', 'reserved', 'other')],
    'request-this': [rule('is kept', 'reserved', 'refused')],
    release: [either('stays kept', 'reserved', 'ok', 'refused')],
  },
  free: {
    ...present,
    'request-pool': [either('the pool is there', 'free', 'refused', 'ok')],
    'request-any': [
      rule('is given, as the lowest', 'allocated', 'this', comesFirst),
      rule('a lower one is given', 'free', 'other', (kind) => kind === 'high'),
    ],
    'request-this': [rule('is given, as asked', 'allocated', 'this')],
    release: [rule('is free already', 'free', 'ok')],
  },
  allocated: {
    ...present,
    'request-pool': [either('the pool is there', 'allocated', 'refused', 'ok')],
    'request-any': [
      rule('another is given', 'allocated', 'other', (kind) => kind !== 'alone'),
      rule('none is left', 'allocated', 'refused', (kind) => kind === 'alone'),
    ],
    'request-this': [rule('is in use', 'allocated', 'refused')],
    release: [rule('is free again', 'released', 'ok')],
  },
  released: {
    ...present,
    'request-pool': [either('the pool is there', 'released', 'refused', 'ok')],
    'request-any': [
      rule('is given again', 'allocated', 'this', comesFirst),
      rule('a lower one is given', 'released', 'other', (kind) => kind === 'high'),
    ],
    'request-this': [rule('is given again, as asked', 'allocated', 'this')],
    release: [rule('was released before', 'released', 'ok')],
  },
}

const holdings = Object.keys(rules) as Holding[]
export const inputs: readonly IpamInput[] = ['request-pool', 'release-pool', 'request-any', 'request-this', 'release']
const nameOf = (from: Holding, type: IpamInput, name: string): string => `${from}: ${type}: ${name}`

const transition = setup({
  types: {
    context: {} as IpamContext,
    events: {} as IpamEvent,
    input: {} as IpamContext,
    meta: {} as { readonly name: string },
  },
})

const transitions = (from: Holding, type: IpamInput) =>
  rules[from][type].map((each) => ({
    target: `#${each.outcome.holding}` as const,
    guard: ({ context, event }: { context: IpamContext; event: IpamEvent }): boolean =>
      isSaidBy(each, context.kind, event.outcome),
    meta: { name: nameOf(from, type, each.name) },
  }))

const state = (from: Holding) => ({
  id: from,
  on: {
    'request-pool': transitions(from, 'request-pool'),
    'release-pool': transitions(from, 'release-pool'),
    'request-any': transitions(from, 'request-any'),
    'request-this': transitions(from, 'request-this'),
    release: transitions(from, 'release'),
  },
})

export const addressMachine = transition.createMachine({
  id: 'address',
  initial: 'absent',
  context: ({ input }) => ({ ...input }),
  states: {
    absent: state('absent'),
    reserved: state('reserved'),
    free: state('free'),
    allocated: state('allocated'),
    released: state('released'),
  },
})

type AddressSnapshot = SnapshotFrom<typeof addressMachine>

/** An address before there is a pool of it. */
export function initialSnapshot(kind: Kind): AddressSnapshot {
  return getInitialSnapshot(addressMachine, { kind })
}

/** The address after an event; the same if no transition accepts it. */
export function nextSnapshot(snapshot: AddressSnapshot, event: IpamEvent): AddressSnapshot {
  return getNextSnapshot(addressMachine, snapshot, event)
}

/** Name of the transition that accepts the event, or null where none does: the rules forbid it. */
export function acceptingTransition(snapshot: AddressSnapshot, event: IpamEvent): string | null {
  const [first] = addressMachine.getTransitionData(snapshot, event)
  return first === undefined ? null : (first.meta as { readonly name: string }).name
}

/** Whether the rules allow an outcome of an operation. */
export const isAllowed = (kind: Kind, from: Holding, type: IpamInput, outcome: IpamOutcome): boolean =>
  rules[from][type].some((each) => isSaidBy(each, kind, outcome))

/** What comes of an operation as a rule, and the name of the transition. */
export function outcomesOf(
  kind: Kind,
  from: Holding,
  type: IpamInput,
): readonly (IpamOutcome & { readonly name: string })[] {
  return rules[from][type]
    .filter(({ applies }) => applies(kind))
    .map(({ name, outcome }) => ({ ...outcome, name: nameOf(from, type, name) }))
}

/** Names of all transitions, in a stable order. */
export function transitionNames(): string[] {
  return holdings.flatMap((from) =>
    inputs.flatMap((type) => rules[from][type].map(({ name }) => nameOf(from, type, name))),
  )
}
