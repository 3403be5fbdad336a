/** Mutants of rumours, of tables that are exchanged, and of how views come to agree. */
import type { MemberRecord, OutgoingMessage, Update } from '../../../models/swim/vocabulary.ts'
import type { NodeId } from '../../../models/vocabulary.ts'
import type { View } from '../../../impl/reference/swim/helping.ts'
import { SwimMember } from '../../../impl/reference/swim/member.ts'
import type { Probe } from '../../../impl/reference/swim/probes.ts'
import { type Entry, isGone } from '../../../impl/reference/swim/table.ts'
import { folklore, swimMutant, type Mutant } from '../mutant.ts'

export const dissemination: readonly Mutant[] = [
  swimMutant({
    name: 'accuses-early',
    breaks: 'swim/tells-what-it-knows',
    rule: 'A member tells others of a suspicion when it asks helpers, before it suspects.',
    seenIn: folklore,
    member: class extends SwimMember {
      protected override askForHelp(probe: Probe): void {
        super.askForHelp(probe)
        if (probe.target.status === 'alive') this.broadcast(probe.target.node, this.accusation(probe.target))
      }
    },
  }),
  swimMutant({
    name: 'tells-newer-than-record',
    breaks: 'swim/tells-what-it-knows',
    rule: 'A member tells of itself by the incarnation that its next refutation will have.',
    seenIn: folklore,
    also: { 'swim/incarnation-by-owner': 'Nobody has shown that incarnation.' },
    member: class extends SwimMember {
      protected override ownUpdate(): Update {
        const update = super.ownUpdate()
        return { ...update, incarnation: update.incarnation + 1 }
      }
    },
  }),
  swimMutant({
    name: 'retransmits-for-ever',
    breaks: 'swim/tells-bounded-times',
    rule: 'Updates are told on without end.',
    seenIn: folklore,
    member: class extends SwimMember {
      protected override mostTransmissions(): number {
        return Infinity
      }
    },
  }),
  swimMutant({
    name: 'retransmits-once-more',
    breaks: 'swim/tells-bounded-times',
    rule: 'Updates are told once more than the limit says.',
    seenIn: folklore,
    member: class extends SwimMember {
      protected override mostTransmissions(): number {
        return super.mostTransmissions() + 1
      }
    },
  }),
  swimMutant({
    name: 'retransmits-once',
    breaks: 'swim/views-converge',
    rule: 'Updates are told once.',
    seenIn: folklore,
    member: class extends SwimMember {
      protected override mostTransmissions(): number {
        return 1
      }
    },
  }),
  swimMutant({
    name: 'gossips-to-the-left',
    breaks: 'swim/gossips-to-members',
    rule: 'Members that have left are told gossip.',
    seenIn: folklore,
    member: class extends SwimMember {
      protected override isToldGossip(entry: Entry): boolean {
        return entry !== this.own && (entry.record.status === 'left' || super.isToldGossip(entry))
      }
    },
  }),
  swimMutant({
    name: 'gossips-to-the-long-dead',
    breaks: 'swim/gossips-to-members',
    rule: 'The dead are told gossip as long as they are in the table.',
    seenIn: folklore,
    member: class extends SwimMember {
      protected override isToldGossip(entry: Entry): boolean {
        return entry !== this.own && entry.record.status !== 'left'
      }
    },
  }),
  swimMutant({
    name: 'gossips-to-everybody',
    breaks: 'swim/gossip-is-paced',
    rule: 'Gossip goes to all members in each interval.',
    seenIn: folklore,
    member: class extends SwimMember {
      protected override gossipTargets(): readonly Entry[] {
        return this.table.pick(this.table.size, this.now, (entry) => this.isToldGossip(entry))
      }
    },
  }),
  swimMutant({
    name: 'gossips-twice',
    breaks: 'swim/gossip-is-paced',
    rule: 'There are two rounds of gossip in each interval.',
    seenIn: folklore,
    member: class extends SwimMember {
      protected override gossipDue(): void {
        super.gossipDue()
        super.gossipDue()
      }
    },
  }),
  swimMutant({
    name: 'table-without-the-gone',
    breaks: 'swim/exchanges-whole-table',
    rule: 'The gone are left out of tables that others are sent.',
    seenIn: folklore,
    member: class extends SwimMember {
      protected override toldTable(): readonly MemberRecord[] {
        return super.toldTable().filter(({ status }) => status === 'alive' || status === 'suspect')
      }
    },
  }),
  swimMutant({
    name: 'table-hides-suspicions',
    breaks: 'swim/exchanges-whole-table',
    rule: 'Suspects are alive in tables that others are sent.',
    seenIn: folklore,
    member: class extends SwimMember {
      protected override toldTable(): readonly MemberRecord[] {
        return super
          .toldTable()
          .map((record) => (record.status === 'suspect' ? { ...record, status: 'alive' } : record))
      }
    },
  }),
  swimMutant({
    name: 'answers-tables-twice',
    breaks: 'swim/exchanges-whole-table',
    rule: 'A table that comes in reply is answered by another.',
    seenIn: folklore,
    member: class extends SwimMember {
      protected override onTableReply(message: OutgoingMessage, view: View<'push-pull' | 'push-pull-reply'>): void {
        super.onTableReply(message, view)
        const { from, stream } = message
        this.send(from, { kind: 'push-pull-reply', join: view.join, members: this.toldTable() }, stream)
      }
    },
  }),
  swimMutant({
    name: 'silence-renews-suspicion',
    breaks: 'swim/finds-the-dead',
    rule: 'Each probe of a suspect that gets no answer begins its suspicion anew.',
    seenIn: folklore,
    also: {
      'swim/suspicion-ends': 'A suspicion that begins anew does not end in time.',
      'swim/confirmations-shorten': 'A suspicion that begins anew does not end in time, if it was confirmed.',
    },
    member: class extends SwimMember {
      protected override probeTimedOut(probe: Probe): void {
        super.probeTimedOut(probe)
        const entry = this.table.get(probe.target.node)
        if (probe.target.status !== 'suspect' || entry === undefined || entry.suspicion === null) return
        entry.suspicion = this.beginSuspicion(entry, this.accusation(entry.record))
        this.suspicions.set(entry.suspicion)
      }
    },
  }),
  swimMutant({
    name: 'refutes-in-silence',
    breaks: 'swim/views-converge',
    rule: 'A refutation is told to nobody.',
    seenIn: folklore,
    member: class extends SwimMember {
      protected override broadcast(name: string, update: Update, waiting?: readonly number[]): void {
        if (name !== this.own.record.address) super.broadcast(name, update, waiting)
      }
    },
  }),
  swimMutant({
    name: 'tells-nobody',
    breaks: 'swim/views-converge',
    rule: 'No update travels with messages or as gossip: there are exchanges of tables alone.',
    seenIn: folklore,
    member: class extends SwimMember {
      protected override takeUpdates(): readonly Update[] {
        return []
      }
    },
  }),
  swimMutant({
    name: 'exchanges-to-join-only',
    breaks: 'swim/views-converge',
    rule: 'Tables are exchanged to join, and never again.',
    seenIn: folklore,
    member: class extends SwimMember {
      protected override exchangeDue(): void {
        this.nextExchange = this.exchangeAfterInterval()
      }
    },
  }),
  swimMutant({
    name: 'dead-are-not-told',
    breaks: 'swim/views-converge',
    rule: 'The dead are told no gossip, and tables are exchanged to join only: halves stay apart.',
    seenIn: folklore,
    member: class extends SwimMember {
      protected override isToldGossip(entry: Entry): boolean {
        return !isGone(entry) && super.isToldGossip(entry)
      }
      protected override exchangeDue(): void {
        this.nextExchange = this.exchangeAfterInterval()
      }
    },
  }),
  swimMutant({
    name: 'forgets-to-take-replies',
    breaks: 'swim/views-converge',
    rule: 'Who asks for a table does not take it in.',
    seenIn: folklore,
    also: {
      'swim/takes-new-member': 'New members of the table are not taken in.',
      'swim/takes-newer-alive': 'Newer records of the table are not taken in.',
      'swim/takes-suspicion': 'Suspicions of the table are not taken in.',
      'swim/takes-death': 'Leaves of the table are not taken in.',
      'swim/alive-revives': 'Newer records of the table do not revive the gone.',
      'swim/refutes': 'Accusations of the table are not refuted.',
      'swim/refutes-exactly': 'Accusations of the table are not refuted.',
    },
    member: class extends SwimMember {
      protected override onTableReply(message: OutgoingMessage, view: View<'push-pull' | 'push-pull-reply'>): void {
        super.onTableReply(message, { ...view, members: [] })
      }
    },
  }),

  // The application and operators

  swimMutant({
    name: 'suspect-is-told-as-leave',
    breaks: 'swim/events-follow-table',
    rule: 'The application is told that a suspect has left.',
    seenIn: folklore,
    member: class extends SwimMember {
      protected override suspect(entry: Entry, update: Update): void {
        super.suspect(entry, update)
        this.tell('leave', update.node, entry.record.meta)
      }
    },
  }),
  swimMutant({
    name: 'return-is-not-told',
    breaks: 'swim/events-follow-table',
    rule: 'The application is not told when a member that was gone is back.',
    seenIn: folklore,
    member: class extends SwimMember {
      private returns = false
      protected override takeAlive(entry: Entry, update: Update): void {
        this.returns = isGone(entry)
        super.takeAlive(entry, update)
        this.returns = false
      }
      protected override tell(event: 'join' | 'update' | 'leave' | 'conflict', node: NodeId, meta: string): void {
        if (!this.returns) super.tell(event, node, meta)
      }
    },
  }),
  swimMutant({
    name: 'news-is-not-told',
    breaks: 'swim/events-tell-meta',
    rule: 'The application is not told what members tell of themselves anew.',
    seenIn: folklore,
    member: class extends SwimMember {
      protected override tell(event: 'join' | 'update' | 'leave' | 'conflict', node: NodeId, meta: string): void {
        if (event !== 'update') super.tell(event, node, meta)
      }
    },
  }),
  swimMutant({
    name: 'updates-without-bump',
    breaks: 'swim/update-is-told',
    rule: 'What a member tells of itself anew has the incarnation of before.',
    seenIn: folklore,
    member: class extends SwimMember {
      private updates = false
      protected override update(id: number, meta: string): void {
        this.updates = true
        super.update(id, meta)
        this.updates = false
      }
      protected override nextIncarnation(incarnation: number): number {
        return this.updates ? incarnation : super.nextIncarnation(incarnation)
      }
    },
  }),
  swimMutant({
    name: 'update-waits',
    breaks: 'swim/update-is-told',
    rule: 'A member that is asked to update itself while it tells something else says that it did, and does not.',
    seenIn: folklore,
    member: class extends SwimMember {
      protected override update(id: number, meta: string): void {
        if (this.queue.isEmpty) super.update(id, meta)
        else this.result(id, 'ok', '')
      }
    },
  }),
  swimMutant({
    name: 'leaves-in-silence',
    breaks: 'swim/leave-is-told',
    rule: 'A member says that it has left before it has told anybody.',
    seenIn: folklore,
    member: class extends SwimMember {
      protected override leave(id: number): void {
        super.leave(id)
        if (this.waiting.delete(id)) this.result(id, 'ok', '')
      }
    },
  }),
  swimMutant({
    name: 'leaver-holds-itself-for-alive',
    breaks: 'swim/leave-is-told',
    rule: 'A member that leaves holds itself for alive until all were told.',
    seenIn: folklore,
    member: class extends SwimMember {
      protected override leave(id: number): void {
        const { record } = this.own
        super.leave(id)
        this.setRecord(this.own, 'alive', record.incarnation, record.address, record.meta)
      }
    },
  }),
]
