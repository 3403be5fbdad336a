/** The models of address management: arithmetic, rules, the machine and its paths. */
import { isIPv4, isIPv6, BlockList } from 'node:net'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  addressAt,
  contains,
  hasHostBits,
  masked,
  offsetIn,
  OUTSIDE,
  parseAddress,
  parsePrefix,
  printAddress,
  printPrefix,
  type Offset,
} from '../../models/ipam/addresses.ts'
import {
  acceptingTransition,
  initialSnapshot,
  inputs,
  nextSnapshot,
  outcomesOf,
  transitionNames,
  type Holding,
  type Kind,
  type Told,
} from '../../models/ipam/member.ts'
import { ipamPaths, kinds, places, untaken } from '../../models/ipam/paths.ts'
import * as rules from '../../models/ipam/rules.ts'
import type { PoolRequest } from '../../models/ipam/vocabulary.ts'
import { readAddress, readSubnet, showAddress, showSubnet } from '../../impl/reference/ipam/addresses.ts'
import { createReference } from '../../impl/reference/ipam/session.ts'
import { createIpamJudge } from '../../properties/ipam/judge.ts'
import { runScenario } from '../../traces/run.ts'
import { scenarioOfIpamPath } from '../../traces/run/ipam/path.ts'
import { defaultIpamOptions } from '../../traces/scenario.ts'
import { answersAsPublished } from './model-mutation/mutated-rules.ts'
import { ipamVectors } from './model-mutation/vectors.ts'

const { blocksOf, isReserved, lowestFree, lowestSubnet, nextFree, problemsOf } = rules

const v4 = fc.ipV4()
const v6 = fc.ipV6()
const address = fc.oneof(v4, v6, fc.stringMatching(/^[0-9a-f:.]{1,20}$/))

describe('addresses', () => {
  test('are those of the platform, for the model and for the reference', () => {
    fc.assert(
      fc.property(address, (text) => {
        // An address of IPv4 inside one of IPv6 is a form that nobody here writes.
        fc.pre(!(text.includes(':') && text.includes('.')))
        const known = isIPv4(text) || isIPv6(text)
        expect(parseAddress(text) !== null, text).toBe(known)
        expect(readAddress(text) !== null, text).toBe(known)
      }),
      { numRuns: 5_000 },
    )
  })

  test('are printed in their shortest form, in the same by both, and read again', () => {
    fc.assert(
      fc.property(fc.boolean(), fc.bigInt({ min: 0n, max: 2n ** 128n - 1n }), (isV6, value) => {
        const own = isV6 ? value : value & 0xffffffffn
        const text = printAddress(isV6, own)
        expect(text).toBe(showAddress({ width: isV6 ? 128 : 32, value: own }))
        expect(parseAddress(text)).toEqual({ v6: isV6, value: own })
      }),
    )
    expect(
      ['::', '::1', 'fd00::1:0:0:1', '1:0:2:3:4:5:6:7'].map((text) => printAddress(true, parseAddress(text)!.value)),
    ).toEqual(['::', '::1', 'fd00::1:0:0:1', '1:0:2:3:4:5:6:7'])
  })

  test('lie in subnets as the platform says, and at the same place for both', () => {
    fc.assert(
      fc.property(v4, v4, fc.integer({ min: 0, max: 32 }), (base, text, bits) => {
        const list = new BlockList()
        list.addSubnet(base, bits)
        const subnet = masked(parsePrefix(`${base}/${bits}`)!)
        const offset = offsetIn(subnet, Number(subnet.base), text)
        expect(offset !== OUTSIDE).toBe(list.check(text))
        if (offset !== OUTSIDE) expect(addressAt(subnet, offset)).toBe(text)
        expect(printPrefix(subnet)).toBe(showSubnet(readSubnet(`${base}/${bits}`)!.subnet))
        expect(contains(subnet, parsePrefix(`${text}/32`)!)).toBe(list.check(text))
        expect(hasHostBits(parsePrefix(`${base}/${bits}`)!)).toBe(printPrefix(subnet) !== `${base}/${bits}`)
      }),
    )
  })
})

