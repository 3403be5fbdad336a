/** The world around the nodes of a run of the layers together: who leads, and who is told that others are there. */
import type { Hello } from '../../../impl/contract/network.ts'
import { between, mix } from '../../../impl/sim/hash.ts'
import type { Answer, Input, NetworkScenario, Operation, Result } from '../../../models/network/vocabulary.ts'
import type { Milliseconds, NodeId } from '../../../models/vocabulary.ts'
import type { Recording } from '../../record.ts'
import type { NetworkSurface } from '../../surface.ts'
import { Cluster } from '../cluster.ts'
import { increment } from '../counts.ts'

/** How long it takes until another leads, in milliseconds. */
const electionDelay = [50, 300] as const
/** How long until a node is told of one that is there. */
const welcomeDelay = 100

const nobody = -1

/** A service that was created, and not removed since. */
export interface KnownService {
  readonly service: string
  readonly network: string
  readonly port: number
}

export class NetworkCluster extends Cluster<NetworkSurface> {
  protected readonly dueAtOnce = false
  readonly #detection: Milliseconds
  /** Who leads; -1 for nobody. */
  #leader = nobody
  #term = 0
  readonly #believes: boolean[] = this.nodes.map(() => false)
  readonly #electedAt: Milliseconds[] = this.nodes.map(() => Infinity)
  /** By node: the name of its life. */
  readonly #lives: string[] = []
  /** By pair: no message gets there. */
  readonly #cut: boolean[][] = this.nodes.map(() => this.nodes.map(() => false))
  /** By observer and subject: the life that it was told is there, null for none; and when it is told something else. */
  readonly #told: (string | null)[][] = this.nodes.map(() => this.nodes.map(() => null))
  readonly #tellAt: Milliseconds[][] = this.nodes.map(() => this.nodes.map(() => Infinity))
  readonly #asked = new Map<number, Operation>()
  readonly services = new Map<string, KnownService>()
  /** The connection that ended last. */
  connection: Result | null = null

  constructor(scenario: NetworkScenario, hello: Hello, recording: Recording<NetworkSurface>) {
    super(scenario, hello, recording, null)
    this.#detection = scenario.options.detection
  }

  /** The node that leads, if it takes inputs; else -1. */
  leader(): number {
    return this.isActive(this.#leader) ? this.#leader : nobody
  }

  /** The first node leads from the start. */
  firstTerm(): Input {
    return this.#elect(0, 0)
  }

  /** A node that takes itself for the leader, and is to learn that it is not; -1 for none. */
  deposed(): number {
    return this.#believes.findIndex((believes, node) => believes && node !== this.#leader && this.isActive(node))
  }

  noteOperation(id: number, operation: Operation): void {
    this.#asked.set(id, operation)
  }

  // Who reaches whom

  #cutWhere(cuts: (from: number, to: number) => boolean): void {
    for (const from of this.nodes.keys()) for (const to of this.nodes.keys()) this.#cut[from]![to] = cuts(from, to)
    this.#watch()
  }

  override partition(groups: readonly (readonly NodeId[])[]): void {
    super.partition(groups)
    const group = this.nodes.map((node) => groups.findIndex((members) => members.includes(node)))
    this.#cutWhere((from, to) => group[from] !== group[to])
  }

  override ring(): void {
    super.ring()
    const size = this.nodes.length
    this.#cutWhere((from, to) => from !== to && (from + 1) % size !== to && (to + 1) % size !== from)
  }

  override cut(from: number, to: number): void {
    super.cut(from, to)
    this.#cut[from]![to] = true
    this.#watch()
  }

  override isolate(node: number): void {
    super.isolate(node)
    for (const other of this.nodes.keys()) {
      if (other !== node) this.#cut[node]![other] = this.#cut[other]![node] = true
    }
    this.#watch()
  }

  override heal(): void {
    super.heal()
    this.#cutWhere(() => false)
  }

  override pause(node: number): void {
    super.pause(node)
    this.#watch()
  }

  override resume(node: number): boolean {
    const wasPaused = super.resume(node)
    if (wasPaused) this.#watch()
    return wasPaused
  }

