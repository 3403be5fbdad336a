/** What becomes of requests for pools, and of releases. */
import {
  masked,
  overlaps,
  offsetOf,
  parsePrefix,
  sizeOf,
  printPrefix,
  type Offset,
  type Prefix,
} from '../../models/ipam/addresses.ts'
import { asksForLength, blocksOfLength, lowestSubnet, mayStandBeside, problemsOf } from '../../models/ipam/rules.ts'
import type { Change, PoolRequest, Problem } from '../../models/ipam/vocabulary.ts'
import type { Allocator, Group, Pending } from './group.ts'
import { judgeTaken } from './reserved.ts'
import { R } from './requirements.ts'
import { Ground, type Holder, type Pool } from './table.ts'

/** What is broken by somebody who overlooks a problem. */
const overlooked = (problem: Problem): number =>
  problem.startsWith('subnet')
    ? R.validatesSubnet
    : problem.startsWith('range')
      ? R.validatesRange
      : problem.startsWith('gateway')
        ? R.validatesGateway
        : R.validatesAuxiliary

const refuse = (pending: Pending, why: number, reasons: Pending['reasons'], allowed: string): void => {
  pending.granted = false
  pending.refused = true
  pending.why = why
  pending.reasons = reasons
  pending.allowed = allowed
}

/** Judges what a request for a pool has changed, and says what may be answered. */
export function judgePoolRequest(
  group: Group,
  node: Allocator,
  request: PoolRequest,
  changes: readonly Change[],
  pending: Pending,
  holderOf: (kind: Holder['kind'], address: string) => Holder,
): void {
  const problems = problemsOf(request)
  if (problems.length > 0) {
    for (const problem of problems) group.tested[overlooked(problem)]!++
    const [first] = problems
    pending.problems = problems
    refuse(pending, overlooked(first!), ['invalid-parameter'], `a refusal for ${problems.join(', ')}`)
    if (changes.length > 0) group.fail(pending.why, node, `took a pool in spite of ${first}`, pending.allowed)
    return
  }
  const { table } = node
  if (table.pools.has(request.pool)) {
    group.tested[R.repeatedRequest]!++
    refuse(pending, R.repeatedRequest, ['forbidden'], 'a refusal, or what was answered the first time')
    pending.granted = true
    pending.subnet = table.pools.get(request.pool)!.record.subnet
    if (changes.length > 0)
      group.fail(R.repeatedRequest, node, `changed its table for a pool that was there: ${request.pool}`, 'no change')
    return
  }
  const taken = asksForLength(request.subnet) === null && request.subnet !== ''
  const subnet = taken
    ? judgeAsked(group, node, request, changes, pending)
    : judgeChosen(group, node, request, changes, pending)
  if (subnet === null) {
    if (changes.length > 0 && group.violation === null)
      group.fail(pending.why, node, `took ${describe(changes)}`, pending.allowed)
    return
  }
  if (group.violation === null) judgeFurniture(group, node, request, subnet, changes, pending, holderOf)
}

/** A subnet that was named; null if it must be refused. */
function judgeAsked(
  group: Group,
  node: Allocator,
  { space, subnet: text, range, pool: name }: PoolRequest,
  changes: readonly Change[],
  pending: Pending,
): Prefix | null {
  const subnet = masked(parsePrefix(text)!)
  let sharing = false
  for (const { record, ground } of node.table.pools.values()) {
    if (record.space !== space || !overlaps(ground.subnet, subnet)) continue
    if (mayStandBeside(subnet, range, ground.subnet, record.range)) {
      sharing = true
      continue
    }
    group.tested[R.refusesOverlap]!++
    refuse(pending, R.refusesOverlap, ['forbidden'], `a refusal: ${record.pool} has ${record.subnet}`)
    return null
  }
  pending.why = R.grantsFreeSubnet
  pending.allowed = `the subnet ${text}, which no pool of the ${space} space overlaps`
  pending.granted = true
  pending.refused = sharing
  pending.reasons = ['forbidden']
  const apart = [...node.table.grounds[space === 'local' ? 'global' : 'local']].some((other) =>
    overlaps(other.subnet, subnet),
  )
  group.tested[R.grantsFreeSubnet]!++
  if (apart) {
    group.tested[R.spacesAreApart]!++
    pending.why = R.spacesAreApart
  }
  const [first] = changes
  if (first === undefined) return subnet
  group.tested[R.subnetAsAsked]!++
  if (first.change !== 'pool' || first.pool !== name || first.space !== space) {
    group.fail(R.changesByCause, node, `${describe(changes)}, asked for pool ${name}`, 'that pool')
  } else if (first.subnet !== printPrefix(subnet) || !isSameRange(first.range, range)) {
    const seen = first.range === '' ? first.subnet : `${first.subnet} with range ${first.range}`
    group.fail(R.subnetAsAsked, node, `gave ${seen}`, range === '' ? text : `${text} with range ${range}`)
  }
  return subnet
}

