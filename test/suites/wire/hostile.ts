/** Bytes that no member sends, and that every member must outlive. Made by hand: no codec would write them. */
import { deflateSync } from 'node:zlib'

export interface HostileBytes {
  readonly what: string
  readonly bytes: Buffer
}

const text = (word: string): Buffer => Buffer.concat([Buffer.of(0xa0 + word.length), Buffer.from(word)])
const map = (...fields: readonly (readonly [string, Buffer])[]): Buffer =>
  Buffer.concat([Buffer.of(0x80 + fields.length), ...fields.flatMap(([name, value]) => [text(name), value])])
const message = (type: number, ...fields: readonly (readonly [string, Buffer])[]): Buffer =>
  Buffer.concat([Buffer.of(type), map(...fields)])
const binary = (bytes: Buffer): Buffer => {
  const header = Buffer.of(0xda, 0, 0)
  header.writeUInt16BE(bytes.length, 1)
  return Buffer.concat([header, bytes])
}
const number = (value: number): Buffer => {
  const bytes = Buffer.of(0xce, 0, 0, 0, 0)
  bytes.writeUInt32BE(value, 1)
  return bytes
}
const minusOne = Buffer.of(0xff)
const nil = Buffer.of(0xc0)

const compound = (...parts: readonly Buffer[]): Buffer => {
  const lengths = Buffer.alloc(2 * parts.length)
  parts.forEach((part, index) => lengths.writeUInt16BE(part.length, 2 * index))
  return Buffer.concat([Buffer.of(7, parts.length), lengths, ...parts])
}
const compressed = (algorithm: number, bytes: Buffer): Buffer =>
  message(9, ['Algo', Buffer.of(algorithm)], ['Buf', binary(bytes)])

/** Numbers of the pings among them, said or not: who takes a ping without a name for one to itself may acknowledge. */
export const numbersOfBroken: readonly number[] = [0, 1]

/** The longest that a datagram over IPv4 can be. */
const longest = 65_507
const times = <Part>(count: number, first: Part, wrap: (inner: Part) => Part): Part => {
  let whole = first
  for (let time = 0; time < count; time++) whole = wrap(whole)
  return whole
}

const suspect = message(3, ['Incarnation', number(1)], ['Node', text('nobody')], ['From', text('peer')])
const loopback = Buffer.of(0xa4, 127, 0, 0, 1)

const alive = (...fields: readonly (readonly [string, Buffer])[]): Buffer =>
  message(4, ['Incarnation', number(1)], ['Meta', nil], ['Port', Buffer.of(1)], ...fields)

