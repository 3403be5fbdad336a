/** The layers together, as scenarios, runs and traces know them. */
import { schemas } from '../../impl/contract/network/schema.ts'
import { traceSchemasOf } from '../format/schemas.ts'
import { NetworkExecution, startOf } from '../run/network/execution.ts'
import { networkScenarioSchema } from '../scenario/network.ts'
import { networkRules } from '../shrink/network.ts'
import { networkTeller } from '../show/network.ts'
import { networkText } from '../text/network.ts'
import type { SurfaceTraces } from './form.ts'

export const networkTraces: SurfaceTraces<'network'> = {
  text: networkText,
  schemas: traceSchemasOf(schemas, networkScenarioSchema),
  teller: networkTeller,
  rules: networkRules,
  startOf,
  createExecution: (scenario, hello, judge, options) => new NetworkExecution(scenario, hello, judge, options),
  nothing: { state: null, changes: null },
}
