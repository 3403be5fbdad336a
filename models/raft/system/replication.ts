/**
 * Elections and log replication among three members, made of the shared rules.
 *
 * The network is the set of all messages ever sent: delivering one does not consume it. So every message may be late,
 * lost, repeated or overtaken. Since an early message does no harm, a leader sends at once whatever it could send: each
 * entry of its log alone, and each empty append. There are no refusals in the network: whoever has moved on may refuse
 * a campaign of the past at any time. A restart is part of its crash.
 *
 * With `snapshots`, a leader may discard its log up to its commit index, and sends a snapshot instead.
 *
 * Two things abstract from implementations, and both allow more than they do: a leader may send any part of its log at
 * any time (no next index), and an append holds at most one entry (a longer one is the same as its parts in order).
 */
import type { Emit, SystemModel, SystemProperty } from '../../explorer.ts'
import * as raftRules from '../rules.ts'
import { delivery, describeAction, nodeName, type SystemAction } from './actions.ts'

export type ReplicationRules = Pick<
  typeof raftRules,
  | 'logUpToDate'
  | 'mayGrantVote'
  | 'isQuorum'
  | 'leaderMayCommit'
  | 'followerCommit'
  | 'consistent'
  | 'conflicts'
  | 'termAfter'
  | 'mustFollow'
  | 'isStale'
  | 'countsAnswer'
  | 'lastNewIndex'
  | 'matchAfter'
  | 'bringsNews'
  | 'retainsSuffix'
>

export interface ReplicationBounds {
  /** Greatest term, at most 4. */
  readonly terms: number
  /** Longest log, at most 3. */
  readonly entries: number
  /** Most crashes in all, at most 3. */
  readonly crashes: number
  /** Whether leaders compact their logs. */
  readonly snapshots?: boolean | undefined
}

/** What a member finds again after a crash. */
export interface Durable {
  readonly term: boolean
  readonly vote: boolean
  readonly log: boolean
}

const MEMBERS = 3
const EVERYBODY = 0b111

export const FOLLOWER = 0
export const CANDIDATE = 1
export const LEADER = 2

/**
 * A member, one word: role (2 bits), term (3), the member voted for + 1 (2), votes received (3), commit index (2), match
 * index of each member (3 × 2), log (3 bits an entry: its term, 0 for none), index up to which the log was discarded (2).
 * Discarded entries stay readable to the invariants, not to the member. Two last bits say that a snapshot has reached it
 * while its log went beyond, and that an append has while its snapshot went beyond.
 */
const TERM = 2
const VOTE = 5
const VOTES = 7
const COMMIT = 10
const MATCH = 12
const LOG = 18
const BASE = 27
export const SNAPSHOT_BEHIND_APPEND = 1 << 29
export const APPEND_BEHIND_SNAPSHOT = 1 << 30
const KEPT = (3 << COMMIT) | (511 << LOG) | (3 << BASE) | SNAPSHOT_BEHIND_APPEND | APPEND_BEHIND_SNAPSHOT
const VOLATILE = 3 | (7 << VOTES) | (3 << COMMIT) | (63 << MATCH)

export const roleOf = (member: number): number => member & 3
export const termOf = (member: number): number => (member >> TERM) & 7
export const voteOf = (member: number): number => (member >> VOTE) & 3
export const commitOf = (member: number): number => (member >> COMMIT) & 3
export const logOf = (member: number): number => (member >> LOG) & 511
export const matchOf = (member: number, other: number): number => (member >> (MATCH + 2 * other)) & 3
const baseOf = (member: number): number => (member >> BASE) & 3
const withCommit = (member: number, commit: number): number => (member & ~(3 << COMMIT)) | (commit << COMMIT)
const withLog = (member: number, log: number): number => (member & ~(511 << LOG)) | (log << LOG)
const withBase = (member: number, base: number): number => (member & ~(3 << BASE)) | (base << BASE)
/** The member as a follower: of its offices nothing is left. */
const follower = (member: number, term: number, vote: number): number =>
  (member & KEPT) | FOLLOWER | (term << TERM) | (vote << VOTE)

