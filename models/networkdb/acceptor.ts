/**
 * State machines that accept what becomes of a record with a status and a time: an event is an input together with what
 * came of it, and what the rules forbid has no enabled transition. The machines of entries and of attachments are such.
 */
import { getInitialSnapshot, getNextSnapshot, setup } from 'xstate'
import type { Time } from './vocabulary.ts'

/** How the time of an event stands to that of what is held. */
export type Relation = 'older' | 'equal' | 'newer'
export const relations: readonly Relation[] = ['older', 'equal', 'newer']

/** The time of an event that stands so to what is held. */
export const timeOf = (held: Time, relation: Relation): Time =>
  relation === 'older' ? held - 1 : relation === 'equal' ? held : held + 2

export interface OutcomeOf<Status extends string> {
  readonly status: Status
  readonly time: Time
}

/** A situation: the record, and what stands around it. */
export type SituationOf<Status extends string, Around> = OutcomeOf<Status> & Around

/** What follows of an input: of an event of the node's own any time above what was held. */
export interface FollowedBy<Status extends string, Around> {
  readonly name: string
  readonly status: Status
  readonly time: Time | 'own'
  readonly around: Around
  /** What else may follow, where that is left free. */
  readonly or?: FollowedBy<Status, Around>
}

/** What comes of an input: the name of the transition, what is seen, and where it leads. */
export interface Outcoming<Status extends string, Around> {
  readonly name: string
  readonly outcome: OutcomeOf<Status>
  readonly next: SituationOf<Status, Around>
}

/** What a machine keeps beside its state. */
export interface AcceptorContext<Around> {
  readonly time: Time
  readonly around: Around
}

/** What is to be accepted. */
export interface Acceptance<Status extends string, Around extends object, Input extends { readonly type: string }> {
  readonly id: string
  /** All, the one of what nobody has spoken of first. */
  readonly statuses: readonly Status[]
  readonly inputTypes: readonly Input['type'][]
  /** Before the names of transitions. */
  readonly prefix: string
  readonly around: (at: SituationOf<Status, Around>) => Around
  /** What may come of an input; null where it makes no sense. */
  readonly followed: (at: SituationOf<Status, Around>, input: Input) => FollowedBy<Status, Around> | null
}

export function acceptorOf<Status extends string, Around extends object, Input extends { readonly type: string }>({
  id,
  statuses,
  inputTypes,
  prefix,
  around,
  followed,
}: Acceptance<Status, Around, Input>) {
  type Outcome = OutcomeOf<Status>
  type Situation = SituationOf<Status, Around>
  type Event = Input & { readonly outcome: Outcome }
  type Context = AcceptorContext<Around>

  const fits = (at: Situation, { status, time }: FollowedBy<Status, Around>, outcome: Outcome): boolean =>
    outcome.status === status && (time === 'own' ? outcome.time > at.time : outcome.time === time)
  /** Which of what may follow has come; null if none of it. */
  const cameOf = (at: Situation, { outcome, ...input }: Event): FollowedBy<Status, Around> | null => {
    for (let next = followed(at, input as unknown as Input); next != null; next = next.or ?? null)
      if (fits(at, next, outcome)) return next
    return null
  }
  const situation = (status: Status, { time, around: own }: Context): Situation => ({ status, time, ...own })

  const transition = setup({ types: { context: {} as Context, events: {} as Event, input: {} as Situation } })

  /** One transition for each status to which an input may lead; the rules say which. */
  const transitions = (from: Status) =>
    statuses.map((target) => ({
      target: `#${target}` as const,
      guard: ({ context, event }: { context: Context; event: Event }): boolean => {
        const at = situation(from, context)
        return cameOf(at, event)?.status === target
      },
      actions: transition.assign(({ context, event }) => ({
        time: event.outcome.time,
        around: cameOf(situation(from, context), event)!.around,
      })),
    }))

  const machine = transition.createMachine({
    id,
    // Every path begins with a record of which nobody has spoken.
    initial: statuses[0]!,
    context: ({ input }) => ({ time: input.time, around: around(input) }),
    states: Object.fromEntries(
      statuses.map((from) => [
        from,
        { id: from, on: Object.fromEntries(inputTypes.map((type) => [type, transitions(from)])) as never },
      ]),
    ),
  })
  type Snapshot = ReturnType<typeof getInitialSnapshot<typeof machine>>

  const nameOf = (at: Situation, { type }: Input, rule: string): string => `${prefix}${at.status}: ${type}: ${rule}`

  return {
    machine,
    initialSnapshot: (start: Situation): Snapshot => getInitialSnapshot(machine, start),
    /** The record after an event; the same if no transition accepts it. */
    nextSnapshot: (snapshot: Snapshot, event: Event): Snapshot => getNextSnapshot(machine, snapshot, event as never),
    situationOf: ({ value, context }: Snapshot): Situation => situation(value as Status, context),
    /** The name of the transition that accepts an event; null if none does. */
    acceptingTransition: (at: Situation, event: Event): string | null => {
      const next = cameOf(at, event)
      return next === null ? null : nameOf(at, event, next.name)
    },
    /** What usually comes of an input, with the least time where it may choose; null where the input makes no sense. */
    outcomeOf: (at: Situation, input: Input): Outcoming<Status, Around> | null => {
      const next = followed(at, input)
      if (next === null) return null
      const time = next.time === 'own' ? at.time + 1 : next.time
      const { status } = next
      const name = nameOf(at, input, next.name)
      return { name, outcome: { status, time }, next: { status, time, ...next.around } }
    },
  }
}
