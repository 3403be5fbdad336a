/** How durations and counts grow with the number of members. [ML] util.go, suspicion.go; [Lifeguard] §IV.B. */
import type { Milliseconds } from '../../../models/vocabulary.ts'

/** The least duration of a suspicion: at least as many probe intervals as `multiplier`; not rounded. */
export const leastSuspicion = (multiplier: number, members: number, interval: Milliseconds): number => {
  const thousandths = Math.max(1_000, Math.trunc(1_000 * Math.log10(Math.max(1, members))))
  return (multiplier * thousandths * interval) / 1_000
}

/** How many others have to confirm a suspicion until it is as short as it gets; 0 where there are not that many. */
export const confirmationsWanted = (multiplier: number, members: number): number => {
  const wanted = Math.max(0, multiplier - 2)
  // The member itself and its suspect cannot confirm.
  return wanted > members - 2 ? 0 : wanted
}

/** How long a suspicion lasts from its beginning, after so many confirmations; whole milliseconds. */
export const suspicionDuration = (
  confirmations: number,
  wanted: number,
  least: number,
  greatest: number,
): Milliseconds => {
  if (wanted < 1) return Math.floor(least)
  const progress = Math.log(confirmations + 1) / Math.log(wanted + 1)
  const seconds = greatest / 1_000 - progress * (greatest / 1_000 - least / 1_000)
  return Math.floor(Math.max(least, Math.floor(seconds * 1_000)))
}

/** How often an update is sent: `multiplier` times the digits of the number of members. */
export const retransmitLimit = (multiplier: number, members: number): number => {
  let digits = 0
  for (let power = 1; power <= members; power *= 10) digits++
  return multiplier * digits
}

/** Up to so many members exchange tables as often as was asked for. */
const smallCluster = 32

/** Time between two exchanges of tables: one interval more each time that the cluster has doubled. */
export const exchangeInterval = (interval: Milliseconds, members: number): Milliseconds => {
  let intervals = 1
  for (let size = smallCluster; size < members; size *= 2) intervals++
  return intervals * interval
}
