/** Each scenario beside the adapter for liferaft breaks the requirement that its README says. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { spawnAdapter } from '../../impl/contract/stdio.ts'
import { createRaftJudge } from '../../properties/raft/judge.ts'
import { runScenarioRemote } from '../../traces/run.ts'
import { parseRaftScenario } from '../../traces/text.ts'

const folder = fileURLToPath(new URL('../../impl/third-party/liferaft/', import.meta.url))
const installed = existsSync(`${folder}node_modules/@markwylde/liferaft`)

/** Rows of the README's table: file, requirement, and whether the adapter needs `--disk`. */
const rows = [
  ...readFileSync(`${folder}README.md`, 'utf8').matchAll(/^\| `([a-z-]+)\.txt`( with `--disk`)? \| `(.+?)` \|/gm),
]

test('the README has every scenario', () => {
  expect(rows.map(([, name]) => `${name}.txt`).sort()).toEqual(readdirSync(`${folder}scenarios`).sort())
})

const title = installed
  ? 'scenarios of liferaft'
  : 'scenarios of liferaft (unsupported here: run npm ci in impl/third-party/liferaft first)'

describe.skipIf(!installed)(title, () => {
  test.each(rows.map(([, name, disk, requirement]) => [name!, requirement!, disk !== undefined] as const))(
    '%s breaks %s',
    async (name, requirement, disk) => {
      const command = [process.execPath, `${folder}adapter.mjs`, ...(disk ? ['--disk'] : [])]
      const adapter = await spawnAdapter(command, { surface: 'raft' })
      try {
        const file = `${folder}scenarios/${name}.txt`
        const scenario = parseRaftScenario(readFileSync(file, 'utf8'), file)
        const judge = createRaftJudge(adapter.hello.profiles, adapter.hello.capabilities.disk)
        const { violation, outside, skipped } = await runScenarioRemote(scenario, adapter, judge)
        expect(violation).toMatchObject({ requirement })
        expect([outside, skipped]).toEqual([{}, {}])
      } finally {
        await adapter.close()
      }
    },
  )
})
