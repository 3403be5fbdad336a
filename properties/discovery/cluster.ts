/** What the judge knows of the cluster as a whole. */
import type { DiscoveryOptions, EndpointRecord, NetworkKind } from '../../models/discovery/vocabulary.ts'
import type { Milliseconds, NodeId } from '../../models/vocabulary.ts'
import { Findings, type Claims } from '../findings.ts'
import { Node } from './node.ts'
import { catalogue } from './requirements.ts'

/** How often answers of several addresses began with the least of them, and how often chance would have it so. */
export interface Firsts {
  seen: number
  expected: number
  variance: number
}

export class Cluster extends Findings {
  readonly options: DiscoveryOptions
  readonly kinds: ReadonlyMap<string, NetworkKind>
  readonly nodes: Node[]
  now: Milliseconds = 0
  /** By key of the record: all that its owner ever showed of it. */
  readonly published = new Map<string, EndpointRecord[]>()
  readonly firsts: Firsts = { seen: 0, expected: 0, variance: 0 }

  constructor(options: DiscoveryOptions, claims: Claims, nodes: readonly NodeId[]) {
    super(catalogue, claims)
    this.options = options
    this.kinds = new Map(options.networks.map(({ name, kind }) => [name, kind]))
    this.nodes = nodes.map((id, number) => new Node(id, number, options.networks, this.kinds))
  }

  node(id: NodeId): Node {
    const node = this.nodes.find((each) => each.id === id)
    if (node === undefined) throw new RangeError(`no node is named ${id}`)
    return node
  }
}

const sameList = (left: readonly string[], right: readonly string[]): boolean =>
  left.length === right.length && left.every((each, index) => each === right[index])

/** Whether two records say the same, whether they are disabled or not. */
export function saysSame(left: EndpointRecord, right: EndpointRecord): boolean {
  const one = left.service
  const other = right.service
  const sameService =
    one === null || other === null
      ? one === other
      : one.name === other.name && one.vip === other.vip && sameList(one.aliases, other.aliases)
  return (
    sameService &&
    left.owner === right.owner &&
    left.name === right.name &&
    left.address === right.address &&
    left.address6 === right.address6 &&
    sameList(left.aliases, right.aliases)
  )
}
