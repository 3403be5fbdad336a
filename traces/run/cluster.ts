/**
 * The world around the nodes of one run: who is up, what time it is for whom, what is under way between them. It says
 * which inputs come next, and what their answers lead to. Each surface adds what only its nodes have.
 */
import { AdapterError } from '../../impl/contract/adapter-error.ts'
import { Clocks } from '../../impl/sim/clocks.ts'
import { type FaultId, type FaultKind, FaultLedger } from '../../impl/sim/faults.ts'
import { hashSeed } from '../../impl/sim/hash.ts'
import { Network, type NetworkFault, type NetworkObserver, type Parcel, maximalKinds } from '../../impl/sim/network.ts'
import type { Milliseconds, NetworkProfile, NodeId, Step } from '../../models/vocabulary.ts'
import type { Recording } from '../record.ts'
import type { Surface } from '../surface.ts'

/** Messages under way at most: an implementation that sends more is refused as flooding. */
const maximalUnderWay = 100_000

/** What happened to the network between two steps; reported in the place where it happened. */
interface Note<Message> {
  /** Number of inputs of the batch that come before it. */
  readonly position: number
  readonly now: Milliseconds
  readonly kind: FaultKind | 'down'
  readonly fault: FaultId
  readonly parcel: Parcel<Message>
}

export abstract class Cluster<S extends Surface> implements NetworkObserver<S['message']> {
  readonly nodes: readonly NodeId[]
  readonly faults = new FaultLedger()
  /** Faults of single messages that happened, as explicit steps. */
  readonly effective: Step<S['operation']>[] = []
  /** By node: the message that was delivered to it last. */
  readonly received: (S['message']['view'] | null)[]
  /** Results of operations by their status. */
  readonly results = new Map<string, number>()
  now: Milliseconds = 0
  deliveries = 0

  protected readonly seed: number
  readonly #recording: Recording<S>
  readonly #forgotten: number[] | null
  readonly #numbers: ReadonlyMap<NodeId, number>
  readonly #network: Network<S['message']>
  readonly #clocks: Clocks

  // By node.
  readonly #up: boolean[]
  readonly #panicked: boolean[]
  /** The pause that the node is in; 0 for none. */
  readonly #paused: FaultId[]
  readonly #clockFault: FaultId[]
  /** Local instant of the last step. */
  readonly #seen: Float64Array
  /** Local instant of the next wake-up; Infinity for none. */
  readonly #wake: Float64Array
  /** The same in harness time; Infinity while the node is paused or down. */
  readonly #wakeAt: Float64Array
  /** Harness time of what the surface brings next (`due`); Infinity while the node is paused or down. */
  readonly #dueAt: Float64Array
  /** Messages that wait for a paused node. */
  readonly #waiting: Parcel<S['message']>[][]
  /** By link: greatest ordinal that was delivered. */
  readonly #greatestDelivered: Int32Array

  // The batch under way: parallel arrays, of which the first `#size` places count. Emptying arrays would free them.
  #size = 0
  readonly #inputs: S['input'][] = []
  readonly #times: Milliseconds[] = []
  readonly #inputNodes: number[] = []
  readonly #parcels: (Parcel<S['message']> | null)[] = []
  readonly #notes: Note<S['message']>[] = []
  #collecting = false

  readonly #kindNames: string[] = []
  readonly #kindDeliveries = new Int32Array(maximalKinds)

  /** `forgotten` is given the messages that will not be delivered (again). */
  constructor(
    { nodes, seed, network }: S['scenario'],
    { assumptions }: S['hello'],
    recording: Recording<S>,
    forgotten: number[] | null,
  ) {
    this.seed = hashSeed(seed)
    this.nodes = nodes
    this.#recording = recording
    this.#forgotten = forgotten
    this.#numbers = new Map(nodes.map((node, number) => [node, number]))
    this.received = nodes.map(() => null)
    this.#network = new Network(this.seed, nodes, network, assumptions, this)
    this.#clocks = new Clocks(nodes.length)
    this.#up = nodes.map(() => true)
    this.#panicked = nodes.map(() => false)
    this.#paused = nodes.map(() => 0)
    this.#clockFault = nodes.map(() => 0)
    this.#seen = new Float64Array(nodes.length)
    this.#wake = new Float64Array(nodes.length).fill(Infinity)
    this.#wakeAt = new Float64Array(nodes.length).fill(Infinity)
    this.#dueAt = new Float64Array(nodes.length).fill(Infinity)
    this.#waiting = nodes.map(() => [])
    this.#greatestDelivered = new Int32Array(nodes.length * nodes.length)
  }

