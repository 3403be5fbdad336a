/** Containers that do nothing, and are on no network until they are connected to one. */
import type { EngineApi } from './api.ts'
import { image } from './lab.ts'

const sleeping = ['/bin/busybox', 'sleep', '86400']
const cradle = { name: 'cradle', subnet: '198.19.255.0/24' }

export interface Endpoint {
  readonly container: string
  /** Without a length; `''` where there is none. */
  readonly v4: string
  readonly v6: string
}

export class Containers {
  readonly #api: EngineApi
  readonly #names: string[] = []

  constructor(api: EngineApi) {
    this.#api = api
  }

  /** One that is none of these. @throws AdapterError if it cannot be started */
  async besides(others: ReadonlySet<string>): Promise<string> {
    return this.#names.find((name) => !others.has(name)) ?? this.start(`holder-${this.#names.length + 1}`)
  }

  /** @throws AdapterError if it cannot be started */
  async start(name: string): Promise<string> {
    // Who starts on no network can never be connected to one.
    const IPAM = { Config: [{ Subnet: cradle.subnet }] }
    await this.#api.must('POST', '/networks/create', { body: { Name: cradle.name, IPAM } })
    const body = { Image: image, Cmd: sleeping, HostConfig: { NetworkMode: cradle.name } }
    await this.#api.must('POST', `/containers/create?name=${name}`, { body })
    await this.#api.must('POST', `/containers/${name}/start`)
    await this.#api.must('POST', `/networks/${cradle.name}/disconnect`, { body: { Container: name, Force: true } })
    await this.#api.must('DELETE', `/networks/${cradle.name}`)
    this.#names.push(name)
    return name
  }
}

/** Who is on a network, as the engine tells it. */
export const endpointsOf = (network: {
  readonly Containers: Readonly<Record<string, { Name: string; IPv4Address: string; IPv6Address: string }>> | null
}): Endpoint[] =>
  Object.values(network.Containers ?? {}).map(({ Name, IPv4Address, IPv6Address }) => ({
    container: Name,
    v4: IPv4Address.split('/')[0]!,
    v6: IPv6Address.split('/')[0]!,
  }))
