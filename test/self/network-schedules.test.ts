import { describe, expect, it } from 'vitest'
import { schemas } from '../../impl/contract/network/schema.ts'
import { Catalogue } from '../../impl/reference/network/catalogue.ts'
import { Manager } from '../../impl/reference/network/manager.ts'
import { createReference } from '../../impl/reference/network/session.ts'
import { faultKinds } from '../../impl/sim/faults.ts'
import type { Holding } from '../../models/network/vocabulary.ts'
import { transitionNames } from '../../models/network/paths.ts'
import { createNetworkJudge } from '../../properties/network/judge.ts'
import { slugs } from '../../properties/network/requirements.ts'
import { readTrace, writeTrace } from '../../traces/format.ts'
import { rejudge } from '../../traces/rejudge.ts'
import { type RunResult, runScenario } from '../../traces/run.ts'
import { networkScenarioSchema } from '../../traces/scenario.ts'
import { drawNetworkSchedule } from '../../traces/schedule.ts'
import type { JudgeOf, NetworkSurface } from '../../traces/surface.ts'
import { parseScenario, printScenario } from '../../traces/text.ts'

const reference = createReference()
const { hello } = reference
const createJudge = (): JudgeOf<NetworkSurface> => createNetworkJudge(hello.profiles)
const run = (seed: number): RunResult<NetworkSurface> =>
  runScenario(drawNetworkSchedule(seed, hello), reference, createJudge())

/** What the layers together do not have: disks, elections that take a vote, and nodes that leave. */
const ofOthers = ['lost-write', 'torn-write', 'timeout', 'leave']

const quiet = { record: false } as const

describe('drawn schedules on the reference', () => {
  const results = Array.from({ length: 120 }, (_, seed) => run(seed))

  it('show no violation, and settle', () => {
    for (const [seed, { violation, settled }] of results.entries()) {
      expect({ seed, violation, settled }).toEqual({ seed, violation: null, settled: true })
    }
  })

  it('are as large as they should be: a minute, and three faults of two kinds', () => {
    for (const { duration, faults } of results) {
      expect(duration).toBeGreaterThanOrEqual(60_000)
      expect(Object.values(faults).reduce((sum, count) => sum + count, 0)).toBeGreaterThanOrEqual(3)
      expect(Object.keys(faults).length).toBeGreaterThanOrEqual(2)
    }
  })

  it('have every kind of fault that the layers know, with an effect', () => {
    const seen = new Set(results.flatMap(({ faults }) => Object.keys(faults)))
    expect(faultKinds.filter((kind) => !seen.has(kind) && !ofOthers.includes(kind))).toEqual([])
  })

  it('put every requirement to the test, and take every transition of the machine', () => {
    const tested = new Set(results.flatMap(({ exercised }) => [...exercised.keys()]))
    expect(Object.values(slugs).filter((slug) => !tested.has(slug))).toEqual([])
    const taken = new Set(results.flatMap(({ transitions }) => [...transitions.keys()]))
    expect(transitionNames().filter((name) => !taken.has(name))).toEqual([])
  })

  it('are about something: most end some connections well, and others not', () => {
    const reached = results.filter(({ coverage }) => (coverage.results['ok'] ?? 0) > 10)
    expect(reached.length).toBeGreaterThan(100)
    const kinds = new Set(results.flatMap(({ events }) => events.flatMap((event) => reasonsOf(event))))
    // A peer is told before its names, and goes after them: it is seldom missing.
    for (const reason of ['exists', 'in-use', 'invalid', 'no-such-name', 'no-such-port', 'not-attached', 'not-found']) {
      expect(kinds).toContain(reason)
    }
    for (const reason of ['not-leading', 'timeout', 'unavailable']) expect(kinds).toContain(reason)
  })

  it('give the same bytes again', () => {
    for (const seed of [1, 2, 3]) expect(JSON.stringify(run(seed))).toBe(JSON.stringify(results[seed]))
  })

  it('give the same bytes with explicit faults for the random ones', () => {
    for (const seed of [1, 2, 3]) {
      const scenario = drawNetworkSchedule(seed, hello)
      const { effective, events } = results[seed]!
      const network = { ...scenario.network, loss: 0, duplicate: 0, reorder: 0 }
      const explicit = { ...scenario, network, steps: [...effective, ...scenario.steps] }
      const again = runScenario(explicit, reference, createJudge())
      expect(again.violation).toBeNull()
      expect(JSON.stringify(again.events)).toBe(JSON.stringify(events))
    }
  })

  it('say in text and in JSON what they say', () => {
    for (let seed = 0; seed < 40; seed++) {
      const scenario = drawNetworkSchedule(seed, hello)
      expect(networkScenarioSchema.parse(scenario)).toEqual(scenario)
      expect(parseScenario(printScenario(scenario))).toEqual(scenario)
    }
  })

  it('make traces that are read, and judged the same again', () => {
    const { events } = results[1]!
    const meta = { format: 'swarmcheck-trace', version: 1, swarmcheck: '0', seed: 1, requirement: null } as const
    const scenario = drawNetworkSchedule(1, hello)
    const text = writeTrace({ meta: { ...meta, implementation: hello }, scenario, events, violation: null })
    const trace = readTrace(text)
    expect(writeTrace(trace)).toBe(text)
    expect(rejudge(trace, createJudge() as never)).toEqual({ violation: null, event: events.length - 1 })
  })

  it('have answers that the schemas of the surface take as they are', () => {
    for (const event of results[2]!.events) {
      if (event.event === 'step') expect(schemas.answer.parse(event.answer)).toEqual(event.answer)
      if (event.event === 'start') expect(schemas.initialAnswer.array().parse(event.initial)).toEqual(event.initial)
      if (event.event === 'inspect') expect(schemas.inspection.parse(event.inspection)).toEqual(event.inspection)
    }
  })
})

