/** What becomes of members when somebody says that they join or leave, and when they come and go. [Serf] serf.go */
import type { Broadcast, Intent, Name, Time } from '../../../models/serf/vocabulary.ts'
import type { Milliseconds } from '../../../models/vocabulary.ts'
import { never } from '../swim/never.ts'
import { GossipRules } from './gossip.ts'
import type { IntentRecord, MemberRecord } from './records.ts'

type Joining = Extract<Broadcast, { readonly type: 'join' }>
type Leaving = Extract<Broadcast, { readonly type: 'leave' }>

export abstract class MemberRules extends GossipRules {
  /** One of the instants at which it is looked for what is old; the others follow periodically. */
  protected readonly reapPhase = this.startTicker(this.options.reapInterval).at

  /** Ticks up to then are over. */
  private lookedAt = this.now

  // Intents. Each returns whether it was news.

  protected onJoinIntent({ name, time }: Omit<Joining, 'type'>): boolean {
    this.witnessMember(time)
    const member = this.members.get(name)
    if (member === undefined) return this.buffer({ name, intent: 'join', time })
    if (!this.isNewer(time, member)) return false
    this.noteTime(member, time)
    if (member.status === 'leaving') this.stays(member)
    return true
  }

  protected onLeaveIntent({ name, time, prune }: Omit<Leaving, 'type'>): boolean {
    this.witnessMember(time)
    const member = this.members.get(name)
    if (member === undefined) return this.buffer({ name, intent: 'leave', time })
    if (!this.isNewer(time, member)) return false
    if (this.isLie(name)) {
      this.refute()
      return false
    }
    this.noteTime(member, time)
    this.leads(member)
    if (prune) this.prune(member)
    return true
  }

  protected isNewer(time: Time, member: MemberRecord): boolean {
    return time > member.time
  }

  protected noteTime(member: MemberRecord, time: Time): void {
    member.time = time
    this.noteMember(member.name)
  }

  /** The node itself knows best whether it leaves. */
  protected isLie(name: Name): boolean {
    return name === this.name && this.phase === 'alive'
  }

  protected refute(): void {
    this.announce()
  }

  /** Says that it is there, later than anything that it has heard. */
  protected announce(): void {
    const intent = { name: this.name, time: this.memberClock }
    this.onJoinIntent(intent)
    this.queue({ type: 'join', ...intent })
  }

  /** The leave that was said must have been of an older time. */
  protected stays(member: MemberRecord): void {
    member.status = 'alive'
    member.pruneAt = never
    this.noteMember(member.name)
  }

  protected leads(member: MemberRecord): void {
    if (member.status === 'alive') this.setStatus(member, 'leaving')
    else if (member.status === 'failed') {
      this.setStatus(member, 'left')
      // It may be old enough for that by now, and waits for the next tick.
      this.lookedAt = this.now
      this.notify({ type: 'member', event: 'leave', name: member.name })
    }
  }

  protected setStatus(member: MemberRecord, status: MemberRecord['status']): void {
    member.status = status
    this.noteMember(member.name)
  }

  /** Who is gone is forgotten at once; who still has to go is given the time for it. */
  protected prune(member: MemberRecord): void {
    if (member.status !== 'leaving') return this.erase(member)
    const { broadcastTimeout, leavePropagateDelay } = this.options
    member.pruneAt = this.now + broadcastTimeout + leavePropagateDelay
  }

  protected erase({ name }: MemberRecord): void {
    this.members.delete(name)
    this.noteMember(name)
    this.notify({ type: 'member', event: 'reap', name })
  }

  /** Of who is not known the newest intent is remembered. */
  protected buffer({ name, intent, time }: Intent): boolean {
    const known = this.intents.get(name)
    if (known !== undefined && !this.isNewerIntent(time, known)) return false
    this.intents.set(name, { intent, time, since: this.now })
    this.noteIntent(name)
    return true
  }

  protected isNewerIntent(time: Time, known: IntentRecord): boolean {
    return time > known.time
  }

  // From below

  protected onUp(name: Name, tags: string): void {
    this.there.add(name)
    const known = this.members.get(name)
    if (known === undefined) this.meet(name, tags)
    else this.returns(known, tags)
    this.noteMember(name)
    this.notify({ type: 'member', event: 'join', name })
  }

  protected meet(name: Name, tags: string): void {
    const member = { ...this.newMember(name), tags }
    this.members.set(name, member)
    const said = this.intents.get(name)
    if (said === undefined) return
    member.time = said.time
    if (said.intent === 'leave') member.status = 'leaving'
  }

  protected returns(member: MemberRecord, tags: string): void {
    member.status = 'alive'
    member.tags = tags
    member.goneAt = never
    member.pruneAt = never
  }

  protected onDown(name: Name): void {
    this.there.delete(name)
    const member = this.members.get(name)
    if (member === undefined || !this.isThere(member)) return
    this.goes(member)
  }

  protected isThere({ status }: MemberRecord): boolean {
    return status === 'alive' || status === 'leaving'
  }

  protected goes(member: MemberRecord): void {
    const left = this.hasSaidSo(member)
    this.setStatus(member, left ? 'left' : 'failed')
    member.goneAt = this.now
    this.notify({ type: 'member', event: left ? 'leave' : 'failed', name: member.name })
  }

  protected hasSaidSo({ status }: MemberRecord): boolean {
    return status === 'leaving'
  }

  protected onUpdate(name: Name, tags: string): void {
    const member = this.members.get(name)
    if (member === undefined) return
    member.tags = tags
    this.noteMember(name)
    this.notify({ type: 'member', event: 'update', name })
  }

  // Age

  /** From when on it is forgotten. */
  protected ageOf({ status, goneAt }: MemberRecord): Milliseconds {
    if (goneAt === never) return never
    return goneAt + 1 + (status === 'left' ? this.options.tombstoneTimeout : this.options.reconnectTimeout)
  }

  protected ageOfIntent({ since }: IntentRecord): Milliseconds {
    return since + 1 + this.options.recentIntentTimeout
  }

  /** The first tick at which something is old enough. */
  protected reapDeadline(): Milliseconds {
    let next = never
    for (const member of this.members.values()) next = Math.min(next, this.ageOf(member))
    for (const intent of this.intents.values()) next = Math.min(next, this.ageOfIntent(intent))
    if (next === never) return never
    const { reapInterval } = this.options
    next = Math.max(next, this.lookedAt + 1)
    return this.reapPhase + Math.ceil(Math.max(0, next - this.reapPhase) / reapInterval) * reapInterval
  }

  protected reap(): void {
    this.lookedAt = this.now
    for (const member of [...this.members.values()]) if (this.ageOf(member) <= this.now) this.erase(member)
    for (const [name, intent] of [...this.intents]) {
      if (this.ageOfIntent(intent) > this.now) continue
      this.intents.delete(name)
      this.noteIntent(name)
    }
  }

  protected pruneDeadline(): Milliseconds {
    let next = never
    for (const { pruneAt } of this.members.values()) next = Math.min(next, pruneAt)
    return next
  }

  protected pruneDue(): void {
    for (const member of [...this.members.values()]) if (member.pruneAt <= this.now) this.erase(member)
  }
}
