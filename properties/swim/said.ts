/** What a message says of members, in the words of the rules. */
import type { MemberRecord, Message, Update } from '../../models/swim/vocabulary.ts'
import type { NodeId } from '../../models/vocabulary.ts'
import { ALIVE, DEAD, LEFT, SUSPECT, UNKNOWN, record } from '../../models/swim/rules.ts'
import type { Cluster } from './cluster.ts'
import type { Member } from './member.ts'

export interface Said {
  readonly subject: number
  readonly status: typeof ALIVE | typeof SUSPECT | typeof DEAD
  readonly incarnation: number
  readonly from: NodeId
  /** `dead`, said by the subject itself. */
  readonly leaves: boolean
  readonly address: string
  readonly meta: string
}

const NOTHING: readonly Said[] = []
const numberOf = { alive: ALIVE, suspect: SUSPECT, dead: DEAD, left: LEFT } as const

/** A record as a number. */
export function packed({ status, incarnation }: Pick<MemberRecord, 'status' | 'incarnation'>): number {
  return record(numberOf[status], incarnation)
}

export const statusName = (status: number): string =>
  status === UNKNOWN
    ? 'unknown'
    : status === ALIVE
      ? 'alive'
      : status === SUSPECT
        ? 'suspect'
        : status === DEAD
          ? 'dead'
          : 'left'

/** What `message` says to `receiver`, in its order. */
export function saidIn(cluster: Cluster, message: Message, receiver: Member): readonly Said[] {
  switch (message.kind) {
    case 'stream-ping':
    case 'stream-ack':
      return NOTHING
    case 'push-pull':
    case 'push-pull-reply':
      return message.members.map((each) => merged(cluster, each, receiver))
    default:
      return message.gossip.length === 0 ? NOTHING : message.gossip.map((each) => updated(cluster, each))
  }
}

function updated(cluster: Cluster, { status, node, incarnation, from, address, meta }: Update): Said {
  const subject = cluster.number(node)
  return {
    subject,
    status: numberOf[status],
    incarnation,
    from,
    leaves: status === 'dead' && from === node,
    address,
    meta,
  }
}

/** A record of another table: whoever is dead there is only suspected here, by the receiver itself. [ML] mergeState. */
function merged(cluster: Cluster, { node, status, incarnation, address, meta }: MemberRecord, receiver: Member): Said {
  const subject = cluster.number(node)
  const base = { subject, incarnation, address, meta }
  if (status === 'alive') return { ...base, status: ALIVE, from: node, leaves: false }
  if (status === 'left') return { ...base, status: DEAD, from: node, leaves: true }
  return { ...base, status: SUSPECT, from: receiver.id, leaves: false }
}
