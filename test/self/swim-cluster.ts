/** A small cluster in virtual time: nodes of one session, a network between them, and a judge that watches every step. */
import type { Implementation, Session } from '../../impl/contract/swim.ts'
import { profiles } from '../../impl/real/swim/profiles.ts'
import { Clocks } from '../../impl/sim/clocks.ts'
import { EventHeap } from '../../impl/sim/event-heap.ts'
import { between, chance, hashSeed, mix } from '../../impl/sim/hash.ts'
import type {
  Answer,
  Input,
  MemberRecord,
  Operation,
  OutgoingMessage,
  Result,
  SwimOptions,
} from '../../models/swim/vocabulary.ts'
import type { Milliseconds, NetworkProfile, NodeId } from '../../models/vocabulary.ts'
import type { Violation } from '../../properties/judge.ts'
import { createSwimJudge } from '../../properties/swim/judge.ts'
import { settleBound } from '../../properties/swim/liveness.ts'

export const { lan } = profiles

const calm: NetworkProfile = { delay: [1, 20], loss: 0, duplicate: 0, reorder: 0 }

export interface ClusterSetup {
  readonly nodes: readonly NodeId[]
  /** Those that know each other from the start; all if absent. */
  readonly members?: readonly NodeId[]
  readonly seed: number
  readonly options?: SwimOptions
  readonly network?: NetworkProfile
  /** Whether every step is judged; true if absent. */
  readonly judged?: boolean
}

/** Something arrives: a message, or the news that nobody is there to take one. */
interface Arrival {
  readonly message: OutgoingMessage
  readonly refused: boolean
}

interface Wake {
  readonly node: number
  readonly local: Milliseconds
}

/** So many of the last steps are kept; those of the node to which the judge objects are told. */
const mostKept = 400
const mostTold = 12

export class SwimCluster {
  readonly nodes: readonly NodeId[]
  readonly options: SwimOptions
  readonly results = new Map<number, Result>()
  readonly events: { readonly at: NodeId; readonly event: string; readonly node: NodeId; readonly meta: string }[] = []
  network: NetworkProfile
  now: Milliseconds = 0
  steps = 0
  messages = 0
  readonly judge: ReturnType<typeof createSwimJudge>
  readonly session: Session
  readonly #judged: boolean
  readonly #seedHash: number
  readonly #numbers: ReadonlyMap<NodeId, number>
  readonly #clocks: Clocks
  readonly #wakes = new EventHeap<Wake>()
  readonly #arrivals = new EventHeap<Arrival>()
  readonly #wake: (Milliseconds | null)[]
  readonly #isUp: boolean[]
  #groups: ReadonlyMap<NodeId, number> | null = null
  #lastOperation = 0
  readonly #kept: { readonly now: Milliseconds; readonly input: Input; readonly answer: Answer }[] = []

  constructor(implementation: Implementation, setup: ClusterSetup) {
    const { nodes, members = nodes, seed, options = lan, network = calm, judged = true } = setup
    this.nodes = nodes
    this.options = options
    this.network = network
    this.#judged = judged
    this.#seedHash = hashSeed(seed)
    this.#numbers = new Map(nodes.map((node, number) => [node, number]))
    this.#clocks = new Clocks(nodes.length)
    this.#wake = nodes.map(() => null)
    this.#isUp = nodes.map(() => true)
    const start = { nodes, members, options, seed }
    this.session = implementation.open(start)
    this.judge = createSwimJudge(implementation.hello.profiles)
    if (judged) this.#object(this.judge.start(start, this.session.initial))
    this.session.initial.forEach((answer, number) => this.#absorb(number, answer))
  }

  run(duration: Milliseconds, isOver: () => boolean = () => false): void {
    const end = this.now + duration
    for (;;) {
      const timer = this.#nextTimer()
      const next = Math.min(timer, this.#arrivals.time)
      if (next > end || isOver()) break
      this.now = next
      // At one instant timers come before messages.
      if (timer === next) this.#advance(this.#wakes.pop()!.node)
      else this.#arrive(this.#arrivals.pop()!)
    }
    if (!isOver()) this.now = end
  }

  operate(node: NodeId, operation: Operation): number {
    const id = ++this.#lastOperation
    this.#step({ type: 'operation', node, at: this.#local(node), id, operation })
    return id
  }

  crash(node: NodeId): void {
    this.#isUp[this.#number(node)] = false
    this.#step({ type: 'crash', node, at: this.#local(node) })
  }

  restart(node: NodeId): void {
    this.#isUp[this.#number(node)] = true
    this.#step({ type: 'restart', node, at: this.#local(node) })
  }

  partition(...groups: readonly (readonly NodeId[])[]): void {
    this.#groups = new Map(groups.flatMap((group, number) => group.map((node) => [node, number] as const)))
  }

  heal(): void {
    this.#groups = null
  }

  setRate(node: NodeId, rate: number): void {
    const number = this.#number(node)
    this.#clocks.setRate(number, this.now, rate)
    this.#schedule(number)
  }

  /** Lets the nodes agree, as long as the bound says; gives how long it took. */
  settle(): Milliseconds {
    const begun = this.now
    this.#object(this.judge.phase('settle', this.now))
    this.run(settleBound(this.options, this.nodes.length), () => this.judge.settled())
    this.#object(this.judge.finish(this.now))
    this.inspect()
    return this.now - begun
  }

  /** What each node shows of itself is what its answers add up to. */
  inspect(): void {
    for (const node of this.nodes)
      if (this.#isUp[this.#number(node)]!) this.#object(this.judge.inspect(node, this.session.inspect(node)))
  }

  table(node: NodeId): Record<NodeId, MemberRecord> {
    return Object.fromEntries(this.session.inspect(node).members.map((record) => [record.node, record]))
  }

  statuses(node: NodeId): Record<NodeId, string> {
    return Object.fromEntries(this.session.inspect(node).members.map((record) => [record.node, record.status]))
  }

  #number(node: NodeId): number {
    return this.#numbers.get(node)!
  }

  #local(node: NodeId): Milliseconds {
    return this.#clocks.local(this.#number(node), this.now)
  }

  #nextTimer(): Milliseconds {
    for (;;) {
      const first = this.#wakes.first
      if (first === undefined) return Infinity
      if (this.#wake[first.node] === first.local && this.#harness(first) === this.#wakes.time) return this.#wakes.time
      this.#wakes.pop()
    }
  }

  #harness({ node, local }: Wake): Milliseconds {
    return this.#clocks.harness(node, local)
  }

