/**
 * A server of names as an implementation that the suite can test for what every such server does. It is started with a file
 * of hosts, again whenever that has changed, and asked over UDP and TCP. What is attached is what stands in the file.
 */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type {
  Answer,
  EndpointRecord,
  EndpointSetting,
  Input,
  Inspection,
  Operation,
  Reply,
  Result,
} from '../../../models/discovery/vocabulary.ts'
import type { Milliseconds } from '../../../models/vocabulary.ts'
import { AdapterError, excerpt } from '../../contract/adapter-error.ts'
import { Child } from '../../contract/child.ts'
import type { Hello, RemoteImplementation, RemoteSession, Start } from '../../contract/discovery.ts'
import { decode, encode, type Packet } from '../../reference/discovery/wire/packet.ts'
import type { Address } from '../address.ts'
import { monotonicNow } from '../clock.ts'
import { freePort } from '../ports.ts'
import { exchange } from './client.ts'
import { printHosts } from './hosts.ts'

const host = '127.0.0.1'
/** How long a server may take to answer when it was started, and then; and how long nothing is waited for. */
const longestStart: Milliseconds = 10_000
const longestAnswer: Milliseconds = 3_000
const silence: Milliseconds = 150
const childOptions = { maxLine: 65_536, maxStderr: Infinity, grace: 2_000 }

const places = ['{port}', '{hosts}'] as const

/** Whether a command has a place for where to listen, and one for the file of hosts. */
export const saysHow = (words: readonly string[]): boolean =>
  places.every((place) => words.some((word) => word.includes(place)))

const hello: Hello = {
  protocol: 1,
  name: 'a server of names',
  version: 'unknown',
  language: 'unknown',
  surfaces: ['discovery'],
  profiles: ['dns-core'],
  operations: ['attach', 'detach', 'query', 'garbled'],
  capabilities: { restart: false, encode: false },
  deterministic: false,
  assumptions: { fifo: true, noDuplicates: true, clockDrift: 0 },
}

/** Servers that a command starts: `{host}`, `{port}` and `{hosts}` in it stand for where to listen, and for the file. */
export async function dnsProcess(words: readonly string[]): Promise<RemoteImplementation> {
  const [program = ''] = words
  return {
    hello: { ...hello, name: excerpt(program) || hello.name },
    open: async (start) => new ProcessSession(words, start),
    close: async () => {},
  }
}

interface Running {
  readonly address: Address
  readonly child: Child
  ended: string | null
}

const silent = (now: Milliseconds): Answer => ({ now, wake: null, outputs: [], state: null, records: null })

class ProcessSession implements RemoteSession {
  readonly initial: readonly Answer[]
  readonly #words: readonly string[]
  readonly #node: string
  readonly #folder = mkdtempSync(join(tmpdir(), 'swarmcheck-dns-'))
  readonly #records = new Map<string, EndpointRecord>()
  #running: Running | null = null
  #questions = 0

