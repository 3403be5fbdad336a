/** Adapters in other processes: the surface of `raft.ts` over newline-delimited JSON (`PROTOCOL.md`). */
import { z } from 'zod'
import type { Answer, Input, Inspection, Message, OutgoingMessage } from '../../models/raft/vocabulary.ts'
import type { Milliseconds, NodeId } from '../../models/vocabulary.ts'
import { AdapterError, excerpt, type AdapterErrorKind } from './adapter-error.ts'
import { createContractCheck, type Breach, type ContractCheck } from './check.ts'
import { Child } from './child.ts'
import { acceptAnswers } from './fast-answer.ts'
import { limits } from './limits.ts'
import type { Hello, RemoteImplementation, RemoteSession, Start } from './raft.ts'
import { commonReplies, lines, refusalSchema, schemas, type RequestType } from './schema.ts'

const hello = z.strictObject({ seq: z.int().min(1), hello: schemas.hello })
const replySchemas = { ...commonReplies, ...lines.raft.replies, hello }
type WireInput = z.infer<typeof schemas.input>

export { AdapterError, type AdapterErrorKind } from './adapter-error.ts'
export { splitCommand } from './command-line.ts'

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

/** A session whose messages can be given up: the adapter frees them. */
export type StdioSession = RemoteSession & { forget(messages: readonly number[]): void }

export interface StdioImplementation extends RemoteImplementation {
  open(start: Start): Promise<StdioSession>
  /** Of the adapter, as an operating system knows it. */
  readonly pid: number
  readonly lastWords: string
}

/**
 * Starts an adapter (without a shell) and shakes hands with it. Throws an `AdapterError` where that fails.
 * The adapter and all its children are ended on `close`, on a failure, and with this process.
 *
 * @example const etcd = await spawnAdapter(splitCommand('./etcd-raft --async'), { stepTimeout: 0 })
 */
export const spawnAdapter = async (
  command: readonly string[],
  options: AdapterOptions = {},
): Promise<StdioImplementation> => {
  const connection = new Connection(command, options)
  try {
    const hello = await connection.hello()
    return {
      hello,
      pid: connection.pid!,
      get lastWords() {
        return connection.lastWords
      },
      open: (start) => openSession(connection, start),
      close: () => connection.close(),
    }
  } catch (error) {
    await connection.end()
    throw error
  }
}

interface Pending {
  readonly type: RequestType | 'raw'
  readonly run: number | null
  readonly seq: number
  readonly deadline: Milliseconds
  /** Number of answers that a start or steps must have. */
  readonly count: number
  resolve(reply: never): void
  reject(error: AdapterError): void
}

type Reply<Type extends RequestType> = z.output<(typeof replySchemas)[Type]>

