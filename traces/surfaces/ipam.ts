/** Address management, as scenarios, runs and traces know it. */
import { schemas } from '../../impl/contract/ipam/schema.ts'
import { traceSchemasOf } from '../format/schemas.ts'
import { IpamExecution, startOf } from '../run/ipam/execution.ts'
import { ipamScenarioSchema } from '../scenario/ipam.ts'
import { ipamRules } from '../shrink/ipam.ts'
import { ipamTeller } from '../show/ipam.ts'
import { ipamText } from '../text/ipam.ts'
import type { SurfaceTraces } from './form.ts'

export const ipamTraces: SurfaceTraces<'ipam'> = {
  text: ipamText,
  schemas: traceSchemasOf(schemas, ipamScenarioSchema),
  teller: ipamTeller,
  rules: ipamRules,
  startOf,
  createExecution: (scenario, hello, judge, options) => new IpamExecution(scenario, hello, judge, options),
  nothing: { state: null, changes: null },
}