/** Logs: 3 bits an entry, from index 1 on. */
export const termAt = (log: number, index: number): number => (index === 0 ? 0 : (log >> (3 * index - 3)) & 7)
export const lengthOf = (log: number): number => Math.ceil((32 - Math.clz32(log)) / 3)
export const prefix = (log: number, length: number): number => log & ((1 << (3 * length)) - 1)

/**
 * The last fixed word is history, which no member sees: the log that was committed (9 bits), the term of the leader
 * that committed each entry (9), how many crashes there were (2), and who was elected in each term (3 bits a term).
 */
const HISTORY = 3
const COMMITTED_IN = 9
const CRASHES = 18
const ELECTED = 20
const MESSAGES = 4
export const committedOf = (history: number): number => history & 511
const committedInOf = (history: number): number => (history >> COMMITTED_IN) & 511
export const electedIn = (history: number, term: number): number => (history >>> (ELECTED + 3 * (term - 1))) & 7

const TIMEOUT = 0
const DELIVER = 1
const REFUSE = 2
const PROPOSE = 3
const CRASH = 4
const COMPACT = 5
/** An action: its kind (3 bits), the member concerned (2), the other end of the link (2), the number of the message (of a refusal: its term). */
const encode = (kind: number, node: number, from: number, message: number): number =>
  kind | (node << 3) | (from << 5) | (message << 7)