function isSameRange(one: string, other: string): boolean {
  if (one === '' || other === '') return one === other
  return printPrefix(masked(parsePrefix(one)!)) === printPrefix(masked(parsePrefix(other)!))
}

/** A subnet that the allocator chooses; null if there is none. */
function judgeChosen(
  group: Group,
  node: Allocator,
  { space, subnet: text, v6, pool: name }: PoolRequest,
  changes: readonly Change[],
  pending: Pending,
): Prefix | null {
  const like = text === '' ? null : asksForLength(text)
  const family = like?.v6 ?? v6
  const length = like?.bits ?? 0
  const blocks = blocksOfLength(group.blocks(space, family), length)
  const grounds = node.table.grounds[space].map(({ subnet }) => subnet)
  const inTheWay =
    space === 'global' || group.reserved.length === 0
      ? grounds
      : [...grounds, ...group.reserved].sort((one, other) => (one.base < other.base ? -1 : 1))
  const lowest = lowestSubnet(
    blocks,
    inTheWay.filter((each) => each.v6 === family),
  )
  group.tested[R.defaultPoolsExhausted]!++
  if (lowest === null) {
    refuse(pending, R.defaultPoolsExhausted, ['invalid-parameter', 'unavailable'], 'a refusal: no default pool is left')
    if (changes.length > 0) group.fail(pending.why, node, `took ${describe(changes)}`, pending.allowed)
    return subnetOf(changes)
  }
  const expected = printPrefix(lowest)
  pending.granted = true
  pending.refused = false
  pending.why = R.defaultPoolsExhausted
  pending.allowed = `the default pool ${expected}`
  const [first] = changes
  if (first === undefined) return lowest
  group.tested[R.defaultPoolLowest]!++
  if (length > 0) group.tested[R.defaultPoolSize]!++
  if (space === 'local' && group.reserved.length > 0) group.tested[R.avoidsReserved]!++
  if (first.change !== 'pool' || first.pool !== name || first.space !== space) {
    group.fail(R.changesByCause, node, `${describe(changes)}, asked for pool ${name}`, 'that pool')
    return lowest
  }
  if (first.subnet === expected && first.range === '') return lowest
  const chosen = subnetOf(changes)
  const given = parsePrefix(first.subnet)
  const reserved = given === null || space === 'global' ? undefined : group.reserved.find((net) => overlaps(net, given))
  if (reserved !== undefined) {
    group.fail(R.avoidsReserved, node, `chose ${first.subnet}, beside ${printPrefix(reserved)} of the host`, expected)
  } else if (given !== null && length > 0 && given.bits !== length) {
    group.fail(R.defaultPoolSize, node, `chose ${first.subnet}, asked for a length of ${length}`, expected)
  } else if (given === null || !isOverlapping(node, space, given)) {
    group.fail(R.defaultPoolLowest, node, `chose ${first.subnet}`, expected)
  }
  return chosen ?? lowest
}

/** The subnet of a pool that was taken; null if none was. */
function subnetOf([first]: readonly Change[]): Prefix | null {
  const subnet = first?.change === 'pool' ? parsePrefix(first.subnet) : null
  return subnet === null ? null : masked(subnet)
}

