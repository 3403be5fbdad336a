/** A path through the life of an endpoint as a scenario: what happens in each layer is brought about by links and clients. */
import type { EndpointPath } from '../../../models/network/paths.ts'
import type { EndpointInput } from '../../../models/network/rules.ts'
import type { NetworkScenario, Operation } from '../../../models/network/vocabulary.ts'
import { completeNetworkScenario, defaultNetworkOptions } from '../../scenario.ts'

/** Who leads and shows, who runs the task, and another that shows it first. */
const nodes = ['n1', 'n2', 'n3'] as const
const [leader, runner, viewer] = nodes

type Step = NetworkScenario['steps'][number]
type Link = readonly [string, string]

const ask = (operation: Operation): Step => ({ step: 'operation', node: leader, operation })
const run = (duration: number): Step => ({ step: 'run', duration })
const hold = ([from, to]: Link): Step => ({ step: 'hold', from, to })
const release = ([from, to]: Link): Step => ({ step: 'release', from, to })
const crash = (node: string): Step => ({ step: 'crash', node, keep: 'none', torn: false })
const back: Step = { step: 'restart', node: runner }
const stop = ask({ type: 'stop-task', task: 't1' })

/** Nobody hears the runner, nor the leader the viewer; none is held for gone, since links hold, and break nothing. */
const links: readonly Link[] = [
  [leader, runner],
  [runner, leader],
  [runner, viewer],
  [viewer, leader],
]

const prelude: readonly Step[] = [
  ask({ type: 'create-network', network: 'net1', subnet: '10.1.0.0/29' }),
  ask({ type: 'create-service', service: 'web', network: 'net1', mode: 'vip', port: 0 }),
  run(3_000),
]

/** What waits at a link comes when it is released; where nobody is to hear of a life that ends, it must be lost. */
function closed(link: Link, steps: readonly EndpointInput[]): Step {
  const isLost =
    link[0] === runner && steps.lastIndexOf('publish') > steps.indexOf('withdraw') && !steps.includes('show')
  return isLost && steps.includes('withdraw') ? { step: 'cut', from: link[0], to: link[1] } : hold(link)
}

/** How an input is brought about behind others. */
function stepsOf(
  input: EndpointInput,
  earlier: readonly EndpointInput[],
  later: readonly EndpointInput[],
): readonly Step[] {
  const had = (what: EndpointInput): boolean => earlier.includes(what)
  switch (input) {
    case 'allocate':
      return [
        ...(later.includes('publish') ? [] : [crash(runner)]),
        ask({ type: 'start-task', task: 't1', service: 'web', on: runner }),
      ]
    case 'publish':
      // The second time by a new life, which is told the others and what to run.
      if (had('publish')) return [had('show') ? release([runner, leader]) : { step: 'heal' }, back, run(1_500)]
      return [release([leader, runner]), run(1_500)]
    case 'show': {
      const link: Link = had('show') ? [viewer, leader] : [runner, viewer]
      return [release(link), run(8_000), hold(link)]
    }
    case 'hide':
      // While it is told, only who is down does not show it.
      return earlier.at(-1) === 'withdraw' || had('withdraw')
        ? [release([runner, viewer]), run(8_000), hold([runner, viewer])]
        : [crash(viewer), run(1_000)]
    case 'withdraw':
      return later.includes('publish') ? [crash(runner), run(100)] : [stop, run(1_500)]
    case 'release':
      return [...(had('withdraw') ? [] : [stop, back]), ...links.map(release), run(8_000)]
  }
}

const options = { ...defaultNetworkOptions, bulkSyncInterval: 5_000, pushPullInterval: 5_000 }

export function scenarioOfEndpointPath({ name, steps }: EndpointPath): NetworkScenario {
  const played = steps.flatMap((input, at) => stepsOf(input, steps.slice(0, at), steps.slice(at + 1)))
  return completeNetworkScenario({
    name,
    nodes: [...nodes],
    options,
    steps: [
      ...prelude,
      ...links.map((link) => closed(link, steps)),
      ...played,
      ...links.map(release),
      { step: 'settle' },
    ],
  })
}
