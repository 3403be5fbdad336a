/**
 * The judge of service discovery under corruption: in a good run one thing that was seen is changed, left out or added, and
 * the judge of single steps has to object, there or later.
 */
import { describe, expect, test } from 'vitest'
import { createReference } from '../../impl/reference/discovery/session.ts'
import type { Answer, AnswerRecord, EndpointRecord, Input, Output, Reply } from '../../models/discovery/vocabulary.ts'
import { createDiscoveryJudge } from '../../properties/discovery/judge.ts'
import type { EventOf } from '../../traces/event.ts'
import { runScenario } from '../../traces/run.ts'
import { drawDiscoverySchedule } from '../../traces/schedule.ts'
import { drawFrom, pick } from '../../traces/schedule/draw.ts'
import type { DiscoverySurface } from '../../traces/surface.ts'

const reference = createReference()
const judge = () => createDiscoveryJudge(reference.hello.profiles, ['step'])

type Corrupt = (answer: Answer, input: Input, at: number) => Answer | null

/** Corrupts one output; null if there is none that fits. */
const inOutputs =
  (corrupt: (output: Output, input: Input) => readonly Output[] | null): Corrupt =>
  (answer, input, at) => {
    const corrupted = answer.outputs.map((output) => corrupt(output, input))
    const places = corrupted.flatMap((each, index) => (each === null ? [] : [index]))
    if (places.length === 0) return null
    const place = places[at % places.length]!
    return { ...answer, outputs: answer.outputs.toSpliced(place, 1, ...corrupted[place]!) }
  }

/** Corrupts the reply to a question. */
const inReply = (corrupt: (reply: Reply) => Reply | null): Corrupt =>
  inOutputs((output) => {
    if (output.type !== 'result' || output.reply === null) return null
    const reply = corrupt(output.reply)
    return reply === null ? null : [{ ...output, reply }]
  })

/** Corrupts the answer to a question that the node knows itself. */
const inAnswer = (corrupt: (answers: readonly AnswerRecord[]) => readonly AnswerRecord[]): Corrupt =>
  inReply((reply) => (reply.answers.length === 0 ? null : { ...reply, answers: corrupt(reply.answers) }))

/** Corrupts a record that is shown. */
const inRecord =
  (corrupt: (record: EndpointRecord, input: Input) => EndpointRecord | null): Corrupt =>
  (answer, input, at) => {
    const changes = answer.records ?? []
    const corrupted = changes.map((change) => (change.status === 'held' ? corrupt(change, input) : null))
    const places = corrupted.flatMap((each, index) => (each === null ? [] : [index]))
    if (places.length === 0) return null
    const place = places[at % places.length]!
    return { ...answer, records: changes.with(place, { ...corrupted[place]!, status: 'held' }) }
  }

const isOwn = ({ owner }: EndpointRecord, { node }: Input): boolean => owner === node
const isTask = ({ service }: EndpointRecord): boolean => service !== null

