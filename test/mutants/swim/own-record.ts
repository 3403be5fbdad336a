/** Mutants of a member's own record, its incarnation and its refutations. */
import type { Update } from '../../../models/swim/vocabulary.ts'
import type { MemberSetup } from '../../../impl/reference/swim/core.ts'
import type { View } from '../../../impl/reference/swim/helping.ts'
import { SwimMember } from '../../../impl/reference/swim/member.ts'
import type { Probe } from '../../../impl/reference/swim/probes.ts'
import type { Entry } from '../../../impl/reference/swim/table.ts'
import { folklore, swimMutant, type Mutant } from '../mutant.ts'

export const ownRecord: readonly Mutant[] = [
  swimMutant({
    name: 'panics-on-late-nack',
    breaks: 'swim/survives',
    rule: 'A nack that arrives when no probe is under way is a panic.',
    seenIn: folklore,
    member: class extends SwimMember {
      protected override onNack(view: View<'ack' | 'nack'>): void {
        if (this.probe === null) throw new Error('a nack for no probe')
        super.onNack(view)
      }
    },
  }),
  swimMutant({
    name: 'starts-at-zero',
    breaks: 'swim/starts-alive',
    rule: 'A life begins by incarnation 0.',
    seenIn: folklore,
    member: class extends SwimMember {
      constructor(setup: MemberSetup) {
        super(setup)
        this.own.record = { ...this.own.record, incarnation: 0 }
        this.seen.incarnation = 0
      }
    },
  }),
  swimMutant({
    name: 'doubts-itself',
    breaks: 'swim/own-record',
    rule: 'A member that refutes holds itself for suspect.',
    seenIn: folklore,
    member: class extends SwimMember {
      protected override refute(accused: number): void {
        super.refute(accused)
        const { incarnation, address, meta } = this.own.record
        this.setRecord(this.own, 'suspect', incarnation, address, meta)
      }
    },
  }),
  swimMutant({
    name: 'adopts-what-is-said-of-it',
    breaks: 'swim/incarnation-never-falls',
    rule: 'A member takes over the incarnation of an older alive of itself.',
    seenIn: folklore,
    also: { 'swim/refutes-exactly': 'An older alive leaves the incarnation as it is.' },
    member: class extends SwimMember {
      protected override onOwnAlive(update: Update): void {
        const { record } = this.own
        if (update.incarnation >= record.incarnation) return super.onOwnAlive(update)
        this.setRecord(this.own, 'alive', update.incarnation, record.address, record.meta)
      }
    },
  }),
  swimMutant({
    name: 'answers-old-accusations',
    breaks: 'swim/incarnation-never-falls',
    rule: 'A member answers each accusation by one more than it names, also those of the past.',
    seenIn: folklore,
    also: {
      'swim/refutes-exactly': 'An older accusation leaves the incarnation as it is.',
      'swim/silence-costs': 'An accusation by the incarnation before costs a point, and changes nothing else.',
    },
    member: class extends SwimMember {
      protected override isOlder(update: Update, entry: Entry): boolean {
        return entry !== this.own && super.isOlder(update, entry)
      }
      protected override refutation(_own: number, accused: number): number {
        return accused + 1
      }
    },
  }),
  swimMutant({
    name: 'raises-when-probe-fails',
    breaks: 'swim/incarnation-by-cause',
    rule: 'A member whose probe got no answer raises its own incarnation, since it may be suspected itself.',
    seenIn: folklore,
    member: class extends SwimMember {
      protected override probeTimedOut(probe: Probe): void {
        super.probeTimedOut(probe)
        const { incarnation, address, meta } = this.own.record
        if (!this.leaving) this.setRecord(this.own, 'alive', incarnation + 1, address, meta)
      }
    },
  }),
  swimMutant({
    name: 'buries-the-forgotten',
    breaks: 'swim/incarnation-by-owner',
    rule: 'Who forgets a member tells that it is dead by the next incarnation, so that nothing old revives it.',
    seenIn: folklore,
    member: class extends SwimMember {
      protected override forget(entries: readonly Entry[]): void {
        super.forget(entries)
        for (const { record } of entries) {
          const { node } = record
          const incarnation = record.incarnation + 1
          this.broadcast(node, { status: 'dead', node, incarnation, from: this.name, address: '', meta: '' })
        }
      }
    },
  }),
  swimMutant({
    name: 'refutes-without-bump',
    breaks: 'swim/refutes',
    rule: 'A member refutes by the incarnation of which it is accused.',
    seenIn: folklore,
    member: class extends SwimMember {
      protected override refutation(own: number, accused: number): number {
        return Math.max(own, accused)
      }
    },
  }),
  swimMutant({
    name: 'refutes-below-accusation',
    breaks: 'swim/refutes',
    rule: 'A member refutes by one more than its own incarnation, whatever it is accused of.',
    seenIn: folklore,
    also: { 'swim/refutes-exactly': 'A newer alive of an earlier life is not overtaken either.' },
    member: class extends SwimMember {
      protected override refutation(own: number): number {
        return own + 1
      }
    },
  }),
  swimMutant({
    name: 'incarnation-not-persisted-nor-relearned',
    breaks: 'swim/refutes',
    rule: 'A restarted member takes what is said of its earlier lives for a mistake, and keeps its incarnation.',
    seenIn: 'habitat#5581',
    also: { 'swim/refutes-exactly': 'A newer alive of an earlier life is not overtaken either.' },
    member: class extends SwimMember {
      protected override refute(accused: number): void {
        if (accused <= this.own.record.incarnation) super.refute(accused)
      }
    },
  }),
  swimMutant({
    name: 'stale-alive-never-refuted',
    breaks: 'swim/refutes-exactly',
    rule: 'A member does not answer what an earlier life of it has said.',
    seenIn: 'hashicorp/memberlist#311, #345',
    member: class extends SwimMember {
      protected override onOwnAlive(): void {}
    },
  }),
  swimMutant({
    name: 'refutes-its-own-words',
    breaks: 'swim/refutes-exactly',
    rule: 'A member refutes an alive of itself by its own incarnation, also where it says nothing new.',
    seenIn: folklore,
    member: class extends SwimMember {
      protected override onOwnAlive({ incarnation }: Update): void {
        if (incarnation >= this.own.record.incarnation) this.refute(incarnation)
      }
    },
  }),
  swimMutant({
    name: 'refutes-by-two',
    breaks: 'swim/refutes-exactly',
    rule: 'A refutation skips an incarnation.',
    seenIn: folklore,
    member: class extends SwimMember {
      protected override refutation(own: number, accused: number): number {
        return super.refutation(own, accused) + 1
      }
    },
  }),
  swimMutant({
    name: 'refutes-while-leaving',
    breaks: 'swim/leaving-does-not-refute',
    rule: 'A member that leaves refutes what is said of it.',
    seenIn: folklore,
    member: class extends SwimMember {
      protected override hearUpdate(update: Update): void {
        const isOwn = update.node === this.name && this.leaving
        if (isOwn && update.incarnation >= this.own.record.incarnation) this.refute(update.incarnation)
        else super.hearUpdate(update)
      }
    },
  }),
]
