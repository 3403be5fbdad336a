/** Mutants of balancing: connections and ports. */
import { BalancingNode } from '../../../impl/reference/balancing/node.ts'
import { memberKey, type Connection } from '../../../impl/reference/balancing/traffic.ts'
import { never } from '../../../impl/reference/swim/never.ts'
import type { Listener, Message, Operation, Pool, PoolMember, Scheme } from '../../../models/balancing/vocabulary.ts'
import type { NodeId } from '../../../models/vocabulary.ts'
import { balancingMutant, folklore, type Mutant } from '../mutant.ts'

type Connect = Extract<Operation, { readonly type: 'connect' }>
type Dial = Extract<Operation, { readonly type: 'dial' }>
type Send = Extract<Operation, { readonly type: 'send' }>
type Open = Extract<Message, { readonly kind: 'open' }>

export const traffic: readonly Mutant[] = [
  balancingMutant({
    name: 'gives-two-in-a-row',
    breaks: 'balancing/rotates-exactly',
    also: {
      'balancing/mesh-reaches-remote': 'Where the one that was passed over is elsewhere.',
      'balancing/enabled-again-gets-traffic': 'Where it was enabled again.',
    },
    rule: 'Each backend gets two connections in a row.',
    seenIn: folklore,
    Node: class extends BalancingNode {
      readonly #second = new Map<string, string>()

      protected override choose(turn: string, pool: Pool): PoolMember | undefined {
        const before = this.#second.get(turn)
        const again = pool.members.find((member) => memberKey(member) === before && this.isActive(member))
        this.#second.delete(turn)
        if (again !== undefined) return again
        const chosen = super.choose(turn, pool)
        if (chosen !== undefined) this.#second.set(turn, memberKey(chosen))
        return chosen
      }
    },
  }),
  balancingMutant({
    name: 'ignores-weights',
    breaks: 'balancing/weight-zero-gets-none',
    rule: 'Who drains gets new connections.',
    seenIn: 'resolves-draining, moby',
    Node: class extends BalancingNode {
      protected override isActive(): boolean {
        return true
      }
    },
  }),
  balancingMutant({
    name: 'refuses-while-draining',
    breaks: 'balancing/tries-backends',
    also: { 'balancing/mesh-reaches-remote': 'Where all tasks are elsewhere.' },
    rule: 'While somebody drains, nobody is chosen.',
    seenIn: folklore,
    Node: class extends BalancingNode {
      protected override choose(turn: string, pool: Pool): PoolMember | undefined {
        return pool.members.every(({ weight }) => weight === 1) ? super.choose(turn, pool) : undefined
      }
    },
  }),
  balancingMutant({
    name: 'says-nothing-of-nobody',
    breaks: 'balancing/refuses-without-backend',
    rule: 'A connection to nobody is left to time out.',
    seenIn: 'an address without rules',
    Node: class extends BalancingNode {
      protected override connect(id: number, request: Connect): void {
        if (this.pools.has(`${request.service} ${request.network}`)) return super.connect(id, request)
        this.result(id, 'unknown', { reason: 'timeout' })
      }
    },
  }),
  balancingMutant({
    name: 'shares-pools',
    breaks: 'balancing/stays-within-service',
    also: { 'balancing/refuses-without-backend': 'Where the service itself has nobody.' },
    rule: 'A network has one pool for all services.',
    seenIn: folklore,
    Node: class extends BalancingNode {
      protected override connect(id: number, request: Connect): void {
        const pool = [...this.pools.values()].find(({ network }) => network === request.network)
        super.connect(id, pool === undefined ? request : { ...request, service: pool.service })
      }
    },
  }),
  balancingMutant({
    name: 'balances-each-packet',
    breaks: 'balancing/established-stays',
    also: { 'balancing/draining-keeps-established': 'Where it has to be another.' },
    rule: 'Each request of a connection has its own turn.',
    seenIn: 'UDP without persistence',
    Node: class extends BalancingNode {
      protected override proceed(id: number, request: Send): void {
        const connection = this.connections.get(request.connection)
        const pool = connection?.pool == null ? undefined : this.pools.get(connection.pool)
        const next = pool === undefined ? undefined : this.choose('packets', pool)
        if (connection !== undefined && next !== undefined)
          this.connections.set(request.connection, { ...connection, ...next })
        super.proceed(id, request)
      }
    },
  }),
  balancingMutant({
    name: 'cuts-draining',
    breaks: 'balancing/draining-keeps-established',
    rule: 'Connections of who drains are ended.',
    seenIn: folklore,
    Node: class extends BalancingNode {
      protected override isStillThere(connection: Connection): boolean {
        const members = connection.pool === null ? [] : (this.pools.get(connection.pool)?.members ?? [])
        const own = members.find(({ task, node }) => task === connection.task && node === connection.node)
        return own?.weight !== 0 && super.isStillThere(connection)
      }
    },
  }),
  balancingMutant({
    name: 'sends-to-the-removed',
    breaks: 'balancing/removed-resets',
    rule: 'A connection goes on to a backend that is gone.',
    seenIn: 'IPVS without expire_nodest_conn',
    Node: class extends BalancingNode {
      protected override isStillThere(): boolean {
        return true
      }
    },
  }),
  balancingMutant({
    name: 'answers-for-anybody',
    breaks: 'balancing/only-running-answers',
    rule: 'A node answers for tasks that it has not.',
    seenIn: folklore,
    Node: class extends BalancingNode {
      protected override arrive(connection: number, task: string, source: string, scheme: Scheme): boolean {
        this.accepted.set(connection, task)
        this.show({ type: 'arrival', connection, task, source, scheme })
        return true
      }
    },
  }),
  balancingMutant({
    name: 'mesh-loops',
    breaks: 'balancing/one-forward',
    rule: 'A connection that was passed on is balanced once more.',
    seenIn: folklore,
    Node: class extends BalancingNode {
      protected override onOpen(from: NodeId, view: Open): void {
        const service = this.tasks.get(view.task)?.service
        const pool = [...this.pools.values()].find((each) => each.service === service)
        const next = pool === undefined ? undefined : this.choose('once more', pool)
        if (next === undefined || next.node === this.id) super.onOpen(from, view)
        else this.send(next.node, { ...view, task: next.task })
      }
    },
  }),
  balancingMutant({
    name: 'answers-for-the-task',
    breaks: 'balancing/result-tells-task',
    rule: 'A client is told that it is connected before the task has answered.',
    seenIn: 'a proxy that accepts first',
    Node: class extends BalancingNode {
      protected override wait(request: number, label: string, connection: Connection): void {
        super.wait(request, label, connection)
        this.result(request, 'ok', { task: connection.task, node: connection.node })
      }
    },
  }),
  balancingMutant({
    name: 'waits-for-ever',
    breaks: 'balancing/connections-end-in-time',
    rule: 'A connection waits for its task as long as it takes.',
    seenIn: folklore,
    Node: class extends BalancingNode {
      protected override waitDeadline(): number {
        return never
      }
    },
  }),
  balancingMutant({
    name: 'drops-what-is-passed-on',
    breaks: 'balancing/reaches-every-task',
    rule: 'A node drops the connections that are passed to it.',
    seenIn: 'an ingress network that is blocked by a firewall',
    Node: class extends BalancingNode {
      protected override onOpen(): void {}
    },
  }),
  balancingMutant({
    name: 'listens-where-tasks-run',
    breaks: 'balancing/listens-everywhere',
    rule: 'A node without a task of the service does not listen.',
    seenIn: 'mesh-without-remote, moby',
    Node: class extends BalancingNode {
      protected override isMeshed(service: string): boolean {
        return super.isMeshed(service) && [...this.tasks.values()].some((task) => task.service === service)
      }
    },
  }),
  balancingMutant({
    name: 'listens-for-nobody',
    breaks: 'balancing/closes-without-backend',
    rule: 'A port is open though nobody is there.',
    seenIn: folklore,
    Node: class extends BalancingNode {
      protected override isMeshed(): boolean {
        return true
      }
    },
  }),
  balancingMutant({
    name: 'says-nothing-at-closed-ports',
    breaks: 'balancing/closed-port-refuses',
    also: { 'balancing/host-port-where-task-runs': 'Where the number is one of hosts elsewhere.' },
    rule: 'A connection to a closed port is left to time out.',
    seenIn: 'filters that drop',
    Node: class extends BalancingNode {
      protected override dial(id: number, request: Dial): void {
        const isOpen = [...this.listeners.values()].some(
          ({ port, protocol }) => port === request.port && protocol === request.protocol,
        )
        if (isOpen) return super.dial(id, request)
        this.result(id, 'unknown', { reason: 'timeout' })
      }
    },
  }),
  balancingMutant({
    name: 'mesh-without-remote',
    breaks: 'balancing/mesh-reaches-remote',
    rule: 'The mesh knows the tasks of its own node only.',
    seenIn: 'moby',
    Node: class extends BalancingNode {
      protected override choose(turn: string, pool: Pool): PoolMember | undefined {
        if (pool.network !== 'ingress') return super.choose(turn, pool)
        return super.choose(turn, { ...pool, members: pool.members.filter(({ node }) => node === this.id) })
      }
    },
  }),
  balancingMutant({
    name: 'mesh-shows-client',
    breaks: 'balancing/ingress-hides-client',
    rule: 'The mesh passes on the address of the client.',
    seenIn: folklore,
    Node: class extends BalancingNode {
      protected override sourceOf(client: string): string {
        return client
      }
    },
  }),
  balancingMutant({
    name: 'opens-host-ports-everywhere',
    breaks: 'balancing/host-port-where-task-runs',
    rule: 'A port of hosts is open on every node.',
    seenIn: 'the two modes mixed up',
    Node: class extends BalancingNode {
      protected override listenersNow(): Map<string, Listener> {
        const listeners = super.listenersNow()
        for (const { service, ports } of this.services().values()) {
          for (const { protocol, published: port, mode } of ports)
            if (mode === 'host') listeners.set(`${protocol} ${port} host`, { protocol, port, mode, service })
        }
        return listeners
      }
    },
  }),
  balancingMutant({
    name: 'shares-host-ports',
    breaks: 'balancing/host-port-one-task',
    rule: 'Two tasks of one node have one port.',
    seenIn: folklore,
    Node: class extends BalancingNode {
      protected override isInUse(): boolean {
        return false
      }
    },
  }),
  balancingMutant({
    name: 'hides-clients-of-hosts',
    breaks: 'balancing/host-keeps-client',
    rule: 'A port of hosts shows the address of its node.',
    seenIn: 'docker-proxy',
    Node: class extends BalancingNode {
      protected override dialTask(id: number, label: string, task: string): void {
        super.dialTask(id, label, task, this.id)
      }
    },
  }),
]
