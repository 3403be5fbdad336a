/** What n1 may be given in a state: all that a lawful cluster of three could bring about, within bounds. */
import type { Position, Role } from '../vocabulary.ts'
import { agreement, holdsCommitted, mayGrant, mayLead, ownPosition, remembers, termInLogOf } from './environment.ts'
import { NOBODY, PEERS, SELF } from './state.ts'
import type { InputOf, MemberContext, MemberInput } from './state.ts'

export interface MemberBounds {
  /** Greatest term. */
  readonly terms: number
  /** Most entries that a peer's append brings into a log. */
  readonly entries: number
  /** Most entries that a leader's log has after a proposal. */
  readonly proposed: number
  /** Whether leaders hand over their office (timeout-now). */
  readonly transfer: boolean
}

/** The second peer says only what the first, having spoken, leaves open: they are alike. */
const FIRST = 1
const SECOND = 2

export function memberInputs(role: Role, context: MemberContext, bounds: MemberBounds): MemberInput[] {
  const inputs: MemberInput[] = [{ type: 'restart' }]
  if (role === 'leader' || context.term < bounds.terms) inputs.push({ type: 'election-timeout' })
  if (role !== 'leader' || context.log.length < bounds.proposed) inputs.push({ type: 'propose' })
  for (const peer of PEERS) {
    inputs.push(
      ...voteRequests(context, peer, bounds),
      ...voteAnswers(role, context, peer, bounds),
      ...leaderMessages(role, context, peer, bounds),
      ...acknowledgements(role, context, peer, bounds),
    )
    if (context.preVote) inputs.push(...preVotes(role, context, peer, bounds))
  }
  return inputs
}

/** Where the log of a peer that stands in `term` may end: at, before and beyond n1's own end. */
function endings(context: MemberContext, peer: number, term: number, { entries }: MemberBounds): Position[] {
  const { log, environment } = context
  const own = ownPosition(context)
  const found: Position[] = [own]
  if (peer === SECOND) return found.filter((position) => remembers(context, peer, position, term))
  if (log.length > 0) found.push({ index: log.length - 1, term: log[log.length - 2] ?? 0 })
  for (let led = Math.max(1, own.term); led < term; led++) {
    const leader = environment.leaders[led]!
    if (leader === SELF) continue
    if (led > own.term && leader === NOBODY && mayLead(context, peer, led)) {
      found.push({ index: environment.committed.index + 1, term: led })
    } else if (PEERS.includes(leader)) {
      const index = led === own.term ? log.length + 1 : environment.elected[led]!.index + 1
      found.push({ index, term: led })
    }
  }
  // What it had when it led, and nobody else has heard of.
  const led = environment.leaders.indexOf(peer)
  if (led > 0 && led < own.term) {
    const shortest = environment.elected[led]!.index + 1
    found.push({ index: shortest, term: led })
    if (shortest <= log.length) found.push({ index: log.length + 1, term: led })
  }
  return found.filter(
    (position) =>
      position.index <= entries + 1 &&
      position.term < term &&
      remembers(context, peer, position, term) &&
      mayLack(context, position),
  )
}

/** Who lacks what is committed is in the minority: n1 is not. */
function mayLack(context: MemberContext, position: Position): boolean {
  const { environment } = context
  if (environment.leaders[position.term] === NOBODY) return true
  return holdsCommitted(environment, position) || holdsCommitted(environment, ownPosition(context))
}

function voteRequests(context: MemberContext, peer: number, bounds: MemberBounds): InputOf<'request-vote'>[] {
  const { environment, term } = context
  const requests: InputOf<'request-vote'>[] = []
  const ask = (asked: number, { index, term: lastTerm }: Position): void => {
    requests.push({ type: 'request-vote', from: peer, term: asked, lastIndex: index, lastTerm })
  }
  const leader = environment.leaders[term]!
  const asked = environment.campaigns[peer]
  if (asked) ask(term, asked)
  else if (peer === SECOND && environment.campaigns[FIRST] === null && context.vote !== FIRST) return requests
  else if (leader === peer) ask(term, environment.elected[term]!)
  // Who voted for another cannot stand in that term, and the leader has the votes of two.
  else if (term > 0 && (leader === NOBODY || context.vote === leader)) {
    for (const position of endings(context, peer, term, bounds)) ask(term, position)
  }
  if (peer === SECOND) return requests
  for (let newer = term + 1; newer <= Math.min(term + 2, bounds.terms); newer++) {
    for (const position of endings(context, peer, newer, bounds)) {
      // A term may pass unnoticed; it is then of interest who led it.
      if (newer === term + 1 || position.term === term + 1) ask(newer, position)
    }
  }
  if (term > 1 && environment.leaders[1] === peer) ask(1, environment.elected[1]!)
  return requests
}

