/** What a member is made of: its state, and the ways to change it that leave a trace (outputs, writes, log deltas). */
import type {
  Answer,
  Configuration,
  Entry,
  Inspection,
  LogDelta,
  MemberState,
  Message,
  Output,
  RaftOptions,
  Result,
  Role,
  WriteContents,
} from '../../../models/raft/vocabulary.ts'
import type { Milliseconds, NodeId, WriteId } from '../../../models/vocabulary.ts'
import { emptyStore, KeyValueStore } from '../store/key-value.ts'
import { blankConfiguration, Membership } from './configuration.ts'
import type { Directory } from './directory.ts'
import { RaftLog } from './log.ts'
import type { JournalRecord, Saved } from './journal.ts'
import { carrying, type Snapshot } from './snapshot.ts'

/** Never: the deadline of a timer that is not running. */
export const never = Number.MAX_SAFE_INTEGER

const noOutputs: readonly Output[] = Object.freeze([])

/** What a member is started with. */
export interface MemberSetup {
  readonly name: NodeId
  readonly directory: Directory
  readonly options: RaftOptions
  readonly seed: number
  /** How often this node has been started before. */
  readonly incarnation: number
  /** Local time of the start. */
  readonly now: Milliseconds
  /** Counts the messages of all members that share it. */
  readonly messages: { last: number }
  /** Greatest identifier of a write of earlier incarnations. */
  readonly lastWrite: WriteId
  readonly saved: Saved
}

type Mutable<Type> = { -readonly [Key in keyof Type]: Type[Key] }

/** One configuration and the index of the entry, or snapshot, that brought it. */
interface ConfigurationInEffect {
  readonly index: number
  readonly membership: Membership
}

export abstract class MemberCore {
  readonly name: NodeId
  protected readonly self: number
  protected readonly directory: Directory
  protected readonly options: RaftOptions
  protected readonly seed: number
  protected readonly incarnation: number

  protected now: Milliseconds
  protected role: Role = 'follower'
  protected leader: NodeId | null = null

  // Durable: nothing that depends on these leaves before their write is acknowledged.
  protected term: number
  protected vote: NodeId | null
  protected readonly log: RaftLog
  protected snapshot: Snapshot | null

  // Volatile: rebuilt from the snapshot and the log.
  protected commit: number
  protected applied: number
  protected store: KeyValueStore
  /** By member number: was removed by a change that is applied here. */
  protected removed: boolean[]
  /** The configuration that the applied entries lead to. */
  protected appliedMembership: Membership
  /** Configurations of the snapshot and of the entries behind it; the last is in effect. */
  protected configurations: ConfigurationInEffect[]
  protected membership: Membership

  protected lastWrite: WriteId
  protected durableWrite: WriteId
  /** Last write of term or vote. */
  protected stateWrite: WriteId = 0
  /** Last write of the log. */
  protected logWrite: WriteId = 0
  /** Up to where the log is durable. */
  protected durableIndex: number
  /** Writes that are not durable, oldest first, and up to where each makes the log durable. */
  protected pendingWrites: { readonly id: WriteId; lastIndex: number }[] = []

  // Of the step that is being made.
  protected outputs: Output[] | null = null
  protected contents: Mutable<WriteContents> | null = null
  protected delta: Mutable<LogDelta> | null = null
  protected snapshotToWrite: Snapshot | null = null
  /** What the step that was made last wrote to the journal. */
  record: JournalRecord | null = null

  /** What was told of the state so far. */
  protected seen: Mutable<MemberState>
  protected readonly messages: { last: number }

  constructor(setup: MemberSetup) {
    const { saved } = setup
    this.name = setup.name
    this.directory = setup.directory
    this.self = setup.directory.numberOf(setup.name)
    this.options = setup.options
    this.seed = setup.seed
    this.incarnation = setup.incarnation
    this.messages = setup.messages
    this.now = setup.now
    this.term = saved.term
    this.vote = saved.vote
    this.lastWrite = setup.lastWrite
    this.durableWrite = setup.lastWrite
    this.log = new RaftLog(saved.base, saved.entries)
    this.durableIndex = this.log.lastIndex
    this.snapshot = saved.snapshot
    this.commit = this.applied = saved.snapshot?.index ?? 0
    this.store = new KeyValueStore(saved.snapshot?.store ?? emptyStore)
    this.appliedMembership = this.membershipOf(saved.snapshot?.configuration ?? blankConfiguration)
    this.configurations = [{ index: this.applied, membership: this.appliedMembership }]
    this.removed = []
    for (const name of saved.snapshot?.removed ?? []) this.removed[this.directory.numberOf(name)] = true
    this.membership = this.appliedMembership
    for (const entry of saved.entries) this.takeConfiguration(entry)
    this.seen = this.observe()
  }

