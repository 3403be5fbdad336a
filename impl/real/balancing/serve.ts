/** `swarmcheck serve balancing --node …`: a node of a real mesh, until the user ends it. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { parseArgs } from 'node:util'
import { z } from 'zod'
import { schemas } from '../../contract/balancing/schema.ts'
import type { BalancingOptions } from '../../../models/balancing/vocabulary.ts'
import { type Address, isLoopback, parseAddress, printAddress } from '../address.ts'
import { type ServeTerminal, ServeError } from '../swim/serve.ts'
import { RealBalancer } from './node.ts'

export const balancingNodeHelp = `
Options of a node that balances:
  --node <name>            its name (needed)
  --peers <name=address,…> where the nodes reach each other, this one included; the first is the manager (needed)
  --client <address>       where it serves operators over HTTP (needed)
Ports are published on the host that --peers says of a node: give each an address of its own, such as 127.0.0.2.

Operators:
  POST /operations  {"operation": {"type": "create-service", "service": "web", "mode": "vip", "networks": [],
                    "ports": [{"protocol": "tcp", "target": 80, "published": 8080, "mode": "ingress"}], "routes": []}}
                    {"operation": {"type": "start", "task": "t1", "service": "web"}, "address": "127.0.0.1:9001"}
                    {"operation": {"type": "enable", "task": "t1"}}, likewise disable, stop
  GET /status       what the node has set up`

/** Serves until the terminal is interrupted. @throws ServeError that says what is wrong */
export async function serveBalancingNode(
  words: readonly string[],
  options: BalancingOptions,
  { out, signal }: ServeTerminal,
): Promise<number> {
  const { id, peers, client } = setupOf(words)
  // Lives are told apart by when they began: there is no disk to count them on.
  const balancer = new RealBalancer({ id, peers, options, life: Math.floor(Date.now() / 1000) })
  try {
    await balancer.start()
    const server = await serveOperators(balancer, client)
    out.write(`${id} is ready: nodes on ${printAddress(peers.get(id)!)}, operators on http://${printAddress(client)}\n`)
    if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
    server.closeAllConnections()
    server.close()
    return 0
  } catch (error) {
    throw new ServeError(`cannot serve: ${(error as Error).message}`)
  } finally {
    balancer.close()
  }
}

interface Setup {
  readonly id: string
  readonly peers: ReadonlyMap<string, Address>
  readonly client: Address
}

function setupOf(words: readonly string[]): Setup {
  const { node: id, peers: listed, client: place } = valuesOf(words)
  if (id === undefined || listed === undefined || place === undefined)
    throw new ServeError('--node, --peers and --client are needed')
  const peers = new Map<string, Address>()
  for (const each of listed.split(',')) {
    const [name = '', text = ''] = each.split('=')
    peers.set(name, addressOf('--peers', text))
  }
  if (!peers.has(id)) throw new ServeError(`--peers: ${id} is not among them`)
  return { id, peers, client: addressOf('--client', place) }
}

function addressOf(option: string, text: string): Address {
  const address = parseAddress(text)
  if (address === null) throw new ServeError(`${option}: '${text}' is no address`)
  // Whoever can ask may ask for anything.
  if (!isLoopback(address)) throw new ServeError(`${option}: only addresses of this machine`)
  return address
}

function valuesOf(words: readonly string[]): { node?: string; peers?: string; client?: string } {
  const text = { type: 'string' } as const
  try {
    return parseArgs({ args: [...words], options: { node: text, peers: text, client: text } }).values
  } catch (error) {
    throw new ServeError((error as Error).message)
  }
}

const request = z.strictObject({ operation: schemas.operation, address: z.string().max(256).optional() })
const longestBody = 65_536

async function serveOperators(balancer: RealBalancer, { host, port }: Address): Promise<Server> {
  const server = createServer((incoming, response) => {
    answer(balancer, incoming, response).catch(() => reply(response, 400, { error: 'no such request' }))
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  return server
}

async function answer(balancer: RealBalancer, incoming: IncomingMessage, response: ServerResponse): Promise<void> {
  const { method, url } = incoming
  if (method === 'GET' && url === '/status') return reply(response, 200, balancer.inspect())
  if (method !== 'POST' || url !== '/operations') return reply(response, 404, { error: 'no such path' })
  const { operation, address } = request.parse(JSON.parse(await bodyOf(incoming)))
  const place = address === undefined ? null : parseAddress(address)
  if (address !== undefined && (place === null || !isLoopback(place)))
    return reply(response, 400, { error: 'a task has an address of this machine' })
  const result = await balancer.ask(operation, place ?? undefined)
  reply(response, result.status === 'ok' ? 200 : 409, result)
}

async function bodyOf(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > longestBody) throw new Error('too long')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

function reply(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(`${JSON.stringify(body)}\n`)
}
