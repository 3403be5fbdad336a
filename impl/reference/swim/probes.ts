/** Who is probed, how others help, and what is made of silence. [SWIM] §3.1, §4.3; [Lifeguard] §IV.A; [ML] state.go */
import type { MemberRecord, StreamId, Update } from '../../../models/swim/vocabulary.ts'
import type { Milliseconds } from '../../../models/vocabulary.ts'
import { HelpingRules, type View } from './helping.ts'
import { type Entry, isGone } from './table.ts'

/** The probe that is under way; there is one at a time. */
export interface Probe {
  /** What was held of the one probed when it began. */
  readonly target: MemberRecord
  readonly sequence: number
  /** When others are asked to help. */
  readonly helpAt: Milliseconds
  /** When it has failed. */
  readonly deadline: Milliseconds
  hasHelp: boolean
  nacksWanted: number
  nacks: number
  /** 0 as long as it was not tried. */
  stream: StreamId
  answeredOnStream: boolean
}

export abstract class ProbeRules extends HelpingRules {
  protected readonly probeTicks = this.startTicker(this.options.probeInterval)
  protected probe: Probe | null = null
  /** Place in the table of whom to look at next. */
  protected place = 0

  /** While a probe is under way one tick waits for its end, and others are lost. */
  protected probeDeadline(): Milliseconds {
    const { probe } = this
    if (probe === null) return this.probeTicks.at
    return probe.hasHelp ? probe.deadline : probe.helpAt
  }

  protected probeDue(): void {
    const { probe } = this
    if (probe === null) this.probeTick()
    else if (probe.hasHelp) this.probeTimedOut(probe)
    else this.askForHelp(probe)
  }

  protected probeTick(): void {
    this.probeTicks.pass(this.now)
    const entry = this.nextToProbe()
    if (entry !== null) this.startProbe(entry)
  }

  // Whom to probe

  /** The next member in the order of the table; each place is looked at once. */
  protected nextToProbe(): Entry | null {
    for (let looked = 0; looked < this.table.size; looked++) {
      const entry = this.table.at(this.place)
      if (entry === undefined) this.startRound()
      else {
        this.place++
        if (this.isProbed(entry)) return entry
      }
    }
    return null
  }

  protected isProbed(entry: Entry): boolean {
    return entry !== this.own && !isGone(entry)
  }

  /** Every round has an order of its own; those that have been gone for long are forgotten. */
  protected startRound(): void {
    this.place = 0
    this.forget(this.table.reset((entry) => this.isForgotten(entry), this.now))
  }

  protected isForgotten(entry: Entry): boolean {
    return isGone(entry) && this.now - entry.changedAt > this.options.gossipToTheDead
  }

  // The probe

  protected startProbe({ record: target }: Entry): void {
    const sequence = this.nextSequence()
    const deadline = this.now + this.probeDuration()
    this.probe = {
      target,
      sequence,
      helpAt: Math.min(this.now + this.patience(), deadline),
      deadline,
      hasHelp: false,
      nacksWanted: 0,
      nacks: 0,
      stream: 0,
      answeredOnStream: false,
    }
    this.send(target.node, { kind: 'ping', sequence, target: target.node, gossip: this.gossipForTarget(target) })
  }

  /** How long a ping is waited for before others are asked to help; whatever the own health. */
  protected patience(): Milliseconds {
    return this.options.probeTimeout
  }

  /** Who does badly itself gives others more time. */
  protected probeDuration(): Milliseconds {
    return this.options.probeInterval * (this.score + 1)
  }

  /** Who is suspected is told so, and can refute it at once. */
  protected gossipForTarget(target: MemberRecord): readonly Update[] {
    return target.status === 'alive' ? this.piggyback('ping', target.node) : [this.accusation(target)]
  }

  protected accusation({ node, incarnation }: MemberRecord): Update {
    return { status: 'suspect', node, incarnation, from: this.name, address: '', meta: '' }
  }

  protected askForHelp(probe: Probe): void {
    probe.hasHelp = true
    const { sequence } = probe
    const target = probe.target.node
    const nack = this.wantsNacks()
    for (const { record } of this.helpers(probe)) {
      const gossip = this.piggyback('indirect-ping', target)
      if (nack) probe.nacksWanted++
      this.send(record.node, { kind: 'indirect-ping', sequence, target, nack, gossip })
    }
    if (this.options.streamPing) probe.stream = this.open(target, { kind: 'stream-ping', sequence, target })
  }

  /** Helpers that hear nothing say so: it shows whether they, and the own network, are well. */
  protected wantsNacks(): boolean {
    return true
  }

  protected helpers({ target }: Probe): readonly Entry[] {
    return this.table.pick(
      this.options.indirectChecks,
      this.now,
      (entry) => entry !== this.own && entry.record.node !== target.node && entry.record.status === 'alive',
    )
  }

  // Answers

  protected onAck({ sequence }: View<'ack' | 'nack'>): void {
    if (this.probe?.sequence === sequence) this.probeAnswered()
    else this.onRelayedAck(sequence)
  }

  protected onNack({ sequence }: View<'ack' | 'nack'>): void {
    if (this.probe?.sequence === sequence) this.probe.nacks++
  }

  /** Datagrams may still come: a stream decides only once the period is over. */
  protected onStreamAck(stream: StreamId, { sequence }: View<'stream-ack'>): void {
    const { probe } = this
    if (probe?.sequence === sequence && probe.stream === stream) probe.answeredOnStream = true
  }

  protected probeAnswered(): void {
    this.probe = null
    this.changeScore(-1)
  }

  protected probeTimedOut(probe: Probe): void {
    if (probe.answeredOnStream) return this.probeAnswered()
    this.probe = null
    this.onSuspect(this.accusation(probe.target))
    this.changeScore(this.penalty(probe))
  }

  /** How much worse the own health is: helpers that kept silent too, or the failure itself where there were none. */
  protected penalty({ nacksWanted, nacks }: Probe): number {
    return nacksWanted > 0 ? Math.max(0, nacksWanted - nacks) : 1
  }
}