/** The replication model. `rules` and `durable` are Raft's unless a test weakens one. */
export function replicationModel(
  bounds: ReplicationBounds,
  properties: readonly SystemProperty[] = replicationProperties,
  rules: ReplicationRules = raftRules,
  durable: Durable = { term: true, vote: true, log: true },
): SystemModel<SystemAction> {
  const { terms, entries, crashes, snapshots = false } = bounds
  if (terms < 1 || terms > 4) throw new RangeError(`terms must be 1 to 4, not ${terms}`)
  if (entries < 1 || entries > 3) throw new RangeError(`entries must be 1 to 3, not ${entries}`)
  if (crashes < 0 || crashes > 3) throw new RangeError(`crashes must be 0 to 3, not ${crashes}`)
  const { logUpToDate, mayGrantVote, isQuorum, leaderMayCommit, followerCommit, consistent, conflicts } = rules
  const { termAfter, mustFollow, isStale, countsAnswer, lastNewIndex, matchAfter, bringsNews, retainsSuffix } = rules
  const messages = numberMessages(terms, entries, snapshots)
  const words = MESSAGES + Math.ceil(messages.count / 32)
  const next = new Int32Array(words)
  const lost =
    (durable.term ? 0 : 7 << TERM) | (durable.vote ? 0 : 3 << VOTE) | (durable.log ? 0 : (511 << LOG) | (3 << BASE))

  /** Whether `next` holds a message that its predecessor did not. */
  let sentNew = false
  const send = (message: number): void => {
    const word = MESSAGES + (message >> 5)
    const bit = 1 << (message & 31)
    if ((next[word]! & bit) !== 0) return
    next[word]! |= bit
    sentNew = true
  }

  /** Sends all that the leader could send. */
  const publish = (leader: number): void => {
    const term = termOf(leader)
    const log = logOf(leader)
    const base = baseOf(leader)
    const length = lengthOf(log)
    for (let previous = base; previous <= length; previous++) {
      const previousTerm = termAt(log, previous)
      send(messages.append(term, previous, previousTerm, 0, commitOf(leader)))
      if (previous < length)
        send(messages.append(term, previous, previousTerm, termAt(log, previous + 1), commitOf(leader)))
    }
    if (base > 0) send(messages.snapshot(term, base, termAt(log, base)))
  }

  /** What every message does to whom it reaches: newer terms are taken over, and leaders followed. */
  const observe = (member: number, term: number, isFromLeader: boolean): number => {
    const own = termOf(member)
    const after = termAfter(own, term)
    const vote = after === own ? voteOf(member) : 0
    if (mustFollow(own, term, roleOf(member) === LEADER, isFromLeader)) return follower(member, after, vote)
    return (member & ~(7 << TERM) & ~(3 << VOTE)) | (after << TERM) | (vote << VOTE)
  }

  const lead = (node: number, member: number): number => {
    const leader = follower(member, termOf(member), voteOf(member)) | LEADER
    next[HISTORY]! |= 1 << (ELECTED + 3 * (termOf(member) - 1) + node)
    publish(leader)
    return leader
  }

  const campaign = (node: number, member: number): number => {
    const term = termOf(member) + 1
    const log = logOf(member)
    send(messages.request(term, node, lengthOf(log), termAt(log, lengthOf(log))))
    const candidate = follower(member, term, node + 1) | CANDIDATE | (1 << (VOTES + node))
    return isQuorum(1 << node, EVERYBODY, 0) ? lead(node, candidate) : candidate
  }

  const propose = (member: number): number => {
    const log = logOf(member)
    const after = withLog(member, log | (termOf(member) << (3 * lengthOf(log))))
    publish(after)
    return after
  }

  const compact = (member: number): number => {
    const after = withBase(member, commitOf(member))
    publish(after)
    return after
  }

  const onRequest = (node: number, member: number, message: number): number => {
    const sent = messages.term[message]!
    const candidate = messages.from[message]!
    const log = logOf(member)
    const length = lengthOf(log)
    const after = observe(member, sent, false)
    const upToDate = logUpToDate(messages.logTerm[message]!, messages.index[message]!, termAt(log, length), length)
    if (!mayGrantVote(sent, termOf(after), voteOf(after) - 1, candidate, upToDate)) return after
    send(messages.vote(sent, node, candidate))
    return (after & ~(3 << VOTE)) | ((candidate + 1) << VOTE)
  }

  const onVote = (node: number, member: number, message: number): number => {
    const after = observe(member, messages.term[message]!, false)
    const term = termOf(after)
    if (!countsAnswer(term, messages.term[message]!, roleOf(after) === CANDIDATE)) return after
    const votes = ((after >> VOTES) & 7) | (1 << messages.from[message]!)
    return isQuorum(votes, EVERYBODY, 0) ? lead(node, after) : after | (votes << VOTES)
  }

  const onAppend = (node: number, member: number, message: number): number => {
    const sent = messages.term[message]!
    if (isStale(termOf(member), sent)) return member
    let after = observe(member, sent, true)
    const previous = messages.index[message]!
    const entry = messages.entry[message]!
    const last = lastNewIndex(previous, entry > 0 ? 1 : 0)
    let log = logOf(after)
    // What a snapshot covers is committed, and so the same everywhere.
    if (previous < baseOf(after)) after |= APPEND_BEHIND_SNAPSHOT
    else if (!consistent(termAt(log, previous), messages.logTerm[message]!)) return after
    else if (entry > 0) {
      const own = termAt(log, previous + 1)
      if (own === 0 || conflicts(own, entry)) log = prefix(log, previous) | (entry << (3 * previous))
    }
    if (last > 0) send(messages.acknowledgement(sent, node, last))
    return withCommit(withLog(after, log), followerCommit(commitOf(after), messages.commit[message]!, last))
  }

  const onSnapshot = (node: number, member: number, message: number): number => {
    const sent = messages.term[message]!
    if (isStale(termOf(member), sent)) return member
    let after = observe(member, sent, true)
    const index = messages.index[message]!
    send(messages.acknowledgement(sent, node, index))
    if (!bringsNews(commitOf(after), index)) return after
    const log = logOf(after)
    if (lengthOf(log) > index) after |= SNAPSHOT_BEHIND_APPEND
    const suffix = retainsSuffix(termAt(log, index), messages.logTerm[message]!) ? log ^ prefix(log, index) : 0
    const restored = suffix | prefix(committedOf(next[HISTORY]!), index)
    return withBase(withCommit(withLog(after, restored), index), index)
  }

  const onAcknowledgement = (node: number, member: number, message: number): number => {
    let after = observe(member, messages.term[message]!, false)
    const term = termOf(after)
    if (!countsAnswer(term, messages.term[message]!, roleOf(after) === LEADER)) return after
    const from = messages.from[message]!
    const shift = MATCH + 2 * from
    const match = matchAfter(matchOf(after, from), messages.index[message]!)
    after = (after & ~(3 << shift)) | (match << shift)
    const log = logOf(after)
    for (let index = lengthOf(log); index > commitOf(after); index--) {
      let matching = 1 << node
      for (let other = 0; other < MEMBERS; other++) if (matchOf(after, other) >= index) matching |= 1 << other
      if (!leaderMayCommit(termAt(log, index), term, matching, EVERYBODY, 0)) continue
      next[HISTORY] = recordCommit(next[HISTORY]!, log, index, term)
      after = withCommit(after, index)
      publish(after)
      return after
    }
    return after
  }

  const successors = (states: Int32Array, at: number, emit: Emit): void => {
    const history = states[at + HISTORY]!

    /** Emits what lies in `next` with that member, unless nothing has changed, and starts afresh. */
    const step = (node: number, member: number, action: number): void => {
      if (member === states[at + node] && !sentNew) return
      next[node] = member
      emit(action)
      for (let k = 0; k < words; k++) next[k] = states[at + k]!
      sentNew = false
    }
    for (let k = 0; k < words; k++) next[k] = states[at + k]!

    for (let node = 0; node < MEMBERS; node++) {
      const member = states[at + node]!
      const term = termOf(member)
      if (roleOf(member) !== LEADER && term < terms) step(node, campaign(node, member), encode(TIMEOUT, node, 0, 0))
      if (roleOf(member) === LEADER && lengthOf(logOf(member)) < entries)
        step(node, propose(member), encode(PROPOSE, node, 0, 0))
      if (snapshots && roleOf(member) === LEADER && baseOf(member) < commitOf(member))
        step(node, compact(member), encode(COMPACT, node, 0, 0))
      if (((history >> CRASHES) & 3) < crashes) {
        const after = withCommit(member & ~VOLATILE & ~lost, baseOf(member))
        if (after !== member) {
          next[HISTORY] = history + (1 << CRASHES)
          step(node, after, encode(CRASH, node, 0, 0))
        }
      }
      // Whoever voted for itself has asked the others for their votes in this term.
      if (voteOf(member) === node + 1) {
        for (let other = 0; other < MEMBERS; other++) {
          const newer = termOf(states[at + other]!)
          if (newer > term) step(node, observe(member, newer, false), encode(REFUSE, node, other, newer))
        }
      }
    }

    for (let word = MESSAGES; word < words; word++) {
      for (let rest = states[at + word]!; rest !== 0; rest &= rest - 1) {
        const message = (word - MESSAGES) * 32 + 31 - Math.clz32(rest & -rest)
        const kind = messages.kind[message]!
        if (kind === VOTE_GRANTED) {
          const node = messages.to[message]!
          const from = messages.from[message]!
          step(node, onVote(node, states[at + node]!, message), encode(DELIVER, node, from, message))
          continue
        }
        const leaders = electedIn(history, messages.term[message]!)
        for (let node = 0; node < MEMBERS; node++) {
          const member = states[at + node]!
          if (kind === REQUEST) {
            const candidate = messages.from[message]!
            if (node !== candidate)
              step(node, onRequest(node, member, message), encode(DELIVER, node, candidate, message))
          } else if (kind !== ACKNOWLEDGEMENT) {
            if ((leaders & (1 << node)) !== 0) continue
            const after = kind === APPEND ? onAppend(node, member, message) : onSnapshot(node, member, message)
            step(node, after, encode(DELIVER, node, 31 - Math.clz32(leaders), message))
          } else if ((leaders & (1 << node)) !== 0) {
            const from = messages.from[message]!
            step(node, onAcknowledgement(node, member, message), encode(DELIVER, node, from, message))
          }
        }
      }
    }
  }

  const decodeAction = (action: number): SystemAction => {
    const kind = action & 7
    const node = (action >> 3) & 3
    const from = (action >> 5) & 3
    const message = action >> 7
    if (kind === TIMEOUT) return { type: 'timeout', node: nodeName(node) }
    if (kind === PROPOSE) return { type: 'propose', node: nodeName(node) }
    if (kind === CRASH) return { type: 'crash', node: nodeName(node) }
    if (kind === COMPACT) return { type: 'compact', node: nodeName(node) }
    if (kind === REFUSE) return delivery(from, node, 'request-vote-response', message, { refused: true })
    return messages.decode(message, from, node)
  }

  return {
    name: `replication, ${terms} terms, ${entries} entries, ${crashes} crashes${snapshots ? ', snapshots' : ''}`,
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
      for (let node = 0; node < MEMBERS; node++) lines.push(describeMember(node, states[at + node]!))
      return lines.join('; ')
    },
    describeAction: (action) => describeAction(decodeAction(action)),
    decodeAction,
  }
}

