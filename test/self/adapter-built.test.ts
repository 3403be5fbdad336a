/** What can only be seen of built files in processes of their own. */
import { execFileSync, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { spawnAdapter } from '../../impl/contract/stdio.ts'
import type { SurfaceName } from '../../traces/surface.ts'
import { checkAdapter } from '../suites/adapter/check.ts'
import { packageRoot } from '../suites/package-files.ts'
import { suiteOf } from '../suites/surfaces.ts'
import { createRunner, referenceOf } from '../suites/target.ts'

const cache = join(packageRoot, 'node_modules', '.cache')
const hostile = join(packageRoot, 'test', 'self', 'hostile', 'adapter.mjs')
let built: string

beforeAll(() => {
  mkdirSync(cache, { recursive: true })
  built = mkdtempSync(join(cache, 'swarmcheck-'))
  writeFileSync(join(built, 'package.json'), '{ "type": "module" }')
  const compiler = join(packageRoot, 'node_modules', 'typescript', 'bin', 'tsc')
  const flags = ['-p', packageRoot, '--outDir', built, '--noCheck', '--declaration', 'false', '--sourceMap', 'false']
  execFileSync(process.execPath, [compiler, ...flags])
})
afterAll(() => rmSync(built, { recursive: true }))

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}

describe('an adapter that refuses to go ends with the process that started it', () => {
  test.each([
    ['by an interrupt', (pid: number) => process.kill(pid, 'SIGINT'), ''],
    ['by SIGTERM', (pid: number) => process.kill(pid, 'SIGTERM'), ''],
    ['by exit', () => {}, 'process.exit(0)'],
    ['by an exception', () => {}, `setTimeout(() => { throw new Error('on purpose') })`],
  ])('%s', async (_, end, ending) => {
    const [script, file] = [join(built, 'starts-stubborn.js'), join(built, 'pid')]
    writeFileSync(
      script,
      `import { spawnAdapter } from './impl/contract/stdio.js'
       const adapter = await spawnAdapter([process.execPath, ${JSON.stringify(hostile)}, 'stubborn', ${JSON.stringify(file)}])
       console.log(adapter.pid)
       setInterval(() => {}, 1_000_000)
       process.stdin.once('data', () => { ${ending} })`,
    )
    const parent = spawn(process.execPath, [script], { stdio: ['pipe', 'pipe', 'ignore'] })
    const gone = new Promise((resolve) => parent.once('exit', (code, signal) => resolve(signal ?? code)))
    const [pid] = await new Promise<number[]>((resolve) => {
      createInterface({ input: parent.stdout }).once('line', (line) => resolve([Number(line)]))
    })
    const grandchild = Number(readFileSync(file, 'utf8'))
    expect([isAlive(pid!), isAlive(grandchild)]).toEqual([true, true])
    // It may be gone before this reaches it.
    parent.stdin.on('error', () => {})
    end(parent.pid!)
    parent.stdin.write('\n')
    const how = await gone
    if (ending === '') expect(how).toMatch(/^SIG(INT|TERM)$/)
    await expect.poll(() => [isAlive(pid!), isAlive(grandchild)], { timeout: 5_000 }).toEqual([false, false])
  })
})

test('the reference, served as an adapter, keeps the protocol', async () => {
  const { hello, findings } = await checkAdapter([process.execPath, join(built, 'cli.js'), 'serve', 'raft', 'stdio'])
  expect(hello?.protocol).toBe(1)
  expect(findings.filter(({ verdict }) => verdict !== 'pass')).toEqual([])
}, 120_000)

test.each(['swim', 'networkdb', 'ipam'] as const)(
  'the reference of %s does the same in this process and served as an adapter',
  async (surface) => {
    const reference = referenceOf(surface)
    const start = () => spawnAdapter([process.execPath, join(built, 'cli.js'), 'serve', surface, 'stdio'])
    const [here, there] = [
      await createRunner({ kind: 'in-process', implementation: reference }),
      await createRunner({ kind: 'adapter', start }),
    ]
    try {
      expect(there.hello).toEqual(reference.hello)
      const { draw, paths } = suiteOf<SurfaceName>(surface)
      for (const seed of [1, 2, 3, 4]) {
        const scenario = draw(seed, reference.hello)
        const [inProcess, adapted] = [await here.run(scenario, { batch: 64 }), await there.run(scenario)]
        expect(adapted.violation).toBeNull()
        expect(adapted.steps).toBeGreaterThan(10)
        expect(JSON.stringify(adapted.events)).toBe(JSON.stringify(inProcess.events))
      }
      const [path] = paths?.campaign('member paths', reference.hello).round() ?? []
      if (path === undefined) return
      const [inProcess, adapted] = [await here.runPath(path, {}), await there.runPath(path, {})]
      expect(adapted.transitions).toEqual(inProcess.transitions)
      expect(JSON.stringify(adapted.events)).toBe(JSON.stringify(inProcess.events))
    } finally {
      await there.close()
    }
  },
  60_000,
)
