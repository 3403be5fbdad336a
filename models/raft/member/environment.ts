/**
 * What the peers have let n1 know of themselves, so that all they say fits together: a Raft cluster of which n1 sees
 * only messages. Of each term's leader it is kept where its log ended when it was elected. That makes a log of every
 * position, since the entries behind it are of the leader's own term, and those before it of the leader before.
 */
import type { Position } from '../vocabulary.ts'
import { NOBODY, PEERS, SELF, lastTerm, termAt } from './state.ts'
import type { InputOf, MemberContext, MemberEvent, MemberInput } from './state.ts'

/** A term that has no leader among the peers, and will have none. */
export const VACANT = 3

export interface Environment {
  /** By term: its leader, NOBODY while that is open, or VACANT. */
  readonly leaders: readonly number[]
  /** By term: where its leader's log ended when it was elected. */
  readonly elected: readonly Position[]
  /** The greatest position that anybody has called committed. */
  readonly committed: Position
  /** By member: where its log ended when it asked for votes in n1's term, or null. */
  readonly campaigns: readonly (Position | null)[]
}

const START: Position = { index: 0, term: 0 }

export function firstEnvironment(terms: number): Environment {
  const leaders = Array.from({ length: terms + 1 }, (_, term) => (term === 0 ? VACANT : NOBODY))
  return { leaders, elected: leaders.map(() => START), committed: START, campaigns: [null, null, null] }
}

/** Leader of a term that n1 has heard, or itself; NOBODY where it knows none. */
export function knownLeader({ leaders }: Environment, term: number): number {
  const leader = leaders[term] ?? NOBODY
  return leader === VACANT ? NOBODY : leader
}

/** Term of the entry at `index` in the log of a term's leader, however long that log has grown. */
export function termInLogOf(environment: Environment, term: number, index: number): number {
  if (index === 0) return 0
  const { index: length, term: before } = environment.elected[term]!
  if (index > length) return term
  return index === length ? before : termInLogOf(environment, before, index)
}

/** Term of the entry at `index` in a log that ends at this position. */
function termBefore(environment: Environment, { index: length, term }: Position, index: number): number {
  return index === length ? term : termInLogOf(environment, term, index)
}

/** Whether a log that ends here holds all that was committed. */
export function holdsCommitted(environment: Environment, position: Position): boolean {
  const { index, term } = environment.committed
  return index <= position.index && termBefore(environment, position, index) === term
}

export function ownPosition({ log }: MemberContext): Position {
  return { index: log.length, term: lastTerm(log) }
}

/** Where n1's own log and that of a term's leader part. */
export function agreement({ log, environment }: MemberContext, term: number): number {
  let index = 0
  while (index < log.length && log[index] === termInLogOf(environment, term, index + 1)) index++
  return index
}

/** Whether a peer may lead a term, as far as votes go. */
export function mayLead(context: MemberContext, peer: number, term: number): boolean {
  const { environment, vote } = context
  const leader = environment.leaders[term] ?? NOBODY
  if (leader !== NOBODY) return leader === peer
  if (term !== context.term) return term > context.term
  const other = PEERS.find((each) => each !== peer)!
  return vote === peer || environment.campaigns[other] === null
}

/** Whether a peer can have a log that ends here when it stands in `term`: it has all that it had when it led. */
export function remembers(context: MemberContext, peer: number, position: Position, term: number): boolean {
  const { environment, log } = context
  for (let led = term - 1; led > 0; led--) {
    const leader = environment.leaders[led]!
    if (leader === peer) {
      const shown = Math.max(environment.elected[led]!.index, log.lastIndexOf(led) + 1)
      return (
        position.index >= shown &&
        (shown === 0 || termBefore(environment, position, shown) === termInLogOf(environment, led, shown))
      )
    }
    // Whoever led since may have made it forget.
    if (leader !== NOBODY && leader !== VACANT) return true
  }
  return true
}

