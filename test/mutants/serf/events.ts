/** Mutants of Serf: events and queries. */
import type { Broadcast, Name, Operation, Response, UserEvent } from '../../../models/serf/vocabulary.ts'
import type { Milliseconds } from '../../../models/vocabulary.ts'
import { SerfNode } from '../../../impl/reference/serf/node.ts'
import { never } from '../../../impl/reference/swim/never.ts'
import { folklore, serfMutant, type Mutant } from '../mutant.ts'

type Query = Extract<Broadcast, { readonly type: 'query' }>

export const events: readonly Mutant[] = [
  serfMutant({
    name: 'coalesces-to-nothing',
    breaks: 'serf/delivers-events',
    rule: 'Events that may be coalesced are not delivered at all.',
    seenIn: folklore,
    Node: class extends SerfNode {
      protected override deliver(event: UserEvent, coalesce: boolean): void {
        if (!coalesce) super.deliver(event, coalesce)
      }
    },
  }),
  serfMutant({
    name: 'delivers-twice',
    breaks: 'serf/delivers-events-once',
    rule: 'An event that is known is delivered again.',
    seenIn: folklore,
    Node: class extends SerfNode {
      protected override remember(event: UserEvent): boolean {
        super.remember(event)
        return true
      }
    },
  }),
  serfMutant({
    name: 'takes-the-past',
    breaks: 'serf/ignores-old-events',
    rule: 'Events are taken that are older than what is remembered.',
    seenIn: folklore,
    Node: class extends SerfNode {
      protected override isOldEvent(): boolean {
        return false
      }
    },
  }),
  serfMutant({
    name: 'no-limit-of-events',
    breaks: 'serf/event-size-limit',
    rule: 'Events may be of any size.',
    seenIn: folklore,
    Node: class extends SerfNode {
      private sending = false

      protected override sendEvent(name: string, payload: string, coalesce: boolean): boolean {
        this.sending = true
        const sent = super.sendEvent(name, payload, coalesce)
        this.sending = false
        return sent
      }

      protected override isTooLarge(name: string, payload: string, limit: number): boolean {
        return !this.sending && super.isTooLarge(name, payload, limit)
      }
    },
  }),
  serfMutant({
    name: 'asks-nobody',
    breaks: 'serf/delivers-queries',
    rule: 'Queries whose answers are relayed are not delivered.',
    seenIn: folklore,
    Node: class extends SerfNode {
      protected override take(query: Query): void {
        if (query.relay === 0 || query.nodes.length > 0) super.take(query)
        else if (query.ack) this.acknowledge(query)
      }
    },
  }),
  serfMutant({
    name: 'everybody-is-meant',
    breaks: 'serf/asks-those-named',
    rule: 'A query is delivered to those, too, whom it does not name.',
    seenIn: folklore,
    Node: class extends SerfNode {
      protected override isAsked(): boolean {
        return true
      }
    },
  }),
  serfMutant({
    name: 'is-asked-twice',
    breaks: 'serf/delivers-queries-once',
    rule: 'A query that is known is delivered again.',
    seenIn: folklore,
    Node: class extends SerfNode {
      protected override rememberQuery(query: Query): boolean {
        super.rememberQuery(query)
        return true
      }
    },
  }),
  serfMutant({
    name: 'answers-the-past',
    breaks: 'serf/ignores-old-queries',
    rule: 'Queries are taken that are older than what is remembered.',
    seenIn: folklore,
    Node: class extends SerfNode {
      protected override isOldQuery(): boolean {
        return false
      }
    },
  }),
  serfMutant({
    name: 'never-acknowledges',
    breaks: 'serf/acks-queries',
    rule: 'That a query has arrived is not acknowledged.',
    seenIn: folklore,
    Node: class extends SerfNode {
      protected override acknowledge(): void {}
    },
  }),
  serfMutant({
    name: 'answers-through-others',
    breaks: 'serf/answers-who-asks',
    rule: 'Answers go through others alone, where they are to be relayed.',
    seenIn: folklore,
    Node: class extends SerfNode {
      protected override reply(source: Name, relay: number, response: Response): void {
        if (response.ack || relay === 0 || source === this.name) return super.reply(source, relay, response)
        for (const to of this.relays(relay)) this.send(to, { kind: 'relay', to: source, response })
      }
    },
  }),
  serfMutant({
    name: 'answers-twice',
    breaks: 'serf/answers-once',
    rule: 'The application may answer as often as it wants.',
    seenIn: folklore,
    Node: class extends SerfNode {
      protected override answered(): void {}
    },
  }),
  serfMutant({
    name: 'answers-late',
    breaks: 'serf/answers-in-time',
    rule: 'The application may answer when the query is over.',
    seenIn: folklore,
    Node: class extends SerfNode {
      protected override isLate(): boolean {
        return false
      }
    },
  }),
  serfMutant({
    name: 'relays-through-all',
    breaks: 'serf/relays-to-few',
    rule: 'Answers are relayed through all others.',
    seenIn: folklore,
    Node: class extends SerfNode {
      protected override relays(relay: number): Name[] {
        return relay === 0 ? [] : super.relays(1).flatMap(() => this.choose([...this.there], this.there.size))
      }
    },
  }),
  serfMutant({
    name: 'keeps-answers',
    breaks: 'serf/forwards-answers',
    rule: 'Answers for others are not passed on.',
    seenIn: folklore,
    Node: class extends SerfNode {
      protected override forward(to: Name, response: Response): void {
        if (to === this.name) super.forward(to, response)
      }
    },
  }),
  serfMutant({
    name: 'hides-arrivals',
    breaks: 'serf/tells-answers',
    rule: 'The application is not told that its query has arrived.',
    seenIn: folklore,
    Node: class extends SerfNode {
      protected override hasHeard(heard: ReadonlySet<Name>, response: Response): boolean {
        return (response.ack && response.from !== this.name) || super.hasHeard(heard, response)
      }
    },
  }),
  serfMutant({
    name: 'counts-twice',
    breaks: 'serf/tells-answers-once',
    rule: 'Of each answer the application is told as often as it arrives.',
    seenIn: folklore,
    Node: class extends SerfNode {
      protected override hasHeard(): boolean {
        return false
      }
    },
  }),
  serfMutant({
    name: 'queries-never-end',
    breaks: 'serf/query-ends',
    rule: 'A query is open for ever.',
    seenIn: folklore,
    Node: class extends SerfNode {
      protected override queryDeadline(): Milliseconds {
        return never
      }
    },
  }),
  serfMutant({
    name: 'natural-logarithm',
    breaks: 'serf/default-query-timeout',
    rule: 'How long a query is open goes by the natural logarithm of the number of members.',
    seenIn: folklore,
    Node: class extends SerfNode {
      protected override defaultTimeout(): Milliseconds {
        const { gossipInterval, queryTimeoutMult } = this.options
        return gossipInterval * queryTimeoutMult * Math.ceil(Math.log(this.there.size + 2))
      }
    },
  }),
  serfMutant({
    name: 'no-limit-of-queries',
    breaks: 'serf/query-size-limit',
    rule: 'Queries may be of any size.',
    seenIn: folklore,
    Node: class extends SerfNode {
      protected override sendQuery(operation: number, asked: Extract<Operation, { readonly type: 'query' }>): boolean {
        this.asking = true
        const sent = super.sendQuery(operation, asked)
        this.asking = false
        return sent
      }

      private asking = false

      protected override isTooLarge(name: string, payload: string, limit: number): boolean {
        return !this.asking && super.isTooLarge(name, payload, limit)
      }
    },
  }),
  serfMutant({
    name: 'same-identifiers',
    breaks: 'serf/queries-differ',
    rule: 'All queries have the same identifier.',
    seenIn: folklore,
    Node: class extends SerfNode {
      protected override newId(): number {
        return 7
      }
    },
  }),
]
