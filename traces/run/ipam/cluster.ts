/** The world around the allocators of a run: the store that they share, and who leads in it. */
import type { Hello } from '../../../impl/contract/ipam.ts'
import { Disk } from '../../../impl/sim/disk.ts'
import type { FaultId } from '../../../impl/sim/faults.ts'
import { between, mix } from '../../../impl/sim/hash.ts'
import type { Answer, AddressRelease, Input, IpamScenario, Operation } from '../../../models/ipam/vocabulary.ts'
import type { CrashKeep, Milliseconds, NodeId, WriteId } from '../../../models/vocabulary.ts'
import type { Recording } from '../../record.ts'
import type { IpamSurface } from '../../surface.ts'
import { Cluster } from '../cluster.ts'
import { increment } from '../counts.ts'

/** How long it takes until another leads, in milliseconds. */
const electionDelay = [50, 300] as const

const nobody = -1

export class IpamCluster extends Cluster<IpamSurface> {
  protected readonly dueAtOnce = false
  readonly #disk: IpamScenario['disk']
  readonly #store: Disk
  /** Who leads in the store; -1 for nobody. */
  #leader = nobody
  #terms = 0
  /** By node: whether it takes itself for the leader. */
  readonly #believes: boolean[]
  /** By node: the fault that keeps it from the store; 0 for none. */
  readonly #cutOff: FaultId[]
  /** By node: when it may lead, while nobody does or the leader is out of reach. */
  readonly #electedAt: Milliseconds[]
  /** Records that were in time, of leaders that are gone. */
  #kept: WriteId[] = []
  /** Requests without an answer, and the addresses that owners were given. */
  readonly #asked = new Map<number, { readonly pool: string; readonly owner: string }>()
  readonly #given = new Map<string, string>()

  constructor(scenario: IpamScenario, hello: Hello, recording: Recording<IpamSurface>) {
    super(scenario, hello, recording, null)
    this.#disk = scenario.disk
    this.#store = new Disk(mix(this.seed, 0x57042e))
    this.#believes = scenario.nodes.map(() => false)
    this.#cutOff = scenario.nodes.map(() => 0)
    this.#electedAt = scenario.nodes.map(() => Infinity)
  }

  /** The node that leads in the store, if it takes inputs; else -1. */
  leader(): number {
    return this.isActive(this.#leader) ? this.#leader : nobody
  }

  /** The first node leads from the start. */
  firstTerm(): Input {
    return this.#elect(0, 0)
  }

  /** A node that takes itself for the leader, and can learn that another is; -1 for none. */
  deposed(): number {
    return this.#believes.findIndex(
      (believes, node) => believes && node !== this.#leader && this.isActive(node) && this.#cutOff[node] === 0,
    )
  }

  /** Remembers for whom an address is asked. */
  noteRequest(id: number, operation: Operation): void {
    if (operation.type === 'request-address') this.#asked.set(id, operation)
  }

  /** The release with the address that its owner was given; null if it was given none. */
  withAddress(release: AddressRelease): AddressRelease | null {
    if (release.address !== '') return release
    const address = this.#given.get(`${release.pool} ${release.owner}`)
    return address === undefined ? null : { ...release, address }
  }

  // Who reaches the store

  override isolate(node: number): void {
    this.#cutOff[node] = this.faults.begin('isolate')
    this.tell('isolate', this.nodes[node]!)
    this.#watch()
  }

  /** Whoever is not with more than half of all nodes reaches nothing. */
  override partition(groups: readonly (readonly NodeId[])[]): void {
    const fault = this.faults.begin('partition')
    for (const [number, node] of this.nodes.entries()) {
      const group = groups.find((members) => members.includes(node)) ?? [node]
      this.#cutOff[number] = 2 * group.length > this.nodes.length ? 0 : fault
    }
    this.tell('partition', groups.map((members) => members.join(' ')).join(' | '))
    this.#watch()
  }

  override heal(): void {
    this.#cutOff.fill(0)
    this.tell('heal', 'all links')
    this.#watch()
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

  /** A crash: what becomes of the records under way of the one who leads. */
  crashStore(node: number, keep: CrashKeep): void {
    this.faults.count('crash')
    if (node === this.#leader) this.#settle(keep)
  }

  /** Decides which records of the leader were in time, and that it leads no more. */
  #settle(keep: CrashKeep): void {
    const { keep: kept, lost } = this.#store.crash(keep, false)
    this.#kept.push(...kept)
    if (lost > 0) this.faults.count('lost-write')
    this.#leader = nobody
  }

  #reaches(node: number): boolean {
    return this.isActive(node) && this.#cutOff[node] === 0
  }

  /** Where the leader is out of reach, whoever is not may soon lead. */
  #watch(): void {
    const isLed = this.#leader !== nobody && this.#reaches(this.#leader)
    for (const node of this.nodes.keys()) {
      if (isLed || !this.#reaches(node)) this.#electedAt[node] = Infinity
      else if (this.#electedAt[node] === Infinity) {
        const hash = mix(mix(this.seed, this.#terms), node)
        this.#electedAt[node] = this.now + between(hash, electionDelay[0], electionDelay[1])
      }
      this.reschedule(node)
    }
  }

  #elect(node: number, at: Milliseconds): Input {
    if (this.#leader !== nobody) {
      const fault = this.#cutOff[this.#leader]!
      if (fault !== 0) this.faults.effect(fault)
      else this.faults.count('pause')
      this.#settle('some')
    }
    this.#leader = node
    this.#believes[node] = true
    this.#terms++
    const keep = this.#kept
    this.#kept = []
    this.#electedAt.fill(Infinity)
    for (const each of this.nodes.keys()) this.reschedule(each)
    return { type: 'lead', node: this.nodes[node]!, at, keep }
  }

  protected due(node: number): Milliseconds {
    const written = node === this.#leader && this.#cutOff[node] === 0 ? this.#store.due : Infinity
    return Math.min(written, this.#electedAt[node]!)
  }

  protected takeDue(node: number, at: Milliseconds, now: Milliseconds): Input {
    if (this.#electedAt[node]! <= now) return this.#elect(node, at)
    return { type: 'written', node: this.nodes[node]!, at, writes: this.#store.acknowledge(now) }
  }

  protected completed(node: number, { type }: Input): void {
    if (type === 'depose') this.#believes[node] = false
  }

  protected stopped(node: number): void {
    this.#believes[node] = false
    if (node === this.#leader) this.#settle('some')
    this.#watch()
  }

  protected override restarted(): void {
    this.#watch()
  }

  protected take(node: number, { outputs }: Answer): void {
    for (const output of outputs) {
      if (output.type === 'write') {
        // The store takes nothing from somebody who does not lead in it.
        if (node === this.#leader) this.#store.write(output.id, 'store', true, this.now, this.#disk)
        continue
      }
      increment(this.results, output.status)
      const asked = this.#asked.get(output.operation)
      this.#asked.delete(output.operation)
      if (asked !== undefined && output.status === 'ok') {
        this.#given.set(`${asked.pool} ${asked.owner}`, output.address)
      }
    }
  }
}