  /** When the next timer is due; `never` if none is running. */
  protected abstract nextDeadline(): Milliseconds
  /** Leader, and announced as such to its control plane. */
  protected abstract isReady(): boolean
  /** Called when another configuration has come into effect. */
  protected abstract configurationChanged(): void

  // Observation

  protected observe(): Mutable<MemberState> {
    return {
      role: this.role,
      term: this.term,
      vote: this.vote,
      leader: this.leader,
      commit: this.commit,
      applied: this.applied,
      configuration: this.membership.configuration,
      ready: this.isReady(),
    }
  }

  inspect(): Inspection {
    return {
      state: this.observe(),
      base: { index: this.log.baseIndex, term: this.log.baseTerm },
      entries: this.log.entries.slice(),
      store: this.store.contents().pairs,
    }
  }

  /** The whole state and log: the answer to a start. */
  introduce(): Answer {
    const { baseIndex: index, baseTerm: term, entries } = this.log
    const restore = { index, term, retain: false }
    return this.answer(noOutputs, this.observe(), { restore, append: entries.slice() })
  }

  // The frame of a step

  protected begin(at: Milliseconds): void {
    this.now = at
    this.outputs = null
    this.contents = null
    this.delta = null
    this.snapshotToWrite = null
    this.record = null
  }

  protected finish(received?: Message): Answer {
    if (this.contents !== null) {
      this.record = { write: this.lastWrite, contents: this.contents, snapshot: this.snapshotToWrite }
      this.pendingWrites.push({ id: this.lastWrite, lastIndex: this.log.lastIndex })
    }
    return this.answer(this.outputs ?? noOutputs, this.changes(), this.delta, received)
  }

  protected answer(
    outputs: readonly Output[],
    state: Partial<MemberState> | null,
    log: LogDelta | null,
    received?: Message,
  ): Answer {
    const deadline = this.nextDeadline()
    const wake = deadline === never ? null : deadline
    return { now: this.now, wake, outputs, state, log, received, error: undefined }
  }

  /** What differs from what was told before, and is told now; null for nothing. */
  protected changes(): Partial<MemberState> | null {
    const { seen } = this
    const ready = this.isReady()
    const { configuration } = this.membership
    let changes: Mutable<Partial<MemberState>> | null = null
    if (seen.role !== this.role) (changes ??= {}).role = seen.role = this.role
    if (seen.term !== this.term) (changes ??= {}).term = seen.term = this.term
    if (seen.vote !== this.vote) (changes ??= {}).vote = seen.vote = this.vote
    if (seen.leader !== this.leader) (changes ??= {}).leader = seen.leader = this.leader
    if (seen.commit !== this.commit) (changes ??= {}).commit = seen.commit = this.commit
    if (seen.applied !== this.applied) (changes ??= {}).applied = seen.applied = this.applied
    if (seen.configuration !== configuration) (changes ??= {}).configuration = seen.configuration = configuration
    if (seen.ready !== ready) (changes ??= {}).ready = seen.ready = ready
    return changes
  }

  /** Whether the step so far has shown anything. */
  protected hasShown(): boolean {
    return this.outputs !== null || this.seen.role !== this.role || this.seen.leader !== this.leader
  }

  protected emit(output: Output): void {
    if (this.outputs === null) this.outputs = [output]
    else this.outputs.push(output)
  }

  protected send(to: NodeId, view: Message, after: WriteId = 0): void {
    this.emit({ type: 'message', id: ++this.messages.last, from: this.name, to, view, after })
  }

  protected sendCarrying(to: NodeId, view: Message, snapshot: Snapshot): void {
    const id = ++this.messages.last
    this.emit(carrying({ type: 'message', id, from: this.name, to, view, after: 0 }, snapshot))
  }

  protected result(operation: number, status: Result['status'], value: string | null, reason: string): void {
    this.emit({ type: 'result', operation, status, value, reason })
  }

  // Durability

  /** What the step writes; opens the write if nothing has been written yet. */
  protected openWrite(): Mutable<WriteContents> {
    if (this.contents !== null) return this.contents
    const contents = { term: undefined, vote: undefined, commit: undefined, log: undefined }
    this.contents = contents
    this.emit({ type: 'write', id: ++this.lastWrite, file: 'journal', sync: true, contents })
    return contents
  }

