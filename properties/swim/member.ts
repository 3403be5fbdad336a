/** What the judge knows of one member: what was observed, and what follows from what it was sent. */
import type { MemberState, Operation, StreamId } from '../../models/swim/vocabulary.ts'
import type { Milliseconds, NodeId } from '../../models/vocabulary.ts'
import { UNKNOWN, incarnationOf, statusOf } from '../../models/swim/rules.ts'

/** How long a suspicion lasts, as the size of the table decides when it begins. */
export interface Terms {
  /** Confirmations that make it as short as it gets. */
  readonly wanted: number
  readonly least: Milliseconds
  readonly greatest: Milliseconds
}

/** A suspicion that a member holds of another. Instants are local. */
export interface Suspicion {
  readonly since: Milliseconds
  /** By the smallest and by the largest size that the table had in the step in which it began. */
  readonly shortest: Terms
  longest: Terms
  /** Who accused; the first is no confirmation. */
  readonly accusers: Set<NodeId>
  confirmations: number
  /** When it ends, as things are: no sooner, and no later. */
  earliest: Milliseconds
  deadline: Milliseconds
}

/** A ping that a member sent of its own accord. Instants are local. */
export interface Probe {
  readonly target: number
  readonly sequence: number
  readonly sentAt: Milliseconds
  /** End of the period by the greatest score of the step: the answer must have come by then. */
  readonly deadline: Milliseconds
  /** Record of the target when it was sent. */
  readonly known: number
  /** Helpers that were asked, by number; those asked to answer by a nack; nacks that came. */
  readonly helpers: Set<number>
  /** Largest size of the table when it was sent, and when helpers were asked. */
  tableSize: number
  nacksWanted: number
  nacks: number
  answered: boolean
  /** Answered on a stream: it ends well, but only at its deadline. */
  answeredOnStream: boolean
  /** It has changed the health score. */
  scored: boolean
  /** End of the period by the score with which it began. */
  readonly failsAt: Milliseconds
  /** Silence has confirmed a suspicion of the target. */
  confirmed: boolean
}

/** A ping that a member sent for another. */
export interface Relay {
  readonly requester: number
  /** Number of the request, which the answer repeats. */
  readonly requested: number
  readonly target: number
  readonly sentAt: Milliseconds
  readonly nack: boolean
  answered: boolean
  ended: boolean
}

/** An operation that was not answered so far. */
export interface Asked {
  readonly operation: Operation
  /** Local instant, and number of the step. */
  readonly since: Milliseconds
  readonly asked: number
}

export class Member {
  readonly id: NodeId
  readonly number: number
  up = true
  /** Panicked: nothing is expected of it any more. */
  gone = false

  incarnation = 0
  score = 0
  leaving = false
  incarnationBefore = 0
  scoreBefore = 0
  /** Local instant of the last step, and of the first step of this life. */
  now: Milliseconds = 0
  startedAt: Milliseconds = 0

  /** By subject: record of its table, what else the record says, and the local instant of the last change of status. */
  readonly table: number[] = []
  readonly addresses: string[] = []
  readonly metas: string[] = []
  readonly changedAt: Milliseconds[] = []
  /** Subjects that the table names, those gone included; and those alive or suspect. */
  size = 0
  sizeBefore = 0
  present = 0
  /** Greatest size that it ever had in this life. */
  greatestSize = 0
  /** Subjects that the application was told of, and not that they went. */
  readonly announced = new Set<number>()

  readonly suspicions = new Map<number, Suspicion>()
  /** By subject: the greatest incarnation of a suspicion that it was told of. */
  readonly accusations = new Map<number, number>()

  /** By sequence number. */
  readonly probes = new Map<number, Probe>()
  readonly relays = new Map<number, Relay>()
  /** By the number of a request to helpers, where that differs from the number of the probe. */
  readonly requests = new Map<number, Probe>()
  /** The probe that is under way, or was last; and helpers that were asked in this step, and not yet looked at. */
  probe: Probe | null = null
  asked = 0
  /** Own probes so far, and by target: its number when it was last probed, or joined the table. */
  probeCount = 0
  readonly probed: number[] = []
  /** How many probes more than periods went by, lately; and when that was counted. */
  probeExcess = 0
  probeCountedAt: Milliseconds = 0
  /** Since when it ought to have probed. */
  idleSince: Milliseconds = 0

  /** How often each update was sent, by its text. */
  readonly sent = new Map<string, number>()
  /** It has told somebody that it leaves. */
  hasToldLeave = false
  gossipExcess = 0
  gossipCountedAt: Milliseconds = 0
  /** Since when it has waited for a table, by stream. */
  readonly opened = new Map<StreamId, Milliseconds>()
  readonly operations = new Map<number, Asked>()
  /** By member: the step in which a table of its last came back. */
  readonly answeredBy = new Map<NodeId, number>()
  /** Its address, and what it was last asked to tell of itself. */
  home = ''
  toldMeta = ''

  constructor(id: NodeId, number: number) {
    this.id = id
    this.number = number
  }

  known(subject: number): number {
    return this.table[subject] ?? UNKNOWN
  }

  status(subject: number): number {
    return statusOf(this.known(subject))
  }

  incarnationKnown(subject: number): number {
    return incarnationOf(this.known(subject))
  }

  observe(state: Partial<MemberState>): void {
    if (state.incarnation !== undefined) this.incarnation = state.incarnation
    if (state.score !== undefined) this.score = state.score
    if (state.leaving !== undefined) this.leaving = state.leaving
  }

  /** Remembers the state before a step. */
  begin(): void {
    this.incarnationBefore = this.incarnation
    this.scoreBefore = this.score
    this.sizeBefore = this.size
  }

  /** Forgets what does not survive a crash: everything. */
  forget(): void {
    this.table.length = this.addresses.length = this.metas.length = this.changedAt.length = this.probed.length = 0
    this.size = this.sizeBefore = this.present = this.greatestSize = 0
    this.announced.clear()
    this.suspicions.clear()
    this.accusations.clear()
    this.probes.clear()
    this.relays.clear()
    this.requests.clear()
    this.probe = null
    this.probeCount = this.probeExcess = this.gossipExcess = 0
    this.sent.clear()
    this.opened.clear()
    this.operations.clear()
    this.answeredBy.clear()
    this.incarnation = this.score = 0
    this.leaving = this.hasToldLeave = false
  }
}
