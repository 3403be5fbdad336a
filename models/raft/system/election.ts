/**
 * Elections among three members, without logs: who campaigns, who votes, who leads.
 *
 * A message is consumed when it is delivered; none is lost or duplicated. A refused vote is not answered. With `crash`
 * a candidate or leader may restart, and keeps its term and its vote.
 *
 * State: two words. A message is a bit: term by term, six bits of requests and six of votes, one for each ordered pair
 * (candidate, voter). Terms 1 and 2 fill the second word; term 3 shares the first with the members.
 */
import type { Emit, SystemModel } from '../../explorer.ts'
import * as raftRules from '../rules.ts'
import { delivery, describeAction, nodeName, type SystemAction } from './actions.ts'

export type ElectionRules = Pick<typeof raftRules, 'mayGrantVote' | 'isQuorum' | 'termAfter' | 'mustFollow'>

export interface ElectionBounds {
  /** Greatest term, at most 3. */
  readonly terms: number
  /** Whether candidates and leaders may crash. */
  readonly crash: boolean
}

const MEMBERS = 3
const EVERYBODY = 0b111

const FOLLOWER = 0
const CANDIDATE = 1
const LEADER = 2

/**
 * A member: role (2 bits), term (2), the member voted for + 1 (2). The votes that a candidate received need no bits:
 * of three members it has its own only, or it leads.
 */
const MEMBER_BITS = 6
const MEMBER_MASK = (1 << MEMBER_BITS) - 1
const pack = (role: number, term: number, vote: number): number => role | (term << 2) | (vote << 4)

/** The ordered pairs of members; those of one candidate are neighbours. */
const PAIRS = 6
const CANDIDATE_OF = Int32Array.of(0, 0, 1, 1, 2, 2)
const VOTER_OF = Int32Array.of(1, 2, 0, 2, 0, 1)

/** Messages of one term: requests, then votes. */
const TERM_BITS = 2 * PAIRS
/** Number of the first message of term 3, and where it lies in the first word. */
const THIRD = 2 * TERM_BITS
const THIRD_SHIFT = MEMBERS * MEMBER_BITS
const bitInFirst = (message: number): number => (message < THIRD ? 0 : 1 << (message - THIRD + THIRD_SHIFT))
const bitInSecond = (message: number): number => (message < THIRD ? 1 << message : 0)

const TIMEOUT = 0
const DELIVER = 1
const CRASH = 2
/** An action: its kind (2 bits), and a member or the number of a message. */
const encode = (kind: number, subject: number): number => kind | (subject << 2)

