/** Runs of SWIM whose steps are corrupted. */
import { createReference } from '../../../impl/reference/swim/session.ts'
import type { Answer, RecordChange } from '../../../models/swim/vocabulary.ts'
import type { NodeId } from '../../../models/vocabulary.ts'
import type { Violation } from '../../../properties/judge.ts'
import { createSwimJudge } from '../../../properties/swim/judge.ts'
import type { SwimTraceEvent } from '../../../traces/event.ts'
import { runScenario } from '../../../traces/run.ts'
import { drawSwimSchedule } from '../../../traces/schedule.ts'
import type { SwimSurface } from '../../../traces/surface.ts'
import type { Corruption } from './fields.ts'
import { judgeEvent, judgeOn, type StepOf, type Subject, type Walk } from './survey.ts'
import { corruptionsOf } from './swim.ts'

type StepEvent = StepOf<SwimSurface>

/** Short runs, since each corruption is judged from the start of its run. */
const size = { episodes: 3, duration: 8_000 }

const reference = createReference()
const { profiles } = reference.hello

export const swimRuns: Subject<SwimSurface> = {
  record(seed) {
    const scenario = drawSwimSchedule(seed, reference.hello, size)
    const { events, violation } = runScenario(scenario, reference, createSwimJudge(profiles), { record: true })
    if (violation !== null) throw new Error(`schedule ${seed} does not pass: ${violation.text}`)
    return events
  },
  isTelling: ({ answer }) => answer.outputs.length > 0 || answer.state !== null || answer.members !== null,
  walk: (events) => new SwimWalk(events),
}

interface Known {
  readonly pendingOperations: Set<number>
  readonly table: Map<NodeId, RecordChange>
}

class SwimWalk implements Walk<SwimSurface> {
  private readonly events: readonly SwimTraceEvent[]
  private next = 0
  private readonly nodes = new Map<NodeId, Known>()

  constructor(events: readonly SwimTraceEvent[]) {
    this.events = events
  }

  to(place: number): void {
    for (; this.next < place; this.next++) {
      const event = this.events[this.next]!
      if (event.event === 'start')
        event.start.nodes.forEach((node, number) => {
          this.nodes.set(node, { pendingOperations: new Set(), table: new Map() })
          this.take(this.nodes.get(node)!, event.initial[number]!)
        })
      if (event.event === 'step') this.follow(event)
    }
  }

  corruptions({ input: { node }, answer }: StepEvent): readonly Corruption<Answer>[] {
    const { pendingOperations, table } = this.nodes.get(node)!
    const told = new Set((answer.members ?? []).map((change) => change.node))
    return corruptionsOf(answer, {
      node,
      nodes: [...this.nodes.keys()],
      pendingOperations: [...pendingOperations],
      silent: [...table.values()].filter((record) => !told.has(record.node)),
    })
  }

  judge(place: number, corrupt: StepEvent): Violation | null {
    const judge = createSwimJudge(profiles, ['step'])
    for (let at = 0; at < place; at++) {
      const violation = judgeEvent<SwimSurface>(this.events[at]!, judge)
      if (violation !== null) throw new Error(`event ${at} does not pass again: ${violation.text}`)
    }
    return judgeOn<SwimSurface>(this.events, place, corrupt, judge)
  }

  private follow({ input, answer }: StepEvent): void {
    const known = this.nodes.get(input.node)!
    if (input.type === 'operation') known.pendingOperations.add(input.id)
    if (input.type === 'crash') {
      known.pendingOperations.clear()
      known.table.clear()
    }
    this.take(known, answer)
  }

  private take({ pendingOperations, table }: Known, { members, outputs }: Answer): void {
    for (const change of members ?? [])
      if (change.status === 'forgotten') table.delete(change.node)
      else table.set(change.node, change)
    for (const output of outputs) if (output.type === 'result') pendingOperations.delete(output.operation)
  }
}
