/** Judges what becomes of a member's table: by what it was told, by its own probes, and by its own clock. */
import type { Input, RecordChange } from '../../models/swim/vocabulary.ts'
import {
  ALIVE,
  DEAD,
  LEFT,
  SUSPECT,
  UNKNOWN,
  afterAlive,
  afterDead,
  afterSuspect,
  incarnationOf,
  isGone,
  mustRefute,
  paperAllows,
  refutation,
  statusOf,
} from '../../models/swim/rules.ts'
import type { Cluster } from './cluster.ts'
import type { Member } from './member.ts'
import { failedProbe } from './probes.ts'
import { R } from './requirements.ts'
import { packed, statusName } from './said.ts'
import type { Said } from './said.ts'
import { allowSize, beginSuspicion, endSuspicion, judgeExpiry, noteConfirmation } from './suspicions.ts'

/** Updates about one subject in one message at most of which every order is tried; [ML] takes those of a packet in any. */
const MOST_ORDERED = 5

/** What a record may become by what was said of its subject, in any order; null where there are too many orders. */
function outcomes(
  known: number,
  said: readonly Said[],
  next: (known: number, said: Said) => number,
): ReadonlySet<number> | null {
  if (said.length === 1) return new Set([next(known, said[0]!)])
  if (said.length > MOST_ORDERED) return null
  const found = new Set<number>()
  const go = (state: number, left: readonly Said[]): void => {
    if (left.length === 0) found.add(state)
    for (const each of left)
      go(
        next(state, each),
        left.filter((other) => other !== each),
      )
  }
  go(known, said)
  return found
}

function groupsOf(said: readonly Said[]): Map<number, Said[]> {
  const groups = new Map<number, Said[]>()
  for (const each of said) {
    const group = groups.get(each.subject)
    if (group === undefined) groups.set(each.subject, [each])
    else group.push(each)
  }
  return groups
}

/** What one update makes of the record of another member. */
function nextRecord(member: Member, known: number, { subject, status, incarnation, leaves, address }: Said): number {
  if (status === ALIVE) {
    const moved = statusOf(known) !== UNKNOWN && (member.addresses[subject] ?? address) !== address
    return afterAlive(known, incarnation, moved)
  }
  return status === SUSPECT ? afterSuspect(known, incarnation) : afterDead(known, incarnation, leaves)
}

const describe = (record: number): string =>
  statusOf(record) === UNKNOWN ? 'unknown' : `${statusName(statusOf(record))} ${incarnationOf(record)}`

/** `said` is what the delivered message says; the table still is as it was before the step. */
export function judgeTable(
  cluster: Cluster,
  member: Member,
  input: Input,
  changes: readonly RecordChange[] | null,
  said: readonly Said[],
): void {
  const groups = said.length === 0 ? null : groupsOf(said)
  if (groups !== null) {
    for (const [subject, group] of groups) {
      if (subject === member.number) continue
      countTested(cluster, member, member.known(subject), group)
      for (const each of group) if (each.status === SUSPECT) noteConfirmation(cluster, member, each)
    }
  }
  if (changes !== null) {
    for (const change of changes) {
      const subject = cluster.number(change.node)
      const next = change.status === 'forgotten' ? UNKNOWN : packed(change)
      if (subject !== member.number) {
        const group = groups?.get(subject)
        judgeChange(cluster, member, input, subject, next, group)
        if (change.status !== 'forgotten') judgeContents(cluster, member, subject, change, group ?? [])
        groups?.delete(subject)
      }
      apply(cluster, member, subject, next, change, said)
    }
    if (member.size !== member.sizeBefore)
      for (const { node, status } of changes) if (status === 'suspect') allowSize(cluster, member, cluster.number(node))
  }
  if (groups === null) return
  for (const [subject, group] of groups) {
    if (subject !== member.number) judgeUnchanged(cluster, member, subject, group)
  }
}

