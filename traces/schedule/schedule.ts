/**
 * Random schedules. A schedule is a series of episodes: a fault begins, clients go on asking, the fault ends (or is
 * left for later). It ends with `settle`, which every correct implementation passes.
 */
import type { Hello } from '../../impl/contract/raft.ts'
import type { MessageKind, RaftOptions, RaftScenario } from '../../models/raft/vocabulary.ts'
import type { DiskProfile, Milliseconds, NetworkProfile, NodeId, Target } from '../../models/vocabulary.ts'
import type { RaftStep } from '../scenario.ts'
import { type Draw, drawFrom, pick, pickSome, pickWeighted } from './draw.ts'
import { drawClockFault, drawLinkFault, type LinkFault } from './faults.ts'
import { OperationSource } from './operations.ts'

export interface ScheduleSize {
  /** Deliveries that a run of the schedule is meant to have at least. Default 500. */
  readonly deliveries?: number
  /** Number of episodes, each with a fault. Default drawn from 5 to 9. */
  readonly episodes?: number
}

/** The schedule of a seed for an implementation that says this of itself; always the same. */
export function drawSchedule(seed: number, hello: Hello, size: ScheduleSize = {}): RaftScenario {
  return drawScenario(drawFrom(seed), seed, hello, size)
}

/** The same from any source of choices; `seed` decides what happens in the run. */
export function drawScenario(draw: Draw, seed: number, hello: Hello, size: ScheduleSize): RaftScenario {
  const claims = (profile: string): boolean => hello.profiles.includes(profile)
  const changes = hello.operations.includes('change-membership')
  const voterCount = pickWeighted(draw, [
    [45, 3],
    [25, 5],
    [10, 4],
    [6, 2],
    [5, 7],
    [changes ? 5 : 0, 1],
  ] as const)
  const spareCount = !changes ? 0 : voterCount === 1 ? 2 : draw.integer(0, 2)
  const nodes = Array.from({ length: voterCount + spareCount }, (_, index) => `n${index + 1}`)
  const voters = nodes.slice(0, voterCount)
  const learners = spareCount > 0 && claims('raft-learners') && draw.chance(0.2) ? [nodes.at(-1)!] : []
  const options = drawOptions(draw, claims)
  // Leases hold only where clocks are true: no rates, no jumps.
  const leases = claims('raft-read-lease') && options.checkQuorum && draw.chance(0.5)
  const calm = draw.chance(0.25)
  const source = new OperationSource(draw, hello, nodes, voters, learners, options, leases)
  const episodes = new Episodes(draw, hello, nodes, options, leases, source)
  const episodeCount = size.episodes ?? draw.integer(5, 9)
  // Faults cost deliveries, so count only the time without; a round of heartbeats is a message and its answer.
  const perRound = 2 * Math.max(1, voterCount - 1)
  const healthy = ((size.deliveries ?? 500) * options.heartbeatInterval) / perRound
  const episodeDuration = Math.max(Math.round((1.5 * healthy) / episodeCount), options.electionTimeout)

  const steps: RaftStep[] = [...drawStaleMessages(draw, hello, voters, options)]
  steps.push({ step: 'run', duration: 3 * options.electionTimeout })
  if (voterCount === 1) steps.push(...grow(nodes, options))
  for (let episode = 0; episode < episodeCount; episode++) {
    steps.push(...episodes.begin(episode))
    steps.push(...drawTraffic(draw, source, draw.integer(1, 6) * options.electionTimeout))
    steps.push(...episodes.end())
    steps.push(...drawTraffic(draw, source, episodeDuration))
  }
  steps.push(...episodes.endAll(), ...drawTraffic(draw, source, Math.round(0.8 * healthy)))
  steps.push({ step: 'settle' })
  return {
    version: 1,
    surface: 'raft',
    name: `schedule ${seed}`,
    seed,
    nodes,
    configuration: { voters, outgoing: [], learners },
    options,
    network: drawNetwork(draw, hello, options, calm),
    disk: drawDisk(draw, options),
    steps,
  }
}

