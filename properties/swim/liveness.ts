/** What has to come about: the dead are found, live members are found again, and all tables agree. */
import { DEAD, LEFT, SUSPECT, UNKNOWN, ALIVE, suspicionTimeout } from '../../models/swim/rules.ts'
import type { SwimOptions } from '../../models/swim/vocabulary.ts'
import type { Milliseconds } from '../../models/vocabulary.ts'
import type { Phase } from '../judge.ts'
import type { Cluster } from './cluster.ts'
import type { Member } from './member.ts'
import { judgeUnanswered } from './operations.ts'
import { R } from './requirements.ts'

/**
 * How long it takes at most, after faults have ended, until all tables agree: a round of probes, the longest suspicion,
 * and as much again for what is told on. Milliseconds of harness time.
 */
export function settleBound(options: SwimOptions, members: number): Milliseconds {
  const { probeInterval, suspicionMult, suspicionMaxTimeoutMult, awarenessMaxMultiplier } = options
  const suspicion = suspicionMaxTimeoutMult * suspicionTimeout(suspicionMult, members, probeInterval)
  return (2 * members + 2) * probeInterval * Math.min(2, awarenessMaxMultiplier) + 2 * suspicion + 20 * probeInterval
}

/** Probes within which a member that is down is probed by each other: two rounds. */
const roundsOf = (member: Member): number => 2 * member.greatestSize + 4

/** By observer and subject: what the observer's clock and count of probes said when the subject went down. */
interface Watch {
  readonly subject: number
  probes: number
  /** Instant by which the longest suspicion that it may hold has ended, once it has made all these probes; 0 before. */
  due: Milliseconds
  /** Whether the observer has noticed. */
  found: boolean
}

export class Liveness {
  phase: Phase = 'disturb'
  /** By observer. */
  readonly #watches: Watch[][] = []

  enter(phase: Phase): void {
    this.phase = phase
  }

  /** A member went down: everybody that holds it for alive has to find out. */
  wentDown(cluster: Cluster, { number }: Member): void {
    for (const observer of cluster.members) {
      if (observer.number === number || !observer.up || observer.leaving) continue
      const watches = (this.#watches[observer.number] ??= [])
      watches.push({ subject: number, probes: observer.probeCount, due: 0, found: false })
    }
  }

  /** It is back, or the observer went down itself: nothing is to be found out any more. */
  isBack({ number }: Member): void {
    this.#watches[number] = []
    this.#watches.forEach((watches, observer) => {
      if (watches.length > 0) this.#watches[observer] = watches.filter(({ subject }) => subject !== number)
    })
  }

  /** Strong completeness, by the observer's own clock: [SWIM] §4.3. */
  judgeCompleteness(cluster: Cluster, member: Member): void {
    for (const watch of this.#watches[member.number] ?? []) {
      const status = member.status(watch.subject)
      if (status !== ALIVE && status !== SUSPECT) {
        if (!watch.found) cluster.tested[R.findsTheDead]!++
        watch.found = true
        // Who has forgotten it may hear of it from somebody slower, and find out again.
        watch.probes = member.probeCount
        watch.due = 0
        continue
      }
      if (member.probeCount - watch.probes <= roundsOf(member)) continue
      const { suspicionMult, suspicionMaxTimeoutMult, probeInterval, awarenessMaxMultiplier } = cluster.options
      const longest = suspicionMaxTimeoutMult * suspicionTimeout(suspicionMult, member.greatestSize, probeInterval)
      if (watch.due === 0) watch.due = member.now + longest + (awarenessMaxMultiplier + 1) * probeInterval
      cluster.tested[R.findsTheDead]!++
      if (member.now <= watch.due) continue
      cluster.fail(
        R.findsTheDead,
        member,
        `holds ${cluster.name(watch.subject)} for ${status === ALIVE ? 'alive' : 'suspect'}, which has been down for ${member.probeCount - watch.probes} probes`,
        `its death within ${roundsOf(member)} probes and ${longest} ms`,
      )
      return
    }
  }

  /** Whether every member that is up holds exactly those for alive that are up and have not left. */
  settled(cluster: Cluster): boolean {
    return this.phase === 'settle' && disagreement(cluster) === null
  }

  finish(cluster: Cluster): void {
    if (this.phase !== 'settle') return
    cluster.tested[R.viewsConverge]!++
    for (const member of cluster.members) {
      cluster.tested[R.operationsEnd]!++
      if (member.up) judgeUnanswered(cluster, member)
    }
    const text = disagreement(cluster)
    if (text !== null) cluster.fail(R.viewsConverge, null, text, 'tables that agree with who is up, within the bound')
  }
}

/** What keeps the tables from saying who is up; null for nothing. */
function disagreement(cluster: Cluster): string | null {
  const { members } = cluster
  for (const observer of members) {
    if (!observer.up || observer.leaving || observer.gone) continue
    for (const subject of members) {
      const status = observer.status(subject.number)
      const isPart = subject.up && !subject.leaving && !subject.gone
      if (isPart && (status !== ALIVE || observer.incarnationKnown(subject.number) !== subject.incarnation)) {
        return `${observer.id} holds ${subject.id} for ${nameOf(status)} ${observer.incarnationKnown(subject.number)}, which is up with incarnation ${subject.incarnation}`
      }
      if (!isPart && status !== DEAD && status !== LEFT && status !== UNKNOWN) {
        return `${observer.id} holds ${subject.id} for ${nameOf(status)}, which is ${subject.leaving ? 'gone of its own will' : 'down'}`
      }
    }
  }
  return null
}

const nameOf = (status: number): string =>
  status === ALIVE
    ? 'alive'
    : status === SUSPECT
      ? 'suspect'
      : status === DEAD
        ? 'dead'
        : status === LEFT
          ? 'left'
          : 'unknown'
