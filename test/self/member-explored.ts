/** Transitions of the system models, as triples of the member model: who acts is n1 there. */
import type { SystemModel } from '../../models/explorer.ts'
import { firstContext } from '../../models/raft/member.ts'
import { NOBODY, SELF, termAt as termInLog } from '../../models/raft/member/state.ts'
import type { MemberContext, MemberEvent, MemberInput, Outcome } from '../../models/raft/member/state.ts'
import { consistent, lastNewIndex } from '../../models/raft/rules.ts'
import type { Delivery, SystemAction } from '../../models/raft/system/actions.ts'
import {
  commitOf,
  lengthOf,
  logOf,
  matchOf,
  roleOf,
  termAt,
  termOf,
  voteOf,
} from '../../models/raft/system/replication.ts'
import type { Role } from '../../models/raft/vocabulary.ts'
import { pick } from '../../traces/schedule/draw.ts'
import type { Draw } from '../../traces/schedule/draw.ts'

/** A member of a system model: members are numbered from 0 there too. */
export interface ExploredMember {
  readonly role: Role
  readonly term: number
  readonly vote: number
  readonly log: readonly number[]
  readonly commit: number
  readonly match: readonly number[]
}

export interface ExploredTriple {
  readonly role: Role
  readonly context: MemberContext
  readonly event: MemberEvent
}

const roles: readonly Role[] = ['follower', 'candidate', 'leader']
const MEMBERS = [0, 1, 2]

export function replicationMember(states: Int32Array, at: number, node: number): ExploredMember {
  const member = states[at + node]!
  const log = logOf(member)
  return {
    role: roles[roleOf(member)]!,
    term: termOf(member),
    vote: voteOf(member) - 1,
    log: Array.from({ length: lengthOf(log) }, (_, place) => termAt(log, place + 1)),
    commit: commitOf(member),
    match: MEMBERS.map((other) => matchOf(member, other)),
  }
}

/** Members of the election model have no logs: they are read from what it says of them. */
export function electionMember(model: SystemModel<SystemAction>) {
  return (states: Int32Array, at: number, node: number): ExploredMember => {
    const words = model.describe(states, at).split('; ')[node]!
    const [, role, term, vote] = /^n\d (\S+) term (\d+) vote (\S+)$/.exec(words)!
    const votedFor = vote === '-' ? NOBODY : Number(vote!.slice(1)) - 1
    return { role: role as Role, term: Number(term), vote: votedFor, log: [], commit: 0, match: [0, 0, 0] }
  }
}

/** One random walk through a system model; each of its steps that the member model knows, as a triple. */
export function walkSystem(
  model: SystemModel<SystemAction>,
  memberOf: (states: Int32Array, at: number, node: number) => ExploredMember,
  draw: Draw,
  length: number,
  visit: (triple: ExploredTriple) => void,
): void {
  const { words, next } = model
  let state: Int32Array = new Int32Array(words)
  model.initial(() => (state = next.slice()))
  for (let step = 0; step < length; step++) {
    const successors: { readonly action: number; readonly after: Int32Array }[] = []
    model.successors(state, 0, (action) => successors.push({ action, after: next.slice() }))
    if (successors.length === 0) return
    const { action, after } = pick(draw, successors)
    const triple = tripleOf(model.decodeAction(action), (states, node) => memberOf(states, 0, node), state, after)
    if (triple !== null) visit(triple)
    state = after
  }
}

function tripleOf(
  action: SystemAction,
  memberOf: (states: Int32Array, node: number) => ExploredMember,
  before: Int32Array,
  after: Int32Array,
): ExploredTriple | null {
  const self = numberOf('to' in action ? action.to : action.node)
  const seen = (member: number): number => (member === NOBODY ? NOBODY : (member - self + 3) % 3)
  const then = memberOf(before, self)
  const now = memberOf(after, self)
  const input = inputOf(action, seen)
  if (input === null) return null
  const context: MemberContext = {
    ...firstContext({ preVote: false, terms: 4 }),
    term: then.term,
    vote: seen(then.vote),
    leader: then.role === 'leader' ? SELF : NOBODY,
    log: then.log,
    commit: then.commit,
    match:
      then.role === 'leader'
        ? MEMBERS.map((member) => (member === 0 ? 0 : then.match[(member + self) % 3]!))
        : [0, 0, 0],
  }
  const fromLeader = input.type === 'append-entries' && input.term === now.term
  const outcome: Outcome = {
    role: now.role,
    term: now.term,
    vote: seen(now.vote),
    leader: now.role === 'leader' ? SELF : fromLeader ? input.from : NOBODY,
    log: now.log,
    commit: now.commit,
    ...replyOf(input, context, now, seen),
  }
  return { role: then.role, context, event: { ...input, outcome } }
}

const numberOf = (node: string): number => Number(node.slice(1)) - 1

function inputOf(action: SystemAction, seen: (member: number) => number): MemberInput | null {
  switch (action.type) {
    case 'timeout':
      return { type: 'election-timeout' }
    case 'propose':
      return { type: 'propose' }
    case 'crash':
      return { type: 'restart' }
    case 'deliver':
      return messageOf(action, seen(numberOf(action.from)))
    default:
      return null
  }
}

function messageOf(
  { kind, term, refused, index, logTerm, entryTerm, commit }: Delivery,
  from: number,
): MemberInput | null {
  switch (kind) {
    case 'request-vote':
      return { type: kind, from, term, lastIndex: index, lastTerm: logTerm }
    case 'request-vote-response':
      return { type: kind, from, term, granted: !refused }
    case 'append-entries': {
      const entries = entryTerm > 0 ? [entryTerm] : []
      return { type: kind, from, term, previousIndex: index, previousTerm: logTerm, entries, commit }
    }
    case 'append-entries-response':
      return { type: kind, from, term, success: true, index }
    default:
      return null
  }
}

/** Refusals are not in the models' network: they are what is said where no grant and no acknowledgement is. */
function replyOf(
  input: MemberInput,
  context: MemberContext,
  after: ExploredMember,
  seen: (member: number) => number,
): Pick<Outcome, 'reply' | 'acknowledged'> {
  if (input.type === 'request-vote' && input.term === after.term) {
    return { reply: seen(after.vote) === input.from ? 'granted' : 'refused', acknowledged: 0 }
  }
  if (input.type === 'append-entries' && input.term === after.term) {
    const matches = consistent(termInLog(context.log, input.previousIndex), input.previousTerm)
    const last = lastNewIndex(input.previousIndex, input.entries.length)
    return matches ? { reply: 'success', acknowledged: last } : { reply: 'failure', acknowledged: 0 }
  }
  return { reply: 'none', acknowledged: 0 }
}
