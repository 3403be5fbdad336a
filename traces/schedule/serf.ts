/** Random schedules of Serf: nodes come and go, send events, ask, say in the place of others that they leave. */
import type { Hello } from '../../impl/contract/serf.ts'
import type { ScenarioOperation, SerfOptions, SerfScenario } from '../../models/serf/vocabulary.ts'
import type { Milliseconds, NetworkProfile, NodeId, Step } from '../../models/vocabulary.ts'
import { type Draw, drawFrom, pick, pickSome, pickWeighted } from './draw.ts'
import { drawClockFault, drawLinkFault, type LinkFault } from './faults.ts'

type SerfStep = Step<ScenarioOperation>

export interface SerfScheduleSize {
  /** How many faults come one after the other. Default 4 to 7. */
  readonly episodes?: number
  /** Least simulated time before faults end. Default 40 s. */
  readonly duration?: Milliseconds
}

/** A schedule that depends on the seed and on what the implementation offers. */
export function drawSerfSchedule(seed: number, hello: Hello, size: SerfScheduleSize = {}): SerfScenario {
  const draw = drawFrom(seed)
  const count = pickWeighted(draw, [
    [15, 2],
    [30, 3],
    [25, 4],
    [20, 5],
    [10, 7],
  ] as const)
  const nodes = Array.from({ length: count }, (_, index) => `n${index + 1}`)
  const options = drawOptions(draw)
  const source = new Source(draw, hello, nodes, options)
  const steps: SerfStep[] = [...source.traffic(10 * options.gossipInterval)]
  const episodes = size.episodes ?? draw.integer(4, 7)
  const duration = Math.ceil((size.duration ?? 40_000) / episodes)
  for (let episode = 0; episode < episodes; episode++) {
    const length = draw.integer(duration, 2 * duration)
    const faulty = Math.ceil((length * draw.integer(30, 70)) / 100)
    steps.push(...source.begin(episode), ...source.traffic(faulty))
    steps.push(...source.end(), ...source.traffic(length - faulty))
  }
  steps.push(...source.endAll(), { step: 'settle' })
  return {
    version: 1,
    surface: 'serf',
    name: `serf schedule ${seed}`,
    seed,
    nodes,
    options,
    network: drawNetwork(draw, hello, options),
    steps,
  }
}

function drawOptions(draw: Draw): SerfOptions {
  const gossipInterval = pick(draw, [100, 200, 200, 500])
  const isShort = draw.chance(0.4)
  const reapInterval = pick(draw, [1_000, 5_000, 15_000])
  return {
    gossipInterval,
    gossipNodes: pick(draw, [1, 2, 3, 3]),
    retransmitMult: pick(draw, [1, 2, 4, 4]),
    pushPullInterval: gossipInterval * pick(draw, [10, 20, 50, 150]),
    streamTimeout: pick(draw, [1_000, 10_000]),
    reapInterval,
    // Mostly for longer than a run lasts.
    reconnectTimeout: isShort ? pick(draw, [5_000, 20_000]) : 86_400_000,
    tombstoneTimeout: isShort ? pick(draw, [5_000, 20_000]) : 86_400_000,
    recentIntentTimeout: isShort ? pick(draw, [5_000, 20_000]) : 300_000,
    reconnectInterval: pick(draw, [2_000, 10_000, 30_000]),
    broadcastTimeout: pick(draw, [2_000, 5_000]),
    leavePropagateDelay: pick(draw, [200, 1_000]),
    // Small ones wrap around.
    eventBuffer: pick(draw, [4, 16, 512]),
    queryBuffer: pick(draw, [4, 16, 512]),
    eventSizeLimit: pick(draw, [128, 512]),
    querySizeLimit: pick(draw, [512, 1_024]),
    queryTimeoutMult: pick(draw, [4, 16, 16]),
    answerDelay: pick(draw, [1, 1, 100, 2_000, 20_000]),
  }
}

