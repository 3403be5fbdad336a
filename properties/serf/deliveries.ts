/**
 * What a step ought to deliver to a node's application, and to who asks: events, queries, answers. It is computed word by
 * word; what the step did deliver is compared with it.
 */
import * as rules from '../../models/serf/rules.ts'
import type {
  Broadcast,
  Name,
  Notice,
  OutgoingMessage,
  Response,
  Time,
  UserEvent,
} from '../../models/serf/vocabulary.ts'
import type { Cluster } from './cluster.ts'
import { answerKey, eventKey, type Node, queryKey, type SeenMember } from './node.ts'
import { R } from './requirements.ts'

type Members = ReadonlyMap<Name, SeenMember>
type Query = Extract<Broadcast, { readonly type: 'query' }>
type EventNotice = Extract<Notice, { readonly type: 'event' }>
type QueryNotice = Extract<Notice, { readonly type: 'query' }>
type ResponseNotice = Extract<Notice, { readonly type: 'response' }>

/** Something that ought to be delivered, and the requirement that says so. */
interface Due {
  readonly key: string
  readonly rule: number
  /** It may also be left out: it is due at the very end of its time. */
  readonly optional: boolean
}

interface DueAnswer extends Due {
  readonly to: Name
  readonly response: Response
  readonly relay: number
  /** It is another's, and passed on. */
  readonly forwarded: boolean
}

export class Deliveries {
  /** Greatest times that were seen. */
  eventTime: Time = -1
  queryTime: Time = -1
  private readonly cluster: Cluster
  private readonly node: Node
  private eventClock: Time
  private queryClock: Time
  private readonly events: (Due & { readonly coalesce: boolean })[] = []
  private readonly queries: Due[] = []
  private readonly answers: DueAnswer[] = []
  private readonly shown: Due[] = []
  /** By what is not to be delivered: why. */
  private readonly refused = new Map<string, number>()

  constructor(cluster: Cluster, node: Node) {
    this.cluster = cluster
    this.node = node
    this.eventClock = node.eventClock
    this.queryClock = node.queryClock
  }

  private refuse(key: string, rule: number): false {
    this.refused.set(key, rule)
    this.cluster.tested[rule]!++
    return false
  }

  /** Clocks that a push/pull tells. */
  seeClocks(eventTime: Time, queryTime: Time): void {
    this.seeEvent(eventTime - 1)
    this.seeQuery(queryTime - 1)
  }

  private seeEvent(time: Time): void {
    this.eventTime = Math.max(this.eventTime, time)
    this.eventClock = rules.witness(this.eventClock, time)
  }

  private seeQuery(time: Time): void {
    this.queryTime = Math.max(this.queryTime, time)
    this.queryClock = rules.witness(this.queryClock, time)
  }

  // Events

  /** Returns whether it is news. `repeated`: it came with all other events that somebody remembers. */
  tellEvent(event: UserEvent, coalesce: boolean, repeated: boolean): boolean {
    const { node } = this
    const key = eventKey(event)
    this.seeEvent(event.time)
    if (event.time < node.eventMinTime) return this.refuse(key, R.joinIgnoresOld)
    const { eventBuffer } = this.cluster.options
    if (rules.isTooOld(event.time, this.eventClock, eventBuffer)) return this.refuse(key, R.ignoresOldEvents)
    if (node.events.has(event.time, key)) return this.refuse(key, R.deliversEventsOnce)
    node.events.add(event.time, key)
    this.events.push({ key, coalesce, rule: repeated ? R.repeatsEvents : R.deliversEvents, optional: false })
    return true
  }

  /** Its own event, at a time that it chose. */
  sendEvent(event: UserEvent, coalesce: boolean): void {
    const key = eventKey(event)
    this.node.events.add(event.time, key)
    this.events.push({ key, coalesce, rule: R.deliversEvents, optional: false })
  }

  judgeEvents(told: readonly EventNotice[]): void {
    const { cluster, node } = this
    for (const notice of told) {
      const key = eventKey(notice)
      const at = this.events.findIndex((due) => due.key === key)
      const text = `tells its application of event ${key}`
      if (at < 0) cluster.fail(this.refused.get(key) ?? R.deliversEvents, node, text, 'nothing')
      else {
        const [{ coalesce, rule }] = this.events.splice(at, 1) as [(typeof this.events)[number]]
        cluster.tested[rule]!++
        if (coalesce !== notice.coalesce)
          cluster.fail(rule, node, `${text}, coalesce ${notice.coalesce}`, `${coalesce}`)
      }
      node.delivered.add(key)
    }
    this.failMissing(this.events, 'event')
  }

  private failMissing(dues: readonly Due[], what: string): void {
    for (const { key, rule, optional } of dues) {
      if (!optional) this.cluster.fail(rule, this.node, `does not deliver ${what} ${key}`, 'that it is delivered')
    }
  }

  // Queries

  /** Returns whether it is news. */
  tellQuery(query: Query): boolean {
    const { node } = this
    const key = queryKey(query)
    this.seeQuery(query.time)
    const { queryBuffer } = this.cluster.options
    if (rules.isTooOld(query.time, this.queryClock, queryBuffer)) return this.refuse(key, R.ignoresOldQueries)
    if (node.queries.has(query.time, key)) return this.refuse(key, R.deliversQueriesOnce)
    node.queries.add(query.time, key)
    if (query.nodes.length > 0 && !query.nodes.includes(node.id)) this.refuse(key, R.asksThoseNamed)
    else this.ask(query)
    return true
  }

