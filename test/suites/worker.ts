/** A worker of `jobs.ts`. */
import { parentPort } from 'node:worker_threads'
import { spawnAdapter } from '../../impl/contract/stdio.ts'
import { dnsProcess } from '../../impl/real/discovery/process.ts'
import { connectPlugin } from '../../impl/real/ipam/plugin-client.ts'
import type { Job, JobMessage, Order, Origin } from './jobs.ts'
import { runAll, type Queue } from './runs.ts'
import { casesOf } from './scenarios.ts'
import type { Tally } from './tally.ts'
import { createRunner, referenceOf, type Target } from './target.ts'

function targetFrom(origin: Origin): Target {
  switch (origin.kind) {
    case 'reference':
      return { kind: 'in-process', implementation: referenceOf(origin.surface, origin.variant) }
    case 'plugin':
      return { kind: 'plugin', connect: () => connectPlugin(origin.endpoint) }
    case 'dns':
      return { kind: 'plugin', connect: () => dnsProcess(origin.words) }
    case 'adapter':
      return { kind: 'adapter', start: () => spawnAdapter(origin.words, origin.start) }
  }
}

/** The worker's first case is its own; then it takes what nobody has taken. */
function sharedQueue(numbers: readonly number[], first: number, next: Int32Array): Queue {
  let own: number | null = first
  return {
    take() {
      const index = own ?? Atomics.add(next, 0, 1)
      own = null
      return numbers[index] ?? null
    },
    get left() {
      const others = Math.max(0, numbers.length - Atomics.load(next, 0))
      return others + (own !== null && own < numbers.length ? 1 : 0)
    },
  }
}

const port = parentPort!
const tell = (message: JobMessage): void => port.postMessage(message)
let interrupt = new AbortController()

async function run({ origin, seed, budget, kinds, numbers }: Job, first: number, next: Int32Array): Promise<Tally> {
  const { signal } = interrupt
  const runner = await createRunner(targetFrom(origin))
  const end = (): void => void runner.close()
  signal.addEventListener('abort', end)
  try {
    const source = casesOf({ hello: runner.hello, seed, budget, kinds })
    return await runAll(runner, source, sharedQueue(numbers, first, next), {
      signal,
      onRun: (done, label, failures) => tell({ type: 'progress', done, label, failures }),
    })
  } finally {
    signal.removeEventListener('abort', end)
    await runner.close()
  }
}

port.on('message', (order: Order) => {
  if (order.order === 'stop') {
    interrupt.abort()
    return
  }
  interrupt = new AbortController()
  run(order.job, order.first, order.next).then(
    (tally) => tell({ type: 'tally', tally }),
    (error: unknown) => tell({ type: 'failed', error: error as Error }),
  )
})