function drawNetwork(draw: Draw, hello: Hello, { gossipInterval }: SerfOptions): NetworkProfile {
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

type Fault = LinkFault | 'isolate' | 'crash' | 'flap' | 'leave' | 'removal' | 'lie' | 'pause' | 'clock' | 'suspect'

/** Draws faults, what ends them, and what is asked of nodes meanwhile. */
class Source {
  readonly #draw: Draw
  readonly #hello: Hello
  readonly #nodes: readonly NodeId[]
  readonly #options: SerfOptions
  #ending: SerfStep[] = []
  #count = 0

  constructor(draw: Draw, hello: Hello, nodes: readonly NodeId[], options: SerfOptions) {
    this.#draw = draw
    this.#hello = hello
    this.#nodes = nodes
    this.#options = options
  }

  /** The first three episodes have faults of different kinds that are sure to have an effect. */
  begin(episode: number): SerfStep[] {
    const { capabilities, assumptions, operations } = this.#hello
    const many = this.#nodes.length
    if (episode === 0) return this.#start('isolate')
    if (episode === 1) return this.#start(capabilities.restart ? 'crash' : 'split')
    if (episode === 2) return this.#start('pause')
    return this.#start(
      pickWeighted<Fault>(this.#draw, [
        [3, 'split'],
        [many > 2 ? 1 : 0, 'bridge'],
        [2, 'isolate'],
        [many > 3 ? 1 : 0, 'ring'],
        [2, 'cut'],
        [2, 'hold'],
        [capabilities.restart ? 4 : 0, 'crash'],
        [capabilities.restart ? 3 : 0, 'flap'],
        [operations.includes('leave') ? 5 : 0, 'leave'],
        [operations.includes('force-leave') ? 4 : 0, 'removal'],
        [operations.includes('force-leave') ? 3 : 0, 'lie'],
        [2, 'pause'],
        [assumptions.clockDrift > 0 ? 2 : 0, 'clock'],
        [3, 'suspect'],
      ]),
    )
  }

  end(): SerfStep[] {
    // What is not ended here is ended together with a later episode.
    return this.#draw.chance(0.15) ? [] : this.endAll()
  }

  endAll(): SerfStep[] {
    const ending = this.#ending
    this.#ending = []
    return ending
  }

  /** Some operations over this time. */
  traffic(duration: Milliseconds): SerfStep[] {
    const draw = this.#draw
    const steps: SerfStep[] = []
    const parts = draw.integer(2, 6)
    for (let part = 0; part < parts; part++) {
      const burst = draw.integer(0, 3)
      for (let each = 0; each < burst; each++) steps.push(this.#operation())
      steps.push({ step: 'run', duration: Math.ceil(duration / parts) })
    }
    return steps
  }

  #operation(): SerfStep {
    const draw = this.#draw
    const node = pick(draw, this.#nodes)
    const type = pickWeighted(draw, [
      [8, 'event'],
      [5, 'query'],
      [1, 'join'],
      [2, 'update'],
    ] as const)
    const number = ++this.#count
    switch (type) {
      case 'event': {
        // Several that are the same but for their time, and now and then one that is too large.
        const name = draw.chance(0.2) ? 'deploy' : `e${number}`
        const payload = draw.chance(0.05) ? 'x'.repeat(pick(draw, [80, 450, 600])) : draw.chance(0.3) ? 'v' : ''
        return operate(node, { type, name, payload, coalesce: draw.chance(0.3) })
      }
      case 'query': {
        const nodes = draw.chance(0.3) ? pickSome(draw, this.#nodes, 1, this.#nodes.length) : []
        const payload = draw.chance(0.05) ? 'x'.repeat(1_100) : ''
        const timeout = draw.chance(0.5) ? 0 : pick(draw, [500, 3_000])
        const relay = draw.chance(0.3) ? draw.integer(1, 2) : 0
        return operate(node, { type, name: `q${number}`, payload, timeout, nodes, ack: draw.chance(0.5), relay })
      }
      case 'join':
        return operate(node, { type, peer: pick(draw, this.#nodes), ignoreOld: draw.chance(0.5) })
      case 'update':
        return operate(node, { type, peer: pick(draw, this.#nodes), tags: `t${number}` })
    }
  }

  #pause(): SerfStep {
    return { step: 'run', duration: this.#draw.integer(1, 3 * this.#options.gossipInterval) }
  }

  #start(fault: Fault): SerfStep[] {
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
          ...down.map(crash),
          this.#pause(),
          ...notice,
        )
      }
      case 'flap':
        // Back before anybody has noticed: its clocks begin anew.
        return [crash(node), this.#pause(), ...this.#back(node)]
      case 'leave':
        return this.#until(
          draw.chance(0.6) ? this.#back(node) : [],
          operate(node, { type: 'leave' }),
          { step: 'run', duration: draw.integer(1, 10) * this.#options.gossipInterval },
          ...this.#tellAll('down', node, false),
        )
      case 'removal': {
        // Somebody who is down is said to have left, or to be forgotten.
        const prune = draw.chance(0.4)
        const others = nodes.filter((each) => each !== node)
        return this.#until(
          draw.chance(0.5) ? this.#back(node) : [],
          crash(node),
          ...this.#tellAll('down', node, false),
          this.#pause(),
          operate(pick(draw, others), { type: 'force-leave', member: node, prune }),
        )
      }
      case 'lie':
        // Somebody who is there is said to leave.
        return [operate(pick(draw, nodes), { type: 'force-leave', member: node, prune: draw.chance(0.1) })]
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
  #tellAll(type: 'up' | 'down', node: NodeId, mutual: boolean): SerfStep[] {
    const others = this.#nodes.filter((other) => other !== node && this.#draw.chance(0.85))
    return others.flatMap((other) => [
      operate(other, { type, peer: node }),
      ...(mutual ? [operate(node, { type, peer: other })] : []),
    ])
  }

  /** Starts again, joins somebody, and finds the others; now and then before that. */
  #back(node: NodeId): SerfStep[] {
    const draw = this.#draw
    const peer = pick(
      draw,
      this.#nodes.filter((each) => each !== node),
    )
    const join = operate(node, { type: 'join', peer, ignoreOld: draw.chance(0.4) })
    const found = this.#tellAll('up', node, true)
    const how = draw.chance(0.5) ? [join, this.#pause(), ...found] : [...found, join]
    return [{ step: 'restart', node }, ...how, this.#pause()]
  }

  #until(ending: readonly SerfStep[], ...steps: SerfStep[]): SerfStep[] {
    this.#ending.push(...ending)
    return steps
  }
}

const crash = (node: NodeId): SerfStep => ({ step: 'crash', node, keep: 'none', torn: false })

const operate = (node: NodeId, operation: ScenarioOperation): SerfStep => ({ step: 'operation', node, operation })
