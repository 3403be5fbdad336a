import { expect, test } from 'vitest'
import { exitCode, renderReport } from '../../traces/report.ts'
import { runRaftSuite } from '../suites/raft.ts'
import { asRemote, createPingPong } from './ping-pong.ts'

test('an implementation that agrees on nothing is not conformant, and the reason is small', async () => {
  const { report, counterexamples } = await runRaftSuite(
    { kind: 'in-process', implementation: createPingPong() },
    { budget: 5, executions: 100 },
  )
  expect(exitCode(report)).toBe(1)
  expect(counterexamples.length).toBeGreaterThan(0)
  console.log(renderReport(report, 'pretty'))
})

test('through an adapter it is the same', async () => {
  const target = { kind: 'adapter', start: async () => asRemote(createPingPong()) } as const
  const { report } = await runRaftSuite(target, { budget: 5, executions: 100 })
  expect(exitCode(report)).toBe(1)
})
