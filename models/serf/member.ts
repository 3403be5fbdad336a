/**
 * What one node holds of another, as a state machine that accepts: an event is what the node is told of it, or asked to
 * do about it, together with what became of the member, and what the protocol forbids has no enabled transition. The
 * state is the status of the member; around it stand its time, and what is buffered of it while it is not known.
 */
import { getInitialSnapshot, getNextSnapshot, setup } from 'xstate'
import type { SnapshotFrom } from 'xstate'
import { absent, afterDown, afterIntent, afterUp, isNewIntent, type IntentRule, type MemberStatus } from './rules.ts'
import type { IntentKind, Time } from './vocabulary.ts'

/** How the time that is told stands to the time that is held. */
export type Relation = 'older' | 'equal' | 'newer'

export type SubjectInput =
  /** By gossip: that it joins, that it leaves, that it leaves and is to be forgotten. */
  | { readonly type: 'told-join' | 'told-leave' | 'told-prune'; readonly relation: Relation }
  /** By a push/pull: its time, and whether it has left. */
  | { readonly type: 'told-there' | 'told-left'; readonly relation: Relation }
  | { readonly type: 'up' | 'down' }
  /** An operator says that it leaves. */
  | { readonly type: 'force-leave' | 'force-prune' }
  /** So much time passes that all that is old is forgotten. */
  | { readonly type: 'ages' }

export type Buffered = IntentKind | 'none'

export interface SubjectOutcome {
  readonly status: MemberStatus
  readonly time: Time
  readonly buffered: Buffered
}

export type SubjectEvent = SubjectInput & { readonly outcome: SubjectOutcome }

export interface SubjectContext {
  readonly time: Time
  readonly buffered: Buffered
  readonly bufferedTime: Time
  /** It is to be forgotten as soon as it has had the time to go. */
  readonly pruning: boolean
}

/** Where a path begins. */
export interface SubjectStart extends SubjectContext {
  readonly status: MemberStatus
}

type InputType = SubjectInput['type']

/** What follows: of what the node says itself any time above what was held. */
interface Followed {
  readonly name: string
  readonly status: MemberStatus
  readonly time: Time | 'own'
  readonly buffered: Buffered
  readonly bufferedTime: Time | 'own'
  readonly pruning: boolean
}

/** The time that stands so to what is held. */
export const timeOf = (held: Time, relation: Relation): Time =>
  relation === 'older' ? held - 1 : relation === 'equal' ? held : held + 2

const ruleNames: Readonly<Record<IntentRule, string>> = {
  ignoresOlderIntents: 'ignores what is not newer',
  refutesLeave: 'refutes it',
  leaveIntentLeads: 'expects it to leave',
  failedLeaves: 'takes it for one that left',
  joinIntentRevives: 'takes it for alive again',
  takesNewerTimes: 'notes the time',
  prunes: 'forgets it',
}

/** The time to which what is told relates: of the member, or of what is buffered of it. */
export const heldTime = ({ status, time, bufferedTime }: SubjectStart): Time =>
  status === 'absent' ? bufferedTime : time

interface Intent {
  readonly intent: IntentKind
  readonly time: Time
  readonly prune: boolean
}

function toldOf(at: SubjectStart, input: Extract<SubjectInput, { readonly relation: Relation }>): Intent | null {
  const held = heldTime(at)
  // Before the first time nothing is; and of whom nothing is known at all nothing is older.
  if (input.relation === 'older' && held === 0) return null
  if (at.status === 'absent' && at.buffered === 'none' && input.relation !== 'newer') return null
  const time = timeOf(held, input.relation)
  switch (input.type) {
    case 'told-join':
    case 'told-there':
      return { intent: 'join', time, prune: false }
    case 'told-left':
      return { intent: 'leave', time: time + 1, prune: false }
    case 'told-leave':
    case 'told-prune':
      return { intent: 'leave', time, prune: input.type === 'told-prune' }
  }
}

function afterTold(at: SubjectStart, { intent, time, prune }: Intent, isOwn: boolean): Followed {
  const { status, buffered, bufferedTime, pruning } = at
  const around = { buffered, bufferedTime, pruning }
  const noted = isOwn ? ('own' as const) : time
  if (status === 'absent') {
    const held = buffered === 'none' ? null : { time: bufferedTime }
    if (!isNewIntent(held, time)) return { name: 'ignores what is not newer', status, time: 0, ...around }
    return { name: 'remembers it', status, time: 0, buffered: intent, bufferedTime: noted, pruning: false }
  }
  const { rule, next, taken, prunesLater } = afterIntent({ status, time: at.time }, { intent, time, prune }, 'other')
  const name = ruleNames[rule]
  if (next.status === 'absent') return { name, status: 'absent', time: 0, ...around, pruning: false }
  const prunes = rule === 'joinIntentRevives' ? false : pruning || prunesLater
  return { name, status: next.status, time: taken ? noted : next.time, ...around, pruning: prunes }
}

