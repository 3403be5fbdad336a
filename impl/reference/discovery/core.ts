/** What a node is made of: its gossip, the records that it holds, and the names that follow from them. */
import type {
  Answer,
  DiscoveryOptions,
  EndpointRecord,
  Inspection,
  NetworkSetting,
  Output,
  RecordChange,
  Reply,
  Result,
} from '../../../models/discovery/vocabulary.ts'
import type * as networkdb from '../../../models/networkdb/vocabulary.ts'
import type { Milliseconds, NodeId } from '../../../models/vocabulary.ts'
import type * as networkdbCore from '../networkdb/core.ts'
import { NetworkDbNode } from '../networkdb/node.ts'
import { Chance } from '../swim/chance.ts'
import { never } from '../swim/never.ts'
import { NameTable } from './name-table.ts'

/** Counts what must be unique among all nodes that share it. */
export interface Numbers {
  message: number
  forward: number
}

/** What a node is started with. */
export interface NodeSetup {
  /** What it calls itself in this life. */
  readonly life: string
  readonly address: NodeId
  readonly options: DiscoveryOptions
  readonly seed: number
  readonly now: Milliseconds
  /** Others that it knows from the start. */
  readonly known: readonly NodeId[]
  readonly numbers: Numbers
}

const gossipOptions = ({ gossipInterval, syncInterval }: DiscoveryOptions): networkdb.NetworkDbOptions => ({
  gossipInterval,
  gossipNodes: 3,
  retransmitMult: 4,
  bulkSyncInterval: syncInterval,
  bulkSyncTimeout: 30_000,
  pushPullInterval: syncInterval,
  reapInterval: 1_800_000,
  reapPeriod: 5_000,
})

const keyOf = (network: string, endpoint: string): string => `${network} ${endpoint}`

export abstract class NodeCore {
  protected readonly life: string
  protected readonly address: NodeId
  protected readonly options: DiscoveryOptions
  protected readonly chance: Chance
  protected readonly numbers: Numbers
  protected readonly gossip: NetworkDbNode
  protected gossipWake: Milliseconds
  protected now: Milliseconds

  protected readonly records = new Map<string, EndpointRecord>()
  protected readonly tables = new Map<string, NameTable>()
  /** By network and service: the endpoints that keep its virtual address. */
  protected readonly backends = new Map<string, Set<string>>()

  // Of the step that is being made.
  protected outputs: Output[] = []
  private readonly changed = new Map<string, readonly [string, string]>()

  constructor({ life, address, options, seed, now, known, numbers }: NodeSetup) {
    this.life = life
    this.address = address
    this.options = options
    this.now = now
    this.numbers = numbers
    this.chance = new Chance(seed, `${life} names`, 0)
    this.gossip = this.createGossip({
      name: life,
      address,
      options: gossipOptions(options),
      seed,
      now,
      known,
      numbers,
    })
    this.gossipWake = this.gossip.introduce().wake ?? never
  }

  protected createGossip(setup: networkdbCore.NodeSetup): NetworkDbNode {
    return new NetworkDbNode(setup)
  }

  /** When the next timer of its own is due; `never` if none is running. */
  protected abstract ownDeadline(): Milliseconds

  // Observation

  inspect(): Inspection {
    const records = [...this.records].sort(([left], [right]) => (left < right ? -1 : 1)).map(([, record]) => record)
    return { state: { life: this.life }, records }
  }

  /** Everything: the answer to a start. */
  introduce(): Answer {
    const { state, records } = this.inspect()
    return { now: this.now, wake: this.wake(), outputs: [], state, records: records.map(held) }
  }

  protected begin(at: Milliseconds): void {
    this.now = at
    this.outputs = []
    this.changed.clear()
  }

  protected finish(): Answer {
    const changes = [...this.changed.values()].map(([network, endpoint]): RecordChange => {
      const record = this.records.get(keyOf(network, endpoint))
      return record === undefined ? { status: 'forgotten', network, endpoint } : held(record)
    })
    return {
      now: this.now,
      wake: this.wake(),
      outputs: this.outputs,
      state: null,
      records: changes.length === 0 ? null : changes,
    }
  }

  private wake(): Milliseconds | null {
    const deadline = Math.min(this.gossipWake, this.ownDeadline())
    return deadline === never ? null : deadline
  }

  /** Whether the step so far has shown anything. */
  protected hasShown(): boolean {
    return this.outputs.length > 0 || this.changed.size > 0
  }

  protected result(operation: number, status: Result['status'], reason = '', reply: Reply | null = null): void {
    this.outputs.push({ type: 'result', operation, status, reason, reply })
  }

  // Gossip

  /** Takes what the gossip has done: its messages go out, what it sees changes records. */
  protected absorb({ outputs, wake }: networkdb.Answer): void {
    this.gossipWake = wake ?? never
    for (const output of outputs) {
      if (output.type === 'message') {
        const { id, from, to, view, reliable } = output
        const kind = reliable ? 'sync' : 'gossip'
        this.outputs.push({ type: 'message', id, from, to, view: { kind, body: JSON.stringify(view) }, reliable })
      } else if (output.type === 'event') this.onWatch(output)
    }
  }

  protected onWatch({ event, network, key, value }: networkdb.WatchEvent): void {
    if (event === 'delete') this.onWithdrawn(network, key)
    else this.onPublished(this.readRecord(value))
  }

