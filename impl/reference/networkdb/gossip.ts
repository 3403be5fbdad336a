/** News is told to a few others, round by round. [ND] cluster.go gossip, broadcast.go */
import type { ClusterEvent, Name, TableEvent } from '../../../models/networkdb/vocabulary.ts'
import type { Milliseconds } from '../../../models/vocabulary.ts'
import { never } from '../swim/never.ts'
import { Ticker } from '../swim/ticker.ts'
import { NodeCore } from './core.ts'
import { EventQueue } from './queue.ts'
import type { PeerRecord } from './records.ts'

export abstract class GossipRules extends NodeCore {
  protected readonly gossipTicks = this.startTicker(this.options.gossipInterval)
  protected readonly clusterNews = new EventQueue<ClusterEvent>()
  /** By network: own news goes before that of others. */
  protected readonly ownNews = new Map<string, EventQueue<TableEvent>>()
  protected readonly otherNews = new Map<string, EventQueue<TableEvent>>()

  protected startTicker(interval: Milliseconds): Ticker {
    return new Ticker(interval, this.now + 1 + this.chance.below(interval, this.now))
  }

  protected queueCluster(event: ClusterEvent): void {
    this.beforeNews()
    this.clusterNews.add(event.type === 'node' ? event.name : `${event.name} ${event.network}`, event)
  }

  protected queueOwn(event: TableEvent): void {
    this.queueIn(this.ownNews, event)
  }

  protected queueOther(event: TableEvent): void {
    this.queueIn(this.otherNews, event)
  }

  private queueIn(queues: Map<string, EventQueue<TableEvent>>, event: TableEvent): void {
    this.beforeNews()
    let queue = queues.get(event.network)
    if (queue === undefined) queues.set(event.network, (queue = new EventQueue()))
    queue.add(event.key, event)
  }

  /** While there was nothing to tell, ticks went by unnoticed. */
  private beforeNews(): void {
    if (!this.hasNews()) this.gossipTicks.pass(this.now)
  }

  protected forgetNews(network: string): void {
    this.ownNews.get(network)?.clear()
    this.otherNews.get(network)?.clear()
  }

  private hasNews(): boolean {
    return (
      !this.clusterNews.isEmpty ||
      [...this.ownNews.values(), ...this.otherNews.values()].some((queue) => !queue.isEmpty)
    )
  }

  protected gossipDeadline(): Milliseconds {
    return this.hasNews() ? this.gossipTicks.at : never
  }

  protected gossipDue(): void {
    this.gossipTicks.pass(this.now)
    this.gossipCluster()
    for (const [network, { leaving }] of this.own) if (!leaving) this.gossipTables(network)
  }

  private gossipCluster(): void {
    const targets = this.choose(this.activePeers(), this.options.gossipNodes)
    if (targets.length === 0) return
    const events = this.clusterNews.take(this.mostRounds(this.activePeers().length + 1))
    if (events.length === 0) return
    for (const { address } of targets) this.send(address, { kind: 'gossip', events })
    this.told(events)
  }

  private gossipTables(network: string): void {
    const all = this.gossipPeers(network)
    const targets = this.choose(all, this.options.gossipNodes)
    if (targets.length === 0) return
    const most = this.mostRounds(all.length + 1)
    const events = [
      ...(this.ownNews.get(network)?.take(most) ?? []),
      ...(this.otherNews.get(network)?.take(most) ?? []),
    ]
    if (events.length === 0) return
    for (const { address } of targets) this.send(address, { kind: 'table-gossip', network, events })
  }

  /** [ML] util.go retransmitLimit */
  protected mostRounds(nodes: number): number {
    return this.options.retransmitMult * Math.ceil(Math.log10(nodes + 1))
  }

  /** Cluster events were told to somebody. */
  protected told(_events: readonly ClusterEvent[]): void {}

  // Whom there is to tell

  protected activePeers(): PeerRecord[] {
    return [...this.peers.values()].filter(({ status }) => status === 'active')
  }

  /** Those who take part in the network, as far as is known, and are there. */
  protected peersOf(network: string): PeerRecord[] {
    return this.activePeers().filter(({ name }) => this.isAttached(name, network))
  }

  protected gossipPeers(network: string): PeerRecord[] {
    return this.peersOf(network)
  }

  protected isAttached(name: Name, network: string): boolean {
    return this.others.get(name)?.get(network)?.leaving === false
  }

  /** Some of them, at random. */
  protected choose(from: readonly PeerRecord[], count: number): PeerRecord[] {
    const rest = [...from]
    const chosen: PeerRecord[] = []
    while (chosen.length < count && rest.length > 0) {
      chosen.push(...rest.splice(this.chance.below(rest.length, this.now), 1))
    }
    return chosen
  }
}
