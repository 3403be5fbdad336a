/** The wire format of memberlist: against bytes that the real libraries wrote, round trips, and bytes of enemies. */
import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseAddress, printAddress } from '../../impl/reference/swim/wire/address.ts'
import { wrapCompressed, type WireSettings } from '../../impl/reference/swim/wire/envelopes.ts'
import { TruncatedError, WireError, type WireFault } from '../../impl/reference/swim/wire/error.ts'
import { wireLimits } from '../../impl/reference/swim/wire/limits.ts'
import { compress, decompress } from '../../impl/reference/swim/wire/lzw.ts'
import {
  decodeMessage,
  encodeMessage,
  type NodeState,
  type PacketMessage,
  states,
  type StreamMessage,
} from '../../impl/reference/swim/wire/messages.ts'
import {
  encodeValue,
  structure,
  type Value,
  ValueReader,
  type Writable,
} from '../../impl/reference/swim/wire/msgpack.ts'
import { decodePacket, encodePacket, encodePackets } from '../../impl/reference/swim/wire/packet.ts'
import {
  decodeIntent,
  decodeSerfState,
  decodeTags,
  encodeIntent,
  encodeSerfState,
  encodeTags,
} from '../../impl/reference/swim/wire/serf.ts'
import { encodeStream, type Side, StreamReader } from '../../impl/reference/swim/wire/stream.ts'
import { decodeMeta, encodeMeta } from '../../impl/reference/swim/wire/text.ts'
import {
  type Directory,
  packetMessages,
  streamMessage,
  viewOfStream,
  viewsOfPacket,
} from '../../impl/reference/swim/wire/views.ts'
import type { Message, Update } from '../../models/swim/vocabulary.ts'
import {
  captured,
  compressed,
  digest,
  envelopes,
  errorStream,
  keys,
  messages,
  noise,
  noiseDigest,
  otherwise,
  serfBytes,
  streams,
} from './wire-swim-vectors.ts'

const bare: WireSettings = {
  label: '',
  keys: [],
  encryptionVersion: 1,
  compress: false,
  nonce: () => randomBytes(12),
}
const bytesOf = (hex: string): Buffer => Buffer.from(hex, 'hex')
const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

/** The fault of the WireError that this throws; other errors pass. */
const faultOf = (act: () => unknown): WireFault | null => {
  try {
    act()
    return null
  } catch (error) {
    if (error instanceof WireError) return error.fault
    throw error
  }
}

/** All that a reader gives for bytes that come in pieces of these sizes, again and again. */
const readStream = (
  bytes: Buffer,
  settings: WireSettings,
  side: Side,
  sizes: readonly number[] = [bytes.length || 1],
) => {
  const reader = new StreamReader(settings, side)
  const found: StreamMessage[] = []
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = sizes[turn % sizes.length]!
    const message = reader.push(bytes.subarray(at, at + size))
    if (message !== null) found.push(message)
    at += size
  }
  return found
}

