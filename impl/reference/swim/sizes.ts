/**
 * How many bytes messages take in a datagram, near enough: field names and other fixed parts of the wire format, plus
 * the texts. Numbers are taken for small ones, and addresses for the longest.
 */
import type { Message, Update } from '../../../models/swim/vocabulary.ts'
import type { NodeId } from '../../../models/vocabulary.ts'

/** Bytes of a datagram. [ML] config.go UDPBufferSize */
export const datagramSize = 1_400

/** Bytes for the whole, and for each message, where several travel in one datagram. */
export const compoundHeader = 2
export const compoundOverhead = 2

const fixed = { alive: 74, suspect: 30, dead: 30, ping: 76, 'indirect-ping': 116, ack: 22, nack: 13 }

export const sizeOfUpdate = ({ status, node, from, meta }: Update): number =>
  fixed[status] + node.length + (status === 'alive' ? meta.length : from.length)

export type DatagramKind = Exclude<Message['kind'], 'gossip' | `${'push-pull' | 'stream'}${string}`>

/** `sender` and `target` are named in pings, and in requests for them. */
export const sizeOfHead = (kind: DatagramKind, sender: NodeId, target: NodeId): number =>
  kind === 'ping' || kind === 'indirect-ping' ? fixed[kind] + sender.length + target.length : fixed[kind]
