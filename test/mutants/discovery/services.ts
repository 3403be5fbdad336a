/** Mutants of service discovery: the two ways in which a service is named. */
import type { EndpointRecord } from '../../../models/discovery/vocabulary.ts'
import { DiscoveryNode } from '../../../impl/reference/discovery/node.ts'
import { discoveryMutant, folklore, type Mutant } from '../mutant.ts'

const prefixed = (names: readonly string[]): string[] => names.map((name) => `tasks.${name}`)

export const services: readonly Mutant[] = [
  discoveryMutant({
    name: 'forgets-virtual-addresses',
    breaks: 'discovery/vip-for-name',
    rule: 'The names of every service lead to its tasks.',
    seenIn: folklore,
    Node: class extends DiscoveryNode {
      protected override hasVip(): boolean {
        return false
      }
    },
    also: {
      'discovery/vip-for-aliases': 'So do its aliases.',
      'discovery/vip-until-last': 'When no task is left to be named, the names are gone.',
    },
  }),
  discoveryMutant({
    name: 'mixes-tasks-in',
    breaks: 'discovery/vip-for-name',
    rule: 'The names of a service lead to its virtual address and to its tasks.',
    seenIn: 'libnetwork',
    Node: class extends DiscoveryNode {
      protected override taskNames(record: EndpointRecord): string[] {
        const names = this.serviceNames(record)
        return [...prefixed(names), ...names]
      }
    },
    also: { 'discovery/vip-for-aliases': 'So do its aliases.' },
  }),
  discoveryMutant({
    name: 'aliases-mean-tasks',
    breaks: 'discovery/vip-for-aliases',
    rule: 'Aliases of a service with a virtual address lead to its tasks.',
    seenIn: folklore,
    Node: class extends DiscoveryNode {
      protected override taskNames(record: EndpointRecord): string[] {
        return this.hasVip(record) ? [...super.taskNames(record), ...record.service!.aliases] : super.taskNames(record)
      }
      protected override vipNames({ service }: EndpointRecord): string[] {
        return [service!.name]
      }
    },
  }),
  discoveryMutant({
    name: 'tasks-name-gives-vip',
    breaks: 'discovery/vip-tasks-by-name',
    rule: 'The name of the tasks leads to the virtual address.',
    seenIn: 'libnetwork',
    Node: class extends DiscoveryNode {
      protected override taskNames(record: EndpointRecord): string[] {
        return this.hasVip(record) ? [] : super.taskNames(record)
      }
      protected override vipNames(record: EndpointRecord): string[] {
        const names = this.serviceNames(record)
        return [...names, ...prefixed(names)]
      }
    },
  }),
  discoveryMutant({
    name: 'virtual-address-with-second',
    breaks: 'discovery/vip-with-first',
    rule: 'A service is named when it has two tasks.',
    seenIn: folklore,
    Node: class extends DiscoveryNode {
      protected override bindVip(): void {}
      protected override addBackend(record: EndpointRecord): void {
        super.addBackend(record)
        if (!this.hasVip(record)) return
        const { network, service } = record
        const holder = `${network} ${service!.name} ${service!.vip}`
        if (this.backends.get(holder)!.size > 1) super.bindVip(record, holder)
      }
    },
    also: { 'discovery/vip-for-aliases': 'Its aliases are known as late.' },
  }),
  discoveryMutant({
    name: 'virtual-address-ends-with-drain',
    breaks: 'discovery/vip-until-last',
    rule: 'When the last task is disabled, the service is named no more.',
    seenIn: folklore,
    Node: class extends DiscoveryNode {
      protected override onDisabled(record: EndpointRecord): void {
        this.removeBackend(record)
      }
    },
    also: { 'discovery/vip-for-aliases': 'So it is with its aliases.' },
  }),
  discoveryMutant({
    name: 'virtual-address-stays',
    breaks: 'discovery/vip-ends-with-last',
    rule: 'The names of a service stay when its last task is gone.',
    seenIn: 'moby#30134',
    Node: class extends DiscoveryNode {
      protected override unbindVip(): void {}
    },
    also: {
      'discovery/unknown-forwarded': 'That its names are known shows by a question for another family.',
      'discovery/mail-is-empty': 'So it does by a question for mail.',
    },
  }),
  discoveryMutant({
    name: 'virtual-address-ends-with-any',
    breaks: 'discovery/vip-with-first',
    rule: 'When any task is gone, the service is named no more.',
    seenIn: folklore,
    Node: class extends DiscoveryNode {
      protected override isServed(): boolean {
        return false
      }
    },
    also: {
      'discovery/vip-for-aliases': 'So it is with its aliases.',
      'discovery/vip-until-last': 'So it is when the others are disabled.',
    },
  }),
  discoveryMutant({
    name: 'points-to-services',
    breaks: 'discovery/vip-has-no-pointer',
    rule: 'The name of a virtual address is that of its service.',
    seenIn: folklore,
    Node: class extends DiscoveryNode {
      protected override bindVip(record: EndpointRecord, holder: string): void {
        super.bindVip(record, holder)
        this.table(record.network).point(record.service!.vip, record.service!.name)
      }
    },
    also: {
      'discovery/pointer-names-container': 'It stays when the service is gone.',
      'discovery/forgets-withdrawn': 'It stays when the service is gone.',
    },
  }),
  discoveryMutant({
    name: 'names-nothing-without-vip',
    breaks: 'discovery/tasks-for-name',
    rule: 'A service without a virtual address has only the names of its tasks.',
    seenIn: folklore,
    Node: class extends DiscoveryNode {
      protected override taskNames(record: EndpointRecord): string[] {
        return prefixed(this.serviceNames(record))
      }
    },
    also: { 'discovery/tasks-for-aliases': 'Its aliases are missing as well.' },
  }),
  discoveryMutant({
    name: 'vip-in-dnsrr',
    breaks: 'discovery/tasks-for-name',
    rule: 'The names of a service without a virtual address lead to its first task, as if that had it.',
    seenIn: 'libnetwork',
    Node: class extends DiscoveryNode {
      protected override taskNames(record: EndpointRecord): string[] {
        const { network, service, endpoint } = record
        if (service === null || service.vip !== '') return super.taskNames(record)
        const [first] = [...this.records.values()].filter(
          (each) => each.network === network && each.service?.name === service.name && !each.disabled,
        )
        return first === undefined || first.endpoint === endpoint
          ? super.taskNames(record)
          : prefixed(this.serviceNames(record))
      }
    },
    also: {
      'discovery/tasks-for-aliases': 'So do its aliases.',
      'discovery/forgets-withdrawn': 'When the first goes, it is not taken for it any more.',
      'discovery/names-enabled-only': 'When the first is disabled, it is not taken for it any more.',
    },
  }),
  discoveryMutant({
    name: 'aliases-mean-nothing-without-vip',
    breaks: 'discovery/tasks-for-aliases',
    rule: 'Aliases of a service without a virtual address lead nowhere.',
    seenIn: folklore,
    Node: class extends DiscoveryNode {
      protected override taskNames(record: EndpointRecord): string[] {
        const { service } = record
        if (service === null || service.vip !== '') return super.taskNames(record)
        return [...prefixed(this.serviceNames(record)), service.name]
      }
    },
  }),
  discoveryMutant({
    name: 'tasks-have-no-name-without-vip',
    breaks: 'discovery/tasks-by-name',
    rule: 'The tasks of a service without a virtual address have no name of their own.',
    seenIn: folklore,
    Node: class extends DiscoveryNode {
      protected override taskNames(record: EndpointRecord): string[] {
        const { service } = record
        return service === null || service.vip !== '' ? super.taskNames(record) : this.serviceNames(record)
      }
    },
  }),
]
