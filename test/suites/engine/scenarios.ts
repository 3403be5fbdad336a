/** What an engine can be asked of the schedules that are drawn for allocators. */
import { parsePrefix } from '../../../models/ipam/addresses.ts'
import { asksForLength, problemsOf } from '../../../models/ipam/rules.ts'
import type { IpamScenario, Operation } from '../../../models/ipam/vocabulary.ts'
import type { Step } from '../../../models/vocabulary.ts'
import type { Scenario } from '../../../traces/scenario.ts'

type IpamStep = Step<Operation>

/**
 * Every network of an engine has a gateway and is local, no choice of a container is serial, and there are no default
 * pools of IPv6.
 */
export function fitEngine(scenario: Scenario): Scenario {
  return mapOperations(scenario, (operation) => {
    if (operation.type === 'request-address') return { ...operation, serial: false }
    if (operation.type !== 'request-pool') return operation
    const { v6, subnet, gateway } = operation
    if ((v6 && subnet === '') || asksForLength(subnet)?.v6 === true) return null
    return { ...operation, space: 'local', gateway: gateway === '' ? 'auto' : gateway }
  })
}

/** Subnets without network address and broadcast, of which older engines know nothing. */
const isWhole = (text: string): boolean => {
  const subnet = parsePrefix(text)
  return subnet !== null && !subnet.v6 && subnet.bits >= 31
}

/**
 * The same without what older engines are known to do otherwise: wrong requests, subnets that are left to the engine or
 * have no network address. A run ends at its first violation: what is known would hide what is not.
 */
export function fitOlderEngine(scenario: Scenario): Scenario {
  return mapOperations(fitEngine(scenario), (operation) => {
    if (operation.type !== 'request-pool') return operation
    const { subnet } = operation
    const isOther =
      subnet === '' || asksForLength(subnet) !== null || isWhole(subnet) || problemsOf(operation).length > 0
    return isOther ? null : operation
  })
}

/** Leaves out what becomes null. */
function mapOperations(scenario: Scenario, change: (operation: Operation) => Operation | null): Scenario {
  if (scenario.surface !== 'ipam') return scenario
  const steps = scenario.steps.flatMap((step): IpamStep[] => {
    if (step.step !== 'operation') return [step]
    const operation = change(step.operation)
    return operation === null ? [] : [{ ...step, operation }]
  })
  return { ...scenario, steps } satisfies IpamScenario
}
