/** News is told to a few others, round by round. [Serf] broadcast.go; [ML] queue.go */
import type { Broadcast, Name } from '../../../models/serf/vocabulary.ts'
import type { Milliseconds } from '../../../models/vocabulary.ts'
import { EventQueue } from '../networkdb/queue.ts'
import { never } from '../swim/never.ts'
import { Ticker } from '../swim/ticker.ts'
import { NodeCore } from './core.ts'

export abstract class GossipRules extends NodeCore {
  protected readonly gossipTicks = this.startTicker(this.options.gossipInterval)
  private readonly news = new EventQueue<Broadcast>()
  private newsCount = 0

  protected startTicker(interval: Milliseconds): Ticker {
    return new Ticker(interval, this.now + 1 + this.chance.below(interval, this.now))
  }

  /** No news takes the place of other news. */
  protected queue(broadcast: Broadcast): void {
    // While there was nothing to tell, ticks went by unnoticed.
    if (this.news.isEmpty) this.gossipTicks.pass(this.now)
    this.news.add(String(++this.newsCount), broadcast)
  }

  protected gossipDeadline(): Milliseconds {
    return this.news.isEmpty ? never : this.gossipTicks.at
  }

  protected gossipDue(): void {
    this.gossipTicks.pass(this.now)
    const targets = this.choose([...this.there], this.options.gossipNodes)
    if (targets.length === 0) return
    const broadcasts = this.news.take(this.mostRounds())
    if (broadcasts.length === 0) return
    for (const to of targets) this.send(to, { kind: 'gossip', broadcasts })
    this.told(broadcasts)
  }

  /** [ML] util.go retransmitLimit; [Serf] NumNodes: whoever is known counts. */
  protected mostRounds(): number {
    return this.options.retransmitMult * Math.ceil(Math.log10(this.members.size + 1))
  }

  /** These were told to somebody. */
  protected abstract told(broadcasts: readonly Broadcast[]): void

  /** Some of them, at random. */
  protected choose(from: readonly Name[], count: number): Name[] {
    const rest = [...from]
    const chosen: Name[] = []
    while (chosen.length < count && rest.length > 0) {
      chosen.push(...rest.splice(this.chance.below(rest.length, this.now), 1))
    }
    return chosen
  }
}
