/** Random schedules for servers of names that know one file of hosts, and nothing of networks and services. */
import type { Hello } from '../../impl/contract/discovery.ts'
import { garbledBytes } from '../../models/discovery/rules.ts'
import type { DiscoveryScenario, EndpointSetting, ScenarioOperation } from '../../models/discovery/vocabulary.ts'
import type { Step } from '../../models/vocabulary.ts'
import { completeDiscoveryScenario } from '../scenario/discovery.ts'
import { type Draw, drawFrom, pick } from './draw.ts'

type DiscoveryStep = Step<ScenarioOperation>

const node = 'n1'
const network = 'hosts'
const sandbox = 'hosts'

/** Hosts are written down in a few turns; after each, their names are asked for in many ways. */
export function drawHostsSchedule(seed: number, hello: Hello): DiscoveryScenario {
  const draw = drawFrom(seed)
  const source = new Source(draw, hello)
  const turns = draw.integer(2, 3)
  const steps = Array.from({ length: turns }, () => [
    ...source.change(),
    ...source.questions(draw.integer(10, 25)),
    { step: 'run', duration: 10 } as const,
  ]).flat()
  return completeDiscoveryScenario({
    name: `hosts schedule ${seed}`,
    seed,
    nodes: [node],
    options: {
      networks: [{ name: network, kind: 'local', internal: true }],
      upstreams: [],
      ndots: false,
      gossipInterval: 1_000,
      syncInterval: 60_000,
    },
    steps,
  })
}

class Source {
  readonly #draw: Draw
  readonly #canDetach: boolean
  #hosts: EndpointSetting[] = []
  #count = 0

  constructor(draw: Draw, { operations }: Hello) {
    this.#draw = draw
    this.#canDetach = operations.includes('detach')
  }

  change(): DiscoveryStep[] {
    const draw = this.#draw
    const steps: DiscoveryStep[] = []
    const gone = this.#canDetach ? this.#hosts.filter(() => draw.chance(0.2)) : []
    this.#hosts = this.#hosts.filter((each) => !gone.includes(each))
    for (const { endpoint } of gone) steps.push(operate({ type: 'detach', endpoint }))
    const some = draw.integer(1, 4)
    for (let each = 0; each < some; each++) {
      const name = pick(draw, ['web', 'db', 'Mixed', `host${this.#count}`, 'www.example'])
      steps.push(this.#attach(name, draw.chance(0.3)))
    }
    // One name with more addresses than a small datagram has room for.
    const crowd = draw.chance(0.6) ? draw.integer(31, 60) : 0
    for (let each = 0; each < crowd; each++) steps.push(this.#attach('big', false))
    return steps
  }

  #attach(name: string, isDual: boolean): DiscoveryStep {
    const number = ++this.#count
    const setting: EndpointSetting = {
      endpoint: `e${number}`,
      sandbox,
      network,
      name,
      aliases: [`alias${number}`],
      address: `10.1.${Math.floor(number / 250)}.${1 + (number % 250)}`,
      address6: isDual ? `fd00::${number.toString(16)}` : '',
      service: null,
      checked: false,
    }
    this.#hosts.push(setting)
    return operate({ type: 'attach', ...setting })
  }

  questions(count: number): DiscoveryStep[] {
    return Array.from({ length: count }, () => operate(this.#ask()))
  }

  #ask(): ScenarioOperation {
    const draw = this.#draw
    if (draw.chance(0.06)) return { type: 'garbled', sandbox, bytes: pick(draw, garbledBytes) }
    const { name, aliases } = pick(draw, this.#hosts)
    const known = draw.chance(0.3) ? aliases[0]! : name
    return {
      type: 'query',
      sandbox,
      name: draw.chance(0.2) ? known.toUpperCase() : known,
      qtype: draw.chance(0.3) ? 'AAAA' : 'A',
      transport: draw.chance(0.3) ? 'tcp' : 'udp',
      size: draw.chance(0.4) ? pick(draw, [300, 512, 1_232, 4_096]) : 0,
    }
  }
}

const operate = (operation: ScenarioOperation): DiscoveryStep => ({ step: 'operation', node, operation })