function judgeChange(
  cluster: Cluster,
  member: Member,
  input: Input,
  subject: number,
  next: number,
  group: readonly Said[] | undefined,
): void {
  const known = member.known(subject)
  if (next === known) return
  const byOthers = group === undefined ? null : outcomes(known, group, (from, each) => nextRecord(member, from, each))
  if (group !== undefined && (byOthers === null || byOthers.has(next))) return
  if (
    group !== undefined &&
    !cluster.exact &&
    group.some((each) => paperAllows(known, each.status, each.incarnation, next))
  )
    return
  if (group === undefined) cluster.tested[R.changesByCause]!++
  const isTold =
    group?.some(({ status, incarnation }) => status === DEAD && incarnation >= incarnationOf(known)) ?? false
  // Who was told of a death was not quick to judge.
  const isByOthers = isTold && statusOf(known) === ALIVE && statusOf(next) === DEAD
  if (!isByOthers && judgeOwnCause(cluster, member, input, subject, known, next)) return
  if (group === undefined) {
    cluster.fail(
      R.changesByCause,
      member,
      `its record of ${cluster.name(subject)} went from ${describe(known)} to ${describe(next)}, and nothing was said of it`,
      `${describe(known)}`,
    )
    return
  }
  cluster.fail(
    blameTaken(known, next, group),
    member,
    `held ${cluster.name(subject)} for ${describe(known)}, was told ${group.map(text).join(', ')}, and holds it for ${describe(next)}`,
    [...byOthers!].map(describe).join(' or '),
  )
}

const text = ({ status, incarnation, from }: Said): string =>
  `${statusName(status)} ${incarnation}${status === ALIVE ? '' : ` by ${from}`}`

/** Whether the member's own probes and timers explain the change; says what is wrong with it where they almost do. */
function judgeOwnCause(
  cluster: Cluster,
  member: Member,
  input: Input,
  subject: number,
  known: number,
  next: number,
): boolean {
  const before = statusOf(known)
  const after = statusOf(next)
  if (after === UNKNOWN && isGone(before)) {
    judgeForgotten(cluster, member, subject)
    return true
  }
  if (after === UNKNOWN) return false
  if (incarnationOf(known) !== incarnationOf(next)) return false
  if (before === ALIVE && after === SUSPECT && input.type !== 'operation') return failedProbe(cluster, member, subject)
  if (before === SUSPECT && after === DEAD && input.type !== 'operation') {
    judgeExpiry(cluster, member, subject)
    return true
  }
  if (before === ALIVE && after === DEAD) {
    cluster.tested[R.suspectsFirst]!++
    cluster.fail(
      R.suspectsFirst,
      member,
      `declared ${cluster.name(subject)} dead, which it held for ${describe(known)}`,
      'a suspicion first',
    )
    return true
  }
  return false
}

/** [ML] state.go resetNodes. */
function judgeForgotten(cluster: Cluster, member: Member, subject: number): void {
  const since = member.now - (member.changedAt[subject] ?? member.now)
  cluster.tested[R.remembersTheDead]!++
  if (since < cluster.options.gossipToTheDead) {
    cluster.fail(
      R.remembersTheDead,
      member,
      `forgot ${cluster.name(subject)} ${since} ms after it had gone`,
      `its record for ${cluster.options.gossipToTheDead} ms`,
    )
  }
}

function countTested(cluster: Cluster, member: Member, known: number, group: readonly Said[]): void {
  const { tested } = cluster
  const status = statusOf(known)
  const own = incarnationOf(known)
  for (const { subject, status: saidStatus, incarnation, leaves, address } of group) {
    if (status === UNKNOWN) {
      tested[saidStatus === ALIVE ? R.takesNewMember : R.ignoresUnknown]!++
      continue
    }
    const moved = saidStatus === ALIVE && member.addresses[subject] !== address
    if (moved) tested[status === LEFT ? R.leftMayMove : R.rejectsConflict]!++
    else if (saidStatus === ALIVE)
      tested[incarnation > own ? (isGone(status) ? R.aliveRevives : R.takesNewerAlive) : R.ignoresOlderAlive]!++
    else if (isGone(status)) tested[R.goneStaysGone]!++
    else if (incarnation < own) tested[saidStatus === SUSPECT ? R.ignoresOlderSuspicion : R.ignoresOlderDeath]!++
    else if (saidStatus === SUSPECT) {
      if (status === ALIVE) tested[R.takesSuspicion]!++
    } else tested[leaves ? R.leaveIsNoFailure : R.takesDeath]!++
  }
}