describe('rules', () => {
  test.each(ipamVectors)('%s of %o is %j, as published', (...vector) => {
    expect(answersAsPublished(rules, vector)).toBe(true)
  })

  test.each([
    ['10.0.0.0/24', 254],
    ['10.0.0.0/30', 2],
    ['10.0.0.0/31', 2],
    ['10.0.0.0/32', 1],
    ['fd00::/126', 3],
    ['fd00::/127', 1],
  ])('of %s %i addresses can be had', (text, usable) => {
    const { v6: isV6, bits } = parsePrefix(text)!
    const size = 2 ** ((isV6 ? 128 : 32) - bits)
    expect(Array.from({ length: size }, (_, at) => at).filter((at) => !isReserved(isV6, bits, at))).toHaveLength(usable)
  })

  test('default pools come in the order of Docker, and end', () => {
    const taken = [parsePrefix('172.17.0.0/16')!]
    const blocks = blocksOf(defaultIpamOptions.defaults, 'local', false)
    const order: string[] = []
    for (let next = lowestSubnet(blocks, taken); next !== null; next = lowestSubnet(blocks, taken)) {
      order.push(printPrefix(next))
      taken.push(next)
      taken.sort((one, other) => (one.base < other.base ? -1 : 1))
    }
    expect(order).toHaveLength(30)
    expect([order[0], order[13], order[14], order.at(-1)]).toEqual([
      '172.18.0.0/16',
      '172.31.0.0/16',
      '192.168.0.0/20',
      '192.168.240.0/20',
    ])
    expect(printPrefix(lowestSubnet(blocksOf(defaultIpamOptions.defaults, 'global', false), [])!)).toBe('10.0.0.0/24')
  })

  test('the lowest free and the next one are what a slow search finds', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.integer({ min: 0, max: 15 })),
        fc.integer({ min: -1, max: 20 }),
        fc.integer({ min: 0, max: 8 }),
        fc.integer({ min: 0, max: 7 }),
        (taken, last, from, length) => {
          const to = from + length
          const isTaken = (offset: Offset): boolean => taken.includes(Number(offset))
          const free = Array.from({ length: length + 1 }, (_, at) => from + at).filter((at) => !taken.includes(at))
          expect(lowestFree(isTaken, from, to)).toBe(free[0] ?? -1)
          const behind = last < from || last > to ? free[0] : (free.find((at) => at > last) ?? free[0])
          expect(nextFree(isTaken, last, from, to)).toBe(behind ?? -1)
        },
      ),
      { numRuns: 5_000 },
    )
  })

  const request = (parts: Partial<PoolRequest>): PoolRequest => ({
    type: 'request-pool',
    pool: 'net',
    space: 'local',
    v6: false,
    subnet: '10.0.0.0/24',
    range: '',
    gateway: '',
    auxiliary: [],
    ...parts,
  })

  test.each<[Partial<PoolRequest>, string[]]>([
    [{}, []],
    [{ range: '10.0.0.128/25', gateway: '10.0.0.1', auxiliary: ['10.0.0.2'] }, []],
    [{ subnet: 'nonsense', gateway: 'x' }, ['subnet-invalid']],
    [{ subnet: '10.0.0.1/24' }, ['subnet-host-bits']],
    [{ subnet: '', range: '10.0.0.0/25' }, ['range-without-subnet']],
    [{ subnet: '0.0.0.0/26' }, []],
    [{ range: '10.0.0.0/16' }, ['range-larger-than-subnet']],
    [{ range: '10.0.1.0/25' }, ['range-outside-subnet']],
    [{ range: '10.0.0.1/25' }, ['range-host-bits']],
    [{ range: 'fd00::/80' }, ['range-other-family']],
    [{ gateway: '10.0.1.1' }, ['gateway-outside-subnet']],
    [{ gateway: 'fd00::1' }, ['gateway-outside-subnet']],
    [
      { subnet: '10.0.0.9/24', range: 'x', gateway: '10.1.1', auxiliary: ['10.1.0.1', '10.1.0.2', 'y'] },
      ['auxiliary-invalid', 'auxiliary-outside-subnet', 'gateway-invalid', 'range-invalid', 'subnet-host-bits'],
    ],
  ])('of %j the problems are %j', (parts, problems) => {
    expect(problemsOf(request(parts)).toSorted()).toEqual(problems)
  })
})

