/** One scenario of service discovery run against one cluster. */
import type { Hello, Start } from '../../../impl/contract/discovery.ts'
import type {
  DiscoveryScenario,
  EndpointSetting,
  Operation,
  ScenarioOperation,
} from '../../../models/discovery/vocabulary.ts'
import { settleBound } from '../../../properties/discovery/liveness.ts'
import { evaluateDiscovery } from '../../expect/discovery.ts'
import { Recording } from '../../record.ts'
import type { DiscoverySurface, JudgeOf } from '../../surface.ts'
import type { Settling } from '../execution.ts'
import { increment } from '../counts.ts'
import { PeerExecution } from '../peer-execution.ts'
import type { RunOptions } from '../result.ts'
import { DiscoveryCluster } from './cluster.ts'

/** How a cluster is started for a scenario: what resolvers outside will do, nobody is told. */
export function startOf({ nodes, options, seed }: DiscoveryScenario): Start {
  return { nodes, options, seed }
}

export class DiscoveryExecution extends PeerExecution<DiscoverySurface, DiscoveryCluster> {
  protected readonly settling: Settling

  constructor(scenario: DiscoveryScenario, hello: Hello, judge: JudgeOf<DiscoverySurface>, options: RunOptions) {
    const recording = new Recording<DiscoverySurface>(options.record ?? true)
    const cluster = new DiscoveryCluster(scenario, hello, recording)
    super({ scenario, hello, judge, cluster, recording, start: startOf(scenario), options })
    const { gossipInterval, syncInterval } = scenario.options
    this.settling = {
      delay: Math.max(1, gossipInterval >> 2),
      grace: 10 * gossipInterval,
      bound: settleBound(scenario.options, scenario.nodes.length),
      interval: syncInterval,
      tick: Math.ceil(syncInterval / 4),
    }
  }

  protected operating(): void {}

  protected override *operate(node: number, operation: ScenarioOperation): Generator<void, void, void> {
    switch (operation.type) {
      case 'up':
      case 'down':
        return yield* this.tellPeer(node, operation.type, operation.peer)
      case 'replicas':
        for (let number = 1; number <= operation.count; number++) {
          yield* this.operate(node, { type: 'attach', ...replica(operation.of, number) })
        }
        return
      case 'queries': {
        const { times, ...question } = operation
        for (let time = 0; time < times; time++) yield* super.operate(node, { ...question, type: 'query' })
        return
      }
      case 'attach':
        // Two nodes, or two lives of one, have no endpoint in common.
        if (!this.cluster.mayAttach(node, operation.endpoint)) return increment(this.skipped, 'operation')
        if (this.cluster.isActive(node)) this.cluster.noteAttached(node, operation)
        return yield* super.operate(node, operation)
      default:
        yield* super.operate(node, operation)
    }
  }

  protected comesBack(): boolean {
    return true
  }

  protected intervene(): null {
    return null
  }

  /** All are told who is there, and asked for what there was. */
  protected *probe(): Generator<void, void, void> {
    const { cluster } = this
    yield* this.tellTruth()
    for (const node of cluster.nodes.keys()) {
      const { sandbox, names } = cluster.lastQuestions(node)
      if (sandbox === null || !cluster.isActive(node)) continue
      for (const name of names) {
        const question: Operation = { type: 'query', sandbox, name, qtype: 'A', transport: 'udp', size: 0 }
        yield* this.operate(node, question)
      }
    }
  }

  protected *evaluate(name: string, words: readonly string[]): Generator<void, string | null, void> {
    return evaluateDiscovery(name, words, yield* this.inspectAll())
  }
}

/** The n-th of several tasks that are alike: with a sandbox, names and an address of its own. */
function replica(of: EndpointSetting, number: number): EndpointSetting {
  const octets = of.address.split('.').map(Number)
  const value = octets.reduce((sum, octet) => sum * 256 + octet, 0) + number
  const address = [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.')
  const numbered = (word: string): string => `${word}.${number}`
  return {
    ...of,
    endpoint: numbered(of.endpoint),
    sandbox: numbered(of.sandbox),
    name: numbered(of.name),
    aliases: of.aliases.map(numbered),
    address,
    address6: '',
  }
}
