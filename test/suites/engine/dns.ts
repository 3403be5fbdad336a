/** Packets of DNS as whoever asks writes and reads them; by nobody else's code, so that a mistake is not shared. */
export const types = { A: 1, PTR: 12, MX: 15, TXT: 16, AAAA: 28, SRV: 33 } as const
export type TypeName = keyof typeof types

export interface DnsRecord {
  readonly name: string
  readonly type: number
  readonly ttl: number
  /** An address, or a name; otherwise hexadecimal. */
  readonly data: string
}

export interface DnsReply {
  readonly id: number
  readonly rcode: number
  readonly isReply: boolean
  readonly authoritative: boolean
  readonly recursionAvailable: boolean
  readonly question: { readonly name: string; readonly type: number } | null
  readonly answers: readonly DnsRecord[]
}

const encodeName = (name: string): Buffer =>
  Buffer.concat([
    ...name.split('.').flatMap((label) => [Buffer.from([label.length]), Buffer.from(label, 'latin1')]),
    Buffer.from([0]),
  ])

export function encodeQuery(id: number, name: string, type: TypeName): Buffer {
  const header = Buffer.alloc(12)
  header.writeUInt16BE(id, 0)
  // Recursion is desired.
  header.writeUInt16BE(0x0100, 2)
  header.writeUInt16BE(1, 4)
  return Buffer.concat([header, encodeName(name), Buffer.from([0, types[type], 0, 1])])
}

/** A name and where it ends; names may go on elsewhere, which is bounded. @throws RangeError if it is none */
function readName(bytes: Buffer, from: number): { readonly name: string; readonly end: number } {
  const labels: string[] = []
  let at = from
  let end = -1
  for (let steps = 0; steps < 128; steps++) {
    const length = bytes.readUInt8(at)
    if (length === 0) return { name: labels.join('.'), end: end < 0 ? at + 1 : end }
    if (length >= 0xc0) {
      if (end < 0) end = at + 2
      at = bytes.readUInt16BE(at) & 0x3fff
    } else {
      labels.push(bytes.subarray(at + 1, at + 1 + length).toString('latin1'))
      at += 1 + length
    }
  }
  throw new RangeError('a name without end')
}

function readData(bytes: Buffer, type: number, at: number, length: number): string {
  const data = bytes.subarray(at, at + length)
  if (type === types.A) return data.join('.')
  if (type === types.PTR) return readName(bytes, at).name
  return data.toString('hex')
}

/** @throws RangeError if it is no packet */
export function decodeReply(bytes: Buffer): DnsReply {
  const flags = bytes.readUInt16BE(2)
  const questions = bytes.readUInt16BE(4)
  let at = 12
  let question: DnsReply['question'] = null
  for (let number = 0; number < questions; number++) {
    const { name, end } = readName(bytes, at)
    question ??= { name, type: bytes.readUInt16BE(end) }
    at = end + 4
  }
  const answers: DnsRecord[] = []
  for (let number = bytes.readUInt16BE(6); number > 0; number--) {
    const { name, end } = readName(bytes, at)
    const [type, ttl, length] = [bytes.readUInt16BE(end), bytes.readUInt32BE(end + 4), bytes.readUInt16BE(end + 8)]
    answers.push({ name, type, ttl, data: readData(bytes, type, end + 10, length) })
    at = end + 10 + length
  }
  return {
    id: bytes.readUInt16BE(0),
    rcode: flags & 15,
    isReply: (flags & 0x8000) !== 0,
    authoritative: (flags & 0x0400) !== 0,
    recursionAvailable: (flags & 0x0080) !== 0,
    question,
    answers,
  }
}

/** The name under which an address of IPv4 is asked for its name. */
export const reverse = (address: string): string => `${address.split('.').toReversed().join('.')}.in-addr.arpa`

/** An address of IPv6 as records have it. */
export function hexOfV6(address: string): string {
  const [left = '', right = ''] = address.split('::')
  const words = (part: string): string[] => (part === '' ? [] : part.split(':').map((word) => word.padStart(4, '0')))
  const [before, behind] = [words(left), words(right)]
  const zeros = Array.from({ length: 8 - before.length - behind.length }, () => '0000')
  return [...before, ...zeros, ...behind].join('')
}
