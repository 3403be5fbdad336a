/** All mutants of the reference of the layers together. */
import type { NetworkMutant } from './mutant.ts'
import { leading } from './network/leading.ts'
import { running } from './network/running.ts'

export const networkMutants: readonly NetworkMutant[] = [...leading, ...running]
