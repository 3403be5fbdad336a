/** The READMEs of the Python examples show scenarios, and what is found in them: whether that is so. */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { spawnAdapter, type AdapterSurface } from '../../impl/contract/stdio.ts'
import { parseScenario } from '../../traces/text.ts'
import { checkAdapter } from '../suites/adapter/check.ts'
import { createRunner, type Runner } from '../suites/target.ts'

const hasPython = spawnSync('python3', ['--version']).status === 0

interface Example {
  readonly surface: AdapterSurface
  /** Requirements of the adapter protocol that it does not claim anything of. */
  readonly unclaimed: readonly string[]
  /** While nothing goes wrong, it is right. */
  readonly harmless: string
}

const examples: Readonly<Record<string, Example>> = {
  'python-raft': {
    surface: 'raft',
    unclaimed: ['encodes'],
    harmless:
      'raft scenario v1\nnodes n1 n2 n3 n4 n5\nrun 1000ms\npropose leader x=1\nrun 300ms\npropose leader y=2\nrun 300ms\nsettle\n',
  },
  'python-ipam': {
    surface: 'ipam',
    unclaimed: [
      ...['stops-at-first-effect', 'seed-decides', 'delivers-again', 'forgets', 'received-as-sent', 'restarts'],
      'encodes',
    ],
    harmless:
      'ipam scenario v1\nnodes n1\nrequest-pool n1 a local gateway auto\nrequest-address n1 a for b\nrequest-pool n1 c local\nsettle\n',
  },
}

describe.runIf(hasPython).each(Object.keys(examples))('%s', (name) => {
  const { surface, unclaimed, harmless } = examples[name]!
  const folder = new URL(`../../impl/examples/${name}/`, import.meta.url)
  const readme = readFileSync(new URL('README.md', folder), 'utf8')
  const command = ['python3', fileURLToPath(new URL('adapter.py', folder))]
  /** Paragraphs of the README that name a requirement, show a scenario, and quote the finding. */
  const shown = [
    ...readme.matchAll(/\*\* \(`([a-z]+\/[a-z-]+)`\)[^]*?```\n([a-z]+ scenario v1\n[^]*?)```\n\n> (.+)\n/g),
  ].map(([, requirement, scenario, finding]) => ({
    requirement: requirement!,
    scenario: scenario!,
    finding: finding!,
  }))
  let runner: Runner
  beforeAll(async () => {
    runner = await createRunner({ kind: 'adapter', start: () => spawnAdapter(command, { surface }) })
  })
  afterAll(() => runner.close())

  test('keeps the protocol', async () => {
    const { findings } = await checkAdapter(command)
    const others = findings.filter(({ verdict }) => verdict !== 'pass')
    expect(others.map(({ requirement, verdict }) => [requirement, verdict])).toEqual(
      unclaimed.map((each) => [`adapter/${each}`, 'unsupported']),
    )
  }, 120_000)

  test('is right while nothing goes wrong', async () => {
    const result = await runner.run(parseScenario(harmless))
    expect(result.violation).toBeNull()
    expect(result.settled).toBe(true)
    expect(result.coverage.results.ok).toBeGreaterThanOrEqual(2)
  })

  test('the README shows three ways to fail', () => expect(shown).toHaveLength(3))

  test.each(shown)('fails $requirement as the README says', async ({ requirement, scenario, finding }) => {
    const { violation } = await runner.run(parseScenario(scenario))
    expect(violation).toMatchObject({ requirement, text: finding })
  })
})
