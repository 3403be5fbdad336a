/**
 * Membership changed one member at a time, made of the shared rules.
 *
 * Quorums are what matters here, so a request and its answer are one step, and the network is not part of the state:
 * an exchange that does not happen is a loss. A configuration is in effect as soon as it is in the log.
 *
 * State: one word a member; one word of history (as in the replication model); one that says what the leader of each
 * term proposed at each index, so that a log needs to hold terms only.
 */
import type { Emit, SystemModel, SystemProperty } from '../../explorer.ts'
import * as raftRules from '../rules.ts'
import { delivery, describeAction, nodeName, type SystemAction } from './actions.ts'

export type MembershipRules = Pick<
  typeof raftRules,
  | 'logUpToDate'
  | 'mayGrantVote'
  | 'isQuorum'
  | 'leaderMayCommit'
  | 'followerCommit'
  | 'consistent'
  | 'termAfter'
  | 'mayChangeConfiguration'
>

export interface MembershipBounds {
  /** Members that there are, at most 5; the first `voters` of them form the first configuration. */
  readonly members: number
  readonly voters: number
  /** Greatest term, at most 3. */
  readonly terms: number
  /** Longest log, at most 3. */
  readonly entries: number
  /** How many members, from the first on, ever campaign; all if absent. */
  readonly candidates?: number | undefined
}

const FOLLOWER = 0
const CANDIDATE = 1
const LEADER = 2

/**
 * A member: role (2 bits), term (2), the member voted for + 1 (3), votes received (5), commit index (2), match index of
 * each member (5 × 2), log (2 bits an entry: its term, 0 for none).
 */
const TERM = 2
const VOTE = 4
const VOTES = 7
const COMMIT = 12
const MATCH = 14
const LOG = 24
const roleOf = (member: number): number => member & 3
const termOf = (member: number): number => (member >> TERM) & 3
const voteOf = (member: number): number => (member >> VOTE) & 7
const commitOf = (member: number): number => (member >> COMMIT) & 3
const logOf = (member: number): number => (member >> LOG) & 63
const follower = (member: number, term: number, vote: number): number =>
  (member & ((3 << COMMIT) | (63 << LOG))) | FOLLOWER | (term << TERM) | (vote << VOTE)

const termAt = (log: number, index: number): number => (index === 0 ? 0 : (log >> (2 * index - 2)) & 3)
const lengthOf = (log: number): number => Math.ceil((32 - Math.clz32(log)) / 2)
const prefix = (log: number, length: number): number => log & ((1 << (2 * length)) - 1)

/** History: the log that was committed (6 bits), the terms that committed it (6), who was elected (5 bits a term). */
const COMMITTED_IN = 6
const ELECTED = 12
/** Proposals: 3 bits for each term and index; 0 is a command, else the number + 1 of the member added or removed. */
const proposalShift = (term: number, index: number): number => 3 * (3 * (term - 1) + index - 1)

/** The configuration that a log brings, as a set of members. */
function configurationOf(log: number, proposals: number, first: number): number {
  let voters = first
  for (let index = 1; index <= lengthOf(log); index++) {
    const member = (proposals >> proposalShift(termAt(log, index), index)) & 7
    if (member > 0) voters ^= 1 << (member - 1)
  }
  return voters
}

/** Index of the last entry that changes the configuration, 0 if there is none. */
function lastChange(log: number, proposals: number): number {
  let index = lengthOf(log)
  while (index > 0 && ((proposals >> proposalShift(termAt(log, index), index)) & 7) === 0) index--
  return index
}

const TIMEOUT = 0
const ASK = 1
const REPLICATE = 2
const PROPOSE = 3
const CHANGE = 4
/**
 * An action: its kind (3 bits), the member that acts (3), the other one concerned (3), whether that one is added, or the
 * append holds an entry (1), the term (2), the index before the entry (2), the commit index (2).
 */
const encode = (kind: number, node: number, other = 0, one = 0, term = 0, index = 0, commit = 0): number =>
  kind | (node << 3) | (other << 6) | (one << 9) | (term << 10) | (index << 12) | (commit << 14)