/** Writes down in the history that entries up to `commit` were committed, where nobody did before. */
function recordCommit(history: number, log: number, commit: number, term: number): number {
  let after = history
  for (let index = lengthOf(committedOf(history)) + 1; index <= commit; index++)
    after |= (termAt(log, index) << (3 * index - 3)) | (term << (COMMITTED_IN + 3 * index - 3))
  return after
}

function describeMember(node: number, member: number): string {
  const role = ['follower', 'candidate', 'leader'][roleOf(member)]!
  const log = logOf(member)
  const entries = Array.from({ length: lengthOf(log) }, (_, i) => termAt(log, i + 1))
  const vote = voteOf(member) === 0 ? '-' : nodeName(voteOf(member) - 1)
  const base = baseOf(member) === 0 ? '' : ` snapshot ${baseOf(member)}`
  return `${nodeName(node)} ${role} term ${termOf(member)} vote ${vote} log [${entries.join(' ')}] commit ${commitOf(member)}${base}`
}

const REQUEST = 0
const VOTE_GRANTED = 1
const ACKNOWLEDGEMENT = 2
const APPEND = 3
const SNAPSHOT = 4

/** All messages that there can be, and their contents by number. An append comes from whoever leads its term. */
interface Messages {
  readonly count: number
  readonly kind: Int32Array
  readonly term: Int32Array
  readonly from: Int32Array
  readonly to: Int32Array
  /** Of a request or a snapshot: the last index; of an append: the previous one; of an acknowledgement: the matching one. */
  readonly index: Int32Array
  /** The term of the entry at `index`. */
  readonly logTerm: Int32Array
  /** The term of the entry in an append, 0 for none. */
  readonly entry: Int32Array
  readonly commit: Int32Array
  request(term: number, candidate: number, lastIndex: number, lastTerm: number): number
  vote(term: number, voter: number, candidate: number): number
  acknowledgement(term: number, from: number, index: number): number
  append(term: number, previousIndex: number, previousTerm: number, entry: number, commit: number): number
  snapshot(term: number, lastIndex: number, lastTerm: number): number
  decode(message: number, from: number, to: number): SystemAction
}

