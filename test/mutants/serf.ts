/** All mutants of the reference's Serf. */
import type { Mutant } from './mutant.ts'
import { events } from './serf/events.ts'
import { members } from './serf/members.ts'
import { telling } from './serf/telling.ts'

export const serfMutants: readonly Mutant[] = [...members, ...telling, ...events]
