/**
 * A plugin of Docker for address management as an implementation that the suite can test. It plays the daemon: a request for
 * a pool with a gateway becomes several requests, and what was taken is given back if one of them is refused. The table is
 * what the plugin has answered. A plugin has no store that the suite could lose, and tells no class of a refusal.
 */
import { z } from 'zod'
import type {
  Answer,
  Change,
  Input,
  Inspection,
  Operation,
  PoolRecord,
  PoolRequest,
  Result,
  Space,
} from '../../../models/ipam/vocabulary.ts'
import type { Milliseconds, NodeId } from '../../../models/vocabulary.ts'
import { AdapterError, excerpt } from '../../contract/adapter-error.ts'
import type { Hello, RemoteImplementation, RemoteSession, Start } from '../../contract/ipam.ts'
import { limits } from '../../contract/limits.ts'
import { Validation } from '../../reference/ipam/validation.ts'
import { type Endpoint, printEndpoint } from './endpoint.ts'
import { callPlugin, readReply, refusalIn } from './plugin-call.ts'

const text = z.string().max(limits.word)
const replies = {
  activate: z.object({ Implements: z.array(text) }),
  spaces: z.object({ LocalDefaultAddressSpace: text, GlobalDefaultAddressSpace: text }),
  pool: z.object({ PoolID: text.min(1), Pool: text }),
  address: z.object({ Address: text }),
  nothing: z.object({}),
}

const helloOf = (name: string): Hello => ({
  protocol: 1,
  name,
  version: 'unknown',
  language: 'unknown',
  surfaces: ['ipam'],
  profiles: ['ipam-core'],
  operations: ['request-pool', 'release-pool', 'request-address', 'release-address'],
  capabilities: { disk: false, encode: false },
  deterministic: false,
  assumptions: { fifo: true, noDuplicates: true, clockDrift: 0 },
})

/** A refusal in the plugin's own words. */
class Refused extends Error {}

/** Asks, and checks the form of what comes back. @throws Refused, or AdapterError if that is no answer */
type Ask = <Reply>(path: string, body: object, reply: z.ZodType<Reply>) => Promise<Reply>

const askerOf =
  (endpoint: Endpoint): Ask =>
  async (path, body, reply) => {
    const answered = await callPlugin(endpoint, path, JSON.stringify(body))
    const words = refusalIn(answered)
    if (words === '') throw new AdapterError('contract', `${path} was answered by status ${answered.status}`)
    if (words !== null) throw new Refused(words.slice(0, limits.word))
    const checked = reply.safeParse(readReply(answered))
    if (checked.success) return checked.data
    throw new AdapterError('contract', `${path} was answered by ${answered.content.slice(0, 200)}`)
  }

/** @throws AdapterError if nobody answers there, or no plugin for address management */
export async function connectPlugin(endpoint: Endpoint): Promise<RemoteImplementation> {
  const ask = askerOf(endpoint)
  const { Implements } = await ask('/Plugin.Activate', {}, replies.activate).catch((error: unknown) => {
    if (!(error instanceof Refused)) throw error
    const place = printEndpoint(endpoint)
    throw new AdapterError('refused', `the plugin at ${place} refused to be activated: ${excerpt(error.message)}`)
  })
  if (!Implements.includes('IpamDriver')) throw new AdapterError('refused', 'the plugin manages no addresses')
  const spaces = await ask('/IpamDriver.GetDefaultAddressSpaces', {}, replies.spaces)
  const names = { local: spaces.LocalDefaultAddressSpace, global: spaces.GlobalDefaultAddressSpace }
  return {
    hello: helloOf(printEndpoint(endpoint)),
    open: async (start) => new PluginSession(start, ask, names),
    close: async () => {},
  }
}

interface Held extends PoolRecord {
  readonly id: string
  readonly addresses: Set<string>
}

const silent = (now: Milliseconds): Answer => ({ now, wake: null, outputs: [], state: null, changes: null })

class PluginSession implements RemoteSession {
  readonly initial: readonly Answer[]
  readonly #ask: Ask
  readonly #spaces: Readonly<Record<Space, string>>
  readonly #validation = new Validation()
  readonly #pools = new Map<string, Held>()
  #changes: Change[] = []

  constructor({ nodes }: Start, ask: Ask, spaces: Readonly<Record<Space, string>>) {
    this.initial = nodes.map(() => ({ ...silent(0), state: { leading: false } }))
    this.#ask = ask
    this.#spaces = spaces
  }

