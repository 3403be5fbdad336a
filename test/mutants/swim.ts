/** All mutants of the reference's SWIM. */
import type { Mutant } from './mutant.ts'
import { ownRecord } from './swim/own-record.ts'
import { precedence } from './swim/precedence.ts'

export const swimMutants: readonly Mutant[] = [...ownRecord, ...precedence]