function numberMessages(terms: number, entries: number, withSnapshots: boolean): Messages {
  // Positions in a log: index 0, then every index with every term. Appends at the last index hold no entry.
  const positions = 1 + entries * terms
  const extendable = 1 + (entries - 1) * terms
  const contents = extendable * (terms + 1) + terms
  const votes = terms * MEMBERS * positions
  const acknowledgements = votes + terms * MEMBERS * MEMBERS
  const appends = acknowledgements + terms * MEMBERS * entries
  const snapshots = appends + (entries + 1) * terms * contents
  const count = snapshots + (withSnapshots ? terms * (positions - 1) : 0)
  const position = (index: number, term: number): number => (index === 0 ? 0 : (index - 1) * terms + term)

  const table = (): Int32Array => new Int32Array(count)
  const kind = table()
  const term = table()
  const from = table()
  const to = table()
  const index = table()
  const logTerm = table()
  const entry = table()
  const commit = table()
  const request: Messages['request'] = (term, candidate, lastIndex, lastTerm) =>
    ((term - 1) * MEMBERS + candidate) * positions + position(lastIndex, lastTerm)
  const vote: Messages['vote'] = (term, voter, candidate) =>
    votes + ((term - 1) * MEMBERS + candidate) * MEMBERS + voter
  const acknowledgement: Messages['acknowledgement'] = (term, from, index) =>
    acknowledgements + ((term - 1) * MEMBERS + from) * entries + index - 1
  const append: Messages['append'] = (term, previousIndex, previousTerm, entry, commit) => {
    const place = position(previousIndex, previousTerm)
    const content = place < extendable ? place * (terms + 1) + entry : extendable * (terms + 1) + (place - extendable)
    return appends + (commit * terms + term - 1) * contents + content
  }
  const snapshot: Messages['snapshot'] = (term, lastIndex, lastTerm) =>
    snapshots + (term - 1) * (positions - 1) + position(lastIndex, lastTerm) - 1

  for (let sent = 1; sent <= terms; sent++) {
    for (let place = 0; place < positions; place++) {
      const placeIndex = place === 0 ? 0 : Math.ceil(place / terms)
      const placeTerm = place === 0 ? 0 : ((place - 1) % terms) + 1
      for (let node = 0; node < MEMBERS; node++) {
        const id = request(sent, node, placeIndex, placeTerm)
        kind[id] = REQUEST
        term[id] = sent
        from[id] = node
        index[id] = placeIndex
        logTerm[id] = placeTerm
      }
      if (withSnapshots && place > 0) {
        const id = snapshot(sent, placeIndex, placeTerm)
        kind[id] = SNAPSHOT
        term[id] = sent
        index[id] = placeIndex
        logTerm[id] = placeTerm
      }
      for (let announced = 0; announced <= entries; announced++) {
        for (let added = 0; added <= (place < extendable ? terms : 0); added++) {
          const id = append(sent, placeIndex, placeTerm, added, announced)
          kind[id] = APPEND
          term[id] = sent
          index[id] = placeIndex
          logTerm[id] = placeTerm
          entry[id] = added
          commit[id] = announced
        }
      }
    }
    for (let node = 0; node < MEMBERS; node++) {
      for (let candidate = 0; candidate < MEMBERS; candidate++) {
        const id = vote(sent, node, candidate)
        kind[id] = VOTE_GRANTED
        term[id] = sent
        from[id] = node
        to[id] = candidate
      }
      for (let matching = 1; matching <= entries; matching++) {
        const id = acknowledgement(sent, node, matching)
        kind[id] = ACKNOWLEDGEMENT
        term[id] = sent
        from[id] = node
        index[id] = matching
      }
    }
  }

  const decode: Messages['decode'] = (message, sender, receiver) => {
    const sent = term[message]!
    const place = { index: index[message]!, logTerm: logTerm[message]! }
    if (kind[message] === REQUEST) return delivery(sender, receiver, 'request-vote', sent, place)
    if (kind[message] === VOTE_GRANTED) return delivery(sender, receiver, 'request-vote-response', sent)
    if (kind[message] === ACKNOWLEDGEMENT)
      return delivery(sender, receiver, 'append-entries-response', sent, { index: index[message]! })
    if (kind[message] === SNAPSHOT) return delivery(sender, receiver, 'install-snapshot', sent, place)
    return delivery(sender, receiver, 'append-entries', sent, {
      ...place,
      entryTerm: entry[message]!,
      entries: entry[message]! > 0 ? 1 : 0,
      commit: commit[message]!,
    })
  }

  return {
    count,
    kind,
    term,
    from,
    to,
    index,
    logTerm,
    entry,
    commit,
    request,
    vote,
    acknowledgement,
    append,
    snapshot,
    decode,
  }
}

