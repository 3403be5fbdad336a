/** Events of users: each is told to the application once, and remembered for those who were not there. [Serf] serf.go handleUserEvent */
import type { Broadcast, Time, UserEvent } from '../../../models/serf/vocabulary.ts'
import { MemberRules } from './members.ts'
import type { EventSlot } from './records.ts'

export abstract class EventRules extends MemberRules {
  /** By time, modulo their number. */
  protected readonly eventSlots = new Map<number, EventSlot>()
  /** What is older is none of its business. */
  protected eventMinTime: Time = 0

  /** Returns whether it was news. */
  protected onEvent(event: UserEvent, coalesce: boolean): boolean {
    this.witnessEvent(event.time)
    if (event.time < this.eventMinTime) return false
    if (this.isOldEvent(event.time)) return false
    if (!this.remember(event)) return false
    this.deliver(event, coalesce)
    return true
  }

  protected isOldEvent(time: Time): boolean {
    return this.isTooOld(time, this.eventClock, this.options.eventBuffer)
  }

  /** Older than all that may be remembered. */
  protected isTooOld(time: Time, clock: Time, buffer: number): boolean {
    return clock > buffer && time < clock - buffer
  }

  /** Returns whether it was not known. */
  protected remember({ time, name, payload }: UserEvent): boolean {
    const place = time % this.options.eventBuffer
    let slot = this.eventSlots.get(place)
    if (slot?.time !== time) this.eventSlots.set(place, (slot = { time, events: [] }))
    if (slot.events.some((event) => event.name === name && event.payload === payload)) return false
    slot.events.push({ time, name, payload })
    return true
  }

  protected deliver({ time, name, payload }: UserEvent, coalesce: boolean): void {
    this.notify({ type: 'event', time, name, payload, coalesce })
  }

  protected rememberedEvents(): UserEvent[] {
    return [...this.eventSlots.values()].flatMap(({ events }) => events)
  }

  /** Sends one of its own; false if it is too large. */
  protected sendEvent(name: string, payload: string, coalesce: boolean): boolean {
    if (this.isTooLarge(name, payload, this.options.eventSizeLimit)) return false
    const event: Extract<Broadcast, { readonly type: 'event' }> = {
      type: 'event',
      time: this.eventClock,
      name,
      payload,
      coalesce,
    }
    this.onEvent(event, coalesce)
    this.queue(event)
    return true
  }

  protected isTooLarge(name: string, payload: string, limit: number): boolean {
    return Buffer.byteLength(name) + Buffer.byteLength(payload) > limit
  }
}
