/** All mutants of the reference's Raft. */
import type { Mutant } from './mutant.ts'
import { commitment } from './raft/commitment.ts'
import { elections } from './raft/elections.ts'
import { flowControl } from './raft/flow-control.ts'
import { liveness } from './raft/liveness.ts'
import { membership } from './raft/membership.ts'
import { persistence } from './raft/persistence.ts'
import { preVote } from './raft/pre-vote.ts'
import { reads } from './raft/reads.ts'
import { replication } from './raft/replication.ts'
import { snapshots } from './raft/snapshots.ts'
import { swarmkit } from './raft/swarmkit.ts'
import { transfer } from './raft/transfer.ts'

export const raftMutants: readonly Mutant[] = [
  ...elections,
  ...preVote,
  ...replication,
  ...commitment,
  ...liveness,
  ...persistence,
  ...transfer,
  ...membership,
  ...snapshots,
  ...reads,
  ...flowControl,
  ...swarmkit,
]
