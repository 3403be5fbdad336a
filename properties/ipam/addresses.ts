/** What becomes of requests for addresses, and of releases. */
import { addressAt, INVALID, OUTSIDE, type Offset } from '../../models/ipam/addresses.ts'
import { nextFree } from '../../models/ipam/rules.ts'
import type { AddressRelease, AddressRequest, Change } from '../../models/ipam/vocabulary.ts'
import { allowedBy, describeHolder, type Allocator, type Group, type Pending } from './group.ts'
import { describe } from './pools.ts'
import { countChoice, judgeTaken } from './reserved.ts'
import { R } from './requirements.ts'
import type { Ground, Holder, Pool } from './table.ts'

const reasonsOf = {
  'invalid-parameter': ['invalid-parameter'],
  forbidden: ['forbidden'],
  unavailable: ['unavailable'],
  'not-found': ['not-found', 'invalid-parameter'],
} as const

const refuse = (pending: Pending, why: number, reason: keyof typeof reasonsOf, allowed: string): void => {
  pending.granted = false
  pending.refused = true
  pending.why = why
  pending.reasons = reasonsOf[reason]
  pending.allowed = allowed
}

/** The pool of an operation; null, and a refusal, if there is none. */
function poolOf(
  group: Group,
  node: Allocator,
  name: string,
  changes: readonly Change[],
  pending: Pending,
): Pool | null {
  const pool = node.table.pools.get(name)
  if (pool !== undefined) return pool
  group.tested[R.unknownPool]!++
  refuse(pending, R.unknownPool, 'not-found', `a refusal: there is no pool ${name}`)
  if (changes.length > 0) group.fail(R.unknownPool, node, `changed ${describe(changes)}`, 'no change')
  return null
}

/** The offset of the one address that was given; null if something else was changed too, or instead. */
function givenOf(group: Group, node: Allocator, pool: Pool, changes: readonly Change[]): Offset | null {
  const [first] = changes
  if (changes.length !== 1 || first?.change !== 'address' || first.pool !== pool.record.pool) {
    group.fail(R.changesByCause, node, `changed ${describe(changes)}`, `one address of ${pool.record.pool}`)
    return null
  }
  const offset = pool.ground.offset(first.address)
  if (offset >= 0) return offset
  group.fail(
    R.addressWithinPool,
    node,
    `gave ${first.address}, from the subnet ${pool.record.subnet}`,
    'an address of the subnet',
  )
  return null
}

/** Judges what a request for an address has changed, and says what may be answered. */
export function judgeAddressRequest(
  group: Group,
  node: Allocator,
  request: AddressRequest,
  changes: readonly Change[],
  pending: Pending,
  holder: Holder,
): void {
  const pool = poolOf(group, node, request.pool, changes, pending)
  if (pool === null) return
  if (request.address !== '') judgeRequested(group, node, pool, request.address, changes, pending, holder)
  else judgeChosen(group, node, pool, request.serial, changes, pending, holder)
}

/** An address that was named. */
function judgeRequested(
  group: Group,
  node: Allocator,
  pool: Pool,
  address: string,
  changes: readonly Change[],
  pending: Pending,
  holder: Holder,
): void {
  const { ground } = pool
  const offset = ground.offset(address)
  if (offset === OUTSIDE || offset === INVALID) {
    group.tested[R.refusesOutsideAddress]!++
    refuse(
      pending,
      R.refusesOutsideAddress,
      'invalid-parameter',
      `a refusal: it is no address of ${pool.record.subnet}`,
    )
    if (changes.length > 0) group.fail(R.refusesOutsideAddress, node, `gave ${describe(changes)}`, pending.allowed)
    return
  }
  const other = ground.taken.get(offset)
  if (other !== undefined || ground.isReserved(offset)) {
    group.tested[R.refusesUsedAddress]!++
    const whose = other === undefined ? 'it is reserved' : `it is held by ${describeHolder(other)}`
    refuse(pending, R.refusesUsedAddress, 'forbidden', `a refusal: ${whose}`)
    countKept(group, ground, offset, other)
    if (changes.length === 0) return
    const given = givenOf(group, node, pool, changes)
    if (given === null || judgeTaken(group, node, ground, given, holder)) return
    group.fail(R.addressAsAsked, node, `gave ${addressAt(ground.subnet, given)}, asked for ${address}`, pending.allowed)
    return
  }
  const whole = isWhole(ground)
  const requirement = whole ? R.pointToPoint : R.grantsFreeAddress
  group.tested[requirement]!++
  pending.granted = true
  pending.why = requirement
  pending.allowed = `the address ${address}, which is free`
  if (changes.length === 0) return
  group.tested[R.addressAsAsked]!++
  const given = givenOf(group, node, pool, changes)
  if (given === null) return
  if (given !== offset)
    group.fail(R.addressAsAsked, node, `gave ${addressAt(ground.subnet, given)}, asked for ${address}`, address)
  give(pending, holder, address)
}

function countKept(group: Group, ground: Ground, offset: Offset, other: Holder | undefined): void {
  const { v6 } = ground.subnet
  if (other?.kind === 'gateway') group.tested[R.gatewayKept]!++
  else if (other?.kind === 'auxiliary') group.tested[R.auxiliaryKept]!++
  else if (other !== undefined) group.tested[R.addressesUnique]!++
  else group.tested[offset === 0 ? (v6 ? R.anycastReserved : R.networkReserved) : R.broadcastReserved]!++
}

