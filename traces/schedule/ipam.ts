/** Random schedules of address management: clients ask, crowded pools fill up, and whoever leads is lost now and then. */
import type { Hello } from '../../impl/contract/ipam.ts'
import { parsePrefix, printPrefix, type Prefix } from '../../models/ipam/addresses.ts'
import type { DefaultPools, IpamOptions, IpamScenario, Operation, Space } from '../../models/ipam/vocabulary.ts'
import type { NodeId, Step } from '../../models/vocabulary.ts'
import { defaultNetwork } from '../scenario/shared.ts'
import { type Draw, drawFrom, pick, pickSome, pickWeighted } from './draw.ts'

type IpamStep = Step<Operation>

export interface IpamScheduleSize {
  /** How many stretches of operations there are, each with a fault or without. Default 4 to 9. */
  readonly episodes?: number
}

/** A schedule that depends on the seed and on what the implementation offers. */
export function drawIpamSchedule(seed: number, hello: Hello, size: IpamScheduleSize = {}): IpamScenario {
  return drawIpamScenario(drawFrom(seed), seed, hello, size)
}

function drawIpamScenario(draw: Draw, seed: number, hello: Hello, size: IpamScheduleSize): IpamScenario {
  const isSwarm = hello.profiles.includes('ipam-swarm') && hello.capabilities.disk
  const count = isSwarm ? pick(draw, [1, 2, 3, 3, 5]) : 1
  const nodes = Array.from({ length: count }, (_, index) => `n${index + 1}`)
  const options = drawOptions(draw)
  const source = new Source(draw, hello, nodes, options, isSwarm)
  const steps: IpamStep[] = []
  const episodes = size.episodes ?? draw.integer(4, 9)
  for (let episode = 0; episode < episodes; episode++) steps.push(...source.episode())
  steps.push({ step: 'settle' })
  const slowest = pick(draw, [0, 2, 2, 10, 50])
  return {
    version: 1,
    surface: 'ipam',
    name: `ipam schedule ${seed}`,
    seed,
    nodes,
    options,
    network: defaultNetwork,
    disk: { delay: [draw.integer(0, slowest), slowest] },
    steps,
  }
}

/** Default pools so few and small that schedules see their end. */
function drawOptions(draw: Draw): IpamOptions {
  const blocks = (space: Space): DefaultPools[] =>
    space === 'local'
      ? [
          { space, block: '172.30.0.0/24', size: pick(draw, [26, 28, 29]) },
          { space, block: '172.20.0.0/28', size: pick(draw, [28, 29, 30]) },
          { space, block: 'fd00:30::/62', size: pick(draw, [64, 66]) },
        ]
      : [
          { space, block: '10.0.0.0/25', size: pick(draw, [27, 28, 29]) },
          { space, block: 'fd00:10::/63', size: 64 },
        ]
  return {
    defaults: [...blocks('local'), ...blocks('global')],
    reserved: draw.chance(0.5) ? pickSome(draw, ['172.20.0.0/30', '172.30.0.64/26', '172.30.0.17/32'], 1, 2) : [],
  }
}

type Kind =
  | 'pool'
  | 'named pool'
  | 'wrong pool'
  | 'repeated pool'
  | 'release pool'
  | 'address'
  | 'named address'
  | 'outside address'
  | 'release'
  | 'release again'

/** Subnets to ask for: small ones that fill up, those without broadcast, and pairs that overlap. */
const subnets = [
  '10.7.0.0/28',
  '10.7.0.0/29',
  '10.7.0.8/29',
  '10.7.1.0/30',
  '10.7.2.0/31',
  '10.7.2.2/32',
  '172.30.0.0/26',
  '10.0.0.32/27',
  'fd00:7::/126',
  'fd00:7:1::/64',
] as const

/** What may be wrong with a request for 10.8.0.0/24, one thing at a time. */
const mistakes: readonly Partial<Extract<Operation, { type: 'request-pool' }>>[] = [
  { subnet: '10.8.0.5/24' },
  { subnet: 'nonsense' },
  { subnet: '10.8.0.0/33' },
  { subnet: '', range: '10.8.0.0/28' },
  { range: 'nonsense' },
  { range: '10.8.0.9/28' },
  { range: '10.8.0.0/16' },
  { range: '10.9.0.0/28' },
  { range: 'fd00::/80' },
  { gateway: '10.9.0.1' },
  { gateway: '10.8.0.256' },
  { auxiliary: ['10.9.0.2'] },
  { auxiliary: ['10.8.0.2', '10.8.0'] },
]

/** A pool that may be there. */
interface Known {
  readonly pool: string
  /** As far as it is known. */
  readonly subnet: string
}

class Source {
  readonly #draw: Draw
  readonly #hello: Hello
  readonly #nodes: readonly NodeId[]
  readonly #options: IpamOptions
  readonly #isSwarm: boolean
  readonly #pools: Known[] = []
  readonly #owners: (readonly [string, string])[] = []
  #named = 0

