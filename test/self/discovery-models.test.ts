/** The models of service discovery: rules, the machine of an endpoint, its paths, and what the reference makes of them. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createReference } from '../../impl/reference/discovery/session.ts'
import { decode, encode, type Packet } from '../../impl/reference/discovery/wire/packet.ts'
import {
  accepts,
  endpointInputs,
  endpointKinds,
  initialSnapshot,
  nextSnapshot,
  outcomeOf,
  transitionNames,
  type EndpointOutcome,
  type Stage,
} from '../../models/discovery/member.ts'
import { discoveryPaths, operationsOf, takenTransitions } from '../../models/discovery/paths.ts'
import * as rules from '../../models/discovery/rules.ts'
import type { EndpointRecord, NetworkSetting } from '../../models/discovery/vocabulary.ts'
import { createDiscoveryJudge } from '../../properties/discovery/judge.ts'
import { View } from '../../properties/discovery/view.ts'
import { scenarioOfDiscoveryPath } from '../../traces/run/discovery/path.ts'
import { runScenario } from '../../traces/run.ts'

const overlay = (name: string): NetworkSetting => ({ name, kind: 'overlay', internal: false })
const blue = overlay('blue')
const dotted = overlay('x.blue')
const host: NetworkSetting = { name: 'host', kind: 'local', internal: false }
const ingress: NetworkSetting = { name: 'ingress', kind: 'ingress', internal: true }
const networks = [blue, dotted, host, ingress]

const record = (parts: Partial<EndpointRecord> & Pick<EndpointRecord, 'endpoint' | 'name'>): EndpointRecord => ({
  network: 'blue',
  owner: 'n1',
  aliases: [],
  address: '10.0.1.9',
  address6: '',
  service: null,
  disabled: false,
  ...parts,
})

function viewOf(...records: readonly EndpointRecord[]): View {
  const view = new View(new Map(networks.map(({ name, kind }) => [name, kind])))
  for (const each of records) view.set(each)
  return view
}

const resolve = (view: View, name: string, of: readonly NetworkSetting[] = [blue], family: rules.Family = 4) =>
  rules.resolve(name, family, of, view.known)

describe('what a name means', () => {
  const service = { name: 'web', aliases: ['www'], vip: '10.0.1.2' }
  const task = record({ endpoint: 'e1', name: 'web.1', service })
  const other = record({ endpoint: 'e2', name: 'web.2', address: '10.0.1.10', service })
  const only = (address: string) => ({ choices: [{ strong: [address], weak: [] }], empty: false, unknown: false })
  const unknown = { choices: [], empty: false, unknown: true }

  test('with a virtual address', () => {
    const view = viewOf(task, other)
    expect(resolve(view, 'web')).toEqual(only('10.0.1.2'))
    expect(resolve(view, 'WWW.')).toEqual(only('10.0.1.2'))
    expect(resolve(view, 'tasks.www').choices[0]!.strong).toEqual(['10.0.1.9', '10.0.1.10'])
    expect(resolve(view, 'web.1')).toEqual(only('10.0.1.9'))
    expect(resolve(view, 'web', [blue], 6)).toEqual({ choices: [], empty: true, unknown: false })
    expect(resolve(view, 'web', [dotted])).toEqual(unknown)
  })

  test('without one', () => {
    const view = viewOf({ ...task, service: { ...service, vip: '' } })
    for (const name of ['web', 'www', 'tasks.web']) expect(resolve(view, name)).toEqual(only('10.0.1.9'))
  })

  test('when its tasks are disabled: known to who has met them, perhaps to others', () => {
    const met = viewOf(task, { ...task, disabled: true })
    expect(resolve(met, 'web')).toEqual(only('10.0.1.2'))
    expect(resolve(met, 'tasks.web')).toEqual(unknown)
    const late = viewOf({ ...task, disabled: true })
    expect(resolve(late, 'web')).toEqual({ choices: [{ strong: [], weak: ['10.0.1.2'] }], empty: false, unknown: true })
    late.delete('blue', 'e1')
    expect(resolve(late, 'web')).toEqual(unknown)
  })

  test('on several networks: whole before split, from the right, overlays first, nothing on ingress', () => {
    const view = viewOf(
      record({ endpoint: 'e1', name: 'a.x', address: '10.0.1.1' }),
      record({ endpoint: 'e2', name: 'a', address: '10.0.2.1', network: 'x.blue' }),
      record({ endpoint: 'e3', name: 'cache', address: '10.9.4.1', network: 'host', address6: 'fd00::1' }),
      record({ endpoint: 'e4', name: 'cache', address: '10.0.1.4' }),
      record({ endpoint: 'e5', name: 'gate', address: '10.0.3.1', network: 'ingress' }),
    )
    expect(resolve(view, 'a.x.blue', networks)).toEqual(only('10.0.1.1'))
    expect(resolve(view, 'a.x.blue', [dotted])).toEqual(only('10.0.2.1'))
    view.set(record({ endpoint: 'e6', name: 'a.x.blue', address: '10.0.1.6' }))
    expect(resolve(view, 'a.x.blue', networks)).toEqual(only('10.0.1.6'))
    expect(resolve(view, 'cache', networks)).toEqual(only('10.0.1.4'))
    expect(resolve(view, 'cache', networks, 6)).toEqual(only('fd00::1'))
    expect(resolve(view, 'gate', networks)).toEqual(unknown)
    // In the name of a network case may mean something.
    expect(resolve(view, 'cache.BLUE', networks)).toMatchObject({ choices: [{ strong: ['10.0.1.4'] }], unknown: true })
  })

  test('pointers, and what is to be completed', () => {
    expect(rules.pointedTo('9.1.0.10.in-addr.arpa')).toBe('10.0.1.9')
    expect(rules.pointedTo('9.1.0.in-addr.arpa')).toBeNull()
    expect(rules.isToComplete({ name: 'nobody.', qtype: 'A' }, true)).toBe(true)
    expect(rules.isToComplete({ name: 'no.body', qtype: 'A' }, true)).toBe(false)
    expect(rules.isToComplete({ name: 'nobody', qtype: 'MX' }, true)).toBe(false)
    expect(rules.isToComplete({ name: 'nobody', qtype: 'A' }, false)).toBe(false)
  })
})

const label = fc.stringMatching(/^[a-zA-Z0-9_-]{1,20}$/)
const domain = fc.array(label, { minLength: 1, maxLength: 5 }).map((labels) => labels.join('.'))

describe('octets', () => {
  const packet = fc.record({
    id: fc.integer({ min: 0, max: 65_535 }),
    response: fc.boolean(),
    opcode: fc.integer({ min: 0, max: 15 }),
    authoritative: fc.boolean(),
    truncated: fc.boolean(),
    recursionDesired: fc.boolean(),
    recursionAvailable: fc.boolean(),
    rcode: fc.integer({ min: 0, max: 15 }),
    questions: fc.array(fc.record({ name: domain, type: fc.constantFrom('A', 'AAAA', 'PTR', 'MX', 'TYPE99') })),
    answers: fc.array(
      fc.oneof(
        fc.record({ name: domain, type: fc.constant('A'), ttl: fc.nat(), data: fc.ipV4() }),
        fc.record({ name: domain, type: fc.constant('PTR'), ttl: fc.nat(), data: domain }),
        fc.record({ name: domain, type: fc.constant('TXT'), ttl: fc.nat(), data: fc.stringMatching(/^[ -~]{0,600}$/) }),
      ),
    ),
    size: fc.option(fc.integer({ min: 0, max: 65_535 })),
  })

  test('are read as what was written, names shortened or not', () => {
    fc.assert(
      fc.property(packet, (each: Packet) => {
        expect(decode(encode(each))).toEqual(each)
      }),
      { numRuns: 2_000 },
    )
  })

  test('of any kind are read, or refused, within their bounds', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        decode(bytes)
      }),
      { numRuns: 20_000 },
    )
    fc.assert(
      fc.property(packet, fc.nat(), (each, at) => {
        const bytes = encode(each)
        decode(bytes.slice(0, at % bytes.length))
      }),
      { numRuns: 2_000 },
    )
  })

  test.each(Object.entries(rules.garbledPackets))('with %s are no query', (_, bytes) => {
    const read = decode(Buffer.from(bytes, 'hex'))
    expect(read === null || read.response || read.questions.length === 0).toBe(true)
  })

  test('are as many as the rules say', () => {
    fc.assert(
      fc.property(domain, fc.integer({ min: 0, max: 60 }), (name, count) => {
        const answers = Array.from({ length: count }, (_, n) => ({ name, type: 'A', ttl: 600, data: `10.0.0.${n}` }))
        const [least, most] = rules.sizesOf(name, count, 4)
        const flags = { id: 1, response: true, opcode: 0, authoritative: false, truncated: false, rcode: 0 }
        const rest = { recursionDesired: true, recursionAvailable: true, questions: [{ name, type: 'A' }], answers }
        expect(encode({ ...flags, ...rest, size: null }).length).toBe(least)
        expect(encode({ ...flags, ...rest, size: 512 }).length).toBeLessThanOrEqual(Math.max(most, least + 11))
      }),
    )
  })

  test('of addresses of IPv6 are written in the shortest way', () => {
    const read = (data: string) => {
      const answers = [{ name: 'a', type: 'AAAA', ttl: 1, data }]
      const frame = { id: 1, response: true, opcode: 0, authoritative: false, truncated: false, rcode: 0, size: null }
      return decode(encode({ ...frame, recursionDesired: true, recursionAvailable: true, questions: [], answers }))!
        .answers[0]!.data
    }
    expect(['::', 'fd00::1', '1:0:2:0:0:3:4:5', '2001:db8::'].map(read)).toEqual([
      '::',
      'fd00::1',
      '1:0:2::3:4:5',
      '2001:db8::',
    ])
  })
})

const stages: readonly Stage[] = ['absent', 'starting', 'serving', 'disabled', 'ending', 'gone']
const outcomes = (['nothing', 'enabled', 'disabled'] as const).flatMap((shown) =>
  (['ok', 'failed'] as const).map((told): EndpointOutcome => ({ shown, told })),
)

/** The machine, driven to a stage. */
function snapshotAt(kind: (typeof endpointKinds)[number], stage: Stage) {
  const seen = [{ snapshot: initialSnapshot(kind), stage: 'absent' as Stage }]
  for (const at of seen) {
    if (at.stage === stage) return at.snapshot
    for (const type of endpointInputs) {
      const { to, outcome } = outcomeOf(kind, at.stage, type)
      if (!seen.some((each) => each.stage === to))
        seen.push({ snapshot: nextSnapshot(at.snapshot, { type, outcome }), stage: to })
    }
  }
  return null
}

