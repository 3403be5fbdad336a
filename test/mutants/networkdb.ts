/** All mutants of the reference's network database. */
import type { Mutant } from './mutant.ts'
import { entries } from './networkdb/entries.ts'
import { lives } from './networkdb/lives.ts'
import { telling } from './networkdb/telling.ts'

export const networkDbMutants: readonly Mutant[] = [...lives, ...entries, ...telling]
