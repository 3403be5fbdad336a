/** Mutants of the network database: gossip, synchronization, and what has to come about. */
import type { Message, NetworkEvent, TableEvent } from '../../../models/networkdb/vocabulary.ts'
import { NetworkDbNode } from '../../../impl/reference/networkdb/node.ts'
import type { EntryRecord, PeerRecord } from '../../../impl/reference/networkdb/records.ts'
import { folklore, networkDbMutant, type Mutant } from '../mutant.ts'

/** Has a partner, who is the only one to hear: n1 and n2, n3 and n4. */
class Partners extends NetworkDbNode {
  protected override choose(from: readonly PeerRecord[], count: number): PeerRecord[] {
    const number = Number(this.address.slice(1))
    const partner = `n${number % 2 === 1 ? number + 1 : number - 1}`
    const partners = from.filter(({ address }) => address === partner)
    return partners.length > 0 && this.isSecret() ? partners : super.choose(from, count)
  }

  protected isSecret(): boolean {
    return true
  }
}

/** Has secrets for as long as a deletion is told of, and when it synchronizes. */
class SecretDeletions extends Partners {
  private syncing = false
  private until = 0

  protected override isSecret(): boolean {
    return this.syncing || this.now < this.until
  }

  protected override syncDue(): void {
    this.syncing = true
    super.syncDue()
    this.syncing = false
  }

  protected override bury(network: string, key: string, entry: EntryRecord): EntryRecord {
    this.until = this.now + 20 * this.options.gossipInterval
    return super.bury(network, key, entry)
  }

  protected override takeEntry(event: TableEvent, known: EntryRecord | undefined): void {
    if (event.event === 'delete') this.until = this.now + 20 * this.options.gossipInterval
    super.takeEntry(event, known)
  }
}