  // What a surface adds.

  /** What the answer of a node that is up leads to, besides its next wake-up: its state, and its outputs. */
  protected abstract take(node: number, answer: S['answer']): void

  /** When the surface itself brings the node something (a write that is done, a stream that is refused); Infinity for never. */
  protected abstract due(node: number): Milliseconds

  /** The input that was due. */
  protected abstract takeDue(node: number, at: Milliseconds, now: Milliseconds): S['input']

  /** Whether what is due may be so at the very instant in which it was caused. */
  protected abstract readonly dueAtOnce: boolean

  /** An input was carried out that only this surface has. */
  protected abstract completed(node: number, input: S['input']): void

  /** The node is down: what it had begun is gone. */
  protected abstract stopped(node: number): void

  /** The node is up again. */
  protected restarted(_node: number): void {}

  /** Whether a message that arrives is taken. */
  protected accepts(parcel: Parcel<S['message']>, _now: Milliseconds): boolean {
    return this.#up[parcel.to]!
  }

  // What is known.

  /** @throws RangeError if there is no such node */
  number(node: NodeId): number {
    const number = this.#numbers.get(node)
    if (number === undefined) throw new RangeError(`the scenario has no node ${node}`)
    return number
  }

  isUp(node: number): boolean {
    return this.#up[node]!
  }

  /** Whether the node takes inputs: up and not paused. False for -1. */
  isActive(node: number): boolean {
    return node >= 0 && this.#up[node]! && this.#paused[node] === 0
  }

  /** Whether the node is down and can come back. */
  canRestart(node: number): boolean {
    return !this.#up[node]! && !this.#panicked[node]!
  }

  /** Local time of the node; of a paused node that of its last step. */
  local(node: number): Milliseconds {
    return this.#paused[node] !== 0 ? this.#seen[node]! : this.#clocks.local(node, this.now)
  }

  /** Local instant of the next wake-up; Infinity for none. */
  wake(node: number): Milliseconds {
    return this.#wake[node]!
  }

  /** Whether the node has timers to see to before it can be given anything else. */
  isOverdue(node: number): boolean {
    return this.#wakeAt[node]! <= this.now
  }

  deliveriesByKind(): Map<string, number> {
    const counts = new Map<string, number>()
    // A kind that was sent but never delivered has no name here.
    this.#kindNames.forEach((kind, number) => counts.set(kind, this.#kindDeliveries[number]!))
    return counts
  }

  // Faults. What has no effect is not an error.

  partition(groups: readonly (readonly NodeId[])[]): void {
    const group = this.nodes.map((node) => groups.findIndex((members) => members.includes(node)))
    this.#cutWhere('partition', (from, to) => group[from] !== group[to])
    this.tell('partition', groups.map((members) => members.join(' ')).join(' | '))
  }

  /** Each node talks only to its neighbours. */
  ring(): void {
    const size = this.nodes.length
    this.#cutWhere('ring', (from, to) => (from + 1) % size !== to && (to + 1) % size !== from)
    this.tell('ring', this.nodes.join(' '))
  }

