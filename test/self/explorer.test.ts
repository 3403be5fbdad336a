/** The explorer on small models whose answers are known, and the system models at their known sizes. */
import { describe, expect, test } from 'vitest'
import { exploreModel, type Progress, type SystemModel } from '../../models/explorer.ts'
import { describeAction } from '../../models/raft/system/actions.ts'
import { electionModel } from '../../models/raft/system/election.ts'
import { membershipModel } from '../../models/raft/system/membership.ts'
import { replicationModel } from '../../models/raft/system/replication.ts'
import { extractSituations, shortestPath } from '../../models/raft/system/situations.ts'
import { explore, systemModels } from '../../models/systems.ts'

/** A walk on a square grid from (0, 0), one step right or up at a time, one word a coordinate. */
function gridModel(side: number, allowed: (x: number, y: number) => boolean = () => true): SystemModel<string> {
  const next = new Int32Array(2)
  return {
    name: 'grid',
    words: 2,
    next,
    properties: [
      { name: 'allowed', kind: 'always', holds: (states, at) => allowed(states[at]!, states[at + 1]!) },
      { name: 'corner', kind: 'sometimes', holds: (states, at) => states[at] === side && states[at + 1] === side },
      { name: 'outside', kind: 'sometimes', holds: (states, at) => states[at]! > side },
    ],
    initial: (emit) => {
      next.fill(0)
      emit(0)
    },
    successors: (states, at, emit) => {
      for (let axis = 0; axis < 2; axis++) {
        if (states[at + axis] === side) continue
        next[0] = states[at]!
        next[1] = states[at + 1]!
        next[axis]! += 1
        emit(axis)
      }
    },
    describe: (states, at) => `${states[at]},${states[at + 1]}`,
    describeAction: (action) => (action === 0 ? 'right' : 'up'),
    decodeAction: (action) => (action === 0 ? 'right' : 'up'),
  }
}

const verdicts = (model: SystemModel, bounds = {}): Record<string, string> =>
  Object.fromEntries(exploreModel(model, bounds).properties.map(({ name, verdict }) => [name, verdict]))

describe('search', () => {
  test('visits every state once', () => {
    const { outcome, distinct, generated, depth } = exploreModel(gridModel(99))
    expect({ outcome, distinct, generated, depth }).toEqual({
      outcome: 'exhausted',
      distinct: 100 * 100,
      generated: 1 + 2 * 99 * 100,
      depth: 198,
    })
    expect(verdicts(gridModel(9))).toEqual({ allowed: 'holds', corner: 'reached', outside: 'unreachable' })
  })

  test('a counterexample is a shortest path', () => {
    const { outcome, properties } = exploreModel(gridModel(50, (x, y) => x !== 3 || y !== 2))
    expect(outcome).toBe('violated')
    const path = properties[0]?.path
    expect(path?.length).toBe(6)
    expect(path?.[0]).toEqual({ action: null, description: 'initial state', state: '0,0' })
    expect(path?.at(-1)?.state).toBe('3,2')
    expect(path?.map(({ action }) => action).filter((action) => action === 'right').length).toBe(3)
    expect(properties[1]?.verdict).toBe('unknown')
  })

  test('a violation in the initial state', () => {
    const { outcome, properties } = exploreModel(gridModel(5, () => false))
    expect(outcome).toBe('violated')
    expect(properties[0]?.path?.length).toBe(1)
  })

  test('a bound that cuts states off leaves the rest unknown', () => {
    expect(exploreModel(gridModel(9), { states: 99 })).toMatchObject({ outcome: 'bounded', distinct: 99 })
    expect(verdicts(gridModel(9), { states: 99 })).toEqual({
      allowed: 'unknown',
      corner: 'unknown',
      outside: 'unknown',
    })
    expect(exploreModel(gridModel(9), { depth: 3 })).toMatchObject({ outcome: 'bounded', distinct: 10, depth: 3 })
    expect(exploreModel(gridModel(9), { depth: 0 })).toMatchObject({ outcome: 'bounded', distinct: 1, depth: 0 })
  })

  test('a bound that cuts nothing off is no bound', () => {
    expect(exploreModel(gridModel(9), { states: 100 })).toMatchObject({ outcome: 'exhausted', distinct: 100 })
    expect(exploreModel(gridModel(9), { depth: 18 })).toMatchObject({ outcome: 'exhausted', depth: 18 })
    expect(exploreModel(gridModel(9), { depth: 17 })).toMatchObject({ outcome: 'bounded', depth: 17 })
  })

  test('stops once all is decided, if asked to', () => {
    const model = gridModel(300)
    const corner = { ...model, properties: model.properties.filter(({ name }) => name === 'allowed') }
    expect(exploreModel({ ...corner, properties: [] }, { untilDecided: true }).outcome).toBe('exhausted')
    const near = {
      ...model,
      properties: [{ name: 'near', kind: 'sometimes' as const, holds: (s: Int32Array, at: number) => s[at] === 2 }],
    }
    const result = exploreModel(near, { untilDecided: true })
    expect(result.outcome).toBe('decided')
    expect(result.distinct).toBeLessThan(301 * 301)
    expect(result.properties[0]?.path?.length).toBe(3)
  })

  test('reports progress', () => {
    const seen: Progress[] = []
    exploreModel(gridModel(299), {}, (progress) => seen.push(progress))
    expect(seen.length).toBe(1)
    expect(seen[0]).toMatchObject({ depth: expect.any(Number), queued: expect.any(Number) })
  })

  test('states that differ in any one bit are told apart', () => {
    const next = new Int32Array(3)
    const bits: SystemModel = {
      ...gridModel(0),
      words: 3,
      next,
      properties: [],
      initial: (emit) => {
        for (let bit = 0; bit < 96; bit++) {
          next.fill(0)
          next[bit >> 5] = 1 << (bit & 31)
          emit(0)
        }
      },
      successors: () => {},
    }
    expect(exploreModel(bits)).toMatchObject({ distinct: 96, generated: 96 })
  })
})

