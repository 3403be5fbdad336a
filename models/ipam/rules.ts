/**
 * The rules of address management, pure, so that the machine, the judge and the system model can share them. Sets of
 * addresses are asked by offset from the base of their subnet.
 */
import type { Offset, Prefix } from './addresses.ts'
import {
  contains,
  hasHostBits,
  masked,
  overlaps,
  parseAddress,
  parsePrefix,
  sizeOf,
  sizesOfV4,
  successor,
} from './addresses.ts'
import type { DefaultPools, PoolRequest, Problem, Space } from './vocabulary.ts'

/** Whether an address of a subnet is never handed out. [IPAM] newPoolData; RFC 3021, RFC 4291. */
export function isReserved(v6: boolean, bits: number, offset: Offset): boolean {
  if (v6) return offset === 0
  if (bits >= 31) return false
  return offset === 0 || offset === sizesOfV4[bits]! - 1
}

/** The least offset in [from, to] that `isTaken` leaves; -1 for none. */
export function lowestFree(isTaken: (offset: Offset) => boolean, from: Offset, to: Offset): Offset {
  for (let offset = from; offset <= to; offset = successor(offset)) if (!isTaken(offset)) return offset
  return -1
}

/** The first that is free behind the last choice, and from the beginning if there is none; -1 for none. [IPAM] serial. */
export function nextFree(isTaken: (offset: Offset) => boolean, last: Offset, from: Offset, to: Offset): Offset {
  if (last < from || last >= to) return lowestFree(isTaken, from, to)
  const behind = lowestFree(isTaken, successor(last), to)
  return behind < 0 ? lowestFree(isTaken, from, last) : behind
}

/** Whether a pool may be granted beside another of its space: the same subnet may be shared by different ranges. */
export function mayStandBeside(subnet: Prefix, range: string, other: Prefix, otherRange: string): boolean {
  if (!overlaps(subnet, other)) return true
  const same = subnet.base === other.base && subnet.bits === other.bits
  return same && range !== '' && range !== otherRange
}

/** A request for a subnet that names its length alone: `0.0.0.0/26`. [IPAM] RequestPool. */
export function asksForLength(subnet: string): Prefix | null {
  const prefix = parsePrefix(subnet)
  return prefix !== null && prefix.base === 0n ? prefix : null
}

/** What is wrong with a request by itself; all of it is told at once. [API] validateIpamConfig. */
export function problemsOf({ subnet: text, range, gateway, auxiliary }: PoolRequest): Problem[] {
  const problems: Problem[] = []
  const chosen = text === '' || asksForLength(text) !== null
  if (chosen) {
    // Where the subnet is not known yet, nothing can lie in it.
    if (range !== '') problems.push('range-without-subnet')
    if (gateway !== '' && gateway !== 'auto') problems.push('gateway-outside-subnet')
    if (auxiliary.length > 0) problems.push('auxiliary-outside-subnet')
    return problems
  }
  const subnet = parsePrefix(text)
  if (subnet === null) return ['subnet-invalid']
  if (hasHostBits(subnet)) problems.push('subnet-host-bits')
  const whole = masked(subnet)
  if (range !== '') problems.push(...problemsOfRange(range, whole))
  if (gateway !== '' && gateway !== 'auto') problems.push(...problemsOfAddress('gateway', gateway, whole))
  for (const address of auxiliary) {
    for (const problem of problemsOfAddress('auxiliary', address, whole))
      if (!problems.includes(problem)) problems.push(problem)
  }
  return problems
}

function problemsOfRange(text: string, subnet: Prefix): Problem[] {
  const range = parsePrefix(text)
  if (range === null) return ['range-invalid']
  if (range.v6 !== subnet.v6) return ['range-other-family']
  const problems: Problem[] = []
  if (hasHostBits(range)) problems.push('range-host-bits')
  if (range.bits < subnet.bits) problems.push('range-larger-than-subnet')
  if (!overlaps(subnet, masked(range))) problems.push('range-outside-subnet')
  return problems
}

function problemsOfAddress(what: 'gateway' | 'auxiliary', text: string, subnet: Prefix): Problem[] {
  const address = parseAddress(text)
  if (address === null) return [`${what}-invalid`]
  const within = contains(subnet, { v6: address.v6, base: address.value, bits: address.v6 ? 128 : 32 })
  return within ? [] : [`${what}-outside-subnet`]
}

/** Blocks of default pools, cut into subnets of one length. */
interface Block {
  readonly block: Prefix
  readonly size: number
}

/** The default pools of a space and family in their order, by base; what lies in an earlier one is left out. */
export function blocksOf(defaults: readonly DefaultPools[], space: Space, v6: boolean): Block[] {
  const all = defaults
    .filter((each) => each.space === space)
    .map(({ block, size }) => ({ block: masked(parsePrefix(block)!), size }))
    .filter(({ block }) => block.v6 === v6)
    .sort((one, other) =>
      one.block.base === other.block.base
        ? one.block.bits - other.block.bits
        : one.block.base < other.block.base
          ? -1
          : 1,
    )
  return all.filter(({ block }, at) => !all.slice(0, at).some((earlier) => overlaps(earlier.block, block)))
}

/** The blocks from which a subnet of this length can be cut; 0: of the length that each block has. */
export function blocksOfLength(blocks: readonly Block[], length: number): Block[] {
  if (length === 0) return [...blocks]
  return blocks.flatMap(({ block }) =>
    block.bits <= length && length <= (block.v6 ? 128 : 32) ? [{ block, size: length }] : [],
  )
}

/**
 * The lowest subnet that nothing in the way overlaps; null for none. What is in the way is sorted by base.
 * [IPAM] allocatePredefinedPool.
 */
export function lowestSubnet(blocks: readonly Block[], inTheWay: readonly Prefix[]): Prefix | null {
  for (const { block, size } of blocks) {
    const end = block.base + sizeOf(block)
    let candidate: Prefix = { v6: block.v6, base: block.base, bits: size }
    const step = sizeOf(candidate)
    for (const each of inTheWay) {
      if (candidate.base + step > end) break
      if (each.base + sizeOf(each) <= candidate.base) continue
      if (each.base >= candidate.base + step) break
      // Behind what is in the way, at the next multiple of the subnet's size.
      const behind = each.base + sizeOf(each)
      candidate = { ...candidate, base: ((behind + step - 1n) / step) * step }
    }
    if (candidate.base + step <= end) return candidate
  }
  return null
}