/** A subnet of IPv4 without network address and broadcast. */
const isWhole = ({ subnet }: Ground): boolean => !subnet.v6 && subnet.bits >= 31

function give(pending: Pending, holder: Holder, address: string): void {
  pending.address = address
  pending.holder = holder
}

/** An address that the allocator chooses. */
function judgeChosen(
  group: Group,
  node: Allocator,
  pool: Pool,
  serial: boolean,
  changes: readonly Change[],
  pending: Pending,
  holder: Holder,
): void {
  const { ground, from, to } = pool
  const lowest = ground.lowestFree(from, to)
  const expected = serial && lowest >= 0 ? next(ground, ground.chosen, lowest, from, to) : lowest
  countChoice(group, ground, expected)
  const { exhaustedWhenFull, pointToPoint } = R
  if (expected < 0) {
    group.tested[exhaustedWhenFull]!++
    refuse(pending, exhaustedWhenFull, 'unavailable', 'a refusal: no address is left')
  } else {
    pending.granted = true
    const wraps = serial && ground.chosen >= 0 && expected <= ground.chosen
    pending.why = wraps ? R.serialWraps : isWhole(ground) ? pointToPoint : exhaustedWhenFull
    group.tested[pending.why]!++
    pending.ground = ground
    pending.expected = expected
  }
  if (changes.length === 0) return
  const given = givenOf(group, node, pool, changes)
  if (given === null) return
  if (judgeTaken(group, node, ground, given, holder)) return
  group.tested[R.addressWithinPool]!++
  group.tested[R.addressWithinRange]!++
  if (given < from || given > to) {
    const text = `gave ${addressAt(ground.subnet, given)}, outside of the range ${pool.record.range}`
    group.fail(R.addressWithinRange, node, text, allowedBy(pending))
    return
  }
  judgeOrder(group, node, pool, serial, lowest, expected, given)
  give(pending, holder, holder.address)
  ground.chosen = given
  ground.fresh = false
}

const next = (ground: Ground, last: Offset, lowest: Offset, from: Offset, to: Offset): Offset =>
  last < from || last >= to ? lowest : nextFree(ground.isTaken, last, from, to)

/** Whether it is the turn of an address that may be given. */
function judgeOrder(
  group: Group,
  node: Allocator,
  { ground, from, to }: Pool,
  serial: boolean,
  lowest: Offset,
  expected: Offset,
  given: Offset,
): void {
  const text = (): string => `gave ${addressAt(ground.subnet, given)}`
  if (!serial) {
    group.tested[R.firstFit]!++
    if (given !== expected)
      group.fail(R.firstFit, node, text(), `${addressAt(ground.subnet, expected)}, the lowest that is free`)
    return
  }
  // Who has just begun to lead may not know what was chosen last.
  if (ground.fresh && given === lowest) return
  const wraps = ground.chosen >= 0 && expected <= ground.chosen
  const requirement = wraps ? R.serialWraps : R.serialNext
  group.tested[requirement]!++
  const behindGiven = next(ground, ground.given, lowest, from, to)
  if (ground.given !== ground.chosen && behindGiven !== expected) group.tested[R.serialIgnoresRequested]!++
  if (given === expected) return
  const last = ground.chosen < 0 ? '' : `, since ${addressAt(ground.subnet, ground.chosen)} was chosen last`
  const isMisled = ground.given !== ground.chosen && given === behindGiven && given !== lowest
  group.fail(
    isMisled ? R.serialIgnoresRequested : requirement,
    node,
    isMisled ? `${text()}, behind ${addressAt(ground.subnet, ground.given)}, which was asked for` : text(),
    `${addressAt(ground.subnet, expected)}${last}`,
  )
}

/** Judges the release of an address. */
export function judgeAddressRelease(
  group: Group,
  node: Allocator,
  { pool: name, address }: AddressRelease,
  changes: readonly Change[],
  pending: Pending,
): void {
  const pool = poolOf(group, node, name, changes, pending)
  if (pool === null) return
  const offset = pool.ground.offset(address)
  if (offset === OUTSIDE || offset === INVALID) {
    group.tested[R.releaseOutside]!++
    refuse(pending, R.releaseOutside, 'invalid-parameter', `a refusal: it is no address of ${pool.record.subnet}`)
    if (changes.length > 0) group.fail(R.releaseOutside, node, `changed ${describe(changes)}`, 'no change')
    return
  }
  const holder = pool.own.get(offset)
  if (holder === undefined) {
    group.tested[R.releaseIdempotent]!++
    pending.granted = true
    pending.refused = pool.ground.isTaken(offset)
    pending.reasons = ['forbidden', 'invalid-parameter']
    pending.why = R.releaseIdempotent
    pending.allowed = 'that it is answered as any other release: the address is free'
    if (changes.length > 0) group.fail(R.releaseIdempotent, node, `changed ${describe(changes)}`, 'no change')
    return
  }
  group.tested[R.releaseFrees]!++
  pending.granted = true
  pending.why = R.releaseFrees
  pending.allowed = `that ${address} is free`
  holder.released = true
  const [first] = changes
  const isFreed =
    changes.length === 1 &&
    first!.change === 'address-released' &&
    first!.pool === name &&
    pool.ground.offset(first!.address) === offset
  if (!isFreed)
    group.fail(R.releaseFrees, node, `released ${address}, and changed ${describe(changes)}`, pending.allowed)
}
