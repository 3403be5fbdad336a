/** An engine as a caller of plugins for addresses. */
import { type EngineApi, wordsOf } from '../../../impl/third-party/docker-engine/api.ts'
import { bridgeOf, subnetOf } from '../../../impl/third-party/docker-engine/addresses.ts'
import { Containers, endpointsOf } from '../../../impl/third-party/docker-engine/containers.ts'
import type { Lab } from '../../../impl/third-party/docker-engine/lab.ts'
import type { ShownNetwork, Wishes } from '../../../impl/real/ipam/caller.ts'
import type { Caller, CallerHost } from '../plugin/caller.ts'

/** How the engine of a lab is checked as a caller. */
export function engineHost(lab: Lab): CallerHost {
  const containers = new Containers(lab.api)
  return {
    socketOf: (plugin) => `${lab.plugins}/${plugin}.sock`,
    open: async (plugin) => new EngineCaller(lab, containers, plugin),
  }
}

class EngineCaller implements Caller {
  readonly #lab: Lab
  readonly #containers: Containers
  readonly #plugin: string
  /** By the check's names. */
  readonly #started = new Map<string, string>()

  constructor(lab: Lab, containers: Containers, plugin: string) {
    this.#lab = lab
    this.#containers = containers
    this.#plugin = plugin
  }

  create(network: string, { subnet: Subnet, gateway: Gateway, auxiliary }: Wishes): Promise<string | null> {
    const AuxiliaryAddresses = Object.fromEntries(auxiliary.map((address, number) => [`aux-${number + 1}`, address]))
    const Config = Subnet === '' ? [] : [{ Subnet, Gateway, AuxiliaryAddresses }]
    const body = { Name: this.#nameOf(network), CheckDuplicate: true, IPAM: { Driver: this.#plugin, Config } }
    return this.#do('POST', '/networks/create', body)
  }

  remove(network: string): Promise<string | null> {
    return this.#do('DELETE', `/networks/${this.#nameOf(network)}`)
  }

  async connect(network: string, container: string, address: string): Promise<string | null> {
    const Container = await this.#containerOf(container)
    const EndpointConfig = { IPAMConfig: address === '' ? {} : { IPv4Address: address } }
    return this.#do('POST', `/networks/${this.#nameOf(network)}/connect`, { Container, EndpointConfig })
  }

  async disconnect(network: string, container: string): Promise<string | null> {
    const Container = await this.#containerOf(container)
    return this.#do('POST', `/networks/${this.#nameOf(network)}/disconnect`, { Container, Force: true })
  }

  /** What the bridge and the containers truly have, where the engine tells the same. */
  async show(network: string): Promise<ShownNetwork | null> {
    const { status, body } = await this.#lab.api.ask('GET', `/networks/${this.#nameOf(network)}`)
    if (status !== 200) return null
    const bridge = await bridgeOf(this.#lab, body.Id)
    const endpoints = new Map<string, string>()
    const told = endpointsOf(body)
    for (const [name, container] of this.#started) {
      const endpoint = told.find((each) => each.container === container)
      if (endpoint !== undefined) endpoints.set(name, await this.#seenIn(container, endpoint.v4))
    }
    return { subnet: subnetOf(bridge), gateway: bridge.split('/')[0]!, endpoints }
  }

  restart(): Promise<void> {
    return this.#lab.restart()
  }

  /** The address that a container is told to have, if it has it. */
  async #seenIn(container: string, address: string): Promise<string> {
    const { State } = await this.#lab.api.must('GET', `/containers/${container}/json`)
    const shown = await this.#lab.inside(['busybox', 'ip', 'addr', 'show'], this.#lab.namespaceOf(State.Pid))
    return shown.includes(`inet ${address}/`) ? address : `${address}, by what the engine tells, and it has not`
  }

  async #containerOf(name: string): Promise<string> {
    const known = this.#started.get(name)
    if (known !== undefined) return known
    const container = await this.#containers.start(`${this.#plugin}-${name}`)
    this.#started.set(name, container)
    return container
  }

  #nameOf(network: string): string {
    return `${this.#plugin}-${network}`
  }

  async #do(method: Parameters<EngineApi['ask']>[0], path: string, body?: object): Promise<string | null> {
    const reply = await this.#lab.api.ask(method, path, body === undefined ? {} : { body })
    return reply.status < 300 ? null : wordsOf(reply.body)
  }
}
