/** What a node is made of: its members and clocks, and the ways to change them that leave a trace. */
import type {
  Answer,
  Inspection,
  Intent,
  IntentChange,
  Member,
  MemberChange,
  Message,
  Name,
  NodeState,
  Notice,
  Output,
  Result,
  SerfOptions,
  Time,
} from '../../../models/serf/vocabulary.ts'
import type { Milliseconds, NodeId } from '../../../models/vocabulary.ts'
import { inOrder } from '../networkdb/records.ts'
import { Chance } from '../swim/chance.ts'
import { never } from '../swim/never.ts'
import type { IntentRecord, MemberRecord } from './records.ts'

/** Counts what must be unique among all nodes that share it. */
export interface Numbers {
  message: number
}

/** What a node is started with. */
export interface NodeSetup {
  readonly name: Name
  readonly options: SerfOptions
  readonly seed: number
  /** Which of the node's lives it is, from 1. */
  readonly life: number
  readonly now: Milliseconds
  /** Others that it knows from the start. */
  readonly known: readonly Name[]
  readonly numbers: Numbers
}

export abstract class NodeCore {
  readonly name: Name
  protected readonly options: SerfOptions
  protected readonly chance: Chance
  protected readonly numbers: Numbers

  protected now: Milliseconds
  protected memberClock: Time = this.firstTime()
  protected eventClock: Time = this.firstTime()
  protected queryClock: Time = this.firstTime()
  protected phase: NodeState['phase'] = 'alive'

  protected readonly members = new Map<Name, MemberRecord>()
  protected readonly intents = new Map<Name, IntentRecord>()
  /** Who is there, as the layer below says; without itself. */
  protected readonly there = new Set<Name>()

  // Of the step that is being made.
  private outputs: Output[] = []
  private seen: NodeState
  private readonly changedMembers = new Set<Name>()
  private readonly changedIntents = new Set<Name>()

  constructor({ name, options, seed, life, now, known, numbers }: NodeSetup) {
    this.name = name
    this.options = options
    this.now = now
    this.numbers = numbers
    this.chance = new Chance(seed, name, life)
    for (const member of [name, ...known]) this.members.set(member, this.newMember(member))
    for (const member of known) this.there.add(member)
    this.seen = this.observe()
  }

  /** So that an intent of time 0 is older than any. [Serf] Create */
  protected firstTime(): Time {
    return 1
  }

  protected newMember(name: Name): MemberRecord {
    return { name, status: 'alive', time: 0, tags: '', goneAt: never, pruneAt: never }
  }

  /** When the next timer is due; `never` if none is running. */
  protected abstract nextDeadline(): Milliseconds

  // Observation

  protected observe(): NodeState {
    const { name, memberClock, eventClock, queryClock, phase } = this
    return { name, memberClock, eventClock, queryClock, phase }
  }

  inspect(): Inspection {
    const intents = [...this.intents].map(([name, record]) => intentOf(name, record))
    return {
      state: this.observe(),
      members: inOrder([...this.members.values()].map(memberOf), ({ name }) => name),
      intents: inOrder(intents, ({ name }) => name),
    }
  }

  /** Everything: the answer to a start. */
  introduce(): Answer {
    return { now: this.now, wake: this.wake(), outputs: [], ...this.inspect() }
  }

  // The frame of a step

  protected begin(at: Milliseconds): void {
    this.now = at
    this.outputs = []
    this.changedMembers.clear()
    this.changedIntents.clear()
  }

  protected finish(received?: Message): Answer {
    return {
      now: this.now,
      wake: this.wake(),
      outputs: this.outputs,
      state: this.stateChanges(),
      members: orNull([...this.changedMembers].map((name) => this.seeMember(name))),
      intents: orNull([...this.changedIntents].map((name) => this.seeIntent(name))),
      received,
      error: undefined,
    }
  }

  private wake(): Milliseconds | null {
    const deadline = this.nextDeadline()
    return deadline === never ? null : deadline
  }

  private stateChanges(): Partial<NodeState> | null {
    const before = this.seen
    const after = this.observe()
    this.seen = after
    const changes: { -readonly [Field in keyof NodeState]?: NodeState[Field] } = {}
    if (after.memberClock !== before.memberClock) changes.memberClock = after.memberClock
    if (after.eventClock !== before.eventClock) changes.eventClock = after.eventClock
    if (after.queryClock !== before.queryClock) changes.queryClock = after.queryClock
    if (after.phase !== before.phase) changes.phase = after.phase
    return Object.keys(changes).length === 0 ? null : changes
  }

  private seeMember(name: Name): MemberChange {
    const member = this.members.get(name)
    return member === undefined ? { name, status: 'forgotten' } : memberOf(member)
  }

  private seeIntent(name: Name): IntentChange {
    const record = this.intents.get(name)
    return record === undefined ? { name, intent: 'forgotten' } : intentOf(name, record)
  }

  /** Whether the step so far has shown anything. */
  protected hasShown(): boolean {
    return this.outputs.length > 0 || this.changedMembers.size > 0 || this.changedIntents.size > 0
  }

  protected send(to: NodeId, view: Message): void {
    const reliable = isReliable(view)
    this.outputs.push({ type: 'message', id: ++this.numbers.message, from: this.name, to, view, reliable })
  }

  /** The application is told. */
  protected notify(notice: Notice): void {
    this.outputs.push(notice)
  }

  protected result(operation: number, status: Result['status'], reason: string): void {
    this.outputs.push({ type: 'result', operation, status, reason })
  }

  // Clocks. [Serf] lamport.go

  protected witnessMember(time: Time): void {
    this.memberClock = this.witness(this.memberClock, time)
  }

  protected witnessEvent(time: Time): void {
    this.eventClock = this.witness(this.eventClock, time)
  }

  protected witnessQuery(time: Time): void {
    this.queryClock = this.witness(this.queryClock, time)
  }

  protected witness(clock: Time, time: Time): Time {
    return time < clock ? clock : time + 1
  }

  // Records

  protected noteMember(name: Name): void {
    this.changedMembers.add(name)
  }

  protected noteIntent(name: Name): void {
    this.changedIntents.add(name)
  }
}

/** Whether a message goes over a stream. */
export const isReliable = ({ kind }: Message): boolean => kind === 'push-pull' || kind === 'push-pull-reply'

const memberOf = ({ name, status, time, tags }: MemberRecord): Member => ({ name, status, time, tags })

const intentOf = (name: Name, { intent, time }: IntentRecord): Intent => ({ name, intent, time })

const orNull = <Item>(items: readonly Item[]): readonly Item[] | null => (items.length === 0 ? null : items)
