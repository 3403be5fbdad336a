/**
 * The judge of the layers together under corruption: in a good run one thing that was seen is changed, left out or added,
 * and the judge has to object, there or later, without waiting for what has to come about in the end.
 */
import { describe, expect, test } from 'vitest'
import { createReference } from '../../impl/reference/network/session.ts'
import type { Answer, Change, Holding, Output, Result } from '../../models/network/vocabulary.ts'
import { createNetworkJudge } from '../../properties/network/judge.ts'
import type { NetworkTraceEvent } from '../../traces/event.ts'
import { runScenario } from '../../traces/run.ts'
import { drawNetworkSchedule } from '../../traces/schedule.ts'
import { drawFrom, pick } from '../../traces/schedule/draw.ts'

const reference = createReference()
const judge = () => createNetworkJudge(reference.hello.profiles, ['step', 'state', 'history'])

type Corrupt = (answer: Answer, at: number) => Answer | null

/** One of a list corrupted; null if none fits. */
function ofList<Item>(
  items: readonly Item[] | null,
  at: number,
  corrupt: (item: Item) => readonly Item[] | null,
): readonly Item[] | null {
  const places = (items ?? []).flatMap((item, index) => (corrupt(item) === null ? [] : [index]))
  if (places.length === 0) return null
  const place = places[at % places.length]!
  return items!.flatMap((item, index) => (index === place ? corrupt(item)! : [item]))
}

const ofChanges =
  (corrupt: (change: Change) => readonly Change[] | null): Corrupt =>
  (answer, at) => {
    const changes = ofList(answer.changes, at, corrupt)
    return changes === null ? null : { ...answer, changes }
  }

const ofOutputs =
  (corrupt: (output: Output) => readonly Output[] | null): Corrupt =>
  (answer, at) => {
    const outputs = ofList(answer.outputs, at, corrupt)
    return outputs === null ? null : { ...answer, outputs }
  }

/** Another value in one field of changes of a kind. */
const other = <Kind extends Change['change']>(
  kind: Kind,
  parts: Partial<Extract<Change, { readonly change: Kind }>>,
): Corrupt => ofChanges((change) => (change.change === kind ? [{ ...change, ...parts } as Change] : null))

const holding = (kind: 'held' | 'freed', parts: Partial<Holding>): Corrupt =>
  ofChanges((change) => (change.change === kind ? [{ ...change, ...parts }] : null))

const result = (fits: (result: Result) => boolean, parts: Partial<Result>): Corrupt =>
  ofOutputs((output) => (output.type === 'result' && fits(output) ? [{ ...output, ...parts }] : null))

const isMade = ({ status, resolved }: Result): boolean => status === 'ok' && resolved.length > 0
const isDecided = ({ status, resolved, task, peer }: Result): boolean =>
  status === 'ok' && resolved.length === 0 && task === '' && peer === ''

/** What is changed, by what it is. */
const corruptions: Readonly<Record<string, Corrupt>> = {
  'endpoint of another address': other('endpoint', { address: '10.9.9.9' }),
  'endpoint of another service': other('endpoint', { service: 'corrupt' }),
  'endpoint of another virtual address': other('endpoint', { vip: '10.9.9.9' }),
  'endpoint with another port': other('endpoint', { port: 7 }),
  'endpoint of another owner': other('endpoint', { owner: 'n9' }),
  'endpoint of another network': other('endpoint', { network: 'corrupt' }),
  'peer of another address': other('peer', { address: '10.9.9.9' }),
  'peer at another node': other('peer', { node: 'n9' }),
  'peer of another owner': other('peer', { owner: 'n9' }),
  'network with another VNI': other('network', { vni: 7 }),
  'task with another address': other('task', { address: '10.9.9.9' }),
  'task of another service': other('task', { service: 'corrupt' }),
  'another task': other('task', { task: 'corrupt' }),
  'something else is held': holding('held', { value: '10.9.9.9' }),
  'held for somebody else': holding('held', { owner: 'corrupt' }),
  'something else is freed': holding('freed', { value: '10.9.9.9' }),
  'held left out': ofChanges((change) => (change.change === 'held' ? [] : null)),
  // That subnets do not overlap is judged where they are allocated.
  'held twice': ofChanges((change) => (change.change === 'held' && change.kind !== 'subnet' ? [change, change] : null)),
  'freed at once': ofChanges((change) => (change.change === 'held' ? [change, { ...change, change: 'freed' }] : null)),
  'a task stops, and its records stay': ofChanges((change) =>
    change.change === 'task' ? [change, { change: 'task-stopped', task: change.task }] : null,
  ),
  'an operation that was granted is refused': result(isDecided, { status: 'failed', reason: 'not-leading' }),
  'a connection to nobody': result(isMade, { task: 'corrupt' }),
  'a connection by another node': result(isMade, { peer: 'n9' }),
  'an answer as another task': ofOutputs((output) =>
    output.type === 'message' && output.view.kind === 'frame-reply'
      ? [{ ...output, view: { ...output.view, task: 'corrupt' } }]
      : null,
  ),
}

