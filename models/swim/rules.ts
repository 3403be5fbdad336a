/**
 * The rules of SWIM, pure and over plain numbers, so that the machine, the judge and the system model can share them.
 * A record is a status and an incarnation in one number. [SWIM] §4.2 orders messages; [ML] says what each does exactly.
 */

export const UNKNOWN = 0
export const ALIVE = 1
export const SUSPECT = 2
export const DEAD = 3
export const LEFT = 4

/** A status and an incarnation. Incarnations go far beyond 32 bits, so they are multiplied, not shifted. */
export const record = (status: number, incarnation: number): number => incarnation * 8 + status
export const statusOf = (packed: number): number => packed % 8
export const incarnationOf = (packed: number): number => Math.floor(packed / 8)

export const isGone = (status: number): boolean => status === DEAD || status === LEFT

/**
 * What follows of `alive` about another member. `moved`: it names another address than the record; then only one that
 * left may be taken for new, whatever its incarnation. [ML] state.go aliveNode.
 */
export function afterAlive(known: number, incarnation: number, moved: boolean): number {
  const status = statusOf(known)
  if (status === UNKNOWN) return incarnation > 0 ? record(ALIVE, incarnation) : record(DEAD, 0)
  if (moved) return status === LEFT ? record(ALIVE, incarnation) : known
  return incarnation > incarnationOf(known) ? record(ALIVE, incarnation) : known
}

/** What follows of `suspect` about another member. [ML] state.go suspectNode; [SWIM] §4.2. */
export function afterSuspect(known: number, incarnation: number): number {
  return statusOf(known) === ALIVE && incarnation >= incarnationOf(known) ? record(SUSPECT, incarnation) : known
}

/** What follows of `dead` about another member; `leaves`: it says so itself. [ML] state.go deadNode. */
export function afterDead(known: number, incarnation: number, leaves: boolean): number {
  const status = statusOf(known)
  if (status !== ALIVE && status !== SUSPECT) return known
  return incarnation >= incarnationOf(known) ? record(leaves ? LEFT : DEAD, incarnation) : known
}

/**
 * Whether `suspect` confirms a suspicion that is there already, so that it may shorten it and is told on; the accuser
 * must be new to it. [ML] state.go suspectNode, suspicion.go Confirm.
 */
export function confirms(known: number, incarnation: number, isNewAccuser: boolean): boolean {
  return statusOf(known) === SUSPECT && incarnation >= incarnationOf(known) && isNewAccuser
}

/** Whether an accusation concerns the life that its subject lives now, so that it must refute it. [SWIM] §4.2. */
export function mustRefute(own: number, accused: number): boolean {
  return accused >= own
}

/** The incarnation with which a member refutes: above its own, and above that of what it refutes. [ML] refute. */
export function refutation(own: number, accused: number): number {
  return Math.max(own, accused) + 1
}

/**
 * What the paper leaves open, beside what [ML] does: [SWIM] §4.2 lets `confirm` override whatever its incarnation, a
 * newer suspicion an older one, and nothing the dead. Whoever is declared dead may be forgotten at once.
 */
export function paperAllows(known: number, said: number, incarnation: number, next: number): boolean {
  const status = statusOf(known)
  const own = incarnationOf(known)
  if (said === ALIVE) return (status === DEAD || status === LEFT || status === UNKNOWN) && next === known
  if (said === SUSPECT) return status === SUSPECT && incarnation > own && next === record(SUSPECT, incarnation)
  if (status !== ALIVE && status !== SUSPECT) return false
  const dead = statusOf(next)
  if (dead === UNKNOWN) return true
  return (dead === DEAD || dead === LEFT) && (incarnationOf(next) === own || incarnationOf(next) === incarnation)
}

/** The least duration of a suspicion, in milliseconds. [ML] util.go suspicionTimeout. */
export function suspicionTimeout(multiplier: number, members: number, interval: number): number {
  const scale = Math.max(1, Math.log10(Math.max(1, members)))
  return (multiplier * Math.trunc(scale * 1000) * interval) / 1000
}

/** How many confirmations make a suspicion as short as it gets; 0 in clusters too small for them. [ML] suspectNode. */
export function confirmationsWanted(multiplier: number, members: number): number {
  const wanted = multiplier - 2
  return members - 2 < wanted ? 0 : wanted
}

/**
 * How long a suspicion lasts in all, in milliseconds, after so many confirmations. [ML] suspicion.go
 * remainingSuspicionTime; [Lifeguard] §IV.B.
 */
export function suspicionDuration(confirmations: number, wanted: number, least: number, greatest: number): number {
  if (wanted < 1) return least
  const share = Math.log(confirmations + 1) / Math.log(wanted + 1)
  const seconds = greatest / 1000 - share * (greatest / 1000 - least / 1000)
  return Math.max(least, Math.floor(1000 * seconds))
}

/** How often an update is sent at most. [ML] util.go retransmitLimit; [SWIM] §4.1: λ log n. */
export function retransmitLimit(multiplier: number, members: number): number {
  return multiplier * Math.ceil(Math.log10(members + 1))
}

/** A health score after it was changed, within its bounds. [ML] awareness.go ApplyDelta. */
export function scoreAfter(score: number, change: number, multiplier: number): number {
  return Math.min(Math.max(0, score + change), multiplier - 1)
}
