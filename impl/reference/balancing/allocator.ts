/**
 * What the manager decides: which services there are, their virtual addresses and their published ports. It outlives
 * the lives of its node, as what is in a store does. [SKA] portallocator.go, network.go; [SKC] service.go
 */
import type {
  Attachment,
  BalancingOptions,
  Port,
  Protocol,
  Reason,
  Route,
  Service,
  ServiceSpec,
} from '../../../models/balancing/vocabulary.ts'
import { readAddress, showAddress, usableOf } from './addresses.ts'
import { NumberSpace } from './number-space.ts'

export const ingressNetwork = 'ingress'

/** '' for what may be done. */
type Problem = Reason | ''

export class Allocator {
  readonly services = new Map<string, Service>()
  protected readonly options: BalancingOptions
  protected readonly ports: Readonly<Record<Protocol, NumberSpace>> = {
    tcp: this.portSpace(),
    udp: this.portSpace(),
    sctp: this.portSpace(),
  }
  protected readonly addresses: ReadonlyMap<string, NumberSpace>

  constructor(options: BalancingOptions) {
    this.options = options
    this.addresses = new Map(options.networks.map(({ network, subnet }) => [network, this.addressSpace(subnet)]))
  }

  protected portSpace(): NumberSpace {
    return new NumberSpace(30_000, 32_767)
  }

  protected addressSpace(subnet: string): NumberSpace {
    const { first, last } = usableOf(subnet)
    return new NumberSpace(first, last)
  }

  // What an operator asks

  create(spec: ServiceSpec): Problem {
    if (this.exists(spec.service)) return 'already-exists'
    return this.furnish(spec, null)
  }

  update(spec: ServiceSpec): Problem {
    const before = this.services.get(spec.service)
    return before === undefined ? 'not-found' : this.furnish(spec, before)
  }

  remove(name: string): Problem {
    const before = this.services.get(name)
    if (before === undefined) return 'not-found'
    this.services.delete(name)
    this.release(before, null)
    return ''
  }

  protected exists(name: string): boolean {
    return this.services.has(name)
  }

  /** Brings what the service has in line with what is asked; changes nothing if that cannot be. */
  protected furnish(spec: ServiceSpec, before: Service | null): Problem {
    const problem = this.problemOf(spec)
    if (problem !== '') return problem
    const attachments = this.attach(spec, before)
    if (attachments === null) return 'exhausted'
    const after: Service = {
      service: spec.service,
      mode: spec.mode,
      attachments,
      ports: this.publish(spec, before),
      routes: spec.routes,
    }
    if (before !== null) this.release(before, after)
    this.services.set(spec.service, after)
    return ''
  }

  // What is wrong with a request

  protected problemOf(spec: ServiceSpec): Problem {
    const isWrong =
      this.hasWrongNetwork(spec) ||
      this.hasDuplicatePort(spec) ||
      this.mixesModes(spec) ||
      this.hasWrongRoute(spec) ||
      spec.ports.some((port) => this.isTaken(port, spec.service))
    return isWrong ? 'invalid-argument' : ''
  }

  protected hasWrongNetwork({ networks }: ServiceSpec): boolean {
    return networks.some(
      (network, at) => network === ingressNetwork || !this.addresses.has(network) || networks.indexOf(network) !== at,
    )
  }

  protected hasDuplicatePort({ ports }: ServiceSpec): boolean {
    const fixed = ports.filter(({ published }) => published !== 0)
    const names = fixed.map(({ protocol, published }) => `${protocol} ${published}`)
    return new Set(names).size < names.length
  }

  /** The mesh needs an address. */
  protected mixesModes({ mode, ports }: ServiceSpec): boolean {
    return mode === 'dnsrr' && ports.some((port) => port.mode === 'ingress')
  }

  protected hasWrongRoute({ ports, routes }: ServiceSpec): boolean {
    return routes.some((route) => this.lacksPort(route, ports) || this.leavesEncryption(route))
  }

