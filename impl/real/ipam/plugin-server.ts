/**
 * The reference as a plugin of Docker for address management: requests are JSON, by POST, on a socket of this machine.
 * It keeps nothing on a disk: it tells that its requests are to be made again when the daemon starts, as Docker's own does.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { z } from 'zod'
import type { IpamOptions, Operation, Result, Space } from '../../../models/ipam/vocabulary.ts'
import type { Call } from '../../../models/plugin/vocabulary.ts'
import { limits } from '../../contract/limits.ts'
import { IpamNode } from '../../reference/ipam/node.ts'
import { Store } from '../../reference/ipam/store.ts'
import type { Endpoint } from './endpoint.ts'

const longestBody = 65_536
const contentType = 'application/vnd.docker.plugins.v1.2+json'

const text = z.string().max(limits.word)
const optionsSchema = z.record(text, z.string().max(limits.value)).nullish()
const bodies = {
  RequestPool: z.object({
    AddressSpace: text.default(''),
    Pool: text.default(''),
    SubPool: text.default(''),
    Options: optionsSchema,
    V6: z.boolean().default(false),
  }),
  ReleasePool: z.object({ PoolID: text }),
  RequestAddress: z.object({ PoolID: text, Address: text.default(''), Options: optionsSchema }),
  ReleaseAddress: z.object({ PoolID: text, Address: text }),
}

const spaces: Readonly<Record<string, Space>> = { LocalDefault: 'local', GlobalDefault: 'global' }

/** What is told of a refusal, in words. */
const reasons: Readonly<Record<string, string>> = {
  'invalid-parameter': 'invalid request',
  forbidden: 'in use, or overlaps what is in use',
  unavailable: 'no address is left',
  'not-found': 'there is no such pool',
}

/** What is refused, and why. */
export class Refusal extends Error {}

/** What the plugin answers, without the wire. */
export class PluginService {
  readonly #node: IpamNode
  #operations = 0
  #pools = 0
  /** Names of pools by identifier: the node knows pools by name, a daemon by what it was told. */
  readonly #names = new Map<string, string>()

  /** `Node`: what decides; the reference's own if absent. */
  constructor(options: IpamOptions, Node: typeof IpamNode = IpamNode) {
    this.#node = new Node(options, new Store())
    this.#node.lead(0)
  }

  /** The answer to a request; null where there is no such path. */
  answer(path: string, body: unknown): object | null {
    switch (path) {
      case '/Plugin.Activate':
        return { Implements: ['IpamDriver'] }
      case '/IpamDriver.GetCapabilities':
        return { RequiresMACAddress: false, RequiresRequestReplay: true }
      case '/IpamDriver.GetDefaultAddressSpaces':
        return { LocalDefaultAddressSpace: 'LocalDefault', GlobalDefaultAddressSpace: 'GlobalDefault' }
      case '/IpamDriver.RequestPool':
        return this.#requestPool(bodies.RequestPool.parse(body))
      case '/IpamDriver.ReleasePool':
        return this.#releasePool(bodies.ReleasePool.parse(body).PoolID)
      case '/IpamDriver.RequestAddress':
        return this.#requestAddress(bodies.RequestAddress.parse(body))
      case '/IpamDriver.ReleaseAddress':
        return this.#releaseAddress(bodies.ReleaseAddress.parse(body))
      default:
        return null
    }
  }

  #requestPool({ AddressSpace, Pool, SubPool, V6 }: z.output<typeof bodies.RequestPool>): object {
    const space = spaces[AddressSpace]
    if (space === undefined) throw new Refusal(`there is no address space '${AddressSpace}'`)
    const pool = `pool-${++this.#pools}`
    const request = { pool, space, v6: V6, subnet: Pool, range: SubPool, gateway: '', auxiliary: [] }
    const { subnet } = this.#perform({ type: 'request-pool', ...request })
    const id = [AddressSpace, subnet, ...(SubPool === '' ? [] : [SubPool])].join('/')
    this.#names.set(id, pool)
    return { PoolID: id, Pool: subnet, Data: {} }
  }

  #releasePool(id: string): object {
    this.#perform({ type: 'release-pool', pool: this.#nameOf(id) })
    this.#names.delete(id)
    return {}
  }

  #requestAddress({ PoolID, Address, Options }: z.output<typeof bodies.RequestAddress>): object {
    const pool = this.#nameOf(PoolID)
    const serial = Options?.['com.docker.network.ipam.serial'] === 'true'
    const { address } = this.#perform({ type: 'request-address', pool, owner: '', address: Address, serial })
    const length = PoolID.split('/')[2]!
    return { Address: `${address}/${length}`, Data: {} }
  }

  #releaseAddress({ PoolID, Address }: z.output<typeof bodies.ReleaseAddress>): object {
    this.#perform({ type: 'release-address', pool: this.#nameOf(PoolID), address: Address, owner: '' })
    return {}
  }

  #nameOf(id: string): string {
    return this.#names.get(id) ?? ''
  }

  /** @throws Refusal with the reason */
  #perform(operation: Operation): Result {
    const { outputs } = this.#node.operate(0, ++this.#operations, operation)
    const writes = outputs.flatMap((output) => (output.type === 'write' ? [output.id] : []))
    const later = writes.length === 0 ? [] : this.#node.written(0, writes).outputs
    const result = [...outputs, ...later].find((output) => output.type === 'result')!
    if (result.status === 'ok') return result
    throw new Refusal([reasons[result.reason] ?? result.reason, ...result.problems].join(', '))
  }
}

export interface PluginServer {
  /** Where it is found: a path, or host and port. */
  readonly place: string
  close(): Promise<void>
}

/** Told of each call when it was answered. */
export type Observe = (call: Call) => void

/** @throws Error if nothing can listen there */
export const servePlugin = async (
  service: Pick<PluginService, 'answer'>,
  endpoint: Endpoint,
  observe: Observe = () => {},
): Promise<PluginServer> => {
  const server = createServer((request, response) => void handle(service, request, response, observe))
  server.headersTimeout = server.requestTimeout = 10_000
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    if ('path' in endpoint) server.listen(endpoint.path, resolve)
    else server.listen(endpoint.port, endpoint.host, resolve)
  })
  return { place: placeOf(server), close: () => closeServer(server) }
}

function placeOf(server: Server): string {
  const address = server.address() as AddressInfo | string
  return typeof address === 'string' ? `unix:${address}` : `${address.address}:${address.port}`
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}

async function handle(
  service: Pick<PluginService, 'answer'>,
  request: IncomingMessage,
  response: ServerResponse,
  observe: Observe,
): Promise<void> {
  const { method: verb = '', url: path = '' } = request
  let sent: unknown
  const say = (status: number, answer: object): void => {
    response.writeHead(status, { 'content-type': contentType }).end(JSON.stringify(answer))
    observe({ verb, path, body: sent, status, answer })
  }
  try {
    if (verb !== 'POST') return say(405, { Error: 'requests are made by POST' })
    sent = await readBody(request)
    const answer = service.answer(path, sent ?? {})
    if (answer === null) say(404, { Error: 'there is no such request' })
    else say(200, answer)
  } catch (error) {
    // A refusal is an answer like any other: only its field says that it is one.
    if (error instanceof Refusal) say(200, { Error: error.message })
    else say(400, { Error: error instanceof z.ZodError ? 'the request is not as it should be' : 'not understood' })
  }
}

async function readBody(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > longestBody) throw new RangeError('the request is too long')
    chunks.push(chunk)
  }
  return length === 0 ? null : JSON.parse(Buffer.concat(chunks).toString('utf8'))
}
