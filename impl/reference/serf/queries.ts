/** Queries: some are asked, and those who are asked answer to who asks. [Serf] serf.go handleQuery, query.go */
import type { Broadcast, Name, Operation, Response, Time } from '../../../models/serf/vocabulary.ts'
import type { Milliseconds } from '../../../models/vocabulary.ts'
import { never } from '../swim/never.ts'
import { EventRules } from './events.ts'
import type { OpenQuery, QuerySlot, Unanswered } from './records.ts'

type Query = Extract<Broadcast, { readonly type: 'query' }>

export abstract class QueryRules extends EventRules {
  /** By time, modulo their number. */
  protected readonly querySlots = new Map<number, QuerySlot>()
  /** By time and identifier. */
  protected readonly unanswered = new Map<string, Unanswered>()
  /** Its own, by their time. */
  protected readonly openQueries = new Map<Time, OpenQuery>()

  /** Returns whether it was news. */
  protected onQuery(query: Query): boolean {
    this.witnessQuery(query.time)
    if (this.isOldQuery(query.time)) return false
    if (!this.rememberQuery(query)) return false
    if (this.isAsked(query)) this.take(query)
    return true
  }

  protected isOldQuery(time: Time): boolean {
    return this.isTooOld(time, this.queryClock, this.options.queryBuffer)
  }

  /** Returns whether it was not known. */
  protected rememberQuery({ time, id }: Query): boolean {
    const place = time % this.options.queryBuffer
    let slot = this.querySlots.get(place)
    if (slot?.time !== time) this.querySlots.set(place, (slot = { time, ids: new Set() }))
    if (slot.ids.has(id)) return false
    slot.ids.add(id)
    return true
  }

  protected isAsked({ nodes }: Query): boolean {
    return nodes.length === 0 || nodes.includes(this.name)
  }

  protected take(query: Query): void {
    const { time, id, source, relay, timeout, name, payload } = query
    if (query.ack) this.acknowledge(query)
    this.unanswered.set(`${time} ${id}`, { source, relay, deadline: this.now + timeout })
    this.notify({ type: 'query', time, id, source, name, payload })
  }

  protected acknowledge({ time, id, source, relay }: Query): void {
    this.reply(source, relay, { time, id, from: this.name, ack: true, payload: '' })
  }

  /** The application answers, which it may do once and in time. */
  protected respondTo(time: Time, id: number, payload: string): void {
    const key = `${time} ${id}`
    const query = this.unanswered.get(key)
    if (query === undefined || this.isLate(query)) return
    this.answered(key)
    this.reply(query.source, query.relay, { time, id, from: this.name, ack: false, payload })
  }

  protected isLate({ deadline }: Unanswered): boolean {
    return this.now > deadline
  }

  protected answered(key: string): void {
    this.unanswered.delete(key)
  }

  /** To who asks, and through some others, in case that is lost. */
  protected reply(source: Name, relay: number, response: Response): void {
    if (source === this.name) this.onResponse(response)
    else this.send(source, { kind: 'response', ...response })
    for (const to of this.relays(relay)) this.send(to, { kind: 'relay', to: source, response })
  }

  protected relays(relay: number): Name[] {
    if (this.members.size < relay + 1) return []
    const alive = [...this.members.values()].filter(({ name, status }) => status === 'alive' && name !== this.name)
    return this.choose(
      alive.map(({ name }) => name),
      relay,
    )
  }

  protected forward(to: Name, response: Response): void {
    if (to === this.name) this.onResponse(response)
    else this.send(to, { kind: 'response', ...response })
  }

  /** Each answers once, as far as the application is told. */
  protected onResponse(response: Response): void {
    const query = this.openQueries.get(response.time)
    if (query === undefined || !this.isAnswerTo(response, query)) return
    if (response.ack && !query.wantsAcks) return
    const heard = response.ack ? query.acks : query.responses
    if (this.hasHeard(heard, response)) return
    heard.add(response.from)
    const { time, id, from, ack, payload } = response
    this.notify({ type: 'response', time, id, from, ack, payload })
  }

  protected isAnswerTo({ id }: Response, query: OpenQuery): boolean {
    return id === query.id
  }

  protected hasHeard(heard: ReadonlySet<Name>, { from }: Response): boolean {
    return heard.has(from)
  }

  /** Sends one of its own; false if it is too large. */
  protected sendQuery(operation: number, asked: Extract<Operation, { readonly type: 'query' }>): boolean {
    const { name, payload, nodes, ack, relay } = asked
    if (this.isTooLarge(name, payload, this.options.querySizeLimit)) return false
    const time = this.queryClock
    const id = this.newId()
    const timeout = asked.timeout === 0 ? this.defaultTimeout() : asked.timeout
    const query: Query = { type: 'query', time, id, source: this.name, nodes, ack, relay, timeout, name, payload }
    const deadline = this.now + timeout
    this.openQueries.set(time, { operation, id, deadline, wantsAcks: ack, acks: new Set(), responses: new Set() })
    this.onQuery(query)
    this.queue(query)
    return true
  }

  protected newId(): number {
    return this.chance.below(2 ** 31, this.now)
  }

  /** [Serf] DefaultQueryTimeout */
  protected defaultTimeout(): Milliseconds {
    const { gossipInterval, queryTimeoutMult } = this.options
    return gossipInterval * queryTimeoutMult * Math.ceil(Math.log10(this.there.size + 2))
  }

  protected queryDeadline(): Milliseconds {
    let next = never
    for (const { deadline } of this.openQueries.values()) next = Math.min(next, deadline)
    return next
  }

  protected queriesEnd(): void {
    for (const [time, { deadline, operation }] of [...this.openQueries]) {
      if (deadline > this.now) continue
      this.openQueries.delete(time)
      this.result(operation, 'ok', '')
    }
  }
}
