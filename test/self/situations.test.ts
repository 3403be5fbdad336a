/** Rare situations of the models on real implementations: most are reached, and what is wrong there is found. */
import { describe, expect, test } from 'vitest'
import type { Implementation } from '../../impl/contract/raft.ts'
import { RaftMember } from '../../impl/reference/raft/member.ts'
import { createReference, type ReferenceOptions } from '../../impl/reference/raft/session.ts'
import { extractSituations } from '../../models/raft/system/situations.ts'
import type { Entry, MemberState, Message, OperationType, Role } from '../../models/raft/vocabulary.ts'
import { createRaftJudge } from '../../properties/raft/judge.ts'
import { evaluate, type SeenNode } from '../../traces/expect.ts'
import { runScenario, type RunResult } from '../../traces/run.ts'
import { situationScenarios } from '../../traces/schedule/situations.ts'
import { parseScenario, printScenario } from '../../traces/text.ts'

const scenarios = situationScenarios(['propose', 'change-membership', 'compact']).map((make) => make())

function runAll(implementation: Implementation): RunResult[] {
  const { profiles, capabilities } = implementation.hello
  return scenarios.map((scenario) =>
    runScenario(scenario, implementation, createRaftJudge(profiles, capabilities.disk), { record: false }),
  )
}

/** The situations that were reached in some reading. */
function reachedIn(results: readonly RunResult[]): string[] {
  return [
    ...new Set(results.flatMap(({ situations }) => [...situations].flatMap(([name, n]) => (n > 0 ? [name] : [])))),
  ]
}

const everySituation = [
  'split-vote',
  'two-leaders',
  'diverged n1 n2 2',
  'older-entry-on-majority',
  'removed n1',
  'snapshot-behind-append n3',
  'append-behind-snapshot n3',
]

describe('situations', () => {
  test('are those that the explorer finds, every one', () => {
    const names = new Set(scenarios.map(({ name }) => name.replace(/, reading .*/, '')))
    expect([...names]).toEqual(extractSituations().map(({ name }) => name))
  })

  test('are left out where what they need is not offered', () => {
    const named = (operations: readonly OperationType[]): string[] =>
      situationScenarios(operations).map((make) => make().name)
    expect(named(['propose', 'compact']).filter((name) => name.includes('removed'))).toEqual([])
    expect(named(['propose']).filter((name) => /removed|snapshot/.test(name))).toEqual([])
    expect(named(['propose'])).toContain('logs diverged two deep')
  })

  test('are scenarios that can be printed and read', () => {
    for (const scenario of scenarios) expect(parseScenario(printScenario(scenario))).toEqual(scenario)
  })

  test.each(['on-append', 'on-apply'] as const)('are reached by the reference, configurations %s', (configuration) => {
    const results = runAll(createReference({ configuration }))
    expect(results.map(({ violation }) => violation)).toEqual(scenarios.map(() => null))
    expect(results.every(({ settled, outside }) => settled && Object.keys(outside).length === 0)).toBe(true)
    expect(reachedIn(results)).toEqual(everySituation)
  })
})

