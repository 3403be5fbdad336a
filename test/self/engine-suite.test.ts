/** The suite of an engine: one that is started here is checked and leaves nothing behind; where none can be, that is said. */
import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, describe, expect, test, vi } from 'vitest'
import { lackOfLab } from '../../impl/third-party/docker-engine/lab.ts'
import { readReport } from '../../traces/report.ts'
import { decodeReply, encodeQuery, hexOfV6, reverse } from '../suites/engine/dns.ts'
import { main } from '../suites/command/main.ts'
import { noEngine } from '../suites/engine/suite.ts'
import { buildCommand, runCommand } from './built.ts'

let command = ''
beforeAll(() => {
  command = buildCommand()
}, 120_000)

const lack = await lackOfLab()

/** What a lab of the process that is gone has left. */
function leftovers(): string[] {
  const folders = readdirSync(tmpdir()).filter((name) => name.startsWith('swarmcheck-engine-'))
  const processes = readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('swarmcheck-engine-')
      } catch {
        return false
      }
    })
  return [...folders, ...processes]
}

const oneRequirement = ['run', '--suite', 'engine', '--requirement', 'plugin/caller-gateway-first']

describe.skipIf(lack !== null)(`an engine of this machine${lack === null ? '' : ` (skipped: ${lack})`}`, () => {
  test('is checked, and leaves nothing behind', async () => {
    const before = leftovers()
    const { code, out, err } = await runCommand(command, [...oneRequirement, '--reporter', 'json'])
    if (out === '') throw new Error(`exit ${code}: ${err}`)
    const report = readReport(out)
    expect(report.errors).toEqual([])
    expect(report.outcomes.map(({ requirement, verdict }) => [requirement, verdict])).toEqual([
      ['plugin/caller-gateway-first', 'pass'],
    ])
    expect(code).toBe(0)
    expect(leftovers()).toEqual(before)
  })

  test.each(['SIGINT', 'SIGKILL'] as const)('is ended by %s', async (signal) => {
    const before = leftovers()
    let isStarted = false
    await runCommand(command, oneRequirement, (child) => {
      const timer = setInterval(() => {
        isStarted ||= leftovers().length > before.length + 1
        if (!isStarted) return
        clearInterval(timer)
        setTimeout(() => child.kill(signal), 700)
      }, 50)
      child.once('exit', () => clearInterval(timer))
    })
    expect(isStarted).toBe(true)
    // Who is killed cannot remove its folder, which is empty of everything but a few settings.
    const isProcess = (name: string): boolean => /^\d+$/.test(name)
    await expect.poll(() => leftovers().filter(isProcess), { timeout: 10_000 }).toEqual(before.filter(isProcess))
    const folders = leftovers().filter((name) => !isProcess(name) && !before.includes(name))
    expect(folders).toHaveLength(signal === 'SIGKILL' ? 1 : 0)
    for (const name of folders) rmSync(join(tmpdir(), name), { recursive: true })
  })
})

test('where there is none, that is said, and nothing passes', async () => {
  vi.stubEnv('PATH', '/nowhere')
  let told = ''
  const write = (text: string): boolean => {
    told += text
    return true
  }
  const terminal = { out: { write }, err: { write }, env: {}, signal: new AbortController().signal }
  const code = await main(['run', '--suite', 'engine', '--reporter', 'json'], terminal as never)
  vi.unstubAllEnvs()
  const report = readReport(told)
  expect(new Set(report.outcomes.map(({ verdict }) => verdict))).toEqual(new Set(['unsupported']))
  expect(report.notes.join()).toContain(noEngine)
  expect(code).toBe(2)
})

describe('packets of DNS', () => {
  test('are written and read', () => {
    const asked = decodeReply(encodeQuery(7, 'Two.alpha', 'PTR'))
    expect(asked).toMatchObject({ id: 7, isReply: false, question: { name: 'Two.alpha', type: 12 }, answers: [] })
    const reply = '000781800001000100000000' + '03746f6f0000010001' + 'c00c000100010000025800040a010203'
    expect(decodeReply(Buffer.from(reply, 'hex')).answers).toEqual([
      { name: 'too', type: 1, ttl: 600, data: '10.1.2.3' },
    ])
    expect(() => decodeReply(Buffer.from('00078180000100000000000' + '0c00c00010001', 'hex'))).toThrow(RangeError)
  })

  test('have addresses in their forms', () => {
    expect(reverse('10.1.2.3')).toBe('3.2.1.10.in-addr.arpa')
    expect(hexOfV6('fd00:221::2')).toBe('fd000221000000000000000000000002')
  })
})
