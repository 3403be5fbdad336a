/** Address management over lines: its nodes send no messages. */
import { IpamCheck } from '../check/ipam.ts'
import type { Dialect } from '../dialect.ts'
import type { IpamWords } from '../ipam.ts'
import { definitions, schemas } from '../ipam/schema.ts'
import { linesWithoutMessages } from '../schema.ts'

export const ipamDialect: Dialect<IpamWords> = {
  ...linesWithoutMessages('ipam', schemas),
  hello: schemas.hello,
  definitions,
  createCheck: (start) => new IpamCheck(start),
}
