/** Mutants of nodes: what they run and tell, what they show, whom they reach. */
import type {
  AssignedNetwork,
  Assignment,
  EndpointRecord,
  Message,
  PeerRecord,
} from '../../../models/network/vocabulary.ts'
import { NetworkNode } from '../../../impl/reference/network/node.ts'
import { keyOf, readEndpoint, writeEndpoint, writePeer } from '../../../impl/reference/network/records.ts'
import { folklore, networkMutant, type NetworkMutant } from '../mutant.ts'

type Frame = Message & { readonly kind: 'frame' }

export const running: readonly NetworkMutant[] = [
  networkMutant({
    name: 'panics-at-lost-frames',
    breaks: 'network/survives',
    rule: 'A frame for an address that nobody has any more ends the node.',
    seenIn: folklore,
    Node: class extends NetworkNode {
      protected override receiver(frame: Frame): string {
        const task = super.receiver(frame)
        if (task === null) throw new Error(`nobody has ${frame.address}`)
        return task
      }
    },
  }),
  networkMutant({
    name: 'numbers-networks-itself',
    breaks: 'network/vni-as-allocated',
    rule: 'A node gives its networks VNIs in the order in which it joins them.',
    seenIn: folklore,
    Node: class extends NetworkNode {
      protected override joinNetwork({ network }: AssignedNetwork): void {
        super.joinNetwork({ network, vni: this.options.firstVni + this.networks.size })
      }
    },
  }),
  networkMutant({
    name: 'tells-of-the-leader',
    breaks: 'network/publishes-what-runs',
    rule: 'The way to a task is told to lead to the node from which the assignment came.',
    seenIn: folklore,
    Node: class extends NetworkNode {
      protected override publishPeer(assignment: Assignment): void {
        const { network, task } = assignment
        const value = writePeer(assignment, this.leader ?? this.address)
        this.write({ type: 'create', network, key: keyOf('peer', task), value })
      }
    },
  }),
  networkMutant({
    name: 'tells-no-vip',
    breaks: 'network/publishes-what-runs',
    rule: 'The record of an endpoint lacks the virtual address of its service.',
    seenIn: folklore,
    Node: class extends NetworkNode {
      protected override publishEndpoint(assignment: Assignment): void {
        super.publishEndpoint({ ...assignment, vip: '' })
      }
    },
  }),
  networkMutant({
    name: 'tells-no-port',
    breaks: 'network/publishes-what-runs',
    rule: 'The record of an endpoint lacks the port that its service publishes.',
    seenIn: folklore,
    Node: class extends NetworkNode {
      protected override publishEndpoint(assignment: Assignment): void {
        super.publishEndpoint({ ...assignment, port: 0 })
      }
    },
  }),
  networkMutant({
    name: 'stops-without-a-word',
    breaks: 'network/withdraws-with-task',
    rule: 'A task that stops is still told of.',
    seenIn: 'https://github.com/moby/moby/issues/26060',
    Node: class extends NetworkNode {
      protected override withdraw(): void {}
    },
  }),
  networkMutant({
    name: 'withdraws-names-only',
    breaks: 'network/withdraws-with-task',
    rule: 'The names of a task that stops go, and the way to it stays.',
    seenIn: folklore,
    Node: class extends NetworkNode {
      protected override withdrawPeer(): void {}
    },
  }),
  networkMutant({
    name: 'withdraws-ways-only',
    breaks: 'network/withdraws-with-task',
    rule: 'The way to a task that stops goes, and its names stay.',
    seenIn: 'https://github.com/moby/moby/issues/33790',
    Node: class extends NetworkNode {
      protected override withdrawEndpoint(): void {}
    },
  }),
  networkMutant({
    name: 'forgets-ports-of-others',
    breaks: 'network/views-by-owner',
    rule: 'Of what others tell the published port is not read.',
    seenIn: folklore,
    Node: class extends NetworkNode {
      protected override showEndpoint(network: string, task: string, owner: string, value: string | null): void {
        const isOwn = value === null || owner === this.life
        super.showEndpoint(network, task, owner, isOwn ? value : withoutPort(value, network, task))
      }
    },
  }),
  networkMutant({
    name: 'listens-in-on-networks',
    breaks: 'network/views-need-network',
    rule: 'A node hears of all networks, and takes part in one only when it runs a task there.',
    seenIn: folklore,
    Node: class extends NetworkNode {
      private readonly heard = new Map<string, AssignedNetwork>()

      protected override joinNetwork(assigned: AssignedNetwork): void {
        if (this.heard.has(assigned.network)) return
        this.heard.set(assigned.network, assigned)
        this.write({ type: 'join-network', network: assigned.network })
      }

      protected override start(assignment: Assignment): void {
        const assigned = this.heard.get(assignment.network)
        if (assigned !== undefined) super.joinNetwork(assigned)
        super.start(assignment)
      }
    },
  }),
  networkMutant({
    name: 'resolves-across-networks',
    breaks: 'network/resolves-view',
    rule: 'A name is looked up in all networks of the node.',
    seenIn: 'libnetwork: a name leaks to a network that its endpoint is not on',
    Node: class extends NetworkNode {
      protected override resolve(_network: string, name: string): string[] {
        return [...this.networks.keys()].flatMap((network) => super.resolve(network, name))
      }
    },
  }),
  networkMutant({
    name: 'names-the-gone',
    breaks: 'network/resolves-view',
    rule: 'Names are learned from records that come, and not unlearned with those that go.',
    seenIn: 'https://github.com/moby/moby/issues/30134',
    also: {
      'network/name-gives-held-vip': 'The virtual address of a service that was there before comes with the new one.',
    },
    Node: class extends NetworkNode {
      protected override unname(): void {}
    },
  }),
  networkMutant({
    name: 'remembers-answers',
    breaks: 'network/name-gives-held-vip',
    rule: 'What a name has given once it gives for as long as anything is there.',
    seenIn: 'moby: reports of stale names and neighbours',
    also: { 'network/resolves-view': 'Where tasks are named one by one, those that came later are missing.' },
    Node: class extends NetworkNode {
      private readonly answers = new Map<string, string[]>()

      protected override resolve(network: string, name: string): string[] {
        const found = super.resolve(network, name)
        const isVip = [...this.endpoints.values()].some((record) => found.includes(record.vip))
        if (!isVip) return found
        const known = this.answers.get(`${network} ${name}`) ?? found
        this.answers.set(`${network} ${name}`, known)
        return known
      }
    },
  }),
  networkMutant({
    name: 'keeps-its-first-choice',
    breaks: 'network/reaches-own-service',
    rule: 'Connections to a name go to the address that was chosen first, whoever has it by now.',
    seenIn: 'moby: reports of stale names and neighbours',
    also: { 'network/names-reach-tasks': 'Mostly nobody has it.' },
    Node: class extends NetworkNode {
      private readonly choices = new Map<string, string>()

      protected override choose(network: string, resolved: readonly string[], backends: readonly string[]): string {
        const key = `${network} ${resolved.join(' ')}`
        const chosen = this.choices.get(key) ?? super.choose(network, resolved, backends)
        this.choices.set(key, chosen)
        return chosen
      }
    },
  }),
  networkMutant({
    name: 'balances-over-all-services',
    breaks: 'network/reaches-own-service',
    rule: 'Behind a virtual address stand the tasks of all services of the network.',
    seenIn: folklore,
    Node: class extends NetworkNode {
      protected override backendsOf(network: string): string[] {
        return [...this.endpoints.values()].filter((record) => record.network === network).map(({ address }) => address)
      }
    },
    also: { 'network/port-reaches-publisher': 'So stand they behind a port.' },
  }),
  networkMutant({
    name: 'sends-on-any-overlay',
    breaks: 'network/carries-on-overlay',
    rule: 'A frame carries the VNI of the first network of the node.',
    seenIn: folklore,
    Node: class extends NetworkNode {
      protected override vniOf(network: string): number {
        const [first] = this.networks.values()
        return first ?? super.vniOf(network)
      }
    },
    also: { 'network/answers-only-own': 'By the same number frames are taken.' },
  }),
  networkMutant({
    name: 'sends-to-any-peer',
    breaks: 'network/carries-on-overlay',
    rule: 'A frame goes to the first peer of the network, whatever its address.',
    seenIn: folklore,
    Node: class extends NetworkNode {
      protected override peerOf(network: string): PeerRecord | undefined {
        return [...this.peers.values()].find((record) => record.network === network)
      }
    },
  }),
  networkMutant({
    name: 'answers-for-every-address',
    breaks: 'network/answers-only-own',
    rule: 'A node answers for any address of a network in which it runs a task.',
    seenIn: folklore,
    Node: class extends NetworkNode {
      protected override receiver(frame: Frame): string | null {
        const known = super.receiver(frame)
        if (known !== null) return known
        const other = [...this.tasks.values()].find(({ network }) => this.networks.get(network) === frame.vni)
        return other?.task ?? null
      }
    },
  }),
  networkMutant({
    name: 'keys-endpoints-by-address',
    breaks: 'network/answers-only-own',
    rule: 'Who has an address is looked up without regard to the network.',
    seenIn: folklore,
    Node: class extends NetworkNode {
      protected override receiver({ address }: Frame): string | null {
        return [...this.tasks.values()].find((task) => task.address === address)?.task ?? null
      }
    },
  }),
  networkMutant({
    name: 'takes-silence-for-yes',
    breaks: 'network/result-as-answered',
    rule: 'A connection that nobody answered counts for made with whom the node shows at the address.',
    seenIn: folklore,
    Node: class extends NetworkNode {
      protected override connectionsDue(): void {
        for (const [connection, { deadline, chosen }] of this.pending) {
          const shown = [...this.endpoints.values()].find(({ address }) => address === chosen)
          if (deadline <= this.now && shown !== undefined) {
            this.answered({ kind: 'frame-reply', connection, task: shown.task })
          }
        }
        super.connectionsDue()
      }
    },
  }),
  networkMutant({
    name: 'takes-any-port',
    breaks: 'network/port-reaches-publisher',
    rule: 'A connection to a published port goes to the first service that publishes any.',
    seenIn: folklore,
    Node: class extends NetworkNode {
      protected override publisherOf(port: number): EndpointRecord | undefined {
        if (super.publisherOf(port) === undefined) return undefined
        return [...this.endpoints.values()].find((record) => record.port !== 0)
      }
    },
  }),
  networkMutant({
    name: 'waits-for-ever',
    breaks: 'network/answers',
    rule: 'A connection that nobody answers does not end.',
    seenIn: folklore,
    Node: class extends NetworkNode {
      protected override connectionsDue(): void {}

      protected override connectionDeadline(): number {
        return Number.MAX_SAFE_INTEGER
      }
    },
  }),
  networkMutant({
    name: 'restarted-nodes-tell-nothing',
    breaks: 'network/views-converge',
    rule: 'A node that was started again runs its tasks, and tells nobody.',
    seenIn: folklore,
    Node: class extends NetworkNode {
      protected override publish(assignment: Assignment): void {
        if (this.life === this.address) super.publish(assignment)
      }
    },
  }),
  networkMutant({
    name: 'tells-no-way',
    breaks: 'network/views-converge',
    rule: 'A node that was started again tells the names of its tasks, and not the way to them.',
    seenIn: folklore,
    Node: class extends NetworkNode {
      protected override publishPeer(assignment: Assignment): void {
        if (this.life === this.address) super.publishPeer(assignment)
      }
    },
  }),
  networkMutant({
    name: 'keeps-ways-to-the-gone',
    breaks: 'network/nothing-remains',
    rule: 'Peers of others are kept for good.',
    seenIn: 'https://github.com/moby/moby/issues/33721',
    also: {
      'network/views-need-network': 'Also where the node has left the network.',
      'network/names-reach-tasks': 'The way to an address that is used again leads to where it was.',
    },
    Node: class extends NetworkNode {
      protected override dropPeer(network: string, task: string): void {
        if (this.tasks.has(task)) super.dropPeer(network, task)
      }
    },
  }),
  networkMutant({
    name: 'restarted-nodes-answer-nobody',
    breaks: 'network/names-reach-tasks',
    rule: 'A node that was started again takes no frames.',
    seenIn: folklore,
    also: { 'network/ports-reach-tasks': 'Whether they come by name or by port.' },
    Node: class extends NetworkNode {
      protected override receiver(frame: Frame): string | null {
        return this.life === this.address ? super.receiver(frame) : null
      }
    },
  }),
  networkMutant({
    name: 'mesh-without-remote',
    breaks: 'network/ports-reach-tasks',
    rule: 'A published port leads only to tasks of the node itself.',
    seenIn: 'https://github.com/moby/moby/issues/25693',
    Node: class extends NetworkNode {
      protected override publisherOf(port: number): EndpointRecord | undefined {
        const found = super.publisherOf(port)
        return found?.owner === this.life ? found : undefined
      }
    },
  }),
]

function withoutPort(value: string, network: string, task: string): string {
  return writeEndpoint({ ...readEndpoint(value), network, task, port: 0 })
}
