/** `swarmcheck serve raft --node …`: a node of a real cluster, until the user ends it. */
import { parseArgs } from 'node:util'
import { type Address, isLoopback, parseAddress, printAddress } from '../../../impl/real/address.ts'
import { type NodeSetup, startNode } from '../../../impl/real/raft/node.ts'
import { escapeControl, suggestion } from '../../../traces/input-error.ts'
import { exits, UsageError, type Terminal } from './terminal.ts'

const flags = {
  node: { type: 'string' },
  cluster: { type: 'string' },
  listen: { type: 'string' },
  client: { type: 'string' },
  peers: { type: 'string' },
  data: { type: 'string' },
  join: { type: 'boolean' },
  'election-timeout': { type: 'string' },
  heartbeat: { type: 'string' },
} as const

export const nodeHelp = `
Options of a node:
  --node <name>            its name (needed)
  --peers <name=address,…> where the members reach each other, this one included (needed)
  --data <folder>          its files (needed); made if only its parent is there
  --listen <address>       where it listens for members (default: what --peers says of it)
  --client <address>       where it serves clients over HTTP (default: 127.0.0.1 and any free port)
  --join                   a new node waits to be added, instead of founding a cluster with its peers
  --cluster <name>         nodes of other clusters are not listened to (default: swarmcheck)
  --election-timeout <ms>  least election timeout T; each is drawn from T to 2T (default: 1000)
  --heartbeat <ms>         (default: a tenth of the election timeout)

Clients:
  PUT /kv/KEY     writes the body; only over a value: ?expect=VALUE or ?expect-absent
  GET /kv/KEY     reads, linearizably, at any node
  GET /status     what the node knows
  POST /members   {"type": "add-voter" | "add-learner" | "remove", "node": "n4", "address": "127.0.0.1:7004"}
  POST /transfer  {"to": "n2"}
  POST /compact   {"keep": 100}`

type Flag = keyof typeof flags
type Values = { readonly [Name in Flag]?: string | boolean }

export async function serveNode(words: readonly string[], { out, err, signal }: Terminal): Promise<number> {
  const setup = setupOf(valuesOf(words))
  const { node, listen, client } = setup
  for (const address of [listen, client])
    if (!isLoopback(address))
      err.write(`swarmcheck: ${printAddress(address)} can be reached from outside, and nobody is asked who they are\n`)
  const running = await startNode(setup).catch((error: unknown) => {
    throw new UsageError(`cannot serve: ${escapeControl((error as Error).message)}`)
  })
  try {
    if (running.cut > 0) err.write(`swarmcheck: cut ${running.cut} bytes of a torn write off the journal\n`)
    out.write(
      `${node} is ready: members on ${printAddress(listen)}, clients on http://${printAddress(running.client)}\n`,
    )
    await Promise.race([running.ended, aborted(signal)])
    return exits.conformant
  } catch (error) {
    throw new UsageError(`${node} cannot go on: ${escapeControl((error as Error).message)}`)
  } finally {
    await running.close()
  }
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })

/** @throws UsageError in one line */
function valuesOf(words: readonly string[]): Values {
  const { values, tokens } = parseArgs({ args: [...words], options: flags, strict: false, tokens: true })
  const seen = new Set<string>()
  for (const token of tokens) {
    if (token.kind === 'positional') throw new UsageError(`unexpected '${token.value}'`)
    if (token.kind !== 'option') continue
    const { name, rawName, value } = token
    if (!Object.hasOwn(flags, name))
      throw new UsageError(
        `unknown option '${rawName}'${suggestion(
          rawName,
          Object.keys(flags).map((flag) => `--${flag}`),
        )}`,
      )
    if (seen.has(name)) throw new UsageError(`--${name} is given twice`)
    seen.add(name)
    if (flags[name as Flag].type === 'boolean' ? value !== undefined : value === undefined || value === '')
      throw new UsageError(value === undefined || value === '' ? `--${name} needs a value` : `--${name} takes no value`)
  }
  return values
}

function setupOf(values: Values): NodeSetup {
  const node = nodeNameOf('--node', required(values, 'node'))
  const peers = peersOf(required(values, 'peers'))
  const own = peers.get(node)
  if (own === undefined)
    throw new UsageError(`--peers does not name ${node}, this node${suggestion(node, peers.keys())}`)
  const electionTimeout = durationOf(values, 'election-timeout', 1_000)
  const heartbeatInterval = durationOf(values, 'heartbeat', Math.max(1, Math.floor(electionTimeout / 10)))
  if (2 * heartbeatInterval > electionTimeout)
    throw new UsageError('--heartbeat is more than half of --election-timeout')
  return {
    node,
    cluster: textOf(values, 'cluster') ?? 'swarmcheck',
    listen: addressOf('--listen', textOf(values, 'listen') ?? printAddress(own)),
    client: addressOf('--client', textOf(values, 'client') ?? '127.0.0.1:0', true),
    peers,
    data: required(values, 'data'),
    join: values.join === true,
    electionTimeout,
    heartbeatInterval,
  }
}

function textOf(values: Values, flag: Flag): string | undefined {
  const value = values[flag]
  return typeof value === 'string' ? value : undefined
}

function required(values: Values, flag: Flag): string {
  const text = textOf(values, flag)
  if (text === undefined) throw new UsageError(`--${flag} is missing; needed: --node, --peers, --data`)
  return text
}

function nodeNameOf(flag: string, text: string): string {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(text))
    throw new UsageError(`${flag}: '${text}' is no name of a node: up to 64 letters, digits, dots, dashes, underscores`)
  return text
}

function addressOf(flag: string, text: string, anyPort = false): Address {
  const address = parseAddress(text)
  if (address === null || (address.port === 0 && !anyPort))
    throw new UsageError(`${flag}: '${text}' is no address such as 127.0.0.1:7001`)
  return address
}

function peersOf(text: string): Map<string, Address> {
  const peers = new Map<string, Address>()
  const taken = new Map<string, string>()
  for (const part of text.split(',')) {
    const at = part.indexOf('=')
    if (at < 0) throw new UsageError(`--peers: '${part}' is not of the form name=address`)
    const name = nodeNameOf('--peers', part.slice(0, at))
    const address = addressOf(`--peers: ${name}`, part.slice(at + 1))
    const other = taken.get(printAddress(address))
    if (peers.has(name)) throw new UsageError(`--peers: ${name} is named twice`)
    if (other !== undefined) throw new UsageError(`--peers: ${other} and ${name} have the same address`)
    peers.set(name, address)
    taken.set(printAddress(address), name)
  }
  return peers
}

function durationOf(values: Values, flag: Flag, otherwise: number): number {
  const text = textOf(values, flag)
  if (text === undefined) return otherwise
  const duration = Number(text)
  if (!/^\d+$/.test(text) || duration < 1 || duration > 3_600_000)
    throw new UsageError(`--${flag}: '${text}' is no whole number of milliseconds from 1 to 3600000`)
  return duration
}
