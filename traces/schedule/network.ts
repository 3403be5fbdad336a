/** Random schedules of the layers together: services come and go in crowded networks, nodes and links fail, clients connect. */
import type { Hello } from '../../impl/contract/network.ts'
import type { NetworkOptions, NetworkScenario, Operation } from '../../models/network/vocabulary.ts'
import type { Milliseconds, NetworkProfile, NodeId, Step } from '../../models/vocabulary.ts'
import { leaderTarget } from '../scenario/shared.ts'
import { type Draw, drawFrom, pick, pickWeighted } from './draw.ts'
import { drawClockFault, drawLinkFault, type LinkFault } from './faults.ts'

type NetworkStep = Step<Operation>

export interface NetworkScheduleSize {
  /** How many faults come one after the other. Default 4 to 6. */
  readonly episodes?: number
  /** Least simulated time before faults end. Default 60 s. */
  readonly duration?: Milliseconds
}

/** A schedule that depends on the seed and on what the implementation offers. */
export function drawNetworkSchedule(seed: number, hello: Hello, size: NetworkScheduleSize = {}): NetworkScenario {
  const draw = drawFrom(seed)
  const count = pick(draw, [2, 3, 3, 4])
  const nodes = Array.from({ length: count }, (_, index) => `n${index + 1}`)
  const options = drawOptions(draw, hello)
  const source = new Source(draw, hello, nodes)
  const steps: NetworkStep[] = [...source.begin()]
  const episodes = size.episodes ?? draw.integer(4, 6)
  const duration = Math.ceil((size.duration ?? 60_000) / episodes)
  for (let episode = 0; episode < episodes; episode++) {
    const length = draw.integer(duration, duration + 5_000)
    const faulty = Math.ceil((length * draw.integer(30, 70)) / 100)
    steps.push(...source.fault(episode), ...source.traffic(faulty))
    steps.push(...source.end(), ...source.traffic(length - faulty))
  }
  steps.push(...source.endAll(), { step: 'settle' })
  return {
    version: 1,
    surface: 'network',
    name: `network schedule ${seed}`,
    seed,
    nodes,
    options,
    network: drawNetwork(draw, hello),
    steps,
  }
}

function drawOptions(draw: Draw, { profiles }: Hello): NetworkOptions {
  const gossipInterval = pick(draw, [100, 200, 200, 500])
  // Few VNIs where they rest until nobody uses them; else so many that none comes again.
  const scarce = profiles.includes('network-barrier') && draw.chance(0.6)
  return {
    gossipInterval,
    bulkSyncInterval: gossipInterval * pick(draw, [20, 50, 100]),
    pushPullInterval: gossipInterval * pick(draw, [20, 50, 100]),
    controlInterval: pick(draw, [500, 1_000, 2_000]),
    connectTimeout: pick(draw, [500, 1_000]),
    detection: pick(draw, [500, 2_000, 5_000]),
    firstVni: 4_096,
    lastVni: scarce ? 4_096 + draw.integer(1, 3) : 16_777_215,
  }
}

function drawNetwork(draw: Draw, hello: Hello): NetworkProfile {
  const least = draw.integer(1, 10)
  const greatest = least + draw.integer(0, 50)
  if (draw.chance(0.25)) return { delay: [least, greatest], loss: 0, duplicate: 0, reorder: 0 }
  const { fifo, noDuplicates } = hello.assumptions
  return {
    delay: [least, greatest],
    loss: pick(draw, [0, 0.02, 0.1, 0.3]),
    duplicate: noDuplicates ? 0 : pick(draw, [0, 0.02, 0.1]),
    reorder: fifo ? 0 : pick(draw, [0, 0.05, 0.2]),
  }
}

type Fault = LinkFault | 'isolate' | 'crash' | 'flap' | 'pause' | 'clock'

/** Subnets that fill up; networks that come after one another have the same. */
const subnets = ['10.1.0.0/29', '10.2.0.0/29', '10.3.0.0/28', ''] as const
const ports = [8_080, 9_090] as const