  cut(from: number, to: number): void {
    this.#network.cut(from, to, this.faults.begin('cut'))
    this.tell('cut', this.#link(from, to))
  }

  isolate(node: number): void {
    const fault = this.faults.begin('isolate')
    for (const other of this.nodes.keys()) {
      if (other === node) continue
      this.#network.cut(node, other, fault)
      this.#network.cut(other, node, fault)
    }
    this.tell('isolate', this.nodes[node]!)
  }

  hold(from: number, to: number): void {
    this.#network.hold(from, to, this.faults.begin('hold'))
    this.tell('hold', this.#link(from, to))
  }

  release(from: number, to: number): void {
    this.#network.release(from, to, this.now)
    this.tell('release', this.#link(from, to))
  }

  /** The earliest message of this kind on this link is the next input. Returns whether there is one. */
  deliver(from: number, to: number, kind: string): boolean {
    const parcel = this.#network.take(from, to, kind)
    if (parcel === null) return false
    this.#queue(to, this.#deliver(parcel, this.local(to)), this.now, parcel)
    return true
  }

  /** Mends and releases all links. */
  heal(): void {
    this.#network.heal(this.now)
    this.tell('heal', 'all links')
  }

  /** `isTold`: readers are to see it. */
  setNetwork(profile: NetworkProfile, isTold: boolean): void {
    this.#network.profile = profile
    if (!isTold) return
    const { delay, loss, duplicate, reorder } = profile
    this.tell('network', `delay ${delay[0]}..${delay[1]} ms, loss ${loss}, duplicate ${duplicate}, reorder ${reorder}`)
  }

  /** No random faults, and no delay above `most`. */
  calmNetwork(most: Milliseconds): void {
    const [least, greatest] = this.#network.profile.delay
    this.setNetwork(
      { delay: [Math.min(least, most), Math.min(greatest, most)], loss: 0, duplicate: 0, reorder: 0 },
      true,
    )
  }

  plan(from: number, to: number, kind: string, nth: number, fault: NetworkFault, by: Milliseconds): void {
    this.#network.plan(from, to, kind, nth, fault, by)
  }

  pause(node: number): void {
    this.#paused[node] = this.faults.begin('pause')
    this.reschedule(node)
    this.tell('pause', this.nodes[node]!)
  }

  /** What waited comes at once, after the timers that are overdue. Returns whether the node was paused. */
  resume(node: number): boolean {
    const fault = this.#paused[node]!
    if (fault === 0) return false
    this.#paused[node] = 0
    this.reschedule(node)
    if (this.#wakeAt[node]! <= this.now || this.#dueAt[node]! <= this.now) this.faults.effect(fault)
    for (const parcel of this.#waiting[node]!) this.#network.return(this.now, parcel)
    this.#waiting[node] = []
    this.tell('resume', this.nodes[node]!)
    return true
  }

  setClockRate(node: number, rate: number): void {
    if (rate === this.#clocks.rate(node)) return
    this.#clocks.setRate(node, this.now, rate)
    this.#clockFault[node] = rate === 1 ? 0 : this.faults.begin('clock')
    this.reschedule(node)
    this.tell('clock', `${this.nodes[node]!} ${rate}`)
  }

  /** Records for readers what no node saw. */
  tell(fault: string, text: string): void {
    if (this.#recording.keeps) this.#recording.add({ event: 'fault', now: this.now, fault, text })
    else this.#recording.skip()
  }

  /** Cuts exactly these links. */
  #cutWhere(kind: FaultKind, cuts: (from: number, to: number) => boolean): void {
    const fault = this.faults.begin(kind)
    this.#network.mend()
    for (const from of this.nodes.keys()) {
      for (const to of this.nodes.keys()) {
        if (from !== to && cuts(from, to)) this.#network.cut(from, to, fault)
      }
    }
  }

  #link(from: number, to: number): string {
    return `${this.nodes[from]!} -> ${this.nodes[to]!}`
  }

  // The flow of time.

  /** Inputs to be answered, in order. Valid until they are answered. */
  get inputs(): readonly S['input'][] {
    if (this.#inputs.length > this.#size) this.#inputs.length = this.#size
    return this.#inputs
  }

  get size(): number {
    return this.#size
  }

  /**
   * Gathers the inputs that come next, up to `until`: one, or all of one instant that are decided whatever the answers
   * will be, at most `limit`. Longer batches would let an answer bring something about that comes before the rest of its batch.
   */
  collect(until: Milliseconds, limit: number): boolean {
    const network = this.#network
    const wakeAt = this.#wakeAt
    const dueAt = this.#dueAt
    const nodes = wakeAt.length
    let now = this.now
    this.#collecting = true
    do {
      // At one instant timers come before messages, and messages before what the surface brings.
      let time = Infinity
      let node = -1
      for (let each = 0; each < nodes; each++) {
        if (wakeAt[each]! < time) {
          time = wakeAt[each]!
          node = each
        }
      }
      const timer = time
      if (network.time < time) time = network.time
      const message = time
      for (let each = 0; each < nodes; each++) {
        if (dueAt[each]! < time) {
          time = dueAt[each]!
          node = each
        }
      }
      if (time > until || time === Infinity) break
      if (this.#size > 0 && time > now) break
      if (time > now) now = time
      if (time < message) {
        // What the node does first may add to what is due, or wait for it.
        if (this.#size > 0 && (this.dueAtOnce || this.#inBatch(node))) break
        dueAt[node] = Infinity
        this.#queue(node, this.takeDue(node, this.#clocks.local(node, now), now), now, null)
        if (this.dueAtOnce) break
      } else if (time < timer) {
        const parcel = network.arrive(now)
        if (parcel !== null) this.#arrive(parcel, now)
      } else {
        wakeAt[node] = Infinity
        const at = this.#wake[node]!
        const last = this.#clocks.local(node, now)
        this.#queue(node, inputOf<S>({ type: 'advance', node: this.nodes[node]!, at, until: last }), now, null)
        // It may stop on its way, and then goes on before anything else happens.
        if (last > at) break
      }
    } while (this.#size < limit)
    this.#collecting = false
    return this.#size > 0
  }

  #inBatch(node: number): boolean {
    for (let place = 0; place < this.#size; place++) if (this.#inputNodes[place] === node) return true
    return false
  }

  #arrive(parcel: Parcel<S['message']>, now: Milliseconds): void {
    const node = parcel.to
    if (!this.accepts(parcel, now)) {
      parcel.copies--
      this.#note('down', 0, parcel, now)
      if (parcel.copies === 0) this.#forgotten?.push(parcel.message.id)
    } else if (this.#paused[node] !== 0) {
      this.#waiting[node]!.push(parcel)
      this.#note('pause', this.#paused[node]!, parcel, now)
    } else {
      this.#queue(node, this.#deliver(parcel, this.#clocks.local(node, now)), now, parcel)
    }
  }

  #deliver({ to, message }: Parcel<S['message']>, at: Milliseconds): S['input'] {
    return inputOf<S>({ type: 'deliver', node: this.nodes[to]!, at, message })
  }

  #queue(node: number, input: S['input'], now: Milliseconds, parcel: Parcel<S['message']> | null): void {
    const place = this.#size++
    this.#inputs[place] = input
    this.#times[place] = now
    this.#inputNodes[place] = node
    this.#parcels[place] = parcel
  }

  /** One input outside of the flow of time. */
  ask(node: number, input: S['input']): void {
    this.#queue(node, input, this.now, null)
  }

  /** Nothing comes up to this time any more. */
  passTo(time: Milliseconds): void {
    this.#report(Infinity)
    this.now = Math.max(this.now, time)
  }

  // What answers mean.

  /** @throws AdapterError if these are not the answers of a cluster that has just been started */
  start(initial: readonly S['answer'][]): void {
    for (const [node, answer] of initial.entries()) {
      if (answer.now !== 0) throw new AdapterError('contract', `${this.nodes[node]!} starts at ${answer.now}, not at 0`)
      this.#absorb(node, answer)
    }
  }

  /** The input at `position` of the batch is about to be seen answered. */
  reach(position: number): void {
    if (this.#notes.length > 0) this.#report(position)
    this.now = this.#times[position]!
  }

  /**
   * What the answer to the input at `position` leads to.
   * @throws AdapterError if it contradicts the contract
   */
  apply(position: number, answer: S['answer']): void {
    const node = this.#inputNodes[position]!
    const input = this.#inputs[position]!
    switch (input.type) {
      case 'deliver':
        this.#delivered(this.#parcels[position]!)
        break
      case 'advance':
        if (this.#clockFault[node] !== 0) this.faults.effect(this.#clockFault[node]!)
        if (answer.now > this.local(node)) this.#clocks.jump(node, this.now, answer.now)
        break
      case 'crash':
        this.#stop(node)
        return
      case 'restart':
        this.#up[node] = true
        this.restarted(node)
        break
      case 'operation':
        break
      default:
        this.completed(node, input)
    }
    this.#absorb(node, answer)
  }

  #absorb(node: number, answer: S['answer']): void {
    this.#seen[node] = answer.now
    this.#wake[node] = answer.wake ?? Infinity
    this.take(node, answer)
    if (answer.error?.kind === 'panic') {
      this.#panicked[node] = true
      this.#stop(node)
      return
    }
    this.reschedule(node)
  }

  /** @throws AdapterError if the node speaks as another, or to nobody */
  protected send(node: number, message: S['message'], isReliable: boolean): void {
    if (message.from !== this.nodes[node]) {
      throw new AdapterError('contract', `${this.nodes[node]!} sends message ${message.id} as ${message.from}`)
    }
    const to = this.#numbers.get(message.to)
    if (to === undefined) throw new AdapterError('contract', `message ${message.id} is to unknown node ${message.to}`)
    this.#network.send(this.now, node, to, message.view.kind, message, isReliable)
    if (this.#network.underWay > maximalUnderWay) {
      throw new AdapterError('flood', `more than ${maximalUnderWay} messages are under way`)
    }
  }

  #delivered(parcel: Parcel<S['message']>): void {
    this.deliveries++
    this.received[parcel.to] = parcel.message.view
    this.#kindNames[parcel.kindNumber] = parcel.kind
    this.#kindDeliveries[parcel.kindNumber]!++
    if (++parcel.deliveries === 2) this.faults.count('duplicate')
    const greatest = this.#greatestDelivered[parcel.link]!
    if (parcel.ordinal > greatest) this.#greatestDelivered[parcel.link] = parcel.ordinal
    else if (parcel.by > 0 && parcel.deliveries === 1) this.faults.count('reorder')
    if (--parcel.copies === 0) this.#forgotten?.push(parcel.message.id)
  }

  /** The node is down: what waited for it or for its disk is gone. */
  #stop(node: number): void {
    this.#up[node] = false
    this.#paused[node] = 0
    this.#wake[node] = Infinity
    this.stopped(node)
    for (const parcel of this.#waiting[node]!) {
      if (--parcel.copies === 0) this.#forgotten?.push(parcel.message.id)
    }
    this.#waiting[node] = []
    this.reschedule(node)
  }

  protected reschedule(node: number): void {
    const active = this.#up[node]! && this.#paused[node] === 0
    const wake = this.#wake[node]!
    // What is overdue after a pause is due now, so that timers still come first.
    this.#wakeAt[node] = active && wake !== Infinity ? Math.max(this.now, this.#clocks.harness(node, wake)) : Infinity
    this.#dueAt[node] = active ? Math.max(this.now, this.due(node)) : Infinity
  }

  /** All of the batch is answered. */
  endBatch(): void {
    if (this.#notes.length > 0) this.#report(Infinity)
    this.#size = 0
  }

  // What the network tells.

  lost(parcel: Parcel<S['message']>, fault: FaultId, now: Milliseconds): void {
    this.#note(fault === 0 ? 'loss' : this.faults.kind(fault), fault, parcel, now)
    if (parcel.copies === 0) this.#forgotten?.push(parcel.message.id)
  }

  held(parcel: Parcel<S['message']>, fault: FaultId, now: Milliseconds): void {
    this.#note('hold', fault, parcel, now)
  }

  chosen({ from, to, kind, nth, by }: Parcel<S['message']>, fault: NetworkFault): void {
    const link = { from: this.nodes[from]!, to: this.nodes[to]!, kind, nth }
    this.effective.push(fault === 'delay' ? { step: 'delay', ...link, by } : { step: fault, ...link })
  }

  #note(kind: Note<S['message']>['kind'], fault: FaultId, parcel: Parcel<S['message']>, now: Milliseconds): void {
    const note = { position: this.#size, now, kind, fault, parcel }
    if (this.#collecting) this.#notes.push(note)
    else this.#reportNote(note)
  }

  /** Reports what happened before the input at `position`. */
  #report(position: number): void {
    const notes = this.#notes
    let reported = 0
    while (reported < notes.length && notes[reported]!.position <= position) this.#reportNote(notes[reported++]!)
    notes.splice(0, reported)
  }

  #reportNote({ kind, fault, parcel, now }: Note<S['message']>): void {
    if (fault !== 0) this.faults.effect(fault)
    else if (kind !== 'down') this.faults.count(kind)
    if (!this.#recording.keeps) return this.#recording.skip()
    const { from, to, nth, message } = parcel
    const text = `${this.nodes[from]!} -> ${this.nodes[to]!} ${parcel.kind} ${nth} (message ${message.id})`
    this.#recording.add({ event: 'fault', now, fault: kind, text })
  }
}

/** @throws AdapterError if the step ends outside of its bounds, or the next wake-up is not after it */
export function checkInstants(
  input: { readonly type: string; readonly node: NodeId; readonly at: Milliseconds; readonly until?: Milliseconds },
  answer: { readonly now: Milliseconds; readonly wake: Milliseconds | null },
): void {
  const latest = input.until ?? input.at
  if (!(answer.now >= input.at && answer.now <= latest)) {
    throw new AdapterError('contract', `${input.node} ends a step of [${input.at}, ${latest}] at ${answer.now}`)
  }
  if (answer.wake !== null && !(answer.wake > answer.now)) {
    throw new AdapterError(
      'contract',
      `${input.node} wants to wake up at ${answer.wake}, which is not after ${answer.now}`,
    )
  }
}

/** An input that every surface has, as one of this surface. */
export function inputOf<S extends Surface>(input: SharedInput): S['input'] {
  return input
}

type SharedInput = { readonly node: NodeId; readonly at: Milliseconds } & (
  | { readonly type: 'deliver'; readonly message: object }
  | { readonly type: 'advance'; readonly until: Milliseconds }
  | { readonly type: 'operation'; readonly id: number; readonly operation: object }
  | { readonly type: 'restart' }
)
