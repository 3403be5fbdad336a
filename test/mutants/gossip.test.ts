/** The zoo of encrypted gossip: the wire suite finds every mutant, and blames it on the right requirement. */
import { beforeAll, expect, test } from 'vitest'
import { readReport } from '../../traces/report.ts'
import { buildCommand, runCommand } from '../self/built.ts'
import { servedWith } from '../self/encrypted.ts'
import { encryptionMutants } from './gossip/encryption.ts'

let command = ''
beforeAll(() => {
  command = buildCommand()
}, 120_000)

const key = Buffer.from(Array.from({ length: 16 }, (_, at) => 3 * at + 1)).toString('base64')

// They wait most of the time, so that some run side by side. A machine that stalls leaves checks undecided: what counts
// is that one of three tries decides them.
test.concurrent.each(Object.entries(encryptionMutants))('%s', { retry: 2 }, async (name, { breaks }) => {
  const words = ['run', '--suite', 'wire', '--reporter', 'json', '--key', key, '--requirement', breaks]
  const { code, out, err } = await runCommand(command, [...words, ...servedWith(command, name)])
  if (out === '') throw new Error(`exit ${code}: ${err}`)
  const [outcome] = readReport(out).outcomes
  expect([outcome?.requirement, outcome?.verdict], outcome?.reason).toEqual([breaks, 'fail'])
  expect(code).toBe(1)
})
