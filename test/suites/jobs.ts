/** The same runs on several cores: each worker has its own reference or adapter, and gives back its sums. */
import { Worker } from 'node:worker_threads'
import type { SpawnOptions } from '../../impl/contract/stdio.ts'
import type { Endpoint } from '../../impl/real/ipam/endpoint.ts'
import type { SurfaceName } from '../../traces/surface.ts'
import { onAbort } from './abort.ts'
import type { RunsOptions } from './runs.ts'
import type { CaseKind } from './scenarios.ts'
import type { Variant } from './surfaces/form.ts'
import { addTally, createTally, type Tally } from './tally.ts'

/** How another thread comes by the same target. */
export type Origin =
  | { readonly kind: 'reference'; readonly surface: SurfaceName; readonly variant: Variant }
  | { readonly kind: 'plugin'; readonly endpoint: Endpoint }
  | { readonly kind: 'dns'; readonly words: readonly string[] }
  | { readonly kind: 'adapter'; readonly words: readonly string[]; readonly start: SpawnOptions }

/** Cases to run, and on what. */
export interface Job {
  readonly origin: Origin
  readonly seed: number
  readonly budget: number
  readonly kinds: readonly CaseKind[] | undefined
  readonly numbers: readonly number[]
}

/** What a worker is told: to take its part in a job, or to stop. */
export type Order =
  | {
      readonly order: 'run'
      readonly job: Job
      /** Index in `numbers` of the worker's first case. */
      readonly first: number
      /** Index of the next case that nobody has taken; shared by all workers. */
      readonly next: Int32Array
    }
  | { readonly order: 'stop' }

/** What a worker tells. */
export type JobMessage =
  | { readonly type: 'progress'; readonly done: number; readonly label: string; readonly failures: number }
  | { readonly type: 'tally'; readonly tally: Tally }
  | { readonly type: 'failed'; readonly error: Error }

/** Workers run what was built: the sources would need a compiler. */
export const hasWorkers: boolean = import.meta.url.endsWith('.js')

/** Threads that take cases from one queue, and keep what they have learnt for the next job. */
export class WorkerPool {
  readonly #workers: readonly Worker[]

  constructor(size: number) {
    this.#workers = Array.from({ length: size }, () => new Worker(new URL('./worker.js', import.meta.url)))
  }

  /** Runs the cases of a job. The sums are the same however many workers there are. */
  async run(job: Job, { signal, onRun }: RunsOptions): Promise<Tally> {
    const next = new Int32Array(new SharedArrayBuffer(4))
    next[0] = this.#workers.length
    const done = new Map<number, { done: number; failures: number }>()
    const tallies = await Promise.all(
      this.#workers.map((worker, first) =>
        runOn(worker, { order: 'run', job, first, next }, signal, (progress) => {
          done.set(first, progress)
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

  async close(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()))
  }
}

function runOn(
  worker: Worker,
  order: Order,
  signal: AbortSignal | undefined,
  onProgress: (progress: Extract<JobMessage, { type: 'progress' }>) => void,
): Promise<Tally> {
  const { promise, resolve, reject } = withResolvers<Tally>()
  const listen = (message: JobMessage): void => {
    if (message.type === 'progress') onProgress(message)
    else if (message.type === 'tally') resolve(message.tally)
    else reject(message.error)
  }
  const exit = (code: number): void => reject(new Error(`a worker ended with code ${code}`))
  worker.on('message', listen).on('error', reject).on('exit', exit)
  worker.postMessage(order)
  const forget = onAbort(signal, () => worker.postMessage({ order: 'stop' } satisfies Order))
  return promise.finally(() => {
    forget()
    worker.off('message', listen).off('error', reject).off('exit', exit)
  })
}

function withResolvers<Value>() {
  let resolve!: (value: Value) => void
  let reject!: (error: Error) => void
  const promise = new Promise<Value>((accept, refuse) => {
    resolve = accept
    reject = refuse
  })
  return { promise, resolve, reject }
}
