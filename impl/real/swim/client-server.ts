/**
 * What clients ask a node, over HTTP and JSON:
 *
 * - `GET /members` says what the node knows of its cluster, and of itself
 * - `POST /join` exchanges tables with others: `{"to": ["127.0.0.1:7946"]}`
 * - `POST /update` changes what the node tells of itself: `{"meta": "role=web"}`
 * - `POST /leave` tells the others that it goes: `{}`
 * - `POST /event`, `/query`, `/force-leave` are for members of Serf: `{"name": "deploy", "payload": "v2"}`,
 *   `{"member": "n2"}`; a query is over when the answer comes
 * - `POST /keys/install`, `/keys/use`, `/keys/remove` change its keyring, and no other's: `{"key": "base64"}`
 *
 * Errors are JSON: `{"error": "refused", "effect": "none"}`. The effect says whether what was asked may have happened.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { z } from 'zod'
import type { Operation as SerfOperation, Result as SerfResult } from '../../../models/serf/vocabulary.ts'
import type { Operation, Result } from '../../../models/swim/vocabulary.ts'
import type { Milliseconds } from '../../../models/vocabulary.ts'
import { isKey } from '../../reference/swim/wire/encryption.ts'
import { type Keyring, type KeyOperation, parseKey } from '../../reference/swim/wire/keyring.ts'
import { wireLimits } from '../../reference/swim/wire/limits.ts'
import { type Address, parseAddress } from '../address.ts'

/** What a user asks of Serf. */
export type SerfOperate = (operation: SerfOperation) => Promise<SerfResult>

/** What the server needs of the node. */
export interface Served {
  operate(operation: Operation): Promise<Result>
  /** Null where there is no Serf. */
  readonly serf: SerfOperate | null
  readonly keyring: Keyring
  status(): object
}

const longestBody = 65_536
const mostConnections = 256
const requestTimeout: Milliseconds = 10_000

const address = z.string().refine((text) => (parseAddress(text)?.port ?? 0) > 0, 'is no address')
const meta = z.string().refine((text) => Buffer.byteLength(text) <= wireLimits.meta, 'is too long')

const key = z
  .strictObject({ key: z.string() })
  .transform((body) => parseKey(body.key))
  .refine((bytes) => bytes !== null && isKey(bytes), 'not 16, 24 or 32 bytes in base64')

const keyOperations: Readonly<Record<string, KeyOperation>> = {
  '/keys/install': 'install',
  '/keys/use': 'use',
  '/keys/remove': 'remove',
}

/** By resource: what a body must be, and the operation that it asks for. */
const operations: Readonly<Record<string, z.ZodType<Operation>>> = {
  '/join': z
    .strictObject({ to: z.array(address).min(1).max(64) })
    .transform(({ to }) => ({ type: 'join' as const, to })),
  '/update': z.strictObject({ meta }).transform((body) => ({ type: 'update' as const, meta: body.meta })),
  '/leave': z.strictObject({}).transform(() => ({ type: 'leave' as const })),
}

const name = z.string().min(1).max(256)
const payload = z.string().max(4_096).default('')
const member = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/)

/** The same of Serf. */
const serfOperations: Readonly<Record<string, z.ZodType<SerfOperation>>> = {
  '/event': z
    .strictObject({ name, payload, coalesce: z.boolean().default(false) })
    .transform((body) => ({ type: 'event' as const, ...body })),
  '/query': z
    .strictObject({
      name,
      payload,
      timeout: z.int().min(0).max(60_000).default(0),
      nodes: z.array(member).max(64).default([]),
      ack: z.boolean().default(false),
      relay: z.int().min(0).max(16).default(0),
    })
    .transform((body) => ({ type: 'query' as const, ...body })),
  '/force-leave': z
    .strictObject({ member, prune: z.boolean().default(false) })
    .transform((body) => ({ type: 'force-leave' as const, ...body })),
}

interface Reply {
  readonly status: number
  readonly body: object
}

/** A request that was not understood, or that nobody may make. */
class Refusal extends Error {
  readonly status: number

  constructor(status: number, reason: string) {
    super(reason)
    this.status = status
  }
}

export class ClientServer {
  readonly #served: Served
  readonly #server: Server

  constructor(served: Served) {
    this.#served = served
    this.#server = createServer({ requestTimeout, headersTimeout: requestTimeout }, (request, response) => {
      void this.#answer(request, response)
    })
    this.#server.maxConnections = mostConnections
  }

  /** Gives the address where it listens. Throws the error of the system where nobody can listen there. */
  listen({ host, port }: Address): Promise<Address> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen({ host, port, exclusive: true }, () => {
        this.#server.removeListener('error', reject)
        this.#server.on('error', () => {})
        resolve({ host, port: (this.#server.address() as AddressInfo).port })
      })
    })
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve))
    this.#server.closeAllConnections()
    await closed
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let reply: Reply
    try {
      reply = await this.#reply(request)
    } catch (error) {
      const { status, message } = error instanceof Refusal ? error : new Refusal(500, 'internal-error')
      reply = { status, body: { error: message, effect: status === 500 ? 'unknown' : 'none' } }
      // What is left of a body that was refused is not read.
      if (!request.complete) response.setHeader('connection', 'close')
    }
    const text = `${JSON.stringify(reply.body)}\n`
    response.writeHead(reply.status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) })
    response.end(text)
  }

  async #reply(request: IncomingMessage): Promise<Reply> {
    const [path = ''] = (request.url ?? '').split('?')
    const isMembers = path === '/members'
    const schema = Object.hasOwn(operations, path) ? operations[path] : undefined
    const serfSchema = Object.hasOwn(serfOperations, path) ? serfOperations[path] : undefined
    const keyOperation = Object.hasOwn(keyOperations, path) ? keyOperations[path] : undefined
    const { serf } = this.#served
    const isSerf = serfSchema !== undefined && serf !== null
    if (!isMembers && schema === undefined && keyOperation === undefined && !isSerf)
      throw new Refusal(404, 'no-such-resource')
    if (request.method !== (isMembers ? 'GET' : 'POST')) throw new Refusal(405, 'method-not-allowed')
    if (keyOperation !== undefined) {
      const refused = this.#served.keyring.operate(keyOperation, (await bodyOf(request, key))!)
      return refused === null
        ? { status: 200, body: { ok: true } }
        : { status: 409, body: { error: refused, effect: 'none' } }
    }
    if (schema === undefined && !isSerf) return { status: 200, body: this.#served.status() }
    const { status, reason: error } = isSerf
      ? await serf(await bodyOf(request, serfSchema))
      : await this.#served.operate(await bodyOf(request, schema!))
    if (status === 'ok') return { status: 200, body: { ok: true } }
    return status === 'unknown'
      ? { status: 504, body: { error, effect: 'unknown' } }
      : { status: 409, body: { error, effect: 'none' } }
  }
}

/** Web pages of other origins cannot send this type without asking first, which nobody answers. */
const bodyOf = async <Body>(request: IncomingMessage, schema: z.ZodType<Body>): Promise<Body> => {
  if (!/^application\/json\b/.test(request.headers['content-type'] ?? '')) throw new Refusal(415, 'body-must-be-json')
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    chunks.push(chunk)
    length += chunk.length
    if (length > longestBody) throw new Refusal(413, 'body-too-long')
  }
  const text = Buffer.concat(chunks).toString()
  try {
    return schema.parse(text === '' ? {} : JSON.parse(text))
  } catch (error) {
    throw new Refusal(400, error instanceof z.ZodError ? `malformed-body: ${z.prettifyError(error)}` : 'malformed-json')
  }
}
