/** What makes a scenario of address management simpler. */
import type { IpamScenario, Operation } from '../../models/ipam/vocabulary.ts'
import { defaultIpamDisk, defaultIpamOptions } from '../scenario.ts'
import { ipamNodesOf } from '../scenario/ipam.ts'
import { type ShrinkRules, stepsOf, stepsWithout, type Trial, withSteps } from './rules.ts'

export const ipamRules: ShrinkRules<IpamScenario> = {
  withoutNode(scenario, node) {
    if (scenario.nodes.length === 1) return null
    const nodes = scenario.nodes.filter((name) => name !== node)
    return { ...scenario, nodes, steps: stepsWithout(scenario.steps, node, ipamNodesOf) }
  },
  changes: [
    (best) => [{ ...best, options: defaultIpamOptions }],
    (best) => [{ ...best, options: { ...best.options, reserved: [] } }],
    (best) => [
      { ...best, disk: { delay: [0, 0] } },
      { ...best, disk: defaultIpamDisk },
    ],
    (best, trial) => [withSteps(best, named(best, trial))],
    (best) => [withPools(best)],
  ],
  simplerOperations(operation) {
    const of = operation as Operation
    if (of.type === 'request-address') {
      return [...(of.address === '' ? [] : [{ ...of, address: '' }]), ...(of.serial ? [{ ...of, serial: false }] : [])]
    }
    if (of.type !== 'request-pool') return []
    return [
      ...of.auxiliary.map((_, index) => ({ ...of, auxiliary: of.auxiliary.toSpliced(index, 1) })),
      ...(of.gateway === '' ? [] : [{ ...of, gateway: '' }]),
      ...(of.range === '' ? [] : [{ ...of, range: '' }]),
    ]
  },
}

/** The steps with each `leader` named: who that is does not change when steps before are taken away. */
function named(best: IpamScenario, { targets }: Trial): readonly IpamScenario['steps'][number][] {
  return best.steps.map((step, index) =>
    'node' in step && step.node === 'leader' && targets[index] != null ? { ...step, node: targets[index] } : step,
  )
}

/** Pools and owners are numbered by their place: they need only differ. */
function withPools(best: IpamScenario): IpamScenario {
  const pools = new Map<string, string>()
  const owners = new Map<string, string>()
  const nameIn = (names: Map<string, string>, prefix: string, name: string): string => {
    if (name === '') return ''
    const known = names.get(name) ?? `${prefix}${names.size + 1}`
    names.set(name, known)
    return known
  }
  const steps = (stepsOf(best) as IpamScenario['steps']).map((step) => {
    if (step.step !== 'operation') return step
    const { operation } = step
    const pool = nameIn(pools, 'net', operation.pool)
    return 'owner' in operation
      ? { ...step, operation: { ...operation, pool, owner: nameIn(owners, 'e', operation.owner) } }
      : { ...step, operation: { ...operation, pool } }
  })
  return withSteps(best, steps)
}
