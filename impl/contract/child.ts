/** A child process in a process group of its own, which is ended whole: its own children too. */
import { spawn, type ChildProcess } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { escapeText } from './adapter-error.ts'

const pollInterval = 10
const lastWordsLength = 4_096

/** Process groups that have to be ended with this process. */
const groups = new Set<number>()
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

const signalGroup = (group: number, signal: NodeJS.Signals | 0): boolean => {
  try {
    process.kill(-group, signal)
    return true
  } catch {
    return false
  }
}

const killGroups = (): void => {
  for (const group of groups) signalGroup(group, 'SIGKILL')
}

/** Where somebody else handles the signal, it is theirs to close adapters; exit still ends what they forget. */
const onSignal = (signal: NodeJS.Signals): void => {
  if (process.listenerCount(signal) > 1) return
  killGroups()
  unhook()
  process.kill(process.pid, signal)
}

const hook = (): void => {
  process.on('exit', killGroups)
  for (const signal of signals) process.on(signal, onSignal)
}

const unhook = (): void => {
  process.off('exit', killGroups)
  for (const signal of signals) process.off(signal, onSignal)
}

export interface ChildEvents {
  /** One line of standard output, without its end. */
  line(line: string): void
  /** More bytes without a new line, or on standard error between two calls of `answered`, than allowed. */
  flood(text: string): void
  /** The process could not be started. */
  failed(error: NodeJS.ErrnoException): void
  /** The process ended, and everything it wrote was read. */
  ended(how: string): void
}

export interface ChildOptions {
  readonly maxLine: number
  readonly maxStderr: number
  /** Milliseconds between being asked and being forced to end. */
  readonly grace: number
}

export class Child {
  readonly #process: ChildProcess
  readonly #options: ChildOptions
  readonly #events: ChildEvents
  /** Beginning of a line whose end has not come yet. */
  #partial: Buffer[] = []
  #partialLength = 0
  #stderr: Buffer[] = []
  #stderrLength = 0
  #stderrSinceAnswer = 0
  #muted = false
  #ended = false
  #ending: Promise<void> | null = null

  constructor(command: readonly string[], options: ChildOptions, events: ChildEvents) {
    this.#options = options
    this.#events = events
    const [program = '', ...args] = command
    const child = spawn(program, args, { detached: true, stdio: ['pipe', 'pipe', 'pipe'], windowsHide: true })
    this.#process = child
    if (child.pid !== undefined) {
      if (groups.size === 0) hook()
      groups.add(child.pid)
    }
    child.on('error', (error) => {
      if (child.pid !== undefined) return
      this.#ended = true
      events.failed(error)
    })
    // A write to a process that has ended; its end is reported by itself.
    child.stdin!.on('error', () => {})
    child.stdout!.on('data', (chunk: Buffer) => this.#read(chunk))
    child.stderr!.on('data', (chunk: Buffer) => this.#hear(chunk))
    const report = (how: string): void => {
      if (this.#ended) return
      this.#ended = true
      events.ended(how)
    }
    child.on('exit', (code, signal) => {
      const how = signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`
      child.on('close', () => report(how))
      // Children of the adapter may hold its pipes open for ever.
      setTimeout(report, options.grace, how).unref()
    })
    child.stdout!.on('end', () => setTimeout(report, options.grace, 'closed its standard output').unref())
  }

  write(text: string): void {
    if (this.#process.stdin!.writable) this.#process.stdin!.write(text)
  }

  closeInput(): void {
    this.#process.stdin!.end()
  }

  /** Resets the allowance of standard error. */
  answered(): void {
    this.#stderrSinceAnswer = 0
  }

  /** The end of what was said on standard error, escaped. */
  get lastWords(): string {
    return escapeText(Buffer.concat(this.#stderr).subarray(-lastWordsLength).toString('utf8')).trim()
  }

  /** Stops listening, and ends the group: by SIGTERM, and after the grace by SIGKILL. */
  end(): Promise<void> {
    return (this.#ending ??= this.#end())
  }

  /** Whether the process ends by itself within the grace, and everything that it wrote was read. */
  async endsByItself(): Promise<boolean> {
    return this.#waitUntil(() => this.#ended && this.#hasExited)
  }

  get exitCode(): number | null {
    return this.#process.exitCode
  }

  get pid(): number | undefined {
    return this.#process.pid
  }

  get #hasExited(): boolean {
    const child = this.#process
    return child.pid === undefined || child.exitCode !== null || child.signalCode !== null
  }

  async #end(): Promise<void> {
    this.#muted = true
    const group = this.#process.pid
    if (group !== undefined) {
      const gone = (): boolean => this.#hasExited && !signalGroup(group, 0)
      if (!gone()) {
        signalGroup(group, 'SIGTERM')
        if (!(await this.#waitUntil(gone))) {
          signalGroup(group, 'SIGKILL')
          await this.#waitUntil(gone)
        }
      }
      groups.delete(group)
      if (groups.size === 0) unhook()
    }
    for (const stream of [this.#process.stdin, this.#process.stdout, this.#process.stderr]) stream?.destroy()
  }

  async #waitUntil(condition: () => boolean): Promise<boolean> {
    for (let waited = 0; waited < this.#options.grace; waited += pollInterval) {
      if (condition()) return true
      await sleep(pollInterval)
    }
    return condition()
  }

  #read(chunk: Buffer): void {
    let from = 0
    for (let end = chunk.indexOf(10); end !== -1 && !this.#muted; end = chunk.indexOf(10, from)) {
      const line = this.#partialLength === 0 ? chunk.subarray(from, end) : this.#take(chunk.subarray(from, end))
      from = end + 1
      if (line.length > this.#options.maxLine) return this.#flood()
      this.#events.line(line.toString('utf8'))
    }
    if (from === chunk.length || this.#muted) return
    this.#partial.push(from === 0 ? chunk : chunk.subarray(from))
    this.#partialLength += chunk.length - from
    if (this.#partialLength > this.#options.maxLine) this.#flood()
  }

  #take(end: Buffer): Buffer {
    const line = Buffer.concat([...this.#partial, end])
    this.#partial = []
    this.#partialLength = 0
    return line
  }

  #flood(): void {
    this.#partial = []
    this.#events.flood(`sent a line of more than ${this.#options.maxLine} bytes`)
  }

  #hear(chunk: Buffer): void {
    this.#stderr.push(chunk)
    this.#stderrLength += chunk.length
    if (this.#stderrLength > 4 * lastWordsLength) {
      this.#stderr = [Buffer.concat(this.#stderr).subarray(-lastWordsLength)]
      this.#stderrLength = lastWordsLength
    }
    this.#stderrSinceAnswer += chunk.length
    if (this.#stderrSinceAnswer > this.#options.maxStderr && !this.#muted) {
      this.#events.flood(`wrote more than ${this.#options.maxStderr} bytes to standard error without an answer`)
    }
  }
}
