/**
 * Model mutation: every guard of the system models is weakened, and the explorer must show the damage with a path.
 * What it cannot show is listed with the reason; that list is tested too, as far as the bounds go.
 */
import { describe, expect, test } from 'vitest'
import { exploreModel, type SystemModel } from '../../models/explorer.ts'
import * as rules from '../../models/raft/rules.ts'
import { membershipModel, type MembershipBounds } from '../../models/raft/system/membership.ts'
import { replicationModel, type Durable, type ReplicationBounds } from '../../models/raft/system/replication.ts'

type Rules = typeof rules
type Guard = keyof Rules | 'durable'

interface Weakening {
  readonly guard: Guard
  readonly as: string
  readonly model: () => SystemModel
}

interface Caught extends Weakening {
  /** The property that fails first, and the length of the shortest path to the failure. */
  readonly property: string
  readonly steps: number
}

interface Survivor extends Weakening {
  readonly reason: string
}

const replication = (bounds: ReplicationBounds, weakened: Partial<Rules>) => (): SystemModel =>
  replicationModel(bounds, undefined, { ...rules, ...weakened })
const forgetting = (lost: Partial<Durable>) => (): SystemModel =>
  replicationModel(CRASH, undefined, rules, { term: true, vote: true, log: true, ...lost })
const membership = (bounds: MembershipBounds, weakened: Partial<Rules>) => (): SystemModel =>
  membershipModel(bounds, { ...rules, ...weakened })

/** The smallest bounds within which a weakening shows. */
const SNAPSHOTS: ReplicationBounds = { terms: 1, entries: 2, crashes: 0, snapshots: true }
const CRASH: ReplicationBounds = { terms: 2, entries: 1, crashes: 1 }
const TWO_ENTRIES: ReplicationBounds = { terms: 2, entries: 2, crashes: 0 }
const THREE_TERMS: ReplicationBounds = { terms: 3, entries: 1, crashes: 0 }

const COMPLETENESS = 'leader completeness'
const ELECTION = 'election safety'
const ELECTABLE = 'whoever could be elected holds all that was committed'

