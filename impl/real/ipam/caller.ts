/**
 * What a daemon does with a plugin that manages addresses for it: networks and their endpoints, without any network. It
 * has no timers but the pauses before it tries again to reach a plugin.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import type { Milliseconds } from '../../../models/vocabulary.ts'
import { AdapterError } from '../../contract/adapter-error.ts'
import type { Endpoint } from './endpoint.ts'
import { callPlugin, type PluginReply, readReply, refusalIn } from './plugin-call.ts'

const firstPause: Milliseconds = 100
const longestPatience: Milliseconds = 30_000

const gatewayOption = { RequestAddressType: 'com.docker.network.gateway' }

const replies = {
  activate: z.object({ Implements: z.array(z.string()) }),
  capabilities: z.object({
    RequiresMACAddress: z.boolean().default(false),
    RequiresRequestReplay: z.boolean().default(false),
  }),
  spaces: z.object({ LocalDefaultAddressSpace: z.string(), GlobalDefaultAddressSpace: z.string() }),
  pool: z.object({ PoolID: z.string(), Pool: z.string() }),
  address: z.object({ Address: z.string() }),
  nothing: z.object({}),
}

/** What a user may say of the addresses of a network; `''` and nothing leave it to the plugin. */
export interface Wishes {
  readonly subnet: string
  readonly gateway: string
  readonly auxiliary: readonly string[]
}

/** A network as its user is shown it. */
export interface ShownNetwork {
  readonly subnet: string
  readonly gateway: string
  /** By container: its address, without a length. */
  readonly endpoints: ReadonlyMap<string, string>
}

/** A refusal in the words of the plugin. */
export class Refusal extends Error {}

interface Network {
  readonly pool: string
  readonly subnet: string
  readonly gateway: string
  readonly auxiliary: readonly string[]
  readonly endpoints: Map<string, string>
}

interface Capabilities {
  readonly RequiresMACAddress: boolean
  readonly RequiresRequestReplay: boolean
}

interface Known {
  readonly capabilities: Capabilities
  readonly space: string
}

const bare = (address: string): string => address.split('/')[0]!

export class PluginCaller {
  protected readonly endpoint: Endpoint
  readonly #networks = new Map<string, Network>()
  #known: Known | null = null
  #hardwareAddresses = 0

  constructor(endpoint: Endpoint) {
    this.endpoint = endpoint
  }

  /** @throws Refusal, and nothing is left of the network */
  async create(name: string, wishes: Wishes): Promise<void> {
    this.#networks.set(name, await this.requestNetwork(wishes))
  }

  async remove(name: string): Promise<void> {
    const { pool, gateway, auxiliary } = this.#of(name)
    await this.giveBack(pool, [gateway, ...auxiliary])
    this.#networks.delete(name)
  }

  /** @throws Refusal */
  async connect(name: string, container: string, address: string): Promise<void> {
    const { pool, endpoints } = this.#of(name)
    endpoints.set(container, await this.requestEndpoint(pool, address))
  }

  async disconnect(name: string, container: string): Promise<void> {
    const { pool, endpoints } = this.#of(name)
    await this.release(pool, endpoints.get(container)!)
    endpoints.delete(container)
  }

  /** Null where there is none of this name. */
  show(name: string): ShownNetwork | null {
    return this.#networks.get(name) ?? null
  }

