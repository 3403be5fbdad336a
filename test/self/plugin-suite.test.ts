/** The suite of plugins for addresses: the reference conforms, on both sides, and whoever breaks one rule is blamed for it. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import type { Call } from '../../models/plugin/vocabulary.ts'
import { judgeCalls } from '../../properties/plugin/calls.ts'
import { readReport } from '../../traces/report.ts'
import { pluginMutants } from '../mutants/plugin.ts'
import { main } from '../suites/command/main.ts'
import { noNeeds } from '../suites/plugin/played.ts'
import { pluginRequirements } from '../suites/plugin/suite.ts'
import { loadSpec, surfaceOf } from '../suites/spec.ts'

const chapter = loadSpec().requirements.filter(({ slug }) => surfaceOf(slug) === 'plugin')

describe('the requirements', () => {
  test('are those of SPEC.md', () => {
    expect(chapter.map(({ slug }) => slug).toSorted()).toEqual([...pluginRequirements].toSorted())
    expect(new Set(chapter.map(({ profile }) => profile))).toEqual(new Set(['ipam-remote']))
  })

  test('each have a mutant, and mutants say what they replace', () => {
    const broken = new Set(pluginMutants.map(({ breaks }) => breaks))
    expect(chapter.filter(({ slug }) => !broken.has(slug as never)).map(({ slug }) => slug)).toEqual([])
    expect(new Set(pluginMutants.map(({ name }) => name)).size).toBe(pluginMutants.length)
    for (const { rule } of pluginMutants) expect(rule).toMatch(/\.$/)
  })
})

async function run(...words: readonly string[]) {
  let told = ''
  const write = (text: string): boolean => {
    told += text
    return true
  }
  const terminal = { out: { write }, err: { write: () => true }, env: {}, signal: new AbortController().signal }
  const code = await main(['run', '--suite', 'plugin', '--reporter', 'json', ...words], terminal as never)
  return { code, report: readReport(told) }
}

test('the reference conforms, as a plugin and as a caller of plugins', async () => {
  const { code, report } = await run()
  expect(report.outcomes.filter(({ verdict }) => verdict !== 'pass')).toEqual([])
  expect(report.outcomes).toHaveLength(pluginRequirements.size)
  expect(report.outcomes.every(({ exercised }) => exercised > 0)).toBe(true)
  expect(code).toBe(0)
})

describe('a plugin from outside', () => {
  const folder = mkdtempSync(join(tmpdir(), 'swarmcheck-outside-'))
  afterAll(() => rmSync(folder, { recursive: true }))

  test('is not blamed for what callers have to do, and one that is not there fails', async () => {
    const { code, report } = await run('--plugin', `unix:${join(folder, 'nobody.sock')}`)
    const survives = report.outcomes.find(({ requirement }) => requirement === 'plugin/survives')
    expect(survives?.verdict).toBe('fail')
    expect(survives?.reason).toContain('did not answer /Plugin.Activate')
    const callers = report.outcomes.filter(({ requirement }) => requirement.startsWith('plugin/caller-'))
    expect(new Set(callers.map(({ verdict }) => verdict))).toEqual(new Set(['unsupported']))
    expect(code).toBe(1)
  })
})

describe('the judge of calls', () => {
  const call = (method: string, body: object | null, answer: object): Call => ({
    verb: 'POST',
    path: method.includes('.') ? `/${method}` : `/IpamDriver.${method}`,
    body,
    status: 200,
    answer,
  })
  const spaces = { LocalDefaultAddressSpace: 'here', GlobalDefaultAddressSpace: 'there' }
  const gateway = { RequestAddressType: 'com.docker.network.gateway' }
  const calls: readonly Call[] = [
    call('Plugin.Activate', null, { Implements: ['IpamDriver'] }),
    call('GetDefaultAddressSpaces', null, spaces),
    call('RequestPool', { AddressSpace: 'here', Pool: '10.1.0.0/24' }, { PoolID: 'p', Pool: '10.1.0.0/24' }),
    call('RequestAddress', { PoolID: 'p', Address: '', Options: gateway }, { Address: '10.1.0.1/24' }),
    call('RequestAddress', { PoolID: 'p', Address: '10.1.0.5' }, { Address: '10.1.0.5/24' }),
    call('RequestAddress', { PoolID: 'p', Address: '' }, { Address: '10.1.0.2/24' }),
    call('ReleaseAddress', { PoolID: 'p', Address: '10.1.0.2' }, {}),
    call('ReleaseAddress', { PoolID: 'p', Address: '10.1.0.1' }, {}),
    call('ReleaseAddress', { PoolID: 'p', Address: '10.1.0.5' }, {}),
    call('ReleasePool', { PoolID: 'p' }, {}),
  ]
  const broken = (log: readonly Call[]): string[] => {
    const findings = judgeCalls(log, { needs: noNeeds, auxiliary: { '10.1.0.0/24': ['10.1.0.5'] } })
    return [...new Set(findings.filter(({ holds }) => !holds).map(({ requirement }) => requirement))]
  }
  const without = (...numbers: readonly number[]) => calls.filter((_, number) => !numbers.includes(number))

  test('finds nothing in a good log', () => {
    expect(broken(calls)).toEqual([])
  })

  test.each([
    [[0], 'plugin/caller-activates-first'],
    [[1], 'plugin/caller-uses-told-spaces'],
    [[2], 'plugin/caller-knows-its-pools'],
    [[3], 'plugin/caller-gateway-first'],
    [[4], 'plugin/caller-auxiliary-next'],
    [[5], 'plugin/caller-releases-what-it-holds'],
    [[6], 'plugin/caller-releases-addresses-first'],
    [[7], 'plugin/caller-releases-addresses-first'],
  ])('finds what lacks call %j', (numbers, requirement) => {
    expect(broken(without(...numbers))).toContain(requirement)
  })
})
