/**
 * Where a new connection may go: the decision of the node that takes it, as a table over everything that it depends on.
 * Whoever is chosen answers itself: what was passed on once is passed on no more.
 */

/** How a client asks: by an address of a service, by its name without one, at a port of the mesh, at a port of a host. */
export type Way = 'vip' | 'dnsrr' | 'ingress' | 'host'

/** The best that there is of the service: a task that runs and was never healthy, one that drains, one that takes all. */
export type Standing = 'none' | 'starting' | 'draining' | 'active'

export interface Situation {
  readonly way: Way
  /** Of the node itself, and of the others as it knows them. */
  readonly local: Standing
  readonly remote: Standing
  /** The service is on the network or port that is asked for. */
  readonly offered: boolean
}

export interface Decision {
  /** Where it may go; nowhere: it is refused. */
  readonly local: boolean
  readonly remote: boolean
  /** What the task sees as its source; null where that is left free. */
  readonly source: 'client' | 'node' | null
}

export const ways: readonly Way[] = ['vip', 'dnsrr', 'ingress', 'host']
export const standings: readonly Standing[] = ['none', 'starting', 'draining', 'active']

const refused: Decision = { local: false, remote: false, source: null }

/** [LN] service_linux.go addLBBackend, addIngressPorts */
export function decide({ way, local, remote, offered }: Situation): Decision {
  if (!offered) return refused
  // The port of a host is the task's own, whatever is thought of its health.
  if (way === 'host') return { local: local !== 'none', remote: false, source: 'client' }
  const source = way === 'ingress' ? 'node' : null
  return { local: local === 'active', remote: remote === 'active', source }
}

export const isRefused = ({ local, remote }: Decision): boolean => !local && !remote

/** Every combination. */
export const situations: readonly Situation[] = ways.flatMap((way) =>
  standings.flatMap((local) =>
    standings.flatMap((remote) => [true, false].map((offered) => ({ way, local, remote, offered }))),
  ),
)
