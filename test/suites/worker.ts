/** A worker of `jobs.ts`. */
import { parentPort, workerData } from 'node:worker_threads'
import { spawnAdapter } from '../../impl/contract/stdio.ts'
import { createReference } from '../../impl/reference/raft/session.ts'
import { stop, type Job, type JobMessage, type Origin } from './jobs.ts'
import { runAll } from './runs.ts'
import { casesOf } from './scenarios.ts'
import { createRunner, type Target } from './target.ts'

function targetFrom(origin: Origin): Target {
  return origin.kind === 'reference'
    ? { kind: 'in-process', implementation: createReference({ configuration: origin.configuration }) }
    : { kind: 'adapter', start: () => spawnAdapter(origin.words, origin.times) }
}

const { origin, seed, budget, kinds, numbers } = workerData as Job
const tell = (message: JobMessage): void => parentPort!.postMessage(message)
const interrupt = new AbortController()

try {
  const runner = await createRunner(targetFrom(origin))
  parentPort!.on('message', (message) => {
    if (message !== stop) return
    interrupt.abort()
    void runner.close()
  })
  try {
    const source = casesOf({ hello: runner.hello, seed, budget, kinds })
    const tally = await runAll(runner, source, numbers, {
      signal: interrupt.signal,
      onRun: (done, label, failures) => tell({ type: 'progress', done, label, failures }),
    })
    tell({ type: 'tally', tally })
  } finally {
    await runner.close()
  }
} catch (error) {
  tell({ type: 'failed', error: error as Error })
}
parentPort!.close()
