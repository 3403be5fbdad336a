/**
 * The judge of Serf under corruption: in a good run one thing that was seen is changed, left out or added, and the judge
 * of single steps has to object, there or later.
 */
import { describe, expect, test } from 'vitest'
import { createReference } from '../../impl/reference/serf/session.ts'
import type { Answer, Broadcast, Message, Output } from '../../models/serf/vocabulary.ts'
import { createSerfJudge } from '../../properties/serf/judge.ts'
import type { SerfTraceEvent } from '../../traces/event.ts'
import { runScenario } from '../../traces/run.ts'
import { drawFrom, pick } from '../../traces/schedule/draw.ts'
import { drawSerfSchedule } from '../../traces/schedule/serf.ts'

const reference = createReference()
const judge = () => createSerfJudge(reference.hello.profiles, ['step'])

type Corrupt = (answer: Answer, at: number) => Answer | null

const without = <Item>(items: readonly Item[], at: number): Item[] => items.filter((_, index) => index !== at)
const changed = <Item>(items: readonly Item[], at: number, change: (item: Item) => Item): Item[] =>
  items.map((item, index) => (index === at ? change(item) : item))

/** Corrupts one of a list of an answer; null if it has none that fits. */
function ofList<Item>(
  items: readonly Item[] | null,
  at: number,
  fits: (item: Item) => boolean,
  corrupt: (items: readonly Item[], place: number) => readonly Item[],
): readonly Item[] | null {
  const places = (items ?? []).flatMap((item, index) => (fits(item) ? [index] : []))
  return places.length === 0 ? null : corrupt(items!, places[at % places.length]!)
}

type Change<Item> = (items: readonly Item[], place: number) => readonly Item[]

const inOutputs =
  (fits: (output: Output) => boolean, corrupt: Change<Output>): Corrupt =>
  (answer, at) => {
    const outputs = ofList(answer.outputs, at, fits, corrupt)
    return outputs === null ? null : { ...answer, outputs }
  }

const inMembers =
  (corrupt: Change<NonNullable<Answer['members']>[number]>): Corrupt =>
  (answer, at) => {
    const members = ofList(answer.members, at, ({ status }) => status !== 'forgotten', corrupt)
    return members === null ? null : { ...answer, members }
  }

const isType = (type: Output['type']) => (output: Output) => output.type === type
const isKind =
  (kind: Message['kind']) =>
  (output: Output): boolean =>
    output.type === 'message' && output.view.kind === kind

/** Changes the view of a message. */
const inView = (kind: Message['kind'], change: (view: Message) => Message): Corrupt =>
  inOutputs(isKind(kind), (items, place) =>
    changed(items, place, (each) => (each.type === 'message' ? { ...each, view: change(each.view) } : each)),
  )

const later = (broadcast: Broadcast): Broadcast => ({ ...broadcast, time: broadcast.time + 1 })

const lowered =
  (clock: 'memberClock' | 'eventClock' | 'queryClock'): Corrupt =>
  (answer) => {
    const time = answer.state?.[clock]
    return time === undefined ? null : { ...answer, state: { ...answer.state, [clock]: time - 1 } }
  }

