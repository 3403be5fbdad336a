/**
 * The network between nodes: delay, loss, duplication, reordering, cut and held links. Links keep their order, except
 * for messages that a fault delays. Nodes are numbered; a link is `from * nodes + to`.
 */
import type { Milliseconds, NetworkProfile, NodeId } from '../../models/vocabulary.ts'
import { EventHeap } from './event-heap.ts'
import type { FaultId } from './faults.ts'
import { between, chance, mix, mixText } from './hash.ts'

/** A message under way. */
export interface Parcel<Message> {
  readonly message: Message
  readonly link: number
  readonly from: number
  readonly to: number
  readonly kind: string
  /** Number of the kind, in the order of their first use in this run. */
  readonly kindNumber: number
  /** Counts from 1 the messages of this kind on this link. */
  readonly nth: number
  /** Counts from 1 all messages on this link. */
  readonly ordinal: number
  /** How much a fault delays it. */
  by: Milliseconds
  /** Copies that are still under way. */
  copies: number
  /** Times that it was delivered. */
  deliveries: number
}

/** What the network may do to a message; each happens to the n-th message of a kind on a link. */
export type NetworkFault = 'drop' | 'duplicate' | 'delay'

/** Is told what the network does to messages. */
export interface NetworkObserver<Message> {
  /** The message (a copy of it) never arrives: `fault` is what cut its link, 0 for chance or an explicit drop. */
  lost(parcel: Parcel<Message>, fault: FaultId, now: Milliseconds): void
  /** Chance or an explicit step chose the message for this fault. */
  chosen(parcel: Parcel<Message>, fault: NetworkFault): void
  /** The message waits at a held link. */
  held(parcel: Parcel<Message>, fault: FaultId, now: Milliseconds): void
}

/** What the implementation relies on. */
export interface LinkAssumptions {
  readonly fifo: boolean
  readonly noDuplicates: boolean
}

interface Planned {
  drop: boolean
  duplicate: boolean
  by: Milliseconds
}

/** Kinds of messages that one run may use. */
export const maximalKinds = 32
const purpose = { loss: 1, duplicate: 2, duplicateDelay: 3, reorder: 4, reorderDelay: 5, delay: 6 } as const

export class Network<Message> {
  readonly #nodes: number
  readonly #assumptions: LinkAssumptions
  readonly #observer: NetworkObserver<Message>
  readonly #linkHash: Int32Array
  readonly #kinds = new Map<string, number>()
  /** By link and kind: hash of both, and how many were sent. */
  readonly #kindHash: Int32Array
  readonly #kindSent: Int32Array
  readonly #sent: Int32Array
  /** By link: when the last message that keeps order arrives. */
  readonly #lastArrival: Float64Array
  /** The same of those that are reliable. */
  readonly #lastReliable: Float64Array
  readonly #cut: Int32Array
  readonly #hold: Int32Array
  readonly #waiting: (Parcel<Message>[] | undefined)[]
  readonly #planned: (Map<number, Planned> | undefined)[] = []
  readonly #underWay = new EventHeap<Parcel<Message>>()
  profile: NetworkProfile

