/** Mutants of Serf: gossip, synchronization, operations, and what has to come about. */
import type { Broadcast, Name, Time } from '../../../models/serf/vocabulary.ts'
import type { Milliseconds } from '../../../models/vocabulary.ts'
import { SerfNode } from '../../../impl/reference/serf/node.ts'
import type { PushPull } from '../../../impl/reference/serf/syncing.ts'
import { never } from '../../../impl/reference/swim/never.ts'
import { folklore, serfMutant, type Mutant } from '../mutant.ts'

export const telling: readonly Mutant[] = [
  serfMutant({
    name: 'joins-in-silence',
    breaks: 'serf/join-announces',
    rule: 'Who has joined does not say so.',
    seenIn: folklore,
    Node: class extends SerfNode {
      private refuting = false

      protected override refute(): void {
        this.refuting = true
        super.refute()
        this.refuting = false
      }

      protected override announce(): void {
        if (this.refuting) super.announce()
      }
    },
  }),
  serfMutant({
    name: 'leaves-in-silence',
    breaks: 'serf/leave-is-told',
    rule: 'Who leaves tells nobody.',
    seenIn: folklore,
    Node: class extends SerfNode {
      protected override queue(broadcast: Broadcast): void {
        if (broadcast.type !== 'leave' || broadcast.name !== this.name) super.queue(broadcast)
      }
    },
  }),
  serfMutant({
    name: 'joins-for-ever',
    breaks: 'serf/operations-end',
    rule: 'Who gets no answer waits on.',
    seenIn: folklore,
    Node: class extends SerfNode {
      protected override joinsTimeOut(): void {
        this.joins = this.joins.filter(({ deadline }) => deadline > this.now)
      }
    },
  }),
  serfMutant({
    name: 'leaves-for-ever',
    breaks: 'serf/operations-end',
    rule: 'Who leaves, and can tell nobody, waits on.',
    seenIn: 'serf#638',
    Node: class extends SerfNode {
      protected override told(broadcasts: readonly Broadcast[]): void {
        if (this.phase !== 'leaving') super.told(broadcasts)
      }

      protected override leaveDeadline(): Milliseconds {
        return this.phase === 'leaving' ? never : super.leaveDeadline()
      }
    },
  }),
  serfMutant({
    name: 'tells-later-times',
    breaks: 'serf/tells-what-it-took',
    rule: 'Who passes a leave on tells it by the next time.',
    seenIn: folklore,
    Node: class extends SerfNode {
      protected override passOn(broadcast: Broadcast): void {
        super.passOn(broadcast.type === 'leave' ? { ...broadcast, time: broadcast.time + 1 } : broadcast)
      }
    },
  }),
  serfMutant({
    name: 'keeps-events-to-itself',
    breaks: 'serf/tells-own-news',
    rule: 'Events of its own are told to nobody.',
    seenIn: folklore,
    Node: class extends SerfNode {
      private passing = false

      protected override passOn(broadcast: Broadcast): void {
        this.passing = true
        super.passOn(broadcast)
        this.passing = false
      }

      protected override queue(broadcast: Broadcast): void {
        if (broadcast.type !== 'event' || this.passing) super.queue(broadcast)
      }
    },
  }),
  serfMutant({
    name: 'passes-nothing-on',
    breaks: 'serf/passes-on-news',
    rule: 'What it hears is told to nobody.',
    seenIn: folklore,
    Node: class extends SerfNode {
      protected override passOn(): void {}
    },
  }),
  serfMutant({
    name: 'passes-on-what-it-syncs',
    breaks: 'serf/passes-on-only-news',
    rule: 'What a push/pull says of members is told on.',
    seenIn: folklore,
    Node: class extends SerfNode {
      protected override mergeThere(name: Name, time: Time): void {
        if (this.onJoinIntent({ name, time })) this.queue({ type: 'join', name, time })
      }
    },
  }),
  serfMutant({
    name: 'retransmits-for-ever',
    breaks: 'serf/tells-bounded-rounds',
    rule: 'News is told three times as often.',
    seenIn: folklore,
    Node: class extends SerfNode {
      protected override mostRounds(): number {
        return 3 * super.mostRounds()
      }
    },
  }),
  serfMutant({
    name: 'hides-who-left',
    breaks: 'serf/tells-state',
    rule: 'A push/pull does not say who has left.',
    seenIn: folklore,
    Node: class extends SerfNode {
      protected override toldLeft(): Name[] {
        return []
      }
    },
  }),
  serfMutant({
    name: 'keeps-silent',
    breaks: 'serf/answers-push-pull',
    rule: 'A push/pull is not answered.',
    seenIn: folklore,
    Node: class extends SerfNode {
      protected override pushPull(to: Name, kind: PushPull['kind'], join: boolean): void {
        if (kind === 'push-pull') super.pushPull(to, kind, join)
      }
    },
  }),
  serfMutant({
    name: 'left-without-more',
    breaks: 'serf/merges-left',
    rule: 'Of who has left the time of its last intent is taken for that of its leave.',
    seenIn: 'serf#510',
    Node: class extends SerfNode {
      protected override mergeLeft(name: Name, time: Time): void {
        super.mergeLeft(name, time - 1)
      }
    },
  }),
  serfMutant({
    name: 'merges-left-only',
    breaks: 'serf/merges-times',
    rule: 'Of those who have not left a push/pull says nothing to it.',
    seenIn: folklore,
    Node: class extends SerfNode {
      protected override mergeThere(): void {}
    },
  }),
  serfMutant({
    name: 'forgets-the-past',
    breaks: 'serf/repeats-events',
    rule: 'What happened while it was not there is none of its business.',
    seenIn: folklore,
    Node: class extends SerfNode {
      protected override mergeEvents(): void {}
    },
  }),
  serfMutant({
    name: 'cannot-ignore',
    breaks: 'serf/join-ignores-old',
    rule: 'Who joins without the past hears all of it.',
    seenIn: folklore,
    Node: class extends SerfNode {
      protected override ignoreBefore(): void {}
    },
  }),
  serfMutant({
    name: 'gives-up',
    breaks: 'serf/reconnects',
    rule: 'Who has failed is never tried.',
    seenIn: folklore,
    Node: class extends SerfNode {
      protected override reconnectDue(): void {
        this.reconnectTicks.pass(this.now)
      }
    },
  }),
  serfMutant({
    name: 'tries-anybody',
    breaks: 'serf/reconnects-to-failed',
    rule: 'When it is time to look for those who failed, anybody is tried.',
    seenIn: folklore,
    Node: class extends SerfNode {
      protected override reconnectsTo(): Name[] {
        return [...this.members.keys()].filter((name) => name !== this.name)
      }
    },
  }),
  serfMutant({
    name: 'has-favourites',
    breaks: 'serf/members-agree',
    rule: 'Of who leaves only the first of all is told; and while anybody is gone nothing is synchronized.',
    seenIn: folklore,
    Node: class extends SerfNode {
      private secretUntil = 0

      protected override queue(broadcast: Broadcast): void {
        if (broadcast.type === 'leave') this.secretUntil = this.now + 20 * this.options.gossipInterval
        super.queue(broadcast)
      }

      protected override choose(from: readonly Name[], count: number): Name[] {
        return this.now < this.secretUntil ? from.slice(0, Math.min(1, count)) : super.choose(from, count)
      }

      protected override pushPullDue(): void {
        if (this.failed().length + this.toldLeft().length === 0) super.pushPullDue()
        else this.pushPullTicks.pass(this.now)
      }
    },
    also: {
      'serf/events-reach-all': 'Events are told and synchronized by the same ways.',
    },
  }),
  serfMutant({
    name: 'never-syncs',
    breaks: 'serf/events-reach-all',
    rule: 'Nothing is synchronized but by who joins.',
    seenIn: folklore,
    Node: class extends SerfNode {
      protected override pushPullDue(): void {
        this.pushPullTicks.pass(this.now)
      }
    },
    also: {
      'serf/members-agree': 'Members are synchronized by the same way.',
    },
  }),
]
