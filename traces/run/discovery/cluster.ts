/** The world around the nodes of a run of service discovery: resolvers outside, and what is known of what is attached. */
import { between, mix, mixText } from '../../../impl/sim/hash.ts'
import type { Hello } from '../../../impl/contract/discovery.ts'
import type {
  Answer,
  AnswerRecord,
  DiscoveryScenario,
  EndpointSetting,
  Forward,
  Input,
  QueryType,
  UpstreamReply,
} from '../../../models/discovery/vocabulary.ts'
import type { Milliseconds } from '../../../models/vocabulary.ts'
import type { Recording } from '../../record.ts'
import type { DiscoverySurface } from '../../surface.ts'
import { increment } from '../counts.ts'
import { PeerCluster } from '../peer-cluster.ts'

/** How long an answer from outside takes, in milliseconds. */
const upstreamDelay = [1, 60] as const
/** How many names are asked for in the end. */
const mostNames = 6

interface Coming {
  readonly at: Milliseconds
  readonly forward: number
  readonly reply: UpstreamReply
}

const rcodes = { answers: 0, servfail: 2, nxdomain: 3, refused: 5 } as const

export class DiscoveryCluster extends PeerCluster<DiscoverySurface> {
  readonly #scenario: DiscoveryScenario
  /** By node: answers from outside that are under way, the next one first. */
  readonly #coming: Coming[][] = this.nodes.map(() => [])
  /** By identity of an endpoint: the life in which it was attached. */
  readonly #used = new Map<string, string>()
  /** By node: its first sandbox. */
  readonly #sandboxes: (string | null)[] = this.nodes.map(() => null)
  readonly #names: string[] = []

  constructor(scenario: DiscoveryScenario, hello: Hello, recording: Recording<DiscoverySurface>) {
    super(scenario, hello, recording, null)
    this.#scenario = scenario
  }

  /** Whether an endpoint of this identity may be attached: there is none of it, but perhaps in the same life. */
  mayAttach(node: number, endpoint: string): boolean {
    return (this.#used.get(endpoint) ?? this.names[node]) === this.names[node]
  }

  noteAttached(node: number, { endpoint, sandbox, name, service }: EndpointSetting): void {
    this.#used.set(endpoint, this.names[node]!)
    this.#sandboxes[node] ??= sandbox
    const known = service?.name ?? name
    if (this.#names.length < mostNames && !this.#names.includes(known)) this.#names.push(known)
  }

  /** Names that are asked for in the end, and the sandbox of a node that asks; null for none. */
  lastQuestions(node: number): { readonly sandbox: string | null; readonly names: readonly string[] } {
    return { sandbox: this.#sandboxes[node]!, names: this.#names }
  }

  protected due(node: number): Milliseconds {
    return this.#coming[node]![0]?.at ?? Infinity
  }

  protected takeDue(node: number, at: Milliseconds): Input {
    const { forward, reply } = this.#coming[node]!.shift()!
    return { type: 'upstream', node: this.nodes[node]!, at, forward, reply }
  }

  protected completed(): void {}

  protected override stopped(node: number): void {
    super.stopped(node)
    this.#coming[node] = []
    this.#sandboxes[node] = null
  }

  protected take(node: number, { outputs, state }: Answer): void {
    if (state?.life !== undefined) this.noteName(node, state.life)
    for (const output of outputs) {
      if (output.type === 'message') this.send(node, output, output.reliable)
      else if (output.type === 'forward') this.#forward(node, output)
      else increment(this.results, output.status)
    }
  }

  /** What the resolver outside does is written in the scenario. */
  #forward(node: number, { id, server, name, qtype }: Forward): void {
    const { options, conducts } = this.#scenario
    const conduct = conducts[options.upstreams.findIndex(({ address }) => address === server)] ?? 'silent'
    if (conduct === 'silent') return
    const at = this.now + between(mix(this.seed, id), ...upstreamDelay)
    const reply = { rcode: rcodes[conduct], answers: conduct === 'answers' ? this.#records(name, qtype) : [] }
    const coming = this.#coming[node]!
    const place = coming.findIndex((each) => each.at > at)
    coming.splice(place < 0 ? coming.length : place, 0, { at, forward: id, reply })
  }

  #records(name: string, qtype: QueryType): AnswerRecord[] {
    const number = between(mixText(this.seed, name), 1, 250)
    const data = {
      A: `192.0.2.${number}`,
      AAAA: `2001:db8::${number.toString(16)}`,
      PTR: `host-${number}.example`,
      TXT: `text ${number}`,
      MX: '',
      SRV: '',
    }[qtype]
    return data === '' ? [] : [{ name, type: qtype, ttl: 60, data }]
  }
}
