/** Random schedules of service discovery: services come and go, nodes fail, and whoever is there asks for names. */
import type { Hello } from '../../impl/contract/discovery.ts'
import { garbledBytes } from '../../models/discovery/rules.ts'
import type {
  DiscoveryOptions,
  DiscoveryScenario,
  EndpointSetting,
  LifeOperation,
  NetworkSetting,
  Question,
  QueryType,
  ScenarioOperation,
  ServiceSetting,
  UpstreamConduct,
} from '../../models/discovery/vocabulary.ts'
import type { Milliseconds, NetworkProfile, NodeId, Step } from '../../models/vocabulary.ts'
import { type Draw, drawFrom, pick, pickSome, pickWeighted } from './draw.ts'
import { drawClockFault, drawLinkFault, type LinkFault } from './faults.ts'

type DiscoveryStep = Step<ScenarioOperation>

export interface DiscoveryScheduleSize {
  /** How many faults come one after the other. Default 3 to 5. */
  readonly episodes?: number
  /** Least simulated time before faults end. Default 60 s. */
  readonly duration?: Milliseconds
}

/** A schedule that depends on the seed and on what the implementation offers. */
export function drawDiscoverySchedule(seed: number, hello: Hello, size: DiscoveryScheduleSize = {}): DiscoveryScenario {
  const draw = drawFrom(seed)
  const nodes = Array.from({ length: draw.integer(2, 4) }, (_, index) => `n${index + 1}`)
  const options = drawOptions(draw)
  const conducts = options.upstreams.map(() => drawConduct(draw))
  const source = new Source(draw, hello, nodes, options)
  const steps: DiscoveryStep[] = [...source.begin()]
  const episodes = size.episodes ?? draw.integer(3, 5)
  const duration = Math.ceil((size.duration ?? 60_000) / episodes)
  for (let episode = 0; episode < episodes; episode++) {
    const length = draw.integer(duration, Math.ceil(1.5 * duration))
    const faulty = Math.ceil((length * draw.integer(30, 70)) / 100)
    steps.push(...source.disturb(episode), ...source.traffic(faulty))
    steps.push(...source.mend(), ...source.traffic(length - faulty))
  }
  steps.push(...source.mendAll(), { step: 'settle' })
  return {
    version: 1,
    surface: 'discovery',
    name: `discovery schedule ${seed}`,
    seed,
    nodes,
    options,
    conducts,
    network: drawNetwork(draw, hello, options),
    steps,
  }
}

/** Names with dots, so that there is more than one way to split. */
const [main, side, ingress, local] = ['blue', 'x.blue', 'ingress', 'host'] as const

function drawOptions(draw: Draw): DiscoveryOptions {
  const networks: NetworkSetting[] = [
    { name: main, kind: 'overlay', internal: draw.chance(0.3) },
    { name: side, kind: 'overlay', internal: draw.chance(0.5) },
    { name: ingress, kind: 'ingress', internal: true },
    { name: local, kind: 'local', internal: draw.chance(0.3) },
  ]
  const gossipInterval = pick(draw, [100, 200, 200, 500])
  return {
    networks,
    upstreams: Array.from({ length: pick(draw, [0, 1, 2, 2, 3, 4, 4]) }, (_, index) => ({
      address: `192.0.2.${53 + index}`,
      host: draw.chance(0.6),
    })),
    ndots: draw.chance(0.3),
    gossipInterval,
    syncInterval: gossipInterval * pick(draw, [20, 50, 100]),
  }
}

const drawConduct = (draw: Draw): UpstreamConduct =>
  pickWeighted(draw, [
    [3, 'answers'],
    [2, 'nxdomain'],
    [3, 'servfail'],
    [2, 'refused'],
    [3, 'silent'],
  ] as const)

