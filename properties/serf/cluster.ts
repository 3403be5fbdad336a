/** What the judge knows of the cluster as a whole. */
import type { Name, SerfOptions } from '../../models/serf/vocabulary.ts'
import type { Milliseconds, NodeId } from '../../models/vocabulary.ts'
import { Findings, type Claims } from '../findings.ts'
import { Node } from './node.ts'
import { catalogue } from './requirements.ts'

export class Cluster extends Findings {
  readonly options: SerfOptions
  readonly nodes: Node[]
  now: Milliseconds = 0
  /** Queries that were asked: by whom, by time and identifier. */
  readonly asked = new Map<string, string>()
  /** Of whom somebody has said that they are to be forgotten: they may be, though they are there. */
  readonly pruned = new Set<Name>()

  constructor(options: SerfOptions, claims: Claims, nodes: readonly NodeId[]) {
    super(catalogue, claims)
    this.options = options
    this.nodes = nodes.map((id, number) => new Node(id, number, options))
  }

  node(id: NodeId): Node {
    const node = this.nodes.find((each) => each.id === id)
    if (node === undefined) throw new RangeError(`no node is named ${id}`)
    return node
  }
}
