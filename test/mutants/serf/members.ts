/** Mutants of Serf: lives and clocks, and what becomes of members. */
import type { Intent, Name, Notice, Time } from '../../../models/serf/vocabulary.ts'
import type { Milliseconds } from '../../../models/vocabulary.ts'
import { SerfNode } from '../../../impl/reference/serf/node.ts'
import type { IntentRecord, MemberRecord } from '../../../impl/reference/serf/records.ts'
import { never } from '../../../impl/reference/swim/never.ts'
import { folklore, serfMutant, type Mutant } from '../mutant.ts'

export const members: readonly Mutant[] = [
  serfMutant({
    name: 'panics-at-strangers',
    breaks: 'serf/survives',
    rule: 'A leave of who is not known is too much for it.',
    seenIn: folklore,
    Node: class extends SerfNode {
      protected override buffer(intent: Intent): boolean {
        if (intent.intent === 'leave') throw new Error('no such member')
        return super.buffer(intent)
      }
    },
  }),
  serfMutant({
    name: 'clocks-begin-at-zero',
    breaks: 'serf/starts-fresh',
    rule: 'Clocks begin at 0, so that the first intent is as old as none.',
    seenIn: folklore,
    Node: class extends SerfNode {
      protected override firstTime(): number {
        return 0
      }
    },
  }),
  serfMutant({
    name: 'clocks-follow-others',
    breaks: 'serf/clocks-never-fall',
    rule: 'A clock shows what was seen last, though it was beyond that.',
    seenIn: folklore,
    Node: class extends SerfNode {
      protected override witness(_clock: Time, time: Time): Time {
        return time + 1
      }
    },
    also: { 'serf/ignores-old-events': 'By a clock that fell nothing is old.' },
  }),
  serfMutant({
    name: 'merges-no-clocks',
    breaks: 'serf/witnesses-times',
    rule: 'The clocks that a push/pull tells are not looked at.',
    seenIn: folklore,
    Node: class extends SerfNode {
      protected override mergeClocks(): void {}
    },
  }),
  serfMutant({
    name: 'clocks-leap',
    breaks: 'serf/clocks-by-cause',
    rule: 'A clock goes two beyond what it sees.',
    seenIn: folklore,
    Node: class extends SerfNode {
      protected override witness(clock: Time, time: Time): Time {
        return time < clock ? clock : time + 2
      }
    },
  }),
  serfMutant({
    name: 'uses-times-again',
    breaks: 'serf/own-times-are-new',
    rule: 'An event of its own has the time of the one before.',
    seenIn: folklore,
    Node: class extends SerfNode {
      protected override sendEvent(name: string, payload: string, coalesce: boolean): boolean {
        const clock = this.eventClock
        this.eventClock = Math.max(0, clock - 1)
        const sent = super.sendEvent(name, payload, coalesce)
        this.eventClock = clock
        return sent
      }
    },
  }),
  serfMutant({
    name: 'gives-up-the-failed',
    breaks: 'serf/changes-by-cause',
    rule: 'Whoever has failed is taken for one that left, when it is time to synchronize.',
    seenIn: folklore,
    Node: class extends SerfNode {
      protected override pushPullDue(): void {
        super.pushPullDue()
        for (const member of this.members.values()) if (member.status === 'failed') this.setStatus(member, 'left')
      }
    },
  }),
  serfMutant({
    name: 'failed-stay-failed',
    breaks: 'serf/takes-in-who-is-up',
    rule: 'Who is back after a failure is not taken for alive.',
    seenIn: folklore,
    Node: class extends SerfNode {
      protected override returns(member: MemberRecord, tags: string): void {
        const { status } = member
        super.returns(member, tags)
        if (status === 'failed') member.status = status
      }
    },
  }),
  serfMutant({
    name: 'forgets-what-was-said',
    breaks: 'serf/uses-buffered-intents',
    rule: 'What was said of somebody before he was there counts for nothing.',
    seenIn: folklore,
    Node: class extends SerfNode {
      protected override meet(name: Name, tags: string): void {
        this.members.set(name, { ...this.newMember(name), tags })
      }
    },
  }),
  serfMutant({
    name: 'left-becomes-failed',
    breaks: 'serf/leave-is-no-failure',
    rule: 'Who has said that it leaves is taken for failed when it is gone.',
    seenIn: 'serf, where the intent to leave is lost',
    Node: class extends SerfNode {
      protected override hasSaidSo(): boolean {
        return false
      }
    },
  }),
  serfMutant({
    name: 'failed-becomes-left',
    breaks: 'serf/silence-is-failure',
    rule: 'Whoever is gone is taken for one that left.',
    seenIn: folklore,
    Node: class extends SerfNode {
      protected override hasSaidSo(): boolean {
        return true
      }
    },
  }),
  serfMutant({
    name: 'goes-twice',
    breaks: 'serf/goes-once',
    rule: 'Who is gone may go once more.',
    seenIn: folklore,
    Node: class extends SerfNode {
      protected override isThere(): boolean {
        return true
      }
    },
  }),
  serfMutant({
    name: 'keeps-old-tags',
    breaks: 'serf/takes-tags',
    rule: 'The application is told of new tags, and the old ones are kept.',
    seenIn: folklore,
    Node: class extends SerfNode {
      protected override onUpdate(name: Name): void {
        super.onUpdate(name, this.members.get(name)?.tags ?? '')
      }
    },
  }),
  serfMutant({
    name: 'takes-older-times',
    breaks: 'serf/ignores-older-intents',
    rule: 'An intent counts though it is older than the last one.',
    seenIn: folklore,
    Node: class extends SerfNode {
      protected override isNewer(time: Time, member: MemberRecord): boolean {
        return time !== member.time
      }
    },
  }),
  serfMutant({
    name: 'deaf-to-leaves',
    breaks: 'serf/leave-intent-leads',
    rule: 'A member that says it leaves stays alive.',
    seenIn: folklore,
    Node: class extends SerfNode {
      protected override leads(member: MemberRecord): void {
        if (member.status !== 'alive' || member.name === this.name) super.leads(member)
      }
    },
  }),
  serfMutant({
    name: 'failed-cannot-leave',
    breaks: 'serf/failed-leaves',
    rule: 'Who has failed stays failed, though somebody says that it has left.',
    seenIn: folklore,
    Node: class extends SerfNode {
      protected override leads(member: MemberRecord): void {
        if (member.status !== 'failed') super.leads(member)
      }
    },
    also: { 'serf/merges-left': 'A push/pull says so, too.' },
  }),
  serfMutant({
    name: 'leaving-for-good',
    breaks: 'serf/join-intent-revives',
    rule: 'Who was said to leave stays so, though it says that it is there.',
    seenIn: folklore,
    Node: class extends SerfNode {
      protected override stays(): void {}
    },
  }),
  serfMutant({
    name: 'left-without-time',
    breaks: 'serf/takes-newer-times',
    rule: 'A leave of who has left does not count, so that it is news again and again.',
    seenIn: 'serf#606, consul#8179',
    Node: class extends SerfNode {
      protected override noteTime(member: MemberRecord, time: Time): void {
        if (member.status !== 'left') super.noteTime(member, time)
      }
    },
    also: {
      'serf/merges-left': 'A push/pull says so, too.',
      'serf/merges-times': 'A push/pull says so, too.',
    },
  }),
  serfMutant({
    name: 'never-prunes',
    breaks: 'serf/prunes',
    rule: 'Who is to be forgotten is not.',
    seenIn: folklore,
    Node: class extends SerfNode {
      protected override prune(): void {}
    },
  }),
  serfMutant({
    name: 'believes-anything',
    breaks: 'serf/refutes-leave',
    rule: 'Who is said to leave leaves.',
    seenIn: 'serf#18',
    Node: class extends SerfNode {
      protected override isLie(): boolean {
        return false
      }
    },
  }),
  serfMutant({
    name: 'refutes-in-vain',
    breaks: 'serf/refutes-leave',
    rule: 'Who is said to leave says that it is there, at a time that is older.',
    seenIn: folklore,
    Node: class extends SerfNode {
      protected override refute(): void {
        this.queue({ type: 'join', name: this.name, time: this.members.get(this.name)!.time })
      }
    },
    also: {
      'serf/passes-on-only-news': 'What others told by a push/pull is told by it.',
    },
  }),
  serfMutant({
    name: 'cannot-let-go',
    breaks: 'serf/leaving-does-not-refute',
    rule: 'Who leaves refutes that it does.',
    seenIn: folklore,
    Node: class extends SerfNode {
      protected override isLie(name: Name): boolean {
        return name === this.name
      }
    },
  }),
  serfMutant({
    name: 'remembers-the-first',
    breaks: 'serf/buffers-intents',
    rule: 'Of who is not known the first intent is remembered.',
    seenIn: folklore,
    Node: class extends SerfNode {
      protected override isNewerIntent(): boolean {
        return false
      }
    },
  }),
  serfMutant({
    name: 'intents-never-end',
    breaks: 'serf/intents-end',
    rule: 'What was said of who is not known is remembered for ever.',
    seenIn: folklore,
    Node: class extends SerfNode {
      protected override ageOfIntent(): Milliseconds {
        return never
      }
    },
  }),
  serfMutant({
    name: 'intents-end-early',
    breaks: 'serf/intents-end',
    rule: 'What was said of who is not known is forgotten after half of its time.',
    seenIn: folklore,
    Node: class extends SerfNode {
      protected override ageOfIntent(intent: IntentRecord): Milliseconds {
        return super.ageOfIntent(intent) - this.options.recentIntentTimeout / 2
      }
    },
  }),
  serfMutant({
    name: 'failed-for-ever',
    breaks: 'serf/reaps-failed',
    rule: 'Who has failed is remembered for ever.',
    seenIn: folklore,
    Node: class extends SerfNode {
      protected override ageOf(member: MemberRecord): Milliseconds {
        return member.status === 'failed' ? never : super.ageOf(member)
      }
    },
  }),
  serfMutant({
    name: 'left-are-forgotten-at-once',
    breaks: 'serf/reaps-left',
    rule: 'Who has left is forgotten in the next turn.',
    seenIn: folklore,
    Node: class extends SerfNode {
      protected override ageOf(member: MemberRecord): Milliseconds {
        return member.status === 'left' ? member.goneAt + 1 : super.ageOf(member)
      }
    },
  }),
  serfMutant({
    name: 'forced-leave-in-silence',
    breaks: 'serf/notices-follow-members',
    rule: 'The application is not told that who had failed has left.',
    seenIn: 'serf#326',
    Node: class extends SerfNode {
      protected override leads(member: MemberRecord): void {
        if (member.status === 'failed') this.setStatus(member, 'left')
        else super.leads(member)
      }
    },
  }),
  serfMutant({
    name: 'prunes-no-left',
    breaks: 'serf/prunes',
    rule: 'Who has left is not forgotten, though it is said to be.',
    seenIn: 'serf#580',
    Node: class extends SerfNode {
      protected override prune(member: MemberRecord): void {
        if (member.status !== 'left') super.prune(member)
      }
    },
  }),
  serfMutant({
    name: 'reaps-in-silence',
    breaks: 'serf/notices-follow-members',
    rule: 'The application is not told whom it need not remember.',
    seenIn: folklore,
    Node: class extends SerfNode {
      protected override notify(notice: Notice): void {
        if (notice.type !== 'member' || notice.event !== 'reap') super.notify(notice)
      }
    },
  }),
]