function voteAnswers(
  role: Role,
  context: MemberContext,
  peer: number,
  { terms }: MemberBounds,
): InputOf<'request-vote-response'>[] {
  const { environment, term, vote, refusals } = context
  const answers: InputOf<'request-vote-response'>[] = []
  const answer = (answered: number, granted: boolean): void => {
    answers.push({ type: 'request-vote-response', from: peer, term: answered, granted })
  }
  if (peer === SECOND && role !== 'leader' && refusals === 0) return answers
  if (vote === SELF) {
    if (mayGrant(context, peer)) answer(term, true)
    if (role === 'candidate') answer(term, false)
    if (peer === SECOND) return answers
    if (term < terms) answer(term + 1, false)
  }
  const led = environment.leaders.indexOf(SELF)
  if (led > 0 && led < term) answer(led, true)
  return answers
}

function preVotes(
  role: Role,
  context: MemberContext,
  peer: number,
  { terms }: MemberBounds,
): InputOf<'pre-vote' | 'pre-vote-response'>[] {
  const { term, log, asked, refusals, environment } = context
  const found: InputOf<'pre-vote' | 'pre-vote-response'>[] = []
  if (peer === SECOND && (role !== 'pre-candidate' || refusals === 0)) return found
  const own = ownPosition(context)
  const shorter = { index: log.length - 1, term: log[log.length - 2] ?? 0 }
  for (const wanted of [term - 1, term, term + 1]) {
    if (wanted < 1 || wanted > terms) continue
    for (const { index: lastIndex, term: lastTerm } of log.length > 0 ? [own, shorter] : [own]) {
      if (lastTerm < wanted) found.push({ type: 'pre-vote', from: peer, term: wanted, lastIndex, lastTerm })
    }
  }
  const answer = (answered: number, granted: boolean): void => {
    found.push({ type: 'pre-vote-response', from: peer, term: answered, granted })
  }
  if (asked) {
    if (holdsCommitted(environment, own) && term < terms) answer(term + 1, true)
    if (role !== 'pre-candidate' || ((refusals >> peer) & 1) === 0) answer(term, false)
    if (term < terms) answer(term + 1, false)
  }
  // Its own campaign came of pre-votes, of which more arrive late.
  if (context.vote === SELF) {
    answer(term, true)
    if (!asked && term < terms) answer(term + 1, false)
  }
  return found
}

function leaderMessages(role: Role, context: MemberContext, peer: number, bounds: MemberBounds): MemberInput[] {
  const { environment, term } = context
  const messages: MemberInput[] = []
  for (let led = 1; led <= bounds.terms; led++) {
    const leader = environment.leaders[led]!
    if (leader === peer) {
      if (led < term) messages.push(...ofThePast(context, peer, led))
      else messages.push(...ofLeader(role, context, peer, led, bounds))
    } else if (leader === NOBODY && (led === term || led === term + 1) && mayLead(context, peer, led)) {
      if (peer === SECOND && context.vote !== SECOND && !environment.leaders.includes(FIRST)) continue
      messages.push(...ofNewLeader(context, peer, led, bounds))
    }
  }
  return messages
}

function append(
  context: MemberContext,
  peer: number,
  term: number,
  previousIndex: number,
  count: number,
  commit: number,
): InputOf<'append-entries'> {
  const { environment } = context
  const termOf = (index: number): number => termInLogOf(environment, term, index)
  const entries = Array.from({ length: count }, (_, at) => termOf(previousIndex + at + 1))
  return {
    type: 'append-entries',
    from: peer,
    term,
    previousIndex,
    previousTerm: termOf(previousIndex),
    entries,
    commit,
  }
}

