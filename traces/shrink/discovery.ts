/** What makes a scenario of service discovery simpler. */
import type { DiscoveryScenario, EndpointSetting, ScenarioOperation } from '../../models/discovery/vocabulary.ts'
import { defaultDiscoveryOptions, discoveryNodesOf } from '../scenario/discovery.ts'
import { type ShrinkRules, stepsWithout } from './rules.ts'

export const discoveryRules: ShrinkRules<DiscoveryScenario> = {
  withoutNode(scenario, node) {
    if (scenario.nodes.length === 1) return null
    const nodes = scenario.nodes.filter((name) => name !== node)
    return { ...scenario, nodes, steps: stepsWithout(scenario.steps, node, discoveryNodesOf) }
  },
  changes: [
    ({ options, ...best }) => {
      const { gossipInterval, syncInterval } = defaultDiscoveryOptions
      return [{ ...best, options: { ...options, gossipInterval, syncInterval } }]
    },
    ({ options, ...best }) => (options.ndots ? [{ ...best, options: { ...options, ndots: false } }] : []),
    (best) => best.options.upstreams.map((_, place) => withoutUpstream(best, place)),
    (best) => best.options.networks.map((_, place) => withoutNetwork(best, place)).filter((each) => each !== null),
  ],
  simplerOperations(operation) {
    const of = operation as ScenarioOperation
    if (of.type === 'attach') return simplerEndpoints(of).map((each) => ({ ...each, type: 'attach' }))
    if (of.type === 'replicas') {
      const fewer = [of.count >> 1, of.count - 1].filter((count) => count > 0 && count < of.count)
      return [
        ...fewer.map((count) => ({ ...of, count })),
        ...simplerEndpoints(of.of).map((each) => ({ ...of, of: each })),
      ]
    }
    if (of.type === 'queries') return of.times > 1 ? [{ ...of, times: of.times >> 1 }] : []
    if (of.type !== 'query') return []
    return [
      ...(of.size === 0 ? [] : [{ ...of, size: 0 }]),
      ...(of.transport === 'udp' ? [] : [{ ...of, transport: 'udp' as const }]),
    ]
  },
}

function withoutUpstream(best: DiscoveryScenario, place: number): DiscoveryScenario {
  const { options, conducts } = best
  return {
    ...best,
    options: { ...options, upstreams: options.upstreams.toSpliced(place, 1) },
    conducts: conducts.toSpliced(place, 1),
  }
}

/** Null where it is the only one. */
function withoutNetwork(best: DiscoveryScenario, place: number): DiscoveryScenario | null {
  const { options } = best
  if (options.networks.length === 1) return null
  return { ...best, options: { ...options, networks: options.networks.toSpliced(place, 1) } }
}

function simplerEndpoints(setting: EndpointSetting): EndpointSetting[] {
  const { aliases, address6, service, checked } = setting
  return [
    ...(service === null ? [] : [{ ...setting, service: null, checked: false }]),
    ...(service === null || service.aliases.length === 0 ? [] : [{ ...setting, service: { ...service, aliases: [] } }]),
    ...(aliases.length === 0 ? [] : [{ ...setting, aliases: [] }]),
    ...(address6 === '' ? [] : [{ ...setting, address6: '' }]),
    ...(checked ? [{ ...setting, checked: false }] : []),
  ]
}