function drawNetwork(draw: Draw, hello: Hello, { gossipInterval }: DiscoveryOptions): NetworkProfile {
  const least = draw.integer(1, 10)
  const greatest = least + draw.integer(0, Math.ceil(gossipInterval / pick(draw, [2, 5, 10])))
  if (draw.chance(0.3)) return { delay: [least, greatest], loss: 0, duplicate: 0, reorder: 0 }
  const { fifo, noDuplicates } = hello.assumptions
  return {
    delay: [least, greatest],
    loss: pick(draw, [0, 0.02, 0.1, 0.3]),
    duplicate: noDuplicates ? 0 : pick(draw, [0, 0.02, 0.1]),
    reorder: fifo ? 0 : pick(draw, [0, 0.05, 0.2]),
  }
}

interface Service extends ServiceSetting {
  readonly network: string
}

const services: readonly Service[] = [
  { name: 'web', aliases: ['www', 'site'], vip: '10.0.1.2', network: main },
  { name: 'api', aliases: [], vip: '10.0.2.2', network: side },
  { name: 'db', aliases: ['sql'], vip: '', network: main },
  { name: 'mq', aliases: ['queue'], vip: '', network: side },
]
/** More tasks than a small datagram has room for. */
const big: Service = { name: 'big', aliases: ['crowd'], vip: '', network: main }

type Fault = LinkFault | 'isolate' | 'crash' | 'flap' | 'pause' | 'clock' | 'suspect'

interface Attached {
  readonly node: NodeId
  readonly endpoint: string
  readonly sandbox: string
  readonly network: string
  readonly name: string
  readonly alias: string
  readonly address: string
  readonly service: Service | null
}

/** Draws faults, what ends them, and what happens meanwhile. */
class Source {
  readonly #draw: Draw
  readonly #hello: Hello
  readonly #nodes: readonly NodeId[]
  readonly #options: DiscoveryOptions
  readonly #isBig: boolean
  #attached: Attached[] = []
  /** Addresses of endpoints that are gone. */
  readonly #past: string[] = []
  #ending: DiscoveryStep[] = []
  #count = 0
  readonly #addresses = new Map<string, number>()

  constructor(draw: Draw, hello: Hello, nodes: readonly NodeId[], options: DiscoveryOptions) {
    this.#draw = draw
    this.#hello = hello
    this.#nodes = nodes
    this.#options = options
    this.#isBig = draw.chance(0.3)
  }

