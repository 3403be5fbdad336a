/**
 * How nodes tell each other what is their own: each record has a version, and each other node is told what is newer
 * than what it has acknowledged, until it has acknowledged all.
 */
import type { Backend, Service, Told, Update } from '../../../models/balancing/vocabulary.ts'
import type { Milliseconds, NodeId } from '../../../models/vocabulary.ts'
import { never } from '../swim/never.ts'
import { NodeCore, type NodeSetup } from './core.ts'

/** What is held of another node. */
export interface Held {
  life: number
  version: number
  services: Map<string, Service>
  backends: Map<string, Backend>
}

/** Another node: what it has of ours, and we of it. */
export interface Peer {
  readonly held: Held
  acknowledged: number
  toldAt: Milliseconds
  /** Lost from sight. */
  lost: boolean
}

export abstract class TellingRules extends NodeCore {
  protected version = 0
  protected readonly toldServices = new Map<string, Told<Service>>()
  protected readonly toldBackends = new Map<string, Told<Backend>>()
  protected readonly peers: ReadonlyMap<NodeId, Peer>

  constructor(setup: NodeSetup) {
    super(setup)
    this.peers = new Map(this.others.map((node) => [node, this.stranger()]))
  }

  private stranger(): Peer {
    const held = { life: 0, version: 0, services: new Map(), backends: new Map() }
    return { held, acknowledged: 0, toldAt: this.now, lost: false }
  }

  /** There is news of a service of the manager's. */
  protected sayService(name: string, content: Service | null): void {
    this.toldServices.set(name, { name, version: ++this.version, content })
  }

  protected sayBackend(name: string, content: Backend | null): void {
    this.toldBackends.set(name, { name, version: ++this.version, content })
  }

  // Telling

  protected tellAll(): void {
    for (const node of this.others) this.tell(node)
  }

  protected tell(node: NodeId): void {
    const peer = this.peers.get(node)!
    peer.toldAt = this.now
    this.send(node, this.updateSince(peer.acknowledged))
  }

  protected updateSince(since: number): Update {
    const { life, version } = this
    const newer = <Content>(told: ReadonlyMap<string, Told<Content>>): Told<Content>[] =>
      [...told.values()].filter((each) => each.version > since)
    return {
      kind: 'update',
      life,
      since,
      version,
      services: newer(this.toldServices),
      backends: newer(this.toldBackends),
    }
  }

  protected tellDeadline(): Milliseconds {
    let next = never
    for (const peer of this.peers.values()) next = Math.min(next, this.tellsNext(peer))
    return next
  }

  protected tellsNext({ acknowledged, toldAt }: Peer): Milliseconds {
    const { retryInterval, refreshInterval } = this.options
    return toldAt + (acknowledged < this.version ? Math.min(retryInterval, refreshInterval) : refreshInterval)
  }

  protected tellDue(): void {
    for (const [node, peer] of this.peers) if (this.tellsNext(peer) <= this.now) this.tell(node)
  }

  // Hearing

  protected onUpdate(from: NodeId, update: Update): void {
    const peer = this.peers.get(from)
    if (peer === undefined || this.isOlderLife(update, peer.held)) return
    if (update.life > peer.held.life) this.onNewLife(from, update, peer)
    else if (update.since <= peer.held.version) this.take(update, peer.held)
    this.acknowledge(from, update.life, peer.held)
  }

  protected isOlderLife({ life }: Update, held: Held): boolean {
    return life < held.life
  }

  /** It has forgotten all that it was told; what it told before is over once it tells all. */
  protected onNewLife(from: NodeId, update: Update, peer: Peer): void {
    const { held } = peer
    if (update.since > 0) return
    const isBack = held.life > 0
    held.life = update.life
    held.version = 0
    this.forget(held)
    this.take(update, held)
    if (!isBack) return
    peer.acknowledged = 0
    this.tell(from)
  }

  protected forget(held: Held): void {
    held.services.clear()
    held.backends.clear()
    this.changed()
  }

  protected acknowledge(to: NodeId, life: number, held: Held): void {
    this.send(to, { kind: 'ack', life, version: held.life === life ? held.version : 0 })
  }

  protected take(update: Update, held: Held): void {
    if (this.isOld(update, held)) return
    for (const told of update.services) this.takeRecord(held.services, told, held.version)
    for (const told of update.backends) this.takeRecord(held.backends, told, held.version)
    held.version = update.version
    this.changed()
  }

  protected isOld(update: Update, held: Held): boolean {
    return update.version <= held.version
  }

  protected takeRecord<Content>(records: Map<string, Content>, told: Told<Content>, version: number): void {
    if (told.version <= version) return
    if (told.content === null) records.delete(told.name)
    else records.set(told.name, told.content)
  }

  protected onAck(from: NodeId, life: number, version: number): void {
    const peer = this.peers.get(from)
    if (peer === undefined || life !== this.life) return
    const isBehind = version < peer.acknowledged
    peer.acknowledged = Math.min(version, this.version)
    if (isBehind) this.tell(from)
  }
}
