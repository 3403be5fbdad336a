/** What an engine can be asked of the schedules that are drawn for allocators. */
import { parsePrefix } from '../../../models/ipam/addresses.ts'
import { asksForLength, problemsOf } from '../../../models/ipam/rules.ts'
import type { IpamScenario, Operation } from '../../../models/ipam/vocabulary.ts'
import type { Step } from '../../../models/vocabulary.ts'
import type { Scenario } from '../../../traces/scenario.ts'
import { parseScenario } from '../../../traces/text.ts'
import type { CaseSource } from '../scenarios.ts'

type IpamStep = Step<Operation>

/**
 * Every network of an engine has a gateway and is local, no choice of a container is serial, and there are no default
 * pools of IPv6.
 */
function fitEngine(scenario: Scenario): Scenario {
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
function fitOlderEngine(scenario: Scenario): Scenario {
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

/** One thing at a time, since a run ends at its first violation: what is wrong with a request, and small subnets. */
const directed: Readonly<Record<string, string>> = {
  'a subnet that is none': 'request-pool n1 net local subnet nonsense gateway auto',
  'a subnet with host bits': 'request-pool n1 net local subnet 10.8.0.5/24 gateway auto',
  'a range without a subnet': 'request-pool n1 net local range 10.8.0.0/28 gateway auto',
  'a range that is none': 'request-pool n1 net local subnet 10.8.0.0/24 range nonsense gateway auto',
  'a range with host bits': 'request-pool n1 net local subnet 10.8.0.0/24 range 10.8.0.9/28 gateway auto',
  'a range outside of its subnet': 'request-pool n1 net local subnet 10.8.0.0/24 range 10.9.0.0/28 gateway auto',
  'a range larger than its subnet': 'request-pool n1 net local subnet 10.8.0.0/24 range 10.8.0.0/16 gateway auto',
  'a gateway that is none': 'request-pool n1 net local subnet 10.8.0.0/24 gateway 10.8.0.256',
  'a gateway outside of its subnet': 'request-pool n1 net local subnet 10.8.0.0/24 gateway 10.9.0.1',
  'an auxiliary address that is none': 'request-pool n1 net local subnet 10.8.0.0/24 gateway auto auxiliary 10.8.0',
  'an auxiliary address outside': 'request-pool n1 net local subnet 10.8.0.0/24 gateway auto auxiliary 10.9.0.2',
  'several problems': 'request-pool n1 net local subnet 10.8.0.0/24 range 10.9.0.0/28 gateway 10.9.0.1',
  'a point-to-point subnet': 'request-pool n1 net local subnet 10.7.2.0/31 gateway auto\nrequest-address n1 net for a',
}

const directedScenarios = Object.entries(directed).map(([name, steps]) =>
  parseScenario(`ipam scenario v1\nname ${name}\nnodes n1\n\n${steps}\nsettle\n`, name),
)

/** The cases, with each scenario as it can be asked. */
function fitCases(drawn: CaseSource, fit: (scenario: Scenario) => Scenario): CaseSource {
  return {
    count: drawn.count,
    at(number) {
      const work = drawn.at(number)
      return work.kind === 'scenario' ? { ...work, scenario: fit(work.scenario) } : work
    },
  }
}

/** All that an engine can be asked, and one thing at a time. */
export function everything(drawn: CaseSource): CaseSource {
  const fitted = fitCases(drawn, fitEngine)
  return {
    count: directedScenarios.length + fitted.count,
    at(number) {
      const scenario = directedScenarios[number]
      if (scenario === undefined) return fitted.at(number - directedScenarios.length)
      return { kind: 'scenario', name: scenario.name, scenario }
    },
  }
}

/** What older engines do as later ones. */
export const wellKnown = (drawn: CaseSource): CaseSource => fitCases(drawn, fitOlderEngine)