/** What may come of an input; null where it makes no sense. */
function followed(at: SubjectStart, input: SubjectInput): Followed | null {
  const { status, time, buffered, bufferedTime, pruning } = at
  const around = { buffered, bufferedTime, pruning }
  switch (input.type) {
    case 'up': {
      const intent = buffered === 'none' ? null : { intent: buffered, time: bufferedTime }
      const next = afterUp({ status, time }, intent)
      const name = status === 'absent' ? 'takes it in' : 'takes it for alive'
      return { name, ...next, ...around, pruning: false }
    }
    case 'down': {
      const next = afterDown({ status, time })
      const name = next.status === status ? 'changes nothing' : `takes it for ${next.status}`
      return { name, ...next, ...around }
    }
    case 'ages': {
      const stays = status === 'alive' || (status === 'leaving' && !pruning)
      const name = stays ? 'changes nothing' : 'forgets it'
      const next = stays ? { status, time } : absent
      return { name, ...next, buffered: 'none', bufferedTime: 0, pruning: false }
    }
    case 'force-leave':
    case 'force-prune': {
      // Its clock is beyond all that it holds.
      const told = { intent: 'leave', time: heldTime(at) + 1, prune: input.type === 'force-prune' } as const
      return afterTold(at, told, true)
    }
    default: {
      const told = toldOf(at, input)
      return told === null ? null : afterTold(at, told, false)
    }
  }
}

const toldTypes = ['told-join', 'told-leave', 'told-prune', 'told-there', 'told-left'] as const
const otherTypes = ['up', 'down', 'force-leave', 'force-prune', 'ages'] as const
const statuses: readonly MemberStatus[] = ['absent', 'alive', 'leaving', 'left', 'failed']

/** What is buffered of somebody who is known may be forgotten at any time. */
function fits(at: SubjectStart, next: Followed, { status, time, buffered }: SubjectOutcome): boolean {
  if (status !== next.status) return false
  if (next.time === 'own' ? time <= at.time : time !== next.time) return false
  return buffered === next.buffered || (status !== 'absent' && buffered === 'none')
}

const transition = setup({
  types: {
    context: {} as SubjectContext,
    events: {} as SubjectEvent,
    input: {} as SubjectStart,
  },
})

/** What is known of the member after an outcome. Of its own intents that are buffered the least time is as good as any. */
function contextAfter(at: SubjectStart, next: Followed, { time, buffered }: SubjectOutcome): SubjectContext {
  const bufferedTime = next.bufferedTime === 'own' ? heldTime(at) + 1 : next.bufferedTime
  return { time, buffered, bufferedTime: buffered === 'none' ? 0 : bufferedTime, pruning: next.pruning }
}

/** One transition for each status to which an input may lead; the shared rules say which. */
function transitions(from: MemberStatus) {
  return statuses.map((target) => ({
    target: `#${target}` as const,
    guard: ({ context, event }: { context: SubjectContext; event: SubjectEvent }): boolean => {
      const at = { status: from, ...context }
      const next = followed(at, event)
      return next !== null && next.status === target && fits(at, next, event.outcome)
    },
    actions: transition.assign(({ context, event }) => {
      const at = { status: from, ...context }
      return contextAfter(at, followed(at, event)!, event.outcome)
    }),
  }))
}

const state = (from: MemberStatus) => ({
  id: from,
  on: Object.fromEntries([...toldTypes, ...otherTypes].map((type) => [type, transitions(from)])) as Record<
    InputType,
    ReturnType<typeof transitions>
  >,
})

export const subjectMachine = transition.createMachine({
  id: 'subject',
  initial: 'starting',
  context: ({ input: { time, buffered, bufferedTime, pruning } }) => ({ time, buffered, bufferedTime, pruning }),
  states: {
    // Every path begins with a member that is there.
    starting: { always: '#alive' },
    absent: state('absent'),
    alive: state('alive'),
    leaving: state('leaving'),
    left: state('left'),
    failed: state('failed'),
  },
})

export type SubjectSnapshot = SnapshotFrom<typeof subjectMachine>

/** All know each other, and nobody has said anything. */
export const subjectStart: SubjectStart = {
  status: 'alive',
  time: 0,
  buffered: 'none',
  bufferedTime: 0,
  pruning: false,
}

export const initialSnapshot = (): SubjectSnapshot => getInitialSnapshot(subjectMachine, subjectStart)

/** The member after an event; the same if no transition accepts it. */
export const nextSnapshot = (snapshot: SubjectSnapshot, event: SubjectEvent): SubjectSnapshot =>
  getNextSnapshot(subjectMachine, snapshot, event)

export const situationOf = ({ value, context }: SubjectSnapshot): SubjectStart => ({
  status: value as MemberStatus,
  ...context,
})

const nameOf = (from: MemberStatus, type: InputType, rule: string): string => `${from}: ${type}: ${rule}`

/** The name of the transition that accepts an event; null if none does. */
export function acceptingTransition(at: SubjectStart, event: SubjectEvent): string | null {
  const next = followed(at, event)
  return next !== null && fits(at, next, event.outcome) ? nameOf(at.status, event.type, next.name) : null
}

/** What comes of an input, with the least time where it may choose; null where the input makes no sense. */
export function outcomeOf(
  at: SubjectStart,
  input: SubjectInput,
): { readonly name: string; readonly outcome: SubjectOutcome; readonly next: SubjectStart } | null {
  const next = followed(at, input)
  if (next === null) return null
  const { status, buffered } = next
  const outcome = { status, time: next.time === 'own' ? at.time + 1 : next.time, buffered }
  return {
    name: nameOf(at.status, input.type, next.name),
    outcome,
    next: { status, ...contextAfter(at, next, outcome) },
  }
}

const relations: readonly Relation[] = ['older', 'equal', 'newer']

/** Everything that may happen to who holds this. */
export function inputsTo(at: SubjectStart): SubjectInput[] {
  const told = toldTypes.flatMap((type) => relations.map((relation): SubjectInput => ({ type, relation })))
  const others = otherTypes.map((type): SubjectInput => ({ type }))
  return [...told, ...others].filter((input) => outcomeOf(at, input) !== null)
}
