/** What the judge knows of one member: what was observed, what is durable, and what follows from what it was sent. */
import type {
  Configuration,
  Entry,
  LogDelta,
  MemberState,
  Operation,
  OutgoingMessage,
  Role,
  WriteContents,
} from '../../models/raft/vocabulary.ts'
import type { NodeId, WriteId } from '../../models/vocabulary.ts'

/** An entry as the whole cluster knows it: one object for each (index, term), so equal entries are identical objects. */
export interface EntryRecord {
  readonly index: number
  readonly term: number
  readonly kind: Entry['kind']
  readonly digest: string
  readonly configuration: Configuration | null
  /** Term of the entry before it, which log matching makes unique. */
  readonly previousTerm: number
  /** Record of the same index and another term. */
  next: EntryRecord | null
}

/** A log as a list of shared records behind a base that a snapshot covers. */
export class Log {
  base = 0
  baseTerm = 0
  records: EntryRecord[] = []

  get lastIndex(): number {
    return this.base + this.records.length
  }

  get lastTerm(): number {
    const last = this.records[this.records.length - 1]
    return last === undefined ? this.baseTerm : last.term
  }

  /** The entry at this index, or null where the log does not hold it. */
  at(index: number): EntryRecord | null {
    return this.records[index - this.base - 1] ?? null
  }

  /** Term at this index, or -1 where it is not known. */
  termAt(index: number): number {
    if (index === this.base) return this.baseTerm
    const record = this.records[index - this.base - 1]
    return record === undefined ? -1 : record.term
  }

  truncate(index: number): void {
    this.records.length = Math.max(0, index - this.base)
  }

  compact(index: number, term: number): void {
    this.records.splice(0, index - this.base)
    this.base = index
    this.baseTerm = term
  }

  restore(index: number, term: number, retain: boolean): void {
    if (retain && index >= this.base && index <= this.lastIndex) {
      this.compact(index, term)
      return
    }
    this.base = index
    this.baseTerm = term
    this.records = []
  }
}

/** A disk write that is not yet durable. */
export interface PendingWrite {
  readonly id: WriteId
  readonly file: string
  readonly sync: boolean
  readonly contents: WriteContents
  acknowledged: boolean
}

/** An operation that a member was given and has not answered. */
export interface PendingOperation {
  /** Of a proposal: the entry that its leader made of it at once. */
  entry: EntryRecord | null
  readonly id: number
  readonly operation: Operation
  readonly step: number
  readonly appliedThen: number
  readonly commitThen: number
  /** Whether the member led then, in which term, and whom it took for leader. */
  readonly leading: boolean
  readonly term: number
  readonly leader: NodeId | null
  /** Whether liveness was demanded by then. */
  readonly settling: boolean
  /** Local instant. */
  readonly since: number
  /** Of a transfer: its target was told to campaign. */
  told: boolean
}

export const NO_CONFIGURATION: Configuration = { voters: [], outgoing: [], learners: [] }

export class Member {
  readonly id: NodeId
  readonly number: number
  up = true
  /** Panicked, or removed itself: nothing is expected of it any more. */
  gone = false

  role: Role = 'follower'
  term = 0
  vote: NodeId | null = null
  leader: NodeId | null = null
  commit = 0
  /** Last index that it was seen to apply or restore, and the index that it shows. */
  applied = 0
  shownApplied = 0
  ready = false
  configuration: Configuration = NO_CONFIGURATION
  voters = 0
  outgoing = 0
  learners = 0
  readonly log = new Log()

  /** The state before the step being judged. */
  roleBefore: Role = 'follower'
  termBefore = 0
  voteBefore: NodeId | null = null
  leaderBefore: NodeId | null = null
  commitBefore = 0
  appliedBefore = 0
  lastIndexBefore = 0
  lastTermBefore = 0
  votersBefore = 0
  outgoingBefore = 0
  configurationBefore: Configuration = NO_CONFIGURATION

  /** Durable state, and the writes on their way to it. */
  durableTerm = 0
  durableVote: NodeId | null = null
  durableCommit = 0
  readonly durableLog = new Log()
  writes: PendingWrite[] = []
  held: OutgoingMessage[] = []
  /** Harness step since which a write has always been on its way, or -1, and the term then: messages may be as old. */
  busySince = -1
  busyTerm = 0
  /** Whether it was so when the step began: what is sent in the step may be older than it, back to this term. */
  wasBusy = false
  oldestTerm = 0

  /** Local instants. `contact`: last event that must reset the election timer; `disturbed`: last that may have. */
  contact = 0
  disturbed = 0

