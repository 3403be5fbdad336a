/**
 * What a step ought to make of a node's members and buffered intents, computed word by word from what it held before,
 * with the requirement that decides each. What the step did make of them is compared with it.
 */
import * as rules from '../../models/serf/rules.ts'
import type { Intent, Name, Notice, SerfOptions, Time } from '../../models/serf/vocabulary.ts'
import { type Wanted, want } from '../wanted.ts'
import type { Node, SeenIntent, SeenMember } from './node.ts'
import { R } from './requirements.ts'

type MemberNotice = Extract<Notice, { readonly type: 'member' }>

/** By which way something was told. */
export type Way = 'gossip' | 'left' | 'there' | 'own'

/** Said to be forgotten, and then there again: it may be forgotten, and need not be. */
const atWill = Number.MAX_VALUE

/** The time of what the node says itself: any above `least`. */
export const own: Time = -1

export interface Said extends Intent {
  readonly prune: boolean
}

export class Expected {
  readonly members = new Map<Name, Wanted<SeenMember>>()
  readonly intents = new Map<Name, Wanted<SeenIntent>>()
  /** By member: what the application is to be told, in order. */
  readonly notices = new Map<Name, MemberNotice['event'][]>()
  /** Greatest time that was seen. */
  memberTime: Time = -1
  /** Its own intents take times above this. */
  ownLeast: Time = -1
  /** How many intents of its own it may make. */
  ownIntents = 0
  /** It says that it is there: to refute that it leaves, or because it joins. */
  announces = -1
  /** How often it does. */
  announcements = 0
  /** Requirements that were put to the test, once for each time. */
  readonly tested: number[] = []
  private readonly node: Node
  private readonly options: SerfOptions

  constructor(node: Node, options: SerfOptions) {
    this.node = node
    this.options = options
  }

  // As things are by now

  member(name: Name): SeenMember | null {
    const wanted = this.members.get(name)
    return wanted === undefined ? (this.node.members.get(name) ?? null) : wanted.record
  }

  intent(name: Name): SeenIntent | null {
    const wanted = this.intents.get(name)
    return wanted === undefined ? (this.node.intents.get(name) ?? null) : wanted.record
  }

  // Changes

  setMember(name: Name, record: SeenMember | null, rule: number, time: Time = -1): void {
    want(this.members, name, record, rule, time)
    this.tested.push(rule)
  }

  private setIntent(name: Name, record: SeenIntent | null, rule: number, time: Time): void {
    want(this.intents, name, record, rule, time)
    this.tested.push(rule)
  }

  private notice(name: Name, event: MemberNotice['event']): void {
    const known = this.notices.get(name)
    if (known === undefined) this.notices.set(name, [event])
    else known.push(event)
  }

  // What is said. Each returns whether it is news.

  tell(said: Said, way: Way): boolean {
    const { name, time } = said
    this.memberTime = Math.max(this.memberTime, time)
    const before = this.member(name)
    if (before === null) return this.tellOfUnknown(said, way)
    if (name === this.node.id && before.time === own) return this.tellOfAnnounced(said)
    const about = name !== this.node.id ? 'other' : this.node.phase === 'alive' ? 'self' : 'leaving-self'
    const { rule, next, taken, prunesLater } = rules.afterIntent(before, said, about)
    const decides = ruleOfIntent(rule, way, about, said)
    if (rule === 'refutesLeave') {
      this.announce(decides, time)
      return false
    }
    if (!taken) {
      this.setMember(name, before, decides, time)
      return false
    }
    this.take(before, { ...next, time: next.time }, decides, time, prunesLater)
    if (before.status === 'failed' && said.intent === 'leave') this.notice(name, 'leave')
    if (next.status === 'absent') this.notice(name, 'reap')
    return true
  }

  private take(before: SeenMember, next: rules.Held, rule: number, time: Time, prunesLater: boolean): void {
    const { name } = before
    if (next.status === 'absent') return this.setMember(name, null, rule, time)
    const { broadcastTimeout, leavePropagateDelay } = this.options
    const wait = broadcastTimeout + leavePropagateDelay
    const stays = before.status === 'leaving' && next.status === 'alive'
    const pruneBy = prunesLater ? this.node.now + wait : stays ? spared(before) : before.pruneBy
    this.setMember(name, { ...before, status: next.status, time: next.time, pruneBy }, rule, time)
  }

