/** Random schedules of the network database: nodes join and leave networks, write entries, fail, and come back. */
import type { Hello } from '../../impl/contract/networkdb.ts'
import type { NetworkDbOptions, NetworkDbScenario, ScenarioOperation } from '../../models/networkdb/vocabulary.ts'
import type { Milliseconds, NetworkProfile, NodeId, Step } from '../../models/vocabulary.ts'
import { type Draw, drawFrom, pick, pickSome, pickWeighted } from './draw.ts'
import { drawClockFault, drawLinkFault, type LinkFault } from './faults.ts'

type NetworkDbStep = Step<ScenarioOperation>

export interface NetworkDbScheduleSize {
  /** How many faults come one after the other. Default 4 to 7. */
  readonly episodes?: number
  /** Least simulated time before faults end. Default 60 s. */
  readonly duration?: Milliseconds
}

/** A schedule that depends on the seed and on what the implementation offers. */
export function drawNetworkDbSchedule(seed: number, hello: Hello, size: NetworkDbScheduleSize = {}): NetworkDbScenario {
  const draw = drawFrom(seed)
  const count = pickWeighted(draw, [
    [15, 2],
    [30, 3],
    [25, 4],
    [20, 5],
    [10, 7],
  ] as const)
  const nodes = Array.from({ length: count }, (_, index) => `n${index + 1}`)
  const networks = Array.from({ length: draw.integer(1, 3) }, (_, index) => `net${index + 1}`)
  const options = drawOptions(draw)
  const source = new Source(draw, hello, nodes, networks, options)
  const steps: NetworkDbStep[] = [...source.joinSome()]
  const episodes = size.episodes ?? draw.integer(4, 7)
  const duration = Math.ceil((size.duration ?? 60_000) / episodes)
  for (let episode = 0; episode < episodes; episode++) {
    const length = draw.integer(duration, 2 * duration)
    const faulty = Math.ceil((length * draw.integer(30, 70)) / 100)
    steps.push(...source.begin(episode), ...source.traffic(faulty))
    steps.push(...source.end(), ...source.traffic(length - faulty))
  }
  steps.push(...source.endAll(), { step: 'settle' })
  return {
    version: 1,
    surface: 'networkdb',
    name: `networkdb schedule ${seed}`,
    seed,
    nodes,
    options,
    network: drawNetwork(draw, hello, options),
    steps,
  }
}

function drawOptions(draw: Draw): NetworkDbOptions {
  const gossipInterval = pick(draw, [50, 100, 200, 200, 500])
  const bulkSyncInterval = gossipInterval * pick(draw, [10, 20, 50, 150])
  const reapPeriod = pick(draw, [200, 1_000, 5_000])
  return {
    gossipInterval,
    gossipNodes: pick(draw, [1, 2, 3, 3]),
    retransmitMult: pick(draw, [1, 2, 4, 4]),
    bulkSyncInterval,
    bulkSyncTimeout: pick(draw, [1_000, 5_000, 30_000]),
    pushPullInterval: gossipInterval * pick(draw, [10, 20, 50, 150]),
    // Mostly for longer than a run lasts: what was forgotten may come back.
    reapInterval: draw.chance(0.3) ? reapPeriod * pick(draw, [5, 10]) + pick(draw, [5_000, 15_000]) : 1_800_000,
    reapPeriod,
  }
}

function drawNetwork(draw: Draw, hello: Hello, { gossipInterval }: NetworkDbOptions): NetworkProfile {
  const least = draw.integer(1, Math.ceil(gossipInterval / 10))
  const greatest = least + draw.integer(0, Math.ceil(gossipInterval / pick(draw, [1, 2, 5, 10])))
  if (draw.chance(0.25)) return { delay: [least, greatest], loss: 0, duplicate: 0, reorder: 0 }
  const { fifo, noDuplicates } = hello.assumptions
  return {
    delay: [least, greatest],
    loss: pick(draw, [0, 0.02, 0.1, 0.3]),
    duplicate: noDuplicates ? 0 : pick(draw, [0, 0.02, 0.1]),
    reorder: fifo ? 0 : pick(draw, [0, 0.05, 0.2]),
  }
}

type Fault = LinkFault | 'isolate' | 'crash' | 'flap' | 'leave' | 'pause' | 'clock' | 'suspect'

/** Draws faults, what ends them, and what is asked of nodes meanwhile. */
class Source {
  readonly #draw: Draw
  readonly #hello: Hello
  readonly #nodes: readonly NodeId[]
  readonly #networks: readonly string[]
  readonly #options: NetworkDbOptions
  #ending: NetworkDbStep[] = []
  #values = 0

  constructor(
    draw: Draw,
    hello: Hello,
    nodes: readonly NodeId[],
    networks: readonly string[],
    options: NetworkDbOptions,
  ) {
    this.#draw = draw
    this.#hello = hello
    this.#nodes = nodes
    this.#networks = networks
    this.#options = options
  }