  /** Last leader that it named, and in which term. */
  namedTerm = -1
  named: NodeId | null = null
  heardLeader = 0
  restartedAt = 0

  /** Candidate: members that granted, and that refused, the vote of `term`; pre-votes for `term + 1`. */
  votes = 0
  refusals = 0
  preVotes = 0
  preVoteRefusals = 0
  /** Of these, what came since it last asked: an implementation may start to count anew each time. */
  preVotesOfRound = 0
  /** Last log position when it campaigned in `campaignTerm`; likewise for the pre-vote before it. */
  campaignTerm = -1
  campaignIndex = 0
  campaignLogTerm = 0
  preCampaignTerm = -1
  preCampaignIndex = 0
  preCampaignLogTerm = 0
  /** Members asked for a vote in \`campaignTerm\`. */
  asked = 0
  /** Term in which a leader asked it to campaign at once. */
  transferTerm = -1

  /** Votes and pre-votes that it may grant: candidates asked in that term while their log was up-to-date. */
  grantableTerm = -1
  grantable = 0
  preGrantableTerm = -1
  preGrantable = 0
  /** Members whose last pre-vote it had to disregard, since it hears a leader. */
  disregarded = 0
  /** Sender of the append, heartbeat or snapshot of this step, if of an older term, or if its log does not match; -1 for none. */
  staleSender = -1
  unmatchedSender = -1

  /** Follower: the index up to which its log is known to be the leader's, in `verifiedTerm`. */
  verifiedTerm = -1
  verified = 0
  /** Rounds of leadership confirmation that it heard of in a term. */
  heardRoundsTerm = -1
  readonly heardRounds = new Set<number>()
  /** Last index of a snapshot that replaced its log and that it has not acknowledged since; 0 for none. */
  snapshotTaken = 0
  /** Indexes behind which it was sent appends that it may refuse. */
  readonly refusable = new Set<number>()

  /** Leader: what each member acknowledged in this term, and when (local) it last answered. */
  match: Int32Array
  answered: Float64Array
  /** Match of each member when the leader last had no write on its way: the floor for late messages. */
  matchFloor: Int32Array
  /** Rounds of leadership confirmation: when each was first sent (step, local instant), and what each member confirmed. */
  rounds = new Map<number, { readonly step: number; readonly at: number }>()
  confirmed: Float64Array
  confirmedAt: Float64Array
  /** Local instant of the last message to each member as leader, and of the last change of configuration. */
  sent: Float64Array
  configuredAt = 0
  /** Last index of each append with entries on its way to each member. */
  inflight: number[][]
  /** Last index of each append with entries to each member that goes beyond what it acknowledged, lost or not. */
  unacknowledged: number[][]
  /** Local instant and log length when it became leader. */
  ledSince = 0
  ledFrom = 0
  /** Greatest term in which it led, for messages that leave late. */
  ledTerm = -1
  /** Transfer under way: target and the local instant when it was asked; null for none. */
  transferTo: NodeId | null = null
  transferSince = 0
  /** Local instant of the latest request to transfer, and all members named in this term. */
  transferAsked = 0
  transferTargets = 0
  /** Told a member to campaign in this term. */
  toldToStand = false
  /** Index of the newest configuration entry in the log; of the initial configuration 0. */
  configurationIndex = 0
  /** Told by a leader's entry or snapshot that it is no longer a member. */
  removed = false

  /** Members whose appends, heartbeats or snapshots, and whose vote requests, wait for an answer. */
  owedAppends = 0
  owedVotes = 0
  /** Latest round of the heartbeats among them. */
  owedRound = 0
  /** Last term that it wrote, durable or not. */
  writtenTerm = 0
  /** Configuration that it started with in the run, as a text. */
  firstConfiguration = ''
  /** Lost leadership without answering those who wait for a proposal. */
  lostProposals = false
  /** Applied index right after the last restore, and at the last inspection that found nothing wrong. */
  restoredAt = 0
  inspectedAt = 0
  /** Restored a snapshot at some time. */
  restored = false
  /** Harness step in which it last sent each member an append, as leader. */
  appendedAt: Int32Array
  /** Local instant of the step being judged. */
  lastLocal = 0

  readonly pending = new Map<number, PendingOperation>()
  /** The step at which it first asked another member for a read index, by request. */
  readonly readsAsked = new Map<string, number>()
  /** The read indexes that it was given, each with the step at which it had asked. */
  readonly readAnswers: { readonly asked: number; readonly index: number }[] = []
  /** Reads that other members asked of it, by request: the step and its commit index then. */
  readonly readRequests = new Map<string, { readonly step: number; readonly commit: number }>()

