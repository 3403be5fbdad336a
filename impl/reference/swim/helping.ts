/** Answers to pings, and pings for others. [SWIM] §3.1; [Lifeguard] §IV.A nack; [ML] net.go */
import type { Message, OutgoingMessage } from '../../../models/swim/vocabulary.ts'
import type { Milliseconds, NodeId } from '../../../models/vocabulary.ts'
import { never } from './never.ts'
import { RecordRules } from './records.ts'

export type View<Kind extends Message['kind']> = Extract<Message, { readonly kind: Kind }>

/** A ping that was sent for another one. */
export interface Relay {
  readonly requester: NodeId
  /** Number by which it asked, and is answered. */
  readonly requested: number
  readonly wantsNack: boolean
  readonly deadline: Milliseconds
}

export abstract class HelpingRules extends RecordRules {
  /** By the number of the ping; all last equally long, so that the oldest ends first. */
  protected readonly relays = new Map<number, Relay>()

  protected isForMe({ target }: View<'ping' | 'stream-ping'>): boolean {
    return target === this.name
  }

  protected onPing(from: NodeId, view: View<'ping'>): void {
    if (this.isForMe(view)) this.acknowledge(from, view.sequence)
  }

  protected acknowledge(to: NodeId, sequence: number): void {
    this.send(to, { kind: 'ack', sequence, gossip: this.piggyback('ack') })
  }

  protected onStreamPing({ from, stream }: OutgoingMessage, view: View<'stream-ping'>): void {
    if (this.isForMe(view)) this.send(from, { kind: 'stream-ack', sequence: view.sequence }, stream)
  }

  protected onIndirectPing(from: NodeId, { sequence: requested, target, nack }: View<'indirect-ping'>): void {
    const sequence = this.nextSequence()
    const deadline = this.now + this.options.probeTimeout
    this.relays.set(sequence, { requester: from, requested, wantsNack: nack, deadline })
    this.send(target, { kind: 'ping', sequence, target, gossip: this.piggyback('ping', target) })
  }

  protected nextSequence(): number {
    return ++this.sequence
  }

  /** The answer to a ping for another one is passed on once. */
  protected onRelayedAck(sequence: number): void {
    const relay = this.relays.get(sequence)
    if (relay === undefined) return
    this.relays.delete(sequence)
    this.acknowledge(relay.requester, relay.requested)
  }

  protected relayDeadline(): Milliseconds {
    for (const { deadline } of this.relays.values()) return deadline
    return never
  }

  protected relaysDue(): void {
    for (const [sequence, relay] of this.relays) {
      if (relay.deadline > this.now) return
      this.relays.delete(sequence)
      if (relay.wantsNack) this.sendNack(relay)
    }
  }

  /** Says that it is there itself, though whom it pinged is silent. */
  protected sendNack({ requester, requested }: Relay): void {
    this.send(requester, { kind: 'nack', sequence: requested, gossip: this.piggyback('nack') })
  }
}
