/**
 * The world around the nodes of one run: who is up, what time it is for whom, what is under way between them and to
 * their disks. It says which inputs come next, and what their answers lead to.
 */
import { AdapterError } from '../../impl/contract/adapter-error.ts'
import type { Hello } from '../../impl/contract/raft.ts'
import { Clocks } from '../../impl/sim/clocks.ts'
import { type CrashOutcome, Disk } from '../../impl/sim/disk.ts'
import { type FaultId, type FaultKind, FaultLedger } from '../../impl/sim/faults.ts'
import { hashSeed, mix, mixText } from '../../impl/sim/hash.ts'
import { Network, type NetworkFault, type NetworkObserver, type Parcel, maximalKinds } from '../../impl/sim/network.ts'
import type {
  Answer,
  Input,
  MemberState,
  Message,
  Operation,
  OutgoingMessage,
  RaftScenario,
} from '../../models/raft/vocabulary.ts'
import type { CrashKeep, Milliseconds, NetworkProfile, NodeId, Step } from '../../models/vocabulary.ts'
import type { Recording } from '../record.ts'
import { increment } from './counts.ts'

/** Messages under way at most: an implementation that sends more is refused as flooding. */
const maximalUnderWay = 100_000

type Envelope = Parcel<OutgoingMessage>

/** The state of a member, updated in place. */
type Folded = { -readonly [Field in keyof MemberState]: MemberState[Field] }

/** What happened to the network between two steps; reported in the place where it happened. */
interface Note {
  /** Number of inputs of the batch that come before it. */
  readonly position: number
  readonly now: Milliseconds
  readonly kind: FaultKind | 'down'
  readonly fault: FaultId
  readonly parcel: Envelope
}

export class Cluster implements NetworkObserver<OutgoingMessage> {
  readonly nodes: readonly NodeId[]
  /** What is known of each node's state. */
  readonly states: readonly Readonly<Folded>[]
  readonly faults = new FaultLedger()
  /** Faults of single messages that happened, as explicit steps. */
  readonly effective: Step<Operation>[] = []
  /** By node: the message that was delivered to it last. */
  readonly received: (Message | null)[]
  /** Results of operations by their status. */
  readonly results = new Map<string, number>()
  /** Changes of membership without a result so far. */
  readonly membershipOperations = new Set<number>()
  now: Milliseconds = 0
  deliveries = 0

  readonly #scenario: RaftScenario
  readonly #recording: Recording
  readonly #forgotten: number[] | null
  readonly #numbers: ReadonlyMap<NodeId, number>
  readonly #network: Network<OutgoingMessage>
  readonly #clocks: Clocks
  readonly #disks: readonly Disk[]

  // By node.
  readonly #states: readonly Folded[]
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
  /** Harness time of the next acknowledgement of a write; Infinity while the node is paused or down. */
  readonly #ackAt: Float64Array
  /** Messages that wait for a write. */
  readonly #unsent: OutgoingMessage[][]
  /** Messages that wait for a paused node. */
  readonly #waiting: Envelope[][]
  /** By link: greatest ordinal that was delivered. */
  readonly #greatestDelivered: Int32Array

  // The batch under way: parallel arrays, of which the first `#size` places count. Emptying arrays would free them.
  #size = 0
  readonly #inputs: Input[] = []
  readonly #times: Milliseconds[] = []
  readonly #inputNodes: number[] = []
  readonly #parcels: (Envelope | null)[] = []
  readonly #notes: Note[] = []
  #collecting = false

  readonly #kindNames: string[] = []
  readonly #kindDeliveries = new Int32Array(maximalKinds)