  constructor(id: NodeId, number: number, members: number) {
    this.id = id
    this.number = number
    this.match = new Int32Array(members)
    this.answered = new Float64Array(members)
    this.matchFloor = new Int32Array(members)
    this.confirmed = new Float64Array(members)
    this.confirmedAt = new Float64Array(members)
    this.sent = new Float64Array(members)
    this.inflight = Array.from({ length: members }, () => [])
    this.unacknowledged = Array.from({ length: members }, () => [])
    this.appendedAt = new Int32Array(members)
  }

  /** Remembers the state before a step. */
  begin(): void {
    this.staleSender = this.unmatchedSender = -1
    this.roleBefore = this.role
    this.termBefore = this.term
    this.voteBefore = this.vote
    this.leaderBefore = this.leader
    this.commitBefore = this.commit
    this.appliedBefore = this.applied
    this.lastIndexBefore = this.log.lastIndex
    this.lastTermBefore = this.log.lastTerm
    this.votersBefore = this.voters
    this.outgoingBefore = this.outgoing
    this.configurationBefore = this.configuration
    this.wasBusy = this.busySince >= 0
    this.oldestTerm = this.wasBusy ? Math.min(this.busyTerm, this.term) : this.term
  }

  /** Whether it sent this member an append since liveness was demanded. */
  appendedTo(member: Member): boolean {
    return this.appendedAt[member.number]! > 0
  }

  observe(state: Partial<MemberState>): void {
    if (state.role !== undefined) this.role = state.role
    if (state.term !== undefined) this.term = state.term
    if (state.vote !== undefined) this.vote = state.vote
    if (state.leader !== undefined) this.leader = state.leader
    if (state.commit !== undefined) this.commit = state.commit
    if (state.applied !== undefined) this.shownApplied = state.applied
    if (state.ready !== undefined) this.ready = state.ready
  }

  /** Forgets what does not survive a crash. */
  forget(): void {
    this.votes = this.refusals = this.preVotes = this.preVotesOfRound = this.preVoteRefusals = 0
    this.campaignTerm = this.preCampaignTerm = this.transferTerm = -1
    this.grantableTerm = this.preGrantableTerm = this.verifiedTerm = this.ledTerm = -1
    this.grantable = this.preGrantable = this.verified = 0
    this.match.fill(0)
    this.matchFloor.fill(0)
    this.confirmed.fill(-1)
    this.confirmedAt.fill(-1)
    this.rounds.clear()
    this.held = []
    this.writes = []
    this.busySince = -1
    this.wasBusy = false
    this.oldestTerm = 0
    this.heardRoundsTerm = -1
    this.heardRounds.clear()
    this.refusable.clear()
    this.snapshotTaken = 0
    this.writtenTerm = this.durableTerm
    this.transferTo = null
    this.pending.clear()
    this.readRequests.clear()
    this.readsAsked.clear()
    this.readAnswers.length = 0
    this.lostProposals = false
    this.owedAppends = this.owedVotes = 0
  }

  /** Starts to keep what a leader knows of its followers. */
  startLeading(now: number): void {
    this.match.fill(0)
    this.matchFloor.fill(0)
    this.answered.fill(now)
    this.sent.fill(now)
    for (const window of this.inflight) window.length = 0
    for (const window of this.unacknowledged) window.length = 0
    this.confirmed.fill(-1)
    this.confirmedAt.fill(-1)
    this.rounds.clear()
    this.readRequests.clear()
    this.ledSince = now
    this.ledTerm = this.term
    this.transferTo = null
    this.transferTargets = 0
    this.toldToStand = false
  }
}

/** The first entry that a delta, applied to this log last, added at another index than the entry's own. */
export function misplacedEntry(log: Log, { append }: LogDelta): Entry | null {
  if (append === undefined) return null
  const before = log.lastIndex - append.length
  return append.find((entry, position) => entry.index !== before + position + 1) ?? null
}

/** Applies a delta to a log; `record` finds or makes the shared record of an entry. */
export function applyDelta(
  log: Log,
  delta: LogDelta,
  record: (entry: Entry, previousTerm: number) => EntryRecord,
): void {
  const { restore, truncate, append, compact } = delta
  if (restore !== undefined) log.restore(restore.index, restore.term, restore.retain)
  if (truncate !== undefined) log.truncate(truncate)
  if (append !== undefined) for (const entry of append) log.records.push(record(entry, log.lastTerm))
  if (compact !== undefined && compact.index > log.base) log.compact(compact.index, compact.term)
}