  /** Whether the observer would find the subject: others can ask for it, so that one direction is enough. */
  #isSeen(observer: number, subject: number): boolean {
    return this.isActive(subject) && !(this.#cut[observer]![subject]! && this.#cut[subject]![observer]!)
  }

  #hasQuorum(node: number): boolean {
    if (!this.isActive(node)) return false
    const met = [...this.nodes.keys()].filter(
      (other) => other === node || (this.isActive(other) && !this.#cut[node]![other]! && !this.#cut[other]![node]!),
    )
    return 2 * met.length > this.nodes.length
  }

  /** The life of the subject that the observer should know; null for none. */
  #truth(observer: number, subject: number): string | null {
    return this.#isSeen(observer, subject) ? this.#lives[subject]! : null
  }

  /** Something has changed: who leads may be replaced, and nodes are to be told of others. */
  #watch(): void {
    // Who has no quorum gives up by itself, before anybody else can lead.
    if (this.#leader !== nobody && !this.#hasQuorum(this.#leader)) this.#leader = nobody
    for (const node of this.nodes.keys()) {
      if (this.#leader !== nobody || !this.#hasQuorum(node)) this.#electedAt[node] = Infinity
      else if (this.#electedAt[node] === Infinity) {
        const hash = mix(mix(this.seed, this.#term), node)
        this.#electedAt[node] = this.now + between(hash, electionDelay[0], electionDelay[1])
      }
      for (const subject of this.nodes.keys()) this.#watchPair(node, subject)
      this.reschedule(node)
    }
  }

  #watchPair(observer: number, subject: number): void {
    const tellAt = this.#tellAt[observer]!
    const truth = this.#truth(observer, subject)
    if (observer === subject || truth === this.#told[observer]![subject]) tellAt[subject] = Infinity
    else if (tellAt[subject] === Infinity) {
      tellAt[subject] = this.now + (truth === null ? this.#detection : Math.min(welcomeDelay, this.#detection))
    }
  }

  #elect(node: number, at: Milliseconds): Input {
    this.#leader = node
    this.#believes[node] = true
    this.#term++
    this.#electedAt.fill(Infinity)
    for (const each of this.nodes.keys()) this.reschedule(each)
    return { type: 'lead', node: this.nodes[node]!, at, term: this.#term }
  }

  protected due(node: number): Milliseconds {
    return Math.min(this.#electedAt[node]!, ...this.#tellAt[node]!)
  }

  protected takeDue(node: number, at: Milliseconds, now: Milliseconds): Input {
    if (this.#electedAt[node]! <= now) return this.#elect(node, at)
    const subject = this.#tellAt[node]!.findIndex((time) => time <= now)
    const truth = this.#truth(node, subject)
    const name = truth ?? this.#told[node]![subject]!
    this.#told[node]![subject] = truth
    this.#tellAt[node]![subject] = Infinity
    if (truth === null) this.faults.count('membership')
    const status = truth === null ? 'down' : 'up'
    return { type: 'peer', node: this.nodes[node]!, at, name, address: this.nodes[subject]!, status }
  }

  protected completed(node: number, { type }: Input): void {
    if (type === 'depose') this.#believes[node] = false
  }

  protected stopped(node: number): void {
    this.#believes[node] = false
    this.#told[node]!.fill(null)
    this.#tellAt[node]!.fill(Infinity)
    this.#watch()
  }

  protected take(node: number, { outputs, state }: Answer): void {
    if (state?.life !== undefined) this.#begin(node, state.life)
    for (const output of outputs) {
      if (output.type === 'message') this.send(node, output, output.reliable)
      else this.#note(output)
    }
  }

  /** A life begins. At the start all know each other. */
  #begin(node: number, life: string): void {
    const isFirst = this.#lives[node] === undefined
    this.#lives[node] = life
    if (isFirst) for (const told of this.#told) told[node] = life
    else this.#watch()
  }

  #note(result: Result): void {
    increment(this.results, result.status)
    const asked = this.#asked.get(result.operation)
    this.#asked.delete(result.operation)
    if (asked?.type === 'connect' || asked?.type === 'connect-port') this.connection = result
    if (asked === undefined || result.status !== 'ok') return
    if (asked.type === 'create-service') this.services.set(asked.service, asked)
    if (asked.type === 'remove-service') this.services.delete(asked.service)
  }
}
