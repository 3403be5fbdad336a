/**
 * The addresses of an engine as an implementation that the suite can test: a pool is a network of the bridge driver, an
 * address is the endpoint of a container on it. What became of an operation is read from the engine and from the bridge
 * that it made, and not from what was asked.
 */
import type {
  Answer,
  Change,
  Input,
  Inspection,
  IpamOptions,
  Operation,
  PoolRecord,
  PoolRequest,
  Result,
} from '../../../models/ipam/vocabulary.ts'
import type { Milliseconds, NodeId } from '../../../models/vocabulary.ts'
import { AdapterError } from '../../contract/adapter-error.ts'
import type { Hello, RemoteImplementation, RemoteSession, Start } from '../../contract/ipam.ts'
import { readSubnet, showSubnet } from '../../reference/ipam/addresses.ts'
import { type Reply, wordsOf } from './api.ts'
import { Containers, endpointsOf } from './containers.ts'
import type { Lab } from './lab.ts'
import { problemsIn, refusalOf } from './words.ts'

/** More containers than that would take too long: who wants one more is told that this is not offered. */
const mostEndpoints = 16

const silent = (now: Milliseconds): Answer => ({ now, wake: null, outputs: [], state: null, changes: null })

type Outcome = Omit<Result, 'operation'>
const granted: Outcome = { status: 'ok', reason: '', problems: [], subnet: '', address: '' }

/** What the engine is never asked, since its API has no words for it. */
class NotOffered extends Error {}
/** The engine said no. */
class Refused extends Error {
  readonly outcome: Outcome
  constructor(reply: Reply, problems: Outcome['problems'] = []) {
    super(wordsOf(reply.body))
    this.outcome = { ...granted, status: 'failed', reason: refusalOf(reply), problems }
  }
}

/** The addresses of an engine. Closing leaves the engine running. */
export async function engineAddresses(lab: Lab): Promise<RemoteImplementation> {
  const { Version: version } = await lab.api.must('GET', '/version')
  const containers = new Containers(lab.api)
  const hello: Hello = {
    protocol: 1,
    name: 'Docker Engine',
    version,
    language: 'Go',
    surfaces: ['ipam'],
    profiles: ['ipam-core', 'ipam-local'],
    operations: ['request-pool', 'release-pool', 'request-address', 'release-address'],
    capabilities: { disk: false, encode: false },
    deterministic: false,
    assumptions: { fifo: true, noDuplicates: true, clockDrift: 0 },
  }
  let options: string | null = null
  let last: EngineSession | null = null
  return {
    hello,
    open: async (start) => {
      const wanted = JSON.stringify(start.options)
      const pools = poolsOf(start.options)
      // One run's failure is not to be that of the next.
      if (last?.mayHaveLeftSomething === true) await lab.forgetNetworks(pools)
      else if (options !== wanted) await lab.restart(pools)
      options = wanted
      for (const route of routesOf(start.options))
        await lab.inside(['busybox', 'ip', 'route', 'add', route, 'dev', 'lo'])
      last = new EngineSession(lab, containers, start)
      return last
    },
    close: async () => {},
  }
}

/** The engine takes default pools of IPv4 in the local space alone. */
const poolsOf = ({ defaults }: IpamOptions) =>
  defaults
    .filter(({ space, block }) => space === 'local' && !block.includes(':'))
    .map(({ block, size }) => ({ base: block, size }))

const routesOf = ({ reserved }: IpamOptions): string[] => reserved.filter((network) => !network.includes(':'))

interface Held extends PoolRecord {
  readonly id: string
  readonly v6: boolean
  /** The gateway and the auxiliary addresses. */
  readonly fixed: readonly string[]
  /** Whether the engine chose the subnet: then it gives no address that was asked for. */
  readonly chosen: boolean
  /** By container: what its endpoint has. */
  readonly endpoints: Map<string, string>
}

class EngineSession implements RemoteSession {
  readonly initial: readonly Answer[]
  readonly #lab: Lab
  readonly #containers: Containers
  readonly #options: IpamOptions
  readonly #pools = new Map<string, Held>()
  #companions = 0
  /** A pool was refused, which older engines do not always give back. */
  mayHaveLeftSomething = false
  #changes: Change[] = []

  constructor(lab: Lab, containers: Containers, { nodes, options }: Start) {
    this.initial = nodes.map(() => ({ ...silent(0), state: { leading: false } }))
    this.#lab = lab
    this.#containers = containers
    this.#options = options
  }

