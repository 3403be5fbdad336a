/** SWIM over lines. */
import { SwimCheck } from '../check/swim.ts'
import type { Dialect } from '../dialect.ts'
import { linesOf } from '../schema.ts'
import type { SwimWords } from '../swim.ts'
import { definitions, schemas } from '../swim/schema.ts'

export const swimDialect: Dialect<SwimWords> = {
  ...linesOf('swim', schemas),
  hello: schemas.hello,
  definitions,
  createCheck: (start) => new SwimCheck(start),
}