/** What only connections by name tell. */
const byName: Readonly<Record<string, Corrupt>> = {
  'a name gives nothing': result(isMade, { resolved: [], status: 'failed', reason: 'no-such-name' }),
  'a name gives another address': result(isMade, { resolved: ['10.9.9.9'] }),
  'another VNI': result(isMade, { vni: 7 }),
  'another choice': result(isMade, { chosen: '10.9.9.9' }),
}

/** Whether the judge objects to the run with this answer in the place of that one. */
function objects(events: readonly NetworkTraceEvent[], at: number, answer: Answer): boolean {
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

const runs = [2, 5, 8, 11, 14].map((seed) => {
  const scenario = drawNetworkSchedule(seed, reference.hello)
  return runScenario(scenario, reference, judge(), { inspectEvery: 1_000_000 }).events
})

function survey(
  name: string,
  corrupt: Corrupt,
  isMeant: (events: readonly NetworkTraceEvent[], at: number) => boolean,
) {
  const draw = drawFrom(name.length)
  let tried = 0
  let seen = 0
  for (const events of runs) {
    const places = events.flatMap((event, at) => {
      const isLive = event.event === 'step' && event.input.type !== 'lead' && isMeant(events, at)
      const answer = isLive ? corrupt(event.answer, draw.integer(0, 9)) : null
      return answer === null ? [] : [{ at, answer }]
    })
    for (let tries = Math.min(12, places.length); tries > 0; tries--) {
      const { at, answer } = pick(draw, places)
      tried++
      if (objects(events, at, answer)) seen++
    }
  }
  return { tried, seen }
}

/** The operations of a run that connect to a port. */
const portsOf = (events: readonly NetworkTraceEvent[]): ReadonlySet<number> =>
  new Set(
    events.flatMap((event) =>
      event.event === 'step' && event.input.type === 'operation' && event.input.operation.type === 'connect-port'
        ? [event.input.id]
        : [],
    ),
  )

describe('of a corrupted run the judge sees', () => {
  test.each(Object.entries(corruptions))('%s', (name, corrupt) => {
    const { tried, seen } = survey(name, corrupt, () => true)
    expect(tried).toBeGreaterThan(0)
    expect(seen / tried, `${seen} of ${tried}`).toBeGreaterThanOrEqual(0.95)
  })

  test.each(Object.entries(byName))('%s', (name, corrupt) => {
    const ports = new Map(runs.map((events) => [events, portsOf(events)]))
    const { tried, seen } = survey(name, corrupt, (events, at) => {
      const event = events[at]!
      if (event.event !== 'step') return false
      return !event.answer.outputs.some((each) => each.type === 'result' && ports.get(events)!.has(each.operation))
    })
    expect(tried).toBeGreaterThan(0)
    expect(seen / tried, `${seen} of ${tried}`).toBeGreaterThanOrEqual(0.95)
  })
})
