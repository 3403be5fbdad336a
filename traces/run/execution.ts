/**
 * One scenario run against one cluster, judged at each step. The execution asks for what it needs (answers to inputs,
 * an inspection) and is given it, so that the same code drives implementations in this process and out of it.
 */
import { AdapterError } from '../../impl/contract/adapter-error.ts'
import type { Hello, Start } from '../../impl/contract/raft.ts'
import { Clocks } from '../../impl/sim/clocks.ts'
import { Disk } from '../../impl/sim/disk.ts'
import { type FaultId, type FaultKind, FaultLedger } from '../../impl/sim/faults.ts'
import { hashSeed, mix, mixText } from '../../impl/sim/hash.ts'
import { Network, type NetworkFault, type NetworkObserver, type Parcel, maximalKinds } from '../../impl/sim/network.ts'
import type {
  Answer,
  Input,
  Inspection,
  MemberState,
  Operation,
  OutgoingMessage,
  RaftScenario,
} from '../../models/raft/vocabulary.ts'
import type { Milliseconds, NetworkProfile, NodeId, Step, Target } from '../../models/vocabulary.ts'
import type { Phase, Violation } from '../../properties/judge.ts'
import { type SeenNode, evaluate, inspects } from '../expect.ts'
import { Recording } from '../record.ts'
import type { RaftJudge, RunOptions, RunResult } from './result.ts'

/** In `settle`, liveness must show within this many least election timeouts. */
export const settleElectionTimeouts = 30

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

/** How a cluster is started for a scenario. */
export function startOf({ nodes, configuration, options, seed }: RaftScenario): Start {
  return { nodes, configuration, options, seed }
}

/** What an execution waits for: answers to `inputs`, an inspection of `inspectedNode`, or nothing any more. */
export type Demand = 'steps' | 'inspect' | 'done'

export class Execution implements NetworkObserver<OutgoingMessage> {
  readonly #scenario: RaftScenario
  readonly #hello: Hello
  readonly #judge: RaftJudge
  readonly #recording: Recording
  readonly #batchLimit: number
  readonly #inspectEvery: number
  readonly #maxSteps: number

  readonly #nodes: readonly NodeId[]
  readonly #numbers: ReadonlyMap<NodeId, number>
  readonly #network: Network<OutgoingMessage>
  readonly #clocks: Clocks
  readonly #disks: readonly Disk[]
  readonly #ledger = new FaultLedger()

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

  readonly #script: Generator<void, void, void>
  /** While not negative, events up to this harness time are carried out before the script goes on. */
  #until: Milliseconds = -1
  #inspecting = -1
  #inspection: Inspection | null = null
  #answer: Answer | null = null
  #nextInspection: number
  #nextInspected = 0
  #now: Milliseconds = 0
  #stepIndex = 0
  #operations = 0
  #probes = 0
  #steps = 0
  #deliveries = 0
  #settled = true
  #commitAtHeal = 0
  #ended = false
  #violation: Violation | null = null
  #violationEvent = -1
  #violationStep = -1

  readonly #kindNames: string[] = []
  readonly #kindDeliveries = new Int32Array(maximalKinds)
  readonly #operationCounts = new Map<string, number>()
  readonly #resultCounts = new Map<string, number>()
  readonly #membershipOperations = new Set<number>()
  readonly #skipped = new Map<string, number>()
  readonly #outside = new Map<string, number>()
  readonly #effective: Step<Operation>[] = []
  readonly #targets: (NodeId | null)[]
  readonly #forgotten: number[] | null

  /**
   * @param initial what the session answered to `startOf(scenario)`
   * @param forgotten is given the messages that will not be delivered (again); whoever reads them empties it
   */
  constructor(
    scenario: RaftScenario,
    hello: Hello,
    judge: RaftJudge,
    initial: readonly Answer[],
    options: RunOptions = {},
    forgotten: number[] | null = null,
  ) {
    const { nodes } = scenario
    this.#scenario = scenario
    this.#forgotten = forgotten
    this.#hello = hello
    this.#judge = judge
    this.#recording = new Recording(options.record ?? true)
    this.#batchLimit = options.batch ?? 64
    this.#inspectEvery = options.inspectEvery ?? 500
    this.#nextInspection = this.#inspectEvery
    this.#maxSteps = options.maxSteps ?? 5_000_000
    this.#nodes = nodes
    this.#numbers = new Map(nodes.map((node, number) => [node, number]))
    const seed = hashSeed(scenario.seed)
    this.#network = new Network(seed, nodes, this.#allowed(scenario.network), hello.assumptions, this)
    this.#clocks = new Clocks(nodes.length)
    this.#disks = nodes.map((node) => new Disk(mixText(mix(seed, 0xd15c), node)))
    this.#states = nodes.map(() => ({
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
    this.#targets = new Array<NodeId | null>(scenario.steps.length).fill(null)
    this.#script = this.#perform()
    this.#start(initial)
  }

