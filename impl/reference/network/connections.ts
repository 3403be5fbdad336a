/** The way of a connection: a name is resolved, a task chosen, a frame sent to its peer, and answered there. */
import type { EndpointRecord, Message, Operation, PeerRecord, Result } from '../../../models/network/vocabulary.ts'
import type { Milliseconds, NodeId } from '../../../models/vocabulary.ts'
import { never } from '../swim/never.ts'
import { WorkloadRules } from './workload.ts'

type View<Kind extends Message['kind']> = Message & { readonly kind: Kind }
type Way = Pick<Result, 'resolved' | 'chosen' | 'vni' | 'peer'>

interface Pending extends Way {
  readonly deadline: Milliseconds
}

export abstract class ConnectionRules extends WorkloadRules {
  /** Connections that wait for an answer. */
  protected readonly pending = new Map<number, Pending>()
  /** By service: how often it was balanced. */
  private readonly turns = new Map<string, number>()

  protected connect(id: number, { network, name }: Extract<Operation, { readonly type: 'connect' }>): void {
    if (!this.networks.has(network)) return this.result(id, 'not-attached')
    const resolved = this.resolve(network, name)
    if (resolved.length === 0) return this.result(id, 'no-such-name')
    this.reach(id, network, resolved, this.backendsOf(network, resolved))
  }

  protected connectPort(id: number, port: number): void {
    const found = this.publisherOf(port)
    if (found === undefined) return this.result(id, 'no-such-port')
    const { network, service } = found
    const resolved = this.resolve(network, service)
    this.reach(id, network, resolved, this.backendsOf(network, resolved))
  }

  protected publisherOf(port: number): EndpointRecord | undefined {
    return this.inOrder([...this.endpoints.values()]).find((record) => record.port === port && port !== 0)
  }

  // Names

  /** The virtual address of the service, or those of all its tasks. */
  protected resolve(network: string, name: string): string[] {
    return (this.names.get(network)?.find(name) ?? []).sort()
  }

  private inOrder(records: EndpointRecord[]): EndpointRecord[] {
    return records.sort((one, other) => (one.task < other.task ? -1 : 1))
  }

  // Balancing

  /** The addresses behind those that a name gave: of a virtual address those of its tasks, of another itself. */
  protected backendsOf(network: string, resolved: readonly string[]): string[] {
    const records = this.inOrder([...this.endpoints.values()].filter((record) => record.network === network))
    return resolved.flatMap((address) => {
      const backends = records.filter(({ vip }) => vip === address).map((record) => record.address)
      return backends.length === 0 ? [address] : backends
    })
  }

  protected choose(network: string, resolved: readonly string[], backends: readonly string[]): string {
    const key = `${network} ${resolved.join(' ')}`
    const turn = this.turns.get(key) ?? 0
    this.turns.set(key, turn + 1)
    return backends[turn % backends.length]!
  }

  // The overlay

  protected reach(id: number, network: string, resolved: readonly string[], backends: readonly string[]): void {
    const chosen = this.choose(network, resolved, backends)
    const vni = this.vniOf(network)
    const peer = this.peerOf(network, chosen)
    if (peer === undefined) return this.result(id, 'unreachable', { resolved, chosen, vni })
    const way = { resolved, chosen, vni, peer: peer.node }
    this.pending.set(id, { ...way, deadline: this.now + this.options.connectTimeout })
    this.sendFrame(peer.node, { kind: 'frame', connection: id, vni, address: chosen })
  }

  protected vniOf(network: string): number {
    return this.networks.get(network) ?? 0
  }

  protected peerOf(network: string, address: string): PeerRecord | undefined {
    return [...this.peers.values()]
      .sort((one, other) => (one.task < other.task ? -1 : 1))
      .find((record) => record.network === network && record.address === address)
  }

  /** A frame to a task on this node never leaves it. */
  protected sendFrame(to: NodeId, frame: View<'frame'>): void {
    if (to !== this.address) return this.send(to, frame)
    const task = this.receiver(frame)
    if (task !== null) this.answered({ kind: 'frame-reply', connection: frame.connection, task })
  }

  protected onFrame(from: NodeId, frame: View<'frame'>): void {
    const task = this.receiver(frame)
    if (task !== null) this.send(from, { kind: 'frame-reply', connection: frame.connection, task })
  }

  /** Who has the address in the network of that VNI; null where nobody does, and the frame is dropped. */
  protected receiver({ vni, address }: View<'frame'>): string | null {
    for (const assignment of this.tasks.values()) {
      if (assignment.address === address && this.vniOf(assignment.network) === vni) return assignment.task
    }
    return null
  }

  protected answered({ connection, task }: View<'frame-reply'>): void {
    const pending = this.pending.get(connection)
    if (pending === undefined) return
    this.pending.delete(connection)
    const { resolved, chosen, vni, peer } = pending
    this.result(connection, '', { resolved, chosen, vni, peer, task })
  }

  protected connectionDeadline(): Milliseconds {
    return [...this.pending.values()].reduce((least, { deadline }) => Math.min(least, deadline), never)
  }

  protected connectionsDue(): void {
    for (const [id, { deadline, resolved, chosen, vni, peer }] of this.pending) {
      if (deadline > this.now) continue
      this.pending.delete(id)
      this.result(id, 'timeout', { resolved, chosen, vni, peer })
    }
  }
}