describe('system models', () => {
  test.each([
    { terms: 2, crash: false, distinct: 24_345 },
    { terms: 2, crash: true, distinct: 128_321 },
  ])('election, $terms terms, crash $crash', ({ terms, crash, distinct }) => {
    const result = exploreModel(electionModel({ terms, crash }))
    expect(result).toMatchObject({ outcome: 'exhausted', distinct })
    expect(result.properties.map(({ verdict }) => verdict)).toEqual(['holds', 'reached', 'reached', 'reached'])
  })

  // Counts confirmed by the Spin models beside this file.
  test.each([
    { terms: 2, entries: 1, crashes: 0, distinct: 24_891 },
    { terms: 2, entries: 1, crashes: 1, distinct: 96_589 },
  ])('replication, $terms terms, $entries entries, $crashes crashes', ({ distinct, ...bounds }) => {
    const result = exploreModel(replicationModel(bounds))
    expect(result).toMatchObject({ outcome: 'exhausted', distinct })
    for (const { kind, verdict } of result.properties) expect(verdict).toBe(kind === 'always' ? 'holds' : 'reached')
  })

  test('replication with snapshots', () => {
    const result = exploreModel(replicationModel({ terms: 1, entries: 2, crashes: 1, snapshots: true }))
    expect(result.outcome).toBe('exhausted')
    for (const { kind, verdict } of result.properties) expect(verdict).toBe(kind === 'always' ? 'holds' : 'reached')
  })

  test('membership', () => {
    const result = exploreModel(membershipModel({ members: 3, voters: 3, terms: 2, entries: 3 }))
    expect(result.outcome).toBe('exhausted')
    for (const { kind, verdict } of result.properties) expect(verdict).toBe(kind === 'always' ? 'holds' : 'reached')
  })

  test('the same search finds the same', () => {
    const once = exploreModel(electionModel({ terms: 2, crash: true }))
    expect(exploreModel(electionModel({ terms: 2, crash: true }))).toEqual(once)
  })

  test('bounds outside what fits a word are refused', () => {
    expect(() => electionModel({ terms: 4, crash: false })).toThrow(RangeError)
    expect(() => replicationModel({ terms: 5, entries: 1, crashes: 0 })).toThrow(RangeError)
    expect(() => membershipModel({ members: 6, voters: 3, terms: 1, entries: 1 })).toThrow(RangeError)
  })
})

test('every situation has a path of plain actions', () => {
  const situations = extractSituations()
  const text = Object.fromEntries(situations.map(({ name, actions }) => [name, actions.map(describeAction)]))
  expect(Object.keys(text)).toEqual([
    'split vote',
    'two live leaders',
    'logs diverged two deep',
    'an older-term entry on a majority',
    'a removed leader',
    'a snapshot behind an append',
    'an append behind a snapshot',
  ])
  expect(text['split vote']).toEqual(['timeout n1', 'timeout n2', 'timeout n3'])
  expect(text['a snapshot behind an append']?.at(-1)).toBe('deliver install-snapshot n1>n3 term 1 index 1')
  for (const { actions } of situations) for (const { type } of actions) expect(type).not.toBe('exchange')
  expect(() => shortestPath(electionModel({ terms: 1, crash: false }), 'two live leaders')).toThrow(/does not reach/)
})

describe('models by name', () => {
  test.each(systemModels.map(({ name }) => name))('%s is described and runs', (name) => {
    const entry = systemModels.find((model) => model.name === name)!
    expect(entry.description).not.toBe('')
    expect(explore(name, {}, { states: 5_000 })).toMatchObject({ outcome: 'bounded', distinct: 5_000 })
  })

  test('what does not exist is refused', () => {
    expect(() => explore('raft-elections')).toThrow(/there are raft-election, raft-replication/)
    expect(() => explore('raft-election', { term: 2 })).toThrow(/it has terms, crashes/)
    expect(() => explore('raft-election', { terms: 9 })).toThrow(/from 1 to 3/)
    expect(() => explore('raft-election', { terms: 1.5 })).toThrow(/whole number/)
  })
})