const sometimes = (name: string, holds: SystemProperty['holds']): SystemProperty => ({ name, kind: 'sometimes', holds })
const always = (name: string, holds: SystemProperty['holds']): SystemProperty => ({ name, kind: 'always', holds })

/** What Raft promises, in any reachable state. */
const replicationInvariants: readonly SystemProperty[] = [
  always('election safety', (states, at) => {
    for (let term = 1; term <= 4; term++)
      if (raftRules.countBits(electedIn(states[at + HISTORY]!, term)) > 1) return false
    for (let a = 0; a < MEMBERS; a++) {
      for (let b = a + 1; b < MEMBERS; b++) {
        const first = states[at + a]!
        const second = states[at + b]!
        if (roleOf(first) === LEADER && roleOf(second) === LEADER && termOf(first) === termOf(second)) return false
      }
    }
    return true
  }),

  always('log matching', (states, at) => {
    for (let a = 0; a < MEMBERS; a++) {
      for (let b = a + 1; b < MEMBERS; b++) {
        const first = logOf(states[at + a]!)
        const second = logOf(states[at + b]!)
        let index = Math.min(lengthOf(first), lengthOf(second))
        while (index > 0 && termAt(first, index) !== termAt(second, index)) index--
        if (prefix(first, index) !== prefix(second, index)) return false
      }
    }
    return true
  }),

  always('terms never fall within a log', (states, at) => {
    for (let node = 0; node < MEMBERS; node++) {
      const log = logOf(states[at + node]!)
      for (let index = 2; index <= lengthOf(log); index++) if (termAt(log, index) < termAt(log, index - 1)) return false
    }
    return true
  }),

  always('leader completeness', (states, at) => {
    const history = states[at + HISTORY]!
    const committed = committedOf(history)
    const committedIn = committedInOf(history)
    for (let node = 0; node < MEMBERS; node++) {
      const member = states[at + node]!
      if (roleOf(member) !== LEADER) continue
      for (let index = 1; index <= lengthOf(committed); index++)
        if (termOf(member) >= termAt(committedIn, index) && termAt(logOf(member), index) !== termAt(committed, index))
          return false
    }
    return true
  }),

  always('state machine safety', (states, at) => {
    const committed = committedOf(states[at + HISTORY]!)
    for (let node = 0; node < MEMBERS; node++) {
      const member = states[at + node]!
      const commit = commitOf(member)
      if (commit > lengthOf(committed) || prefix(logOf(member), commit) !== prefix(committed, commit)) return false
    }
    return true
  }),

  // Leader completeness one election ahead: it shows an unsafe commitment before anybody has campaigned.
  always('whoever could be elected holds all that was committed', (states, at) => {
    const committed = committedOf(states[at + HISTORY]!)
    const length = lengthOf(committed)
    for (let node = 0; node < MEMBERS; node++) {
      const log = logOf(states[at + node]!)
      if (prefix(log, length) === committed) continue
      let voters = 0
      for (let other = 0; other < MEMBERS; other++) {
        const theirs = logOf(states[at + other]!)
        const last = lengthOf(theirs)
        if (raftRules.logUpToDate(termAt(log, lengthOf(log)), lengthOf(log), termAt(theirs, last), last))
          voters |= 1 << other
      }
      if (raftRules.isQuorum(voters, EVERYBODY, 0)) return false
    }
    return true
  }),
]

/** What Raft is for, in some reachable state: rules too strict to get there would keep every invariant. */
const replicationMilestones: readonly SystemProperty[] = [
  sometimes('a leader is elected', (states, at) => {
    for (let node = 0; node < MEMBERS; node++) if (roleOf(states[at + node]!) === LEADER) return true
    return false
  }),
  sometimes('a follower commits', (states, at) => {
    for (let node = 0; node < MEMBERS; node++) {
      const member = states[at + node]!
      if (roleOf(member) === FOLLOWER && commitOf(member) > 0) return true
    }
    return false
  }),
]

const replicationProperties: readonly SystemProperty[] = [...replicationInvariants, ...replicationMilestones]