  constructor(draw: Draw, hello: Hello, nodes: readonly NodeId[], options: IpamOptions, isSwarm: boolean) {
    this.#draw = draw
    this.#hello = hello
    this.#nodes = nodes
    this.#options = options
    this.#isSwarm = isSwarm
  }

  /** Operations, a fault perhaps while some of them are under way, and more operations. */
  episode(): IpamStep[] {
    const before = this.#operations(this.#draw.integer(8, 24))
    const { begin, end } = this.#fault()
    const during = this.#operations(this.#draw.integer(0, 5))
    return [...before, ...begin, ...during, this.#pause(200), ...end, this.#pause(400)]
  }

  #pause(most: number): IpamStep {
    return { step: 'run', duration: this.#draw.integer(0, most) }
  }

  #operations(count: number): IpamStep[] {
    return Array.from({ length: count }, (): IpamStep[] => {
      const steps = [this.#step(this.#operation())]
      // Mostly several are under way at once.
      return this.#draw.chance(0.35) ? [...steps, this.#pause(this.#draw.chance(0.5) ? 5 : 60)] : steps
    }).flat()
  }

  #step(operation: Operation): IpamStep {
    const node = this.#nodes.length > 1 && this.#draw.chance(0.12) ? pick(this.#draw, this.#nodes) : 'leader'
    return { step: 'operation', node, operation }
  }

