/** Mutants of how suspicions begin and end. */
import type { MemberRecord, Update } from '../../../models/swim/vocabulary.ts'
import type { Milliseconds, NodeId } from '../../../models/vocabulary.ts'
import type { View } from '../../../impl/reference/swim/helping.ts'
import { SwimMember } from '../../../impl/reference/swim/member.ts'
import type { Probe } from '../../../impl/reference/swim/probes.ts'
import type { Suspicion } from '../../../impl/reference/swim/suspicion.ts'
import type { Entry } from '../../../impl/reference/swim/table.ts'
import { folklore, swimMutant, type Mutant } from '../mutant.ts'

export const suspicion: readonly Mutant[] = [
  swimMutant({
    name: 'declares-dead-at-once',
    breaks: 'swim/suspects-first',
    rule: 'Whose probe gets no answer is dead.',
    seenIn: folklore,
    member: class extends SwimMember {
      protected override probeTimedOut(probe: Probe): void {
        const { node, incarnation } = probe.target
        if (!probe.answeredOnStream)
          this.onDead({ status: 'dead', node, incarnation, from: this.name, address: '', meta: '' })
        super.probeTimedOut(probe)
      }
    },
  }),
  swimMutant({
    name: 'takes-deaths-from-tables',
    breaks: 'swim/suspects-first',
    rule: 'Who is dead in a table that arrives is dead.',
    seenIn: folklore,
    member: class extends SwimMember {
      protected override updateOf(record: MemberRecord): Update {
        const update = super.updateOf(record)
        return record.status === 'dead' ? { ...update, status: 'dead' } : update
      }
    },
  }),
  swimMutant({
    name: 'asks-nobody',
    breaks: 'swim/asks-helpers-first',
    rule: 'Nobody is asked to help.',
    seenIn: folklore,
    member: class extends SwimMember {
      protected override helpers(): readonly Entry[] {
        return []
      }
    },
  }),
  swimMutant({
    name: 'suspects-before-indirect',
    breaks: 'swim/waits-for-answers',
    rule: 'The target is suspected as soon as the helpers are asked.',
    seenIn: 'daos PR 10435',
    member: class extends SwimMember {
      protected override askForHelp(probe: Probe): void {
        super.askForHelp(probe)
        this.onSuspect(this.accusation(probe.target))
      }
    },
  }),
  swimMutant({
    name: 'late-ack-does-not-count',
    breaks: 'swim/waits-for-answers',
    rule: 'An ack that comes once helpers are asked does not count.',
    seenIn: folklore,
    also: { 'swim/answers-heal': 'The ack does not lower the health score.' },
    member: class extends SwimMember {
      protected override probeAnswered(): void {
        if (this.probe?.hasHelp !== true || this.probe.answeredOnStream) super.probeAnswered()
      }
    },
  }),
  swimMutant({
    name: 'stream-ack-does-not-count',
    breaks: 'swim/waits-for-answers',
    rule: 'An ack on a stream does not count.',
    seenIn: folklore,
    member: class extends SwimMember {
      protected override onStreamAck(): void {}
    },
  }),
  swimMutant({
    name: 'forgives-silence',
    breaks: 'swim/suspects-the-silent',
    rule: 'A member is suspected only when a second probe of it in a row gets no answer.',
    seenIn: folklore,
    member: class extends SwimMember {
      private silent: NodeId = ''
      protected override probeTimedOut(probe: Probe): void {
        const { node } = probe.target
        const isFirst = node !== this.silent && !probe.answeredOnStream
        this.silent = probe.answeredOnStream ? '' : node
        if (!isFirst) return super.probeTimedOut(probe)
        this.probe = null
        this.changeScore(this.penalty(probe))
      }
    },
  }),
  swimMutant({
    name: 'any-ack-answers',
    breaks: 'swim/suspects-the-silent',
    rule: 'An ack of any number answers the probe that is under way.',
    seenIn: folklore,
    also: {
      'swim/silence-costs': 'The ack of another ping lowers the health score.',
      'swim/passes-on-acks': 'The ack of a ping for another is taken for that of the own probe.',
    },
    member: class extends SwimMember {
      protected override onAck(view: View<'ack' | 'nack'>): void {
        if (this.probe === null) super.onAck(view)
        else this.probeAnswered()
      }
    },
  }),
  swimMutant({
    name: 'short-suspicions',
    breaks: 'swim/suspicion-lasts',
    rule: 'Suspicions last half as long as they should.',
    seenIn: folklore,
    member: class extends SwimMember {
      protected override beginSuspicion(subject: Entry, update: Update): Suspicion {
        const begun = super.beginSuspicion(subject, update)
        return { ...begun, deadline: this.now + ((begun.deadline - this.now) >> 1) }
      }
    },
  }),
  swimMutant({
    name: 'confirms-twice',
    breaks: 'swim/suspicion-lasts',
    rule: 'Whoever accuses again confirms again.',
    seenIn: folklore,
    member: class extends SwimMember {
      protected override confirm(of: Suspicion, update: Update): void {
        if (!of.accusers.has(update.from) || of.confirmations >= of.wanted) return super.confirm(of, update)
        of.confirmations++
        of.deadline = this.confirmedDeadline(of)
        this.suspicions.set(of)
      }
    },
  }),
  swimMutant({
    name: 'waits-for-confirmation',
    breaks: 'swim/suspicion-ends',
    rule: 'A suspicion that nobody has confirmed has no end.',
    seenIn: folklore,
    also: { 'swim/finds-the-dead': 'Who crashed is a suspect for ever where nobody confirms it.' },
    member: class extends SwimMember {
      protected override beginSuspicion(subject: Entry, update: Update): Suspicion {
        return { ...super.beginSuspicion(subject, update), deadline: Number.MAX_SAFE_INTEGER }
      }
    },
  }),
  swimMutant({
    name: 'only-accuser-buries',
    breaks: 'swim/suspicion-ends',
    rule: 'Who has only heard of a suspicion leaves its end to whoever began it.',
    seenIn: folklore,
    also: { 'swim/confirmations-shorten': 'A suspicion that was confirmed does not end either.' },
    member: class extends SwimMember {
      protected override beginSuspicion(subject: Entry, update: Update): Suspicion {
        const begun = super.beginSuspicion(subject, update)
        return update.from === this.name ? begun : { ...begun, deadline: Number.MAX_SAFE_INTEGER }
      }
      protected override confirmedDeadline(of: Suspicion): Milliseconds {
        return of.deadline === Number.MAX_SAFE_INTEGER ? of.deadline : super.confirmedDeadline(of)
      }
    },
  }),
  swimMutant({
    name: 'suspicion-begins-anew',
    breaks: 'swim/suspicion-ends',
    rule: 'Each further accusation begins the suspicion anew.',
    seenIn: folklore,
    also: { 'swim/confirmations-shorten': 'A confirmation begins the suspicion anew, too.' },
    member: class extends SwimMember {
      protected override confirm(of: Suspicion, update: Update): void {
        super.confirm(of, update)
        const { subject } = of
        subject.suspicion = { ...this.beginSuspicion(subject, update), accusers: of.accusers }
        this.suspicions.set(subject.suspicion)
      }
    },
  }),
]
