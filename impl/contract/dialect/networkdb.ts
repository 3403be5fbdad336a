/** The network database over lines. */
import { NetworkDbCheck } from '../check/networkdb.ts'
import type { Dialect } from '../dialect.ts'
import type { NetworkDbWords } from '../networkdb.ts'
import { definitions, schemas } from '../networkdb/schema.ts'
import { linesOf } from '../schema.ts'

export const networkDbDialect: Dialect<NetworkDbWords> = {
  ...linesOf('networkdb', schemas),
  hello: schemas.hello,
  definitions,
  createCheck: (start) => new NetworkDbCheck(start),
}