const CAUGHT: readonly Caught[] = [
  {
    guard: 'logUpToDate',
    as: 'always true',
    model: replication(CRASH, { logUpToDate: () => true }),
    property: COMPLETENESS,
    steps: 9,
  },
  {
    guard: 'logUpToDate',
    as: 'compares terms only',
    model: replication(TWO_ENTRIES, { logUpToDate: (term, _index, ownTerm) => term >= ownTerm }),
    property: COMPLETENESS,
    steps: 12,
  },
  {
    guard: 'logUpToDate',
    as: 'compares indexes only',
    model: replication(THREE_TERMS, { logUpToDate: (_term, index, _ownTerm, ownIndex) => index >= ownIndex }),
    property: COMPLETENESS,
    steps: 14,
  },
  {
    guard: 'mayGrantVote',
    as: 'votes twice in a term',
    model: replication(CRASH, {
      mayGrantVote: (sent, term, _votedFor, _candidate, upToDate) => sent === term && upToDate,
    }),
    property: ELECTION,
    steps: 6,
  },
  {
    guard: 'mayGrantVote',
    as: 'votes in terms of the past',
    model: replication(CRASH, {
      mayGrantVote: (_sent, _term, votedFor, candidate, upToDate) =>
        (votedFor === -1 || votedFor === candidate) && upToDate,
    }),
    property: ELECTION,
    steps: 8,
  },
  {
    guard: 'mayGrantVote',
    as: 'ignores the log',
    model: replication(CRASH, {
      mayGrantVote: (sent, term, votedFor, candidate) => sent === term && (votedFor === -1 || votedFor === candidate),
    }),
    property: COMPLETENESS,
    steps: 9,
  },
  {
    guard: 'isQuorum',
    as: 'half of the members, rounded down',
    model: replication(CRASH, {
      isQuorum: (set, voters) => rules.countBits(set & voters) >= rules.countBits(voters) >> 1,
    }),
    property: ELECTION,
    steps: 2,
  },
  {
    guard: 'leaderMayCommit',
    as: 'commits entries of older terms by counting',
    model: replication(THREE_TERMS, {
      leaderMayCommit: (_entryTerm, _term, matching, voters, outgoing) => rules.isQuorum(matching, voters, outgoing),
    }),
    property: ELECTABLE,
    steps: 14,
  },
  {
    guard: 'leaderMayCommit',
    as: 'commits without a majority',
    model: replication(SNAPSHOTS, { leaderMayCommit: (entryTerm, term) => entryTerm === term }),
    property: ELECTABLE,
    steps: 7,
  },
  {
    guard: 'followerCommit',
    as: 'commits what it has not compared',
    model: replication(SNAPSHOTS, { followerCommit: (commit, leaderCommit) => Math.max(commit, leaderCommit) }),
    property: 'state machine safety',
    steps: 7,
  },
  {
    guard: 'consistent',
    as: 'always true',
    model: replication(SNAPSHOTS, { consistent: () => true }),
    property: 'log matching',
    steps: 6,
  },
  {
    guard: 'conflicts',
    as: 'never: keeps what conflicts',
    model: replication(CRASH, { conflicts: () => false }),
    property: ELECTABLE,
    steps: 10,
  },
  {
    guard: 'conflicts',
    as: 'always: a late append erases what matches',
    model: replication(SNAPSHOTS, { conflicts: () => true }),
    property: ELECTABLE,
    steps: 9,
  },
  {
    guard: 'termAfter',
    as: 'keeps the own term',
    model: replication(CRASH, { termAfter: (term) => term }),
    property: 'a leader is elected',
    steps: -1,
  },
  {
    guard: 'termAfter',
    as: 'takes over older terms',
    model: replication(CRASH, { termAfter: (_term, sent) => sent }),
    property: ELECTION,
    steps: 7,
  },
  {
    guard: 'mustFollow',
    as: 'leads on in a newer term',
    model: replication(CRASH, {
      mustFollow: (term, sent, isLeader, fromLeader) => sent === term && fromLeader && !isLeader,
    }),
    property: ELECTION,
    steps: 6,
  },
  {
    guard: 'isStale',
    as: 'never: obeys leaders of the past',
    model: replication(CRASH, { isStale: () => false }),
    property: COMPLETENESS,
    steps: 9,
  },
  {
    guard: 'countsAnswer',
    as: 'counts votes of older terms',
    model: replication(CRASH, { countsAnswer: (_term, _answered, holdsOffice) => holdsOffice }),
    property: ELECTION,
    steps: 7,
  },
  {
    guard: 'lastNewIndex',
    as: 'acknowledges an entry that was not sent',
    model: replication(SNAPSHOTS, { lastNewIndex: (previous, entries) => Math.min(previous + entries + 1, 2) }),
    property: ELECTABLE,
    steps: 6,
  },
  {
    guard: 'retainsSuffix',
    as: 'never: a late snapshot erases what was acknowledged',
    model: replication(SNAPSHOTS, { retainsSuffix: () => false }),
    property: ELECTABLE,
    steps: 11,
  },
  {
    guard: 'mayChangeConfiguration',
    as: 'before an entry of the own term is committed (the bug of 2015)',
    model: membership(
      { members: 4, voters: 4, terms: 3, entries: 1, candidates: 2 },
      { mayChangeConfiguration: (commit, lastConfiguration) => commit >= lastConfiguration },
    ),
    property: COMPLETENESS,
    steps: 12,
  },
  {
    guard: 'mayChangeConfiguration',
    as: 'before the last change is committed',
    model: membership(
      { members: 3, voters: 3, terms: 2, entries: 3 },
      { mayChangeConfiguration: (_commit, _lastConfiguration, termAtCommit, term) => termAtCommit === term },
    ),
    property: COMPLETENESS,
    steps: 8,
  },
  { guard: 'durable', as: 'the term is lost', model: forgetting({ term: false }), property: ELECTION, steps: 7 },
  { guard: 'durable', as: 'the vote is lost', model: forgetting({ vote: false }), property: ELECTION, steps: 7 },
  { guard: 'durable', as: 'the log is lost', model: forgetting({ log: false }), property: ELECTABLE, steps: 7 },
]