  constructor(
    seedHash: number,
    nodes: readonly NodeId[],
    profile: NetworkProfile,
    assumptions: LinkAssumptions,
    observer: NetworkObserver<Message>,
  ) {
    const links = nodes.length * nodes.length
    this.#nodes = nodes.length
    this.profile = profile
    this.#assumptions = assumptions
    this.#observer = observer
    const hashes = nodes.map((node) => mixText(seedHash, node))
    this.#linkHash = Int32Array.from({ length: links }, (_, link) =>
      mix(hashes[Math.floor(link / nodes.length)]!, hashes[link % nodes.length]!),
    )
    this.#kindHash = new Int32Array(links * maximalKinds)
    this.#kindSent = new Int32Array(links * maximalKinds)
    this.#sent = new Int32Array(links)
    this.#lastArrival = new Float64Array(links)
    this.#lastReliable = new Float64Array(links)
    this.#cut = new Int32Array(links)
    this.#hold = new Int32Array(links)
    this.#waiting = new Array<Parcel<Message>[] | undefined>(links).fill(undefined)
  }

  /** Harness time of the next arrival; Infinity if nothing is under way. */
  get time(): Milliseconds {
    return this.#underWay.time
  }

  /** The message that arrives next. */
  get first(): Parcel<Message> | undefined {
    return this.#underWay.first
  }

  /** Messages under way, those at held links left out. */
  get underWay(): number {
    return this.#underWay.size
  }

  /** A reliable message arrives in order and once, unless its link is cut. */
  send(now: Milliseconds, from: number, to: number, kind: string, message: Message, isReliable = false): void {
    const link = from * this.#nodes + to
    const index = this.#kindIndex(link, kind)
    const nth = ++this.#kindSent[index]!
    const parcel: Parcel<Message> = {
      message,
      link,
      from,
      to,
      kind,
      kindNumber: index - link * maximalKinds,
      nth,
      ordinal: ++this.#sent[link]!,
      by: 0,
      copies: 1,
      deliveries: 0,
    }
    const cut = this.#cut[link]!
    if (cut !== 0) {
      this.#lose(parcel, cut, now)
      return
    }
    const { profile } = this
    const hash = mix(this.#kindHash[index]!, nth)
    const [least, greatest] = profile.delay
    let arrival = now + Math.max(1, between(mix(hash, purpose.delay), least, greatest))
    if (isReliable) {
      arrival = this.#lastReliable[link] = Math.max(arrival, this.#lastReliable[link]!)
      this.#underWay.push(arrival, parcel)
      return
    }
    const planned = this.#planned[index]?.get(nth)
    if (planned?.drop === true || (profile.loss > 0 && chance(mix(hash, purpose.loss), profile.loss))) {
      this.#observer.chosen(parcel, 'drop')
      this.#lose(parcel, 0, now)
      return
    }
    parcel.by = planned?.by ?? 0
    if (!this.#assumptions.fifo && profile.reorder > 0 && chance(mix(hash, purpose.reorder), profile.reorder)) {
      parcel.by += between(mix(hash, purpose.reorderDelay), 1, 10 * greatest)
    }
    if (parcel.by > 0) this.#observer.chosen(parcel, 'delay')
    if (parcel.by > 0 && !this.#assumptions.fifo) arrival += parcel.by
    else arrival = this.#lastArrival[link] = Math.max(arrival + parcel.by, this.#lastArrival[link]!)
    this.#underWay.push(arrival, parcel)
    if (this.#assumptions.noDuplicates) return
    if (
      planned?.duplicate === true ||
      (profile.duplicate > 0 && chance(mix(hash, purpose.duplicate), profile.duplicate))
    ) {
      this.#observer.chosen(parcel, 'duplicate')
      parcel.copies = 2
      const again = now + Math.max(1, between(mix(hash, purpose.duplicateDelay), least, greatest))
      this.#underWay.push(this.#assumptions.fifo ? (this.#lastArrival[link] = Math.max(again, arrival)) : again, parcel)
    }
  }

  /** Takes the message that arrives next; null if its link is cut or held. */
  arrive(now: Milliseconds): Parcel<Message> | null {
    const parcel = this.#underWay.pop()!
    const cut = this.#cut[parcel.link]!
    if (cut !== 0) {
      this.#lose(parcel, cut, now)
      return null
    }
    const hold = this.#hold[parcel.link]!
    if (hold !== 0) {
      ;(this.#waiting[parcel.link] ??= []).push(parcel)
      this.#observer.held(parcel, hold, now)
      return null
    }
    return parcel
  }

  /**
   * Takes the earliest message of a kind on a link, whether it waits there or is under way. Null if there is none, if the
   * link is cut, or if another message is before it and links keep their order.
   */
  take(from: number, to: number, kind: string): Parcel<Message> | null {
    const link = from * this.#nodes + to
    if (this.#cut[link] !== 0) return null
    const fits = (parcel: Parcel<Message>): boolean =>
      parcel.link === link && (parcel.kind === kind || this.#assumptions.fifo)
    const waiting = this.#waiting[link] ?? []
    const parcel = waiting.find(fits) ?? this.#underWay.earliest(fits)
    if (parcel?.kind !== kind) return null
    if (waiting.includes(parcel)) waiting.splice(waiting.indexOf(parcel), 1)
    else this.#underWay.remove(parcel)
    return parcel
  }

  /** Lets a message that has waited elsewhere arrive at `now`. */
  return(now: Milliseconds, parcel: Parcel<Message>): void {
    this.#underWay.push(now, parcel)
  }

  /** From now on nothing passes this link; messages under way on it are lost when they would arrive. */
  cut(from: number, to: number, fault: FaultId): void {
    this.#cut[from * this.#nodes + to] = fault
  }

  /** From now on messages wait at the end of this link, until it is released. */
  hold(from: number, to: number, fault: FaultId): void {
    this.#hold[from * this.#nodes + to] = fault
  }

  /** Messages that waited at this link arrive at `now`, in order. */
  release(from: number, to: number, now: Milliseconds): void {
    this.#releaseLink(from * this.#nodes + to, now)
  }

  /** Mends all cut links. */
  mend(): void {
    this.#cut.fill(0)
  }

  /** Mends and releases all links. */
  heal(now: Milliseconds): void {
    this.mend()
    for (let link = 0; link < this.#hold.length; link++) this.#releaseLink(link, now)
  }

  /** Plans a fault for the `nth` message of a kind on a link, wherever in the run it is sent. */
  plan(from: number, to: number, kind: string, nth: number, fault: NetworkFault, by: Milliseconds): void {
    const messages = (this.#planned[this.#kindIndex(from * this.#nodes + to, kind)] ??= new Map<number, Planned>())
    const planned = messages.get(nth) ?? { drop: false, duplicate: false, by: 0 }
    if (fault === 'drop') planned.drop = true
    else if (fault === 'duplicate') planned.duplicate = true
    else planned.by += by
    messages.set(nth, planned)
  }

  #releaseLink(link: number, now: Milliseconds): void {
    this.#hold[link] = 0
    const waiting = this.#waiting[link]
    if (waiting === undefined) return
    this.#waiting[link] = undefined
    for (const parcel of waiting) this.#underWay.push(now, parcel)
  }

  #lose(parcel: Parcel<Message>, fault: FaultId, now: Milliseconds): void {
    parcel.copies--
    this.#observer.lost(parcel, fault, now)
  }

  #kindIndex(link: number, kind: string): number {
    let number = this.#kinds.get(kind)
    if (number === undefined) {
      number = this.#kinds.size
      if (number === maximalKinds) throw new RangeError(`more than ${maximalKinds} kinds of messages`)
      this.#kinds.set(kind, number)
      for (let each = 0; each < this.#linkHash.length; each++) {
        this.#kindHash[each * maximalKinds + number] = mixText(this.#linkHash[each]!, kind)
      }
    }
    return link * maximalKinds + number
  }
}
