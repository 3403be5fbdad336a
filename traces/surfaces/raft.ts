/** Raft, as scenarios, runs and traces know it. */
import { schemas } from '../../impl/contract/schema.ts'
import { traceSchemasOf } from '../format/schemas.ts'
import { RaftExecution, startOf } from '../run/raft/execution.ts'
import { scenarioSchema } from '../scenario/raft.ts'
import { raftRules } from '../shrink/raft.ts'
import { raftTeller } from '../show/raft.ts'
import { raftText } from '../text/raft.ts'
import type { SurfaceTraces } from './form.ts'

export const raftTraces: SurfaceTraces<'raft'> = {
  text: raftText,
  schemas: traceSchemasOf(schemas, scenarioSchema),
  teller: raftTeller,
  rules: raftRules,
  startOf,
  createExecution: (scenario, hello, judge, options, forgotten) =>
    new RaftExecution(scenario, hello, judge, options, forgotten),
  nothing: { state: null, log: null },
}
