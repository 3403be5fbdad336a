/** The network database, as scenarios, runs and traces know it. */
import { schemas } from '../../impl/contract/networkdb/schema.ts'
import { traceSchemasOf } from '../format/schemas.ts'
import { NetworkDbExecution, startOf } from '../run/networkdb/execution.ts'
import { networkDbScenarioSchema } from '../scenario/networkdb.ts'
import { networkDbRules } from '../shrink/networkdb.ts'
import { networkDbTeller } from '../show/networkdb.ts'
import { networkDbText } from '../text/networkdb.ts'
import type { SurfaceTraces } from './form.ts'

export const networkDbTraces: SurfaceTraces<'networkdb'> = {
  text: networkDbText,
  schemas: traceSchemasOf(schemas, networkDbScenarioSchema),
  teller: networkDbTeller,
  rules: networkDbRules,
  startOf,
  createExecution: (scenario, hello, judge, options, forgotten) =>
    new NetworkDbExecution(scenario, hello, judge, options, forgotten),
  nothing: { state: null, peers: null, attachments: null, entries: null },
}