  /** `forgotten` is given the messages that will not be delivered (again). */
  constructor(
    scenario: RaftScenario,
    network: NetworkProfile,
    { assumptions }: Hello,
    recording: Recording,
    forgotten: number[] | null,
  ) {
    const { nodes } = scenario
    const seed = hashSeed(scenario.seed)
    this.nodes = nodes
    this.#scenario = scenario
    this.#recording = recording
    this.#forgotten = forgotten
    this.#numbers = new Map(nodes.map((node, number) => [node, number]))
    this.received = nodes.map(() => null)
    this.#network = new Network(seed, nodes, network, assumptions, this)
    this.#clocks = new Clocks(nodes.length)
    this.#disks = nodes.map((node) => new Disk(mixText(mix(seed, 0xd15c), node)))
    this.states = this.#states = nodes.map(() => ({
      role: 'follower',
      term: 0,
      vote: null,
      leader: null,
      commit: 0,
      applied: 0,
      configuration: { voters: [], outgoing: [], learners: [] },
      ready: false,
    }))
    this.#up = nodes.map(() => true)
    this.#panicked = nodes.map(() => false)
    this.#paused = nodes.map(() => 0)
    this.#clockFault = nodes.map(() => 0)
    this.#seen = new Float64Array(nodes.length)
    this.#wake = new Float64Array(nodes.length).fill(Infinity)
    this.#wakeAt = new Float64Array(nodes.length).fill(Infinity)
    this.#ackAt = new Float64Array(nodes.length).fill(Infinity)
    this.#unsent = nodes.map(() => [])
    this.#waiting = nodes.map(() => [])
    this.#greatestDelivered = new Int32Array(nodes.length * nodes.length)
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

  /** The node that is up and says that it leads, in the highest term; -1 for none. */
  leader(): number {
    const states = this.#states
    let leader = -1
    for (let node = 0; node < states.length; node++) {
      const { role, term } = states[node]!
      if (role === 'leader' && this.#up[node]! && (leader < 0 || term > states[leader]!.term)) leader = node
    }
    return leader
  }

  /** All nodes that are up and say that they lead, highest term first. */
  leaders(): number[] {
    const states = this.#states
    return [...states.keys()]
      .filter((node) => this.#up[node]! && states[node]!.role === 'leader')
      .sort((left, right) => states[right]!.term - states[left]!.term || left - right)
  }

  greatestCommit(): number {
    return this.#states.reduce((greatest, { commit }) => Math.max(greatest, commit), 0)
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
    const input: Input = { type: 'deliver', node: this.nodes[to]!, at: this.local(to), message: parcel.message }
    this.#queue(to, input, this.now, parcel)
    return true
  }

  /** Mends and releases all links. */
  heal(): void {
    this.#network.heal(this.now)
    this.tell('heal', 'all links')
  }

  setNetwork(profile: NetworkProfile): void {
    this.#network.profile = profile
    const { delay, loss, duplicate, reorder } = profile
    this.tell('network', `delay ${delay[0]}..${delay[1]} ms, loss ${loss}, duplicate ${duplicate}, reorder ${reorder}`)
  }

  /** No random faults, and delays that let a round trip end well within an election timeout. */
  calmNetwork(): void {
    const [least, greatest] = this.#network.profile.delay
    const most = Math.max(1, this.#scenario.options.heartbeatInterval >> 1)
    this.setNetwork({ delay: [Math.min(least, most), Math.min(greatest, most)], loss: 0, duplicate: 0, reorder: 0 })
  }

  plan(from: number, to: number, kind: string, nth: number, fault: NetworkFault, by: Milliseconds): void {
    this.#network.plan(from, to, kind, nth, fault, by)
  }

  pause(node: number): void {
    this.#paused[node] = this.faults.begin('pause')
    this.#reschedule(node)
    this.tell('pause', this.nodes[node]!)
  }

  /** What waited comes at once, after the timers that are overdue. Returns whether the node was paused. */
  resume(node: number): boolean {
    const fault = this.#paused[node]!
    if (fault === 0) return false
    this.#paused[node] = 0
    this.#reschedule(node)
    if (this.#wakeAt[node]! <= this.now || this.#ackAt[node]! <= this.now) this.faults.effect(fault)
    for (const parcel of this.#waiting[node]!) this.#network.return(this.now, parcel)
    this.#waiting[node] = []
    this.tell('resume', this.nodes[node]!)
    return true
  }

  setClockRate(node: number, rate: number): void {
    if (rate === this.#clocks.rate(node)) return
    this.#clocks.setRate(node, this.now, rate)
    this.#clockFault[node] = rate === 1 ? 0 : this.faults.begin('clock')
    this.#reschedule(node)
    this.tell('clock', `${this.nodes[node]!} ${rate}`)
  }

  /** Decides what a crash of the node leaves of its disk, and counts it. */
  crashDisk(node: number, keep: CrashKeep, torn: boolean): CrashOutcome {
    const outcome = this.#disks[node]!.crash(keep, torn)
    this.faults.count('crash')
    if (outcome.lost > 0) this.faults.count('lost-write')
    if (outcome.torn !== 0) this.faults.count('torn-write')
    return outcome
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
  get inputs(): readonly Input[] {
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
    const ackAt = this.#ackAt
    const nodes = wakeAt.length
    const instantDisks = this.#scenario.disk.delay[0] === 0
    let now = this.now
    this.#collecting = true
    do {
      // At one instant timers come before messages, and messages before disks.
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
        if (ackAt[each]! < time) {
          time = ackAt[each]!
          node = each
        }
      }
      if (time > until || time === Infinity) break
      if (this.#size > 0 && time > now) break
      if (time > now) now = time
      if (time < message) {
        // What the node does first may write, or wait for the very write that is acknowledged.
        if (this.#size > 0 && (instantDisks || this.#inBatch(node))) break
        ackAt[node] = Infinity
        const writes = this.#disks[node]!.acknowledge(now)
        const at = this.#clocks.local(node, now)
        this.#queue(node, { type: 'written', node: this.nodes[node]!, at, writes }, now, null)
        if (instantDisks) break
      } else if (time < timer) {
        const parcel = network.arrive(now)
        if (parcel !== null) this.#arrive(parcel, now)
      } else {
        wakeAt[node] = Infinity
        const at = this.#wake[node]!
        const last = this.#clocks.local(node, now)
        this.#queue(node, { type: 'advance', node: this.nodes[node]!, at, until: last }, now, null)
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

  #arrive(parcel: Envelope, now: Milliseconds): void {
    const node = parcel.to
    if (!this.#up[node]!) {
      parcel.copies--
      this.#note('down', 0, parcel, now)
      if (parcel.copies === 0) this.#forgotten?.push(parcel.message.id)
    } else if (this.#paused[node] !== 0) {
      this.#waiting[node]!.push(parcel)
      this.#note('pause', this.#paused[node]!, parcel, now)
    } else {
      const at = this.#clocks.local(node, now)
      this.#queue(node, { type: 'deliver', node: this.nodes[node]!, at, message: parcel.message }, now, parcel)
    }
  }

  #queue(node: number, input: Input, now: Milliseconds, parcel: Envelope | null): void {
    const place = this.#size++
    this.#inputs[place] = input
    this.#times[place] = now
    this.#inputNodes[place] = node
    this.#parcels[place] = parcel
  }

  /** One input outside of the flow of time. */
  ask(node: number, input: Input): void {
    this.#queue(node, input, this.now, null)
  }

  /** Nothing comes up to this time any more. */
  passTo(time: Milliseconds): void {
    this.#report(Infinity)
    this.now = Math.max(this.now, time)
  }

  // What answers mean.

  /** @throws AdapterError if these are not the answers of a cluster that has just been started */
  start(initial: readonly Answer[]): void {
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
  apply(position: number, answer: Answer): void {
    const node = this.#inputNodes[position]!
    const input = this.#inputs[position]!
    switch (input.type) {
      case 'deliver':
        this.#delivered(this.#parcels[position]!)
        break
      case 'written':
        this.#sendReady(node)
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
        break
      case 'operation':
        break
    }
    this.#absorb(node, answer)
  }

  #absorb(node: number, answer: Answer): void {
    this.#seen[node] = answer.now
    this.#wake[node] = answer.wake ?? Infinity
    if (answer.state !== null) fold(this.#states[node]!, answer.state)
    const { outputs } = answer
    for (let index = 0; index < outputs.length; index++) {
      const output = outputs[index]!
      switch (output.type) {
        case 'message':
          this.#emit(node, output)
          break
        case 'write':
          this.#disks[node]!.write(output.id, output.file, output.sync, this.now, this.#scenario.disk)
          break
        case 'result':
          increment(this.results, output.status)
          if (output.status === 'ok' && this.membershipOperations.delete(output.operation)) {
            this.faults.count('membership')
          }
          break
        default:
      }
    }
    if (answer.error?.kind === 'panic') {
      this.#panicked[node] = true
      this.#stop(node)
      return
    }
    this.#reschedule(node)
  }

  #emit(node: number, message: OutgoingMessage): void {
    const disk = this.#disks[node]!
    if (message.from !== this.nodes[node]) {
      throw new AdapterError('contract', `${this.nodes[node]!} sends message ${message.id} as ${message.from}`)
    }
    if (message.after > disk.lastWrite) {
      throw new AdapterError(
        'contract',
        `message ${message.id} waits for write ${message.after}, which was not reported`,
      )
    }
    if (message.after !== 0 && !disk.isAcknowledged(message.after)) this.#unsent[node]!.push(message)
    else this.#send(node, message)
  }

  #send(node: number, message: OutgoingMessage): void {
    const to = this.#numbers.get(message.to)
    if (to === undefined) throw new AdapterError('contract', `message ${message.id} is to unknown node ${message.to}`)
    this.#network.send(this.now, node, to, message.view.kind, message)
    if (this.#network.underWay > maximalUnderWay) {
      throw new AdapterError('flood', `more than ${maximalUnderWay} messages are under way`)
    }
  }

  /** Sends what waited for writes that are now acknowledged. */
  #sendReady(node: number): void {
    const unsent = this.#unsent[node]!
    if (unsent.length === 0) return
    const disk = this.#disks[node]!
    let kept = 0
    for (const message of unsent) {
      if (disk.isAcknowledged(message.after)) this.#send(node, message)
      else unsent[kept++] = message
    }
    unsent.length = kept
  }

  #delivered(parcel: Envelope): void {
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
    this.#unsent[node] = []
    for (const parcel of this.#waiting[node]!) {
      if (--parcel.copies === 0) this.#forgotten?.push(parcel.message.id)
    }
    this.#waiting[node] = []
    this.#reschedule(node)
  }

  #reschedule(node: number): void {
    const active = this.#up[node]! && this.#paused[node] === 0
    const wake = this.#wake[node]!
    // What is overdue after a pause is due now, so that timers still come first.
    this.#wakeAt[node] = active && wake !== Infinity ? Math.max(this.now, this.#clocks.harness(node, wake)) : Infinity
    this.#ackAt[node] = active ? Math.max(this.now, this.#disks[node]!.due) : Infinity
  }

  /** All of the batch is answered. */
  endBatch(): void {
    if (this.#notes.length > 0) this.#report(Infinity)
    this.#size = 0
  }

  // What the network tells.

  lost(parcel: Envelope, fault: FaultId, now: Milliseconds): void {
    this.#note(fault === 0 ? 'loss' : this.faults.kind(fault), fault, parcel, now)
    if (parcel.copies === 0) this.#forgotten?.push(parcel.message.id)
  }

  held(parcel: Envelope, fault: FaultId, now: Milliseconds): void {
    this.#note('hold', fault, parcel, now)
  }

  chosen({ from, to, kind, nth, by }: Envelope, fault: NetworkFault): void {
    const link = { from: this.nodes[from]!, to: this.nodes[to]!, kind, nth }
    this.effective.push(fault === 'delay' ? { step: 'delay', ...link, by } : { step: fault, ...link })
  }

  #note(kind: Note['kind'], fault: FaultId, parcel: Envelope, now: Milliseconds): void {
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

  #reportNote({ kind, fault, parcel, now }: Note): void {
    if (fault !== 0) this.faults.effect(fault)
    else if (kind !== 'down') this.faults.count(kind)
    if (!this.#recording.keeps) return this.#recording.skip()
    const { from, to, nth, message } = parcel
    const text = `${this.nodes[from]!} -> ${this.nodes[to]!} ${parcel.kind} ${nth} (message ${message.id})`
    this.#recording.add({ event: 'fault', now, fault: kind, text })
  }
}

/** @throws AdapterError if the step ends outside of its bounds, or the next wake-up is not after it */
export function checkInstants(input: Input, answer: Answer): void {
  const latest = input.type === 'advance' ? input.until : input.at
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

/** Field by field, because a spread costs ten times as much. */
function fold(state: Folded, changed: Partial<MemberState>): void {
  if (changed.role !== undefined) state.role = changed.role
  if (changed.term !== undefined) state.term = changed.term
  if (changed.vote !== undefined) state.vote = changed.vote
  if (changed.leader !== undefined) state.leader = changed.leader
  if (changed.commit !== undefined) state.commit = changed.commit
  if (changed.applied !== undefined) state.applied = changed.applied
  if (changed.configuration !== undefined) state.configuration = changed.configuration
  if (changed.ready !== undefined) state.ready = changed.ready
}