function drawOptions(draw: Draw, claims: (profile: string) => boolean): RaftOptions {
  const heartbeatInterval = pick(draw, [20, 30, 50, 50, 100])
  return {
    electionTimeout: heartbeatInterval * draw.integer(4, 10),
    heartbeatInterval,
    preVote: claims('raft-pre-vote') && draw.chance(0.5),
    checkQuorum: claims('raft-check-quorum') && draw.chance(0.5),
    maxEntries: pick(draw, [1, 2, 4, 16, 64]),
    maxInflight: pick(draw, [1, 2, 4, 16, 256]),
  }
}

function drawNetwork(draw: Draw, hello: Hello, { heartbeatInterval }: RaftOptions, calm: boolean): NetworkProfile {
  const least = draw.integer(1, Math.ceil(heartbeatInterval / 10))
  const greatest = least + draw.integer(0, Math.ceil(heartbeatInterval / pick(draw, [1.5, 3, 6])))
  if (calm) return { delay: [least, greatest], loss: 0, duplicate: 0, reorder: 0 }
  const { fifo, noDuplicates } = hello.assumptions
  return {
    delay: [least, greatest],
    loss: pick(draw, [0, 0.01, 0.03, 0.1]),
    duplicate: noDuplicates ? 0 : pick(draw, [0, 0.02, 0.1]),
    reorder: fifo ? 0 : pick(draw, [0, 0.02, 0.1]),
  }
}

function drawDisk(draw: Draw, { heartbeatInterval }: RaftOptions): DiskProfile {
  const least = pick(draw, [0, 1, 1, 2])
  return { delay: [least, least + draw.integer(0, Math.ceil(heartbeatInterval / pick(draw, [1, 2, 5, 10])))] }
}

/** A few messages that arrive long after their term. */
function drawStaleMessages(
  draw: Draw,
  { assumptions }: Hello,
  voters: readonly NodeId[],
  { electionTimeout, preVote }: RaftOptions,
): RaftStep[] {
  if (assumptions.fifo || voters.length < 2 || draw.chance(0.5)) return []
  const votes: MessageKind[] = ['request-vote', 'request-vote-response']
  const preVotes: MessageKind[] = preVote ? ['pre-vote', 'pre-vote-response'] : []
  const appends: MessageKind[] = ['append-entries', 'append-entries-response', 'heartbeat', 'heartbeat-response']
  const kinds = [...votes, ...preVotes, ...appends]
  return Array.from({ length: draw.integer(1, 6) }, () => {
    const [from, to] = pickSome(draw, voters, 2, 2) as [NodeId, NodeId]
    const by = draw.integer(electionTimeout, 4 * electionTimeout)
    return { step: 'delay', from, to, kind: pick(draw, kinds), nth: draw.integer(1, 12), by }
  })
}

/** A single voter adds the other nodes. */
function grow(nodes: readonly NodeId[], { electionTimeout }: RaftOptions): RaftStep[] {
  return nodes.slice(1).flatMap((node): RaftStep[] => [
    {
      step: 'operation',
      node: 'leader',
      operation: { type: 'change-membership', changes: [{ type: 'add-voter', node }], joint: false },
    },
    { step: 'run', duration: 2 * electionTimeout },
  ])
}

/** Operations, some close together, over about this long. */
function drawTraffic(draw: Draw, source: OperationSource, duration: Milliseconds): RaftStep[] {
  const steps: RaftStep[] = []
  const bursts = draw.integer(1, 4)
  for (let burst = 0; burst < bursts; burst++) {
    const operations = draw.integer(0, 4)
    for (let operation = 0; operation < operations; operation++) {
      steps.push(source.next())
      if (draw.chance(0.3)) steps.push({ step: 'run', duration: draw.integer(1, 20) })
    }
    steps.push({ step: 'run', duration: Math.ceil((duration * draw.integer(50, 150)) / (100 * bursts)) })
  }
  return steps
}

type Fault = LinkFault | 'isolate' | 'crash' | 'power' | 'pause' | 'clock' | 'timeout'

/** Draws faults, and what ends them. */
class Episodes {
  readonly #draw: Draw
  readonly #hello: Hello
  readonly #nodes: readonly NodeId[]
  readonly #options: RaftOptions
  readonly #leases: boolean
  readonly #source: OperationSource
  #ending: RaftStep[] = []

