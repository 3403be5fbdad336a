/** What a node is made of: the frame of a step, and what it has set up, so that only what changes is shown. */
import type {
  Answer,
  BalancingOptions,
  Inspection,
  Listener,
  Message,
  NodeState,
  Output,
  Pool,
  Result,
  Service,
} from '../../../models/balancing/vocabulary.ts'
import type { Milliseconds, NodeId } from '../../../models/vocabulary.ts'
import { never } from '../swim/never.ts'
import type { Allocator } from './allocator.ts'

/** Counts what must be unique among all nodes that share it. */
export interface Numbers {
  message: number
}

/** What a node is started with. */
export interface NodeSetup {
  readonly id: NodeId
  /** The first one is the manager. */
  readonly nodes: readonly NodeId[]
  readonly life: number
  readonly options: BalancingOptions
  readonly now: Milliseconds
  readonly numbers: Numbers
  /** The manager's. */
  readonly allocator: Allocator
}

type Told = Omit<Result, 'operation' | 'status'>

const nothing: Told = { reason: '', task: '', node: '', code: 0, location: '' }

export const poolKey = (service: string, network: string): string => `${service} ${network}`
export const listenerKey = ({ protocol, port, mode }: Pick<Listener, 'protocol' | 'port' | 'mode'>): string =>
  `${protocol} ${port} ${mode}`

const sorted = <Item>(items: ReadonlyMap<string, Item>): Item[] =>
  [...items].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, item]) => item)

export abstract class NodeCore {
  protected readonly id: NodeId
  protected readonly life: number
  protected readonly others: readonly NodeId[]
  protected readonly manager: NodeId
  protected readonly options: BalancingOptions
  protected readonly allocator: Allocator
  protected now: Milliseconds
  /** What is set up, by service and network, and by number. */
  protected pools: ReadonlyMap<string, Pool> = new Map()
  protected listeners: ReadonlyMap<string, Listener> = new Map()

  private readonly numbers: Numbers
  private outputs: Output[] = []
  private shownServices: ReadonlyMap<string, Service> = new Map()
  private shownPools: ReadonlyMap<string, Pool> = new Map()
  private shownListeners: ReadonlyMap<string, Listener> = new Map()
  private stale = true

  constructor({ id, nodes, life, options, now, numbers, allocator }: NodeSetup) {
    this.id = id
    this.life = life
    this.options = options
    this.now = now
    this.numbers = numbers
    this.allocator = allocator
    this.manager = nodes[0]!
    this.others = nodes.filter((node) => node !== id)
  }

  protected get isManager(): boolean {
    return this.id === this.manager
  }

  protected abstract nextDeadline(): Milliseconds
  /** What is to be set up, as things are. */
  protected abstract poolsNow(): Map<string, Pool>
  protected abstract listenersNow(): Map<string, Listener>

  /** What is set up depends on what has just changed. */
  protected changed(): void {
    this.stale = true
  }

  /** Sets up what has changed. */
  protected setUp(): void {
    if (!this.stale) return
    this.stale = false
    this.pools = this.poolsNow()
    this.listeners = this.listenersNow()
  }

  // The frame of a step

  protected begin(at: Milliseconds): void {
    if (at > this.now) this.now = at
  }

  protected hasShown(): boolean {
    return this.outputs.length > 0
  }

  protected send(to: NodeId, view: Message): void {
    const reliable = view.kind === 'open' || view.kind === 'data' || view.kind === 'answer'
    this.outputs.push({ type: 'message', id: ++this.numbers.message, from: this.id, to, view, reliable })
  }

  protected show(output: Output): void {
    this.outputs.push(output)
  }

  protected result(operation: number, status: Result['status'], told: Partial<Told> = {}): void {
    this.outputs.push({ type: 'result', operation, status, ...nothing, ...told })
  }

  protected finish(received?: Message): Answer {
    this.setUp()
    const { outputs } = this
    this.outputs = []
    return {
      now: this.now,
      wake: this.wake(),
      outputs,
      state: null,
      ...this.changes(),
      ...(received === undefined ? {} : { received }),
    }
  }

  private changes(): Pick<Answer, 'services' | 'pools' | 'listeners'> {
    const before = { services: this.shownServices, pools: this.shownPools, listeners: this.shownListeners }
    if (this.isManager) this.shownServices = new Map(this.allocator.services)
    this.shownPools = this.pools
    this.shownListeners = this.listeners
    const services = differences(before.services, this.shownServices, (name, service) => ({
      name,
      service: service ?? null,
    }))
    const pools = differences(before.pools, this.pools, (_, pool, last) => pool ?? { ...last!, members: [] })
    const listeners = differences(before.listeners, this.listeners, (_, listener, last) => ({
      ...(listener ?? last!),
      open: listener !== undefined,
    }))
    return { services, pools, listeners }
  }

  private wake(): Milliseconds | null {
    const next = this.nextDeadline()
    return next === never ? null : Math.max(next, this.now)
  }

  // Observation

  protected observe(): NodeState {
    return { life: this.life, manager: this.isManager }
  }

  inspect(): Inspection {
    return {
      state: this.observe(),
      services: this.isManager ? sorted(this.allocator.services) : [],
      pools: sorted(this.pools),
      listeners: sorted(this.listeners),
    }
  }

  /** Everything: the answer to a start. */
  introduce(): Answer {
    const answer = this.finish()
    const { services, pools, listeners } = answer
    return {
      ...answer,
      state: this.observe(),
      services: services ?? [],
      pools: pools ?? [],
      listeners: listeners ?? [],
    }
  }
}

/** What differs, in the order of the names; null for nothing. */
function differences<Item extends object, Change>(
  before: ReadonlyMap<string, Item>,
  after: ReadonlyMap<string, Item>,
  changeOf: (name: string, item: Item | undefined, last: Item | undefined) => Change,
): Change[] | null {
  if (before === after) return null
  const names = [...new Set([...before.keys(), ...after.keys()])].sort()
  const changes = names
    .filter((name) => !isSame(before.get(name), after.get(name)))
    .map((name) => changeOf(name, after.get(name), before.get(name)))
  return changes.length === 0 ? null : changes
}

const isSame = (one: object | undefined, other: object | undefined): boolean =>
  one === other || JSON.stringify(one) === JSON.stringify(other)