  #schedule(number: number): void {
    const local = this.#wake[number]
    if (local === null || local === undefined) return
    const wake = { node: number, local }
    this.#wakes.push(this.#harness(wake), wake)
  }

  #advance(number: number): void {
    const node = this.nodes[number]!
    const until = this.#local(node)
    for (let at = this.#wake[number]!; at !== null && at <= until; at = this.#wake[number]!)
      this.#step({ type: 'advance', node, at, until })
  }

  #arrive({ message, refused }: Arrival): void {
    const node = refused ? message.from : message.to
    if (this.#isCut(message)) return
    const at = this.#local(node)
    if (!this.#isUp[this.#number(node)]!) {
      const opens = message.view.kind === 'push-pull' || message.view.kind === 'stream-ping'
      if (opens && !refused) this.#arrivals.push(this.now + this.network.delay[0], { message, refused: true })
    } else if (refused) this.#step({ type: 'refuse', node, at, stream: message.stream })
    else this.#step({ type: 'deliver', node, at, message })
  }

  #isCut({ from, to }: OutgoingMessage): boolean {
    return this.#groups !== null && this.#groups.get(from) !== this.#groups.get(to)
  }

  #step(input: Input): void {
    this.steps++
    const answer = this.session.step(input)
    const number = this.#number(input.node)
    const latest = input.type === 'advance' ? input.until : input.at
    if (answer.now < input.at || answer.now > latest) throw new Error(`${input.node} ends a step at ${answer.now}`)
    if (answer.wake !== null && answer.wake <= answer.now) throw new Error(`${input.node} wakes at ${answer.wake}`)
    if (this.#judged) {
      this.#kept.push({ now: this.now, input, answer })
      if (this.#kept.length > mostKept) this.#kept.shift()
      this.#object(this.judge.step(input, answer, this.now))
    }
    if (answer.error !== undefined) throw new Error(answer.error.text)
    this.#absorb(number, answer)
  }

  #absorb(number: number, answer: Answer): void {
    this.#wake[number] = answer.wake
    this.#schedule(number)
    for (const output of answer.outputs)
      if (output.type === 'message') this.#send(output)
      else if (output.type === 'result') this.results.set(output.operation, output)
      else this.events.push({ at: this.nodes[number]!, event: output.event, node: output.node, meta: output.meta })
  }

  #send(message: OutgoingMessage): void {
    this.messages++
    if (this.#isCut(message)) return
    const { delay, loss, duplicate } = this.network
    const hash = mix(this.#seedHash, message.id)
    const isDatagram = message.stream === 0
    if (isDatagram && chance(mix(hash, 1), loss)) return
    this.#arrivals.push(this.now + between(mix(hash, 2), ...delay), { message, refused: false })
    if (isDatagram && chance(mix(hash, 3), duplicate))
      this.#arrivals.push(this.now + between(mix(hash, 4), ...delay), { message, refused: false })
  }

  #object(violation: Violation | null): void {
    if (violation === null) return
    const { requirement, node, text, allowed } = violation
    const steps = this.#kept.filter(({ input }) => node === null || input.node === node).slice(-mostTold)
    throw new Error(
      [
        `${requirement}: ${node ?? 'all'} at ${this.now}: ${text}; allowed: ${allowed}`,
        ...steps.map(({ now, input, answer }) => `${now}: ${JSON.stringify(input)} => ${JSON.stringify(answer)}`),
      ].join('\n'),
    )
  }
}