  protected lacksPort({ target }: Route, ports: readonly Port[]): boolean {
    return target === 0 ? ports.length !== 1 : ports.every((port) => port.target !== target)
  }

  protected leavesEncryption({ kind, redirect }: Route): boolean {
    return kind === 'sni' && redirect.startsWith('http://')
  }

  /** Whether another service has a port that was asked for. */
  protected isTaken(port: Port, service: string): boolean {
    if (port.published === 0) return false
    return [...this.services.values()].some(
      (other) => other.service !== service && other.ports.some((held) => this.clash(port, held)),
    )
  }

  /** Only two ports of hosts get on with each other: their tasks run on different nodes. */
  protected clash(port: Port, held: Port): boolean {
    if (port.protocol !== held.protocol || port.published !== held.published) return false
    return port.mode === 'ingress' || held.mode === 'ingress'
  }

  // Addresses

  /** The networks of a service with its addresses there; null if there are no more, and then nothing is taken. */
  protected attach(spec: ServiceSpec, before: Service | null): Attachment[] | null {
    const chosen: Attachment[] = []
    const attachments: Attachment[] = []
    for (const network of this.networksOf(spec)) {
      const held = before?.attachments.find((attachment) => attachment.network === network)?.vip ?? ''
      const attachment = { network, vip: this.needsAddress(spec) ? held : '' }
      if (this.needsAddress(spec) && held === '') {
        const vip = this.addresses.get(network)!.choose()
        if (vip === null) {
          this.releaseAddresses(chosen)
          return null
        }
        attachment.vip = showAddress(vip)
        chosen.push(attachment)
      }
      attachments.push(attachment)
    }
    return attachments
  }

  protected needsAddress({ mode }: ServiceSpec): boolean {
    return mode === 'vip'
  }

  protected networksOf({ networks, ports }: ServiceSpec): readonly string[] {
    return ports.some(({ mode }) => mode === 'ingress') ? [...networks, ingressNetwork] : networks
  }

  // Ports

  protected publish(spec: ServiceSpec, before: Service | null): Port[] {
    const rest = [...(before?.ports ?? [])]
    const without = (port: Port | undefined): Port | undefined => {
      if (port !== undefined) rest.splice(rest.indexOf(port), 1)
      return port
    }
    // Those that name a number come first, so that no other keeps it.
    for (const port of spec.ports) {
      if (port.published === 0) continue
      without(rest.find((held) => held.protocol === port.protocol && held.published === port.published))
      if (port.mode === 'ingress') this.ports[port.protocol].take(port.published)
    }
    return spec.ports.map((port) => {
      if (port.published !== 0) return port
      const kept = without(rest.find((held) => this.isKept(port, held)))
      return { ...port, published: kept?.published ?? this.choosePort(port) }
    })
  }

  /** Whether a port whose number is left open keeps the one that there was. */
  protected isKept(port: Port, held: Port): boolean {
    return held.mode === 'ingress' && held.protocol === port.protocol && held.target === port.target
  }

  protected choosePort({ protocol }: Port): number {
    return this.ports[protocol].choose() ?? 0
  }

  // What is given back

  protected release(before: Service, after: Service | null): void {
    const kept = after?.ports ?? []
    for (const port of before.ports) {
      if (port.mode === 'ingress' && !kept.some((held) => held.mode === 'ingress' && isSamePort(held, port)))
        this.ports[port.protocol].free(port.published)
    }
    this.releaseAddresses(
      before.attachments.filter(({ network, vip }) => {
        const held = after?.attachments.find((attachment) => attachment.network === network)
        return held?.vip !== vip
      }),
    )
  }

  protected releaseAddresses(attachments: readonly Attachment[]): void {
    for (const { network, vip } of attachments) if (vip !== '') this.addresses.get(network)!.free(readAddress(vip))
  }
}

const isSamePort = (one: Port, other: Port): boolean =>
  one.protocol === other.protocol && one.published === other.published
