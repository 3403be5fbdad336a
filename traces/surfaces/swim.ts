/** SWIM, as scenarios, runs and traces know it. */
import { schemas } from '../../impl/contract/swim/schema.ts'
import { traceSchemasOf } from '../format/schemas.ts'
import { SwimExecution, startOf } from '../run/swim/execution.ts'
import { swimScenarioSchema } from '../scenario/swim.ts'
import { swimRules } from '../shrink/swim.ts'
import { swimTeller } from '../show/swim.ts'
import { swimText } from '../text/swim.ts'
import type { SurfaceTraces } from './form.ts'

export const swimTraces: SurfaceTraces<'swim'> = {
  text: swimText,
  schemas: traceSchemasOf(schemas, swimScenarioSchema),
  teller: swimTeller,
  rules: swimRules,
  startOf,
  createExecution: (scenario, hello, judge, options, forgotten) =>
    new SwimExecution(scenario, hello, judge, options, forgotten),
  nothing: { state: null, members: null },
}