  private tellOfUnknown({ name, intent, time }: Said, way: Way): boolean {
    const buffered = this.intent(name)
    if (!rules.isNewIntent(buffered, time)) {
      this.setIntent(name, buffered, R.ignoresOlderIntents, time)
      return false
    }
    this.setIntent(name, { name, intent, time, since: this.node.now }, ruleOf(R.buffersIntents, way), time)
    return true
  }

  /** Of what is said when it has just said itself that it is there, all counts that is later. */
  private tellOfAnnounced({ time }: Said): boolean {
    this.ownLeast = Math.max(this.ownLeast, time - 1)
    this.announcements++
    this.ownIntents++
    return false
  }

  /** It says that it is there, later than `least`. */
  announce(rule: number, least: Time): void {
    const self = this.member(this.node.id)
    this.announces = rule
    this.announcements++
    this.ownIntents++
    this.ownLeast = Math.max(this.ownLeast, least)
    if (self === null) return
    const status = self.status === 'leaving' ? 'alive' : self.status
    this.setMember(self.name, { ...self, status, time: own }, rule)
  }

  /** It says itself that somebody leaves, at a time from `least` on. */
  sayLeave(name: Name, prune: boolean, least: Time): void {
    this.ownIntents++
    this.ownLeast = Math.max(this.ownLeast, least - 1)
    const before = this.member(name)
    if (before === null) {
      this.setIntent(name, { name, intent: 'leave', time: own, since: this.node.now }, R.buffersIntents, -1)
      return
    }
    const isSelf = name === this.node.id
    const about = !isSelf ? 'other' : this.node.phase === 'alive' ? 'self' : 'leaving-self'
    const said = { intent: 'leave' as const, time: Math.max(least, before.time + 1), prune }
    const { rule, next, prunesLater } = rules.afterIntent(before, said, about)
    if (rule === 'refutesLeave') return this.announce(R.refutesLeave, least)
    const decides = ruleOfIntent(rule, 'own', about, said)
    this.take(before, { ...next, time: own }, decides, -1, prunesLater)
    if (before.status === 'failed') this.notice(name, 'leave')
    if (next.status === 'absent') this.notice(name, 'reap')
  }

  // From below

  up(name: Name, tags: string): void {
    const before = this.member(name)
    const held = before ?? rules.absent
    const buffered = before === null ? this.intent(name) : null
    const next = rules.afterUp(held, buffered)
    const rule = buffered === null ? R.takesInWhoIsUp : R.usesBufferedIntents
    const status = next.status as SeenMember['status']
    this.setMember(
      name,
      {
        name,
        status,
        time: next.time,
        tags,
        goneAt: Infinity,
        since: this.node.now,
        pruneBy: before === null ? Infinity : spared(before),
      },
      rule,
    )
    this.notice(name, 'join')
  }

  down(name: Name): void {
    const before = this.member(name)
    if (before === null) return
    const { status } = rules.afterDown(before)
    if (status === before.status) return this.setMember(name, before, R.goesOnce)
    this.setMember(
      name,
      { ...before, status: status as SeenMember['status'], goneAt: this.node.now },
      status === 'left' ? R.leaveIsNoFailure : R.silenceIsFailure,
    )
    this.notice(name, status === 'left' ? 'leave' : 'failed')
  }

  update(name: Name, tags: string): void {
    const before = this.member(name)
    if (before === null) return
    this.setMember(name, { ...before, tags }, R.takesTags)
    this.notice(name, 'update')
  }
}

const spared = ({ pruneBy }: SeenMember): number => (pruneBy === Infinity ? Infinity : atWill)

/** What a push/pull says has rules of its own. */
const ruleOf = (rule: number, way: Way): number =>
  way === 'left' ? R.mergesLeft : way === 'there' ? R.mergesTimes : rule

/** The requirement that decides of an intent; and so has who leaves. */
function ruleOfIntent(name: rules.IntentRule, way: Way, about: rules.About, { intent }: Pick<Said, 'intent'>): number {
  if (name === 'ignoresOlderIntents' || name === 'refutesLeave') return R[name]
  return about === 'leaving-self' && intent === 'leave' ? R.leavingDoesNotRefute : ruleOf(R[name], way)
}