describe('what the libraries wrote', () => {
  test.each(Object.entries(messages))('%s', (_, { hex, message }) => {
    expect(decodeMessage(bytesOf(hex))).toEqual(message)
    expect(hexOf(encodeMessage(message))).toBe(hex)
    expect(decodePacket(bytesOf(hex), bare)).toEqual({ messages: [message], faults: [] })
  })

  test.each(Object.entries(otherwise))('%s, in a form that is not ours', (_, { hex, message }) => {
    expect(decodeMessage(bytesOf(hex))).toEqual(message)
    expect(decodeMessage(encodeMessage(message))).toEqual(message)
  })

  test.each(Object.entries(envelopes))('%s', (_, { hex, messages: expected, checksum, ...vector }) => {
    const header = 'label' in vector.settings ? 2 + 'blue'.length : 0
    const nonce = (): Uint8Array => bytesOf(hex).subarray(header + 1, header + 13)
    const settings = { ...bare, ...vector.settings, nonce }
    expect(decodePacket(bytesOf(hex), settings)).toEqual({ messages: expected, faults: [] })
    expect(hexOf(encodePacket(expected, settings, { checksum }))).toBe(hex)
  })

  test.each(Object.entries(streams))('%s', (_, { hex, message, ...vector }) => {
    const bytes = bytesOf(hex)
    const header = 'label' in vector.settings ? 2 + 'blue'.length : 0
    const settings = { ...bare, ...vector.settings, nonce: () => bytes.subarray(header + 6, header + 18) }
    for (const size of [1, 2, 3, 50, bytes.length])
      expect(readStream(bytes, settings, 'opener', [size])).toEqual([message])
    expect(hexOf(encodeStream(message, settings, 'opener'))).toBe(hex)
  })

  test('an error on a stream', () => {
    const { hex, message } = errorStream
    expect(readStream(bytesOf(hex), bare, 'answerer')).toEqual([message])
    expect(hexOf(encodeStream(message, bare, 'answerer'))).toBe(hex)
  })

  test.each(compressed)('compressed %j', (text, hex) => {
    expect(hexOf(compress(Buffer.from(text)))).toBe(hex)
    expect(decompress(bytesOf(hex), text.length).toString()).toBe(text)
  })

  test('compressed, so much that the table overflows', () => {
    const text = noise(20_000)
    const packed = compress(text)
    expect(digest(packed)).toBe(noiseDigest)
    expect(decompress(packed, text.length).equals(text)).toBe(true)
  })

  test('Serf: tags, intents and user state', () => {
    expect(decodeTags(bytesOf(serfBytes.tags))).toEqual(new Map([['role', 'web']]))
    expect(hexOf(encodeTags(new Map([['role', 'web']])))).toBe(serfBytes.tags)
    expect(decodeTags(Buffer.from('db'))).toEqual(new Map([['role', 'db']]))
    const join = { type: 'join', time: 300, node: 'n1', prune: false } as const
    const leave = { type: 'leave', time: 2 ** 32, node: 'n1', prune: false } as const
    expect(decodeIntent(bytesOf(serfBytes.join))).toEqual(join)
    expect(decodeIntent(bytesOf(serfBytes.leave))).toEqual(leave)
    expect(hexOf(encodeIntent(join))).toBe(serfBytes.join)
    expect(hexOf(encodeIntent(leave))).toBe(serfBytes.leave)
    expect(decodeIntent(bytesOf(serfBytes.state))).toBe(null)
    expect(decodeSerfState(bytesOf(serfBytes.state))).toEqual({
      time: 5,
      statusTimes: new Map([['n1', 4]]),
      left: ['n3'],
      eventTime: 2,
      queryTime: 7,
      events: [{ time: 1, name: 'deploy', payload: '\u0001' }],
    })
    const empty = { time: 1, statusTimes: new Map<string, number>(), left: [], eventTime: 1, queryTime: 1, events: [] }
    expect(hexOf(encodeSerfState(empty))).toBe(serfBytes.emptyState)
    expect(decodeSerfState(bytesOf(serfBytes.emptyState))).toEqual(empty)
    expect(faultOf(() => decodeSerfState(bytesOf(serfBytes.join)))).toBe('type')
  })

  test('a real agent', () => {
    const [table] = readStream(bytesOf(captured.table), bare, 'opener')
    if (table?.type !== 'push-pull') throw new Error('no table')
    const versions = { protocol: [1, 5, 2], delegate: [2, 5, 5] }
    expect(table.members).toMatchObject([
      { node: 's2', status: 'alive', incarnation: 1, address: '127.0.0.2:17946', versions },
      { node: 's1', status: 'alive', incarnation: 1, address: '127.0.0.1:17946', versions },
    ])
    expect(table.members.map(({ meta }) => decodeTags(meta))).toEqual([
      new Map([['role', 'web']]),
      new Map([['role', 'web']]),
    ])
    const statusTimes = new Map(Object.entries({ s1: 0, s2: 1 }))
    expect(decodeSerfState(table.user)).toEqual({
      time: 2,
      statusTimes,
      left: [],
      eventTime: 1,
      queryTime: 1,
      events: [],
    })

    const joins = decodePacket(bytesOf(captured.aliveAndJoin), bare)
    expect(joins.faults).toEqual([])
    const [alive, user] = joins.messages
    expect(alive).toMatchObject({ type: 'alive', node: 'us', incarnation: 1, address: '127.0.0.9:17999', versions })
    expect(user?.type === 'user' ? decodeIntent(user.bytes) : null).toEqual({
      type: 'join',
      time: 2,
      node: 's1',
      prune: false,
    })
    const source = { address: '127.0.0.1:17946', node: 's1' }
    expect(decodePacket(bytesOf(captured.pingAndSuspect), bare)).toEqual({
      messages: [
        { type: 'ping', sequence: 6, node: 'us', source },
        { type: 'suspect', incarnation: 1, node: 'us', from: 's1' },
      ],
      faults: [],
    })
    expect(decodePacket(bytesOf(captured.dead), bare)).toEqual({
      messages: [{ type: 'dead', incarnation: 1, node: 'us', from: 's1' }],
      faults: [],
    })
    expect(readStream(bytesOf(captured.streamPing), bare, 'opener')).toEqual([
      { type: 'ping', sequence: 4, node: 'us', source },
    ])
  })
})

const uint32 = fc.oneof(fc.nat(300), fc.integer({ min: 0, max: 0xffffffff }))
const port = fc.integer({ min: 0, max: 0xffff })
const address = fc.oneof(
  fc.tuple(fc.ipV4(), port).map(([ip, at]) => `${ip}:${at}`),
  fc.uint8Array({ minLength: 16, maxLength: 16 }).map((ip) => printAddress({ ip, port: 7946 })),
  fc.constant('[::]:1'),
)
const name = fc.oneof(fc.string({ unit: 'grapheme', maxLength: 40 }), fc.stringMatching(/^n\d{1,50}$/))
const bytes = (maxLength: number): fc.Arbitrary<Buffer> => fc.uint8Array({ maxLength }).map((each) => Buffer.from(each))
const versions = fc
  .uint8Array({ minLength: 6, maxLength: 6 })
  .map(([a, b, c, d, e, f]) => ({ protocol: [a!, b!, c!] as const, delegate: [d!, e!, f!] as const }))
