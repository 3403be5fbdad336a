/** What the manager decides: judged against what was asked, and what there was before. */
import { dynamicPorts, networksOf, problemsOf, type SpecProblem } from '../../models/balancing/rules.ts'
import type {
  Attachment,
  Operation,
  Port,
  Result,
  Service,
  ServiceChange,
  ServiceSpec,
} from '../../models/balancing/vocabulary.ts'
import type { Cluster } from './cluster.ts'
import type { Node } from './node.ts'
import { R } from './requirements.ts'

export type Asked = Extract<Operation, { readonly type: 'create-service' | 'update-service' | 'remove-service' }>

const ruleOf: Readonly<Record<SpecProblem, number>> = {
  'wrong-network': R.refusesUnknownNetwork,
  'duplicate-port': R.refusesDuplicatePort,
  'ingress-of-dnsrr': R.refusesIngressOfDnsrr,
  'port-taken': R.refusesTakenPort,
  'mode-clash': R.refusesModeClash,
  'route-port': R.routeNeedsPort,
  'route-redirect': R.redirectKeepsEncryption,
}

/** Judges a decision, and takes over what it has changed. */
export function judgeDecision(
  cluster: Cluster,
  node: Node,
  asked: Asked,
  result: Result | undefined,
  changes: readonly ServiceChange[],
): void {
  const isGranted = result?.status === 'ok'
  const refusal = refusalOf(cluster, node, asked)
  if (refusal !== null) {
    cluster.tested[refusal.rule]!++
    if (isGranted || (refusal.rule !== R.onlyManagerDecides && result === undefined))
      cluster.fail(refusal.rule, node, `grants ${describe(asked)}`, `a refusal: ${refusal.text}`)
  } else if (!isGranted) judgeUnfounded(cluster, node, asked, result)
  if (!isGranted) {
    cluster.tested[R.refusalChangesNothing]!++
    if (changes.length > 0)
      cluster.fail(R.refusalChangesNothing, node, `changed ${changes[0]!.name}, and refused`, 'no change')
  } else judgeGranted(cluster, node, asked, changes)
  takeOver(cluster, changes)
}

interface Refusal {
  readonly rule: number
  readonly text: string
}

function refusalOf(cluster: Cluster, node: Node, asked: Asked): Refusal | null {
  if (!node.isManager) return { rule: R.onlyManagerDecides, text: `${node.id} is not the manager` }
  const isThere = cluster.services.has(asked.service)
  if (asked.type === 'create-service' && isThere)
    return { rule: R.createRefusesExisting, text: `${asked.service} is there already` }
  if (asked.type !== 'create-service' && !isThere)
    return { rule: R.changeNeedsService, text: `there is no ${asked.service}` }
  if (asked.type === 'remove-service') return null
  const [problem] = problemsOf(asked, cluster.networks, cluster.services.values())
  return problem === undefined ? null : { rule: ruleOf[problem], text: problem.replaceAll('-', ' ') }
}

/** A request is refused with which nothing is wrong. */
function judgeUnfounded(cluster: Cluster, node: Node, asked: Asked, result: Result | undefined): void {
  if (asked.type !== 'remove-service' && result?.reason === 'exhausted') {
    const isFull = networksOf(asked).some((network) => freeAddresses(cluster, network) <= 0)
    cluster.tested[R.vipReleased]!++
    if (isFull) return
    return cluster.fail(R.vipReleased, node, `has no address for ${asked.service}`, 'one of those that are free')
  }
  const text = `answers ${describe(asked)} by ${result === undefined ? 'nothing' : result.reason}`
  cluster.fail(ruleOfUnfounded(cluster, asked), node, text, 'that it is granted')
}

function ruleOfUnfounded(cluster: Cluster, asked: Asked): number {
  if (asked.type === 'remove-service') return R.removesServices
  const { held, otherProtocol, usedBefore } = usesOf(cluster, asked)
  if (held) return R.hostPortsAreShared
  if (otherProtocol) return R.protocolsAreApart
  return usedBefore ? R.portReleased : R.grantsSoundRequests
}

