/** What is published of the rules: values by which the implementations that they come from are tested, or that follow at once from a source. */
import type * as networkDb from '../../../models/networkdb/rules.ts'
import type { Vectors } from './mutated-rules.ts'

/** [Serf] lamport.go; [ML] util.go, as its own tests have them; [ND] newNetworkDB with the settings of Docker. */
export const networkDbVectors: Vectors<typeof networkDb> = [
  ['witness', [0, 5], 6],
  ['witness', [6, 5], 6],
  ['witness', [5, 5], 6],
  ['witness', [9, 3], 9],
  ['roundsAtMost', [4, 1], 4],
  ['roundsAtMost', [4, 9], 4],
  ['roundsAtMost', [4, 10], 8],
  ['roundsAtMost', [4, 99], 8],
  ['roundsAtMost', [4, 100], 12],
  ['attachmentReapInterval', [1_800_000, 5_000], 1_825_000],
]
