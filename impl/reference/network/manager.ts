/**
 * What a node does while it leads: it allocates, tells every node what to run, and gives nothing back before all nodes
 * have confirmed that it is gone. [SKA] network.go
 */
import type { Assignment, Message, NetworkOptions, Operation, Reason } from '../../../models/network/vocabulary.ts'
import type { Milliseconds, NodeId } from '../../../models/vocabulary.ts'
import type { Operation as AddressOperation } from '../../../models/ipam/vocabulary.ts'
import type { StoreRecord } from '../ipam/store.ts'
import { never } from '../swim/never.ts'
import { AddressBook, swarmPools } from './address-book.ts'
import { Catalogue, type Decision, type ManagerStore, type TaskEntry } from './catalogue.ts'

type View<Kind extends Message['kind']> = Message & { readonly kind: Kind }
type Request<Type extends Operation['type']> = Extract<Operation, { readonly type: Type }>

/** What the leader knows of a node: its life, the assignment that it has confirmed, and the last that it was sent. */
interface Seat {
  life: string
  confirmed: number
  sent: number
}

/** What a leader is made of. */
export interface ManagerSetup {
  readonly nodes: readonly NodeId[]
  readonly options: NetworkOptions
  readonly store: ManagerStore
  readonly term: number
  readonly now: Milliseconds
  readonly book: AddressBook
}

export class Manager {
  readonly term: number
  protected readonly nodes: readonly NodeId[]
  protected readonly options: NetworkOptions
  protected readonly store: ManagerStore
  readonly catalogue = this.createCatalogue()
  protected readonly book: AddressBook
  protected readonly seats: ReadonlyMap<NodeId, Seat>
  /** Number of the present assignment. */
  protected version = 1
  /** By task or network that goes: the assignment that says so. */
  protected readonly since = new Map<string, number>()
  protected resendAt: Milliseconds
  private decisions: Decision[] = []
  private addresses: StoreRecord[] = []

  constructor({ nodes, options, store, term, now, book }: ManagerSetup) {
    this.nodes = nodes
    this.options = options
    this.store = store
    this.term = term
    this.resendAt = now
    this.book = book
    this.seats = new Map(nodes.map((node) => [node, { life: '', confirmed: 0, sent: 0 }]))
    this.restore()
  }

  protected createCatalogue(): Catalogue {
    return new Catalogue()
  }

  protected restore(): void {
    this.book.take(this.store.records.flatMap(({ addresses }) => addresses))
    for (const { decisions } of this.store.records) for (const decision of decisions) this.catalogue.apply(decision)
  }

  // What operators ask for

  carryOut(operation: Operation): Reason | '' {
    const reason = this.answer(operation)
    this.commit()
    return reason
  }

  protected answer(operation: Operation): Reason | '' {
    switch (operation.type) {
      case 'create-network':
        return this.createNetwork(operation)
      case 'remove-network':
        return this.removeNetwork(operation.network)
      case 'create-service':
        return this.createService(operation)
      case 'remove-service':
        return this.removeService(operation.service)
      case 'start-task':
        return this.startTask(operation)
      case 'stop-task':
        return this.stopTask(operation.task)
      default:
        return 'invalid'
    }
  }

  protected createNetwork({ network, subnet }: Request<'create-network'>): Reason | '' {
    if (this.catalogue.networks.has(network)) return 'exists'
    const vni = this.nextVni()
    if (vni === null) return 'unavailable'
    const pool = {
      pool: network,
      space: 'global',
      v6: false,
      subnet,
      range: '',
      gateway: 'auto',
      auxiliary: [],
    } as const
    const decision = this.allocate({ type: 'request-pool', ...pool })
    if (decision.status !== 'ok') return decision.reason === 'forbidden' ? 'in-use' : 'invalid'
    this.decide({ type: 'network', network, subnet: decision.subnet, vni })
    this.assignAnew()
    return ''
  }

  /** The first behind the last one that is not taken. [OV] ovmanager.go */
  protected nextVni(): number | null {
    const { firstVni, lastVni } = this.options
    const size = lastVni - firstVni + 1
    const last = this.catalogue.lastVni
    const first = last === 0 ? firstVni : last + 1
    for (let offset = 0; offset < size; offset++) {
      const vni = firstVni + ((first - firstVni + offset) % size)
      if (!this.isVniTaken(vni)) return vni
    }
    return null
  }