  constructor(words: readonly string[], { nodes }: Start) {
    if (nodes.length > 1) throw new AdapterError('refused', 'one server stands for one node')
    this.#words = words
    // Servers that give up their rights still read it.
    chmodSync(this.#folder, 0o755)
    this.#node = nodes[0]!
    this.initial = [{ ...silent(0), state: { life: this.#node }, records: [] }]
  }

  async steps(inputs: readonly Input[]): Promise<readonly Answer[]> {
    const answers: Answer[] = []
    for (const input of inputs) answers.push(await this.#step(input))
    return answers
  }

  async inspect(): Promise<Inspection> {
    const keyOf = ({ network, endpoint }: EndpointRecord): string => `${network} ${endpoint}`
    const records = [...this.#records.values()].sort((left, right) => (keyOf(left) < keyOf(right) ? -1 : 1))
    return { state: { life: this.#node }, records }
  }

  async encode(): Promise<never> {
    throw new AdapterError('refused', 'servers of names send no messages')
  }

  async close(): Promise<void> {
    await this.#stop()
    rmSync(this.#folder, { recursive: true, force: true })
  }

  async #step(input: Input): Promise<Answer> {
    if (input.type !== 'operation') return silent('until' in input ? input.until : input.at)
    const { operation, id, at } = input
    if (operation.type === 'attach') return this.#attach(operation, id, at)
    if (operation.type === 'detach') return this.#detach(operation.endpoint, id, at)
    if (operation.type !== 'query' && operation.type !== 'garbled') {
      return { ...silent(at), error: { kind: 'unsupported', text: `servers of names do not ${operation.type}` } }
    }
    const server = await this.#server()
    const reply = await this.#ask(server.address, operation)
    if (server.ended !== null) {
      const said = server.child.lastWords
      const text = `${server.ended}${said === '' ? '' : `, with the last words: ${excerpt(said)}`}`
      this.#running = null
      return { ...silent(at), error: { kind: 'panic', text } }
    }
    return { ...silent(at), outputs: [{ type: 'result', ...done(id), reply }] }
  }

  async #attach(setting: EndpointSetting, id: number, at: Milliseconds): Promise<Answer> {
    const { network, endpoint, name, aliases, address, address6 } = setting
    const record = {
      network,
      endpoint,
      owner: this.#node,
      name,
      aliases,
      address,
      address6,
      service: null,
      disabled: false,
    }
    this.#records.set(endpoint, record)
    await this.#stop()
    return { ...silent(at), outputs: [{ type: 'result', ...done(id) }], records: [{ ...record, status: 'held' }] }
  }

  async #detach(endpoint: string, id: number, at: Milliseconds): Promise<Answer> {
    const record = this.#records.get(endpoint)
    if (record === undefined) return { ...silent(at), outputs: [{ type: 'result', ...done(id), status: 'failed' }] }
    this.#records.delete(endpoint)
    await this.#stop()
    const { network } = record
    return {
      ...silent(at),
      outputs: [{ type: 'result', ...done(id) }],
      records: [{ status: 'forgotten', network, endpoint }],
    }
  }

  // The process

  async #stop(): Promise<void> {
    const running = this.#running
    this.#running = null
    await running?.child.end()
  }

  /** One that has read the present file, and answers. @throws AdapterError if it does not come to that */
  async #server(): Promise<Running> {
    if (this.#running !== null) return this.#running
    const file = join(this.#folder, 'hosts')
    writeFileSync(file, printHosts([...this.#records.values()].flatMap(linesOf)))
    const port = await freePort(host)
    const values: Readonly<Record<string, string>> = { host, port: String(port), hosts: file }
    const command = this.#words.map((word) =>
      word.replaceAll(/\{(host|port|hosts)\}/g, (_, place: string) => values[place]!),
    )
    const child = new Child(command, childOptions, {
      line: () => {},
      flood: () => {},
      failed: (error) => (running.ended = `could not be started: ${error.message}`),
      ended: (how) => (running.ended = how),
    })
    const running: Running = { address: { host, port }, child, ended: null }
    this.#running = running
    await this.#untilItAnswers(running)
    return running
  }

  async #untilItAnswers(running: Running): Promise<void> {
    const until = monotonicNow() + longestStart
    const question = { name: 'swarmcheck-start', qtype: 'A', transport: 'udp', size: 0 } as const
    while (monotonicNow() < until && running.ended === null) {
      if ((await this.#exchange(running.address, question, 100)) !== null) return
      await sleep(20)
    }
    const why = running.ended ?? `does not answer within ${longestStart} ms`
    await this.#stop()
    throw new AdapterError('start', `the server ${why}: ${excerpt(running.child.lastWords)}`)
  }

  // Questions

  async #ask(server: Address, operation: Extract<Operation, { type: 'query' | 'garbled' }>): Promise<Reply | null> {
    if (operation.type === 'query') return this.#exchange(server, operation, longestAnswer)
    const bytes = Buffer.from(operation.bytes, 'hex')
    const reply = await exchange(server, 'udp', bytes, silence, () => true)
    return reply === null ? null : replyOf(reply)
  }

  async #exchange(
    server: Address,
    { name, qtype, transport, size }: { name: string; qtype: string; transport: 'udp' | 'tcp'; size: number },
    timeout: Milliseconds,
  ): Promise<Reply | null> {
    const id = ++this.#questions % 65_536
    const query = encode({
      id,
      response: false,
      opcode: 0,
      authoritative: false,
      truncated: false,
      recursionDesired: true,
      recursionAvailable: false,
      rcode: 0,
      questions: [{ name, type: qtype }],
      answers: [],
      size: size === 0 ? null : size,
    })
    const isReply = (bytes: Uint8Array): boolean => {
      const packet = decode(bytes)
      return packet !== null && packet.response && packet.id === id
    }
    const bytes = await exchange(server, transport, query, timeout, isReply)
    return bytes === null ? null : replyOf(bytes)
  }
}

const done = (operation: number): Result => ({ operation, status: 'ok', reason: '', reply: null })

const linesOf = ({ address, address6, name, aliases }: EndpointRecord) =>
  [address, address6].filter((each) => each !== '').map((each) => ({ address: each, names: [name, ...aliases] }))

const nothing: Pick<Packet, 'questions' | 'answers'> = { questions: [], answers: [] }

function replyOf(bytes: Uint8Array): Reply {
  const packet = decode(bytes)
  const { questions, answers } = packet ?? nothing
  const [question] = questions
  return {
    name: question?.name ?? '',
    qtype: question?.type ?? '',
    rcode: packet?.rcode ?? 0,
    authoritative: packet?.authoritative ?? false,
    recursionAvailable: packet?.recursionAvailable ?? false,
    truncated: packet?.truncated ?? false,
    size: bytes.length,
    answers,
  }
}
