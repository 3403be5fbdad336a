/** What the managers know of networks, services and tasks, and what is allocated to them; and the store that keeps it. */
import type { Holding } from '../../../models/network/vocabulary.ts'
import type { NodeId } from '../../../models/vocabulary.ts'
import type { StoreRecord } from '../ipam/store.ts'

export type Decision =
  | { readonly type: 'network'; readonly network: string; readonly subnet: string; readonly vni: number }
  | { readonly type: 'network-removing' | 'network-gone'; readonly network: string }
  | {
      readonly type: 'service'
      readonly service: string
      readonly network: string
      readonly vip: string
      readonly port: number
    }
  | { readonly type: 'service-removing' | 'service-gone'; readonly service: string }
  | {
      readonly type: 'task'
      readonly task: string
      readonly service: string
      readonly node: NodeId
      readonly address: string
    }
  /** It is to stop; it has stopped; all nodes know that. */
  | { readonly type: 'task-stopping' | 'task-retired' | 'task-gone'; readonly task: string }

/** What one step of a leader decided, and what its allocator changed. */
export interface ManagerRecord {
  readonly decisions: readonly Decision[]
  readonly addresses: readonly StoreRecord[]
}

/** The store that all managers share. */
export class ManagerStore {
  readonly records: ManagerRecord[] = []
}

export interface NetworkEntry {
  readonly subnet: string
  readonly vni: number
  removing: boolean
}

export interface ServiceEntry {
  readonly network: string
  readonly vip: string
  readonly port: number
  removing: boolean
}

export interface TaskEntry {
  readonly service: string
  readonly network: string
  readonly node: NodeId
  readonly address: string
  stage: 'wanted' | 'stopping' | 'retired'
}

export class Catalogue {
  readonly networks = new Map<string, NetworkEntry>()
  readonly services = new Map<string, ServiceEntry>()
  readonly tasks = new Map<string, TaskEntry>()
  /** Tasks that have stopped, whether or not all nodes know that: their names are not used again. */
  readonly retired = new Set<string>()
  /** The VNI that was given last; 0 for none. */
  lastVni = 0

  apply(decision: Decision): void {
    switch (decision.type) {
      case 'network': {
        const { network, subnet, vni } = decision
        this.networks.set(network, { subnet, vni, removing: false })
        this.lastVni = vni
        return
      }
      case 'network-removing':
        this.networks.get(decision.network)!.removing = true
        return
      case 'network-gone':
        this.networks.delete(decision.network)
        return
      case 'service': {
        const { service, network, vip, port } = decision
        this.services.set(service, { network, vip, port, removing: false })
        return
      }
      case 'service-removing':
        this.services.get(decision.service)!.removing = true
        return
      case 'service-gone':
        this.services.delete(decision.service)
        return
      case 'task': {
        const { task, service, node, address } = decision
        const { network } = this.services.get(service)!
        this.tasks.set(task, { service, network, node, address, stage: 'wanted' })
        return
      }
      case 'task-stopping':
        this.tasks.get(decision.task)!.stage = 'stopping'
        return
      case 'task-retired':
        this.tasks.get(decision.task)!.stage = 'retired'
        this.retired.add(decision.task)
        return
      case 'task-gone':
        this.tasks.delete(decision.task)
    }
  }

  /** All that is allocated. */
  holdings(): Holding[] {
    return [
      ...[...this.networks].flatMap(([owner, { subnet, vni }]): Holding[] => [
        { kind: 'subnet', network: owner, value: subnet, owner },
        { kind: 'vni', network: owner, value: String(vni), owner },
      ]),
      ...[...this.services].flatMap(([owner, { network, vip, port }]): Holding[] => [
        ...(vip === '' ? [] : [{ kind: 'vip', network, value: vip, owner } as const]),
        ...(port === 0 ? [] : [{ kind: 'port', network: '', value: String(port), owner } as const]),
      ]),
      ...[...this.tasks].map(([owner, { network, address }]): Holding => ({
        kind: 'address',
        network,
        value: address,
        owner,
      })),
    ]
  }

  tasksOf(service: string): string[] {
    return [...this.tasks].flatMap(([task, entry]) => (entry.service === service ? [task] : []))
  }
}