const source = fc.option(fc.record({ address, node: name }))
const packetMessage: fc.Arbitrary<PacketMessage> = fc.oneof(
  fc.record({ type: fc.constant('ping' as const), sequence: uint32, node: name, source }),
  fc.record({
    type: fc.constant('indirect-ping' as const),
    sequence: uint32,
    node: name,
    address,
    nack: fc.boolean(),
    source,
  }),
  fc.record({ type: fc.constant('ack' as const), sequence: uint32, payload: bytes(60) }),
  fc.record({ type: fc.constant('nack' as const), sequence: uint32 }),
  fc.record({
    type: fc.constantFrom('suspect' as const, 'dead' as const),
    incarnation: uint32,
    node: name,
    from: name,
  }),
  fc.record({
    type: fc.constant('alive' as const),
    incarnation: uint32,
    node: name,
    address,
    meta: bytes(512),
    versions: fc.option(versions),
  }),
  fc.record({ type: fc.constant('user' as const), bytes: bytes(100) }),
)
const nodeState: fc.Arbitrary<NodeState> = fc.record({
  node: name,
  status: fc.constantFrom(...states),
  incarnation: uint32,
  address,
  meta: bytes(512),
  versions: fc.option(versions),
})
const streamMessages: fc.Arbitrary<StreamMessage> = fc.oneof(
  fc.record({
    type: fc.constant('push-pull' as const),
    join: fc.boolean(),
    members: fc.array(nodeState, { maxLength: 20 }),
    user: bytes(100),
  }),
  fc.record({ type: fc.constant('ping' as const), sequence: uint32, node: name, source }),
  fc.record({ type: fc.constant('ack' as const), sequence: uint32, payload: bytes(60) }),
  fc.record({ type: fc.constant('user' as const), bytes: bytes(100) }),
  fc.record({ type: fc.constant('error' as const), text: name }),
)
const settings: fc.Arbitrary<WireSettings> = fc.record({
  label: fc.oneof(fc.constant(''), fc.string({ minLength: 1, maxLength: 20 })),
  keys: fc.subarray([...keys]),
  encryptionVersion: fc.constantFrom(0 as const, 1 as const),
  compress: fc.boolean(),
  nonce: fc.constant(bare.nonce),
})

describe('round trips', () => {
  test('datagrams, one or several', () => {
    fc.assert(
      fc.property(
        fc.array(packetMessage, { minLength: 1, maxLength: 30 }),
        settings,
        fc.boolean(),
        (said, each, checksum) => {
          const packet = encodePacket(said, each, { checksum })
          expect(decodePacket(packet, each)).toEqual({ messages: said, faults: [] })

          const packets = encodePackets(said, each, { checksum, most: 1_400 })
          const read = packets.map((one) => decodePacket(one, each))
          expect(read.flatMap((one) => one.messages)).toEqual(said)
          expect(read.flatMap(({ faults }) => faults)).toEqual([])
          packets.forEach((one, index) => expect(one.length <= 1_400 || read[index]!.messages.length === 1).toBe(true))
          // What fits in one datagram is not torn apart.
          if (packet.length < 700 && said.length < 10 && !each.compress) expect(packets).toHaveLength(1)
        },
      ),
    )
  })

  test('more messages than a compound holds become several datagrams', () => {
    const said: PacketMessage[] = Array.from({ length: 600 }, (_, sequence) => ({ type: 'nack', sequence }))
    const packets = encodePackets(said, bare, { checksum: false, most: 60_000 })
    expect(packets.map((each) => decodePacket(each, bare).messages.length)).toEqual([255, 255, 90])
    expect(faultOf(() => encodePacket(said, bare, { checksum: false }))).toBe('too-large')
  })

  test('streams, however the bytes are cut', () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 5 })
    const sides = fc.constantFrom('opener' as const, 'answerer' as const)
    fc.assert(
      fc.property(streamMessages, settings, sides, sizes, (said, each, side, pieces) => {
        expect(readStream(encodeStream(said, each, side), each, side, pieces)).toEqual([said])
      }),
    )
  })

  test('any key of the receiver decrypts, whichever encrypted', () => {
    const said: PacketMessage[] = [{ type: 'nack', sequence: 1 }]
    for (const key of keys) {
      const packet = encodePacket(said, { ...bare, keys: [key] }, { checksum: true })
      expect(decodePacket(packet, { ...bare, keys })).toEqual({ messages: said, faults: [] })
    }
  })

  test('compression', () => {
    const texts = fc.oneof(
      bytes(2_000),
      fc.array(fc.constantFrom(0, 1), { maxLength: 9_000 }).map((each) => Buffer.from(each)),
    )
    fc.assert(
      fc.property(texts, (text) => {
        expect(decompress(compress(text), text.length).equals(text)).toBe(true)
        if (text.length > 0) expect(faultOf(() => decompress(compress(text), text.length - 1))).toBe('too-large')
      }),
    )
  })

  test('values', () => {
    const { value } = fc.letrec<{ value: Writable }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        fc.constant(null),
        fc.boolean(),
        fc.maxSafeInteger(),
        fc.integer({ min: -40, max: 140 }),
        bytes(70),
        fc.array(tie('value'), { maxLength: 20 }),
        fc
          .array(fc.tuple(fc.string({ unit: 'binary-ascii', maxLength: 40 }), tie('value')))
          .map((pairs) => new Map(pairs)),
      ),
    }))
    const limits = { bytes: Infinity, values: Infinity, depth: 8 }
    fc.assert(
      fc.property(value, (each) => {
        const written = encodeValue(each)
        const reader = new ValueReader(written, limits)
        expect(reader.read()).toEqual(each)
        expect(reader.position).toBe(written.length)
      }),
    )
  })

  test.each([
    ['cf001fffffffffffff', Number.MAX_SAFE_INTEGER],
    ['cfffffffffffffffff', 2n ** 64n - 1n],
    ['d3ffffffffffffffff', -1],
    ['d38000000000000000', -(2n ** 63n)],
    ['d1ff7f', -129],
    ['d2fffeffff', -65_537],
    ['ca3fc00000', 1.5],
    ['cbbff8000000000000', -1.5],
    ['d90161', Buffer.from('a')],
    ['c40161', Buffer.from('a')],
    ['c5000161', Buffer.from('a')],
    ['c60000000161', Buffer.from('a')],
    ['db0000000161', Buffer.from('a')],
    ['dd00000001c0', [null]],
    ['df0000000180c0', 'msgpack'],
    ['c1', 'msgpack'],
    ['d40000', 'msgpack'],
  ] satisfies [string, Value | string][])('the value %s', (hex, expected) => {
    const read = (): Value => new ValueReader(bytesOf(hex), { bytes: 100, values: 10, depth: 2 }).read()
    if (typeof expected === 'string') expect(faultOf(read)).toBe(expected)
    else expect(read()).toEqual(expected)
  })

  test('addresses', () => {
    const ips = fc.oneof(...[4, 16].map((length) => fc.uint8Array({ minLength: length, maxLength: length })))
    const sparse = fc
      .array(fc.constantFrom(0, 0, 0, 1, 255), { minLength: 16, maxLength: 16 })
      .map((ip) => Uint8Array.from(ip))
    fc.assert(
      fc.property(fc.oneof(ips, sparse), port, (ip, at) => {
        const text = printAddress({ ip, port: at })
        expect(printAddress(parseAddress(text))).toBe(text)
        if (!text.includes('.') || ip.length === 4) expect(parseAddress(text)).toEqual({ ip, port: at })
        // The platform's own parser and printer agree.
        else expect(ip.subarray(0, 12)).toEqual(Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255))
        if (!text.includes('.'))
          expect(new URL(`http://${text.replace(/:\d+$/, '')}`).hostname).toBe(text.replace(/:\d+$/, ''))
      }),
    )
    expect(printAddress({ ip: new Uint8Array(0), port: 7 })).toBe('')
    expect(parseAddress('')).toEqual({ ip: new Uint8Array(0), port: 0 })
  })

  test.each([
    'localhost:1',
    '1.2.3:4',
    '1.2.3.256:4',
    '1.2.3.4',
    '1.2.3.4:65536',
    '[::1::]:1',
    '[1:2:3:4:5:6:7]:1',
    '[::12345]:1',
  ])('%s is no address', (text) => expect(faultOf(() => parseAddress(text))).toBe('field'))

  test('meta: any bytes, and all texts but those that look like bytes', () => {
    fc.assert(
      fc.property(bytes(100), (meta) => {
        expect(encodeMeta(decodeMeta(meta))).toEqual(meta)
      }),
    )
    fc.assert(
      fc.property(name, (meta) => {
        expect(decodeMeta(encodeMeta(meta))).toBe(meta)
      }),
    )
    expect(decodeMeta(Buffer.of(0xff, 0x80))).toBe('hex:ff80')
    expect(decodeMeta(Buffer.from('hex:ff'))).toBe('hex:6865783a6666')
  })
})

