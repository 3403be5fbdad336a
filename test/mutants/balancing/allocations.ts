/** Mutants of balancing: what the manager decides. */
import { usableOf } from '../../../impl/reference/balancing/addresses.ts'
import { Allocator } from '../../../impl/reference/balancing/allocator.ts'
import { BalancingNode } from '../../../impl/reference/balancing/node.ts'
import { NumberSpace } from '../../../impl/reference/balancing/number-space.ts'
import type { Attachment, Port, Reason, Service, ServiceSpec } from '../../../models/balancing/vocabulary.ts'
import { balancingMutant, folklore, type Mutant } from '../mutant.ts'

/** Numbers of which the lowest that is free is chosen. */
class LowestFree extends NumberSpace {
  readonly #range: readonly [number, number]

  constructor(first: number, last: number) {
    super(first, last)
    this.#range = [first, last]
  }

  override choose(): number | null {
    const [first, last] = this.#range
    for (let number = first; number <= last; number++) {
      if (this.has(number)) continue
      this.take(number)
      return number
    }
    return null
  }
}

export const allocations: readonly Mutant[] = [
  balancingMutant({
    name: 'lets-anybody-decide',
    breaks: 'balancing/only-manager-decides',
    rule: 'Any node creates and changes services.',
    seenIn: folklore,
    Node: class extends BalancingNode {
      protected override isAllowed(): boolean {
        return true
      }
    },
  }),
  balancingMutant({
    name: 'creates-over-existing',
    breaks: 'balancing/create-refuses-existing',
    also: {
      'balancing/vip-not-reused-at-once': 'The address of the one that was there is overwritten, not given back.',
      'balancing/one-owner-per-vip': 'The same.',
    },
    rule: 'A service replaces another of its name.',
    seenIn: folklore,
    Allocator: class extends Allocator {
      protected override exists(): boolean {
        return false
      }
    },
  }),
  balancingMutant({
    name: 'updates-what-is-not-there',
    breaks: 'balancing/change-needs-service',
    rule: 'An update creates a service.',
    seenIn: folklore,
    Allocator: class extends Allocator {
      override update(spec: ServiceSpec): Reason | '' {
        return this.furnish(spec, this.services.get(spec.service) ?? null)
      }
    },
  }),
  balancingMutant({
    name: 'wants-a-port',
    breaks: 'balancing/grants-sound-requests',
    rule: 'A service without ports is refused.',
    seenIn: folklore,
    Allocator: class extends Allocator {
      protected override problemOf(spec: ServiceSpec): Reason | '' {
        return spec.ports.length === 0 ? 'invalid-argument' : super.problemOf(spec)
      }
    },
  }),
  balancingMutant({
    name: 'takes-a-network-twice',
    breaks: 'balancing/refuses-unknown-network',
    rule: 'A network that is named twice gives two addresses.',
    seenIn: folklore,
    Allocator: class extends Allocator {
      protected override hasWrongNetwork({ networks }: ServiceSpec): boolean {
        return networks.some((network) => !this.addresses.has(network))
      }
    },
  }),
  balancingMutant({
    name: 'loses-what-it-refuses-to-change',
    breaks: 'balancing/refusal-changes-nothing',
    rule: 'A service whose update is refused is gone.',
    seenIn: folklore,
    Allocator: class extends Allocator {
      protected override furnish(spec: ServiceSpec, before: Service | null): Reason | '' {
        const problem = super.furnish(spec, before)
        if (problem !== '') this.services.delete(spec.service)
        return problem
      }
    },
  }),
  balancingMutant({
    name: 'addresses-on-one-network',
    breaks: 'balancing/vip-per-network',
    rule: 'Only the first network of a service gives it an address.',
    seenIn: folklore,
    Allocator: class extends Allocator {
      protected override networksOf(spec: ServiceSpec): readonly string[] {
        const networks = super.networksOf(spec)
        return networks.filter((network, at) => at === 0 || network === 'ingress')
      }
    },
  }),
  balancingMutant({
    name: 'gives-the-network-address',
    breaks: 'balancing/vip-within-network',
    rule: 'The first address of a subnet is given.',
    seenIn: 'allocates-network, folklore',
    Allocator: class extends Allocator {
      protected override addressSpace(subnet: string): NumberSpace {
        const { first, last } = usableOf(subnet)
        return new NumberSpace(first - 2, last)
      }
    },
  }),
  balancingMutant({
    name: 'gives-one-address-to-all',
    breaks: 'balancing/one-owner-per-vip',
    also: { 'balancing/vip-not-reused-at-once': 'Where the one before is gone.' },
    rule: 'Services get the first address of their network, whoever has it.',
    seenIn: folklore,
    Allocator: class extends Allocator {
      protected override addressSpace(subnet: string): NumberSpace {
        const { first } = usableOf(subnet)
        return new (class extends NumberSpace {
          override choose(): number {
            return first
          }
        })(first, first)
      }
    },
  }),
  balancingMutant({
    name: 'moves-at-updates',
    breaks: 'balancing/vip-kept',
    rule: 'An update gives new addresses.',
    seenIn: folklore,
    Allocator: class extends Allocator {
      protected override attach(spec: ServiceSpec): Attachment[] | null {
        return super.attach(spec, null)
      }
    },
  }),
  balancingMutant({
    name: 'leaks-addresses',
    breaks: 'balancing/vip-released',
    rule: 'Addresses are never free again.',
    seenIn: 'swarmkit allocator reports',
    Allocator: class extends Allocator {
      protected override releaseAddresses(): void {}
    },
  }),
  balancingMutant({
    name: 'reuses-addresses-at-once',
    breaks: 'balancing/vip-not-reused-at-once',
    rule: 'The lowest free address is given.',
    seenIn: 'moby reports of stale DNS and ARP',
    Allocator: class extends Allocator {
      protected override addressSpace(subnet: string): NumberSpace {
        const { first, last } = usableOf(subnet)
        return new LowestFree(first, last)
      }
    },
  }),
  balancingMutant({
    name: 'vip-in-dnsrr',
    breaks: 'balancing/dnsrr-has-no-vip',
    rule: 'A service of mode dnsrr has an address, too.',
    seenIn: 'libnetwork',
    Allocator: class extends Allocator {
      protected override needsAddress(): boolean {
        return true
      }
    },
  }),
  balancingMutant({
    name: 'keeps-removed-services',
    breaks: 'balancing/removes-services',
    rule: 'A removed service stays.',
    seenIn: folklore,
    Allocator: class extends Allocator {
      override remove(name: string): Reason | '' {
        return this.services.has(name) ? '' : 'not-found'
      }
    },
  }),
  balancingMutant({
    name: 'forgets-on-failover',
    breaks: 'balancing/allocations-survive',
    rule: 'A manager that starts again has no services.',
    seenIn: 'swarmkit allocator reports',
    durable: false,
  }),
  balancingMutant({
    name: 'keeps-off-the-mesh',
    breaks: 'balancing/ingress-vip',
    rule: 'A service that publishes through the mesh has no address there.',
    seenIn: folklore,
    Allocator: class extends Allocator {
      protected override networksOf({ networks }: ServiceSpec): readonly string[] {
        return networks
      }
    },
  }),
  balancingMutant({
    name: 'chooses-in-place-of-named',
    breaks: 'balancing/fixed-port-as-asked',
    rule: 'A number of the range that the manager chooses from is not given to who names it.',
    seenIn: folklore,
    Allocator: class extends Allocator {
      protected override publish(spec: ServiceSpec, before: Service | null): Port[] {
        const ports = spec.ports.map((port) => ({ ...port, published: port.published >= 30_000 ? 0 : port.published }))
        return super.publish({ ...spec, ports }, before)
      }
    },
  }),
  balancingMutant({
    name: 'chooses-below-the-range',
    breaks: 'balancing/dynamic-port-in-range',
    rule: 'Numbers are chosen from 20000 on.',
    seenIn: folklore,
    Allocator: class extends Allocator {
      protected override portSpace(): NumberSpace {
        return new NumberSpace(20_000, 32_767)
      }
    },
  }),
  balancingMutant({
    name: 'chooses-anew-at-updates',
    breaks: 'balancing/dynamic-port-kept',
    rule: 'An update chooses numbers anew.',
    seenIn: folklore,
    Allocator: class extends Allocator {
      protected override isKept(): boolean {
        return false
      }
    },
  }),
  balancingMutant({
    name: 'reuses-ports-at-once',
    breaks: 'balancing/port-not-reused-at-once',
    rule: 'The lowest free number is chosen.',
    seenIn: folklore,
    Allocator: class extends Allocator {
      protected override portSpace(): NumberSpace {
        return new LowestFree(30_000, 32_767)
      }
    },
  }),
  balancingMutant({
    name: 'never-frees-ports',
    breaks: 'balancing/port-released',
    also: {
      'balancing/host-ports-are-shared': 'Who shares the number is refused as well.',
      'balancing/protocols-are-apart': 'A number of two protocols is one to a judge that looks for a reason.',
    },
    rule: 'A number is taken for who had it first.',
    seenIn: folklore,
    Allocator: class extends Allocator {
      readonly #first = new Map<string, string>()

      protected override isTaken(port: Port, service: string): boolean {
        const name = `${port.protocol}/${port.published}`
        const first = this.#first.get(name)
        if (first === undefined && port.published !== 0) this.#first.set(name, service)
        return super.isTaken(port, service) || (first !== undefined && first !== service)
      }
    },
  }),
  balancingMutant({
    name: 'chooses-what-was-named',
    breaks: 'balancing/one-owner-per-port',
    rule: 'Numbers are chosen without a look at those that were named.',
    seenIn: folklore,
    Allocator: class extends Allocator {
      readonly #blind = new NumberSpace(30_000, 32_767)

      protected override choosePort(): number {
        return this.#blind.choose() ?? 0
      }
    },
  }),
  balancingMutant({
    name: 'publishes-for-two',
    breaks: 'balancing/refuses-taken-port',
    rule: 'Two services publish one number through the mesh.',
    seenIn: folklore,
    Allocator: class extends Allocator {
      protected override clash(port: Port, held: Port): boolean {
        return super.clash(port, held) && port.mode !== held.mode
      }
    },
  }),
  balancingMutant({
    name: 'ports-clash-across-modes',
    breaks: 'balancing/refuses-mode-clash',
    rule: 'One publishes a number through the mesh, another on its hosts.',
    seenIn: 'swarmkit',
    Allocator: class extends Allocator {
      protected override clash(port: Port, held: Port): boolean {
        return super.clash(port, held) && port.mode === held.mode
      }
    },
  }),
  balancingMutant({
    name: 'publishes-twice',
    breaks: 'balancing/refuses-duplicate-port',
    rule: 'One service names one number twice.',
    seenIn: folklore,
    Allocator: class extends Allocator {
      protected override hasDuplicatePort(): boolean {
        return false
      }
    },
  }),
  balancingMutant({
    name: 'meshes-dnsrr',
    breaks: 'balancing/refuses-ingress-of-dnsrr',
    rule: 'A service of mode dnsrr publishes through the mesh.',
    seenIn: folklore,
    Allocator: class extends Allocator {
      protected override mixesModes(): boolean {
        return false
      }
    },
  }),
  balancingMutant({
    name: 'one-space-of-ports',
    breaks: 'balancing/protocols-are-apart',
    rule: 'A number of one protocol is taken for all.',
    seenIn: folklore,
    Allocator: class extends Allocator {
      protected override clash(port: Port, held: Port): boolean {
        return super.clash({ ...port, protocol: held.protocol }, held)
      }
    },
  }),
  balancingMutant({
    name: 'keeps-host-ports-to-one',
    breaks: 'balancing/host-ports-are-shared',
    rule: 'A number of hosts is for one service.',
    seenIn: folklore,
    Allocator: class extends Allocator {
      protected override clash(port: Port, held: Port): boolean {
        return port.protocol === held.protocol && port.published === held.published
      }
    },
  }),
  balancingMutant({
    name: 'redirects-to-plain',
    breaks: 'balancing/redirect-keeps-encryption',
    rule: 'A route may lead from HTTPS to HTTP.',
    seenIn: folklore,
    Allocator: class extends Allocator {
      protected override leavesEncryption(): boolean {
        return false
      }
    },
  }),
  balancingMutant({
    name: 'routes-to-any-port',
    breaks: 'balancing/route-needs-port',
    rule: 'A route may name a port that the service has not.',
    seenIn: folklore,
    Allocator: class extends Allocator {
      protected override lacksPort(): boolean {
        return false
      }
    },
  }),
]
