/** Records of endpoints and of overlay peers, as entries of the network database. [LN] agent.go, [OV] joinleave.go */
import type { Assignment } from '../../../models/network/vocabulary.ts'
import type { NodeId } from '../../../models/vocabulary.ts'

export type Table = 'endpoint' | 'peer'

/** What an endpoint's record tells. */
export interface EndpointValue {
  readonly service: string
  readonly address: string
  readonly vip: string
  readonly port: number
}

/** What a peer's record tells. */
export interface PeerValue {
  readonly address: string
  readonly node: NodeId
}

export const keyOf = (table: Table, task: string): string => `${table}/${task}`

export function readKey(key: string): { readonly table: Table; readonly task: string } {
  const slash = key.indexOf('/')
  return { table: key.slice(0, slash) as Table, task: key.slice(slash + 1) }
}

export function writeEndpoint({ service, address, vip, port }: Assignment): string {
  return JSON.stringify({ service, address, vip, port } satisfies EndpointValue)
}

export function writePeer({ address }: Assignment, node: NodeId): string {
  return JSON.stringify({ address, node } satisfies PeerValue)
}

export const readEndpoint = (value: string): EndpointValue => JSON.parse(value) as EndpointValue
export const readPeer = (value: string): PeerValue => JSON.parse(value) as PeerValue
