/** Each scenario beside the adapter for happn-swim breaks the requirement that its README says, or none. */
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { spawnAdapter } from '../../impl/contract/stdio.ts'
import { parseScenario } from '../../traces/text.ts'
import { checkAdapter } from '../suites/adapter/check.ts'
import { createRunner } from '../suites/target.ts'

const folder = fileURLToPath(new URL('../../impl/third-party/happn-swim/', import.meta.url))
const installed = existsSync(`${folder}node_modules/happn-swim`)
const commandOf = (flag: boolean): string[] => [
  process.execPath,
  `${folder}adapter.mjs`,
  ...(flag ? ['--suspect-timeout'] : []),
]

/** Rows of the README's table: file, requirement, and whether the adapter needs `--suspect-timeout`. */
const rows = [
  ...readFileSync(`${folder}README.md`, 'utf8').matchAll(
    /^\| `([a-z-]+)\.txt`( with `--suspect-timeout`)? \| `(.+?)` \|/gm,
  ),
]

test('the README has every scenario', () => {
  expect(rows.map(([, name]) => `${name}.txt`).sort()).toEqual(readdirSync(`${folder}scenarios`).sort())
})

const title = installed
  ? 'happn-swim'
  : 'happn-swim (unsupported here: run npm ci in impl/third-party/happn-swim first)'

describe.skipIf(!installed)(title, () => {
  test.each(rows.map(([, name, flag, requirement]) => [name!, requirement!, flag !== undefined] as const))(
    '%s breaks %s',
    async (name, requirement, flag) => {
      const runner = await createRunner({ kind: 'adapter', start: () => spawnAdapter(commandOf(flag)) })
      try {
        const file = `${folder}scenarios/${name}.txt`
        const { violation, outside, skipped } = await runner.run(parseScenario(readFileSync(file, 'utf8'), file))
        expect(violation?.requirement ?? 'nothing').toBe(requirement)
        expect([outside, skipped]).toEqual([{}, {}])
      } finally {
        await runner.close()
      }
    },
  )

  test.each([false, true])(
    'its adapter keeps the protocol, with the flag: %s',
    async (flag) => {
      const { findings } = await checkAdapter(commandOf(flag))
      expect(findings.filter(({ verdict }) => verdict !== 'pass')).toEqual([])
    },
    60_000,
  )
})
