/** What the judge knows of all nodes together: the table of the manager, and what it was once given. */
import type { BalancingOptions, Pool, Service } from '../../models/balancing/vocabulary.ts'
import type { Milliseconds, NodeId } from '../../models/vocabulary.ts'
import { Findings, type Claims } from '../findings.ts'
import { Node } from './node.ts'
import { catalogue } from './requirements.ts'

export class Cluster extends Findings {
  readonly options: BalancingOptions
  readonly nodes: readonly Node[]
  readonly networks: ReadonlySet<string>
  now: Milliseconds = 0
  /** What the manager has allocated. */
  readonly services = new Map<string, Service>()
  /** Addresses by network and numbers by protocol that were chosen since the manager started; and all that were used. */
  readonly given = new Map<string, Set<string>>()
  readonly usedPorts = new Set<string>()
  /** Since faults have ended: which node has reached which task through what. */
  readonly reached = new Set<string>()
  settling = false

  readonly #byId: ReadonlyMap<NodeId, Node>

  constructor(options: BalancingOptions, claims: Claims, nodes: readonly NodeId[]) {
    super(catalogue, claims)
    this.options = options
    this.nodes = nodes.map((id, number) => new Node(id, number))
    this.networks = new Set(options.networks.map(({ network }) => network).filter((name) => name !== 'ingress'))
    this.#byId = new Map(this.nodes.map((node) => [node.id, node]))
  }

  node(id: NodeId): Node {
    const node = this.#byId.get(id)
    if (node === undefined) throw new RangeError(`no node is named ${id}`)
    return node
  }

  /** What the node knows of services: the manager its own table. */
  servicesOf(node: Node): ReadonlyMap<string, Service> {
    return node.isManager ? this.services : node.of(this.nodes[0]!.id).services
  }

  givenIn(space: string): Set<string> {
    let given = this.given.get(space)
    if (given === undefined) this.given.set(space, (given = new Set()))
    return given
  }

  noteReached(node: Node, pool: Pick<Pool, 'service' | 'network'>, task: string): void {
    if (this.settling) this.reached.add(`${node.id} ${pool.service} ${pool.network} ${task}`)
  }
}
