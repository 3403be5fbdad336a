/** What is asked of a plugin from outside, and what must come of it. */
import { connect } from 'node:net'
import type { Endpoint } from '../../../impl/real/ipam/endpoint.ts'
import { callPlugin, type PluginReply, readReply, refusalIn } from '../../../impl/real/ipam/plugin-call.ts'
import { AdapterError, excerpt } from '../../../impl/contract/adapter-error.ts'
import { contains, parsePrefix } from '../../../models/ipam/addresses.ts'
import { options } from '../../../models/plugin/vocabulary.ts'
import { plugin } from '../../../properties/plugin/requirements.ts'
import { Findings } from '../scripted.ts'

export interface Check {
  readonly name: string
  run(talk: Talk): Promise<void>
}

/** What follows in a check needs something that was refused; it is judged already. */
export class BrokenOff extends Error {}

interface Pool {
  readonly id: string
  readonly subnet: string
}

type Fields = Readonly<Record<string, unknown>>

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')
const bare = (address: string): string => address.split('/')[0]!

/** A talk with one plugin, in which everything that is answered is judged. */
export class Talk extends Findings {
  readonly #endpoint: Endpoint
  readonly #pools: string[] = []
  #subnets = 0

  constructor(endpoint: Endpoint) {
    super()
    this.#endpoint = endpoint
  }

  get endpoint(): Endpoint {
    return this.#endpoint
  }

