/** The suite in a user's vitest: a test per requirement, with its reason where it fails or is skipped. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { packageRoot } from '../suites/package-files.ts'
import { loadSpec } from '../suites/spec.ts'

const folder = mkdtempSync(join(tmpdir(), 'swarmcheck-vitest-'))
afterAll(() => rmSync(folder, { recursive: true }))

interface Assertion {
  readonly title: string
  readonly status: 'passed' | 'failed' | 'skipped'
  readonly failureMessages: readonly string[]
}

function runVitest(fixture: string): { readonly code: number | null; readonly tests: readonly Assertion[] } {
  const config = join(folder, 'vitest.config.mjs')
  writeFileSync(config, `export default { test: { include: ['test/self/doors/conformance.ts'] } }\n`)
  const output = join(folder, `${fixture}.json`)
  const binary = join(packageRoot, 'node_modules', 'vitest', 'vitest.mjs')
  const words = ['run', '--root', packageRoot, '--config', config, '--reporter', 'json', '--outputFile', output]
  const { status } = spawnSync(process.execPath, [binary, ...words], {
    env: { ...process.env, SWARMCHECK_FIXTURE: fixture },
  })
  const { testResults } = JSON.parse(readFileSync(output, 'utf8')) as {
    testResults: { assertionResults: Assertion[] }[]
  }
  return { code: status, tests: testResults.flatMap(({ assertionResults }) => assertionResults) }
}

describe('defineConformance', () => {
  const core = loadSpec().requirements.filter(({ profile }) => profile === 'raft-core')

  test('the reference passes; what it does not claim is skipped', () => {
    const { code, tests } = runVitest('reference')
    expect(tests.filter(({ status }) => status === 'failed')).toEqual([])
    expect(code).toBe(0)
    for (const { slug, sentence } of core) {
      expect(
        tests.some(({ title }) => title.includes(slug) && title.includes(sentence)),
        slug,
      ).toBe(true)
    }
    expect(tests.find(({ title }) => title.startsWith('raft/configuration-of-applied'))?.status).toBe('skipped')
  }, 120_000)

  test('a wrong implementation fails the test of its requirement, and the message tells the story', () => {
    const { code, tests } = runVitest('hasty')
    expect(code).toBe(1)
    const failed = tests.filter(({ status }) => status === 'failed')
    expect(failed.map(({ title }) => title.split(' ')[0])).toContain('raft/responds-after-applying')
    const [message] = failed.find(({ title }) => title.startsWith('raft/responds-after-applying'))!.failureMessages
    expect(message).toContain('allowed: an answer after the entry was applied')
    expect(message).toContain('raft scenario v1')
  }, 120_000)
})