interface Uses {
  /** Another service has the number for the same protocol, or for another one; or some service had it. */
  readonly held: boolean
  readonly otherProtocol: boolean
  readonly usedBefore: boolean
}

/** What the numbers that a request names are to others. */
function usesOf(cluster: Cluster, { service, ports }: ServiceSpec): Uses {
  const fixed = ports.filter(({ published }) => published !== 0)
  const others = [...cluster.services.values()].filter((other) => other.service !== service)
  const isUsed = (matches: (port: Port, held: Port) => boolean): boolean =>
    fixed.some((port) => others.some((other) => other.ports.some((held) => matches(port, held))))
  return {
    held: isUsed((port, held) => portName(port) === portName(held)),
    otherProtocol: isUsed((port, held) => port.published === held.published),
    usedBefore: fixed.some((port) => cluster.usedPorts.has(portName(port))),
  }
}

/** How many addresses a network has that no service has; its first, its last and its gateway are for none. */
function freeAddresses(cluster: Cluster, network: string): number {
  const subnet = cluster.options.networks.find((each) => each.network === network)?.subnet ?? '0.0.0.0/32'
  const size = 2 ** (32 - Number(subnet.split('/')[1]))
  const used = [...cluster.services.values()].flatMap(({ attachments }) =>
    attachments.filter((each) => each.network === network && each.vip !== ''),
  ).length
  return size - 3 - used
}

function judgeGranted(cluster: Cluster, node: Node, asked: Asked, changes: readonly ServiceChange[]): void {
  const before = cluster.services.get(asked.service)
  if (asked.type === 'remove-service') {
    cluster.tested[R.removesServices]!++
    if (changes.length !== 1 || changes[0]!.name !== asked.service || changes[0]!.service !== null)
      cluster.fail(R.removesServices, node, `removes ${asked.service}, and shows it still`, 'that it is gone')
    return
  }
  cluster.tested[R.grantsSoundRequests]!++
  const own = changes.find(({ name }) => name === asked.service)
  const after = own === undefined ? before : (own.service ?? undefined)
  if (after === undefined || changes.length > 1 || after.mode !== asked.mode) {
    const text = `grants ${describe(asked)}, and shows ${after === undefined ? 'no such service' : after.mode}`
    return cluster.fail(R.grantsSoundRequests, node, text, 'the service as it was asked for')
  }
  if (JSON.stringify(after.routes) !== JSON.stringify(asked.routes))
    cluster.fail(R.grantsSoundRequests, node, `has other routes of ${asked.service}`, 'those that were asked for')
  judgeAttachments(cluster, node, asked, before, after)
  judgePorts(cluster, node, asked, before, after)
  noteShared(cluster, asked)
}

/** What was granted though a number is, or was, in use by another service. */
function noteShared(cluster: Cluster, asked: ServiceSpec): void {
  const { held, otherProtocol, usedBefore } = usesOf(cluster, asked)
  if (held) cluster.tested[R.hostPortsAreShared]!++
  else if (otherProtocol) cluster.tested[R.protocolsAreApart]!++
  else if (usedBefore) cluster.tested[R.portReleased]!++
}

// Addresses

function judgeAttachments(
  cluster: Cluster,
  node: Node,
  asked: ServiceSpec,
  before: Service | undefined,
  { attachments }: Service,
): void {
  const wanted = networksOf(asked)
  for (const network of wanted) {
    const rule = network === 'ingress' ? R.ingressVip : R.vipPerNetwork
    const found = attachments.filter((each) => each.network === network)
    if (asked.mode === 'vip') cluster.tested[rule]!++
    if (found.length !== 1 || (asked.mode === 'vip' && found[0]!.vip === '')) {
      const text = `${asked.service} has ${found.length === 0 ? 'nothing' : 'no address'} on ${network}`
      cluster.fail(rule, node, text, 'one virtual address there')
    }
  }
  for (const attachment of attachments) {
    const { network, vip } = attachment
    if (!wanted.includes(network))
      cluster.fail(R.vipPerNetwork, node, `${asked.service} is on ${network}`, 'only those that were asked for')
    if (asked.mode === 'dnsrr') {
      cluster.tested[R.dnsrrHasNoVip]!++
      if (vip !== '') cluster.fail(R.dnsrrHasNoVip, node, `${asked.service} has ${vip} on ${network}`, 'no address')
    } else judgeAddress(cluster, node, attachment, before)
  }
}

