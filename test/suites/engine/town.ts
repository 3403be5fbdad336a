/** Containers on networks of an engine that ask each other's names, and the resolvers outside that they have. */
import { Agent } from '../../../impl/third-party/docker-engine/agent.ts'
import { image, type Lab, upstream } from '../../../impl/third-party/docker-engine/lab.ts'
import { type DnsReply, decodeReply, encodeQuery, type TypeName } from './dns.ts'

/** Where every container finds its resolver. */
const resolver = '127.0.0.11'
const patience = 2_000

/** Resolvers outside: one that knows next to nothing, one that fails, one that says nothing. */
export const upstreams = { knowing: upstream, failing: '192.0.2.54', silent: '192.0.2.55' } as const

export interface Attachment {
  readonly network: string
  readonly aliases?: readonly string[]
}

export interface Resident {
  readonly name: string
  readonly id: string
  readonly agent: Agent
}

interface Setting {
  readonly hostname?: string
  readonly dns?: readonly string[]
  readonly dnsOptions?: readonly string[]
}

export class Town {
  readonly #lab: Lab
  readonly #outside: Agent
  readonly #agents: Agent[] = []
  readonly #residents = new Map<string, Resident>()
  #queries = 0

  private constructor(lab: Lab) {
    this.#lab = lab
    this.#outside = new Agent(lab.outside)
    this.#agents.push(this.#outside)
  }

  static async open(lab: Lab): Promise<Town> {
    const town = new Town(lab)
    for (const address of [upstreams.failing, upstreams.silent])
      await lab.inside(['busybox', 'ip', 'addr', 'add', `${address}/32`, 'dev', 'outside1'], lab.outside)
    await town.#outside.resolve(upstreams.knowing, 'nxdomain')
    await town.#outside.resolve(upstreams.failing, 'servfail')
    await town.#outside.resolve(upstreams.silent, 'silent')
    return town
  }

  async network(name: string, subnet: string, more: object = {}, subnet6 = ''): Promise<void> {
    const Config = [{ Subnet: subnet }, ...(subnet6 === '' ? [] : [{ Subnet: subnet6 }])]
    const body = { Name: name, EnableIPv6: subnet6 !== '', IPAM: { Config }, ...more }
    await this.#lab.api.must('POST', '/networks/create', { body })
  }

  /** Starts a container on networks. */
  async settle(name: string, attachments: readonly Attachment[], setting: Setting = {}): Promise<Resident> {
    const { hostname, dns, dnsOptions } = setting
    const [first, ...others] = attachments
    const { network, aliases = [] } = first!
    const body = {
      Image: image,
      Cmd: ['/bin/busybox', 'sleep', '86400'],
      ...(hostname === undefined ? {} : { Hostname: hostname }),
      HostConfig: { NetworkMode: network, Dns: dns ?? [], DnsOptions: dnsOptions ?? [] },
      NetworkingConfig: { EndpointsConfig: { [network]: { Aliases: aliases } } },
    }
    const { Id: id } = await this.#lab.api.must('POST', `/containers/create?name=${name}`, { body })
    await this.#lab.api.must('POST', `/containers/${name}/start`)
    for (const other of others) await this.join(name, other)
    const { State } = await this.#lab.api.must('GET', `/containers/${name}/json`)
    const agent = new Agent(this.#lab.namespaceOf(State.Pid))
    this.#agents.push(agent)
    const resident = { name, id, agent }
    this.#residents.set(name, resident)
    return resident
  }

  async join(container: string, { network, aliases = [] }: Attachment): Promise<void> {
    const body = { Container: container, EndpointConfig: { Aliases: aliases } }
    await this.#lab.api.must('POST', `/networks/${network}/connect`, { body })
  }

  async leave(container: string, network: string): Promise<void> {
    await this.#lab.api.must('POST', `/networks/${network}/disconnect`, { body: { Container: container } })
  }

  async rename(container: string, name: string): Promise<void> {
    await this.#lab.api.must('POST', `/containers/${container}/rename?name=${name}`)
  }

  async kill(container: string): Promise<void> {
    await this.#lab.api.must('POST', `/containers/${container}/kill`)
  }

  /** What a container has on a network. */
  async addressesOf(container: string, network: string): Promise<{ readonly v4: string; readonly v6: string }> {
    const { NetworkSettings } = await this.#lab.api.must('GET', `/containers/${container}/json`)
    const { IPAddress, GlobalIPv6Address } = NetworkSettings.Networks[network]
    return { v4: IPAddress, v6: GlobalIPv6Address }
  }

  resident(name: string): Resident {
    return this.#residents.get(name)!
  }

  /** Null where no answer comes. */
  async ask(who: string, name: string, type: TypeName, how: How = {}): Promise<DnsReply | null> {
    const { transport = 'udp', timeout = patience } = how
    const packet = encodeQuery(this.nextId(), name, type)
    return this.send(who, packet, transport, timeout)
  }

  nextId(): number {
    return 1_000 + ++this.#queries
  }

  async send(who: string, packet: Buffer, transport: 'udp' | 'tcp', timeout: number): Promise<DnsReply | null> {
    const bytes = await this.resident(who).agent.query(transport, resolver, packet, timeout)
    return bytes === null ? null : decodeReply(bytes)
  }

  /** What a resolver outside was asked by that name, in any spelling. */
  async askedOutside(name: string, at: string | null = null): Promise<readonly DnsReply[]> {
    const asked = await this.#outside.asked()
    return asked
      .filter(({ resolver: by }) => at === null || by === at)
      .map(({ bytes }) => decodeReply(bytes))
      .filter(({ question }) => question?.name.toLowerCase() === name.toLowerCase())
  }

  async close(): Promise<void> {
    await Promise.all(this.#agents.map((agent) => agent.close()))
  }
}

export interface How {
  readonly transport?: 'udp' | 'tcp'
  readonly timeout?: number
}
