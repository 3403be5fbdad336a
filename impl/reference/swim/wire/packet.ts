/**
 * Datagrams: label, encryption, checksum, compression, compound, messages, each inside the one before and each but the
 * messages optional. [ML] net.go ingestPacket.
 */
import { crc32 } from 'node:zlib'
import { decrypt } from './encryption.ts'
import {
  labelBytes,
  labelHeader,
  unwrapCompressed,
  wrapCompressed,
  wrapEncrypted,
  type WireSettings,
} from './envelopes.ts'
import { WireError } from './error.ts'
import { wireLimits } from './limits.ts'
import { decodeMessage, encodeMessage, type PacketMessage, types } from './messages.ts'
import { ValueReader } from './msgpack.ts'

export interface DecodedPacket {
  /** In their order in the datagram. */
  readonly messages: readonly PacketMessage[]
  /** What could not be read; the rest of the datagram counts all the same. */
  readonly faults: readonly WireError[]
}

const checksumBytes = 5
const mostInCompound = 255
const mostInEntry = 0xffff

/** What has been read of a datagram so far. */
interface Reading {
  readonly messages: PacketMessage[]
  readonly faults: WireError[]
  /** Bytes that may still be unpacked. */
  unpacked: number
  /** Messages and envelopes that may still come. */
  left: number
}

/** Never throws: what is wrong is in `faults`. */
export const decodePacket = (bytes: Uint8Array, settings: WireSettings): DecodedPacket => {
  const reading = { messages: [], faults: [], unpacked: wireLimits.unpackedDatagram, left: wireLimits.messages }
  attempt(reading, () => {
    if (bytes.length > wireLimits.datagram) throw new WireError('too-large', `a datagram of ${bytes.length} bytes`)
    read(withoutChecksum(withoutEncryption(bytes, settings)), reading, wireLimits.envelopes)
  })
  return { messages: reading.messages, faults: reading.faults }
}

const attempt = (reading: Reading, act: () => void): void => {
  try {
    act()
  } catch (error) {
    if (!(error instanceof WireError)) throw error
    reading.faults.push(error)
  }
}

const withoutEncryption = (bytes: Uint8Array, settings: WireSettings): Uint8Array => {
  const label = labelBytes(settings)
  const header = labelHeader(settings)
  const isLabelled = bytes[0] === types.label
  if (isLabelled !== label.length > 0 || !header.equals(bytes.subarray(0, header.length)))
    throw new WireError('label', isLabelled ? 'another label' : 'no label')
  const body = bytes.subarray(header.length)
  return settings.keys.length === 0 ? body : decrypt(body, settings.keys, label)
}

const withoutChecksum = (bytes: Uint8Array): Uint8Array => {
  if (bytes[0] !== types.checksum || bytes.length < checksumBytes) return bytes
  const body = bytes.subarray(checksumBytes)
  if (view(bytes).getUint32(1) !== crc32(body)) throw new WireError('checksum', 'a wrong checksum')
  return body
}

const view = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

const read = (bytes: Uint8Array, reading: Reading, envelopes: number): void => {
  if (--reading.left < 0) throw new WireError('too-large', 'too many messages')
  const type = bytes[0]
  const isEnvelope = type === types.compound || type === types.compressed
  if (isEnvelope && envelopes === 0) throw new WireError('too-deep', 'too many envelopes')
  if (type === types.compound) readCompound(bytes.subarray(1), reading, envelopes - 1)
  else if (type === types.compressed) readCompressed(bytes.subarray(1), reading, envelopes - 1)
  else reading.messages.push(decodeMessage(bytes))
}

const compressedLimits = { bytes: wireLimits.datagram, values: 16, depth: 1 }

const readCompressed = (body: Uint8Array, reading: Reading, envelopes: number): void => {
  const unpacked = unwrapCompressed(new ValueReader(body, compressedLimits).read(), reading.unpacked)
  reading.unpacked -= unpacked.length
  read(unpacked, reading, envelopes)
}

/** A count, as many lengths of two bytes, and the messages; those that are there as a whole count. */
const readCompound = (body: Uint8Array, reading: Reading, envelopes: number): void => {
  const count = body[0] ?? 0
  let from = 1 + 2 * count
  if (body.length < from) throw new WireError('truncated', 'a compound without all its lengths')
  const lengths = view(body)
  for (let index = 0; index < count; index++) {
    const to = from + lengths.getUint16(1 + 2 * index)
    if (to > body.length) throw new WireError('truncated', `a compound that lacks ${count - index} messages`)
    const part = body.subarray(from, to)
    attempt(reading, () => read(part, reading, envelopes))
    if (reading.left < 0) return
    from = to
  }
}

export interface PacketOptions {
  /** Whether the receiver knows checksums: its greatest protocol version is at least 5. */
  readonly checksum: boolean
}

/** One datagram of all the messages. Throws a WireError where they cannot be in one. */
export const encodePacket = (
  messages: readonly PacketMessage[],
  settings: WireSettings,
  options: PacketOptions,
): Buffer => wrap(compound(messages.map(encodeMessage)), settings, options)

/** As few datagrams as hold the messages in their order, none longer than `most` bytes unless one message alone is. */
export const encodePackets = (
  messages: readonly PacketMessage[],
  settings: WireSettings,
  options: PacketOptions & { readonly most: number },
): Buffer[] => {
  const most = options.most - overhead(settings)
  const packets: Buffer[][] = []
  let size = Infinity
  for (const bytes of messages.map(encodeMessage)) {
    size += 2 + bytes.length
    const last = packets.at(-1)
    if (last !== undefined && size <= most && last.length < mostInCompound) last.push(bytes)
    else {
      packets.push([bytes])
      size = 2 + 2 + bytes.length
    }
  }
  return packets.map((each) => wrap(compound(each), settings, options))
}

/** Bytes that envelopes may add, a compound's own apart. */
const overhead = (settings: WireSettings): number =>
  labelHeader(settings).length + checksumBytes + (settings.keys.length === 0 ? 0 : 45)

const compound = (parts: readonly Buffer[]): Buffer => {
  if (parts.length === 1) return parts[0]!
  const isTooLong = parts.length > mostInCompound || parts.some((part) => part.length > mostInEntry)
  if (isTooLong) throw new WireError('too-large', 'messages that no compound can hold')
  const lengths = Buffer.alloc(2 * parts.length)
  parts.forEach((part, index) => lengths.writeUInt16BE(part.length, 2 * index))
  return Buffer.concat([Buffer.of(types.compound, parts.length), lengths, ...parts])
}

const wrap = (bytes: Buffer, settings: WireSettings, { checksum }: PacketOptions): Buffer => {
  const compressed = settings.compress ? wrapCompressed(bytes) : bytes
  const shorter = compressed.length < bytes.length ? compressed : bytes
  const checked = checksum ? Buffer.concat([Buffer.of(types.checksum), uint32(crc32(shorter)), shorter]) : shorter
  const { keys } = settings
  const sealed = keys.length === 0 ? checked : wrapEncrypted(checked, settings, labelBytes(settings))
  return Buffer.concat([labelHeader(settings), sealed])
}

const uint32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}
