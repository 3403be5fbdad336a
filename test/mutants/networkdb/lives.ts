/** Mutants of the network database: lives, clocks, peers and attachments. */
import type { NetworkEvent, TableEvent } from '../../../models/networkdb/vocabulary.ts'
import type { NodeSetup } from '../../../impl/reference/networkdb/core.ts'
import { NetworkDbNode } from '../../../impl/reference/networkdb/node.ts'
import type { AttachmentRecord, EntryRecord, PeerRecord } from '../../../impl/reference/networkdb/records.ts'
import { never } from '../../../impl/reference/swim/never.ts'
import { folklore, networkDbMutant, type Mutant } from '../mutant.ts'

export const lives: readonly Mutant[] = [
  networkDbMutant({
    name: 'panics-on-unknown-deletion',
    breaks: 'networkdb/survives',
    rule: 'A deletion of what is not known makes a node panic.',
    seenIn: folklore,
    Node: class extends NetworkDbNode {
      protected override takeEntry(event: TableEvent, known: EntryRecord | undefined): void {
        if (event.event === 'delete' && known === undefined) throw new Error('no such entry')
        super.takeEntry(event, known)
      }
    },
  }),
  networkDbMutant({
    name: 'keeps-its-name',
    breaks: 'networkdb/names-differ',
    rule: 'A node has the same name in all its lives.',
    seenIn: 'what purgeReincarnation of libnetwork guards against',
    nameOf: (address) => address,
  }),
  networkDbMutant({
    name: 'begins-in-a-network',
    breaks: 'networkdb/starts-empty',
    rule: 'A node begins its life in a network.',
    seenIn: folklore,
    Node: class extends NetworkDbNode {
      constructor(setup: NodeSetup) {
        super(setup)
        this.own.set('net1', { time: 0, leaving: false, reapAt: never, synced: true })
      }
    },
  }),
  networkDbMutant({
    name: 'follows-any-clock',
    breaks: 'networkdb/clocks-never-fall',
    rule: 'The table clock is set by every event, also back.',
    seenIn: folklore,
    Node: class extends NetworkDbNode {
      protected override witnessTable(time: number): void {
        this.tableClock = time + 1
      }
    },
    also: { 'networkdb/witnesses-times': 'Within one step it has not seen the greatest time in the end.' },
  }),
  networkDbMutant({
    name: 'clock-begins-anew',
    breaks: 'networkdb/clocks-never-fall',
    rule: 'The table clock begins anew with each network that a node joins.',
    seenIn: folklore,
    Node: class extends NetworkDbNode {
      protected override joinNetwork(id: number, network: string): void {
        this.tableClock = 0
        super.joinNetwork(id, network)
      }
    },
    also: { 'networkdb/own-events-are-newer': 'A bulk sync then has a time from before.' },
  }),
  networkDbMutant({
    name: 'witnesses-less',
    breaks: 'networkdb/witnesses-times',
    rule: 'A clock is set to the time that was seen, not beyond it.',
    seenIn: folklore,
    Node: class extends NetworkDbNode {
      protected override witnessTable(time: number): void {
        this.tableClock = Math.max(this.tableClock, time)
      }
    },
  }),
  networkDbMutant({
    name: 'witnesses-what-it-takes',
    breaks: 'networkdb/witnesses-times',
    rule: 'A node sees the times of networks only where it knows the node.',
    seenIn: folklore,
    Node: class extends NetworkDbNode {
      protected override onNetworkEvent(event: NetworkEvent): void {
        if (this.isOfSelf(event.name) || this.others.has(event.name)) super.onNetworkEvent(event)
      }
    },
    also: { 'networkdb/takes-newer-attachment': 'Attachments of who was not known before are not taken.' },
  }),
  networkDbMutant({
    name: 'clock-leaps',
    breaks: 'networkdb/clocks-by-cause',
    rule: 'The table clock rises by ten with each event.',
    seenIn: folklore,
    Node: class extends NetworkDbNode {
      protected override tickTable(): number {
        return (this.tableClock += 10)
      }
    },
  }),
  networkDbMutant({
    name: 'time-before-tick',
    breaks: 'networkdb/own-events-are-newer',
    rule: 'An event takes the time that the clock shows, before it rises.',
    seenIn: folklore,
    Node: class extends NetworkDbNode {
      protected override tickTable(): number {
        return this.tableClock++
      }
    },
  }),
  networkDbMutant({
    name: 'passes-on-another-value',
    breaks: 'networkdb/events-by-owner',
    rule: 'A node that passes an entry on gives it a value of its own.',
    seenIn: folklore,
    Node: class extends NetworkDbNode {
      protected override queueOther(event: TableEvent): void {
        super.queueOther({ ...event, value: `${event.value}, says ${this.name}` })
      }
    },
  }),
  networkDbMutant({
    name: 'loses-an-entry-now-and-then',
    breaks: 'networkdb/changes-by-cause',
    rule: 'With each periodic synchronization a node forgets the first entry of others that it holds.',
    seenIn: folklore,
    Node: class extends NetworkDbNode {
      protected override syncDue(): void {
        const lost = this.allEntries().find(({ owner, status }) => owner !== this.name && status === 'live')
        if (lost !== undefined) this.remove(lost.network, lost.key)
        super.syncDue()
      }
    },
  }),
  networkDbMutant({
    name: 'never-notices-failure',
    breaks: 'networkdb/follows-membership',
    rule: 'Who is down is held for active.',
    seenIn: folklore,
    Node: class extends NetworkDbNode {
      protected override peerDown(): void {}
    },
  }),
  networkDbMutant({
    name: 'left-becomes-failed',
    breaks: 'networkdb/leave-is-no-failure',
    rule: 'Who says that it leaves is held for failed.',
    seenIn: 'serf',
    Node: class extends NetworkDbNode {
      protected override leaves(peer: PeerRecord): void {
        this.peerDown(peer.name)
      }
    },
    also: { 'networkdb/replaces-earlier-life': 'An earlier life is held for failed, too.' },
  }),
  networkDbMutant({
    name: 'failed-becomes-left',
    breaks: 'networkdb/leave-is-no-failure',
    rule: 'Who has failed and is said to leave has left.',
    seenIn: folklore,
    Node: class extends NetworkDbNode {
      protected override leavesFrom(): boolean {
        return true
      }
    },
  }),
  networkDbMutant({
    name: 'believes-older-leave',
    breaks: 'networkdb/ignores-older-node-events',
    rule: 'That somebody leaves is believed whenever it was said.',
    seenIn: folklore,
    Node: class extends NetworkDbNode {
      protected override isNewerNodeEvent(): boolean {
        return true
      }
    },
  }),
  networkDbMutant({
    name: 'keeps-earlier-life',
    breaks: 'networkdb/replaces-earlier-life',
    rule: 'A new life at an address leaves the one before as it is.',
    seenIn: 'libnetwork, before purgeReincarnation',
    Node: class extends NetworkDbNode {
      protected override purgeEarlierLives(): void {}
    },
  }),
  networkDbMutant({
    name: 'never-takes-back',
    breaks: 'networkdb/takes-newer-attachment',
    rule: 'Who has left a network and joins it again is not taken back.',
    seenIn: folklore,
    Node: class extends NetworkDbNode {
      protected override attachKnown(event: NetworkEvent, known: AttachmentRecord): boolean {
        return event.event === 'join' && known.leaving ? false : super.attachKnown(event, known)
      }
    },
  }),
  networkDbMutant({
    name: 'takes-attachment-again',
    breaks: 'networkdb/tells-bounded-rounds',
    rule: 'An event of the same time replaces what is held of an attachment, and is told on each time.',
    seenIn: folklore,
    Node: class extends NetworkDbNode {
      protected override isNewerAttachment(time: number, known: AttachmentRecord): boolean {
        return time >= known.time
      }
    },
  }),
  networkDbMutant({
    name: 'takes-any-attachment',
    breaks: 'networkdb/ignores-older-attachment',
    rule: 'Whatever arrives last, and differs, is what is held of an attachment.',
    seenIn: folklore,
    Node: class extends NetworkDbNode {
      protected override isNewerAttachment(time: number, known: AttachmentRecord): boolean {
        return time !== known.time
      }
    },
  }),
  networkDbMutant({
    name: 'believes-that-it-left',
    breaks: 'networkdb/ignores-own-attachment',
    rule: 'A node that hears that it left a network believes it.',
    seenIn: folklore,
    Node: class extends NetworkDbNode {
      protected override onNetworkEvent(event: NetworkEvent): void {
        super.onNetworkEvent(event)
        const own = this.own.get(event.network)
        if (event.name !== this.name || event.event === 'join' || own === undefined || own.leaving) return
        own.leaving = true
        own.reapAt = this.now + this.rememberAttachmentFor()
        this.noteAttachment(this.name, event.network)
      }
    },
  }),
  networkDbMutant({
    name: 'keeps-unknown-leave',
    breaks: 'networkdb/leave-needs-attachment',
    rule: 'That somebody left where he was not known is remembered.',
    seenIn: folklore,
    Node: class extends NetworkDbNode {
      protected override attachNew(event: NetworkEvent): boolean {
        if (event.event === 'join' || !this.isActive(event.name)) return super.attachNew(event)
        super.attachNew({ ...event, event: 'join' })
        const record = this.others.get(event.name)!.get(event.network)!
        record.leaving = true
        record.reapAt = this.now + this.rememberAttachmentFor()
        return true
      }
    },
  }),
  networkDbMutant({
    name: 'attaches-strangers',
    breaks: 'networkdb/attachment-needs-peer',
    rule: 'Whoever is said to join a network is taken for a member, known from below or not.',
    seenIn: 'libnetwork, before it looked for the node in its list',
    Node: class extends NetworkDbNode {
      protected override attachNew(event: NetworkEvent): boolean {
        const { name, network, time } = event
        if (event.event === 'leave' || this.isActive(name)) return super.attachNew(event)
        const networks = this.others.get(name) ?? new Map<string, AttachmentRecord>()
        this.others.set(name, networks.set(network, { time, leaving: false, reapAt: never }))
        this.noteAttachment(name, network)
        return true
      }
    },
  }),
  networkDbMutant({
    name: 'gone-stay-in-networks',
    breaks: 'networkdb/gone-lose-attachments',
    rule: 'Who has left the cluster stays in its networks.',
    seenIn: folklore,
    Node: class extends NetworkDbNode {
      protected override dropAttachments(): void {}
    },
  }),
  networkDbMutant({
    name: 'joins-twice',
    breaks: 'networkdb/joins-networks',
    rule: 'A node that is in a network joins it once more.',
    seenIn: folklore,
    Node: class extends NetworkDbNode {
      protected override joinNetwork(id: number, network: string): void {
        const own = this.own.get(network)
        if (own !== undefined) own.leaving = true
        super.joinNetwork(id, network)
      }
    },
  }),
  networkDbMutant({
    name: 'join-waits-for-ever',
    breaks: 'networkdb/joins-networks',
    rule: 'Whoever does not answer is waited for without end.',
    seenIn: folklore,
    Node: class extends NetworkDbNode {
      protected override endJoins(): void {
        this.pending = this.pending.map((each) => ({ ...each, deadline: never }))
        super.endJoins()
      }
    },
  }),
  networkDbMutant({
    name: 'leaves-without-being-in',
    breaks: 'networkdb/leaves-networks',
    rule: 'A node that is not in a network says that it has left it.',
    seenIn: folklore,
    Node: class extends NetworkDbNode {
      protected override leaveNetwork(id: number, network: string): void {
        if (this.isIn(network)) super.leaveNetwork(id, network)
        else this.result(id, 'ok', '')
      }
    },
  }),
  networkDbMutant({
    name: 'forgets-leaving-at-once',
    breaks: 'networkdb/remembers-leaving',
    rule: 'That somebody has left a network is forgotten at the next occasion.',
    seenIn: folklore,
    Node: class extends NetworkDbNode {
      protected override rememberAttachmentFor(): number {
        return 0
      }
    },
  }),
  networkDbMutant({
    name: 'remembers-leaving-for-ever',
    breaks: 'networkdb/remembers-leaving',
    rule: 'That somebody has left a network is never forgotten.',
    seenIn: folklore,
    Node: class extends NetworkDbNode {
      protected override rememberAttachmentFor(): number {
        return 10 * super.rememberAttachmentFor()
      }
    },
  }),
]
