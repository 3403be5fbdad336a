/**
 * What clients ask a node, over HTTP and JSON:
 *
 * - `PUT /kv/KEY` writes the body, a text, to a key; `?expect=VALUE`, or `?expect-absent`, only if the key holds that
 * - `GET /kv/KEY` reads a key, linearizably, at any node that knows the leader
 * - `GET /status` says what the node knows
 * - `POST /members` changes the members: `{"type": "add-voter", "node": "n4", "address": "127.0.0.1:7004"}`, where type is
 *   `add-voter`, `add-learner` or `remove`; or several: `{"changes": [...], "joint": true}`
 * - `POST /transfer` makes another node the leader: `{"to": "n2"}`
 * - `POST /compact` takes a snapshot and discards the log before it: `{"keep": 100}`
 *
 * Errors are JSON: `{"error": "not-leader", "effect": "none", "leader": {...}}`. The effect says whether what was asked
 * may have happened, or may yet: `none` or `unknown`. A request whose effect is unknown is not to be repeated blindly.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { z } from 'zod'
import type { MemberState, Operation, Result } from '../../../models/raft/vocabulary.ts'
import type { Milliseconds, NodeId } from '../../../models/vocabulary.ts'
import { limits } from '../../contract/limits.ts'
import { type Address, parseAddress } from '../address.ts'
import { nodeName, type Place } from './address-book.ts'

/** What the server needs of the node. */
export interface Served {
  operate(operation: Operation, timeout: Milliseconds): Promise<Result>
  status(): { readonly state: MemberState } & Record<string, unknown>
  /** Where clients of this node's leader are to go. */
  find(node: NodeId): Place | undefined
  /** Takes the address of a node that may be a stranger to the others. */
  introduce(node: NodeId, peer: string): void
}

const longestBody = 65_536
const mostConnections = 1_024
const operationTimeout: Milliseconds = 5_000
const requestTimeout: Milliseconds = 10_000

const address = z.string().refine((text) => (parseAddress(text)?.port ?? 0) > 0, 'is no address')
const change = z.strictObject({
  type: z.enum(['add-voter', 'add-learner', 'remove']),
  node: nodeName,
  address: address.optional(),
})
const membersBody = z.union([
  change.transform((only) => ({ changes: [only], joint: false })),
  z.strictObject({ changes: z.array(change).min(1).max(limits.nodes), joint: z.boolean().default(false) }),
])
const transferBody = z.strictObject({ to: nodeName })
const compactBody = z.strictObject({ keep: z.int().min(0).default(0) })

/** A request that was not understood, or that nobody may make. */
class Refusal extends Error {
  readonly status: number

  constructor(status: number, reason: string) {
    super(reason)
    this.status = status
  }
}

interface Reply {
  readonly status: number
  readonly body: object
}

/** Where it helps to ask again, maybe elsewhere; other failures are conflicts with what the cluster is. */
const passing = new Set([
  'not-leader',
  'no-leader',
  'lost-leadership',
  'superseded',
  'transfer-in-progress',
  'too-busy',
  'stopping',
  'timed-out',
])

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
    const { pathname, searchParams } = targetOf(request)
    if (pathname.startsWith('/kv/')) return this.#keyValue(request, keyOf(pathname), searchParams)
    switch (`${request.method} ${pathname}`) {
      case 'GET /status':
        return { status: 200, body: this.#served.status() }
      case 'POST /members':
        return this.#members(await jsonOf(request, membersBody))
      case 'POST /transfer':
        return this.#operate({ type: 'transfer', ...(await jsonOf(request, transferBody)) })
      case 'POST /compact':
        return this.#operate({ type: 'compact', ...(await jsonOf(request, compactBody)) })
    }
    const known = ['/status', '/members', '/transfer', '/compact'].includes(pathname)
    throw known ? new Refusal(405, 'method-not-allowed') : new Refusal(404, 'no-such-resource')
  }

  async #keyValue(request: IncomingMessage, key: string, query: URLSearchParams): Promise<Reply> {
    switch (request.method) {
      case 'GET': {
        const result = await this.#served.operate({ type: 'read', key, by: 'read-index' }, operationTimeout)
        if (result.status !== 'ok') return this.#failure(result)
        const { value } = result
        return value === null
          ? { status: 404, body: { error: 'no-such-key', key, value } }
          : { status: 200, body: { key, value } }
      }
      case 'PUT': {
        const value = await bodyOf(request)
        if (value.length > limits.value) throw new Refusal(413, 'value-too-long')
        const expect = query.has('expect-absent') ? null : query.get('expect')
        if (!query.has('expect-absent') && expect === null)
          return this.#operate({ type: 'propose', command: { type: 'put', key, value } })
        return this.#operate({ type: 'propose', command: { type: 'compare-and-set', key, expect, value } })
      }
    }
    throw new Refusal(405, 'method-not-allowed')
  }

  async #members({ changes, joint }: z.infer<typeof membersBody>): Promise<Reply> {
    for (const { type, node, address } of changes) {
      if (address !== undefined) this.#served.introduce(node, address)
      if (type !== 'remove' && this.#served.find(node) === undefined) throw new Refusal(409, 'unknown-address')
    }
    return this.#operate({
      type: 'change-membership',
      changes: changes.map(({ type, node }) => ({ type, node })),
      joint,
    })
  }

  async #operate(operation: Operation): Promise<Reply> {
    const result = await this.#served.operate(operation, operationTimeout)
    if (result.status !== 'ok') return this.#failure(result)
    return result.value === 'false'
      ? { status: 412, body: { error: 'unexpected-value', effect: 'none' } }
      : { status: 200, body: { ok: true } }
  }

  #failure({ status, reason: error }: Result): Reply {
    if (status === 'unknown') return { status: 504, body: { error, effect: 'unknown' } }
    if (!passing.has(error)) return { status: 409, body: { error, effect: 'none' } }
    const { leader } = this.#served.status().state
    const address = leader === null ? null : (this.#served.find(leader)?.client ?? null)
    return {
      status: 503,
      body: { error, effect: 'none', leader: leader === null ? null : { node: leader, address } },
    }
  }
}

const targetOf = ({ url = '/' }: IncomingMessage): URL => {
  try {
    return new URL(url, 'http://node')
  } catch {
    throw new Refusal(400, 'malformed-url')
  }
}

const keyOf = (pathname: string): string => {
  let key = ''
  try {
    key = decodeURIComponent(pathname.slice('/kv/'.length))
  } catch {
    throw new Refusal(400, 'malformed-key')
  }
  if (key === '' || key.length > limits.key) throw new Refusal(400, `keys-have-1-to-${limits.key}-characters`)
  return key
}

const bodyOf = async (request: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = []
  let length = 0
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      chunks.push(chunk)
      length += chunk.length
      if (length > longestBody) throw new Refusal(413, 'body-too-long')
    }
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks))
  } catch (error) {
    throw error instanceof Refusal ? error : new Refusal(400, 'malformed-body')
  }
}

/** Web pages of other origins cannot send this type without asking first, which nobody answers. */
const jsonOf = async <Body>(request: IncomingMessage, schema: z.ZodType<Body>): Promise<Body> => {
  if (!/^application\/json\b/.test(request.headers['content-type'] ?? '')) throw new Refusal(415, 'body-must-be-json')
  const text = await bodyOf(request)
  try {
    return schema.parse(text === '' ? {} : JSON.parse(text))
  } catch (error) {
    throw new Refusal(400, error instanceof z.ZodError ? `malformed-body: ${z.prettifyError(error)}` : 'malformed-json')
  }
}
