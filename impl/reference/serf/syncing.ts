/** All that two nodes know goes to and fro. [Serf] delegate.go LocalState, MergeRemoteState; serf.go reconnect */
import type { Message, Name, OutgoingMessage, StatusTime, UserEvent } from '../../../models/serf/vocabulary.ts'
import type { Milliseconds, NodeId } from '../../../models/vocabulary.ts'
import { never } from '../swim/never.ts'
import { QueryRules } from './queries.ts'
import type { MemberRecord, PendingJoin } from './records.ts'

export type PushPull = Extract<Message, { readonly left: readonly Name[] }>

export abstract class SyncRules extends QueryRules {
  protected readonly pushPullTicks = this.startTicker(this.options.pushPullInterval)
  protected readonly reconnectTicks = this.startTicker(this.options.reconnectInterval)
  protected joins: PendingJoin[] = []

  protected onPushPull({ from }: OutgoingMessage, view: PushPull): void {
    // Who asks is told what was known before.
    if (view.kind === 'push-pull') this.pushPull(from, 'push-pull-reply', view.join)
    const join = view.kind === 'push-pull-reply' && view.join ? this.takeJoin(from) : null
    this.merge(view, join?.ignoreOld === true)
    if (join === null) return
    this.announce()
    this.result(join.operation, 'ok', '')
  }

  protected pushPull(to: NodeId, kind: PushPull['kind'], join: boolean): void {
    this.send(to, this.localState(kind, join))
  }

  /** All that the node knows. */
  localState(kind: PushPull['kind'], join: boolean): PushPull {
    return {
      kind,
      join,
      memberTime: this.memberClock,
      eventTime: this.eventClock,
      queryTime: this.queryClock,
      members: this.toldMembers(),
      left: this.toldLeft(),
      events: this.toldEvents(),
    }
  }

  protected toldMembers(): StatusTime[] {
    return [...this.members.values()].map(({ name, time }) => ({ name, time }))
  }

  protected toldLeft(): Name[] {
    return [...this.members.values()].filter(({ status }) => status === 'left').map(({ name }) => name)
  }

  protected toldEvents(): UserEvent[] {
    return this.rememberedEvents()
  }

  protected merge(view: PushPull, ignoreOld: boolean): void {
    this.mergeClocks(view)
    this.mergeMembers(view)
    if (ignoreOld) this.ignoreBefore(view.eventTime)
    this.mergeEvents(view.events)
  }

  protected ignoreBefore(time: number): void {
    this.eventMinTime = Math.max(this.eventMinTime, time)
  }

  protected mergeEvents(events: readonly UserEvent[]): void {
    for (const event of events) this.onEvent(event, false)
  }

  /** Nothing of the time that a clock shows has been sent yet. */
  protected mergeClocks({ memberTime, eventTime, queryTime }: PushPull): void {
    if (memberTime > 0) this.witnessMember(memberTime - 1)
    if (eventTime > 0) this.witnessEvent(eventTime - 1)
    if (queryTime > 0) this.witnessQuery(queryTime - 1)
  }

  /** When somebody left is not told, only that it was later than the time of its last intent. */
  protected mergeMembers({ members, left }: PushPull): void {
    const times = new Map(members.map(({ name, time }) => [name, time]))
    for (const name of left) this.mergeLeft(name, times.get(name) ?? 0)
    for (const { name, time } of members) if (!left.includes(name)) this.mergeThere(name, time)
  }

  protected mergeLeft(name: Name, time: number): void {
    this.onLeaveIntent({ name, time: time + 1, prune: false })
  }

  protected mergeThere(name: Name, time: number): void {
    this.onJoinIntent({ name, time })
  }

  protected pushPullDue(): void {
    this.pushPullTicks.pass(this.now)
    for (const to of this.choose([...this.there], 1)) this.pushPull(to, 'push-pull', false)
  }

  // Joining

  private takeJoin(peer: NodeId): PendingJoin | null {
    const join = this.joins.find((each) => each.peer === peer)
    if (join === undefined) return null
    this.joins = this.joins.filter((each) => each !== join)
    return join
  }

  protected joinDeadline(): Milliseconds {
    return this.joins.reduce((least, { deadline }) => Math.min(least, deadline), never)
  }

  protected joinsTimeOut(): void {
    const late = this.joins.filter(({ deadline }) => deadline <= this.now)
    this.joins = this.joins.filter(({ deadline }) => deadline > this.now)
    for (const { operation } of late) this.result(operation, 'failed', 'no-answer')
  }

  // Reconnecting

  protected failed(): Name[] {
    return [...this.members.values()].filter(({ status }) => status === 'failed').map(({ name }) => name)
  }

  /** While nobody was missed, ticks went by unnoticed. */
  protected override goes(member: MemberRecord): void {
    if (this.failed().length === 0) this.reconnectTicks.pass(this.now)
    super.goes(member)
  }

  protected reconnectDeadline(): Milliseconds {
    return this.failed().length === 0 ? never : this.reconnectTicks.at
  }

  /** In all the cluster each of those who failed is tried once in an interval, as far as chance has it. */
  protected reconnectDue(): void {
    this.reconnectTicks.pass(this.now)
    const failed = this.failed()
    const gone = [...this.members.values()].filter(({ status }) => status === 'failed' || status === 'left').length
    const alive = Math.max(1, this.members.size - gone)
    if (this.chance.below(alive, this.now) >= failed.length) return
    for (const to of this.choose(this.reconnectsTo(), 1)) this.pushPull(to, 'push-pull', true)
  }

  protected reconnectsTo(): Name[] {
    return this.failed()
  }
}
