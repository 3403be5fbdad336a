/** What the judge knows of one node: what was observed, and what follows from it. */
import type {
  Broadcast,
  Intent,
  Member,
  Name,
  NodeState,
  Response,
  SerfOptions,
  Time,
  UserEvent,
} from '../../models/serf/vocabulary.ts'
import type { Milliseconds, NodeId } from '../../models/vocabulary.ts'

export interface SeenMember extends Member {
  /** Local instant at which it was lost; Infinity while it is there. */
  readonly goneAt: Milliseconds
  /** Local instant since which its status is this. */
  readonly since: Milliseconds
  /** Local instant by which it is to be forgotten, because somebody said so; Infinity if nobody did. */
  readonly pruneBy: Milliseconds
}

export interface SeenIntent extends Intent {
  /** Local instant at which it was heard. */
  readonly since: Milliseconds
}

/** News that a node has to tell. */
export interface Owed {
  /** Requirement that is broken if it does not. */
  readonly requirement: number
  /** Local instant since which it could have told it. */
  readonly since: Milliseconds
}

/** News of the node's own of which not all is seen: its time lies in a range. */
export interface OwnNews extends Owed {
  readonly like: Partial<Broadcast>
  readonly least: Time
  readonly below: Time
  readonly operation: number
}

/** In how many rounds something was told, and when last. */
export interface Rounds {
  count: number
  at: Milliseconds
}

/** An operation that has no result so far. */
export interface Asked {
  readonly type: string
  readonly since: Milliseconds
  /** Whom it joins; '' for nobody. */
  readonly peer: NodeId
  readonly ignoreOld: boolean
  /** Whether there was anybody to be told. */
  readonly hasOthers: boolean
  /** Of a query: how long it is open. */
  readonly timeout: Milliseconds
  readonly isDefault: boolean
  readonly wantsAcks: boolean
  told: boolean
}

/** A query of the node's own; its time and identifier are known as soon as it was seen. */
export interface OpenQuery {
  readonly operation: number
  readonly deadline: Milliseconds
  readonly wantsAcks: boolean
  readonly heard: Set<string>
}

/** A query of which the application was told. */
export interface Unanswered {
  readonly source: Name
  readonly relay: number
  readonly deadline: Milliseconds
  answered: boolean
}

/** What is remembered of events or queries: by time, modulo their number. */
export class Memory {
  readonly #size: number
  readonly #slots = new Map<number, { readonly time: Time; readonly keys: Set<string> }>()

  constructor(size: number) {
    this.#size = size
  }

  has(time: Time, key: string): boolean {
    const slot = this.#slots.get(time % this.#size)
    return slot?.time === time && slot.keys.has(key)
  }

  add(time: Time, key: string): void {
    const place = time % this.#size
    const slot = this.#slots.get(place)
    if (slot?.time === time) slot.keys.add(key)
    // What is seen late, of what is its own, takes the place of nothing.
    else if (slot === undefined || slot.time < time) this.#slots.set(place, { time, keys: new Set([key]) })
  }

  *all(): Generator<readonly [Time, string]> {
    for (const { time, keys } of this.#slots.values()) for (const key of keys) yield [time, key]
  }

  clear(): void {
    this.#slots.clear()
  }
}

export const eventKey = ({ time, name, payload }: UserEvent): string => JSON.stringify([time, name, payload])
export const queryKey = ({ time, id }: { readonly time: Time; readonly id: number }): string => `${time} ${id}`
export const answerKey = (to: Name, { time, id, from, ack, payload }: Response): string =>
  JSON.stringify([to, time, id, from, ack, payload])

export class Node {
  readonly id: NodeId
  readonly number: number
  up = true
  /** Panicked: nothing is expected of it any more. */
  gone = false

  memberClock: Time = 0
  eventClock: Time = 0
  queryClock: Time = 0
  phase: NodeState['phase'] = 'alive'
  now: Milliseconds = 0

  readonly members = new Map<Name, SeenMember>()
  readonly intents = new Map<Name, SeenIntent>()
  /** Who is there, as it was told from below. */
  readonly there = new Set<Name>()
  readonly events: Memory
  readonly queries: Memory
  /** All events of which its application was told. */
  readonly delivered = new Set<string>()
  /** What is older than this it has no part in. */
  eventMinTime: Time = 0

  /** By broadcast: whether it may be told; absent if it was never heard of. */
  readonly heard = new Map<string, boolean>()
  readonly owed = new Map<string, Owed>()
  ownNews: OwnNews[] = []
  readonly rounds = new Map<string, Rounds>()
  /** The greatest number of members so far. */
  greatest = 1
  readonly operations = new Map<number, Asked>()
  readonly openQueries = new Map<string, OpenQuery>()
  readonly unanswered = new Map<string, Unanswered>()
  /** Local instant since which it ought to have tried somebody who failed; Infinity while it need not. */
  reconnectSince: Milliseconds = Infinity

  constructor(id: NodeId, number: number, { eventBuffer, queryBuffer }: SerfOptions) {
    this.id = id
    this.number = number
    this.events = new Memory(eventBuffer)
    this.queries = new Memory(queryBuffer)
  }

  observe(state: Partial<NodeState>): void {
    if (state.memberClock !== undefined) this.memberClock = state.memberClock
    if (state.eventClock !== undefined) this.eventClock = state.eventClock
    if (state.queryClock !== undefined) this.queryClock = state.queryClock
    if (state.phase !== undefined) this.phase = state.phase
  }

  /** Forgets what does not survive a crash: everything. */
  forget(): void {
    for (const memory of [
      this.members,
      this.intents,
      this.there,
      this.events,
      this.queries,
      this.delivered,
      this.heard,
      this.owed,
      this.rounds,
      this.operations,
      this.openQueries,
      this.unanswered,
    ])
      memory.clear()
    this.ownNews = []
    this.memberClock = this.eventClock = this.queryClock = 0
    this.eventMinTime = 0
    this.greatest = 1
    this.phase = 'alive'
    this.reconnectSince = Infinity
  }

  /** It takes part. */
  isPresent(): boolean {
    return this.up && !this.gone && this.phase === 'alive'
  }

  count(status: Member['status']): number {
    let count = 0
    for (const member of this.members.values()) if (member.status === status) count++
    return count
  }

  /** Whether it holds anybody else for alive, but for this one. */
  hasOthers(but: Name = this.id): boolean {
    for (const { name, status } of this.members.values()) {
      if (status === 'alive' && name !== this.id && name !== but) return true
    }
    return false
  }
}