  /** Every node has somebody who asks, and most services have tasks. */
  begin(): DiscoveryStep[] {
    const draw = this.#draw
    const steps = this.#nodes.flatMap((node) => this.#askers(node))
    for (const service of services) {
      const count = draw.integer(0, 3)
      for (let each = 0; each < count; each++) steps.push(...this.#task(service, pick(draw, this.#nodes)))
    }
    if (this.#isBig) steps.push(...this.#crowd())
    return [...steps, { step: 'run', duration: 10 * this.#options.gossipInterval }]
  }

  /** The first two episodes have faults of different kinds that are sure to have an effect. */
  disturb(episode: number): DiscoveryStep[] {
    const { capabilities, assumptions } = this.#hello
    const many = this.#nodes.length
    if (episode === 0) return this.#start('isolate')
    if (episode === 1) return this.#start(capabilities.restart ? 'crash' : 'split')
    return this.#start(
      pickWeighted<Fault>(this.#draw, [
        [4, 'split'],
        [many > 2 ? 1 : 0, 'bridge'],
        [2, 'isolate'],
        [many > 3 ? 1 : 0, 'ring'],
        [3, 'cut'],
        [2, 'hold'],
        [capabilities.restart ? 3 : 0, 'crash'],
        [capabilities.restart ? 2 : 0, 'flap'],
        [4, 'pause'],
        [assumptions.clockDrift > 0 ? 2 : 0, 'clock'],
        [3, 'suspect'],
      ]),
    )
  }

  mend(): DiscoveryStep[] {
    // What is not ended here is ended together with a later episode.
    return this.#draw.chance(0.15) ? [] : this.mendAll()
  }

  mendAll(): DiscoveryStep[] {
    const ending = this.#ending
    this.#ending = []
    return ending
  }

  /** Some operations and many questions over this time. */
  traffic(duration: Milliseconds): DiscoveryStep[] {
    const draw = this.#draw
    const steps: DiscoveryStep[] = []
    const parts = draw.integer(3, 6)
    for (let part = 0; part < parts; part++) {
      const changes = draw.integer(0, 2)
      for (let each = 0; each < changes; each++) steps.push(...this.#change())
      const questions = draw.integer(2, 6)
      for (let each = 0; each < questions; each++) steps.push(...this.#ask())
      steps.push({ step: 'run', duration: Math.ceil(duration / parts) })
    }
    return steps
  }

  // What is attached

  #address(network: string): string {
    const number = (this.#addresses.get(network) ?? 10) + 1
    this.#addresses.set(network, number)
    const place = this.#options.networks.findIndex(({ name }) => name === network) + 1
    return `10.${network === local ? 9 : 0}.${place}.${number % 256}`
  }

  #attach(
    node: NodeId,
    parts: Partial<EndpointSetting> & Pick<EndpointSetting, 'sandbox' | 'network' | 'name'>,
  ): DiscoveryStep {
    const draw = this.#draw
    const endpoint = `e${++this.#count}`
    const setting: EndpointSetting = {
      endpoint,
      aliases: [`id${this.#count}`, ...(draw.chance(0.1) ? [parts.name] : [])],
      address: this.#address(parts.network),
      address6: '',
      service: null,
      checked: false,
      ...parts,
    }
    const service = [...services, big].find(({ name }) => name === setting.service?.name) ?? null
    const { sandbox, network, name, address } = setting
    this.#attached.push({ node, endpoint, sandbox, network, name, alias: setting.aliases[0]!, address, service })
    return operate(node, { type: 'attach', ...setting })
  }

  /** Containers from which names are asked for, on some networks; a few have names that could be taken for others. */
  #askers(node: NodeId): DiscoveryStep[] {
    const draw = this.#draw
    const boxes = draw.integer(1, 2)
    return Array.from({ length: boxes }, (_, box) => {
      const sandbox = `${node}.box${++this.#count}`
      const networks =
        box === 0 ? [main, side, local, ingress].filter(() => draw.chance(0.6)) : [pick(draw, [main, side, local])]
      return (networks.length === 0 ? [main] : networks).map((network) =>
        this.#attach(node, {
          sandbox,
          network,
          name: pick(draw, ['cache', 'cache', 'a', 'a.x', 'web.blue', `${node}.box`]),
          ...(network === local && draw.chance(0.5) ? { address6: `fd00::${this.#count.toString(16)}` } : {}),
        }),
      )
    }).flat()
  }

