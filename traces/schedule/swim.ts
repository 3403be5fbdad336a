/** Random schedules of a SWIM cluster: members come, fail, come back, leave, and tell of themselves. */
import type { Hello } from '../../impl/contract/swim.ts'
import type { Operation, SwimOptions, SwimScenario } from '../../models/swim/vocabulary.ts'
import type { Milliseconds, NetworkProfile, NodeId, Step } from '../../models/vocabulary.ts'
import { type Draw, drawFrom, pick, pickSome, pickWeighted } from './draw.ts'
import { drawClockFault, drawLinkFault, type LinkFault } from './faults.ts'

type SwimStep = Step<Operation>

export interface SwimScheduleSize {
  /** How many faults come one after the other. Default 5 to 9. */
  readonly episodes?: number
  /** Least simulated time before faults end. Default 60 s. */
  readonly duration?: Milliseconds
}

/** A schedule that depends on the seed and on what the implementation offers. */
export function drawSwimSchedule(seed: number, hello: Hello, size: SwimScheduleSize = {}): SwimScenario {
  return drawSwimScenario(drawFrom(seed), seed, hello, size)
}

/** The same from any source of choices; `seed` decides what happens in the run. */
export function drawSwimScenario(draw: Draw, seed: number, hello: Hello, size: SwimScheduleSize): SwimScenario {
  const count = pickWeighted(draw, [
    [10, 2],
    [20, 3],
    [20, 4],
    [25, 5],
    [15, 7],
    [8, 9],
    [2, 16],
  ] as const)
  const nodes = Array.from({ length: count }, (_, index) => `n${index + 1}`)
  const options = drawOptions(draw, hello)
  const lateComers = draw.chance(0.3) ? draw.integer(1, count - 1) : 0
  const members = nodes.slice(0, count - lateComers)
  const steps: SwimStep[] = [{ step: 'run', duration: 2 * options.probeInterval }]
  const source = new Source(draw, hello, nodes, options)
  for (const node of nodes.slice(members.length)) {
    steps.push(join(node, [pick(draw, members)]), { step: 'run', duration: draw.integer(1, options.probeInterval) })
  }
  const episodes = size.episodes ?? draw.integer(5, 9)
  const duration = Math.ceil((size.duration ?? 60_000) / episodes)
  for (let episode = 0; episode < episodes; episode++) {
    const length = Math.max(duration, draw.integer(2, 12) * options.probeInterval)
    const faulty = Math.ceil((length * draw.integer(30, 70)) / 100)
    steps.push(...source.begin(episode), ...source.traffic(faulty))
    steps.push(...source.end(), ...source.traffic(length - faulty))
  }
  steps.push(...source.endAll(), { step: 'settle' })
  return {
    version: 1,
    surface: 'swim',
    name: `swim schedule ${seed}`,
    seed,
    nodes,
    members: members.length === 1 ? [] : members,
    options,
    network: drawNetwork(draw, hello, options),
    steps,
  }
}

function drawOptions(draw: Draw, { profiles }: Hello): SwimOptions {
  const claims = (profile: string): boolean => profiles.includes(profile)
  const probeInterval = pick(draw, [200, 500, 1_000, 1_000, 2_000])
  const gossipInterval = Math.ceil(probeInterval / pick(draw, [2, 5, 5, 10]))
  return {
    probeInterval,
    probeTimeout: Math.ceil(probeInterval / pick(draw, [2, 2, 3, 5])),
    indirectChecks: pick(draw, [0, 1, 2, 3, 3]),
    suspicionMult: pick(draw, [2, 3, 4, 4, 6]),
    suspicionMaxTimeoutMult: claims('swim-lifeguard') ? pick(draw, [1, 2, 6, 6]) : 1,
    awarenessMaxMultiplier: claims('swim-lifeguard') ? pick(draw, [1, 4, 8, 8]) : 1,
    retransmitMult: pick(draw, [2, 3, 4, 4]),
    gossipInterval,
    gossipNodes: pick(draw, [1, 2, 3, 3]),
    gossipToTheDead: probeInterval * pick(draw, [0, 10, 30]),
    pushPullInterval: probeInterval * pick(draw, [0, 5, 15, 30]),
    streamTimeout: probeInterval * pick(draw, [1, 2, 10]),
    streamPing: claims('swim-memberlist') && draw.chance(0.5),
  }
}

function drawNetwork(draw: Draw, hello: Hello, { probeTimeout }: SwimOptions): NetworkProfile {
  const least = draw.integer(1, Math.ceil(probeTimeout / 20))
  const greatest = least + draw.integer(0, Math.ceil(probeTimeout / pick(draw, [2, 4, 10, 20])))
  if (draw.chance(0.25)) return { delay: [least, greatest], loss: 0, duplicate: 0, reorder: 0 }
  const { fifo, noDuplicates } = hello.assumptions
  return {
    delay: [least, greatest],
    loss: pick(draw, [0, 0.01, 0.05, 0.2]),
    duplicate: noDuplicates ? 0 : pick(draw, [0, 0.02, 0.1]),
    reorder: fifo ? 0 : pick(draw, [0, 0.02, 0.1]),
  }
}