  /** The application is asked, and the arrival acknowledged. */
  ask({ time, id, source, relay, timeout, ack, nodes }: Query): void {
    const { node } = this
    const key = queryKey({ time, id })
    node.unanswered.set(key, { source, relay, deadline: node.now + timeout, answered: false })
    const rule = nodes.length > 0 ? R.asksThoseNamed : R.deliversQueries
    this.queries.push({ key, rule, optional: false })
    if (ack) this.answer(source, { time, id, from: node.id, ack: true, payload: '' }, relay, R.acksQueries, false)
  }

  judgeQueries(told: readonly QueryNotice[]): void {
    const { cluster, node } = this
    for (const { time, id, name } of told) {
      const key = queryKey({ time, id })
      const at = this.queries.findIndex((due) => due.key === key)
      if (at >= 0) cluster.tested[this.queries.splice(at, 1)[0]!.rule]!++
      else {
        const text = `tells its application of query ${key} "${name}"`
        cluster.fail(this.refused.get(key) ?? R.deliversQueries, node, text, 'nothing')
      }
    }
    this.failMissing(this.queries, 'query')
  }

  // Answers

  private answer(to: Name, response: Response, relay: number, rule: number, optional: boolean): void {
    const key = answerKey(to, response)
    if (to === this.node.id) this.tellResponse(response, rule)
    else this.answers.push({ key, to, response, relay, rule, optional, forwarded: false })
    // What is relayed has to be known, also of those who ask themselves.
    if (to === this.node.id) this.answers.push({ key, to, response, relay, rule, optional: true, forwarded: false })
  }

  /** The application answers. */
  respond(time: Time, id: number, payload: string): void {
    const { node } = this
    const key = queryKey({ time, id })
    const query = node.unanswered.get(key)
    if (query === undefined) return
    const { source, relay, deadline, answered } = query
    const response = { time, id, from: node.id, ack: false, payload }
    if (answered) return void this.refuse(answerKey(source, response), R.answersOnce)
    if (node.now > deadline) return void this.refuse(answerKey(source, response), R.answersInTime)
    query.answered = true
    this.answer(source, response, relay, R.answersWhoAsks, node.now === deadline)
  }

  /** It is asked to pass an answer on. */
  forward(to: Name, response: Response): void {
    if (to === this.node.id) return this.tellResponse(response)
    const key = answerKey(to, response)
    this.answers.push({ key, to, response, relay: 0, rule: R.forwardsAnswers, optional: false, forwarded: true })
  }

  /** An answer to a query of its own. */
  tellResponse(response: Response, rule: number = R.tellsAnswers): void {
    const { node } = this
    const key = answerKey(node.id, response)
    const query = node.openQueries.get(queryKey(response))
    if (query === undefined || node.now > query.deadline || (response.ack && !query.wantsAcks)) {
      return void this.refuse(key, R.tellsAnswers)
    }
    const heard = `${response.ack} ${response.from}`
    if (query.heard.has(heard)) return void this.refuse(key, R.tellsAnswersOnce)
    query.heard.add(heard)
    this.shown.push({ key, rule, optional: node.now === query.deadline })
  }

  judgeResponses(told: readonly ResponseNotice[]): void {
    const { cluster, node } = this
    for (const { time, id, from, ack, payload } of told) {
      const key = answerKey(node.id, { time, id, from, ack, payload })
      const at = this.shown.findIndex((due) => due.key === key)
      const text = `tells its application of answer ${key}`
      if (at >= 0) cluster.tested[this.shown.splice(at, 1)[0]!.rule]!++
      else cluster.fail(this.refused.get(key) ?? R.tellsAnswers, node, text, 'nothing')
    }
    this.failMissing(this.shown, 'answer')
  }

  judgeAnswers(messages: readonly OutgoingMessage[], before: Members): void {
    const { cluster, node } = this
    const rest = this.answers.filter(({ to }) => to !== node.id)
    for (const { to, view } of messages) {
      if (view.kind !== 'response') continue
      const { time, id, from, ack, payload } = view
      const key = answerKey(to, { time, id, from, ack, payload })
      const at = rest.findIndex((due) => due.key === key)
      if (at >= 0) cluster.tested[rest.splice(at, 1)[0]!.rule]!++
      else cluster.fail(this.refused.get(key) ?? R.answersWhoAsks, node, `answers ${to} by ${key}`, 'nothing')
    }
    this.failMissing(rest, 'answer')
    this.judgeRelays(messages, before)
  }

  /** Answers go to who asks, and once more through a few who are there. */
  private judgeRelays(messages: readonly OutgoingMessage[], before: Members): void {
    const { cluster, node } = this
    const through = new Map<string, Set<Name>>()
    for (const { to, view } of messages) {
      if (view.kind !== 'relay') continue
      const key = answerKey(view.to, view.response)
      const due = this.answers.find((each) => each.key === key && !each.forwarded)
      const others = through.get(key) ?? new Set<Name>()
      through.set(key, others)
      cluster.tested[R.relaysToFew]!++
      const most = due === undefined || Math.max(before.size, node.members.size) < due.relay + 1 ? 0 : due.relay
      const isAlive = [before, node.members].some((members) => members.get(to)?.status === 'alive')
      const fits = isAlive && to !== node.id && !others.has(to) && others.size < most
      others.add(to)
      if (fits) continue
      const text = `sends ${key} through ${to}`
      cluster.fail(R.relaysToFew, node, text, `its own answer, through at most ${most} others, each alive and once`)
    }
  }
}