  async steps(inputs: readonly Input[]): Promise<readonly Answer[]> {
    const answers: Answer[] = []
    for (const input of inputs) answers.push(await this.#step(input))
    return answers
  }

  async encode(): Promise<never> {
    throw new AdapterError('refused', 'allocators send no messages')
  }

  async inspect(_node: NodeId): Promise<Inspection> {
    const held = [...this.#pools.values()].sort((one, other) => (one.pool < other.pool ? -1 : 1))
    const pools = []
    for (const { pool, space, subnet, range, fixed, id, v6 } of held) {
      const endpoints = endpointsOf(await this.#lab.api.must('GET', `/networks/${id}`))
      const addresses = [...fixed, ...endpoints.map((each) => (v6 ? each.v6 : each.v4))]
      pools.push({ pool, space, subnet, range, addresses })
    }
    return { state: { leading: true }, pools }
  }

  /** Nothing of this run is left for the next. */
  async close(): Promise<void> {
    for (const held of this.#pools.values()) {
      await this.#empty(held)
      await this.#lab.api.must('DELETE', `/networks/${held.id}`)
    }
    this.#pools.clear()
    for (const route of routesOf(this.#options))
      await this.#lab.inside(['busybox', 'ip', 'route', 'del', route, 'dev', 'lo'])
  }

  async #step(input: Input): Promise<Answer> {
    if (input.type === 'lead') return { ...silent(input.at), state: { leading: true }, changes: [] }
    if (input.type !== 'operation') return silent('until' in input ? input.until : input.at)
    const { operation, at, id } = input
    this.#changes = []
    try {
      const outcome = await this.#carryOut(operation)
      const changes = this.#changes.length === 0 ? null : this.#changes
      return { ...silent(at), outputs: [{ type: 'result', operation: id, ...outcome }], changes }
    } catch (error) {
      if (error instanceof Refused)
        return { ...silent(at), outputs: [{ type: 'result', operation: id, ...error.outcome }] }
      if (error instanceof NotOffered) return { ...silent(at), error: { kind: 'unsupported', text: error.message } }
      throw error
    }
  }

  async #carryOut(operation: Operation): Promise<Outcome> {
    switch (operation.type) {
      case 'request-pool':
        return this.#requestPool(operation)
      case 'release-pool':
        return this.#releasePool(operation.pool)
      case 'request-address':
        if (operation.serial) throw new NotOffered('containers have no serial choice')
        return this.#requestAddress(operation.pool, operation.address)
      case 'release-address':
        return this.#releaseAddress(operation.pool, operation.address)
    }
  }

  async #requestPool(asked: PoolRequest): Promise<Outcome> {
    const { pool, space, subnet: Subnet, range: IPRange, gateway, auxiliary } = asked
    const v6 = asked.v6 || Subnet.includes(':')
    if (space !== 'local') throw new NotOffered('an engine by itself has no global space')
    if (gateway === '') throw new NotOffered('every network of a bridge has a gateway')
    if (v6 && Subnet === '') throw new NotOffered('it has no default pools of IPv6')
    const AuxiliaryAddresses = Object.fromEntries(auxiliary.map((address, number) => [`aux-${number + 1}`, address]))
    const own = {
      ...(Subnet === '' ? {} : { Subnet }),
      ...(IPRange === '' ? {} : { IPRange }),
      ...(gateway === 'auto' ? {} : { Gateway: gateway }),
      ...(auxiliary.length === 0 ? {} : { AuxiliaryAddresses }),
    }
    // A network has always one of IPv4; without any configuration the engine chooses.
    const isFree = Object.keys(own).length === 0
    const Config = v6 ? [{ Subnet: `198.18.${++this.#companions}.0/24` }, own] : isFree ? [] : [own]
    const body = { Name: pool, CheckDuplicate: true, EnableIPv6: v6, IPAM: { Config } }
    const reply = await this.#lab.api.ask('POST', '/networks/create', { body })
    if (reply.status !== 201) {
      this.mayHaveLeftSomething ||= auxiliary.length > 0
      throw new Refused(reply, problemsIn(reply))
    }
    const id: string = reply.body.Id
    const bridge = await bridgeOf(this.#lab, id, v6)
    const record = { pool, space, subnet: subnetOf(bridge), range: rangeOf(IPRange) }
    const address = bridge.split('/')[0]!
    const fixed = [address, ...auxiliary]
    this.#pools.set(pool, { ...record, id, v6, fixed, chosen: Subnet === '', endpoints: new Map() })
    this.#changes.push({ change: 'pool', ...record })
    for (const each of fixed) this.#changes.push({ change: 'address', pool, address: each })
    return { ...granted, subnet: record.subnet, address }
  }

  async #releasePool(pool: string): Promise<Outcome> {
    const held = this.#pools.get(pool)
    if (held !== undefined) await this.#empty(held)
    const reply = await this.#lab.api.ask('DELETE', `/networks/${held?.id ?? encodeURIComponent(pool)}`)
    if (reply.status !== 204) throw new Refused(reply)
    this.#pools.delete(pool)
    this.#changes.push({ change: 'pool-released', pool })
    return granted
  }

  /** An engine keeps a network as long as somebody is on it: releasing one takes everybody off it first. */
  async #empty({ id, endpoints }: Held): Promise<void> {
    for (const container of endpoints.keys()) await this.#disconnect(id, container)
    endpoints.clear()
  }

  async #disconnect(id: string, container: string): Promise<void> {
    await this.#lab.api.must('POST', `/networks/${id}/disconnect`, { body: { Container: container, Force: true } })
  }

