/** All mutants of the reference's balancing. */
import type { Mutant } from './mutant.ts'
import { allocations } from './balancing/allocations.ts'
import { http } from './balancing/http.ts'
import { tasks } from './balancing/tasks.ts'
import { traffic } from './balancing/traffic.ts'

export const balancingMutants: readonly Mutant[] = [...allocations, ...tasks, ...traffic, ...http]
