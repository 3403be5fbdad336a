/** Mutants of what is told of members besides their status, and of what operators and applications are told. */
import type {
  Answer,
  MemberRecord,
  Message,
  OutgoingMessage,
  StreamId,
  Update,
} from '../../../models/swim/vocabulary.ts'
import type { Milliseconds, NodeId } from '../../../models/vocabulary.ts'
import type { Exchange, Join } from '../../../impl/reference/swim/exchanges.ts'
import type { View } from '../../../impl/reference/swim/helping.ts'
import { SwimMember } from '../../../impl/reference/swim/member.ts'
import { type Entry, isGone } from '../../../impl/reference/swim/table.ts'
import { folklore, swimMutant, type Mutant } from '../mutant.ts'

type ExchangeEnd = [StreamId, Exchange, 'answered' | 'refused' | 'timeout']

export const contents: readonly Mutant[] = [
  swimMutant({
    name: 'tells-old-meta',
    breaks: 'swim/tells-what-was-shown',
    rule: 'A member that has heard of a new meta tells others of the new incarnation with the meta before.',
    seenIn: folklore,
    member: class extends SwimMember {
      protected override takeAlive(entry: Entry, update: Update): void {
        const { meta } = entry.record
        super.takeAlive(entry, update)
        if (update.node !== this.name) this.broadcast(update.node, { ...update, meta })
      }
    },
  }),
  swimMutant({
    name: 'announces-old-meta',
    breaks: 'swim/tells-what-was-shown',
    rule: 'Who has something new to tell of itself raises its incarnation, and tells others the meta before by it.',
    seenIn: folklore,
    member: class extends SwimMember {
      private metaBefore: string | null = null
      protected override update(id: number, meta: string): void {
        this.metaBefore = this.own.record.meta
        super.update(id, meta)
        this.metaBefore = null
      }
      protected override ownUpdate(): Update {
        const update = super.ownUpdate()
        return { ...update, meta: this.metaBefore ?? update.meta }
      }
    },
  }),
  swimMutant({
    name: 'tells-own-address-of-others',
    breaks: 'swim/tells-what-was-shown',
    rule: 'Who tells of a new member gives the address from which it speaks itself.',
    seenIn: folklore,
    member: class extends SwimMember {
      protected override meet(update: Update): void {
        super.meet(update)
        if (update.incarnation > 0) this.broadcast(update.node, { ...update, address: this.own.record.address })
      }
    },
  }),
  swimMutant({
    name: 'accuses-in-name-of-others',
    breaks: 'swim/accuses-by-name',
    rule: 'A suspicion is told as if the accused had found it itself.',
    seenIn: folklore,
    member: class extends SwimMember {
      protected override suspect(entry: Entry, update: Update): void {
        super.suspect(entry, { ...update, from: update.node })
      }
    },
  }),
  swimMutant({
    name: 'keeps-tables-to-itself',
    breaks: 'swim/answers-tables',
    rule: 'A table is taken, and none is sent for it.',
    seenIn: folklore,
    member: class extends SwimMember {
      protected override onTable(_message: OutgoingMessage, { members }: View<'push-pull' | 'push-pull-reply'>): void {
        this.merge(members)
      }
    },
  }),
  swimMutant({
    name: 'leavers-answer-no-tables',
    breaks: 'swim/answers-tables',
    rule: 'A member that was asked to leave answers no table any more.',
    seenIn: folklore,
    member: class extends SwimMember {
      protected override onTable(message: OutgoingMessage, view: View<'push-pull' | 'push-pull-reply'>): void {
        if (!this.leaving) super.onTable(message, view)
      }
    },
  }),
  swimMutant({
    name: 'joins-without-answer',
    breaks: 'swim/join-told-truly',
    rule: 'A join that nobody answered is answered ok.',
    seenIn: folklore,
    member: class extends SwimMember {
      protected override joinNext(join: Join): void {
        if (join.left.length === 0) join.answers++
        super.joinNext(join)
      }
    },
  }),
  swimMutant({
    name: 'joins-that-succeed-fail',
    breaks: 'swim/join-told-truly',
    rule: 'A join by several members has failed if the last of them does not answer, though others did.',
    seenIn: folklore,
    member: class extends SwimMember {
      protected override exchangeEnded(...[stream, exchange, outcome]: ExchangeEnd): void {
        const { join } = exchange
        if (join !== null && outcome !== 'answered' && join.left.length === 0) {
          join.answers = 0
          join.timeouts = 0
          outcome = 'refused'
        }
        super.exchangeEnded(stream, exchange, outcome)
      }
    },
  }),
  swimMutant({
    name: 'joins-never-end',
    breaks: 'swim/operations-end',
    rule: 'Who asked for a join that nobody answers is not told.',
    seenIn: folklore,
    member: class extends SwimMember {
      protected override joinNext(join: Join): void {
        if (join.left.length > 0 || join.answers > 0) super.joinNext(join)
      }
    },
  }),
  swimMutant({
    name: 'own-record-loses-meta',
    breaks: 'swim/own-record',
    rule: 'Who refutes an accusation forgets what it was asked to tell of itself.',
    seenIn: folklore,
    member: class extends SwimMember {
      protected override refute(accused: number): void {
        const { status, incarnation, address } = this.own.record
        this.setRecord(this.own, status, incarnation, address, '')
        super.refute(accused)
      }
    },
  }),
  swimMutant({
    name: 'pings-a-neighbour',
    breaks: 'swim/probes-members',
    rule: 'A ping goes to the sender of what was heard last, whatever its target is.',
    seenIn: folklore,
    also: { 'swim/answers-pings': 'Nobody answers a ping for somebody else.' },
    member: class extends SwimMember {
      private lastHeard: NodeId | null = null
      override receive(at: Milliseconds, message: OutgoingMessage): Answer {
        this.lastHeard = message.from
        return super.receive(at, message)
      }
      protected override send(to: NodeId, view: Message, stream?: StreamId): void {
        super.send(view.kind === 'ping' ? (this.lastHeard ?? to) : to, view, stream)
      }
    },
  }),
  swimMutant({
    name: 'tells-application-old-meta',
    breaks: 'swim/events-tell-meta',
    rule: 'The application is told of an update with the meta before it.',
    seenIn: folklore,
    member: class extends SwimMember {
      private metaBefore = ''
      protected override takeAlive(entry: Entry, update: Update): void {
        this.metaBefore = entry.record.meta
        super.takeAlive(entry, update)
      }
      protected override tell(event: 'join' | 'update' | 'leave' | 'conflict', node: NodeId, meta: string): void {
        super.tell(event, node, event === 'update' && node !== this.name ? this.metaBefore : meta)
      }
    },
  }),
  swimMutant({
    name: 'tells-application-of-every-alive',
    breaks: 'swim/events-tell-meta',
    rule: 'The application is told of an update by every newer alive, also if it says what was known.',
    seenIn: folklore,
    member: class extends SwimMember {
      protected override takeAlive(entry: Entry, update: Update): void {
        const isSame = !isGone(entry) && update.meta === entry.record.meta
        super.takeAlive(entry, update)
        if (isSame) this.tell('update', update.node, update.meta)
      }
    },
  }),
  swimMutant({
    name: 'tables-without-meta',
    breaks: 'swim/exchanges-whole-table',
    rule: 'A table that is sent says nothing of what members tell of themselves.',
    seenIn: folklore,
    member: class extends SwimMember {
      protected override toldTable(): readonly MemberRecord[] {
        return super.toldTable().map((record) => ({ ...record, meta: '' }))
      }
    },
  }),
  swimMutant({
    name: 'suspects-lose-meta',
    breaks: 'swim/takes-meta',
    rule: 'The record of a suspect forgets what it told of itself.',
    seenIn: folklore,
    member: class extends SwimMember {
      protected override suspect(entry: Entry, update: Update): void {
        super.suspect(entry, update)
        const { address } = entry.record
        this.setRecord(entry, 'suspect', update.incarnation, address, '')
      }
    },
  }),
]
