/** The models of balancing: the three lives and their paths, the decision of the mesh, the searched systems. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createReference } from '../../impl/reference/balancing/session.ts'
import {
  acceptingTransition,
  initialSnapshot,
  lives,
  machineOf,
  nextSnapshot,
  portLife,
  taskLife,
} from '../../models/balancing/member.ts'
import { decide, isRefused, situations } from '../../models/balancing/mesh.ts'
import { balancingPaths, inputPaths } from '../../models/balancing/paths.ts'
import { clash, hears, isInTurn, problemsOf } from '../../models/balancing/rules.ts'
import { addressModel, addressRules } from '../../models/balancing/system-addresses.ts'
import { meshModel, meshRules, type MeshRules } from '../../models/balancing/system.ts'
import type { Port, Service, ServiceSpec } from '../../models/balancing/vocabulary.ts'
import { exploreModel } from '../../models/explorer.ts'
import { createBalancingJudge } from '../../properties/balancing/judge.ts'
import { runScenario } from '../../traces/run.ts'
import { scenarioOfBalancingPath } from '../../traces/run/balancing/path.ts'

const port = (published: number, mode: Port['mode'], protocol: Port['protocol'] = 'tcp'): Port => ({
  protocol,
  target: 80,
  published,
  mode,
})

describe('ports', () => {
  test.each([
    [port(80, 'ingress'), port(80, 'ingress'), true],
    [port(80, 'ingress'), port(80, 'host'), true],
    [port(80, 'host'), port(80, 'ingress'), true],
    [port(80, 'host'), port(80, 'host'), false],
    [port(80, 'ingress'), port(80, 'ingress', 'udp'), false],
    [port(80, 'ingress'), port(81, 'ingress'), false],
  ])('as SwarmKit has it: %j and %j', (one, other, clashes) => {
    expect(clash(one, other)).toBe(clashes)
    expect(clash(other, one)).toBe(clashes)
  })

  test('what is wrong with a request is found, and nothing else', () => {
    const held: Service = {
      service: 'held',
      mode: 'vip',
      attachments: [],
      ports: [port(8080, 'ingress'), port(9090, 'host')],
      routes: [],
    }
    const problems = (parts: Partial<ServiceSpec>) =>
      problemsOf({ service: 'new', mode: 'vip', networks: [], ports: [], routes: [], ...parts }, new Set(['net1']), [
        held,
      ])
    expect(problems({})).toEqual([])
    expect(problems({ networks: ['net1'] })).toEqual([])
    expect(problems({ networks: ['net1', 'net1'] })).toEqual(['wrong-network'])
    expect(problems({ networks: ['ingress'] })).toEqual(['wrong-network'])
    expect(problems({ ports: [port(8080, 'ingress')] })).toEqual(['port-taken'])
    expect(problems({ ports: [port(8080, 'host')] })).toEqual(['mode-clash'])
    expect(problems({ ports: [port(9090, 'ingress')] })).toEqual(['mode-clash'])
    expect(problems({ ports: [port(9090, 'host')] })).toEqual([])
    expect(problems({ ports: [port(1, 'host'), port(1, 'host')] })).toEqual(['duplicate-port'])
    expect(problems({ ports: [port(0, 'ingress'), port(0, 'ingress')] })).toEqual([])
    expect(problems({ mode: 'dnsrr', ports: [port(1, 'ingress')] })).toEqual(['ingress-of-dnsrr'])
    expect(problems({ mode: 'dnsrr', ports: [port(1, 'host')] })).toEqual([])
  })
})

test('rounds are exact: of m·n connections in a row each of n backends gets m, and no other order is taken', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5 }), fc.array(fc.nat(), { minLength: 20, maxLength: 40 }), (n, picks) => {
      const recent: string[] = []
      for (const pick of picks) {
        const allowed = Array.from({ length: n }, (_, at) => String(at)).filter((each) => isInTurn(recent, n, each))
        expect(allowed.length).toBeGreaterThan(0)
        recent.push(allowed[pick % allowed.length]!)
      }
      for (let from = 0; from + n <= recent.length; from++) expect(new Set(recent.slice(from, from + n)).size).toBe(n)
    }),
  )
})

test.each([
  [{ life: 1, version: 5 }, { life: 1, since: 5, version: 7 }, 'news'],
  [{ life: 1, version: 5 }, { life: 1, since: 3, version: 5 }, 'nothing-new'],
  [{ life: 1, version: 5 }, { life: 1, since: 6, version: 7 }, 'gap'],
  [{ life: 2, version: 0 }, { life: 1, since: 0, version: 7 }, 'older-life'],
  [{ life: 1, version: 5 }, { life: 2, since: 0, version: 0 }, 'new-life'],
  [{ life: 1, version: 5 }, { life: 2, since: 1, version: 3 }, 'gap'],
] as const)('who holds %j hears %j as %s', (held, update, heard) => {
  expect(hears(held, update)).toBe(heard)
})

describe('the decision of the mesh', () => {
  test('knows every situation once', () => {
    expect(new Set(situations.map((each) => JSON.stringify(each))).size).toBe(4 * 4 * 4 * 2)
  })

  test('goes nowhere but to who is active, and to the task itself at the port of a host', () => {
    for (const situation of situations) {
      const decision = decide(situation)
      const { way, local, remote, offered } = situation
      if (!offered) expect(isRefused(decision)).toBe(true)
      else if (way === 'host') expect(decision).toEqual({ local: local !== 'none', remote: false, source: 'client' })
      else {
        expect([decision.local, decision.remote]).toEqual([local === 'active', remote === 'active'])
        expect(decision.source).toBe(way === 'ingress' ? 'node' : null)
      }
    }
  })
})

describe('the machines of the lives', () => {
  test.each(lives.map((life) => [life.name, life] as const))('of a %s go where its rules say', (_, life) => {
    const machine = machineOf(life)
    const taken = new Set<string>()
    for (const inputs of inputPaths(life)) {
      let snapshot = initialSnapshot(machine)
      for (const type of inputs) {
        const state = snapshot.value as string
        const to = life.after(state, type)
        const wrong = life.states.find((each) => each !== (to ?? state))!
        for (const granted of [true, false])
          expect(nextSnapshot(machine, snapshot, { type, granted, to: wrong }).value).toBe(state)
        const event = { type, granted: to !== null, to: to ?? state }
        taken.add(acceptingTransition(life, state, event)!)
        expect(nextSnapshot(machine, snapshot, { ...event, granted: !event.granted }).value).toBe(state)
        snapshot = nextSnapshot(machine, snapshot, event)
        expect(snapshot.value).toBe(to ?? state)
      }
    }
    expect(taken.size).toBe(life.states.length * life.inputs.length)
  })

  test('a number has six states, and a task four', () => {
    expect([portLife.states.length, taskLife.states.length]).toEqual([6, 4])
  })
})

describe('every path', () => {
  const reference = createReference()

  test('is passed by the reference', () => {
    for (const path of balancingPaths()) {
      const judge = createBalancingJudge(reference.hello.profiles)
      const { violation } = runScenario(scenarioOfBalancingPath(path), reference, judge)
      expect({ path: path.name, violation }).toEqual({ path: path.name, violation: null })
    }
  })
})

describe('the searched mesh', () => {
  const search = (rules: MeshRules = meshRules) => exploreModel(meshModel({ changes: 3 }, rules))
  const verdicts = (rules: MeshRules): string[] =>
    search(rules)
      .properties.filter(({ verdict }) => verdict === 'violated' || verdict === 'unreachable')
      .map(({ name }) => name)

  test('holds, and reaches what it has to', () => {
    const { outcome, properties, distinct } = search()
    expect(outcome).toBe('exhausted')
    expect(distinct).toBeGreaterThan(10_000)
    expect(properties.map(({ verdict }) => verdict)).toEqual(['holds', 'holds', 'holds', 'holds', 'reached', 'reached'])
  })

  test.each<[string, Partial<MeshRules>, string]>([
    ['passes on again', { mayForward: () => true }, 'no connection is passed on twice'],
    ['answers for anybody', { mayAnswer: () => true }, 'who is answered has a task that runs'],
    [
      'chooses who drains',
      { mayChoose: (status) => status === 'active' || status === 'draining' },
      'who knows all chooses only those that take more',
    ],
    ['chooses nobody', { mayChoose: () => false }, 'who knows all refuses nobody while a task takes more'],
    ['hears nothing', { takes: () => false }, 'a task of another node answers'],
  ])('notices a mesh that %s', (_, weakened, property) => {
    expect(verdicts({ ...meshRules, ...weakened })).toContain(property)
  })
})

describe('the searched addresses', () => {
  test('reach nobody else while none is given again', () => {
    const { outcome, properties } = exploreModel(addressModel({ addresses: 4, services: 4 }))
    expect([outcome, ...properties.map(({ verdict }) => verdict)]).toEqual(['exhausted', 'holds', 'reached'])
  })

  test('notice one that is given again at once', () => {
    const lowest = {
      ...addressRules,
      choose: (taken: number, addresses: number) => addressRules.choose(taken, addresses, addresses - 1),
    }
    expect(exploreModel(addressModel({ addresses: 4, services: 4 }, lowest)).outcome).toBe('violated')
  })
})