class Source {
  readonly #draw: Draw
  readonly #hello: Hello
  readonly #nodes: readonly NodeId[]
  readonly #networks: string[] = []
  readonly #services: { readonly service: string; readonly network: string }[] = []
  readonly #tasks: string[] = []
  #ending: NetworkStep[] = []
  #named = 0

  constructor(draw: Draw, hello: Hello, nodes: readonly NodeId[]) {
    this.#draw = draw
    this.#hello = hello
    this.#nodes = nodes
  }

  /** A network or two, services on them, and a few tasks. */
  begin(): NetworkStep[] {
    const draw = this.#draw
    const networks = Array.from({ length: draw.integer(1, 2) }, () => this.#createNetwork())
    const services = Array.from({ length: draw.integer(1, 3) }, () => this.#createService())
    const tasks = Array.from({ length: draw.integer(2, 4) }, () => this.#startTask())
    return [...networks, ...services, ...tasks, { step: 'run', duration: 3_000 }]
  }

  /** The first three episodes have faults of different kinds that are sure to have an effect. */
  fault(episode: number): NetworkStep[] {
    const { capabilities, assumptions } = this.#hello
    const many = this.#nodes.length
    if (episode === 0) return this.#start('isolate')
    if (episode === 1) return this.#start(capabilities.restart ? 'crash' : 'split')
    if (episode === 2) return this.#start('pause')
    return this.#start(
      pickWeighted<Fault>(this.#draw, [
        [4, 'split'],
        [many > 2 ? 1 : 0, 'bridge'],
        [3, 'isolate'],
        [many > 3 ? 3 : 0, 'ring'],
        [3, 'cut'],
        [4, 'hold'],
        [capabilities.restart ? 4 : 0, 'crash'],
        [capabilities.restart ? 4 : 0, 'flap'],
        [3, 'pause'],
        [assumptions.clockDrift > 0 ? 2 : 0, 'clock'],
      ]),
    )
  }

  end(): NetworkStep[] {
    // What is not ended here is ended together with a later episode.
    return this.#draw.chance(0.15) ? [] : this.endAll()
  }

  endAll(): NetworkStep[] {
    const ending = this.#ending
    this.#ending = []
    return ending
  }

  /** Some operations over this time. */
  traffic(duration: Milliseconds): NetworkStep[] {
    const draw = this.#draw
    const steps: NetworkStep[] = []
    const parts = draw.integer(2, 5)
    for (let part = 0; part < parts; part++) {
      const burst = draw.integer(1, 5)
      for (let each = 0; each < burst; each++) steps.push(...this.#operation())
      steps.push({ step: 'run', duration: Math.ceil(duration / parts) })
    }
    return steps
  }

  #operation(): NetworkStep[] {
    const draw = this.#draw
    const kind = pickWeighted(draw, [
      [this.#networks.length < 3 ? 3 : 1, 'create-network'],
      [this.#networks.length > 0 ? 2 : 0, 'remove-network'],
      [this.#services.length < 4 ? 4 : 1, 'create-service'],
      [this.#services.length > 0 ? 3 : 0, 'remove-service'],
      [10, 'start-task'],
      [this.#tasks.length > 0 ? 8 : 0, 'stop-task'],
      [12, 'connect'],
      [4, 'connect-port'],
      [3, 'replace'],
    ] as const)
    switch (kind) {
      case 'create-network':
        return [this.#createNetwork()]
      case 'remove-network':
        return [this.#ask({ type: 'remove-network', network: this.#take(this.#networks) })]
      case 'create-service':
        return [this.#createService()]
      case 'remove-service':
        return [this.#ask({ type: 'remove-service', service: this.#take(this.#services).service })]
      case 'start-task':
        return [this.#startTask()]
      case 'stop-task':
        return [this.#ask({ type: 'stop-task', task: this.#take(this.#tasks) })]
      case 'connect':
        return [this.#connect()]
      case 'connect-port':
        return [
          {
            step: 'operation',
            node: pick(draw, this.#nodes),
            operation: { type: 'connect-port', port: pick(draw, ports) },
          },
        ]
      case 'replace':
        return this.#replace()
    }
  }

  /** One task stops, and others begin a moment later: what it had is wanted again. */
  #replace(): NetworkStep[] {
    const draw = this.#draw
    if (this.#tasks.length === 0) return [this.#startTask()]
    return [
      this.#ask({ type: 'stop-task', task: this.#take(this.#tasks) }),
      { step: 'run', duration: draw.integer(50, 2_000) },
      ...Array.from({ length: draw.integer(1, 4) }, () => this.#startTask()),
      { step: 'run', duration: draw.integer(50, 1_000) },
      ...Array.from({ length: draw.integer(1, 3) }, () => this.#connect()),
    ]
  }

  /** Mostly at who leads. */
  #ask(operation: Operation): NetworkStep {
    const node = this.#draw.chance(0.08) ? pick(this.#draw, this.#nodes) : leaderTarget
    return { step: 'operation', node, operation }
  }

  /** Mostly takes it out: what was removed is not there any more. */
  #take<Item>(items: Item[]): Item {
    const at = this.#draw.integer(0, items.length - 1)
    return this.#draw.chance(0.9) ? items.splice(at, 1)[0]! : items[at]!
  }

  #createNetwork(): NetworkStep {
    const network = `net${++this.#named}`
    this.#networks.push(network)
    return this.#ask({ type: 'create-network', network, subnet: pick(this.#draw, subnets) })
  }

  #createService(): NetworkStep {
    const draw = this.#draw
    const network = this.#networks.length === 0 ? 'none' : pick(draw, this.#networks)
    // Some names come again.
    const service = draw.chance(0.3) ? pick(draw, ['web', 'db']) : `s${++this.#named}`
    this.#services.push({ service, network })
    const mode = draw.chance(0.65) ? 'vip' : 'dnsrr'
    const port = draw.chance(mode === 'vip' ? 0.4 : 0.05) ? pick(draw, ports) : 0
    return this.#ask({ type: 'create-service', service, network, mode, port })
  }

  #startTask(): NetworkStep {
    const draw = this.#draw
    const service = this.#services.length === 0 ? 'none' : pick(draw, this.#services).service
    const task = draw.chance(0.03) && this.#tasks.length > 0 ? pick(draw, this.#tasks) : `t${++this.#named}`
    if (!this.#tasks.includes(task)) this.#tasks.push(task)
    return this.#ask({ type: 'start-task', task, service, on: pick(draw, this.#nodes) })
  }

  #connect(): NetworkStep {
    const draw = this.#draw
    const { service, network } =
      this.#services.length === 0 ? { service: 'none', network: 'none' } : pick(draw, this.#services)
    const from = draw.chance(0.05) && this.#networks.length > 0 ? pick(draw, this.#networks) : network
    return {
      step: 'operation',
      node: pick(draw, this.#nodes),
      operation: { type: 'connect', network: from, name: service },
    }
  }

  #start(fault: Fault): NetworkStep[] {
    const draw = this.#draw
    const nodes = this.#nodes
    const node = draw.chance(0.4) ? leaderTarget : pick(draw, nodes)
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
        return this.#until([{ step: 'heal' }], { step: 'isolate', node })
      case 'crash':
        return this.#until(this.#restarts(), { step: 'crash', node, keep: 'none', torn: false })
      case 'flap':
        // Back before anybody has noticed: the new life comes upon what the old one has left.
        return [
          { step: 'crash', node, keep: 'none', torn: false },
          { step: 'run', duration: draw.integer(50, 800) },
          ...this.#restarts(),
        ]
      case 'pause':
        return this.#until(
          nodes.map((each) => ({ step: 'resume', node: each })),
          { step: 'pause', node },
        )
      case 'clock': {
        const { begin, end } = drawClockFault(draw, nodes, this.#hello.assumptions.clockDrift)
        return this.#until(end, ...begin)
      }
    }
  }

  /** Who is down comes back; of others nothing is made. */
  #restarts(): NetworkStep[] {
    return this.#nodes.map((node) => ({ step: 'restart', node }))
  }

  #until(ending: readonly NetworkStep[], ...steps: NetworkStep[]): NetworkStep[] {
    this.#ending.push(...ending)
    return steps
  }
}