describe('the machine', () => {
  const holdings: readonly Holding[] = ['absent', 'reserved', 'free', 'allocated', 'released']
  const tellings: readonly Told[] = ['this', 'other', 'ok', 'refused']

  test('is taken through every transition by its paths, and accepts them', () => {
    expect(untaken()).toEqual([])
    expect(transitionNames()).toHaveLength(29)
    for (const { kind, steps } of ipamPaths()) {
      let snapshot = initialSnapshot(kind)
      for (const { input, outcome, transition } of steps) {
        expect(acceptingTransition(snapshot, { type: input, outcome })).toBe(transition)
        snapshot = nextSnapshot(snapshot, { type: input, outcome })
        expect(snapshot.value).toBe(outcome.holding)
      }
    }
  })

  test('allows exactly one outcome of each operation', () => {
    for (const kind of kinds) {
      for (const from of reachable(kind)) {
        for (const type of inputs) {
          const [allowed, ...others] = outcomesOf(kind, from, type)
          expect(others).toEqual([])
          for (const holding of holdings) {
            for (const told of tellings) {
              const accepted = acceptingTransition(snapshotAt(kind, from), { type, outcome: { holding, told } })
              expect(accepted !== null).toBe(allowed?.holding === holding && allowed.told === told)
            }
          }
        }
      }
    }
  })

  test('says of each path what the reference does, and the judge allows it', () => {
    const reference = createReference()
    for (const path of ipamPaths()) {
      const judge = createIpamJudge(reference.hello.profiles)
      const { violation, events } = runScenario(scenarioOfIpamPath(path), reference, judge)
      expect(violation).toBeNull()
      const results = events.flatMap((event) =>
        event.event === 'step' ? event.answer.outputs.filter((output) => output.type === 'result') : [],
      )
      const { address: own } = places[path.kind]
      const told = results.map(({ status, address: given }) =>
        status === 'failed' ? 'refused' : given === '' ? 'ok' : given === own ? 'this' : 'other',
      )
      expect(told, path.name).toEqual(path.steps.map(({ outcome }) => outcome.told))
    }
  })
})

test('the judge finds the gateway of a pool in whatever order its addresses are told', () => {
  const reference = createReference()
  const pool = { pool: 'p', space: 'local', subnet: '10.1.0.0/24', range: '10.1.0.128/25' } as const
  const request = { ...pool, v6: false, gateway: 'auto', auxiliary: ['10.1.0.5'] }
  const told = (...addresses: string[]): string | undefined => {
    const judge = createIpamJudge(reference.hello.profiles, false)
    const nothing = { now: 0, wake: null, outputs: [], state: null, changes: null }
    judge.start({ nodes: ['n1'], options: { defaults: [], reserved: [] } }, [{ ...nothing, state: { leading: false } }])
    judge.step({ type: 'lead', node: 'n1', at: 0, keep: [] }, { ...nothing, state: { leading: true } }, 0)
    const changes = [
      { change: 'pool' as const, ...pool },
      ...addresses.map((address) => ({ change: 'address' as const, pool: 'p', address })),
    ]
    const operation = { type: 'request-pool', ...request } as const
    return judge.step({ type: 'operation', node: 'n1', at: 0, id: 1, operation }, { ...nothing, changes }, 0)
      ?.requirement
  }
  // The pool is not answered, which is found only behind all else.
  expect(told('10.1.0.128', '10.1.0.5')).toBe(told('10.1.0.5', '10.1.0.128'))
  expect(told('10.1.0.5', '10.1.0.128')).not.toBe('ipam/gateway-chosen')
  expect(told('10.1.0.5', '10.1.0.129')).toBe('ipam/gateway-chosen')
})

function reachable(kind: Kind): Holding[] {
  return kind === 'reserved' ? ['absent', 'reserved'] : ['absent', 'free', 'allocated', 'released']
}

function snapshotAt(kind: Kind, holding: Holding) {
  const path = ipamPaths().find(
    (each) => each.kind === kind && each.steps.some(({ outcome }) => outcome.holding === holding),
  )
  let snapshot = initialSnapshot(kind)
  if (holding === 'absent') return snapshot
  for (const { input, outcome } of path!.steps) {
    snapshot = nextSnapshot(snapshot, { type: input, outcome })
    if (outcome.holding === holding) return snapshot
  }
  throw new Error(`no path of ${kind} leads to ${holding}`)
}
