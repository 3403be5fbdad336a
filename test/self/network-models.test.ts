/** The models of the layers together: the machine of an endpoint, its paths, and the explorer on weakened rules. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createReference } from '../../impl/reference/network/session.ts'
import { exploreModel } from '../../models/explorer.ts'
import { acceptingTransition, initialSnapshot, inputs, isPossible, nextSnapshot } from '../../models/network/member.ts'
import { endpointPaths, transitionNames } from '../../models/network/paths.ts'
import {
  after,
  broken,
  stageOf,
  unknown,
  type EndpointInput,
  type Layers,
  type Stage,
} from '../../models/network/rules.ts'
import { networkModel, networkRules, type NetworkBounds, type NetworkRules } from '../../models/network/system.ts'
import { createNetworkJudge } from '../../properties/network/judge.ts'
import { scenarioOfEndpointPath } from '../../traces/run/network/path.ts'
import { runScenario } from '../../traces/run.ts'

const stages: readonly Stage[] = ['absent', 'allocated', 'published', 'visible', 'withdrawn', 'stale', 'released']
const around = { viewers: 2, barrier: true }

/** What may become of an endpoint, written down once more as a table: by stage and input the stages that are allowed. */
const table: Readonly<Partial<Record<Stage, Partial<Record<EndpointInput, readonly Stage[]>>>>> = {
  absent: { allocate: ['allocated'] },
  allocated: { publish: ['published'], release: ['released'] },
  published: { show: ['visible'], withdraw: ['withdrawn'] },
  visible: { show: ['visible'], hide: ['published', 'visible'], withdraw: ['stale'] },
  withdrawn: { publish: ['published'], show: ['stale'], release: ['released'] },
  stale: { publish: ['visible'], show: ['stale'], hide: ['withdrawn', 'stale'] },
  released: {},
}

describe('the machine of an endpoint', () => {
  test('takes every transition along its paths, and refuses every other outcome', () => {
    const taken = new Set<string>()
    for (const { steps, transitions } of endpointPaths()) {
      let snapshot = initialSnapshot(around)
      for (const [index, type] of steps.entries()) {
        const outcome = stageOf(after(snapshot.context.layers, type))
        for (const other of stages) {
          const name = acceptingTransition(snapshot, { type, outcome: other })
          expect(name).toBe(other === outcome ? transitions[index]! : null)
          if (other !== outcome) expect(nextSnapshot(snapshot, { type, outcome: other }).value).toBe(snapshot.value)
        }
        snapshot = nextSnapshot(snapshot, { type, outcome })
        expect(snapshot.value).toBe(outcome)
        taken.add(transitions[index]!)
      }
    }
    expect([...taken].sort()).toEqual(transitionNames())
    expect(transitionNames()).toHaveLength(16)
  })

  test('goes exactly where the table says, on random ways', () => {
    const way = fc.array(fc.constantFrom(...inputs), { maxLength: 12 })
    let accepted = 0
    fc.assert(
      fc.property(way, fc.constantFrom(...stages), (types, guess) => {
        let snapshot = initialSnapshot(around)
        for (const type of types) {
          const from = snapshot.value as Stage
          const { layers } = snapshot.context
          const outcome = stageOf(after(layers, type))
          const isKnown = table[from]?.[type]?.includes(outcome) ?? false
          const accepts = acceptingTransition(snapshot, { type, outcome }) !== null
          // The table does not count who shows it.
          if (accepts) expect(isKnown, `${from} ${type} ${outcome}`).toBe(true)
          if (isKnown && type !== 'show') expect(accepts, `${from} ${type} ${outcome}`).toBe(true)
          if (guess !== outcome) expect(acceptingTransition(snapshot, { type, outcome: guess })).toBeNull()
          if (accepts) accepted++
          snapshot = nextSnapshot(snapshot, { type, outcome })
        }
      }),
      { numRuns: 5_000 },
    )
    expect(accepted).toBeGreaterThan(2_000)
  })

  test('lets an address go before nobody shows it only where it does not rest', () => {
    const stale: Layers = { held: true, wasHeld: true, told: false, wasTold: true, shown: 1 }
    expect(broken(stale, 'release', true)).toBe('outlivesViews')
    expect(broken(stale, 'release', false)).toBeNull()
    expect(broken({ ...stale, told: true }, 'release', false)).toBe('releasesWithdrawn')
    expect(broken(unknown, 'publish', false)).toBe('publishesAllocated')
    expect(isPossible({ ...around, layers: stale }, 'release')).toBe(false)
  })

  test('is taken through every transition by the reference, and the judge allows it', () => {
    const reference = createReference()
    const taken = new Set<string>()
    for (const path of endpointPaths()) {
      const judge = createNetworkJudge(reference.hello.profiles)
      const { violation, settled, transitions } = runScenario(scenarioOfEndpointPath(path), reference, judge)
      expect({ path: path.name, violation, settled }).toEqual({ path: path.name, violation: null, settled: true })
      expect([...transitions.keys()], path.name).toContain(path.transitions.at(-1))
      for (const name of transitions.keys()) taken.add(name)
    }
    expect(transitionNames().filter((name) => !taken.has(name))).toEqual([])
  })
})

describe('the explorer sees each rule weakened', () => {
  const failing = (bounds: NetworkBounds, weakened: Partial<NetworkRules>): string[] =>
    exploreModel(networkModel(bounds, { ...networkRules, ...weakened })).properties.flatMap(({ name, verdict }) =>
      verdict === 'holds' || verdict === 'reached' ? [] : [name],
    )
  const one: NetworkBounds = { tasks: 3, addresses: 1, networks: 1, vnis: 1 }
  const two: NetworkBounds = { tasks: 3, addresses: 1, networks: 2, vnis: 2 }
  const scarce: NetworkBounds = { tasks: 3, addresses: 1, networks: 2, vnis: 1 }

  test.each([one, two, scarce, { tasks: 3, addresses: 2, networks: 2, vnis: 2 }])(
    'as it is, all holds: %j',
    (bounds) => {
      const { outcome } = exploreModel(networkModel(bounds))
      expect(outcome).toBe('exhausted')
      expect(failing(bounds, {})).toEqual([])
    },
  )

  const misled = 'a connection ends at whom it was meant for, or nobody'
  const early = 'no address is held for one while another is shown with it'

  test.each<[string, NetworkBounds, Partial<NetworkRules>, string]>([
    ['an address is free before its task has stopped', one, { mayRelease: () => true }, early],
    ['an address is free when its task has stopped', one, { mayRelease: ({ stopped }) => stopped }, early],
    ['an address is free when the leader knows that', one, { mayRelease: ({ known }) => known }, early],
    ['a frame is taken by its address alone', two, { receives: () => true }, misled],
    [
      'a VNI is given again at once',
      scarce,
      { mayReuseVni: () => true },
      'no node takes part in a network whose VNI another has',
    ],
    ['no address is ever free again', one, { mayRelease: () => false }, 'an address is used again'],
    ['no VNI is ever given again', scarce, { mayReuseVni: () => false }, 'a second network is there'],
    ['nobody hears anything', one, { takesNews: () => false }, 'a task is shown that has stopped'],
  ])('%s', (_name, bounds, weakened, property) => {
    expect(failing(bounds, weakened)).toContain(property)
  })
})
