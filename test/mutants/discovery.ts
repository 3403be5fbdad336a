/** All mutants of the reference's service discovery. */
import { forwarding } from './discovery/forwarding.ts'
import { lookups } from './discovery/lookups.ts'
import { records } from './discovery/records.ts'
import { replies } from './discovery/replies.ts'
import { services } from './discovery/services.ts'
import type { Mutant } from './mutant.ts'

export const discoveryMutants: readonly Mutant[] = [...replies, ...lookups, ...forwarding, ...services, ...records]
