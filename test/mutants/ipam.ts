/** All mutants of the reference's address management. */
import type { Mutant } from './mutant.ts'
import { addresses } from './ipam/addresses.ts'
import { leadership } from './ipam/leadership.ts'
import { pools } from './ipam/pools.ts'
import { validation } from './ipam/validation.ts'

export const ipamMutants: readonly Mutant[] = [...pools, ...validation, ...addresses, ...leadership]