  /** Inputs to be answered, in order. Valid until `accept`. */
  get inputs(): readonly Input[] {
    if (this.#inputs.length > this.#size) this.#inputs.length = this.#size
    return this.#inputs
  }

  get inspectedNode(): NodeId {
    return this.#nodes[this.#inspecting]!
  }

  /** Goes on until something is needed from the implementation. */
  proceed(): Demand {
    for (;;) {
      if (this.#ended) return 'done'
      if (this.#until >= 0) {
        if (this.#steps >= this.#nextInspection && this.#chooseInspected()) return 'inspect'
        if (this.#collect(this.#until)) return 'steps'
        this.#report(Infinity)
        this.#now = Math.max(this.#now, this.#until)
        this.#until = -1
      }
      if (this.#script.next().done === true) {
        this.#ended = true
        return 'done'
      }
      // A violation during the script ends the run, whatever the script asked for.
      if (this.#ended) return 'done'
      if (this.#size > 0) return 'steps'
      if (this.#inspecting >= 0) return 'inspect'
    }
  }

  /**
   * Takes the answers to `inputs`, which may be fewer if the implementation gave up at one that `judge` refuses.
   * @throws AdapterError if an answer contradicts the contract
   */
  accept(answers: readonly Answer[]): void {
    const inputs = this.#inputs
    for (let position = 0; position < this.#size; position++) {
      const input = inputs[position]!
      const answer = answers[position]
      if (answer === undefined) throw new AdapterError('contract', `${answers.length} answers to ${this.#size} inputs`)
      const node = this.#inputNodes[position]!
      if (this.#notes.length > 0) this.#report(position)
      const now = this.#times[position]!
      this.#now = now
      this.#answer = answer
      checkInstants(input, answer)
      this.#steps++
      if (this.#recording.keeps) this.#recording.add({ event: 'step', now, input, answer })
      else this.#recording.skip()
      const violation = this.#judge.step(input, answer, now)
      if (violation !== null) {
        this.#fail(violation)
        return
      }
      this.#apply(node, input, answer, this.#parcels[position]!)
    }
    if (this.#notes.length > 0) this.#report(Infinity)
    this.#size = 0
    if (this.#steps >= this.#maxSteps)
      throw new AdapterError('flood', `the run takes more than ${this.#maxSteps} steps`)
  }

  /** Takes the inspection of `inspectedNode`. */
  acceptInspection(inspection: Inspection): void {
    const node = this.inspectedNode
    this.#inspecting = -1
    this.#inspection = inspection
    if (this.#recording.keeps) this.#recording.add({ event: 'inspect', now: this.#now, node, inspection })
    else this.#recording.skip()
    this.#check(this.#judge.inspect(node, inspection))
  }

  /** What is known so far; all of it once `proceed` says `done`. */
  result(): RunResult {
    const deliveries: Record<string, number> = {}
    for (const [number, kind] of this.#kindNames.entries()) {
      if (this.#kindDeliveries[number]! > 0) deliveries[kind] = this.#kindDeliveries[number]!
    }
    return {
      violation: this.#violation,
      violationEvent: this.#violationEvent,
      violationStep: this.#violationStep,
      advice: this.#judge.advice(),
      events: this.#recording.events,
      eventCount: this.#recording.count,
      steps: this.#steps,
      deliveries: this.#deliveries,
      duration: this.#now,
      faults: this.#ledger.counts(),
      skipped: Object.fromEntries(this.#skipped),
      outside: Object.fromEntries(this.#outside),
      settled: this.#settled,
      committedAfterHeal: Math.max(0, this.#greatestCommit() - this.#commitAtHeal),
      exercised: this.#judge.exercised(),
      transitions: this.#judge.transitions(),
      coverage: {
        deliveries: sorted(deliveries),
        operations: sorted(Object.fromEntries(this.#operationCounts)),
        results: sorted(Object.fromEntries(this.#resultCounts)),
      },
      effective: this.#effective,
      targets: this.#targets,
    }
  }

  // What the network tells.

  lost(parcel: Envelope, fault: FaultId, now: Milliseconds): void {
    this.#note(fault === 0 ? 'loss' : this.#ledger.kind(fault), fault, parcel, now)
    if (parcel.copies === 0) this.#forgotten?.push(parcel.message.id)
  }

  held(parcel: Envelope, fault: FaultId, now: Milliseconds): void {
    this.#note('hold', fault, parcel, now)
  }

  chosen({ from, to, kind, nth, by }: Envelope, fault: NetworkFault): void {
    const link = { from: this.#nodes[from]!, to: this.#nodes[to]!, kind, nth }
    this.#effective.push(fault === 'delay' ? { step: 'delay', ...link, by } : { step: fault, ...link })
  }

  // The script: what happens between stretches of time. It yields when something is needed.

  *#perform(): Generator<void, void, void> {
    const { steps } = this.#scenario
    for (const [index, step] of steps.entries()) {
      if (this.#ended) return
      this.#stepIndex = index
      switch (step.step) {
        case 'run':
          yield* this.#run(step.duration)
          break
        case 'operation':
          yield* this.#operate(this.#target(step.node), step.operation)
          break
        case 'timeout':
          yield* this.#timeout(this.#target(step.node))
          break
        case 'crash':
          yield* this.#crash(this.#target(step.node), step.keep, step.torn)
          break
        case 'restart':
          yield* this.#restart(this.#target(step.node))
          break
        case 'settle':
          yield* this.#settle()
          if (steps.slice(index + 1).some(({ step }) => step !== 'expect')) yield* this.#enter('disturb')
          break
        case 'expect':
          yield* this.#expect(step.expect, step.arguments)
          break
        default:
          this.#disturb(step)
      }
    }
    if (this.#ended) return
    this.#stepIndex = steps.length
    for (const node of this.#nodes.keys()) {
      if (this.#up[node]!) yield* this.#inspect(node)
    }
    if (this.#recording.keeps) this.#recording.add({ event: 'finish', now: this.#now })
    else this.#recording.skip()
    this.#check(this.#judge.finish(this.#now))
  }

  *#run(duration: Milliseconds): Generator<void, void, void> {
    this.#until = this.#now + duration
    yield
  }

  /** Gives one input outside of the flow of time, and waits for its answer. */
  *#ask(node: number, input: Input): Generator<void, Answer, void> {
    this.#queue(node, input, this.#now, null)
    yield
    return this.#answer!
  }

  *#enter(phase: Phase): Generator<void, void, void> {
    if (this.#recording.keeps) this.#recording.add({ event: 'phase', now: this.#now, phase })
    else this.#recording.skip()
    this.#check(this.#judge.phase(phase, this.#now))
    yield
  }

  *#inspect(node: number): Generator<void, Inspection, void> {
    this.#inspecting = node
    yield
    return this.#inspection!
  }

  /** Lets a node that was paused see the time that has passed, before it is given anything else. */
  *#catchUp(node: number): Generator<void, void, void> {
    if (this.#wakeAt[node]! <= this.#now) yield* this.#run(0)
  }

  *#operate(node: number, operation: Operation): Generator<void, void, void> {
    const id = ++this.#operations
    if (!this.#hello.operations.includes(operation.type)) return increment(this.#outside, operation.type)
    if (node < 0 || !this.#up[node]! || this.#paused[node] !== 0) return increment(this.#skipped, 'operation')
    yield* this.#catchUp(node)
    increment(this.#operationCounts, operation.type)
    if (operation.type === 'change-membership') this.#membershipOperations.add(id)
    yield* this.#ask(node, { type: 'operation', node: this.#nodes[node]!, at: this.#local(node), id, operation })
  }

  /** Moves the node's clock forward until it campaigns. */
  *#timeout(node: number): Generator<void, void, void> {
    if (node < 0 || !this.#up[node]! || this.#paused[node] !== 0 || this.#states[node]!.role === 'leader') {
      return increment(this.#skipped, 'timeout')
    }
    yield* this.#catchUp(node)
    const { term, role } = this.#states[node]!
    const { electionTimeout, heartbeatInterval } = this.#scenario.options
    const until = this.#local(node) + 2 * electionTimeout + heartbeatInterval
    this.#tell('timeout', this.#nodes[node]!)
    for (;;) {
      const at = this.#wake[node]!
      if (at > until) return increment(this.#skipped, 'timeout')
      const { outputs } = yield* this.#ask(node, { type: 'advance', node: this.#nodes[node]!, at, until })
      const state = this.#states[node]!
      const asked = outputs.some((output) => output.type === 'message' && isCampaign(output))
      if (asked || state.term > term || (state.role !== role && state.role !== 'follower')) break
      if (!this.#up[node]!) return
    }
    this.#ledger.count('timeout')
  }

  *#crash(node: number, keep: 'all' | 'none' | 'some', torn: boolean): Generator<void, void, void> {
    if (!this.#hello.capabilities.disk) return increment(this.#outside, 'crash')
    if (node < 0 || !this.#up[node]!) return increment(this.#skipped, 'crash')
    const paused = this.#paused[node] !== 0
    if (!paused) yield* this.#catchUp(node)
    const outcome = this.#disks[node]!.crash(keep, torn)
    yield* this.#ask(node, {
      type: 'crash',
      node: this.#nodes[node]!,
      at: paused ? this.#seen[node]! : this.#local(node),
      keep: outcome.keep,
      torn: outcome.torn,
    })
    this.#ledger.count('crash')
    if (outcome.lost > 0) this.#ledger.count('lost-write')
    if (outcome.torn !== 0) this.#ledger.count('torn-write')
  }

  *#restart(node: number): Generator<void, void, void> {
    if (this.#up[node]! || this.#panicked[node]!) return increment(this.#skipped, 'restart')
    yield* this.#ask(node, { type: 'restart', node: this.#nodes[node]!, at: this.#local(node) })
  }

  /** Ends all faults, then asks the cluster for progress until it has shown all that liveness demands. */
  *#settle(): Generator<void, void, void> {
    const { electionTimeout, heartbeatInterval } = this.#scenario.options
    yield* this.#enter('heal')
    this.#commitAtHeal = this.#greatestCommit()
    this.#network.profile = this.#calm()
    for (const node of this.#nodes.keys()) {
      if (this.#clocks.rate(node) !== 1) this.#setRate(node, 1)
      this.#resume(node)
    }
    this.#network.heal(this.#now)
    for (const node of this.#nodes.keys()) {
      if (!this.#up[node]! && !this.#panicked[node]!) yield* this.#restart(node)
    }
    // Messages that were sent while faults were on may still be under way; give them time to arrive.
    yield* this.#run(electionTimeout)
    yield* this.#enter('settle')
    const bound = this.#now + settleElectionTimeouts * electionTimeout
    let nextProbe = this.#now
    do {
      if (this.#now >= nextProbe) {
        yield* this.#probe()
        nextProbe = this.#now + electionTimeout
      }
      yield* this.#run(Math.min(heartbeatInterval, bound - this.#now))
    } while (this.#now < bound && !this.#judge.settled())
    this.#settled &&= this.#judge.settled()
  }

  /** Asks a node that says it leads for progress, by a command and by a read; if several lead, each in turn. */
  *#probe(): Generator<void, void, void> {
    const leaders = this.#leaders()
    const leader = leaders[this.#probes % Math.max(1, leaders.length)]
    if (leader === undefined) return
    const value = `probe-${++this.#probes}`
    yield* this.#operate(leader, { type: 'propose', command: { type: 'put', key: 'probe', value } })
    const reads = this.#hello.operations.includes('read') && this.#hello.profiles.includes('raft-read-index')
    if (reads) yield* this.#operate(leader, { type: 'read', key: 'probe', by: 'read-index' })
  }

  *#expect(name: string, words: readonly string[]): Generator<void, void, void> {
    const snapshot = new Map<NodeId, SeenNode>()
    for (const [number, node] of this.#nodes.entries()) {
      const running = this.#up[number]!
      const inspection = running && inspects(name) ? yield* this.#inspect(number) : undefined
      snapshot.set(node, { running, state: this.#states[number]!, inspection })
    }
    const text = evaluate(name, words, snapshot)
    if (text === null) return
    this.#fail({ requirement: 'scenario/expectation', text, allowed: ['expect', name, ...words].join(' '), node: null })
  }

  /** Carries out a step that takes no time and that no node sees. */
  #disturb(step: Step<Operation>): void {
    const network = this.#network
    switch (step.step) {
      case 'partition': {
        const group = this.#nodes.map((node) => step.groups.findIndex((members) => members.includes(node)))
        this.#cutWhere('partition', (from, to) => group[from] !== group[to])
        this.#tell('partition', step.groups.map((members) => members.join(' ')).join(' | '))
        break
      }
      case 'ring': {
        const size = this.#nodes.length
        this.#cutWhere('ring', (from, to) => (from + 1) % size !== to && (to + 1) % size !== from)
        this.#tell('ring', this.#nodes.join(' '))
        break
      }
      case 'cut':
        network.cut(this.#number(step.from), this.#number(step.to), this.#ledger.begin('cut'))
        this.#tell('cut', `${step.from} -> ${step.to}`)
        break
      case 'isolate': {
        const node = this.#target(step.node)
        if (node < 0) return increment(this.#skipped, 'isolate')
        const fault = this.#ledger.begin('isolate')
        for (const other of this.#nodes.keys()) {
          if (other === node) continue
          network.cut(node, other, fault)
          network.cut(other, node, fault)
        }
        this.#tell('isolate', this.#nodes[node]!)
        break
      }
      case 'heal':
        network.heal(this.#now)
        this.#tell('heal', 'all links')
        break
      case 'hold':
        network.hold(this.#number(step.from), this.#number(step.to), this.#ledger.begin('hold'))
        this.#tell('hold', `${step.from} -> ${step.to}`)
        break
      case 'release':
        network.release(this.#number(step.from), this.#number(step.to), this.#now)
        this.#tell('release', `${step.from} -> ${step.to}`)
        break
      case 'pause': {
        const node = this.#target(step.node)
        if (node < 0 || !this.#up[node]! || this.#paused[node] !== 0) return increment(this.#skipped, 'pause')
        this.#paused[node] = this.#ledger.begin('pause')
        this.#wakeAt[node] = Infinity
        this.#ackAt[node] = Infinity
        this.#tell('pause', this.#nodes[node]!)
        break
      }
      case 'resume':
        if (!this.#resume(this.#target(step.node))) increment(this.#skipped, 'resume')
        break
      case 'clock':
        if (Math.abs(step.rate - 1) > this.#hello.assumptions.clockDrift) return increment(this.#outside, 'clock')
        this.#setRate(this.#number(step.node), step.rate)
        break
      case 'network':
        network.profile = this.#allowed(step.network)
        this.#tell('network', describeNetwork(network.profile))
        break
      case 'drop':
      case 'duplicate':
      case 'delay': {
        const { assumptions } = this.#hello
        const out = step.step === 'duplicate' ? assumptions.noDuplicates : step.step === 'delay' && assumptions.fifo
        if (out) return increment(this.#outside, step.step)
        const by = step.step === 'delay' ? step.by : 0
        network.plan(this.#number(step.from), this.#number(step.to), step.kind, step.nth, step.step, by)
        break
      }
      default:
        throw new Error(`unexpected step ${step.step}`)
    }
  }

  #resume(node: number): boolean {
    const fault = this.#paused[node]!
    if (fault === 0) return false
    this.#paused[node] = 0
    this.#reschedule(node)
    if (this.#wakeAt[node]! <= this.#now || this.#ackAt[node]! <= this.#now) this.#ledger.effect(fault)
    for (const parcel of this.#waiting[node]!) this.#network.return(this.#now, parcel)
    this.#waiting[node] = []
    this.#tell('resume', this.#nodes[node]!)
    return true
  }

  #setRate(node: number, rate: number): void {
    this.#clocks.setRate(node, this.#now, rate)
    this.#clockFault[node] = rate === 1 ? 0 : this.#ledger.begin('clock')
    this.#reschedule(node)
    this.#tell('clock', `${this.#nodes[node]!} ${rate}`)
  }

  /** Cuts exactly these links. */
  #cutWhere(kind: FaultKind, cuts: (from: number, to: number) => boolean): void {
    const fault = this.#ledger.begin(kind)
    this.#network.mend()
    for (const from of this.#nodes.keys()) {
      for (const to of this.#nodes.keys()) {
        if (from !== to && cuts(from, to)) this.#network.cut(from, to, fault)
      }
    }
  }

  // The flow of time.

  /**
   * Gathers the inputs that come next, up to `until`: one, or all of one instant that are decided whatever the answers
   * will be. Longer batches would let an answer bring something about that comes before the rest of its batch.
   */
  #collect(until: Milliseconds): boolean {
    const network = this.#network
    const wakeAt = this.#wakeAt
    const ackAt = this.#ackAt
    const nodes = wakeAt.length
    const limit = Math.min(this.#batchLimit, this.#nextInspection - this.#steps)
    const instantDisks = this.#scenario.disk.delay[0] === 0
    let now = this.#now
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
        this.#queue(node, { type: 'written', node: this.#nodes[node]!, at, writes }, now, null)
        if (instantDisks) break
      } else if (time < timer) {
        const parcel = network.arrive(now)
        if (parcel !== null) this.#arrive(parcel, now)
      } else {
        wakeAt[node] = Infinity
        const at = this.#wake[node]!
        const last = this.#clocks.local(node, now)
        this.#queue(node, { type: 'advance', node: this.#nodes[node]!, at, until: last }, now, null)
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
      this.#queue(node, { type: 'deliver', node: this.#nodes[node]!, at, message: parcel.message }, now, parcel)
    }
  }

  #queue(node: number, input: Input, now: Milliseconds, parcel: Envelope | null): void {
    const place = this.#size++
    this.#inputs[place] = input
    this.#times[place] = now
    this.#inputNodes[place] = node
    this.#parcels[place] = parcel
  }

  // What an answer means for the world around the node.

  #start(initial: readonly Answer[]): void {
    const { nodes } = this.#scenario
    if (initial.length !== nodes.length) {
      throw new AdapterError('contract', `${initial.length} initial answers for ${nodes.length} nodes`)
    }
    const start = startOf(this.#scenario)
    if (this.#recording.keeps) this.#recording.add({ event: 'start', start, initial })
    else this.#recording.skip()
    this.#check(this.#judge.start(start, initial))
    if (this.#ended) return
    for (const [node, answer] of initial.entries()) {
      if (answer.now !== 0) throw new AdapterError('contract', `${nodes[node]!} starts at ${answer.now}, not at 0`)
      this.#absorb(node, answer)
    }
  }

  #apply(node: number, input: Input, answer: Answer, parcel: Envelope | null): void {
    switch (input.type) {
      case 'deliver':
        this.#delivered(parcel!)
        break
      case 'written':
        this.#sendReady(node)
        break
      case 'advance':
        if (this.#clockFault[node] !== 0) this.#ledger.effect(this.#clockFault[node]!)
        if (answer.now > this.#local(node)) this.#clocks.jump(node, this.#now, answer.now)
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
          this.#disks[node]!.write(output.id, output.file, output.sync, this.#now, this.#scenario.disk)
          break
        case 'result':
          increment(this.#resultCounts, output.status)
          if (output.status === 'ok' && this.#membershipOperations.delete(output.operation)) {
            this.#ledger.count('membership')
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
    if (message.from !== this.#nodes[node]) {
      throw new AdapterError('contract', `${this.#nodes[node]!} sends message ${message.id} as ${message.from}`)
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
    this.#network.send(this.#now, node, to, message.view.kind, message)
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
    this.#deliveries++
    this.#kindNames[parcel.kindNumber] = parcel.kind
    this.#kindDeliveries[parcel.kindNumber]!++
    if (++parcel.deliveries === 2) this.#ledger.count('duplicate')
    const greatest = this.#greatestDelivered[parcel.link]!
    if (parcel.ordinal > greatest) this.#greatestDelivered[parcel.link] = parcel.ordinal
    else if (parcel.by > 0 && parcel.deliveries === 1) this.#ledger.count('reorder')
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
    this.#wakeAt[node] = active && wake !== Infinity ? Math.max(this.#now, this.#clocks.harness(node, wake)) : Infinity
    this.#ackAt[node] = active ? Math.max(this.#now, this.#disks[node]!.due) : Infinity
  }

  // Judging and reporting.

  #check(violation: Violation | null): void {
    if (violation !== null) this.#fail(violation)
  }

  /** The event that was last recorded showed a violation: the run ends. */
  #fail(violation: Violation): void {
    if (this.#ended) return
    this.#ended = true
    this.#violation = violation
    this.#violationEvent = this.#recording.count - 1
    this.#violationStep = this.#stepIndex
  }

  /** Records for readers what no node saw. */
  #tell(fault: string, text: string): void {
    if (this.#recording.keeps) this.#recording.add({ event: 'fault', now: this.#now, fault, text })
    else this.#recording.skip()
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
    if (fault !== 0) this.#ledger.effect(fault)
    else if (kind !== 'down') this.#ledger.count(kind)
    if (!this.#recording.keeps) return this.#recording.skip()
    const { from, to, nth, message } = parcel
    const text = `${this.#nodes[from]!} -> ${this.#nodes[to]!} ${parcel.kind} ${nth} (message ${message.id})`
    this.#recording.add({ event: 'fault', now, fault: kind, text })
  }

  #chooseInspected(): boolean {
    // Ever more rarely, because an inspection costs as much as the log is long.
    this.#nextInspection = this.#steps + Math.max(this.#inspectEvery, this.#steps >> 2)
    for (let tries = 0; tries < this.#nodes.length; tries++) {
      const node = this.#nextInspected
      this.#nextInspected = (node + 1) % this.#nodes.length
      if (!this.#up[node]!) continue
      this.#inspecting = node
      return true
    }
    return false
  }

  // Small questions.

  #local(node: number): Milliseconds {
    return this.#clocks.local(node, this.#now)
  }

  #number(node: NodeId): number {
    const number = this.#numbers.get(node)
    if (number === undefined) throw new RangeError(`step ${this.#stepIndex} names unknown node ${node}`)
    return number
  }

  /** The node that is meant; -1 if it is the leader and there is none. */
  #target(target: Target): number {
    if (target !== 'leader') return this.#number(target)
    const states = this.#states
    let leader = -1
    for (let node = 0; node < states.length; node++) {
      const { role, term } = states[node]!
      if (role === 'leader' && this.#up[node]! && (leader < 0 || term > states[leader]!.term)) leader = node
    }
    if (leader < 0) return -1
    this.#targets[this.#stepIndex] = this.#nodes[leader]!
    return leader
  }

  /** Nodes that are up and say that they lead, highest term first. */
  #leaders(): number[] {
    const states = this.#states
    return [...states.keys()]
      .filter((node) => this.#up[node]! && states[node]!.role === 'leader')
      .sort((left, right) => states[right]!.term - states[left]!.term || left - right)
  }

  #greatestCommit(): number {
    return this.#states.reduce((greatest, { commit }) => Math.max(greatest, commit), 0)
  }

  /** The profile without what the implementation says cannot happen. */
  #allowed(profile: NetworkProfile): NetworkProfile {
    const { fifo, noDuplicates } = this.#hello.assumptions
    if (fifo && profile.reorder > 0) increment(this.#outside, 'reorder')
    if (noDuplicates && profile.duplicate > 0) increment(this.#outside, 'duplicate')
    return {
      ...profile,
      reorder: fifo ? 0 : profile.reorder,
      duplicate: noDuplicates ? 0 : profile.duplicate,
    }
  }

  /** No faults, and delays that let a round trip end well within an election timeout. */
  #calm(): NetworkProfile {
    const [least, greatest] = this.#network.profile.delay
    const most = Math.max(1, this.#scenario.options.heartbeatInterval >> 1)
    return { delay: [Math.min(least, most), Math.min(greatest, most)], loss: 0, duplicate: 0, reorder: 0 }
  }
}

function checkInstants(input: Input, answer: Answer): void {
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

function isCampaign({ view }: OutgoingMessage): boolean {
  return view.kind === 'request-vote' || view.kind === 'pre-vote'
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

function describeNetwork({ delay, loss, duplicate, reorder }: NetworkProfile): string {
  return `delay ${delay[0]}..${delay[1]} ms, loss ${loss}, duplicate ${duplicate}, reorder ${reorder}`
}

function increment(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1)
}

function sorted(counts: Record<string, number>): Record<string, number> {
  return Object.fromEntries(Object.entries(counts).sort(([left], [right]) => (left < right ? -1 : 1)))
}
