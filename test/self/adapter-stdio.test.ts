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
    const adapter = await spawnAdapter([process.execPath, hostile])
    try {
      const [one, two] = await Promise.all([adapter.open(start), adapter.open(start)])
      const [first, second] = await Promise.all([
        one.steps([
          { type: 'advance', node: 'n1', at: 0, until: 10 },
          { type: 'advance', node: 'n2', at: 0, until: 20 },
        ]),
        two.steps([{ type: 'advance', node: 'n3', at: 0, until: 5 }]),
      ])
      expect(first.map(({ now }) => now)).toEqual([10, 20])
      expect(second).toEqual([
        {
          now: 5,
          wake: 15,
          outputs: [
            {
              type: 'message',
              id: 1,
              from: 'n3',
              to: 'n1',
              view: { kind: 'heartbeat', term: 1, commit: 1, round: 0 },
              after: 0,
            },
          ],
          state: { commit: 1 },
          log: null,
        },
      ])
      expect((await one.inspect('n2')).state.commit).toBe(1)
      await one.close()
      await two.close()
    } finally {
      await adapter.close()
    }
    expect(() => process.kill(adapter.pid, 0)).toThrow()
  })
})