/** Lets go when SwarmKit does: of a task when it has stopped, of a service and a network at once. */
class AsSwarmKit extends Manager {
  protected override mayFreeAddress(): boolean {
    return true
  }

  protected override mayFreeService(): boolean {
    return true
  }

  protected override mayFreeNetwork(): boolean {
    return true
  }

  protected override isInUse(network: string): boolean {
    const { services, tasks } = this.catalogue
    return (
      [...services.values()].some((service) => service.network === network && !service.removing) ||
      [...tasks.values()].some((task) => task.network === network && task.stage === 'wanted')
    )
  }
}

describe('who lets go as early as SwarmKit does', () => {
  const { open, hello: claims } = createReference({ name: 'as SwarmKit', Manager: AsSwarmKit })
  const early = { open, hello: { ...claims, profiles: ['network-stack'] } }

  it('conforms to what the sources promise, and to no more', () => {
    const broken = new Set<string>()
    for (let seed = 0; seed < 150; seed++) {
      const scenario = drawNetworkSchedule(seed, early.hello)
      const { violation, settled } = runScenario(scenario, early, createNetworkJudge(early.hello.profiles), quiet)
      expect({ seed, violation, settled }).toEqual({ seed, violation: null, settled: true })
      const more = runScenario(scenario, early, createNetworkJudge(claims.profiles), quiet)
      if (more.violation !== null) broken.add(more.violation.requirement)
    }
    expect([...broken].sort()).toEqual([
      slugs.addressOutlivesViews,
      slugs.serviceOutlivesViews,
      slugs.vniOutlivesMembers,
    ])
  })
})

/** Each node has an address of its own on each network, from which it would balance, as in SwarmKit. */
class WithNodeAddresses extends Catalogue {
  override holdings(): Holding[] {
    const ofNodes = [...this.networks.keys()].map((network): Holding => ({
      kind: 'address',
      network,
      value: '10.255.0.1',
      owner: 'n1',
    }))
    return [...super.holdings(), ...ofNodes]
  }
}

class ForNodes extends Manager {
  protected override createCatalogue(): Catalogue {
    return new WithNodeAddresses()
  }
}

describe('who holds addresses for nodes, too', () => {
  it('conforms', () => {
    const other = createReference({ name: 'with addresses of nodes', Manager: ForNodes })
    for (let seed = 0; seed < 20; seed++) {
      const scenario = drawNetworkSchedule(seed, hello)
      expect(runScenario(scenario, other, createJudge(), quiet).violation).toBeNull()
    }
  })
})

type Event = RunResult<NetworkSurface>['events'][number]

function reasonsOf(event: Event): string[] {
  if (event.event !== 'step') return []
  return event.answer.outputs.flatMap((output) => (output.type === 'result' ? [output.reason] : []))
}

describe('a scenario that somebody writes', () => {
  const text = (...steps: string[]): string => ['network scenario v1', 'nodes n1 n2', ...steps].join('\n')
  const violationOf = (...steps: string[]) => {
    const scenario = parseScenario(text(...steps))
    if (scenario.surface !== 'network') throw new Error('of another surface')
    return runScenario(scenario, reference, createJudge()).violation
  }
  const web = [
    'create-network n1 net1',
    'create-service leader web on net1 vip port 80',
    'start-task n1 t1 of web on n2',
  ]

  it('reaches what it expects', () => {
    expect(
      violationOf(
        ...web,
        'run 3s',
        'expect leads n1',
        'expect runs n2 t1',
        'expect shows n1 net1/t1',
        'expect holds n1 web=80',
      ),
    ).toBeNull()
    expect(violationOf(...web, 'run 3s', 'connect n1 net1/web', 'run 1s', 'expect reached t1')).toBeNull()
    expect(violationOf(...web, 'run 3s', 'connect-port n1 81', 'expect failed no-such-port')).toBeNull()
    expect(
      violationOf(
        ...web,
        'run 3s',
        'stop-task n1 t1',
        'run 5s',
        'expect shows-not n1 net1/t1',
        'expect holds-nothing n1 t1',
      ),
    ).toBeNull()
  })

  it('says what it sees instead', () => {
    expect(violationOf(...web, 'expect runs n2 t2')?.text).toBe('n2 does not run t2')
    expect(violationOf(...web, 'expect leads n2')?.text).toBe('n2 does not lead')
    expect(violationOf(...web, 'expect holds n1 t1=10.0.0.9')?.text).toBe('n1 holds 10.0.0.3 for t1')
    expect(violationOf('expect reached t1')?.text).toBe('no connection has ended')
    expect(violationOf('connect n1 net1/web', 'expect reached t1')?.text).toBe('it failed: not-attached')
  })

  it('is refused with its place where it makes no sense', () => {
    expect(() => parseScenario(text('connect n1 web'), 'f')).toThrow('f:3:12: expected NETWORK/SERVICE')
    expect(() => parseScenario(text('options control 0ms'), 'f')).toThrow('f:3:17: it is at least 1')
    expect(() => parseScenario(text('start-task n1 t of web on n9'), 'f')).toThrow("f:3:27: unknown node 'n9'")
  })
})
