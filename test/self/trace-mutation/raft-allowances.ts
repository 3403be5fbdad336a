/** Corruptions of Raft that its protocol allows. */
import type { Allowance } from './allowance.ts'

const requests = '(heartbeat|append-entries|install-snapshot|request-vote|pre-vote|read-index)'

/** What survives, and why the protocol allows it. A survivor of another kind is a hole in the judge. */
export const raftAllowances: readonly Allowance[] = [
  {
    of: new RegExp(`^((removed|copied) ${requests}|${requests} to|removed timeout-now)$`),
    because: 'whom a member asks, and how often, is up to it: silence is judged over time, by raft/heartbeats',
    free: true,
  },
  {
    of: /^(heartbeat|append-entries) round$/,
    because: 'the number of a round is a name that its leader gives',
    free: true,
  },
  {
    of: new RegExp(`^(${requests}|(heartbeat|pre-vote|read-index)-response|timeout-now|member-removed) after$`),
    because: 'these have to wait for no write, and may wait for one',
    free: true,
  },
  { of: /^append-entries-response hint$/, because: 'a hint is one: raft/hints-backtracking is a MAY', free: true },
  {
    of: /^(removed (pre-vote|read-index)-response|(copied|removed) read-index-response|read-index-response to)$/,
    because: 'who asks for a pre-vote or a read may be left without an answer; one that nobody waits for means nothing',
    free: true,
  },
  { of: /^(result value|removed result)$/, because: 'what clients see is the history layer’s matter', free: true },
  {
    of: /^(install-snapshot|restore) digest$/,
    because: 'what state machines hold is judged over all members, by the state layer',
    free: true,
  },
  {
    of: /^(state|unchanged|hidden) ready of a leader$/,
    because: 'a leader that has caught up may be announced or not',
    free: true,
  },
  { of: /^(heartbeat|append-entries) commit$/, because: 'less than the leader’s commit index may be told' },
  {
    of: /^(state|unchanged|hidden) leader$/,
    because: 'nobody may be named at any time, and anybody in a term in which nobody ever speaks as leader',
  },
  { of: /^append-entries entries$/, because: 'fewer entries may be sent' },
  { of: /^(append-entries|install-snapshot)-response index$/, because: 'less than what matches may be acknowledged' },
  { of: /^(append-entries|heartbeat)-response round$/, because: 'a round that was heard of may be confirmed again' },
  {
    of: /^(removed (append-entries|heartbeat|install-snapshot|request-vote)-response|(append-entries|heartbeat|request-vote)-response (to|term))$/,
    because:
      'owed are answers to requests of the own term that bring something; one may stand for several while the disk is busy',
  },
  {
    of: /^(copied (append-entries|heartbeat|request-vote|install-snapshot)-response)$/,
    because:
      'a refusal, or the answer to no round, means nothing to who did not ask; a request that came again is answered again',
  },
  {
    of: /^((copied|added) request-vote-response|(copied pre-vote-response|pre-vote-response (to|granted|term)))$/,
    because: 'who was asked may grant again, and refuse a pre-vote',
  },
  {
    of: /^(request-vote-response granted|install-snapshot-response success)$/,
    because: 'a request that came again, or brings nothing, may be refused',
  },
  {
    of: /^(write|removed write)( .*)?$/,
    because: 'a write that is lost, wrong or unsynced does no harm where nothing came to depend on it',
  },
  { of: /^(log compact index|hidden compact)$/, because: 'less than what was applied may be discarded' },
  { of: /^copied member-removed$/, because: 'whoever was removed may be told' },
  { of: /^added entry$/, because: 'a leader adds what entries it wants' },
  {
    of: /^(added result|result status)$/,
    because: 'an operation may end as unknown, and a change or transfer as anything',
  },
  { of: /^(state|unchanged|hidden) role$/, because: 'a pre-candidate may give up' },
  { of: /^restart: state (commit|applied)$/, because: 'what was not durable may be forgotten' },
  { of: /^install-snapshot lastIndex$/, because: 'an older snapshot with that term and configuration may be sent' },
  { of: /^read-index term$/, because: 'requests to read may tell an older term, or none' },
  { of: /^read-index-response index$/, because: 'a read may wait for more than it must' },
  { of: /^request-vote term$/, because: 'a request of an earlier campaign may leave late, where the disk is busy' },
  { of: /^request-vote transfer$/, because: 'a campaign that a leader asked for need not say so' },
  {
    of: /^(append-entries|request-vote|install-snapshot)-response after$/,
    because: 'a refusal, and what is durable already, has to wait for no write',
  },
]
