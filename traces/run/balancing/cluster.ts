/** The world around the nodes of a run of balancing: what they have set up, and whom they were told to be lost. */
import type { Answer, Input, Listener, Pool, Port, Protocol, Service } from '../../../models/balancing/vocabulary.ts'
import type { Milliseconds } from '../../../models/vocabulary.ts'
import type { BalancingSurface } from '../../surface.ts'
import { Cluster } from '../cluster.ts'
import { increment } from '../counts.ts'

export class BalancingCluster extends Cluster<BalancingSurface> {
  protected readonly dueAtOnce = false
  /** By node: what it has set up. */
  readonly pools: Map<string, Pool>[] = this.nodes.map(() => new Map())
  readonly listeners: Map<string, Listener>[] = this.nodes.map(() => new Map())
  /** By node: the others that it was told to be lost. */
  readonly outOfSight: Set<string>[] = this.nodes.map(() => new Set())
  /** The manager's table. */
  readonly #services = new Map<string, Service>()

  /** The number under which a service publishes a port of its tasks; 0 for none. */
  publishedPort(service: string, protocol: Protocol, target: number): number {
    const isMeant = (port: Port): boolean => port.protocol === protocol && port.target === target
    return this.#services.get(service)?.ports.find(isMeant)?.published ?? 0
  }

  protected due(): Milliseconds {
    return Infinity
  }

  protected takeDue(): Input {
    throw new Error('nothing is ever due')
  }

  protected completed(): void {}

  protected stopped(node: number): void {
    this.pools[node]!.clear()
    this.listeners[node]!.clear()
    this.outOfSight[node]!.clear()
  }

  protected take(node: number, { outputs, services, pools, listeners }: Answer): void {
    for (const { name, service } of services ?? []) {
      if (service === null) this.#services.delete(name)
      else this.#services.set(name, service)
    }
    for (const pool of pools ?? []) {
      const key = `${pool.service} ${pool.network}`
      if (pool.members.length === 0) this.pools[node]!.delete(key)
      else this.pools[node]!.set(key, pool)
    }
    for (const { open, ...listener } of listeners ?? []) {
      const key = `${listener.protocol} ${listener.port} ${listener.mode}`
      if (open) this.listeners[node]!.set(key, listener)
      else this.listeners[node]!.delete(key)
    }
    for (const output of outputs) {
      if (output.type === 'message') this.send(node, output, output.reliable)
      if (output.type === 'result') increment(this.results, output.status)
    }
  }
}