  #fault(): { readonly begin: readonly IpamStep[]; readonly end: readonly IpamStep[] } {
    const draw = this.#draw
    const several = this.#nodes.length > 1 && this.#isSwarm
    const kind = pickWeighted(draw, [
      [2, 'none'],
      [this.#hello.capabilities.disk ? 4 : 0, 'crash'],
      [several ? 2 : 0, 'isolate'],
      [several ? 2 : 0, 'pause'],
      [this.#nodes.length > 2 ? 1 : 0, 'partition'],
    ] as const)
    const node = draw.chance(0.75) ? 'leader' : pick(draw, this.#nodes)
    switch (kind) {
      case 'none':
        return { begin: [], end: [] }
      case 'crash':
        return {
          begin: [{ step: 'crash', node, keep: pick(draw, ['all', 'none', 'some', 'some']), torn: false }],
          end: this.#nodes.map((each) => ({ step: 'restart', node: each })),
        }
      case 'isolate':
        return { begin: [{ step: 'isolate', node }], end: [{ step: 'heal' }] }
      case 'pause':
        return { begin: [{ step: 'pause', node }], end: this.#nodes.map((each) => ({ step: 'resume', node: each })) }
      case 'partition': {
        const group = pickSome(draw, this.#nodes, 1, this.#nodes.length - 1)
        const others = this.#nodes.filter((each) => !group.includes(each))
        return { begin: [{ step: 'partition', groups: [group, others] }], end: [{ step: 'heal' }] }
      }
    }
  }

  #operation(): Operation {
    const draw = this.#draw
    const some = this.#pools.length > 0 ? 1 : 0
    // Few pools at a time: they are to fill up.
    const scarce = this.#pools.length < 3 ? 4 : 1
    const kind = pickWeighted<Kind>(draw, [
      [scarce, 'pool'],
      [2 * scarce, 'named pool'],
      [2, 'wrong pool'],
      [some, 'repeated pool'],
      [some, 'release pool'],
      [22 * some, 'address'],
      [7 * some, 'named address'],
      [some, 'outside address'],
      [this.#owners.length > 0 ? 10 : 0, 'release'],
      [2 * some, 'release again'],
    ])
    const { pool, subnet } = some === 0 ? { pool: 'none', subnet: '' } : this.#known()
    const owner = `e${this.#named}`
    switch (kind) {
      case 'pool':
        return this.#requestPool()
      case 'named pool':
        return this.#requestNamed(pick(draw, subnets))
      case 'wrong pool':
        return this.#requestWrong()
      case 'repeated pool':
        return { ...this.#requestNamed(subnet === '' ? subnets[0] : subnet), pool }
      case 'release pool':
        return { type: 'release-pool', pool: draw.chance(0.15) ? 'no-such-pool' : pool }
      case 'address':
        return this.#requestAddress(draw.chance(0.04) ? 'no-such-pool' : pool)
      case 'named address':
        return {
          type: 'request-address',
          pool,
          owner: this.#owner(pool),
          address: this.#addressIn(subnet),
          serial: false,
        }
      case 'outside address':
        return draw.chance(0.5)
          ? { type: 'request-address', pool, owner, address: '203.0.113.7', serial: false }
          : { type: 'release-address', pool, owner: '', address: '203.0.113.7' }
      case 'release': {
        const [of, whose] = pick(draw, this.#draw.chance(0.7) ? this.#owners.slice(-8) : this.#owners)
        return { type: 'release-address', pool: of, owner: whose, address: '' }
      }
      case 'release again':
        return { type: 'release-address', pool, owner: '', address: this.#addressIn(subnet) }
    }
  }

  /** Mostly one of the pools that were asked for last, so that some fill up. */
  #known(): Known {
    return pick(this.#draw, this.#draw.chance(0.85) ? this.#pools.slice(-2) : this.#pools)
  }

  #name(subnet: string): string {
    const pool = `net${++this.#named}`
    this.#pools.push({ pool, subnet })
    return pool
  }

  #owner(pool: string): string {
    const owner = `e${++this.#named}`
    this.#owners.push([pool, owner])
    return owner
  }

  #requestAddress(pool: string): Operation {
    const serial = this.#isSwarm && this.#draw.chance(0.6)
    return { type: 'request-address', pool, owner: this.#owner(pool), address: '', serial }
  }

  #requestPool(): Operation {
    const draw = this.#draw
    const v6 = draw.chance(0.25)
    const length = draw.chance(0.2) ? (v6 ? `::/${draw.integer(64, 70)}` : `0.0.0.0/${draw.integer(22, 30)}`) : ''
    return {
      type: 'request-pool',
      pool: this.#name(''),
      space: draw.chance(0.5) ? 'local' : 'global',
      v6,
      subnet: length,
      range: '',
      gateway: draw.chance(0.7) ? 'auto' : '',
      auxiliary: [],
    }
  }

  #requestNamed(subnet: string): Extract<Operation, { type: 'request-pool' }> {
    const draw = this.#draw
    const range = draw.chance(0.3) ? rangeOf(draw, subnet) : ''
    return {
      type: 'request-pool',
      pool: this.#name(subnet),
      space: draw.chance(0.6) ? 'local' : 'global',
      v6: subnet.includes(':'),
      subnet,
      range,
      gateway: draw.chance(0.4) ? 'auto' : draw.chance(0.5) ? this.#addressIn(subnet) : '',
      auxiliary: draw.chance(0.3) ? [this.#addressIn(subnet)] : [],
    }
  }

  /** A request with one mistake, or several. */
  #requestWrong(): Operation {
    const draw = this.#draw
    const good = { type: 'request-pool', pool: `wrong${++this.#named}`, space: 'local', v6: false } as const
    const parts = { subnet: '10.8.0.0/24', range: '', gateway: '', auxiliary: [] }
    if (draw.chance(0.9)) return { ...good, ...parts, ...pick(draw, mistakes) }
    const subnet = pick(draw, ['10.8.0.0/24', '10.8.0.0/24', '10.8.0.5/24', 'nonsense', 'fd00:8::1/64', ''])
    const wrong = (chance: number, words: readonly string[]): string => (draw.chance(chance) ? pick(draw, words) : '')
    return {
      type: 'request-pool',
      pool: `wrong${++this.#named}`,
      space: 'local',
      v6: false,
      subnet,
      range: wrong(0.5, ['10.8.0.0/16', '10.8.0.9/28', '10.9.0.0/28', 'fd00::/80', '10.8.0.0/99']),
      gateway: wrong(0.5, ['10.9.0.1', '10.8.0.256', 'fd00::1', '10.8.0.1']),
      auxiliary: draw.chance(0.4) ? pickSome(draw, ['10.9.0.2', '10.8.0', 'fd00::2', '10.8.0.2'], 1, 2) : [],
    }
  }

  /** Some address of a subnet, near its ends by preference; where the subnet is not known, one of a default pool. */
  #addressIn(subnet: string): string {
    const draw = this.#draw
    const prefix = parsePrefix(subnet === '' ? this.#options.defaults[0]!.block : subnet)
    if (prefix === null) return '10.7.0.1'
    return addressOf(draw, prefix)
  }
}

function addressOf(draw: Draw, prefix: Prefix): string {
  const host = (prefix.v6 ? 128 : 32) - prefix.bits
  const size = 1n << BigInt(host)
  const near = BigInt(draw.integer(0, 6))
  const offset = draw.chance(0.25) ? size - 1n - (near % size) : near % size
  return printPrefix({ ...prefix, base: prefix.base + offset, bits: prefix.v6 ? 128 : 32 }).replace(/\/\d+$/, '')
}

function rangeOf(draw: Draw, subnet: string): string {
  const prefix = parsePrefix(subnet)
  if (prefix === null) return ''
  const width = prefix.v6 ? 128 : 32
  const bits = Math.min(width, prefix.bits + draw.integer(1, 2))
  const part = BigInt(draw.integer(0, 2 ** (bits - prefix.bits) - 1)) << BigInt(width - bits)
  return printPrefix({ ...prefix, base: prefix.base + part, bits })
}
