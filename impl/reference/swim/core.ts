/** What a member is made of: its state, and the ways to change it that leave a trace (outputs, changes of the table). */
import type {
  Answer,
  Inspection,
  MemberRecord,
  MemberState,
  Message,
  Output,
  RecordChange,
  Result,
  Status,
  StreamId,
  SwimOptions,
} from '../../../models/swim/vocabulary.ts'
import type { Milliseconds, NodeId } from '../../../models/vocabulary.ts'
import { Chance } from './chance.ts'
import { never } from './never.ts'
import { type Broadcast, BroadcastQueue } from './queue.ts'
import { type Entry, MemberTable } from './table.ts'

/** Counts what must be unique among all members that share it. */
export interface Numbers {
  message: number
  stream: StreamId
}

/** What a member is started with. */
export interface MemberSetup {
  readonly name: NodeId
  /** Where it says that it is reached. */
  readonly address: string
  /** What it tells of itself. */
  readonly meta: string
  readonly options: SwimOptions
  readonly seed: number
  /** Local time of the start. */
  readonly now: Milliseconds
  /** How often this node has been started before; 0 if absent. */
  readonly lives?: number
  /** Others that it knows from the start; nobody if absent. */
  readonly known?: readonly MemberRecord[]
  /** Its own if absent. */
  readonly numbers?: Numbers
}

type Mutable<Type> = { -readonly [Key in keyof Type]: Type[Key] }
type Event = Extract<Output, { readonly type: 'event' }>['event']

const noOutputs: readonly Output[] = Object.freeze([])
const nobody: readonly MemberRecord[] = Object.freeze([])

/** What a member begins with, and with each start begins again. */
const firstIncarnation = 1

export abstract class MemberCore {
  readonly name: NodeId
  protected readonly options: SwimOptions
  protected readonly chance: Chance
  protected readonly table: MemberTable
  protected readonly queue: BroadcastQueue
  protected readonly numbers: Numbers
  protected readonly own: Entry

  protected now: Milliseconds
  /** Health: 0 is well. */
  protected score = 0
  protected leaving = false
  protected sequence = 0

  // Of the step that is being made.
  protected outputs: Output[] | null = null
  protected changed: Entry[] | null = null
  protected forgotten: NodeId[] | null = null

  /** What was told of the state so far. */
  protected readonly seen: Mutable<MemberState>

  constructor(setup: MemberSetup) {
    const { name, address, meta, now } = setup
    this.name = name
    this.options = setup.options
    this.now = now
    this.numbers = setup.numbers ?? { message: 0, stream: 0 }
    this.chance = new Chance(setup.seed, name, setup.lives ?? 0)
    const own: MemberRecord = { node: name, status: 'alive', incarnation: firstIncarnation, address, meta }
    this.table = new MemberTable(own, setup.known ?? nobody, this.chance, now)
    this.own = this.table.own
    this.queue = new BroadcastQueue((broadcast) => this.broadcastFinished(broadcast))
    this.seen = this.observe()
  }

  /** When the next timer is due; `never` if none is running. */
  protected abstract nextDeadline(): Milliseconds
  /** A queued update is not sent any more. */
  protected abstract broadcastFinished(broadcast: Broadcast): void

  // Observation

  protected observe(): Mutable<MemberState> {
    return { incarnation: this.own.record.incarnation, score: this.score, leaving: this.leaving }
  }

  inspect(): Inspection {
    return { state: this.observe(), members: this.sortedRecords() }
  }

  /** The whole state and table: the answer to a start. */
  introduce(): Answer {
    return this.answer(noOutputs, this.observe(), this.sortedRecords())
  }

  protected sortedRecords(): MemberRecord[] {
    return this.table.records().sort((left, right) => (left.node < right.node ? -1 : 1))
  }

  // The frame of a step

  protected begin(at: Milliseconds): void {
    this.now = at
    this.outputs = null
    this.changed = null
    this.forgotten = null
  }

  protected finish(received?: Message): Answer {
    return this.answer(this.outputs ?? noOutputs, this.stateChanges(), this.tableChanges(), received)
  }

  protected answer(
    outputs: readonly Output[],
    state: Partial<MemberState> | null,
    members: readonly RecordChange[] | null,
    received?: Message,
  ): Answer {
    const deadline = this.nextDeadline()
    const wake = deadline === never ? null : deadline
    return { now: this.now, wake, outputs, state, members, received, error: undefined }
  }

  /** What differs from what was told before, and is told now; null for nothing. */
  protected stateChanges(): Partial<MemberState> | null {
    const { seen, score, leaving } = this
    const { incarnation } = this.own.record
    let changes: Mutable<Partial<MemberState>> | null = null
    if (seen.incarnation !== incarnation) (changes ??= {}).incarnation = seen.incarnation = incarnation
    if (seen.score !== score) (changes ??= {}).score = seen.score = score
    if (seen.leaving !== leaving) (changes ??= {}).leaving = seen.leaving = leaving
    return changes
  }

  protected tableChanges(): readonly RecordChange[] | null {
    if (this.changed === null && this.forgotten === null) return null
    const changes: RecordChange[] = []
    for (const entry of this.changed ?? []) {
      entry.hasChanged = false
      changes.push(entry.record)
    }
    for (const node of this.forgotten ?? []) changes.push({ node, status: 'forgotten' })
    return changes
  }

  /** Whether the step so far has shown anything. */
  protected hasShown(): boolean {
    if (this.outputs !== null || this.changed !== null || this.forgotten !== null) return true
    return this.seen.score !== this.score
  }

  protected emit(output: Output): void {
    if (this.outputs === null) this.outputs = [output]
    else this.outputs.push(output)
  }

  protected send(to: NodeId, view: Message, stream: StreamId = 0): void {
    this.emit({ type: 'message', id: ++this.numbers.message, from: this.name, to, view, stream })
  }

  /** Opens a stream by its first message. */
  protected open(to: NodeId, view: Message): StreamId {
    const stream = ++this.numbers.stream
    this.send(to, view, stream)
    return stream
  }

  protected result(operation: number, status: Result['status'], reason: string): void {
    this.emit({ type: 'result', operation, status, reason })
  }

  protected tell(event: Event, node: NodeId, meta: string): void {
    this.emit({ type: 'event', event, node, meta })
  }

  // The table

  /** Every change of a record passes here. */
  protected setRecord(entry: Entry, status: Status, incarnation: number, address: string, meta: string): void {
    const { node } = entry.record
    if (entry.record.status !== status) entry.changedAt = this.now
    entry.record = { node, status, incarnation, address, meta }
    this.noteChange(entry)
  }

  protected noteChange(entry: Entry): void {
    if (entry.hasChanged) return
    entry.hasChanged = true
    if (this.changed === null) this.changed = [entry]
    else this.changed.push(entry)
  }

  protected forget(entries: readonly Entry[]): void {
    if (entries.length === 0) return
    this.forgotten ??= []
    for (const { record } of entries) this.forgotten.push(record.node)
  }

  // Health

  /** [ML] awareness.go: the score stays between 0 and what the options allow. */
  protected changeScore(change: number): void {
    const most = this.options.awarenessMaxMultiplier - 1
    this.score = Math.max(0, Math.min(this.score + change, most))
  }
}
