/** What a node of the layers together is made of, and the ways to change it that leave a trace. */
import type {
  Answer,
  Assignment,
  Change,
  EndpointRecord,
  Inspection,
  Message,
  NetworkOptions,
  NodeState,
  Output,
  PeerRecord,
  Result,
} from '../../../models/network/vocabulary.ts'
import type { Answer as DatabaseAnswer, NetworkDbOptions } from '../../../models/networkdb/vocabulary.ts'
import type { Milliseconds, NodeId } from '../../../models/vocabulary.ts'
import { NameTable } from '../discovery/name-table.ts'
import type { NodeSetup as DatabaseSetup, Numbers } from '../networkdb/core.ts'
import { NetworkDbNode } from '../networkdb/node.ts'
import type { AddressBook } from './address-book.ts'
import { Catalogue, type ManagerStore } from './catalogue.ts'
import type { Manager, ManagerSetup } from './manager.ts'
import { readEndpoint, readKey, readPeer } from './records.ts'

/** What a node runs beneath itself; variants replace one of them. */
export interface Parts {
  readonly Database: new (setup: DatabaseSetup) => NetworkDbNode
  readonly Manager: new (setup: ManagerSetup) => Manager
  readonly createBook: () => AddressBook
}

/** What a node is started with. */
export interface NodeSetup {
  readonly life: string
  readonly address: NodeId
  readonly nodes: readonly NodeId[]
  readonly options: NetworkOptions
  readonly seed: number
  readonly now: Milliseconds
  /** Others that it knows from the start. */
  readonly known: readonly NodeId[]
  readonly numbers: Numbers
  readonly store: ManagerStore
  readonly parts: Parts
}

/** Those settings of the database that no run changes. */
export const databaseOptions = ({
  gossipInterval,
  bulkSyncInterval,
  pushPullInterval,
}: NetworkOptions): NetworkDbOptions => ({
  gossipInterval,
  gossipNodes: 3,
  retransmitMult: 4,
  bulkSyncInterval,
  bulkSyncTimeout: 5_000,
  pushPullInterval,
  reapInterval: 1_800_000,
  reapPeriod: 5_000,
})

const nothing: Omit<Result, 'operation' | 'status' | 'reason'> = {
  resolved: [],
  chosen: '',
  vni: 0,
  peer: '',
  task: '',
}

export abstract class NodeCore {
  readonly life: string
  protected readonly address: NodeId
  protected readonly setup: NodeSetup
  protected readonly options: NetworkOptions
  protected now: Milliseconds
  protected readonly database: NetworkDbNode
  private databaseWake: Milliseconds | null

  /** While it leads. */
  protected manager: Manager | null = null
  /** Tasks that run here. */
  protected readonly tasks = new Map<string, Assignment>()
  /** Networks in which it is, with their VNIs. */
  protected readonly networks = new Map<string, number>()
  /** Tasks that are gone for good, whatever is heard of them. */
  protected readonly retired = new Set<string>()
  /** What is known of others' tasks and its own, by network and task. */
  protected readonly endpoints = new Map<string, EndpointRecord>()
  protected readonly peers = new Map<string, PeerRecord>()
  /** What is known by name, by network. */
  protected readonly names = new Map<string, NameTable>()

  // Of the step that is being made.
  private outputs: Output[] = []
  private changes: Change[] = []
  private seen: NodeState

  constructor(setup: NodeSetup) {
    this.setup = setup
    this.life = setup.life
    this.address = setup.address
    this.options = setup.options
    this.now = setup.now
    this.database = new setup.parts.Database({
      name: setup.life,
      address: setup.address,
      options: databaseOptions(setup.options),
      seed: setup.seed,
      now: setup.now,
      known: setup.known,
      numbers: setup.numbers,
    })
    this.databaseWake = this.database.introduce().wake
    this.seen = this.observe()
  }

  /** When the next timer of the node itself is due. */
  protected abstract nextTimer(): Milliseconds

  // Observation

  protected observe(): NodeState {
    return { life: this.life, leading: this.manager !== null }
  }

  inspect(): Inspection {
    const held = (this.manager?.catalogue ?? new Catalogue()).holdings()
    return {
      state: this.observe(),
      tables: [
        ...[...this.networks].map(([network, vni]): Change => ({ change: 'network', network, vni })),
        ...[...this.tasks.values()].map((task) => taskChange(task)),
        ...[...this.endpoints.values()].map((record): Change => ({ change: 'endpoint', ...record })),
        ...[...this.peers.values()].map((record): Change => ({ change: 'peer', ...record })),
        ...held.map((holding): Change => ({ change: 'held', ...holding })),
      ],
    }
  }