  protected persistTerm(): void {
    this.openWrite().term = this.term
    this.stateWrite = this.lastWrite
  }

  protected persistVote(): void {
    this.openWrite().vote = this.vote
    this.stateWrite = this.lastWrite
  }

  /** What happens to the log in this step, in the answer and in the write alike. */
  protected persistLog(): Mutable<LogDelta> {
    if (this.delta === null) {
      this.delta = { restore: undefined, truncate: undefined, append: undefined, compact: undefined }
      this.openWrite().log = this.delta
      this.logWrite = this.lastWrite
    }
    return this.delta
  }

  protected isDurable(write: WriteId): boolean {
    return write <= this.durableWrite
  }

  /** What messages wait for that tell of a term or a vote. */
  protected afterState(): WriteId {
    return this.isDurable(this.stateWrite) ? 0 : this.stateWrite
  }

  /** What messages wait for that tell of entries. */
  protected afterLog(): WriteId {
    return this.isDurable(this.logWrite) ? this.afterState() : this.logWrite
  }

  /** A write is acknowledged, and with it those before it. Writes are acknowledged in their order. */
  protected writeCompleted(write: WriteId): void {
    this.durableWrite = write
    const { pendingWrites } = this
    while (pendingWrites.length > 0 && pendingWrites[0]!.id <= write)
      this.durableIndex = pendingWrites.shift()!.lastIndex
  }

  /** Entries above `index` are no longer what earlier writes made, or will make, durable. */
  protected forgetWrites(index: number): void {
    this.durableIndex = Math.min(this.durableIndex, index)
    for (const pending of this.pendingWrites) pending.lastIndex = Math.min(pending.lastIndex, index)
  }

  // The log

  protected append(entry: Entry): void {
    this.log.append(entry)
    const delta = this.persistLog() as { append: Entry[] | undefined }
    if (delta.append === undefined) delta.append = [entry]
    else delta.append.push(entry)
    if (entry.configuration !== undefined) this.adoptConfiguration(entry)
  }

  protected truncate(index: number): void {
    this.log.truncate(index)
    this.forgetWrites(index)
    this.persistLog().truncate = index
    this.fallBackConfiguration(index)
  }

  /** Replaces the log by a snapshot. */
  protected replaceLog(snapshot: Snapshot): void {
    const { index, term } = snapshot
    this.log.restore(snapshot)
    this.forgetWrites(0)
    this.persistLog().restore = { index, term, retain: false }
    this.snapshotToWrite = this.snapshot = snapshot
    this.appliedMembership = this.membershipOf(snapshot.configuration)
    this.configurations = [{ index, membership: this.appliedMembership }]
    this.useConfiguration(this.appliedMembership)
  }

  /** Discards the log up to `index`; `snapshot` stands for it from now on. */
  protected compactLog(index: number, snapshot: Snapshot): void {
    this.log.compact(index)
    this.persistLog().compact = { index, term: this.log.baseTerm }
    this.snapshotToWrite = this.snapshot = snapshot
  }

  // The configuration in effect

  protected membershipOf(configuration: Configuration): Membership {
    return new Membership(configuration, this.directory)
  }

  protected takeConfiguration({ index, configuration }: Entry): void {
    if (configuration === undefined || index <= this.configurations[0]!.index) return
    this.membership = this.membershipOf(configuration)
    this.configurations.push({ index, membership: this.membership })
  }

  /** A configuration takes effect as soon as its entry is in the log. */
  protected adoptConfiguration(entry: Entry): void {
    this.takeConfiguration(entry)
    this.configurationChanged()
  }

  /** Configurations of entries above `index` are gone; the one before them is in effect again. */
  protected fallBackConfiguration(index: number): void {
    const { configurations } = this
    if (configurations.at(-1)!.index <= index) return
    while (configurations.length > 1 && configurations.at(-1)!.index > index) configurations.pop()
    this.useConfiguration(configurations.at(-1)!.membership)
  }

  protected useConfiguration(membership: Membership): void {
    this.membership = membership
    this.configurationChanged()
  }

  /** The last configuration that is known to be committed. */
  protected committedMembership(): Membership {
    const { configurations } = this
    let last = configurations.length - 1
    while (last > 0 && configurations[last]!.index > this.commit) last--
    return configurations[last]!.membership
  }

  /** Index of the entry, or snapshot, that brought the configuration in effect. */
  protected configurationIndex(): number {
    return this.configurations.at(-1)!.index
  }
}