  constructor(
    draw: Draw,
    hello: Hello,
    nodes: readonly NodeId[],
    options: RaftOptions,
    leases: boolean,
    source: OperationSource,
  ) {
    this.#draw = draw
    this.#hello = hello
    this.#nodes = nodes
    this.#options = options
    this.#leases = leases
    this.#source = source
  }

  /** The first two episodes have faults of different kinds that are sure to have an effect. */
  begin(episode: number): RaftStep[] {
    const many = this.#nodes.length
    const { disk } = this.#hello.capabilities
    if (episode === 0) return this.#start('isolate', 'leader')
    if (episode === 1) return this.#start(disk && this.#draw.chance(0.7) ? 'crash' : 'pause', 'leader')
    const jumps = this.#leases ? 0 : 1
    const fault = pickWeighted<Fault>(this.#draw, [
      [4, 'split'],
      [many > 2 ? 1 : 0, 'bridge'],
      [3, 'isolate'],
      [many > 3 ? 1 : 0, 'ring'],
      [3, 'cut'],
      [2, 'hold'],
      [disk ? 6 : 0, 'crash'],
      [disk ? 1 : 0, 'power'],
      [2, 'pause'],
      [this.#hello.assumptions.clockDrift > 0 ? jumps : 0, 'clock'],
      [2 * jumps, 'timeout'],
    ])
    return this.#start(fault, this.#draw.chance(0.5) ? 'leader' : pick(this.#draw, this.#nodes))
  }

  end(): RaftStep[] {
    // What is not ended here is ended together with a later episode.
    return this.#nodes.length > 2 && this.#draw.chance(0.15) ? [] : this.endAll()
  }

  endAll(): RaftStep[] {
    const ending = this.#ending
    this.#ending = []
    return ending
  }

  #start(fault: Fault, target: Target): RaftStep[] {
    const draw = this.#draw
    const nodes = this.#nodes
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
        return this.#until([{ step: 'heal' }], { step: 'isolate', node: target })
      case 'crash':
        return this.#until(
          target === 'leader' ? nodes.map((node) => ({ step: 'restart', node })) : [{ step: 'restart', node: target }],
          ...this.#busy(target),
          this.#crash(target),
        )
      case 'power': {
        const gap = { step: 'run', duration: draw.integer(1, this.#options.electionTimeout) } as const
        const restarts = nodes.map((node): RaftStep => ({ step: 'restart', node }))
        return [...this.#busy(target), ...nodes.map((node) => this.#crash(node)), gap, ...restarts]
      }
      case 'pause':
        return this.#until(
          target === 'leader' ? nodes.map((node) => ({ step: 'resume', node })) : [{ step: 'resume', node: target }],
          { step: 'pause', node: target },
        )
      case 'clock': {
        const { begin, end } = drawClockFault(draw, nodes, this.#hello.assumptions.clockDrift)
        return this.#until(end, ...begin)
      }
      case 'timeout':
        return pickSome(draw, nodes, 1, 2).map((node) => ({ step: 'timeout', node }))
    }
  }

  /** Mostly makes the cluster write, and stops in the middle of it. */
  #busy(node: Target): RaftStep[] {
    const draw = this.#draw
    const pause: RaftStep = { step: 'run', duration: draw.integer(1, 10) }
    const jumps = !this.#leases && node !== 'leader'
    return pickWeighted<RaftStep[]>(draw, [
      [2, []],
      [
        5,
        [...Array.from({ length: draw.integer(1, 4) }, () => this.#source.put()), ...(draw.chance(0.4) ? [] : [pause])],
      ],
      [jumps ? 3 : 0, [{ step: 'timeout', node }, ...(draw.chance(0.3) ? [] : [pause])]],
    ])
  }

  #crash(node: Target): RaftStep {
    const keep = pick(this.#draw, ['all', 'none', 'some', 'some'] as const)
    return { step: 'crash', node, keep, torn: this.#draw.chance(0.3) }
  }

  #until(ending: readonly RaftStep[], ...steps: RaftStep[]): RaftStep[] {
    this.#ending.push(...ending)
    return steps
  }
}
