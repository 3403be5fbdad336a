/**
 * The judge of the network database under corruption: in a good run one thing that was seen is changed, left out or added,
 * and the judge of single steps has to object, there or later.
 */
import { describe, expect, test } from 'vitest'
import { createReference } from '../../impl/reference/networkdb/session.ts'
import type { Answer, Output } from '../../models/networkdb/vocabulary.ts'
import { createNetworkDbJudge } from '../../properties/networkdb/judge.ts'
import { runScenario } from '../../traces/run.ts'
import { drawNetworkDbSchedule } from '../../traces/schedule.ts'
import { drawFrom, pick } from '../../traces/schedule/draw.ts'
import type { NetworkDbTraceEvent } from '../../traces/event.ts'

const reference = createReference()
const judge = () => createNetworkDbJudge(reference.hello.profiles, ['step'])

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

const inOutputs =
  (
    fits: (output: Output) => boolean,
    corrupt: (items: readonly Output[], place: number) => readonly Output[],
  ): Corrupt =>
  (answer, at) => {
    const outputs = ofList(answer.outputs, at, fits, corrupt)
    return outputs === null ? null : { ...answer, outputs }
  }

const isKind =
  (...kinds: string[]) =>
  (output: Output): boolean =>
    output.type === 'message' && kinds.includes(output.view.kind)
const isType = (type: Output['type']) => (output: Output) => output.type === type

/** What is changed, by what it is. */
const corruptions: Readonly<Record<string, Corrupt>> = {
  'entry left out': (answer, at) => {
    const entries = ofList(answer.entries, at, () => true, without)
    return entries === null ? null : { ...answer, entries }
  },
  'entry of another time': (answer, at) => {
    const entries = ofList(
      answer.entries,
      at,
      ({ status }) => status !== 'forgotten',
      (items, place) =>
        changed(items, place, (entry) => ('time' in entry ? { ...entry, time: entry.time + 1 } : entry)),
    )
    return entries === null ? null : { ...answer, entries }
  },
  'entry of another value': (answer, at) => {
    const entries = ofList(
      answer.entries,
      at,
      ({ status }) => status === 'live',
      (items, place) => changed(items, place, (entry) => ('value' in entry ? { ...entry, value: 'corrupt' } : entry)),
    )
    return entries === null ? null : { ...answer, entries }
  },
  'entry of another owner': (answer, at) => {
    const entries = ofList(
      answer.entries,
      at,
      ({ status }) => status !== 'forgotten',
      (items, place) => changed(items, place, (entry) => ('owner' in entry ? { ...entry, owner: 'n99' } : entry)),
    )
    return entries === null ? null : { ...answer, entries }
  },
  'entry live that is not': (answer, at) => {
    const fits = ({ status }: { readonly status: string }) => status === 'tombstone' || status === 'suspended'
    const entries = ofList(answer.entries, at, fits, (items, place) =>
      changed(items, place, (entry) => ('time' in entry ? { ...entry, status: 'live' } : entry)),
    )
    return entries === null ? null : { ...answer, entries }
  },
  'entry added': (answer) => {
    const added = { network: 'net1', key: 'n1-1', owner: 'n1', time: 1, value: 'corrupt', status: 'live' } as const
    if (answer.entries?.some(({ key }) => key === added.key) === true) return null
    return { ...answer, entries: [...(answer.entries ?? []), added] }
  },
  'attachment left out': (answer, at) => {
    const attachments = ofList(answer.attachments, at, () => true, without)
    return attachments === null ? null : { ...answer, attachments }
  },
  'attachment of another time': (answer, at) => {
    const attachments = ofList(
      answer.attachments,
      at,
      ({ status }) => status !== 'forgotten',
      (items, place) => changed(items, place, (each) => ('time' in each ? { ...each, time: each.time + 1 } : each)),
    )
    return attachments === null ? null : { ...answer, attachments }
  },
  'peer left out': (answer, at) => {
    const peers = ofList(answer.peers, at, () => true, without)
    return peers === null ? null : { ...answer, peers }
  },
  'peer of another status': (answer, at) => {
    const peers = ofList(
      answer.peers,
      at,
      () => true,
      (items, place) =>
        changed(items, place, (peer) => ({ ...peer, status: peer.status === 'active' ? 'failed' : 'active' })),
    )
    return peers === null ? null : { ...answer, peers }
  },
  'network clock': (answer) =>
    answer.state?.networkClock === undefined
      ? null
      : { ...answer, state: { ...answer.state, networkClock: answer.state.networkClock - 1 } },
  'table clock': (answer) =>
    answer.state?.tableClock === undefined
      ? null
      : { ...answer, state: { ...answer.state, tableClock: answer.state.tableClock - 1 } },
  'watch event left out': inOutputs(isType('event'), without),
  'watch event twice': inOutputs(isType('event'), (items, place) => items.toSpliced(place, 0, items[place]!)),
  'watch event of another value': inOutputs(isType('event'), (items, place) =>
    changed(items, place, (each) =>
      each.type === 'event' ? { ...each, value: `${each.value}!`, previous: '!' } : each,
    ),
  ),
  'result turned': inOutputs(isType('result'), (items, place) =>
    changed(items, place, (each) =>
      each.type === 'result' ? { ...each, status: each.status === 'ok' ? 'failed' : 'ok' } : each,
    ),
  ),
  'answer left out': inOutputs(isKind('bulk-sync-reply', 'push-pull-reply'), without),
  'bulk sync without its first entry': inOutputs(
    (output) => output.type === 'message' && 'entries' in output.view && output.view.entries.length > 0,
    (items, place) =>
      changed(items, place, (each) =>
        each.type === 'message' && 'entries' in each.view
          ? { ...each, view: { ...each.view, entries: each.view.entries.slice(1) } }
          : each,
      ),
  ),
  'push/pull without its first attachment': inOutputs(
    (output) => isKind('push-pull', 'push-pull-reply')(output) && 'attachments' in (output as { view: object }).view,
    (items, place) =>
      changed(items, place, (each) =>
        each.type === 'message' && 'attachments' in each.view
          ? { ...each, view: { ...each.view, attachments: each.view.attachments.slice(1) } }
          : each,
      ),
  ),
  'gossip of a later time': inOutputs(isKind('table-gossip'), (items, place) =>
    changed(items, place, (each) =>
      each.type === 'message' && each.view.kind === 'table-gossip'
        ? {
            ...each,
            view: { ...each.view, events: changed(each.view.events, 0, (said) => ({ ...said, time: said.time + 1 })) },
          }
        : each,
    ),
  ),
  // What is told of nodes and networks may go to anybody.
  'gossip of entries to somebody else': inOutputs(isKind('table-gossip'), (items, place) =>
    changed(items, place, (each) => (each.type === 'message' ? { ...each, to: 'n99' } : each)),
  ),
}

/** Whether the judge objects to the run with this answer in the place of that one. */
function objects(events: readonly NetworkDbTraceEvent[], at: number, answer: Answer): boolean {
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

const most = 400
const runs = [3, 11, 12, 26].map((seed) => {
  const scenario = drawNetworkDbSchedule(seed, reference.hello)
  return runScenario(scenario, reference, judge(), { inspectEvery: 1_000_000 }).events.slice(0, most)
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
