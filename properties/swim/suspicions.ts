/** Judges how long suspicions last. Instants are local. [ML] suspicion.go; [Lifeguard] §IV.B. */
import { SUSPECT, confirmationsWanted, confirms, suspicionDuration, suspicionTimeout } from '../../models/swim/rules.ts'
import type { Cluster } from './cluster.ts'
import type { Member, Suspicion, Terms } from './member.ts'
import { R } from './requirements.ts'
import type { Said } from './said.ts'

/** A timer may be early or late by this much: durations are cut to whole milliseconds. */
const GRANULE = 1

function termsOf({ options }: Cluster, size: number): Terms {
  const { suspicionMult, suspicionMaxTimeoutMult, probeInterval } = options
  const least = suspicionTimeout(suspicionMult, size, probeInterval)
  return {
    wanted: confirmationsWanted(suspicionMult, size),
    least,
    greatest: suspicionMaxTimeoutMult * least,
  }
}

/** The record of a subject has become a suspicion. */
export function beginSuspicion(cluster: Cluster, member: Member, subject: number, said: readonly Said[]): void {
  const accusers = said.flatMap((each) => (each.subject === subject && each.status === SUSPECT ? [each.from] : []))
  const shortest = termsOf(cluster, Math.min(member.sizeBefore, member.size))
  const suspicion: Suspicion = {
    since: member.now,
    shortest,
    longest: shortest,
    accusers: new Set(accusers.length > 0 ? accusers : [member.id]),
    confirmations: 0,
    earliest: 0,
    deadline: 0,
  }
  member.suspicions.set(subject, suspicion)
  allowSize(cluster, member, subject)
}

/** What a message says of members is taken one after the other: a suspicion may have begun before the table had grown. */
export function allowSize(cluster: Cluster, member: Member, subject: number): void {
  const suspicion = member.suspicions.get(subject)
  if (suspicion === undefined || suspicion.since !== member.now) return
  suspicion.longest = termsOf(cluster, Math.max(member.sizeBefore, member.size))
  setEnds(suspicion)
}

function setEnds(suspicion: Suspicion): void {
  const { since, confirmations, shortest, longest } = suspicion
  suspicion.earliest = since + durationOf(shortest, confirmations)
  suspicion.deadline = since + durationOf(longest, confirmations)
}

function durationOf({ wanted, least, greatest }: Terms, confirmations: number): number {
  return suspicionDuration(Math.min(confirmations, wanted), wanted, least, greatest)
}

export function endSuspicion(member: Member, subject: number): void {
  member.suspicions.delete(subject)
}

/** Whoever else suspects the same shortens the suspicion. The record is still as it was before the message. */
export function noteConfirmation(
  cluster: Cluster,
  member: Member,
  { subject, incarnation, from }: Pick<Said, 'subject' | 'incarnation' | 'from'>,
): void {
  const suspicion = member.suspicions.get(subject)
  const greatest = member.accusations.get(subject) ?? 0
  if (incarnation > greatest) member.accusations.set(subject, incarnation)
  if (suspicion === undefined) return
  if (!confirms(member.known(subject), incarnation, !suspicion.accusers.has(from))) return
  if (suspicion.confirmations >= suspicion.longest.wanted) return
  suspicion.accusers.add(from)
  suspicion.confirmations++
  cluster.tested[R.confirmationsShorten]!++
  setEnds(suspicion)
}

/** A suspicion has ended in death, by the member's own clock. */
export function judgeExpiry(cluster: Cluster, member: Member, subject: number): void {
  const suspicion = member.suspicions.get(subject)
  if (suspicion === undefined) return
  cluster.tested[R.suspectsFirst]!++
  cluster.tested[R.suspicionLasts]!++
  if (suspicion.confirmations === 0) cluster.tested[R.suspicionEnds]!++
  const lasted = member.now - suspicion.since
  if (member.now >= suspicion.earliest - GRANULE) return
  // Without the claim it is only known that there is a time to refute.
  if (lasted >= suspicion.shortest.least - GRANULE && !cluster.exact) return
  cluster.fail(
    R.suspicionLasts,
    member,
    `declared ${cluster.name(subject)} dead ${lasted} ms after it began to suspect it, with ${suspicion.confirmations} confirmations`,
    `${suspicion.earliest - suspicion.since} ms`,
  )
}

/** Time has passed at a member: what should have ended by now has. */
export function judgeOverdue(cluster: Cluster, member: Member): void {
  for (const [subject, suspicion] of member.suspicions) {
    const late = member.now - suspicion.deadline
    if (late <= GRANULE) continue
    const shortened = suspicion.confirmations > 0
    if (!cluster.exact && member.now - suspicion.since <= suspicion.longest.greatest + GRANULE) continue
    cluster.fail(
      shortened ? R.confirmationsShorten : R.suspicionEnds,
      member,
      `still suspects ${cluster.name(subject)} ${member.now - suspicion.since} ms after it began to, with ${suspicion.confirmations} confirmations`,
      `death after ${suspicion.deadline - suspicion.since} ms`,
    )
    return
  }
}
