/** All that two nodes know goes to and fro: attachments, and the entries of networks. [ND] cluster.go, delegate.go */
import type { Message, Name, NetworkEvent, OutgoingMessage, TableEvent } from '../../../models/networkdb/vocabulary.ts'
import type { Milliseconds, NodeId } from '../../../models/vocabulary.ts'
import { never } from '../swim/never.ts'
import { AttachmentRules } from './attachments.ts'
import type { AttachmentRecord, EntryRecord, PendingJoin, PeerRecord } from './records.ts'

type View<Kind extends Message['kind']> = Message & { readonly kind: Kind }
type Sync = View<'bulk-sync' | 'bulk-sync-reply'>
type PushPull = View<'push-pull' | 'push-pull-reply'>

export abstract class SyncRules extends AttachmentRules {
  protected readonly syncTicks = this.startTicker(this.options.bulkSyncInterval)
  protected readonly pushPullTicks = this.startTicker(this.options.pushPullInterval)
  protected pending: PendingJoin[] = []

  // Attachments

  protected onPushPull({ from }: OutgoingMessage, view: PushPull): void {
    this.onNodeEvent({ type: 'node', event: 'join', name: view.name, time: view.time })
    for (const event of view.attachments) this.onNetworkEvent(event)
    if (view.kind === 'push-pull') this.pushPull(from, 'push-pull-reply')
  }

  protected pushPull(to: NodeId, kind: PushPull['kind']): void {
    this.send(to, { kind, name: this.name, time: this.networkClock, attachments: this.toldAttachments() })
  }

  protected toldAttachments(): NetworkEvent[] {
    const own = [...this.own].map(([network, record]) => eventOf(this.name, network, record))
    const others = [...this.others].flatMap(([name, networks]) =>
      [...networks].map(([network, record]) => eventOf(name, network, record)),
    )
    return [...own, ...others]
  }

  protected pushPullDue(): void {
    this.pushPullTicks.pass(this.now)
    for (const { address } of this.choose(this.activePeers(), 1)) this.pushPull(address, 'push-pull')
  }

  protected override meet({ address }: PeerRecord): void {
    this.pushPull(address, 'push-pull')
  }

  protected override reunite(peer: PeerRecord): void {
    // Who leaves has said so, and does not take it back.
    if (!this.leaving) this.queueCluster({ type: 'node', event: 'join', name: this.name, time: this.tickNetwork() })
    const networks = this.commonNetworks(peer.name)
    if (networks.length > 0) this.sync(peer.address, 'bulk-sync', networks)
  }

  // Entries

  protected onSync({ from }: OutgoingMessage, view: Sync): void {
    this.witnessTable(view.time)
    for (const event of view.attachments) this.onNetworkEvent(event)
    for (const event of view.entries) this.onTableEvent(event, true)
    if (view.kind === 'bulk-sync') this.answerSync(from, view)
    else this.syncAnswered(view.name)
  }

  protected answerSync(to: NodeId, { name, networks }: Sync): void {
    // Who is lost from sight has been able to ask, and waits.
    if (this.isActive(name) || this.isFailed(name)) this.sync(to, 'bulk-sync-reply', networks)
  }

  protected sync(to: NodeId, kind: Sync['kind'], networks: readonly string[]): void {
    const entries = networks.flatMap((network) => this.toldEntries(network))
    const attachments = this.toldAttachments().filter(({ network }) => networks.includes(network))
    this.send(to, { kind, name: this.name, time: this.tickTable(), networks, attachments, entries })
  }

  protected toldEntries(network: string): TableEvent[] {
    return [...(this.entries.get(network) ?? [])].map(([key, entry]) => this.tableEventOf(network, key, entry))
  }

  protected tableEventOf(network: string, key: string, entry: EntryRecord): TableEvent {
    const { owner, time, value, deleting } = entry
    const residual = entry.reapAt === never ? 0 : Math.max(1, entry.reapAt - this.now)
    return { type: 'table', event: deleting ? 'delete' : 'create', network, key, owner, time, value, residual }
  }

  protected commonNetworks(name: Name): string[] {
    return [...this.own.keys()].filter((network) => this.isIn(network) && this.isAttached(name, network))
  }

  /**
   * Each network with one other member; one meeting does for all that two have in common. Networks take turns in going
   * first: one that always came after another would only ever be synchronized with members of that, too.
   */
  protected syncDue(): void {
    this.syncTicks.pass(this.now)
    const done = new Set<string>()
    for (const network of this.inAnyOrder([...this.own.keys()])) {
      if (!this.isIn(network) || done.has(network)) continue
      for (const { name, address } of this.choose(this.peersOf(network), 1)) {
        const common = this.commonNetworks(name)
        for (const each of common) done.add(each)
        this.sync(address, 'bulk-sync', common)
      }
    }
  }

  protected inAnyOrder(networks: string[]): string[] {
    const order: string[] = []
    while (networks.length > 0) order.push(...networks.splice(this.chance.below(networks.length, this.now), 1))
    return order
  }

  // Joining

  /** The network is synchronized with all who take part; until then nothing of it is passed on. */
  protected syncWithAll(operation: number, network: string): void {
    const peers = this.peersOf(network)
    for (const { name, address } of peers) this.sync(address, 'bulk-sync', this.commonNetworks(name))
    const deadline = this.now + this.options.bulkSyncTimeout
    this.pending.push({ operation, network, waitsFor: new Set(peers.map(({ name }) => name)), deadline })
    this.endJoins()
  }

  private syncAnswered(name: Name): void {
    for (const { waitsFor } of this.pending) waitsFor.delete(name)
    this.endJoins()
  }

  /** Whoever has not answered in time is not waited for. */
  protected endJoins(): void {
    const ended = this.pending.filter(({ waitsFor, deadline }) => waitsFor.size === 0 || deadline <= this.now)
    if (ended.length === 0) return
    this.pending = this.pending.filter((each) => !ended.includes(each))
    for (const { operation, network } of ended) {
      const own = this.own.get(network)
      if (own !== undefined) own.synced = true
      this.result(operation, 'ok', '')
    }
  }

  protected abandonJoins(network: string): void {
    for (const { operation } of this.pending.filter((each) => each.network === network)) {
      this.result(operation, 'failed', 'left')
    }
    this.pending = this.pending.filter((each) => each.network !== network)
  }

  protected joinDeadline(): Milliseconds {
    return this.pending.reduce((least, { deadline }) => Math.min(least, deadline), never)
  }
}

const eventOf = (name: Name, network: string, { time, leaving }: AttachmentRecord): NetworkEvent => ({
  type: 'network',
  event: leaving ? 'leave' : 'join',
  name,
  network,
  time,
})
