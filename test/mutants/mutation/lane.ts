/** Processes that try mutants: what they cannot survive themselves is found out here. */
import { type ChildProcess, fork } from 'node:child_process'
import type { Order, Survey, Task, Verdict, WorkerMessage, WorkerStart } from './worker.ts'

/** A mutant that keeps its process busy for so long with one part of the suite has been found out; milliseconds. */
const patience = 20_000
/** So has one that takes more memory than this; megabytes. The member paths alone take 300. */
const memory = 1500

/** A process, begun when it is first needed, and begun again after a mutant was too much for it. */
export class Lane {
  readonly #start: WorkerStart
  #process: ChildProcess | null = null

  constructor(start: WorkerStart) {
    this.#start = start
  }

  async attempt(task: Task): Promise<Verdict> {
    const answer = await ask((this.#process ??= begin(this.#start)), { order: 'try', task })
    if (answer === 'ended' || answer === 'silent') {
      this.end()
      return { broken: answer === 'ended' ? 'uses up its memory' : 'never ends', by: '' }
    }
    if (answer.type !== 'verdict') throw new Error(answer.type === 'failed' ? answer.text : 'an answer out of turn')
    return answer.verdict
  }

  end(): void {
    this.#process?.kill('SIGKILL')
    this.#process = null
  }
}

/** What the suite does on the unchanged reference. */
export async function surveyOf(start: WorkerStart): Promise<Survey> {
  const worker = begin(start)
  try {
    const answer = await ask(worker, { order: 'survey' })
    if (typeof answer === 'object' && answer.type === 'survey') return answer.survey
    throw new Error(`the suite does not end well on the reference: ${JSON.stringify(answer)}`)
  } finally {
    worker.kill('SIGKILL')
  }
}

function begin(start: WorkerStart): ChildProcess {
  return fork(new URL('worker.js', import.meta.url), [JSON.stringify(start)], {
    execArgv: [`--max-old-space-size=${memory}`],
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  })
}

type Answer = Exclude<WorkerMessage, { readonly type: 'alive' }> | 'ended' | 'silent'

/** What comes of an order; a process may end, or give no sign of life any more. */
function ask(worker: ChildProcess, order: Order): Promise<Answer> {
  return new Promise((resolve) => {
    const settle = (answer: Answer): void => {
      clearTimeout(timer)
      worker.off('message', listen).off('exit', exit).off('error', exit)
      resolve(answer)
    }
    const exit = (): void => settle('ended')
    const listen = (message: unknown): void => {
      const told = message as WorkerMessage
      if (told.type === 'alive') timer.refresh()
      else settle(told)
    }
    const timer = setTimeout(() => settle('silent'), patience)
    worker.on('message', listen).on('exit', exit).on('error', exit)
    worker.send(order)
  })
}
