/**
 * `node swim-node.js RULE NAME BIND`: a member over real sockets that breaks one rule, and keeps all others. What the
 * wire suite starts to show that it can fail.
 */
import { Driver } from '../../../impl/real/swim/driver.ts'
import { noApplication } from '../../../impl/real/swim/application.ts'
import { parseAddress } from '../../../impl/real/address.ts'
import { monotonicNow } from '../../../impl/real/clock.ts'
import { profiles } from '../../../impl/real/swim/profiles.ts'
import { Transport } from '../../../impl/real/swim/transport.ts'
import { SwimMember } from '../../../impl/reference/swim/member.ts'
import type { PacketMessage } from '../../../impl/reference/swim/wire/messages.ts'
import type { SwimOptions } from '../../../models/swim/vocabulary.ts'

const [rule = 'none', name = 'n1', bind = ''] = process.argv.slice(2)

/** What is made of a message before the member sees it; null: it never does. */
type Twist = (message: PacketMessage) => PacketMessage | null

const twists: Readonly<Record<string, Twist>> = {
  'answers-anybody': (message) => (message.type === 'ping' ? { ...message, node: name } : message),
  'never-refutes': (message) =>
    (message.type === 'suspect' || message.type === 'dead') && message.node === name ? null : message,
  'never-nacks': (message) => (message.type === 'indirect-ping' ? { ...message, nack: false } : message),
  'believes-the-old': (message) =>
    message.type === 'suspect' && message.node !== name ? { ...message, incarnation: 1_000 } : message,
  'acks-by-another-number': (message) =>
    message.type === 'ping' ? { ...message, sequence: (message.sequence + 1) % 2 ** 32 } : message,
}

const settings: Readonly<Record<string, Partial<SwimOptions>>> = {
  'declares-early': { suspicionMult: 1 },
  'declares-late': { suspicionMult: 6 },
}

const twist = twists[rule] ?? ((message) => message)
const { host, port } = parseAddress(bind)!
const options = { ...profiles.local, ...settings[rule] }
let driver: Driver | null = null
const transport = new Transport({
  bind: { host, port },
  settings: { label: '', keys: [], encryptionVersion: 1, compress: true, nonce: () => new Uint8Array(12) },
  streamTimeout: options.streamTimeout,
  packet: (messages, from) =>
    driver?.packet(
      messages.map(twist).filter((message) => message !== null),
      from,
    ),
  stream: (message, from, answer) => driver?.stream(message, from, answer),
  unreadable: (error) => {
    if (rule !== 'dies-of-bytes') return
    console.error(`cannot go on: ${error.message}`)
    process.exit(1)
  },
})
await transport.listen()
driver = new Driver({
  member: new SwimMember({ name, address: bind, meta: '', options, seed: process.pid, now: monotonicNow() }),
  node: name,
  address: bind,
  transport,
  application: noApplication,
  event: () => {},
  unreadable: () => {},
  failed: (error) => {
    throw error
  },
})
driver.start()
process.once('SIGINT', () => {
  void driver.operate({ type: 'leave' })
  setTimeout(() => process.exit(0), 2_000)
})
