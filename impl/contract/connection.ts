/** One adapter process, and the requests that it has not answered: newline-delimited JSON (`PROTOCOL.md`). */
import type { Milliseconds } from '../../models/vocabulary.ts'
import { AdapterError, excerpt, type AdapterErrorKind } from './adapter-error.ts'
import type { Breach } from './check.ts'
import { Child } from './child.ts'
import { firstIssue } from './issue.ts'
import { limits } from './limits.ts'
import type { AnyRequest, Form } from './dialect.ts'
import { refusalSchema } from './schema.ts'
import { commonReplies, type AdapterHello, type AdapterSurface, type WordsOf } from './surfaces.ts'

type RequestType = AnyRequest<WordsOf[AdapterSurface]>['type']

export interface AdapterOptions {
  /** How long the answer to `hello` may take, 60 s by default; 0 for as long as it likes. */
  readonly startTimeout?: Milliseconds
  /** How long every other answer may take, 10 s by default; 0 for as long as it likes. */
  readonly stepTimeout?: Milliseconds
  /** How long the process may take to end after it was asked to, 1 s by default. */
  readonly grace?: Milliseconds
  /** Most bytes of one line. */
  readonly maxLine?: number
  /** Most bytes on standard error between two answers. */
  readonly maxStderr?: number
}

/** How an answer is read. */
export interface Reading<Line> {
  readonly form: Form<Line>
  /** What is asked of the form only if this gives null. */
  readonly accept?: (reply: Readonly<Record<string, unknown>>) => Line | null
}

/** Anything that answers: for requests that the protocol does not know. */
const raw: Reading<Record<string, unknown>> = {
  form: { safeParse: (line) => ({ success: true, data: line as Record<string, unknown> }) },
}
const endReading: Reading<object> = { form: commonReplies.end }
const exitReading: Reading<object> = { form: commonReplies.exit }

interface Pending {
  readonly type: string
  readonly run: number | null
  readonly seq: number
  readonly deadline: Milliseconds
  /** Number of answers that a start or steps must have. */
  readonly count: number
  readonly reading: Reading<unknown>
  resolve(reply: never): void
  reject(error: AdapterError): void
}

export class Connection {
  readonly #name: string
  readonly #child: Child
  readonly #startTimeout: Milliseconds
  readonly #stepTimeout: Milliseconds
  /** In the order of their deadlines, but for `hello`, which is alone. */
  readonly #pending = new Map<number, Pending>()
  #timer: NodeJS.Timeout | undefined
  #watchedUntil = Infinity
  /** Lines that have not left yet, and their number. */
  #outgoing = ''
  #queued = 0
  #flushing = false
  #nextSeq = 1
  #nextRun = 1
  #failure: AdapterError | null = null
  #offersSeveral = false
  #closing = false

  constructor(command: readonly string[], options: AdapterOptions = {}) {
    this.#name = excerpt(command.join(' '), 80)
    this.#startTimeout = options.startTimeout ?? 60_000
    this.#stepTimeout = options.stepTimeout ?? 10_000
    const childOptions = {
      maxLine: options.maxLine ?? limits.line,
      maxStderr: options.maxStderr ?? limits.stderr,
      grace: options.grace ?? 1_000,
    }
    this.#child = new Child(command, childOptions, {
      line: (line) => this.#line(line),
      flood: (text) => this.#fail('flood', text),
      failed: (error) => this.#fail('start', `could not be started: ${startProblem(error)}`),
      ended: (how) => {
        if (!this.#closing) this.#fail('exit', how + this.#whileAnswering())
      },
    })
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  get lastWords(): string {
    return this.#child.lastWords
  }

  /** Whether nothing can be asked any more. */
  get isOver(): boolean {
    return this.#closing || this.#failure !== null
  }

  /** Whether each start has to say of which surface it is. */
  get offersSeveral(): boolean {
    return this.#offersSeveral
  }

  newRun(): number {
    return this.#nextRun++
  }

  /** What the adapter says of the surface that is meant; of the first that it offers if none is. */
  async hello(surface?: AdapterSurface): Promise<AdapterHello> {
    const reading = { form: commonReplies.hello }
    const { hello } = await this.#send('hello', null, { protocol: 1 }, reading, 0)
    const offered: readonly AdapterHello[] = Array.isArray(hello) ? hello : [hello]
    this.#offersSeveral = offered.length > 1
    const meant = offered.find(
      ({ surfaces }) => surface === undefined || (surfaces as readonly string[])[0] === surface,
    )
    if (meant !== undefined) return meant
    const names = offered.map(({ surfaces }) => surfaces[0]).join(' and ')
    throw this.#fail('surface', `offers surface ${names}, and was to be tested for ${surface}`)
  }

