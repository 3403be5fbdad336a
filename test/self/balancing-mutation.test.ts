/**
 * Of recorded runs of the reference one thing that was seen is changed, left out or added, and the judge of single steps
 * has to object, there or later.
 */
import { describe, expect, test } from 'vitest'
import { createReference } from '../../impl/reference/balancing/session.ts'
import type { Answer, Message, Output, OutgoingMessage } from '../../models/balancing/vocabulary.ts'
import { createBalancingJudge } from '../../properties/balancing/judge.ts'
import { runScenario } from '../../traces/run.ts'
import { drawBalancingSchedule } from '../../traces/schedule.ts'
import { drawFrom, pick } from '../../traces/schedule/draw.ts'
import type { BalancingTraceEvent } from '../../traces/event.ts'

const reference = createReference()
const judge = () => createBalancingJudge(reference.hello.profiles, ['step'])

/** The answer with something else in it; null if it has nothing of the kind. */
type Corrupt = (answer: Answer) => Answer | null

/** Changes the first of a list for which there is a change; null leaves it out, undefined means that it does not fit. */
function first<Item>(items: readonly Item[] | null, change: (item: Item) => Item | null | undefined): Item[] | null {
  for (const [at, item] of (items ?? []).entries()) {
    const changed = change(item)
    if (changed !== undefined)
      return items!.flatMap((each, place) => (place !== at ? [each] : changed === null ? [] : [changed]))
  }
  return null
}

const inPools =
  (
    change: (pool: NonNullable<Answer['pools']>[number]) => NonNullable<Answer['pools']>[number] | null | undefined,
  ): Corrupt =>
  (answer) => {
    const pools = first(answer.pools, change)
    return pools === null ? null : { ...answer, pools }
  }
const inListeners =
  (
    change: (listener: NonNullable<Answer['listeners']>[number]) => NonNullable<Answer['listeners']>[number] | null,
  ): Corrupt =>
  (answer) => {
    const listeners = first(answer.listeners, change)
    return listeners === null ? null : { ...answer, listeners }
  }
const inServices =
  (
    change: (
      service: NonNullable<Answer['services']>[number],
    ) => NonNullable<Answer['services']>[number] | null | undefined,
  ): Corrupt =>
  (answer) => {
    const services = first(answer.services, change)
    return services === null ? null : { ...answer, services }
  }
const inOutputs =
  <Type extends Output['type']>(
    type: Type,
    change: (output: Extract<Output, { readonly type: Type }>) => Output | null | undefined,
  ): Corrupt =>
  (answer) => {
    const outputs = first(answer.outputs, (output) =>
      output.type === type ? change(output as Extract<Output, { readonly type: Type }>) : undefined,
    )
    return outputs === null ? null : { ...answer, outputs }
  }
const inMessages = <Kind extends Message['kind']>(
  kind: Kind,
  change: (view: Extract<Message, { readonly kind: Kind }>, message: OutgoingMessage) => Message | null | undefined,
): Corrupt =>
  inOutputs('message', (message) => {
    if (message.view.kind !== kind) return undefined
    const view = change(message.view as Extract<Message, { readonly kind: Kind }>, message)
    return view === null || view === undefined ? view : { ...message, view }
  })

/** Whether the first may be left out: who holds nothing need not be told what is no more. */
const isOpen = (
  { since }: Extract<Message, { readonly kind: 'update' }>,
  [told]: readonly { readonly content: object | null }[],
): boolean => told === undefined || (told.content === null && since === 0)

