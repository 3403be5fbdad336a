/**
 * What the member machine sees and remembers: inputs, outcomes, and the state of one member, n1, among three voters.
 *
 * Members are numbered from 0 (n1 is 0). Indexes count from the first entry after what the log began with, terms from
 * the term at the start: a log is the list of its entries' terms.
 */
import type { Role } from '../vocabulary.ts'
import { lastNewIndex, matchAfter } from '../rules.ts'
import type { Environment } from './environment.ts'

export const SELF = 0
export const NOBODY = -1
/** The three voters, as bits. */
export const VOTERS = 0b111
export const PEERS: readonly number[] = [1, 2]

export interface VoteRequest<Type extends 'request-vote' | 'pre-vote'> {
  readonly type: Type
  readonly from: number
  readonly term: number
  readonly lastIndex: number
  readonly lastTerm: number
}

export interface VoteResponse<Type extends 'request-vote-response' | 'pre-vote-response'> {
  readonly type: Type
  readonly from: number
  readonly term: number
  readonly granted: boolean
}

/** What n1 is given. Messages come from peers that the harness plays. */
export type MemberInput =
  /** Its clock goes on until it must have campaigned; a leader just goes on leading. */
  | { readonly type: 'election-timeout' }
  | VoteRequest<'request-vote'>
  | VoteRequest<'pre-vote'>
  | VoteResponse<'request-vote-response'>
  | VoteResponse<'pre-vote-response'>
  | {
      readonly type: 'append-entries'
      readonly from: number
      readonly term: number
      readonly previousIndex: number
      readonly previousTerm: number
      /** Terms of the entries. */
      readonly entries: readonly number[]
      readonly commit: number
    }
  | {
      readonly type: 'append-entries-response'
      readonly from: number
      readonly term: number
      readonly success: boolean
      /** On success: the index up to which the logs match. On refusal: the refused previous index. */
      readonly index: number
    }
  | { readonly type: 'heartbeat'; readonly from: number; readonly term: number; readonly commit: number }
  | { readonly type: 'timeout-now'; readonly from: number; readonly term: number }
  | { readonly type: 'propose' }
  /** A crash that loses nothing that was written, and a restart. */
  | { readonly type: 'restart' }

export type InputType = MemberInput['type']
export type InputOf<Type extends InputType> = Extract<MemberInput, { type: Type }>

/** How a request was answered; `none` if it was not, as if the answer was lost. */
export type ReplyKind = 'none' | 'granted' | 'refused' | 'success' | 'failure'

/** What was observed when n1 had come to rest again, all its writes acknowledged. */
export interface Outcome {
  readonly role: Role
  readonly term: number
  readonly vote: number
  readonly leader: number
  readonly log: readonly number[]
  readonly commit: number
  readonly reply: ReplyKind
  /** Of a `success`: the acknowledged index; else 0. */
  readonly acknowledged: number
}

/** An input together with what came of it. */
export type MemberEvent = MemberInput & { readonly outcome: Outcome }

/** All of a member but its role, which is the state of the machine. */
export interface MemberContext {
  readonly preVote: boolean
  readonly term: number
  readonly vote: number
  readonly leader: number
  readonly log: readonly number[]
  readonly commit: number
  /** Who it last named leader of its term, though it may name nobody now. */
  readonly named: number
  /** Peers that refused the vote, or pre-vote, that is under way: bits. */
  readonly refusals: number
  /** Whether it asked for pre-votes in this term, so that answers may be under way. */
  readonly asked: boolean
  /** Of a leader, by member: up to where each acknowledged the log in this term. */
  readonly match: readonly number[]
  /** Up to where its log is known to match that of the leader of its term. */
  readonly verified: number
  /** What its peers have let it know of themselves. */
  readonly environment: Environment
}

/** Term of the entry at this index: 0 where the log begins, -1 beyond its end. */
export function termAt(log: readonly number[], index: number): number {
  return index === 0 ? 0 : (log[index - 1] ?? -1)
}

export function lastTerm(log: readonly number[]): number {
  return log[log.length - 1] ?? 0
}

export function sameLog(left: readonly number[], right: readonly number[]): boolean {
  return left.length === right.length && left.every((term, at) => term === right[at])
}

/** What is known of the peers' copies after an input, in the term that the leader still leads. */
export function matchWith(context: MemberContext, input: MemberInput): readonly number[] {
  if (input.type !== 'append-entries-response' || !input.success || input.term !== context.term) return context.match
  return context.match.map((match, member) => (member === input.from ? matchAfter(match, input.index) : match))
}

/** What n1 itself remembers after an event; its environment comes with it. */
export function contextAfter(
  role: Role,
  context: MemberContext,
  event: MemberEvent,
  environment: Environment,
): MemberContext {
  const { outcome } = event
  const sameTerm = outcome.term === context.term
  const sameOffice = sameTerm && outcome.role === role
  return {
    preVote: context.preVote,
    term: outcome.term,
    vote: outcome.vote,
    leader: outcome.leader,
    log: outcome.log,
    commit: outcome.commit,
    named: outcome.leader !== NOBODY ? outcome.leader : sameTerm ? context.named : NOBODY,
    refusals: sameOffice ? refusalsAfter(role, context, event) : 0,
    asked: outcome.role === 'pre-candidate' || (sameTerm && context.asked),
    match: sameOffice && role === 'leader' ? matchWith(context, event) : [0, 0, 0],
    verified: verifiedAfter(context, event, sameTerm),
    environment,
  }
}

function refusalsAfter(role: Role, context: MemberContext, event: MemberEvent): number {
  const { refusals, term } = context
  switch (event.type) {
    case 'election-timeout':
      return 0
    case 'request-vote-response':
      return role === 'candidate' && event.term === term && !event.granted ? refusals | (1 << event.from) : refusals
    case 'pre-vote-response':
      return role === 'pre-candidate' && !event.granted ? refusals | (1 << event.from) : refusals
    default:
      return refusals
  }
}

function verifiedAfter(context: MemberContext, event: MemberEvent, sameTerm: boolean): number {
  if (event.type === 'restart') return 0
  const verified = sameTerm ? context.verified : 0
  if (event.type !== 'append-entries' || event.term !== event.outcome.term) return verified
  const { previousIndex, previousTerm, entries } = event
  if (termAt(context.log, previousIndex) !== previousTerm) return verified
  return Math.max(verified, lastNewIndex(previousIndex, entries.length))
}
