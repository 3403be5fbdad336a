/** Mutants of balancing: tasks, pools, and what nodes tell each other. */
import { BalancingNode } from '../../../impl/reference/balancing/node.ts'
import type { Task } from '../../../impl/reference/balancing/tasks.ts'
import type { Held, Peer } from '../../../impl/reference/balancing/telling.ts'
import { memberKey } from '../../../impl/reference/balancing/traffic.ts'
import { never } from '../../../impl/reference/swim/never.ts'
import type {
  Backend,
  NodeState,
  Operation,
  Pool,
  PoolMember,
  Reason,
  Told,
  Update,
} from '../../../models/balancing/vocabulary.ts'
import type { NodeId } from '../../../models/vocabulary.ts'
import { balancingMutant, folklore, type Mutant } from '../mutant.ts'

type Send = Extract<Operation, { readonly type: 'send' }>
type Start = Extract<Operation, { readonly type: 'start' }>

export const tasks: readonly Mutant[] = [
  balancingMutant({
    name: 'panics-on-lost-connection',
    breaks: 'balancing/survives',
    rule: 'A request on a connection that is not there makes a node panic.',
    seenIn: folklore,
    Node: class extends BalancingNode {
      protected override proceed(id: number, request: Send): void {
        if (!this.connections.has(request.connection)) throw new Error('no such connection')
        super.proceed(id, request)
      }
    },
  }),
  balancingMutant({
    name: 'counts-no-lives',
    breaks: 'balancing/starts-clean',
    rule: 'A node believes to be in its first life.',
    seenIn: folklore,
    Node: class extends BalancingNode {
      protected override observe(): NodeState {
        return { ...super.observe(), life: 1 }
      }
    },
  }),
  balancingMutant({
    name: 'starts-without-address',
    breaks: 'balancing/vip-before-tasks',
    rule: 'A task of a service that is not known starts.',
    seenIn: 'swarmkit',
    Node: class extends BalancingNode {
      protected override startTask(request: Start): Reason | '' {
        const reason = super.startTask(request)
        if (reason !== 'not-found') return reason
        this.tasks.set(request.task, { service: request.service, ports: [], state: 'starting' })
        return ''
      }
    },
  }),
  balancingMutant({
    name: 'enables-anything',
    breaks: 'balancing/tasks-follow-operations',
    rule: 'What is asked of a task that is not there is granted.',
    seenIn: folklore,
    Node: class extends BalancingNode {
      protected override enableTask(name: string): Reason | '' {
        return this.tasks.has(name) ? super.enableTask(name) : ''
      }
    },
  }),
  balancingMutant({
    name: 'serves-before-healthy',
    breaks: 'balancing/only-healthy-is-backend',
    rule: 'A task is a backend from its start.',
    seenIn: 'resolves-unhealthy, moby',
    Node: class extends BalancingNode {
      protected override isBackend(): boolean {
        return true
      }
    },
  }),
  balancingMutant({
    name: 'enables-late',
    breaks: 'balancing/enable-adds-backend',
    rule: 'A task that becomes healthy is noticed with the next change.',
    seenIn: folklore,
    Node: class extends BalancingNode {
      protected override become(name: string, task: Task, state: Task['state']): void {
        if (task.state !== 'starting') return super.become(name, task, state)
        task.state = state
        this.sayBackend(name, this.backendOf(name, task))
        this.tellAll()
      }
    },
  }),
  balancingMutant({
    name: 'drops-draining',
    breaks: 'balancing/disable-takes-weight',
    also: { 'balancing/updates-tell-all': 'It is told with weight 0 all the same.' },
    rule: 'A task that drains is removed at once.',
    seenIn: folklore,
    Node: class extends BalancingNode {
      protected override isBackend({ state }: Task): boolean {
        return state === 'enabled'
      }
    },
  }),
  balancingMutant({
    name: 'stuck-at-weight-zero',
    breaks: 'balancing/enabled-again-gets-traffic',
    rule: 'A backend that is enabled again keeps its weight of 0.',
    seenIn: 'libnetwork, read in source',
    Node: class extends BalancingNode {
      protected override poolsNow(): Map<string, Pool> {
        const pools = super.poolsNow()
        for (const [key, pool] of pools) {
          const before = this.pools.get(key)?.members ?? []
          const stuck = before.filter(({ weight }) => weight === 0).map(memberKey)
          const members = pool.members.map((member) =>
            stuck.includes(memberKey(member)) ? { ...member, weight: 0 as const } : member,
          )
          pools.set(key, { ...pool, members })
        }
        return pools
      }
    },
  }),
  balancingMutant({
    name: 'keeps-stopped',
    breaks: 'balancing/stop-removes-backend',
    rule: 'A task that has stopped stays in the pools of its node.',
    seenIn: folklore,
    Node: class extends BalancingNode {
      readonly #ghosts: (Backend & { readonly node: string })[] = []

      protected override stopTask(name: string): Reason | '' {
        const task = this.tasks.get(name)
        if (task !== undefined && task.state !== 'starting')
          this.#ghosts.push({ ...this.backendOf(name, task), node: this.id })
        return super.stopTask(name)
      }

      protected override members(): Map<string, PoolMember[]> {
        const members = super.members()
        for (const { service, task, node, weight } of this.#ghosts)
          members.set(service, [...(members.get(service) ?? []), { task, node, weight }])
        return members
      }
    },
  }),
  balancingMutant({
    name: 'follows-late',
    breaks: 'balancing/follows-service',
    rule: 'A change of a service is noticed by the manager with the next change of a task.',
    seenIn: folklore,
    Node: class extends BalancingNode {
      #manages = false

      protected override manage(operation: Parameters<BalancingNode['manage']>[0]): Reason | '' {
        this.#manages = true
        const reason = super.manage(operation)
        this.#manages = false
        return reason
      }

      protected override changed(): void {
        if (!this.#manages) super.changed()
      }
    },
  }),
  balancingMutant({
    name: 'drops-who-refuses',
    breaks: 'balancing/changes-by-cause',
    rule: 'A backend that has refused a connection is taken out.',
    seenIn: 'health checks of load balancers',
    Node: class extends BalancingNode {
      protected override onAnswer(view: Parameters<BalancingNode['onAnswer']>[0]): void {
        const waiting = this.waiting.get(view.request)
        super.onAnswer(view)
        if (waiting === undefined || view.status === 'ok') return
        this.peers.get(waiting.connection.node)?.held.backends.delete(waiting.connection.task)
        this.changed()
      }
    },
  }),
  balancingMutant({
    name: 'ignores-removals',
    breaks: 'balancing/takes-news',
    rule: 'A record that is no more is kept.',
    seenIn: 'what deletions of networkdb are for',
    Node: class extends BalancingNode {
      protected override takeRecord<Content>(
        records: Map<string, Content>,
        told: Told<Content>,
        version: number,
      ): void {
        if (told.content !== null) super.takeRecord(records, told, version)
      }
    },
  }),
  balancingMutant({
    name: 'believes-old-records',
    breaks: 'balancing/ignores-old-records',
    also: { 'balancing/acknowledges-what-it-holds': 'It then holds less than before.' },
    rule: 'Whatever comes last counts.',
    seenIn: folklore,
    Node: class extends BalancingNode {
      protected override isOld(): boolean {
        return false
      }

      protected override takeRecord<Content>(records: Map<string, Content>, told: Told<Content>): void {
        super.takeRecord(records, told, -1)
      }
    },
  }),
  balancingMutant({
    name: 'keeps-earlier-lives',
    breaks: 'balancing/new-life-replaces',
    rule: 'What an earlier life has told is kept.',
    seenIn: 'what purgeReincarnation of libnetwork guards against',
    Node: class extends BalancingNode {
      protected override forget(): void {}
    },
  }),
  balancingMutant({
    name: 'keeps-lost-nodes',
    breaks: 'balancing/hides-lost-nodes',
    rule: 'The backends of a node that is lost get connections.',
    seenIn: 'moby',
    Node: class extends BalancingNode {
      protected override isHidden(): boolean {
        return false
      }
    },
  }),
  balancingMutant({
    name: 'forgets-lost-nodes',
    breaks: 'balancing/restores-returned-nodes',
    rule: 'What a lost node has told is forgotten.',
    seenIn: folklore,
    Node: class extends BalancingNode {
      protected override seePeer(node: NodeId, lost: boolean): Reason | '' {
        if (lost) this.peers.get(node)?.held.backends.clear()
        return super.seePeer(node, lost)
      }
    },
  }),
  balancingMutant({
    name: 'tells-full-weights',
    breaks: 'balancing/updates-tell-own',
    rule: 'Every backend is told with weight 1.',
    seenIn: folklore,
    Node: class extends BalancingNode {
      protected override updateSince(since: number): Update {
        const update = super.updateSince(since)
        const backends = update.backends.map((told) =>
          told.content === null ? told : { ...told, content: { ...told.content, weight: 1 as const } },
        )
        return { ...update, backends }
      }
    },
  }),
  balancingMutant({
    name: 'tells-no-removals',
    breaks: 'balancing/updates-tell-all',
    rule: 'That something is no more is not told.',
    seenIn: folklore,
    Node: class extends BalancingNode {
      protected override updateSince(since: number): Update {
        const update = super.updateSince(since)
        const backends = update.backends.filter(({ content }) => content !== null)
        return { ...update, backends }
      }
    },
  }),
  balancingMutant({
    name: 'acknowledges-only-news',
    breaks: 'balancing/acknowledges-what-it-holds',
    rule: 'An update is answered only by who holds something.',
    seenIn: folklore,
    Node: class extends BalancingNode {
      protected override acknowledge(to: NodeId, life: number, held: Held): void {
        if (held.version > 0) super.acknowledge(to, life, held)
      }
    },
  }),
  balancingMutant({
    name: 'tells-only-news',
    breaks: 'balancing/updates-periodically',
    rule: 'Who has acknowledged all is told no more.',
    seenIn: folklore,
    Node: class extends BalancingNode {
      protected override tellsNext(peer: Peer): number {
        return peer.acknowledged < this.version ? super.tellsNext(peer) : never
      }
    },
  }),
  balancingMutant({
    name: 'believes-all-is-known',
    breaks: 'balancing/backends-converge',
    rule: 'Any acknowledgement counts for all that there is.',
    seenIn: folklore,
    Node: class extends BalancingNode {
      protected override onAck(from: NodeId, life: number): void {
        super.onAck(from, life, this.version)
      }
    },
  }),
]
