/** Tasks of the node, what is known of all others, and what that sets up. [LN] service_common.go, service_linux.go */
import type {
  Backend,
  Listener,
  Operation,
  Pool,
  PoolMember,
  Port,
  Reason,
  Service,
} from '../../../models/balancing/vocabulary.ts'
import type { NodeId } from '../../../models/vocabulary.ts'
import { ingressNetwork } from './allocator.ts'
import { listenerKey, poolKey } from './core.ts'
import { TellingRules } from './telling.ts'

export interface Task {
  readonly service: string
  /** Ports of the node that are its own. */
  readonly ports: readonly Port[]
  state: 'starting' | 'enabled' | 'disabled'
}

type Request<Type extends Operation['type']> = Extract<Operation, { readonly type: Type }>

export abstract class TaskRules extends TellingRules {
  protected readonly tasks = new Map<string, Task>()

  // What becomes of tasks

  protected startTask({ task, service: name }: Request<'start'>): Reason | '' {
    if (this.tasks.has(task)) return 'already-exists'
    const service = this.serviceOf(name)
    if (service === undefined) return 'not-found'
    const ports = service.ports.filter(({ mode }) => mode === 'host')
    if (ports.some((port) => this.isInUse(port))) return 'port-in-use'
    this.tasks.set(task, { service: name, ports, state: this.stateAtStart() })
    this.changed()
    return ''
  }

  protected stateAtStart(): Task['state'] {
    return 'starting'
  }

  protected isInUse({ protocol, published }: Port): boolean {
    return this.taskOfPort(protocol, published) !== undefined
  }

  protected taskOfPort(protocol: Port['protocol'], published: number): string | undefined {
    for (const [name, { ports }] of this.tasks) {
      if (ports.some((port) => port.protocol === protocol && port.published === published)) return name
    }
    return undefined
  }

  protected enableTask(name: string): Reason | '' {
    const task = this.tasks.get(name)
    if (task === undefined) return 'not-found'
    if (task.state !== 'enabled') this.become(name, task, 'enabled')
    return ''
  }

  /** One that was never healthy is no backend yet. */
  protected disableTask(name: string): Reason | '' {
    const task = this.tasks.get(name)
    if (task === undefined) return 'not-found'
    if (task.state === 'enabled') this.become(name, task, 'disabled')
    return ''
  }

  protected become(name: string, task: Task, state: Task['state']): void {
    task.state = state
    this.sayBackend(name, this.backendOf(name, task))
    this.changed()
    this.tellAll()
  }

  protected backendOf(task: string, { service, state }: Task): Backend {
    return { task, service, weight: state === 'enabled' ? 1 : 0 }
  }

  protected stopTask(name: string): Reason | '' {
    const task = this.tasks.get(name)
    if (task === undefined) return 'not-found'
    this.tasks.delete(name)
    this.changed()
    if (task.state !== 'starting') {
      this.sayBackend(name, null)
      this.tellAll()
    }
    return ''
  }

  /** From below: another node is out of sight, or back. */
  protected seePeer(node: NodeId, lost: boolean): Reason | '' {
    const peer = this.peers.get(node)
    if (peer === undefined) return 'not-found'
    peer.lost = lost
    this.changed()
    return ''
  }

  // What is known

  protected services(): ReadonlyMap<string, Service> {
    return this.isManager ? this.allocator.services : this.peers.get(this.manager)!.held.services
  }

  protected serviceOf(name: string): Service | undefined {
    return this.services().get(name)
  }

  /** All tasks that are backends, by service. */
  protected members(): Map<string, PoolMember[]> {
    const byService = new Map<string, PoolMember[]>()
    const add = (node: NodeId, { task, service, weight }: Backend): void => {
      const members = byService.get(service)
      if (members === undefined) byService.set(service, [{ task, node, weight }])
      else members.push({ task, node, weight })
    }
    for (const [name, task] of this.tasks) if (this.isBackend(task)) add(this.id, this.backendOf(name, task))
    for (const [node, { held, lost }] of this.peers) {
      if (!this.isHidden(lost)) for (const backend of held.backends.values()) add(node, backend)
    }
    return byService
  }

  protected isBackend({ state }: Task): boolean {
    return state !== 'starting'
  }

  protected isHidden(lost: boolean): boolean {
    return lost
  }

  // What is set up

  protected poolsNow(): Map<string, Pool> {
    const members = this.members()
    const pools = new Map<string, Pool>()
    for (const { service, attachments } of this.services().values()) {
      const own = members.get(service) ?? []
      if (own.length === 0) continue
      const ordered = own.toSorted(byName)
      for (const { network, vip } of attachments)
        pools.set(poolKey(service, network), { service, network, vip, members: ordered })
    }
    return pools
  }

  protected listenersNow(): Map<string, Listener> {
    const listeners = new Map<string, Listener>()
    const listen = ({ protocol, published: port, mode }: Port, service: string): void => {
      const listener = { protocol, port, mode, service }
      listeners.set(listenerKey(listener), listener)
    }
    for (const { service, ports } of this.services().values()) {
      if (!this.isMeshed(service)) continue
      for (const port of ports) if (port.mode === 'ingress') listen(port, service)
    }
    for (const { service, ports } of this.tasks.values()) for (const port of ports) listen(port, service)
    return listeners
  }

  /** Whether the mesh has somebody for a service. */
  protected isMeshed(service: string): boolean {
    return this.pools.has(poolKey(service, ingressNetwork))
  }
}

const byName = (one: PoolMember, other: PoolMember): number =>
  one.task < other.task ? -1 : one.task > other.task ? 1 : one.node < other.node ? -1 : 1
