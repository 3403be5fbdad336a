/**
 * The life of an endpoint at the node that owns it, as a state machine that accepts: an event is an operation together with
 * what the node then shows of the endpoint, and what the rules forbid has no enabled transition.
 */
import { getInitialSnapshot, getNextSnapshot, setup } from 'xstate'
import type { SnapshotFrom } from 'xstate'

/**
 * `starting`: attached, and not found healthy so far. `serving`: named. `disabled`: named no more, and not gone.
 * `ending`: told to end before it was ever named. `absent`: not attached yet. `gone`: detached.
 */
export type Stage = 'absent' | 'starting' | 'serving' | 'disabled' | 'ending' | 'gone'

/** A container of no service; a task whose health is checked; or one without a check. */
export type EndpointKind = 'container' | 'checked' | 'unchecked'

export type EndpointInput = 'attach' | 'healthy' | 'unhealthy' | 'drain' | 'detach'

/** What is shown of it, and how the operation ended. */
export interface EndpointOutcome {
  readonly shown: 'nothing' | 'enabled' | 'disabled'
  readonly told: 'ok' | 'failed'
}

export interface EndpointEvent {
  readonly type: EndpointInput
  readonly outcome: EndpointOutcome
}

export interface EndpointContext {
  readonly kind: EndpointKind
}

interface Rule {
  readonly name: string
  readonly to: Stage
  readonly outcome: EndpointOutcome
  readonly applies: (kind: EndpointKind) => boolean
}

const shownAt: Readonly<Record<Stage, EndpointOutcome['shown']>> = {
  absent: 'nothing',
  starting: 'nothing',
  serving: 'enabled',
  disabled: 'disabled',
  ending: 'nothing',
  gone: 'nothing',
}

const everyKind = (): boolean => true
const isTask = (kind: EndpointKind): boolean => kind !== 'container'
const isChecked = (kind: EndpointKind): boolean => kind === 'checked'

const goes = (name: string, to: Stage, applies: Rule['applies'] = everyKind): Rule => ({
  name,
  to,
  outcome: { shown: shownAt[to], told: 'ok' },
  applies,
})

const refused = (at: Stage, applies: Rule['applies'] = everyKind): Rule => ({
  name: 'is refused',
  to: at,
  outcome: { shown: shownAt[at], told: 'failed' },
  applies,
})

const not =
  (applies: Rule['applies']): Rule['applies'] =>
  (kind) =>
    !applies(kind)

const nowhere = (at: Stage): Readonly<Record<Exclude<EndpointInput, 'attach'>, readonly Rule[]>> => ({
  healthy: [refused(at)],
  unhealthy: [refused(at)],
  drain: [refused(at)],
  detach: [refused(at)],
})

/** [CTL] container/controller.go Start, Shutdown; [DNS] sandbox.go EnableService, DisableService. */
const rules: Readonly<Record<Stage, Readonly<Record<EndpointInput, readonly Rule[]>>>> = {
  absent: {
    attach: [goes('waits until it is healthy', 'starting', isChecked), goes('is named', 'serving', not(isChecked))],
    ...nowhere('absent'),
  },
  starting: {
    attach: [refused('starting')],
    healthy: [goes('is named', 'serving')],
    unhealthy: [goes('is never named', 'ending')],
    drain: [goes('is never named', 'ending')],
    detach: [goes('is gone', 'gone')],
  },
  serving: {
    attach: [refused('serving')],
    healthy: [goes('stays named', 'serving', isTask), refused('serving', not(isTask))],
    unhealthy: [goes('is disabled', 'disabled', isChecked), refused('serving', not(isChecked))],
    drain: [goes('is disabled', 'disabled', isTask), refused('serving', not(isTask))],
    detach: [goes('is gone', 'gone')],
  },
  disabled: {
    attach: [refused('disabled')],
    healthy: [refused('disabled')],
    unhealthy: [goes('stays disabled', 'disabled')],
    drain: [goes('stays disabled', 'disabled')],
    detach: [goes('is gone', 'gone')],
  },
  ending: {
    attach: [refused('ending')],
    healthy: [refused('ending')],
    unhealthy: [goes('stays unnamed', 'ending')],
    drain: [goes('stays unnamed', 'ending')],
    detach: [goes('is gone', 'gone')],
  },
  gone: { attach: [refused('gone')], ...nowhere('gone') },
}

const stages = Object.keys(rules) as Stage[]
export const endpointInputs: readonly EndpointInput[] = ['attach', 'healthy', 'unhealthy', 'drain', 'detach']
export const endpointKinds: readonly EndpointKind[] = ['container', 'checked', 'unchecked']

const nameOf = (from: Stage, type: EndpointInput, name: string): string => `${from}: ${type}: ${name}`

const transition = setup({
  types: {
    context: {} as EndpointContext,
    events: {} as EndpointEvent,
    input: {} as EndpointContext,
    meta: {} as { readonly name: string },
  },
})

const transitions = (from: Stage, type: EndpointInput) =>
  rules[from][type].map(({ name, to, outcome, applies }) => ({
    target: `#${to}` as const,
    guard: ({ context, event }: { context: EndpointContext; event: EndpointEvent }): boolean =>
      applies(context.kind) && event.outcome.shown === outcome.shown && event.outcome.told === outcome.told,
    meta: { name: nameOf(from, type, name) },
  }))

const state = (from: Stage) => ({
  id: from,
  on: {
    attach: transitions(from, 'attach'),
    healthy: transitions(from, 'healthy'),
    unhealthy: transitions(from, 'unhealthy'),
    drain: transitions(from, 'drain'),
    detach: transitions(from, 'detach'),
  },
})

export const endpointMachine = transition.createMachine({
  id: 'endpoint',
  initial: 'absent',
  context: ({ input }) => ({ ...input }),
  states: {
    absent: state('absent'),
    starting: state('starting'),
    serving: state('serving'),
    disabled: state('disabled'),
    ending: state('ending'),
    gone: state('gone'),
  },
})

type EndpointSnapshot = SnapshotFrom<typeof endpointMachine>

/** An endpoint before it is attached. */
export const initialSnapshot = (kind: EndpointKind): EndpointSnapshot => getInitialSnapshot(endpointMachine, { kind })

/** The endpoint after an event; the same if no transition accepts it. */
export const nextSnapshot = (snapshot: EndpointSnapshot, event: EndpointEvent): EndpointSnapshot =>
  getNextSnapshot(endpointMachine, snapshot, event)

/** What comes of an operation: the stage after it, what is shown then, and the name of the transition. */
export function outcomeOf(
  kind: EndpointKind,
  from: Stage,
  type: EndpointInput,
): { readonly to: Stage; readonly outcome: EndpointOutcome; readonly name: string } {
  const { to, outcome, name } = rules[from][type].find(({ applies }) => applies(kind))!
  return { to, outcome, name: nameOf(from, type, name) }
}

/** Whether the rules allow that an operation ends so. */
export function accepts(kind: EndpointKind, from: Stage, { type, outcome }: EndpointEvent): boolean {
  const expected = outcomeOf(kind, from, type).outcome
  return expected.shown === outcome.shown && expected.told === outcome.told
}

/** Names of all transitions that some kind of endpoint can take, in a stable order. */
export function transitionNames(): string[] {
  return stages.flatMap((from) =>
    endpointInputs.flatMap((type) => rules[from][type].map(({ name }) => nameOf(from, type, name))),
  )
}
