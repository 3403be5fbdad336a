/** Adapters in other processes: the surfaces of this folder over newline-delimited JSON (`PROTOCOL.md`). */
import type { NodeId } from '../../models/vocabulary.ts'
import { AdapterError } from './adapter-error.ts'
import type { Breach, ContractCheck } from './check.ts'
import { Connection, type AdapterOptions, type Reading } from './connection.ts'
import type { RemoteImplementation, RemoteSession, Words } from './surface.ts'
import type { WireInput } from './dialect.ts'
import { dialects, type AdapterSurface, type WordsOf } from './surfaces.ts'

export { AdapterError, type AdapterErrorKind } from './adapter-error.ts'
export { splitCommand } from './command-line.ts'
export type { AdapterOptions } from './connection.ts'
export type { AdapterSurface } from './surfaces.ts'

/** A session whose messages can be given up: the adapter frees them. */
export interface StdioSession<W extends Words = WordsOf['raft']> extends RemoteSession<W> {
  /** Its number on the line. */
  readonly run: number
  forget(messages: readonly number[]): void
}

interface StdioOf<Surface extends AdapterSurface> extends RemoteImplementation<WordsOf[Surface]> {
  readonly surface: Surface
  open(start: WordsOf[Surface]['start']): Promise<StdioSession<WordsOf[Surface]>>
  /** Of the adapter, as an operating system knows it. */
  readonly pid: number
  readonly lastWords: string
}

/** An adapter of one of these surfaces; `surface` says of which. */
export type StdioImplementation<Surface extends AdapterSurface = AdapterSurface> = {
  [Each in Surface]: StdioOf<Each>
}[Surface]

export interface SpawnOptions<Surface extends AdapterSurface = AdapterSurface> extends AdapterOptions {
  /** What the adapter has to offer. Default: whatever it offers first. */
  readonly surface?: Surface | undefined
}

/**
 * Starts an adapter (without a shell) and shakes hands with it. Throws an `AdapterError` where that fails, or where it
 * does not offer the surface that was asked for.
 * The adapter and all its children are ended on `close`, on a failure, and with this process.
 *
 * @example const etcd = await spawnAdapter(splitCommand('./etcd-raft --async'), { surface: 'raft', stepTimeout: 0 })
 */
export const spawnAdapter = async <Surface extends AdapterSurface = AdapterSurface>(
  command: readonly string[],
  { surface, ...options }: SpawnOptions<Surface> = {},
): Promise<StdioImplementation<Surface>> => {
  const connection = new Connection(command, options)
  try {
    const hello = await connection.hello(surface)
    return implementationOf(connection, hello.surfaces[0]! as Surface, hello as WordsOf[Surface]['hello'])
  } catch (error) {
    await connection.end()
    throw error
  }
}

function implementationOf<Surface extends AdapterSurface>(
  connection: Connection,
  surface: Surface,
  hello: WordsOf[Surface]['hello'],
): StdioOf<Surface> {
  return {
    surface,
    hello,
    pid: connection.pid!,
    get lastWords() {
      return connection.lastWords
    },
    open: (start) => openSession(connection, surface, start),
    close: () => connection.close(),
  }
}

/** How the answers to the requests of a run are read. */
interface Readings<W extends Words> {
  readonly start: Reading<{ readonly answers: readonly W['answer'][] }>
  readonly steps: Reading<{ readonly answers: readonly W['answer'][] }>
  readonly inspect: Reading<{ readonly inspection: W['inspection'] }>
  /** Null where nodes send no messages. */
  readonly encode: Reading<{ readonly message: W['outgoing'] }> | null
}

function readingsOf<Surface extends AdapterSurface>(surface: Surface): Readings<WordsOf[Surface]> {
  const { replies, accept } = dialects[surface]
  return {
    start: { form: replies.start },
    steps: {
      form: replies.steps,
      accept: (reply) => {
        const answers = accept?.(reply) ?? null
        return answers === null ? null : { answers }
      },
    },
    inspect: { form: replies.inspect },
    encode: replies.encode === undefined ? null : { form: replies.encode },
  }
}

/** Starts a run of an adapter that has said hello. */
export const openSession = async <Surface extends AdapterSurface>(
  connection: Connection,
  surface: Surface,
  start: WordsOf[Surface]['start'],
): Promise<StdioSession<WordsOf[Surface]>> => {
  const run = connection.newRun()
  const { nodes } = start
  const fields = connection.offersSeveral ? { surface, start } : { start }
  const readings = readingsOf(surface)
  const { answers } = await connection.ask('start', run, fields, readings.start, nodes.length)
  const check = dialects[surface].createCheck(start)
  const session = new Session<WordsOf[Surface]>(connection, run, answers, check, readings)
  session.checkInitial(nodes)
  return session
}

class Session<W extends Words> implements StdioSession<W> {
  readonly run: number
  readonly initial: readonly W['answer'][]
  readonly #connection: Connection
  readonly #check: ContractCheck<W>
  readonly #readings: Readings<W>
  #forget: number[] = []

  constructor(
    connection: Connection,
    run: number,
    initial: readonly W['answer'][],
    check: ContractCheck<W>,
    readings: Readings<W>,
  ) {
    this.#connection = connection
    this.run = run
    this.initial = initial
    this.#check = check
    this.#readings = readings
  }

  checkInitial(nodes: readonly NodeId[]): void {
    for (const [index, node] of nodes.entries()) this.#demand(this.#check.initial(node, this.initial[index]!))
  }

  async steps(inputs: readonly W['input'][]): Promise<readonly W['answer'][]> {
    const fields: { inputs: WireInput<W>[]; forget?: number[] } = { inputs: inputs.map(toWire) }
    if (this.#forget.length > 0) {
      fields.forget = this.#forget
      this.#forget = []
    }
    const { answers } = await this.#connection.ask('steps', this.run, fields, this.#readings.steps, inputs.length)
    for (let index = 0; index < inputs.length; index++) this.#demand(this.#check.step(inputs[index]!, answers[index]!))
    return answers
  }

  /** These messages will not be delivered (again); said with the next steps. */
  forget(messages: readonly number[]): void {
    for (const message of messages) this.#forget.push(message)
  }

  async inspect(node: NodeId): Promise<W['inspection']> {
    const { inspection } = await this.#connection.ask('inspect', this.run, { node }, this.#readings.inspect)
    this.#demand(this.#check.inspected(node, inspection))
    return inspection
  }

  async encode(from: NodeId, to: NodeId, view: W['message']): Promise<W['outgoing']> {
    const { encode } = this.#readings
    if (encode === null) throw new AdapterError('refused', 'nodes of this surface send no messages', { run: this.run })
    const { message } = await this.#connection.ask('encode', this.run, { from, to, view }, encode)
    this.#demand(this.#check.encoded(message))
    return message
  }

  /** Ends the run; an adapter that has failed has nothing left to end. */
  async close(): Promise<void> {
    await this.#connection.endRun(this.run).catch(() => {})
  }

  /** @throws AdapterError for a breach of the contract, which ends the adapter */
  #demand(breach: Breach | null): void {
    if (breach !== null) throw this.#connection.breach(breach, this.run)
  }
}

const toWire = <W extends Words>(input: W['input']): WireInput<W> =>
  input.type === 'deliver'
    ? {
        type: 'deliver',
        node: input.node,
        at: input.at,
        message: (input as unknown as { readonly message: { readonly id: number } }).message.id,
      }
    : (input as WireInput<W>)