/** What overlaps another pool is found as such. */
function isOverlapping(node: Allocator, space: PoolRequest['space'], subnet: Prefix): boolean {
  return node.table.grounds[space].some((ground) => overlaps(ground.subnet, subnet))
}

/** The gateway and the auxiliary addresses of a pool that may be granted. */
function judgeFurniture(
  group: Group,
  node: Allocator,
  request: PoolRequest,
  subnet: Prefix,
  changes: readonly Change[],
  pending: Pending,
  holderOf: (kind: Holder['kind'], address: string) => Holder,
): void {
  const { pool: name, space, gateway, auxiliary } = request
  const ground = node.table.groundOf(space, subnet) ?? new Ground(space, subnet, false)
  const wanted = wantedOf(request, ground)
  if (wanted.conflict !== null) {
    // Where both may be wrong, either may be found first.
    const reasons: Pending['reasons'] =
      wanted.conflict === 'taken'
        ? ['forbidden']
        : auxiliary.length === 0
          ? ['unavailable']
          : ['unavailable', 'forbidden']
    refuse(pending, R.refusalChangesNothing, reasons, `a refusal, since ${wanted.text}`)
    pending.classWhy = wanted.conflict === 'exhausted' ? R.exhaustedWhenFull : R.refusesUsedAddress
    group.tested[R.refusalChangesNothing]!++
    if (changes.length === 0) return
    for (const change of changes)
      if (change.change === 'address') judgeTaken(group, node, ground, ground.offset(change.address), null)
    group.fail(R.refusalChangesNothing, node, `took ${describe(changes)}, although ${wanted.text}`, 'no change')
    return
  }
  pending.subnet = printPrefix(subnet)
  if (changes.length === 0) return
  const holders: Holder[] = []
  const addresses = changes.slice(1)
  let rest = addresses.length
  const take = (address: string, kind: Holder['kind'], offset: Offset): boolean => {
    const found = addresses.find((each) => each.change === 'address' && ground.offset(each.address) === offset)
    if (found === undefined) return false
    rest--
    holders.push(holderOf(kind, address))
    return true
  }
  pending.address = ''
  if (gateway !== '') {
    const requirement = gateway === 'auto' ? R.gatewayChosen : R.gatewayAsAsked
    group.tested[requirement]!++
    const offsets = new Set(auxiliary.map((address) => ground.offset(address)))
    // Whichever was chosen instead is the gateway all the same.
    const other = addresses.find((each) => each.change === 'address' && !offsets.has(ground.offset(each.address)))
    const chosen = gateway === 'auto' && other?.change === 'address' ? other.address : wanted.gateway
    const offset = ground.offset(chosen)
    const isGiven = take(chosen, 'gateway', offset)
    if (isGiven) judgeTaken(group, node, ground, offset, null)
    if (!isGiven || offset !== ground.offset(wanted.gateway))
      group.fail(requirement, node, `${name} got ${describe(addresses)}`, `the gateway ${wanted.gateway}`)
    pending.address = chosen
  }
  for (const address of auxiliary) {
    group.tested[R.auxiliaryKept]!++
    if (!take(address, 'auxiliary', ground.offset(address)))
      group.fail(R.auxiliaryKept, node, `did not take the auxiliary address ${address} of ${name}`, 'that it is taken')
  }
  if (rest > 0) group.fail(R.changesByCause, node, `${name} got ${describe(addresses)}`, 'what was asked for')
  pending.holders = holders
}

interface Wanted {
  readonly gateway: string
  /** Why the request must be refused; null if it need not. */
  readonly conflict: 'taken' | 'exhausted' | null
  readonly text: string
}

