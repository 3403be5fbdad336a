/** Balancing, as scenarios, runs and traces know it. */
import { schemas } from '../../impl/contract/balancing/schema.ts'
import { traceSchemasOf } from '../format/schemas.ts'
import { BalancingExecution, startOf } from '../run/balancing/execution.ts'
import { balancingScenarioSchema } from '../scenario/balancing.ts'
import { balancingRules } from '../shrink/balancing.ts'
import { balancingTeller } from '../show/balancing.ts'
import { balancingText } from '../text/balancing.ts'
import type { SurfaceTraces } from './form.ts'

export const balancingTraces: SurfaceTraces<'balancing'> = {
  text: balancingText,
  schemas: traceSchemasOf(schemas, balancingScenarioSchema),
  teller: balancingTeller,
  rules: balancingRules,
  startOf,
  createExecution: (scenario, hello, judge, options) => new BalancingExecution(scenario, hello, judge, options),
  nothing: { state: null, services: null, pools: null, listeners: null },
}