describe('views', () => {
  const addresses = new Map([
    ['n1', '10.0.0.1:7946'],
    ['n2', '10.0.0.2:7946'],
    ['n3', '[fe80::3]:7946'],
  ])
  const spoken = { protocol: [1, 5, 2], delegate: [0, 0, 0] } as const
  const directory: Directory = {
    self: { node: 'n1', address: '10.0.0.1:7946' },
    addressOf: (node) => addresses.get(node) ?? '',
    versionsOf: (node) => (addresses.has(node) ? spoken : null),
  }
  const nodes = fc.constantFrom(...addresses.keys())
  const meta = fc.oneof(name, bytes(20).map(decodeMeta))
  const update: fc.Arbitrary<Update> = fc.oneof(
    fc
      .record({ status: fc.constant('alive' as const), node: nodes, incarnation: uint32, meta })
      .map((each) => ({ ...each, from: each.node, address: addresses.get(each.node)! })),
    fc
      .record({
        status: fc.constantFrom('suspect' as const, 'dead' as const),
        node: nodes,
        incarnation: uint32,
        from: nodes,
      })
      .map((each) => ({ ...each, address: '', meta: '' })),
  )
  const gossip = fc.array(update, { maxLength: 10 })
  const record = fc
    .record({ node: nodes, status: fc.constantFrom(...states), incarnation: uint32, meta })
    .map((each) => ({ ...each, address: addresses.get(each.node)! }))

  test('of datagrams', () => {
    const views: fc.Arbitrary<Message> = fc.oneof(
      fc.record({ kind: fc.constant('ping' as const), sequence: uint32, target: nodes, gossip }),
      fc.record({
        kind: fc.constant('indirect-ping' as const),
        sequence: uint32,
        target: nodes,
        nack: fc.boolean(),
        gossip,
      }),
      fc.record({ kind: fc.constantFrom('ack' as const, 'nack' as const), sequence: uint32, gossip }),
      fc.record({ kind: fc.constant('gossip' as const), gossip: fc.array(update, { minLength: 1, maxLength: 10 }) }),
    )
    fc.assert(
      fc.property(views, (view) => {
        const packet = encodePacket(packetMessages(view, directory), bare, { checksum: true })
        const seen = viewsOfPacket(decodePacket(packet, bare).messages)
        expect(seen.views).toEqual([view])
        const asks = view.kind === 'ping' || view.kind === 'indirect-ping'
        expect(seen.sender).toEqual(asks ? directory.self : null)
        for (const [node, at] of seen.addresses) expect(at).toBe(addresses.get(node))
        if (view.kind === 'indirect-ping') expect(seen.addresses.has(view.target)).toBe(true)
        for (const each of seen.versions.values()) expect(each).toEqual(spoken)
        if ('gossip' in view)
          expect(new Set(seen.versions.keys())).toEqual(
            new Set(view.gossip.filter(({ status }) => status === 'alive').map(({ node }) => node)),
          )
      }),
    )
  })

  test('of streams', () => {
    const members = fc.array(record, { maxLength: 10 })
    const join = fc.boolean()
    const views: fc.Arbitrary<Message> = fc.oneof(
      fc.record({ kind: fc.constantFrom('push-pull' as const, 'push-pull-reply' as const), join, members }),
      fc.record({ kind: fc.constant('stream-ping' as const), sequence: uint32, target: nodes }),
      fc.record({ kind: fc.constant('stream-ack' as const), sequence: uint32 }),
    )
    fc.assert(
      fc.property(views, bytes(20), (view, user) => {
        const side = view.kind === 'push-pull-reply' || view.kind === 'stream-ack' ? 'answerer' : 'opener'
        const sent = encodeStream(streamMessage(view, directory, user), bare, side)
        const seen = viewOfStream(readStream(sent, bare, side)[0]!, side)
        expect(seen.view).toEqual(view)
        expect(seen.user).toEqual('members' in view && user.length > 0 ? [user] : [])
        if ('members' in view)
          expect([...seen.versions.keys()]).toEqual([...new Set(view.members.map(({ node }) => node))])
      }),
    )
  })

  test('updates go with the question before them; those before the first are gossip', () => {
    const [suspect, dead] = [messages['suspect']!.message, messages['dead']!.message]
    const user: PacketMessage = { type: 'user', bytes: Buffer.from('x') }
    const seen = viewsOfPacket([suspect, user, { type: 'nack', sequence: 1 }, dead, { type: 'nack', sequence: 2 }])
    expect(seen.views).toMatchObject([
      { kind: 'gossip', gossip: [{ status: 'suspect', node: 'n2', from: 'n1' }] },
      { kind: 'nack', sequence: 1, gossip: [{ status: 'dead', node: 'n2', from: 'n2' }] },
      { kind: 'nack', sequence: 2, gossip: [] },
    ])
    expect(seen.user).toEqual([user.bytes])
  })

  test('what is no matter of membership has no view', () => {
    expect(viewOfStream({ type: 'error', text: 'x' }, 'answerer').view).toBe(null)
    const { view, user } = viewOfStream({ type: 'user', bytes: Buffer.from('x') }, 'opener')
    expect([view, user]).toEqual([null, [Buffer.from('x')]])
  })

  test('a view in the wrong place is refused', () => {
    expect(faultOf(() => packetMessages({ kind: 'stream-ack', sequence: 1 }, directory))).toBe('type')
    expect(faultOf(() => streamMessage({ kind: 'gossip', gossip: [] }, directory, Buffer.alloc(0)))).toBe('type')
  })
})

