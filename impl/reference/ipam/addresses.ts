/** Addresses of both families as whole numbers, and subnets of them. */

export interface Subnet {
  /** Bits of an address: 32 or 128. */
  readonly width: 32 | 128
  readonly first: bigint
  readonly last: bigint
  readonly length: number
}

export interface Address {
  readonly width: 32 | 128
  readonly value: bigint
}

function fold(parts: readonly number[], bits: bigint): bigint {
  return parts.reduce((value, part) => (value << bits) | BigInt(part), 0n)
}

function readDotted(text: string): bigint | null {
  if (!/^\d{1,3}(\.\d{1,3}){3}$/.test(text)) return null
  const parts = text.split('.')
  const numbers = parts.map(Number)
  const isPlain = parts.every((part, index) => part === String(numbers[index]) && numbers[index]! < 256)
  return isPlain ? fold(numbers, 8n) : null
}

function readColons(text: string): bigint | null {
  if (!/^[0-9a-fA-F:]+$/.test(text) || text.includes(':::')) return null
  const gap = text.indexOf('::')
  if (gap !== text.lastIndexOf('::')) return null
  const words = (part: string): string[] => (part === '' ? [] : part.split(':'))
  const left = words(gap < 0 ? text : text.slice(0, gap))
  const right = gap < 0 ? [] : words(text.slice(gap + 2))
  const zeros = 8 - left.length - right.length
  if (gap < 0 ? zeros !== 0 : zeros < 1) return null
  const all = [...left, ...Array.from({ length: zeros }, () => '0'), ...right]
  if (!all.every((word) => /^[0-9a-fA-F]{1,4}$/.test(word))) return null
  return fold(
    all.map((word) => Number.parseInt(word, 16)),
    16n,
  )
}

export function readAddress(text: string): Address | null {
  const dotted = readDotted(text)
  if (dotted !== null) return { width: 32, value: dotted }
  const colons = readColons(text)
  return colons === null ? null : { width: 128, value: colons }
}

/** A subnet with the address in it that was written; null if it is none. */
export function readSubnet(text: string): { readonly subnet: Subnet; readonly written: bigint } | null {
  const parts = /^([^/]+)\/(\d{1,3})$/.exec(text)
  const address = parts === null ? null : readAddress(parts[1]!)
  const length = Number(parts?.[2])
  if (address === null || length > address.width || String(length) !== parts![2]) return null
  return { subnet: subnetOf(address.width, address.value, length), written: address.value }
}

/** The subnet of this length around an address. */
export function subnetOf(width: 32 | 128, address: bigint, length: number): Subnet {
  const host = BigInt(width - length)
  const first = (address >> host) << host
  return { width, first, last: first + (1n << host) - 1n, length }
}

export function showAddress({ width, value }: Address): string {
  if (width === 32) return [24n, 16n, 8n, 0n].map((shift) => String((value >> shift) & 255n)).join('.')
  const words = Array.from({ length: 8 }, (_, index) => ((value >> BigInt(112 - 16 * index)) & 0xffffn).toString(16))
  const runs = [...words.join(' ').matchAll(/\b0( 0)+\b/g)]
  if (runs.length === 0) return words.join(':')
  const longest = runs.reduce((best, run) => (run[0].length > best[0].length ? run : best))
  const before = words.join(' ').slice(0, longest.index).trim().replaceAll(' ', ':')
  const behind = words
    .join(' ')
    .slice(longest.index + longest[0].length)
    .trim()
    .replaceAll(' ', ':')
  return `${before}::${behind}`
}

export function showSubnet({ width, first, length }: Subnet): string {
  return `${showAddress({ width, value: first })}/${length}`
}

export const meets = (one: Subnet, other: Subnet): boolean =>
  one.width === other.width && one.first <= other.last && other.first <= one.last

export const holds = (subnet: Subnet, { width, value }: Address): boolean =>
  width === subnet.width && subnet.first <= value && value <= subnet.last
