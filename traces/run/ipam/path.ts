/** A path through the life of an address as a scenario: clients ask, and one allocator answers each before the next. */
import { operationsOf, type IpamPath } from '../../../models/ipam/paths.ts'
import type { IpamScenario } from '../../../models/ipam/vocabulary.ts'
import { completeIpamScenario } from '../../scenario.ts'

const node = 'n1'

export function scenarioOfIpamPath(path: IpamPath): IpamScenario {
  const steps = operationsOf(path).flatMap((operation): IpamScenario['steps'] => [
    { step: 'operation', node, operation },
    { step: 'run', duration: 1 },
  ])
  return completeIpamScenario({ name: path.name, nodes: [node], disk: { delay: [0, 0] }, steps })
}