/** Which requirement a record breaks that is none of those that follow from what was said. */
function blameTaken(known: number, next: number, group: readonly Said[]): number {
  const status = statusOf(known)
  const after = statusOf(next)
  if (status === UNKNOWN) return group.some((each) => each.status === ALIVE) ? R.takesNewMember : R.ignoresUnknown
  if (after === UNKNOWN) return R.changesByCause
  if (after === ALIVE) {
    if (group.some(({ status: each }) => each === ALIVE)) return R.ignoresOlderAlive
    return R.changesByCause
  }
  if (isGone(status)) return R.goneStaysGone
  if (after === SUSPECT) {
    if (group.some(({ status: each }) => each === DEAD)) return blameIgnored(group)
    return group.some(({ status: each, incarnation }) => each === SUSPECT && incarnation >= incarnationOf(known))
      ? R.takesSuspicion
      : R.ignoresOlderSuspicion
  }
  if (group.some(({ leaves, incarnation }) => leaves && incarnation >= incarnationOf(known))) return R.leaveIsNoFailure
  if (group.some(({ status: each, incarnation }) => each === DEAD && incarnation >= incarnationOf(known)))
    return after === LEFT ? R.leaveIsNoFailure : R.takesDeath
  return group.some(({ status: each }) => each === DEAD) ? R.ignoresOlderDeath : R.suspectsFirst
}

function blameIgnored(group: readonly Said[]): number {
  const first = group[0]!
  if (group.some(({ leaves }) => leaves)) return R.leaveIsNoFailure
  if (first.status === ALIVE) return R.takesNewerAlive
  return first.status === SUSPECT ? R.takesSuspicion : R.takesDeath
}

function judgeUnchanged(cluster: Cluster, member: Member, subject: number, group: readonly Said[]): void {
  const known = member.known(subject)
  const allowed = outcomes(known, group, (from, each) => nextRecord(member, from, each))
  if (allowed === null || allowed.has(known)) return
  if (!cluster.exact && group.some((each) => paperAllows(known, each.status, each.incarnation, known))) return
  // Who was told of a member to take in may want to meet it first.
  if (!cluster.exact && statusOf(known) === UNKNOWN) return
  const status = statusOf(known)
  const requirement =
    status === UNKNOWN
      ? R.takesNewMember
      : isGone(status)
        ? group.some(({ address }) => address !== member.addresses[subject])
          ? R.leftMayMove
          : R.aliveRevives
        : blameIgnored(group)
  cluster.fail(
    requirement,
    member,
    `holds ${cluster.name(subject)} for ${describe(known)} still, though it was told ${group.map(text).join(', ')}`,
    [...allowed].map(describe).join(' or '),
  )
}

/** A record that an `alive` has renewed says what that said; any other goes on to say what it said before. */
function judgeContents(
  cluster: Cluster,
  member: Member,
  subject: number,
  change: Exclude<RecordChange, { readonly status: 'forgotten' }>,
  group: readonly Said[],
): void {
  const source = group.filter(({ status, incarnation }) => status === ALIVE && incarnation === change.incarnation)
  cluster.tested[R.takesMeta]!++
  if (source.some(({ meta, address }) => meta === change.meta && address === change.address)) return
  const isRenewed = source.length > 0 && change.status === 'alive'
  const isKept = member.metas[subject] === change.meta && member.addresses[subject] === change.address
  if (!isRenewed && (isKept || member.status(subject) === UNKNOWN)) return
  cluster.fail(
    R.takesMeta,
    member,
    `holds ${change.node} for ${change.status} ${change.incarnation} with "${change.meta}" at ${change.address}`,
    isRenewed
      ? source.map(({ meta, address }) => `"${meta}" at ${address}`).join(' or ')
      : `"${member.metas[subject] ?? ''}" at ${member.addresses[subject] ?? ''}`,
  )
}

