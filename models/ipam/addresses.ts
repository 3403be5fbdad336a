/** Subnets and addresses as numbers: a subnet has a base and a length, an address is its offset from the base. */

export interface Prefix {
  readonly v6: boolean
  readonly base: bigint
  /** Length of the prefix. */
  readonly bits: number
}

/** Distance from the base of a subnet: a number where a double holds it exactly. */
export type Offset = number | bigint

const GREATEST = 9007199254740991n

/** An offset in the one form that it has. */
export const offsetOf = (distance: bigint): Offset => (distance <= GREATEST ? Number(distance) : distance)

/** The offset behind another. */
export const successor = (offset: Offset): Offset =>
  typeof offset === 'number' && offset < Number.MAX_SAFE_INTEGER ? offset + 1 : offsetOf(BigInt(offset) + 1n)

/** Not an address of the subnet, or no address at all. */
export const OUTSIDE = -1
export const INVALID = -2

const widthOf = (v6: boolean): number => (v6 ? 128 : 32)
const decimal = /^(0|[1-9]\d{0,2})$/
const group = /^[0-9a-fA-F]{1,4}$/

function parseV4(text: string): number {
  const parts = text.split('.')
  if (parts.length !== 4) return INVALID
  let value = 0
  for (const part of parts) {
    if (!decimal.test(part) || Number(part) > 255) return INVALID
    value = value * 256 + Number(part)
  }
  return value
}

function parseV6(text: string): bigint | null {
  const halves = text.split('::')
  if (halves.length > 2) return null
  const [head = '', tail] = halves
  const words = (half: string | undefined): string[] => (half === undefined || half === '' ? [] : half.split(':'))
  const before = words(head)
  const behind = words(tail)
  const missing = 8 - before.length - behind.length
  if (tail === undefined ? missing !== 0 : missing < 1) return null
  let value = 0n
  for (const word of [...before, ...new Array<string>(Math.max(0, missing)).fill('0'), ...behind]) {
    if (!group.test(word)) return null
    value = (value << 16n) | BigInt(`0x${word}`)
  }
  return value
}

interface Address {
  readonly v6: boolean
  readonly value: bigint
}

/** What was read lately: the same few texts come again and again. */
const mostRemembered = 4_096
const addressesRead = new Map<string, Address | null>()
const prefixesRead = new Map<string, Prefix | null>()

function remembering<Value>(read: Map<string, Value>, text: string, parse: (text: string) => Value): Value {
  let value = read.get(text)
  if (value === undefined) {
    if (read.size >= mostRemembered) read.clear()
    read.set(text, (value = parse(text)))
  }
  return value
}

/** An address as a number; null if it is none. */
export function parseAddress(text: string): Address | null {
  return remembering(addressesRead, text, readAddress)
}

function readAddress(text: string): Address | null {
  if (text.includes(':')) {
    const value = parseV6(text)
    return value === null ? null : { v6: true, value }
  }
  const value = parseV4(text)
  return value < 0 ? null : { v6: false, value: BigInt(value) }
}

/** A subnet in CIDR notation, host bits and all; null if it is none. */
export function parsePrefix(text: string): Prefix | null {
  return remembering(prefixesRead, text, readPrefix)
}

function readPrefix(text: string): Prefix | null {
  const slash = text.indexOf('/')
  const address = slash < 0 ? null : parseAddress(text.slice(0, slash))
  const length = text.slice(slash + 1)
  if (address === null || !decimal.test(length) || Number(length) > widthOf(address.v6)) return null
  return { v6: address.v6, base: address.value, bits: Number(length) }
}

/** Number of addresses of a subnet of IPv4, by its length. */
export const sizesOfV4: readonly number[] = Array.from({ length: 33 }, (_, bits) => 2 ** (32 - bits))

/** Powers of two. */
const powers: readonly bigint[] = Array.from({ length: 129 }, (_, exponent) => 1n << BigInt(exponent))

/** Number of addresses. */
export const sizeOf = ({ v6, bits }: Prefix): bigint => powers[widthOf(v6) - bits]!

export function masked(prefix: Prefix): Prefix {
  const { v6, bits, base } = prefix
  return { v6, bits, base: base - (base % sizeOf(prefix)) }
}

export const hasHostBits = (prefix: Prefix): boolean => prefix.base % sizeOf(prefix) !== 0n

export function contains(outer: Prefix, inner: Prefix): boolean {
  return outer.v6 === inner.v6 && outer.bits <= inner.bits && masked({ ...inner, bits: outer.bits }).base === outer.base
}

export const overlaps = (one: Prefix, other: Prefix): boolean => contains(one, other) || contains(other, one)

function printV4(value: number): string {
  return `${value >>> 24}.${(value >>> 16) & 255}.${(value >>> 8) & 255}.${value & 255}`
}

/** The shortest form: the longest run of zeros, of two at least, is left out. */
function printV6(value: bigint): string {
  const words = Array.from({ length: 8 }, (_, at) => Number((value >> BigInt(16 * (7 - at))) & 0xffffn))
  let best = { from: 0, length: 1 }
  for (let from = 0; from < 8; from++) {
    let length = 0
    while (from + length < 8 && words[from + length] === 0) length++
    if (length > best.length) best = { from, length }
  }
  const text = (part: readonly number[]): string => part.map((word) => word.toString(16)).join(':')
  if (best.length === 1) return text(words)
  return `${text(words.slice(0, best.from))}::${text(words.slice(best.from + best.length))}`
}

export function printAddress(v6: boolean, value: bigint): string {
  return v6 ? printV6(value) : printV4(Number(value))
}

export function printPrefix({ v6, base, bits }: Prefix): string {
  return `${printAddress(v6, base)}/${bits}`
}

/** The address at an offset. */
export function addressAt({ v6, base }: Prefix, offset: Offset): string {
  if (!v6) return printV4(Number(base) + Number(offset))
  return printAddress(v6, base + BigInt(offset))
}

const DOT = 46
const ZERO = 48

/** Where an address lies in a subnet; IPv4, of which judges see many, without any allocation. */
export function offsetIn(subnet: Prefix, base4: number, text: string): Offset {
  if (subnet.v6 || text.includes(':')) {
    const address = parseAddress(text)
    if (address === null) return INVALID
    if (address.v6 !== subnet.v6) return OUTSIDE
    const offset = address.value - subnet.base
    if (offset < 0n || offset >= sizeOf(subnet)) return OUTSIDE
    return offsetOf(offset)
  }
  let value = 0
  let part = -1
  let dots = 0
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === DOT) {
      if (part < 0) return INVALID
      value = value * 256 + part
      part = -1
      dots++
    } else {
      const digit = code - ZERO
      if (digit < 0 || digit > 9 || part === 0) return INVALID
      part = part < 0 ? digit : part * 10 + digit
      if (part > 255) return INVALID
    }
  }
  if (dots !== 3 || part < 0) return INVALID
  const offset = value * 256 + part - base4
  return offset < 0 || offset >= sizesOfV4[subnet.bits]! ? OUTSIDE : offset
}