  async steps(inputs: readonly Input[]): Promise<readonly Answer[]> {
    const answers: Answer[] = []
    for (const input of inputs) answers.push(await this.#step(input))
    return answers
  }

  async inspect(_node: NodeId): Promise<Inspection> {
    const pools = [...this.#pools.values()]
      .sort((one, other) => (one.pool < other.pool ? -1 : 1))
      .map(({ pool, space, subnet, range, addresses }) => ({ pool, space, subnet, range, addresses: [...addresses] }))
    return { state: { leading: true }, pools }
  }

  async encode(): Promise<never> {
    throw new AdapterError('refused', 'allocators send no messages')
  }

  /** The plugin serves others too: nothing of this run is left. */
  async close(): Promise<void> {
    for (const { id } of this.#pools.values()) {
      await this.#ask('/IpamDriver.ReleasePool', { PoolID: id }, replies.nothing).catch((error: unknown) => {
        if (!(error instanceof Refused)) throw error
      })
    }
    this.#pools.clear()
  }

  async #step(input: Input): Promise<Answer> {
    if (input.type === 'lead') return { ...silent(input.at), state: { leading: true }, changes: [] }
    if (input.type !== 'operation') return silent('until' in input ? input.until : input.at)
    const { operation, at, id } = input
    if (operation.type === 'request-pool' && this.#validation.problems(operation).length > 0) {
      return { ...silent(at), error: { kind: 'unsupported', text: 'a daemon does not ask this of a plugin' } }
    }
    this.#changes = []
    const result = await this.#carryOut(operation).catch((error: unknown): Omit<Result, 'operation'> => {
      if (!(error instanceof Refused)) throw error
      this.#changes = []
      return { status: 'failed', reason: 'unavailable', problems: [], subnet: '', address: '' }
    })
    const changes = this.#changes.length === 0 ? null : this.#changes
    return { ...silent(at), outputs: [{ type: 'result', operation: id, ...result }], changes }
  }

  async #carryOut(operation: Operation): Promise<Omit<Result, 'operation'>> {
    const done = { status: 'ok', reason: '', problems: [], subnet: '', address: '' } as const
    switch (operation.type) {
      case 'request-pool':
        return { ...done, ...(await this.#requestPool(operation)) }
      case 'release-pool': {
        const { id } = this.#known(operation.pool)
        await this.#ask('/IpamDriver.ReleasePool', { PoolID: id }, replies.nothing)
        this.#pools.delete(operation.pool)
        this.#changes.push({ change: 'pool-released', pool: operation.pool })
        return done
      }
      case 'request-address': {
        const pool = this.#known(operation.pool)
        const options = operation.serial ? { 'com.docker.network.ipam.serial': 'true' } : {}
        return { ...done, address: await this.#take(pool, operation.address, options) }
      }
      case 'release-address': {
        const { id, addresses, pool } = this.#known(operation.pool)
        const { address } = operation
        await this.#ask('/IpamDriver.ReleaseAddress', { PoolID: id, Address: address }, replies.nothing)
        if (addresses.delete(address)) this.#changes.push({ change: 'address-released', pool, address })
        return done
      }
    }
  }

  #known(name: string): Held {
    const pool = this.#pools.get(name)
    if (pool === undefined) throw new Refused('there is no such pool')
    return pool
  }

  async #requestPool(asked: PoolRequest): Promise<Pick<Result, 'subnet' | 'address'>> {
    const { pool, space, v6, subnet: Pool, range: SubPool, gateway, auxiliary } = asked
    if (this.#pools.has(pool)) throw new Refused('the name is in use')
    const body = { AddressSpace: this.#spaces[space], Pool, SubPool, Options: {}, V6: v6 || Pool.includes(':') }
    const { PoolID, Pool: subnet } = await this.#ask('/IpamDriver.RequestPool', body, replies.pool)
    // An identical request may have an identical answer: the pool is that of another client.
    if ([...this.#pools.values()].some(({ id }) => id === PoolID)) throw new Refused('the pool is held already')
    const held = { pool, space, subnet, range: SubPool, id: PoolID, addresses: new Set<string>() }
    this.#pools.set(pool, held)
    this.#changes.push({ change: 'pool', pool, space, subnet, range: SubPool })
    try {
      const options = { RequestAddressType: 'com.docker.network.gateway' }
      const address = gateway === '' ? '' : await this.#take(held, gateway === 'auto' ? '' : gateway, options)
      for (const each of auxiliary) await this.#take(held, each, {})
      return { subnet, address }
    } catch (error) {
      for (const Address of held.addresses)
        await this.#ask('/IpamDriver.ReleaseAddress', { PoolID, Address }, replies.nothing)
      await this.#ask('/IpamDriver.ReleasePool', { PoolID }, replies.nothing)
      this.#pools.delete(pool)
      throw error
    }
  }

  async #take({ id, pool, addresses }: Held, wanted: string, options: object): Promise<string> {
    const body = { PoolID: id, Address: wanted, Options: options }
    const { Address } = await this.#ask('/IpamDriver.RequestAddress', body, replies.address)
    const address = Address.split('/')[0]!
    addresses.add(address)
    this.#changes.push({ change: 'address', pool, address })
    return address
  }
}
