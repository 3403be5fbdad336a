/** All mutants of the reference's SWIM. */
import type { Mutant } from './mutant.ts'
import { contents } from './swim/contents.ts'
import { dissemination } from './swim/dissemination.ts'
import { health } from './swim/health.ts'
import { ownRecord } from './swim/own-record.ts'
import { precedence } from './swim/precedence.ts'
import { probing } from './swim/probing.ts'
import { suspicion } from './swim/suspicion.ts'

export const swimMutants: readonly Mutant[] = [
  ...ownRecord,
  ...precedence,
  ...probing,
  ...suspicion,
  ...health,
  ...dissemination,
  ...contents,
]

/** Mutants that no run of the suite gives away, by name, each with the reason. */
export const unseenSwimMutants: Readonly<Record<string, string>> = {
  'retransmits-once': 'SPEC.md says how often an update is told at most, and not how often at least.',
  'refutes-in-silence': 'In the end everybody joins everybody again, and whole tables bring the refutation along.',
  'exchanges-to-join-only': 'In the end everybody joins everybody again, so that other exchanges are not needed.',
  'dead-are-not-told': 'In the end everybody joins everybody again, so that halves find each other without it.',
}
