/**
 * The messages of the wire as the views that the suite judges, and back. A view knows members by name only; their
 * addresses and versions, which the wire needs, are kept beside it.
 */
import type { MemberRecord, Message, Update } from '../../../../models/swim/vocabulary.ts'
import type { NodeId } from '../../../../models/vocabulary.ts'
import { WireError } from './error.ts'
import type { NodeState, PacketMessage, Source, StreamMessage, Versions } from './messages.ts'
import { decodeMeta, encodeMeta } from './text.ts'

/** What bytes say of members besides what their view says. */
export interface Aside {
  /** Where members are reached. */
  readonly addresses: ReadonlyMap<NodeId, string>
  readonly versions: ReadonlyMap<NodeId, Versions>
  /** The messages of the application above. */
  readonly user: readonly Uint8Array[]
}

export interface PacketViews extends Aside {
  /** One for each ping, ack or the like with the updates that follow it; updates before the first are gossip. */
  readonly views: readonly Message[]
  /** Who says it is the sender; null where nobody does. */
  readonly sender: Source | null
}

export interface StreamView extends Aside {
  /** Null for what is no matter of membership: the application's messages, and an error of the other side. */
  readonly view: Message | null
}

/** What a node needs to say a view on the wire. */
export interface Directory {
  /** This node, and where it is reached. */
  readonly self: Source
  /** Where a member is reached; '' where that is not known. */
  addressOf(node: NodeId): string
  /** Null where nothing is known. */
  versionsOf(node: NodeId): Versions | null
}

const none = Buffer.alloc(0)

class Collected implements Aside {
  readonly addresses = new Map<NodeId, string>()
  readonly versions = new Map<NodeId, Versions>()
  readonly user: Uint8Array[] = []

  learn(node: NodeId, address: string, versions: Versions | null): void {
    if (address !== '') this.addresses.set(node, address)
    if (versions !== null) this.versions.set(node, versions)
  }
}

/** Views of the messages of one datagram, in their order. */
export const viewsOfPacket = (messages: readonly PacketMessage[]): PacketViews => {
  const views: (Message & { gossip: Update[] })[] = []
  const aside = new Collected()
  let sender: Source | null = null
  const said = (update: Update): void => {
    if (views.length === 0) views.push({ kind: 'gossip', gossip: [] })
    views.at(-1)!.gossip.push(update)
  }
  for (const message of messages)
    switch (message.type) {
      case 'ping':
        sender ??= message.source
        views.push({ kind: 'ping', sequence: message.sequence, target: message.node, gossip: [] })
        break
      case 'indirect-ping': {
        const { sequence, node: target, nack } = message
        sender ??= message.source
        aside.learn(target, message.address, null)
        views.push({ kind: 'indirect-ping', sequence, target, nack, gossip: [] })
        break
      }
      case 'ack':
      case 'nack':
        views.push({ kind: message.type, sequence: message.sequence, gossip: [] })
        break
      case 'suspect':
      case 'dead': {
        const { type: status, node, incarnation, from } = message
        said({ status, node, incarnation, from, address: '', meta: '' })
        break
      }
      case 'alive': {
        const { node, incarnation, address, versions } = message
        aside.learn(node, address, versions)
        said({ status: 'alive', node, incarnation, from: node, address, meta: decodeMeta(message.meta) })
        break
      }
      case 'user':
        aside.user.push(message.bytes)
    }
  const { addresses, versions, user } = aside
  return { views, sender, addresses, versions, user }
}

/** The view of the message that one side of a stream sent. */
export const viewOfStream = (message: StreamMessage, side: 'opener' | 'answerer'): StreamView => {
  const aside = new Collected()
  const view = streamView(message, side, aside)
  if (message.type === 'push-pull' || message.type === 'user') {
    const bytes = message.type === 'user' ? message.bytes : message.user
    if (bytes.length > 0) aside.user.push(bytes)
  }
  return { view, addresses: aside.addresses, versions: aside.versions, user: aside.user }
}

const streamView = (message: StreamMessage, side: 'opener' | 'answerer', aside: Collected): Message | null => {
  switch (message.type) {
    case 'push-pull': {
      for (const { node, address, versions } of message.members) aside.learn(node, address, versions)
      const kind = side === 'opener' ? 'push-pull' : 'push-pull-reply'
      return { kind, join: message.join, members: message.members.map(recordOf) }
    }
    case 'ping':
      return { kind: 'stream-ping', sequence: message.sequence, target: message.node }
    case 'ack':
      return { kind: 'stream-ack', sequence: message.sequence }
    case 'user':
    case 'error':
      return null
  }
}

const recordOf = ({ node, status, incarnation, address, meta }: NodeState): MemberRecord => ({
  node,
  status,
  incarnation,
  address,
  meta: decodeMeta(meta),
})

/** Messages that say a view in datagrams. Throws a WireError where it belongs on a stream. */
export const packetMessages = (view: Message, directory: Directory): PacketMessage[] => {
  switch (view.kind) {
    case 'ping': {
      const { sequence, target: node } = view
      return [{ type: 'ping', sequence, node, source: directory.self }, ...updates(view.gossip, directory)]
    }
    case 'indirect-ping': {
      const { sequence, target: node, nack } = view
      const address = directory.addressOf(node)
      const message = { type: 'indirect-ping', sequence, node, address, nack, source: directory.self } as const
      return [message, ...updates(view.gossip, directory)]
    }
    case 'ack':
      return [{ type: 'ack', sequence: view.sequence, payload: none }, ...updates(view.gossip, directory)]
    case 'nack':
      return [{ type: 'nack', sequence: view.sequence }, ...updates(view.gossip, directory)]
    case 'gossip':
      return updates(view.gossip, directory)
    default:
      throw new WireError('type', `${view.kind} belongs on a stream`)
  }
}

const updates = (gossip: readonly Update[], directory: Directory): PacketMessage[] =>
  gossip.map(({ status, node, incarnation, from, address, meta }) =>
    status === 'alive'
      ? { type: status, node, incarnation, address, meta: encodeMeta(meta), versions: directory.versionsOf(node) }
      : { type: status, node, incarnation, from },
  )

/** The message that says a view on a stream; `user` is what the application adds to a table. */
export const streamMessage = (view: Message, directory: Directory, user: Uint8Array): StreamMessage => {
  switch (view.kind) {
    case 'push-pull':
    case 'push-pull-reply': {
      const members = view.members.map(({ meta, ...member }) => ({
        ...member,
        meta: encodeMeta(meta),
        versions: directory.versionsOf(member.node),
      }))
      return { type: 'push-pull', join: view.join, members, user }
    }
    case 'stream-ping':
      return { type: 'ping', sequence: view.sequence, node: view.target, source: directory.self }
    case 'stream-ack':
      return { type: 'ack', sequence: view.sequence, payload: none }
    default:
      throw new WireError('type', `${view.kind} belongs in a datagram`)
  }
}
