/** Mutants of the network database: what becomes of entries, and what clients and watchers see of them. */
import type { Operation, TableEvent } from '../../../models/networkdb/vocabulary.ts'
import { NetworkDbNode } from '../../../impl/reference/networkdb/node.ts'
import type { EntryRecord, PeerRecord } from '../../../impl/reference/networkdb/records.ts'
import { never } from '../../../impl/reference/swim/never.ts'
import { folklore, networkDbMutant, type Mutant } from '../mutant.ts'

type Asked<Type extends Operation['type']> = Extract<Operation, { readonly type: Type }>

export const entries: readonly Mutant[] = [
  networkDbMutant({
    name: 'takes-from-first-owner-only',
    breaks: 'networkdb/takes-newer-entry',
    rule: 'An entry is changed only by who wrote it first.',
    seenIn: folklore,
    Node: class extends NetworkDbNode {
      protected override isNewer(event: TableEvent, known: EntryRecord): boolean {
        return super.isNewer(event, known) && event.owner === known.owner
      }
    },
    also: { 'networkdb/keeps-tombstones': 'Another may delete it as well.' },
  }),
  networkDbMutant({
    name: 'skips-the-next-time',
    breaks: 'networkdb/takes-newer-entry',
    rule: 'An event is taken only if its time is greater by more than one.',
    seenIn: folklore,
    Node: class extends NetworkDbNode {
      protected override isNewer(event: TableEvent, known: EntryRecord): boolean {
        return event.time > known.time + 1
      }
    },
    also: { 'networkdb/keeps-tombstones': 'Deletions are events, too.' },
  }),
  networkDbMutant({
    name: 'takes-entry-of-equal-time',
    breaks: 'networkdb/ignores-older-entry',
    rule: 'An event of the same time by another replaces what is held.',
    seenIn: folklore,
    Node: class extends NetworkDbNode {
      protected override isNewer(event: TableEvent, known: EntryRecord): boolean {
        return event.time > known.time || (event.time === known.time && event.owner > known.owner)
      }
    },
    also: { 'networkdb/passes-on-only-news': 'What is no news is told on.' },
  }),
  networkDbMutant({
    name: 'last-arrival-wins',
    breaks: 'networkdb/ignores-older-entry',
    rule: 'Whatever arrives last, and differs, is held.',
    seenIn: folklore,
    Node: class extends NetworkDbNode {
      protected override isNewer(event: TableEvent, known: EntryRecord): boolean {
        return event.time !== known.time
      }
    },
  }),
  networkDbMutant({
    name: 'live-beats-tombstone',
    breaks: 'networkdb/ignores-older-entry',
    rule: 'An older event brings back what was deleted.',
    seenIn: folklore,
    Node: class extends NetworkDbNode {
      protected override isNewer(event: TableEvent, known: EntryRecord): boolean {
        return super.isNewer(event, known) || (known.deleting && event.event !== 'delete')
      }
    },
  }),
  networkDbMutant({
    name: 'takes-entries-anywhere',
    breaks: 'networkdb/entry-needs-attachment',
    rule: 'A node takes entries of networks in which it is not.',
    seenIn: folklore,
    Node: class extends NetworkDbNode {
      protected override takesIn(): boolean {
        return true
      }
    },
  }),
  networkDbMutant({
    name: 'takes-from-anybody',
    breaks: 'networkdb/entry-needs-owner',
    rule: 'A node takes entries of owners that are not in their network.',
    seenIn: 'libnetwork, before it looked for the owner among the nodes of the network',
    Node: class extends NetworkDbNode {
      protected override takesFrom(): boolean {
        return true
      }
    },
  }),
  networkDbMutant({
    name: 'takes-own-entries-back',
    breaks: 'networkdb/ignores-own-entries',
    rule: 'A node takes from others what it has owned itself.',
    seenIn: folklore,
    Node: class extends NetworkDbNode {
      protected override isOwnEntry(): boolean {
        return false
      }
      protected override takesFrom(owner: string, network: string): boolean {
        return owner === this.name || super.takesFrom(owner, network)
      }
    },
  }),
  networkDbMutant({
    name: 'deletes-without-tombstone',
    breaks: 'networkdb/keeps-tombstones',
    rule: 'A deletion removes the entry, and nothing stays.',
    seenIn: folklore,
    Node: class extends NetworkDbNode {
      protected override entryFrom(event: TableEvent): EntryRecord | null {
        return event.event === 'delete' ? null : super.entryFrom(event)
      }
    },
  }),
  networkDbMutant({
    name: 'drops-unknown-deletions',
    breaks: 'networkdb/keeps-tombstones',
    rule: 'The deletion of what is not known leaves no tombstone, so that a late creation is taken.',
    seenIn: folklore,
    Node: class extends NetworkDbNode {
      protected override takeEntry(event: TableEvent, known: EntryRecord | undefined): void {
        if (event.event !== 'delete' || known !== undefined) super.takeEntry(event, known)
      }
    },
  }),
  networkDbMutant({
    name: 'forgets-tombstones-early',
    breaks: 'networkdb/tombstones-last',
    rule: 'A tombstone is forgotten after a tenth of its time.',
    seenIn: folklore,
    Node: class extends NetworkDbNode {
      protected override ageOf({ deleting, reapAt }: EntryRecord): number {
        return deleting ? reapAt - 0.9 * this.options.reapInterval : reapAt
      }
    },
  }),
  networkDbMutant({
    name: 'keeps-tombstones-for-ever',
    breaks: 'networkdb/tombstones-end',
    rule: 'A tombstone is never forgotten.',
    seenIn: folklore,
    Node: class extends NetworkDbNode {
      protected override ageOf({ deleting, reapAt }: EntryRecord): number {
        return deleting ? never : reapAt
      }
    },
  }),
  networkDbMutant({
    name: 'deletes-entries-of-failed',
    breaks: 'networkdb/hides-failed',
    rule: 'The entries of a node that fails are deleted.',
    seenIn: 'libnetwork of Docker 20.10',
    Node: class extends NetworkDbNode {
      protected override hideEntries(owner: string): void {
        for (const [network, key, entry] of this.entriesOf(owner)) {
          this.remove(network, key)
          if (!entry.deleting) this.watch(network, key, entry.value, null)
        }
      }
    },
  }),
  networkDbMutant({
    name: 'loses-entries-of-returned',
    breaks: 'networkdb/restores-returned',
    rule: 'What was hidden is dropped when its owner is back.',
    seenIn: 'libnetwork, until the next bulk sync',
    Node: class extends NetworkDbNode {
      protected override showEntries(owner: string): void {
        for (const [network, key, entry] of this.entriesOf(owner)) if (!entry.deleting) this.remove(network, key)
      }
    },
  }),
  networkDbMutant({
    name: 'hides-for-ever',
    breaks: 'networkdb/hidden-end',
    rule: 'What is hidden is never forgotten.',
    seenIn: folklore,
    Node: class extends NetworkDbNode {
      protected override hideEntries(owner: string): void {
        super.hideEntries(owner)
        for (const [, , entry] of this.entriesOf(owner)) if (!entry.deleting) entry.reapAt = never
      }
    },
  }),
  networkDbMutant({
    name: 'keeps-entries-of-leavers',
    breaks: 'networkdb/leaving-drops-entries',
    rule: 'The entries of who leaves a network stay.',
    seenIn: folklore,
    Node: class extends NetworkDbNode {
      protected override detached(): void {}
    },
  }),
  networkDbMutant({
    name: 'keeps-entries-of-gone',
    breaks: 'networkdb/gone-drop-entries',
    rule: 'The entries of who leaves the cluster stay.',
    seenIn: folklore,
    Node: class extends NetworkDbNode {
      protected override leaves(peer: PeerRecord): void {
        this.setStatus(peer, 'left')
        this.dropAttachments(peer.name)
      }
    },
  }),
  networkDbMutant({
    name: 'leaves-without-tombstones',
    breaks: 'networkdb/own-leave-buries',
    rule: 'Who leaves a network forgets its own entries as it does those of others.',
    seenIn: 'libnetwork, before it left tombstones',
    Node: class extends NetworkDbNode {
      protected override leaveEntries(network: string): void {
        for (const [key, entry] of this.entries.get(network) ?? []) {
          this.remove(network, key)
          this.watch(network, key, this.visible(entry), null)
        }
      }
    },
  }),
  networkDbMutant({
    name: 'keeps-entries-of-others',
    breaks: 'networkdb/own-leave-forgets',
    rule: 'Who leaves a network keeps the entries of others.',
    seenIn: folklore,
    Node: class extends NetworkDbNode {
      protected override leaveEntries(network: string): void {
        for (const [key, entry] of this.entries.get(network) ?? []) {
          if (entry.owner !== this.name || entry.deleting) continue
          this.bury(network, key, entry)
          this.watch(network, key, entry.value, null)
        }
      }
    },
  }),
  networkDbMutant({
    name: 'buries-entries-of-others',
    breaks: 'networkdb/own-leave-forgets',
    rule: 'Who leaves a network deletes the entries of others, too.',
    seenIn: 'libnetwork: after joining again the entries of others were not taken',
    Node: class extends NetworkDbNode {
      protected override leaveEntries(network: string): void {
        for (const [key, entry] of this.entries.get(network) ?? []) {
          if (entry.deleting) continue
          this.watch(network, key, this.visible(entry), null)
          this.bury(network, key, entry)
        }
      }
    },
  }),
  networkDbMutant({
    name: 'create-overwrites',
    breaks: 'networkdb/create-refuses-existing',
    rule: 'To create what exists replaces it.',
    seenIn: folklore,
    Node: class extends NetworkDbNode {
      protected override create(id: number, { network, key, value }: Asked<'create'>): void {
        this.write('create', network, key, value)
        this.result(id, 'ok', '')
      }
    },
  }),
  networkDbMutant({
    name: 'tombstones-block-creation',
    breaks: 'networkdb/stores-operations',
    rule: 'What was deleted cannot be created again as long as its tombstone is there.',
    seenIn: folklore,
    Node: class extends NetworkDbNode {
      protected override create(id: number, operation: Asked<'create'>): void {
        if (this.find(operation.network, operation.key) === undefined) super.create(id, operation)
        else this.result(id, 'failed', 'exists')
      }
    },
  }),
  networkDbMutant({
    name: 'update-creates',
    breaks: 'networkdb/change-needs-existing',
    rule: 'To update what does not exist creates it.',
    seenIn: folklore,
    Node: class extends NetworkDbNode {
      protected override update(id: number, { network, key, value }: Asked<'update'>): void {
        this.write('update', network, key, value)
        this.result(id, 'ok', '')
      }
    },
  }),
  networkDbMutant({
    name: 'get-shows-tombstones',
    breaks: 'networkdb/get-tells-visible',
    rule: 'What was deleted is shown as long as it is remembered.',
    seenIn: 'libnetwork, before GetEntry looked whether the entry is being deleted',
    Node: class extends NetworkDbNode {
      protected override shown(entry: EntryRecord | undefined): string | null {
        return entry?.value ?? null
      }
    },
  }),
  networkDbMutant({
    name: 'get-shows-hidden',
    breaks: 'networkdb/get-tells-visible',
    rule: 'What is hidden, since its owner failed, is shown to who asks.',
    seenIn: folklore,
    Node: class extends NetworkDbNode {
      protected override shown(entry: EntryRecord | undefined): string | null {
        return entry === undefined || entry.deleting ? null : entry.value
      }
    },
  }),
  networkDbMutant({
    name: 'forgets-updates',
    breaks: 'networkdb/stores-operations',
    rule: 'An update is answered and not made.',
    seenIn: folklore,
    Node: class extends NetworkDbNode {
      protected override write(event: 'create' | 'update', network: string, key: string, value: string): void {
        if (event === 'create') super.write(event, network, key, value)
      }
    },
  }),
  networkDbMutant({
    name: 'watchers-miss-deletions',
    breaks: 'networkdb/watch-follows-table',
    rule: 'Watchers are not told of deletions by others.',
    seenIn: folklore,
    Node: class extends NetworkDbNode {
      protected override watchTaken(network: string, key: string, before: string | null, after: string | null): void {
        if (after !== null) super.watchTaken(network, key, before, after)
      }
    },
  }),
  networkDbMutant({
    name: 'watchers-see-updates-first',
    breaks: 'networkdb/watch-follows-table',
    rule: 'Watchers are told of every taken value as of an update.',
    seenIn: 'libnetwork, before watch events followed the visible change',
    Node: class extends NetworkDbNode {
      protected override watchTaken(network: string, key: string, before: string | null, after: string | null): void {
        super.watchTaken(network, key, after === null ? before : (before ?? ''), after)
      }
    },
  }),
  networkDbMutant({
    name: 'leaves-in-silence',
    breaks: 'networkdb/leave-is-told',
    rule: 'A node says that it has left before it has told anybody.',
    seenIn: folklore,
    Node: class extends NetworkDbNode {
      protected override leave(id: number): void {
        super.leave(id)
        if (this.leavers.delete(id)) this.result(id, 'ok', '')
      }
    },
  }),
]