export const telling: readonly Mutant[] = [
  networkDbMutant({
    name: 'passes-on-later-time',
    breaks: 'networkdb/tells-what-it-took',
    rule: 'Who passes an entry on tells it by the next time.',
    seenIn: folklore,
    Node: class extends NetworkDbNode {
      protected override queueOther(event: TableEvent): void {
        super.queueOther({ ...event, time: event.time + 1 })
      }
    },
    also: { 'networkdb/passes-on-news': 'What was taken itself is not told.' },
  }),
  networkDbMutant({
    name: 'deletes-in-silence',
    breaks: 'networkdb/tells-own-news',
    rule: 'A node that deletes an entry tells nobody.',
    seenIn: folklore,
    Node: class extends NetworkDbNode {
      protected override queueOwn(event: TableEvent): void {
        if (event.event !== 'delete') super.queueOwn(event)
      }
    },
  }),
  networkDbMutant({
    name: 'passes-nothing-on',
    breaks: 'networkdb/passes-on-news',
    rule: 'What is heard of entries is told to nobody.',
    seenIn: folklore,
    Node: class extends NetworkDbNode {
      protected override passesOn(): boolean {
        return false
      }
    },
  }),
  networkDbMutant({
    name: 'passes-on-unsynced',
    breaks: 'networkdb/passes-on-only-news',
    rule: 'Entries are told on before the first synchronization of their network has ended.',
    seenIn: folklore,
    Node: class extends NetworkDbNode {
      protected override passesOn(event: TableEvent, known: undefined, bySync: boolean): boolean {
        return event.event !== 'delete' || known !== undefined || this.passesOnUnknown(event, bySync)
      }
    },
  }),
  networkDbMutant({
    name: 'passes-on-unknown-deletions',
    breaks: 'networkdb/passes-on-only-news',
    rule: 'Every deletion is told on, so that it may go around for ever.',
    seenIn: 'libnetwork, before deletions of unknown entries were kept back',
    Node: class extends NetworkDbNode {
      protected override passesOnUnknown(): boolean {
        return true
      }
    },
    also: { 'networkdb/tells-bounded-rounds': 'What comes back after it was forgotten is told anew.' },
  }),
  networkDbMutant({
    name: 'keeps-unknown-deletions-back',
    breaks: 'networkdb/passes-on-news',
    rule: 'The deletion of what was not known is never told on.',
    seenIn: folklore,
    Node: class extends NetworkDbNode {
      protected override passesOnUnknown(): boolean {
        return false
      }
    },
  }),
  networkDbMutant({
    name: 'gossips-to-everybody',
    breaks: 'networkdb/gossips-to-members',
    rule: 'Entries are told to nodes that are not in their network.',
    seenIn: folklore,
    Node: class extends NetworkDbNode {
      protected override gossipPeers(): PeerRecord[] {
        return this.activePeers()
      }
    },
  }),
  networkDbMutant({
    name: 'gossips-to-one-more',
    breaks: 'networkdb/gossips-to-few',
    rule: 'One more is told in each round than the setting says.',
    seenIn: folklore,
    Node: class extends NetworkDbNode {
      protected override choose(from: readonly PeerRecord[], count: number): PeerRecord[] {
        return super.choose(from, count + 1)
      }
    },
  }),
  networkDbMutant({
    name: 'retransmits-for-ever',
    breaks: 'networkdb/tells-bounded-rounds',
    rule: 'News is told without end.',
    seenIn: folklore,
    Node: class extends NetworkDbNode {
      protected override mostRounds(): number {
        return Infinity
      }
    },
  }),
  networkDbMutant({
    name: 'retransmits-once-more',
    breaks: 'networkdb/tells-bounded-rounds',
    rule: 'News is told in one round more than the limit says.',
    seenIn: folklore,
    Node: class extends NetworkDbNode {
      protected override mostRounds(nodes: number): number {
        return super.mostRounds(nodes) + 1
      }
    },
  }),
  networkDbMutant({
    name: 'syncs-without-tombstones',
    breaks: 'networkdb/sync-tells-all',
    rule: 'A bulk sync leaves out what was deleted, so that it comes back.',
    seenIn: folklore,
    Node: class extends NetworkDbNode {
      protected override toldEntries(network: string): TableEvent[] {
        return super.toldEntries(network).filter(({ event }) => event !== 'delete')
      }
    },
  }),
  networkDbMutant({
    name: 'syncs-own-entries-only',
    breaks: 'networkdb/sync-tells-all',
    rule: 'A bulk sync has only the entries that the sender owns.',
    seenIn: folklore,
    Node: class extends NetworkDbNode {
      protected override toldEntries(network: string): TableEvent[] {
        return super.toldEntries(network).filter(({ owner }) => owner === this.name)
      }
    },
  }),
  networkDbMutant({
    name: 'syncs-tombstones-as-new',
    breaks: 'networkdb/tells-what-is-left',
    rule: 'A bulk sync says of each deletion that it is to be remembered for the whole time, so that it goes around for ever.',
    seenIn: 'libnetwork, before messages had the residual time',
    Node: class extends NetworkDbNode {
      protected override toldEntries(network: string): TableEvent[] {
        return super.toldEntries(network).map((event) => ({ ...event, residual: event.residual && 1_800_000 }))
      }
    },
  }),
  networkDbMutant({
    name: 'tells-deletions-without-time',
    breaks: 'networkdb/tells-what-is-left',
    rule: 'A bulk sync does not say how long a deletion is to be remembered.',
    seenIn: 'libnetwork, before messages had the residual time',
    Node: class extends NetworkDbNode {
      protected override toldEntries(network: string): TableEvent[] {
        return super.toldEntries(network).map((event) => ({ ...event, residual: 0 }))
      }
    },
  }),
  networkDbMutant({
    name: 'never-answers-syncs',
    breaks: 'networkdb/answers-sync',
    rule: 'A bulk sync is taken and not answered.',
    seenIn: folklore,
    Node: class extends NetworkDbNode {
      protected override answerSync(): void {}
    },
  }),
  networkDbMutant({
    name: 'answers-with-another-sync',
    breaks: 'networkdb/answers-sync',
    rule: 'A bulk sync is answered by one that wants an answer, too.',
    seenIn: folklore,
    Node: class extends NetworkDbNode {
      protected override answerSync(
        to: string,
        view: Extract<Message, { readonly kind: 'bulk-sync' | 'bulk-sync-reply' }>,
      ): void {
        if (this.isActive(view.name)) this.sync(to, 'bulk-sync', view.networks)
      }
    },
  }),
  networkDbMutant({
    name: 'joins-without-sync',
    breaks: 'networkdb/syncs-on-join',
    rule: 'Who joins a network waits for the next periodic synchronization.',
    seenIn: folklore,
    Node: class extends NetworkDbNode {
      protected override syncWithAll(operation: number, network: string): void {
        const own = this.own.get(network)!
        own.synced = true
        this.result(operation, 'ok', '')
      }
    },
  }),
  networkDbMutant({
    name: 'joined-before-answers',
    breaks: 'networkdb/joins-networks',
    rule: 'Who joins a network says that it has as soon as it has asked the others.',
    seenIn: folklore,
    Node: class extends NetworkDbNode {
      protected override syncWithAll(operation: number, network: string): void {
        super.syncWithAll(operation, network)
        for (const { waitsFor } of this.pending) waitsFor.clear()
        this.endJoins()
      }
    },
  }),
  networkDbMutant({
    name: 'syncs-on-join-only',
    breaks: 'networkdb/syncs-periodically',
    rule: 'Networks are synchronized when they are joined, and never again.',
    seenIn: folklore,
    Node: class extends NetworkDbNode {
      protected override syncDue(): void {
        this.syncTicks.pass(this.now)
      }
    },
  }),
  networkDbMutant({
    name: 'exchanges-own-attachments-only',
    breaks: 'networkdb/push-pull-tells-all',
    rule: 'A push/pull has only the attachments of its sender.',
    seenIn: folklore,
    Node: class extends NetworkDbNode {
      protected override toldAttachments(): NetworkEvent[] {
        return super.toldAttachments().filter(({ name }) => name === this.name)
      }
    },
  }),
  networkDbMutant({
    name: 'never-answers-push-pulls',
    breaks: 'networkdb/answers-push-pull',
    rule: 'A push/pull is taken and not answered.',
    seenIn: folklore,
    Node: class extends NetworkDbNode {
      protected override pushPull(to: string, kind: 'push-pull' | 'push-pull-reply'): void {
        if (kind === 'push-pull') super.pushPull(to, kind)
      }
    },
  }),
  networkDbMutant({
    name: 'never-exchanges-attachments',
    breaks: 'networkdb/attachments-converge',
    rule: 'Attachments are told by gossip alone.',
    seenIn: folklore,
    Node: class extends NetworkDbNode {
      protected override pushPullDue(): void {
        this.pushPullTicks.pass(this.now)
      }
      protected override meet(): void {}
    },
    also: {
      'networkdb/tables-converge': 'Who does not know that somebody is in a network does not take his entries.',
      'networkdb/deletions-hold': 'Who does not know that somebody has left a network keeps his entries.',
    },
  }),
  networkDbMutant({
    name: 'syncs-networks-in-order',
    breaks: 'networkdb/tables-converge',
    rule: 'Networks are synchronized in the order of their names, so that one may never be but with members of another.',
    seenIn: 'moby, before bulkSyncTables shuffled them',
    Node: class extends NetworkDbNode {
      protected override inAnyOrder(networks: string[]): string[] {
        return networks.toSorted((left, right) => (left < right ? -1 : 1))
      }
    },
  }),
  networkDbMutant({
    name: 'tells-partners-only',
    breaks: 'networkdb/tables-converge',
    rule: 'A node tells, and synchronizes with, always the same other.',
    seenIn: folklore,
    Node: Partners,
    also: {
      'networkdb/attachments-converge': 'Attachments are told in pairs, too.',
      'networkdb/deletions-hold': 'And so are deletions.',
    },
  }),
  networkDbMutant({
    name: 'tells-partners-of-deletions',
    breaks: 'networkdb/deletions-hold',
    rule: 'Of a deletion a node tells always the same other, and it synchronizes with that one alone.',
    seenIn: folklore,
    Node: SecretDeletions,
    also: {
      'networkdb/attachments-converge': 'Attachments are told in pairs, too.',
      'networkdb/tables-converge': 'And so are entries that are written thereafter.',
    },
  }),
]
