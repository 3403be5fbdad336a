/** Mutants of probes, of their answers and of helpers. */
import type { OutgoingMessage } from '../../../models/swim/vocabulary.ts'
import type { Milliseconds, NodeId } from '../../../models/vocabulary.ts'
import type { Relay, View } from '../../../impl/reference/swim/helping.ts'
import { SwimMember } from '../../../impl/reference/swim/member.ts'
import type { Probe } from '../../../impl/reference/swim/probes.ts'
import type { Entry } from '../../../impl/reference/swim/table.ts'
import { folklore, swimMutant, type Mutant } from '../mutant.ts'

export const probing: readonly Mutant[] = [
  // Whom and when

  swimMutant({
    name: 'probes-the-gone',
    breaks: 'swim/probes-members',
    rule: 'Members that are gone are probed like others.',
    seenIn: folklore,
    member: class extends SwimMember {
      protected override isProbed(entry: Entry): boolean {
        return entry !== this.own
      }
    },
  }),
  swimMutant({
    name: 'probes-itself',
    breaks: 'swim/probes-members',
    rule: 'A member probes itself in its turn.',
    seenIn: folklore,
    member: class extends SwimMember {
      protected override isProbed(entry: Entry): boolean {
        return entry === this.own || super.isProbed(entry)
      }
    },
  }),
  swimMutant({
    name: 'sequence-wraps',
    breaks: 'swim/sequences-differ',
    rule: 'Numbers of pings begin again after eight.',
    seenIn: folklore,
    member: class extends SwimMember {
      protected override nextSequence(): number {
        return (super.nextSequence() % 8) + 1
      }
    },
  }),
  swimMutant({
    name: 'helper-keeps-number',
    breaks: 'swim/sequences-differ',
    rule: 'A helper pings by the number of the request.',
    seenIn: folklore,
    also: {
      'swim/passes-on-acks': 'Two requests of one number share one ping: one of them stays without its ack.',
      'swim/acks-pings-only': 'Two requests of one number share one ping: an ack goes to the wrong requester.',
    },
    member: class extends SwimMember {
      private request: number | null = null
      protected override onIndirectPing(from: NodeId, view: View<'indirect-ping'>): void {
        this.request = view.sequence
        super.onIndirectPing(from, view)
        this.request = null
      }
      protected override nextSequence(): number {
        return this.request ?? super.nextSequence()
      }
    },
  }),
  swimMutant({
    name: 'probes-when-answered',
    breaks: 'swim/probes-once-per-period',
    rule: 'An ack is followed by the next probe at once.',
    seenIn: folklore,
    member: class extends SwimMember {
      protected override probeAnswered(): void {
        super.probeAnswered()
        if (this.now > 0) this.probeTicks.at = this.now + 100
      }
    },
  }),
  swimMutant({
    name: 'waits-for-a-lost-stream',
    breaks: 'swim/probes-every-period',
    rule: 'A probe that was answered on a stream is never ended.',
    seenIn: folklore,
    member: class extends SwimMember {
      protected override probeDeadline(): Milliseconds {
        return this.probe?.answeredOnStream === true ? Number.MAX_SAFE_INTEGER : super.probeDeadline()
      }
    },
  }),
  swimMutant({
    name: 'probes-every-fifth-period',
    breaks: 'swim/probes-every-period',
    rule: 'A member probes in every fifth period.',
    seenIn: folklore,
    also: { 'swim/finds-the-dead': 'Fewer probes take longer to find who crashed.' },
    member: class extends SwimMember {
      private ticks = 0
      protected override startProbe(entry: Entry): void {
        if (this.ticks++ % 5 === 0) super.startProbe(entry)
      }
    },
  }),
  swimMutant({
    name: 'probes-the-first',
    breaks: 'swim/probes-round-robin',
    rule: 'Each probe goes to the first of the table that can be probed.',
    seenIn: folklore,
    also: { 'swim/finds-the-dead': 'Nobody probes whom nobody has at the head of its table.' },
    member: class extends SwimMember {
      protected override nextToProbe(): Entry | null {
        this.place = 0
        return super.nextToProbe()
      }
    },
  }),
  swimMutant({
    name: 'probes-at-random',
    breaks: 'swim/probes-round-robin',
    rule: 'Each probe goes to a random member.',
    seenIn: folklore,
    member: class extends SwimMember {
      protected override nextToProbe(): Entry | null {
        return this.table.pick(1, this.now, (entry) => this.isProbed(entry))[0] ?? super.nextToProbe()
      }
    },
  }),

  // Answers

  swimMutant({
    name: 'leaver-is-silent',
    breaks: 'swim/answers-pings',
    rule: 'A member that leaves does not answer pings any more.',
    seenIn: folklore,
    member: class extends SwimMember {
      protected override isForMe(view: View<'ping' | 'stream-ping'>): boolean {
        return !this.leaving && super.isForMe(view)
      }
    },
  }),
  swimMutant({
    name: 'ignores-strangers',
    breaks: 'swim/answers-pings',
    rule: 'A ping from a member that is not known is not answered.',
    seenIn: folklore,
    member: class extends SwimMember {
      protected override onPing(from: NodeId, view: View<'ping'>): void {
        if (this.table.get(from) !== undefined) super.onPing(from, view)
      }
    },
  }),
  swimMutant({
    name: 'stream-ping-unanswered',
    breaks: 'swim/answers-pings',
    rule: 'A ping on a stream is not answered.',
    seenIn: folklore,
    member: class extends SwimMember {
      protected override onStreamPing(_message: OutgoingMessage, _view: View<'stream-ping'>): void {}
    },
  }),
  swimMutant({
    name: 'answers-for-others',
    breaks: 'swim/ignores-foreign-pings',
    rule: 'A ping is answered whomever it names.',
    seenIn: folklore,
    member: class extends SwimMember {
      protected override isForMe(): boolean {
        return true
      }
    },
  }),
  swimMutant({
    name: 'helper-answers-at-once',
    breaks: 'swim/acks-pings-only',
    rule: 'A helper that holds the target for alive acknowledges a request without a ping.',
    seenIn: folklore,
    also: { 'swim/pings-for-others': 'The ping that was asked for is not sent.' },
    member: class extends SwimMember {
      protected override onIndirectPing(from: NodeId, view: View<'indirect-ping'>): void {
        if (this.table.get(view.target)?.record.status === 'alive') this.acknowledge(from, view.sequence)
        else super.onIndirectPing(from, view)
      }
    },
  }),
  swimMutant({
    name: 'passes-on-late-acks',
    breaks: 'swim/acks-pings-only',
    rule: 'A helper passes on an ack however late it comes.',
    seenIn: folklore,
    member: class extends SwimMember {
      private readonly late = new Map<number, Relay>()
      protected override relaysDue(): void {
        for (const [sequence, relay] of this.relays) if (relay.deadline <= this.now) this.late.set(sequence, relay)
        super.relaysDue()
      }
      protected override onRelayedAck(sequence: number): void {
        const relay = this.late.get(sequence)
        this.late.delete(sequence)
        if (relay === undefined) super.onRelayedAck(sequence)
        else this.acknowledge(relay.requester, relay.requested)
      }
    },
  }),
  swimMutant({
    name: 'acknowledges-by-own-number',
    breaks: 'swim/acks-pings-only',
    rule: 'A helper passes on an ack by the number of its own ping.',
    seenIn: folklore,
    also: { 'swim/passes-on-acks': 'The ack that was asked for is not sent.' },
    member: class extends SwimMember {
      protected override onRelayedAck(sequence: number): void {
        const relay = this.relays.get(sequence)
        if (relay !== undefined) this.relays.set(sequence, { ...relay, requested: sequence })
        super.onRelayedAck(sequence)
      }
    },
  }),

  // Helpers

  swimMutant({
    name: 'helps-the-living-only',
    breaks: 'swim/pings-for-others',
    rule: 'A helper does not ping whom it suspects or holds for gone.',
    seenIn: folklore,
    member: class extends SwimMember {
      protected override onIndirectPing(from: NodeId, view: View<'indirect-ping'>): void {
        if (this.table.get(view.target)?.record.status === 'alive') super.onIndirectPing(from, view)
      }
    },
  }),
  swimMutant({
    name: 'helper-keeps-acks',
    breaks: 'swim/passes-on-acks',
    rule: 'A helper does not pass on acks.',
    seenIn: folklore,
    member: class extends SwimMember {
      protected override onRelayedAck(sequence: number): void {
        this.relays.delete(sequence)
      }
    },
  }),
  swimMutant({
    name: 'asks-helpers-early',
    breaks: 'swim/asks-helpers',
    rule: 'Helpers are asked after half of the probe timeout.',
    seenIn: folklore,
    member: class extends SwimMember {
      protected override patience(): Milliseconds {
        return super.patience() >> 1
      }
    },
  }),
  swimMutant({
    name: 'asks-about-another',
    breaks: 'swim/asks-helpers',
    rule: 'Helpers are asked about another member than the target.',
    seenIn: folklore,
    member: class extends SwimMember {
      protected override askForHelp(probe: Probe): void {
        const other = this.table.pick(1, this.now, ({ record }) => record.node !== probe.target.node)[0]
        super.askForHelp(other === undefined ? probe : { ...probe, target: other.record })
        probe.hasHelp = true
      }
    },
  }),
  swimMutant({
    name: 'target-helps',
    breaks: 'swim/helpers-are-others',
    rule: 'The target is among the helpers that are drawn.',
    seenIn: folklore,
    member: class extends SwimMember {
      protected override helpers(): readonly Entry[] {
        const isHelper = (entry: Entry): boolean => entry !== this.own && entry.record.status === 'alive'
        return this.table.pick(this.options.indirectChecks, this.now, isHelper)
      }
    },
  }),
  swimMutant({
    name: 'gone-help',
    breaks: 'swim/helpers-are-others',
    rule: 'Members that are gone are asked to help.',
    seenIn: folklore,
    member: class extends SwimMember {
      protected override helpers({ target }: Probe): readonly Entry[] {
        const isHelper = (entry: Entry): boolean => entry !== this.own && entry.record.node !== target.node
        return this.table.pick(this.options.indirectChecks, this.now, isHelper)
      }
    },
  }),
  swimMutant({
    name: 'one-helper-too-many',
    breaks: 'swim/helpers-are-bounded',
    rule: 'One helper more than the setting says is asked.',
    seenIn: folklore,
    member: class extends SwimMember {
      protected override helpers(probe: Probe): readonly Entry[] {
        const all = this.table.size
        const isHelper = ({ record }: Entry): boolean =>
          record.node !== this.name && record.node !== probe.target.node && record.status === 'alive'
        return this.table.pick(all, this.now, isHelper).slice(0, this.options.indirectChecks + 1)
      }
    },
  }),
  swimMutant({
    name: 'stream-ping-first',
    breaks: 'swim/stream-ping-is-last',
    rule: 'A target is pinged on a stream at once.',
    seenIn: folklore,
    member: class extends SwimMember {
      protected override startProbe(entry: Entry): void {
        super.startProbe(entry)
        const { node: target } = entry.record
        const { sequence } = this.probe!
        if (this.options.streamPing) this.open(target, { kind: 'stream-ping', sequence, target })
      }
    },
  }),
  swimMutant({
    name: 'stream-ping-unasked',
    breaks: 'swim/stream-ping-is-last',
    rule: 'A target is pinged on a stream although the setting does not ask for it.',
    seenIn: folklore,
    member: class extends SwimMember {
      protected override askForHelp(probe: Probe): void {
        super.askForHelp(probe)
        const { sequence } = probe
        const target = probe.target.node
        if (probe.stream === 0) probe.stream = this.open(target, { kind: 'stream-ping', sequence, target })
      }
    },
  }),
]
