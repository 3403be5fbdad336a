/** How happn-swim's datagrams read in the suite's words, and how they are made from them. */

/** `lib/message-type.js`. A compound holds several messages, each with its length; the others are JSON. */
const COMPOUND = 0
const PING = 10
const PING_REQUEST = 11
const SYNC = 12
const ACK = 13
const UPDATE = 14

/** `lib/member.js`: states of a member, by number. */
const statuses = ['alive', 'suspect', 'dead']

const PORT = 7946

/** happn-swim knows members by where they are reached; a run's nodes have addresses in the order of their names. */
export class Addresses {
  #hosts = new Map()
  #nodes = new Map()

  /** @param {readonly string[]} nodes */
  constructor(nodes) {
    nodes.forEach((node, index) => {
      const host = `10.0.0.${index + 1}:${PORT}`
      this.#hosts.set(node, host)
      this.#nodes.set(host, node)
    })
  }

  /** Where a node is reached, as happn-swim writes it. */
  host(node) {
    const host = this.#hosts.get(node)
    if (host === undefined) throw new Error(`unknown node: ${node}`)
    return host
  }

  node(host) {
    const node = this.#nodes.get(host)
    if (node === undefined) throw new Error(`unknown host: ${host}`)
    return node
  }

  /** The node at an address, whatever the port. */
  nodeAt(address) {
    return this.node(`${address}:${PORT}`)
  }
}

/** happn-swim counts incarnations from 0, the suite from 1. */
const FIRST_INCARNATION = 1

/** What happn-swim says of a member, in a message or in its table, as a record. */
export function recordOf({ host, state, incarnation, meta }, addresses) {
  return {
    node: addresses.node(host),
    status: statuses[state],
    incarnation: incarnation + FIRST_INCARNATION,
    address: host,
    meta: meta ?? '',
  }
}

/** An update names no accuser: whoever says it stands for them. */
function updateOf(data, from, addresses) {
  const { node, status, incarnation, address, meta } = recordOf(data, addresses)
  if (status === 'alive') return { status, node, incarnation, from: node, address, meta }
  return { status, node, incarnation, from, address: '', meta: '' }
}

/** Messages of a datagram, in order. */
function messagesIn(bytes) {
  const type = bytes.readUInt8(0)
  if (type !== COMPOUND) return [{ type, data: JSON.parse(bytes.toString('utf8', 1)) }]
  const messages = []
  let at = 3
  for (let left = bytes.readUInt16LE(1); left > 0; left -= 1) {
    const end = at + 2 + bytes.readUInt16LE(at)
    messages.push(...messagesIn(bytes.subarray(at + 2, end)))
    at = end
  }
  return messages
}

/**
 * The view of a datagram.
 *
 * @param {{ bytes: Buffer, from: string, to: string, answersSync: boolean }} message
 *   `answersSync`: it was sent in answer to a sync; its bytes are those of any other updates
 */
export function viewOf({ bytes, from, to, answersSync }, addresses) {
  const messages = messagesIn(bytes)
  const [{ type, data }] = messages
  if (type === SYNC || answersSync) {
    const members = messages.map((each) => recordOf(each.data, addresses))
    return { kind: type === SYNC ? 'push-pull' : 'push-pull-reply', join: true, members }
  }
  const updates = messages.filter((each) => each.type === UPDATE)
  const gossip = updates.map((each) => updateOf(each.data, from, addresses))
  switch (type) {
    // A ping names nobody: whoever gets it answers.
    case PING:
      return { kind: 'ping', sequence: data.seq, target: to, gossip }
    case PING_REQUEST:
      return {
        kind: 'indirect-ping',
        sequence: data.seq,
        target: addresses.node(data.destination),
        nack: false,
        gossip,
      }
    case ACK:
      return { kind: 'ack', sequence: data.seq, gossip }
    case UPDATE:
      return { kind: 'gossip', gossip }
    default:
      throw new Error(`unknown message of happn-swim: ${type}`)
  }
}

/** What is said of a member, as happn-swim says it. */
const dataOf = ({ node, status, incarnation, meta }, addresses) => ({
  meta: meta === '' ? undefined : meta,
  host: addresses.host(node),
  state: statuses.indexOf(status),
  // It has none below its first: that cannot be said, and reads back as something else.
  incarnation: Math.max(0, incarnation - FIRST_INCARNATION),
})

const updatesOf = (updates, addresses) => updates.map((each) => ({ type: UPDATE, data: dataOf(each, addresses) }))

/** Messages of a view, or null where happn-swim has none of that kind. */
function messagesOf(view, addresses) {
  switch (view.kind) {
    case 'ping':
      return [{ type: PING, data: { seq: view.sequence } }, ...updatesOf(view.gossip, addresses)]
    case 'indirect-ping': {
      const data = { seq: view.sequence, destination: addresses.host(view.target) }
      return [{ type: PING_REQUEST, data }, ...updatesOf(view.gossip, addresses)]
    }
    case 'ack':
      return [{ type: ACK, data: { seq: view.sequence } }, ...updatesOf(view.gossip, addresses)]
    case 'gossip':
    case 'push-pull-reply':
      return updatesOf(view.gossip ?? view.members, addresses)
    case 'push-pull': {
      const [own, ...others] = view.members
      if (own === undefined) return []
      return [{ type: SYNC, data: dataOf(own, addresses) }, ...updatesOf(others, addresses)]
    }
    default:
      return null
  }
}

function bytesOf({ type, data }) {
  return Buffer.concat([Buffer.from([type]), Buffer.from(JSON.stringify(data))])
}

function lengthOf(number) {
  const length = Buffer.alloc(2)
  length.writeUInt16LE(number)
  return length
}

/** The datagram of a view, or null where happn-swim has no such message. What it cannot say is lost: compare the views. */
export function datagramOf(view, addresses) {
  const messages = messagesOf(view, addresses)?.map(bytesOf) ?? []
  if (messages.length < 2) return messages[0] ?? null
  const parts = messages.flatMap((each) => [lengthOf(each.length), each])
  return Buffer.concat([Buffer.from([COMPOUND]), lengthOf(messages.length), ...parts])
}