  protected onPublished(record: EndpointRecord): void {
    this.hold(record)
  }

  protected onWithdrawn(network: string, endpoint: string): void {
    this.forget(network, endpoint)
  }

  protected tell(operation: networkdb.Operation): void {
    this.absorb(this.gossip.operate(this.now, 0, operation))
  }

  protected writeRecord(record: EndpointRecord): string {
    return JSON.stringify(record)
  }

  protected readRecord(value: string): EndpointRecord {
    return JSON.parse(value) as EndpointRecord
  }

  // Records, and the names that follow from them. [DNS] agent.go handleEpTableEvent

  protected network(name: string): NetworkSetting | undefined {
    return this.options.networks.find((each) => each.name === name)
  }

  protected createTable(): NameTable {
    return new NameTable()
  }

  protected table(network: string): NameTable {
    let table = this.tables.get(network)
    if (table === undefined) this.tables.set(network, (table = this.createTable()))
    return table
  }

  protected find(network: string, endpoint: string): EndpointRecord | undefined {
    return this.records.get(keyOf(network, endpoint))
  }

  protected hold(record: EndpointRecord): void {
    const key = keyOf(record.network, record.endpoint)
    const before = this.records.get(key)
    this.records.set(key, record)
    this.changed.set(key, [record.network, record.endpoint])
    if (!this.hasNames(record.network)) return
    if (before !== undefined && !before.disabled) this.unbind(before)
    if (record.disabled) this.onDisabled(record)
    else this.bind(record)
  }

  protected forget(network: string, endpoint: string): void {
    const key = keyOf(network, endpoint)
    const before = this.records.get(key)
    if (before === undefined) return
    this.records.delete(key)
    this.changed.set(key, [network, endpoint])
    if (!this.hasNames(network)) return
    if (!before.disabled) this.unbind(before)
    this.removeBackend(before)
  }

  /** Names of the ingress network lead nowhere. [DNS] addSvcRecords */
  protected hasNames(network: string): boolean {
    return this.network(network)?.kind !== 'ingress'
  }

  protected bind(record: EndpointRecord): void {
    const table = this.table(record.network)
    const { address, address6, endpoint, name } = record
    for (const each of this.containerNames(record)) {
      table.add(each, address, endpoint)
      if (address6 !== '') table.add(each, address6, endpoint)
    }
    for (const each of this.taskNames(record)) table.add(each, address, endpoint)
    table.point(address, name)
    this.addBackend(record)
  }

  protected unbind(record: EndpointRecord): void {
    const table = this.table(record.network)
    const { address, address6, endpoint, name } = record
    for (const each of this.containerNames(record)) {
      table.remove(each, address, endpoint)
      if (address6 !== '') table.remove(each, address6, endpoint)
    }
    for (const each of this.taskNames(record)) table.remove(each, address, endpoint)
    table.unpoint(address, name)
  }

  /** A service whose tasks are all disabled keeps its virtual address. */
  protected onDisabled(_record: EndpointRecord): void {}

  protected containerNames({ name, aliases }: EndpointRecord): string[] {
    return [name, ...aliases]
  }

  protected serviceNames({ service }: EndpointRecord): string[] {
    return service === null ? [] : [service.name, ...service.aliases]
  }

  /** Names that mean the tasks themselves. */
  protected taskNames(record: EndpointRecord): string[] {
    const names = this.serviceNames(record)
    const tasks = names.map((name) => `tasks.${name}`)
    return this.hasVip(record) ? tasks : [...tasks, ...names]
  }

  protected hasVip({ service }: EndpointRecord): boolean {
    return service !== null && service.vip !== ''
  }

  private backendsOf(record: EndpointRecord): string {
    return `${record.network} ${record.service!.name} ${record.service!.vip}`
  }

  /** The first of a service brings its virtual address, and the last takes it away. */
  protected addBackend(record: EndpointRecord): void {
    if (!this.hasVip(record)) return
    const service = this.backendsOf(record)
    let endpoints = this.backends.get(service)
    if (endpoints === undefined) {
      this.backends.set(service, (endpoints = new Set()))
      this.bindVip(record, service)
    }
    endpoints.add(record.endpoint)
  }

  protected removeBackend(record: EndpointRecord): void {
    if (!this.hasVip(record)) return
    const service = this.backendsOf(record)
    const endpoints = this.backends.get(service)
    if (endpoints === undefined) return
    endpoints.delete(record.endpoint)
    if (!this.isServed(endpoints)) {
      this.backends.delete(service)
      this.unbindVip(record, service)
    }
  }

  protected isServed(endpoints: ReadonlySet<string>): boolean {
    return endpoints.size > 0
  }

  protected bindVip(record: EndpointRecord, holder: string): void {
    for (const each of this.vipNames(record)) this.table(record.network).add(each, record.service!.vip, holder)
  }

  protected unbindVip(record: EndpointRecord, holder: string): void {
    for (const each of this.vipNames(record)) this.table(record.network).remove(each, record.service!.vip, holder)
  }

  protected vipNames(record: EndpointRecord): string[] {
    return this.serviceNames(record)
  }
}

const held = (record: EndpointRecord): RecordChange => ({ ...record, status: 'held' })
