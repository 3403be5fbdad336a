/** What the judge knows of the cluster as a whole. */
import type { Name, NetworkDbOptions } from '../../models/networkdb/vocabulary.ts'
import type { Milliseconds, NodeId } from '../../models/vocabulary.ts'
import { Findings, type Claims } from '../findings.ts'
import { Node } from './node.ts'
import { catalogue } from './requirements.ts'

export class Cluster extends Findings {
  readonly options: NetworkDbOptions
  readonly nodes: Node[]
  now: Milliseconds = 0
  /** By name: the node that had it in one of its lives. */
  readonly names = new Map<Name, NodeId>()
  /** What owners have shown of their entries and attachments: the content by what identifies it. */
  readonly made = new Map<string, string>()
  /** By entry: the addresses that ever wrote it. */
  readonly writers = new Map<string, Set<NodeId>>()
  /** Deletions and departures that somebody has forgotten, so that others may bring back what was there before. */
  readonly forgotten = new Set<string>()

  constructor(options: NetworkDbOptions, claims: Claims, nodes: readonly NodeId[]) {
    super(catalogue, claims)
    this.options = options
    this.nodes = nodes.map((id, number) => new Node(id, number))
  }

  node(id: NodeId): Node {
    const node = this.nodes.find((each) => each.id === id)
    if (node === undefined) throw new RangeError(`no node is named ${id}`)
    return node
  }
}