function judgeAddress(cluster: Cluster, node: Node, { network, vip }: Attachment, before: Service | undefined): void {
  const subnet = cluster.options.networks.find((each) => each.network === network)?.subnet
  cluster.tested[R.vipWithinNetwork]!++
  if (subnet === undefined || !isUsable(vip, subnet))
    cluster.fail(R.vipWithinNetwork, node, `gives ${vip} on ${network}, ${subnet}`, 'an address of a host there')
  const held = before?.attachments.find((each) => each.network === network)?.vip ?? ''
  if (held !== '') {
    cluster.tested[R.vipKept]!++
    if (held !== vip) cluster.fail(R.vipKept, node, `gives ${vip} for ${held} on ${network}`, `${held}, as before`)
    return
  }
  const given = cluster.givenIn(network)
  cluster.tested[R.vipNotReusedAtOnce]!++
  if (given.has(vip) && given.size < usableSize(subnet ?? '') && !isHeld(cluster, network, vip))
    cluster.fail(R.vipNotReusedAtOnce, node, `gives ${vip} on ${network} again`, 'one that was not given so far')
  given.add(vip)
}

const isHeld = (cluster: Cluster, network: string, vip: string): boolean =>
  [...cluster.services.values()].some(({ attachments }) =>
    attachments.some((each) => each.network === network && each.vip === vip),
  )

const valueOf = (address: string): number =>
  /^\d{1,3}(\.\d{1,3}){3}$/.test(address)
    ? address.split('.').reduce((value, part) => value * 256 + Number(part), 0)
    : -1

const usableSize = (subnet: string): number => 2 ** (32 - Number(subnet.split('/')[1])) - 3

function isUsable(vip: string, subnet: string): boolean {
  const [base = '', bits = '32'] = subnet.split('/')
  const size = 2 ** (32 - Number(bits))
  const first = Math.floor(valueOf(base) / size) * size
  const value = valueOf(vip)
  return value > first && value < first + size - 1
}

// Ports

const portName = ({ protocol, published }: Port): string => `${protocol}/${published}`

function judgePorts(
  cluster: Cluster,
  node: Node,
  asked: ServiceSpec,
  before: Service | undefined,
  { ports }: Service,
): void {
  const shapeOf = ({ protocol, target, mode }: Port): string => `${protocol} ${target} ${mode}`
  if (ports.map(shapeOf).join() !== asked.ports.map(shapeOf).join())
    return cluster.fail(R.grantsSoundRequests, node, `publishes ${ports.map(shapeOf).join()}`, 'what was asked for')
  const named = new Set(asked.ports.filter(({ published }) => published !== 0).map(portName))
  const kept = (before?.ports ?? []).filter((port) => port.mode === 'ingress' && !named.has(portName(port)))
  // With more or fewer ports than before the manager may begin anew.
  const mustKeep = before?.ports.length === ports.length
  for (const [at, port] of ports.entries()) {
    const wanted = asked.ports[at]!.published
    if (wanted !== 0) {
      cluster.tested[R.fixedPortAsAsked]!++
      if (port.published !== wanted)
        cluster.fail(R.fixedPortAsAsked, node, `publishes ${portName(port)}`, `${wanted}, as asked`)
    } else judgeChosenPort(cluster, node, port, kept, mustKeep)
  }
}

