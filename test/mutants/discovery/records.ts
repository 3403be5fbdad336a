/** Mutants of service discovery: what becomes of records. */
import type { EndpointRecord, Question } from '../../../models/discovery/vocabulary.ts'
import type { LocalEndpoint } from '../../../impl/reference/discovery/endpoints.ts'
import { DiscoveryNode } from '../../../impl/reference/discovery/node.ts'
import type { NodeSetup } from '../../../impl/reference/networkdb/core.ts'
import { NetworkDbNode } from '../../../impl/reference/networkdb/node.ts'
import type { EntryRecord } from '../../../impl/reference/networkdb/records.ts'
import type { TableEvent } from '../../../models/networkdb/vocabulary.ts'
import { discoveryMutant, folklore, type Mutant } from '../mutant.ts'

class LastArrivalWins extends NetworkDbNode {
  protected override isNewer(event: TableEvent, known: EntryRecord): boolean {
    return event.time !== known.time
  }
}

export const records: readonly Mutant[] = [
  discoveryMutant({
    name: 'waits-for-all-tasks',
    breaks: 'discovery/publishes-at-start',
    rule: 'A task without a health check waits until it is healthy.',
    seenIn: folklore,
    Node: class extends DiscoveryNode {
      protected override isNamedAtOnce({ service }: LocalEndpoint): boolean {
        return service === null
      }
    },
  }),
  discoveryMutant({
    name: 'resolves-unhealthy',
    breaks: 'discovery/not-before-healthy',
    rule: 'A task is named before it was found healthy.',
    seenIn: 'moby',
    Node: class extends DiscoveryNode {
      protected override isNamedAtOnce(): boolean {
        return true
      }
    },
  }),
  discoveryMutant({
    name: 'names-what-ended-early',
    breaks: 'discovery/not-before-healthy',
    rule: 'A task that is told to end before it was healthy is published as one that ends.',
    seenIn: folklore,
    Node: class extends DiscoveryNode {
      protected override onDrain(local: LocalEndpoint): void {
        if (local.stage === 'starting') this.enable(local)
        super.onDrain(local)
      }
    },
  }),
  discoveryMutant({
    name: 'never-becomes-healthy',
    breaks: 'discovery/publishes-when-healthy',
    rule: 'That a task was found healthy changes nothing.',
    seenIn: folklore,
    Node: class extends DiscoveryNode {
      protected override onHealthy(): void {}
    },
  }),
  discoveryMutant({
    name: 'keeps-the-unhealthy',
    breaks: 'discovery/disables-unhealthy',
    rule: 'A task that was found unhealthy is named on.',
    seenIn: folklore,
    Node: class extends DiscoveryNode {
      protected override onUnhealthy(local: LocalEndpoint): void {
        if (local.stage !== 'serving') super.onUnhealthy(local)
      }
    },
  }),
  discoveryMutant({
    name: 'resolves-draining',
    breaks: 'discovery/disables-draining',
    rule: 'A task is named until it is gone.',
    seenIn: 'moby',
    Node: class extends DiscoveryNode {
      protected override onDrain(local: LocalEndpoint): void {
        if (local.stage !== 'serving') super.onDrain(local)
      }
    },
  }),
  discoveryMutant({
    name: 'keeps-the-gone',
    breaks: 'discovery/withdraws-detached',
    rule: 'The record of an endpoint stays when it is gone.',
    seenIn: 'moby#36797',
    Node: class extends DiscoveryNode {
      protected override withdraw(): void {}
    },
  }),
  discoveryMutant({
    name: 'loses-aliases',
    breaks: 'discovery/record-as-attached',
    rule: 'The aliases of a service are left out of its records.',
    seenIn: folklore,
    Node: class extends DiscoveryNode {
      protected override recordOf(local: LocalEndpoint, disabled: boolean): EndpointRecord {
        const record = super.recordOf(local, disabled)
        return record.service === null ? record : { ...record, service: { ...record.service, aliases: [] } }
      }
    },
  }),
  discoveryMutant({
    name: 'agrees-to-everything',
    breaks: 'discovery/tells-outcome',
    rule: 'What cannot be done is said to be done.',
    seenIn: folklore,
    Node: class extends DiscoveryNode {
      protected override isPossible({ stage, service }: LocalEndpoint): boolean {
        return stage !== 'serving' || service !== null
      }
    },
    also: { 'discovery/disables-unhealthy': 'A task without a check is disabled when it is found unhealthy.' },
  }),
  discoveryMutant({
    name: 'forgets-when-asked',
    breaks: 'discovery/records-by-cause',
    rule: 'A question of another type makes the node forget a record of another.',
    seenIn: folklore,
    Node: class extends DiscoveryNode {
      protected override query(id: number, sandbox: string, question: Question): void {
        super.query(id, sandbox, question)
        const other = [...this.records.values()].find(({ owner }) => owner !== this.address)
        if (other !== undefined && question.qtype === 'TXT') this.forget(other.network, other.endpoint)
      }
    },
  }),
  discoveryMutant({
    name: 'cuts-records-of-others',
    breaks: 'discovery/records-by-owner',
    rule: 'Of endpoints of others only their first name is kept.',
    seenIn: folklore,
    Node: class extends DiscoveryNode {
      protected override readRecord(value: string): EndpointRecord {
        return { ...super.readRecord(value), aliases: [] }
      }
    },
  }),
  discoveryMutant({
    name: 'takes-old-news',
    breaks: 'discovery/disabled-stays',
    rule: 'Whatever arrives last is held.',
    seenIn: folklore,
    Node: class extends DiscoveryNode {
      protected override createGossip(setup: NodeSetup): NetworkDbNode {
        return new LastArrivalWins(setup)
      }
    },
    also: {
      'discovery/withdrawals-arrive': 'Two nodes tell each other old news for ever.',
      'discovery/records-arrive': 'Two nodes tell each other old news for ever.',
    },
  }),
  discoveryMutant({
    name: 'tells-of-local-networks',
    breaks: 'discovery/local-stays-local',
    rule: 'Records of a network of one node alone travel.',
    seenIn: folklore,
    Node: class extends DiscoveryNode {
      protected override travels(): boolean {
        return true
      }
    },
    also: { 'discovery/records-by-cause': 'They come and go with those of others.' },
  }),
  discoveryMutant({
    name: 'stays-on-networks',
    breaks: 'discovery/holds-own-networks',
    rule: 'A node keeps records of a network when the last of its own there is gone.',
    seenIn: folklore,
    Node: class extends DiscoveryNode {
      protected override leave(): void {}
    },
  }),
  discoveryMutant({
    name: 'names-the-disabled',
    breaks: 'discovery/names-enabled-only',
    rule: 'Names lead to disabled tasks until these are gone.',
    seenIn: 'moby',
    Node: class extends DiscoveryNode {
      protected override onDisabled(record: EndpointRecord): void {
        this.bind(record)
      }
    },
    also: {
      'discovery/forgets-withdrawn': 'Nobody takes them away in the end.',
      'discovery/unknown-forwarded': 'That a name is known shows by a question for another family.',
      'discovery/mail-is-empty': 'So it does by a question for mail.',
    },
  }),
  discoveryMutant({
    name: 'remembers-names',
    breaks: 'discovery/forgets-withdrawn',
    rule: 'Names of an endpoint stay when its record is gone.',
    seenIn: 'moby#24800',
    Node: class extends DiscoveryNode {
      protected override unbind(record: EndpointRecord): void {
        if (this.find(record.network, record.endpoint) !== undefined) super.unbind(record)
      }
    },
    also: {
      'discovery/unknown-forwarded': 'That a name is known shows by a question for another family.',
      'discovery/mail-is-empty': 'So it does by a question for mail.',
      'discovery/names-of-container': 'A name that another has as well leads to both.',
      'discovery/only-own-networks': 'The address may have been given to another since.',
    },
  }),
  discoveryMutant({
    name: 'holds-few',
    breaks: 'discovery/records-arrive',
    rule: 'Of a network at most four records of others are held.',
    seenIn: 'moby#53141, where those of a node that came back were refused',
    Node: class extends DiscoveryNode {
      protected override onPublished(record: EndpointRecord): void {
        const others = [...this.records.values()].filter(
          ({ network, owner }) => network === record.network && owner !== this.address,
        )
        const isKnown = this.find(record.network, record.endpoint) !== undefined
        if (isKnown || others.length < 4) super.onPublished(record)
      }
    },
    also: { 'discovery/withdrawals-arrive': 'What is full does not notice what goes.' },
  }),
  discoveryMutant({
    name: 'ignores-draining-of-others',
    breaks: 'discovery/withdrawals-arrive',
    rule: 'That a task of another is disabled changes nothing.',
    seenIn: folklore,
    Node: class extends DiscoveryNode {
      protected override onPublished(record: EndpointRecord): void {
        const isKnown = this.find(record.network, record.endpoint) !== undefined
        if (!isKnown || !record.disabled) super.onPublished(record)
      }
    },
  }),
  discoveryMutant({
    name: 'ignores-withdrawals',
    breaks: 'discovery/withdrawals-arrive',
    rule: 'That an endpoint of another is gone changes nothing.',
    seenIn: 'moby#30134',
    Node: class extends DiscoveryNode {
      protected override onWithdrawn(): void {}
    },
    also: { 'discovery/holds-own-networks': 'They stay, too, when the network is left.' },
  }),
]
