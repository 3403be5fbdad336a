/** The wire suite: the reference conforms, Debian's serf but for one thing, and who breaks one rule is blamed for it. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { readReport, type Report } from '../../traces/report.ts'
import { wireRequirements } from '../suites/wire/suite.ts'
import { buildCommand, runCommand } from './built.ts'

// A suspicion that nobody confirms lasts 18 seconds, and what was late is tried once more.
vi.setConfig({ testTimeout: 240_000 })
/** A machine that stalls leaves checks undecided: what counts is that one of three tries decides them all. */
const patient = { retry: 2 }

let command = ''
const folder = mkdtempSync(join(tmpdir(), 'swarmcheck-wire-'))
beforeAll(() => {
  command = buildCommand()
}, 120_000)
afterAll(() => rmSync(folder, { recursive: true }))

const wrongNode = (): string => join(dirname(command), 'test', 'self', 'hostile', 'swim-node.js')
const breaking = (rule: string): string => `"${process.execPath}" "${wrongNode()}" ${rule} {name} {bind}`

const run = async (...words: readonly string[]): Promise<{ code: number | null; report: Report }> => {
  const { code, out, err } = await runCommand(command, ['run', '--suite', 'wire', '--reporter', 'json', ...words])
  if (out === '') throw new Error(`exit ${code}: ${err}`)
  return { code, report: readReport(out) }
}

/** What can be tested of gossip in the clear. */
const inTheClear = [...wireRequirements].filter((slug) => !slug.startsWith('gossip/'))

const verdicts = ({ outcomes }: Report, verdict: string): string[] =>
  outcomes.filter((each) => each.verdict === verdict).map(({ requirement, reason }) => `${requirement}: ${reason}`)

test('the reference conforms, in this process and as one of its own', patient, async () => {
  const served = `"${process.execPath}" "${command}" serve swim --name {name} --bind {bind} --profile local`
  for (const { code, report } of await Promise.all([run(), run('--process', served)])) {
    expect(verdicts(report, 'fail')).toEqual([])
    expect(report.errors).toEqual([])
    expect(code).toBe(0)
    expect(report.outcomes.map(({ requirement }) => requirement).sort()).toEqual([...wireRequirements].sort())
    const passed = report.outcomes.filter(({ verdict, exercised }) => verdict === 'pass' && exercised > 0)
    expect(passed.map(({ requirement }) => requirement).sort()).toEqual(inTheClear.sort())
    expect(verdicts(report, 'unsupported')).toHaveLength(wireRequirements.size - inTheClear.length)
  }
})

describe('a member that breaks one rule', patient, () => {
  test.each([
    ['answers-anybody', 'swim/ignores-foreign-pings', "acknowledged a ping that names 'somebody'"],
    ['never-refutes', 'swim/refutes', 'an incarnation above 1, after suspect by that, did not come within 2000 ms'],
    ['dies-of-bytes', 'swim/survives', 'the process ended with exit code 1 at '],
    ['never-nacks', 'swim/sends-nacks', 'did not come within'],
    ['believes-the-old', 'swim/ignores-older-suspicion', 'suspect by 8 made of alive by 9'],
    ['acks-by-another-number', 'swim/answers-pings', 'an ack by 0 did not come'],
    ['declares-early', 'swim/suspicion-lasts', 'a suspicion of 3000 ms ended after'],
    ['declares-late', 'swim/suspicion-ends', 'it had 3000 ms'],
  ])('%s fails %s', async (rule, requirement, reason) => {
    const { code, report } = await run('--process', breaking(rule), '--requirement', requirement)
    expect(verdicts(report, 'fail')).toEqual([expect.stringContaining(reason)])
    expect(report.outcomes.map((each) => each.requirement)).toEqual([requirement])
    expect(code).toBe(1)
  })

  test('is blamed for that alone, of all that is checked', async () => {
    const { code, report } = await run('--process', breaking('answers-anybody'))
    expect(verdicts(report, 'fail').map((line) => line.split(':')[0])).toEqual(['swim/ignores-foreign-pings'])
    expect(code).toBe(1)
  })
})

test('who does not speak the format is no finding, but a clear line', async () => {
  const { code, out, err } = await runCommand(command, ['run', '--suite', 'wire', '--process', 'sleep 60 {bind}'])
  expect([code, out]).toEqual([3, ''])
  expect(err).toMatch(/^swarmcheck: no answer: the process ended with exit code 1\n/)
})

/** Processes whose command line names the folder of this build. */
const children = (): string[] =>
  readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(wrongNode())
      } catch {
        return false
      }
    })

test.skipIf(!existsSync('/proc'))('an interrupt ends the run and what it started', async () => {
  let seen = 0
  const words = ['run', '--suite', 'wire', '--process', breaking('none'), '--reporter', 'json']
  const { code, out } = await runCommand(command, words, (child) => {
    const timer = setInterval(() => {
      seen = children().length
      if (seen < 4) return
      clearInterval(timer)
      child.kill('SIGINT')
    }, 50)
    child.once('exit', () => clearInterval(timer))
  })
  expect(seen).toBeGreaterThanOrEqual(4)
  expect(code).toBe(130)
  expect(readReport(out).interrupted).toBe(true)
  expect(children()).toEqual([])
})

const hasSerf = spawnSync('serf', ['version']).status === 0
test.skipIf(!hasSerf)(
  `serf agent conforms, but for what is known${hasSerf ? '' : ' (skipped: no serf here)'}`,
  patient,
  async () => {
    const expected = join(folder, 'expected.json')
    const known = {
      requirement: 'swim/survives',
      reason: 'older versions of memberlist end at a compound with an empty part',
      link: 'https://github.com/hashicorp/memberlist/pull/236',
    }
    writeFileSync(expected, JSON.stringify([known]))
    const agent = 'serf agent -node={name} -bind={bind} -rpc-addr={host}:7373 -profile=local -log-level=err'
    const { code, report } = await run('--process', agent, '--expect', expected)
    expect(report.errors).toEqual([])
    expect(verdicts(report, 'fail').map((line) => line.split(':')[0])).toEqual(['swim/survives'])
    expect(verdicts(report, 'pass')).toHaveLength(inTheClear.length - 1)
    expect(code).toBe(0)
  },
)