  /** Most nodes join most networks, and have something to say there. */
  joinSome(): NetworkDbStep[] {
    const draw = this.#draw
    const steps: NetworkDbStep[] = []
    for (const network of this.#networks) {
      for (const node of this.#nodes) {
        if (!draw.chance(0.8)) continue
        steps.push(operate(node, { type: 'join-network', network }))
        if (draw.chance(0.5)) steps.push(this.#pause())
        if (draw.chance(0.7)) steps.push(this.#create(node, network))
      }
    }
    return [...steps, { step: 'run', duration: 5 * this.#options.gossipInterval }]
  }

  /** The first three episodes have faults of different kinds that are sure to have an effect. */
  begin(episode: number): NetworkDbStep[] {
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
        [many > 3 ? 1 : 0, 'ring'],
        [3, 'cut'],
        [2, 'hold'],
        [capabilities.restart ? 4 : 0, 'crash'],
        [capabilities.restart ? 3 : 0, 'flap'],
        [this.#hello.operations.includes('leave') ? 3 : 0, 'leave'],
        [3, 'pause'],
        [assumptions.clockDrift > 0 ? 2 : 0, 'clock'],
        [4, 'suspect'],
      ]),
    )
  }

  end(): NetworkDbStep[] {
    // What is not ended here is ended together with a later episode.
    return this.#draw.chance(0.15) ? [] : this.endAll()
  }

  endAll(): NetworkDbStep[] {
    const ending = this.#ending
    this.#ending = []
    return ending
  }

  /** Some operations over this time. */
  traffic(duration: Milliseconds): NetworkDbStep[] {
    const draw = this.#draw
    const steps: NetworkDbStep[] = []
    const parts = draw.integer(2, 6)
    for (let part = 0; part < parts; part++) {
      const burst = draw.integer(0, 3)
      for (let each = 0; each < burst; each++) steps.push(this.#operation())
      steps.push({ step: 'run', duration: Math.ceil(duration / parts) })
    }
    return steps
  }

  #operation(): NetworkDbStep {
    const draw = this.#draw
    const node = pick(draw, this.#nodes)
    const network = pick(draw, this.#networks)
    const key = this.#key(node)
    const type = pickWeighted(draw, [
      [8, 'create'],
      [5, 'update'],
      [5, 'delete'],
      [3, 'get'],
      [3, 'join-network'],
      [2, 'leave-network'],
    ] as const)
    if (type === 'create') return this.#create(node, network)
    if (type === 'update') return operate(node, { type, network, key, value: this.#value() })
    if (type === 'join-network' || type === 'leave-network') return operate(node, { type, network })
    return operate(node, { type, network, key })
  }

  #create(node: NodeId, network: string): NetworkDbStep {
    return operate(node, { type: 'create', network, key: this.#key(node), value: this.#value() })
  }

  /** Mostly a key that only this node writes; sometimes one of another's, or of everybody's. */
  #key(node: NodeId): string {
    const draw = this.#draw
    if (draw.chance(0.08)) return 'shared'
    const writer = draw.chance(0.05) ? pick(draw, this.#nodes) : node
    return `${writer}-${draw.integer(1, 3)}`
  }

  #value(): string {
    return `v${++this.#values}`
  }

  #pause(): NetworkDbStep {
    return { step: 'run', duration: this.#draw.integer(1, 3 * this.#options.gossipInterval) }
  }

  #start(fault: Fault): NetworkDbStep[] {
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
          this.#pause(),
          ...this.#tellAll('down', node, true),
        )
      case 'crash': {
        const down = pickSome(draw, nodes, 1, Math.max(1, Math.floor(nodes.length / 2)))
        const notice = draw.chance(0.8) ? down.flatMap((each) => this.#tellAll('down', each, false)) : []
        return this.#until(
          down.flatMap((each) => this.#back(each)),
          ...down.map((each): NetworkDbStep => ({ step: 'crash', node: each, keep: 'none', torn: false })),
          this.#pause(),
          ...notice,
        )
      }
      case 'flap':
        // Back before anybody has noticed: the new life comes upon what the old one has left.
        return [{ step: 'crash', node, keep: 'none', torn: false }, this.#pause(), ...this.#back(node)]
      case 'leave':
        return this.#until(
          draw.chance(0.6) ? this.#back(node) : [],
          operate(node, { type: 'leave' }),
          { step: 'run', duration: 5 * this.#options.gossipInterval },
          ...this.#tellAll('down', node, false),
        )
      case 'pause': {
        const unseen = draw.chance(0.5)
        return this.#until(
          [{ step: 'resume', node }, ...(unseen ? [] : this.#tellAll('up', node, true))],
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
  #tellAll(type: 'up' | 'down', node: NodeId, mutual: boolean): NetworkDbStep[] {
    const others = this.#nodes.filter((other) => other !== node && this.#draw.chance(0.85))
    return others.flatMap((other) => [
      operate(other, { type, peer: node }),
      ...(mutual ? [operate(node, { type, peer: other })] : []),
    ])
  }

  /** Starts again, finds the others, and mostly joins a network again. */
  #back(node: NodeId): NetworkDbStep[] {
    const draw = this.#draw
    const joins = this.#networks
      .filter(() => draw.chance(0.7))
      .flatMap((network) => [operate(node, { type: 'join-network', network }), this.#create(node, network)])
    return [{ step: 'restart', node }, ...this.#tellAll('up', node, true), this.#pause(), ...joins]
  }

  #until(ending: readonly NetworkDbStep[], ...steps: NetworkDbStep[]): NetworkDbStep[] {
    this.#ending.push(...ending)
    return steps
  }
}

const operate = (node: NodeId, operation: ScenarioOperation): NetworkDbStep => ({
  step: 'operation',
  node,
  operation,
})
