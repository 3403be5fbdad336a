/** Messages of the domain name system as octets. [RFC] 1035 section 4, 6891 */
import { Reader, WireError, Writer } from './names.ts'

/** Numbers of the types that have a form of their own. */
export const typeNumbers: Readonly<Record<string, number>> = {
  A: 1,
  NS: 2,
  CNAME: 5,
  PTR: 12,
  MX: 15,
  TXT: 16,
  AAAA: 28,
  SRV: 33,
}
const typeNames = new Map(Object.entries(typeNumbers).map(([name, number]) => [number, name]))

const opt = 41
const internet = 1

export interface WireQuestion {
  readonly name: string
  readonly type: string
}

/** `data`: an address, a name or text; of other types octets in hexadecimal. */
export interface WireRecord {
  readonly name: string
  readonly type: string
  readonly ttl: number
  readonly data: string
}

export interface Packet {
  readonly id: number
  readonly response: boolean
  readonly opcode: number
  readonly authoritative: boolean
  readonly truncated: boolean
  readonly recursionDesired: boolean
  readonly recursionAvailable: boolean
  readonly rcode: number
  readonly questions: readonly WireQuestion[]
  readonly answers: readonly WireRecord[]
  /** What EDNS says that a datagram may have; null without EDNS. */
  readonly size: number | null
}

const typeName = (number: number): string => typeNames.get(number) ?? `TYPE${number}`
const typeNumber = (name: string): number => typeNumbers[name] ?? Number(name.replace(/^TYPE/, ''))

/** A packet as octets. @throws WireError if a name or an address in it cannot be written */
export function encode(packet: Packet): Uint8Array {
  const writer = new Writer()
  writer.short(packet.id)
  writer.octet(
    (packet.response ? 0x80 : 0) |
      (packet.opcode << 3) |
      (packet.authoritative ? 4 : 0) |
      (packet.truncated ? 2 : 0) |
      (packet.recursionDesired ? 1 : 0),
  )
  writer.octet((packet.recursionAvailable ? 0x80 : 0) | packet.rcode)
  writer.short(packet.questions.length)
  writer.short(packet.answers.length)
  writer.short(0)
  writer.short(packet.size === null ? 0 : 1)
  for (const { name, type } of packet.questions) {
    writer.name(name)
    writer.short(typeNumber(type))
    writer.short(internet)
  }
  for (const record of packet.answers) writeRecord(writer, record)
  if (packet.size !== null) {
    writer.octet(0)
    writer.short(opt)
    writer.short(packet.size)
    writer.long(0)
    writer.short(0)
  }
  return writer.bytes()
}

function writeRecord(writer: Writer, { name, type, ttl, data }: WireRecord): void {
  writer.name(name)
  writer.short(typeNumber(type))
  writer.short(internet)
  writer.long(ttl)
  writer.counted(() => writeData(writer, type, data))
}

function writeData(writer: Writer, type: string, data: string): void {
  switch (type) {
    case 'A':
      return writer.octets(data.split('.').map(Number))
    case 'AAAA':
      for (const group of groupsOf(data)) writer.short(group)
      return
    case 'PTR':
    case 'CNAME':
    case 'NS':
      return writer.name(data)
    case 'TXT': {
      const octets = new TextEncoder().encode(data)
      for (let at = 0; at === 0 || at < octets.length; at += 255) {
        const part = octets.subarray(at, at + 255)
        writer.octet(part.length)
        writer.octets(part)
      }
      return
    }
    default:
      return writer.octets(Buffer.from(data, 'hex'))
  }
}

/** The eight groups of an address of IPv6. @throws WireError if it is none */
function groupsOf(address: string): number[] {
  const [left = '', right] = address.split('::')
  const parse = (part: string): number[] => (part === '' ? [] : part.split(':').map((group) => parseInt(group, 16)))
  const before = parse(left)
  const behind = right === undefined ? [] : parse(right)
  const groups = [...before, ...Array.from({ length: 8 - before.length - behind.length }, () => 0), ...behind]
  if (groups.length !== 8 || groups.some((group) => !(group >= 0 && group <= 0xffff)))
    throw new WireError(`${address} is no address of IPv6`)
  return groups
}

/** The longest run of zero groups, two at least, is left out. [RFC] 5952 */
function showGroups(groups: readonly number[]): string {
  let best = { at: 0, length: 1 }
  for (let at = 0; at < groups.length; at++) {
    let length = 0
    while (groups[at + length] === 0) length++
    if (length > best.length) best = { at, length }
  }
  const show = (part: readonly number[]): string => part.map((group) => group.toString(16)).join(':')
  if (best.length < 2) return show(groups)
  return `${show(groups.slice(0, best.at))}::${show(groups.slice(best.at + best.length))}`
}

/** A packet that was read; null if it is malformed. */
export function decode(bytes: Uint8Array): Packet | null {
  try {
    return read(new Reader(bytes))
  } catch (error) {
    if (error instanceof WireError) return null
    throw error
  }
}

function read(reader: Reader): Packet {
  const id = reader.short()
  const high = reader.octet()
  const low = reader.octet()
  const [questions, answers, authorities, additional] = [0, 0, 0, 0].map(() => reader.short()) as [
    number,
    number,
    number,
    number,
  ]
  const times = <Item>(count: number, each: () => Item): Item[] => Array.from({ length: count }, each)
  const asked = times(questions, () => readQuestion(reader))
  const told = times(answers, () => readRecord(reader))
  const rest = times(authorities + additional, () => readRecord(reader))
  return {
    id,
    response: (high & 0x80) !== 0,
    opcode: (high >> 3) & 15,
    authoritative: (high & 4) !== 0,
    truncated: (high & 2) !== 0,
    recursionDesired: (high & 1) !== 0,
    recursionAvailable: (low & 0x80) !== 0,
    rcode: low & 15,
    questions: asked,
    answers: told.map(({ record }) => record),
    size: rest.find(({ number }) => number === opt)?.class ?? null,
  }
}

function readQuestion(reader: Reader): WireQuestion {
  const name = reader.name()
  const type = typeName(reader.short())
  reader.short()
  return { name, type }
}

interface ReadRecord {
  readonly record: WireRecord
  readonly number: number
  readonly class: number
}

function readRecord(reader: Reader): ReadRecord {
  const name = reader.name()
  const number = reader.short()
  const of = reader.short()
  const ttl = reader.long()
  const length = reader.short()
  const end = reader.at + length
  const data = readData(reader, typeName(number), length)
  if (reader.at !== end) throw new WireError('the data of a record has another length')
  return { record: { name, type: typeName(number), ttl, data }, number, class: of }
}

function readData(reader: Reader, type: string, length: number): string {
  switch (type) {
    case 'A':
      return [...reader.octets(4)].join('.')
    case 'AAAA':
      return showGroups(Array.from({ length: 8 }, () => reader.short()))
    case 'PTR':
    case 'CNAME':
    case 'NS':
      return reader.name()
    case 'TXT': {
      const end = reader.at + length
      const parts: number[] = []
      while (reader.at < end) parts.push(...reader.octets(reader.octet()))
      return new TextDecoder().decode(Uint8Array.from(parts))
    }
    default:
      return Buffer.from(reader.octets(length)).toString('hex')
  }
}
