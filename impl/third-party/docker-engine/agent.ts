/** Somebody inside of a network namespace who sends, listens and connects for this process. */
import { join } from 'node:path'
import { AdapterError } from '../../contract/adapter-error.ts'
import { Child } from '../../contract/child.ts'
import type { Conduct, Order, Told } from './inside.ts'

const childOptions = { maxLine: 262_144, maxStderr: Infinity, grace: 300 }

/** What a resolver was asked. */
export interface Asked {
  readonly resolver: string
  readonly bytes: Buffer
}

type WithoutId<Each> = Each extends unknown ? Omit<Each, 'id'> : never

export class Agent {
  readonly #asked: Asked[] = []
  readonly #child: Child
  readonly #waiting = new Map<number, { resolve(bytes: Buffer | null): void; reject(error: Error): void }>()
  #orders = 0
  #end: string | null = null

  /** In a network, by the path of its namespace. */
  constructor(network: string) {
    const script = join(import.meta.dirname, 'inside.js')
    const words = ['nsenter', `--net=${network}`, process.execPath, script]
    this.#child = new Child(words, childOptions, {
      line: (line) => this.#take(JSON.parse(line) as Told),
      flood: () => {},
      failed: ({ message }) => this.#ended(`could not be started: ${message}`),
      ended: (how) => this.#ended(how),
    })
  }

  /** What came back; null for nothing in time. */
  query(transport: 'udp' | 'tcp', host: string, bytes: Buffer, timeout: number): Promise<Buffer | null> {
    return this.#order({ order: 'query', transport, host, bytes: bytes.toString('hex'), timeout })
  }

  /** Plays a resolver. @throws AdapterError if it cannot listen there */
  async resolve(host: string, conduct: Conduct): Promise<void> {
    await this.#order({ order: 'resolve', host, conduct })
  }

  /** What the resolvers that it plays were asked until now, in order. */
  async asked(): Promise<readonly Asked[]> {
    await this.#order({ order: 'sync' })
    return this.#asked
  }

  /** @throws AdapterError if it cannot listen there */
  async listen(host: string, port: number): Promise<void> {
    await this.#order({ order: 'listen', host, port })
  }

  /** Whether somebody who listens there can be reached. */
  async reaches(host: string, port: number, timeout: number): Promise<boolean> {
    return (await this.#order({ order: 'connect', host, port, timeout })) !== null
  }

  close(): Promise<void> {
    return this.#child.end()
  }

  #order(order: WithoutId<Order>): Promise<Buffer | null> {
    if (this.#end !== null) return Promise.reject(this.#error())
    const id = ++this.#orders
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject })
      this.#child.write(`${JSON.stringify({ ...order, id })}\n`)
    })
  }

  #take(told: Told): void {
    if ('resolver' in told) {
      this.#asked.push({ resolver: told.resolver, bytes: Buffer.from(told.bytes, 'hex') })
      return
    }
    this.#waiting.get(told.id)?.resolve(told.bytes === null ? null : Buffer.from(told.bytes, 'hex'))
    this.#waiting.delete(told.id)
  }

  #ended(how: string): void {
    this.#end = how
    for (const waiting of this.#waiting.values()) waiting.reject(this.#error())
    this.#waiting.clear()
  }

  #error(): AdapterError {
    return new AdapterError('exit', `who was to ask inside of a network ${this.#end}`, {
      lastWords: this.#child.lastWords,
    })
  }
}