/** The membership model. `rules` are Raft's unless a test weakens one. */
export function membershipModel(
  bounds: MembershipBounds,
  rules: MembershipRules = raftRules,
): SystemModel<SystemAction> {
  const { members, voters, terms, entries, candidates = members } = bounds
  if (members < 1 || members > 5) throw new RangeError(`members must be 1 to 5, not ${members}`)
  if (voters < 1 || voters > members) throw new RangeError(`voters must be 1 to ${members}, not ${voters}`)
  if (terms < 1 || terms > 3) throw new RangeError(`terms must be 1 to 3, not ${terms}`)
  if (entries < 1 || entries > 3) throw new RangeError(`entries must be 1 to 3, not ${entries}`)
  const { logUpToDate, mayGrantVote, isQuorum, leaderMayCommit, followerCommit, consistent, termAfter } = rules
  const { mayChangeConfiguration } = rules
  const HISTORY = members
  const PROPOSALS = members + 1
  const words = members + 2
  const first = (1 << voters) - 1
  const next = new Int32Array(words)

  const observe = (member: number, term: number): number => {
    const after = termAfter(termOf(member), term)
    return after === termOf(member) ? member : follower(member, after, 0)
  }

  /** The leader after it has looked for entries that can be committed. */
  const advance = (node: number, leader: number): number => {
    const log = logOf(leader)
    const voters = configurationOf(log, next[PROPOSALS]!, first)
    for (let index = lengthOf(log); index > commitOf(leader); index--) {
      let matching = 1 << node
      for (let other = 0; other < members; other++)
        if (((leader >> (MATCH + 2 * other)) & 3) >= index) matching |= 1 << other
      if (!leaderMayCommit(termAt(log, index), termOf(leader), matching, voters, 0)) continue
      let history = next[HISTORY]!
      for (let at = lengthOf(history & 63) + 1; at <= index; at++)
        history |= (termAt(log, at) << (2 * at - 2)) | (termOf(leader) << (COMMITTED_IN + 2 * at - 2))
      next[HISTORY] = history
      return (leader & ~(3 << COMMIT)) | (index << COMMIT)
    }
    return leader
  }

  const append = (node: number, leader: number, proposal: number): number => {
    const term = termOf(leader)
    const index = lengthOf(logOf(leader)) + 1
    next[PROPOSALS]! |= proposal << proposalShift(term, index)
    return advance(node, leader | (term << (LOG + 2 * index - 2)))
  }

  const ask = (node: number, candidate: number, other: number): void => {
    const term = termOf(candidate)
    const log = logOf(candidate)
    const own = logOf(next[other]!)
    let voter = observe(next[other]!, term)
    let after = observe(candidate, termOf(voter))
    const upToDate = logUpToDate(termAt(log, lengthOf(log)), lengthOf(log), termAt(own, lengthOf(own)), lengthOf(own))
    if (mayGrantVote(term, termOf(voter), voteOf(voter) - 1, node, upToDate)) {
      voter = (voter & ~(7 << VOTE)) | ((node + 1) << VOTE)
      const votes = ((candidate >> VOTES) & 31) | (1 << other)
      after = candidate | (votes << VOTES)
      if (isQuorum(votes, configurationOf(log, next[PROPOSALS]!, first), 0)) {
        after = follower(candidate, term, node + 1) | LEADER
        next[HISTORY]! |= 1 << (ELECTED + 5 * (term - 1) + node)
      }
    }
    next[other] = voter
    next[node] = after
  }

  /** One append, from where the logs part, and its answer. Returns the action. */
  const replicate = (node: number, leader: number, other: number): number => {
    const term = termOf(leader)
    const log = logOf(leader)
    const before = next[other]!
    if (termOf(before) > term) {
      next[node] = observe(leader, termOf(before))
      return encode(REPLICATE, node, other, 0, term)
    }
    let after = follower(before, termAfter(termOf(before), term), termOf(before) < term ? 0 : voteOf(before))
    let own = logOf(before)
    let match = Math.min(lengthOf(log), lengthOf(own))
    while (!consistent(termAt(own, match), termAt(log, match))) match--
    const previous = match
    if (match < lengthOf(log)) {
      own = prefix(own, match) | prefix(log, match + 1)
      match++
    }
    const commit = followerCommit(commitOf(before), commitOf(leader), match)
    after = (after & ~(3 << COMMIT) & ~(63 << LOG)) | (commit << COMMIT) | (own << LOG)
    next[other] = after
    next[node] = advance(node, (leader & ~(3 << (MATCH + 2 * other))) | (match << (MATCH + 2 * other)))
    return encode(REPLICATE, node, other, match - previous, term, previous, commitOf(leader))
  }

  const successors = (states: Int32Array, at: number, emit: Emit): void => {
    const proposals = states[at + PROPOSALS]!
    /** Emits what lies in `next`, unless nothing has changed, and starts afresh. */
    const step = (action: number): void => {
      let changed = false
      for (let k = 0; k < words; k++) if (next[k] !== states[at + k]) changed = true
      if (!changed) return
      emit(action)
      for (let k = 0; k < words; k++) next[k] = states[at + k]!
    }
    for (let k = 0; k < words; k++) next[k] = states[at + k]!

    for (let node = 0; node < members; node++) {
      const member = states[at + node]!
      const term = termOf(member)
      const log = logOf(member)
      const role = roleOf(member)
      const voters = configurationOf(log, proposals, first)
      if (role !== LEADER && term < terms && node < candidates && (voters & (1 << node)) !== 0) {
        next[node] = follower(member, term + 1, node + 1) | CANDIDATE | (1 << (VOTES + node))
        // Who is alone needs no other vote.
        if (isQuorum(1 << node, voters, 0)) {
          next[node] = follower(member, term + 1, node + 1) | LEADER
          next[HISTORY]! |= 1 << (ELECTED + 5 * term + node)
        }
        step(encode(TIMEOUT, node))
      }
      for (let other = 0; other < members; other++) {
        if (other === node || (voters & (1 << other)) === 0) continue
        if (role === CANDIDATE) {
          ask(node, member, other)
          step(encode(ASK, node, other, 0, term))
        } else if (role === LEADER) {
          step(replicate(node, member, other))
        }
      }
      if (role !== LEADER || lengthOf(log) === entries) continue
      next[node] = append(node, member, 0)
      step(encode(PROPOSE, node))
      const commit = commitOf(member)
      if (!mayChangeConfiguration(commit, lastChange(log, proposals), termAt(log, commit), term)) continue
      for (let other = 0; other < members; other++) {
        if (voters === 1 << other) continue
        next[node] = append(node, member, other + 1)
        step(encode(CHANGE, node, other, (voters & (1 << other)) === 0 ? 1 : 0))
      }
    }
  }

  const decodeAction = (action: number): SystemAction => {
    const kind = action & 7
    const node = (action >> 3) & 7
    const other = (action >> 6) & 7
    const one = (action >> 9) & 1
    const term = (action >> 10) & 3
    if (kind === TIMEOUT) return { type: 'timeout', node: nodeName(node) }
    if (kind === PROPOSE) return { type: 'propose', node: nodeName(node) }
    if (kind === CHANGE) return { type: one === 1 ? 'add' : 'remove', node: nodeName(node), member: nodeName(other) }
    if (kind === ASK) return { ...delivery(node, other, 'request-vote', term), type: 'exchange' }
    const details = { index: (action >> 12) & 3, entries: one, commit: (action >> 14) & 3 }
    return { ...delivery(node, other, 'append-entries', term, details), type: 'exchange' }
  }

  const always = (name: string, holds: SystemProperty['holds']): SystemProperty => ({ name, kind: 'always', holds })
  const properties: SystemProperty[] = [
    always('election safety', (states, at) => {
      for (let term = 1; term <= terms; term++)
        if (raftRules.countBits((states[at + HISTORY]! >> (ELECTED + 5 * (term - 1))) & 31) > 1) return false
      return true
    }),
    always('leader completeness', (states, at) => {
      const history = states[at + HISTORY]!
      for (let node = 0; node < members; node++) {
        const member = states[at + node]!
        if (roleOf(member) !== LEADER) continue
        for (let index = 1; index <= lengthOf(history & 63); index++)
          if (
            termOf(member) >= termAt((history >> COMMITTED_IN) & 63, index) &&
            termAt(logOf(member), index) !== termAt(history & 63, index)
          )
            return false
      }
      return true
    }),
    always('state machine safety', (states, at) => {
      const committed = states[at + HISTORY]! & 63
      for (let node = 0; node < members; node++) {
        const commit = commitOf(states[at + node]!)
        if (prefix(logOf(states[at + node]!), commit) !== prefix(committed, commit)) return false
      }
      return true
    }),
    {
      name: 'a removed leader',
      kind: 'sometimes',
      holds: (states, at) => {
        for (let node = 0; node < members; node++) {
          const member = states[at + node]!
          if (roleOf(member) !== LEADER) continue
          const settled = prefix(logOf(member), commitOf(member))
          if ((configurationOf(settled, states[at + PROPOSALS]!, first) & (1 << node)) === 0) return true
        }
        return false
      },
    },
  ]

  const describeMember = (node: number, member: number, proposals: number): string => {
    const role = ['follower', 'candidate', 'leader'][roleOf(member)]!
    const log = logOf(member)
    const texts = Array.from({ length: lengthOf(log) }, (_, i) => {
      const changed = (proposals >> proposalShift(termAt(log, i + 1), i + 1)) & 7
      return `${termAt(log, i + 1)}${changed === 0 ? '' : `±${nodeName(changed - 1)}`}`
    })
    return `${nodeName(node)} ${role} term ${termOf(member)} log [${texts.join(' ')}] commit ${commitOf(member)}`
  }

  return {
    name: `membership, ${voters} of ${members} members, ${terms} terms, ${entries} entries`,
    words,
    next,
    properties,
    initial(emit) {
      next.fill(0)
      emit(0)
    },
    successors,
    describe: (states, at) => {
      const lines: string[] = []
      for (let node = 0; node < members; node++)
        lines.push(describeMember(node, states[at + node]!, states[at + PROPOSALS]!))
      return lines.join('; ')
    },
    describeAction: (action) => describeAction(decodeAction(action)),
    decodeAction,
  }
}
