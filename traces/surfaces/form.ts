/** What scenarios, runs and traces need to know of a surface: one entry of the table of surfaces. */
import type { Execution } from '../run/execution.ts'
import type { RunOptions } from '../run/result.ts'
import type { TraceSchemas } from '../format/schemas.ts'
import type { Teller } from '../show/teller.ts'
import type { ShrinkRules } from '../shrink/rules.ts'
import type { JudgeOf, SurfaceName, Surfaces } from '../surface.ts'
import type { TextForm } from '../text/form.ts'

export interface SurfaceTraces<Name extends SurfaceName> {
  readonly text: TextForm<Surfaces[Name]['scenario'], Surfaces[Name]['operation']>
  /** Of the lines of a trace file. */
  readonly schemas: TraceSchemas
  readonly teller: Teller
  readonly rules: ShrinkRules<Surfaces[Name]['scenario']>
  /** How a cluster is started for a scenario. */
  startOf(scenario: Surfaces[Name]['scenario'], hello: Surfaces[Name]['hello']): Surfaces[Name]['start']
  /** `forgotten` is given the messages that will not be delivered (again); whoever reads them empties it. */
  createExecution(
    scenario: Surfaces[Name]['scenario'],
    hello: Surfaces[Name]['hello'],
    judge: JudgeOf<Surfaces[Name]>,
    options: RunOptions,
    forgotten: number[] | null,
  ): Execution<Surfaces[Name]>
  /** What an answer says in which nothing is seen. */
  readonly nothing: object
}