  /** Sends a request of a run, and resolves to its answer; `count` is how many answers a start or steps must have. */
  ask<Line>(type: RequestType, run: number, fields: object, reading: Reading<Line>, count = 0): Promise<Line> {
    return this.#send(type, run, fields, reading, count)
  }

  /** Ends a run. */
  async endRun(run: number): Promise<void> {
    await this.#send('end', run, {}, endReading, 0)
  }

  /** Sends any request, also one that the protocol does not know, and resolves to whatever answers it. */
  askRaw(type: string, run: number | null, fields: object): Promise<Record<string, unknown>> {
    return this.#send(type, run, fields, raw, 0)
  }

  /** An answer that contradicts the contract: ends the adapter. */
  breach({ text, rule }: Breach, run: number): AdapterError {
    return this.#fail('contract', text, run, rule)
  }

  /** Says `exit`, waits for the process to end by itself, and ends what is left of it. */
  async close(): Promise<void> {
    if (!this.#closing && this.#failure === null) {
      this.#closing = true
      this.#send('exit', null, {}, exitReading, 0).catch(() => {})
      this.#flush()
      this.#child.closeInput()
      await this.#child.endsByItself()
    }
    await this.end()
  }

  /** Asks the process to leave in one of the two ways that end an adapter, and tells how it did; null: not by itself. */
  async leave(how: 'exit' | 'end of input'): Promise<{ answered: boolean; code: number | null }> {
    this.#closing = true
    const asked = how === 'exit' ? this.#send('exit', null, {}, exitReading, 0) : Promise.reject(new Error(how))
    const answered = asked.then(
      () => true,
      () => false,
    )
    if (how === 'end of input') this.#child.closeInput()
    const code = (await this.#child.endsByItself()) ? this.#child.exitCode : null
    await this.end()
    return { answered: await answered, code }
  }

  /** Ends the process and all its children. */
  async end(): Promise<void> {
    this.#closing = true
    await this.#child.end()
    this.#failure ??= new AdapterError('closed', `adapter ${this.#name} was closed`, { lastWords: this.lastWords })
    this.#rejectAll(this.#failure)
  }

  #send<Line>(type: string, run: number | null, fields: object, reading: Reading<Line>, count: number): Promise<Line> {
    if (this.#failure !== null) return Promise.reject(this.#failure)
    const seq = this.#nextSeq++
    const timeout = type === 'hello' ? this.#startTimeout : this.#stepTimeout
    const deadline = timeout === 0 ? Infinity : performance.now() + timeout
    const line = run === null ? { seq, type, ...fields } : { seq, run, type, ...fields }
    return new Promise<Line>((resolve, reject) => {
      this.#pending.set(seq, { type, run, seq, deadline, count, reading, resolve, reject })
      if (deadline < this.#watchedUntil) this.#watch(deadline)
      this.#outgoing += JSON.stringify(line) + '\n'
      this.#queued++
      this.#flushSoon()
    })
  }

  #flushSoon(): void {
    if (this.#flushing || this.#queued === 0) return
    this.#flushing = true
    process.nextTick(() => {
      this.#flushing = false
      // While the adapter has more to do than waits here, an answer is coming: fewer, longer writes are half the cost.
      if (this.#queued >= this.#pending.size - this.#queued) this.#flush()
    })
  }

  #flush(): void {
    const lines = this.#outgoing
    this.#outgoing = ''
    this.#queued = 0
    this.#child.write(lines)
  }

  /** One timer for all: it fires at or before the earliest deadline, and is set again as long as one is open. */
  #watch(deadline: Milliseconds): void {
    clearTimeout(this.#timer)
    this.#watchedUntil = deadline
    // An answer may have come while this process was busy: read first, then look.
    this.#timer = setTimeout(() => setImmediate(() => this.#look()), deadline - performance.now())
  }

  #look(): void {
    this.#watchedUntil = Infinity
    const [oldest] = this.#pending.values()
    if (oldest === undefined || oldest.deadline === Infinity) return
    if (performance.now() < oldest.deadline) return this.#watch(oldest.deadline)
    const timeout = oldest.type === 'hello' ? this.#startTimeout : this.#stepTimeout
    this.#fail('hang', `did not answer ${describe(oldest)} within ${timeout} ms`, oldest.run)
  }

  #line(line: string): void {
    if (this.#failure !== null) return
    let reply: unknown
    try {
      reply = JSON.parse(line)
    } catch {
      this.#fail('json', `sent a line that is not JSON: ${excerpt(line)}`)
      return
    }
    if (typeof reply !== 'object' || reply === null || Array.isArray(reply)) {
      this.#fail('json', `sent a line that is not a JSON object: ${excerpt(line)}`)
      return
    }
    const { seq, run = null } = reply as { seq?: unknown; run?: unknown }
    const pending = this.#pending.get(seq as number)
    if (pending === undefined) {
      this.#unexpected(seq, line)
      return
    }
    if (run !== pending.run && pending.reading !== raw) {
      this.#fail('sequence', `answered ${describe(pending)} with run ${excerpt(String(run), 20)}`)
      return
    }
    this.#pending.delete(pending.seq)
    this.#flushSoon()
    this.#child.answered()
    if (pending.reading === raw) pending.resolve(reply as never)
    else if ('error' in reply) this.#refused(pending, reply)
    else this.#accept(pending, reply)
  }

  #unexpected(seq: unknown, line: string): void {
    const open = [...this.#pending.values()].map(describe).join(', ')
    if (typeof seq === 'number' && seq >= 1 && seq < this.#nextSeq)
      this.#fail('sequence', `answered seq ${seq} a second time`)
    else if (open === '') this.#fail('unasked', `sent a line although nothing was asked: ${excerpt(line)}`)
    else this.#fail('sequence', `sent a line that answers nothing: ${excerpt(line)}; open: ${open}`)
  }

  #accept(pending: Pending, reply: object): void {
    const { type, reading, count, run } = pending
    const accepted = reading.accept?.(reply as Record<string, unknown>) as { answers?: unknown[] } | null | undefined
    if (accepted?.answers?.length === count) return pending.resolve(accepted as never)
    const offered = (reply as { hello?: { protocol?: unknown } }).hello?.protocol
    if (type === 'hello' && typeof offered === 'number' && offered !== 1) {
      pending.reject(this.#fail('version', `speaks version ${offered} of the protocol; this is version 1`))
      return
    }
    const checked = reading.form.safeParse(reply)
    if (!checked.success) {
      pending.reject(this.#fail('schema', `answered ${describe(pending)} badly: ${firstIssue(checked.error)}`, run))
      return
    }
    const data = checked.data as { answers?: unknown[] }
    if (data.answers !== undefined && data.answers.length !== count) {
      const text = `gave ${data.answers.length} answers to ${describe(pending)}; it needs ${count}`
      pending.reject(this.#fail('schema', text, run))
      return
    }
    pending.resolve(data as never)
  }

  #refused(pending: Pending, reply: object): void {
    const checked = refusalSchema.safeParse(reply)
    if (!checked.success) {
      pending.reject(
        this.#fail('schema', `refused ${describe(pending)} badly: ${firstIssue(checked.error)}`, pending.run),
      )
      return
    }
    const { kind, text } = checked.data.error
    pending.reject(
      new AdapterError('refused', `adapter ${this.#name} refused ${describe(pending)} (${kind}): ${excerpt(text)}`, {
        lastWords: this.lastWords,
        run: pending.run,
        refusal: kind,
      }),
    )
  }

  /** The first failure is everybody's: whatever is open, and whatever is asked later. */
  #fail(kind: AdapterErrorKind, text: string, run: number | null = null, rule: string | null = null): AdapterError {
    if (this.#failure !== null) return this.#failure
    const { lastWords } = this
    const failure = new AdapterError(kind, `adapter ${this.#name} ${text}`, { lastWords, run, rule })
    this.#failure = failure
    void this.#child.end()
    this.#rejectAll(failure)
    return failure
  }

  #rejectAll(failure: AdapterError): void {
    const open = [...this.#pending.values()]
    this.#pending.clear()
    clearTimeout(this.#timer)
    for (const pending of open) pending.reject(failure)
  }

  #whileAnswering(): string {
    const open = [...this.#pending.values()]
    return open.length === 0 ? '' : ` while it was asked ${open.map(describe).join(', ')}`
  }
}

const describe = ({ type, run, seq }: Pending): string =>
  run === null ? `${type} (seq ${seq})` : `${type} of run ${run} (seq ${seq})`

const startProblem = (error: NodeJS.ErrnoException): string => {
  if (error.code === 'ENOENT') return 'no such command'
  if (error.code === 'EACCES') return 'it is not executable'
  return error.message
}
