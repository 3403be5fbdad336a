/**
 * One member of a Raft cluster of three as a state machine that accepts: an event is an input together with what came
 * of it, and what the protocol forbids has no enabled transition. It is as permissive as SPEC.md and no more: answers
 * may be missing, stale messages may be answered or ignored, a leader may open its term with an entry or not.
 *
 * The state is the member's role. What is allowed is said by the rules in `member/`, which this file puts together.
 */
import { getInitialSnapshot, getNextSnapshot, setup } from 'xstate'
import type { SnapshotFrom } from 'xstate'
import type { Role } from './vocabulary.ts'
import {
  electionTimeout,
  preVote,
  preVoteResponse,
  requestVote,
  requestVoteResponse,
  restart,
  timeoutNow,
} from './member/elections.ts'
import { environmentAfter, firstEnvironment } from './member/environment.ts'
import { fits, usualOutcome } from './member/pattern.ts'
import type { Rule } from './member/pattern.ts'
import { appendEntries, appendEntriesResponse, heartbeat, propose } from './member/replication.ts'
import { NOBODY, contextAfter } from './member/state.ts'
import type { InputOf, InputType, MemberContext, MemberEvent, MemberInput, Outcome } from './member/state.ts'

export interface MemberOptions {
  readonly preVote: boolean
  /** Greatest term of which the environment keeps account. */
  readonly terms: number
}

/** A follower with an empty log, that has heard nothing yet. */
export function firstContext({ preVote, terms }: MemberOptions): MemberContext {
  return {
    preVote,
    term: 0,
    vote: NOBODY,
    leader: NOBODY,
    log: [],
    commit: 0,
    named: NOBODY,
    refusals: 0,
    asked: false,
    match: [0, 0, 0],
    verified: 0,
    environment: firstEnvironment(terms),
  }
}

type Rules = { readonly [Type in InputType]: readonly Rule<Type>[] }

const rulesOf = (role: Role): Rules => ({
  'election-timeout': electionTimeout(role),
  'request-vote': requestVote(role),
  'request-vote-response': requestVoteResponse(role),
  'pre-vote': preVote(role),
  'pre-vote-response': preVoteResponse(role),
  'append-entries': appendEntries(role),
  'append-entries-response': appendEntriesResponse(role),
  heartbeat: heartbeat(role),
  'timeout-now': timeoutNow(role),
  propose: propose(role),
  restart: restart(),
})

const rules: { readonly [Each in Role]: Rules } = {
  follower: rulesOf('follower'),
  'pre-candidate': rulesOf('pre-candidate'),
  candidate: rulesOf('candidate'),
  leader: rulesOf('leader'),
}

const nameOf = (role: Role, type: InputType, rule: string): string => `${role}: ${type}: ${rule}`

const transition = setup({
  types: {
    context: {} as MemberContext,
    events: {} as MemberEvent,
    input: {} as MemberOptions,
    meta: {} as { readonly name: string },
  },
})

/** Transitions of one role on one kind of input: one for each rule and role to which the rule may lead. */
function transitions<Type extends InputType>(role: Role, type: Type) {
  const ofType = rules[role][type] as readonly Rule<Type>[]
  return ofType.flatMap((rule) =>
    rule.to.map((target) => ({
      target: `#${target}` as const,
      guard: ({ context, event }: { context: MemberContext; event: MemberEvent }): boolean => {
        if (event.outcome.role !== target) return false
        const pattern = rule.allows(context, event as InputOf<Type> & MemberEvent)
        return pattern !== null && fits(pattern, context, event.outcome)
      },
      actions: transition.assign(({ context, event }) =>
        contextAfter(role, context, event, environmentAfter(context, event)),
      ),
      meta: { name: nameOf(role, type, rule.name) },
    })),
  )
}

const state = (role: Role) => ({
  id: role,
  on: {
    'election-timeout': transitions(role, 'election-timeout'),
    'request-vote': transitions(role, 'request-vote'),
    'request-vote-response': transitions(role, 'request-vote-response'),
    'pre-vote': transitions(role, 'pre-vote'),
    'pre-vote-response': transitions(role, 'pre-vote-response'),
    'append-entries': transitions(role, 'append-entries'),
    'append-entries-response': transitions(role, 'append-entries-response'),
    heartbeat: transitions(role, 'heartbeat'),
    'timeout-now': transitions(role, 'timeout-now'),
    propose: transitions(role, 'propose'),
    restart: transitions(role, 'restart'),
  },
})

export const memberMachine = transition.createMachine({
  id: 'member',
  initial: 'follower',
  context: ({ input }) => firstContext(input),
  states: {
    follower: state('follower'),
    'pre-candidate': state('pre-candidate'),
    candidate: state('candidate'),
    leader: state('leader'),
  },
})

export type MemberSnapshot = SnapshotFrom<typeof memberMachine>

/** A member that has just started. */
export function initialSnapshot(options: MemberOptions): MemberSnapshot {
  return getInitialSnapshot(memberMachine, options)
}

/** The state after an event; the same state if no transition accepts it. */
export function nextSnapshot(snapshot: MemberSnapshot, event: MemberEvent): MemberSnapshot {
  return getNextSnapshot(memberMachine, snapshot, event)
}

export interface NamedOutcome {
  /** Name of the transition that accepts it. */
  readonly name: string
  readonly outcome: Outcome
}

/** What may come of an input, one usual outcome for each transition. */
export function outcomesOf(role: Role, context: MemberContext, input: MemberInput): NamedOutcome[] {
  const ofType = rules[role][input.type] as readonly Rule[]
  return ofType.flatMap((rule) => {
    const pattern = rule.allows(context, input)
    if (pattern === null) return []
    return [{ name: nameOf(role, input.type, rule.name), outcome: usualOutcome(pattern, rule.to[0]!) }]
  })
}

/** Names of all transitions, in a stable order. */
export function transitionNames(): string[] {
  const roles = Object.keys(rules) as Role[]
  return roles.flatMap((role) =>
    (Object.keys(rules[role]) as InputType[]).flatMap((type) =>
      rules[role][type].map((rule) => nameOf(role, type, rule.name)),
    ),
  )
}

/** Name of the transition that accepts the event, or null where none does: the protocol forbids it. */
export function acceptingTransition(snapshot: MemberSnapshot, event: MemberEvent): string | null {
  const [first] = memberMachine.getTransitionData(snapshot, event)
  return first === undefined ? null : (first.meta as { readonly name: string }).name
}