  protected isVniTaken(vni: number): boolean {
    return [...this.catalogue.networks.values()].some((network) => network.vni === vni)
  }

  protected removeNetwork(network: string): Reason | '' {
    const entry = this.catalogue.networks.get(network)
    if (entry === undefined || entry.removing) return 'not-found'
    if (this.isInUse(network)) return 'in-use'
    this.decide({ type: 'network-removing', network })
    this.assignAnew()
    this.since.set(`network ${network}`, this.version)
    return ''
  }

  protected isInUse(network: string): boolean {
    return [...this.catalogue.services.values()].some((service) => service.network === network)
  }

  protected createService({ service, network, mode, port }: Request<'create-service'>): Reason | '' {
    if (this.catalogue.services.has(service)) return 'exists'
    const entry = this.catalogue.networks.get(network)
    if (entry === undefined || entry.removing) return 'not-found'
    // Round robin among tasks has nothing that a port could lead to. [SKA] portallocator.go
    if (mode === 'dnsrr' && port !== 0) return 'invalid'
    if (port !== 0 && this.isPortTaken(port)) return 'in-use'
    const vip = mode === 'vip' ? this.requestAddress(network, service) : ''
    if (vip === null) return 'unavailable'
    this.decide({ type: 'service', service, network, vip, port })
    return ''
  }

  protected isPortTaken(port: number): boolean {
    return [...this.catalogue.services.values()].some((service) => service.port === port)
  }

  protected requestAddress(network: string, owner: string): string | null {
    const decision = this.allocate({ type: 'request-address', pool: network, owner, address: '', serial: true })
    return decision.status === 'ok' ? decision.address : null
  }

  protected removeService(service: string): Reason | '' {
    const entry = this.catalogue.services.get(service)
    if (entry === undefined || entry.removing) return 'not-found'
    this.decide({ type: 'service-removing', service })
    for (const task of this.catalogue.tasksOf(service)) this.stopTask(task)
    this.goOn()
    return ''
  }

  protected startTask({ task, service, on }: Request<'start-task'>): Reason | '' {
    const { catalogue } = this
    if (catalogue.tasks.has(task) || catalogue.retired.has(task)) return 'exists'
    const entry = catalogue.services.get(service)
    if (entry === undefined || entry.removing || !this.nodes.includes(on)) return 'not-found'
    const address = this.requestAddress(entry.network, task)
    if (address === null) return 'unavailable'
    this.decide({ type: 'task', task, service, node: on, address })
    this.assignAnew()
    return ''
  }

  protected stopTask(task: string): Reason | '' {
    if (this.catalogue.tasks.get(task)?.stage !== 'wanted') return 'not-found'
    this.decide({ type: 'task-stopping', task })
    this.assignAnew()
    this.since.set(`task ${task}`, this.version)
    return ''
  }

  // What goes

  /** Takes each step that what nodes have confirmed allows. */
  protected goOn(): void {
    for (const [task, entry] of this.catalogue.tasks) this.goOnWithTask(task, entry)
    for (const [service, { removing }] of this.catalogue.services) {
      if (removing && this.mayFreeService(service)) this.freeService(service)
    }
    for (const [network, { removing }] of this.catalogue.networks) {
      if (removing && this.mayFreeNetwork(network)) this.freeNetwork(network)
    }
  }

  protected goOnWithTask(task: string, { stage, node }: TaskEntry): void {
    if (stage === 'stopping' && this.hasStopped(task, node)) {
      this.decide({ type: 'task-retired', task })
      this.assignAnew()
      this.since.set(`task ${task}`, this.version)
    } else if (stage === 'retired' && this.mayFreeAddress(task)) this.freeTask(task)
  }

  /** Its node has carried out an assignment without it. */
  protected hasStopped(task: string, node: NodeId): boolean {
    return this.seats.get(node)!.confirmed >= this.sinceOf(`task ${task}`)
  }

  /** Every node has confirmed that the task is gone for good, and will not show it any more. */
  protected mayFreeAddress(task: string): boolean {
    return this.haveAllConfirmed(this.sinceOf(`task ${task}`))
  }

  protected mayFreeService(service: string): boolean {
    return this.catalogue.tasksOf(service).length === 0
  }