/** By kind, so that who falls to one still meets the others. @param ping one that the member would answer */
export const hostileDatagrams = (ping: Buffer): Readonly<Record<string, readonly HostileBytes[]>> => ({
  'datagrams that are none': [
    { what: 'an empty datagram', bytes: Buffer.alloc(0) },
    ...Array.from({ length: 14 }, (_, type) => ({ what: `type ${type} and nothing else`, bytes: Buffer.of(type) })),
    { what: 'an unknown type', bytes: Buffer.concat([Buffer.of(99), ping.subarray(1)]) },
    { what: 'zeros', bytes: Buffer.alloc(longest) },
    { what: 'ones', bytes: Buffer.alloc(longest, 0xff) },
    { what: 'text', bytes: Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n') },
    ...Array.from({ length: suspect.length - 1 }, (_, length) => ({
      what: `a suspicion cut after ${length + 1} bytes`,
      bytes: suspect.subarray(0, length + 1),
    })),
  ],
  'envelopes that are broken': [
    { what: 'a wrong checksum', bytes: Buffer.concat([Buffer.of(12, 1, 2, 3, 4), ping]) },
    { what: 'a checksum cut short', bytes: Buffer.of(12, 1, 2) },
    { what: 'a label that nobody has', bytes: Buffer.concat([Buffer.of(244, 4), Buffer.from('blue'), ping]) },
    { what: 'an empty label', bytes: Buffer.concat([Buffer.of(244, 0), ping]) },
    { what: 'a label longer than the datagram', bytes: Buffer.of(244, 255, 98) },
    { what: 'encryption that is none', bytes: Buffer.concat([Buffer.of(10), Buffer.alloc(60, 7)]) },
    { what: 'compression without a structure', bytes: Buffer.concat([Buffer.of(9), Buffer.alloc(64, 0xff)]) },
    { what: 'compression of an unknown algorithm', bytes: compressed(7, ping) },
    { what: 'compression that is garbage', bytes: compressed(0, Buffer.alloc(200, 0xa5)) },
    { what: 'compression by another algorithm', bytes: compressed(0, deflateSync(ping)) },
    { what: 'compression of nothing', bytes: compressed(0, Buffer.alloc(0)) },
  ],
  'compounds that are broken': [
    { what: 'a compound without its parts', bytes: Buffer.of(7, 255) },
    { what: 'a compound of none', bytes: Buffer.of(7, 0) },
    { what: 'a compound with lengths alone', bytes: Buffer.concat([Buffer.of(7, 255), Buffer.alloc(510, 0xff)]) },
    { what: 'a compound of empty parts', bytes: compound(...Array.from({ length: 255 }, () => Buffer.alloc(0))) },
    { what: 'compounds in compounds', bytes: times(5_000, suspect, (inner) => compound(inner)) },
  ],
  'structures that are broken': [
    { what: 'an array in an array, 60,000 times', bytes: Buffer.concat([Buffer.of(0), Buffer.alloc(60_000, 0x91)]) },
    { what: 'a map that claims to be endless', bytes: Buffer.of(0, 0xdf, 0xff, 0xff, 0xff, 0xff) },
    {
      what: 'a name that claims 16 MiB',
      bytes: Buffer.concat([Buffer.of(3, 0x81), text('Node'), Buffer.of(0xdb, 1, 0, 0, 0)]),
    },
    { what: 'a ping whose number is a text', bytes: message(0, ['SeqNo', text('one')], ['Node', text('peer')]) },
    { what: 'a ping whose number is negative', bytes: message(0, ['SeqNo', minusOne], ['Node', text('peer')]) },
    { what: 'a ping whose name is a number', bytes: message(0, ['SeqNo', number(1)], ['Node', number(1)]) },
    { what: 'a ping with nothing in it', bytes: message(0) },
    { what: 'a structure that is a list', bytes: Buffer.of(0, 0x92, 1, 2) },
    {
      what: 'a field that nobody knows',
      bytes: message(3, ['Whatever', map(['Node', nil])], ['Node', text('nobody')]),
    },
  ],
  'members that cannot be': [
    {
      what: 'an alive with an address of three bytes',
      bytes: alive(['Node', text('odd')], ['Addr', Buffer.of(0xa3, 127, 0, 0)], ['Vsn', nil]),
    },
    { what: 'an alive without a name', bytes: alive(['Node', text('')], ['Addr', loopback], ['Vsn', nil]) },
    {
      what: 'an alive with three of six versions',
      bytes: alive(['Node', text('odd')], ['Addr', loopback], ['Vsn', Buffer.of(0xa3, 1, 5, 2)]),
    },
    {
      what: 'a request for a port that cannot be',
      bytes: message(
        1,
        ['SeqNo', number(1)],
        ['Target', loopback],
        ['Port', number(70_000)],
        ['Node', text('nobody')],
        ['Nack', Buffer.of(0xc3)],
      ),
    },
    { what: 'an ack of what nobody asked', bytes: message(2, ['SeqNo', number(4_000_000_000)], ['Payload', nil]) },
  ],
})

const header = (nodes: Buffer, user: Buffer): Buffer =>
  message(6, ['Nodes', nodes], ['UserStateLen', user], ['Join', Buffer.of(0xc2)])
const row = map(
  ['Name', text('odd')],
  ['Addr', loopback],
  ['Port', Buffer.of(1)],
  ['Meta', nil],
  ['Incarnation', number(1)],
  ['State', Buffer.of(99)],
  ['Vsn', nil],
)
const table = Buffer.concat([header(Buffer.of(1), Buffer.of(0)), row])

export const hostileStreams: readonly HostileBytes[] = [
  { what: 'a stream without a byte', bytes: Buffer.alloc(0) },
  ...Array.from({ length: 14 }, (_, type) => ({ what: `type ${type} and an end`, bytes: Buffer.of(type) })),
  { what: 'an unknown type', bytes: Buffer.of(99, 0x80) },
  { what: 'text', bytes: Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n') },
  { what: 'ones', bytes: Buffer.alloc(100_000, 0xff) },
  ...[2, 9, 20, table.length - 20, table.length - 1].map((length) => ({
    what: `a table cut after ${length} bytes`,
    bytes: table.subarray(0, length),
  })),
  { what: 'a table that claims a thousand records', bytes: header(number(1_000), Buffer.of(0)) },
  { what: 'a table that claims a state of 1 MiB', bytes: header(Buffer.of(0), number(1 << 20)) },
  { what: 'a record in a state that is none', bytes: table },
  { what: 'a table whose count is a text', bytes: header(text('one'), Buffer.of(0)) },
  { what: 'a label that nobody has', bytes: Buffer.concat([Buffer.of(244, 4), Buffer.from('blue'), table]) },
  { what: 'encryption that claims 4 GiB', bytes: Buffer.of(10, 0xff, 0xff, 0xff, 0xff, 1, 2, 3) },
  { what: 'compression that is garbage', bytes: compressed(0, Buffer.alloc(200, 0xa5)) },
  { what: 'an array in an array, 60,000 times', bytes: Buffer.concat([Buffer.of(6), Buffer.alloc(60_000, 0x91)]) },
  { what: 'a user message that claims 1 MiB', bytes: message(8, ['UserMsgLen', number(1 << 20)]) },
]
