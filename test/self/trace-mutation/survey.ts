/** Corrupts recorded runs in many places, and counts which corruptions the step layer of the judge sees. */
import type { Violation } from '../../../properties/judge.ts'
import type { EventOf } from '../../../traces/event.ts'
import { type Draw, drawFrom, pick } from '../../../traces/schedule/draw.ts'
import type { Surface } from '../../../traces/surface.ts'
import type { Corruption } from './fields.ts'
import { freeze } from './fork.ts'

export type StepOf<S extends Surface> = Extract<EventOf<S>, { event: 'step' }>

/** What became of the corruptions of one name. */
export interface Fate {
  drawn: number
  survived: number
  /** How often each requirement rejected one. */
  readonly blamed: Map<string, number>
  /** The first that survived, for who wants to know why. */
  example: string
}

/** The surface whose runs are corrupted. */
export interface Subject<S extends Surface> {
  /** A run that passes. */
  record(seed: number): readonly EventOf<S>[]
  /** Whether a step shows anything. */
  isTelling(event: StepOf<S>): boolean
  walk(events: readonly EventOf<S>[]): Walk<S>
}

/** Goes along a run as it was, and knows what a corruption needs to know of it. */
export interface Walk<S extends Surface> {
  /** Goes on up to this event, which is not judged yet. */
  to(place: number): void
  corruptions(event: StepOf<S>): readonly Corruption<S['answer']>[]
  /** Judges the corrupt event, at the place to which the walk has come, and what was recorded after it. */
  judge(place: number, corrupt: StepOf<S>): Violation | null
}

/** How a survey draws. */
export interface Sampling {
  /** Groups of steps that are drawn alike, whatever their size. */
  group(event: StepOf<Surface>): string
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
    const told = input as { readonly message?: Surface['message']; readonly operation?: Surface['operation'] }
    return told.message?.view.kind ?? told.operation?.type ?? input.type
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
export function survey<S extends Surface>(
  subject: Subject<S>,
  seed: number,
  count: number,
  sampling: Sampling,
  fates: Map<string, Fate>,
): void {
  const events = freeze(subject.record(seed))
  const draw = drawFrom(seed)
  const groups = new Map<string, number[]>()
  events.forEach((event, place) => {
    if (event.event === 'step' && subject.isTelling(event)) addTo(groups, sampling.group(event), place)
  })
  const lists = [...groups.values()]
  const places = Array.from({ length: count }, () => pick(draw, pick(draw, lists)))
  const walk = subject.walk(events)
  for (const place of places.toSorted((left, right) => left - right)) {
    walk.to(place)
    const event = events[place] as StepOf<S>
    const corruptions = byName(event, walk.corruptions(event))
    for (let name = ''; name === '' || !sampling.counts(name);) {
      name = sampling.choose(draw, [...corruptions.keys()], fates)
      const answer = corrupted(corruptions.get(name)!, draw)
      if (answer === null) {
        corruptions.delete(name)
        name = ''
        continue
      }
      const found = walk.judge(place, { ...event, answer })
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
function corrupted<Answer>(corruptions: readonly Corruption<Answer>[], draw: Draw): Answer | null {
  for (let attempt = 0; attempt < 100; attempt++) {
    const answer = pick(draw, corruptions).make(draw)
    if (answer !== null) return answer
  }
  return null
}

function byName<Answer>(
  { input }: StepOf<Surface>,
  corruptions: readonly Corruption<Answer>[],
): Map<string, Corruption<Answer>[]> {
  const groups = new Map<string, Corruption<Answer>[]>()
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

/** Inspections and the end are not for the step layer. */
export function judgeEvent<S extends Surface>(
  event: EventOf<S>,
  judge: {
    start(start: S['start'], initial: readonly S['answer'][]): Violation | null
    step(input: S['input'], answer: S['answer'], now: number): Violation | null
    phase(phase: 'disturb' | 'heal' | 'settle', now: number): Violation | null
  },
): Violation | null {
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

/** What follows a place, up to the first violation. */
export function judgeOn<S extends Surface>(
  events: readonly EventOf<S>[],
  place: number,
  corrupt: StepOf<S>,
  judge: Parameters<typeof judgeEvent<S>>[1],
): Violation | null {
  let violation = judge.step(corrupt.input, corrupt.answer, corrupt.now)
  for (let at = place + 1; at < events.length && violation === null; at++) violation = judgeEvent(events[at]!, judge)
  return violation
}
