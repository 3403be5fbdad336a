/**
 * What one node holds of one entry, as a state machine that accepts: an event is what the node is told, or asked,
 * together with what became of the entry, and what the protocol forbids has no enabled transition. The state is the
 * status of the entry; around it stand whether the node is in the network, and what it holds of the one other that
 * writes the entry.
 */
import { getInitialSnapshot, getNextSnapshot, setup } from 'xstate'
import type { SnapshotFrom } from 'xstate'
import {
  absent,
  afterOwnerFails,
  afterOwnerReturns,
  afterOwnLeave,
  afterTold,
  isCarriedOut,
  type EntryRule,
  type EntryStatus,
  type OwnerState,
} from './rules.ts'
import type { Time } from './vocabulary.ts'

/** How the time of an event stands to that of what is held. */
export type Relation = 'older' | 'equal' | 'newer'

/** Of the other node: whether it is in the network, and there. */
export type Writer = Exclude<OwnerState, 'self'>

export type EntryInput =
  /** An event of the other's, or of one that is said to be the node's own. */
  | { readonly type: 'told' | 'told-own'; readonly relation: Relation; readonly deletes: boolean }
  | { readonly type: 'writer-fails' | 'writer-returns' | 'writer-leaves' | 'writer-joins' }
  | { readonly type: 'join' | 'leave' }
  | { readonly type: 'create' | 'update' | 'delete' }
  /** So much time passes that all that is old is forgotten. */
  | { readonly type: 'ages' }

export interface EntryOutcome {
  readonly status: EntryStatus
  readonly time: Time
}

export type EntryEvent = EntryInput & { readonly outcome: EntryOutcome }

export interface EntryContext {
  readonly time: Time
  /** The node itself owns it. */
  readonly mine: boolean
  /** The node is in the network. */
  readonly attached: boolean
  readonly writer: Writer
}

/** Where a path begins. */
export interface EntryStart extends EntryContext {
  readonly status: EntryStatus
}

type InputType = EntryInput['type']

/** What follows: of an event of the node's own any time above what was held. */
interface Followed {
  readonly name: string
  readonly status: EntryStatus
  readonly time: Time | 'own'
  readonly context: Omit<EntryContext, 'time'>
}

/** The time of an event that stands so to what is held. */
export const timeOf = (held: Time, relation: Relation): Time =>
  relation === 'older' ? held - 1 : relation === 'equal' ? held : held + 2

const ruleNames: Readonly<Record<EntryRule, string>> = {
  ignoresOwnEntries: 'ignores what is its own',
  entryNeedsAttachment: 'ignores what is of another network',
  entryNeedsOwner: 'ignores whose owner is not in the network',
  ignoresOlderEntry: 'ignores what is not newer',
  takesNewerEntry: 'takes it',
  keepsTombstones: 'buries it',
  hidesFailed: 'hides it',
}

/** What may come of an input; null where it makes no sense. */
function followed(at: EntryStart, input: EntryInput): Followed | null {
  const { status, time, mine, attached, writer } = at
  const around = { mine, attached, writer }
  const rests = (name: string, context = around): Followed => ({ name, status, time, context })
  switch (input.type) {
    case 'told':
    case 'told-own': {
      // Of what is not there nothing is older.
      if (status === 'absent' && input.relation !== 'newer') return null
      const owner = input.type === 'told-own' ? 'self' : writer
      const told = { time: timeOf(time, input.relation), deletes: input.deletes, owner } as const
      const { rule, next, taken } = afterTold({ status, time }, told, attached)
      if (!taken) return rests(ruleNames[rule])
      return { name: ruleNames[rule], ...next, context: { ...around, mine: false } }
    }
    case 'writer-fails': {
      if (writer !== 'attached') return null
      const next = mine ? { status, time } : afterOwnerFails({ status, time })
      const name = next.status === status ? 'changes nothing' : 'hides it'
      return { name, ...next, context: { ...around, writer: 'failed' } }
    }
    case 'writer-returns': {
      if (writer !== 'failed') return null
      const next = mine ? { status, time } : afterOwnerReturns({ status, time })
      const name = next.status === status ? 'changes nothing' : 'restores it'
      return { name, ...next, context: { ...around, writer: 'attached' } }
    }
    case 'writer-leaves': {
      if (writer !== 'attached') return null
      const context = { ...around, writer: 'detached' as const }
      if (mine || status === 'absent') return rests('changes nothing', context)
      return { name: 'drops it', ...absent, context }
    }
    case 'writer-joins':
      return writer === 'detached' ? rests('changes nothing', { ...around, writer: 'attached' }) : null
    case 'join':
      return attached ? null : rests('changes nothing', { ...around, attached: true })
    case 'leave': {
      if (!attached) return null
      const next = afterOwnLeave({ status, time }, mine, time)
      const context = { ...around, attached: false, mine: mine && next.status !== 'absent' }
      if (next.status === status) return rests('changes nothing', context)
      if (next.status === 'absent') return { name: 'drops it', ...absent, context }
      return { name: 'buries it', status: next.status, time: 'own', context }
    }
    case 'create':
    case 'update':
    case 'delete': {
      if (!attached) return null
      if (!isCarriedOut({ status, time }, input.type)) return rests('refuses')
      const context = { ...around, mine: true }
      const next = input.type === 'delete' ? 'tombstone' : 'live'
      return { name: 'does it', status: next, time: 'own', context }
    }
    case 'ages': {
      if (status === 'absent' || status === 'live') return rests('changes nothing')
      return { name: 'forgets it', ...absent, context: { ...around, mine: false } }
    }
  }
}