/** The gateway that a pool gets, and whether its addresses are free for it. */
function wantedOf({ gateway, auxiliary, range: text }: PoolRequest, ground: Ground): Wanted {
  const now = new Set<Offset>()
  const isFree = (offset: Offset): boolean =>
    !ground.taken.has(offset) && !ground.isReserved(offset) && !now.has(offset)
  let found = gateway
  if (gateway === 'auto') {
    const range = text === '' ? ground.subnet : masked(parsePrefix(text)!)
    const from = range.base - ground.subnet.base
    const offset = ground.lowestFree(offsetOf(from), offsetOf(from + sizeOf(range) - 1n))
    if (offset < 0) return { gateway, conflict: 'exhausted', text: 'no address is left for the gateway' }
    now.add(offset)
    found = ground.at(offset)
  } else if (gateway !== '') {
    const offset = ground.offset(gateway)
    if (!isFree(offset)) return { gateway, conflict: 'taken', text: `the gateway ${gateway} is taken` }
    now.add(offset)
  }
  for (const address of auxiliary) {
    const offset = ground.offset(address)
    if (!isFree(offset)) return { gateway: found, conflict: 'taken', text: `the address ${address} is taken` }
    now.add(offset)
  }
  return { gateway: found, conflict: null, text: '' }
}

/** Judges the release of a pool. */
export function judgePoolRelease(
  group: Group,
  node: Allocator,
  name: string,
  changes: readonly Change[],
  pending: Pending,
): void {
  const pool = node.table.pools.get(name)
  if (pool === undefined) {
    group.tested[R.releaseUnknownPool]!++
    refuse(pending, R.releaseUnknownPool, ['invalid-parameter', 'not-found'], 'a refusal: there is no such pool')
    if (changes.length > 0) group.fail(R.releaseUnknownPool, node, `changed ${describe(changes)}`, 'no change')
    return
  }
  group.tested[R.releasePoolFrees]!++
  pending.granted = true
  pending.why = R.releasePoolFrees
  pending.allowed = `that ${name} is released`
  releaseHolders(pool)
  const [first] = changes
  if (changes.length !== 1 || first!.change !== 'pool-released' || first!.pool !== name)
    group.fail(R.releasePoolFrees, node, `released ${name}, and changed ${describe(changes)}`, `that ${name} is gone`)
}

function releaseHolders({ own }: Pool): void {
  for (const holder of own.values()) holder.released = true
}

/** Whether a pool that has just been taken overlaps another of its space. */
export function judgeDisjoint(group: Group, node: Allocator, name: string): void {
  const pool = node.table.pools.get(name)
  if (pool === undefined) return
  const { space, range } = pool.record
  group.tested[R.poolsDisjoint]!++
  // Those before it do not overlap, so that only its neighbours may overlap it.
  const grounds = node.table.grounds[space]
  const at = grounds.indexOf(pool.ground)
  const near = [grounds[at - 1], pool.ground, grounds[at + 1]]
  for (const other of at < 0 ? [] : near.flatMap((ground) => (ground === undefined ? [] : poolsOf(node, ground)))) {
    if (other === pool) continue
    if (mayStandBeside(pool.ground.subnet, range, other.ground.subnet, other.record.range)) continue
    group.fail(
      R.poolsDisjoint,
      node,
      `pool ${name} is ${pool.record.subnet}, and pool ${other.record.pool} is ${other.record.subnet}`,
      'subnets that have no address in common',
    )
    return
  }
}

/** Pools of a subnet; mostly there is one, and it is not looked for. */
function poolsOf({ table }: Allocator, ground: Ground): Pool[] {
  const { owner } = ground
  if (ground.pools === 1 && owner !== null && table.pools.get(owner.record.pool) === owner) return [owner]
  return [...table.pools.values()].filter((pool) => pool.ground === ground)
}

/** Changes in words. */
export function describe(changes: readonly Change[]): string {
  if (changes.length === 0) return 'nothing'
  return changes
    .map((each) =>
      each.change === 'pool'
        ? `pool ${each.pool} as ${each.subnet}`
        : each.change === 'pool-released'
          ? `pool ${each.pool} gone`
          : `${each.address} of ${each.pool} ${each.change === 'address' ? 'taken' : 'free'}`,
    )
    .join(', ')
}