describe('the machine of an endpoint', () => {
  test('goes where its rules say, and nowhere on what they forbid', () => {
    let tried = 0
    for (const kind of endpointKinds) {
      for (const stage of stages) {
        const snapshot = snapshotAt(kind, stage)
        if (snapshot === null) continue
        expect(snapshot.value).toBe(stage)
        for (const type of endpointInputs) {
          for (const outcome of outcomes) {
            tried++
            const after = nextSnapshot(snapshot, { type, outcome }).value
            const isAccepted = accepts(kind, stage, { type, outcome })
            expect(after).toBe(isAccepted ? outcomeOf(kind, stage, type).to : stage)
          }
        }
      }
    }
    expect(tried).toBeGreaterThanOrEqual(390)
  })

  test('has paths that take every transition, and ask everything at every stage', () => {
    expect(transitionNames().filter((name) => !takenTransitions().has(name))).toEqual([])
    for (const path of discoveryPaths()) {
      const asked = operationsOf(path).filter(({ type }) => type === 'query')
      expect(asked.length).toBe(path.inputs.length * 2 * 21)
    }
  })

  const reference = createReference()

  test('agrees with judge and reference on every path', () => {
    const seen = new Set<string>()
    for (const path of discoveryPaths()) {
      const judge = createDiscoveryJudge(reference.hello.profiles)
      const { violation, transitions } = runScenario(scenarioOfDiscoveryPath(path), reference, judge, { record: false })
      expect({ path: path.name, violation }).toEqual({ path: path.name, violation: null })
      for (const name of transitions.keys()) seen.add(name)
    }
    expect(transitionNames().filter((name) => !seen.has(name))).toEqual([])
  })
})
