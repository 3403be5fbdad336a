/** All mutants of the reference's SWIM. */
import type { Mutant } from './mutant.ts'
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
]
