/** Random schedules of balancing: services come and change, tasks live, clients connect, nodes are lost and come back. */
import type { Hello } from '../../impl/contract/balancing.ts'
import type {
  BalancingOptions,
  BalancingScenario,
  Operation,
  Port,
  Route,
  ServiceSpec,
} from '../../models/balancing/vocabulary.ts'
import type { Milliseconds, NetworkProfile, NodeId, Step } from '../../models/vocabulary.ts'
import { type Draw, drawFrom, pick, pickSome, pickWeighted } from './draw.ts'
import { drawClockFault, drawLinkFault, type LinkFault } from './faults.ts'

type BalancingStep = Step<Operation>

export interface BalancingScheduleSize {
  /** How many faults come one after the other. Default 4 to 6. */
  readonly episodes?: number
  /** Least simulated time before faults end. Default 60 s. */
  readonly duration?: Milliseconds
}

const services = ['web', 'api', 'db'] as const
type ServiceName = (typeof services)[number]
const tasksOfNode = 3

/** A schedule that depends on the seed and on what the implementation offers. */
export function drawBalancingSchedule(seed: number, hello: Hello, size: BalancingScheduleSize = {}): BalancingScenario {
  const draw = drawFrom(seed)
  const count = pickWeighted(draw, [
    [20, 2],
    [45, 3],
    [25, 4],
    [10, 5],
  ] as const)
  const nodes = Array.from({ length: count }, (_, index) => `n${index + 1}`)
  const options = drawOptions(draw)
  const source = new Source(draw, hello, nodes, options)
  const steps: BalancingStep[] = [...source.populate()]
  const episodes = size.episodes ?? draw.integer(4, 6)
  const duration = Math.ceil((size.duration ?? 60_000) / episodes)
  for (let episode = 0; episode < episodes; episode++) {
    const length = draw.integer(duration, Math.ceil(1.3 * duration))
    const faulty = Math.ceil((length * draw.integer(20, 50)) / 100)
    steps.push(...source.begin(episode), ...source.traffic(faulty))
    steps.push(...source.end(), ...source.traffic(length - faulty))
  }
  steps.push(...source.endAll(), { step: 'settle' })
  return {
    version: 1,
    surface: 'balancing',
    name: `balancing schedule ${seed}`,
    seed,
    nodes,
    options,
    network: drawNetwork(draw, hello),
    steps,
  }
}

function drawOptions(draw: Draw): BalancingOptions {
  // Sometimes there are few addresses, so that they run out and come again.
  const length = draw.chance(0.3) ? pick(draw, [29, 30]) : 24
  return {
    networks: [
      { network: 'ingress', subnet: `10.0.0.0/${draw.chance(0.2) ? 29 : 24}` },
      { network: 'net1', subnet: `10.0.1.0/${length}` },
      { network: 'net2', subnet: '10.0.2.0/24' },
    ],
    retryInterval: pick(draw, [100, 200, 500]),
    refreshInterval: pick(draw, [1_000, 2_000, 5_000]),
    connectTimeout: pick(draw, [500, 1_000, 3_000]),
  }
}

function drawNetwork(draw: Draw, hello: Hello): NetworkProfile {
  const least = draw.integer(1, 5)
  const greatest = least + draw.integer(0, pick(draw, [5, 20, 60]))
  if (draw.chance(0.25)) return { delay: [least, greatest], loss: 0, duplicate: 0, reorder: 0 }
  const { fifo, noDuplicates } = hello.assumptions
  return {
    delay: [least, greatest],
    loss: pick(draw, [0, 0.02, 0.1, 0.3]),
    duplicate: noDuplicates ? 0 : pick(draw, [0, 0.02, 0.1]),
    reorder: fifo ? 0 : pick(draw, [0, 0.05, 0.2]),
  }
}

type Fault = LinkFault | 'isolate' | 'crash' | 'flap' | 'pause' | 'clock' | 'suspect'