/** A number that was left to the manager. `kept`: those of before that are still to be found again. */
function judgeChosenPort(cluster: Cluster, node: Node, port: Port, kept: Port[], mustKeep: boolean): void {
  const matches = ({ protocol, target }: Port): boolean => protocol === port.protocol && target === port.target
  const same = kept.findIndex((held) => matches(held) && held.published === port.published)
  if (mustKeep && kept.some(matches)) {
    cluster.tested[R.dynamicPortKept]!++
    if (same < 0)
      cluster.fail(R.dynamicPortKept, node, `chooses ${portName(port)} for ${port.target}`, 'the number of before')
  }
  if (same >= 0) return void kept.splice(same, 1)
  cluster.tested[R.dynamicPortInRange]!++
  const { first, last } = dynamicPorts
  if (port.published < first || port.published > last)
    cluster.fail(R.dynamicPortInRange, node, `chooses ${portName(port)}`, `one of ${first} to ${last}`)
  const given = cluster.givenIn(port.protocol)
  cluster.tested[R.portNotReusedAtOnce]!++
  if (given.has(portName(port)) && given.size < last - first && !isPublished(cluster, port))
    cluster.fail(R.portNotReusedAtOnce, node, `chooses ${portName(port)} again`, 'one that was not chosen so far')
  given.add(portName(port))
}

const isPublished = (cluster: Cluster, port: Port): boolean =>
  [...cluster.services.values()].some(({ ports }) =>
    ports.some((held) => held.mode === 'ingress' && portName(held) === portName(port)),
  )

// The whole table

/** Takes over changes; no two services may share an address or a port of the mesh then. */
export function takeOver(cluster: Cluster, changes: readonly ServiceChange[]): void {
  for (const { name, service } of changes) {
    if (service === null) cluster.services.delete(name)
    else cluster.services.set(name, service)
  }
  for (const { service } of changes) if (service !== null) judgeOwners(cluster, service)
}

function judgeOwners(cluster: Cluster, service: Service): void {
  const manager = cluster.nodes[0]!
  cluster.tested[R.oneOwnerPerVip]!++
  cluster.tested[R.oneOwnerPerPort]!++
  for (const port of service.ports) cluster.usedPorts.add(portName(port))
  for (const other of cluster.services.values()) {
    if (other.service === service.service) continue
    for (const { network, vip } of service.attachments) {
      if (vip === '' || !other.attachments.some((each) => each.network === network && each.vip === vip)) continue
      const text = `${service.service} and ${other.service} both have ${vip} on ${network}`
      cluster.fail(R.oneOwnerPerVip, manager, text, 'one of them')
    }
    for (const port of service.ports) {
      const isShared = other.ports.some(
        (held) => held.mode === 'ingress' && port.mode === 'ingress' && portName(held) === portName(port),
      )
      if (!isShared) continue
      const text = `${service.service} and ${other.service} both publish ${portName(port)}`
      cluster.fail(R.oneOwnerPerPort, manager, text, 'one of them')
    }
  }
}

/** What the manager shows after a restart is what it had allocated. */
export function judgeSurvival(cluster: Cluster, node: Node, shown: readonly ServiceChange[]): void {
  cluster.tested[R.allocationsSurvive]!++
  const after = new Map(shown.map(({ name, service }) => [name, JSON.stringify(service)]))
  for (const [name, service] of cluster.services) {
    if (after.get(name) === JSON.stringify(service)) continue
    cluster.fail(R.allocationsSurvive, node, `has lost or changed ${name}`, 'the table of before')
  }
  if (after.size > cluster.services.size)
    cluster.fail(R.allocationsSurvive, node, 'has services that were not there', 'the table of before')
  // What was chosen last need not be known any more.
  cluster.given.clear()
}

function describe(asked: Asked): string {
  if (asked.type === 'remove-service') return `the removal of ${asked.service}`
  const ports = asked.ports.map(({ protocol, target, published, mode }) => `${protocol}/${target}:${published}/${mode}`)
  return `${asked.type.split('-')[0]!} ${asked.service} ${asked.mode} on ${asked.networks.join(' ') || 'nothing'} ${ports.join(' ')}`.trim()
}
