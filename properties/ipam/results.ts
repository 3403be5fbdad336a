/** What clients are told, and what they hold by it. */
import type { Operation, Output } from '../../models/ipam/vocabulary.ts'
import { allowedBy, describeHolder, type Allocator, type Group, type Pending } from './group.ts'
import { R } from './requirements.ts'
import type { Holder } from './table.ts'

type Result = Extract<Output, { readonly type: 'result' }>

/** Judges an answer. `deposed`: it is given in the step in which the node learns that another leads. */
export function judgeResult(group: Group, node: Allocator, result: Result, deposed: boolean): void {
  const pending = node.pending.get(result.operation)
  group.tested[R.answers]!++
  if (pending === undefined) {
    group.fail(
      R.answersTellTable,
      node,
      `answered operation ${result.operation}, which waits for no answer`,
      'one answer to each operation',
    )
    return
  }
  node.pending.delete(result.operation)
  if (deposed) {
    if (result.status === 'unknown') return
    group.fail(
      R.deposedGivesUp,
      node,
      `answered ${nameOf(pending.asked)} by ${told(result)}, when it learned that another leads`,
      'unknown: it cannot know whether its writes were in time',
    )
    return
  }
  if (result.status === 'unknown') {
    group.fail(R.answers, node, `answered ${nameOf(pending.asked)} by unknown, while it leads`, 'ok or failed')
  } else if (result.status === 'ok') judgeGrant(group, node, result, pending)
  else judgeRefusal(group, node, result, pending)
}

function judgeGrant(group: Group, node: Allocator, result: Result, pending: Pending): void {
  const { operation, subnet, address } = result
  if (!pending.granted) {
    group.fail(pending.why, node, `granted ${nameOf(pending.asked)}`, allowedBy(pending))
    if (group.violation !== null) return
  }
  group.tested[R.durableBeforeAnswer]!++
  if (group.hasDisk && node.durable < pending.needs) {
    group.fail(
      R.durableBeforeAnswer,
      node,
      `answered operation ${operation} by ok, before the store had what it relies on`,
      'an answer when its writes, and those before, are durable',
    )
    return
  }
  group.tested[R.answersTellTable]!++
  if (pending.subnet !== null && subnet !== pending.subnet) {
    group.fail(R.answersTellTable, node, `told of the subnet '${subnet}'`, pending.subnet)
  } else if (pending.address !== null && address !== pending.address) {
    group.fail(R.answersTellTable, node, `told of the address '${address}'`, pending.address)
  } else if (pending.subnet === null && pending.address === null && pending.asked.type.startsWith('request')) {
    // It may be granted, and nothing was taken.
    if (pending.asked.type === 'request-address')
      group.fail(R.answersTellTable, node, `told of the address '${address}', and took none`, 'what its table holds')
  }
  if (pending.holder !== null) hold(group, node, pending.holder)
  for (const holder of pending.holders) hold(group, node, holder)
}

/** A client has an address from now on, and nobody else may. */
function hold(group: Group, node: Allocator, holder: Holder): void {
  const held = group.held[holder.space]
  const other = held.get(holder.address)
  group.tested[R.addressesUnique]!++
  if (other !== undefined && other !== holder && !other.released) {
    group.fail(
      R.addressesUnique,
      node,
      `gave ${holder.address} to ${describeHolder(holder)}, and it is held by ${describeHolder(other)}`,
      'an address that nobody holds',
    )
    return
  }
  held.set(holder.address, holder)
}

function judgeRefusal(group: Group, node: Allocator, result: Result, pending: Pending): void {
  const { reason, problems } = result
  if (!pending.refused) {
    group.fail(pending.why, node, `refused ${nameOf(pending.asked)}: ${told(result)}`, allowedBy(pending))
    return
  }
  if (reason === '' || !pending.reasons.includes(reason)) {
    const allowed = pending.reasons.join(' or ')
    group.fail(
      pending.classWhy < 0 ? pending.why : pending.classWhy,
      node,
      `refused ${nameOf(pending.asked)} as '${reason}'`,
      allowed,
    )
    return
  }
  if (pending.problems.length === 0) return
  if (pending.problems.length > 1) group.tested[R.reportsAllProblems]!++
  const missing = pending.problems.filter((problem) => !problems.includes(problem))
  const invented = problems.filter((problem) => !pending.problems.includes(problem))
  if (missing.length === 0 && invented.length === 0) return
  group.fail(
    pending.problems.length > 1 ? R.reportsAllProblems : pending.why,
    node,
    `told of ${problems.join(', ') || 'no problem'}`,
    pending.problems.join(', '),
  )
}

const told = ({ status, reason }: Result): string => (reason === '' ? status : `${status}, ${reason}`)

/** An operation in a few words. */
export function nameOf(operation: Operation): string {
  switch (operation.type) {
    case 'request-pool':
      return `a request for pool ${operation.pool}`
    case 'release-pool':
      return `the release of pool ${operation.pool}`
    case 'request-address':
      return `a request for ${operation.address === '' ? 'an address' : operation.address} of ${operation.pool}`
    case 'release-address':
      return `the release of ${operation.address} of ${operation.pool}`
  }
}