/** The election model. `rules` are Raft's unless a test weakens one. */
export function electionModel(bounds: ElectionBounds, rules: ElectionRules = raftRules): SystemModel<SystemAction> {
  const { terms, crash } = bounds
  if (terms < 1 || terms > 3) throw new RangeError(`terms must be 1 to 3, not ${terms}`)
  const { mayGrantVote, isQuorum, termAfter, mustFollow } = rules
  const next = new Int32Array(2)

  const decodeAction = (action: number): SystemAction => {
    const kind = action & 3
    const subject = action >> 2
    if (kind === TIMEOUT) return { type: 'timeout', node: nodeName(subject) }
    if (kind === CRASH) return { type: 'crash', node: nodeName(subject) }
    const pair = subject % PAIRS
    const candidate = CANDIDATE_OF[pair]!
    const voter = VOTER_OF[pair]!
    const term = Math.floor(subject / TERM_BITS) + 1
    return subject % TERM_BITS < PAIRS
      ? delivery(candidate, voter, 'request-vote', term)
      : delivery(voter, candidate, 'request-vote-response', term)
  }

  const deliver = (first: number, second: number, message: number, emit: Emit): void => {
    const sent = message < TERM_BITS ? 1 : message < THIRD ? 2 : 3
    const inTerm = message - (sent - 1) * TERM_BITS
    const isRequest = inTerm < PAIRS
    const pair = isRequest ? inTerm : inTerm - PAIRS
    const shift = (isRequest ? VOTER_OF[pair]! : CANDIDATE_OF[pair]!) * MEMBER_BITS
    const before = (first >> shift) & MEMBER_MASK
    const term = (before >> 2) & 3
    let after = before
    let answer = 0
    if (isRequest) {
      if (sent > term) after = pack(FOLLOWER, termAfter(term, sent), 0)
      else if (mustFollow(term, sent, (before & 3) === LEADER, false)) after = before & ~3
      const candidate = CANDIDATE_OF[pair]!
      if (mayGrantVote(sent, (after >> 2) & 3, ((after >> 4) & 3) - 1, candidate, true)) {
        after = (after & 15) | ((candidate + 1) << 4)
        answer = PAIRS
      }
    } else if ((before & 3) === CANDIDATE && term === sent) {
      const received = (1 << CANDIDATE_OF[pair]!) | (1 << VOTER_OF[pair]!)
      if (isQuorum(received, EVERYBODY, 0)) after = (before & ~3) | LEADER
    }
    next[0] = first ^ ((before ^ after) << shift) ^ bitInFirst(message)
    next[1] = second ^ bitInSecond(message)
    if (answer > 0) {
      next[0]! |= bitInFirst(message + answer)
      next[1]! |= bitInSecond(message + answer)
    }
    emit(encode(DELIVER, message))
  }

  return {
    name: `election, ${terms} terms${crash ? ', crashes' : ''}`,
    words: 2,
    next,
    properties: [
      { name: 'election safety', kind: 'always', holds: (states, at) => oneLeaderPerTerm(states[at]!) },
      { name: 'leader', kind: 'sometimes', holds: (states, at) => countRole(states[at]!, LEADER) > 0 },
      { name: 'split vote', kind: 'sometimes', holds: (states, at) => splitVote(states[at]!) },
      { name: 'two live leaders', kind: 'sometimes', holds: (states, at) => countRole(states[at]!, LEADER) > 1 },
    ],

    initial(emit) {
      next.fill(0)
      emit(0)
    },

    successors(states, at, emit) {
      const first = states[at]!
      const second = states[at + 1]!
      for (let node = 0; node < MEMBERS; node++) {
        const shift = node * MEMBER_BITS
        const before = (first >> shift) & MEMBER_MASK
        const role = before & 3
        const term = (before >> 2) & 3
        if (role !== LEADER && term < terms) {
          const after = pack(CANDIDATE, term + 1, node + 1)
          const request = term * TERM_BITS + 2 * node
          next[0] = (first ^ ((before ^ after) << shift)) | bitInFirst(request) | bitInFirst(request + 1)
          next[1] = second | bitInSecond(request) | bitInSecond(request + 1)
          emit(encode(TIMEOUT, node))
        }
        if (crash && role !== FOLLOWER) {
          next[0] = first ^ (role << shift)
          next[1] = second
          emit(encode(CRASH, node))
        }
      }
      for (let rest = second; rest !== 0; rest &= rest - 1) deliver(first, second, 31 - Math.clz32(rest & -rest), emit)
      for (let rest = first >> THIRD_SHIFT; rest !== 0; rest &= rest - 1)
        deliver(first, second, THIRD + 31 - Math.clz32(rest & -rest), emit)
    },

    describe(states, at) {
      const lines: string[] = []
      for (let node = 0; node < MEMBERS; node++) {
        const member = (states[at]! >> (node * MEMBER_BITS)) & MEMBER_MASK
        const role = ['follower', 'candidate', 'leader'][member & 3]!
        const vote = (member >> 4) & 3
        lines.push(`${nodeName(node)} ${role} term ${(member >> 2) & 3} vote ${vote === 0 ? '-' : nodeName(vote - 1)}`)
      }
      return lines.join('; ')
    },
    describeAction: (action) => describeAction(decodeAction(action)),
    decodeAction,
  }
}

const roleOf = (members: number, node: number): number => (members >> (node * MEMBER_BITS)) & 3
const termOf = (members: number, node: number): number => (members >> (node * MEMBER_BITS + 2)) & 3

function oneLeaderPerTerm(members: number): boolean {
  for (let a = 0; a < MEMBERS; a++) {
    if (roleOf(members, a) !== LEADER) continue
    for (let b = a + 1; b < MEMBERS; b++)
      if (roleOf(members, b) === LEADER && termOf(members, a) === termOf(members, b)) return false
  }
  return true
}

function countRole(members: number, role: number): number {
  let count = 0
  for (let node = 0; node < MEMBERS; node++) if (roleOf(members, node) === role) count++
  return count
}

/** Everybody is a candidate of one term: nobody can win it. */
function splitVote(members: number): boolean {
  return (
    countRole(members, CANDIDATE) === MEMBERS &&
    termOf(members, 0) === termOf(members, 1) &&
    termOf(members, 1) === termOf(members, 2)
  )
}
