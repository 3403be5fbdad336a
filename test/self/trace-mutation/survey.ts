/** Corrupts recorded runs in many places, and counts which corruptions the step layer of the judge sees. */
import { createReference } from '../../../impl/reference/raft/session.ts'
import type { Answer, MemberState } from '../../../models/raft/vocabulary.ts'
import type { NodeId } from '../../../models/vocabulary.ts'
import type { Violation } from '../../../properties/judge.ts'
import { createRaftJudge } from '../../../properties/raft/judge.ts'
import type { TraceEvent } from '../../../traces/event.ts'
import { type RaftJudge, runScenario } from '../../../traces/run.ts'
import { type Draw, drawFrom, pick } from '../../../traces/schedule/draw.ts'
import { drawSchedule } from '../../../traces/schedule.ts'
import { type Corruption, corruptionsOf, type Setting } from './corruption.ts'
import { fork, freeze } from './fork.ts'

type StepEvent = Extract<TraceEvent, { event: 'step' }>

/** What became of the corruptions of one name. */
export interface Fate {
  drawn: number
  survived: number
  /** How often each requirement rejected one. */
  readonly blamed: Map<string, number>
  /** The first that survived, for who wants to know why. */
  example: string
}

const reference = createReference()
const { profiles, capabilities } = reference.hello

/** How a survey draws. */
export interface Sampling {
  /** Groups of steps that are drawn alike, whatever their size. */
  group(event: StepEvent): string
  /** One of the ways to corrupt a step. */
  choose(draw: Draw, names: readonly string[], fates: ReadonlyMap<string, Fate>): string
  /** Ways that do not count come on top. */
  counts(name: string): boolean
}

/** Any step, and any of the ways to corrupt it. */
export const uniform = (counts: (name: string) => boolean): Sampling => ({
  group: () => 'all',
  choose: (draw, names) => pick(draw, names),
  counts,
})

/** Steps of each kind of input alike, and the way to corrupt them of which fewest were drawn. */
export const broad: Sampling = {
  group({ input }) {
    if (input.type === 'deliver') return input.message.view.kind
    return input.type === 'operation' ? input.operation.type : input.type
  },
  choose(draw, names, fates) {
    const counts = names.map((name) => fates.get(name)?.drawn ?? 0)
    const least = Math.min(...counts)
    return pick(
      draw,
      names.filter((_name, position) => counts[position] === least),
    )
  },
  counts: () => true,
}

/** Draws steps of a passing run, corrupts them, and has the step layer of the judge look at each corruption. */
export function survey(seed: number, count: number, sampling: Sampling, fates: Map<string, Fate>): void {
  const events = recordRun(seed)
  const draw = drawFrom(seed)
  const groups = new Map<string, number[]>()
  events.forEach((event, place) => {
    if (event.event === 'step' && isTelling(event)) addTo(groups, sampling.group(event), place)
  })
  const lists = [...groups.values()]
  const places = Array.from({ length: count }, () => pick(draw, pick(draw, lists)))
  const walk = new Walk(events)
  for (const place of places.toSorted((left, right) => left - right)) {
    walk.to(place)
    const event = events[place] as StepEvent
    const corruptions = byName(event, corruptionsOf(event.answer, walk.setting(event)))
    for (let name = ''; name === '' || !sampling.counts(name);) {
      name = sampling.choose(draw, [...corruptions.keys()], fates)
      const answer = corrupted(corruptions.get(name)!, draw)
      if (answer === null) {
        corruptions.delete(name)
        name = ''
        continue
      }
      const found = judgeFrom(events, place, { ...event, answer }, fork(walk.judge))
      note(fates, name, found, () => `schedule ${seed}, event ${place}: ${JSON.stringify(answer)}`)
    }
  }
}

function addTo<Item>(groups: Map<string, Item[]>, name: string, item: Item): void {
  const group = groups.get(name)
  if (group === undefined) groups.set(name, [item])
  else group.push(item)
}

/** Null where nothing else comes of many draws. */
function corrupted(corruptions: readonly Corruption[], draw: Draw): Answer | null {
  for (let attempt = 0; attempt < 100; attempt++) {
    const answer = pick(draw, corruptions).make(draw)
    if (answer !== null) return answer
  }
  return null
}

function recordRun(seed: number): readonly TraceEvent[] {
  const judge = createRaftJudge(profiles, capabilities.disk)
  const { events, violation } = runScenario(drawSchedule(seed, reference.hello), reference, judge, { record: true })
  if (violation !== null) throw new Error(`schedule ${seed} does not pass: ${violation.text}`)
  return freeze(events)
}

function isTelling({ answer }: StepEvent): boolean {
  return answer.outputs.length > 0 || answer.state !== null || answer.log !== null
}

function byName({ input }: StepEvent, corruptions: readonly Corruption[]): Map<string, Corruption[]> {
  const groups = new Map<string, Corruption[]>()
  for (const corruption of corruptions)
    addTo(groups, input.type === 'restart' ? `restart: ${corruption.name}` : corruption.name, corruption)
  return groups
}

function note(fates: Map<string, Fate>, name: string, found: Violation | null, example: () => string): void {
  let fate = fates.get(name)
  if (fate === undefined) {
    fate = { drawn: 0, survived: 0, blamed: new Map(), example: '' }
    fates.set(name, fate)
  }
  fate.drawn++
  if (found !== null) fate.blamed.set(found.requirement, (fate.blamed.get(found.requirement) ?? 0) + 1)
  else if (fate.survived++ === 0) fate.example = example()
}

/** Judges the corrupt event and what was recorded after it. */
function judgeFrom(
  events: readonly TraceEvent[],
  place: number,
  corrupt: StepEvent,
  judge: RaftJudge,
): Violation | null {
  let violation = judge.step(corrupt.input, corrupt.answer, corrupt.now)
  for (let at = place + 1; at < events.length && violation === null; at++) violation = judgeEvent(events[at]!, judge)
  return violation
}

/** Inspections and the end are not for the step layer. */
function judgeEvent(event: TraceEvent, judge: RaftJudge): Violation | null {
  switch (event.event) {
    case 'start':
      return judge.start(event.start, event.initial)
    case 'step':
      return judge.step(event.input, event.answer, event.now)
    case 'phase':
      return judge.phase(event.phase, event.now)
    default:
      return null
  }
}

/** What a walk knows of a node. */
interface Known {
  state: MemberState
  lastIndex: number
  readonly pendingOperations: Set<number>
  readonly pendingWrites: Set<number>
}

/** A judge that follows the run as it was, and what a corruption needs to know of it. */
class Walk {
  readonly judge = createRaftJudge(profiles, capabilities.disk, ['step'])
  private readonly events: readonly TraceEvent[]
  private next = 0
  private readonly nodes = new Map<NodeId, Known>()

  constructor(events: readonly TraceEvent[]) {
    this.events = events
  }

  /** Goes on up to this event, which is not judged yet. */
  to(place: number): void {
    for (; this.next < place; this.next++) {
      const event = this.events[this.next]!
      const violation = judgeEvent(event, this.judge)
      if (violation !== null) throw new Error(`event ${this.next} does not pass again: ${violation.text}`)
      if (event.event === 'start') event.start.nodes.forEach((node, number) => this.begin(node, event.initial[number]!))
      if (event.event === 'step') this.follow(event)
    }
  }

  setting({ input: { node, type } }: StepEvent): Setting {
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