const SURVIVORS: readonly Survivor[] = [
  {
    guard: 'followerCommit',
    as: 'falls back',
    model: replication(CRASH, { followerCommit: (_commit, leaderCommit, last) => Math.min(leaderCommit, last) }),
    reason:
      'what is committed stays so, whoever forgets it; that the index never falls is a rule about steps, not states',
  },
  {
    guard: 'mustFollow',
    as: 'stays candidate beside a leader of its term',
    model: replication(CRASH, { mustFollow: (term, sent) => sent > term }),
    reason: 'it cannot win any more: a majority has voted for that leader; the role itself is judged step by step',
  },
  {
    guard: 'countsAnswer',
    as: 'counts after the office was lost',
    model: replication(CRASH, { countsAnswer: (term, answered) => answered === term }),
    reason:
      'votes and acknowledgements of the same term were truly given, and its log is still the one they were given for',
  },
  {
    guard: 'matchAfter',
    as: 'falls back',
    model: replication(SNAPSHOTS, { matchAfter: (_match, acknowledged) => acknowledged }),
    reason: 'to know less than is true only delays commitment',
  },
  {
    guard: 'bringsNews',
    as: 'restores snapshots of the past',
    model: replication(SNAPSHOTS, { bringsNews: () => true }),
    reason:
      'the log holds the last entry of such a snapshot, so its suffix stays; only the commit index falls, as above',
  },
]

/** Rules that no system model calls, and why, or where else they are put to the test. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  nextTerm: 'a campaign in the term already voted in is a second vote in it: that of mayGrantVote is shown above',
  majority: 'only called by isQuorum, which is weakened as a whole',
  countBits: 'arithmetic, no guard',
  mayGrantPreVote:
    'a pre-vote changes nothing durable, so safety does not depend on it: the member model and its judge',
  couldStillVote: 'as mayGrantPreVote',
  canStillWin: 'only ends a lost campaign early, which the models may do at any time: the member model',
  mayPassOver: 'only lets a follower do less than the models do: the member model',
  heartbeatCommit: 'heartbeats of their own kind are not in the models: the member model, and runs of the reference',
}

const run = (weakening: Weakening) => exploreModel(weakening.model(), { states: 1_500_000 })

describe('a weakened guard is caught', () => {
  test.each(CAUGHT)('$guard: $as', (weakening) => {
    const { properties } = run(weakening)
    const failed = properties.find(({ verdict }) => verdict === 'violated' || verdict === 'unreachable')
    expect(failed?.name).toBe(weakening.property)
    // A violation has a path; that nothing ever happens has none.
    expect((failed?.path?.length ?? 0) - 1).toBe(weakening.steps)
    const last = failed?.path?.at(-1)
    if (last !== undefined) expect(last.description).not.toBe('')
  })
})

describe('a weakened guard does no harm within these bounds', () => {
  test.each(SURVIVORS)('$guard: $as ($reason)', (weakening) => {
    const { outcome, properties } = run(weakening)
    expect(outcome).toBe('exhausted')
    expect(properties.filter(({ verdict }) => verdict === 'violated' || verdict === 'unreachable')).toEqual([])
  })
})

test('every rule is weakened, or tested elsewhere', () => {
  const weakened = new Set<string>(CAUGHT.map(({ guard }) => guard))
  const harmless = new Set<string>(SURVIVORS.map(({ guard }) => guard))
  const missing = Object.keys(rules).filter(
    (rule) => !weakened.has(rule) && !harmless.has(rule) && !(rule in ELSEWHERE),
  )
  expect(missing).toEqual([])
})
