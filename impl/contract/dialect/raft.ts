/** Raft over lines. */
import { RaftCheck } from '../check/raft.ts'
import type { Dialect } from '../dialect.ts'
import { acceptAnswers } from '../fast-answer.ts'
import type { RaftWords } from '../raft.ts'
import { definitions, schemas } from '../raft/schema.ts'
import { linesOf } from '../schema.ts'

export const raftDialect: Dialect<RaftWords> = {
  ...linesOf('raft', schemas),
  hello: schemas.hello,
  definitions,
  accept: acceptAnswers,
  createCheck: (start) => new RaftCheck(start),
}