/** A deposed leader sends again what would do harm if it were taken. */
function ofThePast(context: MemberContext, peer: number, led: number): MemberInput[] {
  const previous = context.environment.elected[led]!.index
  const messages: MemberInput[] = [
    append(context, peer, led, previous, 1, Math.min(previous + 1, context.environment.committed.index)),
    { type: 'heartbeat', from: peer, term: led, commit: 0 },
    { type: 'timeout-now', from: peer, term: led },
  ]
  return messages
}

/** The first messages of a leader begin where its log ended when it was elected. */
function ofNewLeader(context: MemberContext, peer: number, led: number, bounds: MemberBounds): MemberInput[] {
  const { environment } = context
  const campaign = led === context.term ? environment.campaigns[peer] : null
  const positions = (campaign ? [campaign] : endings(context, peer, led, bounds)).filter(
    (position) => environment.leaders[position.term] === NOBODY || holdsCommitted(environment, position),
  )
  const messages: MemberInput[] = positions.flatMap(({ index, term }) =>
    [0, 1]
      .filter((count) => count === 0 || index < bounds.entries)
      .map((count) => ({
        type: 'append-entries' as const,
        from: peer,
        term: led,
        previousIndex: index,
        previousTerm: term,
        entries: count === 1 ? [led] : [],
        commit: Math.min(environment.committed.index, index),
      })),
  )
  const { committed } = environment
  if (campaign ? positions.length > 0 : remembers(context, peer, committed, led)) {
    messages.push({ type: 'heartbeat', from: peer, term: led, commit: 0 })
  }
  return messages
}

function ofLeader(role: Role, context: MemberContext, peer: number, led: number, bounds: MemberBounds): MemberInput[] {
  const { environment, log, verified } = context
  const messages: MemberInput[] = []
  const committed = environment.committed.index
  for (let previous = 0; previous <= Math.min(log.length + 1, bounds.entries); previous++) {
    for (let count = 0; previous + count <= bounds.entries; count++) {
      const last = previous + count
      const commits = new Set([committed])
      for (const index of [last, last + 1]) {
        if (index > committed && index <= bounds.entries && index > environment.elected[led]!.index) commits.add(index)
      }
      for (const commit of commits) messages.push(append(context, peer, led, previous, count, commit))
    }
  }
  const known = led === context.term ? Math.min(verified, agreement(context, led)) : 0
  messages.push({ type: 'heartbeat', from: peer, term: led, commit: 0 })
  if (Math.min(known, committed) > 0) {
    messages.push({ type: 'heartbeat', from: peer, term: led, commit: Math.min(known, committed) })
  }
  const caughtUp = led === context.term && verified === log.length && verified > environment.elected[led]!.index
  if (bounds.transfer && caughtUp && role !== 'candidate' && led < bounds.terms) {
    messages.push({ type: 'timeout-now', from: peer, term: led })
  }
  return messages
}

function acknowledgements(
  role: Role,
  context: MemberContext,
  peer: number,
  { terms }: MemberBounds,
): InputOf<'append-entries-response'>[] {
  const { environment, term, log, match } = context
  const answers: InputOf<'append-entries-response'>[] = []
  const answer = (answered: number, success: boolean, index: number): void => {
    answers.push({ type: 'append-entries-response', from: peer, term: answered, success, index })
  }
  const led = environment.leaders.lastIndexOf(SELF)
  if (led === -1 || (peer === SECOND && (role !== 'leader' || match[FIRST] === 0))) return answers
  const start = environment.elected[led]!.index
  const first = environment.leaders.indexOf(SELF)
  if (first < term) answer(first, true, Math.max(1, environment.elected[first]!.index))
  if (term < terms && peer === FIRST) answer(term + 1, false, start)
  if (led < term) return answers
  if (role === 'leader') {
    for (let index = Math.max(1, start); index <= log.length; index++) answer(term, true, index)
    // Appends that were sent one behind the other, of which the first was lost.
    for (const index of new Set([start, log.length - 1])) {
      if (index > 0 && index >= start && match[peer]! < index) answer(term, false, index)
    }
  } else answer(term, true, Math.max(1, start))
  return answers
}