const corruptions: Readonly<Record<string, Corrupt>> = {
  'a pool left out': inPools(() => null),
  'a pool at another address': inPools((pool) =>
    pool.members.length === 0 ? undefined : { ...pool, vip: '10.9.9.9' },
  ),
  'a weight turned': inPools(({ members, ...pool }) => {
    const changed = first(members, (member) => ({
      ...member,
      weight: member.weight === 1 ? (0 as const) : (1 as const),
    }))
    return changed === null ? undefined : { ...pool, members: changed }
  }),
  'a backend left out': inPools(({ members, ...pool }) =>
    members.length < 2 ? undefined : { ...pool, members: members.slice(1) },
  ),
  'a backend added': inPools(({ members, ...pool }) => ({
    ...pool,
    members: [...members, { task: 'x', node: 'n1', weight: 1 }],
  })),
  'a backend of another node': inPools(({ members, ...pool }) => {
    const changed = first(members, (member) => ({ ...member, node: 'n9' }))
    return changed === null ? undefined : { ...pool, members: changed }
  }),
  'a port left out': inListeners(() => null),
  'a port of another number': inListeners((listener) => ({ ...listener, port: listener.port + 1 })),
  'a port turned': inListeners((listener) => ({ ...listener, open: !listener.open })),
  'a service left out': inServices(() => null),
  'a service of another mode': inServices((change) =>
    change.service === null
      ? undefined
      : { ...change, service: { ...change.service, mode: change.service.mode === 'vip' ? 'dnsrr' : 'vip' } },
  ),
  'a service without its networks': inServices((change) =>
    change.service === null || change.service.attachments.length === 0
      ? undefined
      : { ...change, service: { ...change.service, attachments: [] } },
  ),
  'a service of another port': inServices((change) => {
    const ports = first(change.service?.ports ?? null, (port) => ({ ...port, published: 1 }))
    return ports === null ? undefined : { ...change, service: { ...change.service!, ports } }
  }),
  'a result turned': inOutputs('result', (result) => ({ ...result, status: result.status === 'ok' ? 'failed' : 'ok' })),
  // That one is late is seen by the judge of histories.
  'a result left out': inOutputs('result', ({ status }) => (status === 'unknown' ? undefined : null)),
  'a result of another task': inOutputs('result', (result) =>
    result.task === '' ? undefined : { ...result, task: 'x' },
  ),
  'an arrival at another task': inOutputs('arrival', (arrival) => ({ ...arrival, task: 'x' })),
  'an arrival twice': inOutputs('arrival', (arrival) => ({ ...arrival, connection: arrival.connection + 1 })),
  'a connection for another task': inMessages('open', (view) => ({ ...view, task: 'x' })),
  'a connection of another scheme': inMessages('open', (view) =>
    view.scheme === '' ? undefined : { ...view, scheme: view.scheme === 'http' ? 'https' : 'http' },
  ),
  'more for another task': inMessages('data', (view) => ({ ...view, task: 'x' })),
  'an answer turned': inMessages('answer', (view) => ({ ...view, status: view.status === 'ok' ? 'closed' : 'ok' })),
  'an acknowledgement left out': inMessages('ack', () => null),
  'an acknowledgement of more': inMessages('ack', (view) => ({ ...view, version: view.version + 1 })),
  'an update of another life': inMessages('update', (view) => ({ ...view, life: view.life + 1 })),
  'an update without a service': inMessages('update', (view) =>
    isOpen(view, view.services) ? undefined : { ...view, services: view.services.slice(1) },
  ),
  'an update without a backend': inMessages('update', (view) =>
    isOpen(view, view.backends) ? undefined : { ...view, backends: view.backends.slice(1) },
  ),
  'an update of another weight': inMessages('update', (view) => {
    const backends = first(view.backends, (told) =>
      told.content === null
        ? undefined
        : { ...told, content: { ...told.content, weight: told.content.weight === 1 ? (0 as const) : (1 as const) } },
    )
    return backends === null ? undefined : { ...view, backends }
  }),
}

/** Whether the judge objects to the run with this answer in the place of that one. */
function objects(events: readonly BalancingTraceEvent[], at: number, answer: Answer): boolean {
  const judged = judge()
  for (const [index, event] of events.entries()) {
    const violation =
      event.event === 'start'
        ? judged.start(event.start, event.initial)
        : event.event === 'step'
          ? judged.step(event.input, index === at ? answer : event.answer, event.now)
          : null
    if (violation !== null) return true
  }
  return false
}

const most = 900
const runs = [3, 11, 12, 26, 31, 40].map((seed) => {
  const scenario = drawBalancingSchedule(seed, reference.hello)
  return runScenario(scenario, reference, judge(), { inspectEvery: 1_000_000 }).events.slice(0, most)
})

describe('of a corrupted run the judge of steps sees', () => {
  test.each(Object.entries(corruptions))('%s', (name, corrupt) => {
    const draw = drawFrom(name.length)
    let tried = 0
    let seen = 0
    for (const events of runs) {
      const places = events.flatMap((event, at) => {
        const answer = event.event === 'step' && event.input.type !== 'crash' ? corrupt(event.answer) : null
        return answer === null ? [] : [{ at, answer }]
      })
      for (let tries = Math.min(12, places.length); tries > 0; tries--) {
        const { at, answer } = pick(draw, places)
        tried++
        if (objects(events, at, answer)) seen++
      }
    }
    expect(tried).toBeGreaterThan(0)
    expect(seen / tried, `${seen} of ${tried}`).toBeGreaterThanOrEqual(0.95)
  })
})
