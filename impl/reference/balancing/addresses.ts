/** Addresses of IPv4 as numbers. */

export interface Range {
  readonly first: number
  readonly last: number
}

const toNumber = (text: string): number => text.split('.').reduce((value, part) => value * 256 + Number(part), 0)

/** What a subnet has for services: neither its first and last address nor the one of its gateway. */
export function usableOf(subnet: string): Range {
  const [address = '', length = '32'] = subnet.split('/')
  const size = 2 ** (32 - Number(length))
  const base = Math.floor(toNumber(address) / size) * size
  return { first: base + 2, last: base + size - 2 }
}

export const showAddress = (value: number): string =>
  [24, 16, 8, 0].map((shift) => String(Math.floor(value / 2 ** shift) % 256)).join('.')

export const readAddress = toNumber
