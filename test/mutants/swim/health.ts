/** Mutants of Lifeguard: confirmations, nacks and health. */
import type { Update } from '../../../models/swim/vocabulary.ts'
import type { MemberRecord } from '../../../models/swim/vocabulary.ts'
import type { Milliseconds, NodeId } from '../../../models/vocabulary.ts'
import type { Relay, View } from '../../../impl/reference/swim/helping.ts'
import { SwimMember } from '../../../impl/reference/swim/member.ts'
import type { Probe } from '../../../impl/reference/swim/probes.ts'
import type { Suspicion } from '../../../impl/reference/swim/suspicion.ts'
import { folklore, swimMutant, type Mutant } from '../mutant.ts'

export const health: readonly Mutant[] = [
  swimMutant({
    name: 'timer-not-shortened',
    breaks: 'swim/confirmations-shorten',
    rule: 'Confirmations are counted, and the suspicion lasts as long as before.',
    seenIn: 'the Lifeguard paper',
    member: class extends SwimMember {
      protected override confirmedDeadline({ deadline }: Suspicion): Milliseconds {
        return deadline
      }
    },
  }),
  swimMutant({
    name: 'suspects-are-not-told',
    breaks: 'swim/tells-the-suspect',
    rule: 'A probe of a suspect carries what other messages carry.',
    seenIn: folklore,
    member: class extends SwimMember {
      protected override gossipForTarget(target: MemberRecord): readonly Update[] {
        return this.piggyback('ping', target.node)
      }
    },
  }),
  swimMutant({
    name: 'wants-no-nacks',
    breaks: 'swim/wants-nacks',
    rule: 'Helpers are not asked for nacks.',
    seenIn: folklore,
    member: class extends SwimMember {
      protected override wantsNacks(): boolean {
        return false
      }
    },
  }),
  swimMutant({
    name: 'sends-no-nacks',
    breaks: 'swim/sends-nacks',
    rule: 'A helper that hears nothing keeps silent, too.',
    seenIn: folklore,
    member: class extends SwimMember {
      protected override sendNack(): void {}
    },
  }),
  swimMutant({
    name: 'nacks-after-ack',
    breaks: 'swim/nacks-silence-only',
    rule: 'A helper sends its nack although it has passed on an ack.',
    seenIn: folklore,
    member: class extends SwimMember {
      protected override onRelayedAck(sequence: number): void {
        const relay = this.relays.get(sequence)
        super.onRelayedAck(sequence)
        if (relay?.wantsNack === true) this.sendNack(relay)
      }
    },
  }),
  swimMutant({
    name: 'nacks-unasked',
    breaks: 'swim/nacks-silence-only',
    rule: 'A nack is sent also for a request that does not ask for it.',
    seenIn: folklore,
    member: class extends SwimMember {
      protected override relaysDue(): void {
        const due = [...this.relays.values()].filter(({ deadline, wantsNack }) => deadline <= this.now && !wantsNack)
        super.relaysDue()
        for (const relay of due) this.sendNack(relay)
      }
    },
  }),
  swimMutant({
    name: 'nacks-early',
    breaks: 'swim/nacks-silence-only',
    rule: 'A helper waits half as long as it should before its nack.',
    seenIn: folklore,
    member: class extends SwimMember {
      protected override onIndirectPing(from: NodeId, view: View<'indirect-ping'>): void {
        super.onIndirectPing(from, view)
        const [sequence, relay] = [...this.relays].at(-1)!
        const early: Relay = { ...relay, deadline: this.now + (this.options.probeTimeout >> 1) }
        this.relays.set(sequence, early)
      }
    },
  }),
  swimMutant({
    name: 'score-falls-below-zero',
    breaks: 'swim/score-is-bounded',
    rule: 'A health score has no least value.',
    seenIn: folklore,
    member: class extends SwimMember {
      protected override changeScore(change: number): void {
        this.score = Math.min(this.score + change, this.options.awarenessMaxMultiplier - 1)
      }
      protected override probeDuration(): Milliseconds {
        return this.options.probeInterval * (Math.max(0, this.score) + 1)
      }
    },
  }),
  swimMutant({
    name: 'score-reaches-multiplier',
    breaks: 'swim/score-is-bounded',
    rule: 'A health score may reach the greatest multiplier.',
    seenIn: folklore,
    member: class extends SwimMember {
      protected override changeScore(change: number): void {
        this.score = Math.max(0, Math.min(this.score + change, this.options.awarenessMaxMultiplier))
      }
    },
  }),
  swimMutant({
    name: 'refutes-for-free',
    breaks: 'swim/refuting-costs',
    rule: 'A refutation leaves the health score as it was.',
    seenIn: folklore,
    member: class extends SwimMember {
      protected override refute(accused: number): void {
        const { score } = this
        super.refute(accused)
        this.score = score
      }
    },
  }),
  swimMutant({
    name: 'never-heals',
    breaks: 'swim/answers-heal',
    rule: 'An answered probe leaves the health score as it was.',
    seenIn: folklore,
    member: class extends SwimMember {
      protected override changeScore(change: number): void {
        if (change > 0) super.changeScore(change)
      }
    },
  }),
  swimMutant({
    name: 'failure-counts-beside-nacks',
    breaks: 'swim/silence-costs',
    rule: 'A failed probe costs one more than the nacks that are missing.',
    seenIn: folklore,
    member: class extends SwimMember {
      protected override penalty(probe: Probe): number {
        return super.penalty(probe) + (probe.nacksWanted > 0 ? 1 : 0)
      }
    },
  }),
  swimMutant({
    name: 'nacks-do-not-count',
    breaks: 'swim/silence-costs',
    rule: 'A failed probe costs as much as helpers were asked, whether they sent nacks or not.',
    seenIn: folklore,
    member: class extends SwimMember {
      protected override penalty({ nacksWanted }: Probe): number {
        return Math.max(1, nacksWanted)
      }
    },
  }),
]
