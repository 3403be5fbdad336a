/** The same runs on several cores: each worker has its own reference or adapter, and gives back its sums. */
import { Worker } from 'node:worker_threads'
import type { AdapterOptions } from '../../impl/contract/stdio.ts'
import { onAbort } from './abort.ts'
import type { RunsOptions } from './runs.ts'
import type { CaseKind } from './scenarios.ts'
import { addTally, createTally, type Tally } from './tally.ts'

/** When the reference's configurations take effect. */
export const variants = ['on-append', 'on-apply'] as const
export type Variant = (typeof variants)[number]

/** How another thread comes by the same target. */
export type Origin =
  | { readonly kind: 'reference'; readonly configuration: Variant }
  | { readonly kind: 'adapter'; readonly words: readonly string[]; readonly times: AdapterOptions }

/** What a worker is given. */
export interface Job {
  readonly origin: Origin
  readonly seed: number
  readonly budget: number
  readonly kinds: readonly CaseKind[] | undefined
  readonly numbers: readonly number[]
}

/** What a worker tells. */
export type JobMessage =
  | { readonly type: 'progress'; readonly done: number; readonly label: string; readonly failures: number }
  | { readonly type: 'tally'; readonly tally: Tally }
  | { readonly type: 'failed'; readonly error: Error }

/** Whoever tells a worker to stop says this. */
export const stop = 'stop'

/** Workers run what was built: the sources would need a compiler. */
export const hasWorkers: boolean = import.meta.url.endsWith('.js')

/** Runs the scenarios of these numbers in so many workers. The sums are the same as with one. */
export async function runInWorkers(
  { numbers, ...job }: Job,
  jobs: number,
  { signal, onRun }: RunsOptions,
): Promise<Tally> {
  const done = new Map<number, { done: number; failures: number }>()
  const tallies = await Promise.all(
    Array.from({ length: jobs }, (_, part) =>
      runWorker({ ...job, numbers: numbers.filter((_number, index) => index % jobs === part) }, signal, (progress) => {
        done.set(part, progress)
        const sums = [...done.values()]
        const sum = (part: 'done' | 'failures'): number => sums.reduce((total, each) => total + each[part], 0)
        onRun?.(sum('done'), progress.label, sum('failures'))
      }),
    ),
  )
  const tally = createTally()
  for (const part of tallies) addTally(tally, part)
  return tally
}

function runWorker(
  job: Job,
  signal: AbortSignal | undefined,
  onProgress: (progress: Extract<JobMessage, { type: 'progress' }>) => void,
): Promise<Tally> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./worker.js', import.meta.url), { workerData: job })
    const forget = onAbort(signal, () => worker.postMessage(stop))
    worker.on('message', (message: JobMessage) => {
      if (message.type === 'progress') onProgress(message)
      else if (message.type === 'tally') resolve(message.tally)
      else reject(message.error)
    })
    worker.on('error', reject)
    worker.on('exit', (code) => {
      forget()
      reject(new Error(`a worker ended with code ${code}`))
    })
  })
}
