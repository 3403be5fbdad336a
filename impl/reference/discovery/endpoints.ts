/** Endpoints of the node itself: when they are named, and when no more. [DNS] endpoint.go, agent.go; [CTL] controller.go */
import type {
  EndpointRecord,
  EndpointSetting,
  LifeOperation,
  NetworkSetting,
} from '../../../models/discovery/vocabulary.ts'
import { NodeCore } from './core.ts'

export interface LocalEndpoint extends EndpointSetting {
  stage: 'starting' | 'serving' | 'disabled' | 'ending'
}

export abstract class EndpointRules extends NodeCore {
  /** In the order in which they were attached. */
  protected readonly endpoints = new Map<string, LocalEndpoint>()
  private readonly used = new Set<string>()
  /** By sandbox: its networks; forgotten when what is attached changes. */
  protected readonly sandboxes = new Map<string, NetworkSetting[]>()

  protected attach(id: number, setting: EndpointSetting): void {
    const { endpoint, network } = setting
    if (this.used.has(endpoint)) return this.result(id, 'failed', 'exists')
    if (this.network(network) === undefined) return this.result(id, 'failed', 'no-such-network')
    this.used.add(endpoint)
    const local: LocalEndpoint = { ...setting, stage: 'starting' }
    const isFirst = !this.isOn(network)
    this.endpoints.set(endpoint, local)
    this.sandboxes.clear()
    if (isFirst && this.travels(network)) this.tell({ type: 'join-network', network })
    if (this.isNamedAtOnce(local)) this.enable(local)
    this.result(id, 'ok')
  }

  protected isNamedAtOnce({ checked, service }: LocalEndpoint): boolean {
    return service === null || !checked
  }

  protected change(id: number, type: LifeOperation, endpoint: string): void {
    const local = this.endpoints.get(endpoint)
    if (local === undefined) return this.result(id, 'failed', 'no-such-endpoint')
    if (type === 'detach') this.detach(local)
    else if (!this.isPossible(local, type)) return this.result(id, 'failed', 'not-possible')
    else if (type === 'healthy') this.onHealthy(local)
    else if (type === 'unhealthy') this.onUnhealthy(local)
    else this.onDrain(local)
    this.result(id, 'ok')
  }

  protected isPossible({ stage, service, checked }: LocalEndpoint, type: Exclude<LifeOperation, 'detach'>): boolean {
    if (type === 'healthy' && (stage === 'disabled' || stage === 'ending')) return false
    return stage !== 'serving' || (service !== null && (checked || type !== 'unhealthy'))
  }

  protected onHealthy(local: LocalEndpoint): void {
    if (local.stage === 'starting') this.enable(local)
  }

  protected onUnhealthy(local: LocalEndpoint): void {
    this.disable(local)
  }

  protected onDrain(local: LocalEndpoint): void {
    this.disable(local)
  }

  protected enable(local: LocalEndpoint): void {
    local.stage = 'serving'
    this.publish('create', this.recordOf(local, false))
  }

  protected disable(local: LocalEndpoint): void {
    if (local.stage === 'serving') {
      local.stage = 'disabled'
      this.publish('update', this.recordOf(local, true))
    } else if (local.stage === 'starting') local.stage = 'ending'
  }

  protected detach(local: LocalEndpoint): void {
    const { endpoint, network } = local
    this.endpoints.delete(endpoint)
    this.sandboxes.clear()
    if (this.find(network, endpoint) !== undefined) this.withdraw(network, endpoint)
    if (!this.isOn(network) && this.travels(network)) this.leave(network)
  }

  protected leave(network: string): void {
    this.tell({ type: 'leave-network', network })
  }

  protected publish(type: 'create' | 'update', record: EndpointRecord): void {
    const { network, endpoint } = record
    if (this.travels(network)) this.tell({ type, network, key: endpoint, value: this.writeRecord(record) })
    this.hold(record)
  }

  protected withdraw(network: string, endpoint: string): void {
    if (this.travels(network)) this.tell({ type: 'delete', network, key: endpoint })
    this.forget(network, endpoint)
  }

  protected recordOf(local: LocalEndpoint, disabled: boolean): EndpointRecord {
    const { network, endpoint, name, aliases, address, address6, service } = local
    return { network, endpoint, owner: this.address, name, aliases, address, address6, service, disabled }
  }

  /** Whether records of the network are for other nodes, too. */
  protected travels(network: string): boolean {
    return this.network(network)?.kind !== 'local'
  }

  /** Whether anything of the node is on the network. */
  protected isOn(network: string): boolean {
    return [...this.endpoints.values()].some((each) => each.network === network)
  }
}
