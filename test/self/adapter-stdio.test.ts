import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { spawnAdapter } from '../../impl/contract/stdio.ts'
import type { Start } from '../../impl/contract/raft.ts'

const hostile = fileURLToPath(new URL('hostile/adapter.mjs', import.meta.url))
const start: Start = {
  nodes: ['n1', 'n2', 'n3'],
  configuration: { voters: ['n1', 'n2', 'n3'], outgoing: [], learners: [] },
  options: {
    electionTimeout: 150,
    heartbeatInterval: 50,
    preVote: false,
    checkQuorum: false,
    maxEntries: 64,
    maxInflight: 8,
  },
  seed: 1,
}

describe('an honest adapter', () => {
  test('answers steps, in batches and interleaved', async () => {
    const adapter = await spawnAdapter([process.execPath, hostile], { surface: 'raft' })
    try {
      const [one, two] = await Promise.all([adapter.open(start), adapter.open(start)])
      const wakes = one.initial.map(({ wake }) => wake!)
      const [first, second] = await Promise.all([
        one.steps([
          { type: 'advance', node: 'n1', at: 0, until: 10 },
          { type: 'advance', node: 'n2', at: 0, until: 1_000 },
        ]),
        two.steps([{ type: 'advance', node: 'n3', at: 0, until: 1_000 }]),
      ])
      expect(first.map(({ now }) => now)).toEqual([10, wakes[1]])
      const view = { kind: 'heartbeat', term: 1, commit: 0, round: 0 }
      expect(second).toEqual([
        {
          now: wakes[2],
          wake: wakes[2]! + 50,
          outputs: [{ type: 'message', id: 1, from: 'n3', to: 'n1', view, after: 0 }],
          state: { role: 'leader', leader: 'n3' },
          log: null,
        },
      ])
      expect((await one.inspect('n2')).state.role).toBe('leader')
      await one.close()
      await two.close()
    } finally {
      await adapter.close()
    }
    expect(() => process.kill(adapter.pid, 0)).toThrow()
  })
})
