/** Addresses as memberlist's bytes, 4 or 16 and a port, and as texts: `127.0.0.1:7946`, `[::1]:7946`, `` for none. */
import { WireError } from './error.ts'

export interface WireAddress {
  readonly ip: Uint8Array
  readonly port: number
}

/** Before the 4 bytes of an IPv4 address that was written as 16. */
const mapped = Buffer.from('00000000000000000000ffff', 'hex')

export const printAddress = ({ ip, port }: WireAddress): string => {
  if (ip.length === 0) return ''
  if (ip.length === 4) return `${ip.join('.')}:${port}`
  if (ip.length !== 16) throw new WireError('field', `an address of ${ip.length} bytes`)
  if (mapped.equals(ip.subarray(0, 12))) return `${ip.subarray(12).join('.')}:${port}`
  return `[${printGroups(ip)}]:${port}`
}

/** Eight groups of hexadecimal digits, the longest run of zeros left out: RFC 5952. */
const printGroups = (ip: Uint8Array): string => {
  const groups = Array.from({ length: 8 }, (_, index) => ((ip[2 * index]! << 8) | ip[2 * index + 1]!).toString(16))
  const runs = groups.map((_, from) => ({ from, length: zerosFrom(groups, from) }))
  const longest = runs.reduce((best, run) => (run.length > best.length ? run : best))
  if (longest.length < 2) return groups.join(':')
  return `${groups.slice(0, longest.from).join(':')}::${groups.slice(longest.from + longest.length).join(':')}`
}

const zerosFrom = (groups: readonly string[], from: number): number => {
  const end = groups.findIndex((group, index) => index >= from && group !== '0')
  return (end === -1 ? groups.length : end) - from
}

/** Throws a WireError where the text is no address of the form that is printed. */
export const parseAddress = (text: string): WireAddress => {
  if (text === '') return { ip: new Uint8Array(0), port: 0 }
  const found = /^(?:\[([0-9a-fA-F:]{2,39})\]|(\d{1,3}(?:\.\d{1,3}){3})):(\d{1,5})$/.exec(text)
  const port = Number(found?.[3])
  const ip = found === null ? null : found[1] === undefined ? parseQuads(found[2]!) : parseGroups(found[1])
  if (ip === null || !(port <= 0xffff)) throw new WireError('field', `'${text}' is no address`)
  return { ip, port }
}

const parseQuads = (text: string): Uint8Array | null => {
  const quads = text.split('.').map(Number)
  return quads.every((quad) => quad <= 0xff) ? Uint8Array.from(quads) : null
}

const parseGroups = (text: string): Uint8Array | null => {
  const halves = text.split('::').map((half) => (half === '' ? [] : half.split(':')))
  const [head = [], tail = []] = halves
  const missing = 8 - head.length - tail.length
  const isWhole = halves.length === 1 ? missing === 0 : halves.length === 2 && missing >= 1
  const groups = [...head, ...Array<string>(Math.max(0, missing)).fill('0'), ...tail]
  if (!isWhole || groups.some((group) => !/^[0-9a-fA-F]{1,4}$/.test(group))) return null
  return Uint8Array.from(groups.flatMap((group) => [parseInt(group, 16) >> 8, parseInt(group, 16) & 0xff]))
}