/** A structure that lies about itself, as a message of this type. */
const lie = (type: number, fields: Record<string, Writable>): Buffer =>
  Buffer.concat([Buffer.of(type), encodeValue(structure(fields))])

describe('bytes of enemies', () => {
  const vectors = [...Object.values(messages), ...Object.values(envelopes), ...Object.values(streams)]
  const known = fc.constantFrom(...vectors).map(({ hex }) => bytesOf(hex))
  /** Bytes that were right before some of them were changed, cut, doubled or moved. */
  const broken = fc
    .tuple(
      known,
      fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 5 }),
      fc.oneof(fc.constant(0), fc.nat()),
      fc.nat(),
    )
    .map(([right, changes, cut, repeated]) => {
      const wrong = Buffer.from(right)
      for (const [at, value] of changes) wrong[at % wrong.length] = value
      const end = wrong.subarray(0, wrong.length - (cut % wrong.length))
      return repeated % 4 === 0 ? Buffer.concat([end, wrong]) : end
    })
  const enemies = fc.oneof(bytes(200), broken)

  test('give errors of one kind, in datagrams', () => {
    let read = 0
    const faults = new Set<WireFault>()
    fc.assert(
      fc.property(enemies, settings, (each, own) => {
        for (const one of [bare, own]) {
          const decoded = decodePacket(each, one)
          for (const fault of decoded.faults) {
            expect(fault).toBeInstanceOf(WireError)
            faults.add(fault.fault)
          }
          read += decoded.messages.length
          // Whatever was taken for a message can be said again.
          for (const message of decoded.messages) expect(decodeMessage(encodeMessage(message))).toEqual(message)
        }
      }),
      { numRuns: 2_000 },
    )
    expect(read).toBeGreaterThan(50)
    for (const fault of ['truncated', 'type', 'field', 'compression', 'label', 'encryption'] as const)
      expect(faults).toContain(fault)
  })

  test('give errors of one kind, on streams, and the same again', () => {
    let read = 0
    const faults = new Set<WireFault>()
    fc.assert(
      fc.property(enemies, settings, fc.integer({ min: 1, max: 100 }), (each, own, size) => {
        for (const one of [bare, own]) {
          const reader = new StreamReader(one, 'opener')
          const fault = faultOf(() => {
            for (let at = 0; at < each.length; at += size)
              if (reader.push(each.subarray(at, at + size)) !== null) read++
          })
          if (fault === null) continue
          faults.add(fault)
          expect(faultOf(() => reader.push(Buffer.of(0)))).toBe(fault)
        }
      }),
      { numRuns: 2_000 },
    )
    expect(read).toBeGreaterThan(50)
    for (const fault of ['type', 'field', 'compression', 'label', 'encryption'] as const)
      expect(faults).toContain(fault)
  })

  test('that end too early are no message, and on a stream no error', () => {
    for (const [key, { hex }] of Object.entries(messages))
      for (let length = 0; length < hex.length / 2 && key !== 'user'; length++)
        expect(faultOf(() => decodeMessage(bytesOf(hex).subarray(0, length)))).toBe(length === 0 ? 'type' : 'truncated')
    for (const { hex, settings: own } of Object.values(streams))
      for (let length = 0; length < hex.length / 2; length++)
        expect(readStream(bytesOf(hex).subarray(0, length), { ...bare, ...own }, 'opener')).toEqual([])
  })

  test('that were changed after they were encrypted or summed up are no message', () => {
    for (const { hex, settings: own, checksum } of Object.values(envelopes)) {
      if (!checksum && own.keys === undefined) continue
      // Without encryption nothing protects the byte that says that there is a checksum.
      for (let bit = own.keys === undefined ? 8 : 0; bit < hex.length * 4; bit++) {
        const wrong = bytesOf(hex)
        wrong[bit >> 3]! ^= 1 << (bit & 7)
        const { messages: read, faults } = decodePacket(wrong, { ...bare, ...own })
        expect(read).toEqual([])
        expect(faults).toHaveLength(1)
      }
    }
  })

  test('with another label, none, or one too many', () => {
    const said: PacketMessage[] = [{ type: 'nack', sequence: 1 }]
    const labels = ['', 'blue', 'red', 'blues']
    for (const sent of labels)
      for (const expected of labels)
        for (const key of [[], [keys[0]]]) {
          const packet = encodePacket(said, { ...bare, label: sent, keys: key }, { checksum: false })
          const { faults } = decodePacket(packet, { ...bare, label: expected, keys: key })
          expect(faults.map(({ fault }) => fault)).toEqual(sent === expected ? [] : ['label'])
          const stream = encodeStream(
            { type: 'ack', sequence: 1, payload: Buffer.alloc(0) },
            { ...bare, label: sent, keys: key },
            'opener',
          )
          const read = (): unknown => readStream(stream, { ...bare, label: expected, keys: key }, 'opener', [1])
          expect(faultOf(read)).toBe(sent === expected ? null : 'label')
        }
    // The label protects what was encrypted: it cannot be exchanged.
    const packet = encodePacket(said, { ...bare, label: 'blue', keys: [keys[0]] }, { checksum: false })
    packet.write('BLUE', 2)
    expect(decodePacket(packet, { ...bare, label: 'BLUE', keys: [keys[0]] }).faults[0]?.fault).toBe('encryption')
  })

  test('in the clear where there is a key, and encrypted where there is none', () => {
    const clear = encodePacket([{ type: 'nack', sequence: 1 }], bare, { checksum: false })
    expect(decodePacket(clear, { ...bare, keys }).faults[0]?.fault).toBe('encryption')
    const { hex } = envelopes['encrypted-v1-key1']!
    expect(decodePacket(bytesOf(hex), bare).messages).toEqual([])
    expect(decodePacket(bytesOf(hex), { ...bare, keys: [keys[1]] }).faults[0]?.fault).toBe('encryption')
    expect(faultOf(() => readStream(bytesOf(streams['push-pull']!.hex), { ...bare, keys }, 'opener'))).toBe(
      'encryption',
    )
    expect(faultOf(() => readStream(bytesOf(streams['push-pull-encrypted']!.hex), bare, 'opener'))).toBe('encryption')
    const shortKey = { ...bare, keys: [Buffer.alloc(15)] }
    expect(faultOf(() => encodePacket([{ type: 'nack', sequence: 1 }], shortKey, { checksum: false }))).toBe(
      'encryption',
    )
    expect(decodePacket(bytesOf(hex), shortKey).faults[0]?.fault).toBe('encryption')
  })

  test('a good message beside bad ones counts', () => {
    const nack = bytesOf(messages['nack']!.hex)
    const parts = [Buffer.of(99), nack, Buffer.alloc(0), Buffer.of(0, 0xc1), nack]
    const lengths = parts.flatMap(({ length }) => [0, length])
    const compound = Buffer.concat([Buffer.of(7, parts.length, ...lengths), ...parts])
    const whole = decodePacket(compound, bare)
    expect(whole.messages).toEqual([messages['nack']!.message, messages['nack']!.message])
    expect(whole.faults.map(({ fault }) => fault)).toEqual(['type', 'type', 'msgpack'])
    // The last one is missing a byte.
    const cut = decodePacket(compound.subarray(0, -1), bare)
    expect(cut.messages).toEqual([messages['nack']!.message])
    expect(cut.faults.map(({ fault }) => fault)).toEqual(['type', 'type', 'msgpack', 'truncated'])
  })

  test.each([
    ['a sequence beyond 32 bits', lie(11, { SeqNo: 2 ** 32 }), 'field'],
    ['a negative sequence', lie(11, { SeqNo: -1 }), 'field'],
    ['a text for a number', lie(11, { SeqNo: 'x' }), 'field'],
    ['a number for a text', lie(3, { Node: 1 }), 'field'],
    ['a name that is not UTF-8', lie(3, { Node: Buffer.of(0xff) }), 'field'],
    ['an address of 5 bytes', lie(4, { Addr: Buffer.alloc(5) }), 'field'],
    ['a port beyond 16 bits', lie(4, { Addr: Buffer.alloc(4), Port: 65_536 }), 'field'],
    ['a boolean of another type', lie(1, { Nack: 1 }), 'field'],
    ['meta that is too long', lie(4, { Meta: Buffer.alloc(513) }), 'too-large'],
    ['a list instead of a structure', Buffer.of(11, 0x90), 'field'],
    [
      'a structure of too many fields',
      Buffer.concat([Buffer.of(11, 0xde, 0xff, 0xff), Buffer.alloc(9_000, 0xa0)]),
      'too-large',
    ],
    ['values in values', Buffer.concat([Buffer.of(11), Buffer.alloc(5_000, 0x91)]), 'too-deep'],
    [
      'a list of 4 thousand million',
      Buffer.concat([Buffer.of(11), bytesOf('ddffffffff'), Buffer.alloc(2_000, 0xc0)]),
      'too-large',
    ],
    ['a text of 4 thousand million', Buffer.concat([Buffer.of(11), bytesOf('dbffffffff')]), 'too-large'],
    ['a message for streams', bytesOf(streams['push-pull']!.hex), 'type'],
    ['a compound without lengths', Buffer.of(7, 255, 0, 0), 'truncated'],
    ['a compound without a count', Buffer.of(7), 'truncated'],
    ['nothing', Buffer.alloc(0), 'type'],
    ['another compression', lie(9, { Algo: 1, Buf: compress(Buffer.of(11)) }), 'compression'],
    ['a datagram that is too long', Buffer.alloc(wireLimits.datagram + 1, 8), 'too-large'],
  ] satisfies [string, Buffer, WireFault][])('%s', (_, packet, fault) => {
    const decoded = decodePacket(packet, bare)
    expect(decoded.messages).toEqual([])
    expect(decoded.faults.map((each) => each.fault)).toEqual([fault])
  })

  test('fields that are not known are skipped, those that are missing are empty, nulls too', () => {
    const fields = { SeqNo: 7, Extra: [new Map([['deep', [null]]])], Node: null }
    expect(decodeMessage(lie(0, fields))).toEqual({ type: 'ping', sequence: 7, node: '', source: null })
    expect(decodeMessage(lie(4, {}))).toMatchObject({ incarnation: 0, node: '', address: '', versions: null })
    const five = Buffer.of(1, 2, 3, 4, 5)
    expect(decodeMessage(lie(4, { Vsn: five }))).toMatchObject({ versions: null })
    const cruel = Buffer.concat([
      Buffer.of(11, 0x82),
      encodeValue('__proto__'),
      encodeValue(5),
      encodeValue('SeqNo'),
      encodeValue(3),
    ])
    expect(decodeMessage(cruel)).toEqual({ type: 'nack', sequence: 3 })
  })

  test('compound in compound, and compression in compression', () => {
    const nack = bytesOf(messages['nack']!.hex)
    const inCompound = (inner: Buffer): Buffer =>
      Buffer.concat([Buffer.of(7, 1, inner.length >> 8, inner.length & 255), inner])
    const nest = (wrap: (inner: Buffer) => Buffer, times: number): Buffer => {
      let nested: Buffer = nack
      for (let time = 0; time < times; time++) nested = wrap(nested)
      return nested
    }
    for (const wrap of [inCompound, wrapCompressed]) {
      expect(decodePacket(nest(wrap, 4), bare)).toEqual({ messages: [messages['nack']!.message], faults: [] })
      const deeper = decodePacket(nest(wrap, 5), bare)
      expect(deeper.messages).toEqual([])
      expect(deeper.faults.map(({ fault }) => fault)).toEqual(['too-deep'])
    }
  })

  test('a datagram that unpacks to more than it may, at once or piece by piece', () => {
    const bomb = wrapCompressed(Buffer.alloc(10_000_000, 8))
    expect(bomb.length).toBeLessThan(60_000)
    expect(decodePacket(bomb, bare).faults[0]?.fault).toBe('too-large')
    // Each of them is small enough.
    const part = wrapCompressed(Buffer.alloc(20_000, 8))
    const parts = Array.from({ length: 100 }, () => part)
    const lengths = Buffer.alloc(200)
    parts.forEach(({ length }, index) => lengths.writeUInt16BE(length, 2 * index))
    const { messages: read, faults } = decodePacket(Buffer.concat([Buffer.of(7, 100), lengths, ...parts]), bare)
    expect(read).toHaveLength(Math.floor(wireLimits.unpackedDatagram / 20_000))
    expect(new Set(faults.map(({ fault }) => fault))).toEqual(new Set(['too-large']))
  })

  test('a datagram of more messages than it may hold', () => {
    // A compound of 254 compounds of 255 messages that are empty, compressed, since the lengths alone would not fit.
    const empty = Buffer.concat([Buffer.of(7, 255), Buffer.alloc(510)])
    const lengths = Buffer.alloc(508)
    for (let index = 0; index < 254; index++) lengths.writeUInt16BE(empty.length, 2 * index)
    const many = wrapCompressed(
      Buffer.concat([Buffer.of(7, 254), lengths, ...Array.from({ length: 254 }, () => empty)]),
    )
    const { messages: read, faults } = decodePacket(many, bare)
    expect(read).toEqual([])
    expect(faults.length).toBeLessThanOrEqual(wireLimits.messages + 4)
    expect(faults.at(-1)?.fault).toBe('too-large')
  })

  test('a stream that unpacks to more than it may', () => {
    const bomb = wrapCompressed(Buffer.alloc(wireLimits.unpackedStream + 1, 8))
    expect(bomb.length).toBeLessThan(200_000)
    expect(faultOf(() => readStream(bomb, bare, 'opener'))).toBe('too-large')
  })

  const pushPull = (fields: Record<string, Writable>): Buffer => lie(6, fields)
  test.each([
    ['too many members', pushPull({ Nodes: wireLimits.members + 1 }), 'too-large'],
    ['fewer than no members', pushPull({ Nodes: -1 }), 'field'],
    ['too much user state', pushPull({ UserStateLen: wireLimits.stream + 1 }), 'too-large'],
    ['too long a user message', lie(8, { UserMsgLen: wireLimits.stream + 1 }), 'too-large'],
    ['too long a name', Buffer.concat([pushPull({ Nodes: 1 }), bytesOf('81a44e616d65db00100000')]), 'too-large'],
    ['a state that nobody has', Buffer.concat([pushPull({ Nodes: 1 }), encodeValue(structure({ State: 4 }))]), 'field'],
    ['too much that is encrypted', bytesOf('0a01400001'), 'encryption'],
    ['a message for datagrams', bytesOf(messages['suspect']!.hex), 'type'],
    ['compression in compression', wrapCompressed(wrapCompressed(bytesOf(messages['nack']!.hex))), 'type'],
    ['compressed nothing', wrapCompressed(Buffer.alloc(0)), 'truncated'],
    ['compressed, and too short', wrapCompressed(pushPull({ Nodes: 1 })), 'truncated'],
    ['a label without a name', Buffer.of(244, 0), 'label'],
  ] satisfies [string, Buffer, WireFault][])('a stream with %s', (_, stream, fault) => {
    expect(faultOf(() => readStream(stream, bare, 'opener', [1]))).toBe(fault)
  })

  test('a stream that says it is encrypted and endless', () => {
    const length = Buffer.alloc(5, 10)
    length.writeUInt32BE(wireLimits.stream + 1, 1)
    expect(faultOf(() => readStream(length, { ...bare, keys }, 'opener'))).toBe('too-large')
  })

  test('a stream without an end is cut off, and so is what one holds', () => {
    const row = encodeValue(structure({ Name: 'n', Extra: Buffer.alloc(60_000) }))
    const reader = new StreamReader(bare, 'opener')
    let sent = 0
    const fault = faultOf(() => {
      reader.push(pushPull({ Nodes: wireLimits.members }))
      for (; sent < 2 * wireLimits.unpackedStream; sent += row.length) reader.push(row)
    })
    expect(fault).toBe('too-large')
    expect(sent).toBeLessThanOrEqual(wireLimits.unpackedStream)
    expect(sent).toBeGreaterThan(wireLimits.unpackedStream - 2 * row.length)
  })

  test('an error says how many bytes are missing', () => {
    const error = new TruncatedError(7)
    expect(error).toBeInstanceOf(WireError)
    const reader = new ValueReader(bytesOf('a3616263'.slice(0, 4)), { bytes: 10, values: 1, depth: 1 })
    expect(() => reader.read()).toThrow(expect.objectContaining({ fault: 'truncated', needed: 4 }))
    expect(reader.position).toBe(0)
  })

  test.each([
    ['without an end code', '0003'],
    ['with a code that cannot be known yet', (() => hexOf(codes([256, 97, 300])))()],
    ['with a first code that is no byte', hexOf(codes([256, 258, 257]))],
    ['of no bytes', ''],
  ])('compression %s', (_, hex) => {
    expect(faultOf(() => decompress(bytesOf(hex), 1_000))).toBe('compression')
  })
})

/** Codes of nine bits, the least significant first. */
function codes(values: readonly number[]): Buffer {
  const bits = values.flatMap((value) => Array.from({ length: 9 }, (_, bit) => (value >> bit) & 1))
  const packed = Buffer.alloc(Math.ceil(bits.length / 8))
  bits.forEach((bit, index) => (packed[index >> 3]! |= bit << (index & 7)))
  return packed
}