describe('an expectation of a situation', () => {
  const configuration = { voters: ['n1', 'n2', 'n3'], outgoing: [], learners: [] }

  /** A node as `role term vote`, with the terms of its log behind `base`, and its commit index. */
  const node = (words: string, terms: readonly number[] = [], changes: Partial<MemberState & Seen> = {}): SeenNode => {
    const [role, term, vote] = words.split(' ')
    const { base = 0, received = null, ...others } = changes
    const state: MemberState = {
      role: role as Role,
      term: Number(term),
      vote: vote ?? null,
      leader: null,
      commit: base,
      applied: base,
      configuration,
      ready: false,
      ...others,
    }
    const entries = terms.map((each, index): Entry => {
      return { index: base + index + 1, term: each, kind: each === 9 ? 'configuration' : 'command', digest: '' }
    })
    return { running: true, state, received, inspection: { state, base: { index: base, term: 1 }, entries, store: [] } }
  }
  interface Seen {
    readonly base: number
    readonly received: Message | null
  }
  const check = (name: string, words: readonly string[], nodes: readonly SeenNode[]): boolean =>
    evaluate(name, words, new Map(nodes.map((each, index) => [`n${index + 1}`, each]))) === null

  test('split-vote: every vote is given, and none has a majority', () => {
    const [one, other] = [node('candidate 1 n1'), node('candidate 1 n2')]
    expect(check('split-vote', [], [one, other, node('candidate 1 n3')])).toBe(true)
    expect(check('split-vote', [], [one, other, node('follower 1')])).toBe(false)
    expect(check('split-vote', [], [one, other, node('follower 0')])).toBe(false)
    expect(check('split-vote', [], [one, other, node('follower 2')])).toBe(true)
    expect(check('split-vote', [], [one, node('candidate 2 n2'), node('candidate 1 n3')])).toBe(false)
    expect(check('split-vote', [], [one, node('follower 1 n1'), node('candidate 1 n3')])).toBe(false)
    expect(check('split-vote', [], [node('follower 1'), node('follower 1'), node('follower 1')])).toBe(false)
  })

  test('two-leaders: in different terms', () => {
    expect(check('two-leaders', [], [node('leader 1'), node('leader 2')])).toBe(true)
    expect(check('two-leaders', [], [node('leader 1'), node('leader 1')])).toBe(false)
    expect(check('two-leaders', [], [node('leader 1'), { ...node('leader 2'), running: false }])).toBe(false)
  })

  test('diverged: counts the indexes that both have', () => {
    const differ = (left: readonly number[], right: readonly number[]): number =>
      [3, 2, 1, 0].find((count) =>
        check('diverged', ['n1', 'n2', String(count)], [node('leader 3', left), node('leader 4', right)]),
      )!
    expect(differ([1, 1], [2, 2, 2])).toBe(2)
    expect(differ([1, 1], [1, 2])).toBe(1)
    expect(differ([1, 1], [1, 1, 1])).toBe(0)
    expect(differ([1], [])).toBe(0)
  })

  test('older-entry-on-majority: not committed, and another could erase it', () => {
    const holds = (...nodes: SeenNode[]): boolean => check('older-entry-on-majority', [], nodes)
    const leader = node('leader 3', [1])
    const rival = node('follower 2', [2])
    expect(holds(leader, rival, node('follower 3', [1]))).toBe(true)
    expect(holds(leader, rival, node('follower 3', []))).toBe(false)
    expect(holds(node('leader 3', [1, 3]), rival, node('follower 3', [1, 3]))).toBe(false)
    expect(holds(node('leader 3', [1, 3]), rival, node('follower 3', [1]))).toBe(true)
    expect(holds(leader, node('follower 3', [1]), node('follower 3', [1]))).toBe(false)
    expect(holds(node('leader 3', [1], { commit: 1 }), rival, node('follower 3', [1]))).toBe(false)
    expect(holds(node('leader 1', [1]), rival, node('follower 3', [1]))).toBe(false)
  })

  test('removed: by a configuration that is committed', () => {
    const others = { configuration: { ...configuration, voters: ['n2', 'n3'] } }
    const removed = (changes: Partial<MemberState>): boolean =>
      check('removed', ['n1'], [node('leader 1', [9], changes)])
    expect(removed({ ...others, commit: 1 })).toBe(true)
    expect(removed(others)).toBe(false)
    expect(removed({ commit: 1 })).toBe(false)
  })

  test('a snapshot and an append: which came last, and where it ends', () => {
    const snapshot = (lastIndex: number): Message => {
      return { kind: 'install-snapshot', term: 1, lastIndex, lastTerm: 1, configuration, digest: '' }
    }
    const append = (previousIndex: number): Message => {
      return { kind: 'append-entries', term: 1, previousIndex, previousTerm: 1, entries: [], commit: 0, round: 0 }
    }
    const behind = (name: string, received: Message | null): boolean =>
      check(name, ['n1'], [node('follower 1', [1], { base: 3, received })])
    expect([3, 4].map((index) => behind('snapshot-behind-append', snapshot(index)))).toEqual([true, false])
    expect([2, 3].map((index) => behind('append-behind-snapshot', append(index)))).toEqual([true, false])
    expect(behind('snapshot-behind-append', append(2))).toBe(false)
    expect(behind('append-behind-snapshot', snapshot(2))).toBe(false)
    expect(behind('append-behind-snapshot', null)).toBe(false)
  })
})

/** What each mistake breaks first in a situation. */
const mistakes: readonly (readonly [string, ReferenceOptions['Member'], string])[] = [
  [
    'commits entries of older terms by counting',
    class extends RaftMember {
      protected override mayCommit(): boolean {
        return true
      }
    },
    'raft/commits-own-term-only',
  ],
  [
    'restores a snapshot that the log goes beyond',
    class extends RaftMember {
      protected override holdsPosition(): boolean {
        return false
      }
    },
    'raft/snapshot-keeps-matching-suffix',
  ],
  [
    'takes entries that its snapshot covers for new ones',
    class extends RaftMember {
      protected override isPresent(): boolean {
        return false
      }
    },
    'raft/survives',
  ],
]

describe('a mistake shows in them', () => {
  test.each(mistakes)('%s', (_, Member, requirement) => {
    const broken = runAll(createReference({ Member: Member! })).map(({ violation }) => violation?.requirement)
    expect(broken).toContain(requirement)
  })
})