  /** Calls, with a body as it is. @throws BrokenOff where nothing is answered */
  async send(path: string, body: string): Promise<PluginReply> {
    try {
      const reply = await callPlugin(this.#endpoint, path, body)
      this.judge(plugin.survives, true, '')
      return reply
    } catch (error) {
      if (!(error instanceof AdapterError)) throw error
      this.judge(plugin.survives, false, `did not answer ${path}, asked ${excerpt(body, 60)}: ${error.message}`)
      throw new BrokenOff()
    }
  }

  /** Calls, and judges the form of what is answered. */
  async ask(path: string, body: object | null): Promise<PluginReply> {
    const reply = await this.send(path, body === null ? '' : JSON.stringify(body))
    if (reply.status !== 200) return reply
    const answer = readReply(reply)
    const isObject = typeof answer === 'object' && answer !== null && !Array.isArray(answer)
    this.judge(plugin.answersObjects, isObject, `${path} was answered by ${reply.content}`)
    const isOfPlugins = /^application\/(vnd\.docker\.plugins\.v1(\.\d+)?\+)?json\b/.test(reply.type)
    this.judge(plugin.contentType, isOfPlugins, `${path} was answered by content of type '${reply.type}'`)
    return reply
  }

  /** What was granted. @throws BrokenOff, and blames the requirement, where it was refused */
  async must(requirement: string, path: string, body: object | null): Promise<Fields> {
    const reply = await this.ask(path, body)
    const words = refusalIn(reply)
    this.judge(requirement, words === null, `${path} was refused: ${words}`)
    if (words !== null) throw new BrokenOff()
    return (readReply(reply) ?? {}) as Fields
  }

  /** A subnet that no check before has asked for. */
  freshSubnet(): string {
    return `10.211.${this.#subnets++}.0/24`
  }

  async pool(more: object = {}, requirement: string = plugin.poolInCidr): Promise<Pool> {
    const spaces = await this.must(plugin.tellsSpaces, '/IpamDriver.GetDefaultAddressSpaces', null)
    const AddressSpace = spaces['LocalDefaultAddressSpace']
    const body = { AddressSpace, Pool: this.freshSubnet(), SubPool: '', Options: null, V6: false, ...more }
    const { PoolID, Pool } = await this.must(requirement, '/IpamDriver.RequestPool', body)
    const prefix = parsePrefix(textOf(Pool))
    this.judge(plugin.poolInCidr, prefix !== null, `the pool is '${textOf(Pool)}'`)
    this.judge(plugin.poolsToldApart, textOf(PoolID) !== '', 'a pool has no PoolID')
    if (prefix === null || textOf(PoolID) === '') throw new BrokenOff()
    this.#pools.push(textOf(PoolID))
    return { id: textOf(PoolID), subnet: textOf(Pool) }
  }

  async address({ id, subnet }: Pool, more: object = {}, requirement: string = plugin.addressInCidr): Promise<string> {
    const body = { PoolID: id, Address: '', Options: null, ...more }
    const { Address } = await this.must(requirement, '/IpamDriver.RequestAddress', body)
    const prefix = parsePrefix(textOf(Address))
    const isWithin = prefix !== null && contains(parsePrefix(subnet)!, prefix)
    this.judge(plugin.addressInCidr, isWithin, `an address of ${subnet} is '${textOf(Address)}'`)
    if (!isWithin) throw new BrokenOff()
    return bare(textOf(Address))
  }

  /** The plugin may serve others: nothing is left. */
  async giveBack(): Promise<void> {
    for (const PoolID of this.#pools.splice(0))
      await callPlugin(this.#endpoint, '/IpamDriver.ReleasePool', JSON.stringify({ PoolID })).catch(() => null)
  }
}

const gateway = { Options: { [options.type]: options.gateway } }

const introduction: Check = {
  name: 'what it says of itself',
  async run(talk) {
    const { Implements } = await talk.must(plugin.takesEmptyBodies, '/Plugin.Activate', null)
    const isDriver = Array.isArray(Implements) && Implements.includes('IpamDriver')
    talk.judge(plugin.activates, isDriver, `implements ${JSON.stringify(Implements)}`)
    const spaces = await talk.must(plugin.takesEmptyBodies, '/IpamDriver.GetDefaultAddressSpaces', null)
    for (const name of ['LocalDefaultAddressSpace', 'GlobalDefaultAddressSpace'])
      talk.judge(plugin.tellsSpaces, textOf(spaces[name]) !== '', `${name} is ${JSON.stringify(spaces[name])}`)
    const reply = await talk.ask('/IpamDriver.GetCapabilities', null)
    const told = (readReply(reply) ?? {}) as Fields
    const flags = ['RequiresMACAddress', 'RequiresRequestReplay'].map((name) => told[name])
    const isTold = reply.status === 200 && flags.every((flag) => flag === undefined || typeof flag === 'boolean')
    const how = `GetCapabilities was answered by status ${reply.status}: ${reply.content}`
    talk.judge(plugin.tellsCapabilities, isTold || reply.status === 404, how)
  },
}

const unknownMethods: Check = {
  name: 'methods that there are not',
  async run(talk) {
    for (const path of ['/IpamDriver.RequestEverything', '/NetworkDriver.CreateNetwork', '/']) {
      const { status } = await talk.ask(path, {})
      talk.judge(plugin.unknownMethods, status === 404, `${path} was answered by status ${status}`)
    }
  },
}

const pools: Check = {
  name: 'pools and their addresses',
  async run(talk) {
    const [one, other] = [await talk.pool(), await talk.pool()]
    talk.judge(
      plugin.poolsToldApart,
      one.id !== other.id,
      `${one.subnet} and ${other.subnet} have one PoolID, ${one.id}`,
    )
    for (const pool of [one, other]) {
      await talk.address(pool)
      await talk.address(pool, { Address: `${bare(pool.subnet).slice(0, -1)}77` })
    }
    await talk.must(plugin.answersObjects, '/IpamDriver.ReleasePool', { PoolID: one.id })
    await talk.address(other, {}, plugin.poolsToldApart)
  },
}

const gateways: Check = {
  name: 'gateways',
  async run(talk) {
    const [one, other] = [await talk.pool(), await talk.pool()]
    await talk.address(one, gateway, plugin.givesGateways)
    const wanted = `${bare(other.subnet).slice(0, -1)}9`
    const given = await talk.address(other, { ...gateway, Address: wanted }, plugin.givesGateways)
    talk.judge(plugin.givesGateways, given === wanted, `asked for the gateway ${wanted}, gave ${given}`)
  },
}

const tolerance: Check = {
  name: 'nulls, and fields that it cannot know',
  async run(talk) {
    const plain = await talk.pool({ Options: null }, plugin.takesNull)
    await talk.address(plain, { Options: null }, plugin.takesNull)
    const pool = await talk.pool({ Exclude: ['10.0.0.0/8'], Hints: { depth: 1 } }, plugin.ignoresUnknownFields)
    const more = { Lease: 60, Options: { 'com.example.unknown': 'yes' } }
    await talk.address(pool, more, plugin.ignoresUnknownFields)
  },
}

const refusals: Check = {
  name: 'what it must refuse',
  async run(talk) {
    const pool = await talk.pool()
    const Address = `${bare(pool.subnet).slice(0, -1)}50`
    await talk.address(pool, { Address })
    const reply = await talk.ask('/IpamDriver.RequestAddress', { PoolID: pool.id, Address, Options: null })
    const words = refusalIn(reply)
    if (words === null) talk.undecided(plugin.refusesInWords, 'inconclusive', `${Address} was given twice`)
    else talk.judge(plugin.refusesInWords, words !== '', `a refusal by status ${reply.status} says nothing`)
  },
}

const atOnce: Check = {
  name: 'requests at once',
  async run(talk) {
    const pool = await talk.pool()
    const asked = Array.from({ length: 12 }, () => talk.address(pool, {}, plugin.servesAtOnce))
    // Nothing is under way any more when the next check begins.
    await Promise.allSettled(asked)
    const given = await Promise.all(asked)
    const twice = given.find((address, index) => given.indexOf(address) !== index)
    talk.judge(plugin.servesAtOnce, twice === undefined, `gave ${twice} to two who asked at once`)
  },
}

const methods = ['RequestPool', 'ReleasePool', 'RequestAddress', 'ReleaseAddress'] as const
const malformed = ['nonsense', '{', '[]', '7', '{"PoolID":7,"AddressSpace":[]}', `"${'x'.repeat(100_000)}"`]

const malformedBodies: Check = {
  name: 'bodies that are none',
  async run(talk) {
    for (const method of methods)
      for (const body of malformed) {
        const reply = await talk.send(`/IpamDriver.${method}`, body)
        const isRefused = refusalIn(reply) !== null
        talk.judge(
          plugin.refusesMalformed,
          isRefused,
          `${method} of ${excerpt(body, 40)} was granted: ${reply.content}`,
        )
      }
    await talk.send('/Plugin.Activate', '')
  },
}

/** No HTTP; requests that end in their first line and in their body; a length that is none; a header without end. */
const noise: readonly string[] = [
  '\0\x01\x02 nonsense\r\n\r\n',
  'POST /IpamDriver.Requ',
  'POST /IpamDriver.RequestPool HTTP/1.1\r\nHost: x\r\nContent-Length: 400\r\n\r\n{"Addr',
  'POST /Plugin.Activate HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n',
  `POST /Plugin.Activate HTTP/1.1\r\nHost: ${'x'.repeat(200_000)}`,
]

const brokenConnections: Check = {
  name: 'connections that break off',
  async run(talk) {
    for (const text of noise) {
      await shout(talk.endpoint, text)
      await talk.send('/Plugin.Activate', '')
    }
  },
}

/** Says something and goes; whatever comes back is not looked at. */
const shout = (endpoint: Endpoint, text: string): Promise<void> =>
  new Promise((resolve) => {
    const socket = connect(endpoint)
    socket.on('error', () => {})
    socket.on('close', () => resolve())
    socket.resume()
    socket.write(text, () => setTimeout(() => socket.destroy(), 30))
  })

export const checks: readonly Check[] = [
  introduction,
  unknownMethods,
  pools,
  gateways,
  tolerance,
  refusals,
  atOnce,
  malformedBodies,
  brokenConnections,
]
