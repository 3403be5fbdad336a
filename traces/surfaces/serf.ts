/** Serf, as scenarios, runs and traces know it. */
import { schemas } from '../../impl/contract/serf/schema.ts'
import { traceSchemasOf } from '../format/schemas.ts'
import { SerfExecution, startOf } from '../run/serf/execution.ts'
import { serfScenarioSchema } from '../scenario/serf.ts'
import { serfRules } from '../shrink/serf.ts'
import { serfTeller } from '../show/serf.ts'
import { serfText } from '../text/serf.ts'
import type { SurfaceTraces } from './form.ts'

export const serfTraces: SurfaceTraces<'serf'> = {
  text: serfText,
  schemas: traceSchemasOf(schemas, serfScenarioSchema),
  teller: serfTeller,
  rules: serfRules,
  startOf,
  createExecution: (scenario, hello, judge, options) => new SerfExecution(scenario, hello, judge, options),
  nothing: { state: null, members: null, intents: null },
}
