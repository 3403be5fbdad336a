/** The README of the Python example shows scenarios, and what is found in them: whether that is so. */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { spawnAdapter, type StdioImplementation } from '../../impl/contract/stdio.ts'
import { createRaftJudge } from '../../properties/raft/judge.ts'
import { runScenarioRemote } from '../../traces/run.ts'
import { parseRaftScenario } from '../../traces/text.ts'
import { checkAdapter } from '../suites/adapter/check.ts'

const hasPython = spawnSync('python3', ['--version']).status === 0
const folder = new URL('../../impl/examples/python-raft/', import.meta.url)
const readme = readFileSync(new URL('README.md', folder), 'utf8')
const command = ['python3', fileURLToPath(new URL('adapter.py', folder))]

/** Paragraphs of the README that name a requirement, show a scenario, and quote the finding. */
const shown = [...readme.matchAll(/\(`(raft\/[a-z-]+)`\)[^]*?```\n(raft scenario v1\n[^]*?)```\n\n> (.+)\n/g)].map(
  ([, requirement, scenario, finding]) => ({ requirement: requirement!, scenario: scenario!, finding: finding! }),
)

describe.runIf(hasPython)('the Python example', () => {
  let adapter: StdioImplementation<'raft'>
  beforeAll(async () => {
    adapter = await spawnAdapter(command, { surface: 'raft' })
  })
  afterAll(() => adapter.close())

  const judge = (text: string) => {
    const { profiles, capabilities } = adapter.hello
    return runScenarioRemote(parseRaftScenario(text), adapter, createRaftJudge(profiles, capabilities.disk))
  }

  test('keeps the protocol', async () => {
    const { findings } = await checkAdapter(command)
    const others = findings.filter(({ verdict }) => verdict !== 'pass')
    expect(others).toMatchObject([{ requirement: 'adapter/encodes', verdict: 'unsupported' }])
  }, 120_000)

  test('is right while nothing fails', async () => {
    const steps = 'run 1000ms\npropose leader x=1\nrun 300ms\npropose leader y=2\nrun 300ms\nsettle\n'
    const result = await judge(`raft scenario v1\nnodes n1 n2 n3 n4 n5\n${steps}`)
    expect(result.violation).toBeNull()
    expect(result.settled).toBe(true)
    expect(result.coverage.results.ok).toBeGreaterThanOrEqual(2)
  })

  test('the README shows three ways to fail', () => expect(shown).toHaveLength(3))

  test.each(shown)('fails $requirement as the README says', async ({ requirement, scenario, finding }) => {
    const { violation } = await judge(scenario)
    expect(violation).toMatchObject({ requirement, text: finding })
  })
})
