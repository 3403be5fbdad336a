/** Service discovery, as scenarios, runs and traces know it. */
import { schemas } from '../../impl/contract/discovery/schema.ts'
import { traceSchemasOf } from '../format/schemas.ts'
import { DiscoveryExecution, startOf } from '../run/discovery/execution.ts'
import { discoveryScenarioSchema } from '../scenario/discovery.ts'
import { discoveryRules } from '../shrink/discovery.ts'
import { discoveryTeller } from '../show/discovery.ts'
import { discoveryText } from '../text/discovery.ts'
import type { SurfaceTraces } from './form.ts'

export const discoveryTraces: SurfaceTraces<'discovery'> = {
  text: discoveryText,
  schemas: traceSchemasOf(schemas, discoveryScenarioSchema),
  teller: discoveryTeller,
  rules: discoveryRules,
  startOf,
  createExecution: (scenario, hello, judge, options) => new DiscoveryExecution(scenario, hello, judge, options),
  nothing: { state: null, records: null },
}
