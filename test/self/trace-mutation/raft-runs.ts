/** Runs of Raft whose steps are corrupted. */
import { createReference } from '../../../impl/reference/raft/session.ts'
import type { Answer, MemberState } from '../../../models/raft/vocabulary.ts'
import type { NodeId } from '../../../models/vocabulary.ts'
import type { Violation } from '../../../properties/judge.ts'
import { createRaftJudge } from '../../../properties/raft/judge.ts'
import type { TraceEvent } from '../../../traces/event.ts'
import { runScenario } from '../../../traces/run.ts'
import { drawSchedule } from '../../../traces/schedule.ts'
import type { RaftSurface } from '../../../traces/surface.ts'
import type { Corruption } from './fields.ts'
import { fork } from './fork.ts'
import { corruptionsOf, type Setting } from './raft.ts'
import { judgeEvent, judgeOn, type StepOf, type Subject, type Walk } from './survey.ts'

type StepEvent = StepOf<RaftSurface>

const reference = createReference()
const { profiles, capabilities } = reference.hello

export const raftRuns: Subject<RaftSurface> = {
  record(seed) {
    const judge = createRaftJudge(profiles, capabilities.disk)
    const { events, violation } = runScenario(drawSchedule(seed, reference.hello), reference, judge, { record: true })
    if (violation !== null) throw new Error(`schedule ${seed} does not pass: ${violation.text}`)
    return events
  },
  isTelling: ({ answer }) => answer.outputs.length > 0 || answer.state !== null || answer.log !== null,
  walk: (events) => new RaftWalk(events),
}

/** What a walk knows of a node. */
interface Known {
  state: MemberState
  lastIndex: number
  readonly pendingOperations: Set<number>
  readonly pendingWrites: Set<number>
}

/** Its judge follows the run as it was, and is copied for each corruption. */
class RaftWalk implements Walk<RaftSurface> {
  private readonly follower = createRaftJudge(profiles, capabilities.disk, ['step'])
  private readonly events: readonly TraceEvent[]
  private next = 0
  private readonly nodes = new Map<NodeId, Known>()

  constructor(events: readonly TraceEvent[]) {
    this.events = events
  }

  to(place: number): void {
    for (; this.next < place; this.next++) {
      const event = this.events[this.next]!
      const violation = judgeEvent<RaftSurface>(event, this.follower)
      if (violation !== null) throw new Error(`event ${this.next} does not pass again: ${violation.text}`)
      if (event.event === 'start') event.start.nodes.forEach((node, number) => this.begin(node, event.initial[number]!))
      if (event.event === 'step') this.follow(event)
    }
  }

  corruptions(event: StepEvent): readonly Corruption<Answer>[] {
    return corruptionsOf(event.answer, this.setting(event))
  }

  judge(place: number, corrupt: StepEvent): Violation | null {
    return judgeOn<RaftSurface>(this.events, place, corrupt, fork(this.follower))
  }

  private setting({ input: { node, type } }: StepEvent): Setting {
    const { state, lastIndex, pendingOperations, pendingWrites } = this.nodes.get(node)!
    return {
      node,
      nodes: [...this.nodes.keys()],
      restarts: type === 'restart',
      state,
      lastIndex,
      pendingOperations: [...pendingOperations],
      pendingWrites: [...pendingWrites],
    }
  }

  private begin(node: NodeId, answer: Answer): void {
    const known = { state: answer.state as MemberState, lastIndex: 0, pendingOperations: new Set<number>() }
    this.nodes.set(node, { ...known, pendingWrites: new Set() })
    this.take(this.nodes.get(node)!, answer)
  }

  private follow({ input, answer }: StepEvent): void {
    const known = this.nodes.get(input.node)!
    if (input.type === 'operation') known.pendingOperations.add(input.id)
    if (input.type === 'written') for (const write of input.writes) known.pendingWrites.delete(write)
    if (input.type === 'crash') {
      known.pendingOperations.clear()
      known.pendingWrites.clear()
    }
    this.take(known, answer)
  }

  private take(known: Known, { state, log, outputs }: Answer): void {
    known.state = { ...known.state, ...state }
    for (const output of outputs) {
      if (output.type === 'write') known.pendingWrites.add(output.id)
      if (output.type === 'result') known.pendingOperations.delete(output.operation)
    }
    if (log?.restore?.retain === false) known.lastIndex = log.restore.index
    if (log?.truncate !== undefined) known.lastIndex = log.truncate
    known.lastIndex += log?.append?.length ?? 0
  }
}