/** One adapter process, and the requests that it has not answered. */
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

  newRun(): number {
    return this.#nextRun++
  }

  async hello(): Promise<Hello> {
    const { hello } = await this.ask('hello', null, { protocol: 1 })
    return hello
  }

  /** Sends a request and resolves to its checked answer; `count` is how many answers a start or steps must have. */
  ask<Type extends RequestType>(type: Type, run: number | null, fields: object, count = 0): Promise<Reply<Type>> {
    return this.#send(type, type, run, fields, count)
  }

  /** Sends any request, also one that the protocol does not know, and resolves to whatever answers it. */
  askRaw(type: string, run: number | null, fields: object): Promise<Record<string, unknown>> {
    return this.#send('raw', type, run, fields, 0)
  }

  /** An answer that contradicts the contract: ends the adapter. */
  breach({ text, rule }: Breach, run: number): AdapterError {
    return this.#fail('contract', text, run, rule)
  }

  /** Says `exit`, waits for the process to end by itself, and ends what is left of it. */
  async close(): Promise<void> {
    if (!this.#closing && this.#failure === null) {
      this.#closing = true
      this.ask('exit', null, {}).catch(() => {})
      this.#flush()
      this.#child.closeInput()
      await this.#child.endsByItself()
    }
    await this.end()
  }

  /** Asks the process to leave in one of the two ways that end an adapter, and tells how it did; null: not by itself. */
  async leave(how: 'exit' | 'end of input'): Promise<{ answered: boolean; code: number | null }> {
    this.#closing = true
    const asked = how === 'exit' ? this.ask('exit', null, {}) : Promise.reject(new Error(how))
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

  #send<T>(check: RequestType | 'raw', type: string, run: number | null, fields: object, count: number): Promise<T> {
    if (this.#failure !== null) return Promise.reject(this.#failure)
    const seq = this.#nextSeq++
    const timeout = type === 'hello' ? this.#startTimeout : this.#stepTimeout
    const deadline = timeout === 0 ? Infinity : performance.now() + timeout
    const line = run === null ? { seq, type, ...fields } : { seq, run, type, ...fields }
    return new Promise<T>((resolve, reject) => {
      this.#pending.set(seq, { type: check, run, seq, deadline, count, resolve, reject })
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
    if (run !== pending.run && pending.type !== 'raw') {
      this.#fail('sequence', `answered ${describe(pending)} with run ${excerpt(String(run), 20)}`)
      return
    }
    this.#pending.delete(pending.seq)
    this.#flushSoon()
    this.#child.answered()
    if (pending.type === 'raw') pending.resolve(reply as never)
    else if ('error' in reply) this.#refused(pending, reply)
    else this.#accept(pending, pending.type, reply)
  }

  #unexpected(seq: unknown, line: string): void {
    const open = [...this.#pending.values()].map(describe).join(', ')
    if (typeof seq === 'number' && seq >= 1 && seq < this.#nextSeq)
      this.#fail('sequence', `answered seq ${seq} a second time`)
    else if (open === '') this.#fail('unasked', `sent a line although nothing was asked: ${excerpt(line)}`)
    else this.#fail('sequence', `sent a line that answers nothing: ${excerpt(line)}; open: ${open}`)
  }

  #accept(pending: Pending, type: RequestType, reply: object): void {
    const answers = type === 'steps' ? acceptAnswers(reply as Record<string, unknown>) : null
    if (answers !== null && answers.length === pending.count) return pending.resolve({ answers } as never)
    const offered = (reply as { hello?: { protocol?: unknown } }).hello?.protocol
    if (type === 'hello' && typeof offered === 'number' && offered !== 1) {
      pending.reject(this.#fail('version', `speaks version ${offered} of the protocol; this is version 1`))
      return
    }
    const checked = replySchemas[type].safeParse(reply)
    if (!checked.success) {
      pending.reject(
        this.#fail('schema', `answered ${describe(pending)} badly: ${firstIssue(checked.error)}`, pending.run),
      )
      return
    }
    const data = checked.data as { answers?: unknown[] }
    if (data.answers !== undefined && data.answers.length !== pending.count) {
      const text = `gave ${data.answers.length} answers to ${describe(pending)}; it needs ${pending.count}`
      pending.reject(this.#fail('schema', text, pending.run))
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

const firstIssue = (error: z.ZodError): string => {
  const issue = error.issues[0]!
  return `${excerpt(issue.path.join('.'), 80)}: ${excerpt(issue.message)}`
}

/** Starts a run of an adapter that has said hello. */
export const openSession = async (connection: Connection, start: Start): Promise<StdioSession> => {
  const run = connection.newRun()
  const { answers } = await connection.ask('start', run, { start }, start.nodes.length)
  const check = createContractCheck(start)
  const initial: readonly Answer[] = answers
  for (const [index, node] of start.nodes.entries()) {
    const breach = check.initial(node, initial[index]!)
    if (breach !== null) throw connection.breach(breach, run)
  }
  return new Session(connection, run, initial, check)
}

class Session implements StdioSession {
  readonly initial: readonly Answer[]
  readonly #connection: Connection
  readonly #run: number
  readonly #check: ContractCheck
  #forget: number[] = []

  constructor(connection: Connection, run: number, initial: readonly Answer[], check: ContractCheck) {
    this.initial = initial
    this.#connection = connection
    this.#run = run
    this.#check = check
  }

  async steps(inputs: readonly Input[]): Promise<readonly Answer[]> {
    const fields: { inputs: WireInput[]; forget?: number[] } = { inputs: inputs.map(toWire) }
    if (this.#forget.length > 0) {
      fields.forget = this.#forget
      this.#forget = []
    }
    const { answers } = await this.#connection.ask('steps', this.#run, fields, inputs.length)
    for (let index = 0; index < inputs.length; index++) {
      const breach = this.#check.step(inputs[index]!, answers[index]!)
      if (breach !== null) throw this.#connection.breach(breach, this.#run)
    }
    return answers
  }

  /** These messages will not be delivered (again); said with the next steps. */
  forget(messages: readonly number[]): void {
    for (const message of messages) this.#forget.push(message)
  }

  async inspect(node: NodeId): Promise<Inspection> {
    const { inspection } = await this.#connection.ask('inspect', this.#run, { node })
    return inspection
  }

  async encode(from: NodeId, to: NodeId, view: Message): Promise<OutgoingMessage> {
    const { message } = await this.#connection.ask('encode', this.#run, { from, to, view })
    const breach = this.#check.encoded(message)
    if (breach !== null) throw this.#connection.breach(breach, this.#run)
    return message
  }

  /** Ends the run; an adapter that has failed has nothing left to end. */
  async close(): Promise<void> {
    await this.#connection.ask('end', this.#run, {}).catch(() => {})
  }
}

const toWire = (input: Input): WireInput =>
  input.type === 'deliver'
    ? { type: 'deliver', node: input.node, at: input.at, message: input.message.id }
    : (input as WireInput)