  /** Starts again, with what it had written down. */
  async restart(): Promise<void> {
    this.#known = null
    if (this.#networks.size === 0) return
    const { capabilities } = await this.known()
    if (capabilities.RequiresRequestReplay) for (const network of this.#networks.values()) await this.replay(network)
  }

  #of(name: string): Network {
    const network = this.#networks.get(name)
    if (network === undefined) throw new Refusal(`there is no network ${name}`)
    return network
  }

  protected async requestNetwork({ subnet: wanted, gateway, auxiliary }: Wishes): Promise<Network> {
    const { PoolID: pool, Pool: subnet } = await this.requestPool(wanted)
    const held: string[] = []
    try {
      held.push(await this.requestGateway(pool, gateway))
      for (const each of auxiliary) held.push(await this.requestAddress(pool, each, {}))
    } catch (error) {
      await this.giveBack(pool, held)
      throw error
    }
    const [given = '', ...kept] = held
    return { pool, subnet, gateway: given, auxiliary: kept, endpoints: new Map() }
  }

  protected async requestPool(Pool: string): Promise<z.output<typeof replies.pool>> {
    const AddressSpace = this.spaceOf(await this.known())
    const body = { AddressSpace, Pool, SubPool: '', Options: null, V6: Pool.includes(':') }
    return this.ask('/IpamDriver.RequestPool', body, replies.pool)
  }

  protected spaceOf({ space }: Known): string {
    return space
  }

  protected requestGateway(pool: string, address: string): Promise<string> {
    return this.requestAddress(pool, address, gatewayOption)
  }

  protected async requestEndpoint(pool: string, address: string): Promise<string> {
    const { capabilities } = await this.known()
    const number = ++this.#hardwareAddresses
    const mac = `02:42:00:00:00:${number.toString(16).padStart(2, '0')}`
    const options = capabilities.RequiresMACAddress ? { 'com.docker.network.endpoint.macaddress': mac } : {}
    return this.requestAddress(pool, address, options)
  }

  protected async requestAddress(PoolID: string, Address: string, Options: object): Promise<string> {
    const answer = await this.ask('/IpamDriver.RequestAddress', { PoolID, Address, Options }, replies.address)
    return bare(answer.Address)
  }

  protected async release(PoolID: string, Address: string): Promise<void> {
    await this.ask('/IpamDriver.ReleaseAddress', { PoolID, Address }, replies.nothing)
  }

  protected async giveBack(PoolID: string, addresses: readonly string[]): Promise<void> {
    for (const address of addresses) await this.release(PoolID, address)
    await this.ask('/IpamDriver.ReleasePool', { PoolID }, replies.nothing)
  }

  protected async replay({ subnet, gateway, auxiliary, endpoints }: Network): Promise<void> {
    const { PoolID } = await this.requestPool(subnet)
    await this.requestGateway(PoolID, gateway)
    for (const address of auxiliary) await this.requestAddress(PoolID, address, {})
    for (const address of endpoints.values()) await this.requestEndpoint(PoolID, address)
  }

  /** What the plugin says of itself; it is activated first. */
  protected async known(): Promise<Known> {
    return (this.#known ??= await this.activate())
  }

  protected async activate(): Promise<Known> {
    const { Implements } = await this.ask('/Plugin.Activate', null, replies.activate)
    if (!Implements.includes('IpamDriver')) throw new Refusal('it manages no addresses')
    const capabilities = await this.capabilities()
    const spaces = await this.ask('/IpamDriver.GetDefaultAddressSpaces', null, replies.spaces)
    return { capabilities, space: spaces.LocalDefaultAddressSpace }
  }

  /** Who does not know that question wants nothing. */
  protected async capabilities(): Promise<Capabilities> {
    const reply = await this.call('/IpamDriver.GetCapabilities', null)
    const checked = replies.capabilities.safeParse(reply.status === 200 ? readReply(reply) : {})
    return checked.data ?? { RequiresMACAddress: false, RequiresRequestReplay: false }
  }

  protected async ask<Reply>(path: string, body: object | null, form: z.ZodType<Reply>): Promise<Reply> {
    const reply = await this.call(path, body)
    const words = refusalIn(reply)
    if (words !== null) throw new Refusal(words)
    return form.parse(readReply(reply))
  }

  protected async call(path: string, body: object | null): Promise<PluginReply> {
    const end = performance.now() + longestPatience
    for (let pause = firstPause; ; pause *= 2) {
      try {
        return await callPlugin(this.endpoint, path, body === null ? '' : JSON.stringify(body))
      } catch (error) {
        if (!(error instanceof AdapterError) || performance.now() + pause > end) throw error
        await sleep(pause)
      }
    }
  }
}
