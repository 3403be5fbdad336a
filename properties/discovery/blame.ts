/** Which rule a wrong answer breaks: the most specific one that explains it. Only asked when something is wrong. */
import { folded, lookupsOf, namingsOf, pointedTo } from '../../models/discovery/rules.ts'
import type { EndpointRecord, NetworkSetting, Question } from '../../models/discovery/vocabulary.ts'
import type { Cluster } from './cluster.ts'
import type { Node } from './node.ts'
import { R } from './requirements.ts'
import { recordKey } from './view.ts'

/** What is asked, by whom. */
export interface Asking {
  readonly cluster: Cluster
  readonly node: Node
  readonly networks: readonly NetworkSetting[]
  readonly question: Question
}

const addressesOf = ({ address, address6, service }: EndpointRecord): string[] => [
  address,
  ...(address6 === '' ? [] : [address6]),
  ...(service === null || service.vip === '' ? [] : [service.vip]),
]

/** Whether an endpoint of the node's own has this address, and was never to be named. */
const isUnpublished = (node: Node, address: string | null): boolean =>
  [...node.endpoints.values()].some(
    ({ setting, stage }) => (stage === 'starting' || stage === 'ending') && setting.address === address,
  )

/** Records on these networks that have the name at the lookup that finds it first. */
function recordsNamed({ cluster, node, networks, question }: Asking): EndpointRecord[] {
  for (const lookup of lookupsOf(question.name, networks)) {
    const among = lookup.networks.map(({ name }) => name)
    const found = [...node.view.held.values()].filter(
      ({ record, met }) =>
        among.includes(record.network) &&
        namingsOf({ ...record, disabled: false }, cluster.kinds.get(record.network)!, met).some(
          ({ name }) => name === lookup.name,
        ),
    )
    if (found.length > 0) return found.map(({ record }) => record)
  }
  return []
}

/** The rule that says where this name of theirs leads. */
function ruleOfName(records: readonly EndpointRecord[], name: string): number {
  const record = records.find(({ service }) => service !== null) ?? records[0]
  if (record === undefined) return R.answersKnown
  const { service } = record
  const short = folded(name)
  const fits = (each: string): boolean => short === folded(each) || short.startsWith(`${folded(each)}.`)
  if (service === null || fits(record.name) || record.aliases.some(fits)) return R.namesOfContainer
  const isVip = service.vip !== ''
  if (short.startsWith('tasks.')) return isVip ? R.vipTasksByName : R.tasksByName
  if (fits(service.name)) return isVip ? R.vipForName : R.tasksForName
  return isVip ? R.vipForAliases : R.tasksForAliases
}

/** Why an answer must not have this address. */
export function ruleOfExtra(asking: Asking, address: string): number {
  const { cluster, node, networks, question } = asking
  const own = networks.map(({ name }) => name)
  const holders = [...node.view.held.values()]
    .map(({ record }) => record)
    .filter((each) => addressesOf(each).includes(address))
  const inScope = holders.filter(({ network }) => own.includes(network))
  if (holders.length > 0 && inScope.length === 0) return R.onlyOwnNetworks
  if (inScope.some(({ network }) => cluster.kinds.get(network) === 'ingress')) return R.ingressHasNoNames
  const isTask = inScope.some((each) => each.address === address)
  if (isTask && inScope.every(({ disabled }) => disabled)) return R.namesEnabledOnly
  const unpublished = isUnpublished(node, address)
  if (holders.length === 0 && unpublished) return R.namesEnabledOnly
  if (holders.length === 0 && own.some((network) => node.view.past.has(recordKey(network, address)))) {
    const isVip = [...cluster.published.values()].flat().some(({ service }) => service?.vip === address)
    return isVip ? R.vipEndsWithLast : R.forgetsWithdrawn
  }
  return precedence(asking, address) ?? ruleOfName(recordsNamed(asking), question.name)
}

/** The address is what the name means at a lookup that comes later, or on a network that does. */
function precedence({ node, networks, question }: Asking, address: string): number | null {
  const knows = (network: NetworkSetting, name: string): boolean => {
    const known = node.view.known(network.name, name)
    return known !== undefined && [...known.strong[4], ...known.strong[6], ...known.weak].includes(address)
  }
  const lookups = lookupsOf(question.name, networks)
  const first = lookups.findIndex(({ name, networks: among }) =>
    among.some((network) => node.view.known(network.name, name) !== undefined),
  )
  const later = lookups.findIndex(({ name, networks: among }) => among.some((network) => knows(network, name)))
  if (first < 0 || later < 0) return null
  if (later > first) return first === 0 ? R.wholeNameFirst : R.splitsFromRight
  const { name, networks: among } = lookups[first]!
  const kinds = new Set(among.filter((network) => node.view.known(network.name, name)).map(({ kind }) => kind))
  return kinds.size > 1 ? R.overlayFirst : null
}

/** A name that is known was taken for one that is not. */
export function ruleOfUnknown(asking: Asking, otherwise: number): number {
  const { node, networks, question } = asking
  const { name, qtype } = question
  if (qtype === 'MX') return R.mailIsEmpty
  if (qtype === 'PTR') return R.pointerNamesContainer
  const records = recordsNamed(asking)
  const index = lookupsOf(name, networks).findIndex((lookup) =>
    lookup.networks.some((network) => node.view.known(network.name, lookup.name) !== undefined),
  )
  if (qtype === 'AAAA' && records.every(({ address6 }) => address6 === '')) return R.emptyForOtherFamily
  if (folded(name) !== name) return R.caseInsensitive
  if (index > 0) return R.nameDotNetwork
  const rule = ruleOfName(records, name)
  if (rule === R.vipForName) return records.every(({ disabled }) => disabled) ? R.vipUntilLast : R.vipWithFirst
  return rule === R.answersKnown ? otherwise : rule
}

/** An answer lacks an address. */
export function ruleOfMissing(asking: Asking): number {
  const records = recordsNamed(asking)
  const rule = ruleOfName(records, asking.question.name)
  return rule === R.namesOfContainer ? R.answersWhole : rule
}

/** A pointer leads where it must not. */
export function ruleOfPointer({ node, networks, question }: Asking, told: readonly string[]): number {
  const address = pointedTo(question.name)
  const own = networks.map(({ name }) => name)
  const holders = [...node.view.held.values()].map(({ record }) => record)
  if (holders.some(({ service, network }) => service?.vip === address && own.includes(network)))
    return R.vipHasNoPointer
  const elsewhere = holders.filter((each) => each.address === address && !own.includes(each.network))
  if (
    elsewhere.length > 0 &&
    told.length > 0 &&
    !holders.some((each) => each.address === address && own.includes(each.network))
  )
    return R.pointerOfOwnNetworks
  const here = holders.filter((each) => each.address === address)
  if (here.length > 0 && here.every(({ disabled }) => disabled)) return R.namesEnabledOnly
  if (here.length === 0 && own.some((network) => node.view.past.has(recordKey(network, address ?? ''))))
    return R.forgetsWithdrawn
  if (here.length === 0 && isUnpublished(node, address)) return R.namesEnabledOnly
  return R.pointerNamesContainer
}
