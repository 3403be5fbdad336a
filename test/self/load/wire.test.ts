/** Real time on a machine that has no time: with every core busy, nobody is blamed for being late who was not. */
import { spawn, type ChildProcess } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { readReport, type Report } from '../../../traces/report.ts'
import { buildCommand, runCommand } from '../built.ts'

vi.setConfig({ testTimeout: 600_000 })

let command = ''
const busy: ChildProcess[] = []
beforeAll(() => {
  command = buildCommand()
  // One more than there are cores: nothing runs when it would like to. They end with this process, however it ends.
  for (let count = 0; count <= availableParallelism(); count++)
    busy.push(spawn(process.execPath, ['-e', 'const parent = process.ppid; while (process.ppid === parent);']))
}, 120_000)
afterAll(() => {
  for (const child of busy) child.kill('SIGKILL')
})

const run = async (...words: readonly string[]): Promise<Report> => {
  const { code, out, err } = await runCommand(command, ['run', '--suite', 'wire', '--reporter', 'json', ...words])
  if (out === '') throw new Error(`exit ${code}: ${err}`)
  return readReport(out)
}

const failures = ({ outcomes }: Report): string[] =>
  outcomes.filter(({ verdict }) => verdict === 'fail').map(({ requirement, reason }) => `${requirement}: ${reason}`)

/** Most requirements must come to a verdict: a suite that decides nothing raises no alarm either. */
const leastDecided = 40

test('the reference is not blamed', async () => {
  const key = Buffer.from('swarmcheck-tests').toString('base64')
  const report = await run('--key', key, '--label', 'busy')
  expect(failures(report)).toEqual([])
  expect(report.errors).toEqual([])
  expect(report.outcomes.filter(({ verdict }) => verdict === 'pass').length).toBeGreaterThanOrEqual(leastDecided)
})

test('who is too late for good is blamed all the same', async () => {
  const wrong = join(dirname(command), 'test', 'self', 'hostile', 'swim-node.js')
  const report = await run(
    '--process',
    `"${process.execPath}" "${wrong}" declares-late {name} {bind}`,
    '--requirement',
    'swim/suspicion-ends',
  )
  expect(failures(report)).toEqual([expect.stringContaining('it had 3000 ms')])
})
