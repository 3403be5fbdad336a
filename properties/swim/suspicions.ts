/** Judges how long suspicions last. Instants are local. [ML] suspicion.go; [Lifeguard] §IV.B. */
import { SUSPECT, confirmationsWanted, confirms, suspicionDuration, suspicionTimeout } from '../../models/swim/rules.ts'
import type { Cluster } from './cluster.ts'
import type { Member } from './member.ts'
import { R } from './requirements.ts'
import type { Said } from './said.ts'

/** A timer may be early or late by this much: durations are cut to whole milliseconds. */
const GRANULE = 1

/** The record of a subject has become a suspicion. */
export function beginSuspicion(cluster: Cluster, member: Member, subject: number, said: readonly Said[]): void {
  const { suspicionMult, suspicionMaxTimeoutMult, probeInterval } = cluster.options
  const wanted = confirmationsWanted(suspicionMult, member.size)
  const least = suspicionTimeout(suspicionMult, member.size, probeInterval)
  const greatest = suspicionMaxTimeoutMult * least
  const accusers = said.flatMap((each) => (each.subject === subject && each.status === SUSPECT ? [each.from] : []))
  const duration = suspicionDuration(0, wanted, least, greatest)
  member.suspicions.set(subject, {
    since: member.now,
    wanted,
    least,
    greatest,
    accusers: new Set(accusers.length > 0 ? accusers : [member.id]),
    confirmations: 0,
    deadline: member.now + duration,
  })
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
  if (suspicion.confirmations >= suspicion.wanted) return
  suspicion.accusers.add(from)
  suspicion.confirmations++
  cluster.tested[R.confirmationsShorten]!++
  const { wanted, least, greatest: most } = suspicion
  suspicion.deadline = suspicion.since + suspicionDuration(suspicion.confirmations, wanted, least, most)
}

/** A suspicion has ended in death, by the member's own clock. */
export function judgeExpiry(cluster: Cluster, member: Member, subject: number): void {
  const suspicion = member.suspicions.get(subject)
  if (suspicion === undefined) return
  cluster.tested[R.suspectsFirst]!++
  cluster.tested[R.suspicionLasts]!++
  if (suspicion.confirmations === 0) cluster.tested[R.suspicionEnds]!++
  const lasted = member.now - suspicion.since
  if (member.now >= suspicion.deadline - GRANULE) return
  // Without the claim it is only known that there is a time to refute.
  if (lasted >= suspicion.least - GRANULE && !cluster.exact) return
  cluster.fail(
    R.suspicionLasts,
    member,
    `declared ${cluster.name(subject)} dead ${lasted} ms after it began to suspect it, with ${suspicion.confirmations} confirmations`,
    `${suspicion.deadline - suspicion.since} ms`,
  )
}

/** Time has passed at a member: what should have ended by now has. */
export function judgeOverdue(cluster: Cluster, member: Member): void {
  for (const [subject, suspicion] of member.suspicions) {
    const late = member.now - suspicion.deadline
    if (late <= GRANULE) continue
    const shortened = suspicion.confirmations > 0
    if (!cluster.exact && member.now - suspicion.since <= suspicion.greatest + GRANULE) continue
    cluster.fail(
      shortened ? R.confirmationsShorten : R.suspicionEnds,
      member,
      `still suspects ${cluster.name(subject)} ${member.now - suspicion.since} ms after it began to, with ${suspicion.confirmations} confirmations`,
      `death after ${suspicion.deadline - suspicion.since} ms`,
    )
    return
  }
}