  introduce(): Answer {
    return { now: this.now, wake: this.wake(), outputs: [], state: this.observe(), changes: null }
  }

  // The frame of a step

  protected begin(at: Milliseconds): void {
    this.now = at
    this.outputs = []
    this.changes = []
  }

  protected finish(received?: Message): Answer {
    const before = this.seen
    const after = this.observe()
    this.seen = after
    return {
      now: this.now,
      wake: this.wake(),
      outputs: this.outputs,
      state: before.leading === after.leading ? null : { leading: after.leading },
      changes: this.changes.length === 0 ? null : this.changes,
      received,
      error: undefined,
    }
  }

  protected hasShown(): boolean {
    return this.outputs.length > 0 || this.changes.length > 0
  }

  protected nextDeadline(): Milliseconds {
    return Math.min(this.nextTimer(), this.databaseWake ?? Number.MAX_SAFE_INTEGER)
  }

  private wake(): Milliseconds | null {
    const deadline = this.nextDeadline()
    return deadline === Number.MAX_SAFE_INTEGER ? null : Math.max(deadline, this.now + 1)
  }

  protected note(change: Change): void {
    this.changes.push(change)
  }

  protected send(to: NodeId, view: Message): void {
    const reliable = view.kind !== 'frame' && view.kind !== 'frame-reply'
    const id = ++this.setup.numbers.message
    this.outputs.push({ type: 'message', id, from: this.address, to, view, reliable })
  }

  protected result(operation: number, reason: Result['reason'], parts: Partial<typeof nothing> = {}): void {
    const status = reason === '' ? 'ok' : 'failed'
    this.outputs.push({ type: 'result', operation, status, reason, ...nothing, ...parts })
  }

  // The database

  protected databaseDue(): void {
    if (this.databaseWake === null || this.databaseWake > this.now) return
    this.absorb(this.database.advance(this.databaseWake, this.now))
  }

  /** Takes over what a step of the database sent, and what it made of its entries. */
  protected absorb({ outputs, entries, wake }: DatabaseAnswer): void {
    this.databaseWake = wake
    for (const output of outputs) if (output.type === 'message') this.outputs.push(output)
    for (const entry of entries ?? []) {
      const { table, task } = readKey(entry.key)
      const value = entry.status === 'live' ? entry.value : null
      const owner = entry.status === 'live' ? entry.owner : ''
      if (table === 'endpoint') this.showEndpoint(entry.network, task, owner, value)
      else this.showPeer(entry.network, task, owner, value)
    }
  }

  protected showEndpoint(network: string, task: string, owner: string, value: string | null): void {
    if (value === null) return this.dropEndpoint(network, task)
    if (this.isRetired(task)) return
    const record: EndpointRecord = { network, task, owner, ...readEndpoint(value) }
    const before = this.endpoints.get(placeOf(network, task))
    if (before !== undefined) this.unname(before)
    this.endpoints.set(placeOf(network, task), record)
    this.name(record)
    this.note({ change: 'endpoint', ...record })
  }

  /** A service is known by its virtual address, or by those of its tasks, as long as one of them is there. */
  protected name({ network, task, service, vip, address }: EndpointRecord): void {
    const table = this.names.get(network) ?? new NameTable()
    this.names.set(network, table)
    table.add(service, vip === '' ? address : vip, task)
  }

  protected unname({ network, task, service, vip, address }: EndpointRecord): void {
    this.names.get(network)?.remove(service, vip === '' ? address : vip, task)
  }

  protected showPeer(network: string, task: string, owner: string, value: string | null): void {
    if (value === null) return this.dropPeer(network, task)
    if (this.isRetired(task)) return
    const record: PeerRecord = { network, task, owner, ...readPeer(value) }
    this.peers.set(placeOf(network, task), record)
    this.note({ change: 'peer', ...record })
  }

  protected isRetired(task: string): boolean {
    return this.retired.has(task)
  }

  protected dropEndpoint(network: string, task: string): void {
    const record = this.endpoints.get(placeOf(network, task))
    if (record === undefined) return
    this.endpoints.delete(placeOf(network, task))
    this.unname(record)
    this.note({ change: 'endpoint-gone', network, task })
  }

  protected dropPeer(network: string, task: string): void {
    if (this.peers.delete(placeOf(network, task))) this.note({ change: 'peer-gone', network, task })
  }
}

/** Where a record stands. */
const placeOf = (network: string, task: string): string => `${network} ${task}`

export const taskChange = ({ task, service, network, address }: Assignment): Change => ({
  change: 'task',
  task,
  service,
  network,
  address,
})