  async #requestAddress(pool: string, address: string): Promise<Outcome> {
    const held = this.#pools.get(pool)
    if (held !== undefined && held.endpoints.size >= mostEndpoints) throw new NotOffered('there are enough containers')
    if (held?.chosen === true && address !== '') throw new NotOffered('no address can be named where no subnet was')
    const container = await this.#containers.besides(new Set(held?.endpoints.keys()))
    const isV6 = held?.v6 ?? address.includes(':')
    const IPAMConfig = address === '' ? {} : isV6 ? { IPv6Address: address } : { IPv4Address: address }
    const body = { Container: container, EndpointConfig: { IPAMConfig } }
    const id = held?.id ?? encodeURIComponent(pool)
    const reply = await this.#lab.api.ask('POST', `/networks/${id}/connect`, { body })
    if (reply.status !== 200) {
      // The engine goes on believing that the container is to be on it.
      if (held !== undefined) await this.#lab.api.ask('POST', `/networks/${id}/disconnect`, { body })
      throw new Refused(reply)
    }
    const endpoint = endpointsOf(await this.#lab.api.must('GET', `/networks/${id}`)).find(
      (each) => each.container === container,
    )
    const given = (isV6 ? endpoint?.v6 : endpoint?.v4) ?? ''
    held!.endpoints.set(container, given)
    this.#changes.push({ change: 'address', pool, address: given })
    return { ...granted, address: given }
  }

  async #releaseAddress(pool: string, address: string): Promise<Outcome> {
    const held = this.#pools.get(pool)
    if (held === undefined) {
      const reply = await this.#lab.api.ask('POST', `/networks/${encodeURIComponent(pool)}/disconnect`, {
        body: { Container: await this.#containers.besides(new Set()) },
      })
      throw new Refused(reply)
    }
    const [container] = [...held.endpoints].find(([, given]) => given === address) ?? []
    if (container === undefined) throw new NotOffered('only what an endpoint has can be released')
    await this.#disconnect(held.id, container)
    held.endpoints.delete(container)
    this.#changes.push({ change: 'address-released', pool, address })
    return granted
  }
}

/** The address and the length of the bridge of a network: what its gateway truly is. */
export async function bridgeOf(lab: Lab, id: string, v6 = false): Promise<string> {
  const shown = await lab.inside(['busybox', 'ip', 'addr', 'show', 'dev', `br-${id.slice(0, 12)}`])
  const found = (v6 ? /inet6 (\S+) scope global/ : /inet (\S+)/).exec(shown)?.[1]
  if (found === undefined) throw new AdapterError('contract', `the bridge of ${id} has no address: ${shown}`)
  return found
}

/** The subnet around an address with a length. */
export const subnetOf = (address: string): string => showSubnet(readSubnet(address)!.subnet)

/** A range in the form in which tables have it; as it was asked where it is none. */
function rangeOf(text: string): string {
  const range = text === '' ? null : readSubnet(text)
  return range === null ? text : showSubnet(range.subnet)
}
