/** What the protocol allows to come of an input: a pattern that an observed outcome fits, or does not. */
import type { Role } from '../vocabulary.ts'
import { knownLeader } from './environment.ts'
import { NOBODY, SELF, sameLog } from './state.ts'
import type { InputOf, InputType, MemberContext, Outcome, ReplyKind } from './state.ts'

export interface Pattern {
  readonly term: number
  readonly vote: number
  readonly log: readonly number[]
  /** A leader may add entries of its term at any time, as if somebody had proposed them. */
  readonly grows: boolean
  /** The usual commit index, and where it is free how far to commit: the least and the greatest. */
  readonly commit: number
  readonly commitAtLeast: number
  readonly commitAtMost: number
  readonly leader: number
  /** Whether it must name that leader; else it may as well name nobody. */
  readonly mustNameLeader: boolean
  /** Answers that are allowed, the usual one first. */
  readonly replies: readonly ReplyKind[]
  /** Of a `success`: the usual index, and the greatest. */
  readonly acknowledges: number
  readonly acknowledgesAtMost: number
}

/** One transition of the machine, as far as it concerns one role and one kind of input. */
interface RuleOn<Input> {
  readonly name: string
  /** Role afterwards; the usual one first. */
  readonly to: readonly Role[]
  /** What is allowed, or null where the rule does not apply. */
  allows(context: MemberContext, input: Input): Pattern | null
}

export type Rule<Type extends InputType = InputType> = RuleOn<InputOf<Type>>

/** Everything stays, and nothing is answered, but for what is given. */
export function keeps(context: MemberContext, changes: Partial<Pattern> = {}): Pattern {
  const { term, vote, log, commit, leader } = context
  const pattern: Pattern = {
    term,
    vote,
    log,
    grows: false,
    commit,
    commitAtLeast: commit,
    commitAtMost: commit,
    leader,
    mustNameLeader: false,
    replies: ['none'],
    acknowledges: 0,
    acknowledgesAtMost: 0,
  }
  return { ...pattern, ...changes }
}

/** As a follower of a newer term that has voted for nobody in it. */
export function follows(context: MemberContext, term: number, changes: Partial<Pattern> = {}): Pattern {
  return keeps(context, { term, vote: NOBODY, leader: NOBODY, ...changes })
}

/** Roles of a member that stays what it is. Whoever stands for election may give up at any time, as in a restart. */
export function staying(role: Role): readonly Role[] {
  return role === 'candidate' || role === 'pre-candidate' ? [role, 'follower'] : [role]
}

export function fits(pattern: Pattern, context: MemberContext, outcome: Outcome): boolean {
  const { role, term, leader, reply } = outcome
  return (
    term === pattern.term &&
    outcome.vote === pattern.vote &&
    outcome.commit >= pattern.commitAtLeast &&
    outcome.commit <= pattern.commitAtMost &&
    (pattern.grows ? extendsLog(pattern.log, outcome.log, term) : sameLog(pattern.log, outcome.log)) &&
    (pattern.mustNameLeader ? leader === pattern.leader : mayName(context, role, term, leader)) &&
    pattern.replies.includes(reply) &&
    (reply !== 'success' || outcome.acknowledged <= Math.min(pattern.acknowledgesAtMost, outcome.log.length))
  )
}

/** A member may name nobody, or the leader of its term; where it cannot know, it may guess, but once only. */
function mayName(context: MemberContext, role: Role, term: number, leader: number): boolean {
  if (leader === NOBODY) return true
  if (role === 'leader') return leader === SELF
  const known = knownLeader(context.environment, term)
  if (known !== NOBODY) return leader === known
  return term !== context.term || context.named === NOBODY || leader === context.named
}

function extendsLog(log: readonly number[], longer: readonly number[], term: number): boolean {
  return longer.length >= log.length && longer.every((entry, at) => entry === (log[at] ?? term))
}

/** The outcome that an implementation usually shows where a pattern leaves it free. */
export function usualOutcome(pattern: Pattern, role: Role): Outcome {
  const { term, vote, log, commit, leader, replies, acknowledges } = pattern
  const reply = replies[0]!
  return { role, term, vote, leader, log, commit, reply, acknowledged: reply === 'success' ? acknowledges : 0 }
}