  #task(service: Service, node: NodeId): DiscoveryStep[] {
    const draw = this.#draw
    const { name, aliases, vip, network } = service
    const slot = `${name}.${this.#count + 1}`
    const task = { sandbox: `task${this.#count + 1}`, name: slot, checked: draw.chance(0.5) }
    const steps = [this.#attach(node, { ...task, network, service: { name, aliases, vip } })]
    const { checked, sandbox } = task
    const endpoint = this.#attached.at(-1)!.endpoint
    // What is published is reached through another network, on which nothing has a name.
    if (draw.chance(0.2)) {
      const published = { name, aliases, vip: vip === '' ? '' : `10.0.3.${vip.split('.')[2]}` }
      steps.push(this.#attach(node, { sandbox, network: ingress, name: slot, service: published }))
    }
    if (checked && draw.chance(0.6)) steps.push(operate(node, { type: 'healthy', endpoint }))
    return steps
  }

  #crowd(): DiscoveryStep[] {
    const node = pick(this.#draw, this.#nodes)
    const count = this.#draw.integer(30, 45)
    const of = {
      endpoint: `e${++this.#count}`,
      sandbox: `crowd${this.#count}`,
      network: main,
      name: 'big',
      aliases: [],
      address: '10.0.7.0',
      address6: '',
      service: { name: big.name, aliases: big.aliases, vip: '' },
      checked: false,
    }
    for (let number = 1; number <= count; number++) {
      const [endpoint, sandbox, name] = [of.endpoint, of.sandbox, of.name].map((word) => `${word}.${number}`)
      const address = `10.0.7.${number}`
      this.#attached.push({
        node,
        endpoint: endpoint!,
        sandbox: sandbox!,
        network: main,
        name: name!,
        alias: name!,
        address,
        service: big,
      })
    }
    return [operate(node, { type: 'replicas', count, of })]
  }

  #change(): DiscoveryStep[] {
    const draw = this.#draw
    if (draw.chance(0.35) || this.#attached.length === 0)
      return this.#task(pick(draw, services), pick(draw, this.#nodes))
    // Mostly tasks: who asks is needed.
    const tasks = this.#attached.filter(({ service }) => service !== null)
    const some = tasks.length > 0 && draw.chance(0.85) ? tasks : this.#attached
    const { node, endpoint } = pick(draw, some)
    const type = pickWeighted(draw, [
      [4, 'healthy'],
      [3, 'unhealthy'],
      [3, 'drain'],
      [5, 'detach'],
    ] as const)
    // A service may go as a whole.
    const service =
      type === 'healthy' ? null : (this.#attached.find((each) => each.endpoint === endpoint)?.service ?? null)
    if (service !== null && service !== big && draw.chance(0.3)) {
      return tasks
        .filter((each) => each.service === service)
        .flatMap((each) => this.#end(each.node, type, each.endpoint))
    }
    return this.#end(node, type, endpoint)
  }

  #end(node: NodeId, type: LifeOperation, endpoint: string): DiscoveryStep[] {
    if (type === 'detach') this.#forget((each) => each.endpoint === endpoint)
    return [operate(node, { type, endpoint })]
  }

  #forget(isGone: (each: Attached) => boolean): void {
    this.#past.push(...this.#attached.filter(isGone).map(({ address }) => address))
    this.#attached = this.#attached.filter((each) => !isGone(each))
  }

  // Questions

  #ask(): DiscoveryStep[] {
    const draw = this.#draw
    if (this.#attached.length === 0) return []
    // Askers come first among what is attached, and have most networks.
    const askers = this.#attached.filter(({ service }) => service === null)
    const { node, sandbox } = pick(draw, askers.length > 0 && draw.chance(0.8) ? askers : this.#attached)
    if (draw.chance(0.03)) return [operate(node, { type: 'garbled', sandbox, bytes: pick(draw, garbledBytes) })]
    if (draw.chance(0.02)) {
      const service = pick(draw, services)
      const name = draw.chance(0.5) ? `tasks.${service.name}` : service.name
      return [operate(node, { type: 'queries', sandbox, times: 250, ...plain(name, 'A') })]
    }
    return [operate(node, { type: 'query', sandbox, ...this.#question() })]
  }

  #question(): Question {
    const draw = this.#draw
    const qtype = pickWeighted<QueryType>(draw, [
      [60, 'A'],
      [10, 'AAAA'],
      [12, 'PTR'],
      [6, 'MX'],
      [5, 'TXT'],
      [4, 'SRV'],
    ])
    const name = qtype === 'PTR' ? this.#pointer() : this.#name()
    const transport = draw.chance(0.15) ? 'tcp' : 'udp'
    return { name, qtype, transport, size: draw.chance(0.3) ? pick(draw, [300, 512, 1_232, 4_096]) : 0 }
  }

  #pointer(): string {
    const draw = this.#draw
    const known = draw.chance(0.7)
      ? pick(draw, this.#attached).address
      : pick(draw, [
          ...services.map(({ vip }) => vip).filter((vip) => vip !== ''),
          '203.0.113.9',
          ...this.#past.slice(-3),
        ])
    return `${known.split('.').toReversed().join('.')}.in-addr.arpa`
  }

  #name(): string {
    const draw = this.#draw
    if (this.#isBig && draw.chance(0.2)) return pick(draw, ['big', 'tasks.big', 'crowd'])
    const name = this.#plainName()
    const whole = draw.chance(0.15) ? `${name}.${pick(draw, [main, side, local, ingress])}` : name
    return draw.chance(0.08) ? whole.toUpperCase() : draw.chance(0.04) ? `${whole}.` : whole
  }

  #plainName(): string {
    const draw = this.#draw
    const service = pick(draw, services)
    const names = [service.name, ...service.aliases]
    const { name, alias } = pick(draw, this.#attached)
    switch (
      pickWeighted(draw, [
        [6, 'service'],
        [4, 'tasks'],
        [3, 'container'],
        [2, 'alias'],
        [3, 'special'],
        [3, 'unknown'],
      ] as const)
    ) {
      case 'service':
        return pick(draw, names)
      case 'tasks':
        return `tasks.${pick(draw, names)}`
      case 'container':
        return name
      case 'alias':
        return alias
      case 'special':
        return pick(draw, ['web.blue', 'a.x.blue', 'cache', 'a', 'a.x', 'cache.host'])
      case 'unknown':
        return pick(draw, ['nobody', 'example.com', 'nobody.blue', 'tasks.nobody'])
    }
  }

  // Faults

  #start(fault: Fault): DiscoveryStep[] {
    const draw = this.#draw
    const nodes = this.#nodes
    const node = pick(draw, nodes)
    switch (fault) {
      case 'split':
      case 'bridge':
      case 'ring':
      case 'cut':
      case 'hold': {
        const { begin, end } = drawLinkFault(draw, nodes, fault)
        return this.#until(end, ...begin)
      }
      case 'isolate':
        return this.#until(
          [{ step: 'heal' }, ...this.#tellAll('up', node, true)],
          { step: 'isolate', node },
          ...this.#tellAll('down', node, true),
        )
      case 'crash': {
        const down = pickSome(draw, nodes, 1, Math.max(1, Math.floor(nodes.length / 2)))
        const notice = draw.chance(0.8) ? down.flatMap((each) => this.#tellAll('down', each, false)) : []
        const crashes = down.map((each): DiscoveryStep => ({ step: 'crash', node: each, keep: 'none', torn: false }))
        this.#forget((each) => down.includes(each.node))
        return this.#until(
          down.flatMap((each) => this.#back(each)),
          ...crashes,
          ...notice,
        )
      }
      case 'flap':
        // Back before anybody has noticed: the new life comes upon what the old one has left.
        this.#forget((each) => each.node === node)
        return [{ step: 'crash', node, keep: 'none', torn: false }, { step: 'run', duration: 500 }, ...this.#back(node)]
      case 'pause':
        return this.#until(
          [{ step: 'resume', node }, ...this.#tellAll('up', node, true)],
          { step: 'pause', node },
          ...(draw.chance(0.5) ? this.#tellAll('down', node, false) : []),
        )
      case 'suspect':
        // Somebody is lost from sight who is there.
        return this.#until(this.#tellAll('up', node, false), ...this.#tellAll('down', node, false))
      case 'clock': {
        const { begin, end } = drawClockFault(draw, nodes, this.#hello.assumptions.clockDrift)
        return this.#until(end, ...begin)
      }
    }
  }

  /** Most others are told of a node; and it of them, if `mutual`. */
  #tellAll(type: 'up' | 'down', node: NodeId, mutual: boolean): DiscoveryStep[] {
    const others = this.#nodes.filter((other) => other !== node && this.#draw.chance(0.85))
    return others.flatMap((other) => [
      operate(other, { type, peer: node }),
      ...(mutual ? [operate(node, { type, peer: other })] : []),
    ])
  }

  /** Starts again, finds the others, and somebody is there again who asks. */
  #back(node: NodeId): DiscoveryStep[] {
    return [{ step: 'restart', node }, ...this.#tellAll('up', node, true), ...this.#askers(node)]
  }

  #until(ending: readonly DiscoveryStep[], ...steps: DiscoveryStep[]): DiscoveryStep[] {
    this.#ending.push(...ending)
    return steps
  }
}

const plain = (name: string, qtype: QueryType): Question => ({ name, qtype, transport: 'udp', size: 0 })

const operate = (node: NodeId, operation: ScenarioOperation): DiscoveryStep => ({ step: 'operation', node, operation })
