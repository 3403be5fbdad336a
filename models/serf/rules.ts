/**
 * The rules of Serf, pure, so that the machine and the judge can share them: what becomes of a member, of an event, of a
 * query when something is told of it. Each names the rule that decided. [Serf] serf.go, delegate.go, query.go.
 */
import type { Intent, IntentKind, Message, Status, StatusTime, Time } from './vocabulary.ts'

export type MemberStatus = Status | 'absent'

/** What a node holds of one member. */
export interface Held {
  readonly status: MemberStatus
  /** Of who is absent 0. */
  readonly time: Time
}

export const absent: Held = { status: 'absent', time: 0 }

export interface ToldIntent {
  readonly intent: IntentKind
  readonly time: Time
  readonly prune: boolean
}

/** Of whom an intent is: another, the node itself, or the node itself while it is leaving. */
export type About = 'other' | 'self' | 'leaving-self'

export type IntentRule =
  | 'ignoresOlderIntents'
  | 'refutesLeave'
  | 'leaveIntentLeads'
  | 'failedLeaves'
  | 'joinIntentRevives'
  | 'takesNewerTimes'
  | 'prunes'

export interface AfterIntent {
  readonly rule: IntentRule
  readonly next: Held
  /** It is news, to be passed on. */
  readonly taken: boolean
  /** It is to be forgotten as soon as it has had the time to go. */
  readonly prunesLater: boolean
}

/** What an intent makes of a member that is held. [Serf] handleNodeLeaveIntent, handleNodeJoinIntent */
export function afterIntent(held: Held, told: ToldIntent, about: About): AfterIntent {
  const rests = (rule: IntentRule): AfterIntent => ({ rule, next: held, taken: false, prunesLater: false })
  const { time } = told
  if (time <= held.time) return rests('ignoresOlderIntents')
  const takes = (rule: IntentRule, status: MemberStatus): AfterIntent => ({
    rule,
    next: { status, time },
    taken: true,
    prunesLater: false,
  })
  if (told.intent === 'join') {
    if (held.status === 'leaving') return takes('joinIntentRevives', 'alive')
    return takes('takesNewerTimes', held.status)
  }
  if (about === 'self') return rests('refutesLeave')
  const status = held.status === 'alive' || held.status === 'leaving' ? 'leaving' : 'left'
  if (told.prune && status === 'left') return { ...takes('prunes', 'absent'), next: absent }
  const rule =
    held.status === 'alive' ? 'leaveIntentLeads' : held.status === 'failed' ? 'failedLeaves' : 'takesNewerTimes'
  return { ...takes(rule, status), prunesLater: told.prune }
}

/** What is buffered of somebody who is not known: the newest. [Serf] upsertIntent */
export const isNewIntent = (buffered: Pick<Intent, 'time'> | null, time: Time): boolean =>
  buffered === null || time > buffered.time

/** What becomes of a member that is up, with what is buffered of it. [Serf] handleNodeJoin */
export function afterUp(held: Held, buffered: Pick<Intent, 'intent' | 'time'> | null): Held {
  if (held.status !== 'absent') return { status: 'alive', time: held.time }
  if (buffered === null) return { status: 'alive', time: 0 }
  return { status: buffered.intent === 'leave' ? 'leaving' : 'alive', time: buffered.time }
}

/** What becomes of a member that is down. [Serf] handleNodeLeave */
export function afterDown({ status, time }: Held): Held {
  if (status === 'leaving') return { status: 'left', time }
  return status === 'alive' ? { status: 'failed', time } : { status, time }
}

/** A Lamport clock after a time was seen. [Serf] lamport.go Witness */
export const witness = (clock: Time, seen: Time): Time => (seen >= clock ? seen + 1 : clock)

export type State = Extract<Message, { readonly left: readonly string[] }>

/** What a push/pull says of members, as intents: who left comes first, and later than what is known of it. [Serf] MergeRemoteState */
export function intentsOf({ members, left }: Pick<State, 'members' | 'left'>): (Intent & { prune: false })[] {
  const timeOf = (name: string): Time => members.find((each: StatusTime) => each.name === name)?.time ?? 0
  return [
    ...left.map((name) => ({ name, intent: 'leave' as const, time: timeOf(name) + 1, prune: false as const })),
    ...members
      .filter(({ name }) => !left.includes(name))
      .map(({ name, time }) => ({ name, intent: 'join' as const, time, prune: false as const })),
  ]
}

/** Whether an event or query is older than what is remembered, by a clock that has seen it. [Serf] handleUserEvent */
export const isTooOld = (time: Time, clock: Time, buffer: number): boolean => clock > buffer && time < clock - buffer

/** In how many rounds something is told at most. [ML] util.go retransmitLimit */
export const roundsAtMost = (multiplier: number, members: number): number =>
  multiplier * Math.ceil(Math.log10(members + 1))

/** How long a query is open that does not say so itself; `there`: members that are there. [Serf] DefaultQueryTimeout */
export const defaultQueryTimeout = (gossipInterval: number, multiplier: number, there: number): number =>
  gossipInterval * multiplier * Math.ceil(Math.log10(there + 1))

/** Whether somebody who failed has to be tried in each interval; else it is left to chance. [Serf] reconnect */
export const mustReconnect = (failed: number, others: number): boolean => failed > 0 && failed >= others
