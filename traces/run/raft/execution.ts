/** One Raft scenario run against one cluster. */
import type { Hello, Start } from '../../../impl/contract/raft.ts'
import type { Operation, OutgoingMessage, RaftScenario } from '../../../models/raft/vocabulary.ts'
import type { CrashKeep, NodeId, Target } from '../../../models/vocabulary.ts'
import { type SeenNode, evaluate, inspects } from '../../expect.ts'
import { Recording } from '../../record.ts'
import type { JudgeOf, RaftSurface } from '../../surface.ts'
import { increment } from '../counts.ts'
import { Execution, type Settling } from '../execution.ts'
import type { RunOptions } from '../result.ts'
import { RaftCluster } from './cluster.ts'

/** In `settle`, liveness must show within this many least election timeouts. */
export const settleElectionTimeouts = 30

/** How a cluster is started for a scenario. */
export function startOf({ nodes, configuration, options, seed }: RaftScenario): Start {
  return { nodes, configuration, options, seed }
}

export class RaftExecution extends Execution<RaftSurface, RaftCluster> {
  protected readonly settling: Settling
  #probes = 0
  #commitAtHeal = 0

  /** `forgotten` is given the messages that will not be delivered (again); whoever reads them empties it. */
  constructor(
    scenario: RaftScenario,
    hello: Hello,
    judge: JudgeOf<RaftSurface>,
    options: RunOptions,
    forgotten: number[] | null,
  ) {
    const recording = new Recording<RaftSurface>(options.record ?? true)
    const cluster = new RaftCluster(scenario, hello, recording, forgotten)
    super({ scenario, hello, judge, cluster, recording, start: startOf(scenario), options })
    const { electionTimeout, heartbeatInterval } = scenario.options
    this.settling = {
      // A round trip ends well within an election timeout.
      delay: Math.max(1, heartbeatInterval >> 1),
      grace: electionTimeout,
      bound: settleElectionTimeouts * electionTimeout,
      interval: electionTimeout,
      tick: heartbeatInterval,
    }
  }

  /** The node that is meant; -1 if it is the leader and there is none. */
  protected target(target: Target): number {
    const { cluster } = this
    if (target !== 'leader') return cluster.number(target)
    const leader = cluster.leader()
    if (leader >= 0) this.targets[this.stepIndex] = cluster.nodes[leader]!
    return leader
  }

  protected operating(id: number, { type }: Operation): void {
    if (type === 'change-membership') this.cluster.membershipOperations.add(id)
  }

  protected healed(): void {
    this.#commitAtHeal = this.cluster.greatestCommit()
  }

  protected comesBack(): boolean {
    return true
  }

  protected intervene(): null {
    return null
  }

  protected progress(): number {
    return Math.max(0, this.cluster.greatestCommit() - this.#commitAtHeal)
  }

  /** Moves the node's clock forward until it campaigns. */
  protected *timeout(node: number): Generator<void, void, void> {
    const { cluster } = this
    if (!cluster.isActive(node) || cluster.states[node]!.role === 'leader') return increment(this.skipped, 'timeout')
    yield* this.catchUp(node)
    const { term, role } = cluster.states[node]!
    const { electionTimeout, heartbeatInterval } = this.scenario.options
    const until = cluster.local(node) + 2 * electionTimeout + heartbeatInterval
    cluster.tell('timeout', cluster.nodes[node]!)
    for (;;) {
      const at = cluster.wake(node)
      if (at > until) return increment(this.skipped, 'timeout')
      const { outputs } = yield* this.ask(node, { type: 'advance', node: cluster.nodes[node]!, at, until })
      const state = cluster.states[node]!
      const asked = outputs.some((output) => output.type === 'message' && isCampaign(output))
      if (asked || state.term > term || (state.role !== role && state.role !== 'follower')) break
    }
    cluster.faults.count('timeout')
  }

  protected *crash(node: number, keep: CrashKeep, torn: boolean): Generator<void, void, void> {
    const { cluster } = this
    if (!this.hello.capabilities.disk) return increment(this.outside, 'crash')
    if (node < 0 || !cluster.isUp(node)) return increment(this.skipped, 'crash')
    yield* this.catchUp(node)
    const { keep: kept, torn: tornWrite } = cluster.crashDisk(node, keep, torn)
    const at = cluster.local(node)
    yield* this.ask(node, { type: 'crash', node: cluster.nodes[node]!, at, keep: kept, torn: tornWrite })
  }

  /**
   * Asks a node that says it leads for progress, by a command and by a read, and one that follows it by a read; if
   * there are several, each in turn.
   */
  protected *probe(): Generator<void, void, void> {
    const leaders = this.cluster.leaders()
    const leader = leaders[this.#probes % Math.max(1, leaders.length)]
    if (leader === undefined) return
    const value = `probe-${++this.#probes}`
    yield* this.operate(leader, { type: 'propose', command: { type: 'put', key: 'probe', value } })
    const reads = this.hello.operations.includes('read') && this.hello.profiles.includes('raft-read-index')
    if (!reads) return
    yield* this.operate(leader, { type: 'read', key: 'probe', by: 'read-index' })
    const followers = this.cluster.followersOf(leader)
    const follower = followers[this.#probes % Math.max(1, followers.length)]
    if (follower !== undefined) yield* this.operate(follower, { type: 'read', key: 'probe', by: 'read-index' })
  }

  protected *evaluate(name: string, words: readonly string[]): Generator<void, string | null, void> {
    const { cluster } = this
    const snapshot = new Map<NodeId, SeenNode>()
    for (const [number, node] of cluster.nodes.entries()) {
      const running = cluster.isUp(number)
      const inspection = running && inspects(name) ? yield* this.inspect(number) : undefined
      snapshot.set(node, { running, state: cluster.states[number]!, received: cluster.received[number]!, inspection })
    }
    return evaluate(name, words, snapshot)
  }
}

function isCampaign({ view }: OutgoingMessage): boolean {
  return view.kind === 'request-vote' || view.kind === 'pre-vote'
}
