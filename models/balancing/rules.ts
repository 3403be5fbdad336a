/**
 * The rules of balancing, pure, so that machines, judge and system model can share them. [SKA] portallocator.go,
 * [SKC] service.go, [LN] service_common.go, [UCP]
 */
import type { Port, Route, Service, ServiceSpec, Update } from './vocabulary.ts'

export const ingressNetwork = 'ingress'

/** Numbers that the manager chooses from. */
export const dynamicPorts = { first: 30_000, last: 32_767 } as const

// Tasks

export type TaskStatus = 'absent' | 'starting' | 'active' | 'draining'
export type TaskInput = 'start' | 'enable' | 'disable' | 'stop'

/** What becomes of a task; null where nothing can: it is there already, or is not there. */
export function afterTaskInput(status: TaskStatus, input: TaskInput): TaskStatus | null {
  if (status === 'absent') return input === 'start' ? 'starting' : null
  switch (input) {
    case 'start':
      return null
    case 'enable':
      return 'active'
    case 'disable':
      return status === 'active' ? 'draining' : status
    case 'stop':
      return 'absent'
  }
}

/** Whether a task is a backend: it was healthy once. */
export const isBackend = (status: TaskStatus): boolean => status === 'active' || status === 'draining'

// Requests for services

export type SpecProblem =
  | 'wrong-network'
  | 'duplicate-port'
  | 'ingress-of-dnsrr'
  | 'port-taken'
  | 'mode-clash'
  | 'route-port'
  | 'route-redirect'

/** Two ports of one number and protocol get on with each other only if both are ports of hosts. */
export const clash = (one: Port, other: Port): boolean =>
  one.protocol === other.protocol &&
  one.published === other.published &&
  (one.mode === 'ingress' || other.mode === 'ingress')

/** Everything that is wrong with a request. `networks`: those that there are, without the ingress network. */
export function problemsOf(spec: ServiceSpec, networks: ReadonlySet<string>, others: Iterable<Service>): SpecProblem[] {
  const problems: SpecProblem[] = []
  if (spec.networks.some((network, at) => !networks.has(network) || spec.networks.indexOf(network) !== at))
    problems.push('wrong-network')
  const fixed = spec.ports.filter(({ published }) => published !== 0)
  if (fixed.some((port, at) => fixed.findIndex((each) => isSamePort(each, port)) !== at))
    problems.push('duplicate-port')
  if (spec.mode === 'dnsrr' && spec.ports.some(({ mode }) => mode === 'ingress')) problems.push('ingress-of-dnsrr')
  for (const other of others) {
    if (other.service === spec.service) continue
    for (const port of fixed) {
      const held = other.ports.find((each) => clash(port, each))
      if (held !== undefined) problems.push(held.mode === port.mode ? 'port-taken' : 'mode-clash')
    }
  }
  for (const { kind, target, redirect } of spec.routes) {
    const isKnown = target === 0 ? spec.ports.length === 1 : spec.ports.some((port) => port.target === target)
    if (!isKnown) problems.push('route-port')
    if (kind === 'sni' && redirect.startsWith('http://')) problems.push('route-redirect')
  }
  return problems
}

export const isSamePort = (one: Port, other: Port): boolean =>
  one.protocol === other.protocol && one.published === other.published

/** The networks that a service is on: those that it asked for, and that of the mesh if it publishes through it. */
export const networksOf = ({ networks, ports }: ServiceSpec): readonly string[] =>
  ports.some(({ mode }) => mode === 'ingress') ? [...networks, ingressNetwork] : networks

// Records

/** What an update is to somebody who holds this much of its sender. */
export type Heard = 'older-life' | 'new-life' | 'gap' | 'nothing-new' | 'news'

export function hears(
  held: { readonly life: number; readonly version: number },
  { life, since, version }: Pick<Update, 'life' | 'since' | 'version'>,
): Heard {
  if (life < held.life) return 'older-life'
  if (life > held.life) return since > 0 ? 'gap' : 'new-life'
  if (since > held.version) return 'gap'
  return version > held.version ? 'news' : 'nothing-new'
}

// New connections

/**
 * Whether a backend may get the next connection: of the last n - 1 that were chosen from the same n, none is the same.
 * So of m·n in a row each gets m.
 */
export const isInTurn = (recent: readonly string[], active: number, chosen: string): boolean =>
  !recent.slice(Math.max(0, recent.length - (active - 1))).includes(chosen) || active <= 1

// Requests of HTTP

export interface RoutedService {
  readonly service: Service
  readonly route: Route
}

/** The routes that a request may take: those for its host, else the default ones. */
export function routesFor(
  services: Iterable<Service>,
  scheme: 'http' | 'https',
  host: string,
): readonly RoutedService[] {
  const kind = scheme === 'http' ? 'http' : 'sni'
  const exact: RoutedService[] = []
  const others: RoutedService[] = []
  for (const service of services) {
    for (const route of service.routes) {
      if (route.kind !== kind) continue
      if (route.host === '') others.push({ service, route })
      else if (route.host === host.toLowerCase()) exact.push({ service, route })
    }
  }
  return exact.length > 0 ? exact : others
}
