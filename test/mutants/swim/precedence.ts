/** Mutants of what becomes of records when something is said of others. */
import type { Status, Update } from '../../../models/swim/vocabulary.ts'
import type { Milliseconds } from '../../../models/vocabulary.ts'
import { SwimMember } from '../../../impl/reference/swim/member.ts'
import { type Entry, isGone } from '../../../impl/reference/swim/table.ts'
import type { View } from '../../../impl/reference/swim/helping.ts'
import type { NodeId } from '../../../models/vocabulary.ts'
import { folklore, swimMutant, type Mutant } from '../mutant.ts'

export const precedence: readonly Mutant[] = [
  swimMutant({
    name: 'ack-clears-suspicion',
    breaks: 'swim/changes-by-cause',
    rule: 'A suspect that answers a probe is alive again, without a refutation.',
    seenIn: folklore,
    member: class extends SwimMember {
      protected override probeAnswered(): void {
        const entry = this.probe === null ? undefined : this.table.get(this.probe.target.node)
        if (entry?.record.status === 'suspect') {
          const { incarnation, address, meta } = entry.record
          entry.suspicion = null
          this.setRecord(entry, 'alive', incarnation, address, meta)
        }
        super.probeAnswered()
      }
    },
  }),
  swimMutant({
    name: 'ping-revives',
    breaks: 'swim/changes-by-cause',
    rule: 'Who is pinged by a member that it holds for dead takes it for alive again.',
    seenIn: folklore,
    member: class extends SwimMember {
      protected override onPing(from: NodeId, view: View<'ping'>): void {
        const entry = this.table.get(from)
        if (entry?.record.status === 'dead') {
          const { incarnation, address, meta } = entry.record
          this.setRecord(entry, 'alive', incarnation, address, meta)
          this.tell('join', from, meta)
        }
        super.onPing(from, view)
      }
    },
  }),
  swimMutant({
    name: 'meets-as-suspect',
    breaks: 'swim/takes-new-member',
    rule: 'A new member is suspect until it has said something more.',
    seenIn: folklore,
    member: class extends SwimMember {
      protected override meet(update: Update): void {
        super.meet(update)
        const entry = this.table.get(update.node)!
        if (entry.record.status === 'alive') this.suspect(entry, { ...update, status: 'suspect', from: this.name })
      }
    },
  }),
  swimMutant({
    name: 'meets-in-the-table-only',
    breaks: 'swim/takes-new-member',
    rule: 'An alive in gossip of a member that is not known is not taken: tables alone make members known.',
    seenIn: folklore,
    member: class extends SwimMember {
      protected override hear(updates: readonly Update[]): void {
        super.hear(updates.filter(({ node }) => this.table.get(node) !== undefined))
      }
    },
  }),
  swimMutant({
    name: 'suspect-revives-removed',
    breaks: 'swim/ignores-unknown',
    rule: 'A suspect of a member that is not known makes it known.',
    seenIn: 'atomix#1062',
    member: class extends SwimMember {
      protected override onSuspect(update: Update): void {
        if (this.table.get(update.node) === undefined) this.meet({ ...update, status: 'alive', from: update.node })
        super.onSuspect(update)
      }
    },
  }),
  swimMutant({
    name: 'dead-makes-record',
    breaks: 'swim/ignores-unknown',
    rule: 'A dead of a member that is not known is kept as a record.',
    seenIn: folklore,
    member: class extends SwimMember {
      protected override onDead(update: Update): void {
        const { node, incarnation, address, meta } = update
        if (this.table.get(node) !== undefined) return super.onDead(update)
        this.noteChange(this.table.add({ node, status: 'dead', incarnation, address, meta }, this.now, this.now))
      }
    },
  }),
  swimMutant({
    name: 'suspect-cannot-refute',
    breaks: 'swim/takes-newer-alive',
    rule: 'A newer alive of a suspect is ignored: a suspicion ends in death.',
    seenIn: folklore,
    member: class extends SwimMember {
      protected override isNewer(update: Update, entry: Entry): boolean {
        return entry.suspicion === null && super.isNewer(update, entry)
      }
    },
  }),
  swimMutant({
    name: 'same-incarnation-refutes',
    breaks: 'swim/ignores-older-alive',
    rule: 'An alive of the same incarnation ends a suspicion.',
    seenIn: folklore,
    member: class extends SwimMember {
      protected override isNewer(update: Update, entry: Entry): boolean {
        const isSame = update.incarnation === entry.record.incarnation
        return super.isNewer(update, entry) || (entry.suspicion !== null && isSame)
      }
    },
  }),
  swimMutant({
    name: 'old-alive-revives-dead',
    breaks: 'swim/ignores-older-alive',
    rule: 'Any alive brings back a member that is dead.',
    seenIn: folklore,
    member: class extends SwimMember {
      protected override isNewer(update: Update, entry: Entry): boolean {
        return super.isNewer(update, entry) || entry.record.status === 'dead'
      }
    },
  }),
  swimMutant({
    name: 'name-moves-while-alive',
    breaks: 'swim/ignores-older-alive',
    rule: 'An alive at another address takes over the name of a member that has not left.',
    seenIn: folklore,
    member: class extends SwimMember {
      protected override mayMove(entry: Entry): boolean {
        return entry !== this.own
      }
    },
  }),
  swimMutant({
    name: 'keeps-first-meta',
    breaks: 'swim/takes-meta',
    rule: 'A newer alive leaves the meta of the record as it was.',
    seenIn: folklore,
    member: class extends SwimMember {
      protected override takeAlive(entry: Entry, update: Update): void {
        super.takeAlive(entry, { ...update, meta: entry.record.meta })
      }
    },
  }),
  swimMutant({
    name: 'suspicion-keeps-incarnation',
    breaks: 'swim/takes-suspicion',
    rule: 'A suspicion by a newer incarnation leaves the incarnation of the record as it was.',
    seenIn: folklore,
    member: class extends SwimMember {
      protected override suspect(entry: Entry, update: Update): void {
        super.suspect(entry, { ...update, incarnation: entry.record.incarnation })
      }
    },
  }),
  swimMutant({
    name: 'believes-only-itself',
    breaks: 'swim/takes-suspicion',
    rule: 'A member suspects others by its own probes alone.',
    seenIn: folklore,
    member: class extends SwimMember {
      protected override suspect(entry: Entry, update: Update): void {
        if (update.from === this.name) super.suspect(entry, update)
      }
    },
  }),
  swimMutant({
    name: 'old-suspect-counts',
    breaks: 'swim/ignores-older-suspicion',
    rule: 'A suspect counts whatever incarnation it names.',
    seenIn: folklore,
    member: class extends SwimMember {
      protected override onSuspect(update: Update): void {
        const record = this.table.get(update.node)?.record
        const isOthers = record !== undefined && record.node !== this.name
        super.onSuspect(
          isOthers ? { ...update, incarnation: Math.max(update.incarnation, record.incarnation) } : update,
        )
      }
    },
  }),
  swimMutant({
    name: 'only-suspects-die',
    breaks: 'swim/takes-death',
    rule: 'A dead of a member that is held for alive is ignored.',
    seenIn: folklore,
    member: class extends SwimMember {
      protected override onDead(update: Update): void {
        const status = this.table.get(update.node)?.record.status
        if (status !== 'alive' || update.node === this.name || update.from === update.node) super.onDead(update)
      }
    },
  }),
  swimMutant({
    name: 'dead-overrides-newer-alive',
    breaks: 'swim/ignores-older-death',
    rule: 'A dead counts whatever incarnation it names: precedence compares the state first.',
    seenIn: folklore,
    member: class extends SwimMember {
      protected override onDead(update: Update): void {
        const entry = this.table.get(update.node)
        const isOld = entry !== undefined && !isGone(entry) && this.isOlder(update, entry)
        if (isOld && entry !== this.own) this.takeDeath(entry, update)
        else super.onDead(update)
      }
    },
  }),
  swimMutant({
    name: 'suspect-revives-dead',
    breaks: 'swim/gone-stays-gone',
    rule: 'A current suspect of a member that is dead makes it suspect again.',
    seenIn: folklore,
    also: { 'swim/changes-by-cause': 'The suspect may be its own: a probe that fails after the death was told.' },
    member: class extends SwimMember {
      protected override onSuspect(update: Update): void {
        const entry = this.table.get(update.node)
        if (entry?.record.status !== 'dead' || this.isOlder(update, entry)) return super.onSuspect(update)
        this.suspect(entry, update)
        this.tell('join', update.node, entry.record.meta)
      }
    },
  }),
  swimMutant({
    name: 'leave-overrides-death',
    breaks: 'swim/gone-stays-gone',
    rule: 'A member that is dead and of which it is said that it left is left.',
    seenIn: folklore,
    member: class extends SwimMember {
      protected override onDead(update: Update): void {
        const entry = this.table.get(update.node)
        if (entry === undefined || !isGone(entry) || this.isOlder(update, entry)) return super.onDead(update)
        const { node, address, meta } = entry.record
        this.setRecord(entry, this.statusAfterDeath(update), update.incarnation, address, meta)
        this.noteChange(this.table.get(node)!)
      }
    },
  }),
  swimMutant({
    name: 'dead-for-ever',
    breaks: 'swim/alive-revives',
    rule: 'Nothing brings back a member that is dead.',
    seenIn: folklore,
    member: class extends SwimMember {
      protected override isNewer(update: Update, entry: Entry): boolean {
        return super.isNewer(update, entry) && entry.record.status !== 'dead'
      }
    },
  }),
  swimMutant({
    name: 'left-for-ever',
    breaks: 'swim/alive-revives',
    rule: 'Nothing at the same address brings back a member that has left.',
    seenIn: folklore,
    member: class extends SwimMember {
      protected override isNewer(update: Update, entry: Entry): boolean {
        return super.isNewer(update, entry) && entry.record.status !== 'left'
      }
    },
  }),
  swimMutant({
    name: 'left-becomes-failed',
    breaks: 'swim/leave-is-no-failure',
    rule: 'A member that says that it leaves is held for dead.',
    seenIn: 'hashicorp/serf',
    member: class extends SwimMember {
      protected override statusAfterDeath(update: Update): Status {
        return update.node === this.name ? super.statusAfterDeath(update) : 'dead'
      }
    },
  }),
  swimMutant({
    name: 'failed-becomes-left',
    breaks: 'swim/leave-is-no-failure',
    rule: 'A member that others declare dead is held for left.',
    seenIn: folklore,
    member: class extends SwimMember {
      protected override statusAfterDeath({ from }: Update): Status {
        return from === this.name && !this.leaving ? 'dead' : 'left'
      }
    },
  }),
  swimMutant({
    name: 'left-moves-only-if-newer',
    breaks: 'swim/left-may-move',
    rule: 'A member that has left comes back at another address only by a newer incarnation.',
    seenIn: folklore,
    member: class extends SwimMember {
      protected override takeAlive(entry: Entry, update: Update): void {
        if (this.isNewer(update, entry)) super.takeAlive(entry, update)
      }
    },
  }),
  swimMutant({
    name: 'left-keeps-its-address',
    breaks: 'swim/left-may-move',
    rule: 'A name that was left stays with its address.',
    seenIn: folklore,
    member: class extends SwimMember {
      protected override mayMove(): boolean {
        return false
      }
    },
  }),
  swimMutant({
    name: 'accusation-is-conflict',
    breaks: 'swim/rejects-conflict',
    rule: 'A member that is accused tells its application that two have its name.',
    seenIn: folklore,
    member: class extends SwimMember {
      protected override onSuspect(update: Update): void {
        if (update.node === this.name) this.tell('conflict', update.node, this.own.record.meta)
        super.onSuspect(update)
      }
    },
  }),
  swimMutant({
    name: 'forgets-with-each-round',
    breaks: 'swim/remembers-the-dead',
    rule: 'The gone are forgotten at the end of a round, however lately they have gone.',
    seenIn: folklore,
    member: class extends SwimMember {
      protected override isForgotten(entry: Entry): boolean {
        return isGone(entry) && entry !== this.own
      }
    },
  }),
  swimMutant({
    name: 'old-suspicion-kills-new',
    breaks: 'swim/suspicion-lasts',
    rule: 'The timer of a suspicion that was refuted runs on, and ends the next suspicion of that member.',
    seenIn: 'daos#18635',
    member: class extends SwimMember {
      private readonly timers = new Map<NodeId, Milliseconds>()
      protected override takeAlive(entry: Entry, update: Update): void {
        if (entry.suspicion !== null) this.timers.set(update.node, entry.suspicion.deadline)
        super.takeAlive(entry, update)
      }
      protected override suspect(entry: Entry, update: Update): void {
        super.suspect(entry, update)
        const deadline = this.timers.get(update.node)
        if (deadline === undefined || deadline <= this.now || entry.suspicion === null) return
        entry.suspicion.deadline = Math.min(deadline, entry.suspicion.deadline)
        this.suspicions.set(entry.suspicion)
      }
    },
  }),
]
