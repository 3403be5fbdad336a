import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { InputError } from '../../traces/input-error.ts'
import { createReference } from '../../impl/reference/swim/session.ts'
import { scenarioSchema, swimScenarioSchema } from '../../traces/scenario.ts'
import { drawSwimSchedule } from '../../traces/schedule.ts'
import { expectations } from '../../traces/expect.ts'
import { parseScenario, printScenario, stepUsages } from '../../traces/text.ts'
import { scenarios } from './traces-arbitraries.ts'

describe('the text form', () => {
  test('gives back every scenario exactly', () => {
    fc.assert(
      fc.property(scenarios, (scenario) => {
        expect(scenarioSchema.parse(scenario)).toEqual(scenario)
        expect(parseScenario(printScenario(scenario))).toEqual(scenario)
      }),
      { numRuns: 500 },
    )
  })

  test('gives back every schedule of SWIM exactly', () => {
    const { hello } = createReference()
    for (let seed = 1; seed <= 200; seed++) {
      const scenario = drawSwimSchedule(seed, hello)
      expect(swimScenarioSchema.parse(scenario)).toEqual(scenario)
      expect(parseScenario(printScenario(scenario))).toEqual(scenario)
    }
  })

  test('of SWIM has defaults too', () => {
    const scenario = parseScenario(
      [
        'swim scenario v1',
        'nodes n1 n2 n3',
        'members n1 n2',
        'options probe-interval 200ms push-pull 0ms stream-ping off',
        'join n3 to n2 n1',
        'update n1 "blue # 1"',
        'leave n2',
        'expect left n1 n2',
      ].join('\n'),
    )
    expect(scenario).toMatchObject({
      surface: 'swim',
      members: ['n1', 'n2'],
      options: { probeInterval: 200, pushPullInterval: 0, streamPing: false, gossipNodes: 3 },
      steps: [
        { node: 'n3', operation: { type: 'join', to: ['n2', 'n1'] } },
        { node: 'n1', operation: { type: 'update', meta: 'blue # 1' } },
        { node: 'n2', operation: { type: 'leave' } },
        { step: 'expect', expect: 'left', arguments: ['n1', 'n2'] },
      ],
    })
  })

  test('has defaults, comments, and one step a line', () => {
    const scenario = parseScenario(
      [
        '# why',
        'raft scenario v1',
        'name a deposed leader, back again # comment',
        'nodes n1 n2 n3 n4',
        'learners n4',
        'options pre-vote on',
        '',
        'run 2s',
        'propose leader x=1',
        'propose n1 cas "a b"=1 to 2',
        'membership n1 add-voter n4, remove n2 joint',
        'crash n1',
        'delay n1 > n2 append-entries 3 by 40ms',
        'expect value n2 x=1',
      ].join('\r\n'),
    )
    expect(scenario).toMatchObject({
      name: 'a deposed leader, back again',
      configuration: { voters: ['n1', 'n2', 'n3'], outgoing: [], learners: ['n4'] },
      options: { preVote: true, electionTimeout: 300 },
      steps: [
        { step: 'run', duration: 2000 },
        { node: 'leader', operation: { type: 'propose', command: { type: 'put', key: 'x', value: '1' } } },
        { operation: { command: { type: 'compare-and-set', key: 'a b', expect: '1', value: '2' } } },
        {
          operation: {
            joint: true,
            changes: [
              { type: 'add-voter', node: 'n4' },
              { type: 'remove', node: 'n2' },
            ],
          },
        },
        { step: 'crash', node: 'n1', keep: 'none', torn: false },
        { step: 'delay', from: 'n1', to: 'n2', kind: 'append-entries', nth: 3, by: 40 },
        { step: 'expect', expect: 'value', arguments: ['n2', 'x', '1'] },
      ],
    })
  })

  test.each([
    ['', 'f:1: the file is empty'],
    ['raft scenario v2', "f:1:1: unsupported version 'v2'"],
    ['hello', 'f:1:1: not a scenario'],
    ['swim scenario v1\nnodes n1\npropose n1 x=1', "f:3:1: unknown step 'propose'"],
    ['swim scenario v1\nnodes n1\nvoters n1', "f:3:1: unknown step 'voters'"],
    ['swim scenario v1\nnodes n1\noptions probe-interval 0ms', 'f:3:24: it is at least 1'],
    ['swim scenario v1\nnodes n1\nisolate leader', "f:3:9: unknown node 'leader'"],
    ['raft scenario v1\nrun 3', "f:2:1: the line 'nodes NODE…' must come before"],
    ['raft scenario v1\nnodes n1 leader', "f:2:10: 'leader' cannot be the name of a node"],
    ['raft scenario v1\nnodes n1\nresart n1', "f:3:1: unknown step 'resart'; did you mean 'restart'?"],
    ['raft scenario v1\nnodes n1\nrun 3m', "f:3:5: expected a duration such as 300ms or 2s, found '3m' (run DURATION)"],
    ['raft scenario v1\nnodes n1\ncut n1 > n2', "f:3:10: unknown node 'n2'; the nodes are n1"],
    ['raft scenario v1\nnodes n1\ncut n1 n1', "f:3:8: expected '>', found 'n1'"],
    ['raft scenario v1\nnodes n1\nheal now', "f:3:6: nothing more was expected, found 'now'"],
    [
      'raft scenario v1\nnodes n1\nexpect won-leader',
      "f:3:8: unknown expectation 'won-leader'; did you mean 'one-leader'?",
    ],
    ['raft scenario v1\nnodes n1\npropose n1 "x', 'f:3:12: a quoted word does not end'],
    ['raft scenario v1\nnodes n1\npropose n1 \u001b[31m=1', "f:3:12: unexpected character '\\x1b'"],
    ['raft scenario v1\nnodes n1\nrun 1\nseed 3', "f:4:1: 'seed' belongs before the first step"],
    ['raft scenario v1\nnodes n1\nseed 3\nseed 4', "f:4:1: 'seed' was already given in line 3"],
    ['raft scenario v1\nnodes n1\nconstructor', "f:3:1: unknown step 'constructor'"],
    ['raft scenario v1\nnodes n1\nnetwork loss 2', "f:3:14: expected a probability from 0 to 1, found '2'"],
    ['raft scenario v1\nnodes n1\ndrop n1 > n1 append 1', "f:3:14: unknown kind of message 'append'"],
  ])('says what is wrong, and where: %j', (text, message) => {
    expect(() => parseScenario(text, 'f')).toThrow(InputError)
    expect(() => parseScenario(text, 'f')).toThrow(message)
  })

  test('never fails in another way', () => {
    const base = ['raft scenario v1', 'nodes n1 n2 n3']
    const junk = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('n1', 'n2', '>', '|', '=', 'keep', 'run', 'cut', '"', '#', 'expect'),
    )
    fc.assert(
      fc.property(fc.array(fc.array(junk, { maxLength: 6 })), (lines) => {
        try {
          parseScenario([...base, ...lines.map((words) => words.join(' '))].join('\n'))
        } catch (error) {
          expect(error).toBeInstanceOf(InputError)
          expect((error as Error).message).not.toMatch(/[\u0000-\u001f]/)
        }
      }),
      { numRuns: 500 },
    )
  })

  test('is described on its page: every step, every expectation, an example that can be read', () => {
    const page = readFileSync(new URL('../../traces/README.md', import.meta.url), 'utf8')
    for (const usage of stepUsages('raft')) expect(page).toContain(`| \`${usage.replaceAll('|', '\\|')}\` |`)
    for (const { meaning } of expectations.values()) expect(page).toContain(`| ${meaning} |`)
    const example = /```\n(raft scenario v1\n.*?)```/s.exec(page)![1]!
    expect(parseScenario(example, 'README.md').steps).toHaveLength(12)
  })
})