  protected mayFreeNetwork(network: string): boolean {
    return this.haveAllConfirmed(this.sinceOf(`network ${network}`))
  }

  /** What an earlier leader began is in the first assignment of this one. */
  protected sinceOf(what: string): number {
    return this.since.get(what) ?? 1
  }

  protected haveAllConfirmed(version: number): boolean {
    return [...this.seats.values()].every(({ confirmed }) => confirmed >= version)
  }

  protected freeTask(task: string): void {
    const { network, address } = this.catalogue.tasks.get(task)!
    this.releaseAddress(network, address)
    this.decide({ type: 'task-gone', task })
  }

  protected freeService(service: string): void {
    const { network, vip } = this.catalogue.services.get(service)!
    if (vip !== '') this.releaseAddress(network, vip)
    this.decide({ type: 'service-gone', service })
  }

  protected freeNetwork(network: string): void {
    this.allocate({ type: 'release-pool', pool: network })
    this.decide({ type: 'network-gone', network })
  }

  protected releaseAddress(network: string, address: string): void {
    this.allocate({ type: 'release-address', pool: network, address, owner: '' })
  }

  // The store

  protected allocate(operation: AddressOperation) {
    const { decision, record } = this.book.carryOut(operation)
    if (record !== null) this.addresses.push(record)
    return decision
  }

  protected decide(decision: Decision): void {
    this.catalogue.apply(decision)
    this.decisions.push(decision)
  }

  /** What was decided is stored before anybody is told. */
  protected commit(): void {
    if (this.decisions.length === 0 && this.addresses.length === 0) return
    this.store.records.push({ decisions: this.decisions, addresses: this.addresses })
    this.decisions = []
    this.addresses = []
  }

  // The nodes

  /** Another assignment is to be carried out. */
  protected assignAnew(): void {
    this.version++
  }

  onStatus(from: NodeId, { life, term, version }: View<'status'>): void {
    const seat = this.seats.get(from)!
    if (seat.life !== life) {
      // Whatever an earlier life has confirmed went with it, and the new one is told before it takes part in anything.
      seat.life = life
      seat.sent = 0
      if (this.forgetsEarlierLife()) seat.confirmed = 0
    }
    if (term === this.term && version > seat.confirmed) seat.confirmed = version
    this.goOn()
    this.commit()
  }

  protected forgetsEarlierLife(): boolean {
    return true
  }

  /** What is to be sent by now; none if nothing is. */
  due(now: Milliseconds): (readonly [NodeId, View<'ask' | 'assign'>])[] {
    const again = this.resendAt <= now
    const messages = [...this.seats].flatMap(([node, seat]): (readonly [NodeId, View<'ask' | 'assign'>])[] => {
      if (seat.life === '') return again ? [[node, { kind: 'ask', term: this.term }]] : []
      if (seat.sent === this.version && !(again && this.repeats(seat))) return []
      seat.sent = this.version
      return [[node, this.assignmentOf(node, seat.life)]]
    })
    if (again || messages.length > 0) this.resendAt = now + this.options.controlInterval
    return messages
  }

  /** What was not confirmed may be lost. */
  protected repeats({ confirmed }: Seat): boolean {
    return confirmed < this.version
  }

  deadline(): Milliseconds {
    const waits = [...this.seats.values()].some(({ life, confirmed }) => life === '' || confirmed < this.version)
    return waits ? this.resendAt : never
  }

  protected assignmentOf(node: NodeId, life: string): View<'assign'> {
    const { networks, retired } = this.catalogue
    return {
      kind: 'assign',
      term: this.term,
      version: this.version,
      life,
      networks: [...networks].flatMap(([network, { vni, removing }]) => (removing ? [] : [{ network, vni }])),
      tasks: this.tasksFor(node),
      retired: [...retired],
    }
  }

  protected tasksFor(node: NodeId): Assignment[] {
    return [...this.catalogue.tasks].flatMap(([task, { service, network, node: on, address, stage }]) => {
      if (on !== node || stage !== 'wanted') return []
      const { vip, port } = this.catalogue.services.get(service)!
      return [{ task, service, network, address, vip, port }]
    })
  }
}

export const createBook = (): AddressBook => new AddressBook(swarmPools)
