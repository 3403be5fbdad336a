/** Mutants of service discovery: what a name means to who asks. */
import type { EndpointRecord, NetworkSetting, Question } from '../../../models/discovery/vocabulary.ts'
import { NameTable } from '../../../impl/reference/discovery/name-table.ts'
import { DiscoveryNode } from '../../../impl/reference/discovery/node.ts'
import type { Found } from '../../../impl/reference/discovery/resolver.ts'
import { discoveryMutant, folklore, type Mutant } from '../mutant.ts'

class LetterTable extends NameTable {
  protected override keyOf(name: string): string {
    return name
  }
}

export const lookups: readonly Mutant[] = [
  discoveryMutant({
    name: 'compares-letters',
    breaks: 'discovery/case-insensitive',
    rule: 'Upper and lower case differ.',
    seenIn: 'moby#21169',
    Node: class extends DiscoveryNode {
      protected override createTable(): NameTable {
        return new LetterTable()
      }
    },
  }),
  discoveryMutant({
    name: 'forgets-aliases',
    breaks: 'discovery/names-of-container',
    rule: 'Only the name of a container leads to it, and no alias.',
    seenIn: folklore,
    Node: class extends DiscoveryNode {
      protected override containerNames({ name }: EndpointRecord): string[] {
        return [name]
      }
    },
  }),
  discoveryMutant({
    name: 'resolves-across-networks',
    breaks: 'discovery/only-own-networks',
    rule: 'What is not known on the networks of the sandbox is looked for on all others.',
    seenIn: 'libnetwork',
    Node: class extends DiscoveryNode {
      protected override resolveIn(networks: readonly NetworkSetting[], name: string, family: 4 | 6): string[] | null {
        return super.resolveIn(networks, name, family) ?? super.resolveIn(this.options.networks, name, family)
      }
    },
    also: {
      'discovery/unknown-forwarded': 'That a name is known elsewhere shows, if it has no such address.',
      'discovery/mail-is-empty': 'So it does by a question for mail.',
      'discovery/whole-name-first': 'What is known elsewhere goes before what is split.',
    },
  }),
  discoveryMutant({
    name: 'splits-first',
    breaks: 'discovery/whole-name-first',
    rule: 'A name with a dot is split before it is looked for as it is.',
    seenIn: folklore,
    Node: class extends DiscoveryNode {
      protected override splits(name: string): (readonly [string, string])[] {
        const [whole, ...rest] = super.splits(name)
        return [...rest, whole!]
      }
    },
  }),
  discoveryMutant({
    name: 'knows-no-networks',
    breaks: 'discovery/name-dot-network',
    rule: 'A name is looked for only as it is.',
    seenIn: folklore,
    Node: class extends DiscoveryNode {
      protected override splits(name: string): (readonly [string, string])[] {
        return [[name, '']]
      }
    },
  }),
  discoveryMutant({
    name: 'splits-from-left',
    breaks: 'discovery/splits-from-right',
    rule: 'The longest name of a network goes first.',
    seenIn: folklore,
    Node: class extends DiscoveryNode {
      protected override splits(name: string): (readonly [string, string])[] {
        const [whole, ...rest] = super.splits(name)
        return [whole!, ...rest.reverse()]
      }
    },
  }),
  discoveryMutant({
    name: 'local-first',
    breaks: 'discovery/overlay-first',
    rule: 'The network of the node alone goes before overlays.',
    seenIn: folklore,
    Node: class extends DiscoveryNode {
      protected override inOrder(networks: NetworkSetting[]): NetworkSetting[] {
        return super.inOrder(networks).reverse()
      }
    },
  }),
  discoveryMutant({
    name: 'names-on-ingress',
    breaks: 'discovery/ingress-has-no-names',
    rule: 'The ingress network has names like any other.',
    seenIn: folklore,
    Node: class extends DiscoveryNode {
      protected override hasNames(): boolean {
        return true
      }
    },
    also: {
      'discovery/pointer-names-container': 'Addresses of it have names as well.',
      'discovery/unknown-forwarded': 'That a name is known there shows, if it has no such address.',
      'discovery/mail-is-empty': 'So it does by a question for mail.',
    },
  }),
  discoveryMutant({
    name: 'points-to-bare-names',
    breaks: 'discovery/pointer-names-container',
    rule: 'The name of an address is told without its network.',
    seenIn: folklore,
    Node: class extends DiscoveryNode {
      protected override pointerName(name: string): string {
        return name
      }
    },
  }),
  discoveryMutant({
    name: 'points-across-networks',
    breaks: 'discovery/pointer-of-own-networks',
    rule: 'The name of an address is told whatever its network.',
    seenIn: folklore,
    Node: class extends DiscoveryNode {
      protected override answerPointer(sandbox: string, name: string): Found | null {
        const found = super.answerPointer(sandbox, name)
        const address = name.split('.').slice(0, 4).reverse().join('.')
        if (found !== null) return found
        for (const network of this.options.networks) {
          const pointer = this.table(network.name).pointer(address)
          if (pointer !== null) return { type: 'PTR', data: [this.pointerName(pointer, network.name)] }
        }
        return null
      }
    },
  }),
  discoveryMutant({
    name: 'forwards-mail',
    breaks: 'discovery/mail-is-empty',
    rule: 'Questions for mail are passed on.',
    seenIn: folklore,
    Node: class extends DiscoveryNode {
      protected override answerMx(): Found | null {
        return null
      }
    },
  }),
  discoveryMutant({
    name: 'answers-every-type',
    breaks: 'discovery/other-types-forwarded',
    rule: 'A question of another type for a name that is known is answered by nothing.',
    seenIn: folklore,
    Node: class extends DiscoveryNode {
      protected override answerOther(sandbox: string, { name, qtype }: Question): Found | null {
        return this.resolve(sandbox, name, 4) === null ? null : { type: qtype, data: [] }
      }
    },
  }),
]