const join = (node: NodeId, to: readonly NodeId[]): SwimStep => ({
  step: 'operation',
  node,
  operation: { type: 'join', to },
})

type Fault = LinkFault | 'isolate' | 'crash' | 'flap' | 'leave' | 'pause' | 'clock'

/** Draws faults, what ends them, and what is asked of members meanwhile. */
class Source {
  readonly #draw: Draw
  readonly #hello: Hello
  readonly #nodes: readonly NodeId[]
  readonly #options: SwimOptions
  #ending: SwimStep[] = []
  #updates = 0

  constructor(draw: Draw, hello: Hello, nodes: readonly NodeId[], options: SwimOptions) {
    this.#draw = draw
    this.#hello = hello
    this.#nodes = nodes
    this.#options = options
  }

  /** The first three episodes have faults of different kinds that are sure to have an effect. */
  begin(episode: number): SwimStep[] {
    const many = this.#nodes.length
    const { capabilities, assumptions } = this.#hello
    if (episode === 0) return this.#start('isolate')
    if (episode === 1) return this.#start(capabilities.restart ? 'crash' : 'split')
    if (episode === 2) return this.#start('pause')
    return this.#start(
      pickWeighted<Fault>(this.#draw, [
        [4, 'split'],
        [many > 2 ? 1 : 0, 'bridge'],
        [3, 'isolate'],
        [many > 3 ? 1 : 0, 'ring'],
        [4, 'cut'],
        [2, 'hold'],
        [capabilities.restart ? 6 : 0, 'crash'],
        [capabilities.restart ? 2 : 0, 'flap'],
        [many > 2 && this.#offers('leave') ? 3 : 0, 'leave'],
        [3, 'pause'],
        [assumptions.clockDrift > 0 ? 2 : 0, 'clock'],
      ]),
    )
  }

  end(): SwimStep[] {
    // What is not ended here is ended together with a later episode.
    return this.#nodes.length > 2 && this.#draw.chance(0.15) ? [] : this.endAll()
  }

  endAll(): SwimStep[] {
    const ending = this.#ending
    this.#ending = []
    return ending
  }

  /** Some operations over this time. */
  traffic(duration: Milliseconds): SwimStep[] {
    const draw = this.#draw
    const steps: SwimStep[] = []
    const parts = draw.integer(1, 3)
    for (let part = 0; part < parts; part++) {
      if (this.#offers('update') && draw.chance(0.5)) steps.push(this.#update())
      if (draw.chance(0.15)) steps.push(this.#join(pick(draw, this.#nodes)))
      steps.push({ step: 'run', duration: Math.ceil(duration / parts) })
    }
    return steps
  }

  #start(fault: Fault): SwimStep[] {
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
        return this.#until([{ step: 'heal' }], { step: 'isolate', node })
      case 'crash': {
        const down = pickSome(draw, nodes, 1, Math.max(1, Math.floor(nodes.length / 2)))
        return this.#until(
          down.flatMap((each) => this.#back(each)),
          ...down.map((each) => this.#crash(each)),
        )
      }
      case 'flap': {
        // Gone for less time than a suspicion lasts: old and new life are told of at once.
        const gap: SwimStep = { step: 'run', duration: draw.integer(1, 2 * this.#options.probeInterval) }
        return [this.#crash(node), gap, ...this.#back(node)]
      }
      case 'leave':
        return this.#until(draw.chance(0.5) ? this.#back(node) : [], {
          step: 'operation',
          node,
          operation: { type: 'leave' },
        })
      case 'pause':
        return this.#until([{ step: 'resume', node }], { step: 'pause', node })
      case 'clock': {
        const { begin, end } = drawClockFault(draw, nodes, this.#hello.assumptions.clockDrift)
        return this.#until(end, ...begin)
      }
    }
  }

  #offers(operation: Operation['type']): boolean {
    return this.#hello.operations.includes(operation)
  }

  #crash(node: NodeId): SwimStep {
    return { step: 'crash', node, keep: 'none', torn: false }
  }

  /** Starts again, and mostly finds the others at once. */
  #back(node: NodeId): SwimStep[] {
    const restart: SwimStep = { step: 'restart', node }
    return this.#draw.chance(0.8) ? [restart, this.#join(node)] : [restart]
  }

  #join(node: NodeId): SwimStep {
    const others = this.#nodes.filter((other) => other !== node)
    return join(node, pickSome(this.#draw, others, 1, 3))
  }

  #update(): SwimStep {
    const meta = `meta-${++this.#updates}`
    return { step: 'operation', node: pick(this.#draw, this.#nodes), operation: { type: 'update', meta } }
  }

  #until(ending: readonly SwimStep[], ...steps: SwimStep[]): SwimStep[] {
    this.#ending.push(...ending)
    return steps
  }
}