function apply(
  cluster: Cluster,
  member: Member,
  subject: number,
  next: number,
  change: RecordChange,
  said: readonly Said[],
): void {
  const known = member.known(subject)
  const before = statusOf(known)
  const after = statusOf(next)
  member.table[subject] = next
  if (after >= SUSPECT) cluster.accusers[subject]?.add(member.number)
  if (change.status !== 'forgotten') {
    member.addresses[subject] = change.address
    member.metas[subject] = change.meta
  }
  if (before === after && incarnationOf(known) === incarnationOf(next)) return
  if (before !== after) {
    // Whoever is met by incarnation 0 has not died lately: [ML] aliveNode keeps no time for it.
    member.changedAt[subject] = before === UNKNOWN && after === DEAD ? -Infinity : member.now
    if (before === UNKNOWN) {
      member.size++
      member.probed[subject] = member.probeCount
      if (member.size > member.greatestSize) member.greatestSize = member.size
    }
    if (after === UNKNOWN) {
      member.size--
      forgetSaid(member, `${cluster.name(subject)} `)
    }
    const wasPresent = before === ALIVE || before === SUSPECT
    const isPresent = after === ALIVE || after === SUSPECT
    if (isPresent !== wasPresent) {
      member.present += isPresent ? 1 : -1
      if (isPresent) member.probed[subject] = member.probeCount
    }
  }
  if (before === SUSPECT) endSuspicion(member, subject)
  // A confirmation of an older suspicion, or an earlier life, may have told the same before.
  if (before !== after && after >= SUSPECT) {
    forgetSaid(member, `${cluster.name(subject)} ${after === SUSPECT ? 'suspect' : 'dead'} ${incarnationOf(next)} `)
  }
  if (after === SUSPECT) beginSuspicion(cluster, member, subject, said)
}

/** What begins so may be told as often as if it never had been. */
function forgetSaid(member: Member, beginning: string): void {
  for (const key of member.sent.keys()) if (key.startsWith(beginning)) member.sent.delete(key)
}

/** Judges the member's own incarnation, by what was said of it. */
export function judgeOwn(cluster: Cluster, member: Member, input: Input, said: readonly Said[]): void {
  const { incarnation, incarnationBefore } = member
  const { tested } = cluster
  tested[R.incarnationNeverFalls]!++
  if (incarnation < incarnationBefore) {
    cluster.fail(
      R.incarnationNeverFalls,
      member,
      `its own incarnation went from ${incarnationBefore} to ${incarnation}`,
      `at least ${incarnationBefore}`,
    )
    return
  }
  const own = said.filter(({ subject }) => subject === member.number)
  const updates = input.type === 'operation' && input.operation.type === 'update'
  if (own.length === 0) {
    if (incarnation === incarnationBefore || input.type === 'restart') return
    tested[R.incarnationByCause]!++
    if (updates && (incarnation === incarnationBefore + 1 || !cluster.exact)) return
    cluster.fail(
      R.incarnationByCause,
      member,
      `its own incarnation went from ${incarnationBefore} to ${incarnation}, and nothing was said of it`,
      updates ? `${incarnationBefore + 1}` : `${incarnationBefore}`,
    )
    return
  }
  const accusations = own.filter(
    ({ status, incarnation: accused }) => status !== ALIVE && mustRefute(incarnationBefore, accused),
  )
  if (accusations.length > 0 && !member.leaving) {
    const greatest = Math.max(...accusations.map(({ incarnation: accused }) => accused))
    tested[R.refutes]!++
    if (incarnation <= greatest) {
      cluster.fail(
        R.refutes,
        member,
        `was told ${accusations.map(text).join(', ')} of itself, and its incarnation is ${incarnation}`,
        `at least ${greatest + 1}`,
      )
      return
    }
  }
  if (!cluster.exact) return
  const allowed = outcomes(incarnationBefore, own, (from, each) => ownAfter(member, from, each))
  tested[member.leaving ? R.leavingDoesNotRefute : R.refutesExactly]!++
  if (allowed === null || allowed.has(incarnation)) return
  cluster.fail(
    member.leaving ? R.leavingDoesNotRefute : R.refutesExactly,
    member,
    `with incarnation ${incarnationBefore} was told ${own.map(text).join(', ')} of itself, and its incarnation is ${incarnation}`,
    [...allowed].join(' or '),
  )
}

/** [ML] aliveNode, suspectNode, deadNode where they are about the member itself. */
export function ownAfter(member: Member, own: number, { status, incarnation, address, meta }: Said): number {
  if (member.leaving) return own
  if (status === ALIVE) {
    if (address !== (member.addresses[member.number] ?? address) || incarnation < own) return own
    return incarnation === own && meta === member.metas[member.number] ? own : refutation(own, incarnation)
  }
  return mustRefute(own, incarnation) ? refutation(own, incarnation) : own
}
