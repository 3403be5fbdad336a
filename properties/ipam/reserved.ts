/** Addresses that nobody may be given: each that is taken breaks a requirement of its own. */
import { addressAt, sizesOfV4, type Offset } from '../../models/ipam/addresses.ts'
import { describeHolder, type Allocator, type Group } from './group.ts'
import { R } from './requirements.ts'
import type { Ground, Holder } from './table.ts'

/**
 * Finds an address that was taken although it is reserved, or another's. `holder` is who takes it, null where nobody is
 * known. Returns whether something is wrong with it.
 */
export function judgeTaken(
  group: Group,
  node: Allocator,
  ground: Ground,
  offset: Offset,
  holder: Holder | null,
): boolean {
  const whom = holder === null ? '' : ` to ${describeHolder(holder)}`
  if (offset < 0) return false
  const text = (): string => `gave ${addressAt(ground.subnet, offset)}${whom}`
  const { v6, bits } = ground.subnet
  if (v6 ? offset === 0 : bits < 31 && offset === 0) {
    const requirement = v6 ? R.anycastReserved : R.networkReserved
    group.fail(requirement, node, `${text()}, the first address of its subnet`, 'another address')
    return true
  }
  if (!v6 && bits < 31 && offset === sizesOfV4[bits]! - 1) {
    group.fail(R.broadcastReserved, node, `${text()}, the last address of its subnet`, 'another address')
    return true
  }
  const other = ground.taken.get(offset)
  if (other === undefined) return false
  const requirement =
    other.kind === 'gateway' ? R.gatewayKept : other.kind === 'auxiliary' ? R.auxiliaryKept : R.addressesUnique
  group.fail(requirement, node, `${text()}, which is held by ${describeHolder(other)}`, 'another address')
  return true
}

/** Counts what a choice of an address puts to the test. */
export function countChoice(group: Group, ground: Ground, chosen: Offset): void {
  const { v6, bits } = ground.subnet
  if (v6) group.tested[R.anycastReserved]!++
  else if (bits < 31) {
    group.tested[R.networkReserved]!++
    // Only where nothing else stands between a choice and the last address was that one avoided.
    if (chosen < 0 || chosen >= sizesOfV4[bits]! - 2) group.tested[R.broadcastReserved]!++
  }
}
