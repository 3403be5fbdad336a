/**
 * How fast runs through an adapter are: judged, not recorded, one at a time and eight interleaved. etcd's raft where its
 * adapter is built, and the reference served as an adapter: its rate shows what the way through the pipes costs.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { spawnAdapter } from '../../impl/contract/stdio.ts'
import { drawSchedule } from '../../traces/schedule.ts'
import { packageRoot } from '../suites/package-files.ts'
import type { Hello } from '../../impl/contract/raft.ts'
import { createRunner, type Runner } from '../suites/target.ts'

const size = { episodes: 3, deliveries: 300 }
const warmUpRuns = 40
const runs = 300

async function rate(runner: Runner, lanes: number, from: number, count: number): Promise<number> {
  let next = from
  let steps = 0
  const started = process.hrtime.bigint()
  const lane = async (): Promise<void> => {
    while (next < from + count) {
      const result = await runner.run(drawSchedule(next++, runner.hello as Hello, size), { record: false })
      if (result.violation !== null) console.log(`  violation: ${result.violation.requirement}`)
      steps += result.steps
    }
  }
  await Promise.all(Array.from({ length: lanes }, lane))
  return steps / (Number(process.hrtime.bigint() - started) / 1e9)
}

async function measure(name: string, words: readonly string[]): Promise<void> {
  const runner = await createRunner({ kind: 'adapter', start: () => spawnAdapter(words, {}) })
  try {
    await rate(runner, 8, 1, warmUpRuns)
    const one = await rate(runner, 1, 1_000, runs)
    const eight = await rate(runner, 8, 1_000, runs)
    const text = (value: number): string => `${Math.round(value).toLocaleString('en')} steps/s`
    console.log(`${name.padEnd(30)} one run at a time ${text(one)}, eight interleaved ${text(eight)}`)
  } finally {
    await runner.close()
  }
}

const etcd = join(packageRoot, 'impl', 'third-party', 'etcd-raft', 'etcd-raft')
if (existsSync(etcd)) {
  await measure("etcd's raft", [etcd])
  await measure("etcd's raft, asynchronous", [etcd, '--async'])
} else {
  console.log("etcd's raft: unsupported here, its adapter is not built (go build, in impl/third-party/etcd-raft)")
}
await measure('the reference', [process.execPath, join(packageRoot, 'dist', 'cli.js'), 'serve', 'raft'])