const corruptions: Readonly<Record<string, Corrupt>> = {
  'an address changed': inAnswer(([first, ...rest]) => [{ ...first!, data: '203.0.113.7' }, ...rest]),
  'an address left out': inReply((reply) =>
    reply.answers.length < 2 || reply.truncated ? null : { ...reply, answers: reply.answers.slice(1) },
  ),
  'an address twice': inAnswer((answers) => [...answers, answers[0]!]),
  'all addresses left out': inAnswer(() => []),
  'another name in the answer': inAnswer(([first, ...rest]) => [{ ...first!, name: 'other' }, ...rest]),
  'another type in the answer': inAnswer(([first, ...rest]) => [{ ...first!, type: 'CNAME' }, ...rest]),
  'another lifetime': inAnswer(([first, ...rest]) => [{ ...first!, ttl: first!.ttl + 1 }, ...rest]),
  'another question': inReply((reply) => ({ ...reply, name: `${reply.name}x` })),
  'another code': inReply((reply) => ({ ...reply, rcode: reply.rcode === 0 ? 2 : 0 })),
  'too large': inReply((reply) => ({ ...reply, size: 70_000 })),
  'said to be cut': inReply((reply) =>
    reply.answers.length === 0 || reply.truncated ? null : { ...reply, truncated: true },
  ),
  'cut in silence': inReply((reply) => (reply.truncated ? { ...reply, truncated: false } : null)),
  'a reply left out': inOutputs((output) => (output.type === 'result' ? [] : null)),
  'a reply twice': inOutputs((output) => (output.type === 'result' ? [output, output] : null)),
  'a reply of nothing': inOutputs((output, input) =>
    output.type === 'result' && output.reply !== null && input.type === 'operation'
      ? [{ ...output, reply: null }]
      : null,
  ),
  'an outcome turned': inOutputs((output) =>
    output.type === 'result' ? [{ ...output, status: output.status === 'ok' ? 'failed' : 'ok' }] : null,
  ),
  'a question outside left out': inOutputs((output) => (output.type === 'forward' ? [] : null)),
  'a question outside twice': inOutputs((output) =>
    output.type === 'forward' ? [output, { ...output, id: output.id + 1_000_000 }] : null,
  ),
  'a question to another': inOutputs((output) =>
    output.type === 'forward' ? [{ ...output, server: '192.0.2.99' }] : null,
  ),
  'another question outside': inOutputs((output) =>
    output.type === 'forward' ? [{ ...output, name: 'other' }] : null,
  ),
  'a record left out': (answer, input, at) => {
    // What became of those of others, only they can say.
    const asked = input.type === 'operation' && 'endpoint' in input.operation ? input.operation.endpoint : ''
    const own = (answer.records ?? []).filter(({ endpoint }) => endpoint === asked)
    if (own.length === 0) return null
    const gone = own[at % own.length]
    return { ...answer, records: answer.records!.filter((change) => change !== gone) }
  },
  'a record of another address': inRecord((record, input) =>
    isOwn(record, input) ? { ...record, address: '203.0.113.7' } : null,
  ),
  'a record of another service': inRecord((record, input) =>
    isOwn(record, input) && isTask(record) ? { ...record, service: null } : null,
  ),
  'a record turned': inRecord((record, input) =>
    isOwn(record, input) ? { ...record, disabled: !record.disabled } : null,
  ),
  'a record added': (answer, input) => {
    const added = {
      network: 'blue',
      endpoint: 'e999',
      owner: input.node,
      name: 'ghost',
      aliases: [],
      address: '203.0.113.7',
      address6: '',
      service: null,
      disabled: false,
      status: 'held',
    } as const
    return { ...answer, records: [...(answer.records ?? []), added] }
  },
}

/** Whether the judge objects to the run with this answer in the place of that one. */
function objects(events: readonly EventOf<DiscoverySurface>[], at: number, answer: Answer): boolean {
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

const most = 1_500
const runs = [3, 5, 8, 13, 21].map((seed) => {
  const scenario = drawDiscoverySchedule(seed, reference.hello)
  return runScenario(scenario, reference, judge(), { inspectEvery: 1_000_000 }).events.slice(0, most)
})

describe('of a corrupted run the judge of steps sees', () => {
  test.each(Object.entries(corruptions))('%s', (name, corrupt) => {
    const draw = drawFrom(name.length)
    let tried = 0
    let seen = 0
    const missed: string[] = []
    for (const events of runs) {
      const places = events.flatMap((event, at) => {
        if (event.event !== 'step' || event.input.type === 'crash' || event.input.type === 'restart') return []
        const answer = corrupt(event.answer, event.input, draw.integer(0, 9))
        return answer === null ? [] : [{ at, answer }]
      })
      for (let tries = Math.min(15, places.length); tries > 0; tries--) {
        const { at, answer } = pick(draw, places)
        tried++
        if (objects(events, at, answer)) seen++
        else missed.push(JSON.stringify(events[at]))
      }
    }
    expect(tried).toBeGreaterThan(0)
    expect(seen / tried, `${seen} of ${tried}; ${missed[0]}`).toBeGreaterThanOrEqual(0.95)
  })
})
