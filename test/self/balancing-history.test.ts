/** The judge of real connections: what it lets pass, and each of its rules seen to fail. */
import { describe, expect, test } from 'vitest'
import { judgeHistory, type RealConnection, type TaskChange } from '../../properties/balancing/history.ts'

const bound = 100
const change = (task: string, to: TaskChange['to'], at: number): TaskChange => ({ task, to, from: at, until: at + 1 })
const connection = (at: number, task: string | null, node = 'n1'): RealConnection => ({
  continues: null,
  connection: `c${at}`,
  node,
  from: at,
  until: at + 1,
  task,
})
const more = (of: number, at: number, task: string | null): RealConnection => ({
  ...connection(at, task),
  continues: `c${of}`,
})
const brokenBy = (changes: readonly TaskChange[], connections: readonly RealConnection[]): string[] =>
  judgeHistory({ changes, connections, bound, nodes: ['n1'], rounds: true }).violations.map(({ requirement }) =>
    requirement.replace('balancing/', ''),
  )

const two = [change('a', 'active', 0), change('b', 'active', 0)]

describe('passes', () => {
  test.each<[string, readonly TaskChange[], readonly RealConnection[]]>([
    ['rounds', two, [connection(200, 'a'), connection(210, 'b'), connection(220, 'a'), connection(230, 'b')]],
    ['what may not be known yet', [...two, change('b', 'draining', 300)], [connection(200, 'a'), connection(350, 'b')]],
    ['refusals while nobody need be known', two, [connection(50, null)]],
    ['who drains and goes on', [...two, change('a', 'draining', 300)], [connection(200, 'a'), more(200, 500, 'a')]],
    ['what ends with its task', [...two, change('a', 'gone', 300)], [connection(200, 'a'), more(200, 500, null)]],
  ])('%s', (_, changes, connections) => {
    expect(brokenBy(changes, connections)).toEqual([])
  })
})

describe('notices', () => {
  const late = [200, 210, 220, 230, 240].map((at) => connection(at, 'a'))
  test.each<[string, readonly TaskChange[], readonly RealConnection[], string]>([
    ['a turn too early', two, [connection(200, 'a'), connection(210, 'a')], 'rotates-exactly'],
    ['a refusal', two, [connection(200, null)], 'tries-backends'],
    [
      'something new for who drains',
      [...two, change('b', 'draining', 300)],
      [connection(500, 'b')],
      'weight-zero-gets-none',
    ],
    [
      'something new for who is gone',
      [...two, change('b', 'gone', 300)],
      [connection(500, 'b')],
      'weight-zero-gets-none',
    ],
    ['an answer of nobody', [], [connection(500, 'b')], 'refuses-without-backend'],
    ['a connection that moves', two, [connection(200, 'a'), more(200, 300, 'b')], 'established-stays'],
    ['a connection that ends', two, [connection(200, 'a'), more(200, 300, null)], 'established-stays'],
    [
      'one that ends with draining',
      [...two, change('a', 'draining', 300)],
      [connection(200, 'a'), more(200, 500, null)],
      'draining-keeps-established',
    ],
    ['a task that is never reached', two, late, 'reaches-every-task'],
  ])('%s', (_, changes, connections, requirement) => {
    expect(brokenBy(changes, connections)).toContain(requirement)
  })
})