/** What is changed, by what it is. */
const corruptions: Readonly<Record<string, Corrupt>> = {
  'member left out': inMembers(without),
  'member of another time': inMembers((items, place) =>
    changed(items, place, (member) => ('time' in member ? { ...member, time: member.time + 1 } : member)),
  ),
  'member of another status': inMembers((items, place) =>
    changed(items, place, (member) =>
      'time' in member ? { ...member, status: member.status === 'alive' ? 'failed' : 'alive' } : member,
    ),
  ),
  'member with other tags': inMembers((items, place) =>
    changed(items, place, (member) => ('tags' in member ? { ...member, tags: `${member.tags}!` } : member)),
  ),
  'intent left out': (answer, at) => {
    const intents = ofList(answer.intents, at, ({ intent }) => intent !== 'forgotten', without)
    return intents === null ? null : { ...answer, intents }
  },
  'clock of intents': lowered('memberClock'),
  'clock of events': lowered('eventClock'),
  'clock of queries': lowered('queryClock'),
  'notice of a member left out': inOutputs(isType('member'), without),
  'notice of a member twice': inOutputs(isType('member'), (items, place) => items.toSpliced(place, 0, items[place]!)),
  'event left out': inOutputs(isType('event'), without),
  'event twice': inOutputs(isType('event'), (items, place) => items.toSpliced(place, 0, items[place]!)),
  'event of another payload': inOutputs(isType('event'), (items, place) =>
    changed(items, place, (each) => (each.type === 'event' ? { ...each, payload: `${each.payload}!` } : each)),
  ),
  'event of another flag': inOutputs(isType('event'), (items, place) =>
    changed(items, place, (each) => (each.type === 'event' ? { ...each, coalesce: !each.coalesce } : each)),
  ),
  'query left out': inOutputs(isType('query'), without),
  'query twice': inOutputs(isType('query'), (items, place) => items.toSpliced(place, 0, items[place]!)),
  'answer left out': inOutputs(isType('response'), without),
  'answer of somebody else': inOutputs(isType('response'), (items, place) =>
    changed(items, place, (each) => (each.type === 'response' ? { ...each, from: 'n99' } : each)),
  ),
  'response left out': inOutputs(isKind('response'), without),
  'response to somebody else': inOutputs(isKind('response'), (items, place) =>
    changed(items, place, (each) => (each.type === 'message' ? { ...each, to: 'n99' } : each)),
  ),
  'relay to itself': inOutputs(isKind('relay'), (items, place) =>
    changed(items, place, (each) => (each.type === 'message' ? { ...each, to: each.from } : each)),
  ),
  'push/pull unanswered': inOutputs(isKind('push-pull-reply'), without),
  'push/pull without its first member': inView('push-pull', (view) =>
    'left' in view ? { ...view, members: view.members.slice(1) } : view,
  ),
  'push/pull of an older clock': inView('push-pull', (view) =>
    'left' in view ? { ...view, memberTime: view.memberTime - 1 } : view,
  ),
  'push/pull that says that somebody left': inView('push-pull', (view) =>
    'left' in view ? { ...view, left: [...view.left, 'n1'] } : view,
  ),
  'gossip of a later time': inView('gossip', (view) =>
    view.kind === 'gossip' ? { ...view, broadcasts: changed(view.broadcasts, 0, later) } : view,
  ),
}

/** Whether the judge objects to the run with this answer in the place of that one. */
function objects(events: readonly SerfTraceEvent[], at: number, answer: Answer): boolean {
  const judged = judge()
  for (const [index, event] of events.entries()) {
    const violation =
      event.event === 'start'
        ? judged.start(event.start, event.initial)
        : event.event === 'step'
          ? judged.step(event.input, index === at ? answer : event.answer, event.now)
          : event.event === 'inspect'
            ? judged.inspect(event.node, event.inspection)
            : null
    if (violation !== null) return true
  }
  return false
}

const runs = [3, 11, 12, 26].map((seed) => {
  const scenario = drawSerfSchedule(seed, reference.hello)
  return runScenario(scenario, reference, judge(), { inspectEvery: 1_000_000 }).events.slice(0, 900)
})

describe('of a corrupted run the judge of steps sees', () => {
  test.each(Object.entries(corruptions))('%s', (name, corrupt) => {
    const draw = drawFrom(name.length)
    let tried = 0
    let seen = 0
    for (const events of runs) {
      const places = events.flatMap((event, at) => {
        const answer =
          event.event === 'step' && event.input.type !== 'crash' ? corrupt(event.answer, draw.integer(0, 9)) : null
        return answer === null ? [] : [{ at, answer }]
      })
      for (let tries = Math.min(15, places.length); tries > 0; tries--) {
        const { at, answer } = pick(draw, places)
        tried++
        if (objects(events, at, answer)) seen++
      }
    }
    expect(tried).toBeGreaterThan(0)
    expect(seen / tried, `${seen} of ${tried}`).toBeGreaterThanOrEqual(0.95)
  })
})