/** Draws faults, what ends them, and what is asked meanwhile. */
class Source {
  readonly #draw: Draw
  readonly #hello: Hello
  readonly #nodes: readonly NodeId[]
  readonly #manager: NodeId
  readonly #options: BalancingOptions
  #ending: BalancingStep[] = []

  constructor(draw: Draw, hello: Hello, nodes: readonly NodeId[], options: BalancingOptions) {
    this.#draw = draw
    this.#hello = hello
    this.#nodes = nodes
    this.#manager = nodes[0]!
    this.#options = options
  }

  /** Most services are there, with tasks on most nodes. */
  populate(): BalancingStep[] {
    const draw = this.#draw
    const created = services
      .filter(() => draw.chance(0.9))
      .map((service) => operate(this.#manager, { type: 'create-service', ...this.#spec(service) }))
    const tasks = this.#nodes.flatMap((node) => this.#start(node))
    return [...created, this.#wait(2), ...tasks, this.#wait(2), ...this.#burst()]
  }

  /** The first three episodes have faults of different kinds that are sure to have an effect. */
  begin(episode: number): BalancingStep[] {
    const { capabilities, assumptions } = this.#hello
    const many = this.#nodes.length
    if (episode === 0) return this.#begin('isolate')
    if (episode === 1) return this.#begin(capabilities.restart ? 'crash' : 'split')
    if (episode === 2) return this.#begin('pause')
    return this.#begin(
      pickWeighted<Fault>(this.#draw, [
        [4, 'split'],
        [many > 2 ? 1 : 0, 'bridge'],
        [3, 'isolate'],
        [many > 3 ? 1 : 0, 'ring'],
        [3, 'cut'],
        [3, 'hold'],
        [capabilities.restart ? 4 : 0, 'crash'],
        [capabilities.restart ? 3 : 0, 'flap'],
        [2, 'pause'],
        [assumptions.clockDrift > 0 ? 2 : 0, 'clock'],
        [4, 'suspect'],
      ]),
    )
  }

  end(): BalancingStep[] {
    // What is not ended here is ended together with a later episode.
    return this.#draw.chance(0.15) ? [] : this.endAll()
  }

  endAll(): BalancingStep[] {
    const ending = this.#ending
    this.#ending = []
    return ending
  }

  /** Some operations over this time. */
  traffic(duration: Milliseconds): BalancingStep[] {
    const draw = this.#draw
    const steps: BalancingStep[] = []
    const parts = draw.integer(3, 6)
    for (let part = 0; part < parts; part++) {
      if (draw.chance(0.8)) steps.push(...this.#change())
      if (draw.chance(0.3)) steps.push(...this.#drainAndBack())
      if (draw.chance(0.5)) steps.push(this.#wait(1))
      steps.push(...this.#burst(), this.#wait(1), this.#send(), this.#send())
      steps.push({ step: 'run', duration: Math.ceil(duration / parts) })
    }
    return steps
  }

  // What clients do

  /** Connections one after the other at one node, so that all have their turn. */
  #burst(): BalancingStep[] {
    const draw = this.#draw
    const node = pick(draw, this.#nodes)
    const count = draw.integer(2, 6)
    const kind = pickWeighted(draw, [
      [5, 'connect'],
      [5, 'dial'],
      [4, 'request'],
    ] as const)
    const make = kind === 'connect' ? this.#connect() : kind === 'dial' ? this.#dial() : this.#request()
    return Array.from({ length: count }, (_, at) => operate(node, make(`c${at + 1}`)))
  }

  #connect(): (connection: string) => Operation {
    const draw = this.#draw
    const service = pick(draw, services)
    const network = draw.chance(0.75) ? 'net1' : 'net2'
    return (connection) => ({ type: 'connect', connection, service, network })
  }

  #dial(): (connection: string) => Operation {
    const draw = this.#draw
    const service = pick(draw, services)
    const client = `client${draw.integer(1, 3)}`
    const isNumber = draw.chance(0.4)
    const port = isNumber ? pick(draw, numbers) : 0
    const protocol = this.#protocol()
    const place = isNumber ? { port, service: '', target: 0 } : { port: 0, service, target: pick(draw, [80, 80, 443]) }
    return (connection) => ({ type: 'dial', connection, protocol, ...place, client })
  }

  #request(): (connection: string) => Operation {
    const draw = this.#draw
    const host = draw.chance(0.8)
      ? `${pick(draw, services)}.example`
      : draw.chance(0.5)
        ? 'WEB.Example'
        : 'other.example'
    const scheme = draw.chance(0.6) ? 'http' : 'https'
    const client = `client${draw.integer(1, 3)}`
    const cookies = [`s${draw.integer(1, 2)}`, `s${draw.integer(1, 2)}`, '']
    let at = 0
    return (connection) => ({
      type: 'request',
      connection,
      scheme,
      host,
      cookie: scheme === 'http' ? cookies[at++ % cookies.length]! : '',
      client,
    })
  }

  #send(): BalancingStep {
    const draw = this.#draw
    return operate(pick(draw, this.#nodes), { type: 'send', connection: `c${draw.integer(1, 4)}` })
  }

  // What becomes of services and tasks

  #change(): BalancingStep[] {
    const draw = this.#draw
    const node = pick(draw, this.#nodes)
    const service = pick(draw, services)
    const at = draw.chance(0.9) ? this.#manager : node
    const task = this.#task(node)
    switch (
      pickWeighted(draw, [
        [3, 'create'],
        [5, 'update'],
        [2, 'remove'],
        [1, 'replace'],
        [6, 'start'],
        [4, 'enable'],
        [4, 'disable'],
        [3, 'stop'],
      ] as const)
    ) {
      case 'create':
        return [operate(at, { type: 'create-service', ...this.#spec(service) })]
      case 'update':
        return [operate(at, { type: 'update-service', ...this.#spec(service) })]
      case 'remove':
        return [operate(at, { type: 'remove-service', service })]
      case 'replace':
        return [
          operate(at, { type: 'remove-service', service }),
          operate(at, { type: 'create-service', ...this.#spec(service) }),
        ]
      case 'start':
        return this.#start(node)
      case 'enable':
        return [operate(node, { type: 'enable', task })]
      case 'disable':
        return [operate(node, { type: 'disable', task })]
      case 'stop':
        return [operate(node, { type: 'stop', task })]
    }
  }

  /** A task drains while its connections go on, and takes more again. */
  #drainAndBack(): BalancingStep[] {
    const draw = this.#draw
    const node = pick(draw, this.#nodes)
    const task = this.#task(node)
    const asked = pick(draw, this.#nodes)
    const send: BalancingStep[] = [1, 2, 3].map((at) => operate(asked, { type: 'send', connection: `c${at}` }))
    return [
      operate(node, { type: 'enable', task }),
      this.#wait(1),
      ...this.#burst(),
      operate(node, { type: 'disable', task }),
      this.#wait(1),
      ...send,
      ...this.#burst(),
      operate(node, { type: draw.chance(0.7) ? 'enable' : 'stop', task }),
      this.#wait(1),
      ...send,
      ...this.#burst(),
    ]
  }

  #start(node: NodeId): BalancingStep[] {
    const draw = this.#draw
    const task = this.#task(node)
    const service = draw.chance(0.5) ? 'web' : pick(draw, services)
    const isHealthy = draw.chance(0.8)
    return [
      operate(node, { type: 'start', task, service }),
      ...(draw.chance(0.3) ? [this.#wait(1)] : []),
      ...(isHealthy ? [operate(node, { type: 'enable', task })] : []),
    ]
  }

  #task(node: NodeId): string {
    return `${node}-t${this.#draw.integer(1, tasksOfNode)}`
  }

  #protocol(): Port['protocol'] {
    return pickWeighted(this.#draw, [
      [7, 'tcp'],
      [2, 'udp'],
      [1, 'sctp'],
    ] as const)
  }

  #spec(service: ServiceName): ServiceSpec {
    const draw = this.#draw
    const mode = draw.chance(0.85) ? 'vip' : 'dnsrr'
    const networks = pickSome(draw, ['net1', 'net2'], draw.chance(0.85) ? 1 : 0, 2)
    if (draw.chance(0.03)) networks.push(pick(draw, ['net9', 'net1']))
    const ports = Array.from({ length: pick(draw, [0, 1, 1, 1, 2, 2]) }, () => this.#port(mode))
    const count = ports.length > 0 || draw.chance(0.05) ? pick(draw, [0, 1, 1, 2]) : 0
    const routes = Array.from({ length: count }, () => this.#route(service, ports))
    return { service, mode, networks, ports, routes }
  }

  #port(mode: ServiceSpec['mode']): Port {
    const draw = this.#draw
    const isIngress = draw.chance(mode === 'vip' ? 0.75 : 0.1)
    const isChosen = isIngress && draw.chance(0.45)
    return {
      protocol: this.#protocol(),
      target: pick(draw, [80, 80, 443]),
      published: isChosen ? 0 : pick(draw, numbers),
      mode: isIngress ? 'ingress' : 'host',
    }
  }

  #route(service: ServiceName, ports: readonly Port[]): Route {
    const draw = this.#draw
    const kind = draw.chance(0.6) ? 'http' : 'sni'
    const host = pickWeighted(draw, [
      [8, `${service}.example`],
      [2, ''],
    ] as const)
    const isWrong = draw.chance(0.04)
    const target = isWrong ? 99 : ports.length === 1 && draw.chance(0.5) ? 0 : (ports[0]?.target ?? 0)
    if (kind === 'sni')
      return { kind, host, target, sticky: '', redirect: draw.chance(0.05) ? 'http://away.example' : '' }
    return {
      kind,
      host,
      target,
      sticky: draw.chance(0.6) ? 'sid' : '',
      redirect: draw.chance(0.15) ? `https://${service}.example/` : '',
    }
  }

  // Faults

  #begin(fault: Fault): BalancingStep[] {
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
      case 'crash':
        return this.#until(
          [{ step: 'restart', node }, ...this.#tellAll('up', node, false), this.#wait(2), ...this.#start(node)],
          { step: 'crash', node, keep: 'none', torn: false },
          this.#wait(1),
          ...(draw.chance(0.7) ? this.#tellAll('down', node, false) : []),
        )
      case 'flap':
        // Back before anybody has noticed: the new life comes upon what the old one has left.
        return [
          { step: 'crash', node, keep: 'none', torn: false },
          this.#wait(1),
          { step: 'restart', node },
          this.#wait(1),
          ...this.#start(node),
        ]
      case 'pause': {
        const unseen = draw.chance(0.5)
        return this.#until(
          [{ step: 'resume', node }, ...(unseen ? [] : this.#tellAll('up', node, false))],
          { step: 'pause', node },
          ...(unseen ? [] : this.#tellAll('down', node, false)),
        )
      }
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
  #tellAll(type: 'up' | 'down', node: NodeId, mutual: boolean): BalancingStep[] {
    const others = this.#nodes.filter((other) => other !== node && this.#draw.chance(0.85))
    return others.flatMap((other) => [
      operate(other, { type, peer: node }),
      ...(mutual ? [operate(node, { type, peer: other })] : []),
    ])
  }

  #wait(rounds: number): BalancingStep {
    return { step: 'run', duration: rounds * this.#draw.integer(10, this.#options.retryInterval) }
  }

  #until(ending: readonly BalancingStep[], ...steps: BalancingStep[]): BalancingStep[] {
    this.#ending.push(...ending)
    return steps
  }
}

/** Numbers that services ask for; two of them are among those that the manager chooses from. */
const numbers = [8080, 8081, 30_000, 30_001] as const

const operate = (node: NodeId, operation: Operation): BalancingStep => ({ step: 'operation', node, operation })