const inputTypes: readonly InputType[] = [
  'told',
  'told-own',
  'writer-fails',
  'writer-returns',
  'writer-leaves',
  'writer-joins',
  'join',
  'leave',
  'create',
  'update',
  'delete',
  'ages',
]
const statuses: readonly EntryStatus[] = ['absent', 'live', 'suspended', 'tombstone']

const fits = (at: EntryStart, { status, time }: Followed, outcome: EntryOutcome): boolean =>
  outcome.status === status && (time === 'own' ? outcome.time > at.time : outcome.time === time)

const transition = setup({
  types: {
    context: {} as EntryContext,
    events: {} as EntryEvent,
    input: {} as EntryStart,
  },
})

/** One transition for each status to which an input may lead; the shared rules say which. */
function transitions(from: EntryStatus) {
  return statuses.map((target) => ({
    target: `#${target}` as const,
    guard: ({ context, event }: { context: EntryContext; event: EntryEvent }): boolean => {
      const at = { status: from, ...context }
      const next = followed(at, event)
      return next !== null && next.status === target && fits(at, next, event.outcome)
    },
    actions: transition.assign(({ context, event }) => ({
      ...followed({ status: from, ...context }, event)!.context,
      time: event.outcome.time,
    })),
  }))
}

const state = (from: EntryStatus) => ({
  id: from,
  on: Object.fromEntries(inputTypes.map((type) => [type, transitions(from)])) as Record<
    InputType,
    ReturnType<typeof transitions>
  >,
})

export const entryMachine = transition.createMachine({
  id: 'entry',
  initial: 'starting',
  context: ({ input: { time, mine, attached, writer } }) => ({ time, mine, attached, writer }),
  states: {
    // Every path begins with an entry that nobody has written.
    starting: { always: '#absent' },
    absent: state('absent'),
    live: state('live'),
    suspended: state('suspended'),
    tombstone: state('tombstone'),
  },
})

export type EntrySnapshot = SnapshotFrom<typeof entryMachine>

/** Nobody has written it, and the other is in the network. */
export const entryStart: EntryStart = {
  status: 'absent',
  time: 0,
  mine: false,
  attached: false,
  writer: 'attached',
}

export const initialSnapshot = (): EntrySnapshot => getInitialSnapshot(entryMachine, entryStart)

/** The entry after an event; the same if no transition accepts it. */
export const nextSnapshot = (snapshot: EntrySnapshot, event: EntryEvent): EntrySnapshot =>
  getNextSnapshot(entryMachine, snapshot, event)

export const situationOf = ({ value, context }: EntrySnapshot): EntryStart => ({
  status: value as EntryStatus,
  ...context,
})

const nameOf = (from: EntryStatus, type: InputType, rule: string): string => `${from}: ${type}: ${rule}`

/** The name of the transition that accepts an event; null if none does. */
export function acceptingTransition(at: EntryStart, event: EntryEvent): string | null {
  const next = followed(at, event)
  return next !== null && fits(at, next, event.outcome) ? nameOf(at.status, event.type, next.name) : null
}

/** What comes of an input, with the least time where it may choose; null where the input makes no sense. */
export function outcomeOf(
  at: EntryStart,
  input: EntryInput,
): { readonly name: string; readonly outcome: EntryOutcome; readonly next: EntryStart } | null {
  const next = followed(at, input)
  if (next === null) return null
  const time = next.time === 'own' ? at.time + 1 : next.time
  const { status, context } = next
  return {
    name: nameOf(at.status, input.type, next.name),
    outcome: { status, time },
    next: { status, time, ...context },
  }
}

const relations: readonly Relation[] = ['older', 'equal', 'newer']

/** Everything that may happen to who holds this. */
export function inputsTo(at: EntryStart): EntryInput[] {
  const told = (['told', 'told-own'] as const).flatMap((type) =>
    relations.flatMap((relation) => [false, true].map((deletes): EntryInput => ({ type, relation, deletes }))),
  )
  const others = inputTypes
    .filter((type) => type !== 'told' && type !== 'told-own')
    .map((type) => ({ type }) as EntryInput)
  return [...told, ...others].filter((input) => outcomeOf(at, input) !== null)
}