/** Whether a peer may vote for n1 in its term. */
export function mayGrant(context: MemberContext, peer: number): boolean {
  const { environment, term, log } = context
  const { leaders } = environment
  if (PEERS.includes(leaders[term]!)) return false
  if (environment.campaigns[peer] !== null) return false
  if (!holdsCommitted(environment, ownPosition(context))) return false
  return leaders.every((leader, led) => leader !== peer || led <= lastTerm(log))
}

/** What is known of the peers after an event. */
export function environmentAfter(context: MemberContext, event: MemberEvent): Environment {
  const { outcome } = event
  let environment = heard(context, event)
  if (outcome.term > context.term) environment = leave(context, environment)
  // Once it is known who leads, it does not matter where the others' logs ended.
  if (environment.leaders[outcome.term] !== NOBODY) {
    environment = { ...environment, campaigns: [null, null, null] }
  } else if (event.type === 'request-vote' && event.term === outcome.term) {
    const position = { index: event.lastIndex, term: event.lastTerm }
    const campaigns = environment.campaigns.map((known, member) => (member === event.from ? position : known))
    environment = { ...environment, campaigns }
  }
  if (outcome.role === 'leader' && environment.leaders[outcome.term] !== SELF) {
    environment = elect(environment, SELF, outcome.term, ownPosition(context))
  }
  if (outcome.role === 'leader' && outcome.commit > environment.committed.index) {
    const committed = { index: outcome.commit, term: termAt(outcome.log, outcome.commit) }
    environment = { ...environment, committed }
  }
  return environment
}

function elect(environment: Environment, member: number, term: number, position: Position): Environment {
  return {
    ...environment,
    leaders: environment.leaders.with(term, member),
    elected: environment.elected.with(term, position),
  }
}

/** What a message itself shows. */
function heard(context: MemberContext, event: MemberInput): Environment {
  const { environment } = context
  switch (event.type) {
    case 'request-vote':
    case 'pre-vote':
      return reveal(environment, event.from, { index: event.lastIndex, term: event.lastTerm })
    case 'append-entries':
    case 'heartbeat': {
      const { from, term, commit } = event
      let known = environment
      if (known.leaders[term] === NOBODY) {
        const position = electedAt(context, event)
        known = elect(reveal(known, from, position), from, term, position)
      }
      if (commit <= known.committed.index) return known
      return { ...known, committed: { index: commit, term: termInLogOf(known, term, commit) } }
    }
    case 'request-vote-response': {
      if (!event.granted || environment.leaders[event.term] !== NOBODY) return environment
      // Who voted for n1 voted for nobody else: two of three are gone.
      return { ...environment, leaders: environment.leaders.with(event.term, VACANT) }
    }
    default:
      return environment
  }
}

/** Where a new leader's log ended: its campaign said so, or else its first append says, which begins there. */
export function electedAt(
  { environment, term }: MemberContext,
  message: InputOf<'append-entries' | 'heartbeat'>,
): Position {
  const campaign = message.term === term ? environment.campaigns[message.from] : null
  if (campaign) return campaign
  if (message.type === 'heartbeat') return environment.committed
  return { index: message.previousIndex, term: message.previousTerm }
}

/** A log that ends in a term of which nothing is known shows that its owner led it, from what was committed on. */
function reveal(environment: Environment, peer: number, { term }: Position): Environment {
  if (environment.leaders[term] !== NOBODY) return environment
  return elect(environment, peer, term, environment.committed)
}

/**
 * Terms that n1 leaves behind without a leader in them had none. Of terms before the last it is forgotten who led them,
 * unless entries of theirs are still in some log: nothing new would come of it, and there would be many more states.
 */
function leave({ term, log }: MemberContext, environment: Environment): Environment {
  const { leaders, elected, committed } = environment
  const remembered = (led: number): boolean =>
    led >= term || log.includes(led) || committed.term === led || elected.some((position) => position.term === led)
  return {
    ...environment,
    leaders: leaders.map((leader, led) => (!remembered(led) || (led === term && leader === NOBODY) ? VACANT : leader)),
    elected: elected.map((position, led) => (remembered(led) ? position : START)),
    campaigns: [null, null, null],
  }
}
